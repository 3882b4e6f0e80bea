package security

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// endpoints are the servers that Microsoft's page lists for updates and servicing under a whole
// name, without those for diagnostics. Some of its entries are patterns: of *.manage.microsoft.com
// the one name is here that the page has too, and none of the Akamai network.
var endpoints = [...]string{
	"go.microsoft.com",
	"aka.ms",
	"configmgrbits.cdn.manage.microsoft.com",
	"cmbitsstore.blob.core.windows.net",
	"download.microsoft.com",
	"download.windowsupdate.com",
	"download.visualstudio.microsoft.com",
	"definitionupdates.microsoft.com",
}

const endpointPort = 443

const notOnline = "nothing is sent to the internet without --online, or online: true in the configuration"

func endpoint(host string) platform.Query[platform.TCP] {
	return platform.ReadTCP(net.JoinHostPort(host, strconv.Itoa(endpointPort)))
}

func downloadEndpoints() checks.Check {
	var reads []platform.Form
	for _, host := range endpoints {
		reads = append(reads, endpoint(host).Form())
	}
	return checks.Check{
		ID:          "security.endpoints",
		Title:       "Can the service connection point connect to the servers that the update is downloaded from?",
		Why:         "An update and its redistributable files come from several servers of Microsoft. A firewall that lets only some of them through stops the download halfway.",
		Consequence: "The update stays in the state Downloading, or fails while its files are installed.",
		Remedy:      "Allow TCP 443 from the service connection point to the servers that are named here, or give it a proxy. Then run this check again with --online.",
		Command:     "Test-NetConnection go.microsoft.com -Port 443",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/internet-endpoints#updates-and-servicing",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/network/proxy-server-support",
		},
		Rights: []string{servers.PointsRight, "Windows: make connections to the internet, only with --online; nothing is sent over them"},
		Reads:  pointReads(append(reads, platform.ReadTCP("{proxy}:{port}").Form())...),
		Run:    onPoint(runDownloadEndpoints),
	}
}

func runDownloadEndpoints(ctx context.Context, c *checks.Case, _ discovery.Database, p point) (checks.Finding, error) {
	switch {
	case p.on != "":
		return checks.DoesNotApply(fmt.Sprintf("the service connection point is on %s, and connections can only be tried from there", p.Server)), nil
	case !c.Online:
		return checks.DoesNotApply(notOnline), nil
	}
	if p.UseProxy == 1 {
		return throughProxy(ctx, c, p)
	}
	var items []checks.Item
	queries := make([]platform.Query[platform.TCP], len(endpoints))
	for i, host := range endpoints {
		queries[i] = endpoint(host)
	}
	for i, answer := range platform.AskAll(ctx, c, len(endpoints), queries...) {
		items = append(items, judgeConnection(endpoints[i], queries[i], answer))
	}
	finding := checks.Items("The servers that the update is downloaded from can be reached.", items...)
	finding.Notes = append(finding.Notes, "Only connections were made. What a firewall does with what is sent over them is not known.")
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = fmt.Sprintf("%d of %d servers that the update is downloaded from cannot be reached.", checks.Count(items, checks.Warning), len(items))
	case checks.Unknown:
		finding.Summary = "Not every connection to the download servers could be tried."
	}
	return finding, nil
}

// throughProxy tries the proxy alone: what lies behind it is the proxy's to reach.
func throughProxy(ctx context.Context, c *checks.Case, p point) (checks.Finding, error) {
	if p.Proxy == "" || p.ProxyPort < 1 || p.ProxyPort > 65535 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s uses a proxy whose name is %q and whose port is %d", p.Server, p.Proxy, p.ProxyPort)
	}
	query := platform.ReadTCP(net.JoinHostPort(p.Proxy, strconv.Itoa(p.ProxyPort)))
	answer := platform.AskAll(ctx, c, 1, query)[0]
	item := judgeConnection("proxy "+query.Where, query, answer)
	finding := checks.Items("The proxy of the service connection point can be reached.", item)
	finding.Notes = append(finding.Notes, "Which servers the proxy lets through was not tried.")
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "The proxy of the service connection point cannot be reached."
	case checks.Unknown:
		finding.Summary = "A connection to the proxy could not be tried."
	}
	return finding, nil
}

// outcomes are the words for what became of an attempt to connect.
var outcomes = map[string]string{
	platform.TCPOpen:        "reached",
	platform.TCPRefused:     "the connection is refused",
	platform.TCPNoAnswer:    "no answer",
	platform.TCPUnreachable: "there is no way to it",
	platform.TCPNoName:      "the name is not found",
}

func judgeConnection(key string, query platform.Query[platform.TCP], answer platform.Reading[platform.TCP]) checks.Item {
	item := checks.Item{Key: key, Wanted: outcomes[platform.TCPOpen], Where: query.String(), Status: checks.Passed}
	said, known := outcomes[answer.Value.Outcome]
	switch {
	case answer.Err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, answer.Err)
	case !known:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported, "%s ended as %q, which is not known here", query, answer.Value.Outcome))
	case answer.Value.Outcome != platform.TCPOpen:
		item.Status = checks.Warning
	}
	item.Found = said
	return item
}
