// Package recovery checks that there is a way back when an update fails.
package recovery

import (
	"fmt"
	"time"

	"siteready/checks"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "recovery", Title: "Backup and recovery", Checks: []checks.Check{
		fullBackup(),
		logBackup(),
		siteBackup(),
		integrity(),
		suspectPages(),
		encryption(),
	}, Confirm: statements()}
}

// ofSecondary is why the checks of this area do not apply to a secondary site.
const ofSecondary = "a secondary site is not restored from a backup, it is installed again"

// What the statements of this area need.
const (
	historyRight  = "SQL Server: SELECT on msdb.dbo.backupset and msdb.dbo.backupmediafamily, and a user in the site database"
	taskRight     = "SQL Server: SELECT on vSMS_SC_SQL_Task, v_StatusMessage and SQLTaskStatus, and EXECUTE on fnGetSiteCode, in the site database"
	databaseRight = "SQL Server: a user in the site database"
)

// oldAtStart writes how old something is now, and how old it will be when the update starts,
// unless what happens.
func oldAtStart(c *checks.Case, now time.Duration, unless string) string {
	then := hours(now + c.JudgedFor.Sub(c.ReadAt()))
	if hours(now) == then {
		return then + " old"
	}
	return hours(now) + " old now, and will be " + then + " old when the update starts, unless " + unless
}

// hours writes an age for people.
func hours(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
