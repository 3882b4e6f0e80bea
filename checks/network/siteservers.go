package network

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

const smbPort = 445

func siteServers() checks.Check {
	return checks.Check{
		ID:          "network.site-servers",
		Title:       "Can the site server connect to the parent and child sites?",
		Why:         "Sites send each other files over SMB, and their SQL Servers talk to each other directly. An update goes to the other sites over both.",
		Consequence: "The update stays on the way to the other site, or what that site reports does not come back.",
		Remedy:      "Let the port named here through the firewalls between the two machines, and look whether the other server runs.",
		Command:     `Test-NetConnection SERVER -Port 445`,
		Sources:     []string{pagePorts, "https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/database-replication"},
		Rights:      []string{discovery.RegistryRight, connectRight, siteControlRight},
		Reads: append(discovery.DatabaseReads(), siteNetworkForm(), platform.ReadComputer().Form(),
			platform.ReadTCP("{site server}:445").Form(), platform.ReadTCP("{SQL Server}:{port}").Form()),
		Run: onUpdatingSite(runSiteServers),
	}
}

func runSiteServers(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return checks.Finding{}, err
	}
	_, others, err := readSites(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if len(others) == 0 {
		return checks.DoesNotApply("the site has no parent and no child site"), nil
	}
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	host := servers.MachineOf(d.Instance)
	attempts, notes := ways(others, servers.IsLoopback(host) || servers.IsOwn(own, host))
	items := tryAll(ctx, c, attempts)
	finding := checks.Items("", items...)
	finding.Notes = notes
	switch closed := checks.Count(items, checks.Warning); {
	case closed == 1:
		finding.Summary = "One port of another site is not open from here."
	case closed > 1:
		finding.Summary = "Some ports of other sites are not open from here."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not every port of the other sites could be tried."
	default:
		finding.Summary = "The other sites can be reached."
	}
	return finding, nil
}

// ways are the ports of the other sites that can be tried from here: those of SQL Server only
// where the own one is on this machine, because SQL Servers talk to each other directly.
func ways(others []siteRow, here bool) (attempts []attempt, notes []string) {
	for _, site := range others {
		attempts = append(attempts, attempt{key: "site " + site.Site + " file replication", wanted: open, host: site.Server, port: smbPort, bad: checks.Warning})
		if !here {
			continue
		}
		if site.SQLServer == "" {
			notes = append(notes, "The site control names no SQL Server of site "+site.Site+", so that its ports were not tried.")
			continue
		}
		for _, one := range []struct {
			name string
			port int
		}{{"SQL Server", site.SQLPort}, {"Service Broker", site.BrokerPort}} {
			if one.port < 1 || one.port > largestPort {
				notes = append(notes, "The site control names no port of "+one.name+" of site "+site.Site+", so that it was not tried.")
				continue
			}
			attempts = append(attempts, attempt{key: "site " + site.Site + " " + one.name, wanted: open, host: site.SQLServer, port: one.port, bad: checks.Warning})
		}
	}
	if !here {
		notes = append(notes, "SQL Servers of sites talk to each other directly. This site's is on another machine, so that its ways to the others cannot be tried from here.")
	}
	return attempts, notes
}
