package sqlserver_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// talkative puts many tokens behind each error of a server.
type talkative struct {
	net.Conn

	pending []byte
}

func (c *talkative) Read(b []byte) (int, error) {
	if len(c.pending) == 0 {
		header := make([]byte, 8)
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		body := make([]byte, int(binary.BigEndian.Uint16(header[2:]))-len(header))
		if _, err := io.ReadFull(c.Conn, body); err != nil {
			return 0, err
		}
		const done = 13 // bytes of a DONE token: its number, the status, of which the first bit is "more", and ten others
		if body[0] == 0xAA {
			last := body[len(body)-done:]
			last[1] |= 1
			body = append(body, bytes.Repeat(last, 20)...)
			body[len(body)-done+1] &^= 1
			binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(body)))
		}
		c.pending = append(header, body...)
	}
	n := copy(b, c.pending)
	c.pending = c.pending[n:]
	return n, nil
}

// A server that says more after an error than the driver listens to leaves the driver waiting for
// ever, and a look-up waits for the driver. The answer comes in time all the same, and what hangs
// is counted. It runs in a process of its own, because nothing can end it.
func TestWhatHangsBehindAnErrorIsCounted(t *testing.T) {
	const inside = "SITEREADY_TEST_BEHIND"
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWhatHangsBehindAnErrorIsCounted$")
		cmd.Env = append(os.Environ(), inside+"=yes")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	server := sqlservertest.StartInMemory(t, sqlservertest.Config{User: user, Password: password, Databases: map[string]sqlservertest.Tables{
		database: {"one": yes(), "several": {Missing: []sqlservertest.Missing{missingA}}},
	}})
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := server.Dial(ctx, network, address)
		return &talkative{Conn: conn}, err
	}
	r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
	m := platform.Open(t.Context(), r, time.Now(), map[platform.Kind]time.Duration{platform.KindSQL: 400 * time.Millisecond})
	_, err := platform.Ask(t.Context(), m.Session(), several.In("127.0.0.1", database))
	if no := refusal(t, err, platform.ErrUnsupported); !strings.HasPrefix(no.Cause, saysA+noLookUp+"no answer within ") {
		t.Errorf("the cause is %s", no.Cause)
	}
	if rows, err := platform.Ask(t.Context(), m.Session(), one.In("127.0.0.1", database)); len(rows) != 1 || err != nil {
		t.Errorf("the next question got %d rows, %v", len(rows), err)
	}
	if hanging := m.Hanging(0); len(hanging) != 1 || hanging[0].What != "several" {
		t.Errorf("these hang: %v", hanging)
	}
}
