package site

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// communicationStates reads the setting of each site. Support articles of Microsoft show
// these joins; the number stands in Value3. A site without the setting has a null.
var communicationStates = platform.SQL[stateRow]("site-communication", `
	SELECT s.SiteCode AS site, CAST(s.Type AS int) AS type, CAST(p.Value3 AS int) AS state,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.SC_Component_Property', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_Site s
	LEFT JOIN dbo.SC_SiteDefinition d ON d.SiteCode = s.SiteCode
	LEFT JOIN dbo.SC_Component c ON c.SiteNumber = d.SiteNumber AND c.ComponentName = N'SMS_SITE_COMPONENT_MANAGER'
	LEFT JOIN dbo.SC_Component_Property p ON p.ComponentID = c.ID AND p.Name = N'IISSSLState'
	WHERE ISNULL(s.Status, 0) <> 4`) // deleted sites may stay in the view

type stateRow struct {
	Site  string `json:"site"`
	Type  int    `json:"type"` // 1 secondary, 2 primary, 4 central administration site
	State *int   `json:"state"`
}

const typeSecondary = 1 // v_Site numbers types otherwise than the registry

// mirror is the component's own copy of the setting, which can lag behind the database.
var mirror = platform.ReadNumber(`HKLM\SOFTWARE\Microsoft\SMS\Components\SMS_SITE_COMPONENT_MANAGER`, "IISSSLState")

// The bits of IISSSLState, derived from the ten values that public tools give names to.
const (
	bitsHTTPSOnly  = 0x1F
	bitCRL         = 0x20
	bitsHTTPToo    = 0xC0
	bitPKIClient   = 0x100
	bitEnhanced    = 0x400
	bitsWithAName  = bitsHTTPSOnly | bitCRL | bitsHTTPToo | bitPKIClient | bitEnhanced
	wantsSecure    = "HTTPS only, or Enhanced HTTP"
	whereDatabase  = "SC_Component_Property of SMS_SITE_COMPONENT_MANAGER, IISSSLState"
	whereMirror    = "the registry's copy, which can lag behind the site database"
	questionOfSite = "site "
)

func secureCommunication() checks.Check {
	return checks.Check{
		ID:          "site.https",
		Title:       "Does every site use HTTPS or Enhanced HTTP?",
		Why:         "From 2403 on a site that allows plain HTTP without Enhanced HTTP cannot be updated. Enhanced HTTP is not inherited: each site has its own setting.",
		Consequence: "The product's own prerequisite check stops the update, on a central administration site also for a child's setting.",
		Remedy:      "In Administration, Site Configuration, Sites, open the site's properties, Communication Security: choose HTTPS only, or HTTPS or EHTTP together with the certificates that Configuration Manager generates. Wait until the roles have taken it over.",
		Rules:       []string{"Enable site system roles for HTTPS or Enhanced HTTP"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#enable-site-system-roles-for-https-or-enhanced-http",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/enhanced-http",
		},
		Rights: []string{"SQL Server: SELECT on v_Site, SC_SiteDefinition, SC_Component and SC_Component_Property in the site database", discovery.RegistryRight},
		Reads:  append(discovery.DatabaseReads(), communicationStates.In("{SQL Server}", "{site database}").Form(), mirror.Form()),
		Run:    discovery.OnDatabase(runSecureCommunication),
	}
}

// siteState is one site's setting as one of the two places has it.
type siteState struct {
	code  string
	state *int
	odd   string // why the state cannot be judged
}

func runSecureCommunication(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at central administration and primary sites only"), nil
	}
	ways := []platform.Way[[]siteState]{platform.By(communicationStates.In(d.Instance, d.Name), fromDatabase)}
	own := ""
	if d.OfType != discovery.Remote {
		code, err := discovery.OwnCode(ctx, c)
		if err != nil {
			return checks.Finding{}, err
		}
		own = code
		ways = append(ways, platform.By(mirror, func(n platform.Number) ([]siteState, error) {
			state := int(n)
			return []siteState{{code: own, state: &state}}, nil
		}))
	}
	readings, err := platform.AskAny(ctx, c, ways...)
	if err != nil {
		return checks.Finding{}, err
	}
	copied := (*int)(nil)
	if len(readings) > 1 && readings[1].Err == nil {
		copied = readings[1].Value[0].state
	}
	if readings[0].Err != nil {
		return fromMirrorAlone(d, own, *copied, readings[0].Err), nil
	}
	var items []checks.Item
	for _, site := range readings[0].Value {
		item := judge(site.code, site.state, site.odd, whereDatabase)
		if strings.EqualFold(site.code, own) && site.state != nil && copied != nil && *copied != *site.state && item.Status == checks.Passed {
			item.Status = checks.Warning
			item.Found += fmt.Sprintf("; the registry's copy still has %d (%s)", *copied, meaning(*copied))
			item.Wanted = "both places alike: the setting is still being taken over, or the copy lags"
		}
		items = append(items, item)
	}
	if own != "" && !slices.ContainsFunc(readings[0].Value, func(s siteState) bool { return strings.EqualFold(s.code, own) }) {
		items = append(items, checks.UnknownItem(questionOfSite+own, wantsSecure, platform.Refuse(platform.ErrMalformed,
			"v_Site of database %s on SQL Server %s does not list the site %s of this machine", d.Name, d.Instance, own)))
	}
	return checks.Items(summary(items), items...), nil
}

// fromMirrorAlone judges what the registry's copy shows when the database could not be read:
// never better than a warning, and on a hierarchy nothing about the other sites.
func fromMirrorAlone(d discovery.Database, own string, copied int, why error) checks.Finding {
	item := judge(own, &copied, "", whereMirror)
	if item.Status == checks.Passed {
		item.Status = checks.Warning
		item.Wanted += ", confirmed by the site database"
	}
	items := []checks.Item{item}
	if d.OfType == discovery.CAS {
		items = append(items, checks.UnknownItem("child sites", wantsSecure, why))
	}
	finding := checks.Items(summary(items), items...)
	finding.Notes = append(finding.Notes, "The site database could not be read: "+why.Error())
	return finding
}

// fromDatabase makes one state of each central administration and primary site.
func fromDatabase(rows []stateRow) ([]siteState, error) {
	var states []siteState
	for _, row := range rows {
		if row.Type == typeSecondary {
			continue
		}
		i := slices.IndexFunc(states, func(s siteState) bool { return s.code == row.Site })
		switch {
		case i < 0:
			states = append(states, siteState{code: row.Site, state: row.State})
		case !same(states[i].state, row.State):
			states[i].odd = "the site control data have two different values for it"
		}
	}
	if len(states) == 0 {
		return nil, platform.Refuse(platform.ErrMalformed, "v_Site lists no central administration or primary site")
	}
	return states, nil
}

func same(a, b *int) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func judge(code string, state *int, odd, where string) checks.Item {
	key := questionOfSite + code
	if state == nil && odd == "" {
		odd = "the site control data have no value for it"
	}
	if odd != "" {
		return checks.UnknownItem(key, wantsSecure, platform.Refuse(platform.ErrMalformed, "IISSSLState of site %s: %s", code, odd))
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("%s (%d)", meaning(*state), *state), Wanted: wantsSecure, Where: where}
	switch mode(*state) {
	case modeHTTPSOnly, modeEnhanced:
		item.Status = checks.Passed
	case modeHTTP:
		item.Status = checks.Failed
	default:
		no := platform.Refuse(platform.ErrUnsupported, "IISSSLState of site %s is %d, a combination that is not known here", code, *state)
		no.Help = "Look at Communication Security in the site's properties."
		return checks.UnknownItem(key, wantsSecure, no)
	}
	return item
}

type communication int

const (
	modeUnknown communication = iota
	modeHTTPSOnly
	modeEnhanced
	modeHTTP
)

// mode reads the bits; a combination that no public source names is modeUnknown.
func mode(state int) communication {
	httpsOnly, httpToo := state&bitsHTTPSOnly, state&bitsHTTPToo
	switch {
	case state < 0 || state&^bitsWithAName != 0:
		return modeUnknown
	case httpsOnly == bitsHTTPSOnly && httpToo == 0:
		return modeHTTPSOnly
	case httpsOnly != 0 || httpToo != bitsHTTPToo:
		return modeUnknown
	case state&bitEnhanced != 0:
		return modeEnhanced
	default:
		return modeHTTP
	}
}

func meaning(state int) string {
	switch mode(state) {
	case modeHTTPSOnly:
		return "HTTPS only"
	case modeEnhanced:
		return "Enhanced HTTP"
	case modeHTTP:
		return "HTTP allowed, without Enhanced HTTP"
	default:
		return "an unknown combination"
	}
}

func summary(items []checks.Item) string {
	switch bad := checks.Count(items, checks.Failed); {
	case bad == 1:
		return "One site allows plain HTTP without Enhanced HTTP."
	case bad > 1:
		return fmt.Sprintf("%d sites allow plain HTTP without Enhanced HTTP.", bad)
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every site's setting could be read."
	case checks.Count(items, checks.Warning) > 0:
		return "The setting is good where it could be read, but not confirmed."
	default:
		return "Every site uses HTTPS or Enhanced HTTP."
	}
}
