package system

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const dotNetKey = `HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP`

var (
	dotNet4Release  = platform.ReadNumber(dotNetKey+`\v4\Full`, "Release")
	dotNet35Enabled = platform.ReadNumber(dotNetKey+`\v3.5`, "Install")
)

func dotNet() checks.Check {
	return checks.Check{
		ID:          "system.dotnet",
		Title:       "Are the versions of the .NET Framework installed that the site server needs?",
		Why:         "Set-up does not install the .NET Framework on a site server, and roles such as the management point and the service connection point need 4.8.",
		Consequence: "Below 4.6.2, or without 3.5, the product's own prerequisite check stops the update. Below 4.8 it warns, and roles may not work afterwards.",
		Remedy:      "Install the .NET Framework 4.8 or newer, enable the Windows feature .NET Framework 3.5, restart the server, install the cumulative update for .NET, and restart again.",
		Command:     "Install-WindowsFeature NET-Framework-Core",
		Rules: []string{
			"Required version of Microsoft .NET Framework (error)", "Recommended version of Microsoft .NET Framework",
			"Minimum .NET Framework version for Configuration Manager site server",
		},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#required-version-of-microsoft-net-framework-error",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/site-and-site-system-prerequisites#net-version-requirements",
			"https://learn.microsoft.com/dotnet/framework/install/how-to-determine-which-versions-are-installed",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  append(discovery.SiteReads(), dotNet4Release.Form(), dotNet35Enabled.Form()),
		Run:    discovery.OnSite(runDotNet),
	}
}

func runDotNet(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	items := []checks.Item{newestDotNet(ctx, c), dotNet35(ctx, c)}
	summary := "The .NET Framework is installed in the versions that are needed."
	switch {
	case checks.Count(items, checks.Failed) > 0:
		summary = fmt.Sprintf("The .NET Framework is missing in a version that %s needs.", c.Target.Version)
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Not every version of the .NET Framework could be read."
	case checks.Count(items, checks.Warning) > 0:
		summary = fmt.Sprintf("The .NET Framework is older than %s, which Microsoft's checklist for %s requires.", c.Target.DotNet.Name, c.Target.Version)
	}
	finding := checks.Items(summary, items...)
	if items[0].Status == checks.Warning {
		finding.Notes = []string{fmt.Sprintf("Microsoft's pages disagree: the checklist for %s requires %s, and the product's own check does no more than warn below it.", c.Target.Version, c.Target.DotNet.Name)}
	}
	return finding, nil
}

// newestDotNet judges the 4.x that is installed; there is never more than one.
func newestDotNet(ctx context.Context, c *checks.Case) checks.Item {
	item := checks.Item{
		Key: ".NET Framework 4", Where: dotNet4Release.String(),
		Wanted: fmt.Sprintf("%s (Release %d) or newer, at the least %s (%d)",
			c.Target.DotNet.Name, c.Target.DotNet.Release, c.Target.MinDotNet.Name, c.Target.MinDotNet.Release),
	}
	release, found, err := platform.Lookup(ctx, c, dotNet4Release)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case !found:
		item.Status, item.Found = checks.Failed, "older than 4.5, or not installed"
		return item
	}
	item.Found, item.Status = fmt.Sprintf("Release %d", release), checks.Passed
	switch {
	case uint64(release) < uint64(c.Target.MinDotNet.Release):
		item.Status = checks.Failed
	case uint64(release) < uint64(c.Target.DotNet.Release):
		item.Status = checks.Warning
	}
	return item
}

func dotNet35(ctx context.Context, c *checks.Case) checks.Item {
	item := checks.Item{Key: ".NET Framework 3.5", Wanted: "enabled", Where: dotNet35Enabled.String(), Found: "not enabled", Status: checks.Failed}
	enabled, found, err := platform.Lookup(ctx, c, dotNet35Enabled)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case found && enabled == 1:
		item.Found, item.Status = "enabled", checks.Passed
	}
	return item
}
