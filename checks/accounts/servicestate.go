package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func serviceState() checks.Check {
	check := checks.Check{
		ID:    "accounts.service-state",
		Title: "Are the accounts of the product's services enabled, not locked and not expired?",
		Why: "An update restarts the services. One that runs was logged on when it started; what has happened to its account since shows at the next start alone. " +
			"The state of an account of this machine is read. That of a domain's account is known to the directory, which is not asked, and no log-on is ever tried.",
		Consequence: "A service does not start again, with error 1330, 1331, 1793, 1907 or 1909, in the middle of the update.",
		Remedy:      "Enable or unlock the account, move its end beyond the update, or set its password anew in Windows and in the service. An account of a domain is looked up there; what you have confirmed can be accepted with a waiver.",
		Command:     "Get-ADUser account -Properties Enabled, LockedOut, AccountExpirationDate, PasswordExpired",
		Covers: []string{
			"The Data Access service can log on", "The Management Configuration service can log on",
		},
		Sources: []string{
			"https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems",
			"https://learn.microsoft.com/windows/win32/services/service-user-accounts",
			"https://learn.microsoft.com/windows/win32/api/lmaccess/nf-lmaccess-netusergetinfo",
		},
		Rights: []string{
			"Windows: query the configuration of the services", "Windows: look up accounts and query those of this machine, which every user of a member server may",
			discovery.RegistryRight,
		},
		Reads: append(discovery.HereReads(), platform.ReadComputer().Form(), platform.ReadAccount(accountHole).Form(), platform.ReadAccountState(accountHole).Form()),
		Run:   discovery.OnProducts(runServiceState),
	}
	for _, name := range slices.Concat(siteServices, managementServices) {
		check.Reads = append(check.Reads, platform.ReadService(name).Form())
	}
	return check
}

func runServiceState(ctx context.Context, c *checks.Case, here discovery.Here) (checks.Finding, error) {
	var names []string
	if here.Site != nil {
		names = append(names, siteServices...)
	}
	if sm := here.ServiceManager; sm != nil && sm.Server != "" {
		names = append(names, managementServices...)
	}
	if len(names) == 0 {
		return checks.DoesNotApply("Service Manager has no server here, and so no services"), nil
	}
	var items []checks.Item
	for _, name := range names {
		service, found, err := platform.Lookup(ctx, c, platform.ReadService(name))
		switch {
		case err != nil:
			items = append(items, unknown(name, goodState, err))
		case found && service.Start != "disabled":
			items = append(items, judgeState(ctx, c, name, service))
		}
	}
	if len(items) == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "none of the product's services is installed here or may start")
	}
	return checks.Items(stateSummary(items), items...), nil
}

const goodState = "not disabled, locked or expired, and with no password to change"

func judgeState(ctx context.Context, c *checks.Case, name string, service platform.Service) checks.Item {
	item := checks.Item{Key: name, Wanted: goodState, Where: "the accounts of this machine", Status: checks.Passed}
	if needsNone(service.Account) || strings.HasPrefix(strings.ToUpper(service.Account), virtualAccounts) {
		item.Found = service.Account + ", which is Windows' own"
		return item
	}
	account, err := platform.Ask(ctx, c, platform.ReadAccount(service.Account))
	if err != nil {
		return unknown(name, goodState, err)
	}
	if slices.Contains([]string{localSystem, localService, networkService}, account.SID) {
		item.Found = service.Account + ", which is Windows' own"
		return item
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return unknown(name, goodState, err)
	}
	if domain, _, _ := strings.Cut(account.Name, `\`); !strings.EqualFold(domain, computer.Name) {
		return unknown(name, goodState, ofDomain(service, account))
	}
	state, err := platform.Ask(ctx, c, platform.ReadAccountState(service.Account))
	if err == nil && (state.SID != account.SID || state.Ends == state.End.IsZero()) {
		err = platform.Refuse(platform.ErrMalformed, "what was told of %s cannot be: it stands for %s, and the state is of %s, with an end %v at %s", service.Account, account.SID, state.SID, state.Ends, state.End)
	}
	if err != nil {
		return unknown(name, goodState, err)
	}
	amiss := amissIn(state, c.JudgedFor)
	item.Found = service.Account + ", which is in order"
	if len(amiss) > 0 {
		item.Status, item.Found = checks.Failed, service.Account+", which "+strings.Join(amiss, ", and ")
	}
	return item
}

// amissIn says what keeps an account from being logged on at the time of the update.
func amissIn(state platform.AccountState, at time.Time) []string {
	var amiss []string
	if state.Disabled {
		amiss = append(amiss, "is disabled")
	}
	if state.Locked {
		amiss = append(amiss, "is locked")
	}
	if state.MustChange {
		amiss = append(amiss, "has a password that has expired or must be changed")
	}
	if state.Ends && !state.End.After(at) {
		amiss = append(amiss, fmt.Sprintf("ends at %s UTC, before the update", state.End.UTC().Format("2006-01-02 15:04")))
	}
	return amiss
}

// ofDomain is the cause of what only a directory could tell.
func ofDomain(service platform.Service, account platform.Account) error {
	told := ""
	if service.State == "running" {
		told = "; the service runs, so the account was in order when it last started"
	}
	no := platform.Refuse(platform.ErrUnsupported, "whether %s is disabled, locked or expired stands in the directory of its domain, which is not asked%s", account.Name, told)
	_, short, _ := strings.Cut(account.Name, `\`)
	no.Help = fmt.Sprintf("Ask the directory: Get-ADUser %s -Properties Enabled, LockedOut, AccountExpirationDate, PasswordExpired; for a managed service account Get-ADServiceAccount. "+
		"Log-ons that were refused are counted by smpredicted.events on a server of Service Manager. What you have confirmed can be accepted with a waiver.", short)
	return no
}

func stateSummary(items []checks.Item) string {
	switch bad := checks.Count(items, checks.Failed); {
	case bad == 1:
		return "The account of one service cannot be logged on."
	case bad > 1:
		return fmt.Sprintf("The accounts of %d services cannot be logged on.", bad)
	case checks.Count(items, checks.Unknown) > 0:
		return "Whether every service's account is in order could not be told."
	default:
		return "Every account of the product's services is in order."
	}
}
