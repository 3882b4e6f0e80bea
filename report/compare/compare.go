// Package compare tells what changed between two runs: what is new, worse, better and fixed, and
// what one of them did not look at. It judges nothing anew and asks nothing.
//
// What a run did not look at is never called fixed, and what neither could check is unchanged in
// that alone.
package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/report"
)

// Schema is the version of the JSON form of a Result.
const Schema = 1

// Kind says how a finding of the later run stands to the earlier one.
type Kind string

// The kinds, in the order in which people read them.
const (
	New       Kind = "new"           // a finding where the earlier run looked at the same and had none
	Worse     Kind = "worse"         // a warning that failed, or what was waived and is not any longer
	Revealed  Kind = "revealed"      // looked at now, and not in the earlier run, or passed there where it was another machine or release
	Lost      Kind = "lost"          // could not be checked now, and could before
	NotLooked Kind = "not_looked_at" // the later run did not look: not selected, or no such check
	Gone      Kind = "gone"          // no longer listed, no longer applies, or passes on another machine or for another release
	Accepted  Kind = "accepted"      // a waiver accepts it now
	Better    Kind = "better"        // failed before, and a warning now; or it can be checked again
	Fixed     Kind = "fixed"         // looked at again, on the same machine and for the same release, and passed
	Unchanged Kind = "unchanged"
)

// Kinds are all kinds in the order in which people read them.
func Kinds() []Kind {
	return []Kind{New, Worse, Revealed, Lost, NotLooked, Gone, Accepted, Better, Fixed, Unchanged}
}

// Result is what changed between two runs. Lists are never nil.
type Result struct {
	Schema  int          `json:"siteready_comparison"`
	Earlier Run          `json:"earlier"`
	Later   Run          `json:"later"`
	Same    bool         `json:"same"`    // nothing changed but values that were found, and both are of one site, version and target
	Notes   []string     `json:"notes"`   // what limits the comparison
	Counts  map[Kind]int `json:"counts"`  // of changes; each kind is in it
	Changes []Change     `json:"changes"` // in the later report's order of checks, then those that only the earlier one has
}

// Run is one of the two.
type Run struct {
	RunID     string         `json:"run_id"`
	Computer  string         `json:"computer"`
	Headline  string         `json:"headline"` // what was looked at, in one line
	Version   string         `json:"version"`  // of the site; empty when it is not known
	Target    string         `json:"target"`
	ReadAt    time.Time      `json:"read_at"`
	JudgedFor time.Time      `json:"judged_for"`
	Verdict   checks.Verdict `json:"verdict"`
	ExitCode  int            `json:"exit_code"`
	Counts    report.Counts  `json:"counts"`
	Stopped   string         `json:"stopped"`
	Siteready string         `json:"siteready"` // the version of the program
}

// Change is one thing in both runs: an item of a check, or a check as a whole.
type Change struct {
	Kind      Kind   `json:"kind"`
	Check     string `json:"check"`
	AreaTitle string `json:"area_title"`
	Title     string `json:"title"`
	Item      string `json:"item"`      // the item's key; empty for the check as a whole
	Was       string `json:"was"`       // a status; empty when there was no such thing
	Now       string `json:"now"`       // likewise
	WasFound  string `json:"was_found"` // what was found, or the check's summary
	NowFound  string `json:"now_found"`
	Because   string `json:"because"` // what else may explain it; empty when nothing is known to
}

// Bad reports whether the change wants a look: a finding that is new or worse, something that
// could not be checked or was not looked at though it was no good before.
func (c Change) Bad() bool {
	switch c.Kind {
	case New, Worse, Lost:
		return true
	case Revealed:
		return trouble(c.Now)
	case NotLooked:
		return trouble(c.Was)
	default:
		return false
	}
}

// Harmless reports whether neither run has a finding there.
func (c Change) Harmless() bool { return quiet(c.Was) && quiet(c.Now) }

// The names of statuses.
const (
	passed        = "passed"
	warning       = "warning"
	failed        = "failed"
	unknown       = "unknown"
	waived        = "waived"
	notApplicable = "not_applicable"
)

// bad reports whether a status is a finding.
func bad(status string) bool { return status == failed || status == warning }

// trouble reports whether a status wants a look.
func trouble(status string) bool { return bad(status) || status == unknown }

// quiet reports whether a status says nothing, for which no status stands, too.
func quiet(status string) bool {
	return status == passed || status == notApplicable || status == "" || status == report.NotSelected
}

// Reports compares two reports; earlier was made before later.
func Reports(earlier, later report.Report) Result {
	r := Result{
		Schema: Schema, Earlier: run(earlier), Later: run(later), Notes: notes(earlier, later),
		Counts: map[Kind]int{}, Changes: []Change{},
	}
	compared := func(old, now *report.Check) {
		r.Changes = append(r.Changes, check(old, now, aside(earlier, later))...)
	}
	old := map[string]*report.Check{}
	for i := range earlier.Checks {
		old[earlier.Checks[i].ID] = &earlier.Checks[i]
	}
	for i := range later.Checks {
		c := &later.Checks[i]
		compared(old[c.ID], c)
		delete(old, c.ID)
	}
	for i := range earlier.Checks {
		if c := &earlier.Checks[i]; old[c.ID] == c {
			compared(c, nil)
		}
	}
	for _, kind := range Kinds() {
		r.Counts[kind] = 0
	}
	for _, c := range r.Changes {
		r.Counts[c.Kind]++
	}
	r.Same = r.alike() && (earlier.RunID == later.RunID || Elsewhere(earlier, later) == "")
	return r
}

// alike reports whether both runs found the same, of whatever they are.
func (r Result) alike() bool {
	return r.Counts[Unchanged] == len(r.Changes) && r.Earlier.Verdict == r.Later.Verdict && (r.Earlier.Stopped == "") == (r.Later.Stopped == "")
}

// Of returns the changes of some kinds, in their order.
func (r Result) Of(kinds ...Kind) []Change {
	return slices.DeleteFunc(slices.Clone(r.Changes), func(c Change) bool { return !slices.Contains(kinds, c.Kind) })
}

func run(r report.Report) Run {
	target := r.Target.ProductName + " " + r.Target.Version
	if sm := r.ServiceManagerTarget; sm != nil && sm.Product != r.Target.Product {
		target += ", " + sm.ProductName + " " + sm.Version
	}
	version := r.Subject.Version
	if version == "" && r.Subject.ServiceManager != nil {
		version = r.Subject.ServiceManager.Version
	}
	return Run{
		RunID: r.RunID, Computer: r.Subject.Computer, Headline: r.Subject.Headline, Version: version, Target: target,
		ReadAt: r.ReadAt, JudgedFor: r.JudgedFor, Verdict: r.Verdict, ExitCode: r.Exit.Code, Counts: r.Counts, Stopped: r.Stopped, Siteready: r.Tool.Version,
	}
}

// thing is what one run says of an item, or of a check without items.
type thing struct{ key, status, found string }

// things are those of a check; the second of two items with one key is not taken for the first.
func things(c *report.Check) []thing {
	if len(c.Items) == 0 {
		return []thing{{"", c.Status, c.Summary}}
	}
	all := make([]thing, 0, len(c.Items))
	seen, again := map[string]bool{}, map[string]int{}
	for _, item := range c.Items {
		key := item.Key
		for seen[key] {
			again[item.Key]++
			key = fmt.Sprintf("%s (%d)", item.Key, again[item.Key]+1)
		}
		seen[key] = true
		found := item.Found
		if item.Cause != nil {
			found = item.Cause.Cause
		}
		all = append(all, thing{key, item.Status, found})
	}
	return all
}

// looked reports whether a run looked at the check.
func looked(c *report.Check) bool { return c != nil && c.Selected }

// blind reports whether a run could say nothing at all of the check.
func blind(c *report.Check) bool { return c.Status == unknown && len(c.Items) == 0 }

// partly reports whether a run could not look at all that the check judges.
func partly(c *report.Check) bool {
	return c.Status == unknown || slices.ContainsFunc(c.Items, func(i report.Item) bool { return i.Status == unknown })
}

// pair is one check in both runs; an end where the run has no such check is nil.
type pair struct {
	old, now *report.Check
	aside    string // why what passes now may not be fixed, and what fails not new; empty when it is
	because  string
	changes  []Change
}

// check compares one check. What neither run looked at has no change.
func check(old, now *report.Check, aside string) []Change {
	p := &pair{old: old, now: now, aside: aside}
	switch {
	case !looked(old) && !looked(now):
		return nil
	case !looked(now):
		p.because = "the later run did not select this check"
		if now == nil {
			p.because = "the siteready of the later run has no such check"
		}
		p.oneSided(things(old), func(t thing) { p.add(NotLooked, t, thing{key: t.key}) })
		return p.changes
	case !looked(old):
		p.because = "the earlier run did not select this check"
		if old == nil {
			p.because = "the siteready of the earlier run has no such check"
		}
		p.oneSided(things(now), func(t thing) { p.add(Revealed, thing{key: t.key}, t) })
		return p.changes
	}
	p.because = thresholds(old, now)
	switch {
	case now.Status == notApplicable:
		p.gone()
	case blind(now):
		p.lost()
	case blind(old):
		p.again()
	default:
		p.both()
	}
	if len(p.changes) == 0 { // nothing of it is lost, whatever a check may do
		p.add(between(old.Status, now.Status), whole(old), whole(now))
	}
	return p.changes
}

// whole is a check as one thing.
func whole(c *report.Check) thing { return thing{"", c.Status, c.Summary} }

// oneSided adds each thing that says something, or the whole check where none does.
func (p *pair) oneSided(all []thing, add func(thing)) {
	before := len(p.changes)
	for _, t := range all {
		if !quiet(t.status) {
			add(t)
		}
	}
	if len(p.changes) == before {
		if p.now != nil && p.now.Selected {
			add(whole(p.now))
		} else {
			add(whole(p.old))
		}
	}
}

// gone is for a check that does not apply now: nothing of it was seen right.
func (p *pair) gone() {
	if p.old.Status == notApplicable {
		p.add(Unchanged, whole(p.old), whole(p.now))
		return
	}
	for _, t := range things(p.old) {
		if !quiet(t.status) {
			p.add(Gone, t, thing{t.key, notApplicable, p.now.Summary})
		}
	}
	if len(p.changes) == 0 {
		p.add(Gone, whole(p.old), whole(p.now))
	}
}

// lost is for a check of which nothing is known now.
func (p *pair) lost() {
	kind := Lost
	if p.old.Status == unknown && !slices.ContainsFunc(things(p.old), func(t thing) bool { return bad(t.status) || t.status == waived }) {
		kind = Unchanged
	}
	was := whole(p.old)
	var keys []string
	for _, t := range things(p.old) {
		if bad(t.status) {
			keys = append(keys, t.key)
		}
	}
	if len(keys) > 0 && keys[0] != "" {
		was.found = strings.TrimSuffix(was.found, ".") + ": " + strings.Join(keys, ", ")
	}
	p.add(kind, was, whole(p.now))
}

// again is for a check of which nothing was known before.
func (p *pair) again() {
	was := func(t thing) thing { return thing{t.key, unknown, p.old.Summary} }
	for _, t := range things(p.now) {
		switch {
		case bad(t.status):
			p.add(Revealed, was(t), t)
		case t.status == waived:
			p.add(Accepted, was(t), t)
		case t.status == unknown:
			p.add(Unchanged, was(t), t)
		}
	}
	if len(p.changes) == 0 {
		p.add(Better, whole(p.old), whole(p.now))
	}
}

// both is for a check of which both runs know something.
func (p *pair) both() {
	before, after := things(p.old), things(p.now)
	was, is := byKey(before), byKey(after)
	for _, t := range after {
		old, known := was[t.key]
		if !known {
			p.came(t)
			continue
		}
		if kind := between(old.status, t.status); kind != Unchanged || !quiet(t.status) {
			p.add(kind, old, t)
		}
	}
	for _, t := range before {
		if _, known := is[t.key]; !known {
			p.went(t)
		}
	}
}

// byKey finds things by their keys.
func byKey(all []thing) map[string]thing {
	by := make(map[string]thing, len(all))
	for _, t := range all {
		by[t.key] = t
	}
	return by
}

// came adds a thing that the earlier run does not list.
func (p *pair) came(t thing) {
	none := thing{key: t.key}
	switch {
	case bad(t.status) && partly(p.old):
		p.why("the earlier run could not look at all of it", func() { p.add(Revealed, none, t) })
	case bad(t.status):
		p.add(New, none, t)
	case t.status == unknown:
		p.add(Lost, none, t)
	case t.status == waived:
		p.add(Accepted, none, t)
	}
}

// went adds a thing that the later run does not list. It is fixed only where that run looked at
// everything and passed: a list can be cut, and what is listed can be taken away.
func (p *pair) went(t thing) {
	if quiet(t.status) {
		return
	}
	none := thing{key: t.key}
	switch {
	case partly(p.now):
		p.why("it is not listed now, and not all could be looked at", func() { p.add(Lost, t, none) })
	case p.now.Status == passed && t.status == unknown:
		p.add(Better, t, thing{t.key, passed, p.now.Summary})
	case p.now.Status == passed:
		p.add(Fixed, t, thing{t.key, passed, p.now.Summary})
	default:
		p.why("it is not listed any longer; other things of this check are", func() { p.add(Gone, t, none) })
	}
}

// why adds a reason of its own to what add adds.
func (p *pair) why(reason string, add func()) {
	kept := p.because
	p.because = reason
	if kept != "" {
		p.because += "; " + kept
	}
	add()
	p.because = kept
}

func (p *pair) add(kind Kind, was, now thing) {
	c := Change{
		Kind: kind, Item: cmp.Or(now.key, was.key),
		Was: was.status, Now: now.status, WasFound: was.found, NowFound: now.found,
	}
	of := p.now
	if of == nil {
		of = p.old
	}
	c.Check, c.AreaTitle, c.Title = of.ID, of.AreaTitle, of.Title
	if kind != Unchanged {
		c.Because = p.because
	}
	if p.aside != "" && (kind == Fixed || kind == New) {
		c.Kind = map[Kind]Kind{Fixed: Gone, New: Revealed}[kind]
		c.Because = strings.TrimPrefix(c.Because+"; "+p.aside, "; ")
	}
	if was.status == waived && bad(now.status) {
		c.Because = strings.TrimPrefix(c.Because+"; its waiver no longer holds", "; ")
	}
	p.changes = append(p.changes, c)
}

// between is how one thing's status stands to its earlier one.
func between(was, now string) Kind {
	switch {
	case was == now:
		return Unchanged
	case now == unknown:
		return Lost
	case now == waived:
		return Accepted
	case was == unknown && bad(now):
		return Revealed
	case was == unknown:
		return Better
	case bad(now) && quiet(was):
		return New
	case now == failed || was == waived && bad(now):
		return Worse
	case now == warning:
		return Better
	case now == notApplicable:
		return Gone
	case was == notApplicable:
		return Revealed // it applies now
	default:
		return Fixed
	}
}

// thresholds says which of a check's thresholds differ: what changed may be them alone.
func thresholds(old, now *report.Check) string {
	was := map[string]report.Setting{}
	for _, s := range old.Settings {
		was[s.Name] = s
	}
	var changed []string
	for _, s := range now.Settings {
		if before, known := was[s.Name]; known && before.Value != s.Value {
			changed = append(changed, fmt.Sprintf("the threshold %s was %g %s and is %g now", s.Name, before.Value, s.Unit, s.Value))
		}
	}
	return strings.Join(changed, "; ")
}
