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
			"The state of an account of this machine is read from Windows, that of a domain's account from a controller of the domain. No log-on is ever tried.",
		Consequence: "A service does not start again, with error 1330, 1331, 1793, 1907 or 1909, in the middle of the update.",
		Remedy:      "Enable or unlock the account, move its end beyond the update, or set its password anew where the account is and in the service. A service whose account is no more needs another one.",
		Command:     "Get-ADUser account -Properties Enabled, LockedOut, AccountExpirationDate, PasswordExpired",
		Covers: []string{
			"The Data Access service can log on", "The Management Configuration service can log on",
		},
		Sources: []string{
			"https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems",
			"https://learn.microsoft.com/windows/win32/services/service-user-accounts",
			"https://learn.microsoft.com/windows/win32/api/lmaccess/nf-lmaccess-netusergetinfo",
			"https://learn.microsoft.com/windows/win32/api/dsgetdc/nf-dsgetdc-dsgetdcnamew",
			"https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/b80798ae-1f8c-4d30-9d80-a1f3281e96e2",
		},
		Rights: []string{
			"Windows: query the configuration of the services", "Windows: look up accounts and query those of this machine, which every user of a member server may",
			directoryRight, discovery.RegistryRight,
		},
		Reads: append(discovery.HereReads(), platform.ReadComputer().Form(), platform.ReadAccount(accountHole).Form(), platform.ReadAccountState(accountHole).Form(), platform.ReadDirectoryAccount(accountHole).Form()),
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
		return notInDirectory(ctx, c, item, service.Account, err)
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
		return directoryState(ctx, c, item, account)
	}
	state, err := platform.Ask(ctx, c, platform.ReadAccountState(service.Account))
	if err == nil && (state.SID != account.SID || state.Ends == state.End.IsZero()) {
		err = contradicts(service.Account, account.SID, state)
	}
	if err != nil {
		return unknown(name, goodState, err)
	}
	return byState(item, service.Account, state, c.JudgedFor)
}

// byState judges an account by its state at the time of the update.
func byState(item checks.Item, account string, state platform.AccountState, at time.Time) checks.Item {
	item.Found = account + ", which is in order"
	if amiss := amissIn(state, at); len(amiss) > 0 {
		item.Status, item.Found = checks.Failed, account+", which "+strings.Join(amiss, ", and ")
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
