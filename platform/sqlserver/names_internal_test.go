package sqlserver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"siteready/platform"
)

// written is names as one text each: an object, or object:column.
func written(names []name) string {
	var all []string
	for _, n := range names {
		if n.column != "" {
			all = append(all, n.object+":"+n.column)
			continue
		}
		all = append(all, n.object)
	}
	return strings.Join(all, " ")
}

func TestNamesIn(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", `SELECT 1 AS may_see`, ``},
		{"a table", `SELECT 1 AS may_see FROM dbo.A`, `dbo.A`},
		{"its columns", `SELECT a.X AS x, a.Y, 1 AS may_see FROM dbo.A a WHERE a.Z = 1 AND a.x = 2`, `dbo.A dbo.A:X dbo.A:Y dbo.A:Z`},
		{"AS before the alias", `SELECT b.X AS x, 1 AS may_see FROM dbo.A AS b`, `dbo.A dbo.A:X`},
		{"no alias", `SELECT A.X, dbo.A.Y, Z, 1 AS may_see FROM dbo.A WHERE A.W = 1`, `dbo.A dbo.A:X dbo.A:Y dbo.A:W`},
		{"joins", `SELECT a.X, 1 AS may_see FROM dbo.A a LEFT JOIN dbo.B b ON b.ID = a.ID INNER JOIN C c ON c.ID = b.ID CROSS JOIN sys.databases`, `dbo.A dbo.A:X dbo.A:ID dbo.B dbo.B:ID C C:ID sys.databases`},
		{"a list of tables", `SELECT a.X, b.Y, 1 AS may_see FROM dbo.A a, dbo.B AS b WHERE a.X IN (1, 2) ORDER BY a.X, b.Y`, `dbo.A dbo.A:X dbo.B dbo.B:Y`},
		{"tables in parentheses", `SELECT a.X, 1 AS may_see FROM (dbo.A a JOIN dbo.B b ON b.ID = a.ID) WHERE b.Y = 1`, `dbo.A dbo.A:X dbo.A:ID dbo.B dbo.B:ID dbo.B:Y`},
		{"a hint", `SELECT a.X, 1 AS may_see FROM dbo.A a WITH (NOLOCK) JOIN dbo.B WITH (NOLOCK) ON B.Y = 1`, `dbo.A dbo.A:X dbo.B dbo.B:Y`},
		{"another database", `SELECT b.x, m.y, 1 AS may_see FROM msdb.dbo.backupset b JOIN msdb..backupmediafamily m ON 1 = 1`, `msdb.dbo.backupset msdb.dbo.backupset:x msdb..backupmediafamily msdb..backupmediafamily:y`},
		{"a function", `SELECT dbo.fnCode() AS code, LOWER(a.X), GETDATE(), 1 AS may_see FROM dbo.A a WHERE a.Code = dbo.fnCode()`, `dbo.fnCode dbo.A dbo.A:X dbo.A:Code`},
		{
			"a function that is a table",
			`SELECT v.free, f.id, s.value, 1 AS may_see FROM sys.database_files f OUTER APPLY sys.dm_os_volume_stats(DB_ID(), f.file_id) v CROSS APPLY STRING_SPLIT(f.name, (',')) AS s`,
			`sys.database_files sys.database_files:id sys.database_files:file_id sys.database_files:name sys.dm_os_volume_stats sys.dm_os_volume_stats:free`,
		},
		{"subqueries", `SELECT (SELECT MAX(b.X) FROM dbo.B b) AS x, 1 AS may_see FROM dbo.A a WHERE EXISTS (SELECT 1 FROM dbo.C c WHERE c.ID = a.ID)`, `dbo.B dbo.B:X dbo.A dbo.A:ID dbo.C dbo.C:ID`},
		{"a derived table", `SELECT d.X, 1 AS may_see FROM (SELECT a.Y AS X FROM dbo.A a) d JOIN (VALUES (1, 2)) AS v(p, q) ON v.p = d.X`, `dbo.A dbo.A:Y`},
		{"WITH", `WITH c AS (SELECT a.X FROM dbo.A a), d (Y) AS (SELECT c.X FROM c) SELECT d.Y, e.Z, 1 AS may_see FROM d JOIN c AS e ON 1 = 1`, `dbo.A dbo.A:X`},
		{"one alias for two", `SELECT a.X, 1 AS may_see FROM dbo.A a WHERE EXISTS (SELECT 1 FROM dbo.B a WHERE a.Y = 1)`, `dbo.A dbo.B`},
		{"an alias of what is no object", `SELECT a.X, 1 AS may_see FROM dbo.A a WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS Y) a WHERE a.Y = 1)`, `dbo.A`},
		{"brackets", `SELECT [a].[X y], a."Z", a.[from], 1 AS may_see FROM [dbo].[A b] [a] JOIN "dbo".[C]]d] AS [where] ON [where].E = 1`, `dbo.[A b] dbo.[A b]:X y dbo.[A b]:Z dbo.[A b]:from dbo.[C]]d] dbo.[C]]d]:E`},
		{"names in literals", `SELECT N'FROM dbo.B b', 'it''s a.Q', HAS_PERMS_BY_NAME(N'dbo.C', N'OBJECT', N'SELECT') AS may_see FROM dbo.A a`, `dbo.A`},
		{"FROM that begins no tables", `SELECT TRIM(' ' FROM a.X), 1 AS may_see FROM dbo.A a WHERE a.Y IS NOT DISTINCT FROM a.Z`, `dbo.A dbo.A:X dbo.A:Y dbo.A:Z`},
		{"a method of a column", `SELECT a.Doc.value('x', 'int'), n.v.value('y', 'int'), 1 AS may_see FROM dbo.A a CROSS APPLY a.Doc.nodes('/z') n(v)`, `dbo.A`},
		{"numbers and products", `SELECT a.X * 8192 / 1.5, .5, 1e5, 1 AS may_see FROM dbo.A a`, `dbo.A dbo.A:X`},
		{"UNION within", `SELECT d.X, 1 AS may_see FROM (SELECT a.X FROM dbo.A a UNION ALL SELECT b.X FROM dbo.B b GROUP BY b.X, b.Y) d`, `dbo.A dbo.A:X dbo.B dbo.B:X dbo.B:Y`},
		{"variables and temporary tables", `SELECT t.X, @@VERSION, 1 AS may_see FROM #t t`, ``},
		{"the system of another database", `SELECT f.size, 1 AS may_see FROM tempdb.sys.database_files f`, `tempdb.sys.database_files tempdb.sys.database_files:size`},
		{"capital letters", `select A.x, 1 as may_see from DBO.a A join dbo.A b on B.X = a.y`, `DBO.a DBO.a:x DBO.a:y`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := platform.CheckSQL(test.text); err != nil {
				t.Fatal(err)
			}
			if got := written(namesIn(test.text)); got != test.want {
				t.Errorf("it names\n%s; want\n%s", got, test.want)
			}
		})
	}
}

// statements are all that the program has, by name: what stands in calls of platform.SQL. What
// is put together there of more than literals is 1.
func statements(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("../../checks", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 2 {
				return true
			}
			index, ok := call.Fun.(*ast.IndexExpr)
			if !ok {
				return true
			}
			if f, ok := index.X.(*ast.SelectorExpr); ok && f.Sel.Name == "SQL" {
				found[literal(call.Args[0])] = strings.Join(strings.Fields(literal(call.Args[1])), " ")
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only these statements were found: %v", found)
	}
	return found
}

// literal is the text of an expression, whose other parts are 1.
func literal(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return text
		}
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	}
	return "1"
}

// Of each statement of the program every object is found, as a plain search finds them, and no
// column that does not stand behind an alias of one; and the look-up that is made of them is a
// statement that may be sent.
func TestNamesInAllStatements(t *testing.T) {
	quoted := regexp.MustCompile(`N?'(?:[^']|'')*'`)
	objects := regexp.MustCompile(`\b(?:(?:msdb|tempdb|master)\.)?(?:dbo|sys|infra|etl)\.([\w$]+)`)
	aliased := regexp.MustCompile(`\b(?:dbo|sys|infra|etl)\.[\w$]+(?:\((?:[^()]|\([^()]*\))*\))? (?:AS )?(\w+)`)
	columns := regexp.MustCompile(`(?:^|[^.\w])(\w+)\.\[?(\w+)`)
	for statement, text := range statements(t) {
		bareText := quoted.ReplaceAllString(text, "''")
		var want []string
		for _, found := range objects.FindAllString(bareText, -1) {
			if !slices.Contains(want, found) {
				want = append(want, found)
			}
		}
		aliases, wantColumns := map[string]bool{}, map[string]bool{}
		for _, found := range aliased.FindAllStringSubmatch(bareText, -1) {
			aliases[found[1]] = true
		}
		for _, found := range columns.FindAllStringSubmatch(bareText, -1) {
			if aliases[found[1]] {
				wantColumns[found[2]] = true
			}
		}
		var got []string
		gotColumns := map[string]bool{}
		names := namesIn(text)
		for _, n := range names {
			if n.column == "" {
				got = append(got, n.object)
			} else {
				gotColumns[n.column] = true
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s names the objects %v; want %v", statement, got, want)
		}
		for column := range gotColumns {
			if !wantColumns[column] {
				t.Errorf("%s: the column %s is none of %v", statement, column, wantColumns)
			}
		}
		if len(gotColumns) == 0 && len(wantColumns) > 0 {
			t.Errorf("%s names no columns; want %v", statement, wantColumns)
		}
		for column := range wantColumns {
			if !gotColumns[column] {
				t.Logf("%s: the column %s is left out", statement, column)
			}
		}
		if err := platform.CheckSQL(lookUpText(names)); err != nil {
			t.Errorf("%s: the look-up is refused: %v", statement, err)
		}
	}
}

// Whatever is a statement of ours, its look-up is one too, and asks for each name once.
func FuzzNamesIn(f *testing.F) {
	for _, seed := range []string{
		"SELECT a.X AS x, dbo.fn() AS y, 1 AS may_see FROM dbo.A a JOIN msdb..B AS b ON b.ID = a.ID WHERE a.Z IN (SELECT c.Z FROM sys.t c)",
		"WITH c (d) AS (SELECT 1) SELECT c.d, 1 AS may_see FROM c CROSS APPLY [x'y].[z]]].f(c.d, (1)) \"q\"\"r\"",
		"SELECT 1 AS may_see FROM (dbo.A a JOIN (VALUES (1)) v(w) ON v.w = a.w), [DROP].[a b].[c], .x..y",
		"SELECT 1 AS may_see FROM", "SELECT N'' AS [], 1 AS may_see FROM [].[] AS []",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := namesIn(text)
		if platform.CheckSQL(text) != nil || len(names) == 0 {
			return
		}
		seen := map[string]bool{}
		for _, n := range names {
			key := strings.ToLower(n.object + "\x00" + n.column)
			if n.object == "" || seen[key] {
				t.Errorf("%q: the name %q %q is empty, or there twice", text, n.object, n.column)
			}
			seen[key] = true
		}
		if err := platform.CheckSQL(lookUpText(names)); err != nil {
			t.Errorf("%q: the look-up is refused: %v", text, err)
		}
	})
}
