package replication

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// secondarySystems counts the site systems of each secondary site of the database's site, its own
// server among them, the largest first. Without any secondary site there is one row.
var secondarySystems = platform.SQL[secondarySystemsRow]("secondary-systems", `
	SELECT TOP (40) ISNULL(g.site, N'') AS site, ISNULL(g.systems, -1) AS systems, COUNT(g.site) OVER () AS secondaries,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT CAST(v.SiteCode AS nvarchar(8)) AS site, COUNT(DISTINCT u.ServerName) AS systems
		FROM dbo.v_Site v LEFT JOIN dbo.vSMS_SC_SysResUse u ON u.SiteCode = v.SiteCode AND u.ServerName <> N''
		WHERE v.Type = 1 AND v.ReportingSiteCode = dbo.fnGetSiteCode()
		GROUP BY v.SiteCode) g ON x.present = 1
	ORDER BY g.systems DESC, g.site`)

type secondarySystemsRow struct {
	Site        string `json:"site"`
	Systems     int64  `json:"systems"`     // servers with a role of the site
	Secondaries int64  `json:"secondaries"` // all, also those that are not listed
}

func secondaryLoad() checks.Check {
	return checks.Check{
		ID:    "replication.secondary-systems",
		Title: "Has no secondary site so many site systems that its services take long to stop?",
		Why: "The upgrade of a secondary site stops its services first, and that takes the longer the more site systems it has. " +
			"An installation package that arrives while they still stop was taken for something else in an old release, and the upgrade never began.",
		Consequence: "The upgrade of the secondary site does not begin, and its services start again after two days as they were.",
		Remedy: "Upgrade these secondary sites one at a time and with hours to spare, and follow despool.log and SMS_BOOTSTRAP.log there. " +
			"When nothing has happened after some hours, retry from the console: Administration, Site Configuration, Sites. preinst.exe has no switch for it any more.",
		Command: "SELECT SiteCode, COUNT(DISTINCT ServerName) FROM dbo.vSMS_SC_SysResUse GROUP BY SiteCode",
		Sources: []string{checks.DocSecondaries, pageChecklist},
		Rights:  []string{discovery.RegistryRight, sitesRight, "SQL Server: SELECT on vSMS_SC_SysResUse in the site database"},
		Reads:   append(discovery.DatabaseReads(), sitesForm(), secondarySystems.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_above", Default: 25, Unit: "site systems", About: "servers with a role of one secondary site, its own server among them"},
		},
		Run: overSites(runSecondaryLoad),
	}
}

func runSecondaryLoad(ctx context.Context, c *checks.Case, d discovery.Database, h hierarchy) (checks.Finding, error) {
	if reason := noSecondaries(h); reason != "" {
		return checks.DoesNotApply(reason), nil
	}
	rows, err := platform.Ask(ctx, c, secondarySystems.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	all := rows[0].Secondaries
	if err := h.listsSecondaries(d, all, len(rows)); err != nil {
		return checks.Finding{}, err
	}
	most := c.Setting("warns_above")
	wanted := fmt.Sprintf("at most %g site systems", most)
	var items []checks.Item
	for _, row := range rows {
		item := checks.Item{Key: site(row.Site), Found: count(row.Systems, "site system", "site systems"), Wanted: wanted, Where: "vSMS_SC_SysResUse in the site database", Status: checks.Passed}
		switch {
		case row.Systems < 1: // each has at least its own server
			item = checks.UnknownItem(item.Key, wanted, platform.Refuse(platform.ErrMalformed, "SQL Server %s knows no server of site %s", d.Instance, row.Site))
		case float64(row.Systems) > most:
			item.Status = checks.Warning
		}
		items = append(items, item)
	}
	var notes []string
	switch last := items[len(items)-1]; {
	case all == int64(len(rows)):
	case last.Status == checks.Passed: // the largest come first
		notes = append(notes, fmt.Sprintf("%d further secondary sites have no more site systems.", all-int64(len(rows))))
	default:
		items = append(items, checks.UnknownItem("further sites", wanted, platform.Refuse(platform.ErrTooLarge, "%d sites are not in the list, which holds %d", all-int64(len(rows)), maxSecondaries)))
	}
	finding := checks.Items("No secondary site has very many site systems.", items...)
	switch many := checks.Count(items, checks.Warning); {
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not of every secondary site it is known how many site systems it has."
	case many > 0:
		finding.Summary = count(int64(many), "secondary site has", "secondary sites have") + " very many site systems, which take long to stop."
	}
	finding.Notes = notes
	return finding, nil
}
