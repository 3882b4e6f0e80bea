package sql

import "siteready/checks"

// statements are what only a person can tell about an upgrade of SQL Server before the product's.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "sql.upgrade-media", Source: checks.DocSQLUpgrade,
			Text: "Where SQL Server is upgraded, too, its media lies on a local fixed drive of SQL Server's machine, and Set-up is started from there.",
			Why:  "Set-up goes on for long, and a share or a mapped drive that is lost meanwhile ends it. Where the media will lie shows nowhere.",
		},
		{
			ID: "sql.upgrade-alone", Source: checks.DocSQLUpgrade,
			Text: "Where SQL Server is upgraded, too, nobody on the network can connect to it meanwhile: its port is closed in the firewall, and availability groups fail over by hand.",
			Why:  "Set-up restarts SQL Server for a single user, and whoever connects first keeps it out. siteready sees who is connected now, not who will be.",
		},
		{
			ID: "sql.upgrade-afterwards", Source: checks.DocSQLUpgrade,
			Text: "Where SQL Server is upgraded, too, there is a list of the services that are stopped for it with their start types, and the machine is restarted after they were set back.",
			Why:  "A service that stays disabled is missed only when the product is updated. sql.upgrade-connections notes what is to be set back on the site's own server.",
		},
	}
}
