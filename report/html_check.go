package report

import (
	"fmt"
	"slices"
	"strings"

	"siteready/platform"
)

// htmlCheck is a check on the page.
type htmlCheck struct {
	ID, Area, AreaTitle string
	Status, Word        string
	Title, Answer       string
	Age                 string // since when it has findings; empty when that is not known
	Open                bool   // it is shown unfolded
	Trouble             bool   // it says what to do
	Causes              []htmlCause
	Items               []htmlItem // those in trouble, worst first, and of a check without trouble none
	Rest                []htmlItem // the others
	RestTitle           string
	Wide                bool // some item says what was wanted
	Remedy              string
	Command             string
	CommandCut          bool // the command was too long, and cannot be copied
	Consequence, Why    string
	Rules               string
	Thresholds, Notes   []string
	Told                bool // there is a threshold or a note
	Sources             []htmlSource
	Waived              string
	Evidence            []htmlEvidence
	EvidenceTitle       string
	Stack               string
}

// htmlItem is a line of a check's items.
type htmlItem struct {
	Status, Word             string
	Key, Found, Wanted, From string
	Cause                    int // its number; 0 for none
	Waived, Age              string
}

// htmlSource is a document; Address is empty when it has none that may be followed.
type htmlSource struct{ Text, Address string }

// htmlEvidence is a question and what came back.
type htmlEvidence struct{ Question, Use, Answer, None string }

// htmlCause is a reason why something could not be checked.
type htmlCause struct {
	N          int
	Text, Help string
	Shared     string // by how many others, beside a check
	Weight     string // how many checks hang on it, in the list of causes
	Hangs      []htmlHang
	Needed     string
}

// htmlHang is a check that hangs on a cause.
type htmlHang struct{ Comma, ID, Items string }

func newHTMLCheck(r Report, c Check, causeOf map[causeKey]int, old ages) htmlCheck {
	bad := c.Status == failed || c.Status == unknown || c.Status == warning || c.Status == waived
	h := htmlCheck{
		ID: c.ID, Area: c.AreaID, AreaTitle: tidy(c.AreaTitle), Status: c.Status, Word: marks(c.Status).word,
		Title: tidy(c.Title), Answer: tidy(c.Summary), Open: c.Status == failed || c.Status == unknown, Trouble: bad,
		Notes: tidied(c.Notes), Stack: tidy(c.Stack),
	}
	if c.Status == notApplicable || !c.Selected {
		return h
	}
	if h.Answer == "" && c.Cause != nil {
		h.Answer = tidy(c.Cause.Cause)
	}
	h.causes(r, c, causeOf)
	h.items(c, causeOf, old)
	for _, s := range c.Settings {
		h.Thresholds = append(h.Thresholds, tidy(threshold(s)))
	}
	h.Told = len(h.Thresholds) > 0 || len(h.Notes) > 0
	if c.Waived != nil {
		h.Waived = tidy(upperFirst(waivedBy(*c.Waived)))
	}
	if bad {
		h.Age = old.whole(c)
		h.advice(c)
	}
	var spent int64
	for _, e := range c.Evidence {
		one := htmlEvidence{Question: tidy(e.Question.String())}
		if e.Use != platform.Asked {
			one.Use = use(e)
		}
		if e.NoAnswer == nil {
			one.Answer = answer(e)
		} else {
			one.None = tidy(e.NoAnswer.Reason + ": " + e.NoAnswer.Cause)
		}
		h.Evidence = append(h.Evidence, one)
		spent += e.TookMS
	}
	h.EvidenceTitle = fmt.Sprintf("%s, %s", plural(len(h.Evidence), "question", "questions"), took(spent))
	return h
}

// causes gathers why something of a check is not known, each cause once. A check that has
// only to say what stands above it, for many, is folded.
func (h *htmlCheck) causes(r Report, c Check, causeOf map[causeKey]int) {
	add := func(reason *Reason) {
		if reason == nil {
			return
		}
		n := causeOf[reason.key()]
		if n == 0 || slices.ContainsFunc(h.Causes, func(one htmlCause) bool { return one.N == n }) {
			return
		}
		cause := htmlCause{N: n, Text: tidy(reason.Cause), Help: tidy(reason.Help)}
		if others := len(r.Causes[n-1].Checks) - 1; others > 0 {
			cause.Shared = fmt.Sprintf(", of %s too", plural(others, "other check", "other checks"))
		}
		if cause.Text == h.Answer {
			cause.Text = ""
		}
		h.Causes = append(h.Causes, cause)
	}
	if c.Status == unknown {
		add(c.Cause)
		h.Open = len(h.Causes) == 0 || len(r.Causes[h.Causes[0].N-1].Checks) <= sharedByMany
	}
	for _, item := range c.Items {
		if item.Status == unknown {
			add(item.Cause)
		}
	}
}

// items parts those in trouble from the others, which are folded.
func (h *htmlCheck) items(c Check, causeOf map[causeKey]int, old ages) {
	show := func(items []Item) []htmlItem {
		shown := make([]htmlItem, len(items))
		for i, item := range items {
			one := htmlItem{
				Status: item.Status, Word: marks(item.Status).word,
				Key: tidy(item.Key), Found: tidy(item.Found), Wanted: tidy(item.Wanted), From: tidy(item.Where),
			}
			if item.Status == unknown && item.Cause != nil {
				one.Cause = causeOf[item.Cause.key()]
			}
			if len(trouble(c.Items)) > 1 { // of a single one the check's line says it
				one.Age = old.of(c.ID, item.Key)
			}
			if item.Waived != nil {
				one.Waived = tidy(upperFirst(waivedBy(*item.Waived)))
			}
			h.Wide = h.Wide || one.Wanted != ""
			shown[i] = one
		}
		return shown
	}
	bad := trouble(c.Items)
	var good []Item
	for _, item := range c.Items {
		if !slices.Contains([]string{failed, unknown, warning}, item.Status) {
			good = append(good, item)
		}
	}
	if len(bad) == 0 {
		h.Items = show(good)
		return
	}
	first := min(len(bad), openItems)
	h.Items, h.Rest = show(bad[:first]), show(append(slices.Clip(bad[first:]), good...))
	var titles []string
	if n := len(bad) - first; n > 0 {
		titles = append(titles, fmt.Sprintf("%d more like these", n))
	}
	accepted := 0
	for _, item := range good {
		if item.Status == waived {
			accepted++
		}
	}
	if accepted > 0 {
		titles = append(titles, fmt.Sprintf("%d waived", accepted))
	}
	if n := len(good) - accepted; n > 0 {
		titles = append(titles, fmt.Sprintf("%d in order", n))
	}
	h.RestTitle = strings.Join(titles, ", ")
}

// advice says what to do, and what comes of doing nothing.
func (h *htmlCheck) advice(c Check) {
	h.Why, h.Rules = tidy(c.Why), tidy(strings.Join(c.Rules, "; "))
	if c.Status != unknown || hasFound(c) {
		h.Remedy, h.Consequence = tidy(c.Remedy), tidy(c.Consequence)
		h.Command, h.CommandCut = htmlCommand(c.Command)
	}
	for _, source := range c.Sources {
		one := htmlSource{Text: tidy(source), Address: address(source)}
		if one.Text != "" {
			h.Sources = append(h.Sources, one)
		}
	}
}

// address is a text that a link may lead to; empty for any other.
func address(text string) string {
	if strings.HasPrefix(text, "https://") && tidy(text) == text {
		return text
	}
	return ""
}

// htmlCommand is a command line by line as it must be copied; what is too long must not be.
func htmlCommand(text string) (command string, wasCut bool) {
	if wasCut = len(text) > longCommand; wasCut {
		return short(text, longCommand), true
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(safe(line), " "))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n"), false
}

// htmlCauses is the causes with all that hangs on each.
func htmlCauses(r Report) []htmlCause {
	causes := make([]htmlCause, len(r.Causes))
	for i, cause := range r.Causes {
		one := htmlCause{N: i + 1, Text: tidy(cause.Cause), Help: tidy(cause.Help)}
		one.Weight = plural(len(cause.Checks), "check hangs", "checks hang")
		for j, a := range cause.Checks {
			hang := htmlHang{"", a.ID, short(strings.Join(a.Items, ", "), shortText)}
			if j > 0 {
				hang.Comma = ", "
			}
			one.Hangs = append(one.Hangs, hang)
		}
		if cause.Reason == "denied" {
			one.Needed = tidy(strings.Join(rights(r, cause), "; "))
		}
		causes[i] = one
	}
	return causes
}

// htmlAccepted is an item, or a whole check, that was waived.
type htmlAccepted struct {
	ID, Title, Text, Was, By, Until, Reason string
}

// htmlWaivers is what was accepted, and the waivers that accept nothing.
func htmlWaivers(r Report) (all []htmlAccepted, idle []string) {
	for _, c := range inOrder(r) {
		for _, item := range acceptedOf(c) {
			text := item.Found
			if item.Cause != nil {
				text = item.Cause.Cause
			}
			if item.Key != "" {
				text = item.Key + ": " + text
			}
			w := item.Waived
			all = append(all, htmlAccepted{
				c.ID, tidy(c.Title), tidy(text), marks(w.Was).word, tidy(w.Owner + ticket(w.Ticket)), tidy(w.Until), tidy(w.Reason),
			})
		}
	}
	for _, w := range r.Waivers {
		if text := idleWaiver(w); text != "" {
			idle = append(idle, tidy(text))
		}
	}
	return all, idle
}

func tidied(all []string) []string {
	var texts []string
	for _, text := range all {
		if text = tidy(text); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}
