package servicemanager

import "siteready/checks"

const pageRecovery = "https://learn.microsoft.com/system-center/scsm/prepare-disaster-recovery"

// prerequisiteStatements are the prerequisites that only a person can tell.
func prerequisiteStatements() []checks.Statement {
	return []checks.Statement{{
		ID:     "smprereq.setup-rights",
		Text:   "Whoever runs Setup of Service Manager is a local administrator of each server and of SQL Server's, sysadmin on each instance, and Content Manager of Reporting Services.",
		Why:    "Setup runs as the person who starts it, and ends where a right is missing. Named with --setup-account, the account is looked at on this server and on its instances.",
		Source: "https://learn.microsoft.com/system-center/scsm/prepare-deploy",
	}, {
		ID:     "smprereq.reporting-services",
		Text:   "Where SQL Server is upgraded, too, the report database and the encryption key of Reporting Services are saved, and the URLs are noted.",
		Why:    "From SQL Server 2017 on the upgrade uninstalls Reporting Services, and the reports of Service Manager expect them at the same address afterwards.",
		Source: pageNeeds,
	}}
}

// preparationStatements are what only a person can tell to be in order.
func preparationStatements() []checks.Statement {
	return []checks.Statement{{
		ID:     "smprepare.unsealed-packs",
		Text:   "All unsealed management packs are exported, since they were last changed.",
		Why:    "They hold the forms, views, queues and workflows that were made here, and Microsoft's way of recovery imports them from files.",
		Source: pageRecovery,
	}, {
		ID:     "smprepare.custom-reports",
		Text:   "Custom reports, and the database and key of Reporting Services, are saved.",
		Why:    "The data warehouse can be restored only together with its reports.",
		Source: pageEnvUp,
	}, {
		ID:     "smprepare.rehearsed",
		Text:   "The upgrade was rehearsed in a lab, with copies of the databases.",
		Why:    "What an upgrade does to the own data, forms and jobs shows in no other way, nor does the time that it takes.",
		Source: pageUpgrade,
	}, {
		ID:     "smprepare.custom-code",
		Text:   "Workflows, forms and programs of others were tested with the target release.",
		Why:    "Classes have moved between assemblies, and code that was built against the old ones ends with an error.",
		Source: pageUpgrade,
	}, {
		ID:     "smprepare.directory-connector",
		Text:   "Nobody changes the setting of the Active Directory connector on the expansion of groups until the connector has run once after an upgrade from 2012 R2.",
		Why:    "Microsoft's page on the upgrade asks for it.",
		Source: pageEnvUp,
	}}
}
