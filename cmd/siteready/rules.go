package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"siteready/checks/catalog"
)

// formatText is the plain text of lists.
const formatText = "text"

// narrowest is the width below which the columns of the rules are not made smaller.
const narrowest = 80

// ruleHeads begin the sections of the rules.
var ruleHeads = map[catalog.RuleKind]string{
	catalog.RuleError:   "Errors, which stop an update",
	catalog.RuleWarning: "Warnings, which an update can be told to pass over",
}

// ruleCounts counts what is covered and what is not, by reason.
func ruleCounts(rules []catalog.Rule) (covered int, without map[catalog.Reason]int) {
	without = map[catalog.Reason]int{}
	for _, rule := range rules {
		if len(rule.Checks) > 0 {
			covered++
			continue
		}
		without[rule.Reason]++
	}
	return covered, without
}

// rulesText prints the rules in two columns that fill the width.
func rulesText(w io.Writer, rules []catalog.Rule, width int) error {
	var b strings.Builder
	left := max(width, narrowest) * 11 / 20
	right := max(width, narrowest) - left - 4 // the margin and the gap
	say := func(text string) { fmt.Fprintln(&b, strings.Join(byWords(text, max(width, narrowest)), "\n")) }

	say(fmt.Sprintf("Microsoft's prerequisite checker has %d rules, as listed on %s:", len(rules), catalog.RulesAsOf))
	fmt.Fprintln(&b, catalog.RulesPage)
	covered, without := ruleCounts(rules)
	fmt.Fprintf(&b, "\n%5d  covered by checks\n", covered)
	for _, reason := range catalog.Reasons() {
		fmt.Fprintf(&b, "%5d  %s\n", without[reason], reason)
	}
	fmt.Fprintln(&b)
	say("A check asks in its own way what the rule is about. Microsoft does not publish how its rules look, nor which of them run when a site is updated: what is no part of an update is siteready's own judgement.")

	for _, kind := range []catalog.RuleKind{catalog.RuleError, catalog.RuleWarning} {
		var lines strings.Builder
		count := 0
		for _, rule := range rules {
			if rule.Kind == kind {
				count++
				sideBySide(&lines, rule.Name, left, covering(rule), right)
			}
		}
		fmt.Fprintf(&b, "\n%s: %d\n%s", ruleHeads[kind], count, lines.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// phasesText prints the requirements of Service Manager as rulesText does the rules.
func phasesText(w io.Writer, phases []catalog.Phase, width int) error {
	var b strings.Builder
	left := max(width, narrowest) * 11 / 20
	right := max(width, narrowest) - left - 4
	say := func(text string) { fmt.Fprintln(&b, strings.Join(byWords(text, max(width, narrowest)), "\n")) }
	all := rulesIn(phases)
	fmt.Fprintln(&b)
	say(fmt.Sprintf("Service Manager has %d requirements that are known, as read on %s:", len(all), catalog.ServiceManagerAsOf))
	fmt.Fprintln(&b, catalog.ServiceManagerPage)
	covered, without := ruleCounts(all)
	fmt.Fprintf(&b, "\n%5d  covered by checks\n", covered)
	for _, reason := range catalog.ServiceManagerReasons() {
		fmt.Fprintf(&b, "%5d  %s\n", without[reason], reason)
	}
	fmt.Fprintln(&b)
	say("Microsoft publishes no list of what its Setup looks at. These are the requirements that its pages and the tool of its support name.")
	for _, phase := range phases {
		fmt.Fprintf(&b, "\n%s: %d\n", phase.Title, len(phase.Rules))
		for _, rule := range phase.Rules {
			sideBySide(&b, rule.Name, left, covering(rule), right)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rulesIn(phases []catalog.Phase) []catalog.Rule {
	var all []catalog.Rule
	for _, phase := range phases {
		all = append(all, phase.Rules...)
	}
	return all
}

// covering says which checks cover a rule, or why none does.
func covering(rule catalog.Rule) string {
	switch {
	case len(rule.Checks) > 0:
		return strings.Join(rule.Checks, ", ")
	case rule.About != "":
		return fmt.Sprintf("%s (%s)", rule.Reason, rule.About)
	}
	return string(rule.Reason)
}

// sideBySide prints two texts as columns, each broken between its words.
func sideBySide(b *strings.Builder, one string, left int, other string, right int) {
	ones, others := byWords(one, left), byWords(other, right)
	for i := range max(len(ones), len(others)) {
		var a, c string
		if i < len(ones) {
			a = ones[i]
		}
		if i < len(others) {
			c = others[i]
		}
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("  %-*s  %s", left, a, c), " "))
	}
}

// byWords breaks a text between its words, so that ids stay whole.
func byWords(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= limit:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// ruleJSON is one rule of `checks --rules --format json`.
type ruleJSON struct {
	Kind   catalog.RuleKind `json:"kind"`
	Name   string           `json:"name"`
	Checks []string         `json:"checks"`
	Reason catalog.Reason   `json:"reason,omitempty"` // why no check covers it
	About  string           `json:"about,omitempty"`
}

// phaseJSON is one phase of an upgrade of Service Manager in `checks --rules --format json`.
type phaseJSON struct {
	Title string     `json:"title"`
	Rules []ruleJSON `json:"rules"`
}

// requirementsJSON are the requirements of Service Manager.
type requirementsJSON struct {
	Source  string                 `json:"source"`
	AsOf    string                 `json:"as_of"`
	Covered int                    `json:"covered"`
	Without map[catalog.Reason]int `json:"without"`
	Phases  []phaseJSON            `json:"phases"`
}

func rulesJSON(w io.Writer, rules []catalog.Rule, phases []catalog.Phase) error {
	covered, without := ruleCounts(rules)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema         string                 `json:"schema"`
		Source         string                 `json:"source"`
		AsOf           string                 `json:"as_of"`
		Covered        int                    `json:"covered"`
		Without        map[catalog.Reason]int `json:"without"`
		Rules          []ruleJSON             `json:"rules"`
		ServiceManager requirementsJSON       `json:"service_manager"`
	}{"siteready.rules/1", catalog.RulesPage, catalog.RulesAsOf, covered, without, listed(rules), requirements(phases)})
}

func requirements(phases []catalog.Phase) requirementsJSON {
	covered, without := ruleCounts(rulesIn(phases))
	all := requirementsJSON{catalog.ServiceManagerPage, catalog.ServiceManagerAsOf, covered, without, []phaseJSON{}}
	for _, phase := range phases {
		all.Phases = append(all.Phases, phaseJSON{phase.Title, listed(phase.Rules)})
	}
	return all
}

func listed(rules []catalog.Rule) []ruleJSON {
	list := make([]ruleJSON, 0, len(rules))
	for _, rule := range rules {
		one := ruleJSON{rule.Kind, rule.Name, rule.Checks, rule.Reason, rule.About}
		if one.Checks == nil {
			one.Checks = []string{}
		}
		list = append(list, one)
	}
	return list
}
