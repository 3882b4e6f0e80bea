package main

import (
	"slices"
	"testing"
	"time"

	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// What siteready logs asks to find the logs of a machine is printed by siteready questions, too.
func TestQuestionsOfLogsArePrinted(t *testing.T) {
	forms := map[string]bool{}
	asked := map[string]bool{} // holes in a value's name, which no form of a check has
	for _, one := range catalog.Questions() {
		if slices.Contains(one.By, catalog.ByLogs) {
			forms[one.Form.String()] = true
		}
	}
	for _, name := range []string{"primary", "primary-local", "scsm-2016", "no-product"} {
		tree, err := platformtest.Load("../..", name)
		if err != nil {
			t.Fatal(err)
		}
		const instances = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`
		site, err := platformtest.New(platformtest.Edit(tree, map[string]any{"registry": map[string]any{
			instances: map[string]any{"CONFIGMGR": "MSSQL16.CONFIGMGR"},
			`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.CONFIGMGR\MSSQLServer\Parameters`: map[string]any{"SQLArg1": `-eD:\SQL\ERRORLOG`},
		}}))
		if err != nil {
			t.Fatal(err)
		}
		m := platform.Open(t.Context(), site, time.Now(), platform.DefaultLimits())
		ownPlaces(t.Context(), m.Session(), func(string) string { return "" }, nil)
		for q := range m.Outcomes() {
			found := ""
			for _, one := range catalog.Questions() {
				form := one.Form
				if q.Where == instances && q.What == "CONFIGMGR" && form.What == "{name of an instance}" || q.What == "SQLArg1" && form.What == "{start parameter}" {
					form.What = q.What
				}
				if slices.Contains(one.By, catalog.ByLogs) && form.Matches(q) {
					found = one.Form.String()
				}
			}
			if found == "" {
				t.Errorf("%s: siteready logs asks %s, which is not printed", name, q)
			}
			asked[found] = true
		}
	}
	for form := range forms {
		if !asked[form] {
			t.Errorf("printed, but never asked: %s", form)
		}
	}
}
