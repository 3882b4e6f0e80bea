package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
)

// Configuration names the file that was in force.
type Configuration struct {
	File   string `json:"file"`   // without its folder; empty when there was none
	SHA256 string `json:"sha256"` // of the file as it is stored, in hex
}

// Waiver is an entry of the configuration and what became of it.
type Waiver struct {
	Check  string             `json:"check"`
	Item   string             `json:"item"` // empty for the whole check
	Reason string             `json:"reason"`
	Owner  string             `json:"owner"`
	Ticket string             `json:"ticket"`
	Until  string             `json:"until"` // the last day on which it counts in UTC, YYYY-MM-DD
	State  checks.WaiverState `json:"state"`
	Note   string             `json:"note"` // why it is not in force; empty when it is
}

// Waived says of a check or an item by which waiver it was accepted.
type Waived struct {
	Was    string `json:"was"`  // its status without the waiver
	Item   string `json:"item"` // empty when the waiver is of the whole check
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Ticket string `json:"ticket"`
	Until  string `json:"until"` // the last day on which it counts in UTC, YYYY-MM-DD
}

// Confirmation is something that only a person can tell, and who has. It never changes the
// verdict.
type Confirmation struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	Why       string `json:"why"`
	Source    string `json:"source"`
	Confirmed bool   `json:"confirmed"`
	By        string `json:"by"`
	On        string `json:"on"` // YYYY-MM-DD; empty when it was not confirmed
	Note      string `json:"note"`
}

func newWaivers(uses []checks.WaiverUse) []Waiver {
	all := make([]Waiver, len(uses))
	for i, u := range uses {
		all[i] = Waiver{u.Check, u.Item, u.Reason, u.Owner, u.Ticket, u.Until.Format(time.DateOnly), u.State, u.Note}
	}
	return all
}

func newWaived(a *checks.Acceptance) *Waived {
	if a == nil {
		return nil
	}
	w := a.Waiver
	return &Waived{a.Was.String(), w.Item, w.Reason, w.Owner, w.Ticket, w.Until.Format(time.DateOnly)}
}

func newConfirmations(statements []checks.Statement, confirmed []checks.Confirmation) []Confirmation {
	all := make([]Confirmation, len(statements))
	for i, s := range statements {
		all[i] = Confirmation{ID: s.ID, Text: s.Text, Why: s.Why, Source: s.Source}
		at := slices.IndexFunc(confirmed, func(c checks.Confirmation) bool { return c.Statement == s.ID })
		if at >= 0 {
			c := confirmed[at]
			all[i].Confirmed, all[i].By, all[i].On, all[i].Note = true, c.By, c.On.Format(time.DateOnly), c.Note
		}
	}
	return all
}

// configured is what a configuration has changed, in one sentence; empty when nothing.
func configured(r Report) string {
	if r.Configuration.File == "" {
		return ""
	}
	var words []string
	if n := len(changed(r)); n > 0 {
		words = append(words, plural(n, "threshold", "thresholds")+" changed")
	}
	states := map[checks.WaiverState]int{}
	for _, w := range r.Waivers {
		states[w.State]++
	}
	for _, s := range []struct {
		state checks.WaiverState
		word  string
	}{{checks.WaiverInForce, "in force"}, {checks.WaiverExpired, "expired"}, {checks.WaiverUnused, "unused"}} {
		if n := states[s.state]; n > 0 {
			words = append(words, plural(n, "waiver", "waivers")+" "+s.word)
		}
	}
	if len(words) == 0 {
		words = []string{"no thresholds changed, no waivers"}
	}
	return fmt.Sprintf("by %s: %s. SHA-256 %s", r.Configuration.File, strings.Join(words, ", "), r.Configuration.SHA256)
}

// accepted is how many items and whole checks were waived.
func accepted(r Report) int {
	n := 0
	for _, c := range r.Checks {
		n += len(acceptedOf(c))
	}
	return n
}

// acceptedOf is the waived items of a check; of a check that was waived without items it is
// one without a key.
func acceptedOf(c Check) []Item {
	var all []Item
	for _, item := range c.Items {
		if item.Waived != nil {
			all = append(all, item)
		}
	}
	if len(all) == 0 && c.Waived != nil {
		all = append(all, Item{Found: c.Summary, Status: c.Status, Cause: c.Cause, Waived: c.Waived})
	}
	return all
}

// firstEnd is the day on which the first of a check's waivers ends.
func firstEnd(c Check) string {
	var days []string
	for _, item := range acceptedOf(c) {
		days = append(days, item.Waived.Until)
	}
	if len(days) == 0 {
		return "?" // a check is waived by a waiver
	}
	return slices.Min(days)
}

// waived writes what was accepted, by whom and why, and the waivers that accept nothing.
func (p *page) waived(r Report) {
	first := true
	for _, c := range inOrder(r) {
		for i, item := range acceptedOf(c) {
			if first {
				p.title("Waived")
			} else if i == 0 {
				p.line("")
			}
			first = false
			if i == 0 {
				p.text("  "+p.paint(p.symbol(waived), marks(waived).color...)+" ", c.Title)
				p.text("    ", c.ID)
			}
			m := marks(item.Waived.Was)
			text := item.Found
			if item.Key != "" {
				text = itemText(Item{Key: item.Key, Found: item.Found, Wanted: item.Wanted, Where: item.Where}, nil)
			}
			if item.Cause != nil && item.Key != "" {
				text = item.Key + ": " + item.Cause.Cause
			}
			p.text("    "+p.paint(p.symbol(item.Waived.Was), m.color...)+" ", text)
			p.labelled(6, "instead of", m.word)
			p.labelled(6, "by", item.Waived.Owner+ticket(item.Waived.Ticket))
			p.labelled(6, "until", item.Waived.Until+" UTC")
			p.labelled(6, "because", item.Waived.Reason)
		}
	}
	first = true
	for _, w := range r.Waivers {
		text := idleWaiver(w)
		if text == "" {
			continue
		}
		if first {
			p.title("Waivers that accept nothing")
			first = false
		}
		p.text("  - ", text)
	}
}

// idleWaiver says why a waiver accepts nothing; empty for one that is in force.
func idleWaiver(w Waiver) string {
	if w.State == checks.WaiverInForce {
		return ""
	}
	state := "unused"
	if w.State == checks.WaiverExpired {
		state = "expired after " + w.Until
	}
	return fmt.Sprintf("%s (%s%s): %s; %s.", accepts(w), w.Owner, ticket(w.Ticket), state, w.Note)
}

// accepts names what a waiver is of.
func accepts(w Waiver) string {
	if w.Item == "" {
		return w.Check
	}
	return w.Check + ", " + w.Item
}

func ticket(text string) string {
	if text == "" {
		return ""
	}
	return ", ticket " + text
}

// setting is a threshold and its check.
type setting struct {
	id string
	Setting
}

// changed are the thresholds of selected checks that are not the default.
func changed(r Report) []setting {
	var all []setting
	for _, c := range r.Checks {
		for _, s := range c.Settings {
			if c.Selected && s.Value != s.Default {
				all = append(all, setting{c.ID, s})
			}
		}
	}
	return all
}

// thresholds writes those that are not the default, whatever came of them.
func (p *page) thresholds(r Report) {
	for i, s := range changed(r) {
		if i == 0 {
			p.title("Thresholds that were changed")
		}
		p.text("  - ", s.id+": "+threshold(s.Setting))
	}
}

// confirmed is how many statements a person has confirmed, and of how many. On a machine that
// is no site server there is nothing to confirm.
func confirmed(r Report) (done, all int) {
	if !sited(r.Subject) {
		return 0, 0
	}
	for _, c := range r.Confirmations {
		if c.Confirmed {
			done++
		}
	}
	return done, len(r.Confirmations)
}

// confirmedBy says who has confirmed a statement, when and how.
func confirmedBy(c Confirmation) string {
	switch {
	case !c.Confirmed:
		return "Not confirmed"
	case c.Note == "":
		return fmt.Sprintf("Confirmed by %s on %s", c.By, c.On)
	default:
		return fmt.Sprintf("Confirmed by %s on %s: %s", c.By, c.On, c.Note)
	}
}

// confirm writes what only a person can tell.
func (p *page) confirm(r Report) {
	done, all := confirmed(r)
	if all == 0 {
		return
	}
	p.title(fmt.Sprintf("Confirm yourself (%d of %d confirmed)", done, all))
	for _, c := range r.Confirmations {
		box := "[ ] "
		if c.Confirmed {
			box = "[x] "
		}
		p.text("  "+box, c.ID+": "+c.Text)
		if c.Confirmed {
			p.text("      ", confirmedBy(c))
		}
		if p.Verbose {
			p.text("      ", c.Why)
			p.line("      " + clean(c.Source))
		}
	}
}
