package history

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"siteready/report"
)

// Since tells what a run changed, and how old each of its findings is. It is made of the index
// alone. Runs may hold the run itself, which is not compared with itself.
func Since(runs Runs, r report.Report) *report.History {
	now := NewEntry(r)
	h := &report.History{
		State: report.HistoryFirst, Differs: []string{}, Problems: append([]string{}, runs.Problems...), Findings: []report.Finding{},
	}
	if now.Subject.nameless() {
		h.State = report.HistoryUnknown
		h.Problems = append(h.Problems, "Which machine this is could not be read, so this run is compared with no other.")
	}
	var past []Entry // the newest first
	later := 0
	for _, e := range slices.Backward(runs.Entries) {
		switch {
		case e.RunID == now.RunID || !e.SameSubject(now):
		case e.ReadAt.After(now.ReadAt):
			later++
		default:
			past = append(past, e)
		}
	}
	if later > 0 {
		h.Problems = append(h.Problems, fmt.Sprintf(
			"Of the runs that were kept %d read their facts later than this one, and are not compared. If this is not an old recording, look at the clock.", later,
		))
	}
	h.Runs = len(past)
	if h.Runs == 0 && (later > 0 || len(runs.Problems) > 0) { // there were runs before, and nobody knows what they found
		h.State = report.HistoryUnknown
	}
	past, skipped := forTarget(past, now.Target)
	if len(past) > 0 {
		last, partly := sameSelection(past, now)
		h.State = report.HistoryCompared
		h.Last = &report.LastRun{RunID: last.RunID, ReadAt: last.ReadAt, Verdict: last.Verdict, Target: last.Target, Version: last.Version}
		h.Differs = differs(last, now, skipped, partly)
	}
	c := compared(r, now, past)
	h.Findings = append(h.Findings, c.present()...)
	h.Findings = append(h.Findings, c.over()...)
	h.Count()
	return h
}

// forTarget is the runs that were judged for the target, where there are any, and how many newer
// ones it passes over for that. For another target other things are wrong.
func forTarget(past []Entry, target string) (same []Entry, skipped int) {
	for _, e := range past {
		if e.Target == target {
			same = append(same, e)
		} else if len(same) == 0 {
			skipped++
		}
	}
	if len(same) == 0 {
		return past, 0
	}
	return same, skipped
}

// sameSelection is the newest run that looked at the same checks, or the newest of all, and how
// many newer ones looked at others.
func sameSelection(past []Entry, now Entry) (last Entry, newer int) {
	for i, e := range past {
		if e.selection() == now.selection() {
			return e, i
		}
	}
	return past[0], 0
}

// selection is which checks a run did not look at, as a text that can be compared.
func (e Entry) selection() string {
	return strings.Join(slices.Sorted(slices.Values(e.Checks[report.NotSelected])), " ")
}

// differs says what was different in the last run, beside what was found.
func differs(last, now Entry, skipped, partly int) []string {
	all := []string{}
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case skipped == 1:
		add("1 newer run judged for another target, and is passed over.")
	case skipped > 1:
		add("%d newer runs judged for another target, and are passed over.", skipped)
	}
	switch {
	case partly == 1:
		add("1 newer run looked at other checks, and counts for those.")
	case partly > 1:
		add("%d newer runs looked at other checks, and count for those.", partly)
	}
	if last.Target != now.Target {
		add("The last run judged for %s, this one for %s.", last.Target, now.Target)
	}
	if last.Version != now.Version {
		add("The last run was made by siteready %s, this one by %s: a check may judge otherwise.", last.Version, now.Version)
	}
	if last.selection() != now.selection() {
		add("The last run looked at %d of %d checks, this one at %d of %d.", last.Counts.Selected(), last.Counts.Total, now.Counts.Selected(), now.Counts.Total)
	}
	if last.Configuration != now.Configuration {
		add("The configuration of the last run was another one.")
	}
	if !strings.EqualFold(last.Account, now.Account) && last.Account != "" && now.Account != "" {
		add("The last run ran as %s, this one as %s.", last.Account, now.Account)
	}
	if forecast := !last.JudgedFor.Equal(last.ReadAt) || !now.JudgedFor.Equal(now.ReadAt); forecast && !last.JudgedFor.Equal(now.JudgedFor) {
		add("The last run judged for the time %s, this one for %s.", last.JudgedFor.Format(clock), now.JudgedFor.Format(clock))
	}
	if last.Stopped != "" {
		add("The last run ended early: %s.", last.Stopped)
	}
	return all
}

// clock is how times stand in sentences.
const clock = "2006-01-02 15:04 UTC"

// comparison is a run beside those before it.
type comparison struct {
	report report.Report
	now    Entry
	past   []Entry           // of the same subject, the newest first
	checks map[string][]seen // what the runs knew of each check, the newest first; without runs that did not look
}

// seen is a check in an earlier run that looked at it.
type seen struct {
	entry    *Entry
	status   string
	findings []Finding
}

// blind reports whether the run knew nothing of the check's items.
func (s seen) blind() bool {
	_, whole := s.of("")
	return s.status == unknown && whole
}

// partly reports whether the run could not look at all that the check judges.
func (s seen) partly() bool {
	return s.status == unknown || slices.ContainsFunc(s.findings, func(f Finding) bool { return f.Status == unknown })
}

// of finds an item's finding.
func (s seen) of(item string) (Finding, bool) {
	for _, f := range s.findings {
		if f.Item == item {
			return f, true
		}
	}
	return Finding{}, false
}

// compared makes a run ready to be compared with those before it, the newest first.
func compared(r report.Report, now Entry, past []Entry) *comparison {
	c := &comparison{report: r, now: now, past: past, checks: map[string][]seen{}}
	asked := map[string]bool{} // checks that have a finding somewhere; of the others nothing is to be told
	for _, f := range now.Findings {
		asked[f.Check] = true
	}
	for i := range past {
		for _, f := range past[i].Findings {
			asked[f.Check] = true
		}
	}
	for i := range past {
		e := &past[i]
		of := map[string][]Finding{}
		for _, f := range e.Findings {
			of[f.Check] = append(of[f.Check], f)
		}
		for status, ids := range e.Checks {
			// What a run had not come to when it was stopped it did not look at.
			if status == report.NotSelected || status == unknown && e.Stopped != "" {
				continue
			}
			for _, id := range ids {
				if asked[id] {
					c.checks[id] = append(c.checks[id], seen{e, status, of[id]})
				}
			}
		}
	}
	return c
}

// sighting is a finding in an earlier run.
type sighting struct {
	status string
	before int       // of the oldest run that is kept: in how many runs before it was one already
	since  time.Time // when its row began, as that run knew
}

// row are the runs, the newest first, in which a finding was one without a break. Where nobody
// could look the row goes on. What the oldest run that is kept says of the age of its findings
// counts, too.
func (c *comparison) row(check, item string) []sighting {
	var row []sighting
	all := c.checks[check]
	for i, s := range all {
		f, found := s.of(item)
		switch {
		case found:
			one := sighting{status: f.Status, since: s.entry.ReadAt}
			if i == len(all)-1 && f.Runs > 1 && !f.Since.IsZero() {
				one.before, one.since = f.Runs-1, f.Since
			}
			row = append(row, one)
		case item == "" && s.status == unknown || s.blind():
			row = append(row, sighting{status: unknown, since: s.entry.ReadAt})
		default:
			return row
		}
	}
	return row
}

// present are the findings of the run.
func (c *comparison) present() []report.Finding {
	var all []report.Finding
	for _, f := range c.now.Findings {
		all = append(all, c.stands(f))
	}
	return all
}

// stands tells how a finding of the run stands to the runs before, and how old it is.
func (c *comparison) stands(f Finding) report.Finding {
	out := report.Finding{Check: f.Check, Item: f.Item, Is: f.Status, Change: report.ChangeRevealed, Runs: 1, Since: c.now.ReadAt}
	past := c.checks[f.Check]
	if len(past) == 0 {
		return out
	}
	row := c.row(f.Check, f.Item)
	blind := 0 // runs that could not look, after which there is none that knew of the finding
	if f.Status != unknown {
		for len(row) > 0 && row[len(row)-1].status == unknown {
			row, blind = row[:len(row)-1], blind+1
			out.Was = unknown
		}
	}
	if len(row) == 0 {
		switch {
		case f.Status == waived:
			out.Change = report.ChangeAccepted
		case f.Status == unknown:
			out.Change = report.ChangeLost
		case c.past[0].Target != c.now.Target: // another release asks for other things
		case blind < len(past) && (f.Item == "" || !past[blind].partly()):
			out.Change = report.ChangeNew
		}
		return out
	}
	last := row[0]
	for _, one := range row {
		if f.Status != unknown && one.status != unknown {
			last = one
			break
		}
	}
	out.Was = last.status
	oldest := row[len(row)-1]
	out.Runs, out.Since = len(row)+oldest.before+1, oldest.since
	switch {
	case f.Status == last.status:
		out.Change = report.ChangeUnchanged
	case f.Status == unknown:
		out.Change = report.ChangeLost
	case f.Status == waived:
		out.Change = report.ChangeAccepted
	case rank(f.Status) > rank(last.status):
		out.Change = report.ChangeWorse
	default:
		out.Change = report.ChangeBetter
	}
	return out
}

// over are the findings of earlier runs that are none of this one.
func (c *comparison) over() []report.Finding {
	var all []report.Finding
	has := map[[2]string]bool{}
	for _, f := range c.now.Findings {
		has[[2]string{f.Check, f.Item}] = true
	}
	here := map[string]*report.Check{}
	order := make([]string, 0, len(c.report.Checks))
	for i := range c.report.Checks {
		id := c.report.Checks[i].ID
		here[id] = &c.report.Checks[i]
		order = append(order, id)
	}
	for _, id := range slices.Sorted(maps.Keys(c.checks)) { // those that there are no more: told once, and not for ever
		if _, before := c.past[0].StatusOf(id); before && here[id] == nil {
			order = append(order, id)
		}
	}
	for _, id := range order {
		for _, f := range c.lastKnown(id) {
			if has[[2]string{f.Check, f.Item}] {
				continue
			}
			if one, told := c.ended(f, here[id]); told {
				all = append(all, one)
			}
		}
	}
	return all
}

// lastKnown are the findings of a check that stood when it was last looked at: of the newest run,
// and where that knew nothing of its items, of those before too.
func (c *comparison) lastKnown(id string) []Finding {
	var all []Finding
	for _, s := range c.checks[id] {
		for _, f := range s.findings {
			if !slices.ContainsFunc(all, func(o Finding) bool { return o.Item == f.Item }) {
				all = append(all, f)
			}
		}
		if !s.blind() {
			break
		}
	}
	return all
}

// ended says what became of a finding that is none any more; check is nil where there is no such
// check. Told is false where something else in the report says it.
func (c *comparison) ended(f Finding, check *report.Check) (out report.Finding, told bool) {
	out = report.Finding{Check: f.Check, Item: f.Item, Was: f.Status, Change: report.ChangeGone, Over: true, Runs: 1, Since: c.past[0].ReadAt}
	if row := c.row(f.Check, f.Item); len(row) > 0 {
		oldest := row[len(row)-1]
		out.Runs, out.Since = len(row)+oldest.before, oldest.since
	}
	if check == nil || !check.Selected {
		out.Change = report.ChangeNotLookedAt
		return out, true
	}
	out.Is = check.Status
	if f.Item != "" && check.Status != notApplicable {
		out.Is = ""
		if i := slices.IndexFunc(check.Items, func(i report.Item) bool { return i.Key == f.Item }); i >= 0 {
			out.Is = check.Items[i].Status
		} else if check.Status == passed { // it judged all that there is
			out.Is = passed
		}
	}
	switch {
	case f.Item == "" && open(check.Status):
		return out, false // what it found instead stands there
	case out.Is == "" && notAllSeen(check):
		out.Is, out.Change = unknown, report.ChangeLost
	case out.Is != passed || c.past[0].Target != c.now.Target: // another release asks for other things
	case f.Status == unknown:
		out.Change = report.ChangeBetter
	default:
		out.Change = report.ChangeFixed
	}
	return out, true
}

// notAllSeen reports whether a check could not look at everything, so that what it does not name
// may be there still.
func notAllSeen(c *report.Check) bool {
	return c.Status == unknown || slices.ContainsFunc(c.Items, func(i report.Item) bool { return i.Status == unknown })
}

// The names of statuses that are no finding.
const (
	passed        = "passed"
	notApplicable = "not_applicable"
)
