package accounts

import (
	"context"
	"errors"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// directoryRight is what asking for a domain's account needs.
const directoryRight = "Active Directory: read the accounts of the services, which every authenticated user may unless that was changed; a controller of their domain must answer"

// directoryState judges the account of a service by the word of a controller of its domain.
func directoryState(ctx context.Context, c *checks.Case, item checks.Item, account platform.Account) checks.Item {
	told, err := platform.Ask(ctx, c, platform.ReadDirectoryAccount(account.Name))
	state := told.State()
	switch {
	case errors.Is(err, platform.ErrAbsent) && !mayBeManaged(account.Name):
		return gone(item, account.Name)
	case err != nil:
		err = withOtherWays(err)
	case state.SID != account.SID || state.Ends == state.End.IsZero():
		err = contradicts(account.Name, account.SID, state)
	case told.Managed && (told.Locked || told.MustChange):
		err = platform.Refuse(platform.ErrMalformed, "%s is said to be locked, or to need another password, which is so of no account whose password Windows sets", account.Name)
	}
	if err != nil {
		return unknown(item.Key, item.Wanted, err)
	}
	item.Where = "the directory, as " + told.Controller + " has it"
	item = byState(item, account.Name, state, c.JudgedFor)
	if told.Managed && item.Status == checks.Passed {
		item.Found += "; Windows sets its password, and whether this server may fetch it was not looked at"
	}
	return item
}

// notInDirectory judges an account that Windows could not map, which may be because it is not there.
// Only a controller of the domain that its name begins with can say so.
func notInDirectory(ctx context.Context, c *checks.Case, item checks.Item, name string, unmapped error) checks.Item {
	if domain, _, written := strings.Cut(name, `\`); !written || domain == "." || !errors.Is(unmapped, platform.ErrUnreachable) {
		return unknown(item.Key, item.Wanted, unmapped)
	}
	_, err := platform.Ask(ctx, c, platform.ReadDirectoryAccount(name))
	if !errors.Is(err, platform.ErrAbsent) || mayBeManaged(name) {
		return unknown(item.Key, item.Wanted, unmapped)
	}
	return gone(item, name)
}

// mayBeManaged reports whether a name has the form of a managed account's. No document says whether the call
// that asks a controller knows those, so that its word that there is none is no answer about them.
func mayBeManaged(name string) bool { return strings.HasSuffix(name, "$") }

// gone is an account that a controller of its domain does not have. Windows may know it still, by an
// earlier look, or by one at another controller where it was made a moment ago; a service that is
// started now asks a controller, too.
func gone(item checks.Item, name string) checks.Item {
	item.Status, item.Where = checks.Failed, "the directory of its domain"
	item.Found = name + ", which is not there, by the word of a controller of its domain"
	return item
}

// withOtherWays adds to the cause why a directory did not answer where else it can be asked. It is the
// same for every account, so that those of one cause stand together.
func withOtherWays(err error) error {
	var no *platform.NoAnswer
	if !errors.As(err, &no) {
		return err
	}
	help := "Ask the directory where that is possible: Get-ADUser NAME -Properties Enabled, LockedOut, AccountExpirationDate, PasswordExpired; " +
		"for a managed service account Get-ADServiceAccount. What you have confirmed can be accepted with a waiver."
	if no.Help != "" {
		help = no.Help + " Or: " + help
	}
	reason := no.Reason
	if errors.Is(reason, platform.ErrAbsent) {
		reason = platform.ErrMalformed // what is not there has no state
	}
	return &platform.NoAnswer{Reason: reason, Cause: no.Cause, Help: help}
}

// becauseOf adds to the cause that only groups could tell why the directory did not tell of them; nil
// when it was not asked, or told all that it knows.
func becauseOf(no *platform.NoAnswer, why error) *platform.NoAnswer {
	var untold *platform.NoAnswer
	if !errors.As(why, &untold) {
		return no
	}
	return &platform.NoAnswer{Reason: untold.Reason, Cause: no.Cause + ": " + untold.Cause, Help: strings.TrimSpace(untold.Help + " " + no.Help)}
}

// contradicts is the cause where two answers about an account cannot both be.
func contradicts(name, sid string, state platform.AccountState) error {
	return platform.Refuse(platform.ErrMalformed, "what was told of %s cannot be: it stands for %s, and the state is of %s, with an end %v at %s", name, sid, state.SID, state.Ends, state.End)
}
