package updates

import (
	"siteready/checks/discovery"
	"siteready/platform"
)

// siteVersions is what the database says in four places about the version of its own site.
// What SQL Server has nothing for is an empty text, or -1.
var siteVersions = platform.SQL[SiteVersion]("site-versions", `
	SELECT ISNULL(CAST(dbo.fnGetSiteCode() AS nvarchar(8)), N'') AS site,
		ISNULL(CAST(dbo.fnCurrentSiteVersion() AS nvarchar(64)), N'') AS current_version,
		ISNULL(CAST(dbo.fnSetupFullVersion() AS nvarchar(64)), N'') AS setup_version,
		ISNULL(CAST(dbo.fnCurrentSiteVersion_INT() AS bigint), -1) AS current_number,
		ISNULL((SELECT MAX(s.Version) FROM dbo.Sites s WHERE s.SiteCode = dbo.fnGetSiteCode()), N'') AS listed_version,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnCurrentSiteVersion', N'OBJECT', N'EXECUTE') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnSetupFullVersion', N'OBJECT', N'EXECUTE') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnCurrentSiteVersion_INT', N'OBJECT', N'EXECUTE') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.Sites', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see`)

// SiteVersion is what the database says of the version of its own site.
type SiteVersion struct {
	Site    string `json:"site"`            // code of the site that the database belongs to
	Current string `json:"current_version"` // 5.00.nnnn.1000
	Setup   string `json:"setup_version"`   // 5.00.nnnn.10mm
	Number  int64  `json:"current_number"`  // 500nnnn
	Listed  string `json:"listed_version"`  // 5.00.nnnn.1000
}

// SiteVersions asks what the database d says of the version of its own site.
func SiteVersions(d discovery.Database) platform.Query[[]SiteVersion] {
	return siteVersions.In(d.Instance, d.Name)
}

// SiteVersionsForm is the form of the question that SiteVersions makes.
func SiteVersionsForm() platform.Form {
	return siteVersions.In("{SQL Server}", "{site database}").Form()
}

// SiteVersionsRight is the right that SiteVersions needs.
const SiteVersionsRight = "SQL Server: SELECT on Sites, and EXECUTE on fnGetSiteCode, fnCurrentSiteVersion, fnSetupFullVersion and fnCurrentSiteVersion_INT in the site database"
