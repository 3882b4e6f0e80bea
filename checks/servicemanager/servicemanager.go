// Package servicemanager checks what System Center Service Manager alone needs for an upgrade.
// What it shares with the other product, such as space, backups, accounts and restarts, is
// judged by the checks of those areas over the databases and servers of both.
//
// The areas follow the phases in which Microsoft says that an upgrade may fail: the prerequisite
// check, the checks before anything is changed, what must be at rest, and what the way back
// needs once a server or a database has been changed.
package servicemanager

import (
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Areas are the sections of the report, in its order. An id begins with the area's, and a check
// stands in the file of its name.
func Areas() []checks.Area {
	return []checks.Area{
		{ID: "smprereq", Title: "Service Manager: prerequisites", Checks: []checks.Check{
			upgradePath(),
			hardware(),
			ports(),
			fullText(),
			collations(),
			sqlOptions(),
			dotNet(),
			drivers(),
			components(),
			oldTLS(),
			operationsManager(),
		}, Confirm: prerequisiteStatements()},
		{ID: "smpredicted", Title: "Service Manager: what Setup tests before it changes anything", Checks: []checks.Check{
			databaseVersion(),
			databaseNames(),
			services(),
			serviceEvents(),
			installFolder(),
			folderPermissions(),
		}},
		{ID: "smprepare", Title: "Service Manager: what must be at rest and in order", Checks: []checks.Check{
			upgradeOrder(),
			dataWarehouseJobs(),
			warehousePacks(),
			primaryKeys(),
			dates(),
			databaseScripts(),
			warehouseBackup(),
			connectors(),
			workflows(),
		}, Confirm: preparationStatements()},
		{ID: "smserver", Title: "Service Manager: the way back once a server was changed", Checks: []checks.Check{
			encryptionKey(),
		}, Confirm: serverStatements()},
		{ID: "smstart", Title: "Service Manager: start of the configuration service", Checks: []checks.Check{
			startTimeout(),
		}},
	}
}

// Pages of Microsoft's documentation below https://learn.microsoft.com/system-center/scsm/.
const (
	pageUpgrade     = "https://learn.microsoft.com/system-center/scsm/upgrade-service-manager"
	pageProblems    = "https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems"
	pageBuilds      = "https://learn.microsoft.com/system-center/scsm/release-build-versions"
	pageKey         = "https://learn.microsoft.com/system-center/scsm/encryption-key"
	pageMove        = "https://learn.microsoft.com/system-center/scsm/move-databases"
	pageCommandLine = "https://learn.microsoft.com/system-center/scsm/deploy-cmd-line"
)

// both are the servers of Service Manager.
func both() []discovery.Role { return []discovery.Role{discovery.Management, discovery.Warehouse} }

// reads are the questions by which Service Manager is found, and those of a check.
func reads(own ...platform.Form) []platform.Form {
	return append(discovery.ServiceManagerReads(), own...)
}

// databaseReads are those by which the databases of both servers are found, too.
func databaseReads(own ...platform.Form) []platform.Form {
	return slices.Concat(discovery.ServiceManagerReads(), discovery.ManagementDatabaseReads(), discovery.WarehouseDatabaseReads(), own)
}
