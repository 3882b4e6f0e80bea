package sqlservertest_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"siteready/platform/sqlserver/sqlservertest"
)

func TestBatchAndParameters(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": count(7), "other": count(8)})
	db, _ := open(t, s, nil)
	guid := mssql.UniqueIdentifier{0x6F, 0x96, 0x19, 0xFF, 0x8B, 0x86, 0xD0, 0x11, 0xB4, 0x2D, 0x00, 0xC0, 0x4F, 0xC9, 0x64, 0xFF}
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456700, time.FixedZone("", -90*60))
	long := strings.Repeat("ä𝄞", 3000)
	if n, err := queryCount(t.Context(), db, "count"); n != 7 || err != nil {
		t.Errorf("batch: got %d, %v; want 7", n, err)
	}
	args := []any{int64(-5), true, 2.5, "Größe 𝄞", long, []byte{1, 0, 255}, at, nil, guid, mssql.VarChar("abc"), ""}
	if n, err := queryCount(t.Context(), db, "other", args...); n != 8 || err != nil {
		t.Errorf("sp_executesql: got %d, %v; want 8", n, err)
	}

	want := []sqlservertest.Statement{{
		Name: "count", Text: "/* siteready: count */ SELECT n FROM t",
		Connection: 1, Database: "CM_PS1", User: user, Application: "siteready", Host: "SITESERVER",
	}, {
		Name: "other", Text: "/* siteready: other */ SELECT n FROM t",
		Connection: 1, Database: "CM_PS1", User: user, Application: "siteready", Host: "SITESERVER",
	}}
	got := s.Received()
	if len(got) != 2 {
		t.Fatalf("got %d statements; want 2", len(got))
	}
	parameters := got[1].Parameters
	got[1].Parameters = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	values := []any{int64(-5), true, 2.5, "Größe 𝄞", long, []byte{1, 0, 255}, at, nil, "6F9619FF-8B86-D011-B42D-00C04FC964FF", "abc", ""}
	if len(parameters) != len(values) {
		t.Fatalf("got %d parameters; want %d", len(parameters), len(values))
	}
	for i, v := range values {
		p := parameters[i]
		if sent, isTime := v.(time.Time); isTime {
			if came, ok := p.Value.(time.Time); !ok || !came.Equal(sent) || came.Format(time.RFC3339) != sent.Format(time.RFC3339) {
				t.Errorf("parameter %s: got %v; want %v", p.Name, p.Value, sent)
			}
			continue
		}
		if !reflect.DeepEqual(p.Value, v) {
			t.Errorf("parameter %s: got %#v; want %#v", p.Name, p.Value, v)
		}
	}
	if parameters[0].Name != "@p1" {
		t.Errorf("got the name %q; want @p1", parameters[0].Name)
	}
}

// TestRawParameters: types that the driver does not send by itself.
func TestRawParameters(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"nothing": {}})
	db, wire := open(t, s, options{"database": "CM_PS1"})
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	utc := func(year int, month time.Month, day, hour, minute, sec int) time.Time {
		return time.Date(year, month, day, hour, minute, sec, 0, time.UTC)
	}
	text := wide("/* siteready: nothing */")
	call := "\x04\x00\x00\x00\x0d\x00" + string(wide("sp_EXECUTEsql")) + "\x00\x00" +
		"\x00\x00\xE7\x40\x1F\x00\x00\x00\x00\x00" + string(rune(len(text))) + "\x00" + string(text) +
		"\x00\x00\xE7\x40\x1F\x00\x00\x00\x00\x00\xFF\xFF"
	var want []any
	for _, p := range []struct {
		wire string
		want any
	}{
		{"\x6A\x05\x09\x02\x05\x00\xD2\x04\x00\x00", "-12.34"},
		{"\x6C\x05\x09\x03\x05\x01\x07\x00\x00\x00", "0.007"},
		{"\x6A\x05\x09\x00\x05\x01\x07\x00\x00\x00", "7"},
		{"\x6A\x05\x09\x00\x00", nil},
		{"\x26\x01\x01\xFF", int64(255)},
		{"\x26\x02\x02\xFE\xFF", int64(-2)},
		{"\x26\x04\x04\xFD\xFF\xFF\xFF", int64(-3)},
		{"\x6D\x04\x04\x00\x00\x20\x40", 2.5},
		{"\x6F\x08\x08\x01\x00\x00\x00\x2C\x01\x00\x00", utc(1900, 1, 2, 0, 0, 1)},
		{"\x28\x03\x1F\x00\x00", utc(1, 2, 1, 0, 0, 0)},
		{"\x28\x00", nil},
		{"\x29\x00\x03\x3D\x00\x00", utc(1, 1, 1, 0, 1, 1)},
		{"\x2A\x02\x06\x64\x00\x00\x01\x00\x00", utc(1, 1, 2, 0, 0, 1)},
		{"\xA7\x0A\x00\x00\x00\x00\x00\x00\x03\x00abc", "abc"},
		{"\xA5\xFF\xFF\x04\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00a\x03\x00\x00\x00bcd\x00\x00\x00\x00", []byte("abcd")},
		{"\xE7\xFF\xFF\x00\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", nil},
	} {
		call += "\x00\x00" + p.wire
		want = append(want, p.want)
	}
	exchange(t, wire.conn, pkt(3, call),
		"\xFF\x01\x00"+strings.Repeat("\x00", 10)+"\x79\x00\x00\x00\x00"+"\xFE"+strings.Repeat("\x00", 12))
	got := s.Received()
	if len(got) != 1 || got[0].Name != "nothing" || len(got[0].Parameters) != len(want) {
		t.Fatalf("got %+v; want one statement with %d parameters", got, len(want))
	}
	for i, p := range got[0].Parameters {
		if !reflect.DeepEqual(p.Value, want[i]) {
			t.Errorf("parameter %d: got %#v; want %#v", i+1, p.Value, want[i])
		}
	}
}

func TestTwoResults(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"one": count(1), "two": count(2)})
	db, _ := open(t, s, nil)
	const text = "SET NOCOUNT ON; /* siteready: one */ SELECT n FROM a; /* siteready: two */ SELECT n FROM b"
	for name, args := range map[string][]any{"batch": nil, "sp_executesql": {1}} {
		rows, err := db.QueryContext(t.Context(), text, args...)
		if err != nil {
			t.Fatal(name, err)
		}
		var got []int64
		for more := true; more; more = rows.NextResultSet() {
			for rows.Next() {
				var n int64
				if err := rows.Scan(&n); err != nil {
					t.Error(name, err)
				}
				got = append(got, n)
			}
		}
		if err := rows.Err(); err != nil || !reflect.DeepEqual(got, []int64{1, 2}) {
			t.Errorf("%s: got %d, %v; want 1 and 2", name, got, err)
		}
		rows.Close()
	}
	var names []string
	for _, st := range s.Received() {
		names = append(names, st.Name+"|"+st.Text)
	}
	half := []string{
		"|SET NOCOUNT ON; ",
		"one|/* siteready: one */ SELECT n FROM a; ",
		"two|/* siteready: two */ SELECT n FROM b",
	}
	if want := append(half[:3:3], half...); !reflect.DeepEqual(names, want) {
		t.Errorf("got\n%q\nwant\n%q", names, want)
	}
}

// TestBatchEndsAtError: what comes after a statement that fails is not answered.
func TestBatchEndsAtError(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"one": count(1)})
	for name, args := range map[string][]any{"batch": nil, "sp_executesql": {1}} {
		db, wire := open(t, s, nil)
		_, err := db.ExecContext(t.Context(), "/* siteready: gone */ SELECT 1; /* siteready: one */ SELECT n FROM a", args...)
		wantError(t, err, 208)
		_, received := wire.bytes()
		all := packets(received)
		if strings.Contains(string(all[len(all)-1].body), "\xD1\x08\x01") {
			t.Errorf("%s: the row of the second statement was sent", name)
		}
	}
}

func TestErrors(t *testing.T) {
	failures := []sqlservertest.Error{
		{Number: 207, State: 1, Class: 16, Message: "Invalid column name 'LimitedAccess'."},
		{Number: 208, State: 1, Class: 16, Message: "Invalid object name 'dbo.Sites'."},
		{Number: 229, State: 5, Class: 14, Message: "The SELECT permission was denied on the object 'Sites', database 'CM_PS1', schema 'dbo'."},
		{Number: 297, State: 1, Class: 16, Message: "The user does not have permission to perform this action."},
		{Number: 300, State: 1, Class: 14, Message: "VIEW SERVER STATE permission was denied on object 'server', database 'master'."},
		{Number: 1222, State: 51, Class: 16, Message: "Lock request time out period exceeded."},
		{Number: 50000, State: 255, Class: 18, Message: strings.Repeat("ü", 2047)},
	}
	for _, f := range failures {
		s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": {Err: &f}, "good": count(1)})
		db, _ := open(t, s, nil)
		for name, args := range map[string][]any{"batch": nil, "sp_executesql": {1}} {
			_, err := queryCount(t.Context(), db, "count", args...)
			got := wantError(t, err, f.Number)
			if got.State != f.State || got.Class != f.Class || got.Message != f.Message || len(got.All) != 1 {
				t.Errorf("%s: got %d/%d %q and %d in all; want %+v", name, got.State, got.Class, got.Message, len(got.All), f)
			}
			if n, err := queryCount(t.Context(), db, "good"); n != 1 || err != nil {
				t.Errorf("%s: the next statement: got %d, %v; want 1", name, n, err)
			}
		}
		if c := s.Counts(); c.LogOns != 1 {
			t.Errorf("error %d: %d log-ons; want the connection to be kept", f.Number, c.LogOns)
		}
	}
}

// TestTwoErrors: the driver shows the last and keeps all.
func TestTwoErrors(t *testing.T) {
	second := &sqlservertest.Error{Number: 297, State: 1, Class: 16, Message: "The user does not have permission to perform this action."}
	first := &sqlservertest.Error{Number: 300, State: 1, Class: 14, Message: "VIEW SERVER STATE permission was denied.", Next: second}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": {Err: first}})
	db, _ := open(t, s, nil)
	_, err := queryCount(t.Context(), db, "count")
	got := wantError(t, err, 297)
	if len(got.All) != 2 || got.All[0].Number != 300 || got.All[1].Number != 297 {
		t.Errorf("got %v; want 300 and 297", got.All)
	}
}

func TestErrorAfterRows(t *testing.T) {
	r := count(1)
	r.Rows = append(r.Rows, []any{2}, []any{3})
	r.Err = &sqlservertest.Error{Number: 1205, State: 13, Class: 13, Message: "Chosen as the deadlock victim."}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": r})
	db, _ := open(t, s, nil)
	for name, args := range map[string][]any{"batch": nil, "sp_executesql": {1}} {
		rows, err := db.QueryContext(t.Context(), "/* siteready: count */ SELECT n FROM t", args...)
		if err != nil {
			t.Fatal(name, err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if n != 3 {
			t.Errorf("%s: got %d rows; want 3", name, n)
		}
		wantError(t, rows.Err(), 1205)
	}
}

func TestUnknownStatement(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": count(1)})
	db, _ := open(t, s, nil)
	for text, want := range map[string]string{
		"/* siteready: nobody */ SELECT 1":                           "Invalid object name 'nobody'.",
		"/* siteready: COUNT */ SELECT 1":                            "Invalid object name 'COUNT'.",
		"SELECT name, database_id FROM sys.databases":                "Invalid object name 'SELECT name, database_id FROM'.",
		"SELECT 2 /* siteready: count */":                            "Invalid object name 'SELECT 2'.",
		"/* siteready:  */ SELECT 1":                                 "Invalid object name '/* siteready: */ SELECT'.",
		"/* siteready: count":                                        "Invalid object name '/* siteready: count'.",
		"SET NOCOUNT ON SELECT 1":                                    "Invalid object name 'SET NOCOUNT ON SELECT'.",
		"SET NOCOUNT ON; DROP TABLE t":                               "Invalid object name 'SET NOCOUNT ON; DROP'.",
		"SET @x = (SELECT 1)":                                        "Invalid object name 'SET @x = (SELECT'.",
		"/* siteready: " + strings.Repeat("x", 300) + " */ SELECT 1": "Invalid object name '/* siteready: " + strings.Repeat("x", 114) + "'.",
	} {
		_, err := db.ExecContext(t.Context(), text)
		got := wantError(t, err, 208)
		if got.State != 1 || got.Class != 16 || got.Message != want {
			t.Errorf("%s: got %d/%d %q; want 1/16 %q", text, got.State, got.Class, got.Message, want)
		}
	}
}

func TestSessionSetUp(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": count(1)})
	db, _ := open(t, s, nil)
	for _, text := range []string{
		"SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;",
		"set nocount on",
		"SET LOCK_TIMEOUT\n\t5000\nSET NOCOUNT ON",
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	const both = "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;\n/* siteready: count */ SELECT n FROM t"
	var n int
	if err := db.QueryRowContext(t.Context(), both).Scan(&n); err != nil || n != 1 {
		t.Errorf("got %d, %v; want 1", n, err)
	}
	for _, st := range s.Received()[:4] {
		if st.Name != "" || !strings.HasPrefix(strings.ToUpper(st.Text), "SET") {
			t.Errorf("recorded %+v; want a SET without name", st)
		}
	}
}

func TestProcedureCall(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, nil)
	db, _ := open(t, s, nil)
	_, err := db.ExecContext(t.Context(), "sp_who")
	if got := wantError(t, err, 2812); got.Message != "Could not find stored procedure 'sp_who'." {
		t.Errorf("got %q", got.Message)
	}
	if got := s.Received(); len(got) != 1 || got[0].Text != "sp_who" || got[0].Name != "" {
		t.Errorf("recorded %+v; want sp_who", got)
	}
}

// TestNoColumns: a result without columns is a statement that is done.
func TestNoColumns(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"nothing": {}, "empty": {Columns: count(1).Columns}})
	db, _ := open(t, s, nil)
	for name, columns := range map[string]int{"nothing": 0, "empty": 1} {
		for _, args := range [][]any{nil, {1}} {
			rows, err := db.QueryContext(t.Context(), "/* siteready: "+name+" */ SELECT 1", args...)
			if err != nil {
				t.Fatal(name, err)
			}
			got, err := rows.Columns()
			if rows.Next() || rows.Err() != nil || err != nil || len(got) != columns {
				t.Errorf("%s: columns %q, %v, rows %v; want %d columns and no rows", name, got, err, rows.Err(), columns)
			}
			rows.Close()
		}
	}
}

// TestPool: the driver asks for a clean session with each statement that it takes a connection for, and is told so.
func TestPool(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"count": count(1)})
	db, _ := open(t, s, nil)
	for range 3 {
		if n, err := queryCount(t.Context(), db, "count"); n != 1 || err != nil {
			t.Fatalf("got %d, %v; want 1", n, err)
		}
	}
	if n, err := queryCount(t.Context(), db, "count", 1); n != 1 || err != nil {
		t.Fatalf("sp_executesql: got %d, %v; want 1", n, err)
	}
	if c, want := s.Counts(), (sqlservertest.Counts{Connections: 1, LogOns: 1, Resets: 4}); c != want {
		t.Errorf("got %+v; want %+v", c, want)
	}
}
