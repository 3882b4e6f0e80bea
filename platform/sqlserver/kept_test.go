package sqlserver_test

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// dialer makes the driver's Dialer of a function.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// numberRow is a row that tells which statement it answers.
type numberRow struct {
	Number int `json:"number"`
}

// numbers answers with n as many times.
func numbers(n, times int) sqlservertest.Result {
	return sqlservertest.Result{
		Columns: []sqlservertest.Column{{Name: "number", Type: "int"}, {Name: "may_see", Type: "int"}},
		Rows:    slices.Repeat([][]any{{n, 1}}, times),
	}
}

// late is a server that does not heed the wish to stop "slow" before the next request comes.
func late(t *testing.T) *sqlservertest.Server {
	t.Helper()
	return sqlservertest.StartInMemory(t, sqlservertest.Config{
		User: user, Password: password, Fault: sqlservertest.Fault{Stage: sqlservertest.OnCancel, Statement: "slow"},
		Databases: map[string]sqlservertest.Tables{database: {
			"slow": numbers(100, 10), "first": numbers(1, 1), "second": numbers(2, 1), "third": numbers(3, 1),
		}},
	})
}

// The hazard itself, with the driver and the pool of the standard library: after a read that was
// given up, the connection is kept, and each question gets the answer of the one before it, with
// no error. Should this test fail, the driver has been mended.
func TestKeptConnectionGivesWrongAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := late(t)
		connector, err := mssql.NewConnector((&url.URL{
			Scheme: "sqlserver", User: url.UserPassword(user, password), Host: "127.0.0.1:1433",
			RawQuery: url.Values{"database": {database}, "encrypt": {"disable"}}.Encode(),
		}).String())
		if err != nil {
			t.Fatal(err)
		}
		connector.Dialer = dialer(server.Dial)
		db := sql.OpenDB(connector)
		defer db.Close()
		db.SetMaxOpenConns(1)

		rows, err := db.QueryContext(t.Context(), "/* siteready: slow */ SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if !rows.Next() {
			t.Fatal("there is no row")
		}
		if err := rows.Close(); err == nil || !strings.Contains(err.Error(), "did not get cancellation confirmation") {
			t.Errorf("giving up the rest: %v", err)
		}
		for _, question := range []struct {
			name string
			got  []int
		}{{"first", nil}, {"second", []int{1}}, {"third", []int{2}}} {
			rows, err := db.QueryContext(t.Context(), "/* siteready: "+question.name+" */ SELECT 1")
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for rows.Next() {
				var number, maySee int
				if err := rows.Scan(&number, &maySee); err != nil {
					t.Fatal(err)
				}
				got = append(got, number)
			}
			if err := rows.Err(); err != nil || !slices.Equal(got, question.got) {
				t.Errorf("%s is answered with %d, %v; want %d and no error", question.name, got, err, question.got)
			}
		}
		if n := server.Counts().Connections; n != 1 {
			t.Errorf("there were %d connections", n)
		}
	})
}

// The reader throws that connection away, and does not ask the server to stop.
func TestNoConnectionIsKeptAfterAFailedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := late(t)
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
		s := session(t, r)
		start := time.Now()
		_, err := platform.Ask(t.Context(), s, platform.SQL[numberRow]("slow", "SELECT 1 AS may_see").In("127.0.0.1", database))
		refusal(t, err, platform.ErrTimeout, "no answer from 127.0.0.1 within 15s")
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("it took %v", took)
		}
		for i, name := range []string{"first", "second", "third"} {
			rows, err := platform.Ask(t.Context(), s, platform.SQL[numberRow](name, "SELECT 1 AS may_see").In("127.0.0.1", database))
			if err != nil || len(rows) != 1 || rows[0].Number != i+1 {
				t.Errorf("%s is answered with %v, %v", name, rows, err)
			}
		}
		if c := server.Counts(); c.Connections != 2 || c.Attentions != 0 {
			t.Errorf("%+v; want one connection thrown away, one kept, and no wish to stop", c)
		}
	})
}
