package sql

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// siteDatabases says where the site control has the database of this site and of its parent.
// Names and columns are known from public tools and from Microsoft support's scripts; the
// name of the database is INSTANCE\CM_P01, or CM_P01 on a default instance.
var siteDatabases = platform.SQL[siteDatabaseRow]("site-databases", `
	SELECT s.SiteCode AS site, CAST(s.Type AS int) AS site_type, CASE WHEN s.SiteCode = dbo.fnGetSiteCode() THEN 1 ELSE 0 END AS own,
		ISNULL(s.ReportingSiteCode, N'') AS parent, ISNULL(d.SQLServerName, N'') AS sql_server, ISNULL(d.SQLDatabaseName, N'') AS database_name,
		ISNULL((SELECT MAX(p.Value3) FROM dbo.SC_SiteDefinition_Property p WHERE p.SiteNumber = d.SiteNumber AND p.Name = N'SQLServicePort'), -1) AS sql_port,
		CASE WHEN EXISTS (SELECT 1 FROM dbo.SC_SiteDefinition_Property g
			WHERE g.SiteNumber = d.SiteNumber AND g.Name = N'SQLAGPrimaryReplica' AND g.Value1 <> N'')
			OR s.SiteCode = dbo.fnGetSiteCode() AND EXISTS (SELECT 1 FROM sys.databases r WHERE r.database_id = DB_ID() AND r.replica_id IS NOT NULL)
			THEN 1 ELSE 0 END AS in_group,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition_Property', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_Site s LEFT JOIN dbo.SC_SiteDefinition d ON d.SiteCode = s.SiteCode
	WHERE s.SiteCode = dbo.fnGetSiteCode()
		OR EXISTS (SELECT 1 FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND o.ReportingSiteCode = s.SiteCode)
	ORDER BY own DESC, site`)

type siteDatabaseRow struct {
	Site     string `json:"site"`
	Type     int    `json:"site_type"` // 1 secondary, 2 primary, 4 central administration site
	Own      int    `json:"own"`       // 1 for the site of this database
	Parent   string `json:"parent"`    // empty for a site without one
	Server   string `json:"sql_server"`
	Database string `json:"database_name"`
	Port     int    `json:"sql_port"` // -1 when the site control names none
	InGroup  int    `json:"in_group"` // 1 when it is in an availability group, by the site control or, of the own site, by SQL Server
}

// at is where the row's database is, as a connection needs it.
func (r siteDatabaseRow) at() (instance, name string) {
	instance, name = r.Server, r.Database
	if cut := strings.LastIndex(name, `\`); cut >= 0 {
		instance += `\` + name[:cut]
		name = name[cut+1:]
	}
	if r.Port > 0 && r.Port != defaultPort {
		instance += fmt.Sprintf(",%d", r.Port)
	}
	return instance, name
}

const (
	defaultPort     = 1433
	sitesRight      = "SQL Server: SELECT on v_Site, SC_SiteDefinition and SC_SiteDefinition_Property, and EXECUTE on fnGetSiteCode, in the site database"
	typeSecondary   = 1 // v_Site numbers types otherwise than the registry
	whereDefinition = "SC_SiteDefinition, SQLServerName and SQLDatabaseName"
)

func siteDatabasesReads() []platform.Form {
	return append(discovery.DatabaseReads(), siteDatabases.In("{SQL Server}", "{site database}").Form())
}

// definitions are the rows of this site and of its parent; the second is empty for a site
// without a parent.
func definitions(ctx context.Context, c *checks.Case, d discovery.Database) (own, parent siteDatabaseRow, err error) {
	rows, err := platform.Ask(ctx, c, siteDatabases.In(d.Instance, d.Name))
	if err != nil {
		return own, parent, err
	}
	if own = rows[0]; own.Own != 1 || own.Server == "" || own.Database == "" || own.InGroup < 0 || own.InGroup > 1 || len(rows) > 2 {
		return own, parent, platform.Refuse(platform.ErrMalformed, "the site control of database %s on SQL Server %s does not name the database of its own site", d.Name, d.Instance)
	}
	if own.Parent == "" && len(rows) == 1 {
		return own, parent, nil
	}
	if len(rows) != 2 || !strings.EqualFold(rows[1].Site, own.Parent) || rows[1].Server == "" || rows[1].Database == "" {
		return own, parent, platform.Refuse(platform.ErrMalformed, "the site control of database %s on SQL Server %s does not name the database of site %s, which is the parent",
			d.Name, d.Instance, own.Parent)
	}
	return own, rows[1], nil
}

func parentCollation() checks.Check {
	return checks.Check{
		ID:          "sql.parent-collation",
		Title:       "Has the site database the collation of its parent site's?",
		Why:         "All sites of a hierarchy must have one collation: what they replicate is compared by it.",
		Consequence: "The product's own prerequisite check stops the update; replicated names that are one at the parent can be two here.",
		Remedy:      "Move the database that differs to an instance with the collation of the others. Do not change the collation of a site database by hand.",
		Command:     "SELECT DATABASEPROPERTYEX(DB_NAME(), 'Collation')",
		Rules:       []string{"Parent database collation"},
		Sources:     []string{pageRules + "#parent-database-collation", pageSQLConfig},
		Rights:      []string{sitesRight, inDatabase, "SQL Server of the parent site: a user in its site database, by Windows authentication"},
		Reads:       append(siteDatabasesReads(), instance.In("{SQL Server}", "{site database}").Form()),
		Run:         discovery.OnDatabase(runParentCollation),
	}
}

func runParentCollation(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	switch d.OfType {
	case discovery.CAS:
		return checks.DoesNotApply("a central administration site has no parent"), nil
	case discovery.Secondary:
		return checks.DoesNotApply("a secondary site is updated by its parent, and compared with it when it is installed"), nil
	}
	site, parent, err := definitions(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if site.Type == typeSecondary || parent.Site == "" { // a secondary site only where the operator named the database
		return checks.DoesNotApply("the site has no parent whose database could be compared"), nil
	}
	here, err := platform.AskOne(ctx, c, instance.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	server, name := parent.at()
	wanted := "the collation of site " + parent.Site
	key := d.Instance + "/" + d.Name
	if c.SQLLogOn {
		no := platform.Refuse(platform.ErrUnsupported, "the log-on of --sql-user is sent to the site's own SQL Server only, and not to %s, which its database names", server)
		no.Help = "Run siteready with Windows authentication."
		return checks.Items("The collation of the parent's database is not known.", checks.UnknownItem(key, wanted, no)), nil
	}
	there, err := platform.AskOne(ctx, c, instance.In(server, name))
	if err == nil && (there.DatabaseCollation == "" || here.DatabaseCollation == "") {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server does not tell the collations of %s and %s", d.Name, name)
	}
	if err != nil {
		return checks.Items("The collation of the parent's database is not known.", checks.UnknownItem(key, wanted, err)), nil
	}
	item := checks.Item{
		Key: key, Found: here.DatabaseCollation, Wanted: there.DatabaseCollation + ", " + wanted, Where: "DATABASEPROPERTYEX, Collation, here and on " + server, Status: checks.Passed,
	}
	if !strings.EqualFold(here.DatabaseCollation, there.DatabaseCollation) {
		item.Status = checks.Failed
		return checks.Items("The site database has another collation than its parent's.", item), nil
	}
	return checks.Items("The site database has the collation of its parent's.", item), nil
}

func databaseLocation() checks.Check {
	return checks.Check{
		ID:          "sql.location",
		Title:       "Do the site control and this site server name the same database?",
		Why:         "Where its database is the site keeps twice: in the registry of the site server, and in the site control within the database. A move by hand changes one of them.",
		Consequence: "Parts of the site look for the database where it no longer is, and an update may work on a copy.",
		Remedy:      "Run the site maintenance of set-up, Modify SQL Server configuration, which sets both.",
		Command:     "SELECT SiteCode, SQLServerName, SQLDatabaseName FROM dbo.SC_SiteDefinition",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/modify-your-infrastructure#bkmk_dbconfig",
		},
		Rights: []string{sitesRight, discovery.RegistryRight},
		Reads:  siteDatabasesReads(),
		Run:    discovery.OnDatabase(runDatabaseLocation),
	}
}

func runDatabaseLocation(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	switch {
	case c.Stated != checks.Stated{}:
		return checks.DoesNotApply("the operator named the server or the database, and not this machine's registry"), nil
	case d.OfType == discovery.Secondary:
		return checks.DoesNotApply("whether the database of a secondary site has its own site control is not known"), nil
	}
	own, _, err := definitions(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	server, name := own.at()
	found, wanted := short(server)+"/"+name, short(d.Instance)+"/"+d.Name
	if own.InGroup == 1 { // the one place may name the listener, and the other a replica
		found, wanted = name, d.Name
	}
	item := checks.Item{Key: d.Instance + "/" + d.Name, Found: server + "/" + name, Wanted: d.Instance + "/" + d.Name, Where: whereDefinition, Status: checks.Passed}
	if !strings.EqualFold(found, wanted) {
		item.Status = checks.Warning
		return checks.Items("The site control names another database than the registry of the site server.", item), nil
	}
	return checks.Items("The site control and the registry name the same database.", item), nil
}

// short is an instance by the host's name alone, without domain and port, which one place may
// write and the other not.
func short(instance string) string {
	host, named, hasName := strings.Cut(instance, `\`)
	host, _, _ = strings.Cut(host, ",")
	host, _, _ = strings.Cut(host, ".")
	named, _, _ = strings.Cut(named, ",")
	if hasName {
		return host + `\` + named
	}
	return host
}
