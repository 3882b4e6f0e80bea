package access

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// SIDs that are the same on every Windows (Win32 documentation, "Well-known SIDs").
const (
	Everyone       = "S-1-1-0"
	Interactive    = "S-1-5-4" // who is logged on at the machine, or over Remote Desktop
	Services       = "S-1-5-6" // who is logged on as a service
	Authenticated  = "S-1-5-11"
	LocalSystem    = "S-1-5-18"
	LocalService   = "S-1-5-19"
	NetworkService = "S-1-5-20"
	Administrators = "S-1-5-32-544"

	anonymous     = "S-1-5-7"
	creators      = "S-1-3-" // stand for whoever makes a file, in entries that it inherits
	ownerRights   = "S-1-3-4"
	builtinGroups = "S-1-5-32-"
	serviceSIDs   = "S-1-5-80-" // of single services
	allServices   = "S-1-5-80-0"
	packages      = "S-1-15-" // of apps
)

// Who is somebody whom Windows has logged on, as far as one machine knows his groups.
type Who struct {
	Account platform.Account // the SID is empty for somebody of whom only groups are known
	In      []string         // SIDs of groups that he is surely in
	Closed  bool             // he is in no others
	Itself  bool             // siteready runs as him, so that its own token tells his groups
}

// System is LocalSystem, whose groups are the same everywhere.
func System() Who {
	return Who{
		Account: platform.Account{SID: LocalSystem, Name: `NT AUTHORITY\SYSTEM`},
		In:      []string{Everyone, Authenticated, Administrators}, Closed: true,
	}
}

// Administrator is any administrator of this machine who is logged on to it.
func Administrator() Who {
	return Who{In: []string{Administrators, Everyone, Authenticated, Interactive}}
}

// Person is somebody with an account who is logged on to this machine.
func Person(account platform.Account) Who {
	return Who{Account: account, In: []string{Everyone, Authenticated, Interactive}}
}

// Service is an account that a service runs as.
func Service(account platform.Account) Who {
	return Who{Account: account, In: []string{Everyone, Authenticated, Services}}
}

// Forms are what May asks.
func Forms() []platform.Form {
	return []platform.Form{
		platform.ReadAccountOf("{SID}").Form(), platform.ReadGroupMembers("{SID}").Form(), platform.ReadTokenMember("{SID}").Form(),
		platform.ReadDirectoryGroups("{account}").Form(),
	}
}

// May says whether somebody may do all that wanted holds, asking for as few groups as it takes.
// Beside Unknown it names the groups that decide, beside Denied what is lacking.
func (w Who) May(ctx context.Context, c *checks.Case, list platform.AccessList, scope Scope, wanted uint32) (Verdict, []string, error) {
	found := map[string]Belongs{}
	in := func(sid string) Belongs {
		if at, asked := found[sid]; asked {
			return at
		}
		return w.in(list, scope, sid)
	}
	var through []string
	for _, sid := range groups(list, scope, wanted) {
		if verdict := Evaluate(list, scope, in, wanted); verdict != Unknown {
			return verdict, lacking(list, scope, in, wanted), nil
		}
		if in(sid) != Unclear {
			continue
		}
		at, name, err := w.look(ctx, c, sid)
		if err != nil {
			return Unknown, nil, err
		}
		if found[sid] = at; at == Unclear {
			through = append(through, name)
		}
	}
	verdict := Evaluate(list, scope, in, wanted)
	if verdict != Unknown {
		return verdict, lacking(list, scope, in, wanted), nil
	}
	if list.More {
		through = append(through, "entries that are not listed")
	}
	if len(through) == 0 {
		through = append(through, "entries with conditions")
	}
	return Unknown, through, nil
}

// lacking names the rights that are surely not given.
func lacking(list platform.AccessList, scope Scope, in func(sid string) Belongs, wanted uint32) []string {
	var names []string
	for _, right := range named[scope] {
		if wanted&right.mask != 0 && Evaluate(list, scope, in, right.mask) == Denied {
			names = append(names, right.name)
		}
	}
	return names
}

// groups are the SIDs of the entries that matter: first those whose members this machine knows.
func groups(list platform.AccessList, scope Scope, wanted uint32) []string {
	var own, others []string
	for _, entry := range list.Entries {
		switch {
		case !scope.holds(entry) || rights(entry)&wanted == 0 || slices.Contains(own, entry.SID) || slices.Contains(others, entry.SID):
		case strings.HasPrefix(entry.SID, builtinGroups):
			own = append(own, entry.SID)
		default:
			others = append(others, entry.SID)
		}
	}
	return append(own, others...)
}

// in is what needs no question.
func (w Who) in(list platform.AccessList, scope Scope, sid string) Belongs {
	switch {
	case strings.HasPrefix(sid, creators) && scope == FilesIn:
		return Unclear // it depends on who made the file
	case sid == ownerRights:
		return w.surely(list.Owner)
	case strings.HasPrefix(sid, creators):
		return Outside
	}
	return w.surely(sid)
}

// surely is what is known of everybody's groups.
func (w Who) surely(sid string) Belongs {
	switch {
	case sid == w.Account.SID, slices.Contains(w.In, sid):
		return Inside
	case w.Closed, slices.Contains([]string{LocalSystem, LocalService, NetworkService, anonymous}, sid), strings.HasPrefix(sid, packages):
		return Outside
	case sid == allServices && slices.Contains(w.In, Services):
		return Unclear
	case strings.HasPrefix(sid, serviceSIDs):
		return Outside
	}
	return Unclear
}

// look asks whether somebody is in what a SID stands for, and how that is called.
func (w Who) look(ctx context.Context, c *checks.Case, sid string) (Belongs, string, error) {
	switch {
	case strings.HasPrefix(sid, creators):
		return Unclear, "whoever makes or owns a file", nil
	case sid == allServices:
		return Unclear, "all services", nil
	}
	if w.Itself {
		if token, err := platform.Ask(ctx, c, platform.ReadTokenMember(sid)); err != nil || token.Member {
			return Inside, "", err // that it is not in the token is no answer: a token may be filtered
		}
	}
	if strings.HasPrefix(sid, builtinGroups) {
		group, found, err := platform.Lookup(ctx, c, platform.ReadGroupMembers(sid))
		if err != nil || !found {
			return Outside, "", err
		}
		at, through := w.among(group)
		if at == Unclear {
			at, through, _ = AmongAll(ctx, c, w.Account, group)
		}
		return at, group.Group + " (" + strings.Join(through, ", ") + ")", nil
	}
	holder, err := platform.Ask(ctx, c, platform.ReadAccountOf(sid))
	switch {
	case err != nil:
		return Unclear, "", err
	case !MayHold(holder):
		return Outside, "", nil
	}
	if at, _ := InGroup(ctx, c, w.Account, holder); at != Unclear {
		return at, "", nil
	}
	return Unclear, Named(holder), nil
}

// among looks for somebody, or a group that he is surely in, among the members of a local group.
func (w Who) among(group platform.GroupMembers) (Belongs, []string) {
	for _, member := range group.Members {
		if w.surely(member.SID) == Inside {
			return Inside, nil
		}
	}
	return Among(w.Account, group)
}

// Among looks for an account among the direct members of a local group. Where it may be inside
// of other members, it returns their names.
func Among(account platform.Account, group platform.GroupMembers) (Belongs, []string) {
	var through []string
	for _, member := range group.Members {
		switch {
		case member.SID == account.SID, member.SID == Everyone, member.SID == Authenticated:
			return Inside, nil
		case strings.HasPrefix(member.SID, serviceSIDs):
		case MayHold(member):
			through = append(through, Named(member))
		}
	}
	if group.More || len(group.Members) < group.Count {
		through = append(through, "members that are not listed")
	}
	if len(through) > 0 {
		return Unclear, through
	}
	return Outside, nil
}

// MayHold reports whether an account may have members, as far as is known.
func MayHold(a platform.Account) bool {
	return !slices.Contains([]string{"user", "computer", "deleted", "label", "invalid"}, a.Use)
}

// Named is an account's name, or its SID where Windows has no name for it.
func Named(a platform.Account) string {
	if a.Name == "" {
		return a.SID
	}
	return a.Name
}
