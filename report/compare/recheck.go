package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/report"
)

// RecheckSchema is the version of the JSON form of a Recheck.
const RecheckSchema = 1

// Recheck is what came of checking again what did not pass. Its verdict and exit code are of what
// was checked again alone: what passed before was not looked at, and makes nothing green.
type Recheck struct {
	Schema   int            `json:"siteready_recheck"`
	Verdict  checks.Verdict `json:"verdict"`
	ExitCode int            `json:"exit_code"`
	Again    int            `json:"checked_again"` // checks
	Taken    Taken          `json:"taken"`
	Changes  Result         `json:"changes"` // of the checks that were made again
}

// Taken is what was not looked at again.
type Taken struct {
	ReadAt        time.Time `json:"read_at"`        // when it was looked at
	Passed        []string  `json:"passed"`         // ids
	NotApplicable []string  `json:"not_applicable"` // ids
	NotSelected   []string  `json:"not_selected"`   // looked at neither then nor now
}

// Open reports whether a check of this status is checked again: it did not pass, and may apply.
func Open(status string) bool { return !quiet(status) }

// NotPassed are the ids of the checks of a run that did not pass and may apply: also those whose
// findings were accepted.
func NotPassed(r report.Report) []string {
	var ids []string
	for _, c := range r.Checks {
		if c.Selected && Open(c.Status) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Passed are the ids of the checks of a run that passed or did not apply.
func Passed(r report.Report) []string {
	var ids []string
	for _, c := range r.Checks {
		if c.Selected && !Open(c.Status) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Elsewhere says why two runs are not of the same site in the same state; empty when they are, as
// far as both know. What was not looked at again may be wrong for another.
func Elsewhere(before, now report.Report) string {
	a, b := before.Subject, now.Subject
	switch {
	case place(before) == "" || place(now) == "":
		return "which machine one of the two runs was of could not be read"
	case !strings.EqualFold(place(before), place(now)):
		return fmt.Sprintf("it is of %s, and this is %s", place(before), place(now))
	case !strings.EqualFold(a.SiteCode, b.SiteCode):
		return fmt.Sprintf("it is of site %q, and this is %q", a.SiteCode, b.SiteCode)
	case database(before) != "" && database(now) != "" && !strings.EqualFold(database(before), database(now)):
		return fmt.Sprintf("the database of it is %s, and now it is %s", database(before), database(now))
	case run(before).Version != run(now).Version:
		return fmt.Sprintf("it is of version %q, and now it is %q", run(before).Version, run(now).Version)
	case run(before).Target != run(now).Target:
		return fmt.Sprintf("it judged for %s, and this for %s", run(before).Target, run(now).Target)
	default:
		return ""
	}
}

// Again tells what changed in the checks that the later run made again.
func Again(before, now report.Report) Recheck {
	made := map[string]bool{}
	for _, c := range now.Checks {
		made[c.ID] = c.Selected
	}
	r := Recheck{
		Schema: RecheckSchema, Verdict: now.Verdict, ExitCode: now.Exit.Code, Again: now.Counts.Selected(),
		Taken: Taken{ReadAt: before.ReadAt, Passed: []string{}, NotApplicable: []string{}, NotSelected: []string{}},
	}
	part := before
	part.Checks = nil
	for _, c := range before.Checks {
		switch {
		case made[c.ID]:
			part.Checks = append(part.Checks, c)
		case !c.Selected:
			r.Taken.NotSelected = append(r.Taken.NotSelected, c.ID)
		case c.Status == notApplicable:
			r.Taken.NotApplicable = append(r.Taken.NotApplicable, c.ID)
		default:
			r.Taken.Passed = append(r.Taken.Passed, c.ID)
		}
	}
	later := now
	later.Checks = slices.DeleteFunc(slices.Clone(now.Checks), func(c report.Check) bool { return !c.Selected })
	r.Changes = Reports(part, later)
	return r
}

// Nothing is what comes of a run of which nothing is left to check again, at a time: no verdict.
func Nothing(before report.Report, at time.Time) Recheck {
	now := before
	now.RunID, now.ReadAt, now.JudgedFor, now.MadeAt = "", at, at, at
	now.Checks, now.Counts, now.Stopped, now.History = nil, report.Counts{}, "", nil
	now.Verdict, now.Exit.Code = checks.Incomplete, checks.Incomplete.ExitCode()
	return Again(before, now)
}

// RecheckJSON writes the result as one JSON object.
func RecheckJSON(w io.Writer, r Recheck) error {
	return report.WriteJSON(w, "what was checked again", r)
}

// RecheckTable writes the result for people.
func RecheckTable(w io.Writer, r Recheck, o report.TableOptions) error {
	s := report.NewSheet(o)
	later := r.Changes.Later
	s.Text(s.Verdict(r.Verdict)+"   ", fmt.Sprintf("of the %s checked again: %s", number(r.Again, "check", "checks"), strings.Join(report.Counted(later.Counts), ", ")))
	s.Gap()
	s.Labelled("Now", fmt.Sprintf("%s: %s", when(later.ReadAt), r.Changes.Words()))
	s.Labelled("Taken", taken(r))
	s.Labelled("Of", later.Headline)
	s.Labelled("Target", later.Target)
	for _, note := range r.Changes.Notes {
		s.Labelled("Beware", note)
	}
	Sections(s, r.Changes)
	Still(s, r.Changes)
	s.Gap()
	s.Text("", fmt.Sprintf("As a whole: %s now in what was checked again, and %s taken from the run of %s. Before the update run `siteready check`. Exit code %d.",
		r.Verdict, number(len(r.Taken.Passed), "passed check", "passed checks"), when(r.Taken.ReadAt), r.ExitCode))
	if _, err := s.WriteTo(w); err != nil {
		return fmt.Errorf("write what was checked again: %w", err)
	}
	return nil
}

// taken says what was not looked at again.
func taken(r Recheck) string {
	were := func(n int) string {
		if n == 1 {
			return "was"
		}
		return "were"
	}
	n := len(r.Taken.Passed)
	text := fmt.Sprintf("%s passed in the run of %s and %s not looked at again", number(n, "check", "checks"), when(r.Taken.ReadAt), were(n))
	if n := len(r.Taken.NotApplicable); n > 0 {
		text += fmt.Sprintf("; %d did not apply then", n)
	}
	if n := len(r.Taken.NotSelected); n > 0 {
		text += fmt.Sprintf("; %d %s looked at neither then nor now", n, were(n))
	}
	return text
}

func number(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
