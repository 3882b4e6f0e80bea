package site

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// warningMessages has a row for each of the status messages that Microsoft's documents tie to
// what an update needs, with the age of its newest one. Times of messages are UTC. Clients number
// their messages for themselves, so theirs are left out.
var warningMessages = platform.SQL[messageRow]("status-messages", `
	SELECT w.id AS message, COUNT(s.MessageID) AS times, ISNULL(DATEDIFF(minute, MAX(s.[Time]), GETUTCDATE()), -1) AS age_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_StatusMessage', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (VALUES (4979), (9605), (9607), (11412), (11488)) w(id)
	LEFT JOIN dbo.v_StatusMessage s ON s.MessageID = w.id AND s.[Time] > DATEADD(day, -30, GETUTCDATE()) AND ISNULL(s.ModuleName, N'') <> N'SMS Client'
	GROUP BY w.id
	ORDER BY message`)

type messageRow struct {
	Message int `json:"message"`     // one of messageTexts
	Times   int `json:"times"`       // in the last 30 days
	Age     int `json:"age_minutes"` // of the newest; -1 when there is none
}

// messageTexts say what a message is about.
var messageTexts = map[int]string{
	4979:  "a site system waits for a restart after the .NET Framework was installed",
	9605:  "the service connection point could not upload",
	9607:  "the service connection point could not upload",
	11412: "the service connection point does not reach an endpoint that it needs for tenant attach",
	11488: "the service connection point does not reach an endpoint of a cloud service",
}

const messageWindow = 30 * 24 * 60 // minutes that the statement looks back

func statusMessages() checks.Check {
	return checks.Check{
		ID:          "site.status-messages",
		Title:       "Has the site lately sent none of the messages that foretell trouble with an update?",
		Why:         "The site says itself when a site system waits for a restart, and when its service connection point does not reach Microsoft's cloud.",
		Consequence: "An update cannot be downloaded, or its roles are not installed until a server is restarted.",
		Remedy: "Read the messages in Monitoring, System Status, Status Message Queries. For 4979 restart the site system; for the others look at the proxy, " +
			"the endpoints and the root certificates of the service connection point.",
		Command: "SELECT TOP (50) Time, MachineName, Component, MessageID FROM dbo.v_StatusMessage WHERE MessageID IN (4979, 9605, 9607, 11412, 11488) AND ModuleName <> N'SMS Client' ORDER BY Time DESC",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/site-and-site-system-prerequisites",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/connectivity-issues-digicert-global-root-g2-not-installed",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/about-the-service-connection-point",
		},
		Rights: []string{"SQL Server: SELECT on v_StatusMessage in the site database"},
		Reads:  append(discovery.DatabaseReads(), warningMessages.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "looks_back", Default: 24, Unit: "hours", About: "age up to which a message counts; at most 720"},
		},
		Run: discovery.OnDatabase(runStatusMessages),
	}
}

func runStatusMessages(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site keeps the messages of this secondary site: run siteready on the parent's site server"), nil
	}
	rows, err := platform.Ask(ctx, c, warningMessages.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	hours := c.Setting("looks_back")
	wanted := fmt.Sprintf("none in the last %.4g hours", hours)
	var items []checks.Item
	for _, id := range []int{4979, 9605, 9607, 11412, 11488} {
		key := fmt.Sprintf("message %d", id)
		at := slices.IndexFunc(rows, func(r messageRow) bool { return r.Message == id })
		if at < 0 || rows[at].Times < 0 || (rows[at].Times == 0) != (rows[at].Age == -1) || rows[at].Age < -aDay || rows[at].Age > messageWindow || len(rows) != len(messageTexts) {
			items = append(items, checks.UnknownItem(key, wanted, platform.Refuse(platform.ErrMalformed, "what SQL Server %s says of the status message %d contradicts itself", d.Instance, id)))
			continue
		}
		row := rows[at]
		item := checks.Item{Key: key, Found: "none", Wanted: wanted, Where: "v_StatusMessage, MessageID and Time", Status: checks.Passed}
		if row.Times > 0 {
			age := float64(max(row.Age, 0)) / 60
			item.Found = fmt.Sprintf("the newest %.1f hours ago: %s", age, messageTexts[id])
			if age <= hours {
				item.Status = checks.Warning
			}
		}
		items = append(items, item)
	}
	finding := checks.Items("The site has lately sent none of these messages.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "The site has sent messages that foretell trouble with an update."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "What messages the site has sent is not known."
	}
	return finding, nil
}

// aDay is how far, in minutes, a clock may be ahead.
const aDay = 24 * 60
