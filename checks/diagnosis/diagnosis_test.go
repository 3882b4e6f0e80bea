package diagnosis_test

import (
	"testing"

	"siteready/checks"
	"siteready/checks/diagnosis"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const root = "../.."

func load(t *testing.T, name string) *platformtest.Site {
	t.Helper()
	tree, err := platformtest.Load(root, name)
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func diagnose(t *testing.T, site *platformtest.Site, r platform.Reader) diagnosis.Diagnosis {
	t.Helper()
	m := platform.Open(t.Context(), r, site.ReadAt, platform.DefaultLimits())
	return diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{}, nil)
}

// A healthy site has nothing stuck.
func TestHealthySites(t *testing.T) {
	for _, name := range []string{"primary", "cas", "passive", "nightly", "demo", "availability-group", "primary-local", "cas-broken", "primary-broken", "secondary", "no-product"} {
		t.Run(name, func(t *testing.T) {
			site := load(t, name)
			d := diagnose(t, site, site)
			t.Log(d.Standing, d.Summary)
			for _, l := range d.Lines {
				t.Log("  ", l)
			}
			for _, g := range d.Gaps {
				t.Log("  gap", g.What, g.Cause, g.From)
			}
		})
	}
}
