package security

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

const (
	suitesBelow   = `\Cryptography\Configuration`
	suitePolicies = `HKLM\SOFTWARE\Policies\Microsoft` + suitesBelow + `\SSL\00010002`
	suitesLocal   = `HKLM\SYSTEM\CurrentControlSet\Control` + suitesBelow + `\Local\SSL\00010002`
	schannelKey   = `HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL`
)

// The lists of cipher suites: a policy's, a text with commas, wins over the own one.
var (
	suitePolicy = platform.ReadText(suitePolicies, "Functions")
	suiteList   = platform.ReadList(suitesLocal, "Functions")
)

// part is a part of a cipher suite that can be switched off by itself.
type part struct {
	name  string // of the key
	in    string // what a suite that uses it has in its name
	query platform.Query[platform.Number]
}

// parts are those of the suites that the cloud accepts.
func parts() []part {
	below := func(folder, name, in string) part {
		return part{name, in, platform.ReadNumber(schannelKey+`\`+folder+`\`+name, "Enabled")}
	}
	return []part{
		below("KeyExchangeAlgorithms", "ECDH", "TLS_ECDHE_"),
		below("KeyExchangeAlgorithms", "Diffie-Hellman", "TLS_DHE_"),
		below("Ciphers", "AES 128/128", "_AES_128_"),
		below("Ciphers", "AES 256/256", "_AES_256_"),
	}
}

// accepted are the beginnings of the names of the suites of TLS 1.2 that the download servers of
// the product accept. On older versions of Windows a name ends with a curve.
var accepted = [...]string{
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
	"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
}

func cipherSuites() checks.Check {
	const remote = "{service connection point}"
	reads := []platform.Form{suitePolicy.Form(), suitePolicy.At(remote).Form(), suiteList.Form(), suiteList.At(remote).Form()}
	for _, p := range parts() {
		reads = append(reads, p.query.Form(), p.query.At(remote).Form())
	}
	return checks.Check{
		ID:          "security.cipher-suites",
		Title:       "Has the service connection point a cipher suite that the download servers accept?",
		Why:         "The servers that the update is downloaded from take only suites of TLS 1.2 with ECDHE or DHE, RSA and AES in GCM. Hardened servers often have short lists of their own.",
		Consequence: "The download of the update or of its redistributable files fails, and dmpdownloader.log says that the connection was closed.",
		Remedy:      "Allow one of the accepted suites, in the policy \"SSL Cipher Suite Order\" or with Enable-TlsCipherSuite, and restart the server.",
		Command:     "Get-TlsCipherSuite | Select-Object Name",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/internet-endpoints#updates-and-servicing",
			"https://learn.microsoft.com/azure/frontdoor/front-door-faq#tls-configuration",
			"https://learn.microsoft.com/windows-server/security/tls/manage-tls",
			"https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings",
		},
		Rights: []string{servers.PointsRight, discovery.RegistryRight, remoteRight},
		Reads:  pointReads(reads...),
		Run:    onPoint(runCipherSuites),
	}
}

func runCipherSuites(ctx context.Context, c *checks.Case, _ discovery.Database, p point) (checks.Finding, error) {
	suites, where, err := allowedSuites(ctx, c, p)
	if err != nil {
		return checks.Finding{}, err
	}
	var off []part
	for _, part := range parts() {
		enabled, err := lookup(ctx, c, part.query.At(p.on))
		if err != nil {
			return checks.Finding{}, err
		}
		if enabled.is(0) {
			off = append(off, part)
		}
	}
	item := checks.Item{Key: "cipher suites of " + p.Server, Wanted: "one of " + strings.Join(accepted[:], ", "), Where: where, Status: checks.Passed}
	var usable, listed []string
	for _, suite := range suites {
		switch {
		case !isAccepted(suite):
		case usesOneOf(suite, off):
			listed = append(listed, suite)
		default:
			usable = append(usable, suite)
		}
	}
	switch {
	case len(usable) > 0:
		item.Found = strings.Join(usable, ", ")
		return checks.Items(fmt.Sprintf("%s has a suite that the download servers accept.", p.Server), item), nil
	case len(listed) > 0:
		item.Found = fmt.Sprintf("%s in the list, with %s switched off", strings.Join(listed, ", "), names(off))
	default:
		item.Found = fmt.Sprintf("none of them among %d", len(suites))
	}
	item.Status = checks.Warning
	return checks.Items(fmt.Sprintf("%s has no suite that the download servers accept.", p.Server), item), nil
}

// allowedSuites are the suites that may be used, and where that is said.
func allowedSuites(ctx context.Context, c *checks.Case, p point) (suites []string, where string, err error) {
	policy, found, err := platform.Lookup(ctx, c, suitePolicy.At(p.on))
	if err != nil {
		return nil, "", err
	}
	if found && policy != "" {
		for suite := range strings.SplitSeq(string(policy), ",") {
			suites = append(suites, strings.TrimSpace(suite))
		}
		return suites, suitePolicy.At(p.on).String(), nil
	}
	local := suiteList.At(p.on)
	list, found, err := platform.Lookup(ctx, c, local)
	switch {
	case err != nil:
		return nil, "", err
	case !found || len(list.Entries) == 0:
		return nil, "", platform.Refuse(platform.ErrUnsupported, "%s has no list of cipher suites: what Windows then allows is not known here", local)
	case list.More:
		return nil, "", platform.Refuse(platform.ErrTooLarge, "%s is too long to be read whole", local)
	}
	return list.Entries, local.String(), nil
}

func isAccepted(suite string) bool {
	for _, name := range accepted {
		if rest, found := strings.CutPrefix(strings.ToUpper(suite), name); found && (rest == "" || strings.HasPrefix(rest, "_P")) {
			return true
		}
	}
	return false
}

func usesOneOf(suite string, off []part) bool {
	for _, p := range off {
		if strings.Contains(strings.ToUpper(suite), p.in) {
			return true
		}
	}
	return false
}

func names(parts []part) string {
	var all []string
	for _, p := range parts {
		all = append(all, p.name)
	}
	return strings.Join(all, " and ")
}
