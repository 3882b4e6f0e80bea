// Package window checks what else runs in the hours of the update: programs that use the site
// database, work that SQL Server is at, jobs, backups and the site's own tasks.
package window

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "window", Title: "What else runs in the update's hours", Checks: []checks.Check{
		otherPrograms(),
		openTransactions(),
		blocking(),
		runningWork(),
		agentJobs(),
		agentRuns(),
		siteTasks(),
		backupHabit(),
		statementTracing(),
		clocks(),
	}, Confirm: statements()}
}

const (
	pageChecklist = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603"
	pageBlocked   = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/site-upgrade-blocked-in-database-update"
	pageRequests  = "https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-exec-requests-transact-sql"
)

// What the statements of this area need.
const (
	inDatabase       = "SQL Server: a user in the site database"
	performanceState = "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough)"
)

// onlyLargeSites is why the database of a secondary site is not looked at.
const onlyLargeSites = "only the database of a central administration or primary site is looked at; a secondary site can be installed again"

// onLargeSite is the Run of a check that looks at the database of a central administration or
// primary site.
func onLargeSite(run func(context.Context, *checks.Case, discovery.Database) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		if d.OfType == discovery.Secondary {
			return checks.DoesNotApply(onlyLargeSites), nil
		}
		return run(ctx, c, d)
	})
}

// takes is how long the update is expected to last.
func takes() checks.Setting {
	return checks.Setting{Name: "update_takes", Default: 8, Unit: "hours", About: "from the start of the update, the time that is looked at"}
}

// later is how long after the facts were read the update starts.
func later(c *checks.Case) time.Duration { return c.JudgedFor.Sub(c.ReadAt()) }

// clocksMayChange is a note where summer time may begin or end before the update.
func clocksMayChange(c *checks.Case) []string {
	if later(c) <= aDay {
		return nil
	}
	return []string{"Where summer time begins or ends before the update, these hours are one off."}
}

// hours is a setting in hours as a duration.
func hours(c *checks.Case, setting string) time.Duration {
	return time.Duration(c.Setting(setting) * float64(time.Hour))
}

// gone reports whether what has run for some minutes is taken to be over when the update starts.
// What has run for longer than such work may last is not: nobody knows when it ends.
func gone(c *checks.Case, running int64) bool {
	most := hours(c, "may_last")
	return later(c) > most && running <= int64(most.Minutes())
}

// summed is a finding about items. It says that all is well only when all items are.
func summed(items []checks.Item, good, bad, partly string) checks.Finding {
	switch {
	case checks.Count(items, checks.Warning) > 0:
		return checks.Items(bad, items...)
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items(partly, items...)
	}
	return checks.Items(good, items...)
}

// minutes writes a number of minutes for people.
func minutes(n int64) string {
	switch {
	case n == 1:
		return "1 minute"
	case n < 120:
		return fmt.Sprintf("%d minutes", n)
	case n < 48*60:
		return fmt.Sprintf("%d hours", n/60)
	}
	return fmt.Sprintf("%d days", n/(24*60))
}

// count writes a number of things.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// epoch is where the statements of this area begin to count minutes, on SQL Server's own clock.
var epoch = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// onClock is a time on SQL Server's own clock. It stands in UTC, which has no summer time.
func onClock(minutes int64) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }

// maxMinutes is the year 2120: a clock beyond it, or before the epoch, is none.
const maxMinutes = 100 * 366 * 24 * 60

func soundClock(minutes int64) bool { return minutes > 0 && minutes < maxMinutes }

// at writes a time on SQL Server's own clock.
func at(t time.Time) string { return t.Format("Mon 2006-01-02 15:04") }
