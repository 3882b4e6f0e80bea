package sql

import (
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
)

// pageConfigure is where Microsoft's pages about the options of an instance are.
const pageConfigure = "https://learn.microsoft.com/sql/database-engine/configure-windows/"

func instanceOptions() checks.Check {
	return checks.Check{
		ID:    "sql.instance-options",
		Title: "Does no option of SQL Server refuse what an update does?",
		Why: "SQL Server can be told to refuse statements that take long, connections and locks above a number, and code of .NET. " +
			"An update needs all of them.",
		Consequence: "SQL Server ends the update's statements with an error (8649 for their cost, 1204 for locks), or lets the site's servers no longer in.",
		Remedy:      "Set these options to 0, which is what SQL Server comes with. All but the first need a restart of SQL Server.",
		Command: "EXEC sp_configure 'show advanced options', 1; RECONFIGURE;\nEXEC sp_configure 'query governor cost limit', 0; EXEC sp_configure 'user connections', 0;\n" +
			"EXEC sp_configure 'locks', 0; EXEC sp_configure 'lightweight pooling', 0; RECONFIGURE;",
		Sources: []string{
			pageConfigure + "configure-the-query-governor-cost-limit-server-configuration-option",
			pageConfigure + "configure-the-user-connections-server-configuration-option",
			pageConfigure + "configure-the-locks-server-configuration-option",
			pageConfigure + "lightweight-pooling-server-configuration-option",
		},
		Rights: []string{inDatabase},
		Reads:  optionsReads(),
		Run:    onOptions(runInstanceOptions),
	}
}

// As many connections as SQL Server can have are no limit.
const (
	userConnections = "user connections"
	mostConnections = 32767
)

func runInstanceOptions(d discovery.Database, row optionsRow) checks.Finding {
	const where = "sys.configurations, value_in_use"
	var items []checks.Item
	for _, limit := range []struct {
		key, unit string
		value     int64
	}{
		{"query governor cost limit", "seconds", row.CostLimit},
		{userConnections, "connections", row.Connections},
		{"locks", "locks", row.Locks},
	} {
		item := checks.Item{Key: limit.key, Found: "none", Wanted: "none", Where: where, Status: checks.Passed}
		switch {
		case limit.value < 0:
			item = untold(limit.key, item.Wanted, d.Instance, "the option "+limit.key)
		case limit.key == userConnections && limit.value >= mostConnections:
		case limit.value > 0:
			item.Found, item.Status = fmt.Sprintf("%d %s", limit.value, limit.unit), checks.Warning
		}
		items = append(items, item)
	}
	items = append(items,
		option{"lightweight pooling", where, "off", row.Fibers, offOn(), []int64{0}}.judge(d))
	finding := checks.Items("No option refuses what an update does.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "SQL Server has options that can refuse what an update does."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not all options of SQL Server are known."
	}
	return finding
}
