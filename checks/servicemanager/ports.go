package servicemanager

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// connectionPort is the port over which this statement itself came; null where it did not come
// over TCP.
var connectionPort = platform.SQL[portRow]("connection-port", `
	SELECT CAST(CONNECTIONPROPERTY(N'local_tcp_port') AS int) AS port,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see`)

type portRow struct {
	Port *int `json:"port"`
}

// Microsoft's page on ports calls those of Service Manager fixed.
const (
	sqlPort        = 1433
	dataAccessPort = ":5724"
	largestPort    = 65535

	pagePorts = "https://learn.microsoft.com/system-center/scsm/ports"
)

func ports() checks.Check {
	return checks.Check{
		ID:    "smprereq.ports",
		Title: "Can this server reach the ports that Service Manager uses?",
		Why: "The servers talk to their databases on port 1433 and to each other's Data Access service on port 5724, and the ports cannot be changed. " +
			"One page demands 1433 of SQL Server; other ports are seen to work.",
		Consequence: "Setup cannot reach a database, or the registration of the data warehouse and its jobs break after the upgrade.",
		Remedy:      "Let the port through the firewalls between the two servers, and see that the service System Center Data Access Service runs on the one that is named here.",
		Command:     "Test-NetConnection SERVER -Port 5724",
		Covers:      []string{"SQL Server on port 1433", "Ports are open"},
		Sources: []string{
			pagePorts, "https://learn.microsoft.com/system-center/scsm/prepare-deploy",
			"https://learn.microsoft.com/sql/t-sql/functions/connectionproperty-transact-sql",
		},
		Rights: []string{
			discovery.RegistryRight, "SQL Server: a user in each database of Service Manager, and the rights of smprepare.order on a management server",
			"Windows: connect to the port 5724 of the data warehouse management server",
		},
		Reads: databaseReads(connectionPort.In("{SQL Server}", "{database}").Form(), registeredWarehouse.In("{SQL Server}", "{database}").Form(),
			platform.ReadTCP("{data warehouse management server}"+dataAccessPort).Form()),
		Run: discovery.OnServer(runPorts, both()...),
	}
}

func runPorts(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	var seen []string
	for _, d := range databases {
		if !slices.Contains(seen, d.Instance) {
			seen = append(seen, d.Instance)
			items = append(items, judgeSQLPort(ctx, c, d))
		}
	}
	notes := []string{"The ports of Analysis Services (2383) and of Reporting Services (80) were not tried, and none from other servers to this one."}
	if sm.Server == discovery.Management {
		item, found := judgeDataAccess(ctx, c, databases[0])
		if found {
			items = append(items, item)
		} else {
			notes = append(notes, "No data warehouse is registered here, so no connection to one was tried.")
		}
	}
	summary := "This server reaches the ports that Service Manager uses."
	switch {
	case checks.Count(items, checks.Failed) > 0:
		summary = "This server cannot connect to the data warehouse management server."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Not every port could be tried."
	case checks.Count(items, checks.Warning) > 0:
		summary = "SQL Server listens on another port than the one of Microsoft's page."
	}
	finding := checks.Items(summary, items...)
	finding.Notes = notes
	return finding, nil
}

// judgeSQLPort judges the port of an instance. That the statement was answered proves that the
// port is open from here.
func judgeSQLPort(ctx context.Context, c *checks.Case, d discovery.Database) checks.Item {
	item := checks.Item{Key: d.Instance, Wanted: fmt.Sprintf("port %d", sqlPort), Where: "CONNECTIONPROPERTY, local_tcp_port", Status: checks.Passed}
	row, err := platform.AskOne(ctx, c, connectionPort.In(d.Instance, d.Name))
	if err == nil && (row.Port == nil || *row.Port < 1 || *row.Port > largestPort) {
		err = platform.Refuse(platform.ErrUnsupported, "SQL Server %s does not say over which port it was asked", d.Instance)
	}
	if err != nil {
		return unread(item, err)
	}
	item.Found = fmt.Sprintf("port %d, open", *row.Port)
	if *row.Port != sqlPort {
		item.Status = checks.Warning
	}
	return item
}

// judgeDataAccess connects to the Data Access service of the data warehouse, when one is registered.
func judgeDataAccess(ctx context.Context, c *checks.Case, d discovery.Database) (item checks.Item, registered bool) {
	item = checks.Item{Key: "data warehouse" + dataAccessPort, Wanted: "open", Status: checks.Passed}
	server, err := warehouseServer(ctx, c, d)
	switch {
	case err != nil:
		return unread(item, err), true
	case server == "":
		return checks.Item{}, false
	}
	item.Key, item.Where = server+dataAccessPort, "a connection to "+server+dataAccessPort
	answer, err := platform.Ask(ctx, c, platform.ReadTCP(server+dataAccessPort))
	if err != nil {
		return unread(item, err), true
	}
	item.Found = map[string]string{
		platform.TCPOpen: "open", platform.TCPRefused: "refused", platform.TCPNoAnswer: "no answer",
		platform.TCPUnreachable: "no way to the server", platform.TCPNoName: "no server of this name",
	}[answer.Outcome]
	switch {
	case item.Found == "":
		return unread(item, platform.Refuse(platform.ErrMalformed, "the connection to %s became %q, which is not known here", server, answer.Outcome)), true
	case answer.Outcome != platform.TCPOpen:
		item.Status = checks.Failed
	}
	return item, true
}
