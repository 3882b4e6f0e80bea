package accounts

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func setupAdministrator() checks.Check {
	return checks.Check{
		ID:          "accounts.setup-administrator",
		Title:       "Is the account that will update an administrator of the site server?",
		Why:         "An update replaces the site's programs and services. From the console the site server itself updates, as LocalSystem; set-up started by hand runs as the person who started it.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Add the account named here to the local group Administrators of the site server, or name the account that will really update.",
		Command:     `Add-LocalGroupMember -SID S-1-5-32-544 -Member 'DOMAIN\account'`,
		Rules:       []string{"Administrative rights on site system"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#administrative-rights-on-site-system",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/accounts",
		},
		Rights: []string{"Windows: look up accounts and list the members of the local group Administrators, which every user of a member server may"},
		Reads: append(append(discovery.SiteReads(), updaterReads()...),
			platform.ReadGroupMembers(administrators).Form(), platform.ReadTokenMember(administrators).Form()),
		Run: discovery.OnSite(runSetupAdministrator),
	}
}

const wantsAdministrator = "a member of the local group Administrators"

func runSetupAdministrator(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	who, err := whoUpdates(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: who.Name, Wanted: wantsAdministrator, Where: "the local group Administrators", Status: checks.Passed}
	if who.system {
		item.Found, item.Where = "the site server itself, as LocalSystem, which is an administrator of its own machine", "Windows' own rule"
		return checks.Items("The site server itself will update, and is an administrator.", item), nil
	}
	group, err := platform.Ask(ctx, c, platform.ReadGroupMembers(administrators))
	if err != nil {
		return checks.Items("Who is an administrator could not be read.", unknown(item.Key, item.Wanted, err)), nil
	}
	at, through := among(who.Account, group)
	if at == unclear {
		inForce, err := ownToken(ctx, c, who.Account)
		if err != nil {
			return checks.Items("Whether the account is an administrator could not be told.", unknown(item.Key, item.Wanted, err)), nil
		}
		if inForce {
			item.Found = "siteready runs as this account, and Windows counts it among the administrators"
			return checks.Items(who.Name+" is an administrator of the site server.", item), nil
		}
	}
	switch at {
	case inside:
		item.Found = "a direct member"
		return checks.Items(who.Name+" is an administrator of the site server.", item), nil
	case outside:
		item.Status, item.Found = checks.Failed, "no member"
		return checks.Items(who.Name+" is no administrator of the site server.", item), nil
	default:
		return checks.Items("Whether the account is an administrator could not be told.",
			unknown(item.Key, item.Wanted, throughGroups(who.Name, "be an administrator", through))), nil
	}
}

// ownToken reports whether siteready runs as an account, as an administrator in force. That it
// does not is no answer about the account: a token may be filtered.
func ownToken(ctx context.Context, c *checks.Case, account platform.Account) (bool, error) {
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil || !strings.EqualFold(computer.Account, account.Name) {
		return false, err
	}
	token, err := platform.Ask(ctx, c, platform.ReadTokenMember(administrators))
	return token.Member, err
}
