package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/catalog"
)

// wrongPhases says what of the table of requirements does not fit the checks of a catalogue.
func wrongPhases(phases []catalog.Phase, c checks.Catalog) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	names := map[string]bool{}
	for _, phase := range phases {
		for _, rule := range phase.Rules {
			if names[rule.Name] || rule.Name == "" || rule.Name != strings.Join(strings.Fields(rule.Name), " ") {
				complain("the requirement %q is doubled, or no name", rule.Name)
			}
			names[rule.Name] = true
			if !slices.Contains([]catalog.RuleKind{catalog.RuleError, catalog.RuleWarning, catalog.RuleInfo}, rule.Kind) {
				complain("%q is of the kind %q", rule.Name, rule.Kind)
			}
			switch covered := len(rule.Checks) > 0; {
			case covered && rule.Reason != "":
				complain("%q is covered by %s, and the table still says %q: write byCheck", rule.Name, strings.Join(rule.Checks, ", "), rule.Reason)
			case !covered && !slices.Contains(catalog.ServiceManagerReasons(), rule.Reason):
				complain("%q has no check, and %q is no reason", rule.Name, rule.Reason)
			case rule.Reason == catalog.NotReadable && rule.About == "":
				complain("why %q cannot be decided is not said", rule.Name)
			}
		}
	}
	for _, check := range c.Checks() {
		for _, name := range check.Covers {
			if !names[name] {
				complain("the check %s covers %q, which is not in servicemanagertable.go", check.ID, name)
			}
		}
		if strings.HasPrefix(check.ID, "sm") && len(check.Covers) == 0 {
			complain("the check %s covers no requirement", check.ID)
		}
	}
	return wrong
}

// Every requirement is in the table with the checks that cover it or one reason, and no check
// covers one that is not in it.
func TestServiceManagerPhases(t *testing.T) {
	all := catalog.All()
	phases := catalog.ServiceManagerPhases(all)
	if len(phases) != 4 {
		t.Errorf("%d phases", len(phases))
	}
	for _, complaint := range wrongPhases(phases, all) {
		t.Error(complaint)
	}
}

// The test above can fail.
func TestServiceManagerPhasesThatDoNotFit(t *testing.T) {
	planted := func(names ...string) checks.Catalog {
		return checks.Catalog{{ID: "smprereq", Checks: []checks.Check{{ID: "smprereq.planted", Covers: names}}}}
	}
	for wrong, c := range map[string]checks.Catalog{
		`"Service principal names are registered" is covered by smprereq.planted`: planted("Service principal names are registered"),
		`covers "Full text"`:            planted("Full text"),
		"planted covers no requirement": planted(),
	} {
		if got := strings.Join(wrongPhases(catalog.ServiceManagerPhases(c), c), "\n"); !strings.Contains(got, wrong) {
			t.Errorf("%q is not found: %s", wrong, got)
		}
	}
	none := catalog.ServiceManagerPhases(nil)
	if wrong := wrongPhases(none, nil); len(wrong) > 0 {
		t.Errorf("a catalogue without checks: %q", wrong)
	}
	none[0].Rules[1].Name = none[0].Rules[0].Name
	none[1].Rules[0].Kind = "fatal"
	none[2].Rules[0].Reason = "later"
	for _, wrong := range []string{"is doubled", `kind "fatal"`, `"later" is no reason`} {
		if got := strings.Join(wrongPhases(none, nil), "\n"); !strings.Contains(got, wrong) {
			t.Errorf("%q is not found: %s", wrong, got)
		}
	}
}
