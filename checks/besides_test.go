package checks_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// A check that another run looked at does not run, and its rules are judged by somebody.
func TestBesides(t *testing.T) {
	catalog := checks.Catalog{{ID: "x", Checks: []checks.Check{
		{ID: "x.rules", Rules: []string{"A rule"}, Run: func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Passes("ran"), nil }},
		{ID: "x.asks", Run: func(_ context.Context, c *checks.Case) (checks.Finding, error) {
			return checks.Passes(strings.Join(c.Covering("A rule"), ",")), nil
		}},
	}}}
	site, err := platformtest.New(map[string]any{"read_at": "2026-11-20T02:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		seen []string
		want string
	}{{nil, ""}, {[]string{"x.rules"}, "x.rules"}} {
		selection, err := checks.Select(catalog, []string{"x.asks"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		selection = selection.Besides(test.seen...)
		m := platform.Open(t.Context(), site, time.Time{}, platform.DefaultLimits())
		results := checks.Run(t.Context(), m, catalog, selection, checks.Conditions{})
		if results[0].Selected || selection.Len() != 1 || results[1].Summary != test.want {
			t.Errorf("%q: %+v", test.seen, results)
		}
	}
}
