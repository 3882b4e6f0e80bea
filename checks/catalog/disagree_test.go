package catalog_test

import (
	"maps"
	"strings"
	"testing"
)

// Where Microsoft's own pages contradict each other the report says so, beside the verdict.
func TestDisagreementsAreTold(t *testing.T) {
	row := func(statement string, columns map[string]any) map[string]any {
		site := loadSite(t, "primary")
		for _, below := range []string{"sql", "sql01.contoso.com", "CM_P01"} {
			site = site[below].(map[string]any)
		}
		other := maps.Clone(site[statement].([]any)[0].(map[string]any))
		maps.Copy(other, columns)
		return map[string]any{"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{statement: []any{other}}}}}
	}
	registry := func(key, value string, data any) map[string]any {
		return map[string]any{"registry": map[string]any{key: map[string]any{value: data}}}
	}
	for _, test := range []struct {
		id, site, target string
		edit             map[string]any
		status, says     string
	}{
		{"site.update-path", "primary", "2503", registry(`HKLM\SOFTWARE\Microsoft\SMS\Setup`, "Full Version", "5.00.9106.1000"), "warning", "pages disagree"},
		{"drivers.sqlncli", "primary", "2603", registry(`HKLM\SOFTWARE\Microsoft\SQLNCLI11`, "InstalledVersion", "11.3.6020.0"), "passed", "pages disagree"},
		{"system.dotnet", "primary", "2509", registry(`HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`, "Release", 461808), "warning", "pages disagree"},
		{"sql.compatibility", "primary", "2603", row("database-settings", map[string]any{"major": 17, "level": 170}), "passed", "pages disagree"},
		{"sql.compatibility", "primary", "2509", row("database-settings", map[string]any{"level": 120}), "warning", "is not clear"},
		{"sql.availability-group", "availability-group-broken", "2509", nil, "failed", "disagrees, and allows named ones"},
		{"roles.store-for-business", "primary", "2509", row("store-connectors", map[string]any{"connectors": 1}), "warning", "disagrees with itself"},
	} {
		t.Run(test.id+" for "+test.target, func(t *testing.T) {
			s := scenario{Name: test.id, Site: test.site, Target: test.target, Edit: test.edit}
			r, readAt := s.reader(t)
			result := s.run(t, test.id, r, readAt)
			said := append([]string{result.Summary}, result.Notes...)
			for _, item := range result.Items {
				said = append(said, item.Wanted)
			}
			if all := strings.Join(said, "\n"); result.Status.String() != test.status || !strings.Contains(all, test.says) {
				t.Errorf("%s, wanted %s and %q:\n%s", result.Status, test.status, test.says, all)
			}
		})
	}
}
