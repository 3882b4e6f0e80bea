package sqlservertest_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// numbered is a result of n rows: the row's number and a text.
func numbered(n int, text string) sqlservertest.Result {
	r := sqlservertest.Result{Columns: []sqlservertest.Column{{"id", "int"}, {"text", "nvarchar(max)"}}}
	for i := range n {
		r.Rows = append(r.Rows, []any{i, text})
	}
	return r
}

// readNumbered reads such a result and returns how many rows were right.
func readNumbered(ctx context.Context, db *sql.DB, text string, args ...any) (int, error) {
	rows, err := db.QueryContext(ctx, "/* siteready: rows */ SELECT id, text FROM t", args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var id int
		var got string
		if err := rows.Scan(&id, &got); err != nil {
			return n, err
		}
		if id != n || got != text {
			return n, fmt.Errorf("row %d is %d, %.40q", n, id, got)
		}
		n++
	}
	return n, rows.Err()
}

func TestManyRows(t *testing.T) {
	const text = "a text that makes the row longer"
	s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"rows": numbered(5000, text)})
	for _, encrypt := range []string{"disable", "false", "true"} {
		db, _ := open(t, s, options{"encrypt": encrypt, "TrustServerCertificate": "true"})
		for _, args := range [][]any{nil, {1}} {
			if n, err := readNumbered(t.Context(), db, text, args...); n != 5000 || err != nil {
				t.Errorf("encrypt=%s, %d parameters: got %d rows, %v; want 5000", encrypt, len(args), n, err)
			}
		}
	}
}

// TestPacketSizes measures the packets of both sides. Long names make LOGIN7 itself go over a packet of 512.
func TestPacketSizes(t *testing.T) {
	const text = "a text that makes the row longer"
	for _, test := range []struct {
		encryption       sqlservertest.Encryption
		asked            string
		encrypt          string
		server, requests int // the largest packets
	}{
		{sqlservertest.NotSupported, "512", "disable", 512, 512},
		{sqlservertest.LoginOnly, "512", "false", 512, 512},
		{sqlservertest.NotSupported, "4096", "disable", 4096, 4096},
		{sqlservertest.NotSupported, "32767", "disable", 32767, 32767},
		{sqlservertest.LoginOnly, "32767", "false", 32767, 32767},
	} {
		t.Run(test.encrypt+" "+test.asked, func(t *testing.T) {
			s := start(t, test.encryption, sqlservertest.Tables{"rows": numbered(1000, text)})
			o := options{
				"packet size": test.asked, "encrypt": test.encrypt, "TrustServerCertificate": "true",
				"app name": strings.Repeat("siteready", 14), "workstation id": strings.Repeat("HOST", 32),
			}
			db, wire := open(t, s, o)
			// Behind the encrypted packet of LOGIN7 the plain ones must not be taken for TLS.
			wire.gather = true
			if n, err := readNumbered(t.Context(), db, text, strings.Repeat("p", 40000)); n != 1000 || err != nil {
				t.Fatalf("got %d rows, %v; want 1000", n, err)
			}
			got := s.Received()
			if len(got) != 1 || got[0].Application != o["app name"] || got[0].Host != o["workstation id"] || len(got[0].Parameters[0].Value.(string)) != 40000 {
				t.Error("the long names or the long parameter did not arrive")
			}
			sent, received := wire.bytes()
			if test.encrypt != "disable" {
				sent, received = withoutRecords(sent), withoutRecords(received)
			}
			if n := largest(packets(received), 4); n != test.server {
				t.Errorf("the server's largest packet has %d bytes; want %d", n, test.server)
			}
			if n := largest(packets(sent), 3); n != test.requests {
				t.Errorf("the client's largest packet has %d bytes; want %d", n, test.requests)
			}
			for _, p := range packets(received) {
				if p.status != 0 && p.status != 1 {
					t.Errorf("a packet of the server has the status %#02x", p.status)
				}
			}
		})
	}
}

// withoutRecords takes bare TLS records out of a stream of packets.
func withoutRecords(stream []byte) []byte {
	var kept []byte
	for len(stream) >= 8 {
		size := int(binary.BigEndian.Uint16(stream[2:]))
		if stream[0] >= 20 && stream[0] <= 23 && stream[1] == 3 {
			stream = stream[5+int(binary.BigEndian.Uint16(stream[3:])):]
			continue
		}
		kept = append(kept, stream[:size]...)
		stream = stream[size:]
	}
	return kept
}

// largest gives the size of the largest packet of a kind.
func largest(all []wirePacket, kind byte) int {
	n := 0
	for _, p := range all {
		if p.kind == kind {
			n = max(n, p.size)
		}
	}
	return n
}

// TestEncryptedPacketSize: a packet has to fit into one TLS record, whatever the client asks for.
func TestEncryptedPacketSize(t *testing.T) {
	const text = "a text that makes the row longer"
	s := start(t, sqlservertest.Required, sqlservertest.Tables{"rows": numbered(2000, text)})
	db, wire := open(t, s, options{"packet size": "32767", "encrypt": "true", "TrustServerCertificate": "true"})
	if n, err := readNumbered(t.Context(), db, text); n != 2000 || err != nil {
		t.Fatalf("got %d rows, %v; want 2000", n, err)
	}
	_, stream := wire.bytes()
	const overhead = 8 + 16 // nonce and tag
	largest := 0
	for len(stream) > 5 {
		if stream[0] == 23 { // application data
			n := int(binary.BigEndian.Uint16(stream[3:]))
			largest = max(largest, n)
			stream = stream[5+n:]
		} else {
			stream = stream[binary.BigEndian.Uint16(stream[2:]):]
		}
	}
	if largest != 16383+overhead {
		t.Errorf("the largest record has %d bytes; want a packet of 16383 and %d", largest, overhead)
	}
}

// tooLarge is a result of 13 MB, more than what fits into the driver and the buffers of two sockets:
// the server is still at it when the client stops reading.
func tooLarge() sqlservertest.Result {
	return numbered(100, strings.Repeat("x", 64<<10))
}

// TestCancel: the client stops an answer in the middle. It must end in a message of its own, the acknowledgement must
// come in a second one, and the connection must then serve the next statement.
func TestCancel(t *testing.T) {
	r := tooLarge()
	for _, test := range []struct {
		encrypt string
		args    []any
	}{{"disable", nil}, {"disable", []any{1}}, {"true", nil}} {
		t.Run(fmt.Sprintf("encrypt=%s, %d parameters", test.encrypt, len(test.args)), func(t *testing.T) {
			s := start(t, sqlservertest.LoginOnly, sqlservertest.Tables{"rows": r, "count": count(7)})
			db, wire := open(t, s, options{"encrypt": test.encrypt, "TrustServerCertificate": "true"})
			conn, err := db.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			rows, err := conn.QueryContext(ctx, "/* siteready: rows */ SELECT id, text FROM t", test.args...)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if !rows.Next() {
					t.Fatalf("no row: %v", rows.Err())
				}
			}
			cancel()
			for rows.Next() {
			}
			if err := rows.Err(); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v; want %v", err, context.Canceled)
			}
			rows.Close()
			if n, err := queryCount(t.Context(), conn, "count"); n != 7 || err != nil {
				t.Errorf("the next statement: got %d, %v; want 7", n, err)
			}
			if c := s.Counts(); c.Attentions != 1 || c.Connections != 1 {
				t.Errorf("got %+v; want one attention on one connection", c)
			}
			if test.encrypt == "disable" {
				_, received := wire.bytes()
				wantAcknowledged(t, packets(received), len(test.args) > 0)
			}
		})
	}
}

// wantAcknowledged looks for the acknowledgement and for the end of the message in front of it.
func wantAcknowledged(t *testing.T, all []wirePacket, rpc bool) {
	t.Helper()
	acknowledgement := "\xFD\x20\x00" + strings.Repeat("\x00", 10)
	end := "\xFD" + strings.Repeat("\x00", 12)
	if rpc {
		end = "\x79\x00\x00\x00\x00\xFE" + strings.Repeat("\x00", 12)
	}
	for i, p := range all {
		if string(p.body) != acknowledgement || p.status != 1 {
			continue
		}
		// The end of the answer may lie across its last two packets.
		before := string(all[i-2].body) + string(all[i-1].body)
		if all[i-1].status != 1 || !strings.HasSuffix(before, end) {
			t.Error("the answer that was stopped has no end of its own")
		}
		return
	}
	t.Error("there is no message that acknowledges the attention and nothing else")
}

// TestLateAttention: an attention that comes when nothing is running is acknowledged too.
func TestLateAttention(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": count(7)})
	db, wire := open(t, s, nil)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := queryCount(t.Context(), conn, "count"); n != 7 || err != nil {
		t.Fatalf("got %d, %v; want 7", n, err)
	}
	exchange(t, wire.conn, "\x06\x01\x00\x08\x00\x00\x01\x00", "\xFD\x20\x00"+strings.Repeat("\x00", 10))
	if n, err := queryCount(t.Context(), conn, "count"); n != 7 || err != nil {
		t.Errorf("the next statement: got %d, %v; want 7", n, err)
	}
}

// exchange sends a packet behind the driver's back and reads the answer, which must be one packet with that body.
func exchange(t *testing.T, conn net.Conn, send, want string) {
	t.Helper()
	if _, err := io.WriteString(conn, send); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8+len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if got[0] != 4 || got[1] != 1 || int(binary.BigEndian.Uint16(got[2:])) != len(got) || string(got[8:]) != want {
		t.Errorf("got %x; want one packet with %x", got, want)
	}
}
