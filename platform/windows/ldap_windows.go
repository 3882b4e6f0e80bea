package windows

import (
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

// groupsAttribute has the SIDs of the global and universal groups that an account is in, also through
// others. The controller computes it for the one object that it is asked of ([MS-ADTS] 3.1.1.4.5.20).
const groupsAttribute = "tokenGroupsGlobalAndUniversal"

// patience is how many seconds each step of asking a directory may take: three of them are less than the
// limit of a question.
const patience = 3

// readDirectoryGroups asks a controller for the groups of an account. Windows has a call that answers with
// all groups of an account, AuthzInitializeContextFromSid; but that logs the account on, which the
// directory remembers, and nothing is to change there. NetUserGetLocalGroups and NetUserGetGroups know
// nothing of groups in groups ([MS-SAMR] 3.1.5.9.1).
func readDirectoryGroups(name string) (any, error) {
	at, account, err := controllerFor(name)
	if err != nil {
		return nil, err
	}
	state, primary, err := at.stateOf(account)
	if err != nil {
		return nil, err
	}
	sids, err := at.groupsOf(state.SID)
	if err != nil {
		return nil, err
	}
	if primary != "" && !slices.Contains(sids, primary) { // no document says of the attribute that it has this one, too
		sids = append(sids, primary)
	}
	slices.Sort(sids)
	list := fitting(sids)
	return platform.DirectoryGroups{SID: state.SID, Controller: at.name, Count: len(sids), List: list, More: len(list) < len(sids)}, nil
}

// groupsOf reads the attribute over LDAP, as whom siteready runs.
func (at controller) groupsOf(sid string) ([]string, error) {
	session, err := at.connected()
	if err != nil {
		return nil, err
	}
	defer func() { _ = win32.Ldap_unbind(session) }()
	ask := at.ldap("ldap_search_ext_s " + groupsAttribute + " of " + sid)
	texts, err := wides("<SID="+sid+">", "(objectClass=*)", groupsAttribute) // a base of this form: [MS-ADTS] 3.1.1.3.1.2.4
	if err != nil {
		return nil, err
	}
	attributes := []*uint16{texts[2], nil}
	timeout := win32.LdapTimeval{Seconds: patience}
	var result windows.Handle
	code := win32.Ldap_search_ext_sW(session, texts[0], win32.LDAP_SCOPE_BASE, texts[1], &attributes[0], 0, 0, 0, &timeout, 0, &result)
	if result != 0 {
		defer func() { _ = win32.Ldap_msgfree(result) }() // there may be one beside an error
	}
	if code != win32.LDAP_SUCCESS {
		return nil, ask.refused(code)
	}
	if result == 0 {
		return nil, ask.malformed("it succeeded without an answer")
	}
	entry := win32.Ldap_first_entry(session, result)
	if entry == 0 {
		return nil, ask.malformed("it succeeded without an object")
	}
	values := win32.Ldap_get_values_lenW(session, entry, texts[2])
	if values == 0 {
		no := platform.Refuse(platform.ErrDenied, "%s: the directory does not tell this attribute", ask.what)
		no.Help = "Let siteready run as a member of the group Windows Authorization Access Group of the domain " + at.domain +
			", and check that a global catalog answers. As SYSTEM it is there the account of this server."
		return nil, no
	}
	defer func() { _ = win32.Ldap_value_free_len(values) }()
	return sidsIn(ask, values)
}

// sidsIn copies the values of an attribute that holds SIDs: values is an array of pointers.
func sidsIn(ask ldapCall, values windows.Handle) ([]string, error) {
	count := win32.Ldap_count_values_len(values)
	if count == 0 {
		return nil, ask.malformed("there is no group, and every account is in one")
	}
	var sids []string
	for _, value := range unsafe.Slice(*(***win32.LdapBerval)(unsafe.Pointer(&values)), count) {
		const before, part = 8, 4 // what a SID begins with, and each of its parts
		if value == nil || value.Value == nil || value.Length < before {
			return nil, ask.malformed("a value is no SID")
		}
		sid := (*windows.SID)(unsafe.Pointer(value.Value))
		if !sid.IsValid() || value.Length != before+part*uint32(sid.SubAuthorityCount()) {
			return nil, ask.malformed("a value of %d bytes is no SID", value.Length)
		}
		sids = append(sids, sid.String())
	}
	return sids, nil
}

// connected makes a connection to the controller's directory and says there who asks. What goes over
// it is signed and encrypted, and it follows no referral to another server. The caller closes it.
func (at controller) connected() (windows.Handle, error) {
	host, err := windows.UTF16PtrFromString(at.name)
	if err != nil {
		return 0, platform.Refuse(platform.ErrMalformed, "%q is no name of a server: %v", at.name, err)
	}
	session := win32.Ldap_initW(host, win32.LDAP_PORT)
	if session == 0 {
		return 0, at.ldap("ldap_init").malformed("there is no session")
	}
	if err := at.bind(session); err != nil {
		_ = win32.Ldap_unbind(session)
		return 0, err
	}
	return session, nil
}

func (at controller) bind(session windows.Handle) error {
	for _, one := range []struct{ option, value uint32 }{
		{win32.LDAP_OPT_PROTOCOL_VERSION, 3},
		{win32.LDAP_OPT_REFERRALS, 0},
		{win32.LDAP_OPT_AREC_EXCLUSIVE, 1}, // the name is a server's
		{win32.LDAP_OPT_TIMELIMIT, patience},
		{win32.LDAP_OPT_SIGN, 1},
		{win32.LDAP_OPT_ENCRYPT, 1},
	} {
		if code := win32.Ldap_set_optionW(session, one.option, &one.value); code != win32.LDAP_SUCCESS {
			return at.ldap(fmt.Sprintf("ldap_set_option %#x", one.option)).refused(code)
		}
	}
	timeout := win32.LdapTimeval{Seconds: patience}
	if code := win32.Ldap_connect(session, &timeout); code != win32.LDAP_SUCCESS {
		return at.ldap("ldap_connect").refused(code)
	}
	if code := win32.Ldap_bind_sW(session, nil, nil, win32.LDAP_AUTH_NEGOTIATE); code != win32.LDAP_SUCCESS {
		return at.ldap("ldap_bind_s").refused(code)
	}
	return nil
}

// ldapCall is one call to a directory, with what is needed to tell of its failure.
type ldapCall struct {
	what   string
	domain string
}

func (at controller) ldap(what string) ldapCall {
	return ldapCall{what + ` on \\` + at.name, at.domain}
}

// refused makes of LDAP's own number the reason why there is no answer. None means absence: the account is
// there, as the controller has just said.
func (c ldapCall) refused(code uint32) *platform.NoAnswer {
	no := platform.Refuse(platform.ErrUnsupported, "%s: LDAP error %d", c.what, code)
	switch code {
	case win32.LDAP_SERVER_DOWN, win32.LDAP_CONNECT_ERROR, win32.LDAP_BUSY, win32.LDAP_UNAVAILABLE:
		no.Reason, no.Help = platform.ErrUnreachable, "Check that this machine reaches port 389 of a controller of the domain "+c.domain+"."
	case win32.LDAP_TIMEOUT, win32.LDAP_TIMELIMIT_EXCEEDED:
		no.Reason = platform.ErrTimeout
	case win32.LDAP_INVALID_CREDENTIALS, win32.LDAP_INSUFFICIENT_RIGHTS, win32.LDAP_INAPPROPRIATE_AUTH, win32.LDAP_AUTH_METHOD_NOT_SUPPORTED,
		win32.LDAP_STRONG_AUTH_REQUIRED, win32.LDAP_CONFIDENTIALITY_REQUIRED:
		no.Reason, no.Help = platform.ErrDenied, "Run siteready as an account of the domain "+c.domain+", or of one that it trusts. As SYSTEM it is there the account of this server."
	}
	return no
}

func (c ldapCall) malformed(format string, args ...any) *platform.NoAnswer {
	return platform.Refuse(platform.ErrMalformed, "%s: %s", c.what, fmt.Sprintf(format, args...))
}

// wides makes texts of Windows.
func wides(texts ...string) ([]*uint16, error) {
	var all []*uint16
	for _, text := range texts {
		wide, err := windows.UTF16PtrFromString(text)
		if err != nil {
			return nil, platform.Refuse(platform.ErrMalformed, "%q is no text of Windows: %v", text, err)
		}
		all = append(all, wide)
	}
	return all, nil
}
