package recording

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

var (
	sidForm  = lazily(`(?i)\bS-1-\d+(?:-\d+)+\b`)
	ipv4Form = lazily(`(?i)(version[ :=]*)?\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b(\.\d)?`)
	ipv6Form = lazily(`(?i)[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*(%\w+)?`)

	// domainSID is a SID of a domain or of a machine, with or without an account's number.
	domainSID = lazily(`(?i)^(S-1-5-21-)(\d+-\d+-\d+)(?:-(\d+))?(-.*)?$`)
	// everyonesSID is a SID that means the same on every Windows.
	everyonesSID = lazily(`(?i)^S-1-(?:\d+-\d+|5-32-\d+|15-2-\d+|5-80-0)$`)
)

// firstOwnRID is the least number that an account of somebody's own has in its domain; those
// below are Windows' own, such as 500 for its administrator.
const firstOwnRID = 1000

// addresses replaces the addresses in a text, and the parts of SIDs that name somebody.
func (n *names) addresses(text string) string {
	if strings.Count(text, ".") < 3 && strings.Count(text, ":") < 2 && strings.Count(text, "-") < 4 {
		return text // most texts
	}
	text = sidForm().ReplaceAllStringFunc(text, n.sid)
	text = ipv4Form().ReplaceAllStringFunc(text, func(found string) string {
		address, err := netip.ParseAddr(found)
		if err != nil || everywhere(address) {
			return found // a version, or no address
		}
		return n.numbered("ip "+found, "192.0.2.%d")
	})
	return ipv6Form().ReplaceAllStringFunc(text, func(found string) string {
		end := strings.TrimRight(found, ".")
		address, err := netip.ParseAddr(end)
		if err != nil || everywhere(address) || address.Is4() {
			return found
		}
		return n.numbered("ip "+address.WithZone("").String(), "2001:db8::%d") + found[len(end):]
	})
}

// sid replaces the domain in a SID and an account's own number. Of other SIDs that are not
// everyone's, such as those that Windows computes of a service's name, the kind stays.
func (n *names) sid(text string) string {
	if everyonesSID().MatchString(text) {
		return text
	}
	key := strings.ToLower(text)
	found := domainSID().FindStringSubmatch(text)
	if found == nil {
		parts := strings.SplitN(text, "-", 5) // S, 1, authority, kind, the rest
		if len(parts) < 5 {
			return text
		}
		return strings.Join(parts[:4], "-") + n.numbered("sid "+key, "-1000000000-%d")
	}
	out := found[1] + n.numbered("sid "+found[2], "1000000000-1000000000-%d")
	if rid, err := strconv.ParseUint(found[3], 10, 32); found[3] != "" && (err != nil || rid >= firstOwnRID) {
		return out + n.numbered("account "+key, "-10%02d") // and what may follow, with it
	}
	if found[3] != "" {
		out += "-" + found[3]
	}
	return out
}

// numbered returns the same number for the same original.
func (n *names) numbered(original, form string) string {
	if pseudonym, found := n.others[original]; found {
		return pseudonym
	}
	n.counts[sort(form)]++
	n.others[original] = fmt.Sprintf(form, n.counts[sort(form)])
	return n.others[original]
}

// everywhere reports whether an address means the same on all machines, or is one of those
// that documents use and that stand here for others.
func everywhere(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.Is4() && a.As4()[0] == 255 {
		return true
	}
	return netip.MustParsePrefix("192.0.2.0/24").Contains(a) || netip.MustParsePrefix("2001:db8::/32").Contains(a)
}
