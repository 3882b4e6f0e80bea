package sqlserver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// slow is answered by hostile servers with many rows, and is the statement that their faults come with.
var slow = platform.SQL[proofRow]("slow", "SELECT 1 AS may_see")

// hostile is a server with a fault.
func hostile(e sqlservertest.Encryption, f sqlservertest.Fault) sqlservertest.Config {
	f.Statement = "slow"
	many := yes()
	for range 999 {
		many.Rows = append(many.Rows, many.Rows[0])
	}
	return sqlservertest.Config{
		User: user, Password: password, Encryption: e, Fault: f,
		Databases: map[string]sqlservertest.Tables{database: {"one": yes(), "slow": many}},
	}
}

// leftBehind lists the goroutines of the reader and of its driver.
func leftBehind() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var left []string
	for one := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(one, "siteready/platform/sqlserver.") || strings.Contains(one, "go-mssqldb") {
			left = append(left, one)
		}
	}
	return left
}

const (
	noLogOn  = "took the connection but completed no log-on within 10s"
	noAnswer = "no answer from 127.0.0.1,1433 within 15s"
)

// hangs is each stage at which a server can say nothing more, with the cause that is told and
// the limit that ends it.
var hangs = []struct {
	stage sqlservertest.Stage
	cause string
	limit time.Duration
}{
	{sqlservertest.BeforePrelogin, noLogOn, 10 * time.Second},
	{sqlservertest.InPrelogin, noLogOn, 10 * time.Second},
	{sqlservertest.InTLS, noLogOn, 10 * time.Second},
	{sqlservertest.InLogOn, noLogOn, 10 * time.Second},
	{sqlservertest.BeforeRows, noAnswer, 15 * time.Second},
	{sqlservertest.InRows, noAnswer, 15 * time.Second},
	{sqlservertest.InPacket, noAnswer, 15 * time.Second},
	{sqlservertest.OnCancel, noAnswer, 15 * time.Second},
}

// A server that hangs costs its limit and not a moment more, hurts no question to another
// instance, and leaves no goroutine behind. The servers need no socket, so time is not real.
func TestHangs(t *testing.T) {
	for _, mode := range []struct {
		server sqlservertest.Encryption
		client sqlserver.Encryption
	}{
		{sqlservertest.NotSupported, sqlserver.Disable},
		{sqlservertest.LoginOnly, sqlserver.Optional},
		{sqlservertest.On, sqlserver.Mandatory},
		{sqlservertest.Strict, sqlserver.Strict},
	} {
		for _, test := range hangs {
			if test.stage == sqlservertest.InTLS && mode.client == sqlserver.Disable {
				continue // there is no TLS
			}
			t.Run(fmt.Sprintf("%s, %s", mode.client, test.stage), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					bad := sqlservertest.StartInMemory(t, hostile(mode.server, sqlservertest.Fault{Stage: test.stage}))
					good := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
					dial := func(ctx context.Context, network, address string) (net.Conn, error) {
						if address == "127.0.0.1:1433" {
							return bad.Dial(ctx, network, address)
						}
						return good.Dial(ctx, network, address)
					}
					r := newReader(t, sqlserver.Options{Encryption: mode.client, CAFile: bad.CAFile(), Dial: dial})
					other := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
					s, well := session(t, r), session(t, other)
					start := time.Now()
					var group sync.WaitGroup
					group.Go(func() {
						_, err := platform.Ask(t.Context(), s, slow.In("127.0.0.1,1433", database))
						reason := platform.ErrTimeout
						if test.cause == noLogOn {
							reason = platform.ErrUnreachable
						}
						refusal(t, err, reason, test.cause)
						if took := time.Since(start); took != test.limit {
							t.Errorf("it took %v; want %v", took, test.limit)
						}
					})
					group.Go(func() {
						if rows, err := platform.Ask(t.Context(), well, slow.In("127.0.0.1,1434", database)); len(rows) != 1000 || err != nil {
							t.Errorf("the other instance answered %d rows, %v", len(rows), err)
						}
						if took := time.Since(start); took != 0 {
							t.Errorf("the other instance took %v", took)
						}
					})
					group.Wait()
					// The hostile connection has been given up; the next question gets the answer that is its own.
					rows, err := platform.Ask(t.Context(), s, one.In("127.0.0.1,1433", database))
					if test.cause == noAnswer && (len(rows) != 1 || err != nil) {
						t.Errorf("the next question got %d rows, %v", len(rows), err)
					}
					if err := errors.Join(r.Close(), other.Close()); err != nil {
						t.Error(err)
					}
					synctest.Wait()
					if left := leftBehind(); len(left) > 0 {
						t.Errorf("%d goroutines are left behind:\n%s", len(left), strings.Join(left, "\n\n"))
					}
				})
			})
		}
	}
}

// What breaks is told at once, in words that are the same for each connection.
func TestBrokenAnswers(t *testing.T) {
	const (
		notSQL  = "is not reachable as SQL Server: "
		noTLS   = "broke off the TLS handshake: "
		broken  = "broke before an answer was complete: "
		closed  = "the server closed the connection"
		reset   = "the server reset the connection"
		noToken = "Invalid TDS stream: unknown token"
	)
	tests := []struct {
		stage sqlservertest.Stage
		kind  sqlservertest.Kind
		cause string
	}{
		{sqlservertest.BeforePrelogin, sqlservertest.Cut, notSQL + closed},
		{sqlservertest.BeforePrelogin, sqlservertest.Reset, notSQL + reset},
		{sqlservertest.BeforePrelogin, sqlservertest.WrongToken, notSQL},
		{sqlservertest.InPrelogin, sqlservertest.Cut, notSQL + closed},
		{sqlservertest.InPrelogin, sqlservertest.Reset, notSQL + reset},
		{sqlservertest.InTLS, sqlservertest.Cut, noTLS + closed},
		{sqlservertest.InTLS, sqlservertest.Reset, noTLS},
		{sqlservertest.InTLS, sqlservertest.WrongToken, noTLS},
		{sqlservertest.InLogOn, sqlservertest.Cut, notSQL + closed},
		{sqlservertest.InLogOn, sqlservertest.Reset, notSQL + reset},
		{sqlservertest.InLogOn, sqlservertest.WrongToken, notSQL + noToken},
		{sqlservertest.BeforeRows, sqlservertest.Cut, broken + closed},
		{sqlservertest.BeforeRows, sqlservertest.Reset, broken + reset},
		{sqlservertest.BeforeRows, sqlservertest.WrongToken, broken + noToken},
		{sqlservertest.InRows, sqlservertest.Cut, broken + closed},
		{sqlservertest.InRows, sqlservertest.Reset, broken + reset},
		{sqlservertest.InRows, sqlservertest.WrongToken, broken + noToken},
		{sqlservertest.InPacket, sqlservertest.Cut, broken + closed},
		{sqlservertest.InPacket, sqlservertest.Reset, broken + reset},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s, %s", test.stage, test.kind), func(t *testing.T) {
			var causes []string
			for range 2 {
				server := sqlservertest.Start(t, hostile(sqlservertest.On, sqlservertest.Fault{Stage: test.stage, Kind: test.kind}))
				r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
				s := session(t, r)
				_, err := ask(t, s, server, slow)
				reason := platform.ErrUnreachable
				if test.stage >= sqlservertest.BeforeRows {
					reason = platform.ErrMalformed
				}
				no := refusal(t, err, reason, test.cause)
				_, port := server.Addr()
				causes = append(causes, strings.ReplaceAll(no.Cause, fmt.Sprint(port), "PORT"))
				if rows, err := ask(t, s, server, one); test.stage >= sqlservertest.BeforeRows && (len(rows) != 1 || err != nil) {
					t.Errorf("the next question got %d rows, %v", len(rows), err)
				}
			}
			if causes[0] != causes[1] {
				t.Errorf("one fault has two causes:\n%s\n%s", causes[0], causes[1])
			}
		})
	}
}

// An answer that is given up in the middle, because it is too large, leaves nothing behind
// either: the driver goes on reading until somebody takes what it has read.
func TestNothingIsLeftOfALargeAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := sqlservertest.StartInMemory(t, sqlservertest.Config{
			User: user, Password: password,
			Databases: map[string]sqlservertest.Tables{database: {"slow": numbers(1, 10_000)}},
		})
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
		_, err := r.Read(t.Context(), slow.In("127.0.0.1", database).Question)
		refusal(t, err, platform.ErrTooLarge, "more than 65536 bytes")
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if left := leftBehind(); len(left) > 0 {
			t.Errorf("%d goroutines are left behind:\n%s", len(left), strings.Join(left, "\n\n"))
		}
	})
}
