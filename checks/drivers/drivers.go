// Package drivers checks the client drivers through which a site server reaches SQL Server.
package drivers

import "siteready/checks"

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "drivers", Title: "Dependent components", Checks: []checks.Check{
		odbc18(),
		sqlNativeClient(),
	}}
}
