package accounts

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/checks/access"
	"siteready/checks/discovery"
	"siteready/platform"
)

func setupAdministrator() checks.Check {
	return checks.Check{
		ID:          "accounts.setup-administrator",
		Title:       "Is the account that will update an administrator of this server?",
		Why:         "An update replaces the site's programs and services. From the console the site server itself updates, as LocalSystem; set-up started by hand, as that of Service Manager always is, runs as the person who started it.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Add the account named here to the local group Administrators of the server, or name the account that will really update.",
		Command:     `Add-LocalGroupMember -SID S-1-5-32-544 -Member 'DOMAIN\account'`,
		Rules:       []string{"Administrative rights on site system"},
		Covers:      []string{"Rights of the person who runs Setup"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#administrative-rights-on-site-system",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/accounts", pagePrepare,
		},
		Rights: []string{
			"Windows: look up accounts and list the members of the local group Administrators, which every user of a member server may",
			access.DirectoryRight + "; only asked where a group of the domain could decide",
		},
		Reads: append(append(discovery.HereReads(), updaterReads()...),
			platform.ReadGroupMembers(administrators).Form(), platform.ReadTokenMember(administrators).Form(), platform.ReadDirectoryGroups(accountHole).Form()),
		Run: discovery.OnProducts(runSetupAdministrator),
	}
}

const wantsAdministrator = "a member of the local group Administrators"

func runSetupAdministrator(ctx context.Context, c *checks.Case, here discovery.Here) (checks.Finding, error) {
	if here.Site == nil {
		if reason := noSetup(c, here); reason != "" {
			return checks.DoesNotApply(reason), nil
		}
	}
	who, err := whoUpdates(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	item := checks.Item{Key: who.Name, Wanted: wantsAdministrator, Where: "the local group Administrators", Status: checks.Passed}
	if who.system {
		itself := "the site server itself"
		if here.Site == nil {
			itself = "this server itself"
		}
		item.Found, item.Where = itself+", as LocalSystem, which is an administrator of its own machine", "Windows' own rule"
		return checks.Items("The account of the server itself will update, and is an administrator.", item), nil
	}
	group, err := platform.Ask(ctx, c, platform.ReadGroupMembers(administrators))
	if err != nil {
		return checks.Items("Who is an administrator could not be read.", unknown(item.Key, item.Wanted, err)), nil
	}
	at, _ := access.Among(who.Account, group)
	if at == unclear {
		inForce, err := ownToken(ctx, c, who.Account)
		if err != nil {
			return checks.Items("Whether the account is an administrator could not be told.", unknown(item.Key, item.Wanted, err)), nil
		}
		if inForce {
			item.Found = "siteready runs as this account, and Windows counts it among the administrators"
			return checks.Items(who.Name+" is an administrator of this server.", item), nil
		}
	}
	at, through, why := access.AmongAll(ctx, c, who.Account, group)
	switch at {
	case inside:
		item.Found = "a direct member"
		if len(through) > 0 {
			item.Found = "a member through " + list(through) + ", as the directory has it"
		}
		return checks.Items(who.Name+" is an administrator of this server.", item), nil
	case outside:
		item.Status, item.Found = checks.Failed, "no member"
		return checks.Items(who.Name+" is no administrator of this server.", item), nil
	default:
		return checks.Items("Whether the account is an administrator could not be told.",
			unknown(item.Key, item.Wanted, becauseOf(throughGroups(who.Name, "be an administrator", through), why))), nil
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

const pagePrepare = "https://learn.microsoft.com/system-center/scsm/prepare-deploy"

// noSetup is why it is not judged who runs Setup of Service Manager; empty when it is. Setup runs
// as a person who is logged on, whom nothing on the server tells.
func noSetup(c *checks.Case, here discovery.Here) string {
	switch {
	case here.ServiceManager == nil || here.ServiceManager.Server == "":
		return "there is no server of Service Manager here"
	case c.SetupAccount == "":
		return "nobody said who will run Setup of Service Manager; name the account with --setup-account"
	}
	return ""
}
