package recovery

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// logBackups tells the recovery model of the database, and the newest undamaged backup of its
// log. One that was written to the device NUL is gone, and does not count, nor does one of
// another server, which a restore writes into the history, one of an earlier database with this
// name, and one that is copy-only, which lets the log grow. SQL Server computes the age by its own
// clock; -1 is never.
var logBackups = platform.SQL[logBackupRow]("log-backups", `
	SELECT CAST(d.recovery_model AS int) AS recovery_model, ISNULL(d.log_reuse_wait_desc, N'') AS waits_for,
		CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated,
		l.backups, CASE WHEN l.backups > 0 THEN ISNULL(DATEDIFF(minute, l.newest, GETDATE()), -2000000000) ELSE -1 END AS age_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.backupmediafamily', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	CROSS JOIN (SELECT COUNT(b.backup_set_id) AS backups, MAX(b.backup_finish_date) AS newest
		FROM msdb.dbo.backupset b
		WHERE b.database_name = DB_NAME() AND b.type = 'L' AND ISNULL(b.is_damaged, 0) = 0 AND ISNULL(b.is_copy_only, 0) = 0
			AND b.server_name IN (@@SERVERNAME, CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)))
			AND `+ofThisDatabase("b")+`
			AND NOT EXISTS (SELECT 1 FROM msdb.dbo.backupmediafamily m
				WHERE m.media_set_id = b.media_set_id AND UPPER(m.physical_device_name) IN (N'NUL', N'NUL:'))) l
	WHERE d.database_id = DB_ID()`)

type logBackupRow struct {
	RecoveryModel int    `json:"recovery_model"`
	WaitsFor      string `json:"waits_for"`  // what the log cannot be cut for; NOTHING is nothing
	Replicated    int    `json:"replicated"` // 1 when the database is in an availability group
	Backups       int64  `json:"backups"`
	AgeMinutes    int64  `json:"age_minutes"`
}

// recoveryModels are the codes of sys.databases.
var recoveryModels = [...]string{1: "FULL", 2: "BULK_LOGGED", 3: "SIMPLE"}

func logBackup() checks.Check {
	return checks.Check{
		ID:          "recovery.log-backup",
		Title:       "Are the logs of the databases backed up, as their recovery models need?",
		Why:         "With the recovery model FULL or BULK_LOGGED, SQL Server keeps the whole log until it is backed up.",
		Consequence: "The log grows until its volume is full, and a restore ends at the last full backup.",
		Remedy:      "Back the log up and schedule that to be repeated. Outside of an availability group the recovery model SIMPLE needs no log backups; take a full backup after a change.",
		Command:     "BACKUP LOG [CM_xxx] TO DISK = N'...' WITH CHECKSUM",
		Covers:      []string{"Logs are backed up"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/backup-restore/recovery-models-sql-server",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/backupset-transact-sql",
		},
		Rights: []string{historyRight},
		Reads:  append(discovery.DatabasesReads(), logBackups.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 24, Unit: "hours", About: "age of the newest log backup, now"},
		},
		Run: discovery.OnDatabases(runLogBackup),
	}
}

func runLogBackup(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(ofSecondary), nil
	}
	rows, err := platform.Ask(ctx, c, logBackups.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	row := rows[0]
	if len(rows) != 1 || row.RecoveryModel < 1 || row.RecoveryModel >= len(recoveryModels) {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that %s has the recovery model %d, which is none known here (1 to 3)", d.Instance, d.Name, row.RecoveryModel)
	}
	since, sound := sinceThen(row.Backups, row.AgeMinutes)
	if !sound {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that there are %d log backups of %s and that the newest is %d minutes old, which cannot be",
			d.Instance, row.Backups, d.Name, row.AgeMinutes)
	}
	model := recoveryModels[row.RecoveryModel]
	if model == "SIMPLE" {
		return checks.DoesNotApply("the database has the recovery model SIMPLE, which has no log backups"), nil
	}
	warns := c.Setting("warns_after")
	// Log backups are made all the time, so it counts that they are made now, not how old the
	// newest of today would be when the update starts.
	age := minutes(since)
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: model + ", the newest log backup is " + hours(age) + " old",
		Wanted: fmt.Sprintf("a log backup of the last %g hours", warns), Where: "sys.databases, msdb.dbo.backupset on " + d.Instance,
		Status: checks.Passed,
	}
	summary := "The log of the database is backed up."
	if row.Backups == 0 {
		item.Found = model + ", and no log backup"
	}
	if row.Backups == 0 || age.Hours() > warns {
		item.Status = checks.Warning
		summary = fmt.Sprintf("The recovery model is %s, and the log is not backed up regularly; it waits for %s.", model, row.WaitsFor)
	}
	if row.Replicated == 1 && item.Status != checks.Passed {
		return checks.Items("The log may be backed up on another replica.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"%s is in an availability group, and the history on %s has no log backup that is recent enough; another replica has its own history", d.Name, d.Instance))), nil
	}
	return checks.Items(summary, item), nil
}
