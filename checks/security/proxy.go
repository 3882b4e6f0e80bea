package security

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// The proxy of the account LocalSystem, with which a management point of 2603 reaches the
// internet, and the key that a management point leaves. Whether a proxy is named is seen from the
// names of the values: its own may hold a log-on, and is not read.
const systemInternet = `HKU\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings`

var (
	systemProxyOn   = platform.ReadNumber(systemInternet, "ProxyEnable")
	systemProxy     = platform.ReadKey(systemInternet)
	managementPoint = platform.ReadKey(`HKLM\SOFTWARE\Microsoft\SMS\MP`)
)

// tokenBuild is the first build whose management points check tokens of Microsoft Entra with the
// proxy of LocalSystem.
const tokenBuild = 9146

func connectionProxy() checks.Check {
	const remote = "{service connection point}"
	return checks.Check{
		ID:          "security.proxy",
		Title:       "Is the proxy of the service connection point set where the product looks for it?",
		Why:         "The download uses the proxy that the console has for that server. A management point of 2603 on the same server does not: it uses the one of the account LocalSystem.",
		Consequence: "Nothing is downloaded, or after the update devices that are joined to Microsoft Entra get no token from that management point.",
		Remedy:      "Set name and port of the proxy in Administration, Servers and Site System Roles, Site system, Proxy. For a management point on that server also set ProxyEnable and ProxyServer for LocalSystem.",
		Command:     `reg query "` + systemInternet + `"`,
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/proxy-server-support",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/whats-new-in-version-2603",
		},
		Rights: []string{servers.PointsRight, discovery.RegistryRight, "Windows: read the registry of the account LocalSystem, as administrators may", remoteRight},
		Reads: pointReads(managementPoint.Form(), managementPoint.At(remote).Form(), systemProxyOn.Form(), systemProxyOn.At(remote).Form(),
			systemProxy.Form(), systemProxy.At(remote).Form()),
		Run: onPoint(runConnectionProxy),
	}
}

func runConnectionProxy(ctx context.Context, c *checks.Case, _ discovery.Database, p point) (checks.Finding, error) {
	item := checks.Item{
		Key: "proxy of " + p.Server, Found: "none", Wanted: "none, or one with its name and port", Where: "vSMS_SC_SysResUse_Properties, UseProxy, ProxyName and ProxyServerPort", Status: checks.Passed,
	}
	if p.UseProxy != 1 { // 0, or never said: both are no proxy
		return checks.Items(fmt.Sprintf("%s uses no proxy.", p.Server), item), nil
	}
	item.Found = fmt.Sprintf("%s, port %d", p.Proxy, p.ProxyPort)
	if p.Proxy == "" || p.ProxyPort < 1 || p.ProxyPort > 65535 {
		item.Status = checks.Warning
		return checks.Items(fmt.Sprintf("%s uses a proxy whose name or port is missing.", p.Server), item), nil
	}
	items := []checks.Item{item}
	if c.Target.Build >= tokenBuild {
		token, err := p.tokenProxy(ctx, c)
		if err != nil {
			return checks.Finding{}, err
		}
		items = append(items, token...)
	}
	finding := checks.Items(fmt.Sprintf("The proxy of %s is set.", p.Server), items...)
	if finding.Status() != checks.Passed {
		finding.Summary = fmt.Sprintf("The management point on %s will not use the proxy of its server.", p.Server)
	}
	return finding, nil
}

// tokenProxy judges the proxy of LocalSystem where a management point is on the server; without
// one there is nothing to judge.
func (p point) tokenProxy(ctx context.Context, c *checks.Case) ([]checks.Item, error) {
	_, here, err := platform.Lookup(ctx, c, managementPoint.At(p.on))
	if err != nil || !here {
		return nil, err
	}
	item := checks.Item{
		Key: "proxy of LocalSystem on " + p.Server, Found: "none", Wanted: "the proxy of the server, for the management point on it",
		Where: systemProxyOn.At(p.on).String(), Status: checks.Warning,
	}
	on, err := lookup(ctx, c, systemProxyOn.At(p.on))
	if err != nil || !on.is(1) {
		return []checks.Item{item}, err
	}
	key, err := platform.Ask(ctx, c, systemProxy.At(p.on))
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(key.Values, func(name string) bool { return strings.EqualFold(name, "ProxyServer") }) {
		item.Found, item.Status = "set", checks.Passed
	}
	return []checks.Item{item}, nil
}
