package windows

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

// rounds is how often a list of members is asked for its next part. Each part has thousands.
const rounds = 100

// readGroupMembers lists a local group. NetLocalGroupGetMembers may succeed with nothing for
// a group that is not there, so the group itself is asked for first. That nobody is in a
// group is believed when somebody is in Administrators, as on every Windows: the built-in
// account cannot be taken out of it. The server is empty for this machine.
func readGroupMembers(server string, sid *windows.SID) (any, error) {
	at, err := serverNamed(server)
	if err != nil {
		return nil, err
	}
	name, members, err := at.listGroup(sid)
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		administrators, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
		if err != nil {
			return nil, call{api: "CreateWellKnownSid", target: "Administrators"}.refused(err)
		}
		other, proof, err := at.listGroup(administrators)
		if errors.Is(err, platform.ErrAbsent) {
			err = platform.Refuse(platform.ErrMalformed, "%v", err) // it was not this group that was asked for
		}
		if err != nil {
			return nil, err
		}
		if len(proof) == 0 {
			return nil, call{api: "NetLocalGroupGetMembers", target: name + at.suffix()}.
				malformed("nobody is said to be in %s either, so the groups were not really read", other)
		}
	}
	slices.SortFunc(members, func(a, b platform.Account) int { return cmp.Compare(a.SID, b.SID) })
	list := fitting(members)
	return platform.GroupMembers{Group: name, Count: len(members), Members: list, More: len(list) < len(members)}, nil
}

// groupServer is whose groups are asked for.
type groupServer struct {
	name string  // \\SERVER; empty for this machine
	wide *uint16 // nil for this machine
}

// serverNamed makes a groupServer of a server's NetBIOS or DNS name.
func serverNamed(name string) (groupServer, error) {
	if name == "" {
		return groupServer{}, nil
	}
	full := `\\` + name
	wide, err := windows.UTF16PtrFromString(full)
	if err != nil || strings.ContainsAny(name, `\/`) {
		return groupServer{}, platform.Refuse(platform.ErrMalformed, "%q is no name of a server", name)
	}
	return groupServer{name: full, wide: wide}, nil
}

// suffix names the server behind what is asked of it.
func (s groupServer) suffix() string {
	if s.name == "" {
		return ""
	}
	return " on " + s.name
}

// right says what the account needs.
func (s groupServer) right(what string) string {
	if s.name == "" {
		return what
	}
	return what + s.suffix() + ", which takes one of its administrators"
}

// listGroup returns a group's name and its members.
func (s groupServer) listGroup(sid *windows.SID) (name string, members []platform.Account, err error) {
	if name, err = s.groupName(sid); err != nil {
		return "", nil, err
	}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return "", nil, platform.Refuse(platform.ErrMalformed, "%q is no name of a group: %v", name, err)
	}
	if err := s.wantGroup(name, wide); err != nil {
		return "", nil, err
	}
	members, err = s.membersOf(name, wide)
	return name, members, err
}

// groupName is the name of a local group in the language of the machine.
func (s groupServer) groupName(sid *windows.SID) (string, error) {
	ask := call{api: "LookupAccountSid", target: sid.String() + s.suffix(), right: s.right("look up accounts")}
	if strings.HasPrefix(sid.String(), "S-1-5-32-") {
		// BUILTIN is this machine's own: no domain has to be asked for it.
		ask.absent = []windows.Errno{windows.ERROR_NONE_MAPPED}
	}
	name, _, use, err := sid.LookupAccount(s.name)
	switch {
	case err != nil:
		return "", ask.refused(err)
	case use != windows.SidTypeAlias:
		word, _ := useName(use)
		return "", ask.malformed("it is no local group but %q (%d)", word, use)
	case name == "":
		return "", ask.malformed("there is no name")
	}
	return name, nil
}

// wantGroup asks for the group itself.
func (s groupServer) wantGroup(name string, wide *uint16) error {
	ask := call{
		api: "NetLocalGroupGetInfo", target: name + s.suffix(), right: s.right("query this group"),
		absent: []windows.Errno{win32.NERR_GroupNotFound, windows.ERROR_NO_SUCH_ALIAS},
	}
	var info *win32.LocalGroupInfo1
	if err := win32.NetLocalGroupGetInfo(s.wide, wide, win32.LocalGroupInfoLevel, &info); err != nil {
		return ask.refused(err)
	}
	if info == nil {
		return ask.malformed("it succeeded without an answer")
	}
	defer freeNet(info)
	if found := windows.UTF16PtrToString(info.Name); !strings.EqualFold(found, name) {
		return ask.malformed("it answered for the group %q", found)
	}
	return nil
}

// membersOf reads all members. It goes on to the end whatever happens to a part: Windows
// keeps a connection open for a list that is left half read.
func (s groupServer) membersOf(name string, wide *uint16) ([]platform.Account, error) {
	ask := call{
		api: "NetLocalGroupGetMembers", target: name + s.suffix(), right: s.right("list the members of this group"),
		absent: []windows.Errno{win32.NERR_GroupNotFound, windows.ERROR_NO_SUCH_ALIAS},
	}
	var members []platform.Account
	var spoiled error
	var resume uintptr
	for range rounds {
		var buffer *win32.LocalGroupMember2
		var read, total uint32
		err := win32.NetLocalGroupGetMembers(s.wide, wide, win32.LocalGroupMembersLevel, &buffer, win32.MAX_PREFERRED_LENGTH, &read, &total, &resume)
		more := errors.Is(err, windows.ERROR_MORE_DATA)
		if err != nil && !more {
			return nil, ask.refused(err)
		}
		part, err := accountsOf(ask, buffer, read)
		if err != nil {
			spoiled = err
		}
		members = append(members, part...)
		switch {
		case more:
		case spoiled != nil:
			return nil, spoiled
		case read != total: // at the end what is left is what was read
			return nil, ask.malformed("%d members were given and %d are there", read, total)
		default:
			return members, nil
		}
	}
	return nil, platform.Refuse(platform.ErrTooLarge, "%s %s: the list did not end after %d parts", ask.api, ask.target, rounds)
}

// accountsOf copies one part of a list of members and frees it.
func accountsOf(ask call, buffer *win32.LocalGroupMember2, read uint32) ([]platform.Account, error) {
	if buffer == nil {
		if read == 0 {
			return nil, nil
		}
		return nil, ask.malformed("%d members were announced, and no list came", read)
	}
	defer freeNet(buffer)
	var accounts []platform.Account
	for _, member := range unsafe.Slice(buffer, read) {
		if member.SID == nil || !member.SID.IsValid() {
			return nil, ask.malformed("a member has no valid SID")
		}
		use, known := useName(member.Use)
		if !known {
			return nil, ask.malformed("the use of %s is %d", member.SID, member.Use)
		}
		accounts = append(accounts, platform.Account{
			SID: member.SID.String(), Name: windows.UTF16PtrToString(member.Name), Use: use,
		})
	}
	return accounts, nil
}

// freeNet frees what a Net call allocated.
func freeNet[T any](buffer *T) { _ = windows.NetApiBufferFree((*byte)(unsafe.Pointer(buffer))) }

// fitting cuts a sorted list to what an answer may hold. It is never nil.
func fitting[T any](list []T) []T {
	const room = platform.MaxAnswer - 4<<10 // the rest is for what stands beside the list
	fits := []T{}
	size := 0
	for _, element := range list[:min(len(list), platform.MaxEntries)] {
		raw, err := json.Marshal(element)
		if size += len(raw) + 1; err != nil || size > room {
			break
		}
		fits = append(fits, element)
	}
	return fits
}
