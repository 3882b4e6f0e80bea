package space

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// logSpace has one row for each log file, beside what is used of the whole log. Its growth is
// the next step in bytes, whether the file grows by a size or by a percentage.
var logSpace = platform.SQL[logRow]("log-space", `
	SELECT CAST(u.total_log_size_in_bytes AS bigint) AS log_size, CAST(u.used_log_space_in_bytes AS bigint) AS log_used,
		d.log_reuse_wait_desc AS waits_for,
		f.physical_name AS path, CAST(f.size AS bigint) * 8192 AS size, CAST(f.max_size AS bigint) AS max_pages,
		CASE f.is_percent_growth WHEN 1 THEN CAST(f.size AS bigint) * 8192 * f.growth / 100 ELSE CAST(f.growth AS bigint) * 8192 END AS growth,
		CASE f.is_percent_growth WHEN 1 THEN f.growth ELSE 0 END AS growth_percent,
		v.volume_mount_point AS volume, CAST(v.available_bytes AS bigint) AS available,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.database_files f
	CROSS JOIN sys.dm_db_log_space_usage u
	CROSS JOIN sys.databases d
	OUTER APPLY sys.dm_os_volume_stats(DB_ID(), f.file_id) v
	WHERE f.type = 1 AND d.database_id = DB_ID()`)

type logRow struct {
	LogSize   int64   `json:"log_size"` // bytes, of all files
	LogUsed   int64   `json:"log_used"` // bytes, of all files
	WaitsFor  string  `json:"waits_for"`
	Path      string  `json:"path"`
	Size      int64   `json:"size"`      // bytes
	MaxPages  int64   `json:"max_pages"` // -1 = until the volume is full, 0 = the file never grows
	Growth    int64   `json:"growth"`    // bytes of one step; 0 = the file never grows
	Percent   int64   `json:"growth_percent"`
	Volume    *string `json:"volume"`
	Available *int64  `json:"available"` // bytes
}

func (r logRow) facts() fileFacts {
	return fileFacts{r.Path, r.Size, r.MaxPages, r.Growth, r.Percent, r.Volume, r.Available, largestLog}
}

func transactionLog() checks.Check {
	return checks.Check{
		ID:          "space.log",
		Title:       "Have the transaction logs of the databases room?",
		Why:         "An update changes the whole database in large transactions, and each of them must fit into the log.",
		Consequence: "SQL Server error 9002 ends the update in the middle of its database changes.",
		Remedy:      "Remove what the log waits for (LOG_BACKUP: back the log up; ACTIVE_TRANSACTION: find the open transaction), or raise the log file's limit or the free space of its volume.",
		Command:     "BACKUP LOG [CM_xxx] TO DISK = N'...'",
		Covers:      []string{"Logs and files have room"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/logs/troubleshoot-a-full-transaction-log-sql-server-error-9002",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-log-space-usage-transact-sql",
		},
		Rights: []string{performanceState},
		Reads: append(discovery.DatabasesReads(),
			logSpace.In("{SQL Server}", "{site database}").Form()),
		Settings: fillSettings("the log"),
		Run:      discovery.OnDatabases(runTransactionLog),
	}
}

func runTransactionLog(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	log, waitsFor, err := logPool(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	log.name = d.Name
	item, percent := fill(c, d.Instance, log, "sys.dm_db_log_space_usage, sys.database_files, sys.dm_os_volume_stats")
	summary := fmt.Sprintf("The log is %.0f %% full, counted against what it can grow to.", percent)
	if item.Status != checks.Passed {
		summary = fmt.Sprintf("The log is %.0f %% full, counted against what it can grow to; it waits for %s.", percent, waitsFor)
	}
	return checks.Items(summary, item), nil
}

// logPool is the site database's log, and what its truncation waits for.
func logPool(ctx context.Context, c *checks.Case, d discovery.Database) (pool, string, error) {
	rows, err := platform.Ask(ctx, c, logSpace.In(d.Instance, d.Name))
	if err != nil {
		return pool{}, "", err
	}
	log := pool{name: d.Name + "/log", used: rows[0].LogUsed, most: noLimit} // the columns of the whole log are alike in all rows
	for _, row := range rows {
		f, err := file(d.Instance, row.facts())
		if err != nil {
			return pool{}, "", err
		}
		log.files = append(log.files, f)
	}
	if size := rows[0].LogSize; log.used > size {
		return pool{}, "", platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %d of %d bytes of the log of %s are used, which cannot be", d.Instance, log.used, size, d.Name)
	}
	return log, rows[0].WaitsFor, log.check(d.Instance)
}
