package security_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/checks/security"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// With more dead servers than can be asked in time the check ends before its limit, and those that
// answered are judged by all their values.
func TestManyDeadServers(t *testing.T) {
	const id, amiss, sound = "security.tls12-servers", "aaa.contoso.com", "mp02.contoso.com"
	for _, test := range []struct {
		dead int
		took time.Duration
	}{{60, 5 * time.Second}, {200, 20 * time.Second}, {600, 21 * time.Second}} {
		t.Run(fmt.Sprint(test.dead), func(t *testing.T) {
			tree, err := platformtest.Load("../..", "primary")
			if err != nil {
				t.Fatal(err)
			}
			row := func(server string, others int) any {
				return map[string]any{"may_see": 1, "server": server, "site": "P01", "distribution": 1, "others": others, "provider": 0}
			}
			rows := []any{row("cm01.contoso.com", 1), row(amiss, 1), row(sound, 1)}
			for i := range test.dead {
				rows = append(rows, row(fmt.Sprintf("dead%03d.contoso.com", i), 0))
			}
			const key = `HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server`
			site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
				"servers": map[string]any{amiss: map[string]any{"registry": map[string]any{key: map[string]any{"DisabledByDefault": 1}}}},
				"sql":     map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{"site-systems": rows}}},
			}))
			if err != nil {
				t.Fatal(err)
			}
			catalog := checks.Catalog{security.Area()}
			selected, err := checks.Select(catalog, []string{id}, nil)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				run, end := context.WithCancel(t.Context())
				defer synctest.Wait()
				defer end()
				m := platform.Open(run, platformtest.Silent{Reader: site, Match: func(q platform.Question) bool { return strings.HasPrefix(q.On, "dead") }}, site.ReadAt, platform.DefaultLimits())
				start := time.Now()
				results := checks.Run(run, m, catalog, selected, checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: site.ReadAt})
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v; want %v", took, test.took)
				}
				for _, r := range results {
					if r.Check.ID == id {
						judgedAmongDead(t, r, test.dead, amiss, sound)
					}
				}
			})
		})
	}
}

// judgedAmongDead sees that the two servers that answer are judged, and that no dead one is.
func judgedAmongDead(t *testing.T, r checks.Result, dead int, amiss, sound string) {
	t.Helper()
	if r.Status != checks.Unknown || len(r.Items) != dead+2 {
		t.Fatalf("%s with %d items: %s", r.Status, len(r.Items), r.Summary)
	}
	want := map[string]checks.Status{amiss: checks.Warning, sound: checks.Passed}
	for _, item := range r.Items {
		status, answers := want[item.Key]
		switch {
		case answers && item.Status != status:
			t.Errorf("%s is %s, wanted %s: %v", item.Key, item.Status, status, item.Cause)
		case !answers && (item.Status != checks.Unknown || item.Cause == nil):
			t.Fatalf("%s is %s", item.Key, item.Status)
		}
	}
}
