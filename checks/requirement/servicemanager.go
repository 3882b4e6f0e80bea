package requirement

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/version"
)

// ServiceManager is System Center Service Manager.
const ServiceManager Product = "scsm"

// ServiceManagerRelease is what one release of Service Manager needs.
type ServiceManagerRelease struct {
	Version string // as it is called: 2022
	// Build is the version of the release without updates; zero where Microsoft lists none.
	Build version.Version
	// Semiannual says that the release was a step between two of the long-term ones. It is no
	// default target.
	Semiannual bool

	From []ServiceManagerSource
	// Windows are the supported Windows Server builds; Core says that Server Core is, too.
	Windows []Windows
	Core    bool
	// SQL are the versions of SQL Server for its databases; empty where no document is known.
	SQL []ServiceManagerSQL
	// DotNet35 says that the .NET Framework 3.5 SP1 stands in the list of requirements.
	DotNet35 bool
	// ODBC and OLEDB are the ranges of the two drivers; zero where no document names one.
	ODBC, OLEDB DriverRange
	// AnalysisObjects says that the console and the portal need SQL Server's Analysis Management
	// Objects, and ReportViewer that the console and the management server need the Report Viewer.
	AnalysisObjects, ReportViewer bool
	// TLSHardened says that set-up is known to fail where TLS 1.0 and 1.1 are switched off.
	TLSHardened bool

	Sources []string
	Read    string // the day on which the sources were read
}

// ServiceManagerSource is a release that may be upgraded.
type ServiceManagerSource struct {
	Version string          // as it is called: 2012 R2
	Least   version.Version // with the update rollup that is needed; zero when any will do
	Rollup  string          // what Least is called: UR9; empty when any will do
}

// ServiceManagerSQL is a version of SQL Server that a release supports.
type ServiceManagerSQL struct {
	Name  string
	Major uint32          // the first part of its version
	Least version.Version // with the update that is needed
	// Disputed says that one of Microsoft's two lists has it, and the other has not.
	Disputed bool
}

// DriverRange is the range of versions of a driver, both ends included.
type DriverRange struct{ Least, Most version.Version }

// Known reports whether a document names the range.
func (r DriverRange) Known() bool { return r.Most != version.Version{} }

// Has reports whether v lies in the range.
func (r DriverRange) Has(v version.Version) bool { return !v.Less(r.Least) && !r.Most.Less(v) }

// Pages of Microsoft's documentation below https://learn.microsoft.com/system-center/scsm/.
const (
	pageUpgradeServiceManager = "https://learn.microsoft.com/system-center/scsm/upgrade-service-manager"
	pageServiceManagerNeeds   = "https://learn.microsoft.com/system-center/scsm/system-requirements"
	pageServiceManagerSQL     = "https://learn.microsoft.com/system-center/scsm/sm-sql-reqs"
	pageServiceManagerBuilds  = "https://learn.microsoft.com/system-center/scsm/release-build-versions"
	pageServiceManagerNotes   = "https://learn.microsoft.com/system-center/scsm/release-notes-sm"
)

// The names of the releases that cannot be told apart by their build, because no document of
// Microsoft's names it.
const (
	release1801 = "1801"
	release1807 = "1807"
)

// ServiceManagerReleases returns the releases that can be a target, oldest first. What they
// need stands in Microsoft's pages on requirements, SQL Server and upgrades of each; builds of
// update rollups of 2012 R2 are those of the tool of Microsoft's support.
func ServiceManagerReleases() []ServiceManagerRelease {
	v := version.MustParse
	w2012R2, w2016 := Windows{"Windows Server 2012 R2", 9600}, Windows{"Windows Server 2016", 14393}
	w2019, w2022, w2025 := Windows{"Windows Server 2019", 17763}, Windows{"Windows Server 2022", 20348}, Windows{"Windows Server 2025", 26100}
	sql := func(name string, major uint32, least string, disputed bool) ServiceManagerSQL {
		return ServiceManagerSQL{"SQL Server " + name, major, v(least), disputed}
	}
	cu8 := "15.0.4073.23" // SQL Server 2019 before it is not supported, in words
	sources := []string{pageUpgradeServiceManager, pageServiceManagerNeeds, pageServiceManagerSQL, pageServiceManagerBuilds, pageServiceManagerNotes}
	of2012R2 := func(rollup, least string) ServiceManagerSource {
		return ServiceManagerSource{"2012 R2", v(least), rollup}
	}
	until2022 := struct{ odbc, oledb DriverRange }{
		DriverRange{v("17.3.0.0"), v("17.10.4.1")}, DriverRange{v("18.2.0.0"), v("18.6.6.0")},
	}
	return []ServiceManagerRelease{
		{
			Version: "2016", Build: v("7.5.7487.0"),
			From:    []ServiceManagerSource{of2012R2("UR9", "7.5.3079.607")},
			Windows: []Windows{w2012R2, w2016}, DotNet35: true, AnalysisObjects: true, ReportViewer: true,
			SQL:     []ServiceManagerSQL{sql("2014", 12, "12.0", false), sql("2016", 13, "13.0", false)},
			Sources: sources, Read: dayReadThem,
		},
		{
			Version: release1801, Semiannual: true,
			From:    []ServiceManagerSource{of2012R2("UR14", "7.5.3079.768"), {"2016", v("7.5.7487.89"), "UR4"}},
			Windows: []Windows{w2012R2, w2016}, DotNet35: true, AnalysisObjects: true, ReportViewer: true,
			SQL:     []ServiceManagerSQL{sql("2014", 12, "12.0", false), sql("2016", 13, "13.0", false)},
			Sources: sources, Read: dayReadThem,
		},
		{
			Version: release1807, Semiannual: true,
			From:    []ServiceManagerSource{{Version: release1801}},
			Windows: []Windows{w2012R2, w2016}, DotNet35: true, AnalysisObjects: true, ReportViewer: true,
			Sources: sources, Read: dayReadThem,
		},
		{
			Version: "2019", Build: v("10.19.1035.0"),
			From:    []ServiceManagerSource{{Version: "2016"}, {Version: release1801}, {Version: release1807}},
			Windows: []Windows{w2016, w2019}, Core: true, DotNet35: true, TLSHardened: true, AnalysisObjects: true, ReportViewer: true,
			SQL: []ServiceManagerSQL{
				sql("2014", 12, "12.0", true), sql("2016", 13, "13.0", false), sql("2017", 14, "14.0", false), sql("2019", 15, cu8, false),
			},
			ODBC: until2022.odbc, OLEDB: until2022.oledb,
			Sources: sources, Read: dayReadThem,
		},
		{
			Version: "2022", Build: v("10.22.1068.0"),
			From:    []ServiceManagerSource{{Version: "2019"}},
			Windows: []Windows{w2019, w2022}, Core: true, DotNet35: true, TLSHardened: true, AnalysisObjects: true,
			SQL:  []ServiceManagerSQL{sql("2017", 14, "14.0", false), sql("2019", 15, cu8, false), sql("2022", 16, "16.0", true)},
			ODBC: until2022.odbc, OLEDB: until2022.oledb,
			Sources: sources, Read: dayReadThem,
		},
		{
			Version: "2025", Build: v("10.25.1523.0"),
			From:    []ServiceManagerSource{{Version: "2022"}},
			Windows: []Windows{w2019, w2022, w2025}, Core: true, DotNet35: true, TLSHardened: true,
			SQL: []ServiceManagerSQL{ // SQL Server 2025 only from update rollup 1 on
				sql("2017", 14, "14.0", true), sql("2019", 15, cu8, false), sql("2022", 16, "16.0", false), sql("2025", 17, "17.0", true),
			},
			ODBC:    DriverRange{v("17.3.0.0"), v("17.10.6.1")},
			OLEDB:   DriverRange{v("18.2.0.0"), v("18.7.2.0")},
			Sources: sources, Read: dayReadThem,
		},
	}
}

// ServiceManagerNames are what an installed version is called. More than one name is a version
// between those of two releases whose builds Microsoft's pages do not list, and none is one
// that is not known.
func ServiceManagerNames(installed version.Version) []string {
	const first, old, second = 7, 5, 10 // 7.5 until 1807, then 10
	switch major, minor, build := installed.Part(0), installed.Part(1), installed.Part(2); {
	case major == first && minor == old && build == 3079:
		return []string{"2012 R2"}
	case major == first && minor == old && build == 7487:
		return []string{"2016"}
	case major == first && minor == old && build > 7487:
		return []string{release1801, release1807}
	case major == second:
		for _, r := range ServiceManagerReleases() {
			if r.Build.Part(0) == second && r.Build.Part(1) == minor {
				return []string{r.Version}
			}
		}
	}
	return nil
}

// ServiceManagerTarget finds the release of a name.
func ServiceManagerTarget(name string) (ServiceManagerRelease, bool) {
	for _, r := range ServiceManagerReleases() {
		if r.Version == name {
			return r, true
		}
	}
	return ServiceManagerRelease{}, false
}

// NextServiceManager is the next long-term release after an installed one: the default target.
// For the newest, and for a version that is not known, it is the newest.
func NextServiceManager(installed version.Version) ServiceManagerRelease {
	releases := ServiceManagerReleases()
	for _, name := range ServiceManagerNames(installed) {
		for _, r := range releases {
			if !r.Semiannual && slices.ContainsFunc(r.From, func(s ServiceManagerSource) bool { return s.Version == name }) {
				return r
			}
		}
	}
	return releases[len(releases)-1]
}

// Follows reports whether an installed version is of a release that may be upgraded to r,
// whatever update rollup it has.
func (r ServiceManagerRelease) Follows(installed version.Version) bool {
	for _, name := range ServiceManagerNames(installed) {
		if slices.ContainsFunc(r.From, func(s ServiceManagerSource) bool { return s.Version == name }) {
			return true
		}
	}
	return false
}

// ServiceManagerHops are the releases to go through from one called from to one called to, the
// last one included: the shortest way, over long-term releases where there is a choice. It is
// empty where there is no way, and where from is to.
func ServiceManagerHops(from, to string) []string {
	type way struct {
		at    string
		steps []string
	}
	releases := ServiceManagerReleases()
	slices.SortStableFunc(releases, func(a, b ServiceManagerRelease) int { // long-term releases first
		switch {
		case a.Semiannual == b.Semiannual:
			return 0
		case b.Semiannual:
			return -1
		}
		return 1
	})
	ways, seen := []way{{at: from}}, map[string]bool{from: true}
	for len(ways) > 0 {
		one := ways[0]
		ways = ways[1:]
		if one.at == to {
			return one.steps
		}
		for _, r := range releases {
			if seen[r.Version] || !slices.ContainsFunc(r.From, func(s ServiceManagerSource) bool { return s.Version == one.at }) {
				continue
			}
			seen[r.Version] = true
			ways = append(ways, way{r.Version, append(slices.Clone(one.steps), r.Version)})
		}
	}
	return nil
}

// Targets are the releases that an operator named, of each product at most one.
type Targets struct {
	ConfigMgr      *Release
	ServiceManager *ServiceManagerRelease
}

// ParseTargets reads one or more releases: VERSION, cm=VERSION, scsm=VERSION, with commas
// between them.
func ParseTargets(text string) (Targets, error) {
	var t Targets
	for one := range strings.SplitSeq(strings.ReplaceAll(text, ", ", ","), ",") {
		name, ofServiceManager := strings.CutPrefix(one, string(ServiceManager)+"=")
		if ofServiceManager {
			release, found := ServiceManagerTarget(name)
			switch {
			case !found:
				return Targets{}, unknownTarget(one)
			case t.ServiceManager != nil:
				return Targets{}, fmt.Errorf("the target %q names two releases of %s", text, ServiceManager.Name())
			}
			t.ServiceManager = &release
			continue
		}
		release, err := Target(one)
		switch {
		case err != nil:
			return Targets{}, unknownTarget(one)
		case t.ConfigMgr != nil:
			return Targets{}, fmt.Errorf("the target %q names two releases of %s", text, ConfigMgr.Name())
		}
		t.ConfigMgr = &release
	}
	return t, nil
}

func unknownTarget(text string) error {
	var known []string
	for _, r := range ConfigMgrReleases() {
		known = append(known, fmt.Sprintf("%s=%s", ConfigMgr, r.Version))
	}
	for _, r := range ServiceManagerReleases() {
		known = append(known, fmt.Sprintf("%s=%s", ServiceManager, r.Version))
	}
	return fmt.Errorf("the target %q is not known; known are %s", text, strings.Join(known, ", "))
}
