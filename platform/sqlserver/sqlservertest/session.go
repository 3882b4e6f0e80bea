package sqlservertest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// session is one connection, from the first byte to the last.
type session struct {
	server *Server
	conn   net.Conn
	number int
	spid   uint16

	// What the stages before the requests agree upon.
	secure     *tls.Conn // nil without TLS
	loginOnly  bool      // TLS ends after the first packet of LOGIN7
	in         io.Reader
	out        io.Writer
	packetSize int
	login      login
	database   *database

	requests chan message // closed when the client sends no more
	readErr  error        // why; set before requests is closed
	reading  bool         // requests are being read
	early    *message     // a request that came before the answer to the last one had ended
}

func newSession(s *Server, conn net.Conn, number int) *session {
	return &session{
		server:     s,
		conn:       conn,
		number:     number,
		spid:       uint16(50 + number),
		in:         conn,
		out:        conn,
		packetSize: defaultPacketSize,
		requests:   make(chan message),
	}
}

// serve takes the connection through its stages. It returns nil when the client leaves between two requests.
func (s *session) serve() error {
	if err := s.negotiate(); err != nil {
		return fmt.Errorf("before the log-on: %w", err)
	}
	if err := s.logOn(); err != nil {
		return fmt.Errorf("log-on: %w", err)
	}
	return s.serveRequests()
}

// negotiate answers PRELOGIN and sets up TLS as agreed. Under strict encryption TLS comes first.
func (s *session) negotiate() (err error) {
	strict := s.server.config.Encryption == Strict
	if strict {
		if s.secure, err = s.handshakeFirst(); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
		s.in, s.out = s.secure, s.secure
	}
	m, err := readMessage(s.in, s.in, maxPacketSize, maxLoginMessage)
	if err != nil {
		return fmt.Errorf("no PRELOGIN came: %w", err)
	}
	if m.kind != packetPrelogin {
		return fmt.Errorf("a packet of type %#02x came instead of PRELOGIN", byte(m.kind))
	}
	wanted, err := parsePrelogin(m.body)
	if err != nil {
		return fmt.Errorf("PRELOGIN: %w", err)
	}
	if err := s.reach(BeforePrelogin, nil); err != nil {
		return err
	}
	agreed := s.server.config.Encryption.answer(wanted)
	answer := frame(packetAnswer, s.spid, preloginAnswer(agreed))
	if err := s.reach(InPrelogin, half(answer)); err != nil {
		return err
	}
	if _, err := s.out.Write(answer); err != nil {
		return err
	}
	if agreed == encryptNotSupported {
		return nil
	}
	if s.secure, err = s.handshakeInTDS(); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	if s.loginOnly = agreed == encryptOff; !s.loginOnly {
		s.in, s.out = s.secure, s.secure
	}
	return nil
}

// tlsVersion is the version of TLS around requests; 0 for none.
func (s *session) tlsVersion() uint16 {
	if s.secure == nil || s.loginOnly {
		return 0
	}
	return s.secure.ConnectionState().Version
}

// newMessage begins a message to the client.
func (s *session) newMessage(packetSize int) *messageWriter {
	return newMessageWriter(s.out, packetAnswer, s.spid, packetSize)
}

// serveRequests answers one message after the other. They are read in a goroutine of their own: a client may
// ask to stop while its answer is being written. One channel keeps them in the order in which they came.
func (s *session) serveRequests() error {
	done := make(chan struct{})
	defer close(done)
	s.reading = true
	s.server.running.Go(func() { s.readRequests(done) })
	for {
		m, open := s.nextRequest()
		if !open {
			break
		}
		if m.kind == packetAttention { // it came after the answer had ended
			if err := s.acknowledge(); err != nil {
				return err
			}
			continue
		}
		if err := s.serveRequest(m); err != nil {
			return err
		}
	}
	if errors.Is(s.readErr, io.EOF) {
		return nil
	}
	return s.readErr
}

func (s *session) nextRequest() (m message, open bool) {
	if s.early != nil {
		m, s.early = *s.early, nil
		return m, true
	}
	m, open = <-s.requests
	return m, open
}

// readRequests ends when the client does, or when the connection is closed.
func (s *session) readRequests(done <-chan struct{}) {
	defer close(s.requests)
	for {
		m, err := readMessage(s.in, s.in, s.packetSize, maxRequestMessage)
		if err != nil {
			s.readErr = err
			return
		}
		select {
		case s.requests <- m:
		case <-done:
			return
		}
	}
}

// acknowledge answers an attention: one DONE that says so, in a message of its own.
func (s *session) acknowledge() error {
	s.server.count(func(c *Counts) { c.Attentions++ })
	w := s.newMessage(s.packetSize)
	w.Write(appendDone(nil, tokenDone, doneAttention, 0, 0))
	return w.end()
}

// stopWanted reports whether the client has asked to stop the answer that is being written.
func (s *session) stopWanted() (bool, error) {
	if s.early != nil { // nothing after it is read before its turn
		return false, nil
	}
	select {
	case m, open := <-s.requests:
		switch {
		case !open:
			return false, fmt.Errorf("the client left during an answer: %w", s.readErr)
		case m.kind == packetAttention:
			return true, nil
		case s.server.config.Fault.Stage == OnCancel: // the client is out of step, as it was led to be
			s.early = &m
			return false, nil
		default:
			return false, errors.New("a second request came during an answer")
		}
	default:
		return false, nil
	}
}
