package report

import (
	"fmt"
	"slices"
)

// htmlChange is the findings that have one kind of change.
type htmlChange struct {
	Title    string
	Findings []htmlFinding
	More     string // how many were left out
}

// htmlFinding is a finding that changed; Linked when its check stands on the page.
type htmlFinding struct {
	Status, ID, Item, Text string
	Linked                 bool
}

// shownChanges is how many findings of one kind the page has. The JSON report has all.
const shownChanges = 50

// htmlChanges is what changed since the last run.
func htmlChanges(r Report) []htmlChange {
	var all []htmlChange
	kinds, of := changedFindings(r.History)
	for _, k := range kinds {
		one := htmlChange{Title: k.title}
		for i, f := range of[k.kind] {
			if i == shownChanges {
				one.More = fmt.Sprintf("and %d more", len(of[k.kind])-i)
				break
			}
			shown := htmlFinding{Status: f.Is, ID: tidy(f.Check), Item: tidy(f.Item), Text: f.age()}
			if f.Over {
				shown.Text = f.became()
			}
			if k.kind == ChangeNew && f.Was == "" {
				shown.Text = "" // the title says it
			}
			if !slices.Contains([]string{failed, warning, unknown, waived, passed, NotSelected}, f.Is) {
				shown.Status = notApplicable
			}
			shown.Linked = slices.ContainsFunc(r.Checks, func(c Check) bool { return c.ID == f.Check })
			one.Findings = append(one.Findings, shown)
		}
		all = append(all, one)
	}
	return all
}
