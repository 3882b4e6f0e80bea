package platform

// AccessList says who may do what with a folder: its owner and its discretionary access control
// list, in the order in which Windows goes through it. Accounts are SIDs, so that it is the same
// in every language.
type AccessList struct {
	Owner   string        `json:"owner"`   // SID
	Open    bool          `json:"open"`    // there is no list at all, so that everyone may do everything
	Count   int           `json:"count"`   // how many entries there are
	Entries []AccessEntry `json:"entries"` // at most MaxEntries; the order decides
	More    bool          `json:"more"`    // Entries has fewer than Count
}

// AccessEntry is one entry of an AccessList.
type AccessEntry struct {
	SID   string `json:"sid"`
	Type  string `json:"type"`  // one of the constants below
	Mask  uint32 `json:"mask"`  // Windows' ACCESS_MASK, as it stands in the entry: generic rights are not resolved
	Flags uint8  `json:"flags"` // Windows' AceFlags: inherited by files 1, by folders 2, not further 4, not on this folder itself 8, inherited 16
}

// The types of an AccessEntry. Those with an If hold a condition that only Windows can judge.
const (
	AccessAllow   = "allow"
	AccessDeny    = "deny"
	AccessAllowIf = "allow_if"
	AccessDenyIf  = "deny_if"
)

// ReadAccess asks for the access list of a folder. A missing folder is ErrAbsent. Needs the right to
// read the folder's permissions (READ_CONTROL), which who may list it usually has, too. Nothing is
// tried: neither a file nor a folder is opened for writing.
func ReadAccess(folder string) Query[AccessList] {
	return Query[AccessList]{Question{Kind: KindAccess, Where: folder}}
}
