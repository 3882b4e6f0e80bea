package servicemanager

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

// groupVersion is the version that the database says of itself. The table and its column are known
// from the tool of Microsoft's support, which reads them in the database ServiceManager alone.
var groupVersion = platform.SQL[groupRow]("management-group-version", `
	SELECT COUNT(1) AS groups, ISNULL(MAX(CAST(g.DBVersion AS nvarchar(64))), N'') AS version,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.__MOMManagementGroupInfo__', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.__MOMManagementGroupInfo__ g`)

type groupRow struct {
	Groups  int    `json:"groups"` // 1
	Version string `json:"version"`
}

func databaseVersion() checks.Check {
	return checks.Check{
		ID:          "smpredicted.version",
		Title:       "Is the database of the version that is installed?",
		Why:         "Setup upgrades a database from the release that it expects. A name in the registry that leads to a copy, or an upgrade that ended half way, shows here.",
		Consequence: "Setup ends with the code 286, or changes a database that is not the one in use.",
		Remedy:      "Correct the names of SQL Server and database in the registry, or finish or take back the upgrade that has ended half way.",
		Command:     "SELECT DBVersion FROM dbo.__MOMManagementGroupInfo__",
		Covers:      []string{"The databases are of the installed version"},
		Sources:     []string{pageProblems, pageCommandLine, "https://github.com/microsoft/CSS-SystemCenter-ServiceManager"},
		Rights:      []string{discovery.RegistryRight, "SQL Server: SELECT on __MOMManagementGroupInfo__ in the database ServiceManager"},
		Reads:       managementReads(groupVersion.In("{SQL Server}", "{database}").Form()),
		Run:         discovery.OnServer(runDatabaseVersion, discovery.Management),
	}
}

func runDatabaseVersion(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	d := databases[0]
	row, err := platform.AskOne(ctx, c, groupVersion.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: row.Version, Wanted: "a version of " + found(sm), Where: "__MOMManagementGroupInfo__, DBVersion", Status: checks.Passed,
	}
	if row.Groups != 1 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s has %d versions of itself, and not one", d.Name, d.Instance, row.Groups)
	}
	own, err := version.Parse(strings.TrimSpace(row.Version))
	if err != nil {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s: %v", d.Name, d.Instance, err)
	}
	installed, names := sm.Names(), requirement.ServiceManagerNames(own)
	switch {
	case len(installed) == 0 || len(names) == 0:
		return checks.Items("Whether the database and the server are of one release is not known.", unread(item, platform.Refuse(platform.ErrUnsupported,
			"the server has version %s and the database %s, and not both are known here", sm.Version, own))), nil
	case !slices.Equal(installed, names):
		item.Status, item.Found = checks.Failed, row.Version+" ("+strings.Join(names, " or ")+")"
		return checks.Items("The database is of another release than the server.", item), nil
	}
	return checks.Items("The database is of the release that is installed.", item), nil
}
