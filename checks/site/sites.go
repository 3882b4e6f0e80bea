package site

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// maxSites is how many sites the statement lists: its own one first, then all that are no
// secondary sites, then those that differ.
const maxSites = 400

// sites lists the sites of the hierarchy as the database knows them. What SQL Server has
// nothing for is an empty text, or -1. A site is odd when it is not active, or its version is
// not that of the database's own site.
var sites = platform.SQL[siteRow]("sites", `
	SELECT TOP (400) t.site, t.type, t.status, t.version, t.own, t.odd, COUNT(1) OVER () AS sites,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.Sites', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(s.SiteCode AS nvarchar(8)) AS site, ISNULL(CAST(s.SiteType AS int), -1) AS type,
			ISNULL(CAST(s.Status AS int), -1) AS status, ISNULL(CAST(s.Version AS nvarchar(64)), N'') AS version,
			CASE WHEN s.SiteCode = o.SiteCode THEN 1 ELSE 0 END AS own,
			CASE WHEN s.Status = 1 AND s.Version = o.Version THEN 0 ELSE 1 END AS odd
		FROM dbo.Sites s LEFT JOIN dbo.Sites o ON o.SiteCode = dbo.fnGetSiteCode()) t
	ORDER BY t.own DESC, CASE t.type WHEN 1 THEN 1 ELSE 0 END, t.odd DESC, t.site`)

type siteRow struct {
	Site    string `json:"site"`
	Type    int    `json:"type"`    // 1 secondary, 2 primary, 4 central administration site
	Status  int    `json:"status"`  // see siteStatuses
	Version string `json:"version"` // 5.00.nnnn.1000
	Own     int    `json:"own"`     // 1 for the site whose database this is
	Odd     int    `json:"odd"`
	Sites   int64  `json:"sites"` // how many there are, also those that are not listed
}

const (
	typePrimary = 2
	typeCAS     = 4
)

// siteStatus is a value of SMS_Site.Status.
type siteStatus struct {
	name   string
	status checks.Status
}

const (
	statusActive  = 1
	statusDeleted = 4
	statusUpgrade = 5
	// statusUpgradeFailed is of secondary sites alone.
	statusUpgradeFailed = 7
)

// siteStatuses are the values that Microsoft documents for SMS_Site. That any of them but
// active is at least a warning is derived.
var siteStatuses = map[int]siteStatus{
	statusActive:        {"active", checks.Passed},
	2:                   {"pending", checks.Warning},
	3:                   {"failed", checks.Failed},
	statusDeleted:       {"deleted", checks.Warning},
	statusUpgrade:       {"upgrade", checks.Failed},
	6:                   {"deleting or removing the secondary site failed", checks.Warning},
	statusUpgradeFailed: {"the upgrade of the secondary site failed", checks.Failed},
	8:                   {"recovery in progress", checks.Failed},
	9:                   {"recovery failed", checks.Failed},
}

const (
	sitesRight      = "SQL Server: SELECT on Sites and EXECUTE on fnGetSiteCode in the site database"
	parentKnows     = "the database of the parent site knows the states of all sites: run siteready on the parent's site server"
	whereSites      = "the table Sites of the site database"
	furtherSites    = "further sites"
	pageSite        = "https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_site-server-wmi-class"
	pageChecklist   = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603"
	pagePrereqRules = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
)

func status() checks.Check {
	return checks.Check{
		ID:          "site.status",
		Title:       "Is every site active?",
		Why:         "A site that is being installed, upgraded, recovered or removed is not in a state that an update can start from.",
		Consequence: "The update waits for the site, or fails on it.",
		Remedy:      "Finish or repair what the site is in the middle of: Administration, Site Configuration, Sites, and the site's set-up log.",
		Command:     "SELECT SiteCode, SiteType, Status, Version FROM dbo.Sites",
		Sources:     []string{pageSite},
		Rights:      []string{discovery.RegistryRight, sitesRight},
		Reads:       append(discovery.DatabaseReads(), sites.In("{SQL Server}", "{site database}").Form()),
		Run:         discovery.OnDatabase(runStatus),
	}
}

func runStatus(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(parentKnows), nil
	}
	rows, err := listedSites(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted = "active (1)"
	var items []checks.Item
	for _, row := range rows {
		known, ok := siteStatuses[row.Status]
		if !ok {
			items = append(items, checks.UnknownItem(questionOfSite+row.Site, wanted, platform.Refuse(platform.ErrUnsupported,
				"the status of site %s is %d, which is not known here", row.Site, row.Status)))
			continue
		}
		items = append(items, checks.Item{
			Key: questionOfSite + row.Site, Found: fmt.Sprintf("%s (%d)", known.name, row.Status), Wanted: wanted, Where: whereSites, Status: known.status,
		})
	}
	items, notes := withUnlisted(rows, items, wanted)
	var finding checks.Finding
	switch bad := checks.Count(items, checks.Failed, checks.Warning); {
	case bad == 1:
		finding = checks.Items("One site is not active.", items...)
	case bad > 1:
		finding = checks.Items(fmt.Sprintf("%d sites are not active.", bad), items...)
	case checks.Count(items, checks.Unknown) > 0:
		finding = checks.Items("Not every site's status is known.", items...)
	default:
		finding = checks.Items("Every site is active.", items...)
	}
	finding.Notes = append(unfinished(rows), notes...)
	return finding, nil
}

// unfinished is a note about secondary sites in the middle of their upgrade, or after it failed. How
// long a site has been in its status stands in no column that is documented.
func unfinished(rows []siteRow) []string {
	var codes []string
	for _, row := range rows {
		if row.Type == typeSecondary && (row.Status == statusUpgrade || row.Status == statusUpgradeFailed) {
			codes = append(codes, row.Site)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return []string{"Secondary sites whose upgrade has not ended: " + strings.Join(codes, ", ") + ". A site whose files came while its services were still stopping " +
		"starts again after 48 hours and was not upgraded; many site systems make the stop slow. Read despool.log there and sender.log at its parent, " +
		"and retry the upgrade from the console. preinst.exe has no switch for it any more."}
}

func hierarchy() checks.Check {
	return checks.Check{
		ID:          "site.hierarchy",
		Title:       "Do all sites of the hierarchy run the same version?",
		Why:         "Before an update starts on the top-level site, all sites must have the same version. Secondary sites are updated by hand, and easily forgotten.",
		Consequence: "The update cannot start, or a site is left two versions behind.",
		Remedy:      "Finish the last update on the sites named here. A secondary site is updated in Administration, Site Configuration, Sites, with Upgrade.",
		Command:     "SELECT SiteCode, SiteType, Status, Version FROM dbo.Sites",
		Rules:       []string{"Unsupported upgrade path"},
		Sources:     []string{pageChecklist, pagePrereqRules + "#unsupported-upgrade-path"},
		Rights:      []string{discovery.RegistryRight, sitesRight},
		Reads:       append(discovery.DatabaseReads(), sites.In("{SQL Server}", "{site database}").Form()),
		Run:         discovery.OnDatabase(runHierarchy),
	}
}

func runHierarchy(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(parentKnows), nil
	}
	rows, err := listedSites(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	own := rows[0]
	if len(rows) == 1 {
		if err := noParent(ctx, c, d); err != nil {
			return checks.Finding{}, err
		}
		return checks.DoesNotApply("site " + own.Site + " is the only site of its hierarchy"), nil
	}
	reference, err := version.Parse(own.Version)
	if err != nil {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s has the version %q for site %s", whereSites, own.Version, own.Site)
	}
	below := false // a central administration site stands above the own site
	for _, row := range rows {
		below = below || row.Type == typeCAS && row.Own == 0
	}
	wanted := fmt.Sprintf("build %d, as site %s", reference.Part(2), own.Site)
	var items []checks.Item
	deleted := 0
	for _, row := range rows {
		if row.Status == statusDeleted {
			deleted++
			continue
		}
		item := checks.Item{Key: questionOfSite + row.Site, Found: row.Version, Wanted: wanted, Where: whereSites, Status: checks.Passed}
		v, err := version.Parse(row.Version)
		switch {
		case err != nil:
			item = checks.UnknownItem(item.Key, wanted, platform.Refuse(platform.ErrMalformed, "%s has the version %q for site %s", whereSites, row.Version, row.Site))
		case v.Part(2) == reference.Part(2):
		case row.Type == typeSecondary:
			item.Status = checks.Warning // whether it blocks its parent is stated nowhere
		case row.Type != typePrimary && row.Type != typeCAS:
			item = checks.UnknownItem(item.Key, wanted, platform.Refuse(platform.ErrUnsupported, "site %s is of type %d, which is not known here", row.Site, row.Type))
		case below && v.Part(2) == c.Target.Build:
			item.Found += ", updated to " + c.Target.Version // the sites above and beside it may be ahead
		default:
			item.Status = checks.Failed
		}
		items = append(items, item)
	}
	items, notes := withUnlisted(rows, items, wanted)
	if deleted > 0 {
		notes = append(notes, fmt.Sprintf("%d deleted sites were left out.", deleted))
	}
	var finding checks.Finding
	switch bad := checks.Count(items, checks.Failed, checks.Warning); {
	case bad == 1:
		finding = checks.Items(fmt.Sprintf("One site runs another version than site %s.", own.Site), items...)
	case bad > 1:
		finding = checks.Items(fmt.Sprintf("%d sites run another version than site %s.", bad, own.Site), items...)
	case checks.Count(items, checks.Unknown) > 0:
		finding = checks.Items("Not every site's version is known.", items...)
	default:
		finding = checks.Items("No site stands in the way with another version.", items...)
	}
	finding.Notes = notes
	return finding, nil
}

// noParent refuses a list that has only the own site where the registry names a parent.
func noParent(ctx context.Context, c *checks.Case, d discovery.Database) error {
	if d.OfType == discovery.Remote {
		return nil
	}
	site, _, err := discovery.FindSite(ctx, c)
	if err == nil && site.Parent != "" {
		err = platform.Refuse(platform.ErrMalformed, "%s lists only site %s, and the registry names its parent %s", whereSites, site.Code, site.Parent)
	}
	return err
}

// listedSites asks for the sites. The first one is the database's own.
func listedSites(ctx context.Context, c *checks.Case, d discovery.Database) ([]siteRow, error) {
	rows, err := platform.Ask(ctx, c, sites.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	own := 0
	for _, row := range rows {
		own += row.Own
	}
	switch all := rows[0].Sites; {
	case own != 1 || rows[0].Own != 1:
		return nil, platform.Refuse(platform.ErrMalformed, "%s on SQL Server %s has %d rows for its own site where one was expected", whereSites, d.Instance, own)
	case all < int64(len(rows)) || all > int64(len(rows)) && len(rows) < maxSites:
		return nil, platform.Refuse(platform.ErrMalformed, "%s on SQL Server %s has %d sites, and %d were listed", whereSites, d.Instance, all, len(rows))
	}
	return rows, nil
}

// withUnlisted adds what is known of the sites beyond the list: odd ones come before others,
// so after one that is not odd there are no more of them.
func withUnlisted(rows []siteRow, items []checks.Item, wanted string) ([]checks.Item, []string) {
	last := rows[len(rows)-1]
	more := last.Sites - int64(len(rows))
	switch {
	case more <= 0:
		return items, nil
	case last.Type == typeSecondary && last.Odd == 0:
		return items, []string{fmt.Sprintf("%d further secondary sites are active and have the same version.", more)}
	}
	return append(items, checks.UnknownItem(furtherSites, wanted, platform.Refuse(platform.ErrTooLarge,
		"%d sites are not in the list, which holds %d", more, len(rows)))), nil
}
