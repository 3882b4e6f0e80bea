package access

import (
	"context"
	"errors"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// DirectoryRight is what asking a directory for the groups of an account needs.
const DirectoryRight = "Active Directory: read the attribute tokenGroupsGlobalAndUniversal of the account, which members of Windows Authorization Access Group may and in many domains all authenticated users; a controller of its domain and a global catalog must answer"

// InGroup says whether an account of a domain is in a global or universal group of its own domain, also
// through other groups, by the word of a controller of the domain. Of such groups alone the directory's
// list is complete. For other groups, those that are local to a domain among them, it is Unclear, and
// nothing is asked; beside Unclear the error says why the directory did not tell, nil where it was not asked.
func InGroup(ctx context.Context, c *checks.Case, account, group platform.Account) (Belongs, error) {
	if domain := domainOf(account.SID); domain == "" || domain != domainOf(group.SID) || group.Use != "group" || !strings.Contains(account.Name, `\`) {
		return Unclear, nil
	}
	told, err := platform.Ask(ctx, c, platform.ReadDirectoryGroups(account.Name))
	switch {
	case errors.Is(err, platform.ErrAbsent): // no answer to who is in a group
		return Unclear, platform.Refuse(platform.ErrMalformed, "Windows knows %s as %s: %v", account.Name, account.SID, err)
	case err != nil:
		return Unclear, err
	case told.SID != account.SID || told.Count == 0 || len(told.List) > told.Count:
		return Unclear, platform.Refuse(platform.ErrMalformed, "what was told of %s cannot be: it stands for %s, and %d of %d groups are those of %s", account.Name, account.SID, len(told.List), told.Count, told.SID)
	case slices.Contains(told.List, group.SID):
		return Inside, nil
	case told.More || len(told.List) < told.Count:
		return Unclear, nil
	}
	return Outside, nil
}

// domainOf is the SID of the domain, or of the machine, that an account is of; empty for Windows' own.
func domainOf(sid string) string {
	if at := strings.LastIndex(sid, "-"); strings.HasPrefix(sid, "S-1-5-21-") && strings.Count(sid, "-") == 7 {
		return sid[:at]
	}
	return ""
}

// AmongAll looks for an account among the members of a local group, and in those groups of its own domain
// among them. Where it may be inside of others, it returns their names, and why the directory did not
// tell, if that was asked.
func AmongAll(ctx context.Context, c *checks.Case, account platform.Account, group platform.GroupMembers) (at Belongs, through []string, why error) {
	if at, through = Among(account, group); at != Unclear {
		return at, through, nil
	}
	rest := group
	rest.Members = nil
	for _, member := range group.Members {
		in, err := InGroup(ctx, c, account, member)
		if why == nil {
			why = err
		}
		switch in {
		case Inside:
			return Inside, []string{Named(member)}, nil
		case Outside:
			rest.Count--
		default:
			rest.Members = append(rest.Members, member)
		}
	}
	at, through = Among(account, rest)
	return at, through, why
}
