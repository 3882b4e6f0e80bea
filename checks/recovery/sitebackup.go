package recovery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// taskHistory tells how the site's own backup task is set, and what became of it: message 5035
// of SMS_SITE_BACKUP is its success, an error message of it (severity -1073741824) a failure,
// and SQLTaskStatus has the end of its last run, which says nothing about success. The times of
// messages are UTC. Ages are by SQL Server's clock; -1 is never. The minute of the week counts
// from Sunday, 0:00 UTC. The aggregate around the site's code has it computed once, and not for
// each of millions of messages.
var taskHistory = platform.SQL[taskRow]("site-backup-task", `
	SELECT o.code AS site, t.tasks, ISNULL(t.is_on, -1) AS is_on, ISNULL(t.week_days, -1) AS week_days,
		ISNULL(t.begins, -1) AS begins, ISNULL(t.begins_latest, -1) AS begins_latest,
		m.successes, CASE WHEN m.successes > 0 THEN ISNULL(DATEDIFF(minute, m.success, GETUTCDATE()), -2000000000) ELSE -1 END AS success_minutes,
		m.failures, CASE WHEN m.failures > 0 THEN ISNULL(DATEDIFF(minute, m.failure, GETUTCDATE()), -2000000000) ELSE -1 END AS failure_minutes,
		r.runs, ISNULL(DATEDIFF(minute, r.ended, GETUTCDATE()), -1) AS ended_minutes,
		DATEDIFF(minute, '19000107', GETUTCDATE()) % 10080 AS week_minute,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SQL_Task', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_StatusMessage', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SQLTaskStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT MAX(dbo.fnGetSiteCode()) AS code) o
	CROSS APPLY (SELECT COUNT(x.TaskName) AS tasks, MAX(CAST(x.IsEnabled AS int)) AS is_on, MAX(CAST(x.DaysOfWeek AS int)) AS week_days,
			MAX(CAST(x.BeginTime AS int)) AS begins, MAX(CAST(x.LatestBeginTime AS int)) AS begins_latest
		FROM dbo.vSMS_SC_SQL_Task x WHERE x.TaskName = N'Backup SMS Site Server' AND x.SiteCode = o.code) t
	CROSS APPLY (SELECT COUNT(CASE WHEN s.MessageID = 5035 THEN 1 END) AS successes,
			MAX(CASE WHEN s.MessageID = 5035 THEN s.[Time] END) AS success,
			COUNT(CASE WHEN s.Severity = -1073741824 THEN 1 END) AS failures,
			MAX(CASE WHEN s.Severity = -1073741824 THEN s.[Time] END) AS failure
		FROM dbo.v_StatusMessage s WHERE s.Component = N'SMS_SITE_BACKUP' AND s.SiteCode = o.code) m
	CROSS JOIN (SELECT COUNT(e.LastCompletionTime) AS runs, MAX(e.LastCompletionTime) AS ended
		FROM dbo.SQLTaskStatus e WHERE e.TaskName = N'Backup SMS Site Server') r`)

type taskRow struct {
	Site           string `json:"site"` // code of the site whose database was asked
	Tasks          int    `json:"tasks"`
	IsOn           int    `json:"is_on"`
	WeekDays       int    `json:"week_days"`     // sum of 1 for Sunday to 64 for Saturday
	Begins         int    `json:"begins"`        // 100 times the hour and the minute
	BeginsLatest   int    `json:"begins_latest"` // 100 times the hour and the minute
	Successes      int64  `json:"successes"`
	SuccessMinutes int64  `json:"success_minutes"`
	Failures       int64  `json:"failures"`
	FailureMinutes int64  `json:"failure_minutes"`
	Runs           int64  `json:"runs"`
	EndedMinutes   int64  `json:"ended_minutes"`
	WeekMinute     int    `json:"week_minute"` // now
}

func siteBackup() checks.Check {
	return checks.Check{
		ID:          "recovery.site-backup",
		Title:       "Did the site's own backup task succeed lately, and does it stay out of the update's hours?",
		Why:         "The task saves the site's files and registry beside its database, and ends other work of the site while it runs.",
		Consequence: "A task that starts during the update disturbs it. Without its backup, or another one of the database, the site cannot be recovered.",
		Remedy:      "Let the task run, then turn it off until the update is done. Where it is on and does not succeed, look into smsbkup.log, or turn it off if SQL Server's own backups are the plan.",
		Command:     `Set-CMSiteMaintenanceTask -SiteCode xxx -Name "Backup SMS Site Server" -Enabled $false`,
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/backup-and-recovery",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_sci_sqltask-server-wmi-class",
		},
		Rights: []string{
			taskRight,
			historyRight,
			"Windows: read smsbkup.log in the site's folder of logs",
			discovery.RegistryRight,
		},
		Reads: append(discovery.DatabaseReads(),
			taskHistory.In("{SQL Server}", "{site database}").Form(), lastFullBackup.In("{SQL Server}", "{site database}").Form(),
			timeZone.Form(), platform.ReadFile(`{installation folder}`+backupLog).Form(), platform.ReadBackupLog(`{installation folder}`+backupLog).Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 24, Unit: "hours", About: "age of the last success when the update starts, while the task is on"},
			{
				Name: "fails_after", Default: 120, Unit: "hours", About: "age of the last success when the update starts, while the task is on and SQL Server has no newer full backup",
				Source: "Microsoft's page on backups: at least every five days, because change tracking keeps five",
			},
			{Name: "update_takes", Default: 8, Unit: "hours", About: "from the start of the update, the time in which the task may not begin"},
			{Name: "log_after_success", Default: 12, Unit: "hours", About: "how much later than the last success smsbkup.log may be written, and how long a run may take"},
		},
		Run: discovery.OnDatabase(runSiteBackup),
	}
}

func runSiteBackup(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site has no backup task"), nil
	}
	task, err := askTask(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if task.IsOn == 0 {
		finding := checks.Items("The site's own backup task is off, so it does not disturb the update.", checks.Item{
			Key: task.Site + " schedule", Found: "the task is off", Wanted: "not during the update", Where: "vSMS_SC_SQL_Task", Status: checks.Passed,
		})
		last := "It has no success on record"
		if task.Successes > 0 {
			last = "Its last success is " + hours(minutes(task.SuccessMinutes)) + " old"
		}
		finding.Notes = []string{last + ". While it is off, only the backups of the database are judged, by recovery.database-backup."}
		return finding, nil
	}
	items := []checks.Item{judgeSuccess(ctx, c, d, task), judgeSchedule(ctx, c, task)}
	if task.Successes > 0 {
		items = append(items, judgeLog(ctx, c, task)...)
	}
	summary := "The site's own backup task has succeeded lately, and stays out of the update's hours."
	switch {
	case checks.Count(items[:1], checks.Warning, checks.Failed) > 0:
		summary = "The site's own backup task is on, and its newest run that succeeded is too old or none."
	case checks.Count(items[1:2], checks.Warning) > 0:
		summary = "The site's own backup task is on, and may begin during the update."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "The site's own backup task is on, and not all of it is known."
	case checks.Count(items, checks.Warning) > 0:
		summary = "The site's own backup task may have failed after its last success."
	}
	return checks.Items(summary, items...), nil
}

// askTask asks how the site's own backup task is set, and what became of it.
func askTask(ctx context.Context, c *checks.Case, d discovery.Database) (taskRow, error) {
	rows, err := platform.Ask(ctx, c, taskHistory.In(d.Instance, d.Name))
	if err != nil {
		return taskRow{}, err
	}
	task := rows[0]
	if err := task.check(d, len(rows)); err != nil {
		return taskRow{}, err
	}
	task.SuccessMinutes, _ = sinceThen(task.Successes, task.SuccessMinutes)
	task.FailureMinutes, _ = sinceThen(task.Failures, task.FailureMinutes)
	return task, nil
}

// check refuses what cannot be.
func (t taskRow) check(d discovery.Database, rows int) error {
	sound := func(count, minutes int64) bool {
		_, can := sinceThen(count, minutes)
		return can
	}
	switch {
	case rows != 1 || t.Site == "" || t.Tasks != 1 || t.IsOn != 0 && t.IsOn != 1:
		return platform.Refuse(platform.ErrMalformed, "database %s on %s has %d backup tasks of its site %q, and not one that is on or off", d.Name, d.Instance, t.Tasks, t.Site)
	case !sound(t.Successes, t.SuccessMinutes) || !sound(t.Failures, t.FailureMinutes):
		return platform.Refuse(platform.ErrMalformed, "database %s on %s has %d successes of the backup task, the last %d minutes ago, and %d failures, the last %d minutes ago, which cannot be",
			d.Name, d.Instance, t.Successes, t.SuccessMinutes, t.Failures, t.FailureMinutes)
	case t.Runs < 0 || t.WeekMinute < 0 || t.WeekMinute >= week:
		return platform.Refuse(platform.ErrMalformed, "database %s on %s has %d runs of the backup task, in minute %d of the week, which cannot be", d.Name, d.Instance, t.Runs, t.WeekMinute)
	}
	return nil
}

// longest is an age in minutes beyond which nothing differs, so that no sum of ages overflows.
const longest = 100 * 365 * day

func minutes(n int64) time.Duration { return time.Duration(min(n, longest)) * time.Minute }

// judgeSuccess judges the age of the last success when the update starts. It fails only where
// SQL Server has no full backup either: that alone is a supported way to recover a site.
func judgeSuccess(ctx context.Context, c *checks.Case, d discovery.Database, t taskRow) checks.Item {
	later := c.JudgedFor.Sub(c.ReadAt())
	warns, fails := c.Setting("warns_after"), c.Setting("fails_after")
	item := checks.Item{
		Key: t.Site + " last success", Wanted: fmt.Sprintf("at most %g hours old", warns),
		Where: "v_StatusMessage, 5035 of SMS_SITE_BACKUP", Status: checks.Passed,
	}
	age, old := minutes(t.SuccessMinutes)+later, oldAtStart(c, minutes(t.SuccessMinutes), "it succeeds again")
	stale := t.Successes == 0 || age.Hours() > fails
	switch {
	case t.Successes > 0 && t.Failures > 0 && t.FailureMinutes < t.SuccessMinutes:
		item.Status, item.Found = checks.Warning, old+", and a failure since then"
	case t.Successes > 0:
		item.Found = old
		if age.Hours() > warns {
			item.Status = checks.Warning
		}
	case t.Runs > 0 && (minutes(t.EndedMinutes)+later).Hours() <= fails:
		// A run may have succeeded whose messages are deleted.
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the backup task of site %s has ended a run lately, and there is no message of success; look into smsbkup.log", t.Site))
	default:
		item.Found = "no success on record"
	}
	if !stale {
		return item
	}
	backup, err := askFullBackup(ctx, c, d)
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, err)
	}
	if backup.AgeMinutes == ofAnother {
		return checks.UnknownItem(item.Key, item.Wanted, madeElsewhere(d))
	}
	switch recent := backup.Backups > 0 && (minutes(backup.AgeMinutes)+later).Hours() <= fails; {
	case recent:
		item.Status = checks.Warning
		item.Found += "; SQL Server has a recent full backup of the database"
	case backup.Replicated == 1:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the backup task of site %s has no recent success, and %s is in an availability group, whose other replicas have their own history", t.Site, d.Name))
	default:
		item.Status = checks.Failed
	}
	return item
}

// backupLog is the task's log below the folder of the site.
const backupLog = `\Logs\smsbkup.log`

// judgeLog looks whether the task wrote its log long after its last success: a run that failed
// or still goes on. The log is looked at only on the site server itself.
func judgeLog(ctx context.Context, c *checks.Case, t taskRow) []checks.Item {
	site, other, err := discovery.FindSite(ctx, c)
	if err != nil || other != nil || !strings.EqualFold(site.Code, t.Site) {
		return nil // judgeSchedule tells an error of these questions
	}
	most, path := c.Setting("log_after_success"), site.InstallDir+backupLog
	item := checks.Item{
		Key: t.Site + " smsbkup.log", Found: "nothing since the last success", Wanted: fmt.Sprintf("written at most %g hours after the last success", most),
		Where: path, Status: checks.Passed,
	}
	log, found, err := platform.Lookup(ctx, c, platform.ReadFile(path))
	switch since := minutes(t.SuccessMinutes) - c.ReadAt().Sub(log.Modified); {
	case err != nil:
		item = checks.UnknownItem(item.Key, item.Wanted, err)
	case !found:
		item.Found = "no log here"
	case since.Hours() > most:
		item.Status, item.Found = checks.Warning, "written long after the last success"
	}
	return append([]checks.Item{item}, judgeLastRun(ctx, c, t, path, most)...)
}

// judgeLastRun judges how far the last run has come by the text of the task's log. The messages in
// the database may be deleted or late, the log is neither.
func judgeLastRun(ctx context.Context, c *checks.Case, t taskRow, path string, most float64) []checks.Item {
	item := checks.Item{Key: t.Site + " last run", Wanted: "succeeded", Where: path, Status: checks.Warning}
	log, found, err := platform.Lookup(ctx, c, platform.ReadBackupLog(path))
	switch {
	case err != nil:
		return []checks.Item{checks.UnknownItem(item.Key, item.Wanted, err)}
	case !found: // judgeLog says so
		return nil
	case log.Outcome == "" || log.At == nil:
		return []checks.Item{checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed,
			"%s: no line tells when a run began, succeeded or failed; look into smsbkup.lo_ beside it", path))}
	}
	age := c.ReadAt().Sub(*log.At)
	switch log.Outcome {
	case platform.BackupSucceeded:
		item.Status, item.Found = checks.Passed, "succeeded"
	case platform.BackupBegun:
		item.Found = "begun " + hours(max(age, 0)) + " ago, and not ended"
		if age.Hours() <= most {
			item.Status = checks.Passed
		}
	case platform.BackupFailed:
		item.Found = "failed " + hours(max(age, 0)) + " ago"
		if log.Message != 0 {
			item.Found += fmt.Sprintf(", with the status message %d", log.Message)
		}
	default:
		return []checks.Item{checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed, "%s: the outcome of the last run is %q", path, log.Outcome))}
	}
	return []checks.Item{item}
}
