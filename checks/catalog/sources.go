package catalog

import (
	"slices"

	"siteready/checks"
)

// SourceDocument is a document on what goes wrong with updates, with each of its steps.
type SourceDocument struct {
	Title string // what it is about, in our own words
	Page  string // one of the constants of package checks
	Steps []Step
}

// Step is one step of a document, and what this program does about it.
type Step struct {
	Number     string   // the document's own where it has one, otherwise section.position
	Name       string   // what the step is, in our own words
	Checks     []string // ids of the checks that cover it
	Statements []string // ids of statements under "Confirm yourself"
	Commands   []string // commands of siteready, which look at what has happened
	Reason     Reason   // why nothing covers it; empty where something does
	About      string   // more about the reason
}

// Covered reports whether anything of this program covers the step.
func (s Step) Covered() bool { return len(s.Checks)+len(s.Statements)+len(s.Commands) > 0 }

// Reasons that only steps of documents have.
const (
	Changes    Reason = "changes something, which siteready never does"
	Afterwards Reason = "for after a failure"
	Explains   Reason = "explains, and asks for nothing"
	Outdated   Reason = "no longer so"
)

// StepReasons are all reasons that a step can have, in the order of their weight.
func StepReasons() []Reason {
	return []Reason{NotReadable, Changes, Afterwards, NotAnUpgrade, Outdated, Explains}
}

// SourceDocuments are the documents whose every step is held against this program, the newest first.
func SourceDocuments() []SourceDocument {
	return []SourceDocument{
		{"In-console updates of Configuration Manager: how they are installed, and where they stop", checks.DocUpdates, updateSteps()},
		{"Upgrades of Service Manager that fail", checks.DocServiceManager, serviceManagerSteps()},
		{"Preparing a site for an upgrade (Q171338, Systems Management Server)", checks.DocPreparing, preparingSteps()},
		{"Upgrading SQL Server beneath a site (KB 256202, Systems Management Server)", checks.DocSQLUpgrade, sqlUpgradeSteps()},
		{"Upgrades of secondary sites that never end (Q186408, Systems Management Server)", checks.DocSecondaries, secondarySteps()},
	}
}

// sourced adds to the sources of each check the documents of which it covers a step.
func sourced(c checks.Catalog) checks.Catalog {
	covering := map[string][]string{} // pages by check
	for _, document := range SourceDocuments() {
		for _, step := range document.Steps {
			for _, id := range step.Checks {
				if !slices.Contains(covering[id], document.Page) {
					covering[id] = append(covering[id], document.Page)
				}
			}
		}
	}
	for _, area := range c {
		for i := range area.Checks {
			check := &area.Checks[i]
			for _, page := range covering[check.ID] {
				if !slices.Contains(check.Sources, page) {
					check.Sources = slices.Concat(check.Sources, []string{page})
				}
			}
		}
	}
	return c
}

// step begins a step; its methods say what covers it, or why nothing does.
func step(number, name string) Step { return Step{Number: number, Name: name} }

func (s Step) by(ids ...string) Step        { s.Checks = append(s.Checks, ids...); return s }
func (s Step) confirmed(ids ...string) Step { s.Statements = append(s.Statements, ids...); return s }
func (s Step) shownBy(verbs ...string) Step { s.Commands = append(s.Commands, verbs...); return s }
func (s Step) not(why Reason, about string) Step {
	s.Reason, s.About = why, about
	return s
}

// The commands that look at what has happened.
const (
	verbDiagnose = "siteready diagnose"
	verbLogs     = "siteready logs"
)
