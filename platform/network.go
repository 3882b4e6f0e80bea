package platform

import "time"

// TCPPatience is how long a connection may take to be made. The name has its own time before.
const TCPPatience = 8 * time.Second

// The outcomes of an attempt to connect.
const (
	TCPOpen        = "open"        // a connection was made, and closed at once
	TCPRefused     = "refused"     // the machine answers, and nothing listens there, or a firewall says no
	TCPNoAnswer    = "no_answer"   // nothing came back within TCPPatience: no such machine, or a firewall that says nothing
	TCPUnreachable = "unreachable" // the network has no way to the machine
	TCPNoName      = "no_name"     // the name was looked up, and there is no such name
)

// TCP is what became of an attempt to connect. A name with several addresses is tried at all of
// them at once: it is open when one is, else refused when one refuses, else without an answer
// when one is silent.
type TCP struct {
	Outcome   string   `json:"outcome"`   // one of the constants above
	Addresses []string `json:"addresses"` // those that were tried, sorted; empty for TCPNoName
}

// ReadTCP asks whether a connection to HOST:PORT can be made from this machine. Not a byte is
// sent over it. A refusal is an answer; an error means that the attempt could not be made: the
// name could not be looked up, or this machine forbids connecting.
func ReadTCP(address string) Query[TCP] {
	return Query[TCP]{Question{Kind: KindTCP, Where: address}}
}

// Addresses are what a name stands for on this machine.
type Addresses struct {
	Addresses []string `json:"addresses"` // IPv4 and IPv6, sorted; at least one
}

// ReadAddresses asks for the addresses of a host's name as this machine resolves it, by its hosts
// file, DNS and whatever else it uses. A name that does not exist is ErrAbsent; a resolver that
// fails is ErrUnreachable or ErrTimeout. The machine's own full name is ReadComputer's to tell.
func ReadAddresses(host string) Query[Addresses] {
	return Query[Addresses]{Question{Kind: KindName, Where: host}}
}
