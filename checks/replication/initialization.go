package replication

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxUnfinished is how many initializations the statement lists.
const maxUnfinished = 50

// unfinished lists the initializations of groups that are neither done (6) nor given up for a
// newer one (7). Without any there is one row, with the status -1.
var unfinished = platform.SQL[unfinishedRow]("replication-initialization", `
	SELECT TOP (50) ISNULL(t.requesting, N'') AS requesting, ISNULL(t.fulfilling, N'') AS fulfilling, ISNULL(t.group_name, N'') AS group_name,
		ISNULL(t.status, -1) AS status, COUNT(t.group_name) OVER () AS unfinished,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.RCM_DrsInitializationTracking', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT ISNULL(CAST(i.SiteRequesting AS nvarchar(8)), N'') AS requesting, ISNULL(CAST(i.SiteFulfilling AS nvarchar(8)), N'') AS fulfilling,
			ISNULL(CAST(i.ReplicationGroup AS nvarchar(255)), N'') AS group_name, ISNULL(CAST(i.InitializationStatus AS int), -2) AS status
		FROM dbo.RCM_DrsInitializationTracking i WHERE i.InitializationStatus IS NULL OR i.InitializationStatus NOT IN (6, 7)) t ON x.present = 1
	ORDER BY CASE WHEN t.status BETWEEN 0 AND 5 THEN 0 WHEN t.status IN (8, 99) THEN 1 ELSE 2 END DESC, t.requesting, t.fulfilling, t.group_name`)

type unfinishedRow struct {
	Requesting string `json:"requesting"` // the site that gets the data
	Fulfilling string `json:"fulfilling"` // the site that has it
	Group      string `json:"group_name"`
	Status     int    `json:"status"`     // see initializations
	Unfinished int64  `json:"unfinished"` // all, also those that are not listed
}

// initializations are the values of InitializationStatus that are not the end, as Microsoft
// documents them. That none of them fails is ours: where the product stops, replication.parent
// finds it.
var initializations = map[int]string{
	0: "not known to the product", 1: "required", 2: "requested", 3: "the package waits to be made", 4: "the package was made",
	5: "the package is being applied", 8: "data is missing", 99: "failed",
}

const whereTracking = "the table RCM_DrsInitializationTracking of the site database"

func initialization() checks.Check {
	return checks.Check{
		ID:          "replication.initialization",
		Title:       "Is no group of data being initialized between sites?",
		Why:         "While a group is initialized, a site gets all of its data anew, and normal replication of it rests.",
		Consequence: "The sites do not learn of the update, or a site in maintenance mode stops it.",
		Remedy:      "Wait until the initialization is done. When it has failed or stands still, run the Replication Link Analyzer, and read rcmctrl.log of both sites.",
		Command:     "SELECT SiteRequesting, SiteFulfilling, ReplicationGroup, InitializationStatus\nFROM dbo.RCM_DrsInitializationTracking WHERE InitializationStatus NOT IN (6, 7)",
		Sources:     []string{pageReinit, pageReinitials, pageChecklist},
		Rights:      []string{discovery.RegistryRight, sitesRight, "SQL Server: SELECT on RCM_DrsInitializationTracking in the site database"},
		Reads:       append(discovery.DatabaseReads(), sitesForm(), unfinished.In("{SQL Server}", "{site database}").Form()),
		Run:         overSites(runInitialization),
	}
}

func runInitialization(ctx context.Context, c *checks.Case, d discovery.Database, _ hierarchy) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, unfinished.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	all := rows[0].Unfinished
	if all == 0 && len(rows) == 1 && rows[0].Status == -1 {
		return checks.Passes("Every initialization of a group is done."), nil
	}
	if all < int64(len(rows)) || all > int64(len(rows)) && len(rows) < maxUnfinished {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s on SQL Server %s has %d unfinished rows, and %d were listed", whereTracking, d.Instance, all, len(rows))
	}
	const wanted = "done"
	var items []checks.Item
	for _, row := range rows {
		key := fmt.Sprintf("%s from %s to %s", row.Group, row.Fulfilling, row.Requesting)
		name, known := initializations[row.Status]
		if !known {
			items = append(items, checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported,
				"%s has the status %d for %s, which is not known here", whereTracking, row.Status, key)))
			continue
		}
		items = append(items, checks.Item{Key: key, Found: fmt.Sprintf("%s (%d)", name, row.Status), Wanted: wanted, Where: whereTracking, Status: checks.Warning})
	}
	finding := checks.Items(count(all, "initialization is not done.", "initializations are not done."), items...)
	if more := all - int64(len(rows)); more > 0 {
		finding.Notes = []string{fmt.Sprintf("%d further ones are not listed.", more)}
	}
	return finding, nil
}
