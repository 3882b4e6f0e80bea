package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"siteready/report"
)

// parsedHTML is the page of a report as browsers understand it.
func parsedHTML(t testing.TB, r report.Report) (*html.Node, string) {
	t.Helper()
	text := rendered(t, report.HTML, r)
	page, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return page, text
}

// attr is an attribute of an element; empty when it has none.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// elements are the elements below a node that match, in the order of the page.
func elements(n *html.Node, match func(*html.Node) bool) []*html.Node {
	var all []*html.Node
	for below := range n.Descendants() {
		if below.Type == html.ElementNode && match(below) {
			all = append(all, below)
		}
	}
	return all
}

func withClass(class string) func(*html.Node) bool {
	return func(n *html.Node) bool { return slices.Contains(strings.Fields(attr(n, "class")), class) }
}

func withID(id string) func(*html.Node) bool {
	return func(n *html.Node) bool { return attr(n, "id") == id }
}

func named(tag atom.Atom) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.DataAtom == tag }
}

// textOf is what stands in a node, with one blank between words.
func textOf(n *html.Node) string {
	var b strings.Builder
	for below := range n.Descendants() {
		switch {
		case below.Type == html.TextNode:
			b.WriteString(below.Data)
		case !slices.Contains([]atom.Atom{atom.A, atom.B, atom.Code, atom.I, atom.Small, atom.Span}, below.DataAtom):
			b.WriteString(" ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// only is the one element that matches.
func only(t testing.TB, n *html.Node, what string, match func(*html.Node) bool) *html.Node {
	t.Helper()
	all := elements(n, match)
	if len(all) != 1 {
		t.Fatalf("there are %d of %s, not one", len(all), what)
	}
	return all[0]
}

// statusWords are the words that stand beside every sign.
func statusWords() map[string]string {
	return map[string]string{
		"failed": "Failed", "warning": "Warning", "unknown": "Could not check", "waived": "Waived", "passed": "Passed",
		"not_applicable": "Not applicable", "not_selected": "Not selected",
	}
}

func judgeHTML(t testing.TB, r report.Report) {
	page, text := parsedHTML(t, r)
	f := facts{textOf(only(t, page, "verdict", withID("verdict"))), counted(nil), map[string]string{}}
	if body := only(t, page, "body", named(atom.Body)); attr(body, "data-verdict") != f.verdict {
		t.Errorf("the body has the verdict %q", attr(body, "data-verdict"))
	}
	for _, count := range elements(page, withClass("count")) {
		status := attr(count, "data-status")
		n, word, _ := strings.Cut(textOf(count), " ")
		number, err := strconv.Atoi(n)
		if err != nil || word != statusWords()[status] || f.counts[status] != 0 {
			t.Errorf("a count of %s says %q", status, textOf(count))
		}
		f.counts[status] = number
	}
	for _, check := range elements(page, withClass("check")) {
		id, status := attr(check, "id"), attr(check, "data-status")
		if _, twice := f.checks[id]; twice {
			t.Errorf("%s stands on the page twice", id)
		}
		f.checks[id] = status
		section := check.Parent
		for section.DataAtom != atom.Section {
			section = section.Parent
		}
		if attr(section, "id") != status {
			t.Errorf("%s is %s, and stands under %s", id, status, attr(section, "id"))
		}
		if check.DataAtom != atom.Details {
			continue
		}
		// Never colour alone: a sign of its own, and the word.
		summary := elements(check, named(atom.Summary))[0]
		sign := elements(summary, func(n *html.Node) bool { return n.Data == "use" })
		if len(sign) != 1 || attr(sign[0], "href") != "#s-"+status || !strings.Contains(textOf(summary), statusWords()[status]) {
			t.Errorf("%s has not the sign and the word of %s", id, status)
		}
	}
	f.assert(t, truth(r))
	sealed(t, page)
	harmless(t, text, "\n")
	if len(text) > 4<<20 {
		t.Errorf("it has %d bytes", len(text))
	}
}

// sealed finds what could run, load, send or lead astray.
func sealed(t testing.TB, page *html.Node) {
	t.Helper()
	hash := func(n *html.Node) string {
		sum := sha256.Sum256([]byte(n.FirstChild.Data))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	script, style := only(t, page, "script", named(atom.Script)), only(t, page, "style", named(atom.Style))
	policy := only(t, page, "policy", func(n *html.Node) bool { return attr(n, "http-equiv") != "" })
	want := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(style), hash(script))
	if attr(policy, "http-equiv") != "Content-Security-Policy" || attr(policy, "content") != want {
		t.Errorf("the policy is %s %q, wanted %q", attr(policy, "http-equiv"), attr(policy, "content"), want)
	}
	ids := map[string]bool{}
	all := elements(page, func(*html.Node) bool { return true })
	for _, n := range all {
		if id := attr(n, "id"); id != "" && ids[id] {
			t.Errorf("the id %s stands there twice", id)
		} else if id != "" {
			ids[id] = true
		}
	}
	known := strings.Fields("html head meta title style body svg symbol circle path rect use header div p h1 h2 h3 span b i a ul ol li main section dl dt dd " +
		"nav form label input select option button small table thead tbody tr th td details summary pre code footer script")
	for _, n := range all {
		if !slices.Contains(known, n.Data) {
			t.Errorf("there is an element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), slices.Contains([]string{"src", "style", "action", "formaction", "background", "srcset", "ping", "target"}, a.Key):
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				if !ids[a.Val[1:]] {
					t.Errorf("nothing stands at %s", a.Val)
				}
			case a.Key == "href" && (n.DataAtom != atom.A || !strings.HasPrefix(a.Val, "https://") || attr(n, "rel") != "noreferrer"):
				t.Errorf("%s leads to %.80q", n.Data, a.Val)
			}
		}
	}
}

func TestHTML(t *testing.T) { everywhere(t, judgeHTML) }

func FuzzHTML(f *testing.F) { fuzzed(f, judgeHTML) }

// What a reader needs stands where it is looked for, and is folded as it should be.
func TestHTMLSays(t *testing.T) {
	page, _ := parsedHTML(t, made(accepted()))
	check := func(id string) *html.Node { return only(t, page, id, withID(id)) }
	for id, want := range map[string][]string{
		"drivers.odbc18": {
			"Is the ODBC driver new enough for the target?", "The ODBC driver of 1 server is too old.", "17.10.6.1", "18.4.1.1 or later",
			`HKLM\SOFTWARE\ODBC\ODBCINST.INI\ODBC Driver 18 for SQL Server`, "Install the newest ODBC Driver 18 for SQL Server on each server that is named",
			"The update stops half way", "Microsoft ODBC Driver for SQL Server", "1 in order", `"text":"1.2.3.4"`, "1 question, 3 ms",
		},
		"site.replication": {"is not reachable", "Start the SQL Server service", "Cause 1", "no answer: unreachable"},
		"recovery.backup":  {"The newest backup is 4 days old.", "backup.days: 2 days, older is a warning (set by the configuration"},
		"system.policy":    {"Waived until 2026-12-31 UTC by Tom Okafor instead of Could not check: Another team reads these policies."},
		"cause-1":          {"SQL Server SQL01.contoso.local", "3 checks hang on it: site.replication, site.change-tracking, recovery.consistency"},
		"waived":           {"CHG0041173", "Waivers that accept nothing", "system.restart (Tom Okafor): expired after 2026-11-19"},
		"confirm":          {"2 of 3 confirmed", "The release notes have been read.", "Not confirmed", "Confirmed by Ines Albrecht on 2026-11-18"},
		"not_applicable":   {"This site has one site server. 1 check", "Is the passive site server in step?"},
		"not_selected":     {"Is the clock right?"},
		"environment":      {`CONTOSO\svc-siteready`, `D:\Program Files\Microsoft Configuration Manager`, "Thresholds that were changed", "Slowest checks"},
		"stale":            {"This report was valid until 2026-11-21 00:00 UTC."},
	} {
		text := textOf(check(id))
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%s does not say %q:\n%s", id, words, text)
			}
		}
	}
	for id, open := range map[string]bool{"drivers.odbc18": true, "site.replication": true, "recovery.backup": false, "system.policy": false, "system.windows": false} {
		if got := slices.ContainsFunc(check(id).Attr, func(a html.Attribute) bool { return a.Key == "open" }); got != open {
			t.Errorf("%s is open: %v", id, got)
		}
	}
	code := only(t, check("drivers.odbc18"), "command", named(atom.Pre))
	if got, want := textOf(code), accepted().Results[3].Check.Command; got != want {
		t.Errorf("the command is %q, wanted %q", got, want)
	}
	for _, evidence := range elements(page, withClass("evidence")) {
		for _, answer := range elements(evidence, named(atom.Dd)) {
			if n := len(textOf(answer)); n > 330 {
				t.Errorf("an answer has %d bytes: %s", n, textOf(answer))
			}
		}
	}
}

// A verdict has its own words, and says why it is none.
func TestHTMLVerdicts(t *testing.T) {
	for name, want := range map[string]string{
		"calm":        "READY Primary site P01",
		"nothing":     "Run siteready on CM01.contoso.local.",
		"stopped":     "The run ended early: interrupted.",
		"let through": "The verdict INCOMPLETE is below --fail-on failed.",
		"site":        "Failed: The ODBC driver of 1 server is too old. CM01.contoso.local: 17.10.6.1, wanted 18.4.1.1 or later",
	} {
		page, _ := parsedHTML(t, made(runs()[name]))
		if got := textOf(only(t, page, "header", named(atom.Header))); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in %q", name, want, got)
		}
	}
}

// What Microsoft's checker said has a section of its own, and a line in front where it says otherwise.
func TestHTMLChecker(t *testing.T) {
	page, _ := parsedHTML(t, made(opined()))
	front := only(t, page, "header", named(atom.Header))
	if !strings.Contains(textOf(front), "Microsoft's checker of 2026-11-16 21:00 UTC says otherwise on: ") {
		t.Errorf("the front says %q", textOf(front))
	}
	section := only(t, page, "section", withID("checker"))
	for _, want := range []string{
		`C:\ConfigMgrPrereq.log`, "It ran on 2026-11-16 21:00 UTC, 3 days old when the facts were read, for Configuration Manager 2509", "1 not run.",
		"Milder here (CM01) Error: It is very bad. A warning: system.milder",
	} {
		if !strings.Contains(textOf(section), want) {
			t.Errorf("%q is not in %q", want, textOf(section))
		}
	}
	if rows, want := len(elements(section, named(atom.Tr)))-1, len(made(opined()).ProductChecker.Disagreements); rows != want {
		t.Errorf("there are %d disagreements, not %d", rows, want)
	}
	page, _ = parsedHTML(t, made(site()))
	if n := len(elements(page, withID("checker"))); n != 0 {
		t.Errorf("there are %d sections without a log", n)
	}
}

// Checks whose cause many share are folded: the cause stands above them, once.
func TestHTMLSharedCause(t *testing.T) {
	in := site()
	for i := range 3 {
		in.Results = append(in.Results, unknownResult(areaSite, fmt.Sprint("more", i), "More?", unreachable()))
	}
	page, _ := parsedHTML(t, made(in))
	for id, want := range map[string]string{"site.more1": "Cause 1, of 5 other checks too", "system.policy": "Cause 2, of 1 other check too"} {
		check := only(t, page, id, withID(id))
		open := slices.ContainsFunc(check.Attr, func(a html.Attribute) bool { return a.Key == "open" })
		if open != (id == "system.policy") || !strings.Contains(textOf(check), want) {
			t.Errorf("%s is open: %v, and says %q", id, open, textOf(check))
		}
	}
}

// A command is copied as it is, or not at all.
func TestHTMLCommands(t *testing.T) {
	for command, whole := range map[string]bool{"sc query\n  \"A  B\"\n": true, strings.Repeat("x", 4097): false} {
		in := site()
		in.Results[3].Check.Command = command
		page, _ := parsedHTML(t, made(in))
		check := only(t, page, "check", withID("drivers.odbc18"))
		box := only(t, check, "command", withClass("command"))
		code := only(t, box, "code", named(atom.Code))
		if got := code.FirstChild.Data; whole && got != strings.TrimSpace(command) {
			t.Errorf("the command is %q", got)
		}
		if cut := withClass("cut")(box); cut == whole || strings.Contains(textOf(check), "was cut here") == whole {
			t.Errorf("a command of %d bytes: cut is %v", len(command), cut)
		}
	}
}

// Of many items those in trouble come first, and the rest is folded and counted.
func TestHTMLManyItems(t *testing.T) {
	in := site()
	items := in.Results[3].Items[:0]
	for i := range 100 {
		item := site().Results[3].Items[i%2]
		item.Key = fmt.Sprintf("SRV%03d.%s.contoso.local", i, strings.Repeat("x", 200))
		items = append(items, item)
	}
	in.Results[3].Items = items
	page, _ := parsedHTML(t, made(in))
	check := only(t, page, "check", withID("drivers.odbc18"))
	rest := only(t, check, "rest", withClass("rest"))
	if rows := len(elements(check, named(atom.Tr))) - 2; rows != 100 {
		t.Errorf("there are %d items", rows)
	}
	if folded := len(elements(rest, named(atom.Tr))) - 1; folded != 85 {
		t.Errorf("%d items are folded", folded)
	}
	if got := textOf(elements(rest, named(atom.Summary))[0]); got != "35 more like these, 50 in order" {
		t.Errorf("the fold says %q", got)
	}
}

func TestHTMLWriteError(t *testing.T) {
	if err := report.HTML(brokenWriter{}, made(site())); err == nil || !strings.Contains(err.Error(), "write the HTML report") {
		t.Errorf("it returned %v", err)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := made(accepted())
	for b.Loop() {
		if err := report.HTML(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
