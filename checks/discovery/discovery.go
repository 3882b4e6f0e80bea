// Package discovery finds out what this machine is to Configuration Manager and to Service
// Manager: which site or server, of which type, where it is installed, where its databases are.
// Checks of one product build on it through OnSite, OnDatabase, OnServiceManager and OnServer,
// which turn "not here" into not applicable with a reason. Checks of what both products need
// build on OnProducts and OnDatabases, and know no product.
package discovery

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/version"
	"siteready/platform"
)

// Where the product keeps these facts is known from Microsoft's support tools and from
// public lab builders; the types of the values are stated nowhere, so numbers are read from
// DWORD, QWORD and text alike.
const (
	smsKey      = `HKLM\SOFTWARE\Microsoft\SMS`
	setupKey    = smsKey + `\Setup`
	identityKey = smsKey + `\Identification`
	databaseKey = smsKey + `\SQL Server\Site System SQL Account`
	tracingKey  = smsKey + `\Tracing`

	componentManager = "SMS_SITE_COMPONENT_MANAGER" // a service that every site server has, and nothing else
	sqlBackupPrefix  = "SMS_SITE_SQL_BACKUP_"       // a site's backup agent on its SQL Server; the site server's name follows
	sqlInstancesKey  = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`
	defaultSQLPort   = 1433
	noProductHere    = "no Configuration Manager site and no Service Manager found here"
	noSiteHere       = "no Configuration Manager site found here"
)

// siteTypes are the values of Setup\Type. The database numbers its types otherwise.
var siteTypes = map[platform.Number]Role{8: CAS, 1: Primary, 2: Secondary}

// roleKeys are the keys that a site system role leaves below SMS.
var roleKeys = []struct{ key, role string }{
	{"MP", "management point"},
	{"DP", "distribution point"},
	{"WSUS", "software update point"},
	{"SRSRP", "reporting services point"},
	{"SMP", "state migration point"},
	{"FSP", "fallback status point"},
	{"Providers", "SMS Provider"},
	{"SMS_CLOUD_PROXYCONNECTOR", "cloud management gateway connection point"},
}

// Site is the site whose site server this machine is.
type Site struct {
	Type       Role // CAS, Primary or Secondary
	Code       string
	Parent     string // code of the parent site; empty for a CAS and a stand-alone primary
	Version    version.Version
	InstallDir string
}

// Database is where a site's database is.
type Database struct {
	Instance string // SERVER, SERVER\INSTANCE, with ,PORT when it is not the default
	Name     string
	OfType   Role   // of the site, or Management or Warehouse; Remote when only the database was named
	Use      string // what a database of Service Manager is for; empty for a site's
}

// NamedInstance is the name of the instance of SQL Server; empty for the default one, and where only
// its port is known.
func (d Database) NamedInstance() string {
	_, name, _ := strings.Cut(d.Instance, `\`)
	name, _, _ = strings.Cut(name, ",")
	return name
}

// OfSite reports whether it is the database of a site, as far as is known.
func (d Database) OfSite() bool { return d.OfType != Management && d.OfType != Warehouse }

var (
	fullVersion  = platform.ReadText(setupKey, "Full Version")
	siteType     = platform.ReadNumber(setupKey, "Type")
	installDir   = platform.ReadText(setupKey, "Installation Directory")
	siteCode     = platform.ReadText(identityKey, "Site Code")
	parentCode   = platform.ReadText(identityKey, "Parent Site Code")
	siteServer   = platform.ReadText(identityKey, "Site Server")
	databaseHost = platform.ReadText(databaseKey, "Server")
	databaseName = platform.ReadText(databaseKey, "Database Name")
	databasePort = platform.ReadNumber(databaseKey, "Port")
)

// RegistryRight is the right that SiteReads need.
const RegistryRight = "Windows: read the registry, which every user may"

// SiteReads are the questions that OnSite asks.
func SiteReads() []platform.Form {
	forms := []platform.Form{
		fullVersion.Form(), siteType.Form(), installDir.Form(), siteCode.Form(), parentCode.Form(), siteServer.Form(),
		platform.ReadService(componentManager).Form(),
		platform.ReadKey(sqlInstancesKey).Form(), platform.ReadKey(tracingKey).Form(),
	}
	for _, role := range roleKeys {
		forms = append(forms, platform.ReadKey(smsKey+`\`+role.key).Form())
	}
	return forms
}

// DatabaseReads are the questions that OnDatabase asks.
func DatabaseReads() []platform.Form {
	return append(SiteReads(), databaseHost.Form(), databaseName.Form(), databasePort.Form())
}

// OnSite is the Run of a check that judges a site server. On any other machine the check
// does not apply.
func OnSite(run func(context.Context, *checks.Case, Site) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		site, other, err := FindSite(ctx, c)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case other != nil:
			return checks.DoesNotApply(other.Headline), nil
		}
		return run(ctx, c, site)
	}
}

// OnDatabase is the Run of a check that judges a site's database. It applies on a site
// server, and anywhere when the operator named server and database.
func OnDatabase(run func(context.Context, *checks.Case, Database) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		database, other, err := FindDatabase(ctx, c, c.Stated)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case other != nil:
			return checks.DoesNotApply(other.Headline), nil
		}
		return run(ctx, c, database)
	}
}

// FindDatabase says where the site's database is. What the operator stated wins; on a
// machine that is no site server and without a statement it returns what the machine is.
func FindDatabase(ctx context.Context, a platform.Asker, stated checks.Stated) (Database, *Subject, error) {
	if stated.Complete() {
		return Database{Instance: stated.SQLServer, Name: stated.Database, OfType: Remote}, nil, nil
	}
	site, other, err := FindSite(ctx, a)
	if err != nil || other != nil {
		return Database{}, other, err
	}
	database, err := locate(ctx, a, stated)
	database.OfType = site.Type
	return database, nil, err
}

// FindSite reads which site this is the site server of, or what else the machine is.
func FindSite(ctx context.Context, a platform.Asker) (Site, *Subject, error) {
	text, hasVersion, err := platform.Lookup(ctx, a, fullVersion)
	if err != nil {
		return Site{}, nil, err
	}
	number, hasType, err := platform.Lookup(ctx, a, siteType)
	if err != nil {
		return Site{}, nil, err
	}
	if !hasVersion && !hasType {
		other, err := elsewhere(ctx, a)
		return Site{}, other, err
	}
	if hasVersion != hasType {
		return Site{}, nil, platform.Refuse(platform.ErrMalformed,
			`%s has only one of "Full Version" and "Type", so it is not known whether this is a site server`, setupKey)
	}
	var site Site
	if site.Type = siteTypes[number]; site.Type == "" {
		return Site{}, nil, platform.Refuse(platform.ErrMalformed, `%s says Type %d, which is no type of site known here (1, 2 or 8)`, setupKey, number)
	}
	if site.Version, err = version.Parse(string(text)); err != nil {
		return Site{}, nil, platform.Refuse(platform.ErrMalformed, "%s, Full Version: %v", setupKey, err)
	}
	for _, read := range []struct {
		query platform.Query[platform.Text]
		into  *string
	}{{installDir, &site.InstallDir}, {siteCode, &site.Code}} {
		value, err := platform.Ask(ctx, a, read.query)
		if err != nil {
			return Site{}, nil, err
		}
		if *read.into = string(value); value == "" {
			return Site{}, nil, platform.Refuse(platform.ErrMalformed, "%s is empty", read.query)
		}
	}
	parent, _, err := platform.Lookup(ctx, a, parentCode)
	site.Parent = string(parent)
	return site, nil, err
}

// OwnCode is the code of the site whose site server this machine is.
func OwnCode(ctx context.Context, a platform.Asker) (string, error) {
	code, err := platform.Ask(ctx, a, siteCode)
	return string(code), err
}

// locate says where the site's database is. What the operator stated wins, and is not read.
func locate(ctx context.Context, a platform.Asker, stated checks.Stated) (Database, error) {
	if stated.Complete() {
		return Database{Instance: stated.SQLServer, Name: stated.Database}, nil
	}
	database := Database{Instance: stated.SQLServer}
	if stated.SQLServer == "" {
		host, err := platform.Ask(ctx, a, databaseHost)
		if err != nil {
			return Database{}, err
		}
		if database.Instance = string(host); host == "" {
			return Database{}, platform.Refuse(platform.ErrMalformed, "%s is empty", databaseHost)
		}
	}
	text, err := platform.Ask(ctx, a, databaseName)
	if err != nil {
		return Database{}, err
	}
	instance, name := "", string(text) // INSTANCE\CM_P01, or CM_P01 on the default instance
	if cut := strings.LastIndex(name, `\`); cut >= 0 {
		instance, name = name[:cut+1], name[cut+1:]
	}
	if name == "" || instance == `\` {
		return Database{}, platform.Refuse(platform.ErrMalformed, "%s is %q, which names no database", databaseName, text)
	}
	if database.Name = name; stated.Database != "" {
		database.Name = stated.Database
	}
	if stated.SQLServer != "" {
		return database, nil
	}
	port, _, err := platform.Lookup(ctx, a, databasePort)
	if err != nil {
		return Database{}, err
	}
	if instance != "" {
		database.Instance += `\` + strings.TrimSuffix(instance, `\`)
	}
	if port != 0 && (port != defaultSQLPort || instance != "") {
		database.Instance += fmt.Sprintf(",%d", port)
	}
	return database, nil
}

// elsewhere says what a machine is that is no site server, and where to run instead. Where
// the service of a site server contradicts the missing values, nobody knows.
func elsewhere(ctx context.Context, a platform.Asker) (*Subject, error) {
	_, installed, err := platform.Lookup(ctx, a, platform.ReadService(componentManager))
	if err != nil {
		return nil, err
	}
	if installed {
		return nil, platform.Refuse(platform.ErrMalformed,
			`%s has neither "Full Version" nor "Type", but the service %s of a site server is installed, so it is not known whether this is one`,
			setupKey, componentManager)
	}
	exists := func(key string) (platform.RegistryKey, bool, error) {
		return platform.Lookup(ctx, a, platform.ReadKey(key))
	}
	var roles []string
	for _, role := range roleKeys {
		_, found, err := exists(smsKey + `\` + role.key)
		if err != nil {
			return nil, err
		}
		if found {
			roles = append(roles, role.role)
		}
	}
	instances, sqlServer, err := exists(sqlInstancesKey)
	if err != nil {
		return nil, err
	}
	runOn, err := siteServerOf(ctx, a)
	if err != nil {
		return nil, err
	}
	sqlServer = sqlServer && len(instances.Values) > 0
	at := "; run siteready on the site server" // where this registry does not name it
	if runOn != "" {
		at = fmt.Sprintf("; run siteready on the site server %s", runOn)
	}
	switch {
	case len(roles) > 0:
		return &Subject{
			Role: SiteSystem, Product: "Configuration Manager", RunOn: runOn,
			Headline: "this server holds only a role of a site (" + strings.Join(roles, ", ") + ")" + at,
		}, nil
	case sqlServer && runOn != "":
		return &Subject{
			Role: SQLServer, Product: "Configuration Manager", RunOn: runOn,
			Headline: "this is the SQL Server of a site" + at,
		}, nil
	case sqlServer:
		return &Subject{
			Role:     SQLServer,
			Headline: noSiteHere + ", only SQL Server; if it holds a site's database, run siteready on the site server",
		}, nil
	default:
		return &Subject{Role: None, Headline: noSiteHere}, nil
	}
}

// siteServerOf finds the site server's name on a server that is none; empty when this
// registry does not have it.
func siteServerOf(ctx context.Context, a platform.Asker) (string, error) {
	name, _, err := platform.Lookup(ctx, a, siteServer)
	if err != nil || name != "" {
		return string(name), err
	}
	tracing, _, err := platform.Lookup(ctx, a, platform.ReadKey(tracingKey))
	if err != nil {
		return "", err
	}
	for _, key := range tracing.Subkeys {
		if rest, ok := strings.CutPrefix(strings.ToUpper(key), sqlBackupPrefix); ok {
			return key[len(key)-len(rest):], nil
		}
	}
	return "", nil
}
