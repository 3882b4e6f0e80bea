// Package replication checks what the sites of a hierarchy still have to hand over to each
// other, and whether a site works off what came in.
package replication

import (
	"fmt"

	"siteready/checks"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "replication", Title: "Replication and backlogs", Checks: []checks.Check{
		parentStatus(),
		links(),
		initialization(),
		backlog(),
		secondaries(),
		secondaryLoad(),
		inboxes(),
		components(),
	}}
}

const (
	pageRules      = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
	pageChecklist  = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603"
	pageLinks      = "https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/sql-replication"
	pageReinit     = "https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/sql-replication-reinit"
	pageInternals  = "https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/drs-synchronization-internals"
	pageReinitials = "https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/drs-reinitialization-internals"
)

// site is the key of an item about a site.
func site(code string) string { return "site " + code }

// count writes a number with its noun.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
