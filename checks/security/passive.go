package security

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/checks/version"
	"siteready/platform"
)

// What a passive site server needs, as its own registry tells.
var (
	nodeODBC    = platform.ReadText(`HKLM\SOFTWARE\Microsoft\MSODBCSQL18`, "InstalledVersion")
	nodeRelease = platform.ReadNumber(`HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`, "Release")
	nodeKit     = platform.ReadText(`HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows Kits\Installed Roots`, "KitsRoot10")
)

func passiveNode() checks.Check {
	const remote = "{passive site server}"
	return checks.Check{
		ID:          "security.passive",
		Title:       "Has the passive site server what an update needs there?",
		Why:         "An update installs on both site servers of a site. The passive one must meet the same requirements, and a missing driver there is reported as missing rights in SQL Server.",
		Consequence: "The product's own prerequisite check stops the update with a misleading message, or the passive server stays behind.",
		Remedy:      "Install what is missing on the passive site server, and restart it: the ODBC Driver 18 for SQL Server, the .NET Framework and the Windows ADK, in the versions that the active one has.",
		Command:     `reg query "\\SERVER\HKLM\SOFTWARE\Microsoft\MSODBCSQL18" /v InstalledVersion`,
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/site-server-high-availability#configurations-for-the-site-server-in-passive-mode",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/site-and-site-system-prerequisites",
		},
		Rights: []string{"SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database", servers.RemoteRight},
		Reads: withDatabase(platform.ReadComputer().Form(), discovery.SiteServersForm(),
			nodeODBC.At(remote).Form(), nodeRelease.At(remote).Form(), nodeKit.At(remote).Form()),
		Run: discovery.OnDatabase(runPassiveNode),
	}
}

func runPassiveNode(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("a secondary site cannot have a passive site server"), nil
	}
	rows, err := platform.Ask(ctx, c, discovery.SiteServers(d))
	if err != nil {
		return checks.Finding{}, err
	}
	passive, err := passiveOf(d, rows)
	if err != nil || passive == "" {
		return checks.DoesNotApply("the site has no passive site server"), err
	}
	if d.OfType != discovery.Remote {
		own, err := platform.Ask(ctx, c, platform.ReadComputer())
		switch {
		case err != nil:
			return checks.Finding{}, err
		case servers.IsOwn(own, passive):
			return checks.DoesNotApply("this is the passive site server, which the other checks look at"), nil
		}
	}
	items := []checks.Item{judgeODBC(ctx, c, passive), judgeRelease(ctx, c, passive), judgeKit(ctx, c, passive)}
	finding := checks.Items(fmt.Sprintf("The passive site server %s has what an update needs.", passive), items...)
	switch finding.Status() {
	case checks.Failed, checks.Warning:
		finding.Summary = fmt.Sprintf("The passive site server %s lacks what an update needs.", passive)
	case checks.Unknown:
		finding.Summary = fmt.Sprintf("What the passive site server %s has could not be read.", passive)
	}
	return finding, nil
}

// passiveOf is the passive one of the site servers; empty where there is one server alone.
func passiveOf(d discovery.Database, rows []discovery.SiteServer) (string, error) {
	passive, active := "", 0
	for _, row := range rows {
		switch {
		case row.Server == "":
			return "", platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s has a site server without a name", d.Name, d.Instance)
		case len(rows) == 1:
			return "", nil
		case row.Status == 1:
			active++
		case row.Status == 0 && passive == "":
			passive = row.Server
		}
	}
	if active != 1 || passive == "" || len(rows) > 2 {
		return "", platform.Refuse(platform.ErrUnsupported, "database %s on SQL Server %s has %d site servers, %d of them active: which one is passive is not known", d.Name, d.Instance, len(rows), active)
	}
	return passive, nil
}

func judgeODBC(ctx context.Context, c *checks.Case, server string) checks.Item {
	query := nodeODBC.At(server)
	item := checks.Item{Key: "ODBC Driver 18", Found: notInstalled, Wanted: c.Target.MinODBC.String() + " or newer", Where: query.String(), Status: checks.Failed}
	text, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case !found:
		return item
	}
	installed, err := version.Parse(string(text))
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed, "%s: %v", query, err))
	}
	item.Found = installed.String()
	if !installed.Less(c.Target.MinODBC) {
		item.Status = checks.Passed
	}
	return item
}

const notInstalled = "not installed"

func judgeRelease(ctx context.Context, c *checks.Case, server string) checks.Item {
	query := nodeRelease.At(server)
	least := c.Target.MinDotNet
	item := checks.Item{Key: ".NET Framework 4", Found: notInstalled, Wanted: fmt.Sprintf("%s (Release %d) or newer", least.Name, least.Release), Where: query.String(), Status: checks.Failed}
	release, err := lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case release.set:
		item.Found = fmt.Sprintf("Release %d", release.value)
		if uint64(release.value) >= uint64(least.Release) {
			item.Status = checks.Passed
		}
	}
	return item
}

// judgeKit judges whether the Windows ADK is there at all; its parts and versions are judged where
// the SMS Provider is.
func judgeKit(ctx context.Context, c *checks.Case, server string) checks.Item {
	query := nodeKit.At(server)
	item := checks.Item{Key: "Windows ADK", Found: notInstalled, Wanted: "installed", Where: query.String(), Status: checks.Warning}
	folder, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case found && strings.TrimSpace(string(folder)) != "":
		item.Found, item.Status = "installed", checks.Passed
	}
	return item
}
