package catalog

// serviceManagerSteps are those of Microsoft's page on failed upgrades of Service Manager, by its
// sections; those of the third are numbered within.
func serviceManagerSteps() []Step {
	return []Step{
		step("1.1", "Correct what the prerequisite check fails").by("smprereq.upgrade-path", "smprereq.full-text", "smprereq.collation", "smprereq.sql-options", "smprereq.dotnet",
			"smprereq.drivers", "smprereq.tls", "smprereq.operations-manager", "smprereq.ports").confirmed("smprereq.setup-rights"),
		step("1.2", "Look at what the prerequisite check warns of").by("smprereq.hardware", "smprereq.components"),
		step("2.1", "The data warehouse databases are there").by("sql.database", "smpredicted.version", "smpredicted.names"),
		step("2.2", "SQL Server is of a supported version").by("sql.version"),
		step("2.3", "1 GB is free where each database lies").by("space.disk"),
		step("2.4", "The Data Access service can log on").by("accounts.service-logon", "accounts.service-state", "smpredicted.services", "smpredicted.events"),
		step("2.5", "The Management Configuration service can log on").by("accounts.service-logon", "accounts.service-state", "smpredicted.services", "smpredicted.events"),
		step("2.6", "There is room for the new files").by("space.disk"),
		step("2.7", "Setup can reach the installation folder").by("smpredicted.folder", "smpredicted.permissions"),
		step("3", "Retry after a failure before lasting changes").not(Afterwards, "Setup offers it itself; siteready check can be run before the retry"),
		step("4.1", "Reinstall the old version after a failure that changed the server").not(Afterwards, "what it needs is looked at before, by 4.2"),
		step("4.2", "The encryption key has a backup").by("smserver.encryption-key").confirmed("smserver.key-password"),
		step("5", "The databases have backups from before the upgrade").by("recovery.database-backup", "recovery.log-backup", "smprepare.retention"),
		step("6.1", "The configuration service did not start in time, by the log of Setup").shownBy(verbLogs),
		step("6.2", "The same, by event 7009").by("smstart.timeout", "smpredicted.events"),
		step("6.3", "Signatures of .NET assemblies are verified slowly").not(NotReadable, "the element in the configuration file of the service is not read; what it leads to is looked at by 6.2"),
		step("6.4", "Give services longer to start").by("smstart.timeout"),
	}
}

// preparingSteps are those of Q171338 in their modern form: its list, then S for what it says of
// secondary sites and N for its notes.
func preparingSteps() []Step {
	return []Step{
		step("1", "Read the release notes").confirmed("site.release-notes"),
		step("2", "Read the guide to upgrades").confirmed("site.release-notes"),
		step("3", "The accounts work and have their rights").by("accounts.setup-administrator", "accounts.setup-sysadmin", "accounts.service-logon", "accounts.service-state", "accounts.computer-administrator"),
		step("4", "No errors of connections or the hierarchy, on the parent and its children").by("site.health", "site.status-messages", "replication.components", "logs.services", "logs.components", "logs.replication"),
		step("5a", "The registry of the site is saved").by("recovery.site-backup"),
		step("5b", "The site control file is saved").by("recovery.site-backup", "recovery.database-backup"),
		step("5c", "The map of the sites is saved").by("recovery.database-backup"),
		step("6", "Database and folders of the site are backed up").by("recovery.database-backup", "recovery.site-backup").confirmed("recovery.restore-tested"),
		step("7", "Upgrade in quiet hours").by("window.agent-jobs", "window.agent-runs", "window.maintenance-tasks", "window.backup-habit", "window.running-work", "recovery.site-backup").confirmed("site.window"),
		step("8", "Reset the primary sites, restart the component manager of the secondary ones").by("site.services", "logs.components"),
		step("9", "SQL Server is set as the product needs it").by("sql.memory", "sql.collation", "sql.security-mode", "sql.database-settings", "sql.instance-options", "sql.broker-queues"),
		step("10", "Neither database nor log nor tempdb is full").by("space.data", "space.log", "space.tempdb", "space.growth"),
		step("S1", "Parent and child reach each other").by("network.site-servers", "network.names"),
		step("S2", "Every secondary site is active").by("site.status", "replication.links", "replication.parent", "replication.secondary-updates"),
		step("N1", "A switch delays the upgrade of secondary sites").not(Outdated, "today each is upgraded from the console after its parent; replication.secondary-updates tells which are behind"),
		step("N2", "Where papers on secondary sites are found").not(Explains, ""),
		step("N3", "Install the service pack of SQL Server again afterwards").not(Outdated, "updates of the product bring no files of SQL Server any more"),
	}
}

// sqlUpgradeSteps are those of KB 256202: the cause, its list, and the two remarks behind it.
func sqlUpgradeSteps() []Step {
	return []Step{
		step("0", "Whoever connects first keeps the set-up of SQL Server out").by("sql.upgrade-connections").confirmed("sql.upgrade-alone"),
		step("1", "Copy the media to a local drive").confirmed("sql.upgrade-media"),
		step("2", "Stop whatever uses SQL Server").by("sql.upgrade-connections"),
		step("3", "Stop and disable WMI").not(Outdated, "set-up needs WMI today, so siteready advises against it; site.services sees that it runs"),
		step("4", "Take the machine off the network").confirmed("sql.upgrade-alone"),
		step("5", "Run the set-up from the local copy").confirmed("sql.upgrade-media"),
		step("6", "Put the machine back on the network").confirmed("sql.upgrade-alone"),
		step("7", "Set WMI back to start by itself").by("site.services").confirmed("sql.upgrade-afterwards"),
		step("8", "Restart the machine").by("system.restart", "system.sql-restart").confirmed("sql.upgrade-afterwards"),
		step("9", "After a failure stop everything and run the set-up again").by("sql.upgrade-connections"),
		step("10", "The product's own set-up does not upgrade SQL Server").by("sql.version"),
	}
}

// secondarySteps are those of Q186408, in its order.
func secondarySteps() []Step {
	return []Step{
		step("1", "Many secondary sites with many servers each").by("replication.secondary-systems"),
		step("2", "The services of the secondary site take long to stop").by("replication.secondary-systems"),
		step("3", "Three lines in the log of the despooler").by("logs.replication").shownBy(verbLogs),
		step("4", "The upgrade never ends, and after 48 hours the site starts again").by("site.status", "replication.inboxes", "replication.secondary-updates").shownBy(verbDiagnose),
		step("5", "Force the upgrade with a switch of preinst").not(Outdated, "the switch is no longer there, and siteready does not advise it; the upgrade is retried from the console"),
	}
}
