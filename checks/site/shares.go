package site

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// packageShares counts the packages, and those with a number sign in the name of their share.
var packageShares = platform.SQL[sharesRow]("package-shares", `
	SELECT COUNT(*) AS packages, COUNT(CASE WHEN p.ShareName LIKE N'%#%' THEN 1 END) AS odd,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Package', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_Package p`)

type sharesRow struct {
	Packages int `json:"packages"`
	Odd      int `json:"odd"` // with # in the name of the share
}

func shareNames() checks.Check {
	return checks.Check{
		ID:          "site.package-shares",
		Title:       "Has no package a share whose name the product refuses?",
		Why:         "The name of a package's share must not have characters such as #.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy:      "In the properties of each package that the command lists, Data Access, choose another name for the share.",
		Command:     "SELECT PackageID, Name, ShareName FROM dbo.v_Package WHERE ShareName LIKE N'%#%'",
		Rules:       []string{"Share name in package"},
		Sources: []string{
			pageRules + "#share-name-in-package",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_package-server-wmi-class",
		},
		Rights: []string{"SQL Server: SELECT on v_Package in the site database"},
		Reads:  append(discovery.DatabaseReads(), packageShares.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runShareNames),
	}
}

func runShareNames(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at central administration and primary sites only"), nil
	}
	row, err := platform.AskOne(ctx, c, packageShares.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted = "no # in the name of a share"
	item := checks.Item{Key: "packages", Found: fmt.Sprintf("%d, none with #", row.Packages), Wanted: wanted, Where: "v_Package, ShareName", Status: checks.Passed}
	switch {
	case row.Packages <= 0 || row.Odd < 0 || row.Odd > row.Packages: // each site has packages of the product's own
		no := platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d packages in %s, and %d with # in the name of their share", d.Instance, row.Packages, d.Name, row.Odd)
		return checks.Items("The shares of packages are not known.", checks.UnknownItem(item.Key, wanted, no)), nil
	case row.Odd > 0:
		item.Found, item.Status = fmt.Sprintf("%d of %d with #", row.Odd, row.Packages), checks.Warning
		return checks.Items("Packages have a share whose name the product refuses.", item), nil
	}
	return checks.Items("No package has a share whose name the product refuses.", item), nil
}
