package catalog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/sqlserver"
)

// statements are the texts of all that SQL Server is ever sent, by name.
func statements(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{
		"connection-setup": sqlserver.SessionSetup,
		"look-up": strings.ReplaceAll(sqlserver.LookUp, "{names}", "(0, N'dbo.A', N'', 1), (1, N'sys.databases', N'name', "+
			"(SELECT COUNT(1) FROM sys.system_columns c WHERE c.object_id = OBJECT_ID(N'sys.databases') AND c.name = N'name'))"),
	}
	for _, one := range catalog.Questions() {
		if one.Form.Kind != platform.KindSQL {
			continue
		}
		if other, known := all[one.Form.What]; known && other != one.Form.Text {
			t.Errorf("two statements are called %s", one.Form.What)
		}
		all[one.Form.What] = one.Form.Text
	}
	if len(all) < 20 {
		t.Fatalf("only %d statements were found", len(all))
	}
	return all
}

// wronglyRefused is what Debian's sqlfluff 1.4.5 does not take, and SQL Server takes. It is
// replaced before sqlfluff sees a statement, so that the rest is still looked at. Each has an
// example, which must be refused: what a newer sqlfluff takes need not be replaced.
var wronglyRefused = []struct {
	pattern              *regexp.Regexp
	instead, example     string
	why                  string
	onlyInTheConnections bool // and in no statement
}{
	{
		pattern: regexp.MustCompile(`\b0x[0-9A-Fa-f]+\b`), instead: "1", example: "SELECT 0x01 AS n",
		why: "it knows no binary constants",
	},
	{
		pattern: regexp.MustCompile(`(?i)\bAS (read_only)\b`), instead: "AS [$1]", example: "SELECT 1 AS read_only",
		why: "it takes READ_ONLY for a reserved word, which T-SQL does not reserve",
	},
	{
		pattern: regexp.MustCompile(`([A-Za-z0-9_])\$([A-Za-z])`), instead: "${1}_${2}", example: "SELECT s.n FROM dbo.A$B s",
		why: "it knows no $ within a name, which classes of Service Manager have in theirs",
	},
	{
		pattern: regexp.MustCompile(`SET (LOCK_TIMEOUT \d+|DEADLOCK_PRIORITY LOW);`), instead: "", example: "SET LOCK_TIMEOUT 5000;",
		why: "it knows few of the options of SET", onlyInTheConnections: true,
	},
}

// forSqlfluff is a statement without what sqlfluff wrongly refuses.
func forSqlfluff(text string) string {
	for _, one := range wronglyRefused {
		text = one.pattern.ReplaceAllString(text, one.instead)
	}
	return text
}

var (
	sqlLiteral = regexp.MustCompile(`N?'(?:[^']|'')*'`)
	sqlCall    = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.]*\([^()]*\)`)
	sqlType    = regexp.MustCompile(`\bAS (?:nvarchar|varchar|varbinary|char|decimal|numeric)\((?:[0-9]+(?:, ?[0-9]+)?|max)\)`)
	sqlNumber  = regexp.MustCompile(`\b[0-9]+\b`)
	sqlCase    = regexp.MustCompile(`\b(?:CASE|END)\b`)
)

// pieces takes a statement apart into a function call, a CASE or a subquery each, in whose place
// a name is left. When all pieces are T-SQL, so is the whole. sqlfluff takes a minute for what
// is nested deeply, and many pieces are the same in many statements but for numbers and texts.
func pieces(text string) []string {
	text = sqlLiteral.ReplaceAllStringFunc(text, func(literal string) string { return literal[:strings.Index(literal, "'")] + "'a'" })
	text = sqlNumber.ReplaceAllString(sqlType.ReplaceAllString(text, "AS int"), "1")
	var all []string
	for {
		from, to, piece, instead := innermost(text)
		if piece == "" {
			return append(all, text)
		}
		all = append(all, piece)
		text = text[:from] + instead + text[to:]
	}
}

// innermost finds a piece with none within, where it stands, and what is put in its place.
func innermost(text string) (from, to int, piece, instead string) {
	for _, at := range sqlCall.FindAllStringIndex(text, -1) {
		if !strings.HasPrefix(text[at[1]:], " OVER") {
			return at[0], at[1], "SELECT " + text[at[0]:at[1]] + " AS y", "x"
		}
	}
	words := sqlCase.FindAllStringIndex(text, -1)
	for i := 1; i < len(words); i++ {
		from, to := words[i-1][0], words[i][1]
		if strings.HasPrefix(text[from:], "CASE") && strings.HasSuffix(text[:to], "END") {
			return from, to, "SELECT " + text[from:to] + " AS y", "x"
		}
	}
	const subquery, taken = "(SELECT ", "(SELECT 1 AS y)"
	for end := len(text); end > 0; {
		from := strings.LastIndex(text[:end], subquery)
		if from < 0 {
			break
		}
		end = from
		if strings.HasPrefix(text[from:], taken) {
			continue
		}
		depth := 0
		for i := from; i < len(text); i++ {
			switch text[i] {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return from, i + 1, text[from+1 : i], taken
				}
			}
		}
	}
	return 0, 0, "", ""
}

func TestPieces(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1 AS a":                          "SELECT 1 AS a",
		"SELECT F(G(1), N'x (') AS a, F(2) AS b": "SELECT G(1) AS y; SELECT F(x, N'a') AS y; SELECT F(1) AS y; SELECT x AS a, x AS b",
		"SELECT CAST(a AS nvarchar(128)) AS a":   "SELECT CAST(a AS int) AS y; SELECT x AS a",
		"SELECT CASE WHEN 1 = 1 THEN CASE WHEN a = 1 THEN 1 END ELSE 5 END AS a":              "SELECT CASE WHEN a = 1 THEN 1 END AS y; SELECT CASE WHEN 1 = 1 THEN x ELSE 1 END AS y; SELECT x AS a",
		"SELECT COUNT(1) OVER () AS a FROM (SELECT b FROM (SELECT 1 AS b) c WHERE b > (1)) d": "SELECT 1 AS b; SELECT b FROM (SELECT 1 AS y) c WHERE b > (1); SELECT COUNT(1) OVER () AS a FROM (SELECT 1 AS y) d",
		"SELECT F(1 AS a": "SELECT F(1 AS a",
	} {
		if got := strings.Join(pieces(text), "; "); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// broken are no T-SQL.
func broken() map[string]string {
	const good = "SELECT s.SiteCode AS code, 1 AS may_see FROM dbo.v_Site s WHERE s.Type IN (1, 2) ORDER BY s.SiteCode"
	cut := func(what, instead string) string { return strings.Replace(good, what, instead, 1) }
	return map[string]string{
		"a comma is missing":              cut(", 1", " 1"),
		"a comma is too many":             cut("may_see FROM", "may_see, FROM"),
		"a parenthesis is not closed":     cut("2)", "2"),
		"a parenthesis is not opened":     cut("(1", "1"),
		"WHERE without a condition":       cut("s.Type IN (1, 2) ", ""),
		"ORDER without BY":                cut("ORDER BY", "ORDER"),
		"GROUP without BY":                cut("ORDER BY", "GROUP"),
		"a misspelt word":                 cut("SELECT", "SELEC"),
		"CASE without END":                cut("1 AS", "CASE WHEN 1 = 1 THEN 1 AS"),
		"LEFT without JOIN":               cut("s WHERE", "s LEFT dbo.Sites t ON t.SiteCode = s.SiteCode WHERE"),
		"a literal that is not closed":    cut("s.SiteCode AS", "N'P01 AS"),
		"a reserved word for a column":    cut("AS code", "AS clustered"),
		"another reserved word":           cut("AS code", "AS order"),
		"LIMIT, which is of others":       good + " LIMIT 5",
		"backticks, which are of others":  cut("s.SiteCode AS", "`SiteCode` AS"),
		"two signs of equality":           cut("IN (1, 2)", "== 1"),
		"half of a second statement":      good + "; SELECT",
		"an operator without a left side": cut("s.Type IN", "IN"),
	}
}

// parse has sqlfluff parse texts as T-SQL in one call, which takes seconds: it is slow. It says
// for each text what is wrong with it.
func parse(t *testing.T, texts map[string]string) map[string][]string {
	t.Helper()
	program, err := exec.LookPath("sqlfluff")
	if err != nil {
		t.Fatal("sqlfluff is not installed; .ci/install-test-tools installs it: ", err)
	}
	dir := t.TempDir()
	name := map[string]string{} // of each file
	for text, content := range texts {
		file := fmt.Sprintf("%03d.sql", len(name))
		name[file] = text
		// Without a newline at the end rule L009 names each file that was read.
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	cmd := exec.CommandContext(t.Context(), program, "lint", "--dialect", "tsql", "--templater", "raw", "--ignore-local-config",
		"--rules", "L009", "--processes", "0", "--disable_progress_bar", "--nocolor", "--format", "json", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: something was found
		t.Fatalf("sqlfluff: %v\n%s", err, &stderr)
	}
	var files []struct {
		Path       string `json:"filepath"`
		Violations []struct {
			Code        string `json:"code"`
			Description string `json:"description"`
		} `json:"violations"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &files); err != nil {
		t.Fatalf("sqlfluff printed no JSON: %v\n%.500s\n%s", err, &stdout, &stderr)
	}
	found := map[string][]string{}
	for _, file := range files {
		text, known := name[filepath.Base(file.Path)]
		if !known {
			t.Fatalf("sqlfluff read %s", file.Path)
		}
		found[text] = []string{}
		for _, v := range file.Violations {
			if v.Code != "L009" {
				found[text] = append(found[text], v.Code+" "+v.Description)
			}
		}
	}
	for text := range texts {
		if _, read := found[text]; !read {
			t.Errorf("sqlfluff did not read %s\n%s", text, &stderr)
		}
	}
	t.Logf("sqlfluff parsed %d texts in %v, with %v of processor time", len(texts), time.Since(began).Round(100*time.Millisecond),
		(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(100*time.Millisecond))
	return found
}

// All that SQL Server is sent is T-SQL, as Debian's sqlfluff knows it, and what is none is refused.
func TestStatementsParse(t *testing.T) {
	t.Parallel()
	whole, replaced := map[string]string{}, make([]bool, len(wronglyRefused))
	for name, text := range statements(t) {
		whole["statement "+name] = forSqlfluff(text)
		for i, one := range wronglyRefused {
			found := one.pattern.MatchString(text)
			replaced[i] = replaced[i] || found
			if found && one.onlyInTheConnections && name != "connection-setup" {
				t.Errorf("%s has %q", name, one.pattern.FindString(text))
			}
		}
	}
	for what, text := range broken() {
		whole["broken "+what] = text
	}
	for i, one := range wronglyRefused {
		whole["example "+one.example] = one.example
		if !replaced[i] {
			t.Errorf("no statement has %s any more: take it out of wronglyRefused", one.pattern)
		}
	}
	texts := map[string]string{} // by themselves: what is the same is parsed once
	for _, text := range whole {
		for _, piece := range pieces(text) {
			texts[piece] = piece
		}
	}
	found := parse(t, texts)
	for what, text := range whole {
		var wrong []string
		for _, piece := range pieces(text) {
			for _, complaint := range found[piece] {
				wrong = append(wrong, complaint+" in "+piece)
			}
		}
		switch kind, name, _ := strings.Cut(what, " "); {
		case kind == "statement" && len(wrong) > 0:
			t.Errorf("%s is no T-SQL, or sqlfluff refuses it wrongly (then see wronglyRefused): %s", name, strings.Join(wrong, "; "))
		case kind == "broken" && len(wrong) == 0:
			t.Errorf("%s is not refused: %s", name, text)
		case kind == "example" && len(wrong) == 0:
			t.Errorf("sqlfluff takes %q by now: take it out of wronglyRefused", name)
		}
	}
}
