package report_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/report"
)

// aged is a report that was compared with an earlier run: with text wherever a history has one,
// and every kind of change, of findings that are there and of such that are over.
func aged(r report.Report, text string) report.Report {
	since := time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)
	h := &report.History{
		State: report.HistoryCompared, Runs: 17,
		Last: &report.LastRun{
			RunID: "BEFORE" + text, ReadAt: time.Date(2026, 11, 19, 2, 0, 0, 0, time.UTC), Verdict: checks.Incomplete,
			Target: "cm=2503" + text, Version: "0.9" + text,
		},
		Differs: []string{"The last run judged for cm=2503" + text + ", this one for cm=2509."}, Problems: []string{"line 3 is damaged" + text},
		Findings: []report.Finding{},
	}
	kinds := []string{
		report.ChangeUnchanged, report.ChangeNew, report.ChangeWorse, report.ChangeRevealed, report.ChangeLost, report.ChangeAccepted, report.ChangeBetter,
	}
	add := func(f report.Finding) {
		f.Change, f.Since, f.Runs = kinds[len(h.Findings)%len(kinds)], since, 17
		if f.Change == report.ChangeNew || f.Change == report.ChangeRevealed {
			f.Since, f.Runs = r.ReadAt, 1
		} else {
			f.Was = "warning"
		}
		h.Findings = append(h.Findings, f)
	}
	for _, c := range r.Checks {
		if !slices.Contains([]string{"failed", "warning", "unknown", "waived"}, c.Status) {
			continue
		}
		for _, item := range c.Items {
			if item.Status != "passed" && item.Status != "not_applicable" {
				add(report.Finding{Check: c.ID, Item: item.Key, Is: item.Status})
			}
		}
		if len(c.Items) == 0 {
			add(report.Finding{Check: c.ID, Is: c.Status})
		}
	}
	for change, is := range map[string]string{
		report.ChangeFixed: "passed", report.ChangeGone: "", report.ChangeNotLookedAt: "", report.ChangeLost: "unknown", report.ChangeBetter: "passed",
	} {
		h.Findings = append(h.Findings, report.Finding{
			Check: "over." + change + text, Item: "SRV1" + text, Change: change, Was: "failed", Is: is, Over: true, Runs: 4, Since: since,
		})
	}
	slices.SortStableFunc(h.Findings, func(a, b report.Finding) int {
		if a.Over && b.Over {
			return strings.Compare(a.Check, b.Check)
		}
		return 0
	})
	h.Count()
	r.History = h
	return r
}

// every renders a report in every format.
func every(t *testing.T, r report.Report) map[string]string {
	t.Helper()
	return map[string]string{
		"table":      rendered(t, func(w io.Writer, r report.Report) error { return report.Table(w, r, report.TableOptions{Width: 120}) }, r),
		"html":       rendered(t, report.HTML, r),
		"json":       rendered(t, report.JSON, r),
		"junit":      rendered(t, func(w io.Writer, r report.Report) error { return report.JUnit(w, r, report.JUnitOptions{}) }, r),
		"csv":        rendered(t, report.CSV, r),
		"prometheus": rendered(t, report.Prometheus, r),
		"cmtrace":    rendered(t, report.CMTrace, r),
		"nagios":     rendered(t, report.Nagios, r),
		"summary":    rendered(t, report.Summary, r),
	}
}

// Every format says what is new, what is fixed, with which run it was compared, how old what is
// left is, and what limits the comparison.
func TestEveryFormatTellsOfTheHistory(t *testing.T) {
	for format, text := range every(t, aged(made(site()), "")) {
		wanted := map[string][]string{
			"csv":        {"former,,over.fixed", "over.gone", "unchanged", ",17,2026-11-03T02:00:00Z", "revealed"},
			"prometheus": {`siteready_findings{site="P01",computer="CM01.contoso.local",change="fixed"} 1`, `change="new"} 2`, "siteready_history_compared", `siteready_finding_since_timestamp_seconds{site="P01",computer="CM01.contoso.local",check="drivers.odbc18",area="drivers"}`},
			"json":       {`"state": "compared"`, `"change": "fixed"`, `"The last run judged for cm=2503, this one for cm=2509."`},
		}[format]
		if wanted == nil {
			wanted = []string{"1 fixed", "2 new", "2026-11-19 02:00 UTC", "cm=2503", "line 3 is damaged", "over.fixed", "over.gone"}
			if format != "nagios" && format != "summary" { // which are cut
				wanted = append(wanted, "since 2026-11-03, 17 runs", "not the same as fixed")
			}
		}
		for _, want := range wanted {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
				t.Errorf("%s does not have %q:\n%s", format, want, text)
			}
		}
	}
	if text := every(t, aged(made(site()), ""))["nagios"]; !strings.Contains(text, " new=2;;;0 worse=2;;;0 fixed=1;;;0 time=") {
		t.Errorf("nagios: %s", text)
	}
}

// What is no longer open is not the same as fixed, whatever became of it; and nothing is said of it
// that is not so.
func TestWhatIsNoLongerOpen(t *testing.T) {
	for is, want := range map[string]string{
		"":               "was waived since 2026-11-03, 4 runs; it is not listed any more, which is not the same as fixed",
		"not_applicable": "was waived since 2026-11-03, 4 runs; it does not apply any more, which is not the same as fixed",
		"passed":         "was waived since 2026-11-03, 4 runs; it passes for another release, which is not the same as fixed",
	} {
		r := made(site())
		r.History = &report.History{State: report.HistoryCompared, Last: &report.LastRun{}, Findings: []report.Finding{
			{Check: "over.gone", Change: report.ChangeGone, Was: "waived", Is: is, Over: true, Runs: 4, Since: time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC)},
		}}
		r.History.Count()
		text := strings.Join(strings.Fields(rendered(t, func(w io.Writer, r report.Report) error { return report.Table(w, r, report.TableOptions{Width: 400}) }, r)), " ")
		if !strings.Contains(text, "No longer open") || !strings.Contains(text, want) {
			t.Errorf("%q: no %q in\n%s", is, want, text)
		}
	}
}

// A first run and a history that could not be read are told apart, and neither says that
// something is new or fixed.
func TestWithoutAnEarlierRun(t *testing.T) {
	first, broken := made(site()), made(site())
	first.History = &report.History{State: report.HistoryFirst, Differs: []string{}, Problems: []string{}, Findings: aged(first, "").History.Findings}
	broken.History = report.NoHistory("The index cannot be read: access is denied.")
	for name, test := range map[string]struct {
		r    report.Report
		want string
	}{"first": {first, "this is the first run that is kept"}, "broken": {broken, "what changed is not known"}} {
		for format, text := range every(t, test.r) {
			if format == "json" || format == "csv" || format == "prometheus" {
				continue
			}
			if !strings.Contains(text, test.want) {
				t.Errorf("%s: %s does not say %q", name, format, test.want)
			}
			for _, no := range []string{"over.fixed", "2 new", "17 runs", "fixed="} {
				if strings.Contains(text, no) {
					t.Errorf("%s: %s says %q", name, format, no)
				}
			}
		}
	}
	if text := rendered(t, report.Summary, broken); !strings.Contains(text, "access is denied") {
		t.Errorf("it does not say why: %s", text)
	}
	if text := rendered(t, report.Prometheus, broken); !strings.Contains(text, `siteready_history_compared{site="P01",computer="CM01.contoso.local"} 0`) {
		t.Errorf("prometheus: %s", text)
	}
}

// Without a history no format says a word of one.
func TestWithoutAHistory(t *testing.T) {
	for format, text := range every(t, made(site())) {
		for _, no := range []string{"Last run", "last run", `"history":`, "siteready_findings", "new="} {
			if strings.Contains(text, no) {
				t.Errorf("%s says %q", format, no)
			}
		}
	}
}

// In CSV a former finding has a row of its own with what it was, and a finding its age.
func TestCSVHasTheAge(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rendered(t, report.CSV, aged(made(site()), "")), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int { return slices.Index(rows[0], name) }
	former, old := 0, 0
	for _, row := range rows[1:] {
		change, was := row[at("change")], row[at("was")]
		switch {
		case row[at("row")] == "former":
			former++
			if was != "failed" || change == "" || row[at("runs")] != "4" || row[at("item")] != "SRV1" {
				t.Errorf("%q", row)
			}
		case change != "":
			old++
			if row[at("since")] == "" || row[at("runs")] == "" {
				t.Errorf("%q", row)
			}
		}
	}
	if former != 5 || old < 5 {
		t.Errorf("%d former findings, %d with an age", former, old)
	}
}

// The event log is told of what failed since the last run, item by item; and of all that failed
// where there is none to compare with, unless an earlier report says otherwise.
func TestEventsFollowTheHistory(t *testing.T) {
	r := made(site())
	failures := func(before *report.Report) (ids []string) {
		for _, e := range report.Events(r, before)[1:] {
			id, _, _ := strings.Cut(e.Text, " ")
			ids = append(ids, id)
		}
		return ids
	}
	finding := func(check, item, change string) report.Finding {
		return report.Finding{Check: check, Item: item, Change: change, Is: "failed", Runs: 1, Since: r.ReadAt}
	}
	for _, test := range []struct {
		name    string
		history *report.History
		want    []string
	}{
		{"none", nil, []string{}},
		{"first run", &report.History{State: report.HistoryFirst}, []string{}},
		{"all as before", &report.History{State: report.HistoryCompared, Findings: []report.Finding{
			finding("drivers.odbc18", "CM01.contoso.local", report.ChangeUnchanged), finding("space.volume", `D:\`, report.ChangeUnchanged),
		}}, []string{}},
		{"a new item", &report.History{State: report.HistoryCompared, Findings: []report.Finding{
			finding("drivers.odbc18", "CM01.contoso.local", report.ChangeUnchanged), finding("space.volume", `D:\`, report.ChangeNew),
		}}, []string{"space.volume"}},
		{"worse", &report.History{State: report.HistoryCompared, Findings: []report.Finding{
			finding("drivers.odbc18", "CM01.contoso.local", report.ChangeWorse), finding("space.volume", `D:\`, report.ChangeUnchanged),
		}}, []string{"drivers.odbc18"}},
	} {
		r.History = test.history
		if got := failures(&r); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: %v, wanted %v", test.name, got, test.want)
		}
	}
	r.History = nil
	if got := failures(nil); len(got) != 2 {
		t.Errorf("with nothing to compare with: %v", got)
	}
}
