package logscan

import (
	"slices"
	"time"

	"siteready/platform/logscan/signatures"
)

// Ended is a line that says that something is over: it has succeeded, or a later run was begun.
type Ended struct {
	ID   string `json:"id"` // of the rule of kind success or run
	Log  string `json:"log"`
	Line Line   `json:"line"` // the newest in that log that says so

	place place
}

// runs are the runs that were appended to a file.
type runs struct {
	begun int          // begins that were seen
	ends  int          // ends that were seen
	at    map[int]over // by the place of the signature: what stood before the last end
	marks int          // how many marks there were then
	by    string       // id of the rule
}

// over is how many messages there were.
type over int64

// over takes note of a line that tells what is over.
func (b *blocks) over(found signatures.Mark, m mark) {
	if m.line.At != nil && !b.o.Until.IsZero() && m.line.At.After(b.o.Until) {
		return
	}
	r := b.o.Catalogue.Rules[found.Rule]
	if b.ended == nil {
		b.ended = map[int]mark{}
	}
	b.ended[found.Rule] = m
	if r.Kind == signatures.RuleRun {
		b.runs.by = r.ID
	}
	switch {
	case r.Kind == signatures.RuleSuccess:
	case found.Role == signatures.Begin:
		b.runs.begun++
		for _, s := range b.seen {
			s.Over, s.OverBy = s.Count, r.ID
		}
		b.marks = b.marks[:0]
		b.count()
	default:
		for i, count := range b.runs.at {
			b.seen[i].Over, b.seen[i].OverBy = int64(count), r.ID
		}
		b.marks = b.marks[:copy(b.marks, b.marks[min(b.runs.marks, len(b.marks)):])]
		b.runs.ends++
		b.runs.marks = len(b.marks)
		b.count()
		b.runs.at = map[int]over{}
		for i, s := range b.seen {
			b.runs.at[i] = over(s.Count)
		}
	}
}

// begunAnew says that all that earlier files of the log hold is over.
func (r runs) begunAnew() bool { return r.begun > 0 || r.ends > 1 }

// endings are the newest lines of each log that tell what is over.
func endings(rules []signatures.Rule, logs []Log, results [][]result) []Ended {
	all := []Ended{}
	for i, r := range rules {
		if r.Judges() {
			continue
		}
		for n, log := range results {
			var newest *Ended
			for _, file := range log {
				if m, found := file.ended[i]; found && (newest == nil || m.line.At != nil) {
					newest = &Ended{r.ID, logs[n].Name, m.shown(), m.place}
				}
			}
			if newest != nil {
				all = append(all, *newest)
			}
		}
	}
	return all
}

// endOf is what says that a symptom is over; nil when nothing does. ends says which successes
// count for it.
func endOf(found Found, s Seen, rules map[string]signatures.Rule, ends func(signatures.Rule) bool) *Ended {
	var end *Ended
	for i, e := range found.Endings {
		r := rules[e.ID]
		switch {
		case r.Kind == signatures.RuleRun && s.Over == s.Count && s.OverBy == e.ID:
		case r.Kind == signatures.RuleSuccess && ends(r) && (e.alone(s) || after(e.Line.At, s)) && found.covers(e, s) && !found.broke(r.Unless):
		default:
			continue
		}
		if end == nil || newest(e.Line.At, end.Line.At) < 0 {
			end = &found.Endings[i]
		}
	}
	return end
}

// alone says that all of a symptom stands in the same log: then its place there tells what came later,
// and no time is needed.
func (e Ended) alone(s Seen) bool {
	return len(s.in) > 0 && !slices.ContainsFunc(s.in, func(p place) bool { return p.log != e.place.log })
}

// broke says that a log broke a rule.
func (f Found) broke(id string) bool {
	return slices.ContainsFunc(f.Rules, func(b Broken) bool { return b.ID == id })
}

// after says that a time is later than all that was seen of a symptom.
func after(at *time.Time, s Seen) bool {
	return at != nil && s.Last != nil && s.Undated == 0 && at.After(*s.Last)
}
