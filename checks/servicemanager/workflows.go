package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// workflowLag says how far the workflows are behind the newest change, each counted from the
// change that it reached. Where that one is groomed, the oldest that is still there counts, and
// the workflow is at least that far behind. The tables are those of a statement that Microsoft's
// support published.
var workflowLag = platform.SQL[workflowRow]("workflow-lag", `
	SELECT COUNT(w.RuleId) AS workflows, COUNT(CASE WHEN w.reached < n.newest THEN 1 END) AS behind,
		ISNULL(MAX(CASE WHEN w.reached < n.newest THEN DATEDIFF(minute, f.added, z.TimeAdded) ELSE 0 END), 0) AS behind_minutes,
		COUNT(CASE WHEN n.newest IS NULL OR w.reached < n.newest AND (f.added IS NULL OR z.TimeAdded IS NULL) THEN 1 END) AS untold,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.CmdbInstanceSubscriptionState', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.Rules', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.EntityChangeLog', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.EntityTransactionLog', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT s.RuleId, MAX(s.State) AS reached
		FROM dbo.CmdbInstanceSubscriptionState s INNER JOIN dbo.Rules u ON u.RuleId = s.RuleId
		WHERE u.RuleEnabled <> 0 AND s.IsPeriodicQueryEvent = 0 GROUP BY s.RuleId) w
	CROSS JOIN (SELECT MAX(c.EntityTransactionLogId) AS newest FROM dbo.EntityChangeLog c) n
	LEFT JOIN dbo.EntityTransactionLog z ON z.EntityTransactionLogId = n.newest
	OUTER APPLY (SELECT TOP (1) e.TimeAdded AS added FROM dbo.EntityTransactionLog e
		WHERE e.EntityTransactionLogId >= w.reached ORDER BY e.EntityTransactionLogId) f`)

type workflowRow struct {
	Workflows int `json:"workflows"`
	Behind    int `json:"behind"`         // workflows that did not reach the newest change
	Minutes   int `json:"behind_minutes"` // of the last one
	Untold    int `json:"untold"`         // workflows of which it is not known
}

const warnsAbove = "warns_above"

func workflows() checks.Check {
	return checks.Check{
		ID:          "smprepare.workflows",
		Title:       "Have the workflows caught up with the changes?",
		Why:         "Workflows go through all changes one after the other. Those that wait when the services stop are worked off by the new version, in the hours in which it is to be tested.",
		Consequence: "Notifications and changes of state come late or twice after the upgrade, and the first tests of it say nothing.",
		Remedy:      "Stop the self-service portal and the connectors, and wait ten minutes or until this check is green. When it stays, see in the console which workflow fails: Administration, Workflows, Status.",
		Command:     "SELECT RuleId, State, LastModified FROM dbo.CmdbInstanceSubscriptionState WHERE IsPeriodicQueryEvent = 0 ORDER BY State",
		Covers:      []string{"Workflows are not behind"},
		Sources: []string{
			pageEnvUp, pageCSS, "https://techcommunity.microsoft.com/t5/system-center-blog/troubleshooting-workflow-performance-and-delays/ba-p/347510",
		},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on CmdbInstanceSubscriptionState, Rules, EntityChangeLog and EntityTransactionLog in the database ServiceManager",
		},
		Reads: managementReads(workflowLag.In("{SQL Server}", "{database}").Form()),
		Settings: []checks.Setting{
			{Name: warnsAbove, Default: 15, Unit: "minutes", Source: "the tool of Microsoft's support for Service Manager", About: "between the change that a workflow has reached and the newest one"},
		},
		Run: discovery.OnServer(runWorkflows, discovery.Management),
	}
}

func runWorkflows(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := managementDatabase(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	row, err := platform.AskOne(ctx, c, workflowLag.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if row.Workflows < 1 || row.Behind < 0 || row.Behind > row.Workflows || row.Minutes < 0 || row.Untold < 0 || row.Untold > row.Workflows {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of the workflows in %s what cannot be: %+v", d.Instance, d.Name, row)
	}
	most := c.Setting(warnsAbove)
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: fmt.Sprintf("%d of %d workflows behind, the last one by %d minutes", row.Behind, row.Workflows, row.Minutes),
		Wanted: fmt.Sprintf("at most %g minutes behind", most), Where: "CmdbInstanceSubscriptionState", Status: checks.Passed,
	}
	switch {
	case float64(row.Minutes) > most:
		item.Status = checks.Warning
		return checks.Items("Workflows are behind.", item), nil
	case row.Untold > 0:
		return checks.Items("How far the workflows are behind is not known.", unread(item, platform.Refuse(platform.ErrMalformed,
			"the log of changes in %s does not tell how far %d of %d workflows are behind", d.Name, row.Untold, row.Workflows))), nil
	}
	return checks.Items("The workflows have caught up with the changes.", item), nil
}
