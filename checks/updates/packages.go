package updates

import (
	"context"

	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// MaxRows is how many rows the statement lists, those that stand in the way first.
const MaxRows = 100

// packages has one row for each package, and for each site of a package, that is not
// installed, hidden or not applicable; with none of them, one row without a package. The
// states behind NOT IN are those of Final, those of the ORDER BY are good to start from.
//
// FullVersion, Flag and LastUpdateTime are documented for the provider's classes alone. They
// are named without a table inside of subqueries: where the table has no such column, SQL
// Server takes the one of lacking instead, which says that nothing is known.
var packages = platform.SQL[Row]("update-packages", `
	WITH states AS (
		SELECT p.PackageGuid AS package, CAST(p.State AS bigint) AS state, -1 AS number FROM dbo.CM_UpdatePackages p
		UNION ALL
		SELECT s.PackageGUID, CAST(s.State AS bigint), s.SiteNumber FROM dbo.CM_UpdatePackageSiteStatus s)
	SELECT TOP (100) ISNULL(CAST(t.package AS nvarchar(36)), N'') AS package,
		ISNULL((SELECT TOP (1) LEFT(l.Name, 100) FROM dbo.v_LocalizedUpdatePackageMetaData_SiteLoc l WHERE l.PackageGuid = t.package ORDER BY l.Name), N'') AS name,
		ISNULL((SELECT TOP (1) CAST(FullVersion AS nvarchar(32)) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), N'') AS version,
		ISNULL((SELECT TOP (1) CAST(Flag AS bigint) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), -1) AS flag,
		ISNULL((SELECT TOP (1) CAST(f.State AS bigint) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package), -1) AS package_state,
		ISNULL(t.state, -1) AS state,
		CASE WHEN ISNULL(t.number, -1) = -1 THEN N''
			ELSE ISNULL((SELECT TOP (1) CAST(d.SiteCode AS nvarchar(8)) FROM dbo.ServerData d WHERE d.ID = t.number), N'number ' + CAST(t.number AS nvarchar(12))) END AS site,
		ISNULL(CASE t.number WHEN -1
			THEN (SELECT TOP (1) DATEDIFF(minute, LastUpdateTime, SYSUTCDATETIME()) FROM dbo.CM_UpdatePackages f WHERE f.PackageGuid = t.package)
			ELSE (SELECT TOP (1) DATEDIFF(minute, LastUpdateTime, SYSUTCDATETIME()) FROM dbo.CM_UpdatePackageSiteStatus g
				WHERE g.PackageGUID = t.package AND g.SiteNumber = t.number) END, -1) AS unchanged_minutes,
		COUNT(t.package) OVER () AS listed,
		(SELECT COUNT(1) FROM dbo.CM_UpdatePackages a) AS packages,
		(SELECT COUNT(1) FROM dbo.CM_UpdatePackages a WHERE a.State = 196612) AS installed,
		ISNULL((SELECT MAX(o.Version) FROM dbo.Sites o WHERE o.SiteCode = dbo.fnGetSiteCode()), N'') AS site_version,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackages', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.CM_UpdatePackageSiteStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_LocalizedUpdatePackageMetaData_SiteLoc', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.Sites', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(NULL AS nvarchar(32)) AS FullVersion, CAST(NULL AS bigint) AS Flag, CAST(NULL AS datetime) AS LastUpdateTime) lacking
	LEFT JOIN states t ON t.state IS NULL OR t.state NOT IN (196612, 393213, 393214)
	ORDER BY CASE WHEN t.state IN (131074, 262146, 327682) THEN 1 ELSE 0 END, t.package, t.number`)

// Row is a package, or a package at a site.
type Row struct {
	Package      string `json:"package"`           // GUID; empty in the row that stands for none
	Name         string `json:"name"`              // empty when the site has none for it
	Version      string `json:"version"`           // 5.00.nnnn.mmmm; empty when not known
	Flag         int64  `json:"flag"`              // see Flags; -1 when not known
	PackageState int64  `json:"package_state"`     // of the package as a whole; -1 when it has no row
	State        int64  `json:"state"`             // of the package, or of it at the site
	Site         string `json:"site"`              // code; empty for the package as a whole
	Unchanged    int64  `json:"unchanged_minutes"` // since the state last changed; negative when not known
	Listed       int64  `json:"listed"`            // how many rows there are, also those beyond the list
	Packages     int64  `json:"packages"`          // all packages
	Installed    int64  `json:"installed"`
	SiteVersion  string `json:"site_version"` // of the database's own site
}

// Right is the right that Ask needs.
const Right = "SQL Server: SELECT on CM_UpdatePackages, CM_UpdatePackageSiteStatus, v_LocalizedUpdatePackageMetaData_SiteLoc, ServerData and Sites, and EXECUTE on fnGetSiteCode in the site database"

// Form is the form of the question that Ask puts.
func Form() platform.Form { return packages.In("{SQL Server}", "{site database}").Form() }

// Query asks for the packages that are not done with, of the site whose database d is.
func Query(d discovery.Database) platform.Query[[]Row] { return packages.In(d.Instance, d.Name) }

// Ask asks for the packages that are not done with, and refuses what cannot be. Without any
// there is one row without a package; its counts hold all the same.
func Ask(ctx context.Context, a platform.Asker, d discovery.Database) ([]Row, error) {
	rows, err := platform.Ask(ctx, a, Query(d))
	if err != nil {
		return nil, err
	}
	first := rows[0]
	none := first.Package == ""
	listed := int64(len(rows))
	switch {
	case none && (len(rows) != 1 || first.Listed != 0), !none && first.Listed < listed,
		first.Listed > listed && listed < MaxRows, first.Installed < 0 || first.Installed > first.Packages:
		return nil, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %s has %d update packages, %d of them installed, and %d rows to look at, and answered with %d",
			d.Instance, d.Name, first.Packages, first.Installed, first.Listed, listed)
	}
	return rows, nil
}

// Superseded reports whether the package is of a release before the site's own.
func Superseded(row Row) bool {
	pkg, err := version.Parse(row.Version)
	if err != nil {
		return false
	}
	own, err := version.Parse(row.SiteVersion)
	return err == nil && pkg.Part(0) == own.Part(0) && pkg.Part(2) != 0 && pkg.Part(2) < own.Part(2)
}
