package roles

import (
	"context"

	"siteready/checks"
	"siteready/platform"
)

// cloudGateways lists the names of the cloud management gateways; Microsoft's page on clients
// that use Microsoft Entra ID names the view and its column, an address such as
// https://HOST/CCM_Proxy_MutualAuth/NUMBER. What Azure appends to a name tells how the gateway
// was deployed; a pseudonym would not, so it is told here. Without a gateway there is one row.
var cloudGateways = platform.SQL[gatewayRow]("cloud-gateways", `
	SELECT TOP (50) ISNULL(g.host, N'') AS fqdn, ISNULL(g.kind, N'none') AS kind,
		(SELECT COUNT(*) FROM dbo.vProxy_Roles) AS gateways, COUNT(*) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vProxy_Roles', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (SELECT DISTINCT h.host,
			CASE WHEN ISNULL(p.MutualAuthPath, N'') = N'' THEN N'no address'
				WHEN p.MutualAuthPath NOT LIKE N'http%://_%' OR h.host = N'' THEN N'odd'
				WHEN h.host LIKE N'%_.cloudapp.net' THEN N'classic'
				WHEN h.host LIKE N'%_.cloudapp.azure.com' THEN N'scale set'
				ELSE N'own' END AS kind
		FROM dbo.vProxy_Roles p
		CROSS APPLY (SELECT SUBSTRING(p.MutualAuthPath, CHARINDEX(N'//', p.MutualAuthPath) + 2, 300) AS rest) r
		CROSS APPLY (SELECT LOWER(LEFT(r.rest, PATINDEX(N'%[:/]%', r.rest + N'/') - 1)) AS host) h) g ON x.present = 1
	ORDER BY fqdn`)

type gatewayRow struct {
	FQDN     string `json:"fqdn"`
	Kind     string `json:"kind"`     // one of the kinds below
	Gateways int    `json:"gateways"` // rows of the view
	Listed   int    `json:"listed"`   // rows of the answer, also those beyond the limit
}

// What the name of a gateway tells. A cloud service (classic) ends with .cloudapp.net, a virtual
// machine scale set with .cloudapp.azure.com; a name of the operator's own ends otherwise.
const (
	gatewayNone      = "none"       // no gateway at all
	gatewayNoAddress = "no address" // a role behind a gateway
	gatewayClassic   = "classic"
	gatewayScaleSet  = "scale set"
	gatewayOwn       = "own"
)

func cloudGateway() checks.Check {
	return checks.Check{
		ID:          "roles.cloud-gateway",
		Title:       "Is no cloud management gateway a classic cloud service?",
		Why:         "From 2403 on a gateway that was deployed as a cloud service (classic) is not supported. All gateways must be virtual machine scale sets.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Convert the gateway to a virtual machine scale set in Administration, Cloud Services, Cloud Management Gateway, or remove it. Its Deployment Model stands there, too.",
		Command:     "Get-CMCloudManagementGateway | Select-Object Name, ServiceCName, Fqdn, State",
		Rules:       []string{"Check for a cloud management gateway (CMG) as a cloud service (classic)"},
		Sources: []string{
			pageRules + "#check-for-a-cloud-management-gateway-cmg-as-a-cloud-service-classic",
			"https://learn.microsoft.com/intune/configmgr/core/clients/manage/cmg/modify-cloud-management-gateway#convert",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/internet-endpoints",
			"https://learn.microsoft.com/intune/configmgr/core/clients/deploy/deploy-clients-cmg-azure",
			pageRetired, pageRole,
		},
		Rights: []string{rolesRight, "SQL Server: SELECT on vProxy_Roles in the site database"},
		Reads:  append(readsRoles(), cloudGateways.In("{SQL Server}", "{site database}").Form()),
		Run:    onRoles(runCloudGateway),
	}
}

func runCloudGateway(ctx context.Context, c *checks.Case, r reading) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, cloudGateways.In(r.database.Instance, r.database.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	first := rows[0] // what is said of the view is alike in all rows
	if first.Listed != len(rows) {
		return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "vProxy_Roles of database %s on SQL Server %s is said to have %d names, and %d were listed",
			r.database.Name, r.database.Instance, first.Listed, len(rows))
	}
	var items []checks.Item
	for _, row := range rows {
		none, nameless := row.Kind == gatewayNone, row.Kind == gatewayNone || row.Kind == gatewayNoAddress
		if row.Gateways < 0 || row.Gateways != first.Gateways || none != (row.Gateways == 0) || nameless != (row.FQDN == "") {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "vProxy_Roles of database %s on SQL Server %s is said to have %d rows, and has the name %q of the kind %q",
				r.database.Name, r.database.Instance, row.Gateways, row.FQDN, row.Kind)
		}
		if !nameless {
			items = append(items, r.gateway(row))
		}
	}
	if len(items) == 0 {
		return r.withoutGateway(first.Gateways), nil
	}
	finding := checks.Items("No cloud management gateway is a classic cloud service.", items...)
	switch finding.Status() {
	case checks.Failed:
		finding.Summary = "A cloud management gateway is a classic cloud service."
	case checks.Unknown:
		finding.Summary = "How a cloud management gateway was deployed is not known."
	case checks.Warning:
		finding.Summary = "A cloud management gateway has the name of a classic cloud service."
	}
	return finding, nil
}

const (
	wantedGateway = "a virtual machine scale set"
	whereGateway  = "vProxy_Roles, MutualAuthPath"
	since2403     = ", on a site that runs 2403 or newer, which could not be installed beside a classic one"
)

// withoutGateway judges a site for which no gateway has an address.
func (r reading) withoutGateway(gateways int) checks.Finding {
	const key = "cloud management gateway"
	const notKnown = "Whether the site has a cloud management gateway is not known."
	if gateways > 0 {
		return checks.Items(notKnown, checks.UnknownItem(key, wantedGateway, platform.Refuse(platform.ErrMalformed,
			"vProxy_Roles of database %s on SQL Server %s has %d rows, and none has an address", r.database.Name, r.database.Instance, gateways)))
	}
	item := checks.Item{Key: key, Found: "none", Wanted: "none, or " + wantedGateway, Where: "vProxy_Roles; " + whereRoles + roleCloudConnector, Status: checks.Passed}
	points := r.of(roleCloudConnector)
	switch {
	case len(points) == 0:
		return checks.Items("The site has no cloud management gateway.", item)
	case r.build >= build2403:
		item.Found = "only the connection point " + places(points) + since2403
		return checks.Items("The site has a connection point for a cloud management gateway, and no gateway.", item)
	default:
		return checks.Items(notKnown, checks.UnknownItem(key, item.Wanted, platform.Refuse(platform.ErrMalformed,
			"database %s on SQL Server %s has the connection point %s and no cloud management gateway", r.database.Name, r.database.Instance, places(points))))
	}
}

// gateway judges one gateway by its name. A name of the operator's own says nothing; then a
// site that runs 2403 or newer is its own proof.
func (r reading) gateway(row gatewayRow) checks.Item {
	item := checks.Item{Key: row.FQDN, Wanted: wantedGateway, Where: whereGateway, Status: checks.Passed}
	modern := r.build >= build2403
	switch {
	case row.Kind == gatewayScaleSet:
		item.Found = "the name of a virtual machine scale set"
	case row.Kind == gatewayClassic && !modern:
		item.Found, item.Status = "the name of a classic cloud service", checks.Failed
	case row.Kind == gatewayClassic:
		item.Found, item.Status = "the name of a classic cloud service"+since2403, checks.Warning
	case row.Kind == gatewayOwn && modern:
		item.Found = "a name of its own" + since2403
	default:
		no := platform.Refuse(platform.ErrUnsupported, "the name %s (%s) does not tell how the cloud management gateway was deployed", row.FQDN, row.Kind)
		no.Help = "Look at the gateway's Deployment Model in Administration, Cloud Services, Cloud Management Gateway."
		return checks.UnknownItem(row.FQDN, wantedGateway, no)
	}
	return item
}
