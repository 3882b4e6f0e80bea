package sqlserver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// several names three objects of a site, one of them a function, and five columns.
var several = platform.SQL[proofRow]("several", `
	SELECT a.X AS x, a.[Y z] AS y, b.V AS v, 1 AS may_see
	FROM dbo.A a LEFT JOIN dbo.B b ON b.ID = a.ID WHERE a.X = dbo.fnCode()`)

// one, two and all of the objects of several, and what every site's database has besides.
var (
	missingA    = sqlservertest.Missing{Object: "dbo.A"}
	missingB    = sqlservertest.Missing{Object: "dbo.B"}
	missingCode = sqlservertest.Missing{Object: "dbo.fnCode"}
	missingX    = sqlservertest.Missing{Object: "dbo.A", Column: "X"}
	missingYZ   = sqlservertest.Missing{Object: "dbo.A", Column: "Y z"}
	missingV    = sqlservertest.Missing{Object: "dbo.B", Column: "V"}
	noSite      = []sqlservertest.Missing{{Object: "dbo.v_Site"}, {Object: "dbo.SC_SiteDefinition"}, {Object: "dbo.vSMS_SC_SysResUse"}}
)

func hidden(m sqlservertest.Missing) sqlservertest.Missing {
	m.Hidden = true
	return m
}

const (
	lacks    = "the database CM_PS1 on SQL Server 127.0.0.1 has "
	saysA    = "SQL Server 127.0.0.1, database CM_PS1 has no such object (error 208): Invalid object name 'dbo.A'."
	saysX    = "SQL Server 127.0.0.1, database CM_PS1 has the object but not the column, so this build is not known to siteready (error 207): Invalid column name 'X'."
	noLookUp = "; what else is missing could not be looked up: "
)

// All that a statement names and that is not there is told at once. It is absent only when it is
// sure that objects, and nothing else, are missing in the database of a site.
func TestMissingNames(t *testing.T) {
	row := func(values ...any) []any { return values }
	lookUpColumns := []sqlservertest.Column{
		{Name: "about", Type: "int"},
		{Name: "object_name", Type: "nvarchar(max)"},
		{Name: "column_name", Type: "nvarchar(max)"},
		{Name: "object_there", Type: "int"},
		{Name: "column_there", Type: "int"},
		{Name: "may_see", Type: "int"},
	}
	tests := []struct {
		name       string
		missing    []sqlservertest.Missing
		says       *sqlservertest.Error  // instead of what follows from missing
		lookUp     *sqlservertest.Result // likewise
		rows       bool                  // the error comes after a row
		management bool                  // it is a database of Service Manager
		reason     error
		cause      string
		help       string
		lookUps    int
	}{
		{name: "a table", missing: []sqlservertest.Missing{missingA}, reason: platform.ErrAbsent, cause: lacks + "no dbo.A (error 208)", help: "--database", lookUps: 1},
		{
			name: "a function", missing: []sqlservertest.Missing{missingCode}, reason: platform.ErrAbsent, lookUps: 1,
			says:  &sqlservertest.Error{Number: 4121, State: 1, Class: 16, Message: `Cannot find either column "dbo" or the user-defined function or aggregate "dbo.fnCode", or the name is ambiguous.`},
			cause: lacks + "no dbo.fnCode (error 4121)", help: "--database",
		},
		{
			name: "tables and a function, though the server names only one", missing: []sqlservertest.Missing{missingB, missingA, missingCode}, reason: platform.ErrAbsent,
			cause: lacks + "no dbo.A, no dbo.B and no dbo.fnCode (error 208)", help: "build", lookUps: 1,
		},
		{name: "a column", missing: []sqlservertest.Missing{missingX}, reason: platform.ErrUnsupported, cause: lacks + "no column X in dbo.A (error 207)", help: "build", lookUps: 1},
		{
			name: "columns", missing: []sqlservertest.Missing{missingV, missingX, missingYZ}, reason: platform.ErrUnsupported,
			cause: lacks + "no column X in dbo.A, no column Y z in dbo.A and no column V in dbo.B (error 207)", help: "build", lookUps: 1,
		},
		{
			name: "a table and a column", missing: []sqlservertest.Missing{missingB, missingX}, reason: platform.ErrUnsupported,
			cause: lacks + "no column X in dbo.A and no dbo.B (error 208)", help: "build", lookUps: 1,
		},
		{
			name: "a table that may be hidden", missing: []sqlservertest.Missing{hidden(missingA)}, reason: platform.ErrDenied,
			cause: saysA + "; whether dbo.A is missing or only hidden, this account may not see", help: "VIEW DEFINITION", lookUps: 1,
		},
		{
			name: "a table that is missing, and one that may be hidden", missing: []sqlservertest.Missing{missingA, hidden(missingB)}, reason: platform.ErrDenied,
			cause: lacks + "no dbo.A (error 208); whether it has dbo.B, this account may not see", help: "VIEW DEFINITION", lookUps: 1,
		},
		{
			name: "a column that may be hidden", missing: []sqlservertest.Missing{hidden(missingX)}, reason: platform.ErrDenied,
			cause: saysX + "; whether column X in dbo.A is missing or only hidden, this account may not see", help: "VIEW DEFINITION", lookUps: 1,
		},
		{
			name: "the wrong database", missing: append([]sqlservertest.Missing{missingA, missingB, missingCode}, noSite...), reason: platform.ErrUnsupported,
			cause: "the database CM_PS1 on SQL Server 127.0.0.1 does not look like the database of a site: it has none of dbo.v_Site, dbo.SC_SiteDefinition and dbo.vSMS_SC_SysResUse",
			help:  "--sql-server and --database", lookUps: 1,
		},
		{
			name: "the wrong database, as far as this account may see", missing: append([]sqlservertest.Missing{missingA, missingB, missingCode, hidden(noSite[0])}, noSite[1:]...),
			reason: platform.ErrAbsent, cause: lacks + "no dbo.A, no dbo.B and no dbo.fnCode (error 208)", help: "--database", lookUps: 1,
		},
		{
			name: "the wrong database, with some table of the same name", missing: append([]sqlservertest.Missing{missingA}, noSite...), reason: platform.ErrUnsupported,
			cause: "the database CM_PS1 on SQL Server 127.0.0.1 does not look like the database of a site: it has none of dbo.v_Site, dbo.SC_SiteDefinition and dbo.vSMS_SC_SysResUse",
			help:  "--sql-server and --database", lookUps: 1,
		},
		{
			name: "a table of Service Manager", missing: []sqlservertest.Missing{missingA}, management: true, reason: platform.ErrUnsupported,
			cause: "the database CM_PS1 on SQL Server 127.0.0.1 is one of Service Manager, and has no dbo.A (error 208)", help: "the build of this SQL Server and of Service Manager", lookUps: 1,
		},
		{
			name: "a column of Service Manager", missing: []sqlservertest.Missing{missingX}, management: true, reason: platform.ErrUnsupported,
			cause: "the database CM_PS1 on SQL Server 127.0.0.1 is one of Service Manager, and has no column X in dbo.A (error 207)", help: "--sql-server and --database", lookUps: 1,
		},
		{
			name: "nothing, when it is looked up", says: &sqlservertest.Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name 'dbo.A'."},
			reason: platform.ErrUnsupported, cause: saysA + "; all that the statement names was there when it was looked up", help: "--database", lookUps: 1,
		},
		{
			name: "the look-up fails", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Err: &sqlservertest.Error{Number: 8134, State: 1, Class: 16, Message: "Divide by zero for " + password + "."}},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "SQL Server 127.0.0.1, database CM_PS1 answered with an error (error 8134): Divide by zero for (password).", help: "--database",
		},
		{
			name: "the look-up is denied", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Err: &sqlservertest.Error{Number: 916, State: 1, Class: 14, Message: "Not for you."}},
			reason: platform.ErrDenied, cause: saysA + noLookUp + "SQL Server 127.0.0.1, database CM_PS1 refuses this account another database (error 916): Not for you.", help: "--database",
		},
		{
			name: "the look-up fails for want of an object", missing: []sqlservertest.Missing{missingX}, lookUps: 1,
			lookUp: &sqlservertest.Result{Err: &sqlservertest.Error{Number: 208, State: 1, Class: 16, Message: "Invalid object name 'sys.columns'."}},
			reason: platform.ErrUnsupported, cause: saysX + noLookUp + "SQL Server 127.0.0.1, database CM_PS1 has no such object (error 208): Invalid object name 'sys.columns'.", help: "build",
		},
		{
			name: "the answer is another question's", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Columns: yes().Columns, Rows: yes().Rows},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer is about something else", help: "--database",
		},
		{
			name: "the answer is no look-up's", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Columns: numbers(1, 1).Columns, Rows: numbers(1, 1).Rows},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer is not understood: ", help: "--database",
		},
		{
			name: "the answer is of another statement", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Columns: lookUpColumns, Rows: [][]any{row(0, "dbo.fnCode", "", 0, 1, 1)}},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer is about something else", help: "--database",
		},
		{
			name: "the answer says more than was asked", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Columns: lookUpColumns, Rows: [][]any{
				row(0, "dbo.A", "", 0, 1, 1), row(0, "dbo.A", "X", 0, 0, 1), row(0, "dbo.A", "Y z", 0, 0, 1), row(0, "dbo.A", "ID", 0, 0, 1),
				row(0, "dbo.B", "", 1, 1, 1), row(0, "dbo.B", "V", 1, 1, 1), row(0, "dbo.B", "ID", 1, 1, 1), row(0, "dbo.fnCode", "", 1, 1, 1),
				row(1, "dbo.v_Site", "", 1, 1, 1), row(1, "dbo.SC_SiteDefinition", "", 1, 1, 1), row(1, "dbo.vSMS_SC_SysResUse", "", 1, 1, 1),
				row(2, "dbo.BaseManagedEntity", "", 0, 1, 1), row(2, "dbo.DateDim", "", 0, 1, 1),
				row(0, "dbo.A", "", 1, 1, 1),
			}},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer is about something else", help: "--database",
		},
		{
			name: "the answer says neither yes nor no", missing: []sqlservertest.Missing{missingA}, lookUps: 1,
			lookUp: &sqlservertest.Result{Columns: lookUpColumns, Rows: [][]any{
				row(0, "dbo.A", "", 2, 1, 1), row(0, "dbo.A", "X", 0, 0, 1), row(0, "dbo.A", "Y z", 0, 0, 1), row(0, "dbo.A", "ID", 0, 0, 1),
				row(0, "dbo.B", "", 1, 1, 1), row(0, "dbo.B", "V", 1, 1, 1), row(0, "dbo.B", "ID", 1, 1, 1), row(0, "dbo.fnCode", "", 1, 1, 1),
				row(1, "dbo.v_Site", "", 1, 1, 1), row(1, "dbo.SC_SiteDefinition", "", 1, 1, 1), row(1, "dbo.vSMS_SC_SysResUse", "", 1, 1, 1),
				row(2, "dbo.BaseManagedEntity", "", 0, 1, 1), row(2, "dbo.DateDim", "", 0, 1, 1),
			}},
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer is about something else", help: "--database",
		},
		{
			name: "a row comes before the error", missing: []sqlservertest.Missing{missingA}, rows: true,
			reason: platform.ErrUnsupported, cause: saysA + noLookUp + "the answer had begun", help: "--database",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failing := sqlservertest.Result{Missing: test.missing, Err: test.says, OfServiceManager: test.management}
				if test.rows {
					failing.Columns, failing.Rows = yes().Columns, yes().Rows
				}
				tables := sqlservertest.Tables{"one": yes(), "several": failing}
				if test.lookUp != nil {
					tables["several.names"] = *test.lookUp
				}
				server := sqlservertest.StartInMemory(t, sqlservertest.Config{
					User: user, Password: password, Databases: map[string]sqlservertest.Tables{database: tables},
				})
				r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
				s := session(t, r)
				_, err := platform.Ask(t.Context(), s, several.In("127.0.0.1", database))
				no := refusal(t, err, test.reason)
				if no.Cause != test.cause && (!strings.HasSuffix(test.cause, " ") || !strings.HasPrefix(no.Cause, test.cause)) {
					t.Errorf("the cause is\n%s; want\n%s", no.Cause, test.cause)
				}
				if !strings.Contains(no.Help, test.help) || no.EndsLine {
					t.Errorf("the refusal is %+v", no)
				}
				if rows, err := platform.Ask(t.Context(), s, one.In("127.0.0.1", database)); len(rows) != 1 || err != nil {
					t.Errorf("the next question got %d rows, %v", len(rows), err)
				}
				lookUps, before := 0, 0
				for _, st := range server.Received() {
					switch st.Name {
					case "several":
						before = st.Connection
					case "several.names":
						lookUps++
						if err := platform.CheckSQL(strings.TrimPrefix(st.Text, "/* siteready: several.names */ ")); err != nil || st.Connection != before {
							t.Errorf("over connection %d, after %d: %v", st.Connection, before, err)
						}
					case "one":
						if st.Connection == before {
							t.Error("the connection was kept")
						}
					}
				}
				if lookUps != test.lookUps {
					t.Errorf("%d look-ups; want %d", lookUps, test.lookUps)
				}
				nothingLeft(t, r)
			})
		})
	}
}

// In the wrong database all statements fail for one cause, whatever they name, and only those that
// are under way when that is found out cost anything.
func TestWrongDatabase(t *testing.T) {
	server := start(t, sqlservertest.On, nil)
	s := session(t, newReader(t, sqlserver.Options{CAFile: server.CAFile()}))
	const most = 20
	causes := make([]string, most)
	var group sync.WaitGroup
	for i := range most {
		group.Go(func() {
			text := []string{
				several.In("", "").Question.Text,
				"SELECT s.SiteCode AS site, 1 AS may_see FROM dbo.v_Site s",
				"SELECT dbo.fnGetSiteCode() AS site, 1 AS may_see",
				"SELECT d.name AS name, x.Y AS y, 1 AS may_see FROM sys.databases d CROSS JOIN dbo.X x",
			}[i%4]
			_, err := platform.Ask(t.Context(), s, platform.SQL[proofRow](fmt.Sprint("statement", i), text).In(instance(server), "master"))
			causes[i] = refusal(t, err, platform.ErrUnsupported, "the database master on SQL Server "+instance(server)+" does not look like the database of a site").Cause
		})
	}
	group.Wait()
	if causes = slices.Compact(causes); len(causes) != 1 {
		t.Errorf("one cause has several texts: %q", causes)
	}
	sent := 0
	for _, r := range server.Received() {
		if r.Name != "" {
			sent++
		}
	}
	if n := server.Counts().LogOns; n > 3 || sent > 6 {
		t.Errorf("%d log-ons, and %d statements and look-ups; want those of the first two or three", n, sent)
	}

	// What any database can have is asked all the same, and so is the right database.
	system := platform.SQL[proofRow]("system", "SELECT u.x AS x, 1 AS may_see FROM sys.dm_new_view u")
	_, err := platform.Ask(t.Context(), s, system.In(instance(server), "master"))
	refusal(t, err, platform.ErrUnsupported, "all that the statement names was there")
	published := platform.SQL[proofRow]("published", "SELECT p.name AS name, 1 AS may_see FROM dbo.syspublications p")
	_, err = platform.Ask(t.Context(), s, published.In(instance(server), "master"))
	refusal(t, err, platform.ErrUnsupported, causes[0])
	if sent := server.Received(); sent[len(sent)-1].Name != "published.names" {
		t.Errorf("the last statement is %+v", sent[len(sent)-1])
	}
	if _, err := platform.Ask(t.Context(), s, one.In(instance(server), database)); err != nil {
		t.Error(err)
	}
}

// A look-up that hangs, or whose connection breaks, costs its own short limit, and the first
// error is told.
func TestLookUpHangs(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault sqlservertest.Fault
		limit time.Duration // of the question
		took  time.Duration
		said  string
	}{
		{"before rows", sqlservertest.Fault{Stage: sqlservertest.BeforeRows}, 15 * time.Second, 3 * time.Second, "no answer within 3s"},
		{"in mid-rows", sqlservertest.Fault{Stage: sqlservertest.InRows}, 15 * time.Second, 3 * time.Second, "no answer within 3s"},
		{"in a torn packet", sqlservertest.Fault{Stage: sqlservertest.InPacket}, 15 * time.Second, 3 * time.Second, "no answer within 3s"},
		{"when there is little time", sqlservertest.Fault{Stage: sqlservertest.BeforeRows}, 2 * time.Second, time.Second, "no answer within 1s"},
		{
			"cut",
			sqlservertest.Fault{Stage: sqlservertest.BeforeRows, Kind: sqlservertest.Cut},
			15 * time.Second, 0,
			"the connection to SQL Server 127.0.0.1 broke before an answer was complete: the server closed the connection",
		},
		{
			"a wrong token",
			sqlservertest.Fault{Stage: sqlservertest.BeforeRows, Kind: sqlservertest.WrongToken},
			15 * time.Second, 0,
			"the connection to SQL Server 127.0.0.1 broke before an answer was complete: Invalid TDS stream: unknown token type returned: token(66)",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.fault.Statement = "several.names"
				server := sqlservertest.StartInMemory(t, sqlservertest.Config{
					User: user, Password: password, Fault: test.fault,
					Databases: map[string]sqlservertest.Tables{database: {"one": yes(), "several": {Missing: []sqlservertest.Missing{missingA}}}},
				})
				r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
				s := platform.Open(t.Context(), r, time.Now(), map[platform.Kind]time.Duration{platform.KindSQL: test.limit}).Session()
				start := time.Now()
				_, err := platform.Ask(t.Context(), s, several.In("127.0.0.1", database))
				if no := refusal(t, err, platform.ErrUnsupported); no.Cause != saysA+noLookUp+test.said {
					t.Errorf("the cause is\n%s", no.Cause)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v; want %v", took, test.took)
				}
				if rows, err := platform.Ask(t.Context(), s, one.In("127.0.0.1", database)); len(rows) != 1 || err != nil {
					t.Errorf("the next question got %d rows, %v", len(rows), err)
				}
				nothingLeft(t, r)
			})
		})
	}
}

// A question that is given up during its look-up is given up.
func TestLookUpIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := sqlservertest.StartInMemory(t, sqlservertest.Config{
			User: user, Password: password, Fault: sqlservertest.Fault{Stage: sqlservertest.BeforeRows, Statement: "several.names"},
			Databases: map[string]sqlservertest.Tables{database: {"several": {Missing: []sqlservertest.Missing{missingA}}}},
		})
		r := newReader(t, sqlserver.Options{Encryption: sqlserver.Disable, Dial: server.Dial})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		time.AfterFunc(time.Second, cancel)
		if _, err := r.Read(ctx, several.In("127.0.0.1", database).Question); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		nothingLeft(t, r)
	})
}

// nothingLeft closes r, whose goroutines and whose driver's must then have ended. It is for a
// bubble of synctest.
func nothingLeft(t *testing.T, readers ...*sqlserver.Reader) {
	t.Helper()
	for _, r := range readers {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	synctest.Wait()
	if left := leftBehind(); len(left) > 0 {
		t.Errorf("%d goroutines are left behind:\n%s", len(left), strings.Join(left, "\n\n"))
	}
}
