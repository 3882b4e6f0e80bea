package report

import (
	"time"

	"siteready/checks"
)

// What is known of earlier runs.
const (
	HistoryFirst    = "first"    // no earlier run can be compared: this is the first of its kind
	HistoryCompared = "compared" // with Last
	HistoryUnknown  = "unknown"  // nothing is known of earlier runs; Problems say why
)

// How a finding stands to the runs before. Package compare has the same words. Only what was
// looked at and passed is fixed.
const (
	ChangeNew         = "new"           // where it was looked at last, there was none
	ChangeWorse       = "worse"         // it was a lesser finding, or waived
	ChangeRevealed    = "revealed"      // no earlier run could tell whether it was there
	ChangeLost        = "lost"          // it could not be checked, and could before
	ChangeNotLookedAt = "not_looked_at" // it was a finding, and this run did not select its check or has none such
	ChangeGone        = "gone"          // it is none any more, and nobody saw it right: not listed, does not apply, or passes for another release
	ChangeAccepted    = "accepted"      // a waiver accepts it now
	ChangeBetter      = "better"        // it is a lesser finding; or it can be checked again, and passed
	ChangeFixed       = "fixed"         // it was a finding, was looked at again and passed
	ChangeUnchanged   = "unchanged"
)

// History is what earlier runs tell about a run.
type History struct {
	State string `json:"state"` // one of the History constants
	// Runs is how many earlier runs of the same subject there are.
	Runs     int       `json:"runs"`
	Last     *LastRun  `json:"last"`     // the newest of them that can be compared; null when there is none
	Differs  []string  `json:"differs"`  // what was different in the last run, beside what was found; a sentence each
	Problems []string  `json:"problems"` // what of the history could not be used
	Changes  Changes   `json:"changes"`
	Findings []Finding `json:"findings"` // those of this run in its order, then those of earlier ones that are no more
}

// LastRun is an earlier run.
type LastRun struct {
	RunID   string         `json:"run_id"`
	ReadAt  time.Time      `json:"read_at"`
	Verdict checks.Verdict `json:"verdict"`
	Target  string         `json:"target"` // as --target takes it
	Version string         `json:"version"`
}

// Changes is how many findings have each kind of change.
type Changes struct {
	New         int `json:"new"`
	Worse       int `json:"worse"`
	Revealed    int `json:"revealed"`
	Lost        int `json:"lost"`
	NotLookedAt int `json:"not_looked_at"`
	Gone        int `json:"gone"`
	Accepted    int `json:"accepted"`
	Better      int `json:"better"`
	Fixed       int `json:"fixed"`
	Unchanged   int `json:"unchanged"`
}

// Finding is an item, or a whole check, that does not pass, or did not when it was last looked at.
type Finding struct {
	Check  string `json:"check"`
	Item   string `json:"item"`   // its key; empty for the check as a whole
	Change string `json:"change"` // one of the Change constants
	Was    string `json:"was"`    // its status before; empty when it was no finding
	Is     string `json:"is"`     // its status now; empty when there is none
	Over   bool   `json:"over"`   // it is none of this run: what became of one of an earlier run
	// Runs is in how many runs in a row it has been a finding, this one counted. Runs that did
	// not look at it do not count and do not end the row; those that could not check it do count.
	Runs  int       `json:"runs"`
	Since time.Time `json:"since"` // when the facts of the first of these runs were read
}

// change is a kind of change and how many findings have it.
type change struct {
	kind, words, title string
	n                  int
}

// kinds are the kinds of change in the order in which people read them.
func (c Changes) kinds() []change {
	return []change{
		{ChangeNew, "new", "New", c.New},
		{ChangeWorse, "worse", "Worse", c.Worse},
		{ChangeRevealed, "looked at for the first time", "Looked at for the first time", c.Revealed},
		{ChangeLost, "could not be checked now", "Could not be checked now", c.Lost},
		{ChangeNotLookedAt, "not looked at now", "Not looked at now", c.NotLookedAt},
		{ChangeGone, "no longer open", "No longer open", c.Gone},
		{ChangeAccepted, "accepted by a waiver", "Accepted by a waiver", c.Accepted},
		{ChangeBetter, "better", "Better", c.Better},
		{ChangeFixed, "fixed", "Fixed", c.Fixed},
		{ChangeUnchanged, "as before", "As before", c.Unchanged},
	}
}

// Count makes the counts of the findings.
func (h *History) Count() {
	n := map[string]int{}
	for _, f := range h.Findings {
		n[f.Change]++
	}
	h.Changes = Changes{
		n[ChangeNew], n[ChangeWorse], n[ChangeRevealed], n[ChangeLost], n[ChangeNotLookedAt],
		n[ChangeGone], n[ChangeAccepted], n[ChangeBetter], n[ChangeFixed], n[ChangeUnchanged],
	}
}

// NoHistory is a history of which nothing could be read.
func NoHistory(problem string) *History {
	return &History{State: HistoryUnknown, Differs: []string{}, Problems: []string{problem}, Findings: []Finding{}}
}
