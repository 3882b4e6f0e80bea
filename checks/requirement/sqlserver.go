package requirement

import (
	"time"

	"siteready/checks/version"
)

// SQLServer is a version of SQL Server that a site's database may be on.
type SQLServer struct {
	Name  string
	Major uint32 // the first part of its version
	// Min is the least version for a central administration or primary site, and MinExpress the
	// least for SQL Server Express on a secondary site.
	Min, MinExpress version.Version
	// MinDerived says that Microsoft's page names a level of support in place of a number.
	MinDerived bool
	SupportEnd time.Time // the last day of Microsoft's support for it, UTC
	// Levels are the recommended compatibility levels of a site database; more than one where
	// Microsoft's pages disagree.
	Levels []int
}

// SupportedOn reports whether Microsoft still supports the version at a time.
func (s SQLServer) SupportedOn(t time.Time) bool { return t.Before(s.SupportEnd.AddDate(0, 0, 1)) }

// SQLServers are the versions that the newest releases support, oldest first. The versions and
// levels are those of
// https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/support-for-sql-server-versions,
// the page on what is new in 2603 has another compatibility level for SQL Server 2025; the
// numbers of the updates are those of Microsoft's lists of builds, the ends of support those of
// Microsoft's lifecycle pages. SQL Server 2014 and older ended with 2409.
func SQLServers() []SQLServer {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	sp2of2016 := version.MustParse("13.0.5026.0") // the rule for Express on secondary sites
	return []SQLServer{
		{"SQL Server 2016", 13, version.MustParse("13.0.6300.2"), sp2of2016, true, day(2026, 7, 14), []int{130}},                    // the supported service pack, 3
		{"SQL Server 2017", 14, version.MustParse("14.0.3008.27"), version.MustParse("14.0"), false, day(2027, 10, 12), []int{140}}, // CU2
		{"SQL Server 2019", 15, version.MustParse("15.0.4043.16"), version.MustParse("15.0"), false, day(2030, 1, 8), []int{150}},   // CU5
		{"SQL Server 2022", 16, version.MustParse("16.0"), version.MustParse("16.0"), false, day(2033, 1, 11), []int{150}},
		{"SQL Server 2025", 17, version.MustParse("17.0"), version.MustParse("17.0"), false, day(2036, 1, 6), []int{160, 170}}, // from 2603 on
	}
}

const (
	build2603     = 9146
	major2022     = 16
	majorFrom2603 = 17
)

// What the page on versions of SQL Server says of the compatibility level of a site database, as
// read on 2026-11-20: its table names 110 as the lowest, and a sentence above it asks for no less
// than the oldest supported version of SQL Server, which is 130 for all releases from 2409 on.
const (
	LeastLevel      = 110
	UndisputedLevel = 130
)

// NewestLevel is the highest compatibility level of a site database that the release supports:
// 160 and 170 came with 2603.
func (r Release) NewestLevel() int {
	if r.Build >= build2603 {
		return 170
	}
	return 150
}

// NewestSQLServer is the first part of the newest version of SQL Server that the release
// supports.
func (r Release) NewestSQLServer() uint32 {
	if r.Build >= build2603 {
		return majorFrom2603
	}
	return major2022
}
