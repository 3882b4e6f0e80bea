package window

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// backupStarts lists the full and differential backups that this server made of the site
// database in the last 16 days, whatever program asked for them, on SQL Server's own clock.
// Its name is stale in @@SERVERNAME after the machine was renamed, so either name will do.
// Without a backup it has one row.
var backupStarts = platform.SQL[startRow]("backup-starts", `
	SELECT TOP (400) DATEDIFF(minute, '20200101', GETDATE()) AS clock_minutes,
		CASE WHEN b.backup_set_id IS NULL THEN -1 ELSE ISNULL(DATEDIFF(minute, '20200101', b.backup_start_date), -1) END AS start_minutes,
		ISNULL(DATEDIFF(minute, b.backup_start_date, b.backup_finish_date), 0) AS took_minutes,
		COUNT(b.backup_set_id) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT DB_NAME() AS name) d
	LEFT JOIN msdb.dbo.backupset b ON b.database_name COLLATE DATABASE_DEFAULT = d.name COLLATE DATABASE_DEFAULT AND b.type IN ('D', 'I') AND b.backup_start_date > DATEADD(day, -16, GETDATE())
		AND b.server_name IN (@@SERVERNAME, CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)))
	ORDER BY b.backup_start_date DESC`)

type startRow struct {
	Clock  int64 `json:"clock_minutes"` // of SQL Server's clock, since the epoch
	Start  int64 `json:"start_minutes"` // of the backup, since the epoch; -1 when there is none
	Took   int64 `json:"took_minutes"`
	Listed int   `json:"listed"` // backups there are, of which at most 400 are told
}

func backupHabit() checks.Check {
	return checks.Check{
		ID:          "window.backup-habit",
		Title:       "Is the site database usually not backed up in the update's hours?",
		Why:         "Backups are often begun by a program outside of SQL Server, whose schedule cannot be read. When they began on the last days can.",
		Consequence: "The backup and the update share disks and log; a backup that freezes the database for a snapshot holds the update up.",
		Remedy:      "Let whoever runs the backups leave this server out in the hours of the update, and take one backup shortly before.",
		Command: "SELECT TOP (30) backup_start_date, backup_finish_date, type, is_snapshot, user_name FROM msdb.dbo.backupset\n" +
			"WHERE database_name = N'CM_xxx' AND type IN ('D', 'I') ORDER BY backup_start_date DESC",
		Sources: []string{pageChecklist, "https://learn.microsoft.com/sql/relational-databases/system-tables/backupset-transact-sql"},
		Rights:  []string{"SQL Server: SELECT on msdb.dbo.backupset, and a user in the site database"},
		Reads:   append(discovery.DatabaseReads(), backupStarts.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			takes(),
			{Name: "warns_from", Default: 3, Unit: "days", About: "of the last 14, on which a backup ran in these hours; so does one on this day of the last two weeks"},
		},
		Run: onLargeSite(runBackupHabit),
	}
}

// daysBack is how many of the same hours of earlier days are looked at.
const daysBack = 14

func runBackupHabit(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, backupStarts.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	for _, r := range rows {
		none := r.Start == -1
		if !soundClock(r.Clock) || r.Listed < 0 || none != (r.Listed == 0) || none && len(rows) > 1 || !none && (!soundClock(r.Start) || r.Start > r.Clock+clockBack || r.Listed < len(rows)) ||
			r.Took < -clockBack {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of backups of %s that cannot be: %+v", d.Instance, d.Name, r)
		}
	}
	now := onClock(rows[0].Clock)
	from, length := now.Add(later(c)), hours(c, "update_takes")
	passed := from // the same hours of the newest day on which they have begun
	for !passed.Before(now) {
		passed = passed.Add(-aDay)
	}
	ran := func(begin time.Time) bool {
		for _, r := range rows {
			if start := onClock(r.Start); r.Start >= 0 && start.Before(begin.Add(length)) && !start.Add(time.Duration(max(r.Took, 0))*time.Minute).Before(begin) {
				return true
			}
		}
		return false
	}
	days, sameDay := 0, 0
	for i := range daysBack {
		begin := passed.Add(-time.Duration(i) * aDay)
		if !ran(begin) {
			continue
		}
		days++
		if begin.Weekday() == from.Weekday() {
			sameDay++
		}
	}
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: fmt.Sprintf("on %d of the last %d days", days, daysBack), Where: "msdb.dbo.backupset",
		Wanted: fmt.Sprintf("no backup from %s to %s", from.Format("15:04"), from.Add(length).Format("15:04")), Status: checks.Passed,
	}
	if float64(days) >= c.Setting("warns_from") || sameDay == 2 {
		item.Status = checks.Warning
	}
	finding := checks.Items("The site database is usually not backed up in the update's hours.", item)
	switch {
	case item.Status == checks.Warning:
		finding.Summary = "The site database is usually backed up in the update's hours."
	case rows[0].Listed > len(rows):
		finding = checks.Items("Not all backups of the site database were looked at.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"SQL Server %s has %d backups of %s of the last days, and only the newest %d were looked at", d.Instance, rows[0].Listed, d.Name, len(rows))))
	}
	finding.Notes = []string{"These are times of SQL Server's own clock. Log backups do not count, and neither do backups that are made on other replicas or of the whole machine."}
	finding.Notes = append(finding.Notes, clocksMayChange(c)...)
	return finding, nil
}
