package sqlservertest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"siteready/platform/sqlserver/sqlservertest"
)

// logOnMessage is LOGIN7 for our user and database.
func logOnMessage() string {
	b := make([]byte, 94)
	binary.LittleEndian.PutUint32(b[4:], 0x74000004)
	for _, field := range []struct {
		at    int
		value []byte
	}{{40, wide(user)}, {44, scrambled(password)}, {68, wide("CM_PS1")}} {
		binary.LittleEndian.PutUint16(b[field.at:], uint16(len(b)))
		binary.LittleEndian.PutUint16(b[field.at+2:], uint16(len(field.value)/2))
		b = append(b, field.value...)
	}
	return string(b)
}

func batch(text string) string { return pkt(1, "\x04\x00\x00\x00"+string(wide(text))) }

// client keeps what comes over a connection, in a bubble of synctest.
type client struct {
	w io.WriteCloser

	mu    sync.Mutex
	came  bytes.Buffer
	ended bool
}

func newClient(t *testing.T, s *sqlservertest.Server) *client {
	t.Helper()
	conn, err := s.Dial(t.Context(), "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{w: conn}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			c.mu.Lock()
			c.came.Write(b[:n])
			c.ended = err != nil
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c
}

// say sends messages, and waits until the server has nothing more to say.
func (c *client) say(messages ...string) {
	for _, m := range messages {
		if _, err := io.WriteString(c.w, m); err != nil {
			break // the server hung up; what came says so too
		}
		synctest.Wait()
	}
}

// has gives the whole packets that came, how many bytes came behind them, and whether the server hung up.
func (c *client) has() (all []wirePacket, rest int, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stream := c.came.Bytes()
	all = packets(stream)
	rest = len(stream)
	for _, p := range all {
		rest -= p.size
	}
	return all, rest, c.ended
}

func TestFaults(t *testing.T) {
	for _, test := range []struct {
		stage   sqlservertest.Stage
		packets int  // whole ones that come before the fault
		torn    bool // a part of another comes behind them
	}{
		{sqlservertest.BeforePrelogin, 0, false},
		{sqlservertest.InPrelogin, 0, true},
		{sqlservertest.InLogOn, 1, true},
		{sqlservertest.BeforeRows, 3, false},
		{sqlservertest.InRows, 4, false},
		{sqlservertest.InPacket, 3, true},
		{sqlservertest.OnCancel, 4, false},
	} {
		for _, kind := range []sqlservertest.Kind{sqlservertest.Hang, sqlservertest.Cut, sqlservertest.Reset, sqlservertest.WrongToken} {
			t.Run(fmt.Sprintf("%s, %s", test.stage, kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := sqlservertest.StartInMemory(t, sqlservertest.Config{
						User: user, Password: password, Fault: sqlservertest.Fault{Stage: test.stage, Kind: kind, Statement: "rows"},
						Databases: map[string]sqlservertest.Tables{"CM_PS1": {"rows": numbered(10, "x"), "count": count(7)}},
					})
					c := newClient(t, s)
					c.say(pkt(0x12, hello), pkt(0x10, logOnMessage()), batch("SET LOCK_TIMEOUT 5000"), batch("/* siteready: rows */ SELECT 1"), pkt(6, ""))
					all, rest, ended := c.has()
					wantPackets, wantTorn := test.packets, test.torn
					if kind == sqlservertest.WrongToken {
						last := all[len(all)-1]
						// A torn packet swallows the garbage.
						if test.stage == sqlservertest.InPacket {
							wantPackets, wantTorn = len(all), rest > 0
						} else if wantPackets, wantTorn = wantPackets+1, false; !bytes.Equal(last.body, bytes.Repeat([]byte{0x42}, 16)) {
							t.Errorf("the last packet is %x", last.body)
						}
					}
					wantEnd := kind == sqlservertest.Cut || kind == sqlservertest.Reset
					if len(all) != wantPackets || (rest > 0) != wantTorn || ended != wantEnd {
						t.Fatalf("%d packets and %d bytes came, hung up: %v; want %d packets, torn: %v, hung up: %v",
							len(all), rest, ended, wantPackets, wantTorn, wantEnd)
					}
					if c := s.Counts(); c.Attentions != 0 {
						t.Errorf("%d wishes to stop were granted", c.Attentions)
					}
					if test.stage == sqlservertest.OnCancel && kind == sqlservertest.Hang {
						wantLateAnswer(t, c)
					}
				})
			})
		}
	}
}

// wantLateAnswer asks again, after a wish to stop that was ignored: the old answer ends, the wish is acknowledged, and
// the new answer comes, each in a message of its own.
func wantLateAnswer(t *testing.T, c *client) {
	t.Helper()
	c.say(batch("/* siteready: count */ SELECT 1"))
	all, _, _ := c.has()
	if len(all) != 7 {
		t.Fatalf("%d packets came; want three more", len(all))
	}
	for i, want := range map[int][]byte{4: {0xFD, 0, 0}, 5: {0xFD, 0x20, 0}, 6: {0x81, 1, 0}} {
		if got := all[i]; got.status != 1 || !bytes.HasPrefix(got.body, want) {
			t.Errorf("packet %d: %x with status %d; want a whole message that begins with %x", i, got.body, got.status, want)
		}
	}
}

// Over a socket a reset is a reset, and not the end of a stream.
func TestReset(t *testing.T) {
	s := sqlservertest.Start(t, sqlservertest.Config{Fault: sqlservertest.Fault{Stage: sqlservertest.InPrelogin, Kind: sqlservertest.Reset}})
	conn := dial(t, s)
	if _, err := io.WriteString(conn, pkt(0x12, hello)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reading ends with %v; want a reset", err)
	}
}

// In the handshake a record begins, and never ends.
func TestFaultInTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sqlservertest.StartInMemory(t, sqlservertest.Config{
			Encryption: sqlservertest.On, Fault: sqlservertest.Fault{Stage: sqlservertest.InTLS},
		})
		c := newClient(t, s)
		c.say(pkt(0x12, "\x01\x00\x06\x00\x01\xFF\x01"), pkt(0x12, clientHello(t)))
		all, rest, ended := c.has()
		if len(all) != 1 || rest == 0 || ended {
			t.Fatalf("%d packets and %d bytes came, hung up: %v", len(all), rest, ended)
		}
		stream := c.came.Bytes()
		if torn := stream[len(stream)-rest:]; torn[0] != 0x12 || torn[8] != 22 || int(binary.BigEndian.Uint16(torn[11:])) <= rest {
			t.Errorf("the handshake is answered with %x; want half a record", torn)
		}
	})
}
