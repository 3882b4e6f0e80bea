package platform

import (
	"strings"
	"time"
)

// DirectoryAccount says of an account of a domain whether it can be logged on, as far as its own
// settings go, by the word of one of its domain's controllers.
type DirectoryAccount struct {
	SID        string    `json:"sid"`
	Controller string    `json:"controller"` // DNS name of the controller that answered
	Managed    bool      `json:"managed"`    // a managed service account or a computer: Windows sets its password
	Disabled   bool      `json:"disabled"`
	Locked     bool      `json:"locked"`      // now, after too many wrong passwords
	MustChange bool      `json:"must_change"` // the password has expired, or was set to be changed at the next log-on
	Ends       bool      `json:"ends"`        // the account has an end
	End        time.Time `json:"end"`         // UTC; 0001-01-01 for one without an end
}

// State is what is told of the account in the form that a local account has.
func (d DirectoryAccount) State() AccountState {
	return AccountState{SID: d.SID, Disabled: d.Disabled, Locked: d.Locked, MustChange: d.MustChange, Ends: d.Ends, End: d.End}
}

// ReadDirectoryAccount asks a controller of an account's domain for the state of the account, by
// DOMAIN\name: the controller is the one that Windows finds with DsGetDcName, the state that of
// NetUserGetInfo there. No log-on is tried, and nothing changes in the directory. An account that the
// controller does not have is ErrAbsent, and so a fact about that controller alone: what was made or
// deleted a moment ago may not have come to it. A domain without a controller that answers is
// ErrUnreachable, and nothing more is asked of it in a run; a refusal is ErrDenied. A name in
// another form, and one of this machine's own, is ErrUnsupported.
// Needs read on the account's object, which every authenticated user has unless the access list of
// the directory was changed (Win32 documentation, "NetUserGetInfo").
func ReadDirectoryAccount(name string) Query[DirectoryAccount] {
	return Query[DirectoryAccount]{Question{Kind: KindAccount, Where: name, What: InDirectory}}
}

// DirectoryGroups are the global and universal groups that an account of a domain is in, also through
// other such groups, and its primary group, by the word of one of the domain's controllers. Groups that are local to a domain,
// and those of one machine, are not among them.
type DirectoryGroups struct {
	SID        string   `json:"sid"`        // of the account
	Controller string   `json:"controller"` // DNS name of the controller that answered
	Count      int      `json:"count"`      // never 0: every account is in one
	List       []string `json:"list"`       // their SIDs, sorted; at most MaxEntries
	More       bool     `json:"more"`       // the list has fewer than Count
}

// ReadDirectoryGroups asks a controller of an account's domain for the groups of the account, by
// DOMAIN\name, as ReadDirectoryAccount does. They are the attribute tokenGroupsGlobalAndUniversal, which
// the controller computes ([MS-ADTS] 3.1.1.4.5.20); nobody is logged on for it. Where the attribute
// is not told, for want of the right or of a global catalog, that is ErrDenied.
// Needs read on the attribute, which the members of Windows Authorization Access Group have, and in
// many domains all authenticated users (Microsoft's support, article 331951).
func ReadDirectoryGroups(name string) Query[DirectoryGroups] {
	return Query[DirectoryGroups]{Question{Kind: KindAccount, Where: name, What: GroupsInDirectory}}
}

// directory is the domain whose controllers a question is put to; empty for other questions.
func (q Question) directory() string {
	if q.Kind != KindAccount || q.What != InDirectory && q.What != GroupsInDirectory {
		return ""
	}
	domain, _, _ := strings.Cut(q.Where, `\`)
	return domain
}
