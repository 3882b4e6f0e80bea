// Package system checks the computer that the site server runs on.
package system

import "siteready/checks"

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "system", Title: "System requirements", Checks: []checks.Check{
		operatingSystem(),
		siteSystemWindows(),
		domainMember(),
		dotNet(),
		windowsInstaller(),
		deploymentKit(),
		pendingRestart(),
		sqlServerRestart(),
		differentialCompression(),
		failoverCluster(),
		wsusConsole(),
	}, Confirm: statements()}
}
