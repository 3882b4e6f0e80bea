package platformtest

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"siteready/platform"
)

// Native is what a constructed site knows of accounts, event logs, shares, certificates and the
// network. Groups and certificate stores are complete, and so are names where there are any: what
// is not there is absent. Everything else that is not there is unsupported: silence would be an
// answer that nobody constructed.
type Native struct {
	Domain       *platform.DomainJoin                  `json:"domain"`
	Accounts     map[string]platform.Account           `json:"accounts"`     // by the name that is asked for
	States       map[string]platform.AccountState      `json:"states"`       // of local accounts, by the name that is asked for
	Directories  map[string]Directory                  `json:"directories"`  // by domain; one that is not there has no controller that answers
	Rights       map[string][]string                   `json:"rights"`       // by right, the SIDs that hold it
	Groups       map[string]platform.GroupMembers      `json:"groups"`       // by SID
	Token        []string                              `json:"token"`        // SIDs in force in the own token
	Events       map[string]map[string]platform.Events `json:"events"`       // by log and filter; a log that is not there is absent
	Shares       map[string]platform.Share             `json:"shares"`       // by path
	Certificates map[string][]platform.Certificate     `json:"certificates"` // by store
	Names        map[string][]string                   `json:"names"`        // addresses by host name; one without any is not there
	TCP          map[string]string                     `json:"tcp"`          // outcomes by host:port; the host's addresses are those in names
}

func unknown(q platform.Question) error {
	return platform.Refuse(platform.ErrUnsupported, "a constructed site has no answer to %s", q)
}

func (n *Native) account(q platform.Question) (any, error) {
	switch q.What {
	case platform.AccountOfName:
		account, err := find(n.Accounts, q, q.Where)
		if err != nil {
			// Windows does not say which of the two it is.
			return nil, platform.Refuse(platform.ErrUnreachable, "LookupAccountName %s: there is no such account, or its domain could not be asked (1332)", q.Where)
		}
		return account, nil
	case platform.AccountOfSID:
		for _, account := range n.Accounts {
			if account.SID == q.Where {
				return account, nil
			}
		}
		return nil, platform.Refuse(platform.ErrUnreachable, "LookupAccountSid %s: there is no such account, or its domain could not be asked (1332)", q.Where)
	case platform.MembersOfGroup:
		return find(n.Groups, q, q.Where)
	case platform.StateOfAccount:
		return n.state(q)
	case platform.InDirectory, platform.GroupsInDirectory:
		return n.inDirectory(q)
	case platform.InOwnToken:
		if n.Token == nil {
			return nil, unknown(q)
		}
		return platform.TokenMember{Member: slices.Contains(n.Token, q.Where)}, nil
	}
	holders, ok := n.Rights[q.What]
	if !ok {
		return nil, unknown(q)
	}
	list := slices.AppendSeq([]string{}, slices.Values(slices.Sorted(slices.Values(holders))))
	return platform.AccountRight{Held: slices.Contains(holders, q.Where), Holders: len(holders), List: list}, nil
}

// state answers for a local account. One that is known as an account and has no state is of a domain.
func (n *Native) state(q platform.Question) (any, error) {
	state, err := find(n.States, q, q.Where)
	if err == nil {
		return state, nil
	}
	if _, known := find(n.Accounts, q, q.Where); known != nil {
		return nil, err
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "%s is no account of this machine, and the directory of its domain is not asked", q.Where)
}

// groupElsewhere answers for the members of another server's group.
func (s *Site) groupElsewhere(q platform.Question) (any, error) {
	if q.What != platform.MembersOfGroup {
		return nil, platform.Refuse(platform.ErrUnsupported, "%s: this cannot be asked of another server", q)
	}
	for name, server := range s.Servers {
		switch {
		case !strings.EqualFold(name, q.On):
		case server.Groups == nil:
			return nil, platform.Refuse(platform.ErrDenied, `NetLocalGroupGetInfo Administrators on \\%s: access is denied (5)`, q.On)
		default:
			return find(server.Groups, q, q.Where)
		}
	}
	return nil, platform.Refuse(platform.ErrUnreachable, `LookupAccountSid %s on \\%s: the server is not available (1722)`, q.Where, q.On)
}

func (n *Native) events(q platform.Question) (any, error) {
	for log, digests := range n.Events {
		if !strings.EqualFold(log, q.Where) {
			continue
		}
		digest, ok := digests[q.What]
		if !ok {
			return nil, unknown(q)
		}
		return digest, nil
	}
	return nil, absent(q)
}

func (n *Native) share(q platform.Question) (any, error) {
	share, err := find(n.Shares, q, q.Where)
	if err != nil {
		return nil, unknown(q)
	}
	return share, nil
}

func (n *Native) certificates(q platform.Question) (any, error) {
	for store, list := range n.Certificates {
		if strings.EqualFold(store, q.Where) {
			first := list[:min(len(list), platform.MaxEntries)]
			return platform.Certificates{
				Count: len(list), Certificates: append([]platform.Certificate{}, first...), More: len(first) < len(list),
			}, nil
		}
	}
	return nil, absent(q)
}

func (n *Native) tcp(q platform.Question) (any, error) {
	outcome, err := find(n.TCP, q, q.Where)
	if err != nil {
		return nil, unknown(q)
	}
	answer := platform.TCP{Outcome: outcome.(string), Addresses: []string{}}
	host, _, err := net.SplitHostPort(q.Where)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%s: %v", q, err)
	}
	if answer.Outcome == platform.TCPNoName {
		return answer, nil
	}
	known, err := n.addresses(platform.ReadAddresses(host).Question)
	if err != nil {
		return nil, err
	}
	answer.Addresses = known.(platform.Addresses).Addresses
	return answer, nil
}

func (n *Native) addresses(q platform.Question) (any, error) {
	if address, err := netip.ParseAddr(q.Where); err == nil {
		return platform.Addresses{Addresses: []string{address.String()}}, nil
	}
	if n.Names == nil {
		return nil, unknown(q)
	}
	known, err := find(n.Names, q, q.Where)
	if err != nil || len(known.([]string)) == 0 {
		return nil, absent(q)
	}
	return platform.Addresses{Addresses: slices.Sorted(slices.Values(known.([]string)))}, nil
}

// questions lists everything that is known here.
func (n *Native) questions() []platform.Question {
	var all []platform.Question
	if n.Domain != nil {
		all = append(all, platform.ReadDomainJoin().Question)
	}
	for name, account := range n.Accounts {
		all = append(all, platform.ReadAccount(name).Question)
		if account.SID != "" {
			all = append(all, platform.ReadAccountOf(account.SID).Question)
		}
	}
	for name := range n.States {
		all = append(all, platform.ReadAccountState(name).Question)
	}
	all = append(all, directoryQuestions(n.Directories)...)
	for right, holders := range n.Rights {
		for _, sid := range holders {
			all = append(all, platform.ReadAccountRight(sid, right).Question)
		}
	}
	for sid := range n.Groups {
		all = append(all, platform.ReadGroupMembers(sid).Question)
	}
	for _, sid := range n.Token {
		all = append(all, platform.ReadTokenMember(sid).Question)
	}
	for log, digests := range n.Events {
		for filter := range digests {
			if f, err := platform.ParseEventFilter(filter); err == nil {
				all = append(all, platform.ReadEvents(log, f).Question)
			}
		}
	}
	for path := range n.Shares {
		all = append(all, platform.ReadShare(path).Question)
	}
	for store := range n.Certificates {
		all = append(all, platform.ReadCertificates(store).Question)
	}
	for address := range n.TCP {
		all = append(all, platform.ReadTCP(address).Question)
	}
	for name, list := range n.Names {
		if len(list) > 0 {
			all = append(all, platform.ReadAddresses(name).Question)
		}
	}
	return all
}
