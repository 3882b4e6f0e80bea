package replication

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const stateActive = 125

// siteStates are the values of ServerData.SiteStatus. 120 and 125 stand in Microsoft's
// documents, the other names in public tools only: they are told to people, and what is not
// among them is not judged.
var siteStates = map[int]string{
	100: "the site is being installed", 105: "installed", 110: "inactive", 115: "initializing", 120: "maintenance mode",
	stateActive: "replication active", 130: "detaching", 135: "ready to detach", 199: "unknown",
	200: "recovered", 205: "preparing for recovery", 210: "prepared for recovery", 215: "replication starts anew",
	220: "replication started anew", 225: "recovery in progress", 230: "recovering changes", 250: "recovery is tried again", 255: "recovery failed",
}

const whereServerData = "the table ServerData of the site database"

func parentStatus() checks.Check {
	return checks.Check{
		ID:          "replication.parent",
		Title:       "Is replication of the top-level site active?",
		Why:         "An update starts at the top-level site and reaches the sites below it by replication. The product wants it active there.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy: "Run the Replication Link Analyzer on the site's links: Monitoring, Database Replication. A site in maintenance mode waits until " +
			"the groups that it shares with others are initialized.",
		Command: "SELECT SiteCode, ServerRole, SiteStatus FROM dbo.ServerData",
		Rules:   []string{"Parent site replication status"},
		Sources: []string{pageRules + "#parent-site-replication-status", pageLinks, pageReinit},
		Rights:  []string{discovery.RegistryRight, sitesRight},
		Reads:   append(discovery.DatabaseReads(), sitesForm()),
		Run:     overSites(runParentStatus),
	}
}

// runParentStatus judges what the rule names, the top-level site, as failed, and the others as
// warnings: no document says that they stop the update.
func runParentStatus(_ context.Context, _ *checks.Case, _ discovery.Database, h hierarchy) (checks.Finding, error) {
	if h.parent == nil && len(h.children) == 0 {
		return checks.DoesNotApply("site " + h.own.Site + " has no parent site, and no primary sites below it"), nil
	}
	top, others := h.own, h.children
	if h.parent != nil {
		top, others = *h.parent, []siteRow{h.own}
	}
	items := []checks.Item{judgeState(top, checks.Failed)}
	for _, row := range others {
		items = append(items, judgeState(row, checks.Warning))
	}
	if h.unlisted > 0 {
		items = append(items, checks.UnknownItem("further sites", wantedState(), platform.Refuse(platform.ErrTooLarge,
			"%d sites are not in the list, which holds %d", h.unlisted, maxSites)))
	}
	switch {
	case items[0].Status == checks.Failed:
		return checks.Items(fmt.Sprintf("Replication of site %s is not active.", top.Site), items...), nil
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items("Not every site's replication status is known.", items...), nil
	case checks.Count(items, checks.Warning) > 0:
		return checks.Items("Replication of a site below the top-level site is not active.", items...), nil
	default:
		return checks.Items("Replication is active.", items...), nil
	}
}

func wantedState() string { return fmt.Sprintf("%s (%d)", siteStates[stateActive], stateActive) }

func judgeState(row siteRow, otherwise checks.Status) checks.Item {
	name, known := siteStates[row.State]
	switch {
	case row.State == -1:
		return checks.UnknownItem(site(row.Site), wantedState(), platform.Refuse(platform.ErrMalformed, "%s has no status of site %s", whereServerData, row.Site))
	case !known:
		return checks.UnknownItem(site(row.Site), wantedState(), platform.Refuse(platform.ErrUnsupported,
			"%s has the status %d for site %s, which is not known here", whereServerData, row.State, row.Site))
	}
	item := checks.Item{Key: site(row.Site), Found: fmt.Sprintf("%s (%d)", name, row.State), Wanted: wantedState(), Where: whereServerData, Status: otherwise}
	if row.State == stateActive {
		item.Status = checks.Passed
	}
	return item
}
