package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/catalog"
)

// wrongRules says what of a table of rules does not fit the checks of a catalogue.
func wrongRules(rules []catalog.Rule, c checks.Catalog) []string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	names := map[string]bool{}
	counts := map[catalog.RuleKind]int{}
	for _, rule := range rules {
		counts[rule.Kind]++
		if names[rule.Name] || rule.Name == "" || rule.Name != strings.Join(strings.Fields(rule.Name), " ") {
			complain("the rule %q is doubled, or no name", rule.Name)
		}
		names[rule.Name] = true
		switch covered := len(rule.Checks) > 0; {
		case covered && rule.Reason != "":
			complain("%q is covered by %s, and the table still says %q: write byCheck in rulestable.go", rule.Name, strings.Join(rule.Checks, ", "), rule.Reason)
		case !covered && !slices.Contains(catalog.Reasons(), rule.Reason):
			complain("%q has no check, and %q is no reason", rule.Name, rule.Reason)
		}
		if rule.About != "" && rule.Reason == "" {
			complain("%q says more about a reason that it has not", rule.Name)
		}
	}
	if counts[catalog.RuleError] != 86 || counts[catalog.RuleWarning] != 43 || len(rules) != 86+43 {
		complain("%d rules, %v", len(rules), counts)
	}
	for _, check := range c.Checks() {
		for _, name := range check.Rules {
			if !names[name] {
				complain("the check %s names the rule %q, which is not in rulestable.go", check.ID, name)
			}
		}
	}
	return wrong
}

// Every rule of Microsoft's list is in the table, with the checks that name it or one reason;
// and no check names a rule that is not in it.
func TestRules(t *testing.T) {
	all := catalog.All()
	rules := catalog.Rules(all)
	for _, complaint := range wrongRules(rules, all) {
		t.Error(complaint)
	}
	for _, rule := range rules {
		if rule.Name == "ODBC driver for SQL Server" && !slices.Equal(rule.Checks, []string{"drivers.odbc18"}) {
			t.Errorf("%+v", rule)
		}
		if len(rule.Checks) == 0 && rule.Reason == catalog.Undecidable && rule.About == "" {
			t.Errorf("why %q cannot be decided is not said", rule.Name)
		}
	}
}

// The test above can fail.
func TestRulesThatDoNotFit(t *testing.T) {
	planted := func(names ...string) checks.Catalog {
		return checks.Catalog{{ID: "sql", Checks: []checks.Check{{ID: "sql.planted", Rules: names}}}}
	}
	none := planted()
	for _, test := range []struct {
		name  string
		c     checks.Catalog
		edit  func([]catalog.Rule) []catalog.Rule
		wrong string
	}{
		{"a rule with a reason is covered", planted("Schema extensions"), nil, `"Schema extensions" is covered by sql.planted, and the table still says "directory: later"`},
		{"another spelling", planted("SQL Server versions"), nil, `names the rule "SQL Server versions"`},
		{"a rule is missing", none, func(all []catalog.Rule) []catalog.Rule { return all[1:] }, "128 rules"},
		{"a rule is doubled", none, func(all []catalog.Rule) []catalog.Rule { return append(all, all[0]) }, "is doubled"},
		{"an error became a warning", none, func(all []catalog.Rule) []catalog.Rule { all[0].Kind = catalog.RuleWarning; return all }, "129 rules, map[error:85 warning:44]"},
		{"no reason", none, func(all []catalog.Rule) []catalog.Rule { all[0].Reason = ""; return all }, `has no check, and "" is no reason`},
		{"another reason", none, func(all []catalog.Rule) []catalog.Rule { all[1].Reason = "later"; return all }, `"later" is no reason`},
	} {
		rules := catalog.Rules(test.c)
		if test.edit != nil {
			rules = test.edit(rules)
		}
		if wrong := strings.Join(wrongRules(rules, test.c), "\n"); !strings.Contains(wrong, test.wrong) {
			t.Errorf("%s: %q", test.name, wrong)
		}
	}
	if wrong := wrongRules(catalog.Rules(none), none); len(wrong) > 0 {
		t.Errorf("a catalogue without rules: %q", wrong)
	}
}

// A rule without a check is not checked yet, and becomes covered by a check that names it.
func TestARuleIsCoveredByNamingIt(t *testing.T) {
	find := func(c checks.Catalog) catalog.Rule {
		rules := catalog.Rules(c)
		return rules[slices.IndexFunc(rules, func(r catalog.Rule) bool { return r.Name == "SQL Server version" })]
	}
	if rule := find(nil); rule.Reason != catalog.NotYet || len(rule.Checks) > 0 {
		t.Errorf("%+v", rule)
	}
	named := checks.Catalog{{Checks: []checks.Check{{ID: "a.b", Rules: []string{"SQL Server version"}}, {ID: "a.c"}}}, {Checks: []checks.Check{{ID: "d.e", Rules: []string{"x", "SQL Server version"}}}}}
	if rule := find(named); rule.Reason != "" || !slices.Equal(rule.Checks, []string{"a.b", "d.e"}) {
		t.Errorf("%+v", rule)
	}
}
