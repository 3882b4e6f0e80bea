package catalog

import "slices"

// updateSteps are those of Microsoft's article on updates and servicing, by its chapters: 1 before
// one begins and what to avoid, 2 synchronization and applicability, 3 download, 4 replication,
// 5 prerequisite check, 6 installation, 7 reference.
func updateSteps() []Step {
	return slices.Concat(
		beforeSteps(), synchronizationSteps(), downloadSteps(), replicationSteps(), prerequisiteSteps(), installationSteps(), referenceSteps(),
	)
}

func beforeSteps() []Step {
	return []Step{
		step("1.1", "Work through the checklist of the release").confirmed("site.release-notes", "site.software-assurance", "site.extensions", "site.customised-files",
			"site.hardware-inventory", "site.client-pilot", "site.window"),
		step("1.2", "Run Microsoft's checker first").by("site.prerequisite-check"),
		step("1.3", "Do not clean up the product's folders by hand").shownBy(verbDiagnose),
		step("1.4", "Do not change the tables by hand").shownBy(verbDiagnose),
		step("1.5", "Do not restore the site in the middle of an update").shownBy(verbDiagnose),
		step("1.6", "Do not reinstall the service connection point meanwhile").shownBy(verbDiagnose),
		step("1.7", "Do not restart the update service meanwhile").shownBy(verbDiagnose),
		step("1.8", "Do not hold the staging folder open").shownBy(verbDiagnose),
		step("1.9", "Do not use the reset tool once an installation has begun").shownBy(verbDiagnose),
		step("1.10", "Find out which package it is").by("site.packages").shownBy(verbDiagnose),
		step("1.11", "Find out which stage it is in").by("site.packages").shownBy(verbDiagnose),
	}
}

func synchronizationSteps() []Step {
	return []Step{
		step("2.1", "The downloader synchronizes once a day").by("logs.update", "roles.service-connection").shownBy(verbDiagnose),
		step("2.2", "Hierarchy Manager takes the manifest and finds what applies").by("logs.update").shownBy(verbDiagnose),
		step("2.3", "How the states look afterwards").by("site.packages").shownBy(verbDiagnose),
		step("2.4", "Online: look for errors of the downloader").by("logs.update").shownBy(verbDiagnose),
		step("2.5", "Online: see that the manifest was extracted").by("logs.update").shownBy(verbDiagnose),
		step("2.6", "Offline: see that the import brought the manifest").shownBy(verbLogs, verbDiagnose),
		step("2.7", "Offline: look for errors of the connection tool").shownBy(verbLogs, verbDiagnose),
		step("2.8", "An update that does not apply: try a newer one").shownBy(verbDiagnose),
		step("2.9", "Look up the state of the package in the database").by("site.packages").shownBy(verbDiagnose),
		step("2.10", "All places name the same version of the site").by("site.versions"),
	}
}

func downloadSteps() []Step {
	return []Step{
		step("3.1", "The downloader loads the update and what it needs").by("logs.update").shownBy(verbDiagnose),
		step("3.2", "The download ends").by("logs.update").shownBy(verbDiagnose),
		step("3.3", "How the states look afterwards").by("site.packages").shownBy(verbDiagnose),
		step("3.4", "Look which address failed").by("logs.update", "logs.setup").shownBy(verbLogs, verbDiagnose),
		step("3.5", "The internet can be reached, with TLS 1.2").by("security.endpoints", "security.tls12", "security.cipher-suites", "security.root-certificate"),
		step("3.6", "The proxy is right").by("security.proxy"),
		step("3.7", "Load the address with a browser, and look at the signature").not(NotReadable, "siteready downloads nothing"),
		step("3.8", "Trace the network").not(NotReadable, "siteready records no traffic"),
		step("3.9", "The virus scanner leaves the folders alone").by("security.antivirus").confirmed("system.antivirus"),
		step("3.10", "Begin again with the reset tool").not(Changes, "siteready diagnose says when it is allowed"),
	}
}

func replicationSteps() []Step {
	return []Step{
		step("4.1", "Replication begins for the chosen update").shownBy(verbDiagnose),
		step("4.2", "Hierarchy Manager renews the hidden package").by("site.update-content").shownBy(verbDiagnose),
		step("4.3", "The distribution manager sends it to the sites").by("site.update-content", "logs.content").shownBy(verbDiagnose),
		step("4.4", "It arrives, and each site is told").by("site.update-content").shownBy(verbDiagnose),
		step("4.5", "Each site has the content in its library afterwards").by("site.update-content").shownBy(verbDiagnose),
		step("4.6", "Stays at enabled: read the log of Hierarchy Manager").by("logs.update").shownBy(verbDiagnose),
		step("4.7", "Stays at enabled: look for the last sub-stage").shownBy(verbDiagnose),
		step("4.8", "Stays at enabled: make the trigger file again").not(Changes, "it writes into an inbox"),
		step("4.9", "The site server reaches the share with the update").shownBy(verbDiagnose),
		step("4.10", "Source, version and number of the hidden package are right").by("site.update-content").shownBy(verbDiagnose),
		step("4.11", "Follow the package through the logs of distribution").by("logs.content", "logs.replication"),
		step("4.12", "Let the content be sent again").not(Changes, "siteready diagnose says when it helps"),
	}
}

func prerequisiteSteps() []Step {
	return []Step{
		step("5.1", "The check is asked for").shownBy(verbDiagnose),
		step("5.2", "The update service is told of it").by("site.services").shownBy(verbDiagnose),
		step("5.3", "The update service extracts the update").by("logs.update").shownBy(verbDiagnose),
		step("5.4", "The update service starts the check").shownBy(verbDiagnose),
		step("5.5", "The checker begins").by("site.prerequisite-check"),
		step("5.6", "The checker goes through its rules").by("site.prerequisite-check"),
		step("5.7", "The results come together over all sites").by("site.packages").shownBy(verbDiagnose),
		step("5.8", "How the states look afterwards").by("site.packages").shownBy(verbDiagnose),
		step("5.9", "It hangs: look at the replication").by("site.update-content").shownBy(verbDiagnose),
		step("5.10", "It failed: read the checker's log").by("site.prerequisite-check"),
		step("5.11", "The SQL clients are new enough").by("drivers.odbc18", "drivers.sqlncli"),
		step("5.12", "No site system runs Windows Server 2012").by("system.windows", "system.site-systems"),
		step("5.13", "After an upgrade of Windows restart the site system").by("system.site-systems"),
		step("5.14", "No policies for resource access, nor their point").by("roles.resource-access", "roles.removed"),
		step("5.15", "No cloud management gateway of the old kind").by("roles.cloud-gateway"),
		step("5.16", "HTTPS or Enhanced HTTP").by("site.https"),
	}
}

func installationSteps() []Step {
	return []Step{
		step("6.1", "The site server is ready, and its service window open").by("site.services").confirmed("window.service-windows").shownBy(verbDiagnose),
		step("6.2", "The update service verifies the update").by("logs.update").shownBy(verbDiagnose),
		step("6.3.1", "Scripts before the upgrade").shownBy(verbDiagnose),
		step("6.3.2", "Service Broker goes off").shownBy(verbDiagnose),
		step("6.3.3", "The services stop").shownBy(verbDiagnose),
		step("6.3.4", "The WMI providers are unloaded").shownBy(verbDiagnose),
		step("6.3.5", "The triggers of the database monitor are dropped").shownBy(verbDiagnose),
		step("6.3.6", "The site control is saved").shownBy(verbDiagnose),
		step("6.3.7", "The database is upgraded").by("window.blocking", "window.transactions", "sql.foreign-objects", "sql.server-triggers", "space.log", "space.data").shownBy(verbDiagnose),
		step("6.3.8", "What the registry says of SQL Server").shownBy(verbDiagnose),
		step("6.3.9", "What the registry says of replication").shownBy(verbDiagnose),
		step("6.3.10", "Files, languages and components are installed").by("space.disk").shownBy(verbDiagnose),
		step("6.3.11", "The site control is renewed").shownBy(verbDiagnose),
		step("6.3.12", "Service Broker is set up").by("sql.broker-queues").shownBy(verbDiagnose),
		step("6.3.13", "WMI and the services start").by("site.services").shownBy(verbDiagnose),
		step("6.3.14", "The table of sites is renewed").shownBy(verbDiagnose),
		step("6.3.15", "The files of the console are renewed").shownBy(verbDiagnose),
		step("6.3.16", "Service Broker goes on").shownBy(verbDiagnose),
		step("6.4", "The packages for operating systems are renewed").shownBy(verbDiagnose),
		step("6.5", "The copy of the media is renewed").shownBy(verbDiagnose),
		step("6.6.1", "Afterwards: the executive is installed").shownBy(verbDiagnose),
		step("6.6.2", "Afterwards: the database monitor is installed").shownBy(verbDiagnose),
		step("6.6.3", "Afterwards: Hierarchy Manager is installed").shownBy(verbDiagnose),
		step("6.6.4", "Afterwards: the replication manager is installed").shownBy(verbDiagnose),
		step("6.6.5", "Afterwards: replication starts").by("replication.links").shownBy(verbDiagnose),
		step("6.6.6", "Afterwards: the client for the pilot").shownBy(verbDiagnose),
		step("6.6.7", "Afterwards: the folder of the client").shownBy(verbDiagnose),
		step("6.6.8", "Afterwards: the package of the client").by("roles.client-package").shownBy(verbDiagnose),
		step("6.6.9", "Afterwards: features are switched on").shownBy(verbDiagnose),
		step("6.7", "How the states look afterwards").by("site.packages").shownBy(verbDiagnose),
		step("6.8", "Look at the states of every site").by("site.packages").shownBy(verbDiagnose),
		step("6.9.1", "Seems stuck: it is still at work").shownBy(verbDiagnose),
		step("6.9.2", "Seems stuck: the content has not arrived").by("site.update-content").shownBy(verbDiagnose),
		step("6.9.3", "Seems stuck: a site waits for its service window").confirmed("window.service-windows").shownBy(verbDiagnose),
		step("6.9.4", "Seems stuck: the update service has stopped").by("site.services").shownBy(verbDiagnose),
		step("6.9.5", "Seems stuck: the databases do not replicate").by("replication.links", "replication.initialization", "replication.backlog").shownBy(verbDiagnose),
		step("6.10", "Read the logs of the installation").by("logs.update", "logs.components").shownBy(verbLogs),
		step("6.11.1", "A file of the update is not trusted").by("logs.update").shownBy(verbLogs),
		step("6.11.2", "Payload and redistributables are signed; where they cannot be loaded, go offline").not(NotReadable, "signatures of the payload are not verified; siteready diagnose says when files of it are gone"),
		step("6.11.3", "Let the content be sent again, and try again").not(Changes, "siteready diagnose says when it helps"),
		step("6.12", "Installed everywhere, and the console says otherwise").by("replication.links", "replication.initialization").shownBy(verbDiagnose),
		step("6.13", "The update service starts over and over").by("logs.services", "logs.update").shownBy(verbDiagnose),
		step("6.14", "A scanner ends the update service; dump its memory").not(NotReadable, "a dump is made of a running program; security.antivirus looks at the exclusions before"),
		step("6.15", "Objects of others in the database").by("sql.foreign-objects"),
		step("6.16", "Programs of others hold locks in the database").by("window.sessions", "window.transactions", "window.blocking").confirmed("window.tools-stopped").shownBy(verbDiagnose),
	}
}

func referenceSteps() []Step {
	return []Step{
		step("7.1", "Words, components and folders").not(Explains, "siteready diagnose and siteready logs use them"),
		step("7.2", "Codes of states").by("site.packages").shownBy(verbDiagnose),
		step("7.3", "Flags of an installation").shownBy(verbDiagnose),
	}
}
