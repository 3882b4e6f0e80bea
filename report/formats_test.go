package report_test

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"siteready/checks"
	"siteready/report"
)

// rendered is a report in one format.
func rendered(t testing.TB, write func(io.Writer, report.Report) error, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// facts are what every format must say alike: the verdict, the counts, and the status of each
// check by its id. A format that leaves something out has less.
type facts struct {
	verdict string
	counts  map[string]int
	checks  map[string]string
}

// truth is what a report says.
func truth(r report.Report) facts {
	c := r.Counts
	f := facts{string(r.Verdict), map[string]int{
		"failed": c.Failed, "warning": c.Warning, "unknown": c.Unknown, "waived": c.Waived,
		"passed": c.Passed, "not_applicable": c.NotApplicable, "not_selected": c.NotSelected,
	}, map[string]string{}}
	for _, check := range r.Checks {
		f.checks[check.ID] = check.Status
	}
	return f
}

// counted counts the statuses of checks.
func counted(statuses map[string]string) map[string]int {
	n := map[string]int{"failed": 0, "warning": 0, "unknown": 0, "waived": 0, "passed": 0, "not_applicable": 0, "not_selected": 0}
	for _, status := range statuses {
		n[status]++
	}
	return n
}

func (f facts) assert(t testing.TB, want facts) {
	t.Helper()
	if f.verdict != want.verdict {
		t.Errorf("the verdict is %q, wanted %q", f.verdict, want.verdict)
	}
	if !maps.Equal(f.counts, want.counts) {
		t.Errorf("the counts are %v, wanted %v", f.counts, want.counts)
	}
	if !maps.Equal(f.checks, want.checks) {
		t.Errorf("the checks are\n%v, wanted\n%v", f.checks, want.checks)
	}
}

// runs are one run of every kind.
func runs() map[string]report.Input {
	stopped := site()
	stopped.Stopped, stopped.Results = "interrupted", stopped.Results[:3]
	through := site()
	through.FailOn, through.Results = report.FailOnFailed, through.Results[:3]
	all := map[string]report.Input{
		"site": site(), "accepted": accepted(), "calm": calm(), "nothing": nothing(), "stopped": stopped, "let through": through, "empty": {},
		"opined": opined(),
	}
	return all
}

// spread puts a text into every text of a run that can be foreign. Ids of checks and areas
// are the program's own.
func spread(in report.Input, text string) report.Input {
	s := &in.Subject
	for _, field := range []*string{
		&in.Version, &in.Stopped, &s.Headline, &s.Computer, &s.Account, &s.SiteCode, &s.Version, &s.SQLServer, &s.Database, &s.RunOn, &s.Problem,
		&in.Configuration.File,
	} {
		*field += text
	}
	waiver := checks.Waiver{Item: text, Reason: text, Owner: text, Ticket: text}
	for i := range in.Results {
		r := &in.Results[i]
		r.Area.Title += text
		for _, field := range []*string{&r.Check.Title, &r.Check.Consequence, &r.Check.Remedy, &r.Check.Command, &r.Summary} {
			*field = text + *field + text
		}
		r.Check.Sources, r.Notes = append(r.Check.Sources, text), append(r.Notes, text)
		if r.Cause != nil {
			cause := *r.Cause
			cause.Cause, cause.Help = text+cause.Cause, text
			r.Cause = &cause
		}
		if r.Waived != nil {
			r.Waived = &checks.Acceptance{Waiver: waiver, Was: checks.Failed}
		}
		if r.Opinion != nil {
			o := *r.Opinion
			o.Log, o.Package, o.Rules = text+o.Log, text+o.Package, slices.Clone(o.Rules)
			for j := range o.Rules {
				rule := &o.Rules[j]
				rule.Rule, rule.Server, rule.Message = rule.Rule+text, text+rule.Server, text+rule.Message
			}
			r.Opinion = &o
		}
		r.Items = slices.Clone(r.Items)
		for j := range r.Items {
			item := &r.Items[j]
			item.Key, item.Found, item.Wanted, item.Where = text+item.Key, text+item.Found, text+item.Wanted, text+item.Where
			if item.Waived != nil {
				item.Waived = &checks.Acceptance{Waiver: waiver, Was: checks.Failed}
			}
		}
	}
	for i := range in.Waivers {
		w := &in.Waivers[i]
		w.Item, w.Reason, w.Owner, w.Ticket, w.Note = w.Item+text, text, text, text, text
	}
	for i := range in.Confirmed {
		in.Confirmed[i].By, in.Confirmed[i].Note = text, text
	}
	return in
}

// hostile are texts that have harmed a format somewhere.
func hostile() []string {
	return []string{
		"", "a|b=1", "<script>alert(1)</script>", "]]>", "]]]]><![CDATA[>", "]LOG]!><time=\"00:00:00.000+000\" type=\"1\">", "<![LOG[", "x]LOG", "]LOG]LOG]!>!>", ";    Passed;    ",
		"=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\"=1", "a;=1", "a;\"=1", "＝1", "';=1", "'=1", "\r\n=1,=2",
		"a\nb", "a\r\nb", "line\n# TYPE x counter\nx 1", "\"} 1\nx{a=\"", "\\", "\\\"", "a\\nb", "\x00\x01\x08\x1b[31m\x7f\u0085\u009b2J", "\x1bX", "a\x1b]0;b",
		"\u202e\u2066\u200b\ufeff", "\ufffe\uffff", "\xff\xfe\xc3", "\xed\xa0\x80", "&amp;&#0;&#x1;", "%s%d%!", "$(x)`x`", "]]", "\u2028\u2029",
		"🙂é漢", strings.Repeat("é", 5000),
	}
}

// everywhere judges a format: over every run, with every hostile text in every place, and with
// far too much of it.
func everywhere(t *testing.T, judge func(testing.TB, report.Report)) {
	inEveryPlace(t, judge)
	t.Run("1 MiB", func(t *testing.T) { judge(t, made(spread(accepted(), strings.Repeat("<&\"'|\\é", 1<<17)))) })
}

func inEveryPlace(t *testing.T, judge func(testing.TB, report.Report)) {
	for name, in := range runs() {
		t.Run(name, func(t *testing.T) { judge(t, made(in)) })
	}
	for _, text := range hostile() {
		t.Run("hostile "+text[:min(len(text), 12)], func(t *testing.T) {
			judge(t, made(spread(site(), text)))
			judge(t, made(spread(accepted(), text)))
			judge(t, made(spread(opined(), text)))
			judge(t, aged(made(spread(accepted(), text)), text))
		})
	}
}

// fuzzed judges a format with any text in every place.
func fuzzed(f *testing.F, judge func(testing.TB, report.Report)) {
	for _, text := range hostile() {
		if len(text) < 1000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) { judge(t, aged(made(spread(accepted(), text)), text)) })
}

// harmless finds what a terminal or a viewer would obey: control characters but the ends of
// lines, characters that turn the writing direction, and what is no UTF-8.
func harmless(t testing.TB, text, end string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("it is no UTF-8")
	}
	for line := range strings.SplitSeq(text, end) {
		for at, c := range line {
			if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
				t.Errorf("%U came through: %q", c, line[max(0, at-20):min(len(line), at+20)])
				return
			}
		}
	}
}
