package replication

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxLinks is how many links the statement lists, the worst ones first.
const maxLinks = 40

// replicationLinks sums each link's groups up, one row for a direction. The states are those
// of Microsoft's lab builder, and agree with the two that its documents name: 2 and 3 active, 4
// and 5 starting, 6 and 9 failed, 8 degraded. 0 and 1 are gone. What is none of these counts as
// other. The times are UTC.
var replicationLinks = platform.SQL[linkRow]("replication-links", `
	SELECT TOP (40) ISNULL(l.sending, N'') AS sending, ISNULL(l.receiving, N'') AS receiving, ISNULL(l.groups, 0) AS groups,
		ISNULL(l.active, 0) AS active, ISNULL(l.starting, 0) AS starting, ISNULL(l.degraded, 0) AS degraded, ISNULL(l.failed, 0) AS failed,
		ISNULL(l.other, 0) AS other, ISNULL(l.group_name, N'') AS group_name, ISNULL(l.undated, 0) AS undated, ISNULL(l.age_minutes, -1) AS age_minutes,
		COUNT(l.sending) OVER () AS links,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.RCM_ReplicationLinkStatus', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ReplicationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT r.sending, r.receiving, COUNT(1) AS groups,
			SUM(CASE WHEN r.badness = 0 THEN 1 ELSE 0 END) AS active, SUM(CASE WHEN r.badness = 1 THEN 1 ELSE 0 END) AS starting,
			SUM(CASE WHEN r.badness = 2 THEN 1 ELSE 0 END) AS degraded, SUM(CASE WHEN r.badness = 4 THEN 1 ELSE 0 END) AS failed,
			SUM(CASE WHEN r.badness = 3 THEN 1 ELSE 0 END) AS other, MAX(CASE WHEN r.place = 1 THEN r.group_name END) AS group_name,
			SUM(CASE WHEN r.age IS NULL OR r.age < -5 THEN 1 ELSE 0 END) AS undated, MAX(CASE WHEN r.age < 0 THEN 0 ELSE r.age END) AS age_minutes
		FROM (SELECT b.sending, b.receiving, b.group_name, b.badness, b.age,
				ROW_NUMBER() OVER (PARTITION BY b.sending, b.receiving ORDER BY b.badness DESC, b.group_name) AS place
			FROM (SELECT ISNULL(CAST(k.SiteSending AS nvarchar(8)), N'') AS sending, ISNULL(CAST(k.SiteReceiving AS nvarchar(8)), N'') AS receiving,
					ISNULL(CAST(g.ReplicationGroup AS nvarchar(255)), N'') AS group_name, DATEDIFF(minute, k.UpdateTime, GETUTCDATE()) AS age,
					CASE WHEN k.Status IN (2, 3) THEN 0 WHEN k.Status IN (4, 5) THEN 1 WHEN k.Status = 8 THEN 2 WHEN k.Status IN (6, 9) THEN 4 ELSE 3 END AS badness
				FROM dbo.RCM_ReplicationLinkStatus k LEFT JOIN dbo.ReplicationData g ON g.ID = k.ReplicationID
				WHERE k.Status IS NULL OR k.Status NOT IN (0, 1)) b) r
		GROUP BY r.sending, r.receiving) l ON x.present = 1
	ORDER BY l.failed DESC, l.other DESC, l.degraded DESC, l.starting DESC, l.undated DESC, l.age_minutes DESC, l.sending, l.receiving`)

// linkRow is one direction of a link. Without any link there is one row, with empty names.
type linkRow struct {
	Sending   string `json:"sending"`
	Receiving string `json:"receiving"`
	Groups    int64  `json:"groups"`
	Active    int64  `json:"active"`
	Starting  int64  `json:"starting"`
	Degraded  int64  `json:"degraded"`
	Failed    int64  `json:"failed"`
	Other     int64  `json:"other"`
	Group     string `json:"group_name"`  // one of the worst
	Undated   int64  `json:"undated"`     // groups without a time, or with one in the future
	Age       int64  `json:"age_minutes"` // of the state that is longest out of date
	Links     int64  `json:"links"`       // all, also those that are not listed
}

func (r linkRow) key() string { return r.Sending + " to " + r.Receiving }

const (
	wantedLink = "all groups active"
	whereLinks = "the table RCM_ReplicationLinkStatus of the site database"
)

func links() checks.Check {
	return checks.Check{
		ID:          "replication.links",
		Title:       "Are the replication links between the sites active?",
		Why:         "Sites tell each other by database replication which update is there, and how far each site has come with it.",
		Consequence: "The update does not reach every site, or the sites do not learn how it ended.",
		Remedy:      "Run the Replication Link Analyzer on the links named here: Monitoring, Database Replication.",
		Command: "SELECT d.ReplicationGroup, l.SiteSending, l.SiteReceiving, l.Status, l.UpdateTime\nFROM dbo.RCM_ReplicationLinkStatus l " +
			"JOIN dbo.ReplicationData d ON d.ID = l.ReplicationID\nWHERE l.Status NOT IN (0, 1, 2, 3)",
		Sources:  []string{pageChecklist, pageLinks},
		Rights:   []string{discovery.RegistryRight, sitesRight, "SQL Server: SELECT on RCM_ReplicationLinkStatus and ReplicationData in the site database"},
		Reads:    append(discovery.DatabaseReads(), sitesForm(), replicationLinks.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{{Name: "warns_after", Default: 30, Unit: "minutes", Source: pageLinks, About: "since the state of a link was last worked out"}},
		Run:      overSites(runLinks),
	}
}

func runLinks(ctx context.Context, c *checks.Case, d discovery.Database, h hierarchy) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, replicationLinks.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	all := rows[0].Links
	if all == 0 {
		rows = rows[1:]
	}
	if all < int64(len(rows)) || all > int64(len(rows)) && len(rows) < maxLinks {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s on SQL Server %s has %d links, and %d were listed", whereLinks, d.Instance, all, len(rows))
	}
	var items []checks.Item
	for _, row := range rows {
		items = append(items, judgeLink(row, c.Setting("warns_after")))
	}
	var notes []string
	if more := all - int64(len(rows)); more > 0 {
		if last := items[len(items)-1]; last.Status == checks.Passed { // the worst ones come first
			notes = append(notes, fmt.Sprintf("%d further links are active.", more))
		} else {
			items = append(items, checks.UnknownItem("further links", wantedLink, platform.Refuse(platform.ErrTooLarge, "%d links are not in the list, which holds %d", more, maxLinks)))
		}
	} else {
		items = append(items, missingLinks(h, rows)...)
	}
	var finding checks.Finding
	switch {
	case checks.Count(items, checks.Failed) > 0:
		finding = checks.Items("A replication link has failed.", items...)
	case checks.Count(items, checks.Unknown) > 0:
		finding = checks.Items("Not every replication link's state is known.", items...)
	case checks.Count(items, checks.Warning) > 0:
		finding = checks.Items("A replication link is not active, or its state is out of date.", items...)
	default:
		finding = checks.Items("All replication links are active.", items...)
	}
	finding.Notes = notes
	return finding, nil
}

func judgeLink(row linkRow, staleAfter float64) checks.Item {
	item := checks.Item{Key: row.key(), Wanted: wantedLink, Where: whereLinks}
	of := func(what string, n int64) string {
		return fmt.Sprintf("%s: %d of %d groups, such as %s", what, n, row.Groups, row.Group)
	}
	switch {
	case row.Groups <= 0 || row.Active+row.Starting+row.Degraded+row.Failed+row.Other != row.Groups || row.Age < -1 || row.Undated < 0:
		return checks.UnknownItem(item.Key, wantedLink, platform.Refuse(platform.ErrMalformed, "%s contradicts itself about the link %s", whereLinks, item.Key))
	case row.Failed > 0:
		item.Found, item.Status = of("failed", row.Failed), checks.Failed
	case row.Other > 0:
		return checks.UnknownItem(item.Key, wantedLink, platform.Refuse(platform.ErrUnsupported,
			"the product itself does not know, or siteready does not know, the state of %s on the link %s, such as %s", count(row.Other, "group", "groups"), item.Key, row.Group))
	case row.Undated > 0 || row.Age < 0:
		return checks.UnknownItem(item.Key, wantedLink, platform.Refuse(platform.ErrMalformed,
			"%s does not say when the state of the link %s was last worked out, or names a time in the future", whereLinks, item.Key))
	case row.Degraded > 0:
		item.Found, item.Status = of("degraded", row.Degraded), checks.Warning
	case row.Starting > 0:
		item.Found, item.Status = of("not started, or initializing", row.Starting), checks.Warning
	case float64(row.Age) > staleAfter:
		item.Found, item.Status = fmt.Sprintf("active, as of %d minutes ago", row.Age), checks.Warning
		item.Wanted = fmt.Sprintf("%s, worked out in the last %g minutes", wantedLink, staleAfter)
	default:
		item.Found, item.Status = count(row.Groups, "group, active", "groups, all active"), checks.Passed
	}
	return item
}

// missingLinks are the directions that must be there and are not listed. Secondary sites are
// not looked for by name: one row of theirs is enough to show that the table knows links.
func missingLinks(h hierarchy, rows []linkRow) []checks.Item {
	var items []checks.Item
	for _, partner := range h.partners() {
		for _, key := range []string{h.own.Site + " to " + partner.Site, partner.Site + " to " + h.own.Site} {
			if !slices.ContainsFunc(rows, func(r linkRow) bool { return r.key() == key }) {
				items = append(items, checks.UnknownItem(key, wantedLink, platform.Refuse(platform.ErrMalformed, "%s has no row for the link %s", whereLinks, key)))
			}
		}
	}
	if len(items) == 0 && len(rows) == 0 {
		items = append(items, checks.UnknownItem("links to secondary sites", wantedLink, platform.Refuse(platform.ErrMalformed,
			"%s has no link, and site %s has %s", whereLinks, h.own.Site, count(h.secondaries, "secondary site", "secondary sites"))))
	}
	return items
}
