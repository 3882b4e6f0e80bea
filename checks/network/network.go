// Package network checks names and ways: what this machine and its SQL Server are called, and
// which ports and shares of other servers can be reached from the site server.
//
// A way is tried from the machine that siteready runs on, and tells of no other.
package network

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "network", Title: "Network and names", Checks: []checks.Check{
		sqlPort(),
		siteServers(),
		names(),
		adminShares(),
	}}
}

const (
	databaseKey     = `HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`
	usualSQLPort    = 1433
	largestPort     = 65535
	pageRules       = "https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks"
	pagePorts       = "https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/ports"
	connectRight    = "Network: connect to the ports named here; nothing is sent"
	open            = "open"
	secondaryReason = "a secondary site is updated from its parent, after it; look there"
)

// address is HOST:PORT as it is asked for.
func address(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// reached says in words how an attempt to connect ended, and the status of the item: passed when
// the port is open, else bad. An outcome that is not known is an error.
func reached(where string, answer platform.TCP, bad checks.Status) (found string, status checks.Status, err error) {
	switch answer.Outcome {
	case platform.TCPOpen:
		return open, checks.Passed, nil
	case platform.TCPNoName:
		return "the name is not known", bad, nil
	case platform.TCPRefused:
		found = "refused"
	case platform.TCPNoAnswer:
		found = fmt.Sprintf("no answer within %v", platform.TCPPatience)
	case platform.TCPUnreachable:
		found = "no way to the machine"
	default:
		return "", checks.Unknown, platform.Refuse(platform.ErrMalformed, "a connection to %s ended with %q, which is not known here", where, answer.Outcome)
	}
	return found + " (" + strings.Join(answer.Addresses, ", ") + ")", bad, nil
}

// attempt is a port that is tried.
type attempt struct {
	key, wanted string
	host        string
	port        int
	bad         checks.Status // when it is not open
}

// tryAll connects to all of them, many at the same time, and makes an item of each.
func tryAll(ctx context.Context, c *checks.Case, attempts []attempt) []checks.Item {
	ctx, stop := servers.Before(ctx, timeToTell)
	defer stop()
	questions := make([]platform.Query[platform.TCP], len(attempts))
	for i, a := range attempts {
		questions[i] = platform.ReadTCP(address(a.host, a.port))
	}
	var items []checks.Item
	for i, answer := range platform.AskAll(ctx, c, servers.AtOnce, questions...) {
		a, where := attempts[i], questions[i].Where
		if answer.Err != nil {
			items = append(items, checks.UnknownItem(a.key, a.wanted, answer.Err))
			continue
		}
		found, status, err := reached(where, answer.Value, a.bad)
		if err != nil {
			items = append(items, checks.UnknownItem(a.key, a.wanted, err))
			continue
		}
		items = append(items, checks.Item{Key: a.key, Found: found, Wanted: a.wanted, Where: "a connection to " + where, Status: status})
	}
	return items
}

// onUpdatingSite is the Run of a check that judges a site server but that of a secondary site.
func onUpdatingSite(run func(context.Context, *checks.Case, discovery.Site) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnSite(func(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
		if site.Type == discovery.Secondary {
			return checks.DoesNotApply(secondaryReason), nil
		}
		return run(ctx, c, site)
	})
}
