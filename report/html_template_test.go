package report_test

import (
	"html/template"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"siteready/report"
)

// What is written is what html/template, which knows what each place needs, makes of the same
// template and the same report: every text stands where escaping it for HTML is enough.
func TestFillIsAsHTMLTemplate(t *testing.T) {
	page := strings.NewReplacer("{{.Style}}", "", "{{.Script}}", "").Replace(report.HTMLPage())
	reference, err := template.New("page").Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t testing.TB, r report.Report) {
		view := report.HTMLView(r)
		var want strings.Builder
		if err := reference.Execute(&want, view); err != nil {
			t.Fatal(err)
		}
		got, err := report.Fill(page, view)
		if err != nil {
			t.Fatal(err)
		}
		a, b := tokens(t, got), tokens(t, want.String())
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("%.300q is written, and html/template writes %.300q", a[i], b[i])
			}
		}
		if len(a) != len(b) {
			t.Errorf("%d tokens are written, and html/template writes %d", len(a), len(b))
		}
	})
}

// tokens are the tags and texts of a page without their escapes. html/template also escapes
// what may stand in an address.
func tokens(t testing.TB, text string) []string {
	t.Helper()
	var all []string
	for z := html.NewTokenizer(strings.NewReader(text)); z.Next() != html.ErrorToken; {
		token := z.Token()
		for i, a := range token.Attr {
			if a.Key != "href" {
				continue
			}
			plain, err := url.PathUnescape(a.Val)
			if err != nil {
				t.Errorf("%q is no address: %v", a.Val, err)
			}
			token.Attr[i].Val = plain
		}
		all = append(all, token.String())
	}
	return all
}

func TestFill(t *testing.T) {
	type below struct{ Text string }
	data := struct {
		Text  string
		N     int
		Yes   bool
		Many  []below
		One   *below
		None  *below
		Empty []below
		Odd   float64
	}{"<a href='\"'>&", 7, true, []below{{"x"}, {"y"}}, &below{"z"}, nil, []below{}, 1}
	for text, want := range map[string]string{
		"a{{.Text}}b": "a&lt;a href=&#39;&#34;&#39;&gt;&amp;b",
		"{{.N}}":      "7",
		"{{if .Yes}}{{.N}}{{else}}no{{end}}{{if .None}}yes{{else}}none{{end}}":                           "7none",
		"{{with .One}}{{.Text}}{{$.N}}{{end}}{{with .Empty}}yes{{else}}{{.N}}{{end}}":                    "z77",
		"{{range .Many}}{{.Text}},{{end}}{{range .Empty}}yes{{else}}no{{end}}":                           "x,y,no",
		`{{range .Many}}{{template "t" .}}{{end}}{{template "t" .One}}{{define "t"}}[{{$.Text}}]{{end}}`: "[x][y][z]",
		`{{template "t" "a<b"}}{{define "t"}}{{.}}{{end}}`:                                               "a&lt;b",
	} {
		if got, err := report.Fill(text, data); got != want || err != nil {
			t.Errorf("%s is %q, %v; wanted %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"{{.Missing}}":                    "no field Missing",
		"{{if .Missing}}{{end}}":          "no field Missing",
		"{{range .Many}}{{.Odd}}{{end}}":  "no field Odd",
		"{{range .N}}{{end}}":             "{{range}} over a int",
		"{{.Odd}}":                        "a float64 cannot be written",
		"{{.Text | len}}":                 "function \"len\" not defined",
		"{{.Text .N}}":                    "{{.Text .N}} is not known",
		"{{$x := .N}}":                    "is not known",
		"{{3}}":                           "{{3}} is not known",
		`{{template "none" .}}`:           `no template "none"`,
		"{{range .Many}}{{break}}{{end}}": "is not known",
		"{{if}}":                          "missing value",
	} {
		if got, err := report.Fill(text, data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %q, %v; wanted %q", text, got, err, want)
		}
	}
}
