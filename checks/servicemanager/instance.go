package servicemanager

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// databaseOptions is one row about a database and its instance. Everybody who may use the database
// sees all of it. An option that the instance does not have is -2.
var databaseOptions = platform.SQL[optionsRow]("service-manager-options", `
	SELECT ISNULL(CAST(SERVERPROPERTY(N'IsFullTextInstalled') AS int), -2) AS full_text,
		CAST(SERVERPROPERTY(N'Collation') AS nvarchar(128)) AS collation,
		CAST(DATABASEPROPERTYEX(DB_NAME(), N'Collation') AS nvarchar(128)) AS database_collation,
		CAST(d.is_broker_enabled AS int) AS broker,
		ISNULL(c.clr, -2) AS clr, ISNULL(c.updates, -2) AS updates, ISNULL(c.updates_configured, -2) AS updates_configured,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	CROSS JOIN (SELECT
			MAX(CASE WHEN o.name = N'clr enabled' THEN CAST(o.value_in_use AS bigint) END) AS clr,
			MAX(CASE WHEN o.name = N'allow updates' THEN CAST(o.value_in_use AS bigint) END) AS updates,
			MAX(CASE WHEN o.name = N'allow updates' THEN CAST(o.value AS bigint) END) AS updates_configured
		FROM sys.configurations o) c
	WHERE d.database_id = DB_ID()`)

type optionsRow struct {
	FullText          int    `json:"full_text"` // 1 installed
	Collation         string `json:"collation"`
	DatabaseCollation string `json:"database_collation"`
	Broker            int    `json:"broker"` // this and the next: 1 on, 0 off
	CLR               int64  `json:"clr"`
	Updates           int64  `json:"updates"`            // in use
	UpdatesConfigured int64  `json:"updates_configured"` // as it was last set
}

const (
	pageSQL     = "https://learn.microsoft.com/system-center/scsm/sm-sql-reqs"
	pageNeeds   = "https://learn.microsoft.com/system-center/scsm/system-requirements"
	pageOptions = "https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-configurations-transact-sql"
	pageOfDB    = "https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql"
	inDatabases = "SQL Server: a user in each database of Service Manager"
)

// located is a database with its options, or why they could not be read.
type located struct {
	discovery.Database
	optionsRow
	err error
}

// key names a database in items.
func (l located) key() string { return l.Instance + "/" + l.Name }

// options reads the options of all databases of this server.
func options(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) ([]located, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return nil, err
	}
	all := make([]located, len(databases))
	for i, d := range databases {
		row, err := platform.AskOne(ctx, c, databaseOptions.In(d.Instance, d.Name))
		all[i] = located{d, row, err}
	}
	return all, nil
}

// onOptions is the Run of a check that judges the options of each database.
func onOptions(summaries [3]string, judge func(located) []checks.Item) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnServer(func(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
		all, err := options(ctx, c, sm)
		if err != nil {
			return checks.Finding{}, err
		}
		var items []checks.Item
		for _, l := range all {
			if l.err != nil {
				items = append(items, checks.UnknownItem(l.key(), "", l.err))
				continue
			}
			for _, item := range judge(l) {
				if !slices.ContainsFunc(items, func(i checks.Item) bool { return i.Key == item.Key }) { // an instance once
					items = append(items, item)
				}
			}
		}
		return checks.Items(summaryOf(items, summaries), items...), nil
	}, both()...)
}

// summaryOf picks the text for good, amiss and not known.
func summaryOf(items []checks.Item, texts [3]string) string {
	switch {
	case checks.Count(items, checks.Failed, checks.Warning) > 0:
		return texts[1]
	case checks.Count(items, checks.Unknown) > 0:
		return texts[2]
	}
	return texts[0]
}

func fullText() checks.Check {
	return checks.Check{
		ID:          "smprereq.full-text",
		Title:       "Is full-text search installed on each instance of Service Manager?",
		Why:         "Service Manager searches its knowledge with it, and Setup tests that it is there.",
		Consequence: "Setup ends with the code 205.",
		Remedy:      "Add the feature Full-Text and Semantic Extractions for Search with the set-up of SQL Server, on the instance named here.",
		Command:     "SELECT SERVERPROPERTY('IsFullTextInstalled')",
		Covers:      []string{"Full-text search on each instance"},
		Sources:     []string{pageNeeds, pageCommandLine, "https://learn.microsoft.com/sql/t-sql/functions/serverproperty-transact-sql"},
		Rights:      []string{discovery.RegistryRight, inDatabases},
		Reads:       databaseReads(databaseOptions.In("{SQL Server}", "{database}").Form()),
		Run: onOptions([3]string{
			"Full-text search is installed.", "Full-text search is not installed on every instance.", "Not every instance tells whether full-text search is installed.",
		}, func(l located) []checks.Item {
			return []checks.Item{onOff(l.Instance, "full-text search", "SERVERPROPERTY, IsFullTextInstalled", int64(l.FullText), 1, "installed", "not installed")}
		}),
	}
}

// onOff judges an option that is 1 or 0.
func onOff(key, what, where string, value, wanted int64, one, zero string) checks.Item {
	words := map[int64]string{1: one, 0: zero}
	item := checks.Item{Key: key, Found: words[value], Wanted: words[wanted], Where: where, Status: checks.Passed}
	switch {
	case words[value] == "":
		return unread(item, platform.Refuse(platform.ErrMalformed, "SQL Server says %d to %s of %s", value, what, key))
	case value != wanted:
		item.Status = checks.Failed
	}
	return item
}

func sqlOptions() checks.Check {
	return checks.Check{
		ID:    "smprereq.sql-options",
		Title: "Are the options of SQL Server and of the databases as Service Manager needs them?",
		Why: "Setup creates objects that run .NET code, and the servers wait for messages of Service Broker. A database that was restored has Service Broker off. " +
			"The old option allow updates must be off.",
		Consequence: "Setup stops where it runs its scripts (_ExecuteSqlScripts), and rolls back.",
		Remedy:      "Let a database administrator set what is named here, when the services of Service Manager are stopped.",
		Command:     "EXEC sp_configure 'allow updates', 0; EXEC sp_configure 'clr enabled', 1; RECONFIGURE;\nALTER DATABASE [ServiceManager] SET ENABLE_BROKER WITH ROLLBACK IMMEDIATE;",
		Covers:      []string{"Option allow updates is off", "CLR is enabled", "Service Broker is enabled in the databases"},
		Sources:     []string{pageSQL, pageOptions, pageOfDB, "https://github.com/microsoft/CSS-SystemCenter-ServiceManager"},
		Rights:      []string{discovery.RegistryRight, inDatabases},
		Reads:       databaseReads(databaseOptions.In("{SQL Server}", "{database}").Form()),
		Run: onOptions([3]string{
			"SQL Server and the databases have the options that Service Manager needs.", "An option of SQL Server or of a database is not as Service Manager needs it.", "Not all options are known.",
		}, judgeOptions),
	}
}

func judgeOptions(l located) []checks.Item {
	const on, off = "on", "off"
	updates := onOff(l.Instance+" allow updates", "allow updates", "sys.configurations, value_in_use", l.Updates, 0, on, off)
	if updates.Status == checks.Passed && l.UpdatesConfigured != 0 {
		updates = onOff(updates.Key, "allow updates", "sys.configurations, value", l.UpdatesConfigured, 0, "set to on, from the next restart on", off)
	}
	items := []checks.Item{updates}
	if l.OfType == discovery.Management { // the tool of Microsoft's support looks there alone
		items = append(items, onOff(l.Instance+" clr enabled", "clr enabled", "sys.configurations, value_in_use", l.CLR, 1, on, off))
	}
	if l.OfType == discovery.Management || l.Use == discovery.StagingUse {
		items = append(items, onOff(l.key()+" Service Broker", "Service Broker", "sys.databases, is_broker_enabled", int64(l.Broker), 1, on, off))
	}
	return items
}

func collations() checks.Check {
	return checks.Check{
		ID:          "smprereq.collation",
		Title:       "Are the collations of instances and databases equal, and do they ignore case?",
		Why:         "Texts of the databases are compared with each other and with those of the instance. The collation of set-up's default is meant for one language alone.",
		Consequence: "Setup warns of a collation that tells cases apart. With different collations the transfer to the data warehouse fails.",
		Remedy:      "Move the databases to an instance with the right collation, which only a new instance gets. Compare with the instances of the other server, Analysis Services and Reporting Services yourself.",
		Command:     "SELECT SERVERPROPERTY('Collation'), DATABASEPROPERTYEX(DB_NAME(), 'Collation')",
		Covers: []string{
			"Collation of the instance ignores case", "Collations of all databases and instances are equal", "Collation other than SQL_Latin1_General_CP1_CI_AS",
		},
		Sources: []string{"https://learn.microsoft.com/system-center/scsm/databases-created", pageNeeds, pageOfDB},
		Rights:  []string{discovery.RegistryRight, inDatabases},
		Reads:   databaseReads(databaseOptions.In("{SQL Server}", "{database}").Form()),
		Run:     discovery.OnServer(runCollations, both()...),
	}
}

// defaultCollation is what the set-up of SQL Server proposes on an English Windows.
const defaultCollation = "SQL_Latin1_General_CP1_CI_AS"

func runCollations(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	all, err := options(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	first := ""
	for _, l := range all {
		if l.err == nil && (l.Collation == "" || l.DatabaseCollation == "") {
			l.err = platform.Refuse(platform.ErrMalformed, "SQL Server %s names no collation for %s", l.Instance, l.Name)
		}
		if l.err != nil {
			items = append(items, checks.UnknownItem(l.key(), "", l.err))
			continue
		}
		if first == "" {
			first = l.Collation
		}
		items = append(items, judgeCollation(l, first))
	}
	finding := checks.Items(summaryOf(items, [3]string{
		"The collations are equal and ignore case.", "The collations differ, or tell cases apart.", "Not all collations are known.",
	}), items...)
	if strings.EqualFold(first, defaultCollation) {
		finding.Notes = []string{"Setup warns of the collation " + defaultCollation + ": it is not meant for several languages."}
	}
	return finding, nil
}

// judgeCollation holds the collations of a database and of its instance against the first one.
func judgeCollation(l located, first string) checks.Item {
	item := checks.Item{
		Key: l.key(), Found: l.DatabaseCollation, Wanted: first + ", of the instance, too", Where: "SERVERPROPERTY and DATABASEPROPERTYEX, Collation", Status: checks.Passed,
	}
	if !strings.EqualFold(l.Collation, l.DatabaseCollation) {
		item.Found = fmt.Sprintf("%s, and the instance %s", l.DatabaseCollation, l.Collation)
	}
	upper := strings.ToUpper(l.Collation)
	switch {
	case !strings.EqualFold(l.Collation, first) || !strings.EqualFold(l.DatabaseCollation, first):
		item.Status = checks.Failed
	case strings.Contains(upper, "_CS_") || strings.HasSuffix(upper, "_CS") || strings.Contains(upper, "_BIN"):
		item.Status, item.Wanted = checks.Warning, "a collation that ignores case"
	}
	return item
}
