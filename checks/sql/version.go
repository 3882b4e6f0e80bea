package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
		Why:         "Each release of each product supports certain versions of SQL Server from a certain update on. Configuration Manager no longer supports SQL Server 2014 and older from 2409 on.",
		Consequence: "The product's own prerequisite check stops the update on a version that is not supported; an old update level can break the changes to the database.",
		Remedy:      "Install the newest cumulative update or service pack of this version, or upgrade SQL Server before the product.",
		Command:     "SELECT SERVERPROPERTY('ProductVersion'), SERVERPROPERTY('ProductLevel'), SERVERPROPERTY('ProductUpdateLevel')",
		Rules:       []string{"SQL Server version", "SQL Server 2012 lifecycle", "SQL Server Express version on secondary site"},
		Covers:      []string{"Supported version of SQL Server"},
		Sources:     []string{pageSQLVersions, pageRules, "https://learn.microsoft.com/system-center/scsm/sm-sql-reqs", "https://learn.microsoft.com/troubleshoot/sql/releases/download-and-install-latest-updates"},
		Rights:      []string{inDatabase},
		Reads:       append(discovery.DatabasesReads(), instance.In("{SQL Server}", "{site database}").Form()),
		Run:         discovery.OnDatabases(judgeVersion),
	}
}

// judgeVersion judges the version of one database's instance against its product's target.
func judgeVersion(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, instance.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	found, err := version.Parse(row.Version)
	switch {
	case err != nil:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that its version is %v", d.Instance, err)
	case d.OfSite():
		return versionForSite(c, d, row, found), nil
	}
	sm, err := discovery.FindServiceManager(ctx, c)
	if err != nil || sm == nil {
		return checks.Finding{}, err
	}
	return versionForServiceManager(discovery.TargetOf(c, *sm), d, found), nil
}

// versionForServiceManager judges a version against Microsoft's two lists for Service Manager. What
// only one of them has is a warning.
func versionForServiceManager(target requirement.ServiceManagerRelease, d discovery.Database, found version.Version) checks.Finding {
	item := checks.Item{Key: d.Instance, Found: found.String(), Where: "SERVERPROPERTY, ProductVersion", Status: checks.Passed}
	var all []string
	for _, s := range target.SQL {
		text := s.Name
		if s.Least.Part(2) > 0 {
			text += " from " + s.Least.String() + " on"
		}
		all = append(all, text)
	}
	item.Wanted = strings.Join(all, ", ")
	if len(all) == 0 {
		return checks.Items("What the target needs is not known.", checks.UnknownItem(item.Key, "", platform.Refuse(platform.ErrUnsupported,
			"which versions of SQL Server Service Manager %s supports stands in no document that is known here", target.Version)))
	}
	at := slices.IndexFunc(target.SQL, func(s requirement.ServiceManagerSQL) bool { return s.Major == found.Part(0) })
	if at < 0 {
		item.Status = checks.Failed
		return checks.Items(fmt.Sprintf("Service Manager %s does not support this version of SQL Server.", target.Version), item)
	}
	known := target.SQL[at]
	item.Found = known.Name + ", " + found.String()
	switch {
	case found.Less(known.Least):
		item.Status = checks.Failed
		return checks.Items("This update level of SQL Server is too old.", item)
	case known.Disputed:
		item.Status = checks.Warning
		return checks.Items(fmt.Sprintf("Microsoft's pages disagree on whether Service Manager %s supports %s.", target.Version, known.Name), item)
	}
	return checks.Items(fmt.Sprintf("%s is supported by Service Manager %s.", known.Name, target.Version), item)
}

// versionForSite judges a version for a site's database.
func versionForSite(c *checks.Case, d discovery.Database, row instanceRow, found version.Version) checks.Finding {
	item := checks.Item{Key: d.Instance, Found: found.String(), Where: "SERVERPROPERTY, ProductVersion", Status: checks.Passed}
	supported := requirement.SQLServers()
	oldest, newest := supported[0], c.Target.NewestSQLServer()
	at := slices.IndexFunc(supported, func(s requirement.SQLServer) bool { return s.Major == found.Part(0) })
	if found.Part(0) < oldest.Major {
		item.Status, item.Wanted = checks.Failed, oldest.Name+" or newer"
		return checks.Items("This version of SQL Server is no longer supported.", item)
	}
	if at < 0 || found.Part(0) > newest {
		item.Status = checks.Warning
		item.Wanted = fmt.Sprintf("a version that is known to be supported by %s; the documents do not name this one", c.Target.Version)
		return checks.Items("SQL Server is newer than what the documents name for the target.", item)
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
		return checks.Items("This update level of SQL Server is too old.", item)
	case !known.SupportedOn(c.JudgedFor):
		item.Status = checks.Warning
		item.Wanted = "a version that Microsoft supports; for this one support ended on " + known.SupportEnd.Format(time.DateOnly)
		return checks.Items("Microsoft no longer supports this version of SQL Server.", item)
	}
	return checks.Items(known.Name+" is new enough.", item)
}
