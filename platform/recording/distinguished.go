package recording

import (
	"strings"
)

var (
	// rdnForm is one part of a distinguished name as Windows writes it: a value with a
	// separator in it is in quotation marks, which are doubled inside.
	rdnForm = lazily(`([,;+]?\s*)([\pL\pN.]+)=("(?:[^"]|"")*"|[^,;+"]*)`)
	// namedForm finds such parts in the middle of a text, and dcForm the parts of a domain.
	namedForm = lazily(`(?i)\b(?:CN|OU|O)=("(?:[^"]|"")*"|[^,;+"=]+)`)
	dcForm    = lazily(`(?i)\bDC=([^,;+"/\s]+(?:,\s*DC=[^,;+"/\s]+)*)`)
	dcBetween = lazily(`(?i),\s*DC=`)
)

// rdn is one part of a distinguished name.
type rdn struct {
	before, key, value string // before holds the separator; value is without quotation marks
	quoted             bool
}

// rdns splits a distinguished name. What is none is not whole.
func rdns(text string) (parts []rdn, whole bool) {
	length := 0
	for _, found := range rdnForm().FindAllStringSubmatch(text, -1) {
		part := rdn{before: found[1], key: strings.ToUpper(found[2]), value: strings.TrimSpace(found[3])}
		if strings.HasPrefix(part.value, `"`) {
			part.value, part.quoted = strings.ReplaceAll(strings.Trim(part.value, `"`), `""`, `"`), true
		}
		parts = append(parts, part)
		length += len(found[0])
	}
	return parts, len(parts) > 0 && length == len(text)
}

// country is the one part that names nobody.
const country = "C"

// subject takes over the names in a certificate's subject or issuer. A text that is no
// distinguished name is a name as a whole.
func (n *names) subject(text string) {
	parts, whole := rdns(text)
	if !whole {
		n.pseudonym(otherName, text)
		return
	}
	n.components(text)
	for _, part := range parts {
		if part.key != country && part.key != "DC" {
			n.subjectValue(part.value)
		}
	}
}

func (n *names) subjectValue(value string) {
	bare := strings.TrimPrefix(value, "*.")
	switch {
	case strings.Contains(value, "@"):
		n.account(value)
	case bare != value && dnsForm().FindString(bare) == bare:
		n.domain(bare)
	case dnsForm().FindString(value) == value:
		n.host(value)
	case strings.HasPrefix(strings.ToLower(value), "microsoft "):
	default:
		n.pseudonym(otherName, value)
	}
}

// components takes over the domains that are written as DC=contoso,DC=com.
func (n *names) components(text string) {
	for _, found := range dcForm().FindAllStringSubmatch(text, -1) {
		domain := strings.Join(dcBetween().Split(found[1], -1), ".")
		if !genericLabels[strings.ToLower(domain)] {
			n.domain(domain)
		}
	}
}

// distinguished replaces the names in a distinguished name, part by part, so that a name which
// is also a common word is replaced too.
func (n *names) distinguished(text string) string {
	parts, whole := rdns(text)
	if !whole {
		return n.whole(text)
	}
	var b strings.Builder
	for _, part := range parts {
		value := part.value
		if part.key != country && (part.key != "DC" || !genericLabels[strings.ToLower(value)]) {
			value = n.whole(value)
		}
		if part.quoted {
			value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
		}
		b.WriteString(part.before + part.key + "=" + value)
	}
	return b.String()
}

// publicOIDs begin the object identifiers that stand in public documents. Windows makes those
// of a forest's own below 1.3.6.1.4.1.311.21.8, and other makers have other numbers.
var (
	ownOIDs    = lazily(`^1\.3\.6\.1\.4\.1\.`)
	publicOIDs = lazily(`^1\.3\.6\.1\.4\.1\.311\.`)
	forestOIDs = lazily(`^1\.3\.6\.1\.4\.1\.311\.21\.8\.`)
)

// usage replaces an object identifier that somebody made for himself.
func (n *names) usage(oid string) string {
	if ownOIDs().MatchString(oid) && (!publicOIDs().MatchString(oid) || forestOIDs().MatchString(oid)) {
		return n.numbered("oid "+oid, "1.3.6.1.4.1.32473.%d") // the number for examples, RFC 5612
	}
	return oid
}
