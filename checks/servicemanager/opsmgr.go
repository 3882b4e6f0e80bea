package servicemanager

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

var agentGroups = platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Agent Management Groups`)

func operationsManager() checks.Check {
	return checks.Check{
		ID:    "smprereq.operations-manager",
		Title: "Is the server free of Operations Manager?",
		Why: "Both products keep services, files and settings under the same names, so Setup refuses a server with a part of Operations Manager. " +
			"Its agent uses the health service that Service Manager needs for itself.",
		Consequence: "Setup ends with the code 240 or 241, or the agent disturbs the workflows.",
		Remedy:      "Remove the parts of Operations Manager from the server. Watch the server without an agent instead.",
		Command:     `Get-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\* | Where-Object DisplayName -like '*Operations Manager*'`,
		Covers:      []string{"No Operations Manager on the server", "Not managed by an agent of Operations Manager"},
		Sources:     []string{"https://learn.microsoft.com/system-center/scsm/prepare-deploy", pageCommandLine, "https://github.com/microsoft/CSS-SystemCenter-ServiceManager"},
		Rights:      []string{discovery.RegistryRight},
		Reads:       reads(append(programReads(), agentGroups.Form())...),
		Run:         discovery.OnServer(runOperationsManager, both()...),
	}
}

func runOperationsManager(ctx context.Context, c *checks.Case, _ discovery.ServiceManager) (checks.Finding, error) {
	parts := checks.Item{Key: "parts", Found: "none", Wanted: "no part of Operations Manager", Where: uninstallKey, Status: checks.Passed}
	installed, err := programs(ctx, c, "Operations Manager")
	switch {
	case err != nil:
		parts = unread(parts, err)
	case len(installed) > 0:
		var names []string
		for _, p := range installed {
			names = append(names, p.name)
		}
		parts.Status, parts.Found = checks.Failed, strings.Join(names, ", ")
	}
	agent := checks.Item{Key: "agent", Found: "reports to no management group", Wanted: "no agent that reports to Operations Manager", Where: agentGroups.String(), Status: checks.Passed}
	groups, found, err := platform.Lookup(ctx, c, agentGroups)
	switch {
	case err != nil:
		agent = unread(agent, err)
	case found && len(groups.Subkeys) > 0:
		agent.Status, agent.Found = checks.Warning, "reports to "+strings.Join(groups.Subkeys, ", ")
	}
	items := []checks.Item{parts, agent}
	return checks.Items(summaryOf(items, [3]string{
		"Nothing of Operations Manager is on the server.", "Operations Manager is on the server.", "Whether Operations Manager is on the server is not known.",
	}), items...), nil
}
