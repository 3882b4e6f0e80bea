package sqlserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// resetting is a connection without a socket whose other end resets it, and does not close it.
type resetting struct{ net.Conn }

func (c resetting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return n, err
}

// brokenCause is what is told of a break, and with which reason.
func brokenCause(client sqlserver.Encryption, f sqlservertest.Fault) (cause string, reason error) {
	what := map[sqlservertest.Kind]string{
		sqlservertest.Cut: "the server closed the connection", sqlservertest.Reset: "the server reset the connection",
	}[f.Kind]
	switch {
	case f.Stage == sqlservertest.OnCancel, // it waits for a wish to stop, which the reader never sends
		f.Stage == sqlservertest.InPacket && f.Kind == sqlservertest.WrongToken: // the rest of the packet is still to come
		return noAnswer, platform.ErrTimeout
	case f.Stage >= sqlservertest.BeforeRows:
		if f.Kind == sqlservertest.WrongToken {
			what = "Invalid TDS stream: unknown token type returned: token(66)"
		}
		return "the connection to SQL Server 127.0.0.1,1433 broke before an answer was complete: " + what, platform.ErrMalformed
	case f.Stage == sqlservertest.InTLS && client == sqlserver.Strict:
		return "SQL Server 127.0.0.1,1433 does not take strict encryption: " + what, platform.ErrUnreachable
	case f.Stage == sqlservertest.InTLS:
		return "SQL Server 127.0.0.1,1433 broke off the TLS handshake: " + what, platform.ErrUnreachable
	}
	if f.Stage == sqlservertest.InLogOn && f.Kind == sqlservertest.WrongToken {
		what = "Invalid TDS stream: unknown token type returned: token(66)"
	}
	return "SQL Server 127.0.0.1,1433: 127.0.0.1 on TCP port 1433 is not reachable as SQL Server: " + what, platform.ErrUnreachable
}

// Whatever breaks, and at whatever stage: the cause is told at once, another instance answers, the
// next question gets its own answer, and no goroutine is left behind. The breaks of real sockets
// are in TestBrokenAnswers.
func TestBreaks(t *testing.T) {
	for _, mode := range []struct {
		server sqlservertest.Encryption
		client sqlserver.Encryption
	}{
		{sqlservertest.NotSupported, sqlserver.Disable},
		{sqlservertest.LoginOnly, sqlserver.Optional},
		{sqlservertest.On, sqlserver.Mandatory},
		{sqlservertest.Strict, sqlserver.Strict},
	} {
		for stage := sqlservertest.BeforePrelogin; stage <= sqlservertest.OnCancel; stage++ {
			if stage == sqlservertest.InTLS && mode.client == sqlserver.Disable {
				continue // there is no TLS
			}
			for _, kind := range []sqlservertest.Kind{sqlservertest.Cut, sqlservertest.Reset, sqlservertest.WrongToken} {
				t.Run(fmt.Sprintf("%s, %s, %s", mode.client, stage, kind), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						fault := sqlservertest.Fault{Stage: stage, Kind: kind}
						bad := sqlservertest.StartInMemory(t, hostile(mode.server, fault))
						good := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
						dial := func(ctx context.Context, network, address string) (net.Conn, error) {
							if address != "127.0.0.1:1433" {
								return good.Dial(ctx, network, address)
							}
							conn, err := bad.Dial(ctx, network, address)
							if err == nil && kind == sqlservertest.Reset {
								conn = resetting{conn}
							}
							return conn, err
						}
						r := newReader(t, sqlserver.Options{Encryption: mode.client, CAFile: bad.CAFile(), Dial: dial})
						other := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
						s, well := session(t, r), session(t, other)
						start := time.Now()
						var group sync.WaitGroup
						group.Go(func() {
							_, err := platform.Ask(t.Context(), s, slow.In("127.0.0.1,1433", database))
							cause, reason := brokenCause(mode.client, fault)
							no := refusal(t, err, reason)
							if !strings.HasPrefix(no.Cause, cause) {
								t.Errorf("the cause is\n%s; want\n%s", no.Cause, cause)
							}
							if connecting := stage < sqlservertest.BeforeRows; no.EndsLine != connecting || connecting && no.Help == "" {
								t.Errorf("the refusal is %+v", no)
							}
							if took := time.Since(start); took != 0 && !errors.Is(reason, platform.ErrTimeout) {
								t.Errorf("it took %v", took)
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
						rows, err := platform.Ask(t.Context(), s, one.In("127.0.0.1,1433", database))
						if stage >= sqlservertest.BeforeRows && (len(rows) != 1 || err != nil) {
							t.Errorf("the next question got %d rows, %v", len(rows), err)
						}
						nothingLeft(t, r, other)
					})
				})
			}
		}
	}
}
