package security

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// end is one of the two ends of a connection, as Windows keeps its settings for TLS 1.2. Without
// a value Windows has its default: TLS 1.2 is on in every version that a site may run on.
type end struct {
	name       string
	enabled    platform.Query[platform.Number]
	offDefault platform.Query[platform.Number]
}

func ends() []end {
	var all []end
	for _, name := range []string{"Client", "Server"} {
		key := schannelKey + `\Protocols\TLS 1.2\` + name
		all = append(all, end{"TLS 1.2 " + name, platform.ReadNumber(key, "Enabled"), platform.ReadNumber(key, "DisabledByDefault")})
	}
	return all
}

const wantsTLS = "on: Enabled not 0, DisabledByDefault not 1"

// judge judges one end; the settings are those of a server.
func (e end) judge(key, where string, enabled, offDefault setting) checks.Item {
	item := checks.Item{Key: key, Found: "on, as Windows has it by default", Wanted: wantsTLS, Where: where, Status: checks.Passed}
	switch {
	case enabled.is(0):
		item.Found, item.Status = "switched off", checks.Warning
	case offDefault.set && offDefault.value != 0:
		item.Found, item.Status = "off unless a program asks for it", checks.Warning
	case enabled.set || offDefault.set:
		item.Found = "on"
	}
	return item
}

// dotNet is a generation of the .NET Framework in one of the two views of the registry.
type dotNet struct {
	name           string
	strong, system platform.Query[platform.Number]
	four           bool
}

func dotNets() []dotNet {
	var all []dotNet
	for _, v := range []struct {
		name, key string
		four      bool
	}{
		{".NET 4, 64-bit", `SOFTWARE\Microsoft\.NETFramework\v4.0.30319`, true},
		{".NET 4, 32-bit", `SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319`, true},
		{".NET 2, 64-bit", `SOFTWARE\Microsoft\.NETFramework\v2.0.50727`, false},
		{".NET 2, 32-bit", `SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v2.0.50727`, false},
	} {
		key := `HKLM\` + v.key
		all = append(all, dotNet{v.name, platform.ReadNumber(key, "SchUseStrongCrypto"), platform.ReadNumber(key, "SystemDefaultTlsVersions"), v.four})
	}
	return all
}

// dotNetRelease is the release of the .NET Framework 4, and strongByItself the first number of
// it, 4.6.2, that the document lets go without the settings.
var dotNetRelease = platform.ReadNumber(`HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`, "Release")

const strongByItself = 394802

const tlsPage = "https://learn.microsoft.com/intune/configmgr/core/plan-design/security/enable-tls-1-2-server"

func tls12() checks.Check {
	reads := []platform.Form{dotNetRelease.Form()}
	for _, e := range ends() {
		reads = append(reads, e.enabled.Form(), e.offDefault.Form())
	}
	for _, n := range dotNets() {
		reads = append(reads, n.strong.Form(), n.system.Form())
	}
	return checks.Check{
		ID:          "security.tls12",
		Title:       "Is TLS 1.2 in use on the site server?",
		Why:         "The cloud services speak TLS 1.2 only, and so do servers on which the older versions are switched off. Programs for .NET use it when they are told to.",
		Consequence: "The update is not downloaded, or the site server does not reach SQL Server, which the product's own check reports as missing rights.",
		Remedy:      "Remove what switches TLS 1.2 off below SCHANNEL\\Protocols, set SchUseStrongCrypto and SystemDefaultTlsVersions to 1 in the keys that are named here, and restart the server.",
		Command:     `reg add "HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319" /v SchUseStrongCrypto /t REG_DWORD /d 1`,
		Sources:     []string{tlsPage, "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings"},
		Rights:      []string{discovery.RegistryRight},
		Reads:       withSite(reads...),
		Run:         discovery.OnSite(runTLS12),
	}
}

func runTLS12(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	var items []checks.Item
	for _, e := range ends() {
		enabled, err := lookup(ctx, c, e.enabled)
		if err != nil {
			return checks.Finding{}, err
		}
		offDefault, err := lookup(ctx, c, e.offDefault)
		if err != nil {
			return checks.Finding{}, err
		}
		items = append(items, e.judge(e.name, e.enabled.Where, enabled, offDefault))
	}
	for _, n := range dotNets() {
		item, err := n.judge(ctx, c)
		if err != nil {
			return checks.Finding{}, err
		}
		items = append(items, item)
	}
	finding := checks.Items("TLS 1.2 is in use.", items...)
	if finding.Status() != checks.Passed {
		finding.Summary = "TLS 1.2 is not in use everywhere as Microsoft asks for it."
	}
	return finding, nil
}

func (n dotNet) judge(ctx context.Context, c *checks.Case) (checks.Item, error) {
	item := checks.Item{Key: n.name, Wanted: "SchUseStrongCrypto 1, SystemDefaultTlsVersions 1", Where: n.strong.Where, Status: checks.Passed}
	var said []string
	off, unset := false, false
	for _, query := range []platform.Query[platform.Number]{n.strong, n.system} {
		value, err := lookup(ctx, c, query)
		if err != nil {
			return item, err
		}
		switch {
		case !value.set:
			unset = true
			said = append(said, query.What+" not set")
		default:
			off = off || value.value == 0
			said = append(said, fmt.Sprintf("%s %d", query.What, value.value))
		}
	}
	item.Found = strings.Join(said, ", ")
	switch {
	case off, unset && !n.four:
		item.Status = checks.Warning
	case unset:
		release, err := lookup(ctx, c, dotNetRelease)
		if err != nil {
			return item, err
		}
		if !release.set || release.value < strongByItself {
			item.Status = checks.Warning
			break
		}
		item.Found += "; this .NET Framework uses TLS 1.2 without it"
	}
	return item, nil
}

func tls12Servers() checks.Check {
	const remote = "{site system}"
	var reads []platform.Form
	for _, e := range ends() {
		reads = append(reads, e.enabled.At(remote).Form(), e.offDefault.At(remote).Form())
	}
	return checks.Check{
		ID:          "security.tls12-servers",
		Title:       "Is TLS 1.2 in use on the other servers of the site?",
		Why:         "Site server, SQL Server and site systems talk to each other by TLS. Where one has TLS 1.2 off and the other everything else, they have no version in common.",
		Consequence: "The update cannot bring the roles on that server up to date, or loses SQL Server.",
		Remedy:      "Remove what switches TLS 1.2 off below SCHANNEL\\Protocols on that server, and restart it.",
		Command:     `reg query "\\SERVER\HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2" /s`,
		Sources:     []string{tlsPage, "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings"},
		Rights:      []string{servers.Right, servers.RemoteRight},
		Reads:       withDatabase(append([]platform.Form{platform.ReadComputer().Form(), servers.Form()}, reads...)...),
		Run:         discovery.OnDatabase(runTLS12Servers),
	}
}

// What remains of the check's time when no further server is asked for its first value, and when
// none is asked for another: what was found must be told.
const (
	timeToLookCloser = 9 * time.Second
	timeToTell       = 5 * time.Second
)

func runTLS12Servers(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site looks at the servers of a secondary site"), nil
	}
	others, err := servers.OfSite(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if len(others) == 0 {
		return checks.Passes("The site has no server but this one."), nil
	}
	items := judgeEnds(ctx, c, others)
	finding := checks.Items("TLS 1.2 is in use on all other servers of the site.", items...)
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "TLS 1.2 is not in use on every server of the site."
	case checks.Unknown:
		finding.Summary = fmt.Sprintf("Whether TLS 1.2 is in use could not be read of every server of the site (%d of %d).", checks.Count(items, checks.Unknown), len(items))
	}
	return finding, nil
}

// judgeEnds asks the servers for one value after the other, all of them at a time. A server that
// refuses one is asked for no other.
func judgeEnds(ctx context.Context, c *checks.Case, others []servers.Server) []checks.Item {
	first, stop := servers.Before(ctx, timeToLookCloser)
	defer stop()
	later, stop := servers.Before(ctx, timeToTell)
	defer stop()
	inTime := first
	failed := make([]error, len(others))
	ask := func(query platform.Query[platform.Number]) []setting {
		values := make([]setting, len(others))
		var queries []platform.Query[platform.Number]
		var of []int
		for i, s := range others {
			if failed[i] == nil {
				queries, of = append(queries, query.At(s.Name)), append(of, i)
			}
		}
		for n, answer := range platform.AskAll(inTime, c, servers.AtOnce, queries...) {
			values[of[n]], failed[of[n]] = optional(answer)
		}
		inTime = later
		return values
	}
	found := make([][]checks.Item, len(others))
	for _, e := range ends() {
		enabled, offDefault := ask(e.enabled), ask(e.offDefault)
		for i, s := range others {
			found[i] = append(found[i], e.judge(s.Name, e.enabled.At(s.Name).Where+" on "+s.Name, enabled[i], offDefault[i]))
		}
	}
	items := make([]checks.Item, len(others))
	for i, s := range others {
		if failed[i] != nil {
			items[i] = checks.UnknownItem(s.Name, wantsTLS, failed[i])
			continue
		}
		items[i] = worse(found[i])
	}
	slices.SortFunc(items, func(a, b checks.Item) int { return strings.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key)) })
	return items
}

// optional is an answer that may rightly be absent.
func optional(answer platform.Reading[platform.Number]) (setting, error) {
	switch {
	case answer.Err == nil:
		return setting{answer.Value, true}, nil
	case isAbsent(answer.Err):
		return setting{}, nil
	}
	return setting{}, answer.Err
}

// worse makes one item of those about the two ends: the first that is amiss, with which end.
func worse(both []checks.Item) checks.Item {
	for i, item := range both {
		if item.Status != checks.Passed {
			item.Found = ends()[i].name + " " + item.Found
			return item
		}
	}
	return both[0]
}
