package network

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

func adminShares() checks.Check {
	return checks.Check{
		ID:          "network.admin-shares",
		Title:       "Do the site systems have their administrative share?",
		Why:         "The site server copies its parts to other servers through the share ADMIN$, which Windows makes by itself unless it is told not to.",
		Consequence: "The product's own prerequisite check warns, and the parts on that server stay at the old version.",
		Remedy:      "Let Windows make the share: remove the value AutoShareServer, or set it to 1, and restart the service Server on the machine named here. Where the server is not reached, look at its firewall.",
		Command:     `reg query "\\SERVER\HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters" /v AutoShareServer`,
		Rules:       []string{"Administrative share (site system)"},
		Sources: []string{
			pageRules + "#administrative-share-site-system", pagePorts,
			"https://learn.microsoft.com/troubleshoot/windows-server/networking/problems-administrative-shares-missing",
		},
		Rights: []string{"Windows: to be an administrator of the servers that are looked at, or to run as LocalSystem of the site server", servers.Right},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(), servers.Form(),
			platform.ReadShare(`\\{site system}\ADMIN$`).Form()),
		Run: onUpdatingSite(runAdminShares),
	}
}

func runAdminShares(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return checks.Finding{}, err
	}
	rows, err := platform.Ask(ctx, c, servers.Listed(d))
	if err != nil {
		return checks.Finding{}, err
	}
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	var ofSite []servers.Row // servers of other sites are theirs to update
	for _, row := range rows {
		if strings.EqualFold(row.Site, site.Code) {
			ofSite = append(ofSite, row)
		}
	}
	if len(ofSite) == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "vSMS_SC_SysResUse of database %s on SQL Server %s lists no server of site %s", d.Name, d.Instance, site.Code)
	}
	var questions []platform.Query[platform.Share]
	for _, server := range servers.Others(ofSite, own) {
		if !server.ContentOnly {
			questions = append(questions, platform.ReadShare(`\\`+server.Name+`\ADMIN$`))
		}
	}
	if len(questions) == 0 {
		return checks.DoesNotApply("no other server has a role of this site, but for content alone"), nil
	}
	limited, stop := servers.Before(ctx, timeToTell)
	defer stop()
	var items []checks.Item
	for i, answer := range platform.AskAll(limited, c, servers.AtOnce, questions...) {
		items = append(items, shareItem(questions[i].Where, answer))
	}
	finding := checks.Items("", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "The administrative share of a site system is not there, or not reached."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not every administrative share could be tried."
	default:
		finding.Summary = "The administrative shares are there."
	}
	return finding, nil
}

// shareItem judges the knocking at one share. A refusal says nothing of the share: a server may
// refuse the account before it looks for one.
func shareItem(path string, answer platform.Reading[platform.Share]) checks.Item {
	const wanted = "the share is there"
	server, _, _ := strings.Cut(strings.TrimPrefix(path, `\\`), `\`)
	if answer.Err != nil {
		return checks.UnknownItem(server, wanted, answer.Err)
	}
	item := checks.Item{Key: server, Wanted: wanted, Where: path, Status: checks.Warning}
	switch answer.Value.Outcome {
	case platform.ShareReachable:
		item.Found, item.Status = "it was opened", checks.Passed
		return item
	case platform.ShareNoShare:
		item.Found = "there is no such share"
		return item
	case platform.ShareNoServer:
		item.Found = fmt.Sprintf("the server is not reached (%d)", answer.Value.Number)
		return item
	case platform.ShareNoAnswer:
		item.Found = fmt.Sprintf("no answer within %v", platform.SharePatience)
		return item
	case platform.ShareDenied:
		no := platform.Refuse(platform.ErrDenied, "%s refuses this account (%d), so that it is not known whether the share is there", path, answer.Value.Number)
		no.Help = "Run siteready as an administrator of that server, or as LocalSystem of the site server."
		return checks.UnknownItem(server, wanted, no)
	}
	return checks.UnknownItem(server, wanted, platform.Refuse(platform.ErrMalformed,
		"%s could not be opened: %s (%d)", path, answer.Value.Outcome, answer.Value.Number))
}
