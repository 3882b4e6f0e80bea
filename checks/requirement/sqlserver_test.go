package requirement_test

import (
	"slices"
	"testing"
	"time"

	"siteready/checks/requirement"
)

func TestSQLServers(t *testing.T) {
	all := requirement.SQLServers()
	for i, s := range all {
		if i > 0 && (s.Major != all[i-1].Major+1 || !s.SupportEnd.After(all[i-1].SupportEnd)) {
			t.Errorf("%s does not follow %s", s.Name, all[i-1].Name)
		}
		if s.Min.Part(0) != s.Major || s.MinExpress.Part(0) != s.Major || s.Min.Less(s.MinExpress) {
			t.Errorf("%s: least versions %s and %s", s.Name, s.Min, s.MinExpress)
		}
		if own := 10 * int(s.Major); len(s.Levels) == 0 || slices.Min(s.Levels) < requirement.UndisputedLevel || slices.Max(s.Levels) > own {
			t.Errorf("%s: compatibility levels %v", s.Name, s.Levels)
		}
		if last := s.SupportEnd.Add(24*time.Hour - time.Second); !s.SupportedOn(last) || s.SupportedOn(last.Add(time.Second)) {
			t.Errorf("%s: its last day of support does not end with that day", s.Name)
		}
	}
	for version, want := range map[string]int{"2409": 150, "2509": 150, "2603": 170} {
		r, err := requirement.Target(version)
		if err != nil || r.NewestLevel() != want {
			t.Errorf("%s supports compatibility levels up to %d (%v)", version, r.NewestLevel(), err)
		}
	}
	for version, want := range map[string]uint32{"2409": 16, "2509": 16, "2603": 17} {
		r, err := requirement.Target(version)
		if err != nil || r.NewestSQLServer() != want {
			t.Errorf("%s supports up to %d (%v)", version, r.NewestSQLServer(), err)
		}
	}
}
