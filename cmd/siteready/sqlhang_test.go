//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
	"siteready/report"
)

// sqlBeside is a site whose SQL Server is asked by the live reader.
type sqlBeside struct {
	platform.Reader
	sql *sqlserver.Reader
}

func (b sqlBeside) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.Kind == platform.KindSQL {
		return b.sql.Read(ctx, q)
	}
	return b.Reader.Read(ctx, q)
}

// judgedLive is a whole run over a site, with its SQL Server behind the real protocol.
func judgedLive(t *testing.T, site *platformtest.Site, fault sqlservertest.Fault) report.Report {
	t.Helper()
	databases, err := tables(site)
	if err != nil {
		t.Fatal(err)
	}
	server := sqlservertest.StartInMemory(t, sqlservertest.Config{
		User: scriptUser, Password: scriptPassword, Encryption: sqlservertest.On, Databases: databases, Fault: fault,
	})
	reader, err := sqlserver.New(sqlserver.Options{
		User: scriptUser, Password: scriptPassword, TrustServerCertificate: true, Dial: server.Dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := judgedBy(t, site, sqlBeside{site, reader}, formatJSON)
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
	server.Close()
	return parse(t, text)
}

// Whatever SQL Server does and at whatever stage: a run with the real limits ends at most a second
// past them, the cause is told, what needs SQL Server is not green, all else is judged as without
// the fault, and nothing is left behind.
func TestHostileSQLServer(t *testing.T) {
	const (
		noLogOn  = "took the connection but completed no log-on within 10s"
		noAnswer = "no answer from "
		broken   = "broke before an answer was complete: "
	)
	site := constructedSites(t)["primary"]
	var well report.Report
	synctest.Test(t, func(t *testing.T) { well = judgedLive(t, site, sqlservertest.Fault{}) })
	needs := func(c report.Check) bool {
		return slices.ContainsFunc(c.Evidence, func(e report.Evidence) bool { return e.Question.Kind == platform.KindSQL })
	}
	if n := len(slices.DeleteFunc(slices.Clone(well.Checks), func(c report.Check) bool { return !needs(c) || c.Status != "passed" })); n < 20 {
		t.Fatalf("only %d checks pass with SQL Server", n)
	}
	for _, test := range []struct {
		fault sqlservertest.Fault
		cause string
		limit time.Duration
	}{
		{sqlservertest.Fault{Stage: sqlservertest.BeforePrelogin}, noLogOn, 10 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.InPrelogin}, noLogOn, 10 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.InTLS}, noLogOn, 10 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.InLogOn}, noLogOn, 10 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.BeforeRows}, noAnswer, 30 * time.Second}, // two questions, one after the other
		{sqlservertest.Fault{Stage: sqlservertest.InRows}, noAnswer, 30 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.InPacket}, noAnswer, 30 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.OnCancel}, noAnswer, 30 * time.Second},
		{sqlservertest.Fault{Stage: sqlservertest.InRows, Kind: sqlservertest.WrongToken}, broken, 0},
		{sqlservertest.Fault{Stage: sqlservertest.InRows, Kind: sqlservertest.Cut}, broken, 0},
		{sqlservertest.Fault{Stage: sqlservertest.InLogOn, Kind: sqlservertest.Cut}, "the server closed the connection", 0},
	} {
		t.Run(fmt.Sprintf("%s, %s", test.fault.Stage, test.fault.Kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				r := judgedLive(t, site, test.fault)
				if took := time.Since(start); took > test.limit+time.Second {
					t.Errorf("the run took %v; want %v", took, test.limit)
				}
				if !slices.ContainsFunc(r.Causes, func(c report.Cause) bool { return strings.Contains(c.Cause, test.cause) }) {
					t.Errorf("no cause has %q: %+v", test.cause, r.Causes)
				}
				for i, c := range r.Checks {
					switch before := well.Checks[i]; {
					case needs(before) && c.Status == "passed":
						t.Errorf("%s passed without SQL Server", c.ID)
					case !needs(before) && c.Status != before.Status:
						t.Errorf("%s does not need SQL Server, and is %s instead of %s", c.ID, c.Status, before.Status)
					}
				}
				synctest.Wait()
				if left := ours(); len(left) > 0 || len(r.Hanging) > 0 {
					t.Errorf("%d goroutines are left, and the report counts %v:\n%s", len(left), r.Hanging, strings.Join(left, "\n\n"))
				}
			})
		})
	}
}
