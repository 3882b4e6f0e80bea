package catalog_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const brokenTwin = "-broken"

// findings are what the whole catalogue finds amiss on a site, judged for the newest release
// that the site may update to.
func findings(t *testing.T, site *platformtest.Site) ([]platformtest.Finding, checks.Verdict) {
	t.Helper()
	m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
	selection, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	results := checks.Run(t.Context(), m, catalog.All(), selection, checks.Conditions{
		Target: requirement.DefaultTarget(discovery.Build(t.Context(), m.Session())), JudgedFor: site.ReadAt, Online: true,
		KeyBackups: keyBackups(site),
	})
	green := []checks.Status{checks.Passed, checks.NotApplicable}
	var all []platformtest.Finding
	for _, r := range results {
		if slices.Contains(green, r.Status) {
			if r.Status == checks.NotApplicable && r.Summary == "" {
				t.Errorf("%s does not apply, without a reason", r.Check.ID)
			}
			continue
		}
		if len(r.Items) == 0 {
			all = append(all, platformtest.Finding{Check: r.Check.ID, Status: r.Status.String()})
			t.Logf("finding {check: %s, status: %s} %s %v", r.Check.ID, r.Status, r.Summary, r.Cause)
		}
		for _, item := range r.Items {
			if !slices.Contains(green, item.Status) {
				all = append(all, platformtest.Finding{Check: r.Check.ID, Item: item.Key, Status: item.Status.String()})
				t.Logf("finding {check: %s, item: '%s', status: %s} found %s, wanted %s, %v", r.Check.ID, item.Key, item.Status, item.Found, item.Wanted, item.Cause)
			}
		}
	}
	return all, checks.Judge(results)
}

// keyBackups are the files that a site names.
func keyBackups(site *platformtest.Site) []checks.KeyBackup {
	var files []checks.KeyBackup
	for _, server := range slices.Sorted(maps.Keys(site.KeyBackups)) {
		files = append(files, checks.KeyBackup{Server: server, Path: site.KeyBackups[server]})
	}
	return files
}

// brokenTwins are the names of the broken sites.
func brokenTwins(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*"+brokenTwin+".yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return names
}

func twin(t *testing.T, name string) *platformtest.Site {
	t.Helper()
	site, err := platformtest.New(loadSite(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// A site NAME.yaml that has a twin NAME-broken.yaml is healthy: nothing is amiss. On the twin
// the catalogue finds what stands in its file, no less and no more.
func TestTwins(t *testing.T) {
	for _, broken := range brokenTwins(t) {
		healthy := strings.TrimSuffix(broken, brokenTwin)
		t.Run(healthy, func(t *testing.T) {
			found, verdict := findings(t, twin(t, healthy))
			if diff := cmp.Diff([]platformtest.Finding(nil), found); diff != "" || verdict != checks.Ready {
				t.Errorf("a healthy site is %s:\n%s", verdict, diff)
			}
		})
		t.Run(broken, func(t *testing.T) {
			site := twin(t, broken)
			found, verdict := findings(t, site)
			if diff := cmp.Diff(site.Findings, found); diff != "" || verdict != checks.Blocked {
				t.Errorf("it is %s (- listed, + found):\n%s", verdict, diff)
			}
		})
	}
}

// Every check finds something amiss on one of the broken twins, whose findings TestTwins holds
// it to; what could not be checked does not count.
func TestEveryCheckFindsSomething(t *testing.T) {
	found := map[string]bool{}
	for _, name := range brokenTwins(t) {
		for _, f := range twin(t, name).Findings {
			if f.Status == checks.Failed.String() || f.Status == checks.Warning.String() {
				found[f.Check] = true
			}
		}
	}
	for _, area := range catalog.All() {
		for _, check := range area.Checks {
			if !found[check.ID] {
				t.Errorf("%s finds nothing amiss on any broken twin; break it on one of %v", check.ID, brokenTwins(t))
			}
			delete(found, check.ID)
		}
	}
	for id := range found {
		t.Errorf("a broken twin has a finding of %s, which is no check", id)
	}
}
