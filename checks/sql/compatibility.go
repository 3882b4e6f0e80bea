package sql

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
)

func compatibilityLevel() checks.Check {
	return checks.Check{
		ID:          "sql.compatibility",
		Title:       "Has the site database a compatibility level that the target supports?",
		Why:         "The level decides how SQL Server runs the product's statements. Each release supports the levels from 110 on, up to those that were there when it was made.",
		Consequence: "The changes to the database may fail or take very long; the rule for the configuration of SQL Server may stop the update.",
		Remedy:      "Set the level that the documents recommend for this version of SQL Server, at a time when the site is not busy.",
		Command:     "ALTER DATABASE [CM_xxx] SET COMPATIBILITY_LEVEL = 150",
		Rules:       []string{"SQL Server configuration for site upgrade"},
		Sources: []string{
			pageSQLVersions + "#database-compatibility-level", pageDatabases,
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/whats-new-in-version-2603",
			"https://learn.microsoft.com/sql/t-sql/statements/alter-database-transact-sql-compatibility-level",
		},
		Rights: []string{inDatabase},
		Reads:  settingsReads(),
		Run:    onSettings(runCompatibility),
	}
}

func runCompatibility(_ context.Context, c *checks.Case, d discovery.Database, row settingsRow) (checks.Finding, error) {
	newest := c.Target.NewestLevel()
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: strconv.Itoa(row.Level), Where: "sys.databases, compatibility_level", Status: checks.Passed,
		Wanted: fmt.Sprintf("%d to %d", requirement.UndisputedLevel, newest),
	}
	supported := requirement.SQLServers()
	at := slices.IndexFunc(supported, func(s requirement.SQLServer) bool { return int(s.Major) == row.Major })
	// A level is ten times the first part of the version of SQL Server that it is named for.
	if row.Level <= 0 || row.Level%10 != 0 || row.Level > 10*row.Major {
		no := platform.Refuse(platform.ErrMalformed, "SQL Server %s, whose version begins with %d, gives %s the compatibility level %d, which cannot be",
			d.Instance, row.Major, d.Name, row.Level)
		return checks.Items("The compatibility level is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	}
	summary := "The compatibility level is supported."
	switch {
	case row.Level < requirement.LeastLevel:
		item.Status = checks.Failed
		summary = "The compatibility level is lower than any that is supported."
	case row.Level < requirement.UndisputedLevel:
		item.Status = checks.Warning
		summary = fmt.Sprintf("Whether this compatibility level is supported is not clear: Microsoft's page lists it, and asks for %d at least.", requirement.UndisputedLevel)
	case row.Level > newest:
		item.Status = checks.Warning
		summary = fmt.Sprintf("The compatibility level is higher than what %s is known to support.", c.Target.Version)
	}
	finding := checks.Items(summary, item)
	switch {
	case at < 0:
	case len(supported[at].Levels) > 1:
		finding.Notes = []string{fmt.Sprintf("Microsoft's pages disagree on the level for %s: one recommends %d, another %d. Either passes here.",
			supported[at].Name, supported[at].Levels[0], supported[at].Levels[1])}
	case !slices.Contains(supported[at].Levels, row.Level):
		finding.Notes = []string{fmt.Sprintf("For %s the documents recommend the level %d.", supported[at].Name, supported[at].Levels[0])}
	}
	return finding, nil
}
