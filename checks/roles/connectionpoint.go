package roles

import (
	"context"

	"siteready/checks"
)

const connectionPointName = "service connection point"

func connectionPoint() checks.Check {
	return checks.Check{
		ID:          "roles.service-connection",
		Title:       "Does the top-level site have a service connection point?",
		Why:         "Updates come into the hierarchy through the service connection point, online or offline. A hierarchy has one, at its top-level site.",
		Consequence: "Without it no update is offered, and none can be downloaded or imported.",
		Remedy:      "Add the role service connection point to a server of the top-level site: Administration, Site Configuration, Servers and Site System Roles, Add Site System Roles.",
		Command:     "Get-CMServiceConnectionPoint",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/about-the-service-connection-point",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/updates",
			pageRole,
		},
		Rights: []string{rolesRight},
		Reads:  readsRoles(),
		Run:    onRoles(runConnectionPoint),
	}
}

func runConnectionPoint(_ context.Context, _ *checks.Case, r reading) (checks.Finding, error) {
	if r.own.Type != typeCAS && r.own.Parent != "" {
		return checks.DoesNotApply("the service connection point belongs to the top-level site, and " + r.own.Site + " is below " + r.own.Parent), nil
	}
	rows := r.of(roleConnectionPoint)
	item := checks.Item{
		Key: connectionPointName, Found: noServer, Wanted: "one server of site " + r.own.Site, Where: whereRoles + roleConnectionPoint, Status: checks.Failed,
	}
	if len(rows) > 0 {
		item.Found = places(rows)
	}
	if len(rows) == 0 || rows[0].Own != 1 { // the own site's rows come first
		return checks.Items("The top-level site has no service connection point.", item), nil
	}
	if len(rows) > 1 || rows[0].Servers > 1 {
		item.Status = checks.Warning
		return checks.Items("There is more than one service connection point, and a hierarchy supports only one.", item), nil
	}
	item.Status = checks.Passed
	return checks.Items("The top-level site has a service connection point.", item), nil
}
