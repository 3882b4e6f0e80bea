package window

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// jobs lists the jobs of SQL Server's Agent that are on with each of their schedules that is on,
// and those that run now. SQL Server's own short job syspolicy_purge_history, which every
// instance has, is left out. A run counts that began in the Agent's newest session and has not
// ended. Without a job it has one row without a name.
var jobs = platform.SQL[jobRow]("agent-jobs", `
	SELECT TOP (500) CAST(SERVERPROPERTY(N'EngineEdition') AS int) AS engine, DATEDIFF(minute, '20200101', GETDATE()) AS clock_minutes,
		ISNULL(j.name, N'') AS job, ISNULL(j.running, 0) AS running, ISNULL(j.run_minutes, 0) AS run_minutes,
		CASE WHEN j.enabled = 1 AND c.schedule_id IS NOT NULL THEN 1 ELSE 0 END AS scheduled,
		ISNULL(c.freq_type, 0) AS kind, ISNULL(c.freq_interval, 0) AS every, ISNULL(c.freq_subday_type, 0) AS sub_kind,
		ISNULL(c.freq_subday_interval, 0) AS sub_every, ISNULL(c.freq_relative_interval, 0) AS relative, ISNULL(c.freq_recurrence_factor, 0) AS recurrence,
		ISNULL(c.active_start_date, 0) AS start_date, ISNULL(c.active_end_date, 0) AS end_date,
		ISNULL(c.active_start_time, 0) AS starts_at, ISNULL(c.active_end_time, 0) AS ends_at,
		ISNULL(c.next_run_date, 0) AS next_date, ISNULL(c.next_run_time, 0) AS next_starts,
		COUNT(1) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.sysjobs', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.sysjobschedules', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.sysschedules', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.sysjobactivity', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.syssessions', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT y.job_id, y.name, y.enabled, CASE WHEN r.runs > 0 THEN 1 ELSE 0 END AS running, r.run_minutes
		FROM msdb.dbo.sysjobs y
		LEFT JOIN (SELECT a.job_id, COUNT(a.start_execution_date) AS runs,
				MAX(DATEDIFF(minute, a.start_execution_date, GETDATE())) AS run_minutes
			FROM msdb.dbo.sysjobactivity a
			WHERE a.session_id = (SELECT MAX(z.session_id) FROM msdb.dbo.syssessions z)
				AND a.start_execution_date IS NOT NULL AND a.stop_execution_date IS NULL
			GROUP BY a.job_id) r ON r.job_id = y.job_id
		WHERE (y.enabled = 1 OR r.runs > 0) AND y.name <> N'syspolicy_purge_history') j ON x.present = 1
	LEFT JOIN (SELECT k.job_id, k.schedule_id, k.next_run_date, k.next_run_time, h.freq_type, h.freq_interval, h.freq_subday_type, h.freq_subday_interval,
			h.freq_relative_interval, h.freq_recurrence_factor, h.active_start_date, h.active_end_date, h.active_start_time, h.active_end_time
		FROM msdb.dbo.sysjobschedules k JOIN msdb.dbo.sysschedules h ON h.schedule_id = k.schedule_id AND h.enabled = 1) c
		ON c.job_id = j.job_id AND j.enabled = 1
	ORDER BY j.name, c.schedule_id`)

type jobRow struct {
	Engine    int    `json:"engine"`        // 4 is Express, which has no Agent
	Clock     int64  `json:"clock_minutes"` // of SQL Server's clock, since the epoch
	Job       string `json:"job"`           // empty when there is none
	Running   int    `json:"running"`       // 1: now
	Runs      int64  `json:"run_minutes"`   // since its start; 0 when it does not run
	Scheduled int    `json:"scheduled"`     // 1: the job and the schedule of this row are on
	Kind      int    `json:"kind"`          // this and what follows: see schedule
	Every     int    `json:"every"`
	SubKind   int    `json:"sub_kind"`
	SubEvery  int    `json:"sub_every"`
	Relative  int    `json:"relative"`
	Recurs    int    `json:"recurrence"`
	StartDate int    `json:"start_date"`
	EndDate   int    `json:"end_date"`
	StartTime int    `json:"starts_at"`
	EndTime   int    `json:"ends_at"`
	NextDate  int    `json:"next_date"`
	NextTime  int    `json:"next_starts"`
	Listed    int    `json:"listed"` // rows there are, of which at most 500 are told
}

func (r jobRow) schedule() schedule {
	return schedule{r.Kind, r.Every, r.SubKind, r.SubEvery, r.Relative, r.Recurs, r.StartDate, r.EndDate, r.StartTime, r.EndTime, r.NextDate, r.NextTime}
}

const engineExpress = 4

// What both checks of jobs share.
var (
	jobSources = []string{
		pageChecklist,
		"https://learn.microsoft.com/sql/relational-databases/system-tables/dbo-sysschedules-transact-sql",
		"https://learn.microsoft.com/sql/relational-databases/system-tables/dbo-sysjobschedules-transact-sql",
		"https://learn.microsoft.com/sql/relational-databases/system-tables/dbo-sysjobactivity-transact-sql",
	}
	jobRights = []string{"SQL Server: SELECT on msdb.dbo.sysjobs, sysjobschedules, sysschedules, sysjobactivity and syssessions, and a user in the site database"}
)

func jobReads() []platform.Form {
	return append(discovery.DatabaseReads(), jobs.In("{SQL Server}", "{site database}").Form())
}

// askJobs asks for the jobs; agent is false where there is no Agent.
func askJobs(ctx context.Context, c *checks.Case, d discovery.Database) (rows []jobRow, agent bool, err error) {
	rows, err = platform.Ask(ctx, c, jobs.In(d.Instance, d.Name))
	if err != nil {
		return nil, false, err
	}
	for _, r := range rows {
		if r.Engine < 1 || !soundClock(r.Clock) || r.Running < 0 || r.Running > 1 || r.Runs < -clockBack || r.Scheduled < 0 || r.Scheduled > 1 || r.Listed < len(rows) ||
			r.Job == "" && (len(rows) > 1 || r.Running+r.Scheduled > 0) {
			return nil, false, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of jobs that cannot be: %+v", d.Instance, r)
		}
	}
	return rows, rows[0].Engine != engineExpress, nil
}

// jobsLeftOut is an item about jobs that were not told; ok is false when all were.
func jobsLeftOut(d discovery.Database, wanted string, rows []jobRow) (checks.Item, bool) {
	if rows[0].Listed == len(rows) {
		return checks.Item{}, false
	}
	return checks.UnknownItem("the other jobs", wanted, platform.Refuse(platform.ErrUnsupported,
		"SQL Server %s has %d schedules of jobs, and only the first %d were looked at", d.Instance, rows[0].Listed, len(rows))), true
}

// byJob parts rows, which are ordered by job, into those of each.
func byJob(rows []jobRow) [][]jobRow {
	var all [][]jobRow
	for i, r := range rows {
		if i == 0 || r.Job != rows[i-1].Job {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
	}
	return all
}

const noAgent = "SQL Server Express has no Agent, and so no jobs"

func agentJobs() checks.Check {
	return checks.Check{
		ID:          "window.agent-jobs",
		Title:       "Does no job of SQL Server's Agent begin in the update's hours?",
		Why:         "Jobs back up, rebuild indexes, check databases and copy data; they take disks and locks while the update changes the site database.",
		Consequence: "The update waits for the job, or the job for the update; a backup or an index rebuild can make it take many times as long.",
		Remedy:      "Disable the jobs named here, or their schedules, for the hours of the update, and write down to enable them afterwards. A job that has nothing to do with this can be waived.",
		Command:     "EXEC msdb.dbo.sp_update_job @job_name = N'...', @enabled = 0",
		Sources:     jobSources, Rights: jobRights, Reads: jobReads(),
		Settings: []checks.Setting{takes()},
		Run:      onLargeSite(runAgentJobs),
	}
}

func runAgentJobs(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, agent, err := askJobs(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if !agent {
		return checks.DoesNotApply(noAgent), nil
	}
	from := onClock(rows[0].Clock).Add(later(c))
	to := from.Add(hours(c, "update_takes"))
	wanted := fmt.Sprintf("not from %s to %s", at(from), at(to))
	const where = "msdb.dbo.sysjobs and sysschedules"
	var items []checks.Item
	scheduled, withAgent := 0, false
	for _, job := range byJob(rows) {
		first, due, idle, failed := time.Time{}, false, false, error(nil)
		for _, r := range job {
			if r.Scheduled == 0 {
				continue
			}
			scheduled++
			withAgent = withAgent || r.Kind == whenAgentStarts
			idle = idle || r.Kind == whenIdle
			begins, ok, err := r.schedule().due(from, to)
			if ok && (!due || begins.Before(first)) {
				first, due = begins, true
			}
			failed = cmp.Or(failed, err)
		}
		key := "job " + job[0].Job
		switch {
		case idle:
			items = append(items, checks.Item{Key: key, Found: "begins whenever SQL Server is idle", Wanted: wanted, Where: where, Status: checks.Warning})
		case due:
			items = append(items, checks.Item{Key: key, Found: "begins at " + at(first), Wanted: wanted, Where: where, Status: checks.Warning})
		case failed != nil:
			items = append(items, checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrUnsupported,
				"when the job %s of SQL Server %s begins is not known: %v", job[0].Job, d.Instance, failed)))
		}
	}
	if item, cut := jobsLeftOut(d, wanted, rows); cut {
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []checks.Item{{
			Key: d.Instance, Found: "none of " + count(int64(scheduled), "schedule", "schedules"), Wanted: wanted, Where: where, Status: checks.Passed,
		}}
	}
	finding := summed(items, "No job begins in the update's hours.",
		fmt.Sprintf("Jobs that begin in the update's hours: %d.", checks.Count(items, checks.Warning)),
		"Whether a job begins in the update's hours is not known of all.")
	finding.Notes = []string{"These are times of SQL Server's own clock. Jobs that other tools begin are not among them."}
	finding.Notes = append(finding.Notes, clocksMayChange(c)...)
	if withAgent {
		finding.Notes = append(finding.Notes, "Some jobs begin whenever SQL Server's Agent starts, so also when SQL Server is restarted for the update.")
	}
	return finding, nil
}

func agentRuns() checks.Check {
	return checks.Check{
		ID:          "window.agent-runs",
		Title:       "Does no job of SQL Server's Agent run into the update?",
		Why:         "A job that runs when the update starts keeps what it has locked until it ends.",
		Consequence: "The update waits for the job, or takes many times as long beside it.",
		Remedy:      "Let the job end before the update starts, or stop it when its owner agrees. A backup or an index rebuild that is stopped has to be done again.",
		Command:     "EXEC msdb.dbo.sp_stop_job @job_name = N'...'",
		Sources:     jobSources, Rights: jobRights, Reads: jobReads(),
		Settings: []checks.Setting{{Name: "may_last", Default: 12, Unit: "hours", About: "how long a job may last; one that has run for less now does not disturb an update that starts after that"}},
		Run:      onLargeSite(runAgentRuns),
	}
}

func runAgentRuns(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, agent, err := askJobs(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if !agent {
		return checks.DoesNotApply(noAgent), nil
	}
	const wanted, where = "no job when the update starts", "msdb.dbo.sysjobactivity"
	var items []checks.Item
	for _, job := range byJob(rows) {
		if job[0].Running == 0 {
			continue
		}
		item := checks.Item{Key: "job " + job[0].Job, Found: "runs for " + minutes(max(job[0].Runs, 0)), Wanted: wanted, Where: where, Status: checks.Warning}
		endless := slices.ContainsFunc(job, func(r jobRow) bool { return r.Scheduled == 1 && r.Kind == whenAgentStarts })
		switch {
		case endless:
			item.Found += ", and begins whenever SQL Server's Agent starts"
		case gone(c, job[0].Runs):
			item.Status = checks.Passed
			item.Found += "; the update starts " + minutes(int64(later(c).Minutes())) + " from now"
		}
		items = append(items, item)
	}
	if item, cut := jobsLeftOut(d, wanted, rows); cut {
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []checks.Item{{Key: d.Instance, Found: "none now", Wanted: wanted, Where: where, Status: checks.Passed}}
	}
	return summed(items, "No job runs that would last into the update.", "Jobs run now, and may last into the update.",
		"Whether a job runs is not known of all."), nil
}
