package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/catalog"
)

// stepsOf are the numbers of the steps that each document has, in its order.
var stepsOf = map[string]string{
	checks.DocUpdates: "1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.10 1.11 2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 " +
		"3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9 3.10 4.1 4.2 4.3 4.4 4.5 4.6 4.7 4.8 4.9 4.10 4.11 4.12 " +
		"5.1 5.2 5.3 5.4 5.5 5.6 5.7 5.8 5.9 5.10 5.11 5.12 5.13 5.14 5.15 5.16 " +
		"6.1 6.2 6.3.1 6.3.2 6.3.3 6.3.4 6.3.5 6.3.6 6.3.7 6.3.8 6.3.9 6.3.10 6.3.11 6.3.12 6.3.13 6.3.14 6.3.15 6.3.16 6.4 6.5 " +
		"6.6.1 6.6.2 6.6.3 6.6.4 6.6.5 6.6.6 6.6.7 6.6.8 6.6.9 6.7 6.8 6.9.1 6.9.2 6.9.3 6.9.4 6.9.5 6.10 6.11.1 6.11.2 6.11.3 6.12 6.13 6.14 6.15 6.16 7.1 7.2 7.3",
	checks.DocServiceManager: "1.1 1.2 2.1 2.2 2.3 2.4 2.5 2.6 2.7 3 4.1 4.2 5 6.1 6.2 6.3 6.4",
	checks.DocPreparing:      "1 2 3 4 5a 5b 5c 6 7 8 9 10 S1 S2 N1 N2 N3",
	checks.DocSQLUpgrade:     "0 1 2 3 4 5 6 7 8 9 10",
	checks.DocSecondaries:    "1 2 3 4 5",
}

// wrongSources says what of the documents does not fit the checks of a catalogue.
func wrongSources(documents []catalog.SourceDocument, c checks.Catalog) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	known := map[string]checks.Check{}
	for _, check := range c.Checks() {
		known[check.ID] = check
	}
	statements := map[string]bool{}
	for _, statement := range c.Statements() {
		statements[statement.ID] = true
	}
	for _, document := range documents {
		var numbers []string
		covering := map[string]bool{}
		for _, step := range document.Steps {
			numbers = append(numbers, step.Number)
			where := document.Page + " " + step.Number
			switch {
			case step.Name == "" || step.Name != strings.Join(strings.Fields(step.Name), " "):
				complain("%s: %q is no name", where, step.Name)
			case step.Covered() == (step.Reason != ""):
				complain("%s: it is covered, and has a reason why not; or neither", where)
			case step.Reason != "" && !slices.Contains(catalog.StepReasons(), step.Reason):
				complain("%s: %q is no reason", where, step.Reason)
			case step.Reason == catalog.NotReadable && step.About == "" || step.Reason == "" && step.About != "":
				complain("%s: more is said about a reason than there is, or less", where)
			}
			for _, id := range step.Checks {
				covering[id] = true
				switch check, found := known[id]; {
				case !found:
					complain("%s: there is no check %s", where, id)
				case !slices.Contains(check.Sources, document.Page):
					complain("%s: the check %s does not name it among its sources", where, id)
				}
			}
			for _, id := range step.Statements {
				if !statements[id] {
					complain("%s: there is no statement %s", where, id)
				}
			}
		}
		if want := strings.Fields(stepsOf[document.Page]); !slices.Equal(numbers, want) {
			complain("%s has the steps %v, and the table %v", document.Page, want, numbers)
		}
		for _, check := range c.Checks() {
			if slices.Contains(check.Sources, document.Page) && !covering[check.ID] {
				complain("the check %s names %s among its sources, and no step names the check", check.ID, document.Page)
			}
		}
	}
	return wrong
}

// Each step of each document is in the table, with what covers it or one reason; what covers it is
// there, and says so.
func TestSources(t *testing.T) {
	documents := catalog.SourceDocuments()
	if len(documents) != len(stepsOf) {
		t.Errorf("%d documents, wanted %d", len(documents), len(stepsOf))
	}
	for _, complaint := range wrongSources(documents, catalog.All()) {
		t.Error(complaint)
	}
}

// The test above can fail.
func TestSourcesThatDoNotFit(t *testing.T) {
	all := catalog.All()
	for _, test := range []struct {
		name  string
		edit  func([]catalog.SourceDocument)
		wrong string
	}{
		{"a step is missing", func(d []catalog.SourceDocument) { d[0].Steps = d[0].Steps[1:] }, "has the steps [1.1 1.2"},
		{"no such check", func(d []catalog.SourceDocument) { d[1].Steps[0].Checks = []string{"smprereq.gone"} }, "there is no check smprereq.gone"},
		{"no such statement", func(d []catalog.SourceDocument) { d[0].Steps[0].Statements = []string{"site.gone"} }, "there is no statement site.gone"},
		{"a check that does not name it", func(d []catalog.SourceDocument) { d[4].Steps[0].Checks = []string{"system.adk"} }, "the check system.adk does not name it"},
		{"a check that no step names", func(d []catalog.SourceDocument) { d[1].Steps[8].Checks = d[1].Steps[8].Checks[:1] }, "the check smpredicted.permissions names"},
		{"covered and not", func(d []catalog.SourceDocument) { d[0].Steps[1].Reason = catalog.Explains }, "and has a reason why not"},
		{"neither", func(d []catalog.SourceDocument) { d[0].Steps[1].Checks = nil }, "or neither"},
		{"another reason", func(d []catalog.SourceDocument) { d[0].Steps[1].Checks, d[0].Steps[1].Reason = nil, "later" }, `"later" is no reason`},
		{"nothing about it", func(d []catalog.SourceDocument) {
			d[0].Steps[1].Checks, d[0].Steps[1].Reason = nil, catalog.NotReadable
		}, "more is said about a reason"},
		{"no name", func(d []catalog.SourceDocument) { d[2].Steps[0].Name = " " }, "is no name"},
	} {
		documents := catalog.SourceDocuments()
		test.edit(documents)
		if wrong := strings.Join(wrongSources(documents, all), "\n"); !strings.Contains(wrong, test.wrong) {
			t.Errorf("%s: %q", test.name, wrong)
		}
	}
}
