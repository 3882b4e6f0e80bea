package catalog

import (
	"slices"

	"siteready/checks"
)

// RulesPage is where Microsoft lists the rules of its own prerequisite checker.
const RulesPage = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"

// RulesAsOf is the date of the list that the table follows.
const RulesAsOf = "2026-09-14"

// RuleKind is what a rule of Microsoft's checker does when it is not met.
type RuleKind string

// The kinds of rules.
const (
	RuleError   RuleKind = "error"   // the update does not go on
	RuleWarning RuleKind = "warning" // the update goes on when it is told to
)

// Reason says why no check covers a rule. It is empty for one that is covered.
type Reason string

// The reasons. Only the last one is not written in the table: it stands for every rule that
// could be checked, has no check, and gets one by no more than a check that names it.
const (
	NotAnUpdate Reason = "not part of an update"
	AlwaysMet   Reason = "met by every supported Windows"
	Directory   Reason = "directory: later"
	Undecidable Reason = "not decidable from outside: run Microsoft's checker"
	NotYet      Reason = "not checked yet"
)

// Reasons are all reasons in the order of their weight.
func Reasons() []Reason { return []Reason{NotYet, Directory, Undecidable, AlwaysMet, NotAnUpdate} }

// Rule is one rule of Microsoft's prerequisite checker, and what this program does about it.
type Rule struct {
	Kind   RuleKind
	Name   string   // as Microsoft's list has it
	Checks []string // ids of the checks that name the rule, in the catalogue's order
	Reason Reason
	About  string // more about the reason; may be empty
}

// Rules are all rules of Microsoft's list in its order, errors first. Which checks cover a rule
// is known from Check.Rules alone.
func Rules(c checks.Catalog) []Rule {
	all := slices.Concat(rulesOf(RuleError, errorRules()), rulesOf(RuleWarning, warningRules()))
	for i := range all {
		rule := &all[i]
		for _, check := range c.Checks() {
			if slices.Contains(check.Rules, rule.Name) {
				rule.Checks = append(rule.Checks, check.ID)
			}
		}
		if len(rule.Checks) == 0 && rule.Reason == "" {
			rule.Reason = NotYet
		}
	}
	return all
}

func rulesOf(kind RuleKind, rows []ruleRow) []Rule {
	all := make([]Rule, 0, len(rows))
	for _, row := range rows {
		all = append(all, Rule{Kind: kind, Name: row.name, Reason: row.why.reason, About: row.why.about})
	}
	return all
}
