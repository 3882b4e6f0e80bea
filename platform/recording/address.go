package recording

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

var (
	sidForm  = regexp.MustCompile(`(?i)\bS-1-5-21-(\d+-\d+-\d+)\b`)
	ipv4Form = regexp.MustCompile(`(?i)(version[ :=]*)?\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b(\.\d)?`)
	ipv6Form = regexp.MustCompile(`(?i)[0-9a-f]*:[0-9a-f:.]*:[0-9a-f.]*(%\w+)?`)
)

// addresses replaces the addresses in a text, and the part of SIDs that names a domain.
func (n *names) addresses(text string) string {
	if strings.Count(text, ".") < 3 && strings.Count(text, ":") < 2 && strings.Count(text, "-") < 5 {
		return text // most texts
	}
	text = sidForm.ReplaceAllStringFunc(text, func(sid string) string {
		return sid[:len("S-1-5-21-")] + n.numbered("sid "+sid[len("S-1-5-21-"):], "1000000000-1000000000-%d")
	})
	text = ipv4Form.ReplaceAllStringFunc(text, func(found string) string {
		address, err := netip.ParseAddr(found)
		if err != nil || everywhere(address) {
			return found // a version, or no address
		}
		return n.numbered("ip "+found, "192.0.2.%d")
	})
	return ipv6Form.ReplaceAllStringFunc(text, func(found string) string {
		end := strings.TrimRight(found, ".")
		address, err := netip.ParseAddr(end)
		if err != nil || everywhere(address) || address.Is4() {
			return found
		}
		return n.numbered("ip "+address.WithZone("").String(), "2001:db8::%d") + found[len(end):]
	})
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
