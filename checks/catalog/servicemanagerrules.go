package catalog

import (
	"slices"

	"siteready/checks"
)

// ServiceManagerPage is where Microsoft says how an upgrade of Service Manager may fail.
const ServiceManagerPage = "https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems"

// ServiceManagerAsOf is the day on which the sources of the requirements were read.
const ServiceManagerAsOf = "2026-11-20"

// RuleInfo is a requirement that does no harm when it is not met.
const RuleInfo RuleKind = "info"

// Reasons that only requirements of Service Manager have.
const (
	NotReadable  Reason = "not decidable from outside"
	NotAnUpgrade Reason = "not before an upgrade"
)

// ServiceManagerReasons are all reasons in the order of their weight.
func ServiceManagerReasons() []Reason {
	return []Reason{NotYet, Directory, NotReadable, NotAnUpgrade}
}

// Phase is a part of an upgrade of Service Manager with what it needs.
type Phase struct {
	Title string
	Rules []Rule
}

// ServiceManagerPhases are all requirements of Service Manager that are known, in the order of the
// phases in which an upgrade may fail. Microsoft publishes no list of what its Setup looks at: these
// are the requirements that its pages and the tool of its support name. Which checks cover one is
// known from Check.Covers alone.
func ServiceManagerPhases(c checks.Catalog) []Phase {
	phases := []Phase{
		phase("Prerequisites", prerequisiteRows()),
		phase("What must be at rest and in order", preparationRows()),
		phase("What Setup tests before it changes anything", predictedRows()),
		phase("The way back, and the start of the configuration service", wayBackRows()),
	}
	for i := range phases {
		for j := range phases[i].Rules {
			rule := &phases[i].Rules[j]
			rule.Checks = naming(c, rule.Name)
			if len(rule.Checks) == 0 && rule.Reason == "" {
				rule.Reason = NotYet
			}
		}
	}
	return phases
}

// naming are the ids of the checks that name a rule, in the catalogue's order.
func naming(c checks.Catalog, rule string) []string {
	var ids []string
	for _, check := range c.Checks() {
		if slices.Contains(check.Covers, rule) {
			ids = append(ids, check.ID)
		}
	}
	return ids
}

func phase(title string, rows []requirementRow) Phase {
	p := Phase{Title: title}
	for _, row := range rows {
		p.Rules = append(p.Rules, Rule{Kind: row.kind, Name: row.name, Reason: row.why.reason, About: row.why.about})
	}
	return p
}
