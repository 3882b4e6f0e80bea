package compare_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/report"
	"siteready/report/compare"
)

// of is a report with one check, x.y; items are KEY=STATUS, and without any the check has the status.
func of(status string, items ...string) report.Report {
	c := report.Check{ID: "x.y", Title: "Is it well?", AreaTitle: "Area", Status: status, Selected: status != report.NotSelected, Summary: "It is " + status + "."}
	for _, text := range items {
		key, is, _ := strings.Cut(text, "=")
		c.Items = append(c.Items, report.Item{Key: key, Status: is, Found: "found " + is})
	}
	return report.Report{
		RunID: "r", Checks: []report.Check{c}, Verdict: checks.Ready, Tool: report.Tool{Name: "siteready", Version: "1"},
		ReadAt: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), JudgedFor: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC),
	}
}

// none is a report of a siteready without the check.
func none() report.Report {
	r := of("passed")
	r.Checks = nil
	return r
}

// Two runs without a finding that differs are not the same where they are of different things.
func TestOfAnotherSiteIsNotTheSame(t *testing.T) {
	for name, edit := range map[string]func(*report.Report){
		"machine":         func(r *report.Report) { r.Subject.Computer = "CM02" },
		"unknown machine": func(r *report.Report) { r.Subject.Computer = "" },
		"site":            func(r *report.Report) { r.Subject.SiteCode = "P02" },
		"version":         func(r *report.Report) { r.Subject.Version = "5.00.9141.1000" },
		"release":         func(r *report.Report) { r.Target.Version = "2603" },
	} {
		a := of("passed")
		a.Subject.Computer, a.Subject.SiteCode, a.Subject.Version = "CM01", "P01", "5.00.9132.1000"
		b := a
		b.RunID = "s"
		if !compare.Reports(a, b).Same {
			t.Errorf("%s: two runs of one site are not the same", name)
		}
		edit(&b)
		r := compare.Reports(a, b)
		var text bytes.Buffer
		if err := compare.Table(&text, r, report.TableOptions{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if r.Same || !strings.HasPrefix(text.String(), "NOT THE SAME ") || !strings.Contains(text.String(), "Beware") {
			t.Errorf("%s: same is %v\n%s", name, r.Same, &text)
		}
	}
}

// What passes on another machine or for another release was not fixed, and what fails there is not new.
func TestElsewhereIsNeitherFixedNorNew(t *testing.T) {
	for because, edit := range map[string]func(*report.Report){
		"another machine or site":    func(r *report.Report) { r.Subject.Computer = "CM02" },
		"which machine":              func(r *report.Report) { r.Subject.Computer = "" },
		"another machine or site is": func(r *report.Report) { r.Subject.SiteCode = "P02" },
		"another release":            func(r *report.Report) { r.Target.Version = "2603" },
		"":                           func(r *report.Report) { r.Subject.Version = "5.00.9141.1000" },
	} {
		a, b := of("failed", "a=failed", "b=passed"), of("failed", "a=passed", "b=failed")
		for _, r := range []*report.Report{&a, &b} {
			r.Subject.Computer, r.Subject.SiteCode, r.Subject.Version = "CM01", "P01", "5.00.9132.1000"
		}
		b.RunID = "s"
		edit(&b)
		want := []string{"gone a failed>passed", "revealed b passed>failed"}
		if because == "" {
			want = []string{"fixed a failed>passed", "new b passed>failed"}
		}
		r := compare.Reports(a, b)
		if diff := cmp.Diff(want, told(r)); diff != "" || !strings.Contains(r.Changes[0].Because, strings.TrimSuffix(because, " is")) {
			t.Errorf("%s: %s%+v", because, diff, r.Changes)
		}
	}
}

// What neither run could check is not well, and is told beside "nothing changed".
func TestNeitherCouldCheck(t *testing.T) {
	var text bytes.Buffer
	if err := compare.Table(&text, compare.Reports(of("unknown"), of("unknown")), report.TableOptions{Width: 80}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text.String(), "THE SAME   nothing changed; 1 could not be checked either time") {
		t.Error(&text)
	}
}

// told is a result's changes as KIND ITEM WAS>NOW.
func told(r compare.Result) []string {
	all := []string{}
	for _, c := range r.Changes {
		all = append(all, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s>%s", c.Kind, c.Item, c.Was, c.Now)), " "))
	}
	return all
}

func TestKinds(t *testing.T) {
	for name, test := range map[string]struct {
		earlier, later report.Report
		want           []string
	}{
		"nothing changed":           {of("passed"), of("passed"), []string{"unchanged passed>passed"}},
		"still failed":              {of("failed", "a=failed", "b=passed"), of("failed", "a=failed", "b=passed"), []string{"unchanged a failed>failed"}},
		"new":                       {of("passed", "a=passed"), of("failed", "a=failed"), []string{"new a passed>failed"}},
		"a new item":                {of("passed", "a=passed"), of("warning", "a=passed", "b=warning"), []string{"new b >warning"}},
		"new, and did not apply":    {of("not_applicable"), of("failed", "a=failed"), []string{"new a >failed"}},
		"worse":                     {of("warning", "a=warning"), of("failed", "a=failed"), []string{"worse a warning>failed"}},
		"better":                    {of("failed", "a=failed"), of("warning", "a=warning"), []string{"better a failed>warning"}},
		"fixed":                     {of("failed", "a=failed"), of("passed", "a=passed"), []string{"fixed a failed>passed"}},
		"one fixed, one left":       {of("failed", "a=failed", "b=failed"), of("failed", "a=passed", "b=failed"), []string{"fixed a failed>passed", "unchanged b failed>failed"}},
		"fixed and no longer named": {of("warning", "a=warning"), of("passed", "all=passed"), []string{"fixed a warning>passed"}},
		"no longer listed":          {of("failed", "a=failed", "b=failed"), of("failed", "b=failed"), []string{"unchanged b failed>failed", "gone a failed>"}},
		"not listed, not all seen":  {of("failed", "a=failed"), of("unknown", "b=unknown"), []string{"lost b >unknown", "lost a failed>"}},
		"does not apply now":        {of("failed", "a=failed"), of("not_applicable"), []string{"gone a failed>not_applicable"}},
		"passed, does not apply":    {of("passed", "a=passed"), of("not_applicable"), []string{"gone passed>not_applicable"}},
		"never applied":             {of("not_applicable"), of("not_applicable"), []string{"unchanged not_applicable>not_applicable"}},

		"failed, could not check":      {of("failed", "a=failed"), of("unknown"), []string{"lost failed>unknown"}},
		"passed, could not check":      {of("passed", "a=passed"), of("unknown"), []string{"lost passed>unknown"}},
		"item could not check":         {of("failed", "a=failed", "b=passed"), of("unknown", "a=unknown", "b=passed"), []string{"lost a failed>unknown"}},
		"further item could not check": {of("passed", "a=passed"), of("unknown", "a=passed", "b=unknown"), []string{"lost b >unknown"}},
		"neither could check":          {of("unknown"), of("unknown"), []string{"unchanged unknown>unknown"}},
		"no item, then none at all":    {of("unknown", "a=unknown"), of("unknown"), []string{"unchanged unknown>unknown"}},
		"found something, now nothing": {of("unknown", "a=unknown", "b=warning"), of("unknown"), []string{"lost unknown>unknown"}},
		"can be checked again":         {of("unknown"), of("passed", "a=passed"), []string{"better unknown>passed"}},
		"checked again, and failed":    {of("unknown"), of("failed", "a=failed", "b=passed"), []string{"revealed a unknown>failed"}},
		"item checked again":           {of("unknown", "a=unknown"), of("failed", "a=failed"), []string{"revealed a unknown>failed"}},
		"item checked again, passed":   {of("unknown", "a=unknown"), of("passed", "a=passed"), []string{"better a unknown>passed"}},
		"who knows since when":         {of("unknown", "a=unknown"), of("failed", "b=failed"), []string{"revealed b >failed", "gone a unknown>"}},
		"still could not check":        {of("unknown"), of("unknown", "a=unknown", "b=passed"), []string{"unchanged a unknown>unknown"}},

		"not selected now":        {of("failed", "a=failed", "b=passed"), of(report.NotSelected), []string{"not_looked_at a failed>"}},
		"passed, not selected":    {of("passed", "a=passed"), of(report.NotSelected), []string{"not_looked_at passed>"}},
		"unknown, not selected":   {of("unknown"), of(report.NotSelected), []string{"not_looked_at unknown>"}},
		"never selected":          {of(report.NotSelected), of(report.NotSelected), []string{}},
		"no such check now":       {of("warning", "a=warning"), none(), []string{"not_looked_at a warning>"}},
		"not selected before":     {of(report.NotSelected), of("failed", "a=failed", "b=warning"), []string{"revealed a >failed", "revealed b >warning"}},
		"passed, not selected b.": {of(report.NotSelected), of("passed", "a=passed"), []string{"revealed >passed"}},
		"no such check before":    {none(), of("unknown"), []string{"revealed >unknown"}},

		"accepted":             {of("failed", "a=failed"), of("waived", "a=waived"), []string{"accepted a failed>waived"}},
		"accepted, new":        {of("passed", "a=passed"), of("waived", "a=passed", "b=waived"), []string{"accepted b >waived"}},
		"still accepted":       {of("waived", "a=waived"), of("waived", "a=waived"), []string{"unchanged a waived>waived"}},
		"waiver ended":         {of("waived", "a=waived"), of("failed", "a=failed"), []string{"worse a waived>failed"}},
		"waiver ended, warned": {of("waived", "a=waived"), of("warning", "a=warning"), []string{"worse a waived>warning"}},
		"accepted, then fixed": {of("waived", "a=waived"), of("passed", "a=passed"), []string{"fixed a waived>passed"}},

		"two of one key": {of("failed", "a=failed", "a=passed"), of("failed", "a=failed", "a=failed"), []string{"unchanged a failed>failed", "new a (2) passed>failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := compare.Reports(test.earlier, test.later)
			if diff := cmp.Diff(test.want, told(r)); diff != "" {
				t.Error(diff)
			}
			same := !slices.ContainsFunc(r.Changes, func(c compare.Change) bool { return c.Kind != compare.Unchanged })
			if r.Same != same {
				t.Errorf("same is %v", r.Same)
			}
		})
	}
}

// Whatever the statuses of one item are: nothing is lost, what was not seen to pass is not fixed,
// and the same runs the other way round never both say fixed.
func TestEveryPair(t *testing.T) {
	statuses := []string{"failed", "unknown", "warning", "waived", "passed", "not_applicable", report.NotSelected}
	for _, was := range statuses {
		for _, now := range statuses {
			for _, items := range []bool{false, true} {
				a, b := of(was), of(now)
				if items {
					a, b = of(was, "a="+was), of(now, "a="+now)
				}
				r := compare.Reports(a, b)
				if (was == report.NotSelected && now == report.NotSelected) != (len(r.Changes) == 0) {
					t.Fatalf("%s>%s: %v", was, now, told(r))
				}
				for _, c := range r.Changes {
					if (c.Kind == compare.Fixed || c.Kind == compare.Better && c.Was == "unknown") && now != "passed" && now != "not_applicable" {
						t.Errorf("%s>%s is called %s", was, now, c.Kind)
					}
					if c.Kind == compare.Fixed && (now != "passed" || was == "unknown" || was == report.NotSelected) {
						t.Errorf("%s>%s is called fixed", was, now)
					}
					if c.Kind == compare.Unchanged && was != now {
						t.Errorf("%s>%s is called unchanged", was, now)
					}
					if c.Kind == compare.New && (was == "unknown" || was == report.NotSelected) {
						t.Errorf("%s>%s is called new", was, now)
					}
				}
			}
		}
	}
}

func TestSameNeedsTheVerdict(t *testing.T) {
	a, b := of("passed"), of("passed")
	b.Verdict, b.Stopped = checks.Incomplete, "interrupted"
	if compare.Reports(a, b).Same {
		t.Error("a run that was stopped is taken for the same")
	}
}

func TestThresholdIsTold(t *testing.T) {
	a, b := of("failed", "a=failed"), of("passed", "a=passed")
	a.Checks[0].Settings = []report.Setting{{Name: "min_free", Value: 15, Unit: "GB"}}
	b.Checks[0].Settings = []report.Setting{{Name: "min_free", Value: 5, Unit: "GB"}}
	if got := compare.Reports(a, b).Changes[0].Because; got != "the threshold min_free was 15 GB and is 5 now" {
		t.Error(got)
	}
}

func TestNotes(t *testing.T) {
	for want, change := range map[string]func(*report.Report){
		"the wrong way round":       func(r *report.Report) { r.ReadAt = r.ReadAt.Add(-time.Hour); r.JudgedFor = r.ReadAt },
		"different machines, A":     func(r *report.Report) { r.Subject.Computer = "B" },
		"could not be read":         func(r *report.Report) { r.Subject.Computer = "" },
		"different sites":           func(r *report.Report) { r.Subject.SiteCode = "P02" },
		"The database was SQL01/CM": func(r *report.Report) { r.Subject.SQLServer, r.Subject.Database = "SQL02", "CM_P01" },
		"different releases":        func(r *report.Report) { r.Target.Version = "2603" },
		"Forecasts were made":       func(r *report.Report) { r.JudgedFor = r.JudgedFor.Add(time.Hour) },
		"ran as":                    func(r *report.Report) { r.Subject.Account = `CONTOSO\b` },
		"administrator's":           func(r *report.Report) { r.Subject.Elevated = true },
		"siteready 1 and 2":         func(r *report.Report) { r.Tool.Version = "2" },
		"ended early":               func(r *report.Report) { r.Stopped = "interrupted" },
		"was of version \"\", and":  func(r *report.Report) { r.Subject.Version = "5.00.9141.1000" },
		"the same run":              func(r *report.Report) { r.RunID = "r" },
	} {
		a := of("passed")
		a.Subject.Computer, a.Subject.SiteCode, a.Subject.Account = "A", "P01", `CONTOSO\a`
		a.Subject.SQLServer, a.Subject.Database = "SQL01", "CM_P01"
		b := a
		b.RunID = "s"
		if notes := compare.Reports(a, b).Notes; len(notes) > 0 {
			t.Fatalf("without a difference: %v", notes)
		}
		change(&b)
		notes := compare.Reports(a, b).Notes
		if len(notes) != 1 || !strings.Contains(notes[0], want) {
			t.Errorf("%s: %v", want, notes)
		}
	}
}

func TestTable(t *testing.T) {
	a, b := of("failed", "a=failed", "b=passed"), of("failed", "a=passed", "b=failed")
	b.Checks[0].Items[1].Found = "evil \x1b[31m\u202e" + strings.Repeat("long ", 60)
	for _, width := range []int{80, 120} {
		var text bytes.Buffer
		if err := compare.Table(&text, compare.Reports(a, b), report.TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			if len(line) > width || strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("%d columns: %q", width, line)
			}
		}
		for _, want := range []string{"CHANGED   1 new, 1 fixed", "was  x Failed: found failed", "now  + Passed: found passed", "Exit code 1."} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is missing in\n%s", want, &text)
			}
		}
	}
}

func TestJSON(t *testing.T) {
	var text bytes.Buffer
	want := compare.Reports(of("failed", "a=failed"), of("passed", "a=passed"))
	if err := compare.JSON(&text, want); err != nil {
		t.Fatal(err)
	}
	var got compare.Result
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
