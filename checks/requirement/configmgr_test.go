package requirement_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"siteready/checks/requirement"
	"siteready/checks/version"
)

func TestTableIsComplete(t *testing.T) {
	releases := requirement.ConfigMgrReleases()
	if len(releases) == 0 {
		t.Fatal("the table is empty")
	}
	if !slices.IsSortedFunc(releases, func(a, b requirement.Release) int { return cmp.Compare(a.Build, b.Build) }) ||
		!slices.IsSortedFunc(releases, func(a, b requirement.Release) int { return strings.Compare(a.Version, b.Version) }) {
		t.Error("the table is not sorted from the oldest release to the newest")
	}
	builds := map[uint32]bool{}
	for _, r := range releases {
		complain := func(format string, args ...any) {
			t.Helper()
			t.Errorf(r.Version+": "+format, args...)
		}
		if r.Product != requirement.ConfigMgr || r.Product.Name() != "Configuration Manager" {
			complain("the product is %q, called %q", r.Product, r.Product.Name())
		}
		if _, err := time.Parse("0601", r.Version); err != nil {
			complain("releases are called by year and month: %v", err)
		}
		if _, err := time.Parse("0601", r.MinSource); err != nil || r.MinSource >= r.Version {
			complain("the oldest source is %q", r.MinSource)
		}
		if r.MinBuild == 0 || r.MinBuild >= r.Build || builds[r.Build] {
			complain("build %d, oldest source %d", r.Build, r.MinBuild)
		}
		builds[r.Build] = true
		if len(r.Sources) == 0 {
			complain("no sources")
		}
		for _, source := range r.Sources {
			if !strings.HasPrefix(source, "https://learn.microsoft.com/") {
				complain("the source %q is no page of Microsoft's documentation", source)
			}
		}
		read, err := time.Parse(time.DateOnly, r.Read)
		if err != nil || read.Year() < 2026 {
			complain("the sources were read on %q", r.Read)
		}
		if r.MinODBC.Part(0) != 18 {
			complain("the driver is an 18, and its least version is %q", r.MinODBC)
		}
		if r.MinNativeClient.Compare(version.MustParse("11.4.7001.0")) != 0 {
			complain("the least Native Client is %q", r.MinNativeClient)
		}
		if r.MinDotNet.Release == 0 || r.MinDotNet.Release >= r.DotNet.Release || !strings.HasPrefix(r.DotNet.Name, ".NET Framework 4.") {
			complain("the .NET Frameworks are %v and %v", r.MinDotNet, r.DotNet)
		}
		if len(r.ADK) == 0 || !slices.IsSorted(r.ADK) {
			complain("the builds of the ADK are %v", r.ADK)
		}
		if want := map[bool]uint32{true: 19045, false: 22000}[r.Version < "2509"]; r.ClientForContent != want {
			complain("a distribution point may run on clients from %d on; want %d", r.ClientForContent, want)
		}
		if len(r.Windows) == 0 || !slices.IsSortedFunc(r.Windows, func(a, b requirement.Windows) int { return cmp.Compare(a.Build, b.Build) }) {
			complain("the releases of Windows are missing or not sorted: %v", r.Windows)
		}
		for _, w := range r.Windows {
			if w.Build < 14393 || !strings.HasPrefix(w.Name, "Windows Server 20") {
				complain("%q with build %d", w.Name, w.Build)
			}
		}
	}
}

// The numbers as Microsoft's pages have them, written down a second time.
func TestNumbers(t *testing.T) {
	type numbers struct {
		build, minBuild uint32
		minSource, odbc string
		optional        bool
	}
	want := map[string]numbers{
		"2409": {9132, 9106, "2303", "18.0.0.0", false},
		"2503": {9135, 9122, "2309", "18.4.1.1", false},
		"2509": {9141, 9128, "2403", "18.4.1.1", false},
		"2603": {9146, 9132, "2409", "18.4.1.1", true},
	}
	releases := requirement.ConfigMgrReleases()
	for _, r := range releases {
		if got := (numbers{r.Build, r.MinBuild, r.MinSource, r.MinODBC.String(), r.NativeClientOptional}); got != want[r.Version] {
			t.Errorf("%s: %+v, wanted %+v", r.Version, got, want[r.Version])
		}
		var builds []uint32
		for _, w := range r.Windows {
			builds = append(builds, w.Build)
		}
		if !slices.Equal(builds, []uint32{14393, 17763, 20348, 26100}) {
			t.Errorf("%s: builds of Windows %v", r.Version, builds)
		}
	}
	if len(releases) != len(want) {
		t.Errorf("%d releases, wanted %d", len(releases), len(want))
	}
}

// Nobody can spoil the table for the next reader.
func TestTableIsOnesOwn(t *testing.T) {
	requirement.ConfigMgrReleases()[0].Version = "spoilt"
	if got := requirement.ConfigMgrReleases()[0].Version; got != "2409" {
		t.Error(got)
	}
}

func TestDefaultTarget(t *testing.T) {
	tests := []struct {
		name  string
		build uint32
		want  string
	}{
		{"not known", 0, "2603"},
		{"older than every source", 8325, "2603"},
		{"2211, too old for every release of the table", 9096, "2603"},
		{"just below 2303", 9105, "2603"},
		{"2303", 9106, "2409"},
		{"between 2303 and 2309", 9121, "2409"},
		{"2309", 9122, "2503"},
		{"just below 2403", 9127, "2503"},
		{"2403", 9128, "2509"},
		{"just below 2409", 9131, "2509"},
		{"2409", 9132, "2603"},
		{"2503", 9135, "2603"},
		{"2509", 9141, "2603"},
		{"just below 2603", 9145, "2603"},
		{"2603, the newest", 9146, "2603"},
		{"newer than the newest", 9200, "2603"},
		{"the largest number", 1<<32 - 1, "2603"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := requirement.DefaultTarget(tt.build); got.Version != tt.want {
				t.Errorf("build %d is to become %s, wanted %s", tt.build, got.Version, tt.want)
			}
		})
	}
}

// Whatever the site's build, the default is a release that it may update to, or the newest.
func TestDefaultTargetMayBeReached(t *testing.T) {
	releases := requirement.ConfigMgrReleases()
	newest := releases[len(releases)-1]
	for build := uint32(9000); build < 9300; build++ {
		got := requirement.DefaultTarget(build)
		if got.Version != newest.Version && (got.MinBuild > build || got.Build <= build) {
			t.Errorf("build %d cannot become %s", build, got.Version)
		}
		for _, r := range releases {
			if r.MinBuild <= build && r.Build > build && r.Build > got.Build {
				t.Errorf("build %d could become %s, and is to become %s", build, r.Version, got.Version)
			}
		}
	}
}

func TestTarget(t *testing.T) {
	for _, r := range requirement.ConfigMgrReleases() {
		for _, text := range []string{r.Version, "cm=" + r.Version} {
			got, err := requirement.Target(text)
			if err != nil || got.Version != r.Version || got.Build != r.Build || got.Product != requirement.ConfigMgr {
				t.Errorf("%q became %s %s, %v", text, got.Product, got.Version, err)
			}
		}
	}
	for _, text := range []string{"", "9999", "250", "2509 ", " 2509", "CM=2509", "cm=", "=2509", "=", "cm=cm=2509", "cm:2509", "scsm=2022", "9141", "5.00.9141.1000"} {
		got, err := requirement.Target(text)
		if err == nil || got.Version != "" {
			t.Errorf("%q became %s", text, got.Version)
			continue
		}
		for _, want := range []string{`"` + text + `"`, "cm=2409, cm=2503, cm=2509, cm=2603"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: the message lacks %q: %v", text, want, err)
			}
		}
	}
}

// FuzzTarget: what is taken is a release of the table, written as the help says; all else is
// refused by its name.
func FuzzTarget(f *testing.F) {
	for _, text := range []string{"2509", "cm=2509", "cm=", "=2509", "CM=2509", "cm=cm=2509", " 2509", "scsm=2022", "", "2509\x00", "cm=%s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := requirement.Target(text)
		known := slices.ContainsFunc(requirement.ConfigMgrReleases(), func(r requirement.Release) bool {
			return text == r.Version || text == "cm="+r.Version
		})
		switch {
		case known != (err == nil):
			t.Errorf("%q became %s, %v", text, got.Version, err)
		case known && strings.TrimPrefix(text, "cm=") != got.Version:
			t.Errorf("%q became %s", text, got.Version)
		case !known && (got.Version != "" || got.Build != 0 || !strings.Contains(err.Error(), strconv.Quote(text))):
			t.Errorf("%q is refused with %q beside %+v", text, err, got)
		}
	})
}

func TestIsReleased(t *testing.T) {
	for build, want := range map[uint32]bool{
		0: false, 9105: false, 9106: true, 9121: false, 9122: true, 9128: true, 9129: false, 9132: true, 9135: true, 9140: false, 9141: true, 9146: true, 9147: false,
	} {
		if got := requirement.IsReleased(build); got != want {
			t.Errorf("%d: %t", build, got)
		}
	}
}
