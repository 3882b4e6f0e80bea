package space

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// tempdbSpace has one row for each data and log file of tempdb, beside what is used of its
// log. It is put to the site database, where the account may log on: by names of three parts
// the views are those of tempdb, which every log-on may read as guest. The joins hold the
// views to tempdb's own number.
var tempdbSpace = platform.SQL[tempdbRow]("tempdb-space", `
	SELECT CAST(f.type AS int) AS type, f.physical_name AS path, CAST(f.size AS bigint) * 8192 AS size,
		u.allocated_extent_page_count * 8192 AS used,
		CAST(f.max_size AS bigint) AS max_pages,
		CASE f.is_percent_growth WHEN 1 THEN CAST(f.size AS bigint) * 8192 * f.growth / 100 ELSE CAST(f.growth AS bigint) * 8192 END AS growth,
		CASE f.is_percent_growth WHEN 1 THEN f.growth ELSE 0 END AS growth_percent,
		v.volume_mount_point AS volume, CAST(v.available_bytes AS bigint) AS available,
		CAST(l.used_log_space_in_bytes AS bigint) AS log_used, d.log_reuse_wait_desc AS waits_for,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM tempdb.sys.database_files f
	LEFT JOIN tempdb.sys.dm_db_file_space_usage u ON u.database_id = DB_ID(N'tempdb') AND u.file_id = f.file_id
	LEFT JOIN tempdb.sys.dm_db_log_space_usage l ON l.database_id = DB_ID(N'tempdb')
	LEFT JOIN sys.databases d ON d.database_id = DB_ID(N'tempdb')
	OUTER APPLY sys.dm_os_volume_stats(DB_ID(N'tempdb'), f.file_id) v
	WHERE f.type = 0 OR f.type = 1`)

type tempdbRow struct {
	Type      int     `json:"type"` // 0 data, 1 log
	Path      string  `json:"path"`
	Size      int64   `json:"size"`      // bytes
	Used      *int64  `json:"used"`      // bytes; null for a log file
	MaxPages  int64   `json:"max_pages"` // -1 = until the volume is full, 0 = the file never grows
	Growth    int64   `json:"growth"`    // bytes of the next step; 0 = the file never grows
	Percent   int64   `json:"growth_percent"`
	Volume    *string `json:"volume"`
	Available *int64  `json:"available"` // bytes
	LogUsed   int64   `json:"log_used"`  // bytes, of all log files
	WaitsFor  string  `json:"waits_for"`
}

const logFile = 1

func (r tempdbRow) facts() fileFacts {
	largest := int64(largestData)
	if r.Type == logFile {
		largest = largestLog
	}
	return fileFacts{r.Path, r.Size, r.MaxPages, r.Growth, r.Percent, r.Volume, r.Available, largest}
}

func tempdb() checks.Check {
	return checks.Check{
		ID:          "space.tempdb",
		Title:       "Has tempdb of the product's SQL Server room?",
		Why:         "While an update rebuilds tables and indexes, SQL Server sorts and keeps old versions of rows in tempdb.",
		Consequence: "SQL Server errors 1105 or 9002 in tempdb end the update in the middle of its database changes.",
		Remedy:      "Raise the limit of tempdb's files, let them grow, or free space on their volumes. If it is full now, find what fills it before the update.",
		Command:     "ALTER DATABASE tempdb MODIFY FILE (NAME = N'tempdev', MAXSIZE = UNLIMITED, FILEGROWTH = 1GB)",
		Rules:       nil,
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/databases/tempdb-database",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-file-space-usage-transact-sql",
		},
		Rights: []string{performanceState},
		Reads: append(discovery.DatabasesReads(),
			tempdbSpace.In("{SQL Server}", "{site database}").Form()),
		Settings: fillSettings("tempdb"),
		Run:      discovery.OnDatabases(runTempdb),
	}
}

func runTempdb(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	data, log, waitsFor, err := tempdbPools(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	dataItem, dataPercent := fill(c, d.Instance, data, "tempdb.sys.dm_db_file_space_usage, tempdb.sys.database_files, sys.dm_os_volume_stats")
	logItem, logPercent := fill(c, d.Instance, log, "tempdb.sys.dm_db_log_space_usage, tempdb.sys.database_files, sys.dm_os_volume_stats")
	summary := fmt.Sprintf("The data of tempdb is %.0f %% full and its log %.0f %%, counted against what they can grow to.", dataPercent, logPercent)
	if logItem.Status != checks.Passed {
		summary = fmt.Sprintf("The data of tempdb is %.0f %% full and its log %.0f %%, counted against what they can grow to; the log waits for %s.",
			dataPercent, logPercent, waitsFor)
	}
	return checks.Items(summary, dataItem, logItem), nil
}

// tempdbPools are tempdb's data and log, and what the log's truncation waits for.
func tempdbPools(ctx context.Context, c *checks.Case, d discovery.Database) (data, log pool, waitsFor string, err error) {
	none := func(err error) (pool, pool, string, error) { return pool{}, pool{}, "", err }
	rows, err := platform.Ask(ctx, c, tempdbSpace.In(d.Instance, d.Name))
	if err != nil {
		return none(err)
	}
	data = pool{name: "tempdb/data", most: noLimit}
	log = pool{name: "tempdb/log", used: rows[0].LogUsed, most: noLimit} // the columns of the whole log are alike in all rows
	for _, row := range rows {
		f, err := file(d.Instance, row.facts())
		switch {
		case err != nil:
			return none(err)
		case row.Type == logFile:
			log.files = append(log.files, f)
		case row.Used == nil:
			return none(platform.Refuse(platform.ErrUnsupported, "SQL Server %s cannot tell how much of %s is used", d.Instance, row.Path))
		default:
			data.files = append(data.files, f)
			data.used += *row.Used
		}
	}
	for _, p := range []pool{data, log} {
		if err := p.check(d.Instance); err != nil {
			return none(err)
		}
	}
	return data, log, rows[0].WaitsFor, nil
}
