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
// count. A restore writes the backup that it reads into the history, too, with the name of the
// server that made it; only those of this server count. Its name is stale in @@SERVERNAME after
// the machine was renamed, so either name will do. Nor do those of an earlier database with this
// name count. SQL Server computes the age by its own clock; -1 is no backup, -2 none of this
// server and this database.
var lastFullBackup = platform.SQL[backupRow]("last-full-backup", `
	SELECT CASE WHEN n.own > 0 THEN ISNULL(DATEDIFF(minute, n.newest, GETDATE()), -2000000000) WHEN n.backups > 0 THEN -2 ELSE -1 END AS age_minutes,
		n.own AS backups, CASE WHEN n.newest_snapshot = n.newest THEN 1 ELSE 0 END AS snapshots,
		(SELECT CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END FROM sys.databases d WHERE d.database_id = DB_ID()) AS replicated,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.backupmediafamily', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(f.backup_set_id) AS backups, COUNT(f.own) AS own, MAX(CASE WHEN f.own = 1 THEN f.backup_finish_date END) AS newest,
			MAX(CASE WHEN f.own = 1 AND f.is_snapshot = 1 THEN f.backup_finish_date END) AS newest_snapshot
		FROM (SELECT b.backup_set_id, b.backup_finish_date, b.is_snapshot,
				CASE WHEN b.server_name IN (@@SERVERNAME, CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128))) AND `+ofThisDatabase("b")+` THEN 1 END AS own
			FROM msdb.dbo.backupset b
			WHERE b.database_name = DB_NAME() AND b.type = 'D' AND ISNULL(b.is_damaged, 0) = 0
				AND NOT EXISTS (SELECT 1 FROM msdb.dbo.backupmediafamily m
					WHERE m.media_set_id = b.media_set_id AND UPPER(m.physical_device_name) IN (N'NUL', N'NUL:'))) f) n`)

// ofThisDatabase is the T-SQL for a row of backupset that is not of another database which had
// this one's name before. Databases of one family are restored from each other's backups; the
// family stays for a database's life. Where SQL Server does not tell one of the two, the name
// decides.
func ofThisDatabase(set string) string {
	return "NOT EXISTS (SELECT 1 FROM sys.database_recovery_status v WHERE v.database_id = DB_ID() AND v.family_guid <> " + set + ".family_guid)"
}

type backupRow struct {
	AgeMinutes int64 `json:"age_minutes"`
	Backups    int64 `json:"backups"`
	Snapshots  int   `json:"snapshots"`  // 1 when the newest was made by a snapshot of the volume
	Replicated int   `json:"replicated"` // 1 when the database is in an availability group
}

// What AgeMinutes says instead of an age when there is no backup.
const (
	noBackup  = -1
	ofAnother = -2 // there are some, and another server made them, or they are of an earlier database
)

// clockBack is how many minutes a time in the history may be ahead of SQL Server's clock: both
// are local, and in autumn the clock goes back by an hour.
const clockBack = 60

// sinceThen returns the age of the newest of some events, and whether count and age can be.
func sinceThen(count, minutes int64) (int64, bool) {
	if count <= 0 {
		return minutes, count == 0 && minutes == noBackup
	}
	return max(minutes, 0), minutes >= -clockBack
}

func fullBackup() checks.Check {
	return checks.Check{
		ID:          "recovery.database-backup",
		Title:       "Is there a full backup of each database from shortly before the update?",
		Why:         "An update that fails in its database changes cannot be undone; the way back is a restore.",
		Consequence: "Without a backup a failed update can mean to begin anew.",
		Remedy:      "Back each database up in full, or let a site's own backup task run, shortly before the update, and keep the files where they were written.",
		Command:     "BACKUP DATABASE [CM_xxx] TO DISK = N'...' WITH CHECKSUM, COPY_ONLY",
		Covers:      []string{"Databases are backed up"},
		Sources: []string{
			"https://learn.microsoft.com/system-center/scsm/prepare-disaster-recovery",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/backup-and-recovery",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/backupset-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-tables/backupmediafamily-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-recovery-status-transact-sql",
		},
		Rights: []string{historyRight, taskRight, "Windows: read the attributes of the backup's files, where they lie on a share or on this machine"},
		Reads: append(append(discovery.DatabasesReads(), lastFullBackup.In("{SQL Server}", "{site database}").Form(),
			taskHistory.In("{SQL Server}", "{site database}").Form()), fileReads()...),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 24, Unit: "hours", About: "age of the newest full backup when the update starts"},
			{Name: "fails_after", Default: 120, Unit: "hours", About: "age of the newest full backup when the update starts"},
		},
		Run: discovery.OnDatabases(runFullBackup),
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
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Wanted: fmt.Sprintf("at most %g hours old", c.Setting("warns_after")), Where: "msdb.dbo.backupset on " + d.Instance,
	}
	if backup.AgeMinutes == ofAnother {
		return checks.Items("Whether this server has backed this database up is not known.", checks.UnknownItem(item.Key, item.Wanted, madeElsewhere(d))), nil
	}
	var summary string
	if backup.Backups == 0 {
		item.Status, item.Found = checks.Failed, "no full backup"
		summary = "There is no full backup of the database."
	} else {
		old := oldAtStart(c, minutes(backup.AgeMinutes), "a newer one is made")
		item.Found, item.Status = "the newest full backup is "+old, judgeAge(c, backup.AgeMinutes)
		summary = "The newest full backup of the database is " + old + "."
	}
	if backup.Replicated == 1 && item.Status != checks.Passed {
		return checks.Items("The backups may be made on another replica.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"%s is in an availability group, and the history on %s has no backup that is recent enough; another replica has its own history", d.Name, d.Instance))), nil
	}
	finding := checks.Items(summary, item)
	if backup.Backups > 0 {
		rows, err := platform.Ask(ctx, c, backupFiles.In(d.Instance, d.Name))
		files, notes := judgeFiles(ctx, c, d, rows, err)
		finding.Items, finding.Notes = append(finding.Items, files...), notes
		if item.Status == checks.Passed && checks.Count(files, checks.Failed) > 0 {
			finding.Summary = "The newest full backup of the database is not where it was written."
		}
		if err == nil && backup.Snapshots == 1 {
			finding.Notes = append(finding.Notes, "The newest full backup was made as a snapshot of the volume; make sure that its files still exist and that the database can be restored from them.")
			if item.Status == checks.Passed {
				finding.Items = append(finding.Items, judgeSnapshot(ctx, c, d, backup, rows[0])...)
			}
		}
	}
	return finding, nil
}

// NewestFullBackupForm is the question of NewestFullBackup.
func NewestFullBackupForm() platform.Form {
	return lastFullBackup.In("{SQL Server}", "{site database}").Form()
}

// NewestFullBackup says how old the newest full backup of a database is that its own server has
// made, and whether there is one. A history that cannot tell is an error: one of other servers
// or earlier databases alone, or without any backup of a database in an availability group.
func NewestFullBackup(ctx context.Context, c *checks.Case, d discovery.Database) (age time.Duration, found bool, err error) {
	backup, err := askFullBackup(ctx, c, d)
	switch {
	case err != nil:
		return 0, false, err
	case backup.AgeMinutes == ofAnother:
		return 0, false, madeElsewhere(d)
	case backup.Backups == 0 && backup.Replicated == 1:
		return 0, false, platform.Refuse(platform.ErrUnsupported,
			"%s is in an availability group, and the history on %s has no backup; another replica has its own history", d.Name, d.Instance)
	}
	return minutes(backup.AgeMinutes), backup.Backups > 0, nil
}

// judgeAge judges how old a backup that is age minutes old now will be when the update starts.
func judgeAge(c *checks.Case, ageMinutes int64) checks.Status {
	warns, fails := c.Setting("warns_after"), c.Setting("fails_after")
	switch age := minutes(ageMinutes) + c.JudgedFor.Sub(c.ReadAt()); {
	case age.Hours() > fails:
		return checks.Failed
	case age.Hours() > warns:
		return checks.Warning
	default:
		return checks.Passed
	}
}

// madeElsewhere is why a history that has full backups of other servers or of earlier databases
// alone says nothing.
func madeElsewhere(d discovery.Database) error {
	no := platform.Refuse(platform.ErrUnsupported,
		"all full backups of %s in the history on %s were made by a server of another name, or of an earlier database of this name", d.Name, d.Instance)
	no.Help = "The database was moved here or made anew, or the server was renamed. Make a full backup on this server."
	return no
}

// judgeSnapshot judges a newest backup that is a snapshot. Every snapshot of the machine that
// SQL Server takes part in stands in the history as a full backup, and so does the site's own
// backup task. It is enough when that task has succeeded lately, or when there is another
// backup that is recent enough.
func judgeSnapshot(ctx context.Context, c *checks.Case, d discovery.Database, backup backupRow, newest fileRow) []checks.Item {
	item := checks.Item{
		Key:    d.Instance + "/" + d.Name + " snapshot",
		Wanted: "a recent success of the site's own backup task, or a recent backup that is no snapshot",
		Where:  "msdb.dbo.backupset and v_StatusMessage on " + d.Instance, Status: checks.Passed,
	}
	if newest.Ordinary >= -clockBack && judgeAge(c, max(newest.Ordinary, 0)) == checks.Passed {
		item.Found = "the newest that is no snapshot is " + oldAtStart(c, minutes(max(newest.Ordinary, 0)), "a newer one is made")
		return []checks.Item{item}
	}
	var task taskRow
	var err error
	if d.OfSite() {
		task, err = askTask(ctx, c, d)
	} else {
		item.Wanted, item.Where = "a recent backup that is no snapshot", "msdb.dbo.backupset on "+d.Instance
	}
	switch {
	case err != nil:
		item = checks.UnknownItem(item.Key, item.Wanted, err)
	case task.Successes > 0 && judgeAge(c, task.SuccessMinutes) == checks.Passed:
		item.Found = "the last success of the site's own backup task is " + oldAtStart(c, minutes(task.SuccessMinutes), "it succeeds again")
	case backup.Replicated == 1:
		item = checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the newest full backup on %s is a snapshot, and %s is in an availability group, whose other replicas have their own history", d.Instance, d.Name))
	case !d.OfSite():
		item.Status, item.Found = checks.Warning, "the only recent backup is a snapshot"
	default:
		item.Status, item.Found = checks.Warning, "the only recent backup is a snapshot, which the site's own backup task did not make"
	}
	return []checks.Item{item}
}

// askFullBackup asks for the newest full backup, and refuses what cannot be.
func askFullBackup(ctx context.Context, c *checks.Case, d discovery.Database) (backupRow, error) {
	rows, err := platform.Ask(ctx, c, lastFullBackup.In(d.Instance, d.Name))
	if err != nil {
		return backupRow{}, err
	}
	backup := rows[0]
	if len(rows) == 1 && backup.Backups == 0 && backup.AgeMinutes == ofAnother {
		return backup, nil
	}
	age, sound := sinceThen(backup.Backups, backup.AgeMinutes)
	if len(rows) != 1 || !sound {
		return backupRow{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that there are %d full backups of %s and that the newest is %d minutes old, which cannot be",
			d.Instance, backup.Backups, d.Name, backup.AgeMinutes)
	}
	backup.AgeMinutes = age
	return backup, nil
}
