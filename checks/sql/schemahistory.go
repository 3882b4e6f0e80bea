package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// schemaHistory is the size of the table in which the product notes the changes to its schema,
// beside that of the data files. The table is read by one row at most: who may do so also sees
// its size.
var schemaHistory = platform.SQL[historyRow]("schema-history", `
	SELECT t.present, ISNULL((SELECT SUM(CAST(p.reserved_page_count AS bigint)) FROM sys.dm_db_partition_stats p
			WHERE p.object_id = OBJECT_ID(N'dbo.DBSchemaChangeHistory')), -1) AS pages,
		ISNULL((SELECT SUM(CAST(f.size AS bigint)) FROM sys.database_files f WHERE f.type = 0), -1) AS data_pages,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.DBSchemaChangeHistory', N'OBJECT', N'SELECT') = 1
			AND (HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE') = 1
				OR HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE PERFORMANCE STATE') = 1)
			AND (HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION') = 1
				OR HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW SECURITY DEFINITION') = 1) THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS present FROM (SELECT TOP (1) 1 AS y FROM dbo.DBSchemaChangeHistory h) x) t`)

type historyRow struct {
	Present   int   `json:"present"`    // 0 when the table is empty
	Pages     int64 `json:"pages"`      // of 8 KB, with its indexes; -1 when SQL Server does not tell
	DataPages int64 `json:"data_pages"` // of all data files
}

const (
	pageBytes = 8 << 10
	gigabyte  = 1 << 30
)

func schemaChangeHistory() checks.Check {
	return checks.Check{
		ID:          "sql.schema-history",
		Title:       "Has the table of the schema's changes not grown out of hand?",
		Why:         "The site notes each change to the tables of its replication in DBSchemaChangeHistory. Microsoft's support looks at its size, because a table that is never cleaned up slows replication and updates down.",
		Consequence: "The changes to the database take long, and so does the replication that follows.",
		Remedy:      "Ask Microsoft's support. Do not delete rows by hand: changes to a site database that Microsoft did not ask for are not supported.",
		Command:     "EXEC sp_spaceused N'dbo.DBSchemaChangeHistory'",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/support-policy-for-manual-database-changes",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-partition-stats-transact-sql",
		},
		Rights: []string{
			"SQL Server: SELECT on DBSchemaChangeHistory in the site database",
			"SQL Server: VIEW SERVER STATE and VIEW ANY DEFINITION; from 2022 on VIEW SERVER PERFORMANCE STATE and VIEW ANY SECURITY DEFINITION are enough",
		},
		Reads: append(discovery.DatabaseReads(), schemaHistory.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_above_size", Default: 10, Unit: "GB", Source: "Microsoft support's data collector scripts", About: "size of DBSchemaChangeHistory with its indexes"},
			{Name: "warns_above_share", Default: 5, Unit: "%", Source: "Microsoft support's data collector scripts", About: "its share of the data files"},
		},
		Run: discovery.OnDatabase(runSchemaHistory),
	}
}

func runSchemaHistory(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, schemaHistory.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	size, share := c.Setting("warns_above_size"), c.Setting("warns_above_share")
	item := checks.Item{
		Key: "DBSchemaChangeHistory", Wanted: fmt.Sprintf("at most %.4g GB, and at most %.4g %% of the data files", size, share),
		Where: "sys.dm_db_partition_stats, sys.database_files", Status: checks.Passed,
	}
	if row.Pages < 0 || row.DataPages <= 0 || row.Pages > row.DataPages || row.Present < 0 || row.Present > 1 || row.Present == 1 && row.Pages == 0 {
		no := platform.Refuse(platform.ErrMalformed, "SQL Server %s says that DBSchemaChangeHistory has %d pages of %d of %s, and rows: %d, which cannot be",
			d.Instance, row.Pages, row.DataPages, d.Name, row.Present)
		return checks.Items("The size of the table is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	}
	gigabytes, percent := float64(row.Pages)*pageBytes/gigabyte, 100*float64(row.Pages)/float64(row.DataPages)
	item.Found = fmt.Sprintf("%.2f GB, %.2f %% of the data files", gigabytes, percent)
	if gigabytes > size || percent > share {
		item.Status = checks.Warning
		return checks.Items("The table of the schema's changes is large.", item), nil
	}
	return checks.Items("The table of the schema's changes is of a usual size.", item), nil
}
