package recording

import (
	"regexp"
	"strings"

	"siteready/platform"
)

var (
	dnsForm     = regexp.MustCompile(`(?i)\b(?:[a-z0-9_][a-z0-9_-]*\.)+(?:` + topLevels + `)\b`)
	mailForm    = regexp.MustCompile(`(?i)\b([a-z0-9._%+-]+)@((?:[a-z0-9-]+\.)*[a-z0-9-]+)`)
	uncForm     = regexp.MustCompile(`(?:^|[^\\A-Za-z0-9:])(\\\\)([\pL\pN][\pL\pN._-]*)\\`)
	uncWhole    = regexp.MustCompile(`^(\\\\)([\pL\pN][\pL\pN._-]*)$`)
	deviceForm  = regexp.MustCompile(`(?i)(\\)UNC\\([\pL\pN][\pL\pN._-]*)\\`)
	spnForm     = regexp.MustCompile(`(?i)\b(MSSQLSvc|HOST|HTTP|TERMSRV|cifs|RestrictedKrbHost|ldap)/([\pL\pN][\pL\pN._-]*)`)
	accountForm = regexp.MustCompile(`(?i)(?:['"<(\[]|\b(?:user|login|log-on|account|owner|as|by|for)[ :=]+)([\pL\pN][\pL\pN._-]*)\\([\pL\pN][\pL\pN._ -]*\$?)(?:['">)\]]|$|[,;]| )`)
	rdnForm     = regexp.MustCompile(`(?i)(?:^|[,+] *)(CN|OU|O|L|ST|S|E)=("[^"]*"|[^,+"]+)`)
	instanceOf  = regexp.MustCompile(`(?i)\b(?:MSSQL|SQLAgent|MSOLAP|ReportServer|SQLBrowser)\$([\pL\pN_]+)`)
	backupOf    = regexp.MustCompile(`(?i)\bSMS_SITE_SQL_BACKUP_([\pL\pN._-]+)`)
)

// take takes over the name that stands where a name of this sort must stand.
func (n *names) take(s sort, text string) {
	text = strings.TrimSpace(text)
	if text == "" || wellKnown[strings.ToLower(text)] {
		return
	}
	switch s {
	case hostName:
		n.host(strings.TrimRight(strings.TrimLeft(text, `\`), `\`))
	case userName:
		n.account(text)
	case databaseName:
		n.database(text)
	case domainName:
		n.domain(text)
	case otherName:
		n.subject(text)
	case siteCode:
		n.site(text)
	default:
		n.pseudonym(s, text)
	}
}

// host takes over SERVER, server.domain, either with \INSTANCE and ,PORT, and returns its
// pseudonym without them.
func (n *names) host(text string) string {
	text, _, _ = strings.Cut(text, ",")
	text, instance, _ := strings.Cut(strings.TrimPrefix(text, "tcp:"), `\`)
	if instance != "" {
		n.pseudonym(instanceName, instance)
	}
	key := strings.ToLower(text)
	if key == "" || wellKnown[key] || public(key) || strings.Contains(key, ":") || len(ipv4Form.FindString(key)) == len(key) {
		return text // an address is replaced wherever it stands
	}
	label, domain, full := strings.Cut(text, ".")
	if !full {
		pseudonym := n.pseudonym(hostName, label)
		n.compound(`\\`+label, `\\`+pseudonym)
		return pseudonym
	}
	pseudonym := n.pseudonym(hostName, label) + "." + n.domain(domain)
	n.compound(text, pseudonym)
	n.compound(`\\`+label, `\\`+n.pseudonym(hostName, label))
	return pseudonym
}

// domain takes over a DNS domain with those above it, or a NetBIOS domain, and returns its
// pseudonym. CONTOSO and contoso.com get the same number.
func (n *names) domain(text string) string {
	key := strings.ToLower(text)
	if wellKnown[key] || public(key) {
		return text
	}
	label, parent, full := strings.Cut(key, ".")
	if !full {
		return n.pseudonym(domainName, text)
	}
	pseudonym := n.known[key]
	if pseudonym == "" {
		if !genericLabels[label] {
			pseudonym = n.pseudonym(domainName, label)
		}
		if n.sorts[label] != domainName { // the label is no name of its own, or something else has it
			pseudonym = n.next(domainName, "%s%02d")
		}
		pseudonym += ".example"
		n.compound(key, pseudonym)
	}
	if strings.Contains(parent, ".") {
		n.domain(parent)
	}
	return pseudonym
}

// account takes over DOMAIN\user, user@domain or user.
func (n *names) account(text string) {
	domain, user, qualified := strings.Cut(text, `\`)
	if name, host, mail := strings.Cut(text, "@"); !qualified && mail {
		n.pseudonym(userName, name)
		n.domain(host)
		return
	}
	if !qualified {
		domain, user = "", text
	}
	if wellKnown[strings.ToLower(domain)] && domain != "." {
		return
	}
	name, machine := strings.CutSuffix(user, "$")
	s := userName
	if machine {
		s = hostName
	}
	pseudonym := n.pseudonym(s, name)
	if domain != "" && domain != "." {
		n.compound(text, strings.ToUpper(n.domain(domain))+`\`+pseudonym+user[len(name):])
	}
}

// database takes over DATABASE or INSTANCE\DATABASE. CM_ and a site code stay recognisable.
func (n *names) database(text string) {
	if cut := strings.LastIndex(text, `\`); cut >= 0 {
		n.pseudonym(instanceName, text[:cut])
		text = text[cut+1:]
	}
	key := strings.ToLower(text)
	if code, found := strings.CutPrefix(key, "cm_"); found && len(code) == codeLength {
		n.site(code)
		return
	}
	n.pseudonym(databaseName, text)
}

// site takes over a site code, with the names that the product makes of it.
func (n *names) site(code string) {
	key := strings.ToLower(code)
	if len(key) != codeLength {
		return
	}
	pseudonym := n.pseudonym(siteCode, code)
	if n.sorts[key] != siteCode { // something else has this name too
		pseudonym = "s00"
	}
	for _, prefix := range []string{"cm_", "sms_", "site_", "site"} {
		n.coded[prefix+key] = pseudonym
	}
}

// subject takes over a certificate's subject or issuer, or another name that is told to
// people.
func (n *names) subject(text string) {
	parts := rdnForm.FindAllStringSubmatch(text, -1)
	if len(parts) == 0 {
		parts = [][]string{{text, "", text}}
	}
	for _, part := range parts {
		value := strings.Trim(strings.TrimSpace(part[2]), `"`)
		switch {
		case dnsForm.FindString(value) == value:
			n.host(value)
		case strings.Contains(strings.ToLower(value), "microsoft"):
		default:
			n.pseudonym(otherName, value)
		}
	}
}

// search finds names in any text by their form.
func (n *names) search(text string) {
	if !strings.ContainsAny(text, `.@\/$`) && !strings.Contains(text, "SMS_SITE_") {
		return // no form is without these, and most texts are
	}
	for _, found := range mailForm.FindAllStringSubmatch(text, -1) {
		n.account(found[0])
	}
	for _, found := range dnsForm.FindAllString(text, -1) {
		if key := strings.ToLower(found); n.known[key] != "" || public(key) {
			continue
		}
		if strings.Count(found, ".") == 1 {
			n.domain(found)
		} else {
			n.host(found)
		}
	}
	for _, form := range []*regexp.Regexp{uncForm, uncWhole, deviceForm, spnForm} {
		for _, found := range form.FindAllStringSubmatch(text, -1) {
			pseudonym := n.host(found[2])
			if separator := found[1]; separator[0] != '\\' {
				n.compound(separator+"/"+found[2], separator+"/"+pseudonym)
			}
		}
	}
	for _, found := range accountForm.FindAllStringSubmatch(text, -1) {
		if !n.vocabulary[strings.ToLower(found[1])] || n.sorts[strings.ToLower(found[1])] != "" {
			n.account(found[1] + `\` + strings.TrimSpace(found[2]))
		}
	}
	for _, found := range instanceOf.FindAllStringSubmatch(text, -1) {
		n.take(instanceName, found[1])
	}
	for _, found := range backupOf.FindAllStringSubmatch(text, -1) {
		n.host(found[1])
	}
}

// public reports whether a DNS name belongs to a maker or an authority.
func public(key string) bool {
	for _, domain := range publicDomains {
		if key == domain || strings.HasSuffix(key, "."+domain) {
			return true
		}
	}
	return false
}

// sortOf says what name must stand in a field of the answer to q; empty when none must.
func sortOf(q platform.Question, field string) sort {
	switch {
	case q.Kind == platform.KindRegistry && field == "text":
		return typedValues[strings.ToLower(q.What)]
	case q.Kind == platform.KindRegistry && field == "values" && strings.HasSuffix(strings.ToLower(q.Where), `\instance names\sql`):
		return instanceName
	case q.Kind == platform.KindOS && q.What == "name" && field == "name":
		return hostName
	case q.Kind == platform.KindOS && q.What == "domain" && field == "name":
		return domainName
	case q.Kind == platform.KindAccount && field == "name":
		return userName
	default:
		return typedFields[field]
	}
}
