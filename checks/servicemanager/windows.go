package servicemanager

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const (
	frameworkKey = `HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP`
	schannelKey  = `HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols`

	// dotNet451 is the lowest number of the .NET Framework 4.5.1 in the registry.
	dotNet451 = 378675
)

var (
	framework35        = platform.ReadNumber(frameworkKey+`\v3.5`, "Install")
	framework35Service = platform.ReadNumber(frameworkKey+`\v3.5`, "SP")
	framework4         = platform.ReadNumber(frameworkKey+`\v4\Full`, "Release")
)

func dotNet() checks.Check {
	return checks.Check{
		ID:          "smprereq.dotnet",
		Title:       "Are the .NET Frameworks installed that Service Manager needs?",
		Why:         "Every release lists the .NET Framework 3.5 SP1, which newer releases of Windows do not install by themselves, and 4.5.1 or newer.",
		Consequence: "The prerequisite check of Setup fails.",
		Remedy:      "Add the feature .NET Framework 3.5 in Server Manager, from the installation media where the server has no way to Windows Update.",
		Command:     "Install-WindowsFeature NET-Framework-Core -Source D:\\sources\\sxs",
		Covers:      []string{".NET Framework 3.5 and 4"},
		Sources:     []string{pageNeeds, "https://learn.microsoft.com/dotnet/framework/install/how-to-determine-which-versions-are-installed"},
		Rights:      []string{discovery.RegistryRight},
		Reads:       reads(framework35.Form(), framework35Service.Form(), framework4.Form()),
		Run:         discovery.OnServer(runDotNet, both()...),
	}
}

func runDotNet(ctx context.Context, c *checks.Case, _ discovery.ServiceManager) (checks.Finding, error) {
	old := checks.Item{Key: ".NET Framework 3.5", Found: "not installed", Wanted: "with service pack 1", Where: framework35.String(), Status: checks.Failed}
	installed, found, err := platform.Lookup(ctx, c, framework35)
	switch {
	case err != nil:
		old = unread(old, err)
	case found && installed == 1:
		old = servicePack(ctx, c, old)
	}
	newer := checks.Item{Key: ".NET Framework 4", Found: "not installed", Wanted: fmt.Sprintf("4.5.1 (release %d) or newer", dotNet451), Where: framework4.String(), Status: checks.Failed}
	release, found, err := platform.Lookup(ctx, c, framework4)
	switch {
	case err != nil:
		newer = unread(newer, err)
	case found:
		newer.Found = fmt.Sprintf("release %d", release)
		if release >= dotNet451 {
			newer.Status = checks.Passed
		}
	}
	items := []checks.Item{old, newer}
	return checks.Items(summaryOf(items, [3]string{
		"The .NET Frameworks are installed.", "A .NET Framework is missing that Service Manager needs.", "Whether the .NET Frameworks are installed is not known.",
	}), items...), nil
}

func servicePack(ctx context.Context, c *checks.Case, item checks.Item) checks.Item {
	pack, found, err := platform.Lookup(ctx, c, framework35Service)
	switch {
	case err != nil:
		return unread(item, err)
	case !found || pack < 1:
		item.Found = "without a service pack"
	default:
		item.Found, item.Status = fmt.Sprintf("with service pack %d", pack), checks.Passed
	}
	return item
}

// oldProtocols are what set-up is said to need, each as client and as server.
var oldProtocols = []string{`TLS 1.0\Client`, `TLS 1.0\Server`, `TLS 1.1\Client`, `TLS 1.1\Server`}

func oldTLS() checks.Check {
	check := checks.Check{
		ID:    "smprereq.tls",
		Title: "Are TLS 1.0 and 1.1 left as Windows has them until the upgrade is done?",
		Why: "The release notes of 2019, 2022 and 2025 say that set-up and upgrade fail on a server that was hardened to TLS 1.2 alone. " +
			"Which settings they mean is not said, so that one which is switched off is a warning here.",
		Consequence: "Setup fails.",
		Remedy:      "Take the hardening back in the window of the upgrade, restart the server, upgrade, and harden it again.",
		Command:     `reg query HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols /s`,
		Covers:      []string{"TLS 1.0 and 1.1 are not switched off"},
		Sources:     []string{"https://learn.microsoft.com/system-center/scsm/release-notes-sm", "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings"},
		Rights:      []string{discovery.RegistryRight},
		Run:         discovery.OnServer(runOldTLS, both()...),
	}
	check.Reads = reads()
	for _, protocol := range oldProtocols {
		check.Reads = append(check.Reads,
			platform.ReadNumber(schannelKey+`\`+protocol, "Enabled").Form(), platform.ReadNumber(schannelKey+`\`+protocol, "DisabledByDefault").Form())
	}
	return check
}

func runOldTLS(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	if target := discovery.TargetOf(c, sm); !target.TLSHardened {
		return checks.DoesNotApply(fmt.Sprintf("nothing is said of Service Manager %s and a server that was hardened", target.Version)), nil
	}
	var items []checks.Item
	for _, protocol := range oldProtocols {
		items = append(items, judgeProtocol(ctx, c, protocol))
	}
	return checks.Items(summaryOf(items, [3]string{
		"TLS 1.0 and 1.1 are not switched off.", "TLS 1.0 or 1.1 is switched off, which Setup may not stand.", "Whether TLS 1.0 and 1.1 are switched off is not known.",
	}), items...), nil
}

func judgeProtocol(ctx context.Context, c *checks.Case, protocol string) checks.Item {
	item := checks.Item{
		Key: strings.ReplaceAll(protocol, `\`, " "), Found: "as Windows has it", Wanted: "not switched off", Where: schannelKey + `\` + protocol, Status: checks.Passed,
	}
	enabled, said, err := platform.Lookup(ctx, c, platform.ReadNumber(item.Where, "Enabled"))
	if err != nil {
		return unread(item, err)
	}
	disabled, _, err := platform.Lookup(ctx, c, platform.ReadNumber(item.Where, "DisabledByDefault"))
	switch {
	case err != nil:
		return unread(item, err)
	case said && enabled == 0:
		item.Status, item.Found = checks.Warning, "switched off"
	case disabled != 0:
		item.Status, item.Found = checks.Warning, "switched off by default"
	case said:
		item.Found = "switched on"
	}
	return item
}
