package catalog_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/sqlserver"
)

// sqlObject is one object of testdata/sql/objects.yaml.
type sqlObject struct {
	Object  string              `yaml:"object"`
	Mark    string              `yaml:"mark"`
	Source  string              `yaml:"source"`
	Columns map[string][]string `yaml:"columns"` // by mark
}

// mark is the mark of a column; empty for one that is not known.
func (o sqlObject) mark(column string) string {
	for mark, columns := range o.Columns {
		if slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, column) }) {
			return mark
		}
	}
	return ""
}

const unverified = "unverified"

func sqlObjects(t *testing.T) map[string]sqlObject {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "testdata", "sql", "objects.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []sqlObject
	if err := yaml.UnmarshalWithOptions(data, &list, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	marks := []string{"doc", "seed", "community", "derived", unverified}
	all := map[string]sqlObject{}
	for _, o := range list {
		key := strings.ToLower(o.Object)
		if _, known := all[key]; known || o.Source == "" || !slices.Contains(marks, o.Mark) {
			t.Errorf("objects.yaml: %s is doubled, has no source, or the mark %q", o.Object, o.Mark)
		}
		seen := map[string]bool{}
		for mark, columns := range o.Columns {
			for _, c := range columns {
				if !slices.Contains(marks, mark) || seen[strings.ToLower(c)] {
					t.Errorf("objects.yaml: %s: %s is doubled, or has the mark %q", o.Object, c, mark)
				}
				seen[strings.ToLower(c)] = true
			}
		}
		all[key] = o
	}
	return all
}

// keyOf is what objects.yaml calls an object: those of the schema sys are alike everywhere.
func keyOf(object string) string {
	key := strings.ToLower(object)
	if at := strings.LastIndex("."+key, ".sys."); at >= 0 {
		key = key[at:]
	}
	return key
}

// wordsOfSQL are the words of T-SQL that statements use, beside functions.
const wordsOfSQL = ` ALL AND AS ASC BETWEEN BY CASE CROSS APPLY DESC DISTINCT ELSE END EXISTS EXCEPT FROM FULL GROUP HAVING IN INNER INTERSECT
 IS JOIN LEFT LIKE NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION RIGHT ROWS SELECT TOP THEN UNION VALUES WHEN WHERE WITH COLLATE ESCAPE
 BIGINT BINARY BIT CHAR DATE DATETIME DATETIME2 DECIMAL FLOAT INT NUMERIC NVARCHAR SMALLINT SYSNAME TINYINT UNIQUEIDENTIFIER VARBINARY VARCHAR MAX
 DAY HOUR MINUTE SECOND DATABASE_DEFAULT `

var sqlWord = regexp.MustCompile(`@+[A-Za-z_]+|0x[0-9A-Fa-f]+|[A-Za-z_][A-Za-z0-9_$]*|[^\sA-Za-z_]`)

// unknownNames says which names of a statement are not in objects.yaml. A column that no alias
// places must be one of any object of the statement.
func unknownNames(text string, known map[string]sqlObject) []string {
	var wrong []string
	any := map[string]bool{} // columns, aliases and parts of names
	add := func(word string) { any[strings.ToLower(word)] = true }
	for _, n := range sqlserver.Names(text) {
		o, found := known[keyOf(n.Object)]
		switch {
		case !found && n.Column == "":
			wrong = append(wrong, n.Object)
		case found && n.Column != "" && o.mark(n.Column) == "":
			wrong = append(wrong, n.Object+": "+n.Column)
		}
		for part := range strings.SplitSeq(n.Object, ".") {
			add(part)
		}
		for _, columns := range o.Columns {
			for _, c := range columns {
				add(c)
			}
		}
	}
	words := sqlWord.FindAllString(sqlLiteral.ReplaceAllString(text, "''"), -1)
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return words[i]
	}
	isWord := func(i int) bool { return regexp.MustCompile(`^[A-Za-z_]`).MatchString(at(i)) }
	isSQL := func(i int) bool { return strings.Contains(wordsOfSQL, " "+strings.ToUpper(at(i))+" ") }
	lists := false // names of the columns of what stands before
	for i := range words {
		switch {
		case strings.EqualFold(at(i+1), "AS") && at(i+2) == "(", strings.EqualFold(at(i-1), "AS"), at(i+1) == ".", at(i-1) == ")" && isWord(i) && !isSQL(i), isWord(i-1) && !isSQL(i-1) && isWord(i) && !isSQL(i):
			add(at(i)) // what WITH names, an alias, or what stands before a column
		}
		if at(i) == "(" && isWord(i-1) && !isSQL(i-1) && (at(i-2) == ")" || strings.EqualFold(at(i-2), "AS") && at(i-3) == ")") {
			lists = true
		}
		if lists {
			add(at(i))
			lists = at(i) != ")"
		}
	}
	for i, word := range words {
		if isWord(i) && !isSQL(i) && at(i+1) != "(" && !any[strings.ToLower(word)] {
			wrong = append(wrong, word)
		}
	}
	return wrong
}

// Statements name only objects and columns that stand in objects.yaml, with a mark.
func TestStatementsNameWhatIsKnown(t *testing.T) {
	known := sqlObjects(t)
	for name, text := range statements(t) {
		if name == "connection-setup" { // it reads nothing
			continue
		}
		if wrong := unknownNames(text, known); len(wrong) > 0 {
			t.Errorf("%s names %s, which testdata/sql/objects.yaml does not have (or it is a word of T-SQL that the test does not know)", name, strings.Join(wrong, ", "))
		}
	}
}

// The test above can fail.
func TestNamesThatAreNotKnown(t *testing.T) {
	known := sqlObjects(t)
	for text, want := range map[string]string{
		"SELECT s.SiteCode AS code, COUNT(1) AS n, 1 AS may_see FROM dbo.v_Site s WHERE s.Type = 4":                              "",
		"SELECT s.Nonsense AS code, 1 AS may_see FROM dbo.v_Site s":                                                              "dbo.v_Site: Nonsense Nonsense",
		"SELECT 1 AS may_see FROM dbo.v_Sites s":                                                                                 "dbo.v_Sites",
		"SELECT Nonsense AS code, 1 AS may_see FROM dbo.v_Site":                                                                  "Nonsense",
		"SELECT SiteCode, Version, 1 AS may_see FROM dbo.v_Site ORDER BY SiteCode":                                               "",
		"SELECT f.size, 1 AS may_see FROM tempdb.sys.database_files f JOIN sys.nothing n ON n.x = 1":                             "sys.nothing x",
		"SELECT b.type, b.server, 1 AS may_see FROM msdb.dbo.backupset b":                                                        "msdb.dbo.backupset: server server",
		"SELECT v.p, v.q, d.c, 1 AS may_see FROM (SELECT s.Type AS c FROM dbo.v_Site s) d JOIN (VALUES (1, 2)) v(p, q) ON 1 = 1": "",
		"SELECT dbo.fnNothing() AS a, 1 AS may_see":                                                                              "dbo.fnNothing",
	} {
		if wrong := strings.Join(unknownNames(text, known), " "); wrong != want {
			t.Errorf("%s: %q, wanted %q", text, wrong, want)
		}
	}
}

// What stands on names that no document of Microsoft's has is could not check where they are
// not there: no check that asks for them passes then.
func TestNamesThatMayNotBeThere(t *testing.T) {
	known := sqlObjects(t)
	shaky := map[string]bool{} // statements
	for name, text := range statements(t) {
		for _, n := range sqlserver.Names(text) {
			o := known[keyOf(n.Object)]
			mark := o.Mark
			if n.Column != "" {
				mark = o.mark(n.Column)
			}
			shaky[name] = shaky[name] || mark != "doc" && mark != "seed"
		}
	}
	all := catalog.All()
	everything, err := checks.Select(all, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, site := range []string{"primary", "cas"} {
		for name := range shaky {
			if !shaky[name] {
				continue
			}
			r, readAt := scenario{Site: site}.reader(t)
			for _, reason := range []error{platform.ErrAbsent, platform.ErrUnsupported} {
				without := platformtest.Refusing(r, reason, func(q platform.Question) bool { return q.Kind == platform.KindSQL && q.What == name })
				m := platform.Open(t.Context(), without, readAt, platform.DefaultLimits())
				results := checks.Run(t.Context(), m, all, everything, checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: readAt})
				for _, result := range results {
					asked := slices.ContainsFunc(result.Evidence, func(s platform.Seen) bool {
						return s.Question.Kind == platform.KindSQL && s.Question.What == name && s.Use != platform.Noted
					})
					if !asked {
						continue
					}
					seen++
					if result.Status == checks.Passed {
						t.Errorf("%s: %s passes, though %s is %v", site, result.Check.ID, name, reason)
					}
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d results stood on such names", seen)
	}
}
