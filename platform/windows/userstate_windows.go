package windows

import (
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

// readAccountState asks for an account of this machine. What NetUserGetInfo knows of a name that a
// domain has, too, would be about another account, so the name is looked up first, and the two
// SIDs must be one.
func readAccountState(name string) (any, error) {
	if name == "" {
		return nil, platform.Refuse(platform.ErrMalformed, "a question about an account names none")
	}
	sid, err := sidOf(name)
	if err != nil {
		return nil, err
	}
	account, err := accountOf(sid)
	if err != nil {
		return nil, err
	}
	computer, err := computerName("ComputerNamePhysicalNetBIOS", windows.ComputerNamePhysicalNetBIOS)
	if err != nil {
		return nil, err
	}
	local, found := cutPrefixFold(account.Name, computer+`\`)
	if !found || account.Use != "user" {
		return nil, platform.Refuse(platform.ErrUnsupported, "%s is no account of this machine but %s, a %s, and the directory is not asked", name, account.Name, account.Use)
	}
	return stateOf(local, account.SID)
}

// cutPrefixFold cuts a beginning off whatever its case is.
func cutPrefixFold(text, prefix string) (rest string, found bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// stateOf asks for one local account, which must have the SID that its name has.
func stateOf(name, sid string) (platform.AccountState, error) {
	var none platform.AccountState
	ask := call{
		api: "NetUserGetInfo", target: name, right: "query this account",
		absent: []windows.Errno{win32.NERR_UserNotFound},
	}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return none, platform.Refuse(platform.ErrMalformed, "%q is no name of an account: %v", name, err)
	}
	var buffer *byte
	if err := windows.NetUserGetInfo(nil, wide, win32.UserInfoLevel, &buffer); err != nil {
		return none, ask.refused(err)
	}
	if buffer == nil {
		return none, ask.malformed("it succeeded without an answer")
	}
	defer freeNet(buffer)
	info := (*win32.UserInfo4)(unsafe.Pointer(buffer))
	switch {
	case info.SID == nil || !info.SID.IsValid():
		return none, ask.malformed("there is no valid SID")
	case info.SID.String() != sid:
		return none, ask.malformed("it answered for %s, and the name stands for %s", info.SID, sid)
	case info.Flags&win32.UF_SCRIPT == 0:
		// Windows sets this bit for every account, so without it the others were not filled in.
		return none, ask.malformed("the flags are %#x, without the one that every account has", info.Flags)
	}
	return stateIn(info), nil
}

// stateIn is what a USER_INFO_4 with a valid SID says of the account's state.
func stateIn(info *win32.UserInfo4) platform.AccountState {
	state := platform.AccountState{
		SID: info.SID.String(), Disabled: info.Flags&win32.UF_ACCOUNTDISABLE != 0, Locked: info.Flags&win32.UF_LOCKOUT != 0,
		MustChange: info.PasswordExpired != 0 || info.Flags&win32.UF_PASSWORD_EXPIRED != 0,
	}
	if seconds := info.AccountExpires; seconds != win32.TIMEQ_FOREVER && seconds != 0 { // since 1970
		state.Ends, state.End = true, time.Unix(int64(seconds), 0).UTC()
	}
	return state
}
