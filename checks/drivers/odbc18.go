package drivers

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

const (
	odbc18Key = `HKLM\SOFTWARE\Microsoft\MSODBCSQL18`
	odbcMajor = 18
)

var (
	odbc18Version = platform.ReadText(odbc18Key, "InstalledVersion")

	// badODBC are versions that Microsoft asks not to install: they can block site configuration.
	badODBC = []version.Version{version.MustParse("18.6.1.1"), version.MustParse("18.7.1.1")}
	// validatedODBC is the newest version that the product team has validated.
	validatedODBC = version.MustParse("18.4.1.1")
)

func odbc18() checks.Check {
	return checks.Check{
		ID:          "drivers.odbc18",
		Title:       "Is a good version of the ODBC Driver 18 for SQL Server installed?",
		Why:         "The update reaches the site database through this driver, and does not bring the driver up to date itself.",
		Consequence: "The product's own prerequisite check stops the update; a known bad version can leave the site without a working configuration.",
		Remedy:      "Install version 18.4.1.1 of the driver. It lies in the downloaded update, in EasySetupPayload\\<package>\\redist, as msodbcsql.msi. Uninstall 18.6.1.1 or 18.7.1.1 first: the older installer refuses to replace a newer one.",
		Command:     `msiexec /i msodbcsql.msi /qb IACCEPTMSODBCSQLLICENSETERMS=YES`,
		Rules:       []string{"ODBC driver for SQL Server", "SQL ODBC driver for SQL Server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#odbc-driver-for-sql-server",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/update-odbc-18611-causes-issues-configmgr",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  append(discovery.SiteReads(), odbc18Version.Form()),
		Run:    discovery.OnSite(runODBC18),
	}
}

func runODBC18(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	item := checks.Item{
		Key: "ODBC Driver 18", Wanted: c.Target.MinODBC.String() + " or newer", Where: odbc18Version.String(),
	}
	found, ok, err := installed(ctx, c, odbc18Version)
	if err != nil {
		return checks.Finding{}, err
	}
	if !ok {
		item.Status, item.Found = checks.Failed, "not installed"
		return checks.Items("The ODBC Driver 18 for SQL Server is not installed.", item), nil
	}
	if found.Part(0) > odbcMajor { // of another driver, or no version: an older one is refused below
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s is %s, and every version of the driver begins with %d", odbc18Version, found, odbcMajor)
	}
	item.Found = found.String()
	for _, bad := range badODBC {
		if found.Compare(bad) == 0 {
			item.Status, item.Wanted = checks.Failed, validatedODBC.String()
			return checks.Items(fmt.Sprintf("Version %s of the driver is one that Microsoft asks not to install.", found), item), nil
		}
	}
	if found.Less(c.Target.MinODBC) {
		item.Status = checks.Failed
		return checks.Items(fmt.Sprintf("Version %s of the driver is too old for %s.", found, c.Target.Version), item), nil
	}
	item.Status = checks.Passed
	finding := checks.Items(fmt.Sprintf("Version %s of the driver is installed.", found), item)
	if validatedODBC.Less(found) {
		finding.Notes = append(finding.Notes, fmt.Sprintf("%s is newer than %s, the newest version that Microsoft has validated.", found, validatedODBC))
	}
	return finding, nil
}
