package recording

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

var (
	dnsForm  = lazily(`(?i)(?:[\pL\pN_][\pL\pN_-]*\.)+(?:` + topLevels + `)\b`)
	mailForm = lazily(`(?i)([\pL\pN._%+'$-]+)@((?:[\pL\pN-]+\.)*[\pL\pN-]+)`)
	// uncForm is \\SERVER, alone or with a share; in a text of JSON that stands in another the
	// backslashes are doubled.
	uncForm    = lazily(`(?:^|[^\\\pL\pN:])(\\\\(?:\\\\)?)([\pL\pN][\pL\pN._-]*)(?:\\{1,2}([\pL\pN._$&#~-]*))?`)
	deviceForm = lazily(`(?i)\\(UNC\\)([\pL\pN][\pL\pN._-]*)\\([\pL\pN._$&#~-]*)`)
	urlForm    = lazily(`(?i)\b(?:[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?|tcp:)([\pL\pN][\pL\pN._-]*)(=?)`)
	spnForm    = lazily(`(?i)\b(MSSQLSvc|MSOLAPSvc\.3|HOST|HTTP|TERMSRV|WSMAN|cifs|RestrictedKrbHost|ldap|GC|SMTP)/([\pL\pN][\pL\pN._-]*)`)
	// quotedAccount is DOMAIN\user in quotation marks or brackets, where a user's name may have
	// spaces, and bareAccount is one behind a word that says so.
	quotedAccount = lazily(`['"<(\[]([\pL\pN][\pL\pN._-]*)\\([\pL\pN][\pL\pN._ -]*\$?)['">)\]]`)
	bareAccount   = lazily(`(?i)\b(?:user|login|log-on|account|owner|as|by|for)[ :=]+([\pL\pN][\pL\pN._-]*)\\([\pL\pN][\pL\pN._-]*\$?)`)
	// profileForm is the folder of a user's profile, whose name may have spaces where the path goes on.
	profileForm = lazily(`(?i)\\(?:Users|Documents and Settings)\\(?:([^\\/:*?"<>|;,]+)\\|([^\\/:*?"<>|;,\s']+))`)
	// pairForm is any NAME\name, with what may follow it as a database.
	pairForm   = lazily(`(?:^|[^\\\pL\pN._:$-])([\pL\pN][\pL\pN._-]*)\\{1,2}([\pL\pN][\pL\pN._-]*\$?)(?:/([\pL\pN][\pL\pN._-]*))?`)
	databaseOf = lazily(`(?i)\b(?:database|initial catalog)\s*=\s*([^;"'\s]+)`)
	// serverOf, userOf and codeOf are NAME=VALUE in connection strings and in the product's lines of
	// status messages, which say SYS=SERVER SITE=CODE; urlUser is the user in the address of a proxy.
	serverOf   = lazily(`(?i)\b(?:server|data source|addr|address|sys|machine|computer)\s*=\s*"?(?:tcp:|np:|lpc:)?([\pL\pN][\pL\pN._-]*)`)
	userOf     = lazily(`(?i)\b(?:user id|uid|user|user name|login)\s*=\s*"?([^;"'\s\\@]+)(?:[;"'\s]|$)`)
	urlUser    = lazily(`(?:://|=)([\pL\pN][\pL\pN._-]*):[^@/\s]*@([\pL\pN][\pL\pN._-]*)`)
	codeOf     = lazily(`\bSITE="?([A-Z0-9]{3})\b`)
	instanceOf = lazily(`(?i)\b(?:MSSQL|SQLAgent|MSOLAP|ReportServer|SQLBrowser)\$([\pL\pN_]+)`)
	backupOf   = lazily(`(?i)\bSMS_SITE_SQL_BACKUP_([\pL\pN._-]+)`)
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
	case distinguishedName:
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
	text, port, hasPort := strings.Cut(strings.TrimPrefix(text, "tcp:"), ",")
	text, instance, named := strings.Cut(text, `\`)
	if named && instance != "" {
		pseudonym := n.host(text) + `\` + n.pseudonym(instanceName, instance)
		if hasPort { // it can be taken for nothing else, whatever it is called
			n.compound(text+`\`+instance+","+port, pseudonym+","+port)
		}
	}
	key := strings.ToLower(text)
	if key == "" || wellKnown[key] || n.public(key) || strings.Contains(key, ":") || len(ipv4Form().FindString(key)) == len(key) {
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
	if wellKnown[key] || n.public(key) {
		return text
	}
	if own, shared := ownPart(key); shared != "" {
		pseudonym := n.pseudonym(domainName, own) + "." + shared
		n.compound(key, pseudonym)
		return pseudonym
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
		n.compound(text, n.pseudonym(userName, name)+"@"+n.domain(host))
		return
	}
	if !qualified {
		domain, user = "", text
	}
	authority := strings.ToLower(domain)
	if n.everyones[strings.ToLower(text)] || wellKnown[authority] && domain != "." && !othersAuthorities[authority] {
		return
	}
	name, machine := strings.CutSuffix(user, "$")
	s := userName
	if machine {
		s = hostName
	}
	pseudonym := n.pseudonym(s, name)
	if domain != "" && domain != "." && pseudonym != name {
		pseudonym += user[len(name):]
		if !wellKnown[authority] {
			domain = n.domain(domain)
		}
		n.compound(text, domain+`\`+pseudonym)
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

// search finds names in any text by their form.
func (n *names) search(text string) {
	if !strings.ContainsAny(text, `.@\/$=`) && !strings.Contains(text, "SMS_SITE_") {
		return // no form is without these, and most texts are
	}
	for _, found := range mailForm().FindAllStringSubmatch(text, -1) {
		n.account(found[0])
	}
	for _, found := range dnsForm().FindAllString(text, -1) {
		if key := strings.ToLower(found); n.known[key] != "" || n.public(key) {
			continue
		}
		if strings.Count(found, ".") == 1 {
			n.domain(found)
		} else {
			n.host(found)
		}
	}
	for _, form := range []*regexp.Regexp{uncForm(), deviceForm()} {
		for _, found := range form.FindAllStringSubmatch(text, -1) {
			n.share(found[1], strings.TrimRight(found[2], ".-"), strings.TrimRight(found[3], "."))
		}
	}
	for _, found := range profileForm().FindAllStringSubmatch(text, -1) {
		n.profile(cmp.Or(found[1], found[2]))
	}
	for _, found := range spnForm().FindAllStringSubmatch(text, -1) {
		n.compound(found[1]+"/"+found[2], found[1]+"/"+n.host(found[2]))
	}
	for _, found := range urlForm().FindAllStringSubmatch(text, -1) {
		if found[2] == "" { // not LDAP://DC=...
			n.host(strings.TrimRight(found[1], "."))
		}
	}
	if dcForm().MatchString(text) {
		n.components(text)
		for _, found := range namedForm().FindAllStringSubmatch(text, -1) {
			n.take(otherName, strings.Trim(found[1], `"`))
		}
	}
	for _, form := range []*regexp.Regexp{quotedAccount(), bareAccount()} {
		for _, found := range form.FindAllStringSubmatch(text, -1) {
			if domain := strings.ToLower(found[1]); !n.vocabulary[domain] || n.sorts[domain] != "" {
				n.account(found[1] + `\` + strings.TrimRight(found[2], " ."))
			}
		}
	}
	for _, found := range databaseOf().FindAllStringSubmatch(text, -1) {
		n.take(databaseName, found[1])
	}
	for _, found := range serverOf().FindAllStringSubmatch(text, -1) {
		n.take(hostName, strings.TrimRight(found[1], ".-"))
	}
	for _, found := range userOf().FindAllStringSubmatch(text, -1) {
		n.take(userName, found[1])
	}
	for _, found := range urlUser().FindAllStringSubmatch(text, -1) {
		n.take(userName, found[1])
		n.take(hostName, strings.TrimRight(found[2], ".-"))
	}
	for _, found := range codeOf().FindAllStringSubmatch(text, -1) {
		n.site(found[1])
	}
	for _, found := range instanceOf().FindAllStringSubmatch(text, -1) {
		n.take(instanceName, found[1])
	}
	for _, found := range backupOf().FindAllStringSubmatch(text, -1) {
		n.host(found[1])
	}
}

// searchByNames finds names in a text that stand beside names which are known: KNOWN\name and
// KNOWN\INSTANCE/DATABASE.
func (n *names) searchByNames(text string) {
	if !strings.Contains(text, `\`) {
		return
	}
	for _, found := range pairForm().FindAllStringSubmatch(text, -1) {
		key := strings.ToLower(found[1])
		s := n.sorts[key]
		isName := s == domainName || s == hostName || n.known[key] != "" && strings.Contains(key, ".")
		if !isName || n.common(key) {
			continue
		}
		n.account(found[1] + `\` + strings.TrimRight(found[2], "."))
		if found[3] != "" {
			n.take(databaseName, found[3])
		}
	}
}

// share takes over \\SERVER\SHARE. The share's name is also replaced alone, but for a common word.
func (n *names) share(before, server, name string) {
	host := n.addresses(n.host(server))
	base, hidden := strings.CutSuffix(name, "$")
	key := strings.ToLower(name)
	code, ofSite := strings.CutPrefix(key, "sms_")
	switch {
	case len(base) <= 1 || wellKnownShares[key] || strings.HasPrefix(key, "smspkg"):
		return
	case ofSite && !hidden && len(code) == codeLength:
		n.site(code)
		return
	}
	pseudonym := n.pseudonym(shareName, base)
	if hidden {
		pseudonym += "$"
	}
	n.compound(before+server+`\`+name, before+host+`\`+pseudonym)
}

// profile takes over the user whose profile lies in a folder of this name.
func (n *names) profile(folder string) {
	key := strings.ToLower(folder)
	path := `\users\` + key
	if everyonesProfiles[key] || wellKnown[key] || n.known[path] != "" || instanceOf().FindString(folder) == folder {
		return
	}
	pseudonym := ""
	if n.known[key] == "" && n.vocabulary[key] { // a service's own, or a word that stays elsewhere
		pseudonym = n.next(userName, "%s%02d")
	} else {
		pseudonym = n.pseudonym(userName, folder)
	}
	n.compound(path, `\Users\`+pseudonym)
}

// wholePath takes over the share in a text that is a path as a whole, \\SERVER\SHARE or
// \\?\UNC\SERVER\SHARE, so that its name may have spaces.
func (n *names) wholePath(path string) {
	path = strings.TrimPrefix(path, `!`) // the registry's mark of a file that is replaced
	for _, before := range []string{`\??\`, `\\?\`} {
		if rest, device := strings.CutPrefix(path, before); device {
			if path = rest; len(rest) < len(`UNC\`) || !strings.EqualFold(rest[:len(`UNC\`)], `UNC\`) {
				return
			}
		}
	}
	before := `\\`
	rest, found := strings.CutPrefix(path, before)
	if !found && len(path) > len(`UNC\`) && strings.EqualFold(path[:len(`UNC\`)], `UNC\`) {
		before, rest, found = path[:len(`UNC\`)], path[len(`UNC\`):], true
	}
	if parts := strings.SplitN(rest, `\`, 3); found && len(parts) > 1 && parts[0] != "" { // server, share and the rest
		n.share(before, parts[0], parts[1])
	}
}

// ownPart is what somebody has chosen of a DNS name in a domain that he shares with others.
func ownPart(key string) (own, shared string) {
	for _, domain := range sharedDomains {
		if own, found := strings.CutSuffix(key, "."+domain); found {
			return own, domain
		}
	}
	return "", ""
}

// public reports whether a DNS name belongs to a maker or an authority.
func (n *names) public(key string) bool {
	if n.makers[key] {
		return true
	}
	if _, shared := ownPart(key); shared != "" {
		return false
	}
	if slices.Contains(sharedDomains, key) {
		return true
	}
	for _, domain := range publicDomains {
		if key == domain || strings.HasSuffix(key, "."+domain) {
			return true
		}
	}
	return false
}
