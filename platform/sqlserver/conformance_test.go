package sqlserver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/sqlserver"
	"siteready/platform/sqlserver/sqlservertest"
)

// The live reader of SQL Server is a reader like all others: over an encrypted connection,
// over a plain one, and to two databases at once.
func TestConformance(t *testing.T) {
	rows := func(columns []sqlservertest.Column, rows ...[]any) sqlservertest.Result {
		return sqlservertest.Result{Columns: append(columns, sqlservertest.Column{Name: "may_see", Type: "int"}), Rows: rows}
	}
	backup := time.Date(2026, 11, 19, 22, 0, 0, 0, time.UTC)
	tables := sqlservertest.Tables{
		"one": rows(nil, []any{1}),
		"types": rows(
			[]sqlservertest.Column{{Name: "text", Type: "nvarchar(max)"}, {Name: "number", Type: "bigint"}, {Name: "price", Type: "decimal(9,2)"}, {Name: "at", Type: "datetime2(7)"}, {Name: "yes", Type: "bit"}},
			[]any{"größer <&> \"x\"\t\n", int64(-1) << 63, "-12.50", backup, true, 1}, []any{nil, nil, nil, nil, nil, 1},
		),
		"large": rows([]sqlservertest.Column{{Name: "text", Type: "nvarchar(max)"}}, []any{strings.Repeat("x", platform.MaxAnswer-64), 1}),
	}
	for name, encryption := range map[string]struct {
		server sqlservertest.Encryption
		client sqlserver.Encryption
	}{
		"encrypted": {sqlservertest.On, sqlserver.Mandatory},
		"plain":     {sqlservertest.NotSupported, sqlserver.Disable},
	} {
		t.Run(name, func(t *testing.T) {
			server := sqlservertest.Start(t, sqlservertest.Config{
				User: "conformance", Password: "conformance-1", Encryption: encryption.server,
				Databases: map[string]sqlservertest.Tables{"CM_P01": tables, "SUSDB": {"one": tables["one"]}},
			})
			options := sqlserver.Options{
				User: "conformance", Password: "conformance-1", Encryption: encryption.client,
				Local: func(string) bool { return false },
			}
			if encryption.client == sqlserver.Mandatory {
				options.CAFile = server.CAFile()
			}
			r, err := sqlserver.New(options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
			host, port := server.Addr()
			ask := func(database, statement string) platform.Question {
				return platform.SQL[struct{}](statement, "SELECT a.Name AS name, 1 AS may_see FROM dbo.Some a").In(fmt.Sprintf("%s,%d", host, port), database).Question
			}
			known := []platform.Question{ask("CM_P01", "one"), ask("CM_P01", "types"), ask("CM_P01", "large"), ask("SUSDB", "one")}
			absent := []platform.Question{ask("CM_P01", "nobody"), ask("SUSDB", "types")}
			if err := platformtest.TestReader(t.Context(), r, known, absent); err != nil {
				t.Error(err)
			}
			// It was the server that answered.
			if n := len(server.Received()); n < 2*(len(known)+len(absent)) {
				t.Errorf("the server received %d statements", n)
			}
		})
	}
}
