package replication

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxSecondaries is how many secondary sites the statement lists, those that are behind first.
const maxSecondaries = 40

// secondaryUpdates asks the product's own function for each secondary site of the database's
// site whether it has all updates of its parent: 1 when it has. Without any there is one row.
var secondaryUpdates = platform.SQL[secondaryRow]("secondary-updates", `
	SELECT TOP (40) ISNULL(s.site, N'') AS site, ISNULL(s.has_all, -1) AS has_all, COUNT(s.site) OVER () AS secondaries,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSecondarySiteCMUpdateStatus', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT CAST(v.SiteCode AS nvarchar(8)) AS site, CAST(dbo.fnGetSecondarySiteCMUpdateStatus(v.SiteCode) AS int) AS has_all
		FROM dbo.v_Site v WHERE v.Type = 1 AND v.ReportingSiteCode = dbo.fnGetSiteCode()) s ON x.present = 1
	ORDER BY CASE s.has_all WHEN 1 THEN 1 ELSE 0 END, s.site`)

type secondaryRow struct {
	Site        string `json:"site"`
	HasAll      int    `json:"has_all"`     // 1 or 0
	Secondaries int64  `json:"secondaries"` // all, also those that are not listed
}

func secondaries() checks.Check {
	return checks.Check{
		ID:          "replication.secondary-updates",
		Title:       "Has every secondary site all updates of its parent site?",
		Why:         "Secondary sites are not updated with their parent: an administrator does that by hand, also after each hotfix.",
		Consequence: "The secondary site falls further behind, and loses support. Whether it stops its parent's update is stated nowhere.",
		Remedy:      "Select the secondary site in Administration, Site Configuration, Sites, then Recover Secondary Site.",
		Command:     "SELECT SiteCode, dbo.fnGetSecondarySiteCMUpdateStatus(SiteCode) FROM dbo.v_Site WHERE Type = 1",
		Sources: []string{
			pageChecklist,
			"https://learn.microsoft.com/intune/configmgr/hotfix/2603/39398030",
		},
		Rights: []string{discovery.RegistryRight, sitesRight, "SQL Server: EXECUTE on fnGetSecondarySiteCMUpdateStatus in the site database"},
		Reads:  append(discovery.DatabaseReads(), sitesForm(), secondaryUpdates.In("{SQL Server}", "{site database}").Form()),
		Run:    overSites(runSecondaries),
	}
}

func runSecondaries(ctx context.Context, c *checks.Case, d discovery.Database, h hierarchy) (checks.Finding, error) {
	if reason := noSecondaries(h); reason != "" {
		return checks.DoesNotApply(reason), nil
	}
	rows, err := platform.Ask(ctx, c, secondaryUpdates.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	all := rows[0].Secondaries
	if err := h.listsSecondaries(d, all, len(rows)); err != nil {
		return checks.Finding{}, err
	}
	const wanted, where = "all updates of its parent site", "fnGetSecondarySiteCMUpdateStatus in the site database"
	var items []checks.Item
	for _, row := range rows {
		item := checks.Item{Key: site(row.Site), Found: "all", Wanted: wanted, Where: where, Status: checks.Passed}
		switch row.HasAll {
		case 1:
		case 0:
			item.Found, item.Status = "not all", checks.Warning
		default:
			item = checks.UnknownItem(item.Key, wanted, platform.Refuse(platform.ErrUnsupported, "%s says %d of site %s, which is not known here", where, row.HasAll, row.Site))
		}
		items = append(items, item)
	}
	var notes []string
	switch more := all - int64(len(rows)); {
	case more == 0:
	case rows[len(rows)-1].HasAll == 1: // those that are behind come first
		notes = append(notes, fmt.Sprintf("%d further secondary sites have all updates.", more))
	default:
		items = append(items, checks.UnknownItem("further sites", wanted, platform.Refuse(platform.ErrTooLarge, "%d sites are not in the list, which holds %d", more, maxSecondaries)))
	}
	finding := checks.Items("Every secondary site has all updates of its parent site.", items...)
	switch behind := checks.Count(items, checks.Warning); {
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not of every secondary site it is known whether it has all updates."
	case behind > 0:
		finding.Summary = count(int64(behind), "secondary site has", "secondary sites have") + " not all updates of its parent site."
	}
	finding.Notes = notes
	return finding, nil
}

// noSecondaries says why secondary sites are not judged here, and is empty where they are.
func noSecondaries(h hierarchy) string {
	switch {
	case h.own.Type == typeCAS:
		return "secondary sites belong to primary sites: run siteready on their site servers"
	case h.secondaries == 0:
		return "site " + h.own.Site + " has no secondary sites"
	default:
		return ""
	}
}

// listsSecondaries is an error when a statement saw another number of secondary sites than the
// hierarchy has, or listed fewer than it saw though there was room.
func (h hierarchy) listsSecondaries(d discovery.Database, all int64, listed int) error {
	if all == h.secondaries && (all == int64(listed) || all > int64(listed) && listed >= maxSecondaries) {
		return nil
	}
	return platform.Refuse(platform.ErrMalformed, "site %s has %s on SQL Server %s, and was asked about %d, of which %d were listed",
		h.own.Site, count(h.secondaries, "secondary site", "secondary sites"), d.Instance, all, listed)
}
