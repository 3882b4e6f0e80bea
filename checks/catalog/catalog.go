// Package catalog is the table of contents: every area in the order of the report.
package catalog

import (
	"siteready/checks"
	"siteready/checks/accounts"
	"siteready/checks/drivers"
	"siteready/checks/recovery"
	"siteready/checks/replication"
	"siteready/checks/roles"
	"siteready/checks/site"
	"siteready/checks/space"
	"siteready/checks/sql"
	"siteready/checks/system"
)

// All is the catalogue.
func All() checks.Catalog {
	return checks.Catalog{
		system.Area(),
		drivers.Area(),
		space.Area(),
		accounts.Area(),
		sql.Area(),
		site.Area(),
		replication.Area(),
		roles.Area(),
		recovery.Area(),
	}
}
