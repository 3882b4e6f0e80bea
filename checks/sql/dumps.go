package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// memoryDumps counts the dumps that SQL Server has written of itself, by its own clock. It writes
// one when it meets what it cannot explain.
var memoryDumps = platform.SQL[dumpsRow]("memory-dumps", `
	SELECT COUNT(m.creation_time) AS dumps, ISNULL(DATEDIFF(minute, MAX(m.creation_time), SYSDATETIMEOFFSET()), -1) AS age_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.dm_server_memory_dumps m`)

type dumpsRow struct {
	Dumps int `json:"dumps"`       // that are still there
	Age   int `json:"age_minutes"` // of the newest; -1 when there is none
}

func serverDumps() checks.Check {
	return checks.Check{
		ID:          "sql.memory-dumps",
		Title:       "Has SQL Server lately written no dump of its memory?",
		Why:         "SQL Server writes a dump when it meets an error of its own: a failed assertion, a thread that no longer answers, damage in memory.",
		Consequence: "An instance that dumps under its usual work can stop in the middle of the changes to the database.",
		Remedy:      "Read what SQL Server's error log says at that time, install its newest cumulative update, and ask Microsoft's support when it happens again.",
		Command:     "SELECT filename, creation_time FROM sys.dm_server_memory_dumps ORDER BY creation_time DESC",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-server-memory-dumps-transact-sql",
		},
		Rights: []string{performanceState},
		Reads:  append(discovery.DatabaseReads(), memoryDumps.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "looks_back", Default: 14, Unit: "days", About: "age up to which a dump counts"},
		},
		Run: discovery.OnDatabase(runServerDumps),
	}
}

func runServerDumps(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, memoryDumps.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	days := c.Setting("looks_back")
	item := checks.Item{Key: d.Instance, Found: "none", Wanted: fmt.Sprintf("none in the last %.4g days", days), Where: "sys.dm_server_memory_dumps", Status: checks.Passed}
	if row.Dumps < 0 || row.Age < -aDay || (row.Dumps == 0) != (row.Age == -1) {
		no := platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d dumps of its memory, the newest %d minutes old, which cannot be", d.Instance, row.Dumps, row.Age)
		return checks.Items("Whether SQL Server has written dumps is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	}
	if row.Dumps == 0 {
		return checks.Items("SQL Server has written no dump of its memory.", item), nil
	}
	age := float64(max(row.Age, 0)) / aDay
	item.Found = fmt.Sprintf("%d, the newest %.1f days old", row.Dumps, age)
	if age <= days {
		item.Status = checks.Warning
		return checks.Items("SQL Server has lately written a dump of its memory.", item), nil
	}
	return checks.Items("SQL Server has written no dump of its memory lately.", item), nil
}
