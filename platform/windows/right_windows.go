package windows

import (
	"errors"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

// everyonesRight is held by Everyone, Authenticated Users and more on every Windows. When
// the local security policy names nobody for it, then it names nobody for anything, and its
// silence about another right says nothing.
const everyonesRight = "SeChangeNotifyPrivilege"

// readAccountRight asks for all direct holders of one right. The other way, asking for all
// rights of one account, has a single number for "none" and nothing to prove it with.
func readAccountRight(sid *windows.SID, right string) (any, error) {
	policy, err := openPolicy()
	if err != nil {
		return nil, err
	}
	defer func() { _ = win32.LsaClose(policy) }()
	holders, err := holdersOf(policy, right)
	if err != nil {
		return nil, err
	}
	proof, err := holdersOf(policy, everyonesRight)
	if err != nil {
		return nil, err
	}
	if len(proof) == 0 {
		return nil, call{api: "LsaEnumerateAccountsWithUserRight", target: right}.
			malformed("the policy names no holder of %s either, so it was not really read", everyonesRight)
	}
	slices.Sort(holders)
	list := fitting(holders)
	return platform.AccountRight{
		Held: slices.Contains(holders, sid.String()), Holders: len(holders), List: list, More: len(list) < len(holders),
	}, nil
}

// openPolicy opens the local security policy with query rights; the caller closes it.
func openPolicy() (windows.Handle, error) {
	var attributes win32.ObjectAttributes
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var policy windows.Handle
	err := win32.LsaOpenPolicy(nil, &attributes, win32.POLICY_LOOKUP_NAMES|win32.POLICY_VIEW_LOCAL_INFORMATION, &policy)
	ask := call{api: "LsaOpenPolicy", target: "of this machine", right: "view the local security policy"}
	if err != nil {
		return 0, ask.refused(err)
	}
	if policy == 0 {
		return 0, ask.malformed("it succeeded without a handle")
	}
	return policy, nil
}

// holdersOf lists the SIDs that hold a right directly.
func holdersOf(policy windows.Handle, right string) ([]string, error) {
	ask := call{api: "LsaEnumerateAccountsWithUserRight", target: right, right: "view the local security policy"}
	name, err := windows.NewNTUnicodeString(right)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%q is no name of a right: %v", right, err)
	}
	var buffer *win32.RightHolder
	var count uint32
	err = win32.LsaEnumerateAccountsWithUserRight(policy, name, &buffer, &count)
	switch {
	case errors.Is(err, windows.STATUS_NO_MORE_ENTRIES):
		return nil, nil // nobody
	case errors.Is(err, windows.STATUS_NO_SUCH_PRIVILEGE):
		return nil, ask.malformed("Windows knows no such right")
	case err != nil:
		return nil, ask.refused(err)
	case buffer == nil || count == 0:
		return nil, ask.malformed("it succeeded with %d accounts and no list", count)
	}
	defer func() { _ = win32.LsaFreeMemory(buffer) }()
	var sids []string
	for _, holder := range unsafe.Slice(buffer, count) {
		if holder.SID == nil || !holder.SID.IsValid() {
			return nil, ask.malformed("a holder has no valid SID")
		}
		sids = append(sids, holder.SID.String())
	}
	return sids, nil
}
