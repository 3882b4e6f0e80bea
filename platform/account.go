package platform

import "time"

// Account is a user, group or computer as Windows knows it.
type Account struct {
	SID  string `json:"sid"`  // S-1-...
	Name string `json:"name"` // DOMAIN\name, as Windows spells it
	Use  string `json:"use"`  // user, group, domain, alias, well_known_group, deleted, invalid, unknown, computer or label
}

// ReadAccount asks which account a name stands for. The name is DOMAIN\name, name@domain or
// .\name, or LocalSystem as the service manager writes it. A name that Windows cannot map
// is ErrUnreachable and never ErrAbsent: Windows has one number, 1332, for "there is none"
// and for "its domain could not be asked".
func ReadAccount(name string) Query[Account] {
	return Query[Account]{Question{Kind: KindAccount, Where: name, What: AccountOfName}}
}

// ReadAccountOf asks which account a SID stands for. A SID that Windows cannot map is
// ErrUnreachable, for the same reason as a name.
func ReadAccountOf(sid string) Query[Account] {
	return Query[Account]{Question{Kind: KindAccount, Where: sid, What: AccountOfSID}}
}

// What a question of kind account can ask beside a right's name.
const (
	AccountOfName     = "account"          // Where is a name
	AccountOfSID      = "sid"              // Where is a SID
	MembersOfGroup    = "members"          // Where is the SID of a local group
	InOwnToken        = "token"            // Where is the SID of a group
	StateOfAccount    = "state"            // Where is a name
	InDirectory       = "directory"        // Where is a name, DOMAIN\name
	GroupsInDirectory = "directory_groups" // Where is a name, DOMAIN\name
)

// AccountRight says whether an account holds a right directly. What it holds through its
// groups is another question for each group.
type AccountRight struct {
	Held    bool     `json:"held"`
	Holders int      `json:"holders"` // how many accounts hold this right directly on this machine
	List    []string `json:"list"`    // their SIDs, sorted; at most MaxEntries
	More    bool     `json:"more"`    // the list has fewer than Holders
}

// ReadAccountRight asks whether a SID holds a right of its own on this machine. The right is
// one of Windows' names, such as SeServiceLogonRight or SeDenyServiceLogonRight; a name that
// Windows does not know is ErrMalformed. The answer is believed only when Windows also names
// holders of SeChangeNotifyPrivilege, which everyone has on every Windows.
// Needs the rights POLICY_LOOKUP_NAMES and POLICY_VIEW_LOCAL_INFORMATION, in practice an
// elevated prompt.
func ReadAccountRight(sid, right string) Query[AccountRight] {
	return Query[AccountRight]{Question{Kind: KindAccount, Where: sid, What: right}}
}

// MaxEntries is how many entries the list of a GroupMembers, of an AccountRight or of
// Certificates has at most.
const MaxEntries = 500

// GroupMembers are the direct members of a local group, seen whole: Windows has confirmed
// that the group is there and how many members it has, and when it has none, that there are
// some in Administrators.
type GroupMembers struct {
	Group   string    `json:"group"`   // the group's name in the language of the machine
	Count   int       `json:"count"`   // all members, also those that are not in the list
	Members []Account `json:"members"` // sorted by SID; the name is empty when Windows has none for the SID
	More    bool      `json:"more"`    // the list has fewer than Count: at most MaxEntries, and less for very long names
}

// ReadGroupMembers asks for the direct members of a local group named by its SID, such as
// S-1-5-32-544 for Administrators. Members of members are not looked for: a member whose
// use is group, alias or well_known_group may hold more. A BUILTIN group that this Windows
// does not have is ErrAbsent. Put to another server with At, it needs a local administrator
// there: from Windows Server 2016 on nobody else may list a server's accounts over the network.
func ReadGroupMembers(sid string) Query[GroupMembers] {
	return Query[GroupMembers]{Question{Kind: KindAccount, Where: sid, What: MembersOfGroup}}
}

// TokenMember says whether this process acts as a member of a group.
type TokenMember struct {
	Member bool `json:"member"` // the SID is in the token, and is in force there
}

// ReadTokenMember asks whether this process has a group's SID in its token, in force. An
// administrator's filtered token has Administrators, but not in force: false.
func ReadTokenMember(sid string) Query[TokenMember] {
	return Query[TokenMember]{Question{Kind: KindAccount, Where: sid, What: InOwnToken}}
}

// AccountState says of an account of this machine whether it can be logged on, as far as its own
// settings go.
type AccountState struct {
	SID        string    `json:"sid"`
	Disabled   bool      `json:"disabled"`
	Locked     bool      `json:"locked"`      // after too many wrong passwords
	MustChange bool      `json:"must_change"` // the password has expired, or was set to be changed at the next log-on
	Ends       bool      `json:"ends"`        // the account has an end
	End        time.Time `json:"end"`         // UTC; 0001-01-01 for one without an end
}

// ReadAccountState asks for the state of a local account, by .\name or COMPUTER\name, with
// NetUserGetInfo. An account that is not there is ErrAbsent. An account of a domain or one of
// Windows' own is ErrUnsupported: the first is known to the directory alone, which
// ReadDirectoryAccount asks, and the second has no such state.
func ReadAccountState(name string) Query[AccountState] {
	return Query[AccountState]{Question{Kind: KindAccount, Where: name, What: StateOfAccount}}
}

// DomainJoin says what this machine belongs to.
type DomainJoin struct {
	Status string `json:"status"` // domain, workgroup or unjoined
	Name   string `json:"name"`   // NetBIOS name of the domain, or the workgroup; empty when unjoined
}

// ReadDomainJoin asks what this machine belongs to, by its own records: no domain controller
// is asked.
func ReadDomainJoin() Query[DomainJoin] {
	return Query[DomainJoin]{Question{Kind: KindOS, What: "domain"}}
}
