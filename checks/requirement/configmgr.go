// Package requirement is what each product release needs. It is the only place that a new
// release touches. Each number stands beside its source and the day on which it was read.
package requirement

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/version"
)

// Product is a product whose readiness is checked.
type Product string

// ConfigMgr is Microsoft Configuration Manager, current branch.
const ConfigMgr Product = "cm"

// Name is the product's full name.
func (p Product) Name() string {
	if p == ServiceManager {
		return "Service Manager"
	}
	return "Configuration Manager"
}

// Release is what one release of a product needs.
type Release struct {
	Product Product
	Version string // as it is called: 2509
	Build   uint32 // the third part of its version

	MinSource string // the oldest release that may update to it
	MinBuild  uint32 // the build of MinSource
	// DisputedBuild is the lower build that another page of Microsoft's allows as a source; 0
	// where the pages agree.
	DisputedBuild uint32

	// MinODBC is the lowest version of the ODBC Driver 18 for SQL Server.
	MinODBC version.Version
	// MinNativeClient is the lowest version of the SQL Server Native Client. The rule is a
	// warning; NativeClientOptional makes it a note.
	MinNativeClient      version.Version
	NativeClientOptional bool

	// MinDotNet is the .NET Framework below which the update is stopped, and DotNet the one
	// that is required without being enforced: the rule warns.
	MinDotNet, DotNet DotNet

	// ADK are the supported builds of the Windows Assessment and Deployment Kit, the third part
	// of its version; sorted.
	ADK []uint32

	// Windows are the supported Windows Server builds of a site server.
	Windows []Windows
	// ClientForContent is the lowest build of a client edition of Windows that may hold a
	// distribution point.
	ClientForContent uint32

	Sources []string
	Read    string // the day on which the sources were read
}

// DotNet is a release of the .NET Framework. Release is the lowest number that the registry
// has for it; Windows' releases have slightly higher ones.
type DotNet struct {
	Name    string
	Release uint32
}

// Windows is one release of Windows Server.
type Windows struct {
	Name  string
	Build uint32
}

// Pages of Microsoft's documentation below https://learn.microsoft.com/intune/configmgr/.
const (
	pagePrerequisites = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
	pageUpdates       = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/updates"
	pageWindows       = "https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/supported-operating-systems-for-site-system-servers"
	pageChecklist     = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-"
	pageWhatsNew      = "https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/whats-new-in-version-"
	pageADK           = "https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/support-for-windows-adk"
	pageSiteSystems   = "https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/site-and-site-system-prerequisites"
	kbUpdates         = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing"
)

// Client editions of Windows that a distribution point may run on: 2509 dropped Windows 10
// (pageWhatsNew).
const (
	windows10 = 19045 // 22H2, the last one
	windows11 = 22000
)

var (
	// windowsServers are the builds that pageWindows lists for site servers. The build
	// numbers themselves are common knowledge of Windows.
	windowsServers = []Windows{
		{"Windows Server 2016", 14393},
		{"Windows Server 2019", 17763},
		{"Windows Server 2022", 20348},
		{"Windows Server 2025", 26100},
	}
	// 2309 made the driver a requirement (pagePrerequisites) without a number; every 18 is
	// then good, and from 2503 on the page names 18.4.1.1.
	anyODBC18 = version.MustParse("18.0.0.0")
	odbc2503  = version.MustParse("18.4.1.1")
	nativeSP4 = version.MustParse("11.4.7001.0") // SQL Server 2012 SP4, asked for since 1810
	// pagePrerequisites stops below 4.6.2 since 2111 and warns below 4.8; pageSiteSystems calls
	// 4.8 required from 2403 on, and says that nothing stops without it.
	dotNet462 = DotNet{".NET Framework 4.6.2", 394802}
	dotNet48  = DotNet{".NET Framework 4.8", 528040}
	// pageADK has these rows for 2503 and later; of 2409 it says nothing any more, and its rows
	// for 2403 had the same four. 25398 and 28000 are marked as not supported.
	adkBuilds   = []uint32{20348, 22000, 22621, 26100}
	dayReadThem = "2026-11-20"
)

// ConfigMgrReleases returns the releases that can be a target, oldest first.
func ConfigMgrReleases() []Release {
	return []Release{
		{
			// Manifest of 2409: MinCMVersion 5.00.9106.1000 (kbUpdates).
			Product: ConfigMgr, Version: "2409", Build: 9132, MinSource: "2303", MinBuild: 9106,
			MinODBC: anyODBC18, MinNativeClient: nativeSP4, Windows: windowsServers,
			MinDotNet: dotNet462, DotNet: dotNet48, ADK: adkBuilds, ClientForContent: windows10,
			Sources: []string{pagePrerequisites, pageUpdates, pageWindows, pageADK, pageSiteSystems, kbUpdates, pageChecklist + "2409"}, Read: dayReadThem,
		},
		{
			// Microsoft's pages disagree on the oldest source: the checklist says 2303, the
			// page of news says 2309. The higher number is the safe one for a default.
			Product: ConfigMgr, Version: "2503", Build: 9135, MinSource: "2309", MinBuild: 9122, DisputedBuild: 9106,
			MinODBC: odbc2503, MinNativeClient: nativeSP4, Windows: windowsServers,
			MinDotNet: dotNet462, DotNet: dotNet48, ADK: adkBuilds, ClientForContent: windows10,
			Sources: []string{pagePrerequisites, pageUpdates, pageWindows, pageADK, pageSiteSystems, pageChecklist + "2503", pageWhatsNew + "2503"}, Read: dayReadThem,
		},
		{
			Product: ConfigMgr, Version: "2509", Build: 9141, MinSource: "2403", MinBuild: 9128,
			MinODBC: odbc2503, MinNativeClient: nativeSP4, Windows: windowsServers,
			MinDotNet: dotNet462, DotNet: dotNet48, ADK: adkBuilds, ClientForContent: windows11,
			Sources: []string{pagePrerequisites, pageUpdates, pageWindows, pageADK, pageSiteSystems, pageChecklist + "2509"}, Read: dayReadThem,
		},
		{
			// 2603 no longer needs the Native Client (pageWhatsNew), while other pages still
			// ask not to remove it: a note, never red.
			Product: ConfigMgr, Version: "2603", Build: 9146, MinSource: "2409", MinBuild: 9132,
			MinODBC: odbc2503, MinNativeClient: nativeSP4, NativeClientOptional: true, Windows: windowsServers,
			MinDotNet: dotNet462, DotNet: dotNet48, ADK: adkBuilds, ClientForContent: windows11,
			Sources: []string{pagePrerequisites, pageUpdates, pageWindows, pageADK, pageSiteSystems, pageChecklist + "2603", pageWhatsNew + "2603"}, Read: dayReadThem,
		},
	}
}

// Target finds the release that the operator named: VERSION, cm=VERSION.
func Target(text string) (Release, error) {
	product, name, found := strings.Cut(text, "=")
	if !found {
		product, name = string(ConfigMgr), text
	}
	var known []string
	for _, r := range ConfigMgrReleases() {
		if product == string(r.Product) && name == r.Version {
			return r, nil
		}
		known = append(known, fmt.Sprintf("%s=%s", r.Product, r.Version))
	}
	return Release{}, fmt.Errorf("the target %q is not known; known are %s", text, strings.Join(known, ", "))
}

// DefaultTarget is the newest release that a site of this build may update to; for a site as
// new as the newest, or of a build that is not known (0), the newest.
func DefaultTarget(siteBuild uint32) Release {
	releases := ConfigMgrReleases()
	newest := releases[len(releases)-1]
	if siteBuild == 0 {
		return newest
	}
	for _, r := range slices.Backward(releases) {
		if r.Build > siteBuild && r.MinBuild <= siteBuild {
			return r
		}
	}
	return newest
}

// IsReleased reports whether a build is one of a release: a target, or the oldest source of one.
// A hotfix does not change it. Technical previews, which cannot be updated to a release, and
// builds that are not known here have others.
func IsReleased(build uint32) bool {
	return slices.ContainsFunc(ConfigMgrReleases(), func(r Release) bool {
		return build != 0 && (build == r.Build || build == r.MinBuild || build == r.DisputedBuild)
	})
}
