package sqlserver

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
)

// wireLimit is how many bytes one answer may have on the wire. An answer of
// platform.MaxAnswer bytes has far fewer, names of columns and messages included; without a
// limit the driver would keep one value of any size in memory.
const wireLimit = 1 << 20

var errTooMuch = errors.New("more came over the connection than an answer may have")

// wire is the sockets of one connection: the driver does not let go of them when its context
// ends, so they are closed under it. Closing cannot be undone, unlike a deadline, which the
// driver sets anew when it asks SQL Server Browser.
type wire struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	limit context.Context // ends dialling; the driver's own contexts never end
	host  string

	mu        sync.Mutex
	isCut     bool
	sockets   []net.Conn
	dialError error // why the last dialling failed
	connected bool  // there is, or was, a TCP connection
	received  int   // bytes over TCP since the last allow
	browsed   int   // bytes from SQL Server Browser
}

// HostName makes the driver leave finding the address to DialContext, which ends in time.
func (w *wire) HostName() string { return w.host }

// DialContext implements the driver's Dialer.
func (w *wire) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dial(w.limit, network, address)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialError = err
	w.connected = err == nil && network == "tcp"
	if err != nil {
		return nil, err
	}
	if w.isCut {
		return nil, errors.Join(net.ErrClosed, conn.Close())
	}
	w.sockets = append(w.sockets, conn)
	return &socket{Conn: conn, wire: w, browser: network != "tcp"}, nil
}

// cut closes every socket, now and in the future. What reads or writes fails at once.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for _, s := range w.sockets {
		_ = s.Close() // it may be closed already
	}
	w.sockets = nil
}

// allow begins an answer.
func (w *wire) allow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received = 0
}

// overflowed reports whether an answer was more than wireLimit.
func (w *wire) overflowed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.received > wireLimit
}

// stage is how far a connection got.
type stage struct {
	dialError error
	connected bool
	browsed   bool
}

func (w *wire) stage() stage {
	w.mu.Lock()
	defer w.mu.Unlock()
	return stage{w.dialError, w.connected, w.browsed > 0}
}

// socket counts what comes.
type socket struct {
	net.Conn

	wire    *wire
	browser bool
}

func (s *socket) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	if s.browser {
		s.wire.browsed += n
		// Port 0 is none, but to the driver it is the default port, where another instance may be.
		copy(b, bytes.ReplaceAll(b[:n], []byte(";tcp;0;"), []byte(";tcp;-;")))
		return n, err
	}
	s.wire.received += n
	if s.wire.received > wireLimit {
		return 0, errTooMuch
	}
	return n, err
}
