package roles

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// managementPoints lists the management points beside how their sites communicate. A site
// server's IISSSLState and a role's SslState are numbers of the site control; without a management
// point there is one row without a server. It is asked only where there is a gateway. Gateways
// are connected to primary sites, so that secondary sites are left out.
var managementPoints = platform.SQL[pointRow]("management-point-security", `
	SELECT TOP (200) ISNULL(u.SiteCode, N'') AS site, ISNULL(u.ServerName, N'') AS server, ISNULL(CAST(u.SslState AS int), -1) AS ssl,
		ISNULL((SELECT MAX(CAST(p.Value3 AS int)) FROM dbo.SC_SiteDefinition d
			JOIN dbo.SC_Component c ON c.SiteNumber = d.SiteNumber AND c.ComponentName = N'SMS_SITE_COMPONENT_MANAGER'
			JOIN dbo.SC_Component_Property p ON p.ComponentID = c.ID AND p.Name = N'IISSSLState'
			WHERE d.SiteCode = u.SiteCode), -1) AS communication,
		COUNT(u.ServerName) OVER () AS points,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_Component', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_Component_Property', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN dbo.vSMS_SC_SysResUse u ON u.RoleName = N'SMS Management Point'
		AND NOT EXISTS (SELECT 1 FROM dbo.v_Site t WHERE t.SiteCode = u.SiteCode AND t.Type = 1)
	ORDER BY site, server`)

type pointRow struct {
	Site          string `json:"site"`
	Server        string `json:"server"`        // empty when there is no management point
	SSL           int    `json:"ssl"`           // 0 HTTP, 1 HTTPS, 3 always HTTPS, 4 always HTTP
	Communication int    `json:"communication"` // IISSSLState of the site; -1 when there is none
	Points        int    `json:"points"`        // in all, also those beyond the limit
}

// Of the bits of IISSSLState these two decide; site.https judges the whole.
const (
	bitsHTTPSOnly = 0x1F
	bitEnhanced   = 0x400
)

func gatewayPoints() checks.Check {
	return checks.Check{
		ID:          "roles.cloud-gateway-points",
		Title:       "If the site has a cloud management gateway, has it management points that work with it?",
		Why:         "Clients reach management points through the gateway. With plain HTTP these cannot tell who a client is: they need HTTPS, or Enhanced HTTP and the site's tokens.",
		Consequence: "The product's own prerequisite check warns; clients on the internet lose the site.",
		Remedy:      "Configure the site for Enhanced HTTP, or a management point for HTTPS: Administration, Site Configuration, Sites, Communication Security, or the properties of the management point.",
		Rules:       []string{"Cloud management gateway requires either token-based authentication or an HTTPS management point"},
		Sources: []string{
			pageRules + "#cloud-management-gateway-requires-either-token-based-authentication-or-an-https-management-point",
			"https://learn.microsoft.com/intune/configmgr/core/clients/manage/cmg/overview",
			"https://learn.microsoft.com/intune/configmgr/core/clients/manage/cmg/plan-hierarchy-design",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_systemresourcelist-server-wmi-class",
		},
		Rights: []string{
			"SQL Server: SELECT on vProxy_Roles in the site database, and where that has rows on vSMS_SC_SysResUse, v_Site, SC_SiteDefinition, SC_Component and SC_Component_Property",
		},
		Reads: append(discovery.DatabaseReads(), cloudGateways.In("{SQL Server}", "{site database}").Form(), managementPoints.In("{SQL Server}", "{site database}").Form()),
		Run:   discovery.OnDatabase(runGatewayPoints),
	}
}

func runGatewayPoints(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a cloud management gateway belongs to a central administration or primary site"), nil
	}
	gateways, err := platform.Ask(ctx, c, cloudGateways.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if none := gateways[0].Kind == gatewayNone; none != (gateways[0].Gateways == 0) || gateways[0].Gateways < 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "vProxy_Roles of database %s on SQL Server %s is said to have %d rows, and a gateway of the kind %q",
			d.Name, d.Instance, gateways[0].Gateways, gateways[0].Kind)
	} else if none {
		return checks.DoesNotApply("the site has no cloud management gateway"), nil
	}
	rows, err := platform.Ask(ctx, c, managementPoints.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	points := rows[0].Points
	switch {
	case points == 0 && len(rows) == 1 && rows[0].Server == "":
		return checks.Items("No management point is listed.", checks.UnknownItem("management points", wantedPoints, platform.Refuse(platform.ErrMalformed,
			"database %s on SQL Server %s has a cloud management gateway and no management point", d.Name, d.Instance))), nil
	case points != len(rows):
		return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "database %s on SQL Server %s is said to have %d management points, and %d were listed", d.Name, d.Instance, points, len(rows))
	}
	var items []checks.Item
	for i, row := range rows {
		if i == 0 || row.Site != rows[i-1].Site {
			items = append(items, judgePoints(d, row.Site, slices.DeleteFunc(slices.Clone(rows), func(r pointRow) bool { return r.Site != row.Site })))
		}
	}
	finding := checks.Items("The management points work with a cloud management gateway.", items...)
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "A site has a cloud management gateway in its hierarchy, and management points with plain HTTP alone."
	case checks.Unknown:
		finding.Summary = "How management points communicate is not known."
	}
	return finding, nil
}

const wantedPoints = "HTTPS only, Enhanced HTTP, or a management point with HTTPS"

// judgePoints judges the management points of one site.
func judgePoints(d discovery.Database, site string, rows []pointRow) checks.Item {
	item := checks.Item{
		Key: "site " + site, Wanted: wantedPoints, Where: "SC_Component_Property, IISSSLState; vSMS_SC_SysResUse, SslState", Status: checks.Passed,
	}
	secure, plain := 0, 0
	for _, row := range rows {
		switch row.SSL {
		case 1, 3:
			secure++
		case 0, 4:
			plain++
		}
	}
	switch state := rows[0].Communication; {
	case site == "" || state >= 0 && state&bitsHTTPSOnly != 0 && state&bitsHTTPSOnly != bitsHTTPSOnly:
		return checks.UnknownItem(item.Key, wantedPoints, platform.Refuse(platform.ErrUnsupported, "IISSSLState of site %q is %d, which is not known here", site, state))
	case state >= 0 && state&bitsHTTPSOnly == bitsHTTPSOnly:
		item.Found = "HTTPS only"
	case state >= 0 && state&bitEnhanced != 0:
		item.Found = "Enhanced HTTP"
	case secure > 0:
		item.Found = fmt.Sprintf("management points with HTTPS: %d of %d", secure, len(rows))
	case state < 0 || plain != len(rows):
		return checks.UnknownItem(item.Key, wantedPoints, platform.Refuse(platform.ErrMalformed,
			"the site control of database %s on SQL Server %s does not tell how site %s and its management points communicate", d.Name, d.Instance, site))
	default:
		item.Found, item.Status = fmt.Sprintf("plain HTTP, management points with HTTPS: 0 of %d", len(rows)), checks.Warning
	}
	return item
}
