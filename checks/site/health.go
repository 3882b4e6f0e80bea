package site

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// siteHealth lists the sites with the status that their status summaries add up to. The view
// is one of Microsoft's status views; its codes are those of the other views beside it.
var siteHealth = platform.SQL[healthRow]("site-health", `
	SELECT TOP (200) s.SiteCode AS site, ISNULL(CAST(s.Status AS int), -1) AS status_code,
		COUNT(*) OVER () AS sites,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_SummarizerSiteStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_SummarizerSiteStatus s
	ORDER BY site`)

type healthRow struct {
	Site   string `json:"site"`
	Status int    `json:"status_code"` // 0 in order, 1 warning, 2 critical
	Sites  int    `json:"sites"`       // in all, also those beyond the limit
}

func hierarchyHealth() checks.Check {
	return checks.Check{
		ID:          "site.health",
		Title:       "Does no site of the hierarchy report a critical status?",
		Why:         "The checklist wants the status of all sites looked at, and errors cleared, before an update. A central administration site sees that of all sites below it.",
		Consequence: "The update stops at what was broken before, or is blamed for it.",
		Remedy:      "Look in Monitoring, System Status, Site Hierarchy, at the components and site systems of that site; repair the cause, then reset the counts.",
		Command:     "SELECT SiteCode, Status, Updated FROM dbo.v_SummarizerSiteStatus",
		Sources: []string{
			checklist, "https://learn.microsoft.com/intune/configmgr/develop/core/understand/sqlviews/status-alert-views-configuration-manager",
		},
		Rights: []string{"SQL Server: SELECT on v_SummarizerSiteStatus in the site database"},
		Reads:  append(discovery.DatabaseReads(), siteHealth.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runHierarchyHealth),
	}
}

func runHierarchyHealth(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site keeps the status of this secondary site: run siteready on the parent's site server"), nil
	}
	rows, err := platform.Ask(ctx, c, siteHealth.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if rows[0].Sites != len(rows) {
		return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "v_SummarizerSiteStatus of database %s on SQL Server %s is said to have %d rows, and %d were listed",
			d.Name, d.Instance, rows[0].Sites, len(rows))
	}
	const wanted, where = "not critical", "v_SummarizerSiteStatus, Status"
	var items []checks.Item
	warned := 0
	for _, row := range rows {
		item := checks.Item{Key: "site " + row.Site, Found: "in order", Wanted: wanted, Where: where, Status: checks.Passed}
		switch {
		case row.Site == "" || row.Status < 0 || row.Status > 2:
			item = checks.UnknownItem(item.Key, wanted, platform.Refuse(platform.ErrUnsupported, "v_SummarizerSiteStatus gives site %q the status %d, which is not known here", row.Site, row.Status))
		case row.Status == 1:
			item.Found = "warnings"
			warned++
		case row.Status == 2:
			item.Found, item.Status = "critical", checks.Warning
		}
		items = append(items, item)
	}
	finding := checks.Items("No site reports a critical status.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "A site reports a critical status."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not every status of a site is known."
	}
	if warned > 0 {
		finding.Notes = []string{fmt.Sprintf("Sites that report warnings: %d of %d.", warned, len(rows))}
	}
	return finding, nil
}
