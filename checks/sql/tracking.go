package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// changeTracking tells how old the oldest transaction is that change tracking still keeps. The
// numbers of transactions only rise, so the lowest is the oldest one, and no other is read. Its
// time is taken for UTC, as Microsoft's support scripts do.
var changeTracking = platform.SQL[trackingRow]("change-tracking", `
	SELECT CASE WHEN t.database_id IS NULL THEN 0 ELSE 1 END AS tracked, ISNULL(CAST(t.is_auto_cleanup_on AS int), -1) AS cleanup,
		ISNULL(CAST(t.retention_period AS bigint) * CASE t.retention_period_units WHEN 1 THEN 1 WHEN 2 THEN 60 WHEN 3 THEN 1440 END, -1) AS kept_minutes,
		CASE WHEN o.commit_time IS NULL THEN 0 ELSE 1 END AS entries,
		ISNULL(DATEDIFF(minute, o.commit_time, GETUTCDATE()), 0) AS age_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT DB_ID() AS id) d
	LEFT JOIN sys.change_tracking_databases t ON t.database_id = d.id
	OUTER APPLY (SELECT TOP (1) c.commit_time FROM sys.dm_tran_commit_table c ORDER BY c.commit_ts) o`)

type trackingRow struct {
	Tracked     int   `json:"tracked"`      // 1 when change tracking is on
	Cleanup     int   `json:"cleanup"`      // 1 when SQL Server cleans up itself; -1 when change tracking is off
	KeptMinutes int64 `json:"kept_minutes"` // how long changes are kept; -1 when change tracking is off
	Entries     int   `json:"entries"`      // 0 when nothing is kept
	AgeMinutes  int64 `json:"age_minutes"`  // of the oldest entry
}

// performanceState is the right that the views of an instance's work need.
const performanceState = "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough)"

const (
	aDay = 24 * 60 // minutes
	// keptDays is how long set-up lets change tracking keep changes, and what Microsoft's rule is
	// made for: it warns two days after that. Where changes are kept for another time, the limit
	// moves with it, as in Microsoft's support scripts.
	keptDays = 5
)

func trackingCleanup() checks.Check {
	return checks.Check{
		ID:          "sql.change-tracking",
		Title:       "Is change tracking on, and cleaned up?",
		Why:         "Sites replicate what change tracking notes of their databases. SQL Server removes what is older than five days; when it falls behind, millions of rows are left.",
		Consequence: "The product's own prerequisite check warns; the changes to the database and the replication after the update take very long.",
		Remedy: "Connect to the dedicated administrator connection, admin:INSTANCE, and run the product's own procedure, first to look and then to clean up. " +
			"Either may take hours. Where change tracking is off, ask Microsoft's support.",
		Command: "USE [CM_xxx]; EXEC spDiagChangeTracking;\nEXEC spDiagChangeTracking @CleanupChangeTracking = 1;",
		Rules:   []string{"SQL Server change tracking cleanup"},
		Sources: []string{
			pageRules + "#sql-server-change-tracking-cleanup", pageSQLConfig,
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/change-tracking-sys-dm-tran-commit-table",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/change-tracking-catalog-views-sys-change-tracking-databases",
		},
		Rights: []string{inDatabase, performanceState},
		Reads:  append(discovery.DatabaseReads(), changeTracking.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 7, Unit: "days", Source: "Microsoft's rule: SQL Server change tracking cleanup", About: "age of the oldest entry of change tracking where changes are kept for five days; where they are kept longer or shorter, so much more or less"},
		},
		Run: discovery.OnDatabase(runTrackingCleanup),
	}
}

func runTrackingCleanup(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, changeTracking.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	tracked := checks.Item{Key: "change tracking", Found: "on", Wanted: "on", Where: "sys.change_tracking_databases", Status: checks.Passed}
	if row.Tracked == 0 {
		tracked.Found, tracked.Status = "off", checks.Warning
		return checks.Items("Change tracking is off in the site database.", tracked), nil
	}
	// The clock of the entry may be an hour or a zone away, never a day.
	if row.Tracked != 1 || row.Cleanup < 0 || row.Cleanup > 1 || row.KeptMinutes < 0 || row.Entries < 0 || row.Entries > 1 || row.AgeMinutes < -aDay {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that change tracking of %s is on: %d, cleans up: %d, keeps %d minutes, and has entries: %d, the oldest %d minutes old, which cannot be",
			d.Instance, d.Name, row.Tracked, row.Cleanup, row.KeptMinutes, row.Entries, row.AgeMinutes)
	}
	kept := float64(row.KeptMinutes) / aDay
	warns := c.Setting("warns_after") + kept - keptDays
	oldest := checks.Item{
		Key: "oldest entry", Found: "none", Wanted: fmt.Sprintf("at most %.4g days old", warns), Where: "sys.dm_tran_commit_table, commit_time", Status: checks.Passed,
	}
	finding := checks.Items("Change tracking is cleaned up.")
	if row.Entries == 1 {
		age := float64(max(row.AgeMinutes, 0)) / aDay
		oldest.Found = fmt.Sprintf("%.1f days old", age)
		if age > warns {
			oldest.Status = checks.Warning
			finding.Summary = fmt.Sprintf("Change tracking is not cleaned up: its oldest entry is %.1f days old.", age)
		}
	}
	finding.Items = []checks.Item{tracked, oldest}
	if row.KeptMinutes != keptDays*aDay {
		finding.Notes = append(finding.Notes, fmt.Sprintf("Changes are kept for %.1f days; set-up sets %d, and asks not to change that.", kept, keptDays))
	}
	if row.Cleanup == 0 {
		finding.Notes = append(finding.Notes, "SQL Server's own cleaning up of change tracking is turned off.")
	}
	return finding, nil
}
