// Package recovery checks that there is a way back when an update fails.
package recovery

import "siteready/checks"

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "recovery", Title: "Backup and recovery", Checks: []checks.Check{
		fullBackup(),
	}}
}
