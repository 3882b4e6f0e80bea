package history_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/report"
	"siteready/report/compare"
	"siteready/report/history"
)

// night is when the facts of the n-th run were read.
func night(n int) time.Time { return time.Date(2026, 11, n, 2, 0, 0, 0, time.UTC) }

// run is a report of the n-th night. A check is written "x.y failed a=failed b=passed"; what
// stands behind the status are its items.
func run(n int, all ...string) report.Report {
	r := report.Report{
		Schema: report.Schema, Tool: report.Tool{Name: "siteready", Version: "1.0"}, RunID: fmt.Sprintf("NIGHT%d", n),
		Subject: discovery.Subject{Computer: "cm01.contoso.com", Product: "Configuration Manager", SiteCode: "P01", Account: `CONTOSO\svc`},
		Target:  report.Target{Product: requirement.ConfigMgr, Version: "2509"}, Source: report.Source{Kind: report.Live},
		ReadAt: night(n), JudgedFor: night(n), MadeAt: night(n).Add(time.Minute), ValidUntil: night(n + 1), Verdict: checks.Ready,
	}
	for _, text := range all {
		words := strings.Fields(text)
		c := report.Check{ID: words[0], Status: words[1], Selected: words[1] != report.NotSelected, Items: []report.Item{}}
		for _, item := range words[2:] {
			key, status, _ := strings.Cut(item, "=")
			c.Items = append(c.Items, report.Item{Key: key, Status: status})
		}
		if c.Status == "unknown" && len(c.Items) == 0 {
			c.Cause = &report.Reason{Reason: "denied", Cause: "access is denied"}
		}
		r.Checks = append(r.Checks, c)
		r.Counts.Total++
		if !c.Selected {
			r.Counts.NotSelected++
		}
	}
	return r
}

// entries are the lines of reports, each with the age that its own report tells.
func entries(all ...report.Report) history.Runs {
	var runs history.Runs
	for _, r := range all {
		r.History = history.Since(runs, r)
		runs.Entries = append(runs.Entries, history.NewEntry(r))
	}
	return runs
}

// told is what is said of each finding, as KIND CHECK/ITEM WAS>IS RUNS since DAY.
func told(h *report.History) []string {
	all := []string{}
	for _, f := range h.Findings {
		all = append(all, fmt.Sprintf("%s %s/%s %s>%s %d since %d", f.Change, f.Check, f.Item, f.Was, f.Is, f.Runs, f.Since.Day()))
	}
	return all
}

// What is said of one check over several nights.
func TestSince(t *testing.T) {
	for name, test := range map[string]struct {
		nights []string
		want   []string // of the last night
	}{
		"first run":               {[]string{"failed a=failed"}, []string{"revealed x.y/a >failed 1 since 1"}},
		"new":                     {[]string{"passed a=passed", "failed a=failed"}, []string{"new x.y/a >failed 1 since 2"}},
		"a new item":              {[]string{"failed a=failed", "failed a=failed b=failed"}, []string{"unchanged x.y/a failed>failed 2 since 1", "new x.y/b >failed 1 since 2"}},
		"three nights":            {[]string{"failed a=failed", "failed a=failed", "failed a=failed"}, []string{"unchanged x.y/a failed>failed 3 since 1"}},
		"came back":               {[]string{"failed a=failed", "passed a=passed", "failed a=failed"}, []string{"new x.y/a >failed 1 since 3"}},
		"worse":                   {[]string{"warning a=warning", "failed a=failed"}, []string{"worse x.y/a warning>failed 2 since 1"}},
		"better":                  {[]string{"failed a=failed", "warning a=warning"}, []string{"better x.y/a failed>warning 2 since 1"}},
		"fixed":                   {[]string{"failed a=failed", "failed a=failed", "passed a=passed"}, []string{"fixed x.y/a failed>passed 2 since 1"}},
		"fixed is told once":      {[]string{"failed a=failed", "passed a=passed", "passed a=passed"}, []string{}},
		"fixed, no longer named":  {[]string{"failed a=failed", "passed b=passed"}, []string{"fixed x.y/a failed>passed 1 since 1"}},
		"no longer there":         {[]string{"failed a=failed b=failed", "failed b=failed"}, []string{"unchanged x.y/b failed>failed 2 since 1", "gone x.y/a failed> 1 since 1"}},
		"does not apply now":      {[]string{"failed a=failed", "not_applicable"}, []string{"gone x.y/a failed>not_applicable 1 since 1"}},
		"item does not apply":     {[]string{"failed a=failed", "passed a=not_applicable b=passed"}, []string{"gone x.y/a failed>not_applicable 1 since 1"}},
		"not all seen":            {[]string{"failed a=failed", "unknown b=unknown"}, []string{"lost x.y/b >unknown 1 since 2", "lost x.y/a failed>unknown 1 since 1"}},
		"could not check now":     {[]string{"failed a=failed", "unknown"}, []string{"lost x.y/ >unknown 1 since 2", "lost x.y/a failed>unknown 1 since 1"}},
		"item could not check":    {[]string{"failed a=failed", "unknown a=unknown"}, []string{"lost x.y/a failed>unknown 2 since 1"}},
		"still could not check":   {[]string{"unknown", "unknown"}, []string{"unchanged x.y/ unknown>unknown 2 since 1"}},
		"blind, then failed":      {[]string{"unknown", "failed a=failed"}, []string{"revealed x.y/a unknown>failed 1 since 2"}},
		"good, blind, failed":     {[]string{"passed a=passed", "unknown", "failed a=failed"}, []string{"new x.y/a unknown>failed 1 since 3"}},
		"failed, blind, failed":   {[]string{"failed a=failed", "unknown", "failed a=failed"}, []string{"unchanged x.y/a failed>failed 3 since 1"}},
		"failed, blind, passed":   {[]string{"failed a=failed", "unknown", "passed a=passed"}, []string{"better x.y/ unknown>passed 1 since 2", "fixed x.y/a failed>passed 2 since 1"}},
		"failed, blind twice":     {[]string{"failed a=failed", "unknown", "unknown"}, []string{"unchanged x.y/ unknown>unknown 2 since 2", "lost x.y/a failed>unknown 2 since 1"}},
		"item unknown, then good": {[]string{"unknown a=unknown", "passed a=passed"}, []string{"better x.y/a unknown>passed 1 since 1"}},
		"not selected":            {[]string{"failed a=failed", "not_selected"}, []string{"not_looked_at x.y/a failed> 1 since 1"}},
		"not selected in between": {[]string{"failed a=failed", "not_selected", "failed a=failed"}, []string{"unchanged x.y/a failed>failed 2 since 1"}},
		"fixed after a pause":     {[]string{"failed a=failed", "not_selected", "passed a=passed"}, []string{"fixed x.y/a failed>passed 1 since 1"}},
		"never selected before":   {[]string{"not_selected", "failed a=failed"}, []string{"revealed x.y/a >failed 1 since 2"}},
		"accepted":                {[]string{"failed a=failed", "waived a=waived"}, []string{"accepted x.y/a failed>waived 2 since 1"}},
		"still accepted":          {[]string{"waived a=waived", "waived a=waived"}, []string{"unchanged x.y/a waived>waived 2 since 1"}},
		"waiver ended":            {[]string{"waived a=waived", "failed a=failed"}, []string{"worse x.y/a waived>failed 2 since 1"}},
		"accepted, then fixed":    {[]string{"waived a=waived", "passed a=passed"}, []string{"fixed x.y/a waived>passed 1 since 1"}},
		"a check without items":   {[]string{"failed", "failed", "passed"}, []string{"fixed x.y/ failed>passed 2 since 1"}},
		"items instead of one":    {[]string{"failed", "failed a=failed"}, []string{"new x.y/a >failed 1 since 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			var all []report.Report
			for i, text := range test.nights {
				all = append(all, run(i+1, "x.y "+text))
			}
			last := len(all) - 1
			h := history.Since(entries(all[:last]...), all[last])
			if diff := cmp.Diff(test.want, told(h)); diff != "" {
				t.Error(diff)
			}
			state := report.HistoryCompared
			if last == 0 {
				state = report.HistoryFirst
			}
			if h.State != state || h.Runs != last || (h.Last == nil) != (last == 0) {
				t.Errorf("%s, %d runs, last %v", h.State, h.Runs, h.Last)
			}
		})
	}
}

// Whatever the statuses are over three nights: what was not seen to pass is never called fixed,
// and a finding of the night is told once.
func TestNothingIsCalledFixedThatWasNotSeenToPass(t *testing.T) {
	statuses := []string{"failed", "unknown", "warning", "waived", "passed", "not_applicable", report.NotSelected}
	for _, first := range statuses {
		for _, second := range statuses {
			for _, third := range statuses {
				for _, items := range []bool{true, false} {
					var all []report.Report
					for i, status := range []string{first, second, third} {
						text := "x.y " + status
						if items {
							text += " a=" + status
						}
						all = append(all, run(i+1, text))
					}
					h := history.Since(entries(all[:2]...), all[2])
					n := map[string]int{}
					for _, f := range h.Findings {
						n[f.Check+f.Item]++
						if f.Change == report.ChangeFixed && third != "passed" || f.Runs < 1 || f.Since.IsZero() {
							t.Errorf("%s, %s, %s: %v", first, second, third, told(h))
						}
					}
					open := slices.Contains(statuses[:4], third)
					if want := map[bool]int{true: 1}[open]; n["x.ya"] < want && items {
						t.Errorf("%s, %s, %s: %v", first, second, third, told(h))
					}
					for what, times := range n {
						if times > 1 {
							t.Errorf("%s, %s, %s: %s stands %d times", first, second, third, what, times)
						}
					}
				}
			}
		}
	}
}

// Of two runs the index tells what a comparison of the whole reports tells, in the same words.
func TestTheIndexAgreesWithTheReports(t *testing.T) {
	statuses := []string{"failed", "unknown", "warning", "waived", "passed", "not_applicable"}
	for _, was := range statuses {
		for _, now := range statuses {
			a, b := run(1, "x.y "+was+" a="+was), run(2, "x.y "+now+" a="+now)
			var want, got []string
			for _, c := range compare.Reports(a, b).Changes {
				if !c.Harmless() {
					want = append(want, string(c.Kind)+" "+c.Item)
				}
			}
			for _, f := range history.Since(entries(a), b).Findings {
				got = append(got, f.Change+" "+f.Item)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, then %s: %s", was, now, diff)
			}
		}
	}
}

// What was different in the last run is said, and another target's findings are not called fixed.
func TestWhatDiffers(t *testing.T) {
	last := run(1, "x.y failed a=failed", "x.z passed")
	for name, test := range map[string]struct {
		change func(*report.Report)
		want   string
	}{
		"nothing":       {func(*report.Report) {}, ""},
		"target":        {func(r *report.Report) { r.Target.Version = "2603" }, "The last run judged for cm=2509, this one for cm=2603."},
		"program":       {func(r *report.Report) { r.Tool.Version = "1.1" }, "The last run was made by siteready 1.0, this one by 1.1: a check may judge otherwise."},
		"configuration": {func(r *report.Report) { r.Configuration.SHA256 = "ab" }, "The configuration of the last run was another one."},
		"in capitals":   {func(r *report.Report) { r.Subject.Account = `contoso\SVC` }, ""},
		"account":       {func(r *report.Report) { r.Subject.Account = `CONTOSO\ada` }, `The last run ran as CONTOSO\svc, this one as CONTOSO\ada.`},
		"selection":     {func(r *report.Report) { *r = selected(*r) }, "The last run looked at 2 of 2 checks, this one at 1 of 2."},
		"time":          {func(r *report.Report) { r.JudgedFor = night(20) }, "The last run judged for the time 2026-11-01 02:00 UTC, this one for 2026-11-20 02:00 UTC."},
	} {
		now := run(2, "x.y passed a=passed", "x.z passed")
		test.change(&now)
		h := history.Since(entries(last), now)
		if got := strings.Join(h.Differs, " "); got != test.want {
			t.Errorf("%s: %q, wanted %q", name, got, test.want)
		}
		if fixed := h.Changes.Fixed == 1; fixed == (name == "target") {
			t.Errorf("%s: %v", name, told(h))
		}
	}
	stopped := last
	stopped.Stopped = "interrupted"
	if h := history.Since(entries(stopped), run(2, "x.y passed a=passed", "x.z passed")); len(h.Differs) != 1 || h.Differs[0] != "The last run ended early: interrupted." {
		t.Errorf("%q", h.Differs)
	}
}

// Another release asks for other things: what fails for it alone is not called new.
func TestNothingIsNewForAnotherTarget(t *testing.T) {
	last := run(1, "x.y passed a=passed", "x.z warning b=warning")
	now := run(2, "x.y failed a=failed", "x.z failed b=failed")
	now.Target.Version = "2603"
	if diff := cmp.Diff([]string{"revealed x.y/a >failed 1 since 2", "worse x.z/b warning>failed 2 since 1"}, told(history.Since(entries(last), now))); diff != "" {
		t.Error(diff)
	}
}

// A check that this version of siteready has no more is told of once, and not for as long as a run
// is kept that had it.
func TestACheckThatIsNoMore(t *testing.T) {
	all := []report.Report{run(1, "x.y passed", "x.z failed b=failed"), run(2, "x.y passed"), run(3, "x.y passed")}
	if diff := cmp.Diff([]string{"not_looked_at x.z/b failed> 1 since 1"}, told(history.Since(entries(all[0]), all[1]))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{}, told(history.Since(entries(all[:2]...), all[2]))); diff != "" {
		t.Error(diff)
	}
}

// What a run had not come to when it was stopped is not looked at: the next run is compared with
// the one before.
func TestAfterAStoppedRun(t *testing.T) {
	stopped := run(2, "x.y failed a=failed", "x.z unknown")
	stopped.Stopped = "interrupted"
	h := history.Since(entries(run(1, "x.y failed a=failed", "x.z passed"), stopped), run(3, "x.y failed a=failed", "x.z passed"))
	if diff := cmp.Diff([]string{"unchanged x.y/a failed>failed 3 since 1"}, told(h)); diff != "" {
		t.Error(diff)
	}
}

// selected is a report whose second check was not selected.
func selected(r report.Report) report.Report {
	r.Checks = slices.Clone(r.Checks)
	r.Checks[1].Status, r.Checks[1].Selected = report.NotSelected, false
	r.Counts.NotSelected = 1
	return r
}

// A run for another target in between is passed over, and that is said.
func TestAnotherTargetInBetween(t *testing.T) {
	other := run(2, "x.y passed a=passed")
	other.Target.Version = "2503"
	h := history.Since(entries(run(1, "x.y failed a=failed"), other), run(3, "x.y failed a=failed"))
	if diff := cmp.Diff([]string{"unchanged x.y/a failed>failed 2 since 1"}, told(h)); diff != "" {
		t.Error(diff)
	}
	if h.Last.RunID != "NIGHT1" || len(h.Differs) != 1 || h.Differs[0] != "1 newer run judged for another target, and is passed over." {
		t.Errorf("%v %q", h.Last, h.Differs)
	}
}

// Only what looked at the same is compared.
func TestSubjects(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*discovery.Subject)
		want   string
	}{
		"the same":         {func(*discovery.Subject) {}, report.HistoryCompared},
		"in other letters": {func(s *discovery.Subject) { s.Computer = "CM01.Contoso.Com" }, report.HistoryCompared},
		"site not read":    {func(s *discovery.Subject) { s.SiteCode = "" }, report.HistoryCompared},
		"another site":     {func(s *discovery.Subject) { s.SiteCode = "P02" }, report.HistoryFirst},
		"another machine":  {func(s *discovery.Subject) { s.Computer = "cm02.contoso.com" }, report.HistoryFirst},
		"another product":  {func(s *discovery.Subject) { s.Product = "Service Manager" }, report.HistoryFirst},
		"machine not read": {func(s *discovery.Subject) { s.Computer = "" }, report.HistoryUnknown},
		"only a database": {func(s *discovery.Subject) {
			*s = discovery.Subject{Role: discovery.Remote, SQLServer: "sql01", Database: "CM_P01"}
		}, report.HistoryFirst},
		"nothing at all is known": {func(s *discovery.Subject) { *s = discovery.Subject{} }, report.HistoryUnknown},
	} {
		now := run(2, "x.y failed a=failed")
		test.change(&now.Subject)
		if h := history.Since(entries(run(1, "x.y failed a=failed")), now); h.State != test.want || (h.State == report.HistoryUnknown) != (len(h.Problems) > 0) {
			t.Errorf("%s: %s %q, wanted %s", name, h.State, h.Problems, test.want)
		}
	}
	database := run(1, "x.y failed")
	database.Subject = discovery.Subject{Role: discovery.Remote, Computer: "admin01", SQLServer: "sql01", Database: "CM_P01"}
	again := run(2, "x.y failed")
	again.Subject = discovery.Subject{Role: discovery.Remote, Computer: "admin02", SQLServer: "SQL01", Database: "cm_p01"}
	if h := history.Since(entries(database), again); h.State != report.HistoryCompared {
		t.Errorf("one database: %s", h.State)
	}
}

// A run whose facts are older than those of another is not compared with that one.
func TestLaterRunsAreNotCompared(t *testing.T) {
	h := history.Since(entries(run(1, "x.y passed a=passed"), run(9, "x.y failed a=failed")), run(5, "x.y failed a=failed"))
	if diff := cmp.Diff([]string{"new x.y/a >failed 1 since 5"}, told(h)); diff != "" || h.Runs != 1 || len(h.Problems) != 1 {
		t.Errorf("%s %d %q", diff, h.Runs, h.Problems)
	}
	if h := history.Since(entries(run(9, "x.y failed a=failed")), run(5, "x.y failed a=failed")); h.State != report.HistoryUnknown || len(h.Problems) != 1 {
		t.Errorf("with later ones only: %+v", h)
	}
}

// The age of a finding outlives the runs that were pruned.
func TestAgeOutlivesPruning(t *testing.T) {
	var all []report.Report
	for n := 1; n <= 20; n++ {
		all = append(all, run(n, "x.y failed a=failed"))
	}
	runs := entries(all[:19]...)
	runs.Entries = runs.Entries[15:]
	if diff := cmp.Diff([]string{"unchanged x.y/a failed>failed 20 since 1"}, told(history.Since(runs, all[19]))); diff != "" {
		t.Error(diff)
	}
}
