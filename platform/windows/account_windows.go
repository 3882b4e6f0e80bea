package windows

import (
	"errors"
	"regexp"
	"strings"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// serviceAccounts are the names that the service manager has for accounts of Windows' own,
// in every language (Win32 documentation, "LocalSystem Account" and the two after it).
func serviceAccounts() map[string]windows.WELL_KNOWN_SID_TYPE {
	return map[string]windows.WELL_KNOWN_SID_TYPE{
		`localsystem`:                 windows.WinLocalSystemSid,
		`.\localsystem`:               windows.WinLocalSystemSid,
		`nt authority\system`:         windows.WinLocalSystemSid,
		`nt authority\localservice`:   windows.WinLocalServiceSid,
		`nt authority\networkservice`: windows.WinNetworkServiceSid,
	}
}

// rightName is how Windows names rights: SeServiceLogonRight, SeDebugPrivilege.
var rightName = regexp.MustCompile(`^Se[A-Za-z]+(Right|Privilege)$`)

// readAccountFact answers questions about accounts. Only the members of a group are asked of
// another server.
func readAccountFact(server, where, what string) (any, error) {
	switch what {
	case platform.AccountOfName:
		return readAccount(where)
	case platform.StateOfAccount:
		return readAccountState(where)
	case platform.InDirectory:
		return readDirectoryAccount(where)
	case platform.GroupsInDirectory:
		return readDirectoryGroups(where)
	}
	sid, err := parseSID(where)
	if err != nil {
		return nil, err
	}
	switch {
	case what == platform.AccountOfSID:
		return accountOf(sid)
	case what == platform.MembersOfGroup:
		return readGroupMembers(server, sid)
	case what == platform.InOwnToken:
		return readTokenMember(sid)
	case rightName.MatchString(what):
		return readAccountRight(sid, what)
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "%q is nothing that can be asked about an account", what)
}

// parseSID refuses what is no SID before Windows is asked: ConvertStringSidToSid knows
// abbreviations such as BA, which nothing else here does.
func parseSID(text string) (*windows.SID, error) {
	malformed := platform.Refuse(platform.ErrMalformed, "%q is no SID", text)
	if !strings.HasPrefix(text, "S-1-") {
		return nil, malformed
	}
	sid, err := windows.StringToSid(text)
	if err != nil || sid.String() != text {
		return nil, malformed
	}
	return sid, nil
}

// readAccount maps a name to its SID, and the SID back to the name as Windows spells it.
func readAccount(name string) (any, error) {
	if name == "" {
		return nil, platform.Refuse(platform.ErrMalformed, "a question about an account names none")
	}
	sid, err := sidOf(name)
	if err != nil {
		return nil, err
	}
	return accountOf(sid)
}

// sidOf looks a name up.
func sidOf(name string) (*windows.SID, error) {
	ask := call{api: "LookupAccountName", target: name, right: "look up accounts"}
	if kind, known := serviceAccounts()[strings.ToLower(name)]; known {
		sid, err := windows.CreateWellKnownSid(kind)
		if err != nil {
			return nil, call{api: "CreateWellKnownSid", target: name, right: ask.right}.refused(err)
		}
		return sid, nil
	}
	full := name
	if local, found := strings.CutPrefix(name, `.\`); found { // as services name local accounts
		computer, err := computerName("ComputerNamePhysicalNetBIOS", windows.ComputerNamePhysicalNetBIOS)
		if err != nil {
			return nil, err
		}
		full = computer + `\` + local
	}
	sid, _, _, err := windows.LookupSID("", full)
	if err != nil {
		return nil, unmapped(ask.refused(err), err)
	}
	if sid == nil || !sid.IsValid() {
		return nil, ask.malformed("the SID is not valid")
	}
	return sid, nil
}

// accountOf looks a SID up.
func accountOf(sid *windows.SID) (platform.Account, error) {
	var none platform.Account
	ask := call{api: "LookupAccountSid", target: sid.String(), right: "look up accounts"}
	name, domain, use, err := sid.LookupAccount("")
	if err != nil {
		return none, unmapped(ask.refused(err), err)
	}
	word, known := useName(use)
	if !known {
		return none, ask.malformed("the use is %d", use)
	}
	full := qualified(domain, name)
	if full == "" {
		return none, ask.malformed("there is no name")
	}
	return platform.Account{SID: sid.String(), Name: full, Use: word}, nil
}

// unmapped adds to number 1332 what it may mean.
func unmapped(no *platform.NoAnswer, err error) *platform.NoAnswer {
	if errors.Is(err, windows.ERROR_NONE_MAPPED) {
		no.Help = "Windows says the same of an account that is not there and of one whose domain could not be asked. " +
			"Check the spelling, and that a domain controller of its domain answers."
	}
	return no
}

// qualified joins a domain and a name. Well-known groups such as Everyone have no domain, and
// a domain has no name beside its own.
func qualified(domain, name string) string {
	if domain == "" || name == "" {
		return domain + name
	}
	return domain + `\` + name
}

// useName names a SID_NAME_USE.
func useName(use uint32) (name string, known bool) {
	names := map[uint32]string{
		windows.SidTypeUser: "user", windows.SidTypeGroup: "group", windows.SidTypeDomain: "domain",
		windows.SidTypeAlias: "alias", windows.SidTypeWellKnownGroup: "well_known_group",
		windows.SidTypeDeletedAccount: "deleted", windows.SidTypeInvalid: "invalid",
		windows.SidTypeUnknown: "unknown", windows.SidTypeComputer: "computer", windows.SidTypeLabel: "label",
	}
	name, known = names[use]
	return name, known
}

// readTokenMember asks whether a SID is in force in the token of this process.
func readTokenMember(sid *windows.SID) (any, error) {
	member, err := windows.Token(0).IsMember(sid)
	if err != nil {
		return nil, call{api: "CheckTokenMembership", target: sid.String(), right: "query its own token"}.refused(err)
	}
	return platform.TokenMember{Member: member}, nil
}

// readDomainJoin asks what the machine belongs to.
func readDomainJoin() (any, error) {
	ask := call{api: "NetGetJoinInformation", target: "of this machine", right: "query what this machine belongs to"}
	var buffer *uint16
	var status uint32
	if err := windows.NetGetJoinInformation(nil, &buffer, &status); err != nil {
		return nil, ask.refused(err)
	}
	if buffer == nil {
		return nil, ask.malformed("it succeeded without an answer")
	}
	defer freeNet(buffer)
	name := windows.UTF16PtrToString(buffer)
	switch status {
	case windows.NetSetupUnjoined:
		return platform.DomainJoin{Status: "unjoined", Name: name}, nil
	case windows.NetSetupWorkgroupName, windows.NetSetupDomainName:
		if name == "" {
			return nil, ask.malformed("the status is %d, and there is no name", status)
		}
		if status == windows.NetSetupDomainName {
			return platform.DomainJoin{Status: "domain", Name: name}, nil
		}
		return platform.DomainJoin{Status: "workgroup", Name: name}, nil
	}
	return nil, ask.malformed("the status is %d", status)
}
