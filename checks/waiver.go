package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Waiver accepts what a check finds for a while. It never makes anything pass.
type Waiver struct {
	Check  string // id
	Item   string // the item's key; empty = all that the check finds, and that it could not check
	Reason string
	Owner  string
	Ticket string    // may be empty
	Until  time.Time // the last day on which it counts, 00:00 UTC
}

// End is when the last day is over in UTC.
func (w Waiver) End() time.Time { return w.Until.AddDate(0, 0, 1) }

// Expired reports whether the last day is over.
func (w Waiver) Expired(at time.Time) bool { return !at.Before(w.End()) }

// Acceptance is what a waiver did to a check or an item.
type Acceptance struct {
	Waiver Waiver
	Was    Status // unknown, warning or failed
}

// WaiverState says what became of a waiver in a run.
type WaiverState string

// The states of a waiver.
const (
	WaiverInForce WaiverState = "in_force" // it accepted something
	WaiverUnused  WaiverState = "unused"   // there was nothing for it to accept
	WaiverExpired WaiverState = "expired"
)

// WaiverUse is a waiver and what became of it.
type WaiverUse struct {
	Waiver
	State WaiverState
	Note  string // why it is not in force; empty when it is
}

// Waive lays waivers over the results of a run, and says what became of each, in their order.
// Results that nothing is waived of stay as they are; none is changed in place. A waiver of an
// item goes before one of its whole check. Days are judged at judgedFor.
func Waive(results []Result, waivers []Waiver, judgedFor time.Time) ([]Result, []WaiverUse) {
	waived := slices.Clone(results)
	used := make([]bool, len(waivers))
	// first returns the waiver that accepts an item, or the whole check for the key "".
	first := func(id, key string) *Waiver {
		for i, w := range waivers {
			if w.Check == id && w.Item == key && !w.Expired(judgedFor) {
				used[i] = true
				return &waivers[i]
			}
		}
		return nil
	}
	for i := range waived {
		if waived[i].Selected && acceptable(waived[i].Status) {
			waived[i] = waive(waived[i], first)
		}
	}
	uses := make([]WaiverUse, len(waivers))
	for i, w := range waivers {
		uses[i] = WaiverUse{w, WaiverInForce, ""}
		if !used[i] {
			uses[i].State, uses[i].Note = idle(w, results, judgedFor)
		}
	}
	return waived, uses
}

// acceptable reports whether there is something to accept in a status.
func acceptable(s Status) bool { return s == Unknown || s == Warning || s == Failed }

// waive returns a result in trouble with what waivers accept of it.
func waive(r Result, first func(id, key string) *Waiver) Result {
	if len(r.Items) == 0 || r.Cause != nil {
		if w := first(r.Check.ID, ""); w != nil {
			r.Waived = &Acceptance{*w, r.Status}
			r.Status = Waived
		}
		return r
	}
	was := r.Status
	r.Items = slices.Clone(r.Items)
	statuses := make([]Status, len(r.Items))
	for i := range r.Items {
		item := &r.Items[i]
		if acceptable(item.Status) {
			var w *Waiver
			if item.Key != "" {
				w = first(r.Check.ID, item.Key)
			}
			if w == nil {
				if w = first(r.Check.ID, ""); w != nil {
					r.Waived = &Acceptance{*w, was}
				}
			}
			if w != nil {
				item.Waived = &Acceptance{*w, item.Status}
				item.Status = Waived
			}
		}
		statuses[i] = item.Status
	}
	r.Status = Worst(statuses...)
	return r
}

// idle says why a waiver accepts nothing in these results, from before anything was waived.
func idle(w Waiver, results []Result, judgedFor time.Time) (WaiverState, string) {
	at := slices.IndexFunc(results, func(r Result) bool { return r.Check.ID == w.Check })
	if at < 0 {
		return stateOf(w, judgedFor), "there is no such check"
	}
	r := results[at]
	var keys []string
	found := false // what it was made for
	for _, item := range r.Items {
		if acceptable(item.Status) {
			keys = append(keys, quoted(item.Key))
			found = found || item.Key == w.Item
		}
	}
	found = found || w.Item == "" && acceptable(r.Status)
	switch {
	case !r.Selected:
		return stateOf(w, judgedFor), "the check was not selected"
	case w.Expired(judgedFor) && found:
		return WaiverExpired, "what it had accepted counts again"
	case w.Expired(judgedFor):
		return WaiverExpired, "there is nothing left for it to accept: it can be removed"
	case !acceptable(r.Status):
		return WaiverUnused, fmt.Sprintf("the check is %s: there is nothing to accept", strings.ReplaceAll(r.Status.String(), "_", " "))
	case w.Item == "":
		return WaiverUnused, "waivers of its items have accepted everything"
	case len(keys) == 0:
		return WaiverUnused, "the check as a whole could not be made; only a waiver without an item accepts that"
	default:
		return WaiverUnused, "no such item is in trouble; in trouble are " + strings.Join(keys, ", ")
	}
}

// quoted is a key as a configuration can hold it.
func quoted(key string) string { return "'" + strings.ReplaceAll(key, "'", "''") + "'" }

func stateOf(w Waiver, judgedFor time.Time) WaiverState {
	if w.Expired(judgedFor) {
		return WaiverExpired
	}
	return WaiverUnused
}
