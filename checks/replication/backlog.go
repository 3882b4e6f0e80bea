package replication

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// sending counts the messages of Service Broker that wait to leave the database, in the table
// behind sys.transmission_queue: of that view nothing is documented about who sees which rows,
// while the rights for the row counts are. These are approximate. It also counts the groups
// whose last sending was given up, which have a negative result.
var sending = platform.SQL[sendingRow]("replication-backlog", `
	SELECT ISNULL((SELECT SUM(p.row_count) FROM sys.dm_db_partition_stats p
			WHERE p.object_id = OBJECT_ID(N'sys.sysxmitqueue') AND p.index_id IN (0, 1)), -1) AS waiting,
		m.sends, m.failed, ISNULL(w.group_name, N'') AS group_name, ISNULL(w.receiving, N'') AS receiving, ISNULL(w.result, 0) AS result,
		CASE WHEN (HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE') = 1
				OR HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE PERFORMANCE STATE') = 1)
			AND (HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION') = 1
				OR HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW SECURITY DEFINITION') = 1)
			AND HAS_PERMS_BY_NAME(N'dbo.DRS_MessageActivity_Send', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ReplicationData', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(a.LastSendResult) AS sends, COUNT(CASE WHEN a.LastSendResult < 0 THEN 1 END) AS failed
		FROM dbo.DRS_MessageActivity_Send a WHERE a.Active = 1) m
	LEFT JOIN (SELECT TOP (1) CAST(g.ReplicationGroup AS nvarchar(255)) AS group_name, CAST(s.SiteCode AS nvarchar(8)) AS receiving, CAST(s.LastSendResult AS int) AS result
		FROM dbo.DRS_MessageActivity_Send s LEFT JOIN dbo.ReplicationData g ON g.ID = s.ReplicationID
		WHERE s.Active = 1 AND s.LastSendResult < 0 ORDER BY s.LastSendResult, g.ReplicationGroup, s.SiteCode) w ON m.failed > 0`)

type sendingRow struct {
	Waiting   int64  `json:"waiting"` // messages; -1 when they cannot be counted
	Sends     int64  `json:"sends"`   // pairs of a group and a site that it was sent to
	Failed    int64  `json:"failed"`  // of these
	Group     string `json:"group_name"`
	Receiving string `json:"receiving"`
	Result    int    `json:"result"` // of that group and site; negative
}

func backlog() checks.Check {
	return checks.Check{
		ID:          "replication.backlog",
		Title:       "Has this site sent what it has for the other sites?",
		Why:         "What waits here must leave before news of the update can, and each site answers to it.",
		Consequence: "The update reaches the other sites late, or its end is not seen here.",
		Remedy:      "Wait until the backlog is gone. When it stays or grows, run the Replication Link Analyzer, and look at the reason that SQL Server gives in transmission_status.",
		Command:     "SELECT TOP (100) enqueue_time, to_service_name, transmission_status FROM sys.transmission_queue ORDER BY enqueue_time",
		Sources: []string{
			pageChecklist, pageInternals,
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/sql-configuration",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-partition-stats-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/system-base-tables",
		},
		Rights: []string{
			discovery.RegistryRight, sitesRight, "SQL Server: SELECT on DRS_MessageActivity_Send and ReplicationData in the site database",
			"SQL Server: VIEW SERVER STATE and VIEW ANY DEFINITION; from 2022 on VIEW SERVER PERFORMANCE STATE and VIEW ANY SECURITY DEFINITION are enough",
		},
		Reads:    append(discovery.DatabaseReads(), sitesForm(), sending.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{{Name: "warns_above", Default: 10000, Unit: "messages", About: "messages of Service Broker that wait to be sent"}},
		Run:      overSites(runBacklog),
	}
}

func runBacklog(ctx context.Context, c *checks.Case, d discovery.Database, h hierarchy) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, sending.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	items := []checks.Item{judgeWaiting(row, d, c.Setting("warns_above")), judgeSends(row, d, h)}
	switch {
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items("Not all that waits for other sites could be counted.", items...), nil
	case items[0].Status == checks.Warning:
		return checks.Items("Many messages for other sites wait here.", items...), nil
	case items[1].Status == checks.Warning:
		return checks.Items("What was last sent to another site was given up.", items...), nil
	default:
		return checks.Items("What this site has for other sites was sent.", items...), nil
	}
}

func judgeWaiting(row sendingRow, d discovery.Database, most float64) checks.Item {
	const key = "messages that wait"
	wanted := fmt.Sprintf("at most %.0f", most)
	if row.Waiting < 0 {
		return checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported, "SQL Server %s does not tell how many messages wait to be sent", d.Instance))
	}
	item := checks.Item{Key: key, Found: fmt.Sprint(row.Waiting), Wanted: wanted, Where: "the row count of sys.sysxmitqueue in the site database", Status: checks.Passed}
	if float64(row.Waiting) > most {
		item.Status = checks.Warning
	}
	return item
}

func judgeSends(row sendingRow, d discovery.Database, h hierarchy) checks.Item {
	const key, wanted, where = "groups sent to other sites", "none given up", "the table DRS_MessageActivity_Send of the site database"
	switch {
	case row.Failed < 0 || row.Failed > row.Sends || (row.Failed > 0) != (row.Result < 0):
		return checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrMalformed, "%s on SQL Server %s contradicts itself", where, d.Instance))
	case row.Sends == 0:
		return checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrMalformed,
			"%s on SQL Server %s has nothing that site %s sends, and it exchanges data with other sites", where, d.Instance, h.own.Site))
	case row.Failed > 0:
		return checks.Item{
			Key: key, Found: fmt.Sprintf("%d of %d given up, such as %s to %s with result %d", row.Failed, row.Sends, row.Group, row.Receiving, row.Result),
			Wanted: wanted, Where: where, Status: checks.Warning,
		}
	}
	return checks.Item{Key: key, Found: fmt.Sprintf("%d, none given up", row.Sends), Wanted: wanted, Where: where, Status: checks.Passed}
}
