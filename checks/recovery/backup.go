package recovery

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// lastFullBackup asks for the newest undamaged full backup, copy-only ones included, since
// any of them can be restored; one that was written to the device NUL is gone, and does not
// count. SQL Server computes the age by its own clock; -1 is never.
var lastFullBackup = platform.SQL[backupRow]("last-full-backup", `
	SELECT ISNULL(DATEDIFF(minute, MAX(b.backup_finish_date), GETDATE()), -1) AS age_minutes,
		COUNT(b.backup_set_id) AS backups,
		CAST(ISNULL(MAX(CAST(b.is_snapshot AS int)), 0) AS int) AS snapshots,
		(SELECT CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END FROM sys.databases d WHERE d.database_id = DB_ID()) AS replicated,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.backupmediafamily', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM msdb.dbo.backupset b
	WHERE b.database_name = DB_NAME() AND b.type = 'D' AND ISNULL(b.is_damaged, 0) = 0
		AND NOT EXISTS (SELECT 1 FROM msdb.dbo.backupmediafamily m
			WHERE m.media_set_id = b.media_set_id AND UPPER(m.physical_device_name) IN (N'NUL', N'NUL:'))`)

type backupRow struct {
	AgeMinutes int64 `json:"age_minutes"`
	Backups    int64 `json:"backups"`
	Snapshots  int   `json:"snapshots"`  // 1 when some were made by a snapshot of the volume
	Replicated int   `json:"replicated"` // 1 when the database is in an availability group
}

func fullBackup() checks.Check {
	return checks.Check{
		ID:          "recovery.database-backup",
		Title:       "Is there a full backup of the site database from shortly before the update?",
		Why:         "An update that fails in its database changes cannot be undone; the way back is a restore.",
		Consequence: "Without a backup a failed update can mean a new site.",
		Remedy:      "Back the site database up in full, or let the site's own backup task run, shortly before the update, and keep the file where it was written.",
		Command:     "BACKUP DATABASE [CM_xxx] TO DISK = N'...' WITH CHECKSUM, COPY_ONLY",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/backup-and-recovery",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/backupset-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/backupmediafamily-transact-sql",
		},
		Rights: []string{historyRight, "Windows: read the attributes of the backup's files, where they lie on a share or on this machine"},
		Reads:  append(append(discovery.DatabaseReads(), lastFullBackup.In("{SQL Server}", "{site database}").Form()), fileReads()...),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 24, Unit: "hours", About: "age of the newest full backup when the update starts"},
			{Name: "fails_after", Default: 120, Unit: "hours", About: "age of the newest full backup when the update starts"},
		},
		Run: discovery.OnDatabase(runFullBackup),
	}
}

func runFullBackup(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(ofSecondary), nil
	}
	backup, err := askFullBackup(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	warns, fails := c.Setting("warns_after"), c.Setting("fails_after")
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Wanted: fmt.Sprintf("at most %g hours old", warns), Where: "msdb.dbo.backupset on " + d.Instance,
	}
	var summary string
	if backup.Backups == 0 {
		item.Status, item.Found = checks.Failed, "no full backup"
		summary = "There is no full backup of the site database."
	} else {
		age := time.Duration(backup.AgeMinutes)*time.Minute + c.JudgedFor.Sub(c.ReadAt())
		item.Found = "the newest full backup is " + hours(age) + " old"
		summary = "The newest full backup of the site database is " + hours(age) + " old."
		switch {
		case age.Hours() > fails:
			item.Status = checks.Failed
		case age.Hours() > warns:
			item.Status = checks.Warning
		default:
			item.Status = checks.Passed
		}
	}
	if backup.Replicated == 1 && item.Status != checks.Passed {
		return checks.Items("The backups may be made on another replica.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"%s is in an availability group, and the history on %s has no backup that is recent enough; another replica has its own history", d.Name, d.Instance))), nil
	}
	finding := checks.Items(summary, item)
	if backup.Backups > 0 {
		files, notes := judgeFiles(ctx, c, d)
		finding.Items, finding.Notes = append(finding.Items, files...), notes
		if item.Status == checks.Passed && checks.Count(files, checks.Failed) > 0 {
			finding.Summary = "The newest full backup of the site database is not where it was written."
		}
	}
	if backup.Snapshots == 1 {
		finding.Notes = append(finding.Notes, "Some of these backups were made as a snapshot of the volume; make sure that their files still exist.")
	}
	return finding, nil
}

// askFullBackup asks for the newest full backup, and refuses what cannot be.
func askFullBackup(ctx context.Context, c *checks.Case, d discovery.Database) (backupRow, error) {
	rows, err := platform.Ask(ctx, c, lastFullBackup.In(d.Instance, d.Name))
	if err != nil {
		return backupRow{}, err
	}
	backup := rows[0]
	if len(rows) != 1 || backup.Backups < 0 || (backup.Backups == 0) != (backup.AgeMinutes == -1) || backup.AgeMinutes < -1 {
		return backupRow{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that there are %d full backups of %s and that the newest is %d minutes old, which cannot be",
			d.Instance, backup.Backups, d.Name, backup.AgeMinutes)
	}
	return backup, nil
}
