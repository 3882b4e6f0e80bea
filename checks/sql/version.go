package sql

import (
	"fmt"
	"slices"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

func serverVersion() checks.Check {
	return checks.Check{
		ID:          "sql.version",
		Title:       "Does the target support this version of SQL Server?",
		Why:         "Each release supports certain versions of SQL Server from a certain update on. SQL Server 2014 and older are no longer supported from 2409 on.",
		Consequence: "The product's own prerequisite check stops the update on a version that is not supported; an old update level can break the changes to the database.",
		Remedy:      "Install the newest cumulative update or service pack of this version, or upgrade SQL Server before the site.",
		Command:     "SELECT SERVERPROPERTY('ProductVersion'), SERVERPROPERTY('ProductLevel'), SERVERPROPERTY('ProductUpdateLevel')",
		Rules:       []string{"SQL Server version", "SQL Server 2012 lifecycle", "SQL Server Express version on secondary site"},
		Sources:     []string{pageSQLVersions, pageRules, "https://learn.microsoft.com/troubleshoot/sql/releases/download-and-install-latest-updates"},
		Rights:      []string{inDatabase},
		Reads:       instanceReads(),
		Run:         onInstance(runServerVersion),
	}
}

func runServerVersion(c *checks.Case, d discovery.Database, row instanceRow) (checks.Finding, error) {
	found, err := version.Parse(row.Version)
	if err != nil {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that its version is %v", d.Instance, err)
	}
	item := checks.Item{Key: d.Instance, Found: found.String(), Where: "SERVERPROPERTY, ProductVersion", Status: checks.Passed}
	supported := requirement.SQLServers()
	oldest, newest := supported[0], c.Target.NewestSQLServer()
	at := slices.IndexFunc(supported, func(s requirement.SQLServer) bool { return s.Major == found.Part(0) })
	if found.Part(0) < oldest.Major {
		item.Status, item.Wanted = checks.Failed, oldest.Name+" or newer"
		return checks.Items("This version of SQL Server is no longer supported.", item), nil
	}
	if at < 0 || found.Part(0) > newest {
		item.Status = checks.Warning
		item.Wanted = fmt.Sprintf("a version that is known to be supported by %s; the documents do not name this one", c.Target.Version)
		return checks.Items("SQL Server is newer than what the documents name for the target.", item), nil
	}
	known := supported[at]
	item.Found = fmt.Sprintf("%s, %s", known.Name, found)
	least, tooOld := known.Min, checks.Failed
	if row.Engine == engineExpress {
		least, tooOld = known.MinExpress, checks.Warning // the rule for Express is a warning
	}
	if known.MinDerived {
		tooOld = checks.Warning
	}
	item.Wanted = fmt.Sprintf("%s or newer", least)
	switch {
	case found.Less(least):
		item.Status = tooOld
		return checks.Items("This update level of SQL Server is too old.", item), nil
	case !known.SupportedOn(c.JudgedFor):
		item.Status = checks.Warning
		item.Wanted = "a version that Microsoft supports; for this one support ended on " + known.SupportEnd.Format(time.DateOnly)
		return checks.Items("Microsoft no longer supports this version of SQL Server.", item), nil
	}
	return checks.Items(known.Name+" is new enough.", item), nil
}
