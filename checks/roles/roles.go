// Package roles checks the site system roles and the features of a site that a release no
// longer has, will lose, or cannot be updated without.
package roles

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "roles", Title: "Site system roles and features", Checks: []checks.Check{
		removedRoles(),
		deprecatedRoles(),
		resourceAccess(),
		cloudGateway(),
		gatewayPoints(),
		connectionPoint(),
		passiveServer(),
		networkAccessAccount(),
		storeForBusiness(),
		logAnalytics(),
		upgradeReadiness(),
		packageVersions(),
		contentDistribution(),
		clientPackage(),
		maintenanceMode(),
		updateSync(),
		leftBehind(),
	}, Confirm: statements()}
}

// siteRoles has a row for each role of each site: of this database's own site, and on a central
// administration site of the primary sites too. Roles that every release has, and of which no
// check has a word, are left out; so what is listed and is not known here is seen. The site
// server is a role too, and no site is without one.
var siteRoles = platform.SQL[roleRow]("site-roles", `
	SELECT TOP (200) u.RoleName AS role, u.SiteCode AS site,
		CASE WHEN u.SiteCode = dbo.fnGetSiteCode() THEN 1 ELSE 0 END AS own,
		ISNULL(CAST(s.Type AS int), -1) AS type, ISNULL(s.ReportingSiteCode, N'') AS parent, ISNULL(s.Version, N'') AS version,
		ISNULL(MIN(u.ServerName), N'') AS server, COUNT(DISTINCT u.ServerName) AS servers, COUNT(*) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_SysResUse u LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode
	WHERE (u.SiteCode = dbo.fnGetSiteCode()
			OR ISNULL(s.Type, 2) <> 1 AND EXISTS (SELECT 1 FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND o.Type = 4))
		AND u.RoleName NOT IN (N'SMS Site System', N'SMS Component Server', N'SMS Provider', N'SMS SQL Server', N'SMS Management Point',
			N'SMS Notification Server', N'SMS Distribution Point', N'SMS Multicast Service Point', N'SMS Software Update Point',
			N'SMS State Migration Point', N'SMS Fallback Status Point', N'SMS SRS Reporting Point', N'SMS Endpoint Protection Point',
			N'Data Warehouse Service Point', N'SMS Data Warehouse Service Point', N'SMS DM Enrollment Service')
	GROUP BY u.RoleName, u.SiteCode, s.Type, s.ReportingSiteCode, s.Version
	ORDER BY own DESC, site, role`)

type roleRow struct {
	Role    string `json:"role"`
	Site    string `json:"site"`
	Own     int    `json:"own"`     // 1 for the site of this database
	Type    int    `json:"type"`    // of the site: 1 secondary, 2 primary, 4 central administration site
	Parent  string `json:"parent"`  // empty for a site without one
	Version string `json:"version"` // of the site
	Server  string `json:"server"`  // one of the servers
	Servers int    `json:"servers"`
	Listed  int    `json:"listed"` // rows in all, also those beyond the limit
}

// v_Site numbers types otherwise than the registry.
const (
	typeSecondary = 1
	typePrimary   = 2
	typeCAS       = 4
)

const (
	roleSiteServer      = "SMS Site Server"
	roleConnectionPoint = "SMS Dmp Connector"
	roleCloudConnector  = "SMS Cloud Proxy Connector"

	whereRoles  = "vSMS_SC_SysResUse, RoleName "
	rolesRight  = "SQL Server: SELECT on vSMS_SC_SysResUse and v_Site, and EXECUTE on fnGetSiteCode, in the site database"
	pageRules   = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
	pageRole    = "https://learn.microsoft.com/powershell/module/configurationmanager/get-cmsiterole"
	pageRemove  = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/uninstall-sites-and-hierarchies#bkmk_role"
	pageRetired = "https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/deprecated/removed-and-deprecated-cmfeatures"

	// build2403 is the first build of the product without resource access and without the
	// classic cloud service. Its own prerequisite check let no site pass that had them.
	build2403 = 9128
)

// reading is what siteRoles says of the sites that a check looks at.
type reading struct {
	database discovery.Database
	rows     []roleRow
	own      roleRow // the own site's row of its site server
	build    uint32  // of the own site
}

// readsRoles are the questions of a check that looks at roles alone.
func readsRoles() []platform.Form {
	return append(discovery.DatabaseReads(), siteRoles.In("{SQL Server}", "{site database}").Form())
}

// onRoles is the Run of a check that judges roles. It does not apply to a secondary site.
func onRoles(run func(context.Context, *checks.Case, reading) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	const notHere = "the product's rules do not look at the roles of a secondary site"
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		if d.OfType == discovery.Secondary {
			return checks.DoesNotApply(notHere), nil
		}
		rows, err := platform.Ask(ctx, c, siteRoles.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		r, err := read(d, rows)
		if err != nil {
			return checks.Finding{}, err
		}
		if r.own.Type == typeSecondary { // only where the operator named the database
			return checks.DoesNotApply(notHere), nil
		}
		return run(ctx, c, r)
	})
}

// read refuses rows that cannot be whole. Each site that is listed must have a site server.
func read(d discovery.Database, rows []roleRow) (reading, error) {
	refuse := func(format string, args ...any) (reading, error) {
		return reading{}, platform.Refuse(platform.ErrMalformed, "vSMS_SC_SysResUse of database %s on SQL Server %s "+format, append([]any{d.Name, d.Instance}, args...)...)
	}
	r := reading{database: d, rows: rows}
	for _, row := range rows {
		if row.Role == "" || row.Site == "" || row.Server == "" || row.Servers < 1 {
			return refuse("has a role %q of site %q on %d servers, one of them %q", row.Role, row.Site, row.Servers, row.Server)
		}
		if row.Listed != len(rows) {
			return reading{}, platform.Refuse(platform.ErrTooLarge, "vSMS_SC_SysResUse of database %s on SQL Server %s is said to have %d rows about roles, and %d were listed",
				d.Name, d.Instance, row.Listed, len(rows))
		}
		if !slices.ContainsFunc(rows, func(o roleRow) bool { return o.is(roleSiteServer) && strings.EqualFold(o.Site, row.Site) }) {
			return refuse("lists no site server of site %s", row.Site)
		}
		if row.Own == 1 && row.is(roleSiteServer) {
			r.own = row
		}
	}
	if r.own.Role == "" {
		return refuse("lists no site server of its own site")
	}
	if !slices.Contains([]int{typeSecondary, typePrimary, typeCAS}, r.own.Type) {
		return refuse("belongs to site %s, whose type in v_Site is %d, which is not known here", r.own.Site, r.own.Type)
	}
	of, err := version.Parse(r.own.Version)
	if err != nil {
		return refuse("belongs to site %s, whose version in v_Site is not known: %v", r.own.Site, err)
	}
	r.build = of.Part(2)
	return r, nil
}

func (r roleRow) is(role string) bool { return strings.EqualFold(r.Role, role) }

// of are the rows of a role.
func (r reading) of(role string) []roleRow {
	var found []roleRow
	for _, row := range r.rows {
		if row.is(role) {
			found = append(found, row)
		}
	}
	return found
}

// role is a site system role: how the site database calls it, and how the console does.
type role struct{ stored, name string }

const noServer = "no server"

// absent are items about roles that no server should have. One that a server has gets the
// status bad.
func (r reading) absent(bad checks.Status, roles ...role) []checks.Item {
	items := make([]checks.Item, len(roles))
	for i, role := range roles {
		items[i] = checks.Item{Key: role.name, Found: noServer, Wanted: noServer, Where: whereRoles + role.stored, Status: checks.Passed}
		if rows := r.of(role.stored); len(rows) > 0 {
			items[i].Found, items[i].Status = places(rows), bad
		}
	}
	return items
}

// places says where a role is.
func places(rows []roleRow) string {
	said := make([]string, len(rows))
	for i, row := range rows {
		said[i] = fmt.Sprintf("%s of site %s", row.Server, row.Site)
		if row.Servers > 1 {
			said[i] = fmt.Sprintf("%s and %d more of site %s", row.Server, row.Servers-1, row.Site)
		}
	}
	return strings.Join(said, ", ")
}
