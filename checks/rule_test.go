package checks_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/platform"
)

// Microsoft's log names rules nearly as its list does.
func TestRuleKey(t *testing.T) {
	for _, same := range [][]string{
		{"Pending system restart", "pending system  restart", "Pending system restart."},
		{"Domain membership (error)", "Domain membership (warning)", "Domain membership"},
		{"Windows Server 2012/R2 lifecycle", "Windows Server 2012 and 2012 R2 lifecycle"},
		{"ODBC driver for SQL Server", "SQL client prerequisite missing for Configuration Manager setup."},
		{"Enable site system roles for HTTPS or Enhanced HTTP", "HTTPS or Enhanced HTTP are not enabled for client communication."},
	} {
		for _, name := range same[1:] {
			if checks.RuleKey(name) != checks.RuleKey(same[0]) {
				t.Errorf("%q is %q, and %q is %q", name, checks.RuleKey(name), same[0], checks.RuleKey(same[0]))
			}
		}
	}
	for _, other := range [][2]string{
		{"Pending system restart", "Pending system restart on the remote SQL Server"},
		{"Firewall exception for SQL Server", "Firewall exception for SQL Server (standalone primary site)"},
		{"SQL Server version", "SQL Server edition"},
		{"Schema (error) extensions", "Schema extensions"},
	} {
		if checks.RuleKey(other[0]) == checks.RuleKey(other[1]) {
			t.Errorf("%q and %q are one rule", other[0], other[1])
		}
	}
}

// A check knows which others of the run judge a rule, and its opinion is kept with the result.
func TestCovering(t *testing.T) {
	one := func(name string, rules ...string) checks.Check {
		return checks.Check{ID: "a." + name, Rules: rules, Run: func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Passes("fine"), nil }}
	}
	opinion := &checks.Opinion{Log: "x.log", Ended: time.Unix(0, 0)}
	asks := one("asks")
	asks.Run = func(_ context.Context, c *checks.Case) (checks.Finding, error) {
		finding := checks.Passes(strings.Join(c.Covering("SQL Server version."), ",") + "|" + strings.Join(c.Covering("Nobody's rule"), ","))
		finding.Opinion = opinion
		return finding, nil
	}
	all := checks.Catalog{{ID: "a", Checks: []checks.Check{asks, one("first", "SQL Server version"), one("second", "x", "SQL Server Version"), one("other", "y")}}}
	for _, test := range []struct {
		skip []string
		want string
	}{{nil, "a.first,a.second|"}, {[]string{"a.first"}, "a.second|"}, {[]string{"a.first", "a.second"}, "|"}} {
		selection, err := checks.Select(all, nil, test.skip)
		if err != nil {
			t.Fatal(err)
		}
		m := platform.Open(t.Context(), nil, time.Unix(0, 0), nil)
		results := checks.Run(t.Context(), m, all, selection, checks.Conditions{})
		if results[0].Summary != test.want || results[0].Opinion != opinion {
			t.Errorf("without %v: %q, %v", test.skip, results[0].Summary, results[0].Opinion)
		}
		if slices.ContainsFunc(results[1:], func(r checks.Result) bool { return r.Opinion != nil }) {
			t.Error("another result has the opinion")
		}
	}
}
