package platform

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The patterns that the readers of sqltext.go stand for.
const quotedPattern = `N?'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*"`

var (
	quotedForm    = regexp.MustCompile(quotedPattern)
	spaceForm     = regexp.MustCompile(quotedPattern + `|\s+`)
	sqlWordForm   = regexp.MustCompile(`[A-Za-z_#@][A-Za-z0-9_#@]*|[()]`)
	digitsForm    = regexp.MustCompile(`\b[0-9][A-Za-z0-9_#@.]*`)
	countForm     = regexp.MustCompile(`\bCOUNT(?:_BIG)?\s*\(\s*\*\s*\)`)
	starForm      = regexp.MustCompile(`\*\s*(?:$|[,)]|FROM\b|WHERE\b|ORDER\b)`)
	elsewhereForm = regexp.MustCompile(`\w+\s*\.\s*\w*\s*\.\s*\w*\s*\.\s*\w+`)
)

// FuzzSQLText: what is read by hand is what the patterns find.
func FuzzSQLText(f *testing.F) {
	for _, text := range []string{
		`SELECT [a;b] AS [c--d], [e]]f'g] AS [/*], 'it''s; [x' AS h, "i;""j" AS k, N'x' + xN'y' AS l FROM a.b.c`,
		`'a'''`, `'a''`, `'a'' ''`, `[a]]`, `N'`, `N`, `''''''`, `"a""`, "a\t\r\n\f b  'c  d'", `1EXEC 1e5 0x1F .5 1.2.3 a1 1a#b @1`,
		`a.b.c.d`, `a . b .. d`, `a...d`, `.a.b.c`, `count(*), COUNT_BIG ( * ) a*b * c*FROM d`, `XCOUNT(*)`, `* FROMAGE`, `COUNT(1, *`, `*ORDER*`, `[a].[b].[c].[d]`, `a..b`, `a.b.c. `, `1.2.3.4`, "a.\u00e9.b.c", "'\u00e9'", "\xff'\xfe",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return // a statement is shorter, and an open mark costs a look at all that follows
		}
		if got, want := withoutQuoted(text), quotedForm.ReplaceAllString(text, " x "); got != want {
			t.Errorf("without quotes %q, not %q", got, want)
		}
		want := spaceForm.ReplaceAllStringFunc(text, func(found string) string {
			if strings.Trim(found, " \t\r\n\f") == "" {
				return " "
			}
			return found
		})
		if got := onOneLine(text); got != want {
			t.Errorf("on one line %q, not %q", got, want)
		}
		if got, want := sqlWords(text), sqlWordForm.FindAllString(text, -1); !slices.Equal(got, want) {
			t.Errorf("the words %q, not %q", got, want)
		}
		runs := slices.DeleteFunc(digitsForm.FindAllString(text, -1), func(run string) bool { return strings.Trim(run, "0123456789") == "" })
		if got := digitRuns(text); !slices.Equal(got, runs) {
			t.Errorf("the runs %q, not %q", got, runs)
		}
		upper := strings.ToUpper(strings.ToValidUTF8(text, ""))
		if got, want := starForColumns(upper), starForm.MatchString(countForm.ReplaceAllString(upper, "COUNT(1)")); got != want {
			t.Errorf("a star for columns: %v, not %v", got, want)
		}
		if got, want := namesElsewhere(text), elsewhereForm.MatchString(text); got != want {
			t.Errorf("a name of four parts: %v, not %v", got, want)
		}
	})
}
