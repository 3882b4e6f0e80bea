package network

import (
	"context"
	"strconv"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// timeToTell is what stays of the check's time for what was found.
const timeToTell = 3 * time.Second

// brokerPort is the site's port of Service Broker as the site server's registry has it. Other
// sites send to it.
var brokerPort = platform.ReadNumber(databaseKey, "SSBPort")

func sqlPort() checks.Check {
	return checks.Check{
		ID:          "network.sql-port",
		Title:       "Can the site server connect to the ports of SQL Server?",
		Why:         "The site reaches its database over one TCP port, and the databases of other sites send to that of Service Broker. A firewall that forgets one of them lets some of it work.",
		Consequence: "Without SQL Server's port the site stands still, and so does its update. The product's own prerequisite check stops at a firewall without an exception for both; on a stand-alone primary site it warns.",
		Remedy:      "On SQL Server's machine let both ports through the firewall, and look whether SQL Server runs and listens there. Then look at what lies between the two machines.",
		Command:     `Test-NetConnection SERVER -Port 1433`,
		Rules:       []string{"Firewall exception for SQL Server", "Firewall exception for SQL Server (standalone primary site)"},
		Sources:     []string{pageRules + "#firewall-exception-for-sql-server", pagePorts},
		Rights:      []string{discovery.RegistryRight, connectRight, siteControlRight},
		Reads: append(discovery.DatabaseReads(), brokerPort.Form(), platform.ReadComputer().Form(), siteNetworkForm(),
			platform.ReadTCP("{SQL Server}:{port}").Form()),
		Run: onUpdatingSite(runSQLPort),
	}
}

func runSQLPort(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return checks.Finding{}, err
	}
	host := servers.MachineOf(d.Instance)
	if host == "" || host == "." || strings.EqualFold(host, "(local)") {
		host = "localhost"
	}
	port, err := portOf(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	attempts := []attempt{{key: "SQL Server " + address(host, port), wanted: open, host: host, port: port, bad: checks.Failed}}
	var notes []string
	broker, found, err := platform.Lookup(ctx, c, brokerPort)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !found:
		notes = append(notes, "The site server's registry has no port of Service Broker, so that one was not tried.")
	case broker < 1 || broker > largestPort:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s is %d, which is no port", brokerPort, broker)
	default:
		attempts = append(attempts, attempt{
			key: "Service Broker " + address(host, int(broker)), wanted: open + ", for the SQL Servers of other sites", host: host, port: int(broker), bad: checks.Warning,
		})
	}
	if own, ok := platform.Note(ctx, c, platform.ReadComputer()); servers.IsLoopback(host) || ok && servers.IsOwn(own, host) {
		notes = append(notes, "SQL Server is on this machine. Whether a firewall lets other servers through to it cannot be seen from here.")
	} else {
		notes = append(notes, "Only the way from this machine was tried, and none from management points or from the SQL Servers of other sites.")
	}
	finding := checks.Items("", tryAll(ctx, c, attempts)...)
	finding.Notes = notes
	finding.Summary = map[checks.Status]string{
		checks.Passed:  "The site server can connect to SQL Server.",
		checks.Warning: "The site server can connect to SQL Server, but not to Service Broker.",
		checks.Failed:  "The site server cannot connect to SQL Server.",
		checks.Unknown: "Not every port of SQL Server could be tried.",
	}[finding.Status()]
	return finding, nil
}

// portOf is the port of SERVER\INSTANCE,PORT. A named instance without one may have any; then it
// is the one that the site control has.
func portOf(ctx context.Context, c *checks.Case, d discovery.Database) (int, error) {
	server, text, named := strings.Cut(d.Instance, ",")
	if named {
		port, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || port < 1 || port > largestPort {
			return 0, platform.Refuse(platform.ErrMalformed, "%q names no port of SQL Server", d.Instance)
		}
		return port, nil
	}
	if !strings.Contains(server, `\`) {
		return usualSQLPort, nil
	}
	own, _, err := readSites(ctx, c, d)
	if err != nil {
		return 0, err
	}
	if own.SQLPort < 1 || own.SQLPort > largestPort {
		no := platform.Refuse(platform.ErrUnsupported, "neither the registry nor the site control says on which port the instance %s listens", d.Instance)
		no.Help = "Name it with its port: --sql-server SERVER,PORT."
		return 0, no
	}
	return own.SQLPort, nil
}
