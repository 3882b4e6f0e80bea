package window

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// runningNow lists the heavy work that the instance is at, of whatever database: a backup may be
// asked for from any. Log backups are short and frequent, and left out. Without such work it has
// one row without a command.
var runningNow = platform.SQL[workRow]("running-work", `
	SELECT TOP (100) ISNULL(w.command, N'') AS command, ISNULL(w.in_database, N'') AS database_name, ISNULL(w.requests, 0) AS requests,
		ISNULL(w.since_minutes, 0) AS since_minutes, ISNULL(w.done, 0) AS done,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT r.command, DB_NAME(r.database_id) AS in_database, COUNT(r.session_id) AS requests,
			MAX(DATEDIFF(minute, r.start_time, GETDATE())) AS since_minutes, MIN(CAST(r.percent_complete AS int)) AS done
		FROM sys.dm_exec_requests r
		WHERE UPPER(r.command) LIKE N'BACKUP DATABASE%' OR UPPER(r.command) LIKE N'RESTORE%' OR UPPER(r.command) LIKE N'DBCC%'
			OR UPPER(r.command) LIKE N'ALTER INDEX%' OR UPPER(r.command) LIKE N'CREATE INDEX%' OR UPPER(r.command) LIKE N'ALTER DATABASE%'
			OR UPPER(r.command) LIKE N'UPDATE STATISTIC%' OR UPPER(r.command) LIKE N'TDE%' OR UPPER(r.command) LIKE N'KILLED%'
			OR UPPER(r.command) LIKE N'ROLLBACK%' OR UPPER(r.command) LIKE N'AUTO[_]SHRINK%' OR UPPER(r.command) LIKE N'AUTOSHRINK%'
		GROUP BY r.command, DB_NAME(r.database_id)) w ON x.present = 1
	ORDER BY w.command, w.in_database`)

type workRow struct {
	Command      string `json:"command"`       // of SQL Server; empty when there is no such work
	Database     string `json:"database_name"` // that the request works in; empty when this account may not know
	Requests     int64  `json:"requests"`
	SinceMinutes int64  `json:"since_minutes"` // of the oldest
	Done         int    `json:"done"`          // percent, of the one with the least; 0 where SQL Server does not count
}

func runningWork() checks.Check {
	return checks.Check{
		ID:          "window.running-work",
		Title:       "Is SQL Server at no heavy work that lasts into the update?",
		Why:         "Backups, restores, checks by DBCC, the building of indexes, an encryption scan and a rollback take the disks and the locks that the update needs.",
		Consequence: "The update waits or takes many times as long; an update and an index rebuild on one table wait for each other.",
		Remedy:      "Let the work end before the update starts, and see what started it: a job, a maintenance plan or a backup program will start it again.",
		Command:     "SELECT session_id, command, DB_NAME(database_id) AS in_database, percent_complete, start_time FROM sys.dm_exec_requests WHERE session_id > 50",
		Sources:     []string{pageRequests, pageChecklist},
		Rights:      []string{inDatabase, performanceState},
		Reads:       append(discovery.DatabaseReads(), runningNow.In("{SQL Server}", "{site database}").Form()),
		Settings:    []checks.Setting{{Name: "may_last", Default: 12, Unit: "hours", About: "how long such work may last; what has run for less now does not disturb an update that starts after that"}},
		Run:         onLargeSite(runRunningWork),
	}
}

func runRunningWork(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, runningNow.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const where = "sys.dm_exec_requests, command"
	wanted := "no such work when the update starts"
	var items []checks.Item
	for _, r := range rows {
		none := r.Command == ""
		if none && (len(rows) > 1 || r.Requests != 0) || !none && r.Requests < 1 || r.SinceMinutes < -clockBack || r.Done < 0 || r.Done > 100 {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of work that cannot be: %+v", d.Instance, r)
		}
		if none {
			continue
		}
		item := checks.Item{Key: r.Command, Found: "runs for " + minutes(max(r.SinceMinutes, 0)), Wanted: wanted, Where: where, Status: checks.Warning}
		if r.Database != "" {
			item.Key += " in " + r.Database
		}
		if r.Requests > 1 {
			item.Found += fmt.Sprintf(", %d of them", r.Requests)
		}
		if r.Done > 0 {
			item.Found += fmt.Sprintf(", %d %% done", r.Done)
		}
		if gone(c, r.SinceMinutes) {
			item.Status = checks.Passed
			item.Found += "; the update starts " + minutes(int64(later(c).Minutes())) + " from now"
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []checks.Item{{Key: d.Instance, Found: "none now", Wanted: wanted, Where: where, Status: checks.Passed}}
	}
	if len(rows) >= 100 {
		items = append(items, checks.UnknownItem("the others", wanted, platform.Refuse(platform.ErrUnsupported,
			"SQL Server %s is at more than can be told", d.Instance)))
	}
	return summed(items, "SQL Server is at no heavy work that would last into the update.",
		"SQL Server is at heavy work, which may last into the update.", "Not all work of SQL Server was looked at."), nil
}
