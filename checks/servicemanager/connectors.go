package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// connectorState counts the connectors that are enabled, all of them, and the synchronizations
// that have begun and are not at their end. The names are those of the tool of Microsoft's
// support; each ends with a number that is the same in every database.
var connectorState = platform.SQL[connectorRow]("connectors", `
	SELECT a.connectors, a.active, r.running,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.MTV_Connector', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.BaseManagedEntity', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.MTV_Microsoft$SystemCenter$LinkingFramework$SyncStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS connectors, COUNT(CASE WHEN ISNULL(c.Enabled_2B488464_2BCA_D1E4_B438_D6DE9759E808, 1) = 1 THEN 1 END) AS active
		FROM dbo.MTV_Connector c INNER JOIN dbo.BaseManagedEntity e ON e.BaseManagedEntityId = c.BaseManagedEntityId WHERE e.IsDeleted = 0) a
	CROSS JOIN (SELECT COUNT(1) AS running
		FROM dbo.MTV_Microsoft$SystemCenter$LinkingFramework$SyncStatus s
		INNER JOIN dbo.BaseManagedEntity b ON b.BaseManagedEntityId = s.BaseManagedEntityId
		WHERE b.IsDeleted = 0 AND s.LastRunStartTime_2B415DAF_7E5C_1241_ADD4_955E08C15B89 IS NOT NULL
			AND (s.LastRunFinishTime_B2581D10_0D95_2D11_A250_5BFC7E325EDC IS NULL
				OR s.LastRunFinishTime_B2581D10_0D95_2D11_A250_5BFC7E325EDC < s.LastRunStartTime_2B415DAF_7E5C_1241_ADD4_955E08C15B89)) r`)

type connectorRow struct {
	Connectors int `json:"connectors"`
	Active     int `json:"active"`  // enabled
	Running    int `json:"running"` // synchronizations
}

func connectors() checks.Check {
	return checks.Check{
		ID:          "smprepare.connectors",
		Title:       "Are the connectors disabled, and idle?",
		Why:         "A connector that begins to synchronize writes thousands of objects, while Setup changes the tables that they go to.",
		Consequence: "The upgrade waits for locks or takes much longer, and the workflows have the work of a whole synchronization to catch up with afterwards.",
		Remedy:      "Wait until no connector synchronizes, and disable all of them in the console: Administration, Connectors. Note which ones were enabled, and enable them after the upgrade.",
		Command:     "Get-SCSMConnector | Format-Table DisplayName, Enabled, Status",
		Covers:      []string{"Connectors are disabled and idle"},
		Sources:     []string{"https://learn.microsoft.com/system-center/scsm/prod-env", pageCSS},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on MTV_Connector, BaseManagedEntity and MTV_Microsoft$SystemCenter$LinkingFramework$SyncStatus in the database ServiceManager",
		},
		Reads: managementReads(connectorState.In("{SQL Server}", "{database}").Form()),
		Run:   discovery.OnServer(runConnectors, discovery.Management),
	}
}

// managementReads are the questions by which the database of a management server is found, and
// those of a check.
func managementReads(own ...platform.Form) []platform.Form {
	return append(reads(discovery.ManagementDatabaseReads()...), own...)
}

// managementDatabase is the database of a management server.
func managementDatabase(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (discovery.Database, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return discovery.Database{}, err
	}
	if len(databases) != 1 {
		return discovery.Database{}, platform.Refuse(platform.ErrMalformed, "a management server has one database, and %d were found", len(databases))
	}
	return databases[0], nil
}

func runConnectors(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := managementDatabase(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	row, err := platform.AskOne(ctx, c, connectorState.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if row.Connectors < 0 || row.Active < 0 || row.Active > row.Connectors || row.Running < 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of connectors what cannot be: %+v", d.Instance, row)
	}
	enabled := checks.Item{
		Key: "enabled", Found: fmt.Sprintf("%d of %d connectors", row.Active, row.Connectors), Wanted: "none when Setup begins", Where: "MTV_Connector", Status: checks.Passed,
	}
	running := checks.Item{
		Key: "synchronizing", Found: fmt.Sprintf("%d synchronizations begun and not at their end", row.Running), Wanted: "none when Setup begins",
		Where: "MTV_Microsoft$SystemCenter$LinkingFramework$SyncStatus", Status: checks.Passed,
	}
	summary := "No connector is enabled, and none synchronizes."
	if row.Active > 0 {
		enabled.Status, summary = checks.Warning, "Connectors are enabled, and may begin to synchronize while Setup runs."
	}
	if row.Running > 0 {
		running.Status, summary = checks.Warning, "A connector synchronizes."
	}
	return checks.Items(summary, enabled, running), nil
}
