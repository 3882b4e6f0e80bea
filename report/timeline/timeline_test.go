package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/report"
	"siteready/report/history"
	"siteready/report/timeline"
)

var start = time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)

// entry is a run some days after the first; findings are CHECK/ITEM=STATUS, and each check of the
// findings and of passed was looked at.
func entry(days int, passed []string, findings ...string) history.Entry {
	at := start.AddDate(0, 0, days)
	e := history.Entry{
		RunID: fmt.Sprintf("ABCDEFGH%02d", days), ReadAt: at, MadeAt: at, JudgedFor: at, Verdict: checks.Ready, Target: "cm=2509",
		Subject: history.Subject{Computer: "cm01"}, Checks: map[string]history.IDs{"passed": passed},
	}
	for _, text := range findings {
		what, status, _ := strings.Cut(text, "=")
		check, item, _ := strings.Cut(what, "/")
		e.Checks[status] = append(e.Checks[status], check)
		e.Findings = append(e.Findings, history.Finding{Check: check, Item: item, Status: status, Runs: 1, Since: at})
	}
	return e
}

func TestNewAndCleared(t *testing.T) {
	for name, test := range map[string]struct {
		before, now   history.Entry
		came, cleared int
	}{
		"nothing changed":          {entry(0, nil, "a/x=failed"), entry(1, nil, "a/x=failed"), 0, 0},
		"new":                      {entry(0, []string{"a"}), entry(1, nil, "a/x=failed"), 1, 0},
		"one more":                 {entry(0, nil, "a/x=failed"), entry(1, nil, "a/x=failed", "a/y=warning"), 1, 0},
		"cleared":                  {entry(0, nil, "a/x=failed"), entry(1, []string{"a"}), 0, 1},
		"one of two cleared":       {entry(0, nil, "a/x=failed", "a/y=failed"), entry(1, nil, "a/y=failed"), 0, 1},
		"not looked at before":     {entry(0, nil), entry(1, nil, "a/x=failed"), 0, 0},
		"not looked at now":        {entry(0, nil, "a/x=failed"), entry(1, nil), 0, 0},
		"not selected now":         {entry(0, nil, "a/x=failed"), entry(1, nil, "a=not_selected"), 0, 0},
		"does not apply now":       {entry(0, nil, "a/x=failed"), entry(1, nil, "a=not_applicable"), 0, 0},
		"could not check now":      {entry(0, nil, "a/x=failed"), entry(1, nil, "a=unknown"), 0, 0},
		"could not check before":   {entry(0, nil, "a=unknown"), entry(1, nil, "a/x=failed"), 0, 0},
		"saw a part before":        {entry(0, nil, "a/y=unknown"), entry(1, nil, "a/x=failed"), 0, 0},
		"did not apply before":     {entry(0, nil, "a=not_applicable"), entry(1, nil, "a/x=failed"), 1, 0},
		"not all could be checked": {entry(0, nil, "a/x=failed"), entry(1, nil, "a/y=unknown"), 0, 0},
		"accepted":                 {entry(0, []string{"a"}), entry(1, nil, "a/x=waived"), 0, 0},
		"accepted no longer":       {entry(0, nil, "a/x=waived"), entry(1, nil, "a/x=failed"), 1, 0},
	} {
		// A run of the index has no finding for what was not selected or does not apply.
		for _, e := range []*history.Entry{&test.before, &test.now} {
			for i, f := range e.Findings {
				if f.Status == "not_selected" || f.Status == "not_applicable" {
					e.Findings = append(e.Findings[:i:i], e.Findings[i+1:]...)
					break
				}
			}
		}
		tl := timeline.New("cm01", history.Runs{Entries: []history.Entry{test.before, test.now}})
		if r := tl.Runs[1]; !r.Compared || r.New != test.came || r.Cleared != test.cleared {
			t.Errorf("%s: %d new, %d cleared", name, r.New, r.Cleared)
		}
		if tl.Runs[0].Compared {
			t.Errorf("%s: the first run was compared", name)
		}
	}
}

// Each check is compared with what was last seen of it, as in the reports: neither a run of a part,
// nor one that could not look, nor one for another target hides what came or went around it.
func TestNewAndClearedOverGaps(t *testing.T) {
	other := func(e history.Entry) history.Entry {
		e.Target = "cm=2603"
		return e
	}
	for name, test := range map[string]struct {
		runs          []history.Entry
		came, cleared int // of the last one
	}{
		"new after a part":          {[]history.Entry{entry(0, []string{"a", "b"}), entry(1, []string{"b"}), entry(2, []string{"b"}, "a/x=failed")}, 1, 0},
		"cleared after a part":      {[]history.Entry{entry(0, []string{"b"}, "a/x=failed"), entry(1, []string{"b"}), entry(2, []string{"a", "b"})}, 0, 1},
		"new after a blind one":     {[]history.Entry{entry(0, []string{"a"}), entry(1, nil, "a=unknown"), entry(2, nil, "a/x=failed")}, 1, 0},
		"as before a blind one":     {[]history.Entry{entry(0, nil, "a/x=failed"), entry(1, nil, "a=unknown"), entry(2, nil, "a/x=failed")}, 0, 0},
		"cleared after a blind one": {[]history.Entry{entry(0, nil, "a/x=failed"), entry(1, nil, "a=unknown"), entry(2, []string{"a"})}, 0, 1},
		"told in a run of which not all was seen": {
			[]history.Entry{entry(0, []string{"a"}), entry(1, nil, "a/x=failed", "a/y=unknown"), entry(2, nil, "a/x=failed")}, 0, 0,
		},
		"cleared once":           {[]history.Entry{entry(0, nil, "a/x=failed"), entry(1, []string{"a"}), entry(2, []string{"a"})}, 0, 0},
		"another target between": {[]history.Entry{entry(0, []string{"a"}), other(entry(1, nil, "a/x=failed")), entry(2, nil, "a/x=failed")}, 1, 0},
		"items instead of one":   {[]history.Entry{entry(0, nil, "a=failed"), entry(1, nil, "a/x=failed")}, 1, 0},
	} {
		tl := timeline.New("cm01", history.Runs{Entries: test.runs})
		if r := tl.Runs[len(tl.Runs)-1]; !r.Compared || r.New != test.came || r.Cleared != test.cleared {
			t.Errorf("%s: compared %v, %d new, %d cleared", name, r.Compared, r.New, r.Cleared)
		}
	}
}

func TestAnotherMachineIsNotCompared(t *testing.T) {
	a, b := entry(0, []string{"a"}), entry(1, nil, "a/x=failed")
	b.Subject.Computer = "other"
	if r := timeline.New("x", history.Runs{Entries: []history.Entry{a, b}}).Runs[1]; r.Compared || r.New != 0 {
		t.Errorf("%+v", r)
	}
}

// A run for another release says nothing of what was new or cleared: other things are asked for.
func TestAnotherTargetIsNotCompared(t *testing.T) {
	a, b := entry(0, nil, "a/x=failed"), entry(1, []string{"a"})
	b.Target = "cm=2409"
	if r := timeline.New("x", history.Runs{Entries: []history.Entry{a, b}}).Runs[1]; r.Compared || r.Cleared != 0 {
		t.Errorf("%+v", r)
	}
}

// A run of a part that is newest does not make the history look well.
func TestNewestOfAPart(t *testing.T) {
	whole, part := entry(0, nil, "a/x=failed"), entry(1, []string{"b"})
	whole.Verdict, whole.Counts = checks.Blocked, report.Counts{Failed: 1, Passed: 1, Total: 2}
	part.Counts = report.Counts{Passed: 1, NotSelected: 1, Total: 2}
	tl := timeline.New("cm01", history.Runs{Entries: []history.Entry{whole, part}})
	var page, table bytes.Buffer
	if err := timeline.HTML(&page, tl); err != nil {
		t.Fatal(err)
	}
	if err := timeline.Table(&table, tl, 0, report.TableOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>READY (1 of 2 checks): history of cm01</title>", "<span>READY (1 of 2 checks)</span>", "Open in the newest run (1 of 2 checks)", "Nothing in what it looked at."} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, want := range []string{"Open in the newest run (1 of 2 checks)\n", "Nothing in what it looked at."} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &table)
		}
	}
}

func TestDays(t *testing.T) {
	tl := timeline.New("cm01", history.Runs{Entries: []history.Entry{entry(0, nil), entry(1, nil), entry(4, nil)}})
	if tl.Days != 5 || tl.Missed != 2 {
		t.Errorf("%d days, %d without a run", tl.Days, tl.Missed)
	}
	if tl := timeline.New("cm01", history.Runs{}); tl.Days != 0 || tl.Missed != 0 || tl.Runs == nil || tl.Open == nil {
		t.Errorf("%+v", tl)
	}
	// A clock that was wrong once must not make the page endless.
	wrong := entry(0, nil)
	wrong.ReadAt = time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)
	if tl := timeline.New("cm01", history.Runs{Entries: []history.Entry{wrong, entry(0, nil)}}); tl.Days > 4000 {
		t.Errorf("%d days", tl.Days)
	}
}

// month is a history with everything in it.
func month() timeline.Timeline {
	runs := history.Runs{Problems: []string{"line 3 is damaged \x1b[31m\u202e and was skipped"}}
	for i := range 40 {
		e := entry(i, []string{"a"}, "b.c/evil \x1b[31m<script>"+strings.Repeat("long ", 40)+"=failed", "d.e=unknown")
		e.Verdict, e.Counts = checks.Blocked, report.Counts{Failed: 1, Unknown: 1, Passed: 1, Total: 3}
		if i == 39 {
			e.Stopped, e.Counts.NotSelected = "interrupted", 4
		}
		runs.Entries = append(runs.Entries, e)
	}
	return timeline.New("cm01.contoso.com", runs)
}

func TestTable(t *testing.T) {
	for _, width := range []int{80, 120} {
		var text bytes.Buffer
		if err := timeline.Table(&text, month(), 30, report.TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			if len(line) > width || strings.ContainsAny(line, "\x1b\u202e\u00a0") {
				t.Errorf("%d columns: %q", width, line)
			}
		}
		for _, want := range []string{
			"40, from 2026-11-01 02:00 UTC to 2026-12-10 02:00 UTC", "the newest 30; --last 0 shows all", "x BLOCKED", "ended early: interrupted",
			"x Failed  b.c: evil", "? Could not check  d.e; since",
		} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is missing in\n%s", want, &text)
			}
		}
		if got := strings.Contains(text.String(), "ABCDEFGH"); got != (width == 120) {
			t.Errorf("%d columns: run ids shown: %v", width, got)
		}
	}
}

func TestJSON(t *testing.T) {
	want := timeline.New("cm01", history.Runs{Entries: []history.Entry{entry(0, []string{"a"}), entry(1, nil, "a/x=failed")}})
	var text bytes.Buffer
	if err := timeline.JSON(&text, want); err != nil {
		t.Fatal(err)
	}
	var got timeline.Timeline
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHTML(t *testing.T) {
	for name, tl := range map[string]timeline.Timeline{"month": month(), "none": timeline.New("cm01", history.Runs{}), "one": timeline.New("cm01", history.Runs{Entries: []history.Entry{entry(0, nil)}})} {
		var text bytes.Buffer
		if err := timeline.HTML(&text, tl); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		page := text.String()
		for _, evil := range []string{"<script", "\x1b", "\u202e", "{{", "<no value>", "http:", "style="} {
			if strings.Contains(page, evil) {
				t.Errorf("%s: the page has %q", name, evil)
			}
		}
		if !strings.Contains(page, `id="s-failed"`) || !strings.Contains(page, "default-src &#39;none&#39;; style-src &#39;sha256-") {
			t.Errorf("%s: signs or policy are missing", name)
		}
	}
	var text bytes.Buffer
	if err := timeline.HTML(&text, timeline.New("cm01", history.Runs{Entries: []history.Entry{entry(0, nil), entry(2, nil)}})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2026-11-02: no run", "2026-11-01: READY, 0 failed", "3 days from 2026-11-01 to 2026-11-03: 2 ready", "1 day has no run"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// The last run of a day that looked at all stands for it, and one that looked at a part does not
// hide it.
func TestWholeRunStandsForItsDay(t *testing.T) {
	whole, part := entry(0, nil), entry(0, nil)
	whole.Verdict, whole.Counts = checks.Blocked, report.Counts{Failed: 1, Total: 1}
	part.RunID, part.ReadAt, part.Counts = "LATER", part.ReadAt.Add(time.Hour), report.Counts{Passed: 1, NotSelected: 1, Total: 2}
	var text bytes.Buffer
	if err := timeline.HTML(&text, timeline.New("cm01", history.Runs{Entries: []history.Entry{whole, part}})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "2026-11-01: BLOCKED, 1 failed, 0 could not check, 0 warnings, the one that counts of 2 runs") {
		t.Error("the run that looked at a part stands for the day")
	}
}

// A year of nights is shown at once.
func BenchmarkYear(b *testing.B) {
	runs := history.Runs{}
	for i := range 365 {
		var passed []string
		for j := range 130 {
			passed = append(passed, fmt.Sprintf("area.check%d", j))
		}
		runs.Entries = append(runs.Entries, entry(i, passed, "b.c/x=failed", "d.e=unknown"))
	}
	for b.Loop() {
		tl := timeline.New("cm01", runs)
		if err := timeline.HTML(&bytes.Buffer{}, tl); err != nil {
			b.Fatal(err)
		}
	}
}
