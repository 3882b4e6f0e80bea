package sqlserver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

func TestWrongPassword(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	s := session(t, newReader(t, sqlserver.Options{User: user, Password: "Wr0ng-" + password, CAFile: server.CAFile()}))
	_, err := ask(t, s, server, one)
	no := refusal(t, err, platform.ErrDenied, "refused the log-on", "18456", instance(server))
	if !no.EndsLine || !strings.Contains(no.Help, "--sql-user") {
		t.Errorf("the refusal is %+v", no)
	}
	_, err = platform.Ask(t.Context(), s, platform.SQL[proofRow]("two", "SELECT 1 AS may_see").In(instance(server), "master"))
	if again := refusal(t, err, platform.ErrDenied); again.Cause != no.Cause {
		t.Errorf("the second question's cause is %q; want %q", again.Cause, no.Cause)
	}
	if c := server.Counts(); c.Refused != 1 || c.Connections != 1 || len(server.Received()) != 0 {
		t.Errorf("the server counts %+v and received %v; want one log-on that was refused", c, server.Received())
	}
}

func TestWrongPasswordIsTriedOnceByAll(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	r := newReader(t, sqlserver.Options{User: user, Password: "Wr0ng", CAFile: server.CAFile()})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			q := one.In(instance(server), fmt.Sprintf("database%d", i%4)).Question
			if _, err := r.Read(t.Context(), q); !errors.Is(err, platform.ErrDenied) {
				t.Errorf("question %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if n := server.Counts().Refused; n != 1 {
		t.Errorf("%d log-ons were refused; want one", n)
	}
}

// What SQL Server refuses a log-on for is asked once: for an instance, or for a database alone.
func TestRefusedLogOnIsTriedOnce(t *testing.T) {
	for _, test := range []struct {
		number  int32
		refused int // of two databases, each asked twice
	}{{17892, 1}, {18401, 1}, {50000, 1}, {976, 2}, {942, 2}} {
		server := sqlservertest.Start(t, sqlservertest.Config{
			User: user, Password: password, LogOn: &sqlservertest.Error{Number: test.number, State: 1, Class: 16, Message: "No."},
			Databases: map[string]sqlservertest.Tables{database: {"one": yes()}, "SUSDB": {"one": yes()}},
		})
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable})
		for _, name := range []string{database, "SUSDB", database, "SUSDB"} {
			_, err := r.Read(t.Context(), one.In(instance(server), name).Question)
			if no := refusal(t, err, platform.ErrDenied, fmt.Sprintf("(error %d)", test.number)); no.EndsLine != (test.refused == 1) || no.Help == "" {
				t.Errorf("the refusal is %+v", no)
			}
		}
		if n := server.Counts().Refused; n != test.refused {
			t.Errorf("error %d: %d log-ons were refused; want %d", test.number, n, test.refused)
		}
	}
}

func TestMissingDatabase(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	s := session(t, newReader(t, sqlserver.Options{CAFile: server.CAFile()}))
	_, err := platform.Ask(t.Context(), s, one.In(instance(server), "CM_OLD"))
	no := refusal(t, err, platform.ErrDenied, "CM_OLD cannot be opened", "4060", instance(server))
	if no.EndsLine || !strings.Contains(no.Help, "database") {
		t.Errorf("the refusal is %+v", no)
	}
	if _, err := ask(t, s, server, one); err != nil {
		t.Errorf("the other database has no answer: %v", err)
	}
	other := platform.SQL[proofRow]("other", "SELECT 2 AS other, 1 AS may_see")
	_, err = platform.Ask(t.Context(), s, other.In(instance(server), "CM_OLD"))
	refusal(t, err, platform.ErrDenied, no.Cause)
	if n := server.Counts().Refused; n != 1 {
		t.Errorf("%d log-ons were refused; want one for the database", n)
	}
}

// silent listens, takes connections and says nothing.
func silent(t *testing.T) (instance string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		var conns []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				break
			}
			conns = append(conns, conn)
		}
		for _, c := range conns {
			c.Close()
		}
	})
	t.Cleanup(func() {
		listener.Close()
		running.Wait()
	})
	return fmt.Sprintf("127.0.0.1,%d", listener.Addr().(*net.TCPAddr).Port)
}

func TestSilentServer(t *testing.T) {
	for _, policy := range []sqlserver.Encryption{sqlserver.Strict, sqlserver.Mandatory, sqlserver.Optional, sqlserver.Disable} {
		s := session(t, newReader(t, sqlserver.Options{Encryption: policy, ConnectLimit: 200 * time.Millisecond}))
		_, err := platform.Ask(t.Context(), s, one.In(silent(t), database))
		if no := refusal(t, err, platform.ErrUnreachable, "completed no log-on within 200ms"); !no.EndsLine {
			t.Errorf("%s: it does not end the line", policy)
		}
	}
}

func TestSilenceDuringLogOn(t *testing.T) {
	tests := []struct {
		name    string
		policy  sqlserver.Encryption
		server  sqlservertest.Encryption
		packets int
		cause   string
	}{
		{"after PRELOGIN, in TLS", sqlserver.Mandatory, sqlservertest.On, 1, "completed no log-on within 200ms"},
		{"after PRELOGIN", sqlserver.Disable, sqlservertest.NotSupported, 1, "completed no log-on within 200ms"},
		{"after LOGIN7", sqlserver.Disable, sqlservertest.NotSupported, 2, "took the log-on but did not set up the session within 200ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, test.server, nil)
			wire := newTap()
			wire.spoil, wire.packets = true, test.packets
			r := newReader(t, sqlserver.Options{
				Encryption: test.policy, CAFile: server.CAFile(), Dial: wire.dial, ConnectLimit: 200 * time.Millisecond,
			})
			_, err := ask(t, session(t, r), server, one)
			if no := refusal(t, err, platform.ErrUnreachable, test.cause); !no.EndsLine || no.Help == "" {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
}

func TestConnectionEndsDuringLogOn(t *testing.T) {
	for packets, word := range []string{"closed the connection", "broke off the TLS handshake: ", "broke off the TLS handshake: "} {
		server := start(t, sqlservertest.On, nil)
		wire := newTap()
		wire.spoil, wire.packets, wire.end = true, packets, true
		r := newReader(t, sqlserver.Options{CAFile: server.CAFile(), Dial: wire.dial})
		_, err := ask(t, session(t, r), server, one)
		if no := refusal(t, err, platform.ErrUnreachable, word); strings.Contains(no.Cause, "->") {
			t.Errorf("the cause differs with each connection: %s", no.Cause)
		}
	}
}

func TestContextEndsWhileConnecting(t *testing.T) {
	s := platform.Open(t.Context(), newReader(t, sqlserver.Options{}), time.Now(),
		map[platform.Kind]time.Duration{platform.KindSQL: 200 * time.Millisecond}).Session()
	_, err := platform.Ask(t.Context(), s, one.In(silent(t), database))
	refusal(t, err, platform.ErrTimeout, "no answer from", "within 200ms")
}

// A dial that ends at the deadline of the question says nothing about the server.
func TestDeadlineWhileDialling(t *testing.T) {
	late := func(ctx context.Context, network, address string) (net.Conn, error) {
		deadline, _ := ctx.Deadline()
		<-time.After(time.Until(deadline))
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.ErrDeadlineExceeded}
	}
	r := newReader(t, sqlserver.Options{Dial: late})
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := r.Read(ctx, one.In("127.0.0.1", database).Question); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v; want the context's", err)
		}
		cancel()
	}
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	unknown := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sql1.invalid", IsNotFound: true}}
	}
	var dialer net.Dialer
	tests := []struct {
		name, instance, word string
		dial                 func(context.Context, string, string) (net.Conn, error)
	}{
		{"refused", fmt.Sprintf("127.0.0.1,%d", closed), fmt.Sprintf("127.0.0.1 on TCP port %d refused the connection", closed), dialer.DialContext},
		{"no such name", "sql1.invalid", "the name sql1.invalid cannot be resolved", unknown},
		{"no such name, named instance", `sql1.invalid\MECM`, "the name sql1.invalid cannot be resolved", unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newReader(t, sqlserver.Options{Dial: test.dial})
			_, err := platform.Ask(t.Context(), session(t, r), one.In(test.instance, database))
			if no := refusal(t, err, platform.ErrUnreachable, test.word, test.instance); !no.EndsLine || no.Help == "" {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
}

func TestNamedInstance(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	_, port := server.Addr()
	listing := fmt.Sprintf("ServerName;SQL1;InstanceName;MECM;IsClustered;No;Version;16.0.1000.6;tcp;%d;;", port)
	browser := func(t *testing.T, answers bool) string {
		t.Helper()
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var running sync.WaitGroup
		running.Go(func() {
			b := make([]byte, 100)
			for {
				n, from, err := conn.ReadFrom(b)
				if err != nil {
					return
				}
				if answers && n == 1 && b[0] == 3 {
					conn.WriteTo(append([]byte{5, byte(len(listing)), byte(len(listing) >> 8)}, listing...), from)
				}
			}
		})
		t.Cleanup(func() {
			conn.Close()
			running.Wait()
		})
		return conn.LocalAddr().String()
	}
	tests := []struct {
		name, instance string
		answers        bool
		refused        string
	}{
		{"known", `127.0.0.1\mecm`, true, ""},
		{"unknown", `127.0.0.1\OTHER`, true, "knows no instance OTHER"},
		{"silent Browser", `127.0.0.1\MECM`, false, "did not answer on UDP port 1434"},
		{"a port needs no Browser", fmt.Sprintf(`127.0.0.1\MECM,%d`, port), false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wire := newTap()
			wire.udp = browser(t, test.answers)
			limit := 10 * time.Second
			if test.refused != "" {
				limit = 200 * time.Millisecond
			}
			r := newReader(t, sqlserver.Options{CAFile: server.CAFile(), Dial: wire.dial, ConnectLimit: limit})
			_, err := platform.Ask(t.Context(), session(t, r), one.In(test.instance, database))
			if test.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if no := refusal(t, err, platform.ErrUnreachable, test.refused, test.instance); !no.EndsLine || !strings.Contains(no.Help, `SERVER\INSTANCE,PORT`) {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
}

// A Browser that says nothing of use leads to no other instance, and in particular not to the one at
// the default port.
func TestUselessBrowser(t *testing.T) {
	server := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
	const listing = "ServerName;SQL1;InstanceName;MECM;IsClustered;No;Version;16.0.1000.6;"
	for name, answer := range map[string]string{
		"no TCP": listing + `np;\\SQL1\pipe\sql;;`, "port 0": listing + "tcp;0;;", "no port": listing + "tcp;;;", "no number": listing + "tcp;x;;",
		"too large": listing + "tcp;70000;;", "below 0": listing + "tcp;-1;;", "cut": listing + "tcp;14", "another instance": "ServerName;SQL1;InstanceName;OTHER;tcp;1433;;",
		"nothing in it": "", "separators": ";;;;;;;;",
	} {
		t.Run(name, func(t *testing.T) {
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				if network != "udp" {
					return server.Dial(ctx, network, address)
				}
				client, browser := net.Pipe()
				go func() {
					defer browser.Close()
					if _, err := browser.Read(make([]byte, 16)); err == nil {
						_, _ = browser.Write(append([]byte{5, byte(len(answer)), 0}, answer...))
					}
				}()
				return client, nil
			}
			r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
			_, err := r.Read(t.Context(), one.In(`SQL1\MECM`, database).Question)
			if no := refusal(t, err, platform.ErrUnreachable, "knows no instance MECM"); !no.EndsLine || !strings.Contains(no.Help, `SERVER\INSTANCE,PORT`) {
				t.Errorf("the refusal is %+v", no)
			}
		})
	}
	if n := server.Counts().Connections; n != 0 {
		t.Errorf("%d connections to another instance", n)
	}
}

func TestPasswordStaysHidden(t *testing.T) {
	server := start(t, sqlservertest.On, sqlservertest.Tables{"echo": {
		Err: &sqlservertest.Error{Number: 50000, State: 1, Class: 16, Message: "You said " + password + "."},
	}})
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
	s := session(t, r)
	_, err := ask(t, s, server, platform.SQL[proofRow]("echo", "SELECT 1 AS may_see"))
	refusal(t, err, platform.ErrUnsupported, "50000", "You said (password).")
	if _, err := ask(t, s, server, one); err != nil { // the reader now holds a connection
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{r, *r, []any{r}, struct{ R *sqlserver.Reader }{r}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, password) || strings.Contains(text, fmt.Sprintf("%x", password)) {
				t.Errorf("%s shows the password: %s", verb, text)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "no.pem")
	if err := os.WriteFile(noPEM, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(t, sqlservertest.On, nil)
	tests := []struct {
		name    string
		options sqlserver.Options
		word    string // empty if they are good
	}{
		{"none", sqlserver.Options{}, ""},
		{"user", sqlserver.Options{User: user, Password: password}, ""},
		{"strict with a CA file", sqlserver.Options{Encryption: sqlserver.Strict, CAFile: server.CAFile()}, ""},
		{"trust without encryption", sqlserver.Options{Encryption: sqlserver.Disable, TrustServerCertificate: true}, ""},
		{"password without a user", sqlserver.Options{Password: password}, "no user"},
		{"unknown policy", sqlserver.Options{Encryption: "yes"}, "no encryption policy"},
		{"strict and trusting", sqlserver.Options{Encryption: sqlserver.Strict, TrustServerCertificate: true}, "always verifies"},
		{"CA file and trusting", sqlserver.Options{CAFile: server.CAFile(), TrustServerCertificate: true}, "either"},
		{"missing CA file", sqlserver.Options{CAFile: filepath.Join(dir, "missing.pem")}, "missing.pem"},
		{"CA file without certificates", sqlserver.Options{CAFile: noPEM}, "no certificate"},
		{"negative limit", sqlserver.Options{ConnectLimit: -1}, "negative"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := sqlserver.New(test.options)
			switch {
			case test.word == "" && err != nil:
				t.Error(err)
			case test.word != "" && (err == nil || !strings.Contains(err.Error(), test.word)):
				t.Errorf("the error is %v; want %q in it", err, test.word)
			case err != nil && (strings.Contains(err.Error(), password) || r != nil):
				t.Errorf("a reader %v, or the password in: %v", r, err)
			}
		})
	}
}

func TestParseEncryption(t *testing.T) {
	for name, want := range map[string]sqlserver.Encryption{
		"": sqlserver.Mandatory, "strict": sqlserver.Strict, "Mandatory": sqlserver.Mandatory,
		"OPTIONAL": sqlserver.Optional, "disable": sqlserver.Disable,
	} {
		if got, err := sqlserver.ParseEncryption(name); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"yes", "true", "disabled", " strict"} {
		if got, err := sqlserver.ParseEncryption(name); err == nil {
			t.Errorf("%q is %q; want an error", name, got)
		}
	}
}

func TestClose(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
	q := one.In(instance(server), database).Question
	if _, err := r.Read(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	_, err := r.Read(t.Context(), q)
	refusal(t, err, platform.ErrUnsupported, "closed")
}
