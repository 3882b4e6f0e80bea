package sqlserver_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

const (
	user     = "reader"
	password = "Pässw0rd;'1"
	database = "CM_PS1"
)

// proofRow is the smallest answer.
type proofRow struct {
	MaySee int `json:"may_see"`
}

// one is answered by servers of start with a row.
var one = platform.SQL[proofRow]("one", "SELECT 1 AS may_see")

// yes is a result of one row that proves its sight.
func yes() sqlservertest.Result {
	return sqlservertest.Result{
		Columns: []sqlservertest.Column{{Name: "may_see", Type: "int"}},
		Rows:    [][]any{{1}},
	}
}

// start runs a server with one database, which answers one and the tables given.
func start(t testing.TB, e sqlservertest.Encryption, tables sqlservertest.Tables) *sqlservertest.Server {
	t.Helper()
	all := sqlservertest.Tables{"one": yes()}
	for name, r := range tables {
		all[name] = r
	}
	return sqlservertest.Start(t, sqlservertest.Config{
		User: user, Password: password, Encryption: e,
		Databases: map[string]sqlservertest.Tables{database: all},
	})
}

// instance is how questions name a server.
func instance(s *sqlservertest.Server) string {
	host, port := s.Addr()
	return fmt.Sprintf("%s,%d", host, port)
}

// newReader makes a reader with the right log-on that takes no host for its own machine.
func newReader(t testing.TB, o sqlserver.Options) *sqlserver.Reader {
	t.Helper()
	if o.User == "" {
		o.User, o.Password = user, password
	}
	if o.Local == nil {
		o.Local = func(string) bool { return false }
	}
	r, err := sqlserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// session asks r as a check does.
func session(t testing.TB, r platform.Reader) *platform.Session {
	t.Helper()
	return platform.Open(t.Context(), r, time.Now(), platform.DefaultLimits()).Session()
}

// refusal asserts that err is a *platform.NoAnswer with a reason, that its cause has all the
// words, and that it does not show the password.
func refusal(t testing.TB, err, reason error, words ...string) *platform.NoAnswer {
	t.Helper()
	var no *platform.NoAnswer
	if !errors.As(err, &no) {
		t.Fatalf("the error is %v, a %T; want a refusal", err, err)
	}
	if !errors.Is(no, reason) {
		t.Errorf("the reason is %q (%v); want %q", no.Reason, no, reason)
	}
	for _, w := range words {
		if !strings.Contains(no.Cause, w) {
			t.Errorf("the cause is %q; want %q in it", no.Cause, w)
		}
	}
	if strings.Contains(no.Cause+no.Help, password) {
		t.Errorf("the refusal shows the password: %+v", no)
	}
	return no
}

// tap is a way to dial that watches what is sent, and can spoil what is answered.
type tap struct {
	packets int  // how many packets of the first connection pass, if spoil is set
	spoil   bool // what comes then: nothing, or the end if end is set
	end     bool
	udp     string        // where udp goes
	spoiled chan struct{} // closed when packets have passed

	mu    sync.Mutex
	conns []*tapped
	sent  bytes.Buffer
}

func newTap() *tap { return &tap{spoiled: make(chan struct{})} }

func (w *tap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network == "udp" {
		address = w.udp
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || network == "udp" {
		return conn, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &tapped{Conn: conn, tap: w, closed: make(chan struct{}), spoil: w.spoil && len(w.conns) == 0, left: w.packets}
	w.conns = append(w.conns, c)
	return c, nil
}

func (w *tap) dialled() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.conns)
}

// hangUp ends all connections on the way to the server.
func (w *tap) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Conn.Close()
	}
}

// carried reports whether text went out in the clear.
func (w *tap) carried(text string) bool {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Contains(w.sent.Bytes(), b)
}

type tapped struct {
	net.Conn

	tap     *tap
	spoil   bool
	left    int
	pending []byte
	once    sync.Once
	closed  chan struct{}
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.sent.Write(b)
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *tapped) Read(b []byte) (int, error) {
	if !c.spoil {
		return c.Conn.Read(b)
	}
	if len(c.pending) == 0 {
		if c.left == 0 {
			close(c.tap.spoiled)
			if c.tap.end {
				return 0, io.EOF
			}
			<-c.closed
			return 0, net.ErrClosed
		}
		c.left--
		header := make([]byte, 8)
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		body := make([]byte, int(binary.BigEndian.Uint16(header[2:]))-len(header))
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		c.pending = append(header, body...)
	}
	n := copy(b, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

func (c *tapped) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
