package sqlservertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

// lookUp sends a look-up of names and returns the rows, each as one text.
func lookUp(ctx context.Context, db *sql.DB, statement string, names ...string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "/* siteready: "+statement+".names */ SELECT 1 FROM (VALUES "+strings.Join(names, ", ")+") n(a, b, c, d)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var about, objectThere, columnThere, maySee int
		var object, column string
		if err := rows.Scan(&about, &object, &column, &objectThere, &columnThere, &maySee); err != nil {
			return nil, err
		}
		all = append(all, fmt.Sprintf("%d %s %s %d%d%d", about, object, column, objectThere, columnThere, maySee))
	}
	return all, rows.Err()
}

func TestMissing(t *testing.T) {
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{
		"objects": {Missing: []sqlservertest.Missing{{Object: "dbo.C", Column: "X"}, {Object: "dbo.A"}, {Object: "dbo.B", Hidden: true}}},
		"columns": {Missing: []sqlservertest.Missing{{Object: "dbo.A", Column: "X"}, {Object: "dbo.A", Column: "Y", Hidden: true}}},
		"other":   {Missing: []sqlservertest.Missing{{Object: "dbo.A"}}, OfServiceManager: true},
		"own":     {Missing: []sqlservertest.Missing{{Object: "dbo.A"}}, Err: &sqlservertest.Error{Number: 4121, State: 1, Class: 16, Message: "dbo.A"}},
	})
	db, _ := open(t, s, nil)
	for statement, want := range map[string]struct {
		number int32
		texts  []string
	}{
		"objects": {208, []string{"Invalid object name 'dbo.A'."}},
		"columns": {207, []string{"Invalid column name 'X'.", "Invalid column name 'Y'."}},
		"own":     {4121, []string{"dbo.A"}},
	} {
		_, err := queryCount(t.Context(), db, statement)
		var texts []string
		for _, e := range wantError(t, err, want.number).All {
			texts = append(texts, e.Message)
		}
		if !slices.Equal(texts, want.texts) {
			t.Errorf("%s: the errors are %q; want %q", statement, texts, want.texts)
		}
	}
	names := []string{
		"(0, N'dbo.A', N'', 1)", "(0, N'DBO.a', N'x', (SELECT 1))", "(0, N'dbo.A', N'Y', (SELECT 1))", "(0, N'dbo.B', N'', 1)",
		"(0, N'dbo.[It''s]', N'', 1)", "(0, N'tempdb.sys.t', N'', 1)", "(1, N'dbo.C', N'', 1)", "(2, N'dbo.D', N'', 1)",
	}
	for statement, want := range map[string][]string{
		"objects": {"0 dbo.A  011", "0 DBO.a x 001", "0 dbo.A Y 001", "0 dbo.B  010", "0 dbo.[It's]  111", "0 tempdb.sys.t  111", "1 dbo.C  111", "2 dbo.D  011"},
		"columns": {"0 dbo.A  111", "0 DBO.a x 101", "0 dbo.A Y 100", "0 dbo.B  111", "0 dbo.[It's]  111", "0 tempdb.sys.t  111", "1 dbo.C  111", "2 dbo.D  011"},
		"other":   {"0 dbo.A  011", "0 DBO.a x 001", "0 dbo.A Y 001", "0 dbo.B  111", "0 dbo.[It's]  111", "0 tempdb.sys.t  111", "1 dbo.C  011", "2 dbo.D  111"},
		"unknown": {"0 dbo.A  011", "0 DBO.a x 001", "0 dbo.A Y 001", "0 dbo.B  011", "0 dbo.[It's]  011", "0 tempdb.sys.t  111", "1 dbo.C  111", "2 dbo.D  011"},
	} {
		if got, err := lookUp(t.Context(), db, statement, names...); !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: got %q, %v; want %q", statement, got, err, want)
		}
	}
	empty, _ := open(t, s, options{"database": "master"})
	want := []string{"0 dbo.A  011", "0 tempdb.sys.t  111", "1 dbo.C  011"}
	if got, err := lookUp(t.Context(), empty, "objects", names[0], names[5], names[6]); !slices.Equal(got, want) || err != nil {
		t.Errorf("in an empty database: got %q, %v; want %q", got, err, want)
	}
}
