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
	Volume    *string `json:"volume"`
	Available *int64  `json:"available"` // bytes
}

const pageSize = 8192

func transactionLog() checks.Check {
	return checks.Check{
		ID:          "space.log",
		Title:       "Has the transaction log of the site database room?",
		Why:         "An update changes the whole database in large transactions, and each of them must fit into the log.",
		Consequence: "SQL Server error 9002 ends the update in the middle of its database changes.",
		Remedy:      "Remove what the log waits for (LOG_BACKUP: back the log up; ACTIVE_TRANSACTION: find the open transaction), or raise the log file's limit or the free space of its volume.",
		Command:     "BACKUP LOG [CM_xxx] TO DISK = N'...'",
		Rules:       nil,
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/logs/troubleshoot-a-full-transaction-log-sql-server-error-9002",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-log-space-usage-transact-sql",
		},
		Rights: []string{performanceState},
		Reads: append(discovery.DatabaseReads(),
			logSpace.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_above", Default: 80, Unit: "%", About: "used, of what the log can still become"},
			{Name: "fails_above", Default: 95, Unit: "%", About: "used, of what the log can still become"},
		},
		Run: discovery.OnDatabase(runTransactionLog),
	}
}

func runTransactionLog(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	files, err := platform.Ask(ctx, c, logSpace.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	room, err := growth(d, files)
	if err != nil {
		return checks.Finding{}, err
	}
	log := files[0] // the columns of the whole log are alike in all rows
	if log.LogSize <= 0 || log.LogUsed < 0 || log.LogUsed > log.LogSize {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %d of %d bytes of the log of %s are used, which cannot be", d.Instance, log.LogUsed, log.LogSize, d.Name)
	}
	capacity := float64(log.LogSize) + float64(room)
	percent := 100 * float64(log.LogUsed) / capacity
	warns, fails := c.Setting("warns_above"), c.Setting("fails_above")
	item := checks.Item{
		Key: d.Instance + "/" + d.Name,
		Found: fmt.Sprintf("%s used of %s, and room to grow to %s: %.0f %%",
			size(float64(log.LogUsed)), size(float64(log.LogSize)), size(capacity), percent),
		Wanted: fmt.Sprintf("at most %g %%", warns), Where: "sys.dm_db_log_space_usage, sys.database_files, sys.dm_os_volume_stats",
		Status: checks.Passed,
	}
	switch {
	case percent > fails:
		item.Status = checks.Failed
	case percent > warns:
		item.Status = checks.Warning
	}
	summary := fmt.Sprintf("The log is %.0f %% full, counted against what it can grow to.", percent)
	if item.Status != checks.Passed {
		summary = fmt.Sprintf("The log is %.0f %% full, counted against what it can grow to; it waits for %s.", percent, log.WaitsFor)
	}
	return checks.Items(summary, item), nil
}

// growth is how many bytes the log files can still grow by: each by whole steps that its
// volume has room for and up to its own limit, and all files on one volume together by no
// more than the volume's free space. A step that does not fit is not made smaller.
func growth(d discovery.Database, files []logRow) (int64, error) {
	wish := map[string]int64{} // by volume
	free := map[string]int64{}
	for _, file := range files {
		if file.Volume == nil || *file.Volume == "" || file.Available == nil {
			return 0, platform.Refuse(platform.ErrUnsupported, "SQL Server %s cannot tell the volume of %s", d.Instance, file.Path)
		}
		if file.Growth <= 0 || file.MaxPages == 0 {
			continue
		}
		more := *file.Available / file.Growth * file.Growth
		if file.MaxPages > 0 {
			more = max(0, min(more, file.MaxPages*pageSize-file.Size))
		}
		wish[*file.Volume] += more
		free[*file.Volume] = *file.Available
	}
	var room int64
	for volume, bytes := range wish {
		room += min(bytes, free[volume])
	}
	return room, nil
}
