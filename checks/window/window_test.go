package window

import (
	"testing"

	"siteready/checks"
)

// A summary says that all is well only where all is known and well.
func TestSummed(t *testing.T) {
	item := func(status checks.Status) checks.Item { return checks.Item{Status: status} }
	for _, test := range []struct {
		name  string
		items []checks.Item
		want  string
	}{
		{"all passed", []checks.Item{item(checks.Passed), item(checks.Passed)}, "good"},
		{"some not known", []checks.Item{item(checks.Passed), item(checks.Unknown)}, "partly"},
		{"a warning", []checks.Item{item(checks.Passed), item(checks.Warning)}, "bad"},
		{"a warning, and some not known", []checks.Item{item(checks.Warning), item(checks.Unknown)}, "bad"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := summed(test.items, "good", "bad", "partly").Summary; got != test.want {
				t.Errorf("%s, wanted %s", got, test.want)
			}
		})
	}
}
