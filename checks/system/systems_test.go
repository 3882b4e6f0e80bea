package system_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/checks/system"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// With more dead servers than can be asked in time the check ends before its limit; what
// answered is judged, and each of the others says whether it was asked.
func TestManyDeadServers(t *testing.T) {
	for _, test := range []struct {
		dead, asked int
		took        time.Duration
	}{
		{60, 60, 5 * time.Second},
		{200, 200, 20 * time.Second},
		{600, 320, 21 * time.Second},
	} {
		t.Run(fmt.Sprint(test.dead), func(t *testing.T) {
			tree, err := platformtest.Load("../..", "primary")
			if err != nil {
				t.Fatal(err)
			}
			row := func(server string) any {
				return map[string]any{"may_see": 1, "server": server, "site": "P01", "distribution": 1, "others": 0, "provider": 0}
			}
			mp := row("mp02.contoso.com")
			mp.(map[string]any)["others"] = 1 // it is asked before those that only hold content
			rows := []any{row("cm01.contoso.com"), row("aaa.contoso.com"), mp}
			for i := range test.dead {
				rows = append(rows, row(fmt.Sprintf("dead%03d.contoso.com", i)))
			}
			const build = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
			site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
				"servers": map[string]any{"aaa.contoso.com": map[string]any{"registry": map[string]any{
					build: map[string]any{"CurrentBuildNumber": "9600", "InstallationType": "Server"},
				}}},
				"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{"site-systems": rows}}},
			}))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				run, end := context.WithCancel(t.Context())
				defer synctest.Wait()
				defer end()
				m := platform.Open(run, platformtest.Silent{Reader: site, Match: func(q platform.Question) bool { return strings.HasPrefix(q.On, "dead") }}, site.ReadAt, platform.DefaultLimits())
				catalog := checks.Catalog{system.Area()}
				selected, err := checks.Select(catalog, []string{"system.site-systems"}, nil)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				results := checks.Run(run, m, catalog, selected, checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: site.ReadAt})
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v; want %v", took, test.took)
				}
				for _, r := range results {
					if r.Check.ID != "system.site-systems" {
						continue
					}
					if r.Status != checks.Unknown || len(r.Items) != test.dead+2 {
						t.Fatalf("%s with %d items: %s", r.Status, len(r.Items), r.Summary)
					}
					if r.Items[0].Status != checks.Warning || r.Items[test.dead+1].Status != checks.Passed {
						t.Errorf("those that answered are %s and %s", r.Items[0].Status, r.Items[test.dead+1].Status)
					}
					asked := 0
					for _, item := range r.Items[1 : test.dead+1] {
						if item.Status != checks.Unknown || item.Cause == nil {
							t.Fatalf("%s is %s", item.Key, item.Status)
						}
						if strings.Contains(item.Cause.Cause, "no answer from "+item.Key) {
							asked++
						}
					}
					if asked != test.asked {
						t.Errorf("%d were asked; want %d", asked, test.asked)
					}
				}
			})
		})
	}
}
