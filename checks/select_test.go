package checks_test

import (
	"slices"
	"strconv"
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

// FuzzSelect: a pattern selects the same checks by --only as it takes away by --skip, itself
// if it has no signs, and never silently nothing.
func FuzzSelect(f *testing.F) {
	for _, pattern := range []string{
		"drivers.odbc18", "drivers.*", "*", "[a-e]*.odbc1?", "[^d]*", `space.\log`, "[", "[]", "space", "SPACE.LOG", "", "?", "*/*", "\xff*", "drivers.odbc18 ",
	} {
		f.Add(pattern)
	}
	all := shop.Checks()
	f.Fuzz(func(t *testing.T, pattern string) {
		only, err := checks.Select(shop, []string{pattern}, nil)
		skip, skipErr := checks.Select(shop, nil, []string{pattern})
		both, _ := checks.Select(shop, []string{pattern, "*"}, []string{pattern})
		if (err == nil) != (skipErr == nil) {
			t.Fatalf("%q: --only says %v, --skip says %v", pattern, err, skipErr)
		}
		selected, plain := 0, !strings.ContainsAny(pattern, `*?[\`)
		for _, check := range all {
			if only.Has(check.ID) {
				selected++
			}
			switch {
			case err != nil && (only.Has(check.ID) || skip.Has(check.ID)):
				t.Errorf("%q is refused, and %s selected", pattern, check.ID)
			case err == nil && (only.Has(check.ID) == skip.Has(check.ID) || skip.Has(check.ID) != both.Has(check.ID)):
				t.Errorf("%q: %s is selected %t by --only, %t by --skip, %t by both", pattern, check.ID, only.Has(check.ID), skip.Has(check.ID), both.Has(check.ID))
			case plain && only.Has(check.ID) != (check.ID == pattern):
				t.Errorf("%q has no signs: %s is selected %t", pattern, check.ID, only.Has(check.ID))
			}
		}
		if err == nil && selected == 0 || err != nil && !strings.Contains(err.Error(), strconv.Quote(pattern)) {
			t.Errorf("%q selects %d checks: %v", pattern, selected, err)
		}
	})
}
