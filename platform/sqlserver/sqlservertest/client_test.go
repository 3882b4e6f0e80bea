package sqlservertest_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform/sqlserver/sqlservertest"
)

const (
	user     = "reader"
	password = "Pässw0rd;'1"
)

// options are parameters of a connection string that differ from the plain default.
type options map[string]string

// address is a connection string for the driver. It says encrypt=disable unless told otherwise.
func address(s *sqlservertest.Server, o options) string {
	host, port := s.Addr()
	q := url.Values{
		"encrypt": {"disable"}, "app name": {"siteready"}, "workstation id": {"SITESERVER"},
		"connection timeout": {"20"}, // for each read, so that a server that says nothing fails the test
	}
	name, secret := user, password
	for k, v := range o {
		switch k {
		case "user":
			name = v
		case "password":
			secret = v
		default:
			q.Set(k, v)
		}
	}
	u := url.URL{
		Scheme:   "sqlserver",
		User:     url.UserPassword(name, secret),
		Host:     net.JoinHostPort(host, strconv.Itoa(port)),
		RawQuery: q.Encode(),
	}
	return u.String()
}

// start runs a server that knows our user and one database, CM_PS1, with the results.
func start(t testing.TB, e sqlservertest.Encryption, results sqlservertest.Tables) *sqlservertest.Server {
	t.Helper()
	return sqlservertest.Start(t, sqlservertest.Config{
		User: user, Password: password, Encryption: e,
		Databases: map[string]sqlservertest.Tables{"CM_PS1": results},
	})
}

// open gives a pool of one connection to CM_PS1, and a tap on the wire.
func open(t testing.TB, s *sqlservertest.Server, o options) (*sql.DB, *tap) {
	t.Helper()
	all := options{"database": "CM_PS1"}
	for k, v := range o {
		all[k] = v
	}
	c, err := mssql.NewConnector(address(s, all))
	if err != nil {
		t.Fatal(err)
	}
	wire := &tap{}
	c.Dialer = wire
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db, wire
}

// tap dials, and keeps what goes over the last connection.
type tap struct {
	gather bool // send what is written in one piece, not before the client reads

	mu             sync.Mutex
	conn           net.Conn
	sent, received bytes.Buffer
}

func (w *tap) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	// A buffer that does not grow: the server has to wait for a client that stops reading.
	if err := conn.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conn = conn
	w.sent.Reset()
	w.received.Reset()
	return &tapped{Conn: conn, tap: w}, nil
}

func (w *tap) bytes() (sent, received []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.sent.Bytes()), bytes.Clone(w.received.Bytes())
}

type tapped struct {
	net.Conn
	tap     *tap
	waiting []byte
}

func (c *tapped) Read(p []byte) (int, error) {
	if len(c.waiting) > 0 {
		if _, err := c.Conn.Write(c.waiting); err != nil {
			return 0, err
		}
		c.waiting = nil
	}
	n, err := c.Conn.Read(p)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.tap.received.Write(p[:n])
	return n, err
}

func (c *tapped) Write(p []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.sent.Write(p)
	c.tap.mu.Unlock()
	if c.tap.gather {
		c.waiting = append(c.waiting, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// wirePacket is a packet as it stood on the wire.
type wirePacket struct {
	kind   byte
	status byte
	size   int
	body   []byte
}

// packets cuts a plain stream, up to a last packet that is not complete.
func packets(stream []byte) []wirePacket {
	var all []wirePacket
	for len(stream) >= 8 {
		size := int(binary.BigEndian.Uint16(stream[2:]))
		if size < 8 || size > len(stream) {
			break
		}
		all = append(all, wirePacket{kind: stream[0], status: stream[1], size: size, body: stream[8:size]})
		stream = stream[size:]
	}
	return all
}

// wantError checks that err is an error of SQL Server with this number, and returns it.
func wantError(t *testing.T, err error, number int32) mssql.Error {
	t.Helper()
	var got mssql.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v; want error %d of SQL Server", err, number)
	}
	if got.Number != number {
		t.Fatalf("got error %d (%s); want %d", got.Number, got.Message, number)
	}
	return got
}

// count is a result of one row that says n.
func count(n int64) sqlservertest.Result {
	return sqlservertest.Result{
		Columns: []sqlservertest.Column{{Name: "n", Type: "bigint"}},
		Rows:    [][]any{{n}},
	}
}

// queryCount runs the statement that answers with count, and reads its answer to the end: closing rows early
// would make the driver ask the server to stop.
func queryCount(ctx context.Context, db interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, name string, args ...any,
) (n int64, err error) {
	rows, err := db.QueryContext(ctx, "/* siteready: "+name+" */ SELECT n FROM t", args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
