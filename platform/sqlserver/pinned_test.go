package sqlserver_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// However many statements there are, an instance gets two connections, each set up once, and
// they share the statements: n of them cost n/2 delays, rounded up, and one, as both are set up at once.
// Counted are rounds: all that waits is answered at once when nothing more can come.
func TestDelays(t *testing.T) {
	for _, statements := range []int{1, 2, 7, 40} {
		t.Run(fmt.Sprint(statements), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tables := sqlservertest.Tables{}
				for i := range statements {
					tables[fmt.Sprint("s", i)] = yes()
				}
				var mu sync.Mutex
				var waiting []chan struct{}
				server := sqlservertest.StartInMemory(t, sqlservertest.Config{
					User: user, Password: password, Databases: map[string]sqlservertest.Tables{database: tables},
					Pace: func(string) {
						turn := make(chan struct{})
						mu.Lock()
						waiting = append(waiting, turn)
						mu.Unlock()
						<-turn
					},
				})
				r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
				m := session(t, r)
				var group sync.WaitGroup
				for i := range statements {
					group.Go(func() {
						// Each spelling is the same instance.
						on := []string{"127.0.0.1", "127.0.0.1,1433", "127.0.0.1 , 1433"}[i%3]
						if _, err := platform.Ask(t.Context(), m, platform.SQL[proofRow](fmt.Sprint("s", i), "SELECT 1 AS may_see").In(on, database)); err != nil {
							t.Errorf("statement %d: %v", i, err)
						}
					})
				}
				delays := 0
				for {
					synctest.Wait()
					mu.Lock()
					now := waiting
					waiting = nil
					mu.Unlock()
					if len(now) == 0 {
						break
					}
					delays++
					for _, turn := range now {
						close(turn)
					}
				}
				group.Wait()
				if most := (statements+1)/2 + 1; delays > most {
					t.Errorf("%d statements cost %d delays; want %d at most", statements, delays, most)
				}
				received := server.Received()
				setups := 0
				for _, s := range received {
					setups += strings.Count(s.Text, "LOCK_TIMEOUT")
				}
				connections := min(statements, 2)
				if c := server.Counts(); c.Connections != connections || c.LogOns != connections || setups != connections {
					t.Errorf("%+v and %d setups; want %d connections, each set up once", c, setups, connections)
				}
				named := 0
				for _, s := range received {
					if s.Name != "" {
						named++
					}
				}
				if named != statements || len(received) > statements+3*connections {
					t.Errorf("the server received %d statements, %d of ours", len(received), named)
				}
			})
		})
	}
}

// Names of servers have no case, no port is the default port, and a port needs no instance.
func TestSpellingsOfAnInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := sqlservertest.StartInMemory(t, hostile(sqlservertest.NotSupported, sqlservertest.Fault{}))
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
		for _, on := range []string{"SQL1", "sql1", "Sql1,1433", `SQL1\MECM,1433`} {
			if _, err := r.Read(t.Context(), one.In(on, database).Question); err != nil {
				t.Errorf("%s: %v", on, err)
			}
		}
		if c := server.Counts(); c.Connections != 1 {
			t.Errorf("%d connections to one instance", c.Connections)
		}
		if _, err := r.Read(t.Context(), one.In("SQL1,1434", database).Question); err != nil {
			t.Error(err)
		}
		if c := server.Counts(); c.Connections != 2 {
			t.Errorf("%d connections to two instances", c.Connections)
		}
	})
}

// A session that is not set up ends the line, and leaves nothing behind: what waits at the gate
// then tries no log-on, and no statement is sent.
func TestSetUpIsRefused(t *testing.T) {
	refused := &sqlservertest.Error{Number: 50000, State: 1, Class: 16, Message: "No SET for " + password + "."}
	for _, test := range []struct {
		name   string
		server sqlservertest.Config
		broken bool
		reason error
		cause  string
	}{
		{"by the server", sqlservertest.Config{SetUp: refused}, false, platform.ErrUnsupported, "refused to set up the session (error 50000): No SET for (password)."},
		{"by the connection", sqlservertest.Config{}, true, platform.ErrUnreachable, "the connection broke while the session was set up: the server closed the connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.server.User, test.server.Password = user, password
				test.server.Databases = map[string]sqlservertest.Tables{database: {"one": yes()}}
				server := sqlservertest.StartInMemory(t, test.server)
				var mu sync.Mutex
				var conns []*tapped
				dial := func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := server.Dial(ctx, network, address)
					if err != nil {
						return nil, err
					}
					mu.Lock()
					defer mu.Unlock()
					conns = append(conns, &tapped{
						Conn: conn, tap: &tap{end: true, spoiled: make(chan struct{})}, closed: make(chan struct{}), spoil: test.broken, left: 2,
					})
					return conns[len(conns)-1], nil
				}
				r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: dial})
				var group sync.WaitGroup
				for range 8 {
					group.Go(func() {
						_, err := r.Read(t.Context(), one.In("127.0.0.1", database).Question)
						if no := refusal(t, err, test.reason, test.cause); !no.EndsLine || no.Help == "" {
							t.Errorf("the refusal is %+v", no)
						}
					})
				}
				group.Wait()
				if c := server.Counts(); c.LogOns > 2 {
					t.Errorf("%+v; want two log-ons at most", c)
				}
				for _, s := range server.Received() {
					if s.Name != "" {
						t.Errorf("the server received %s", s.Text)
					}
				}
				for _, c := range conns {
					select {
					case <-c.closed:
					default:
						t.Error("a connection that was not set up is still open")
					}
				}
				if err := r.Close(); err != nil {
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

// Two connections to an instance are in use at once, whatever the databases and however its name is
// spelled; each stays with its database and is set up once.
func TestTwoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const databases, rounds = 3, 4
		config := sqlservertest.Config{User: user, Password: password, Databases: map[string]sqlservertest.Tables{}}
		for i := range databases {
			config.Databases[fmt.Sprint("D", i)] = sqlservertest.Tables{"one": yes()}
		}
		var mu sync.Mutex
		now, most := 0, 0
		turns := make(chan struct{})
		config.Pace = func(statement string) {
			if statement == "" { // a session is being set up
				return
			}
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			<-turns
			mu.Lock()
			now--
			mu.Unlock()
		}
		server := sqlservertest.StartInMemory(t, config)
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
		var group sync.WaitGroup
		for i := range databases * rounds {
			group.Go(func() {
				on := []string{"SQL1", "sql1,1433"}[i%2]
				if _, err := r.Read(t.Context(), one.In(on, fmt.Sprint("D", i%databases)).Question); err != nil {
					t.Error(err)
				}
			})
		}
		for range databases * rounds {
			synctest.Wait() // all that can be under way is
			turns <- struct{}{}
		}
		group.Wait()
		if most != 2 {
			t.Errorf("%d questions were under way at once; want 2", most)
		}
		setups := 0
		for _, s := range server.Received() {
			setups += strings.Count(s.Text, "LOCK_TIMEOUT")
		}
		if c := server.Counts(); c.Connections > 2*databases || setups != c.Connections {
			t.Errorf("%+v and %d setups; want two connections to each database at most, each set up once", c, setups)
		}
		nothingLeft(t, r)
	})
}
