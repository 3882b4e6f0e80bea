package compare_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/report"
	"siteready/report/compare"
)

// all is a report with a check of each status, named for it; of those that run holds only they were selected.
func all(run ...string) report.Report {
	r := of("passed")
	r.Checks = nil
	for _, status := range []string{"failed", "unknown", "warning", "waived", "passed", "not_applicable", report.NotSelected} {
		selected := status != report.NotSelected && (len(run) == 0 || strings.Contains(strings.Join(run, " "), "x."+status))
		r.Checks = append(r.Checks, report.Check{ID: "x." + status, Status: status, Selected: selected, Title: "Is it " + status + "?"})
		if r.Counts.Total++; !selected {
			r.Counts.NotSelected++
		}
	}
	return r
}

func TestRecheckParts(t *testing.T) {
	before := all()
	if diff := cmp.Diff([]string{"x.failed", "x.unknown", "x.warning", "x.waived"}, compare.NotPassed(before)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"x.passed", "x.not_applicable"}, compare.Passed(before)); diff != "" {
		t.Error(diff)
	}
}

// Where everything had passed there is nothing to check again: no verdict, and what passed is named.
func TestNothingToCheckAgain(t *testing.T) {
	before := all()
	before.Checks = before.Checks[4:]
	at := before.ReadAt.Add(time.Hour)
	r := compare.Nothing(before, at)
	want := compare.Taken{ReadAt: before.ReadAt, Passed: []string{"x.passed"}, NotApplicable: []string{"x.not_applicable"}, NotSelected: []string{"x.not_selected"}}
	if diff := cmp.Diff(want, r.Taken); diff != "" {
		t.Error(diff)
	}
	if r.Verdict != checks.Incomplete || r.ExitCode != 3 || r.Again != 0 || r.Changes.Same || len(r.Changes.Changes) != 0 || !r.Changes.Later.ReadAt.Equal(at) {
		t.Errorf("%+v", r)
	}
}

// What was not made again is taken, and no change; what was made again and passes now is fixed.
func TestAgain(t *testing.T) {
	before, now := all(), all(compare.NotPassed(all())...)
	now.Checks[0].Status = "passed"
	now.Verdict, now.Exit.Code = checks.Incomplete, 3
	now.ReadAt = now.ReadAt.Add(time.Hour)
	now.JudgedFor = now.ReadAt
	r := compare.Again(before, now)
	want := compare.Taken{ReadAt: before.ReadAt, Passed: []string{"x.passed"}, NotApplicable: []string{"x.not_applicable"}, NotSelected: []string{"x.not_selected"}}
	if diff := cmp.Diff(want, r.Taken); diff != "" {
		t.Error(diff)
	}
	if r.Again != 4 || r.Verdict != checks.Incomplete || r.ExitCode != 3 || r.Changes.Counts[compare.Fixed] != 1 || r.Changes.Counts[compare.NotLooked] != 0 || len(r.Changes.Changes) != 4 {
		t.Errorf("%+v", r)
	}
	for _, width := range []int{80, 120} {
		var text bytes.Buffer
		if err := compare.RecheckTable(&text, r, report.TableOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		flat := strings.Join(strings.Fields(text.String()), " ")
		for _, want := range []string{
			"INCOMPLETE of the 4 checks checked again", "1 check passed in the run of 2026-11-20 02:00 UTC and was not looked at again; 1 did not apply then; 1 was looked at neither then nor now",
			"As a whole: INCOMPLETE now in what was checked again, and 1 passed check taken from the run of 2026-11-20 02:00 UTC.",
		} {
			if !strings.Contains(flat, want) {
				t.Errorf("%d columns: %q is missing in\n%s", width, want, &text)
			}
		}
	}
	var text bytes.Buffer
	if err := compare.RecheckJSON(&text, r); err != nil {
		t.Fatal(err)
	}
	var got compare.Recheck
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
}

func TestElsewhere(t *testing.T) {
	for want, change := range map[string]func(*report.Report){
		"":                            func(*report.Report) {},
		"could not be read":           func(r *report.Report) { r.Subject.Computer = "" },
		"it is of A, and this is B":   func(r *report.Report) { r.Subject.Computer = "B" },
		`site "P01", and this is "P`:  func(r *report.Report) { r.Subject.SiteCode = "P02" },
		"database of it is SQL01/CM_": func(r *report.Report) { r.Subject.SQLServer, r.Subject.Database = "SQL02", "CM_P01" },
		"of version":                  func(r *report.Report) { r.Subject.Version = "5.00.9141.1000" },
		"it judged for":               func(r *report.Report) { r.Target.Version = "2603" },
	} {
		a := all()
		a.Subject.Computer, a.Subject.SiteCode, a.Subject.Version = "A", "P01", "5.00.9132.1000"
		a.Subject.SQLServer, a.Subject.Database = "SQL01", "CM_P01"
		b := a
		change(&b)
		if got := compare.Elsewhere(a, b); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: %q", want, got)
		}
	}
}
