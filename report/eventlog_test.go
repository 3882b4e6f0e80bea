package report_test

import (
	"strings"
	"testing"

	"siteready/checks"
	"siteready/report"
)

func judgeEvents(t testing.TB, r report.Report) {
	events := report.Events(r, nil)
	want := map[checks.Verdict]report.Event{
		checks.Ready:        {ID: 100, Level: report.EventInformation},
		checks.WithWarnings: {ID: 101, Level: report.EventWarning},
		checks.Blocked:      {ID: 102, Level: report.EventError},
		checks.Incomplete:   {ID: 103, Level: report.EventWarning},
	}[r.Verdict]
	if events[0].ID != want.ID || events[0].Level != want.Level {
		t.Errorf("%s is event %d of level %d", r.Verdict, events[0].ID, events[0].Level)
	}
	if !strings.HasPrefix(events[0].Text, string(r.Verdict)+": ") {
		t.Errorf("the summary begins %.50q", events[0].Text)
	}
	assertBrief(t, r, strings.ReplaceAll(events[0].Text, "\r\n", "\n"))
	var failures []string
	without := r
	without.History = nil
	for _, e := range report.Events(without, nil)[1:] {
		if e.ID != 200 || e.Level != report.EventError {
			t.Errorf("a failure is event %d of level %d", e.ID, e.Level)
		}
		id, _, _ := strings.Cut(e.Text, " failed: ")
		failures = append(failures, id)
		if !strings.Contains(e.Text, "\r\nDo: ") {
			t.Errorf("nothing is said to do: %q", e.Text)
		}
	}
	var failed []string
	for _, c := range r.Checks {
		if c.Selected && c.Status == "failed" {
			failed = append(failed, c.ID)
		}
	}
	if strings.Join(failures, " ") != strings.Join(failed, " ") {
		t.Errorf("events tell that %v failed, and %v did", failures, failed)
	}
	again := report.Events(without, &without) // of a history there are tests of its own
	if len(again) != 1 || again[0] != report.Events(without, nil)[0] {
		t.Errorf("what had failed before is told again: %v", again)
	}
	for _, e := range events {
		if len(e.Text) > report.MaxEvent || strings.Contains(e.Text, "\x00") {
			t.Errorf("event %d has %d bytes", e.ID, len(e.Text))
		}
		harmless(t, e.Text, "\r\n")
	}
}

func TestEvents(t *testing.T) { everywhere(t, judgeEvents) }

func FuzzEvents(f *testing.F) { fuzzed(f, judgeEvents) }

// What keeps somebody from being told is a warning of its own, whatever stands in it.
func TestNotTold(t *testing.T) {
	e := report.NotTold("mail to a\r\nb\x1b[31m: " + strings.Repeat("x", 1<<20))
	if e.ID != 201 || e.Level != report.EventWarning || len(e.Text) > report.MaxEvent || strings.Count(e.Text, "\r\n") != 1 {
		t.Errorf("%+.200v", e)
	}
	harmless(t, e.Text, "\r\n")
}
