// Package accounts judges the accounts and rights that an update depends on: who will update,
// whom the services run as, and what the site server's computer account is on other servers.
//
// What an account gets through a group of its own domain a controller of the domain is asked. What it may
// get through another domain's group, or one that is local to a domain, cannot be told from one
// machine: where only that could help, the item could not be checked, and names the groups.
package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/access"
	"siteready/platform"
)

// Area is the checks of accounts and rights.
func Area() checks.Area {
	return checks.Area{ID: "accounts", Title: "Accounts and rights", Checks: []checks.Check{
		setupAdministrator(),
		setupSysadmin(),
		serviceLogon(),
		serviceState(),
		computerAdministrator(),
	}}
}

// SIDs that are the same on every Windows (Win32 documentation, "Well-known SIDs").
const (
	everyone       = "S-1-1-0"
	authenticated  = "S-1-5-11"
	localSystem    = "S-1-5-18"
	localService   = "S-1-5-19"
	networkService = "S-1-5-20"
	administrators = "S-1-5-32-544"
	builtinGroups  = "S-1-5-32-"
	serviceSIDs    = "S-1-5-80-" // services and their virtual accounts
	allServices    = "S-1-5-80-0"
	localAccounts  = "S-1-5-113"
)

const (
	systemName    = `NT AUTHORITY\SYSTEM`
	updateService = "CONFIGURATION_MANAGER_UPDATE" // installs what the console or the schedule starts
	accountHole   = "{account}"
	sidHole       = "{SID}"
)

// machine is what the network knows this machine as.
type machine struct {
	platform.Computer
	domain string // NetBIOS name; empty when it is in none
}

func readMachine(ctx context.Context, c *checks.Case) (machine, error) {
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return machine{}, err
	}
	join, err := platform.Ask(ctx, c, platform.ReadDomainJoin())
	m := machine{Computer: computer}
	if err == nil && join.Status == "domain" {
		m.domain = join.Name
	}
	return m, err
}

func machineReads() []platform.Form {
	return []platform.Form{platform.ReadComputer().Form(), platform.ReadDomainJoin().Form()}
}

// account is DOMAIN\HOST$, as which LocalSystem of this machine is known elsewhere.
func (m machine) account() (string, error) {
	if m.domain == "" || m.Name == "" {
		return "", platform.Refuse(platform.ErrMalformed, "%s is in no domain, so other servers know no account of it", m.Name)
	}
	return m.domain + `\` + m.Name + "$", nil
}

// has reports whether name is this machine's own account.
func (m machine) has(name string) bool {
	own, err := m.account()
	return err == nil && strings.EqualFold(own, name)
}

// is reports whether server, a NetBIOS or DNS name, is this machine.
func (m machine) is(server string) bool {
	return strings.EqualFold(server, m.FQDN) || strings.EqualFold(server, m.Name)
}

// updater is the account that will update.
type updater struct {
	platform.Account
	system bool // the site server itself: LocalSystem here, its computer account elsewhere
}

// whoUpdates is the account that was stated, or the one that the update service runs as, or,
// before that service is there, LocalSystem, as which the product installs its services.
func whoUpdates(ctx context.Context, c *checks.Case) (updater, error) {
	itself := updater{platform.Account{SID: localSystem, Name: systemName}, true}
	name := c.SetupAccount
	if name == "" {
		service, found, err := platform.Lookup(ctx, c, platform.ReadService(updateService))
		if err != nil {
			return updater{}, err
		}
		if !found {
			return itself, nil
		}
		name = service.Account
	}
	if slices.ContainsFunc([]string{"LocalSystem", `.\LocalSystem`, systemName}, func(known string) bool { return strings.EqualFold(known, name) }) {
		return itself, nil
	}
	m, err := readMachine(ctx, c)
	if err != nil {
		return updater{}, err
	}
	if m.has(name) {
		return itself, nil
	}
	account, err := platform.Ask(ctx, c, platform.ReadAccount(name))
	switch {
	case err != nil:
		return updater{}, err
	case account.SID == "":
		return updater{}, platform.Refuse(platform.ErrMalformed, "the account %s is said to have no SID", name)
	case slices.Contains([]string{"group", "alias", "domain"}, account.Use):
		return updater{}, platform.Refuse(platform.ErrMalformed, "%s is a %s, and no account that can update", account.Name, account.Use)
	case account.SID == localSystem || m.has(account.Name):
		return itself, nil
	}
	return updater{account, false}, nil
}

func updaterReads() []platform.Form {
	return append(machineReads(), platform.ReadService(updateService).Form(), platform.ReadAccount(accountHole).Form())
}

// belongs says whether an account is in a group.
type belongs = access.Belongs

const (
	unclear = access.Unclear
	outside = access.Outside
	inside  = access.Inside
)

// list writes some names for people.
func list(names []string) string {
	const shown = 5
	if more := len(names) - shown; more > 0 {
		names = append(slices.Clone(names[:shown]), "and more")
	}
	return strings.Join(names, ", ")
}

// throughGroups is the cause of what only a look into groups could tell.
func throughGroups(account, what string, groups []string) *platform.NoAnswer {
	no := platform.Refuse(platform.ErrUnsupported, "%s may %s through %s, and who is in there cannot be told from here", account, what, list(groups))
	no.Help = "Look at the members of these groups, or let the account have it directly. What you have confirmed can be accepted with a waiver."
	return no
}

// unknown is UnknownItem, which an absence makes no answer either.
func unknown(key, wanted string, err error) checks.Item {
	if errors.Is(err, platform.ErrAbsent) {
		err = platform.Refuse(platform.ErrMalformed, "%v", err)
	}
	return checks.UnknownItem(key, wanted, err)
}
