package sql

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// onInstance is the Run of a check that judges the row about the instance.
func onInstance(run func(*checks.Case, discovery.Database, instanceRow) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(withInstance(run))
}

// onInstances is onInstance for the databases of both products.
func onInstances(run func(*checks.Case, discovery.Database, instanceRow) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabases(withInstance(run))
}

func withInstance(run func(*checks.Case, discovery.Database, instanceRow) (checks.Finding, error)) func(context.Context, *checks.Case, discovery.Database) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		row, err := platform.AskOne(ctx, c, instance.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		return run(c, d, row)
	}
}

func instanceReads() []platform.Form {
	return append(discovery.DatabaseReads(), instance.In("{SQL Server}", "{site database}").Form())
}

func instancesReads() []platform.Form {
	return append(discovery.DatabasesReads(), instance.In("{SQL Server}", "{site database}").Form())
}

func serverEdition() checks.Check {
	return checks.Check{
		ID:          "sql.edition",
		Title:       "Is the edition of SQL Server good for the product?",
		Why:         "Only a secondary site may have its database on SQL Server Express. Service Manager supports Standard and Enterprise.",
		Consequence: "The product's own prerequisite check stops the update of a central administration or primary site on Express, and Setup of Service Manager refuses other editions.",
		Remedy:      "Move the database to SQL Server Standard or Enterprise, or upgrade the edition of the instance.",
		Rules:       []string{"SQL Server edition"},
		Covers:      []string{"Edition of SQL Server"},
		Sources:     []string{pageSQLVersions, pageProperties, "https://learn.microsoft.com/system-center/scsm/sm-sql-reqs"},
		Rights:      []string{inDatabase},
		Reads:       instancesReads(),
		Run:         onInstances(runServerEdition),
	}
}

// The values of EngineEdition that a site database may be on.
var editions = map[int]string{2: "Standard", 3: "Enterprise", engineExpress: "Express"}

func runServerEdition(_ *checks.Case, d discovery.Database, row instanceRow) (checks.Finding, error) {
	if !d.OfSite() {
		return editionForServiceManager(d, row), nil
	}
	const wanted = "Standard or Enterprise; Express on a secondary site only"
	item := checks.Item{Key: d.Instance, Found: row.Edition, Wanted: wanted, Where: "SERVERPROPERTY, EngineEdition and Edition", Status: checks.Passed}
	switch {
	case editions[row.Engine] == "":
		no := platform.Refuse(platform.ErrUnsupported, "SQL Server %s has the engine edition %d (%s), which is not known here", d.Instance, row.Engine, row.Edition)
		return checks.Items("This edition is not known.", checks.UnknownItem(d.Instance, wanted, no)), nil
	case row.Engine == engineExpress && d.OfType == discovery.Remote:
		no := platform.Refuse(platform.ErrUnsupported, "SQL Server %s is Express, and whether this is a secondary site is not known, because only the database was named", d.Instance)
		return checks.Items("Express is good for a secondary site only.", checks.UnknownItem(d.Instance, wanted, no)), nil
	case row.Engine == engineExpress && d.OfType != discovery.Secondary:
		item.Status = checks.Failed
		return checks.Items("SQL Server Express is good for a secondary site only.", item), nil
	case strings.Contains(row.Edition, "Evaluation"):
		item.Status = checks.Warning
		item.Wanted = "an edition that does not expire"
		return checks.Items("The evaluation edition stops after 180 days.", item), nil
	case row.Engine != engineExpress && !isListed(row.Edition):
		item.Status = checks.Warning
		return checks.Items("Microsoft does not list this edition for a site database.", item), nil
	}
	return checks.Items("The edition is supported.", item), nil
}

// isListed reports whether an edition is one of those that go by the names in editions, or is made
// for developers, with all that one of those has. Web and others have their engine's number, too.
func isListed(edition string) bool {
	name, _, _ := strings.Cut(edition, " ")
	return slices.Contains([]string{"Standard", "Enterprise", "Developer"}, name)
}

// editionForServiceManager judges an edition for which there is no exception. What cannot be told
// from Enterprise by its number, and is not for production, is a warning.
func editionForServiceManager(d discovery.Database, row instanceRow) checks.Finding {
	const wanted = "Standard or Enterprise"
	item := checks.Item{Key: d.Instance, Found: row.Edition, Wanted: wanted, Where: "SERVERPROPERTY, EngineEdition and Edition", Status: checks.Passed}
	switch {
	case editions[row.Engine] == "":
		no := platform.Refuse(platform.ErrUnsupported, "SQL Server %s has the engine edition %d (%s), which is not known here", d.Instance, row.Engine, row.Edition)
		return checks.Items("This edition is not known.", checks.UnknownItem(d.Instance, wanted, no))
	case row.Engine == engineExpress:
		item.Status = checks.Failed
		return checks.Items("Service Manager does not support SQL Server Express.", item)
	case strings.Contains(row.Edition, "Evaluation"):
		item.Status = checks.Warning
		return checks.Items("The evaluation edition stops after 180 days.", item)
	case strings.Contains(row.Edition, "Developer"):
		item.Status = checks.Warning
		return checks.Items("The developer edition is not for production, and Service Manager does not list it.", item)
	case !isListed(row.Edition):
		item.Status = checks.Warning
		return checks.Items("Microsoft does not list this edition for Service Manager.", item)
	}
	return checks.Items("The edition is supported.", item)
}

func serverCollation() checks.Check {
	return checks.Check{
		ID:          "sql.collation",
		Title:       "Do SQL Server and the site database have the collation that the product needs?",
		Why:         "Site databases and the instances that they are on must use SQL_Latin1_General_CP1_CI_AS; only sites that must support the Chinese standard GB18030 use another.",
		Consequence: "The product's own prerequisite check stops the update; with two collations the changes to the database fail on comparisons.",
		Remedy:      "Move the site database to an instance with this collation. Do not change the collation of a site database by hand.",
		Command:     "SELECT SERVERPROPERTY('Collation'), DATABASEPROPERTYEX(DB_NAME(), 'Collation')",
		Rules:       []string{"Required SQL Server collation", "Case-insensitive collation on SQL Server"},
		Sources:     []string{pageSQLConfig, pageRules},
		Rights:      []string{inDatabase},
		Reads:       instanceReads(),
		Run:         onInstance(runServerCollation),
	}
}

const (
	collationNeeded  = "SQL_Latin1_General_CP1_CI_AS"
	collationChinese = "Chinese_Simplified_" // of GB18030; the documents name no single one
)

func runServerCollation(_ *checks.Case, d discovery.Database, row instanceRow) (checks.Finding, error) {
	var items []checks.Item
	for _, part := range []struct {
		key, where string
		found      string
	}{
		{d.Instance, "SERVERPROPERTY, Collation", row.Collation},
		{d.Instance + "/" + d.Name, "DATABASEPROPERTYEX, Collation", row.DatabaseCollation},
	} {
		if part.found == "" {
			items = append(items, untold(part.key, collationNeeded, d.Instance, "the collation of "+part.key))
			continue
		}
		item := checks.Item{Key: part.key, Found: part.found, Wanted: collationNeeded, Where: part.where, Status: checks.Failed}
		switch {
		case part.found == collationNeeded:
			item.Status = checks.Passed
		case strings.HasPrefix(part.found, collationChinese) && row.Collation == row.DatabaseCollation:
			item.Status = checks.Warning
			item.Wanted += "; another only where GB18030 must be supported"
		}
		items = append(items, item)
	}
	finding := checks.Items("", items...)
	switch finding.Status() {
	case checks.Passed:
		finding.Summary = "Both have the collation that is needed."
	case checks.Unknown:
		finding.Summary = "Not both collations are known."
	default:
		finding.Summary = "The collation is not the one that is needed."
	}
	return finding, nil
}

func serverMemory() checks.Check {
	return checks.Check{
		ID:          "sql.memory",
		Title:       "Is the memory of SQL Server limited, and enough of it kept?",
		Why:         "Without an upper limit SQL Server takes the memory that the site server's components need; without a lower one it can lose it in the middle of the changes to the database.",
		Consequence: "The product's own prerequisite check warns; the update may take many hours.",
		Remedy:      "Set the upper limit to 50 to 80 % of the memory where SQL Server is on the site server and to 80 to 90 % where it is alone, and the lower limit to at least 8 GB (4 GB on a secondary site).",
		Command: "-- N: the upper limit in MB, by the memory of this machine\nEXEC sp_configure 'show advanced options', 1; RECONFIGURE;\n" +
			"EXEC sp_configure 'min server memory (MB)', 8192;\nEXEC sp_configure 'max server memory (MB)', N; RECONFIGURE;",
		Rules:  []string{"Configuration for SQL Server memory usage", "SQL Server process memory allocation"},
		Covers: []string{"Memory of SQL Server has a limit"},
		Sources: []string{
			pageRules + "#sql-server-process-memory-allocation", pageSQLConfig, "https://github.com/microsoft/CSS-SystemCenter-ServiceManager",
		},
		Rights: []string{inDatabase},
		Reads:  instancesReads(),
		Settings: []checks.Setting{
			{Name: "min_site_warns_below", Default: 8192, Unit: "MB", Source: "Microsoft's rule: SQL Server process memory allocation", About: "lower limit on a central administration or primary site"},
			{Name: "min_secondary_warns_below", Default: 4096, Unit: "MB", Source: "Microsoft's rule: SQL Server process memory allocation", About: "lower limit on a secondary site"},
			{Name: "max_warns_below", Default: 8000, Unit: "MB", Source: "the tool of Microsoft's support for Service Manager", About: "upper limit on an instance of Service Manager"},
		},
		Run: onInstances(runServerMemory),
	}
}

// unlimited is how SQL Server writes that there is no upper limit.
const unlimited = 2147483647

func runServerMemory(c *checks.Case, d discovery.Database, row instanceRow) (checks.Finding, error) {
	if row.Engine == engineExpress && d.OfType == discovery.Secondary {
		return checks.DoesNotApply("SQL Server Express on a secondary site has limits of its own"), nil
	}
	if !d.OfSite() {
		return memoryForServiceManager(c, d, row), nil
	}
	upper := checks.Item{
		Key: "upper limit", Found: megabytes(row.MaxMemory), Wanted: "a limit",
		Where: "sys.configurations, max server memory (MB)", Status: checks.Passed,
	}
	switch {
	case row.MaxMemory <= 0:
		upper = untold(upper.Key, upper.Wanted, d.Instance, "a limit of its memory that can be")
	case row.MaxMemory >= unlimited:
		upper.Found, upper.Status = "none", checks.Warning
	}
	least := int64(c.Setting("min_site_warns_below"))
	if d.OfType == discovery.Secondary {
		least = int64(c.Setting("min_secondary_warns_below"))
	}
	lower := checks.Item{
		Key: "lower limit", Found: megabytes(row.MinMemory), Wanted: "at least " + megabytes(least),
		Where: "sys.configurations, min server memory (MB)", Status: checks.Passed,
	}
	if row.MinMemory < least {
		lower.Status = checks.Warning
	}
	finding := checks.Items("Both limits are set.", upper, lower)
	switch finding.Status() {
	case checks.Passed:
	case checks.Unknown:
		finding.Summary = "Not both limits of memory are known."
	default:
		finding.Summary = "The limits of memory are not as the product wants them."
	}
	return finding, nil
}

// memoryForServiceManager judges the upper limit, which must be there, and not so low that SQL
// Server has less than the least that Service Manager asks for. No document names a lower one.
func memoryForServiceManager(c *checks.Case, d discovery.Database, row instanceRow) checks.Finding {
	least := int64(c.Setting("max_warns_below"))
	item := checks.Item{
		Key: d.Instance, Found: megabytes(row.MaxMemory), Wanted: "an upper limit of at least " + megabytes(least),
		Where: "sys.configurations, max server memory (MB)", Status: checks.Passed,
	}
	switch {
	case row.MaxMemory >= unlimited:
		item.Found, item.Status = "no upper limit", checks.Warning
		return checks.Items("The memory of SQL Server has no upper limit.", item)
	case row.MaxMemory < least:
		item.Status = checks.Warning
		return checks.Items("The upper limit leaves SQL Server less memory than Service Manager asks for.", item)
	}
	return checks.Items("The memory of SQL Server has an upper limit.", item)
}

func securityMode() checks.Check {
	return checks.Check{
		ID:          "sql.security-mode",
		Title:       "Does SQL Server take Windows log-ons only?",
		Why:         "The product recommends Windows authentication for the instance of the site database.",
		Consequence: "The product's own prerequisite check warns.",
		Remedy:      "In the instance's properties, Security, choose Windows Authentication mode, and restart SQL Server. First make sure that a Windows account of yours is sysadmin, or nobody can administer the instance any more, and that nothing else uses a SQL Server log-on.",
		Rules:       []string{"SQL Server security mode"},
		Sources:     []string{pageRules + "#sql-server-security-mode", pageProperties},
		Rights:      []string{inDatabase},
		Reads:       instanceReads(),
		Run: onInstance(func(_ *checks.Case, d discovery.Database, row instanceRow) (checks.Finding, error) {
			const wanted = "Windows authentication only"
			if row.WindowsOnly < 0 || row.WindowsOnly > 1 {
				return checks.Items("SQL Server does not tell its security mode.", untold(d.Instance, wanted, d.Instance, "its security mode")), nil
			}
			item := checks.Item{Key: d.Instance, Found: wanted, Wanted: wanted, Where: "SERVERPROPERTY, IsIntegratedSecurityOnly", Status: checks.Passed}
			summary := "SQL Server takes Windows log-ons only."
			if row.WindowsOnly == 0 {
				item.Found, item.Status = "SQL Server log-ons too", checks.Warning
				summary = "SQL Server takes log-ons of its own, too."
			}
			return checks.Items(summary, item), nil
		}),
	}
}
