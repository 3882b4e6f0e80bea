// Package timeline shows the runs of a history: as a table for people, as JSON, and as one HTML page
// with a chart by day. It is made of the history's index alone.
package timeline

import (
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/report"
	"siteready/report/history"
)

// Schema is the version of the JSON form of a Timeline.
const Schema = 1

// Timeline is the runs of one server. Lists are never nil.
type Timeline struct {
	Schema   int       `json:"siteready_timeline"`
	Server   string    `json:"server"`
	Days     int       `json:"days"` // calendar days, in UTC, from the first run to the last
	Missed   int       `json:"days_without_run"`
	Problems []string  `json:"problems"` // what of the index could not be read
	Open     []Finding `json:"open"`     // what the newest run found, in its order
	Runs     []Run     `json:"runs"`     // the oldest first
}

// Run is one run. What is new and cleared is told of items, and of checks without items.
type Run struct {
	RunID     string         `json:"run_id"`
	ReadAt    time.Time      `json:"read_at"`
	JudgedFor time.Time      `json:"judged_for"`
	Verdict   checks.Verdict `json:"verdict"`
	ExitCode  int            `json:"exit_code"`
	Stopped   string         `json:"stopped"`
	Target    string         `json:"target"`
	Siteready string         `json:"siteready"`
	Counts    report.Counts  `json:"counts"`
	// Compared is whether there is an earlier run of the same machine and site, for the same target.
	Compared bool `json:"compared"`
	// New is how many failed or warned that had not when their check was last seen, in checks of which
	// an earlier run saw all.
	New int `json:"new"`
	// Cleared is how many that failed or warned when they were last seen are no findings any more, in
	// checks of which this run saw all and which apply.
	Cleared int `json:"cleared"`
}

// fuller reports whether the run looked at more of the checks than another, or to its end where
// the other did not.
func (r Run) fuller(than Run) bool {
	if (r.Stopped == "") != (than.Stopped == "") {
		return r.Stopped == ""
	}
	return r.Counts.NotSelected < than.Counts.NotSelected
}

// Finding is what the newest run found.
type Finding struct {
	Check  string    `json:"check"`
	Item   string    `json:"item"`
	Status string    `json:"status"`
	Runs   int       `json:"runs"` // in how many runs in a row it has been a finding
	Since  time.Time `json:"since"`
}

// New makes the timeline of a server's runs, which are the oldest first.
func New(server string, runs history.Runs) Timeline {
	t := Timeline{Schema: Schema, Server: server, Problems: append([]string{}, runs.Problems...), Open: []Finding{}, Runs: []Run{}}
	var lines lines
	for _, e := range runs.Entries {
		run := Run{
			RunID: e.RunID, ReadAt: e.ReadAt, JudgedFor: e.JudgedFor, Verdict: e.Verdict, ExitCode: e.ExitCode, Stopped: e.Stopped,
			Target: e.Target, Siteready: e.Version, Counts: e.Counts,
		}
		run.New, run.Cleared, run.Compared = lines.next(e)
		t.Runs = append(t.Runs, run)
	}
	if last, any := runs.Last(); any {
		for _, f := range last.Findings {
			t.Open = append(t.Open, Finding{f.Check, f.Item, f.Status, f.Runs, f.Since})
		}
	}
	days := t.days()
	t.Days = len(days)
	for _, d := range days {
		if d.run == nil {
			t.Missed++
		}
	}
	return t
}

// bad reports whether a status is one of a finding that nobody has accepted.
func bad(status string) bool { return status == failed || status == warning }

const (
	failed        = "failed"
	unknown       = "unknown"
	warning       = "warning"
	waived        = "waived"
	passed        = "passed"
	notApplicable = "not_applicable"
)

// day is one calendar day, in UTC, with the run that stands for it.
type day struct {
	date time.Time
	run  *Run
	runs int // on that day
}

// days are all days from the first run to the last. The run that looked at most stands for its
// day, the last one of several.
func (t Timeline) days() []day {
	if len(t.Runs) == 0 {
		return nil
	}
	date := func(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
	first, last := date(t.Runs[0].ReadAt), date(t.Runs[len(t.Runs)-1].ReadAt)
	of := map[time.Time][]*Run{}
	for i := range t.Runs {
		at := date(t.Runs[i].ReadAt)
		of[at] = append(of[at], &t.Runs[i])
	}
	// A clock that was wrong once must not make a calendar of centuries.
	if first.Before(last.AddDate(0, 0, -mostDays)) {
		first = last.AddDate(0, 0, -mostDays)
	}
	var all []day
	for at := first; !at.After(last); at = at.AddDate(0, 0, 1) {
		d := day{date: at, runs: len(of[at])}
		for _, run := range slices.Backward(of[at]) {
			if d.run == nil || run.fuller(*d.run) {
				d.run = run
			}
		}
		all = append(all, d)
	}
	return all
}

// mostDays is how many days are counted.
const mostDays = 3660

// remark says in what a run differs from the usual one; empty when in nothing.
func (r Run) remark(usual Run) string {
	var words []string
	if r.Counts.NotSelected != usual.Counts.NotSelected {
		words = append(words, of(r.Counts.Selected(), r.Counts.Total)+" checks")
	}
	if r.Stopped != "" {
		words = append(words, "ended early: "+r.Stopped)
	}
	if r.Target != usual.Target {
		words = append(words, "for "+r.Target)
	}
	if !r.JudgedFor.Equal(r.ReadAt) {
		words = append(words, "judged for "+r.JudgedFor.Format(report.Clock))
	}
	return strings.Join(words, "; ")
}

// usual is the fullest of the newest runs, for what runs here usually look at.
func (t Timeline) usual() Run {
	var usual Run
	for i, r := range slices.Backward(t.Runs) {
		if i == len(t.Runs)-1 || r.fuller(usual) {
			usual = r
		}
		if i < len(t.Runs)-newestRuns {
			break
		}
	}
	return usual
}

// part is how many checks the newest run looked at, where that is fewer than usual; else empty. What
// it did not look at may be open.
func (t Timeline) part() string {
	if len(t.Runs) == 0 {
		return ""
	}
	last := t.Runs[len(t.Runs)-1].Counts
	if last.NotSelected <= t.usual().Counts.NotSelected {
		return ""
	}
	return of(last.Selected(), last.Total) + " checks"
}

// Of a newest run that looked at a part.
const (
	openIn      = "Open in the newest run"
	nothingOpen = "Nothing in what it looked at."
)

// newestRuns is how many runs show what is usual.
const newestRuns = 10
