package roles

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// leftRoles counts the roles in the site control, and those whose site is not listed any more,
// or as deleted (4).
var leftRoles = platform.SQL[leftRow]("left-roles", `
	SELECT COUNT(*) AS roles, COUNT(CASE WHEN s.SiteCode IS NULL OR s.Status = 4 THEN 1 END) AS left_behind,
		COUNT(DISTINCT CASE WHEN s.SiteCode IS NULL OR s.Status = 4 THEN u.ServerName END) AS servers,
		COUNT(DISTINCT CASE WHEN s.SiteCode IS NULL OR s.Status = 4 THEN u.SiteCode END) AS sites,
		(SELECT COUNT(1) FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND ISNULL(o.ReportingSiteCode, N'') <> N'') AS below,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_SysResUse u LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode`)

type leftRow struct {
	Roles   int `json:"roles"`
	Left    int `json:"left_behind"` // of a site that is gone
	Servers int `json:"servers"`     // of these
	Sites   int `json:"sites"`       // of these
	Below   int `json:"below"`       // 1 when the own site has a parent
}

func leftBehind() checks.Check {
	return checks.Check{
		ID:          "roles.left-behind",
		Title:       "Does every site system role belong to a site that is there?",
		Why:         "When the removal of a site breaks off, its roles stay in the site control. The site goes on looking for these servers, and an update wants to bring them up to date.",
		Consequence: "The status of the site stays critical, and the update waits for servers that are no longer there.",
		Remedy:      "Remove what is left of the site with the product's own tool for it, or with Microsoft's support. Do not delete rows by hand.",
		Command: "SELECT u.SiteCode, u.ServerName, u.RoleName FROM dbo.vSMS_SC_SysResUse u\n" +
			"LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode WHERE s.SiteCode IS NULL OR s.Status = 4",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/hierarchy-maintenance-tool-preinst.exe",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/uninstall-sites-and-hierarchies",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_site-server-wmi-class",
		},
		Rights: []string{rolesRight},
		Reads:  append(discovery.DatabaseReads(), leftRoles.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runLeftBehind),
	}
}

func runLeftBehind(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, reason, err := feature(ctx, c, d, leftRoles)
	if err != nil {
		return checks.Finding{}, err
	}
	if reason != "" {
		return checks.DoesNotApply("the parent site keeps the site control of this secondary site"), nil
	}
	const key, wanted = "roles", "none of a site that is gone"
	if row.Below == 1 {
		return checks.DoesNotApply("the central administration site sees the roles of all sites: run siteready there"), nil
	}
	if row.Below != 0 || row.Roles <= 0 || row.Left < 0 || row.Left >= row.Roles || row.Servers < 0 || row.Servers > row.Left || row.Sites < 0 || row.Sites > row.Left ||
		(row.Left > 0) != (row.Sites > 0) {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "what SQL Server %s counts of the roles in %s contradicts itself: %+v", d.Instance, d.Name, row)
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("%d, none of a site that is gone", row.Roles), Wanted: wanted, Where: "vSMS_SC_SysResUse, v_Site", Status: checks.Passed}
	if row.Left > 0 {
		item.Found, item.Status = fmt.Sprintf("%d of %d, on servers: %d, of sites that are gone: %d", row.Left, row.Roles, row.Servers, row.Sites), checks.Warning
		return checks.Items("Roles of a site that is gone are left.", item), nil
	}
	return checks.Items("Every role belongs to a site that is there.", item), nil
}
