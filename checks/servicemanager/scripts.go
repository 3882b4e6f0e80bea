package servicemanager

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
)

// warehouseScripts are the files that the upgrade from 2019 to 2022 is known to take away.
var warehouseScripts = []string{`\DW\build_scdm_db.sql`, `\DW\build_scdw_db.sql`}

const installHole = "{installation folder}"

func databaseScripts() checks.Check {
	return checks.Check{
		ID:    "smprepare.scripts",
		Title: "Are the two scripts there that build the databases of the data warehouse?",
		Why: "The upgrade from 2019 to 2022 removes two files that the following update rollups need. " +
			"Before it they can be saved; after it they must be put back.",
		Consequence: "Update Rollup 2 of Service Manager 2022 fails on the data warehouse server, and rolls back.",
		Remedy:      "Put the two files back into the folder DW, from a copy of the folder or from the installation media of the same release, as the page of Microsoft's support says.",
		Command:     `Copy-Item 'D:\Saved\DW\build_sc*_db.sql' 'D:\Program Files\Microsoft System Center\Service Manager\DW\'`,
		Covers:      []string{"Scripts of the data warehouse are there"},
		Sources:     []string{"https://github.com/microsoft/CSS-SystemCenter-ServiceManager/blob/main/docs/Misc/FixForBug30409283.md"},
		Rights:      []string{discovery.RegistryRight, "Windows: read on the files of the product's own folder"},
		Reads:       reads(platform.ReadFile(installHole+warehouseScripts[0]).Form(), platform.ReadFile(installHole+warehouseScripts[1]).Form()),
		Run:         discovery.OnServer(runDatabaseScripts, discovery.Warehouse),
	}
}

func runDatabaseScripts(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	names := sm.Names()
	if len(names) != 1 || names[0] != "2019" && names[0] != "2022" {
		return checks.DoesNotApply("only the upgrade from " + requirement.ServiceManager.Name() + " 2019 to 2022 is known to remove the scripts"), nil
	}
	var items []checks.Item
	for _, script := range warehouseScripts {
		item := checks.Item{Key: script, Wanted: "there", Where: sm.InstallDir, Status: checks.Passed}
		_, there, err := platform.Lookup(ctx, c, platform.ReadFile(sm.InstallDir+script))
		switch {
		case err != nil:
			item = unread(item, err)
		case there:
			item.Found = "there"
		default:
			item.Found, item.Status = "missing", checks.Warning
		}
		items = append(items, item)
	}
	summary := "The scripts that build the databases of the data warehouse are there."
	switch {
	case checks.Count(items, checks.Warning) > 0:
		summary = "Scripts that build the databases of the data warehouse are missing, and the next update rollup will fail."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Whether the scripts are there that build the databases of the data warehouse is not known."
	}
	finding := checks.Items(summary, items...)
	if names[0] == "2019" {
		finding.Notes = []string{"Save the two files before the upgrade to 2022, which removes them."}
	}
	return finding, nil
}
