package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/report"
)

var (
	pluginForm = regexp.MustCompile(`^SITEREADY (OK|WARNING|CRITICAL|UNKNOWN): [^|]* \| ((?:[a-z_]+=[0-9.]+s?;;;0;?[0-9]* ?)+)$`)
	dataForm   = regexp.MustCompile(`([a-z_]+)=([0-9.]+)`)
)

// assertBrief looks for the ids of all that is in trouble, unless lines were left out.
func assertBrief(t testing.TB, r report.Report, text string) {
	t.Helper()
	if strings.Contains(text, "more lines; a whole report has them") {
		return
	}
	for _, c := range r.Checks {
		if slices.Contains([]string{"failed", "warning", "unknown", "waived"}, c.Status) && !strings.Contains(text, c.ID) {
			t.Errorf("%s, which is %s, is not in\n%s", c.ID, c.Status, text)
		}
	}
	if !strings.Contains(text, string(r.Verdict)) {
		t.Errorf("%s is not in\n%s", r.Verdict, text)
	}
}

func judgeNagios(t testing.TB, r report.Report) {
	text := rendered(t, report.Nagios, r)
	first, rest, _ := strings.Cut(text, "\n")
	parts := pluginForm.FindStringSubmatch(first)
	if parts == nil {
		t.Fatalf("this is no first line of a plugin: %.1000s", first)
	}
	if want := []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[r.Exit.Code]; parts[1] != want {
		t.Errorf("the state is %s, and the exit code %d", parts[1], r.Exit.Code)
	}
	got := map[string]int{}
	for _, pair := range dataForm.FindAllStringSubmatch(parts[2], -1) {
		got[pair[1]], _ = strconv.Atoi(pair[2])
	}
	delete(got, "time")
	if h := r.History; h != nil {
		for kind, n := range map[string]int{"new": h.Changes.New, "worse": h.Changes.Worse, "fixed": h.Changes.Fixed} {
			if got[kind] != n {
				t.Errorf("%s is %d, wanted %d", kind, got[kind], n)
			}
			delete(got, kind)
		}
	}
	facts{string(r.Verdict), got, nil}.assert(t, facts{string(r.Verdict), truth(r).counts, nil})
	if strings.Contains(rest, "|") {
		t.Errorf("a bar in the details begins performance data: %s", rest)
	}
	if len(text) > report.MaxPluginOutput {
		t.Errorf("it has %d bytes", len(text))
	}
	assertBrief(t, r, text)
	harmless(t, text, "\n")
}

func TestNagios(t *testing.T) { everywhere(t, judgeNagios) }

func FuzzNagios(f *testing.F) { fuzzed(f, judgeNagios) }

func judgeSummary(t testing.TB, r report.Report) {
	text := rendered(t, report.Summary, r)
	quoted, err := json.Marshal(strings.Split(text, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	quoted = bytes.ReplaceAll(quoted, []byte("'"), []byte(`\u0027`))
	if len(text) > report.MaxSummary || len(quoted) > report.MaxSummary {
		t.Errorf("it has %d bytes, and %d as JSON", len(text), len(quoted))
	}
	if !strings.HasPrefix(text, string(r.Verdict)+": ") {
		t.Errorf("it does not begin with %s", r.Verdict)
	}
	assertBrief(t, r, text)
	harmless(t, text, "\n")
}

func TestSummary(t *testing.T) {
	everywhere(t, judgeSummary)
	// Of a long report the end is told to be missing.
	in := site()
	for len(in.Results) < 200 {
		in.Results = append(in.Results, in.Results[3])
	}
	r := made(in)
	judgeSummary(t, r)
	judgeNagios(t, r)
	// Wherever the end falls, the limit holds.
	for n := range 200 {
		in := in
		in.Subject.Headline = strings.Repeat("x", n)
		in.Results = append([]checks.Result(nil), in.Results...)
		in.Results[0].Summary = strings.Repeat("'", n)
		judgeSummary(t, made(in))
	}
	if text := rendered(t, report.Summary, r); !regexp.MustCompile(`\n\.\.\. and [0-9]+ more lines; a whole report has them\n$`).MatchString(text) || len(text) < report.MaxSummary*3/4 {
		t.Errorf("%d bytes:\n%s", len(text), text)
	}
}

// What a check has found is told, though it could not be made to its end.
func TestSummaryTellsWhatAnUnknownCheckFound(t *testing.T) {
	in := calm()
	in.Results = append(in.Results, result(areaSpace, "volume", "Room?", checks.Unknown, "Some.",
		checks.Item{Key: "E:", Found: "12 GB", Wanted: "15 GB", Status: checks.Warning},
		checks.UnknownItem("D:", "15 GB", denied())))
	text := rendered(t, report.Summary, made(in))
	for _, want := range []string{
		"[Could not check] space.volume (D:): the key HKLM\\SOFTWARE\\Policies could not be opened: access is denied. Do: Run siteready",
		"\n[Could not check] space.volume: Some.\n  - E:: 12 GB, wanted 15 GB\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "  - D:") {
		t.Errorf("what is not known stands among what was found:\n%s", text)
	}
}

func FuzzSummary(f *testing.F) { fuzzed(f, judgeSummary) }

func TestWord(t *testing.T) {
	for name, want := range map[string]string{
		"site": "BLOCKED\n", "calm": "READY\n", "nothing": "INCOMPLETE\n", "stopped": "INCOMPLETE\n", "let through": "INCOMPLETE\n",
	} {
		if got := rendered(t, report.Word, made(runs()[name])); got != want {
			t.Errorf("%s: %q, wanted %q", name, got, want)
		}
	}
	warned := site()
	warned.Results = warned.Results[10:11]
	if got := rendered(t, report.Word, made(warned)); got != "READY_WITH_WARNINGS\n" {
		t.Errorf("%q", got)
	}
}

// A writer that refuses is told of, by every format.
func TestWritersThatRefuse(t *testing.T) {
	for name, write := range map[string]func(io.Writer, report.Report) error{
		"json": report.JSON, "junit": junit(report.JUnitOptions{}), "csv": report.CSV, "prometheus": report.Prometheus, "nagios": report.Nagios,
		"summary": report.Summary, "verdict": report.Word, "cmtrace": report.CMTrace,
		"schema": func(w io.Writer, _ report.Report) error { return report.JSONSchema(w) },
	} {
		if err := write(refusing{}, made(site())); err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
