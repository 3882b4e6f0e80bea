package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
)

// Opinion is what Microsoft's own prerequisite checker said when it last ran, for the target or
// without saying what for, and where that differs from this report.
type Opinion struct {
	Check   string    `json:"check"` // id of the check that read it
	Log     string    `json:"log"`
	EndedAt time.Time `json:"ended_at"`
	Package string    `json:"package"` // the update that it looked at; empty when the log does not say
	// How many results there are of each kind, each rule on each server once.
	Errors   int  `json:"errors"`
	Warnings int  `json:"warnings"`
	Passed   int  `json:"passed"`
	NotRun   int  `json:"not_run"`
	Whole    bool `json:"whole"`  // these are all; else some did not fit or could not be read
	Agreed   int  `json:"agreed"` // rules on which both say the same
	// Disagreements are the rules on which they do not, the most telling first.
	Disagreements []Disagreement `json:"disagreements"`
}

// The kinds of disagreements, the most telling first.
const (
	OnlyTheirs = "only_theirs" // Microsoft's checker found something, and the checks here did not
	NotCovered = "not_covered" // Microsoft's checker found something that no check here looks at
	NotKnown   = "not_known"   // Microsoft's checker found something that could not be checked here
	Milder     = "milder"      // what stops the update is a warning here
	OnlyOurs   = "only_ours"   // a check here found something, and Microsoft's checker passed its rules
)

// Disagreement is a rule, or all passed rules of one check, of which both do not say the same.
type Disagreement struct {
	Kind    string   `json:"kind"`    // one of the constants above
	Rules   []string `json:"rules"`   // as the log names them
	Servers []string `json:"servers"` // that the log names; empty when it names none
	Theirs  string   `json:"theirs"`  // failed, warning or passed
	Message string   `json:"message"` // of Microsoft's checker; may be empty
	Ours    string   `json:"ours"`    // the worst status of the checks; not_selected when there is none
	Checks  []string `json:"checks"`  // the ids of those that judge the rule
}

// newOpinion compares what Microsoft's checker said with the checks of the report; nil where no
// check brought it.
func newOpinion(results []checks.Result, all []Check) *Opinion {
	at := slices.IndexFunc(results, func(r checks.Result) bool { return r.Opinion != nil })
	if at < 0 {
		return nil
	}
	told := results[at].Opinion
	o := &Opinion{
		Check: results[at].Check.ID, Log: told.Log, EndedAt: whole(told.Ended), Package: told.Package, Whole: told.Whole,
		Disagreements: []Disagreement{},
	}
	rules := rulesOf(told.Rules, o)
	found := map[string]bool{} // keys of rules that Microsoft's checker found something of
	for _, r := range rules {
		found[r.key] = r.status == failed || r.status == warning
	}
	for _, r := range rules {
		d := Disagreement{Rules: []string{r.name}, Servers: r.servers, Theirs: r.status, Message: r.message, Ours: NotSelected, Checks: []string{}}
		var by []Check
		for _, c := range all {
			if c.Selected && slices.ContainsFunc(c.Rules, func(name string) bool { return checks.RuleKey(name) == r.key }) {
				by = append(by, c)
				d.Checks = append(d.Checks, c.ID)
				if len(by) == 1 || rank(c.Status) < rank(d.Ours) {
					d.Ours = c.Status
				}
			}
		}
		if d.Kind = disagrees(r.status, d.Ours, len(by)); d.Kind == OnlyOurs {
			// What a check found may be about another of its rules, of which both say the same.
			by = slices.DeleteFunc(by, func(c Check) bool {
				return !amiss(c.Status) || slices.ContainsFunc(c.Rules, func(name string) bool { return found[checks.RuleKey(name)] })
			})
			if len(by) == 0 {
				d.Kind = ""
			}
		}
		o.take(d, by)
	}
	order := []string{OnlyTheirs, NotCovered, NotKnown, Milder, OnlyOurs}
	slices.SortStableFunc(o.Disagreements, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(rank(a.Theirs), rank(b.Theirs)))
	})
	return o
}

// take keeps a disagreement. The passed rules of checks that found something are kept together.
func (o *Opinion) take(d Disagreement, by []Check) {
	if d.Kind == "" {
		if len(d.Checks) > 0 {
			o.Agreed++
		}
		return
	}
	if d.Kind == OnlyOurs {
		d.Checks = nil
		for _, c := range by {
			d.Checks = append(d.Checks, c.ID)
		}
		for i := range o.Disagreements {
			if one := &o.Disagreements[i]; one.Kind == OnlyOurs && slices.Equal(one.Checks, d.Checks) {
				one.Rules = append(one.Rules, d.Rules...)
				for _, server := range d.Servers {
					if !slices.Contains(one.Servers, server) {
						one.Servers = append(one.Servers, server)
					}
				}
				return
			}
		}
	}
	o.Disagreements = append(o.Disagreements, d)
}

// theirRule is what Microsoft's checker said of a rule, on whatever server it was worst.
type theirRule struct {
	key, name, status, message string
	servers                    []string // on which it was that
}

// rulesOf puts what was said of each rule together, and counts it.
func rulesOf(told []checks.OpinionRule, o *Opinion) []theirRule {
	var rules []theirRule
	index := map[string]int{}
	for _, r := range told {
		switch r.Status {
		case checks.Failed:
			o.Errors++
		case checks.Warning:
			o.Warnings++
		case checks.Passed:
			o.Passed++
		default:
			o.NotRun++
			continue // nothing was said of it
		}
		one := theirRule{checks.RuleKey(r.Rule), r.Rule, r.Status.String(), r.Message, []string{}}
		if r.Server != "" {
			one.servers = append(one.servers, r.Server)
		}
		i, known := index[one.key]
		switch {
		case !known:
			index[one.key] = len(rules)
			rules = append(rules, one)
		case rank(one.status) < rank(rules[i].status):
			rules[i] = one
		case one.status == rules[i].status:
			rules[i].servers = append(rules[i].servers, one.servers...)
		}
	}
	return rules
}

// rank orders statuses, the worst first.
func rank(status string) int {
	i := slices.Index([]string{failed, unknown, warning, waived, passed, notApplicable, NotSelected}, status)
	if i < 0 {
		return len(NotSelected)
	}
	return i
}

// amiss reports whether a check has found something.
func amiss(status string) bool { return status == failed || status == warning }

// disagrees says how a rule's two statuses differ; empty when they do not. What was waived was
// found, and accepted.
func disagrees(theirs, ours string, judged int) string {
	switch {
	case theirs == passed && amiss(ours):
		return OnlyOurs
	case theirs == passed:
		return ""
	case judged == 0:
		return NotCovered
	case ours == unknown:
		return NotKnown
	case ours == passed || ours == notApplicable:
		return OnlyTheirs
	case theirs == failed && ours == warning:
		return Milder
	}
	return ""
}

// ran says when Microsoft's checker ran, for what and what came of it.
func (o Opinion) ran(readAt time.Time) string {
	text := fmt.Sprintf("It ran on %s, %s when the facts were read", o.EndedAt.Format(clock), age(max(readAt.Sub(o.EndedAt), 0)))
	if o.Package != "" {
		text += ", for " + o.Package
	}
	text += fmt.Sprintf(": %s, %s, %d passed, %d not run", plural(o.Errors, "error", "errors"), plural(o.Warnings, "warning", "warnings"), o.Passed, o.NotRun)
	if !o.Whole {
		text += "; not all of its results could be read"
	}
	return text + "."
}

// agree says on how much both say the same.
func (o Opinion) agree() string {
	return fmt.Sprintf("On %s that a check here judges both say the same.", plural(o.Agreed, "rule", "rules"))
}

// rule names the rules of a disagreement, with the servers.
func (d Disagreement) rule() string {
	text := strings.Join(d.Rules, "; ")
	if len(d.Servers) > 0 {
		text += " (" + strings.Join(d.Servers, ", ") + ")"
	}
	return text
}

// said is what Microsoft's checker said.
func (d Disagreement) said() string {
	word := map[string]string{failed: "error", warning: "warning", passed: "passed"}[d.Theirs]
	if d.Message != "" {
		return word + ": " + d.Message
	}
	return word
}

// says is what the checks here say.
func (d Disagreement) says() string {
	by := strings.Join(d.Checks, ", ")
	switch d.Kind {
	case NotCovered:
		return "no check looks at it"
	case NotKnown:
		return "could not check: " + by
	case OnlyTheirs:
		return "found nothing now: " + by + "; it may have been put right since then, or been missed here"
	case Milder:
		return "a warning: " + by
	default:
		return strings.ToLower(marks(d.Ours).word) + ": " + by
	}
}

// line is a disagreement in one line.
func (d Disagreement) line() string {
	return fmt.Sprintf("%s: Microsoft's checker: %s; siteready: %s", d.rule(), d.said(), d.says())
}

// disagreements are those of a report; none without Microsoft's checker.
func disagreements(r Report) []Disagreement {
	if r.ProductChecker == nil {
		return nil
	}
	return r.ProductChecker.Disagreements
}

// disagreement is one line about all disagreements; empty without one.
func disagreement(r Report) string {
	var rules []string
	for _, d := range disagreements(r) {
		rules = append(rules, strings.Join(d.Rules, "; "))
	}
	if len(rules) == 0 {
		return ""
	}
	return fmt.Sprintf("of %s says otherwise on: %s", r.ProductChecker.EndedAt.Format(clock), strings.Join(rules, ", "))
}

// opinion writes where Microsoft's checker and this report disagree.
func (p *page) opinion(r Report) {
	o := r.ProductChecker
	if o == nil {
		return
	}
	p.title("Where Microsoft's own checker and siteready disagree")
	p.text("  ", o.ran(r.ReadAt))
	if len(o.Disagreements) == 0 {
		p.text("  ", "They do not. "+o.agree())
		return
	}
	p.text("  ", o.agree())
	for _, d := range o.Disagreements {
		p.line("")
		p.text("  - ", d.rule())
		p.labelled(4, "Microsoft", d.said())
		p.labelled(4, "siteready", d.says())
	}
}
