// Package drivers checks the client drivers through which a site server reaches SQL Server.
package drivers

import (
	"context"

	"siteready/checks"
	"siteready/checks/version"
	"siteready/platform"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "drivers", Title: "Dependent components", Checks: []checks.Check{
		odbc18(),
		sqlNativeClient(),
	}}
}

// installed reads the version that a driver's set-up has left in the registry.
func installed(ctx context.Context, c *checks.Case, q platform.Query[platform.Text]) (v version.Version, found bool, err error) {
	text, found, err := platform.Lookup(ctx, c, q)
	if err != nil || !found {
		return version.Version{}, false, err
	}
	v, err = version.Parse(string(text))
	if err != nil {
		return version.Version{}, false, platform.Refuse(platform.ErrMalformed, "%s: %v", q, err)
	}
	return v, true, nil
}
