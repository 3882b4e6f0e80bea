// Package access judges what an account may do with a folder, from the folder's access list and
// what is known of the account's groups. Nothing is tried on the folder. Of the groups of a domain only
// those that a controller of the account's own domain tells of are known: where another could decide, it
// is not known.
package access

import "siteready/platform"

// Belongs says whether an account is in a group.
type Belongs int

// Zero is Unclear, so that what was forgotten is never known.
const (
	Unclear Belongs = iota // groups that this machine cannot look into stand between
	Outside
	Inside
)

// Verdict says whether an account may do something.
type Verdict int

// Zero is Unknown, so that what was forgotten is never granted.
const (
	Unknown Verdict = iota // groups decide that nobody here knows the members of
	Denied
	Granted
)

// Rights to files and folders (winnt.h). Those of one number have two names: what is done to a
// folder, and what to a file.
const (
	List       = 0x1 // of a folder
	ReadData   = 0x1 // of a file
	AddFiles   = 0x2 // to a folder
	WriteData  = 0x2 // to a file
	AddFolders = 0x4
	Execute    = 0x20
	Delete     = 0x10000
)

// named are the names of rights in each scope.
var named = map[Scope][]struct {
	mask uint32
	name string
}{
	TheFolder: {{List, "list"}, {AddFiles, "add files"}, {AddFolders, "add folders"}},
	FilesIn:   {{ReadData, "read"}, {WriteData, "write"}, {Delete, "delete"}, {Execute, "run"}},
}

// generic are the generic rights in the sense that they have for files and folders.
var generic = map[uint32]uint32{
	0x80000000: 0x120089, // GENERIC_READ is FILE_GENERIC_READ
	0x40000000: 0x120116, // GENERIC_WRITE is FILE_GENERIC_WRITE
	0x20000000: 0x1200A0, // GENERIC_EXECUTE is FILE_GENERIC_EXECUTE
	0x10000000: 0x1F01FF, // GENERIC_ALL is FILE_ALL_ACCESS
}

// Flags of entries (winnt.h).
const (
	inheritedByFiles = 0x1
	notHere          = 0x8 // only what inherits the entry goes by it
)

// Scope is what an access list is evaluated for.
type Scope int

// An entry may hold for the folder, for the files that are made in it, or for both.
const (
	TheFolder Scope = iota
	FilesIn         // as they are made, with what they inherit; a file that is there may have its own list
)

// holds reports whether an entry is one of those that the scope goes by.
func (s Scope) holds(entry platform.AccessEntry) bool {
	if s == FilesIn {
		return entry.Flags&inheritedByFiles != 0
	}
	return entry.Flags&notHere == 0
}

// rights are an entry's rights with its generic ones resolved.
func rights(entry platform.AccessEntry) uint32 {
	mask := entry.Mask
	for general, special := range generic {
		if entry.Mask&general != 0 {
			mask |= special
		}
	}
	return mask
}

// Evaluate says whether who is in the groups that in tells of may do all that wanted holds, by Windows'
// own rule: the entries are gone through in their order, and for each right the first one that
// is about the account and has the right decides; a right that no entry decides is not given. An
// account may be in a group of which in says Unclear, and may not, independently of each other. An
// entry with a condition may hold, and may not. The answer is Unknown where both can be. What an owner may
// always do, read and change the permissions, is not in it.
func Evaluate(list platform.AccessList, scope Scope, in func(sid string) Belongs, wanted uint32) Verdict {
	if list.Open {
		return Granted
	}
	verdict := Granted
	for right := uint32(1); right != 0; right <<= 1 {
		if wanted&right == 0 {
			continue
		}
		switch can := outcomes(list, scope, in, right); {
		case !can.granted:
			return Denied
		case can.denied:
			verdict = Unknown
		}
	}
	return verdict
}

// outcome is what may come of one right.
type outcome struct{ granted, denied bool }

func outcomes(list platform.AccessList, scope Scope, in func(sid string) Belongs, right uint32) outcome {
	var can outcome
	decided := map[string]bool{} // by an earlier entry, for whoever is in this group
	for _, entry := range list.Entries {
		at := in(entry.SID)
		if at == Outside || decided[entry.SID] || !scope.holds(entry) || rights(entry)&right == 0 {
			continue
		}
		allows := entry.Type == platform.AccessAllow || entry.Type == platform.AccessAllowIf
		can.granted = can.granted || allows
		can.denied = can.denied || !allows
		sure := entry.Type == platform.AccessAllow || entry.Type == platform.AccessDeny
		if sure && at == Inside {
			return can
		}
		decided[entry.SID] = sure
	}
	if list.More {
		return outcome{true, true} // the rest of the list is not known
	}
	can.denied = true // where none of them was about the account
	return can
}
