package platform

import "time"

// SharePatience is how long a share may take to answer.
const SharePatience = 8 * time.Second

// The outcomes of knocking at a share.
const (
	ShareReachable = "reachable" // it was opened for listing
	ShareDenied    = "denied"    // its server refuses this account
	ShareNoServer  = "no_server" // no such server, or no way to it
	ShareNoShare   = "no_share"  // the server has no such share
	ShareNoFolder  = "no_folder" // the share is there, the folder in it is not
	ShareNoAnswer  = "no_answer" // nothing came back within SharePatience
)

// Share is what became of an attempt to open a shared folder as this account.
type Share struct {
	Outcome string `json:"outcome"` // one of the constants above
	Number  uint32 `json:"number"`  // Windows' error number; 0 when reachable, and when nothing came back
}

// ReadShare asks whether this account can open a shared folder \\server\share\... for
// listing. A refusal is an answer; an error means that it is not known how the knocking
// ended. Nothing is listed, read or written.
func ReadShare(path string) Query[Share] {
	return Query[Share]{Question{Kind: KindShare, Where: path}}
}
