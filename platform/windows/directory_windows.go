package windows

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

// readDirectoryAccount asks a controller of the domain that the name begins with. The domain is asked
// for nothing else, and the name is not looked up before: an account that is not there has no SID, and
// the controller's word is wanted about that, too.
func readDirectoryAccount(name string) (any, error) {
	at, account, err := controllerFor(name)
	if err != nil {
		return nil, err
	}
	state, _, err := at.stateOf(account)
	return state, err
}

// controllerFor finds a controller for an account that is written DOMAIN\name, and cuts its name off.
func controllerFor(name string) (at controller, account string, err error) {
	domain, account, written := strings.Cut(name, `\`)
	if !written || domain == "" || domain == "." || account == "" || strings.Contains(account, `\`) {
		return at, "", platform.Refuse(platform.ErrUnsupported, `%q is no account of a domain, written DOMAIN\name`, name)
	}
	computer, err := computerName("ComputerNamePhysicalNetBIOS", windows.ComputerNamePhysicalNetBIOS)
	switch {
	case err != nil:
		return at, "", err
	case strings.EqualFold(domain, computer):
		return at, "", platform.Refuse(platform.ErrUnsupported, "%s is an account of this machine, and no directory has it", name)
	}
	at, err = controllerOf(domain)
	return at, account, err
}

// controller is a controller of a domain.
type controller struct {
	domain string // as it was asked for
	name   string // DNS name
}

// controllerOf asks Windows for a controller of a domain, as it would find one to log somebody on. It
// may know one from before that has gone since: it is not told to look anew, because what it
// finds then counts for all programs.
func controllerOf(domain string) (controller, error) {
	var none controller
	ask := call{api: "DsGetDcName", target: domain, right: "look for controllers of this domain"}
	wide, err := windows.UTF16PtrFromString(domain)
	if err != nil {
		return none, platform.Refuse(platform.ErrMalformed, "%q is no name of a domain: %v", domain, err)
	}
	flags := uint32(win32.DS_DIRECTORY_SERVICE_REQUIRED | win32.DS_RETURN_DNS_NAME)
	if !strings.Contains(domain, ".") { // one with a dot may still be a flat name
		flags |= win32.DS_IS_FLAT_NAME
	}
	var info *win32.DomainControllerInfo
	if err := win32.DsGetDcNameW(nil, wide, nil, nil, flags, &info); err != nil {
		no := ask.refused(err)
		if errors.Is(no, platform.ErrUnreachable) {
			no.Help = "Check that this machine finds a controller of the domain: nltest /dsgetdc:" + domain
		}
		return none, no
	}
	if info == nil {
		return none, ask.malformed("it succeeded without an answer")
	}
	defer freeNet(info)
	name := ""
	if info.Name != nil {
		name = windows.UTF16PtrToString(info.Name)
	}
	found, marked := strings.CutPrefix(name, `\\`)
	switch {
	case !marked || found == "" || strings.ContainsAny(found, `\/`):
		return none, ask.malformed("the controller's name is %q", name)
	case info.Flags&win32.DS_DS_FLAG == 0:
		return none, ask.malformed("%s is said to have no directory", found)
	}
	return controller{domain: domain, name: found}, nil
}

// stateOf asks the controller for an account, with level 4: it has the flags, the end of the account
// and whether its password has expired. By default every authenticated user may ask (Win32
// documentation, "NetUserGetInfo"). Whether it is locked, and whether its password has expired, the
// controller computes for now ([MS-ADTS] 3.1.1.4.5.17): neither is ever said of an account whose
// password Windows sets. Beside the state comes the SID of the account's primary group, empty without one.
func (at controller) stateOf(account string) (state platform.DirectoryAccount, primary string, err error) {
	ask := call{
		api: "NetUserGetInfo", target: at.domain + `\` + account + ` on \\` + at.name, right: "read this account in the directory of " + at.domain,
		absent: []windows.Errno{win32.NERR_UserNotFound},
	}
	texts, err := wides(`\\`+at.name, account)
	if err != nil {
		return state, "", err
	}
	var buffer *byte
	if err := windows.NetUserGetInfo(texts[0], texts[1], win32.UserInfoLevel, &buffer); err != nil {
		no := ask.refused(err)
		if errors.Is(no, platform.ErrDenied) { // an elevated prompt gives no right there
			no.Help = "Run siteready as an account of a domain that may " + ask.right + ". As SYSTEM it is there the account of this server."
		}
		return state, "", no
	}
	if buffer == nil {
		return state, "", ask.malformed("it succeeded without an answer")
	}
	defer freeNet(buffer)
	info := (*win32.UserInfo4)(unsafe.Pointer(buffer))
	name := ""
	if info.Name != nil {
		name = windows.UTF16PtrToString(info.Name)
	}
	switch {
	case !strings.EqualFold(name, account):
		return state, "", ask.malformed("it answered for %q", name)
	case info.SID == nil || !info.SID.IsValid():
		return state, "", ask.malformed("there is no valid SID")
	}
	managed, known := managedBy(info.Flags)
	if !known {
		return state, "", ask.malformed("the flags are %#x, without one sort of account that services run as", info.Flags)
	}
	told := stateIn(info)
	if info.PrimaryGroup != 0 {
		domain := told.SID[:strings.LastIndex(told.SID, "-")]
		primary = fmt.Sprintf("%s-%d", domain, info.PrimaryGroup)
	}
	return platform.DirectoryAccount{
		SID: told.SID, Controller: at.name, Managed: managed,
		Disabled: told.Disabled, Locked: told.Locked, MustChange: told.MustChange, Ends: told.Ends, End: told.End,
	}, primary, nil
}

// managedBy says of an account's flags whether Windows sets its password: a managed service account has
// the sort of a computer's. Each account has exactly one sort, so without one the flags were not
// filled in. Those of trusts and of controllers, and those of accounts whose true one is in another
// domain, are not known here.
func managedBy(flags uint32) (managed, known bool) {
	const sorts = win32.UF_TEMP_DUPLICATE_ACCOUNT | win32.UF_NORMAL_ACCOUNT | win32.UF_INTERDOMAIN_TRUST_ACCOUNT |
		win32.UF_WORKSTATION_TRUST_ACCOUNT | win32.UF_SERVER_TRUST_ACCOUNT
	switch flags & sorts {
	case win32.UF_NORMAL_ACCOUNT:
		return false, true
	case win32.UF_WORKSTATION_TRUST_ACCOUNT:
		return true, true
	}
	return false, false
}
