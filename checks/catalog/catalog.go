// Package catalog is the table of contents: every area in the order of the report.
package catalog

import (
	"siteready/checks"
	"siteready/checks/accounts"
	"siteready/checks/drivers"
	"siteready/checks/logs"
	"siteready/checks/network"
	"siteready/checks/recovery"
	"siteready/checks/replication"
	"siteready/checks/roles"
	"siteready/checks/security"
	"siteready/checks/servicemanager"
	"siteready/checks/site"
	"siteready/checks/space"
	"siteready/checks/sql"
	"siteready/checks/system"
	"siteready/checks/window"
)

// All is the catalogue. Each check names the documents whose steps it covers, beside its own sources.
func All() checks.Catalog {
	return sourced(append(checks.Catalog{
		system.Area(),
		drivers.Area(),
		security.Area(),
		space.Area(),
		accounts.Area(),
		network.Area(),
		sql.Area(),
		site.Area(),
		replication.Area(),
		roles.Area(),
		window.Area(),
		recovery.Area(),
		logs.Area(),
	}, servicemanager.Areas()...))
}
