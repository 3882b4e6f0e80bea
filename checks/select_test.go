package checks_test

import (
	"slices"
	"strings"
	"testing"

	"siteready/checks"
)

var shop = checks.Catalog{
	{ID: "drivers", Checks: []checks.Check{{ID: "drivers.odbc18"}, {ID: "drivers.sqlncli"}}},
	{ID: "space", Checks: []checks.Check{{ID: "space.disk"}, {ID: "space.log"}}},
}

func TestSelect(t *testing.T) {
	tests := []struct {
		name       string
		only, skip []string
		want       []string
	}{
		{"everything", nil, nil, []string{"drivers.odbc18", "drivers.sqlncli", "space.disk", "space.log"}},
		{"an id", []string{"space.log"}, nil, []string{"space.log"}},
		{"an area", []string{"drivers.*"}, nil, []string{"drivers.odbc18", "drivers.sqlncli"}},
		{"a star spans the dot", []string{"*log"}, nil, []string{"space.log"}},
		{"a set and a single letter", []string{"[a-e]*.odbc1?"}, nil, []string{"drivers.odbc18"}},
		{"two that overlap", []string{"space.*", "space.log"}, nil, []string{"space.disk", "space.log"}},
		{"skip one", nil, []string{"space.disk"}, []string{"drivers.odbc18", "drivers.sqlncli", "space.log"}},
		{"skip wins over only", []string{"space.*", "drivers.odbc18"}, []string{"space.log"}, []string{"drivers.odbc18", "space.disk"}},
		{"all are skipped", nil, []string{"*"}, nil},
		{"skip what is not kept", []string{"space.log"}, []string{"drivers.*"}, []string{"space.log"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			selection, err := checks.Select(shop, tt.only, tt.skip)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, check := range shop.Checks() {
				if selection.Has(check.ID) {
					got = append(got, check.ID)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("selected %v, wanted %v", got, tt.want)
			}
			if selection.Has("space.none") {
				t.Error("a check that is not in the catalogue is selected")
			}
		})
	}
	var zero checks.Selection
	if zero.Has("space.log") {
		t.Error("the zero selection has a check")
	}
}

func TestSelectRefuses(t *testing.T) {
	tests := []struct {
		name, pattern string
		wants         []string // in the message
		without       string   // not in the message
	}{
		{"an unknown id, with what is near", "drivers.odbc17", []string{`"drivers.odbc17"`, "siteready checks", "did you mean drivers.odbc18, drivers.sqlncli?"}, "space"},
		{"an unknown id, near by its second part", "disk.space", []string{"did you mean space.disk, space.log?"}, "drivers"},
		{"nothing is near", "backup", []string{`"backup"`, "siteready checks"}, "did you mean"},
		{"a glob without a match", "spice.*", []string{`"spice.*"`}, "did you mean"},
		{"an id in capitals", "Space.Disk", []string{`"Space.Disk"`}, "did you mean"},
		{"an empty pattern", "", []string{`""`}, "did you mean"},
		{"a bad pattern", "drivers.[", []string{`"drivers.["`, "no pattern"}, "did you mean"},
		{"a bad pattern whose start matches nothing", "nothing.[", []string{`"nothing.["`, "no pattern"}, "did you mean"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, onlyErr := checks.Select(shop, []string{"space.log", tt.pattern}, nil)
			_, skipErr := checks.Select(shop, nil, []string{"space.log", tt.pattern})
			for _, err := range []error{onlyErr, skipErr} {
				if err == nil {
					t.Fatal("it was taken")
				}
				for _, want := range tt.wants {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the message lacks %q: %v", want, err)
					}
				}
				if tt.without != "" && strings.Contains(err.Error(), tt.without) {
					t.Errorf("the message has %q: %v", tt.without, err)
				}
			}
		})
	}
}
