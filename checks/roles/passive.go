package roles

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// passiveServers lists the site servers of this database's own site, and on a central
// administration site of the primary sites too, with the codes of their state. The codes are
// the product's own, read from the lab builder of Microsoft's engineers.
var passiveServers = platform.SQL[serverRow]("passive-servers", `
	SELECT TOP (100) u.SiteCode AS site, u.ServerName AS server, ISNULL(CAST(u.SiteSystemStatus AS int), -1) AS active,
		ISNULL(CAST(u.ServerState AS bigint), 0) AS code, COUNT(*) OVER () AS listed,
		CASE WHEN EXISTS (SELECT 1 FROM dbo.vSMS_SC_SysResUse c WHERE c.RoleName = N'SMS Dmp Connector' AND c.ServerName = u.ServerName)
			THEN 1 ELSE 0 END AS connection_point,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_SysResUse u LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode
	WHERE u.RoleName = N'SMS Site Server' AND (u.SiteCode = dbo.fnGetSiteCode()
		OR ISNULL(s.Type, 2) <> 1 AND EXISTS (SELECT 1 FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND o.Type = 4))
	ORDER BY site, server`)

type serverRow struct {
	Site            string `json:"site"`
	Server          string `json:"server"`
	Active          int    `json:"active"` // 0 passive, 1 active
	Code            int64  `json:"code"`   // of the installation; 0 says nothing
	ConnectionPoint int    `json:"connection_point"`
	Listed          int    `json:"listed"`
}

const (
	serverPassive = 0
	serverActive  = 1
)

// What the codes of a passive site server mean.
const (
	highWord            = 0xFFFF0000
	codeReady           = 0x00030000 // the high word of all good states
	codeInstallFailed   = 0x0001FFFF
	codePrerequisite    = 0x0002FFFF
	lowestFailedLowWord = 0xF000
)

func passiveServer() checks.Check {
	return checks.Check{
		ID:          "roles.passive-server",
		Title:       "Is the passive site server in order?",
		Why:         "An update installs on both site servers of a site. A passive one whose installation failed or has not ended is not updated with the site.",
		Consequence: "The update fails on the passive server, or leaves the site without one that can take over.",
		Remedy:      "Look at Administration, Site Configuration, Sites, the site, tab Nodes. Where its installation failed, retry it, or remove the passive server before the update; where it still runs, wait. Move a service connection point to another server.",
		Command:     "Get-CMSiteRole -RoleName 'SMS Site Server' | Select-Object NetworkOSPath, SiteCode",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/site-server-high-availability",
			"https://github.com/vinaypamnani-msft/memlabs",
		},
		Rights: []string{rolesRight},
		Reads:  append(discovery.DatabaseReads(), passiveServers.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runPassiveServer),
	}
}

func runPassiveServer(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site cannot have a passive site server"), nil
	}
	rows, err := platform.Ask(ctx, c, passiveServers.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	servers := map[string][]string{} // by site
	for _, row := range rows {
		if row.Listed != len(rows) {
			return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "vSMS_SC_SysResUse of database %s on SQL Server %s is said to have %d site servers, and %d were listed",
				d.Name, d.Instance, row.Listed, len(rows))
		}
		if row.Site == "" || row.Server == "" {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "vSMS_SC_SysResUse of database %s on SQL Server %s has the site server %q of site %q",
				d.Name, d.Instance, row.Server, row.Site)
		}
		if site := strings.ToUpper(row.Site); !slices.ContainsFunc(servers[site], func(s string) bool { return strings.EqualFold(s, row.Server) }) {
			servers[site] = append(servers[site], row.Server)
		}
	}
	var items []checks.Item
	for _, row := range rows {
		if len(servers[strings.ToUpper(row.Site)]) > 1 { // a site with one server needs no state
			items = append(items, row.items()...)
		}
	}
	if len(items) == 0 {
		return checks.DoesNotApply("no site here has a passive site server"), nil
	}
	finding := checks.Items("The passive site server is in order.", items...)
	switch finding.Status() {
	case checks.Failed:
		finding.Summary = "The installation of a passive site server has failed."
	case checks.Unknown:
		finding.Summary = "The state of the site servers is not known."
	case checks.Warning:
		finding.Summary = "The site servers are not as high availability asks for."
	}
	return finding, nil
}

// items judges one of several site servers of a site.
func (r serverRow) items() []checks.Item {
	state := checks.Item{Key: r.Server, Wanted: "active, or passive and ready", Where: "vSMS_SC_SysResUse, SiteSystemStatus and ServerState", Status: checks.Passed}
	switch r.Active {
	case serverActive:
		state.Found = "active"
	case serverPassive:
		state = r.passive(state)
	default:
		state = checks.UnknownItem(r.Server, state.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the site server %s of site %s has the status %d, which is neither active nor passive", r.Server, r.Site, r.Active))
	}
	items := []checks.Item{state}
	if r.ConnectionPoint != 0 {
		items = append(items, checks.Item{
			Key: r.Server + " " + connectionPointName, Found: "on one of the two site servers", Wanted: "on another server", Where: whereRoles + roleConnectionPoint, Status: checks.Warning,
		})
	}
	return items
}

func (r serverRow) passive(state checks.Item) checks.Item {
	failed := func(what string) checks.Item {
		state.Found, state.Status = fmt.Sprintf("passive, %s (%#x)", what, r.Code), checks.Failed
		return state
	}
	switch {
	case r.Code <= 0 || r.Code > 1<<32-1:
		return checks.UnknownItem(state.Key, state.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the passive site server %s of site %s has the state %d, which says nothing", r.Server, r.Site, r.Code))
	case r.Code&highWord == codeReady && r.Code&^highWord >= lowestFailedLowWord:
		return checks.UnknownItem(state.Key, state.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the passive site server %s of site %s has the state %#x, which is ready and failed in one", r.Server, r.Site, r.Code))
	case r.Code&highWord == codeReady:
		state.Found = fmt.Sprintf("passive, ready (%#x)", r.Code)
	case r.Code == codeInstallFailed:
		return failed("its installation failed")
	case r.Code == codePrerequisite:
		return failed("its prerequisites are not met")
	case r.Code&^highWord >= lowestFailedLowWord:
		return failed("a step failed")
	default:
		state.Found, state.Status = fmt.Sprintf("passive, still being installed (%#x)", r.Code), checks.Warning
	}
	return state
}
