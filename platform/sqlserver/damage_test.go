package sqlserver_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// damaged is a connection of which what comes is changed on its way.
type damaged struct {
	net.Conn

	change func(at int, b []byte) // at is how many bytes came before
	at     int
}

func (c *damaged) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.change(c.at, b[:n])
	c.at += n
	return n, err
}

// spoilt is a way to dial on which the first connection is damaged.
func spoilt(server *sqlservertest.Server, change func(at int, b []byte)) func(context.Context, string, string) (net.Conn, error) {
	first := true
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := server.Dial(ctx, network, address)
		if err != nil || !first {
			return conn, err
		}
		first = false
		return &damaged{Conn: conn, change: change}, nil
	}
}

// An answer with a type that there is not makes the driver panic. That is the end of the
// connection, and never of the program: a look-up is read in a goroutine of its own.
func TestDriverPanics(t *testing.T) {
	badType := func(_ int, b []byte) {
		for _, name := range []string{"may_see", "about"} {
			column := []byte{0x26, 4, byte(len(name))} // INTN of four bytes, and the length of the name
			for _, c := range []byte(name) {
				column = append(column, c, 0)
			}
			if at := bytes.Index(b, column); at >= 0 {
				b[at+1] = 3
			}
		}
	}
	for _, test := range []struct {
		name      string
		statement platform.Question
		reason    error
		cause     string
	}{
		{"an answer", one.In("127.0.0.1", database).Question, platform.ErrMalformed, "the connection to SQL Server 127.0.0.1 broke before an answer was complete: the driver cannot read it: "},
		{
			"a look-up", several.In("127.0.0.1", database).Question, platform.ErrUnsupported,
			saysA + noLookUp + "the connection to SQL Server 127.0.0.1 broke before an answer was complete: the driver cannot read it: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := sqlservertest.StartInMemory(t, sqlservertest.Config{User: user, Password: password, Databases: map[string]sqlservertest.Tables{
					database: {"one": yes(), "several": {Missing: []sqlservertest.Missing{missingA}}},
				}})
				r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: spoilt(server, badType)})
				_, err := r.Read(t.Context(), test.statement)
				refusal(t, err, test.reason, test.cause)
				if raw, err := r.Read(t.Context(), one.In("127.0.0.1", database).Question); string(raw) != `[{"may_see":1}]` || err != nil {
					t.Errorf("the next question got %s, %v", raw, err)
				}
				nothingLeft(t, r)
			})
		})
	}
}

// Whatever byte is damaged, from PRELOGIN to the last answer: nothing panics, each question ends
// in time, the one that comes after it gets its own answer or none, and nothing is left.
func TestDamagedBytes(t *testing.T) {
	damages := map[string]func(byte) byte{
		"lowest bit": func(b byte) byte { return b ^ 1 },
		"largest":    func(byte) byte { return 0xff },
	}
	const limit = 15 * time.Second
	ask := func(t *testing.T, r *sqlserver.Reader, q platform.Question) (string, error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		start := time.Now()
		raw, err := r.Read(ctx, q)
		var no *platform.NoAnswer
		if err != nil && !errors.As(err, &no) && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the error is %v, a %T", q.What, err, err)
		}
		if took := time.Since(start); took > limit {
			t.Errorf("%s took %v", q.What, took)
		}
		return string(raw), err
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := sqlservertest.StartInMemory(t, sqlservertest.Config{User: user, Password: password, Databases: map[string]sqlservertest.Tables{
					database: {"first": numbers(1, 3), "second": numbers(2, 1), "several": {Missing: []sqlservertest.Missing{missingA, missingX}}},
				}})
				number := func(name string) platform.Question {
					return platform.SQL[numberRow](name, "SELECT 1 AS may_see").In("127.0.0.1", database).Question
				}
				for _, q := range []platform.Question{number("first"), several.In("127.0.0.1", database).Question} {
					all, counting := 0, true // bytes that come until q has its answer
					for offset := -1; offset < all; offset++ {
						r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: spoilt(server, func(at int, b []byte) {
							if offset < 0 && counting {
								all = at + len(b)
							} else if i := offset - at; i >= 0 && i < len(b) {
								b[i] = damage(b[i])
							}
						})})
						ask(t, r, q)
						counting = false
						if answer, err := ask(t, r, number("second")); err == nil && answer != `[{"number":2,"may_see":1}]` {
							t.Errorf("byte %d of %s: the next question is answered with %s", offset, q.What, answer)
						}
						if err := r.Close(); err != nil {
							t.Errorf("byte %d of %s: closing: %v", offset, q.What, err)
						}
					}
					nothingLeft(t)
					if all < 500 {
						t.Errorf("only %d bytes came", all)
					}
				}
			})
		})
	}
}
