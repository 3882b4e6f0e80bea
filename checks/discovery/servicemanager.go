package discovery

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

// Where Service Manager keeps these facts is known from the tool of Microsoft's support and from
// Microsoft's pages on moving its databases. Operations Manager keeps some of its own in the
// same places, so nothing is believed without the key of Service Manager's set-up.
//
// The segment 2010 is that of every release so far; Microsoft's pages write others, too, so
// another one is looked for where this one is not there.
const (
	systemCenterKey = `HKLM\SOFTWARE\Microsoft\System Center`
	usualSegment    = "2010"
	segmentHole     = `{release}`
	smSetup         = `\Service Manager\Setup`
	smType          = `\Common\SDK Service`
	smDatabase      = `\Common\Database`

	managementGroupsKey = `HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Server Management Groups`

	// StagingUse is the use of the database DWStagingAndConfig.
	StagingUse = "staging and configuration"

	// NoServiceManager is why a check of Service Manager does not apply.
	NoServiceManager = "no Service Manager found here"
)

// The values of "SDK Service Type".
const (
	managementType = 1
	warehouseType  = 2
)

// ServiceManager is what of Service Manager is on this machine. It has at least one part.
type ServiceManager struct {
	Server  Role // Management or Warehouse; empty where only other parts are here
	Portal  bool // the self-service portal
	Console bool // nothing but a console, or other parts without a server of their own

	Version    version.Version // zero where it is not recorded, as for a console alone
	InstallDir string
	key        string // HKLM\SOFTWARE\Microsoft\System Center\2010
}

// Names are what the version is called; see requirement.ServiceManagerNames.
func (s ServiceManager) Names() []string { return requirement.ServiceManagerNames(s.Version) }

// Key is the registry key of a part below that of the product family: `\Common\MOMBins`.
func (s ServiceManager) Key(below string) string { return s.key + below }

// KeyForm is Key with a hole for what differs between machines, for the declaration of reads.
func KeyForm(below string) string { return systemCenterKey + `\` + segmentHole + below }

// warehouseDatabases are the databases of a data warehouse by the beginning of their values'
// names. The last two are there when somebody added them.
var warehouseDatabases = []struct {
	value, use string
	optional   bool
}{
	{"Staging", StagingUse, false},
	{"Repository", "repository", false},
	{"DataMart", "data mart", false},
	{"OMDataMart", "data mart for Operations Manager", true},
	{"CMDataMart", "data mart for Configuration Manager", true},
}

// ServiceManagerReads are the questions that OnServiceManager asks.
func ServiceManagerReads() []platform.Form {
	return []platform.Form{
		platform.ReadKey(KeyForm(smSetup)).Form(), platform.ReadKey(systemCenterKey).Form(),
		platform.ReadText(KeyForm(smSetup), "ServerVersion").Form(), platform.ReadText(KeyForm(smSetup), "InstallDirectory").Form(),
		platform.ReadText(KeyForm(smSetup), "PortalVirtualDirectory").Form(),
		platform.ReadNumber(KeyForm(smType), "SDK Service Type").Form(), platform.ReadKey(managementGroupsKey).Form(),
	}
}

// ManagementDatabaseReads are those of where a management server's database is.
func ManagementDatabaseReads() []platform.Form {
	return []platform.Form{
		platform.ReadText(KeyForm(smDatabase), "DatabaseServerName").Form(), platform.ReadText(KeyForm(smDatabase), "DatabaseName").Form(),
	}
}

// WarehouseDatabaseReads are those of where the databases of a data warehouse are.
func WarehouseDatabaseReads() []platform.Form {
	var forms []platform.Form
	for _, d := range warehouseDatabases {
		forms = append(forms,
			platform.ReadText(KeyForm(smDatabase), d.value+"SQLInstance").Form(), platform.ReadText(KeyForm(smDatabase), d.value+"DatabaseName").Form())
	}
	return forms
}

// FindServiceManager reads what of Service Manager is on this machine; nil when nothing is.
func FindServiceManager(ctx context.Context, a platform.Asker) (*ServiceManager, error) {
	key, err := findSetup(ctx, a)
	if err != nil || key == "" {
		return nil, err
	}
	sm := &ServiceManager{key: key}
	text, hasVersion, err := platform.Lookup(ctx, a, platform.ReadText(sm.Key(smSetup), "ServerVersion"))
	if err != nil {
		return nil, err
	}
	if hasVersion {
		if sm.Version, err = version.Parse(string(text)); err != nil {
			return nil, platform.Refuse(platform.ErrMalformed, "%s, ServerVersion: %v", sm.Key(smSetup), err)
		}
	}
	folder, err := platform.Ask(ctx, a, platform.ReadText(sm.Key(smSetup), "InstallDirectory"))
	if err != nil {
		return nil, err
	}
	if sm.InstallDir = strings.TrimRight(string(folder), `\`); sm.InstallDir == "" {
		return nil, platform.Refuse(platform.ErrMalformed, "%s, InstallDirectory is empty", sm.Key(smSetup))
	}
	if _, sm.Portal, err = platform.Lookup(ctx, a, platform.ReadText(sm.Key(smSetup), "PortalVirtualDirectory")); err != nil {
		return nil, err
	}
	if sm.Server, err = serverOf(ctx, a, sm.key, hasVersion); err != nil {
		return nil, err
	}
	sm.Console = sm.Server == "" && !sm.Portal
	return sm, nil
}

// findSetup is the key of the product family below which Service Manager was set up; empty
// when there is none.
func findSetup(ctx context.Context, a platform.Asker) (string, error) {
	usual := systemCenterKey + `\` + usualSegment
	_, found, err := platform.Lookup(ctx, a, platform.ReadKey(usual+smSetup))
	switch {
	case err != nil:
		return "", err
	case found:
		return usual, nil
	}
	family, found, err := platform.Lookup(ctx, a, platform.ReadKey(systemCenterKey))
	if err != nil || !found {
		return "", err
	}
	for _, segment := range family.Subkeys {
		if segment == usualSegment {
			continue
		}
		key := systemCenterKey + `\` + segment
		if _, found, err = platform.Lookup(ctx, a, platform.ReadKey(key+smSetup)); err != nil || found {
			return key, err
		}
	}
	if family.More {
		return "", platform.Refuse(platform.ErrTooLarge, "%s has more keys than are listed, so it is not known whether Service Manager is here", systemCenterKey)
	}
	return "", nil
}

// serverOf says which server of Service Manager this is. Three things must agree: the version
// of the server, its type, and that it is part of a management group. A server of Operations
// Manager is part of one, too, and a console beside it does not make it a server of this product.
func serverOf(ctx context.Context, a platform.Asker, key string, hasVersion bool) (Role, error) {
	kind, hasType, err := platform.Lookup(ctx, a, platform.ReadNumber(key+smType, "SDK Service Type"))
	if err != nil {
		return "", err
	}
	_, hasGroup, err := platform.Lookup(ctx, a, platform.ReadKey(managementGroupsKey))
	switch {
	case err != nil:
		return "", err
	case !hasVersion && !hasType:
		return "", nil
	case hasVersion && hasGroup && kind == managementType:
		return Management, nil
	case hasVersion && hasGroup && kind == warehouseType:
		return Warehouse, nil
	}
	said := func(there bool) string { return map[bool]string{true: "there", false: "missing"}[there] }
	return "", platform.Refuse(platform.ErrMalformed,
		`what of Service Manager this machine is cannot be told: below %s, ServerVersion is %s, "SDK Service Type" is %d, and the key of management groups is %s; `+
			"a management server has type 1, a data warehouse management server type 2, and both have the rest",
		key, said(hasVersion), kind, said(hasGroup))
}

// DatabasesOf says where the databases of a server of Service Manager are; none for its other parts.
func DatabasesOf(ctx context.Context, a platform.Asker, sm ServiceManager) ([]Database, error) {
	switch sm.Server {
	case Management:
		d, err := databaseOf(ctx, a, sm, "DatabaseServerName", "DatabaseName")
		if err != nil {
			return nil, err
		}
		d.Use = "Service Manager"
		return []Database{d}, nil
	case Warehouse:
	default:
		return nil, nil
	}
	var all []Database
	for _, one := range warehouseDatabases {
		if one.optional {
			_, found, err := platform.Lookup(ctx, a, platform.ReadText(sm.Key(smDatabase), one.value+"DatabaseName"))
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
		}
		d, err := databaseOf(ctx, a, sm, one.value+"SQLInstance", one.value+"DatabaseName")
		if err != nil {
			return nil, err
		}
		d.Use = one.use
		all = append(all, d)
	}
	return all, nil
}

func databaseOf(ctx context.Context, a platform.Asker, sm ServiceManager, server, name string) (Database, error) {
	d := Database{OfType: sm.Server}
	for _, read := range []struct {
		value string
		into  *string
	}{{server, &d.Instance}, {name, &d.Name}} {
		query := platform.ReadText(sm.Key(smDatabase), read.value)
		text, err := platform.Ask(ctx, a, query)
		if err != nil {
			return Database{}, err
		}
		if *read.into = string(text); text == "" {
			return Database{}, platform.Refuse(platform.ErrMalformed, "%s is empty", query)
		}
	}
	return d, nil
}

// OnServiceManager is the Run of a check that judges any part of Service Manager. On any other
// machine the check does not apply.
func OnServiceManager(run func(context.Context, *checks.Case, ServiceManager) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		sm, err := FindServiceManager(ctx, c)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case sm == nil:
			return checks.DoesNotApply(NoServiceManager), nil
		}
		return run(ctx, c, *sm)
	}
}

// OnServer is the Run of a check that judges a management server of Service Manager, or one of
// its data warehouse, or only one of the two. Elsewhere the check does not apply.
func OnServer(run func(context.Context, *checks.Case, ServiceManager) (checks.Finding, error), kinds ...Role) func(context.Context, *checks.Case) (checks.Finding, error) {
	return OnServiceManager(func(ctx context.Context, c *checks.Case, sm ServiceManager) (checks.Finding, error) {
		for _, kind := range kinds {
			if sm.Server == kind {
				return run(ctx, c, sm)
			}
		}
		var wanted []string
		for _, kind := range kinds {
			wanted = append(wanted, serverNames[kind])
		}
		return checks.DoesNotApply(fmt.Sprintf("this is no %s of Service Manager", strings.Join(wanted, " and no "))), nil
	})
}

var serverNames = map[Role]string{Management: "management server", Warehouse: "data warehouse management server"}

// Parts are the names of what is here.
func (s ServiceManager) Parts() []string {
	var parts []string
	if name := serverNames[s.Server]; name != "" {
		parts = append(parts, name)
	}
	if s.Portal {
		parts = append(parts, "self-service portal")
	}
	if s.Console {
		parts = append(parts, "console")
	}
	return parts
}

// TargetOf is the release that Service Manager is judged for: what the operator named, or the
// next one after what is installed.
func TargetOf(c *checks.Case, sm ServiceManager) requirement.ServiceManagerRelease {
	if c.ServiceManager.Version != "" {
		return c.ServiceManager
	}
	return requirement.NextServiceManager(sm.Version)
}
