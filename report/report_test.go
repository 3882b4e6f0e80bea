package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
	"siteready/report"
)

func asJSON(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSONHasEveryCheckOnce(t *testing.T) {
	in := site()
	text := asJSON(t, report.New(in))
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range got["checks"].([]any) {
		ids = append(ids, c.(map[string]any)["id"].(string))
	}
	var want []string
	for _, r := range in.Results {
		want = append(want, r.Check.ID)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("the checks are\n%v, want\n%v", ids, want)
	}
	if !strings.HasSuffix(text, "}\n") || strings.HasSuffix(text, "\n\n") {
		t.Error("the text does not end with one newline")
	}
	if !strings.Contains(text, `"<b>"`) {
		t.Error("< and > are escaped")
	}
	if strings.Contains(text, `"someone"`) {
		t.Error("the recording's folder is in the report")
	}
	var back report.Report
	if err := json.Unmarshal([]byte(text), &back); err != nil {
		t.Fatal(err)
	}
	if again := asJSON(t, back); again != text {
		t.Error("a report that was read back is written differently")
	}
}

func TestJSONListsAreNeverNull(t *testing.T) {
	var walk func(path string, v any)
	nullable := []string{".cause", ".no_answer", ".cut", ".answer", ".waived", ".service_manager", ".service_manager_target", ".product_checker"}
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, value := range v {
				walk(path+"."+name, value)
			}
		case []any:
			for _, value := range v {
				walk(path+"[]", value)
			}
		case nil:
			if !slices.ContainsFunc(nullable, func(s string) bool { return strings.HasSuffix(path, s) }) {
				t.Errorf("%s is null", path)
			}
		}
	}
	bare := report.Input{Results: []checks.Result{{Check: checks.Check{ID: "a.b"}, Selected: true, Status: checks.Passed}}}
	for _, in := range []report.Input{site(), accepted(), {}, bare} {
		var got any
		if err := json.Unmarshal([]byte(asJSON(t, report.New(in))), &got); err != nil {
			t.Fatal(err)
		}
		walk("", got)
	}
}

func TestNotSelectedIsNotUnknown(t *testing.T) {
	r := report.New(site())
	for _, c := range r.Checks {
		if c.ID == "system.clock" && (c.Status != report.NotSelected || c.Selected || c.Cause != nil) {
			t.Errorf("the check that was not selected is %q with the cause %v", c.Status, c.Cause)
		}
	}
	want := report.Counts{Failed: 2, Warning: 2, Unknown: 4, Passed: 3, NotApplicable: 1, NotSelected: 1, Total: 13}
	if r.Counts != want {
		t.Errorf("the counts are %+v, want %+v", r.Counts, want)
	}
}

func TestStatusNamesAreThoseOfChecks(t *testing.T) {
	for status, want := range map[checks.Status]report.Counts{
		checks.Failed:        {Failed: 1, Total: 1},
		checks.Warning:       {Warning: 1, Total: 1},
		checks.Unknown:       {Unknown: 1, Total: 1},
		checks.Passed:        {Passed: 1, Total: 1},
		checks.NotApplicable: {NotApplicable: 1, Total: 1},
		checks.Waived:        {Waived: 1, Total: 1},
	} {
		in := report.Input{Results: []checks.Result{result(areaSite, "one", "One?", status, "One.")}}
		if got := report.New(in).Counts; got != want {
			t.Errorf("a check that is %v counts as %+v", status, got)
		}
	}
}

func TestCanonical(t *testing.T) {
	live, replay := site(), site()
	replay.Recording = "/somewhere/P01.siteready"
	replay.MadeAt = replay.MadeAt.Add(time.Hour)
	replay.Took *= 2
	for i := range replay.Results {
		r := &replay.Results[i]
		r.Took += time.Second
		for j := range r.Evidence {
			r.Evidence[j].Took = 0
			var compact bytes.Buffer // a recording keeps an answer on one line
			if len(r.Evidence[j].Answer) > 0 {
				if err := json.Compact(&compact, r.Evidence[j].Answer); err != nil {
					t.Fatal(err)
				}
				r.Evidence[j].Answer = compact.Bytes()
			}
		}
	}
	replay.ReadAt = replay.ReadAt.Add(300 * time.Millisecond).In(time.FixedZone("CET", 3600))
	live.Results[0].Stack, replay.Results[0].Stack = "goroutine 7", "goroutine 9"
	a, b := report.New(live), report.New(replay)
	if a.RunID == b.RunID || a.RunID == "" {
		t.Errorf("run ids %q and %q are not random", a.RunID, b.RunID)
	}
	before := asJSON(t, a)
	if x, y := asJSON(t, a.Canonical()), asJSON(t, b.Canonical()); x != y {
		t.Errorf("the canonical reports differ:\n%s\n%s", x, y)
	}
	if asJSON(t, a) != before {
		t.Error("Canonical changed the report that it was called on")
	}
	replay.Results[0].Summary += " Or not."
	if asJSON(t, a.Canonical()) == asJSON(t, report.New(replay).Canonical()) {
		t.Error("a summary that differs is lost in the canonical report")
	}
}

func TestEvidenceIsCut(t *testing.T) {
	for size, cut := range map[int]bool{report.MaxEvidence: false, report.MaxEvidence + 1: true} {
		in := calm()
		answer := `"` + strings.Repeat("s", size-2) + `"`
		in.Results[0].Evidence[0].Answer = json.RawMessage(answer)
		e := report.New(in).Checks[0].Evidence[0]
		switch {
		case cut && (e.Cut == nil || e.Answer != nil):
			t.Errorf("an answer of %d bytes was not cut", size)
		case cut && (e.Cut.Bytes != size || len(e.Cut.SHA256) != 64):
			t.Errorf("an answer of %d bytes was cut as %+v", size, e.Cut)
		case !cut && (e.Cut != nil || string(e.Answer) != answer):
			t.Errorf("an answer of %d bytes was cut", size)
		}
		if got := asJSON(t, report.New(in)); strings.Contains(got, strings.Repeat("s", size-2)) == cut {
			t.Errorf("the JSON report of an answer of %d bytes: cut is not %v", size, cut)
		}
	}
}

func TestAnswerThatIsNoJSON(t *testing.T) {
	in := calm()
	in.Results[0].Evidence[0].Answer = json.RawMessage("{oops")
	if got := asJSON(t, report.New(in)); !strings.Contains(got, `"answer": "{oops"`) {
		t.Errorf("the answer is lost:\n%s", got)
	}
}

func TestCauses(t *testing.T) {
	in := site()
	mute := result(areaSite, "mute", "Mute?", checks.Unknown, "")
	half := result(areaSite, "half", "Half?", checks.Unknown, "", checks.Item{Key: "x", Status: checks.Unknown})
	bare := result(areaSite, "bare", "Bare?", checks.Unknown, "")
	bare.Cause = &platform.NoAnswer{Cause: "no reason given"}
	skipped := unknownResult(areaSite, "skipped", "Skipped?", unreachable())
	skipped.Selected, skipped.Items = false, []checks.Item{checks.UnknownItem("y", "", unreachable())}
	in.Results = append(in.Results, mute, half, bare, skipped)
	var got []string
	for _, c := range report.New(in).Causes {
		var hang []string
		for _, a := range c.Checks {
			hang = append(hang, fmt.Sprint(a.ID, a.Items))
		}
		got = append(got, c.Reason+": "+strings.Join(hang, " "))
	}
	want := []string{
		"unreachable: site.replication[] site.change-tracking[] recovery.consistency[]",
		`denied: space.volume[\\CM02.contoso.local\SMS_P01] system.policy[]`,
		": site.mute[]",
		": site.half[x]",
		": site.bare[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the causes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestVerdictAndExit(t *testing.T) {
	run := func(statuses ...checks.Status) []checks.Result {
		var all []checks.Result
		for i, s := range statuses {
			all = append(all, result(areaSite, fmt.Sprint("c", i), "C?", s, "C."))
		}
		return all
	}
	tests := []struct {
		name    string
		results []checks.Result
		failOn  string
		stopped string
		verdict checks.Verdict
		code    int
		through bool
	}{
		{name: "ready", results: run(checks.Passed), verdict: checks.Ready},
		{name: "warnings", results: run(checks.Warning), verdict: checks.WithWarnings, code: 1},
		{name: "warnings by name", results: run(checks.Warning), failOn: report.FailOnWarning, verdict: checks.WithWarnings, code: 1},
		{name: "blocked", results: run(checks.Failed, checks.Unknown), verdict: checks.Blocked, code: 2},
		{name: "incomplete", results: run(checks.Warning, checks.Unknown), verdict: checks.Incomplete, code: 3},
		{name: "nothing", results: nil, verdict: checks.Incomplete, code: 3},
		{name: "warnings let through", results: run(checks.Warning), failOn: report.FailOnUnknown, verdict: checks.WithWarnings, through: true},
		{name: "unknown is not below unknown", results: run(checks.Unknown), failOn: report.FailOnUnknown, verdict: checks.Incomplete, code: 3},
		{name: "unknown let through", results: run(checks.Unknown), failOn: report.FailOnFailed, verdict: checks.Incomplete, through: true},
		{name: "failed is never let through", results: run(checks.Failed), failOn: report.FailOnFailed, verdict: checks.Blocked, code: 2},
		{name: "another word lets nothing through", results: run(checks.Warning), failOn: "never", verdict: checks.WithWarnings, code: 1},
		{name: "stopped while green", results: run(checks.Passed), stopped: "interrupted", verdict: checks.Incomplete, code: 3},
		{name: "stopped while red", results: run(checks.Failed, checks.Unknown), stopped: "interrupted", verdict: checks.Blocked, code: 2},
		{name: "stopped is not let through", results: run(checks.Passed), stopped: "interrupted", failOn: report.FailOnFailed, verdict: checks.Incomplete, code: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := report.New(report.Input{Results: test.results, FailOn: test.failOn, Stopped: test.stopped})
			if r.Verdict != test.verdict || r.Exit.Code != test.code || (r.Exit.LetThrough != "") != test.through {
				t.Errorf("got %s, %+v; want %s, code %d, let through %v", r.Verdict, r.Exit, test.verdict, test.code, test.through)
			}
		})
	}
}

func TestTargetChosen(t *testing.T) {
	tests := []struct {
		version string
		stated  bool
		want    string
	}{
		{"5.00.9128.1000", true, report.ChosenStated},
		{"5.00.9128.1000", false, report.ChosenNewest},
		{"5.00.9127.1000", false, report.ChosenNewestKnown}, // too old for it
		{"5.00.9141.1000", false, report.ChosenNewestKnown}, // already there
		{"", false, report.ChosenNewestKnown},
	}
	for _, test := range tests {
		in := site()
		in.Subject.Version, in.TargetStated = test.version, test.stated
		if got := report.New(in).Target.Chosen; got != test.want {
			t.Errorf("version %q, stated %v: %q, want %q", test.version, test.stated, got, test.want)
		}
	}
}

func TestRecordingsFolderIsNotInTheReport(t *testing.T) {
	for _, path := range []string{`C:\Users\someone\P01.siteready`, "/home/someone/P01.siteready", "P01.siteready"} {
		in := calm()
		in.Recording = path
		if got := report.New(in).Source; got != (report.Source{Kind: report.Recording, File: "P01.siteready"}) {
			t.Errorf("%s became %+v", path, got)
		}
	}
}

type brokenWriter struct{}

var errFull = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreReturned(t *testing.T) {
	r := report.New(report.Input{Subject: discovery.Subject{Role: discovery.None}})
	if err := report.JSON(brokenWriter{}, r); !errors.Is(err, errFull) {
		t.Errorf("JSON returned %v", err)
	}
	if err := report.Table(brokenWriter{}, r, report.TableOptions{}); !errors.Is(err, errFull) {
		t.Errorf("Table returned %v", err)
	}
}
