package report

import (
	"bytes"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/platform"
)

func explainedCheck() Explained {
	return Explained{
		Area: checks.Area{ID: "space", Title: "Space | room"},
		Check: checks.Check{
			ID: "space.log", Title: "Is there *room*?", Why: "It matters.", Consequence: "It stops.", Remedy: "Make room on D:\\.",
			Command: "line one\nline two", Rules: []string{"Free space"}, Sources: []string{"https://learn.microsoft.com/a_b"},
			Rights: []string{"Windows: none"},
			Settings: []checks.Setting{
				{Name: "warns_above", Default: 80, Unit: "%", About: "used"},
				{Name: "fails_above", Default: 95.5, Unit: "%", About: "used", Source: "a document"},
			},
		},
		Shared: 2,
		Own: []platform.Form{
			{Kind: platform.KindRegistry, Where: `HKLM\SOFTWARE\X`, What: "Value"},
			{Kind: platform.KindSQL, On: "{SQL Server}", Where: "{site database}", What: "log-space", Text: "SELECT a, f(b, c) AS d FROM t LEFT JOIN u ON u.x = 'a, FROM b' WHERE 1 = 1"},
			{Kind: platform.KindVolume, Where: "{folder}"},
			{Kind: platform.KindOS, What: "version"},
		},
		Proven: []string{"registry: under Wine"},
	}
}

func TestExplain(t *testing.T) {
	var text, page bytes.Buffer
	if err := Explain(&text, explainedCheck(), TableOptions{Width: 60}); err != nil {
		t.Fatal(err)
	}
	if err := ExplainMarkdown(&page, explainedCheck()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"space.log   Is there *room*?\n", "\nWhy it matters\n  It matters.\n", "      line one\n      line two\n",
		"  - warns_above = 80 %: used (our threshold)\n", "  - fails_above = 95.5 %: used (from a document)\n",
		"  - registry HKLM\\SOFTWARE\\X: Value\n", "  - volume {folder}\n", "  - os version\n",
		"      SELECT a,\n          f(b, c) AS d\n      FROM t\n      LEFT JOIN u ON u.x = 'a, FROM b'\n      WHERE 1 = 1\n",
		"  - https://learn.microsoft.com/a_b\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the page has no %q:\n%s", want, &text)
		}
	}
	for _, want := range []string{
		"# space.log\n\nIs there \\*room\\*?\n", "Area: Space \\| room\n", "\n## Why it matters\n\nIt matters.\n",
		"Make room on D:\\\\.\n\nTo copy:\n\n```\nline one\nline two\n```\n", "- <https://learn.microsoft.com/a_b>\n",
		"- SQL statement log-space, in \\{site database\\} on \\{SQL Server\\}\n\n  ```\n  SELECT a,\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the document has no %q:\n%s", want, &page)
		}
	}
	if strings.Contains(page.String(), "\n\n\n") || !strings.HasSuffix(page.String(), "a_b>\n") {
		t.Errorf("the document has spare lines:\n%q", &page)
	}
}

// What is laid out differs from the statement in white space alone.
func TestLayOut(t *testing.T) {
	const sql = "WITH x AS (SELECT a, b FROM t) SELECT x.a, COUNT(x.b) AS n, 'it''s, FROM' AS c FROM x CROSS JOIN y GROUP BY x.a ORDER BY n"
	got := layOut(sql)
	if strings.Join(strings.Fields(got), " ") != sql {
		t.Errorf("laid out: %s", got)
	}
	if n := strings.Count(got, "\n"); n != 6 {
		t.Errorf("%d breaks: %s", n, got)
	}
}
