package roles

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// updateSynchronization lists the software update points with the state of their last
// synchronization. Its codes are those of Microsoft's class SMS_SUPSyncStatus; the view of that
// class is known from Microsoft support's scripts and from public ones. Times are taken for UTC.
// Without a software update point there is one row.
var updateSynchronization = platform.SQL[syncRow]("update-synchronization", `
	SELECT TOP (100) ISNULL(u.WSUSServerName, N'') AS server, ISNULL(u.SiteCode, N'') AS site, ISNULL(CAST(u.LastSyncState AS int), -1) AS sync_state,
		ISNULL(CAST(u.LastSyncErrorCode AS bigint), 0) AS error,
		ISNULL(DATEDIFF(minute, u.LastSuccessfulSyncTime, GETUTCDATE()), -1) AS synced_minutes, COUNT(u.WSUSServerName) OVER () AS points,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SUPSyncStatus', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x LEFT JOIN dbo.vSMS_SUPSyncStatus u ON x.present = 1
	ORDER BY site, server`)

type syncRow struct {
	Server string `json:"server"` // empty when there is no software update point
	Site   string `json:"site"`
	State  int    `json:"sync_state"` // -1 when none was reported
	Error  int64  `json:"error"`
	Synced int    `json:"synced_minutes"` // since the last success; -1 when there was none
	Points int    `json:"points"`         // in all, also those beyond the limit
}

// syncStates are the states that Microsoft's class names, and what they say; 6701 is public
// scripts'.
var syncStates = map[int]string{
	6701: "started", 6702: "done", 6703: "failed", 6704: "in progress: WSUS", 6705: "in progress: the site database",
	6706: "in progress: the WSUS that faces the internet", 6707: "the content is out of step with the server above",
	6708: "done, but for the download of licence terms",
}

// aDay is a day in minutes.
const aDay = 24 * 60

// doneStates are those of a synchronization that succeeded.
func doneStates(state int) bool { return state == 6702 || state == 6708 }

func updateSync() checks.Check {
	return checks.Check{
		ID:          "roles.update-synchronization",
		Title:       "Do the software update points synchronize?",
		Why:         "The checklist wants the site in order before an update. A software update point that fails now fails after it too, and is then taken for the update's fault.",
		Consequence: "Clients get no new updates, and the update of the site is blamed for it.",
		Remedy:      "Look in Monitoring, Software Update Point Synchronization Status, and in wsyncmgr.log why it fails, or is not started. Do not start the update while a synchronization runs.",
		Command:     "SELECT WSUSServerName, SiteCode, LastSyncState, LastSyncErrorCode, LastSuccessfulSyncTime FROM dbo.vSMS_SUPSyncStatus",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2509",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/sum/sms_supsyncstatus-server-wmi-class",
		},
		Rights: []string{"SQL Server: SELECT on vSMS_SUPSyncStatus in the site database"},
		Reads:  append(discovery.DatabaseReads(), updateSynchronization.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_after", Default: 42, Unit: "days", About: "age of the last synchronization of a software update point that succeeded"},
		},
		Run: discovery.OnDatabase(runUpdateSync),
	}
}

func runUpdateSync(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the parent site keeps the state of this site's software update point"), nil
	}
	rows, err := platform.Ask(ctx, c, updateSynchronization.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	points := rows[0].Points
	if points == 0 && len(rows) == 1 && rows[0].Server == "" {
		return checks.DoesNotApply("the site has no software update point"), nil
	}
	if points != len(rows) {
		return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "vSMS_SUPSyncStatus of database %s on SQL Server %s is said to have %d rows, and %d were listed",
			d.Name, d.Instance, points, len(rows))
	}
	days := c.Setting("warns_after")
	wanted := fmt.Sprintf("done, and not more than %.4g days ago", days)
	var items []checks.Item
	running := 0
	for _, row := range rows {
		state, known := syncStates[row.State]
		if row.Server == "" || !known {
			items = append(items, checks.UnknownItem(row.Server, wanted, platform.Refuse(platform.ErrUnsupported,
				"the software update point %q of site %s has the state %d, which is not known here", row.Server, row.Site, row.State)))
			continue
		}
		never, age := row.Synced == -1, float64(max(row.Synced, 0))/aDay
		if row.Synced < -aDay || never && doneStates(row.State) { // its clock may be a zone away, never a day
			items = append(items, checks.UnknownItem(row.Server, wanted, platform.Refuse(platform.ErrMalformed,
				"the software update point %q of site %s has the state %d (%s), and the last synchronization that succeeded %d minutes ago, which cannot be", row.Server, row.Site, row.State, state, row.Synced)))
			continue
		}
		item := checks.Item{Key: row.Server, Found: state, Wanted: wanted, Where: "vSMS_SUPSyncStatus, LastSyncState and LastSuccessfulSyncTime", Status: checks.Passed}
		switch {
		case slices.Contains([]int{6703, 6707}, row.State):
			item.Status = checks.Warning
			if row.Error != 0 {
				item.Found += fmt.Sprintf(" (error 0x%08X)", uint32(row.Error))
			}
		case slices.Contains([]int{6701, 6704, 6705, 6706}, row.State):
			running++
		}
		if age > days {
			item.Status = checks.Warning
			item.Found += fmt.Sprintf("; the last that succeeded was %.1f days ago", age)
		}
		items = append(items, item)
	}
	finding := checks.Items("The software update points synchronize.", items...)
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "A software update point does not synchronize, or has not for long."
	case checks.Unknown:
		finding.Summary = "Whether the software update points synchronize is not known."
	}
	if running > 0 {
		finding.Notes = []string{fmt.Sprintf("Synchronizations that run now: %d. Wait for their end before the update.", running)}
	}
	return finding, nil
}
