package sqlserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// ask puts one statement to the database of a server through a Machine.
func ask[Row any](t testing.TB, s *platform.Session, server *sqlservertest.Server, q platform.Statement[Row]) ([]Row, error) {
	t.Helper()
	return platform.Ask(t.Context(), s, q.In(instance(server), database))
}

func TestTypes(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 120_000_000, time.UTC)
	columns := []sqlservertest.Column{
		{Name: "may_see", Type: "int"},
		{Name: "tiny", Type: "tinyint"},
		{Name: "small", Type: "smallint"},
		{Name: "big", Type: "bigint"},
		{Name: "flag", Type: "bit"},
		{Name: "ratio", Type: "float"},
		{Name: "size", Type: "decimal(38,4)"},
		{Name: "share", Type: "numeric(5,5)"},
		{Name: "text", Type: "nvarchar(200)"},
		{Name: "long", Type: "nvarchar(max)"},
		{Name: "at", Type: "datetime"},
		{Name: "at2", Type: "datetime2(7)"},
		{Name: "id", Type: "uniqueidentifier"},
		{Name: "version", Type: "sql_variant"},
		{Name: "limit", Type: "sql_variant"},
	}
	none := make([]any, len(columns))
	none[0] = 1
	server := start(t, sqlservertest.On, sqlservertest.Tables{"types": {
		Columns: columns,
		Rows: [][]any{
			{
				1, 255, -7, int64(9_007_199_254_740_993), true, 0.1, "-1234567890123456789012345678901234.5600", "0.00500",
				`Ünïcödé "<&>" 𝄞`, strings.Repeat("x", 9000), at, at.Add(3456700 * time.Nanosecond),
				"6F9619FF-8B86-D011-B42D-00C04FC964FF", "16.0.4165.4", 2147483647,
			},
			none,
		},
	}})
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})

	statement := platform.SQL[proofRow]("types", "SELECT 1 AS may_see, 2 AS tiny")
	raw, err := r.Read(t.Context(), statement.In(instance(server), database).Question)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"may_see":1,"tiny":255,"small":-7,"big":9007199254740993,"flag":true,"ratio":0.1,` +
		`"size":-1234567890123456789012345678901234.5600,"share":0.00500,"text":"Ünïcödé \"<&>\" 𝄞","long":"` + strings.Repeat("x", 9000) + `",` +
		`"at":"2026-03-04T05:06:07.12Z","at2":"2026-03-04T05:06:07.1234567Z",` +
		`"id":"6F9619FF-8B86-D011-B42D-00C04FC964FF","version":"16.0.4165.4","limit":2147483647},` +
		`{"may_see":1,"tiny":null,"small":null,"big":null,"flag":null,"ratio":null,"size":null,"share":null,"text":null,` +
		`"long":null,"at":null,"at2":null,"id":null,"version":null,"limit":null}]`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("the answer differs (-want +got):\n%s", diff)
	}

	type row struct {
		Flag  *bool        `json:"flag"`
		Size  *json.Number `json:"size"`
		Ratio *float64     `json:"ratio"`
		At    *time.Time   `json:"at"`
		ID    *string      `json:"id"`
	}
	rows, err := ask(t, session(t, r), server, platform.SQL[row]("types", "SELECT 1 AS may_see"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || !*rows[0].Flag || !rows[0].At.Equal(at) || *rows[0].Ratio != 0.1 || rows[1].ID != nil {
		t.Errorf("the rows are %+v", rows)
	}
}

func TestWire(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
	if _, err := ask(t, session(t, r), server, one); err != nil {
		t.Fatal(err)
	}
	received := server.Received()
	if len(received) == 0 {
		t.Fatal("nothing was received")
	}
	last := received[len(received)-1]
	if want := "/* siteready: one */ SELECT 1 AS may_see"; last.Text != want {
		t.Errorf("the statement on the wire is %q; want %q", last.Text, want)
	}
	if last.Application != "siteready" || last.Database != database || last.User != user || len(last.Parameters) != 0 {
		t.Errorf("the statement came as %+v", last)
	}
	var setup strings.Builder
	for _, s := range received[:len(received)-1] {
		setup.WriteString(s.Text)
	}
	for _, want := range []string{
		"SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "SET LOCK_TIMEOUT 5000", "SET DEADLOCK_PRIORITY LOW",
	} {
		if !strings.Contains(setup.String(), want) {
			t.Errorf("the session was set up with %q; want %q in it", setup.String(), want)
		}
	}
}

func TestOneLogOnForManyStatements(t *testing.T) {
	tables := sqlservertest.Tables{}
	for i := range 10 {
		tables[fmt.Sprintf("statement-%d", i)] = yes()
	}
	server := start(t, sqlservertest.On, tables)
	s := session(t, newReader(t, sqlserver.Options{CAFile: server.CAFile()}))
	for i := range 10 {
		if _, err := ask(t, s, server, platform.SQL[proofRow](fmt.Sprintf("statement-%d", i), "SELECT 1 AS may_see")); err != nil {
			t.Fatal(err)
		}
	}
	if c := server.Counts(); c.Connections != 1 || c.LogOns != 1 {
		t.Errorf("%d connections and %d log-ons for ten statements; want one", c.Connections, c.LogOns)
	}
	setups := 0
	for _, s := range server.Received() {
		setups += strings.Count(s.Text, "LOCK_TIMEOUT")
	}
	if setups != 1 {
		t.Errorf("the session was set up %d times; want once", setups)
	}
}

func TestServerErrors(t *testing.T) {
	tests := []struct {
		name   string
		result sqlservertest.Error
		reason error
		words  []string
		help   string
	}{
		{
			"object",
			sqlservertest.Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name 'dbo.vSMS_Nothing'."},
			platform.ErrUnsupported, // the statement names nothing that could be looked up
			[]string{"dbo.vSMS_Nothing", database, "208"},
			"--database",
		},
		{
			"column",
			sqlservertest.Error{Number: 207, State: 1, Class: 16, Message: "Invalid column name 'NoSuch'."},
			platform.ErrUnsupported,
			[]string{"NoSuch", database, "207"},
			"build",
		},
		{
			"select",
			sqlservertest.Error{Number: 229, State: 5, Class: 14, Message: "The SELECT permission was denied on the object 'backupset', database 'msdb', schema 'dbo'."},
			platform.ErrDenied,
			[]string{"backupset", "msdb", "229"},
			"Grant the account SELECT",
		},
		{
			"action",
			sqlservertest.Error{Number: 297, State: 1, Class: 16, Message: "The user does not have permission to perform this action."},
			platform.ErrDenied,
			[]string{"297"},
			"VIEW SERVER PERFORMANCE STATE",
		},
		{
			"server state",
			sqlservertest.Error{
				Number: 300, State: 1, Class: 14, Message: "VIEW SERVER STATE permission was denied on object 'server', database 'master'.",
				Next: &sqlservertest.Error{Number: 297, State: 1, Class: 16, Message: "The user does not have permission to perform this action."},
			},
			platform.ErrDenied,
			[]string{"300", "VIEW SERVER STATE"},
			"VIEW SERVER STATE",
		},
		{
			"database state",
			sqlservertest.Error{Number: 262, State: 1, Class: 14, Message: "VIEW DATABASE STATE permission denied in database 'CM_PS1'."},
			platform.ErrDenied,
			[]string{"VIEW DATABASE STATE"},
			"Grant",
		},
		{
			"other database",
			sqlservertest.Error{Number: 916, State: 1, Class: 14, Message: `The server principal "reader" is not able to access the database "SUSDB".`},
			platform.ErrDenied,
			[]string{"SUSDB", "916"},
			"Map the account",
		},
		{
			"no other database",
			sqlservertest.Error{Number: 911, State: 1, Class: 16, Message: "Database 'SUSDB' does not exist."},
			platform.ErrDenied,
			[]string{"SUSDB", "911"},
			"Check the database",
		},
		{
			"lock",
			sqlservertest.Error{Number: 1222, State: 51, Class: 16, Message: "Lock request time out period exceeded."},
			platform.ErrTimeout,
			[]string{"lock within 5s", "1222"},
			"",
		},
		{
			"deadlock",
			sqlservertest.Error{Number: 1205, State: 13, Class: 13, Message: "Transaction was deadlocked."},
			platform.ErrTimeout,
			[]string{"1205"},
			"",
		},
		{
			"an object is missing and another denied",
			sqlservertest.Error{
				Number: 229, State: 5, Class: 14, Message: "The SELECT permission was denied on the object 'a'.",
				Next: &sqlservertest.Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name 'b'."},
			},
			platform.ErrDenied,
			[]string{"229"},
			"",
		},
		{
			"any other",
			sqlservertest.Error{Number: 8134, State: 1, Class: 16, Message: "Divide by zero error encountered.\r\n \x00And\u202e more."},
			platform.ErrUnsupported,
			[]string{"8134", "Divide by zero error encountered. And more."},
			"",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result := yes()
			result.Err = &test.result // after a row that must not count
			server := start(t, sqlservertest.On, sqlservertest.Tables{"failing": result, "failing-at-once": {Err: &test.result}})
			s := session(t, newReader(t, sqlserver.Options{CAFile: server.CAFile()}))
			_, err := ask(t, s, server, platform.SQL[proofRow]("failing", "SELECT 1 AS may_see"))
			no := refusal(t, err, test.reason, append(test.words, instance(server))...)
			if !strings.Contains(no.Help, test.help) {
				t.Errorf("the help is %q; want %q in it", no.Help, test.help)
			}
			if no.EndsLine {
				t.Error("it ends the line")
			}
			_, err = ask(t, s, server, platform.SQL[proofRow]("failing-at-once", "SELECT 1 AS may_see"))
			if again := refusal(t, err, test.reason); again.Cause != no.Cause && !errors.Is(test.reason, platform.ErrTimeout) {
				t.Errorf("one cause has two texts:\n%s\n%s", no.Cause, again.Cause)
			}
			if errors.Is(test.reason, platform.ErrTimeout) {
				return // the Machine asks no more after two
			}
			if _, err := ask(t, s, server, one); err != nil {
				t.Errorf("the next question has no answer: %v", err)
			}
			if n := server.Counts().LogOns; n != 3 {
				t.Errorf("%d log-ons; want a new connection after each failed read", n)
			}
		})
	}
}

func TestPermissionHidesRows(t *testing.T) {
	none, hidden := yes(), yes()
	none.Rows = nil
	hidden.Rows = [][]any{{1}, {0}}
	server := start(t, sqlservertest.On, sqlservertest.Tables{"none": none, "hidden": hidden})
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
	s := session(t, r)
	for name, word := range map[string]string{"none": "no rows", "hidden": "may not see"} {
		_, err := ask(t, s, server, platform.SQL[proofRow](name, "SELECT 1 AS may_see"))
		refusal(t, err, platform.ErrDenied, word)
	}
	q := platform.SQL[proofRow]("none", "SELECT 1 AS may_see").In(instance(server), database).Question
	if raw, err := r.Read(t.Context(), q); err != nil || string(raw) != "[]" {
		t.Errorf("the reader itself answers %s, %v; want [] for no rows", raw, err)
	}
}

func TestMalformedAnswers(t *testing.T) {
	text := func(name string) sqlservertest.Column { return sqlservertest.Column{Name: name, Type: "nvarchar(max)"} }
	rows := make([][]any, 40)
	for i := range rows {
		rows[i] = []any{strings.Repeat("x", 2000)}
	}
	tests := []struct {
		name   string
		result sqlservertest.Result
		reason error
		word   string
	}{
		{"two columns of one name", sqlservertest.Result{Columns: []sqlservertest.Column{text("a"), text("a")}}, platform.ErrMalformed, "two columns a"},
		{"no name", sqlservertest.Result{Columns: []sqlservertest.Column{text("a"), text("")}}, platform.ErrMalformed, "column 2"},
		{"no table", sqlservertest.Result{}, platform.ErrMalformed, "not a table"},
		{"many rows", sqlservertest.Result{Columns: []sqlservertest.Column{text("a")}, Rows: rows}, platform.ErrTooLarge, "65536"},
		{
			"one large value",
			sqlservertest.Result{Columns: []sqlservertest.Column{text("a")}, Rows: [][]any{{strings.Repeat("x", 2<<20)}}},
			platform.ErrTooLarge, "65536",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, sqlservertest.On, sqlservertest.Tables{"odd": test.result})
			s := session(t, newReader(t, sqlserver.Options{CAFile: server.CAFile()}))
			_, err := ask(t, s, server, platform.SQL[proofRow]("odd", "SELECT 1 AS may_see"))
			refusal(t, err, test.reason, test.word)
			if _, err := ask(t, s, server, one); err != nil {
				t.Errorf("the next question has no answer: %v", err)
			}
		})
	}
}

func TestLargestAnswer(t *testing.T) {
	frame := len(`[{"may_see":1,"a":""}]`)
	for size, fits := range map[int]bool{platform.MaxAnswer - frame: true, platform.MaxAnswer - frame + 1: false} {
		result := sqlservertest.Result{
			Columns: []sqlservertest.Column{{Name: "may_see", Type: "int"}, {Name: "a", Type: "nvarchar(max)"}},
			Rows:    [][]any{{1, strings.Repeat("x", size)}},
		}
		server := start(t, sqlservertest.On, sqlservertest.Tables{"large": result})
		r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
		q := platform.SQL[proofRow]("large", "SELECT 1 AS may_see").In(instance(server), database).Question
		raw, err := r.Read(t.Context(), q)
		switch {
		case fits && (err != nil || len(raw) != platform.MaxAnswer):
			t.Errorf("%d bytes of text: an answer of %d bytes, %v", size, len(raw), err)
		case !fits:
			refusal(t, err, platform.ErrTooLarge)
		}
	}
}

func TestNothingIsSmuggled(t *testing.T) {
	server := start(t, sqlservertest.NotSupported, nil)
	wire := newTap()
	r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: wire.dial})
	good := one.In(instance(server), database).Question
	for name, change := range map[string]func(*platform.Question){
		"another statement":  func(q *platform.Question) { q.Text = "DELETE FROM Sites" },
		"two statements":     func(q *platform.Question) { q.Text += "; DROP TABLE Sites" },
		"no proof":           func(q *platform.Question) { q.Text = "SELECT 1 AS a" },
		"no text":            func(q *platform.Question) { q.Text = "" },
		"end of the comment": func(q *platform.Question) { q.What = "one */ DROP TABLE Sites /*" },
		"no name":            func(q *platform.Question) { q.What = "" },
		"another kind":       func(q *platform.Question) { q.Kind = platform.KindRegistry },
		"no server":          func(q *platform.Question) { q.On = "" },
		"a pipe":             func(q *platform.Question) { q.On = `np:\\.\pipe\sql\query` },
	} {
		q := good
		change(&q)
		_, err := r.Read(t.Context(), q)
		if no := refusal(t, err, platform.ErrUnsupported); no.EndsLine {
			t.Errorf("%s: it ends the line", name)
		}
	}
	if n := wire.dialled(); n != 0 || len(server.Received()) != 0 {
		t.Errorf("%d connections were made, and the server received %v", n, server.Received())
	}
	if _, err := r.Read(t.Context(), good); err != nil {
		t.Errorf("the good question has no answer: %v", err)
	}
}

func TestCancelledReadEndsItsConnection(t *testing.T) {
	big := yes()
	for range 3000 {
		big.Rows = append(big.Rows, []any{1})
	}
	// Three packets are the answers to PRELOGIN, LOGIN7 and the session's setup; the fourth
	// begins the answer. With three, not a byte of it comes; with four, more rows are missing.
	for _, packets := range []int{3, 4} {
		t.Run(fmt.Sprintf("%d packets", packets), func(t *testing.T) {
			server := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"big": big})
			wire := newTap()
			wire.spoil, wire.packets = true, packets
			r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: wire.dial})
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-wire.spoiled
				cancel()
			}()
			q := platform.SQL[proofRow]("big", "SELECT 1 AS may_see").In(instance(server), database).Question
			if raw, err := r.Read(ctx, q); !errors.Is(err, context.Canceled) {
				t.Fatalf("the cancelled read returned %d bytes, %v", len(raw), err)
			}
			if _, err := ask(t, session(t, r), server, one); err != nil {
				t.Fatal(err)
			}
			if c := server.Counts(); c.LogOns != 2 || c.Attentions != 0 {
				t.Errorf("%d log-ons and %d attentions; want a second log-on and no attention", c.LogOns, c.Attentions)
			}
		})
	}
}

func TestSilentServerIsATimeoutOfTheMachine(t *testing.T) {
	server := start(t, sqlservertest.NotSupported, nil)
	wire := newTap()
	wire.spoil, wire.packets = true, 3
	r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: wire.dial})
	limits := map[platform.Kind]time.Duration{platform.KindSQL: 300 * time.Millisecond}
	s := platform.Open(t.Context(), r, time.Now(), limits).Session()
	_, err := ask(t, s, server, one)
	refusal(t, err, platform.ErrTimeout, "no answer from", "within 300ms")
}

func TestConnectionLostWhileIdle(t *testing.T) {
	for _, e := range []sqlservertest.Encryption{sqlservertest.NotSupported, sqlservertest.On} {
		server := start(t, e, nil)
		wire := newTap()
		o := sqlserver.Options{Dial: wire.dial, CAFile: server.CAFile()}
		if e == sqlservertest.NotSupported {
			o.Encryption = sqlserver.Disable
		}
		r := newReader(t, o)
		q := one.In(instance(server), database).Question
		for range 2 {
			if _, err := r.Read(t.Context(), q); err != nil {
				t.Fatal(err)
			}
			wire.hangUp()
		}
		if n := server.Counts().LogOns; n != 2 {
			t.Errorf("%d log-ons; want a second one for the connection that was lost", n)
		}
	}
}

func TestConnectionLostInMidAnswer(t *testing.T) {
	for _, packets := range []int{3, 4} {
		big := yes()
		for range 3000 {
			big.Rows = append(big.Rows, []any{1})
		}
		server := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"big": big})
		wire := newTap()
		wire.spoil, wire.packets, wire.end = true, packets, true
		s := session(t, newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: wire.dial}))
		_, err := ask(t, s, server, platform.SQL[proofRow]("big", "SELECT 1 AS may_see"))
		refusal(t, err, platform.ErrMalformed, "broke before an answer was complete", instance(server))
		if _, err := ask(t, s, server, one); err != nil {
			t.Errorf("the next question has no answer: %v", err)
		}
	}
}

func TestQuestionsAtOnce(t *testing.T) {
	tables := sqlservertest.Tables{}
	for i := range 30 {
		r := yes()
		r.Columns = append(r.Columns, sqlservertest.Column{Name: "n", Type: "int"})
		r.Rows = [][]any{{1, i}}
		tables[fmt.Sprintf("n-%d", i)] = r
	}
	server := start(t, sqlservertest.On, tables)
	r := newReader(t, sqlserver.Options{CAFile: server.CAFile()})
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			q := platform.SQL[proofRow](fmt.Sprintf("n-%d", i), "SELECT 1 AS may_see").In(instance(server), database).Question
			raw, err := r.Read(t.Context(), q)
			if want := fmt.Sprintf(`[{"may_see":1,"n":%d}]`, i); err != nil || string(raw) != want {
				t.Errorf("question %d: %s, %v", i, raw, err)
			}
		})
	}
	group.Wait()
	if n := server.Counts().Connections; n > 2 {
		t.Errorf("%d connections to one database; want two at most", n)
	}
}
