package sqlservertest_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"siteready/platform/sqlserver/sqlservertest"
)

// dial connects without any driver.
func dial(t *testing.T, s *sqlservertest.Server) net.Conn {
	t.Helper()
	host, port := s.Addr()
	conn, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// pkt makes a packet, the last of its message.
func pkt(kind byte, body string) string {
	b := binary.BigEndian.AppendUint16([]byte{kind, 1}, uint16(8+len(body)))
	return string(b) + "\x00\x00\x01\x00" + body
}

const hello = "\x01\x00\x06\x00\x01\xFF\x02" // PRELOGIN of a client without TLS

// TestGarbage: whatever comes before the log-on, the server hangs up, and serves the next client.
func TestGarbage(t *testing.T) {
	for name, send := range map[string]string{
		"nothing":                    "",
		"HTTP":                       "GET / HTTP/1.1\r\nHost: sql\r\n\r\n",
		"half a header":              "\x12\x01\x00",
		"a packet of size 0":         "\x12\x01\x00\x00\x00\x00\x00\x00",
		"a packet of size 7":         "\x12\x01\x00\x07\x00\x00\x00\x00",
		"a packet of 65535":          "\x12\x01\xFF\xFF\x00\x00\x00\x00" + strings.Repeat("x", 65527),
		"half a packet":              pkt(0x12, hello)[:12],
		"a batch first":              pkt(1, "xxxx"),
		"PRELOGIN empty":             pkt(0x12, ""),
		"PRELOGIN without end":       pkt(0x12, "\x01\x00\x06\x00\x01"),
		"PRELOGIN outside":           pkt(0x12, "\x01\x00\x09\x00\x01\xFF\x02"),
		"PRELOGIN, no encryption":    pkt(0x12, "\x00\x00\x06\x00\x01\xFF\x02"),
		"two kinds in one message":   "\x12\x00\x00\x09\x00\x00\x01\x00x" + pkt(1, "x"),
		"batch instead of LOGIN7":    pkt(0x12, hello) + pkt(1, "x"),
		"LOGIN7 too short":           pkt(0x12, hello) + pkt(0x10, strings.Repeat("\x00", 93)),
		"LOGIN7 of an old version":   pkt(0x12, hello) + pkt(0x10, strings.Repeat("\x00", 94)),
		"LOGIN7 pointing outside":    pkt(0x12, hello) + pkt(0x10, strings.Repeat("\xFF", 94)),
		"a TLS handshake at once":    "\x16\x03\x01\x00\x05hello",
		"TLS garbage inside packets": pkt(0x12, "\x01\x00\x06\x00\x01\xFF\x00") + pkt(0x12, "hello, this is no TLS"),
		"no packet within TLS":       pkt(0x12, "\x01\x00\x06\x00\x01\xFF\x00") + pkt(0x10, "hello"),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"count": count(7)})
			conn := dial(t, s)
			go func() {
				io.WriteString(conn, send)
				conn.(*net.TCPConn).CloseWrite()
			}()
			// Ends with EOF, or with a reset when the server leaves bytes unread.
			if n, _ := io.Copy(io.Discard, conn); n > 4096 {
				t.Errorf("the server sent %d bytes", n)
			}
			if c := s.Counts(); c.LogOns != 0 || c.Refused != 0 {
				t.Errorf("got %+v; want no log-on", c)
			}
			db, _ := open(t, s, nil)
			if n, err := queryCount(t.Context(), db, "count"); n != 7 || err != nil {
				t.Errorf("the next client: got %d, %v; want 7", n, err)
			}
		})
	}
}

// TestEndlessMessage: the server hangs up on a message that is longer than any good one, before and after the log-on.
func TestEndlessMessage(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, nil)
	conn := dial(t, s)
	wantHangUp(t, conn, "\x12\x00\x7F\xFF\x00\x00\x01\x00"+strings.Repeat("x", 32759), 200<<10)

	db, wire := open(t, s, nil)
	pooled, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Close()
	wantHangUp(t, wire.conn, "\x01\x00\x10\x00\x00\x00\x01\x00"+strings.Repeat("x", 4088), 5<<20)
}

// wantHangUp sends a packet over and over and then waits for the end of the connection.
func wantHangUp(t *testing.T, conn net.Conn, packet string, total int) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for range total / len(packet) {
		if _, err := io.WriteString(conn, packet); err != nil {
			return
		}
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the server still listens: read %d, %v", n, err)
	}
}

// TestGarbageAfterLogOn: the server hangs up on a request that it does not understand.
func TestGarbageAfterLogOn(t *testing.T) {
	headers := "\x04\x00\x00\x00"
	call := headers + "\xFF\xFF\x0A\x00\x00\x00"
	for name, send := range map[string]string{
		"transaction":                  pkt(0x0E, headers),
		"a second log-on":              pkt(0x10, strings.Repeat("\x00", 94)),
		"no headers":                   pkt(1, ""),
		"headers outside":              pkt(1, "\xFF\xFF\xFF\xFF"),
		"headers of size 0":            pkt(1, "\x00\x00\x00\x00"),
		"packet larger than agreed":    pkt(1, headers+string(wide("SET NOCOUNT ON "+strings.Repeat(" ", 2028)))),
		"call cut":                     pkt(3, headers+"\xFF\xFF"),
		"call by name, cut":            pkt(3, headers+"\x09\x00s"),
		"sp_executesql alone":          pkt(3, call),
		"sp_executesql of a number":    pkt(3, call+"\x00\x00\x26\x04\x04\x01\x00\x00\x00"),
		"parameter cut":                pkt(3, call+"\x00\x00\x26\x08\x08\x00"),
		"parameter of unknown type":    pkt(3, call+"\x00\x00\xF3"),
		"parameter without end":        pkt(3, call+"\x00\x00\xE7\xFF\xFF\x00\x00\x00\x00\x00\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
		"int of three bytes":           pkt(3, call+"\x00\x00\x26\x08\x03\x00\x00\x00"),
		"datetime2 of scale 8":         pkt(3, call+"\x00\x00\x2A\x08\x03\x00\x00\x00"),
		"decimal of 18 bytes":          pkt(3, call+"\x00\x00\x6A\x12\x26\x00\x12"+strings.Repeat("\x00", 18)),
		"uniqueidentifier of one byte": pkt(3, call+"\x00\x00\x24\x10\x01\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sqlservertest.NotSupported, nil)
			db, wire := open(t, s, nil)
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(wire.conn, send); err != nil {
				t.Fatal(err)
			}
			// Ends with EOF, or with a reset when the server leaves bytes unread.
			if n, _ := io.Copy(io.Discard, wire.conn); n != 0 {
				t.Errorf("the server sent %d bytes", n)
			}
			if got := s.Received(); len(got) != 0 {
				t.Errorf("recorded %+v", got)
			}
		})
	}
}

// TestClientGoesAway: in the middle of an answer, and between two of them.
func TestClientGoesAway(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"rows": tooLarge(), "count": count(7)})
	db, wire := open(t, s, nil)
	rows, err := db.QueryContext(t.Context(), "/* siteready: rows */ SELECT id, text FROM t")
	if err != nil {
		t.Fatal(err)
	}
	wire.conn.Close()
	for rows.Next() {
	}
	if rows.Err() == nil {
		t.Error("all rows arrived; want an error")
	}
	rows.Close()
	if n, err := queryCount(t.Context(), db, "count"); n != 7 || err != nil {
		t.Errorf("the next connection: got %d, %v; want 7", n, err)
	}
	if c := s.Counts(); c.Connections != 2 || c.LogOns != 2 {
		t.Errorf("got %+v; want two connections", c)
	}
}

// TestClose: it cuts clients in every stage, leaves no goroutine behind, and may be called again.
func TestClose(t *testing.T) {
	s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"rows": tooLarge()})
	silent := dial(t, s)
	// The second is in its handshake, the third about to log on: their answers say so.
	handshake, before := dial(t, s), dial(t, s)
	for conn, encryption := range map[net.Conn]string{handshake: "\x00", before: "\x02"} {
		exchange(t, conn, pkt(0x12, hello[:6]+encryption),
			"\x00\x00\x1A\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x00\x04\x00\x22\x00\x01\xFF"+
				"\x10\x00\x10\x05\x00\x00"+encryption+"\x00\x00")
	}
	idle, _ := open(t, s, nil)
	if err := idle.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	busy, _ := open(t, s, options{"encrypt": "true", "TrustServerCertificate": "true"})
	rows, err := busy.QueryContext(t.Context(), "/* siteready: rows */ SELECT id, text FROM t")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()

	s.Close()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, function := range []string{"sqlservertest.(*session)", "sqlservertest.(*Server).accept"} {
		if strings.Contains(string(stacks), function) {
			t.Errorf("%s is still running:\n%s", function, stacks)
		}
	}
	s.Close()
	for _, conn := range []net.Conn{silent, handshake, before} {
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Error("a connection is still open")
		}
	}
	for rows.Next() {
	}
	if rows.Err() == nil {
		t.Error("all rows arrived; want an error")
	}
	if err := idle.PingContext(t.Context()); err == nil {
		t.Error("the server still answers")
	}
}

// TestManyClients at once.
func TestManyClients(t *testing.T) {
	s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"count": count(7)})
	db, _ := open(t, s, options{"encrypt": "false", "TrustServerCertificate": "true"})
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	failures := make(chan error)
	for range 8 {
		go func() {
			var failed error
			for range 10 {
				if _, err := queryCount(t.Context(), db, "count"); err != nil {
					failed = err
				}
			}
			failures <- failed
		}()
	}
	for range 8 {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if got := s.Received(); len(got) != 80 {
		t.Errorf("%d statements came; want 80", len(got))
	}
	if c := s.Counts(); c.Connections > 8 || c.LogOns != c.Connections {
		t.Errorf("got %+v; want at most 8 connections, each with a log-on", c)
	}
}
