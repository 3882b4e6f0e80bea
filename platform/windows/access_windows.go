package windows

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// aceTypes are the types of entries that a folder's access list may have (winnt.h). Those for
// objects of a directory are left out: Windows goes by no such entry of a file.
var aceTypes = map[uint8]string{
	0:  platform.AccessAllow,   // ACCESS_ALLOWED_ACE_TYPE
	1:  platform.AccessDeny,    // ACCESS_DENIED_ACE_TYPE
	9:  platform.AccessAllowIf, // ACCESS_ALLOWED_CALLBACK_ACE_TYPE
	10: platform.AccessDenyIf,  // ACCESS_DENIED_CALLBACK_ACE_TYPE
}

// readAccess reads the owner and the access list of a folder. Windows opens it with the right to read
// its permissions, and no other.
func readAccess(path string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, statFailed(path, err)
	}
	if !info.IsDir() {
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a file, not a folder", path)
	}
	ask := call{api: "GetNamedSecurityInfo", target: path, right: "read the permissions of this folder"}
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	switch {
	case err != nil:
		return nil, ask.refused(err)
	case descriptor == nil:
		return nil, ask.malformed("it succeeded without an answer")
	}
	return accessOf(ask, descriptor)
}

// accessOf copies what a security descriptor holds. One without a list lets everyone do everything;
// one that says nothing about a list was not read.
func accessOf(ask call, descriptor *windows.SECURITY_DESCRIPTOR) (platform.AccessList, error) {
	var none platform.AccessList
	owner, _, err := descriptor.Owner()
	switch {
	case err != nil:
		return none, call{api: "GetSecurityDescriptorOwner", target: ask.target, right: ask.right}.refused(err)
	case owner == nil || !owner.IsValid():
		return none, ask.malformed("there is no owner")
	}
	list, _, err := descriptor.DACL()
	switch {
	case err != nil:
		return none, call{api: "GetSecurityDescriptorDacl", target: ask.target, right: ask.right}.refused(err)
	case list == nil:
		return platform.AccessList{Owner: owner.String(), Open: true, Entries: []platform.AccessEntry{}}, nil
	}
	all, err := entriesOf(ask, list)
	if err != nil {
		return none, err
	}
	first := fitting(all)
	return platform.AccessList{Owner: owner.String(), Count: len(all), Entries: first, More: len(first) < len(all)}, nil
}

func entriesOf(ask call, list *windows.ACL) ([]platform.AccessEntry, error) {
	var all []platform.AccessEntry
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return nil, call{api: "GetAce", target: ask.target, right: ask.right}.refused(err)
		}
		kind, known := aceTypes[ace.Header.AceType]
		if !known {
			return nil, ask.malformed("entry %d of the access list is of type %d, which is not known here", i+1, ace.Header.AceType)
		}
		sid := sidIn(ace)
		if sid == nil {
			return nil, ask.malformed("entry %d of the access list has no valid SID", i+1)
		}
		all = append(all, platform.AccessEntry{SID: sid.String(), Type: kind, Mask: uint32(ace.Mask), Flags: ace.Header.AceFlags})
	}
	return all, nil
}

// sidIn is the SID in an entry of any of the types above; nil where none fits into the entry.
func sidIn(ace *windows.ACCESS_ALLOWED_ACE) *windows.SID {
	const before, empty, part = 8, 8, 4 // header and mask; a SID without parts; each part
	sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
	if ace.Header.AceSize < before+empty || !sid.IsValid() || int(ace.Header.AceSize) < before+empty+part*int(sid.SubAuthorityCount()) {
		return nil
	}
	return sid
}
