package system

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// What platform.DomainJoin says in its Status.
const (
	joinedDomain    = "domain"
	joinedWorkgroup = "workgroup"
	joinedNothing   = "unjoined"
)

func domainMember() checks.Check {
	return checks.Check{
		ID:          "system.domain",
		Title:       "Is the site server a member of a Windows domain?",
		Why:         "Every site server must be in a domain: its computer account is what it uses to reach the database and the other servers.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Find out why the server has left its domain, and restore it. Joining another domain, or renaming the server, is not supported while the site is installed.",
		Command:     "Test-ComputerSecureChannel -Verbose",
		Rules:       []string{"Domain membership (error)"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#domain-membership-error",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/site-and-site-system-prerequisites#general-requirements-and-limitations",
		},
		Rights: []string{"Windows: none"},
		Reads:  append(discovery.SiteReads(), platform.ReadDomainJoin().Form()),
		Run:    discovery.OnSite(runDomainMember),
	}
}

func runDomainMember(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	join, err := platform.Ask(ctx, c, platform.ReadDomainJoin())
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: "site server", Wanted: "a member of a domain", Where: "NetGetJoinInformation"}
	switch join.Status {
	case joinedDomain:
		item.Status, item.Found = checks.Passed, "domain "+join.Name
		return checks.Items(fmt.Sprintf("The site server is a member of the domain %s.", join.Name), item), nil
	case joinedWorkgroup, joinedNothing:
		item.Status, item.Found = checks.Failed, "no domain"
		if join.Name != "" {
			item.Found += ", workgroup " + join.Name
		}
		return checks.Items("The site server is not a member of a domain.", item), nil
	}
	return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "NetGetJoinInformation says %q, which is not known here", join.Status)
}
