package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// serviceBroker counts the listeners of Service Broker, and those that listen on the port that
// the site control of this site names. It has a row even when there is no listener. The port of
// SQL Server itself stands beside it in the site control; of a database in an availability group
// it may be the listener's, and is left out.
var serviceBroker = platform.SQL[brokerRow]("service-broker", `
	SELECT COUNT(t.listener_id) AS listeners, COUNT(CASE WHEN t.state = 1 THEN 1 END) AS online,
		COUNT(CASE WHEN t.state = 1 AND t.port = p.port THEN 1 END) AS on_site_port,
		ISNULL(MIN(CASE WHEN t.state = 1 THEN t.port END), -1) AS first_port, MAX(p.port) AS site_port,
		MAX(CASE WHEN d.database_id IS NOT NULL AND d.replica_id IS NULL THEN p.sql_port ELSE -1 END) AS sql_port,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition_Property', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1
			AND (HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER SECURITY STATE') = 1) THEN 1 ELSE 0 END AS may_see
	FROM (SELECT ISNULL(MAX(CASE WHEN v.Name = N'SSBPort' THEN CAST(v.Value3 AS int) END), -1) AS port,
			ISNULL(MAX(CASE WHEN v.Name = N'SQLServicePort' THEN CAST(v.Value3 AS int) END), -1) AS sql_port
		FROM dbo.SC_SiteDefinition s
		INNER JOIN dbo.SC_SiteDefinition_Property v ON v.SiteNumber = s.SiteNumber AND v.Name IN (N'SSBPort', N'SQLServicePort')
		WHERE s.SiteCode = dbo.fnGetSiteCode()) p
	LEFT JOIN sys.databases d ON d.database_id = DB_ID()
	LEFT JOIN sys.dm_tcp_listener_states t ON t.type = 1`)

type brokerRow struct {
	Listeners  int `json:"listeners"`
	Online     int `json:"online"`       // the others wait for a restart
	OnSitePort int `json:"on_site_port"` // of those that are online
	FirstPort  int `json:"first_port"`   // the lowest of those that are online; -1 for none
	SitePort   int `json:"site_port"`    // -1 when the site control does not name it
	SQLPort    int `json:"sql_port"`     // of SQL Server itself, by the site control; -1 when it does not name it, or in an availability group
}

// siteControl is the right that the reading of the site control's ports needs.
const siteControl = "SQL Server: SELECT on SC_SiteDefinition and SC_SiteDefinition_Property, and EXECUTE on fnGetSiteCode, in the site database"

// usualBrokerPort is the port of Service Broker where nobody chose another.
const usualBrokerPort = 4022

func brokerPort() checks.Check {
	return checks.Check{
		ID:          "sql.broker-port",
		Title:       "Does Service Broker listen on the port of the site?",
		Why:         "Sites replicate their databases through Service Broker. Its port is set when a site is installed, and is 4022 unless another was chosen.",
		Consequence: "The other sites cannot reach the database: replication stands still, and the update does not reach them.",
		Remedy:      "Start the endpoint of Service Broker, or restart SQL Server. Where the ports differ, set the port of the site again with the site maintenance of set-up.",
		Command:     "SELECT name, state_desc, port FROM sys.tcp_endpoints WHERE type_desc = 'SERVICE_BROKER'",
		Sources: []string{
			pageSQLConfig + "#sql-server-ports",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-tcp-listener-states-transact-sql",
		},
		Rights: []string{securityState, siteControl},
		Reads:  append(discovery.DatabaseReads(), serviceBroker.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runBrokerPort),
	}
}

func runBrokerPort(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site is updated from its parent, after it; look there"), nil
	}
	row, err := platform.AskOne(ctx, c, serviceBroker.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if row.OnSitePort < 0 || row.Online < row.OnSitePort || row.Listeners < row.Online || (row.Online == 0) != (row.FirstPort == -1) {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that of %d listeners of Service Broker %d are online, the first on port %d, and %d on the site's, which cannot be",
			d.Instance, row.Listeners, row.Online, row.FirstPort, row.OnSitePort)
	}
	port, known := row.SitePort, row.SitePort > 0
	if !known {
		port = usualBrokerPort
	}
	item := checks.Item{
		Key: d.Instance, Found: fmt.Sprintf("port %d", row.FirstPort), Wanted: fmt.Sprintf("port %d", port),
		Where: "sys.dm_tcp_listener_states; SC_SiteDefinition_Property, SSBPort", Status: checks.Warning,
	}
	switch {
	case row.Listeners == 0:
		item.Found = "no listener"
		return checks.Items("Service Broker does not listen.", item), nil
	case row.Online == 0:
		item.Found = "a listener that waits for a restart"
		return checks.Items("Service Broker does not listen until SQL Server is restarted.", item), nil
	case row.OnSitePort > 0, !known && row.FirstPort == port:
		item.Found, item.Status = item.Wanted, checks.Passed
		return checks.Items("Service Broker listens on the port of the site.", item), nil
	case !known:
		return checks.Items("The port of the site is not known.", checks.UnknownItem(item.Key, "the port of the site", platform.Refuse(platform.ErrUnsupported,
			"the site control of %s names no port for Service Broker, which listens on %d and not on the usual %d", d.Name, row.FirstPort, port))), nil
	}
	return checks.Items("Service Broker listens on another port than the site's.", item), nil
}
