package report

import (
	"fmt"
	"slices"
	"strings"
)

// sinceLast says in one line what changed since the last run; empty without a history.
func sinceLast(h *History) string {
	switch {
	case h == nil:
		return ""
	case h.State == HistoryFirst:
		return "none: this is the first run that is kept"
	case h.State != HistoryCompared || h.Last == nil:
		return "what changed is not known"
	}
	var words Numbers
	for _, k := range h.Changes.kinds() {
		words.Add(k.n, k.words)
	}
	return fmt.Sprintf("%s; compared with the run of %s, %s", words.Or("nothing was found, then or now"), h.Last.ReadAt.Format(clock), h.Last.Verdict)
}

// remarks are what limits the comparison, and what of the history could not be used.
func (h *History) remarks() []string {
	if h == nil {
		return nil
	}
	return append(append([]string{}, h.Differs...), h.Problems...)
}

// ages are the findings of a run by check and item; empty where there is nothing to compare with.
type ages map[[2]string]Finding

func agesOf(h *History) ages {
	all := ages{}
	if h == nil || h.State != HistoryCompared {
		return all
	}
	for _, f := range h.Findings {
		if !f.Over {
			all[[2]string{f.Check, f.Item}] = f
		}
	}
	return all
}

// of says how old a finding is: "new", "since 2026-11-03, 12 runs"; empty when it is not known.
func (a ages) of(check, item string) string {
	f, known := a[[2]string{check, item}]
	if !known {
		return ""
	}
	return f.age()
}

// with is a text with the age of its finding behind it.
func (a ages) with(text, check, item string) string {
	if age := a.of(check, item); age != "" {
		return text + " [" + age + "]"
	}
	return text
}

// short is short text with the age of its finding behind it, which is not cut.
func (a ages) short(text, check, item string) string {
	age := a.of(check, item)
	if age == "" {
		return short(text, shortText)
	}
	return short(text, shortText-len(age)-len(" []")) + " [" + age + "]"
}

// whole says how old the findings of a check are: of one its age, of several how many have which change.
func (a ages) whole(c Check) string {
	if text := a.of(c.ID, ""); text != "" {
		return text
	}
	bad := trouble(c.Items)
	if len(bad) == 1 {
		return a.of(c.ID, bad[0].Key)
	}
	var fresh int
	var oldest Finding
	for _, item := range bad {
		f, known := a[[2]string{c.ID, item.Key}]
		switch {
		case !known:
			continue
		case f.Change == ChangeNew || f.Change == ChangeRevealed:
			fresh++
		}
		if oldest.Check == "" || f.Since.Before(oldest.Since) {
			oldest = f
		}
	}
	switch {
	case oldest.Check == "":
		return ""
	case fresh == len(bad):
		return "new"
	case fresh > 0:
		return fmt.Sprintf("%d of %d new, the oldest %s", fresh, len(bad), oldest.row())
	default:
		return "the oldest " + oldest.row()
	}
}

// age is how old a finding is, in a phrase.
func (f Finding) age() string {
	switch f.Change {
	case ChangeNew:
		if f.Was == unknown {
			return "new; could not be checked in the last run"
		}
		return "new"
	case ChangeRevealed:
		if f.Was == unknown {
			return "could not be checked before"
		}
		return "looked at for the first time"
	case ChangeLost:
		if f.Was == "" {
			return "new; could be checked in the last run"
		}
		return was(f.Was) + " in the last run; " + f.row()
	case ChangeWorse, ChangeBetter:
		return was(f.Was) + " in the last run; " + f.row()
	case ChangeAccepted:
		if f.Was == "" {
			return "new"
		}
		return was(f.Was) + " in the last run; " + f.row()
	default:
		return f.row()
	}
}

// row is since when a finding is one, and in how many runs.
func (f Finding) row() string {
	return fmt.Sprintf("since %s, %s", f.Since.Format("2006-01-02"), plural(f.Runs, "run", "runs"))
}

// became says of a finding of an earlier run what became of it.
func (f Finding) became() string {
	text := was(f.Was) + " " + f.row()
	switch f.Change {
	case ChangeNotLookedAt:
		return text + "; may be as it was"
	case ChangeGone:
		why := "it is not listed any more"
		switch f.Is {
		case passed:
			why = "it passes for another release"
		case notApplicable:
			why = "it does not apply any more"
		}
		return text + "; " + why + ", which is not the same as fixed"
	case ChangeLost:
		return text + "; nobody knows how it is"
	default:
		return text
	}
}

// notLookedAt says what earlier runs found in checks that this run did not make.
func notLookedAt(all []Finding) string {
	var ids []string
	for _, f := range all {
		if !slices.Contains(ids, f.Check) {
			ids = append(ids, f.Check)
		}
	}
	return fmt.Sprintf("%s of %s may be as before: %s", plural(len(all), "finding", "findings"), plural(len(ids), "check", "checks"), strings.Join(ids, ", "))
}

// was is a status in the past.
func was(status string) string {
	switch status {
	case failed:
		return "failed"
	case warning:
		return "was a warning"
	case waived:
		return "was waived"
	default:
		return "could not be checked"
	}
}

// name is the check and the item of a finding.
func (f Finding) name() string { return strings.TrimSuffix(f.Check+", "+f.Item, ", ") }

// changedFindings are the findings that changed, by kind; none where there is nothing to compare with.
func changedFindings(h *History) (kinds []change, of map[string][]Finding) {
	of = map[string][]Finding{}
	if h == nil || h.State != HistoryCompared {
		return nil, of
	}
	for _, f := range h.Findings {
		of[f.Change] = append(of[f.Change], f)
	}
	for _, k := range h.Changes.kinds() {
		if k.kind != ChangeUnchanged && len(of[k.kind]) > 0 {
			kinds = append(kinds, k)
		}
	}
	return kinds, of
}

// changes writes what changed since the last run, and what limits the comparison.
func (p *page) changes(r Report) {
	kinds, of := changedFindings(r.History)
	remarks := r.History.remarks()
	if len(kinds) == 0 && len(remarks) == 0 {
		return
	}
	p.title("Since the last run")
	for _, remark := range remarks {
		p.labelled(2, "Beware", remark)
	}
	for _, k := range kinds {
		p.text("  ", k.title)
		if k.kind == ChangeNotLookedAt {
			p.text("    ", notLookedAt(of[k.kind]))
			continue
		}
		for _, f := range of[k.kind] {
			status := f.Is
			if f.Over && f.Is == "" {
				status = notApplicable
			}
			m := marks(status)
			lead := "    " + p.paint(p.symbol(status), m.color...) + " "
			switch {
			case f.Over:
				p.text(lead, f.name()+": "+f.became())
			case k.kind == ChangeNew && f.Was == "":
				p.text(lead, f.name())
			default:
				p.text(lead, f.name()+": "+f.age())
			}
		}
	}
}
