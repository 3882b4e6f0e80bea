package site_test

import (
	"fmt"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/checks/site"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// judge runs one check on the constructed primary site, with other rows for one statement.
func judge(t *testing.T, id, statement string, rows []any) checks.Result {
	t.Helper()
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	constructed, err := platformtest.New(platformtest.Edit(tree, map[string]any{
		"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{statement: rows}}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	catalog := checks.Catalog{site.Area()}
	selection, err := checks.Select(catalog, []string{id}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), constructed, constructed.ReadAt, platform.DefaultLimits())
	conditions := checks.Conditions{Target: requirement.DefaultTarget(9132), JudgedFor: constructed.ReadAt}
	for _, result := range checks.Run(t.Context(), m, catalog, selection, conditions) {
		if result.Check.ID == id {
			return result
		}
	}
	t.Fatalf("no result for %s", id)
	return checks.Result{}
}

// A list of packages that was cut off is never green.
func TestPackagesBeyondTheList(t *testing.T) {
	const listed = 100
	rows := func(all int) []any {
		var list []any
		for i := range listed {
			list = append(list, map[string]any{
				"may_see": 1, "package": fmt.Sprintf("00000000-0000-0000-0000-%012d", i), "name": fmt.Sprintf("package %d", i), "version": "5.00.9132.1000",
				"flag": 0, "package_state": 262146, "state": 262146, "site": "", "unchanged_minutes": -1,
				"listed": all, "packages": 300, "installed": 3, "site_version": "5.00.9132.1000",
			})
		}
		return list
	}
	for all, want := range map[int]checks.Status{listed: checks.Passed, listed + 1: checks.Unknown} {
		result := judge(t, "site.packages", "update-packages", rows(all))
		if result.Status != want {
			t.Errorf("%d rows of %d: %s, wanted %s: %s", listed, all, result.Status, want, result.Summary)
		}
	}
}

// Of sites beyond the list it is known that they are fine only when the last one in the list
// is a secondary site that is fine.
func TestSitesBeyondTheList(t *testing.T) {
	const listed = 400
	const mine, older = "5.00.9132.1000", "5.00.9128.1000"
	rows := func(all int, last map[string]any) []any {
		var list []any
		for i := range listed {
			row := map[string]any{
				"may_see": 1, "site": fmt.Sprintf("S%02X", i), "type": 1, "status": 1, "version": mine, "own": 0, "odd": 0, "sites": all,
			}
			if i == 0 {
				row["site"], row["type"], row["own"] = "P01", 2, 1
			}
			if i == listed-1 {
				row = platformtest.Edit(row, last)
			}
			list = append(list, row)
		}
		return list
	}
	for _, test := range []struct {
		name              string
		all               int
		last              map[string]any
		status, hierarchy checks.Status
		note              string
	}{
		{"as many as the list holds", listed, nil, checks.Passed, checks.Passed, ""},
		{"more, and the last is fine", listed + 7, nil, checks.Passed, checks.Passed, "7 further secondary sites"},
		{"more, and the last is odd", listed + 7, map[string]any{"odd": 1, "version": older}, checks.Unknown, checks.Unknown, ""},
		{"more, and the last is a primary site", listed + 7, map[string]any{"type": 2}, checks.Unknown, checks.Unknown, ""},
	} {
		for id, want := range map[string]checks.Status{"site.status": test.status, "site.hierarchy": test.hierarchy} {
			result := judge(t, id, "sites", rows(test.all, test.last))
			if result.Status != want {
				t.Errorf("%s: %s is %s, wanted %s: %s", test.name, id, result.Status, want, result.Summary)
			}
			if notes := strings.Join(result.Notes, "\n"); (test.note == "") != (notes == "") || !strings.Contains(notes, test.note) {
				t.Errorf("%s: %s notes %q, wanted %q", test.name, id, notes, test.note)
			}
		}
	}
}

// The notes say what may be done now, and what not, once for each state.
func TestAdvice(t *testing.T) {
	row := func(guid string, state int) any {
		return map[string]any{
			"may_see": 1, "package": guid, "name": guid, "version": "5.00.9146.1000", "flag": 0, "package_state": state, "state": state, "site": "",
			"unchanged_minutes": -1, "listed": 3, "packages": 3, "installed": 0, "site_version": "5.00.9132.1000",
		}
	}
	result := judge(t, "site.packages", "update-packages", []any{row("a", 196628), row("b", 196628), row("c", 262146)})
	if len(result.Notes) != 1 || !strings.HasPrefix(result.Notes[0], "INSTALL_UPGRADEDATABASE: Wait;") || !strings.Contains(result.Notes[0], "CMUpdateReset") {
		t.Errorf("the notes are %q", result.Notes)
	}
}

// That the target is not offered is told only where it is sure.
func TestTargetNotOffered(t *testing.T) {
	const note = "No package of 2603 is offered"
	for _, test := range []struct {
		name   string
		change map[string]any
		told   bool
	}{
		{"another release is offered", nil, true},
		{"the target is offered", map[string]any{"version": "5.00.9146.1000"}, false},
		{"the version of a package is not known", map[string]any{"version": ""}, false},
		{"the site's version is not known", map[string]any{"site_version": ""}, false},
		{"the site has the target already", map[string]any{"site_version": "5.00.9146.1000"}, false},
		{"there is no package at all", map[string]any{"package": "", "packages": 0, "installed": 0, "listed": 0}, false},
		{"only old packages", map[string]any{"package": "", "version": "", "listed": 0}, true},
	} {
		row := map[string]any{
			"may_see": 1, "package": "a", "name": "a", "version": "5.00.9141.1000", "flag": -1, "package_state": 262146, "state": 262146, "site": "",
			"unchanged_minutes": -1, "listed": 1, "packages": 3, "installed": 0, "site_version": "5.00.9132.1000",
		}
		result := judge(t, "site.packages", "update-packages", []any{platformtest.Edit(row, test.change)})
		if told := strings.Contains(strings.Join(result.Notes, "\n"), note); told != test.told {
			t.Errorf("%s: the notes are %q", test.name, result.Notes)
		}
	}
}
