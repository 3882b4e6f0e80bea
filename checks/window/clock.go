package window

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// serverClock is SQL Server's clock in UTC, and how far its local time is ahead of it.
var serverClock = platform.SQL[clockRow]("server-clock", `
	SELECT DATEDIFF(second, '20200101', SYSUTCDATETIME()) AS utc_seconds, DATEDIFF(minute, SYSUTCDATETIME(), SYSDATETIME()) AS ahead_minutes,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see`)

type clockRow struct {
	Seconds int64 `json:"utc_seconds"`   // since the epoch, in UTC
	Ahead   int64 `json:"ahead_minutes"` // of its local time, summer time included; a minute more or less
}

func clocks() checks.Check {
	return checks.Check{
		ID:          "window.clock",
		Title:       "Do the clocks of this server and of SQL Server agree?",
		Why:         "Kerberos refuses tickets between machines whose clocks are more than five minutes apart, and the hours of the update are counted on both. Service Manager reads its changes and jobs by their times.",
		Consequence: "The server cannot log on to its database; jobs and tasks begin at other times than they seem to.",
		Remedy:      "Find out which of the two is wrong, and from where it takes its time: a domain controller, or the host of a virtual machine.",
		Command:     "w32tm.exe /query /status",
		Covers:      []string{"Clocks agree"},
		Sources: []string{
			"https://learn.microsoft.com/previous-versions/windows/it-pro/windows-10/security/threat-protection/security-policy-settings/maximum-tolerance-for-computer-clock-synchronization",
			"https://learn.microsoft.com/sql/t-sql/functions/sysutcdatetime-transact-sql", "https://github.com/microsoft/CSS-SystemCenter-ServiceManager",
		},
		Rights: []string{inDatabase, discovery.RegistryRight},
		Reads:  append(discovery.DatabasesReads(), serverClock.In("{SQL Server}", "{site database}").Form(), timeZone.Form()),
		Settings: []checks.Setting{
			{Name: "warns_above", Default: 5, Unit: "minutes", Source: "Windows' default for Kerberos", About: "between this machine's clock and SQL Server's; the time that a run takes until it asks SQL Server counts as well"},
		},
		Run: discovery.OnDatabases(runClocks),
	}
}

func runClocks(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(onlyLargeSites), nil
	}
	row, err := platform.AskOne(ctx, c, serverClock.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if row.Seconds <= 0 || row.Seconds >= maxMinutes*60 || row.Ahead < -15*60 || row.Ahead > 15*60 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that it is %d seconds after the start of 2020, and that its local time is %d minutes ahead of UTC, which cannot be",
			d.Instance, row.Seconds, row.Ahead)
	}
	apart := epoch.Add(time.Duration(row.Seconds) * time.Second).Sub(c.ReadAt())
	most := c.Setting("warns_above")
	item := checks.Item{
		Key: d.Instance, Found: fmt.Sprintf("less than %g minutes apart", most), Wanted: fmt.Sprintf("at most %g minutes apart", most),
		Where: "SYSUTCDATETIME on " + d.Instance, Status: checks.Passed,
	}
	finding := checks.Items("The clocks agree.", item)
	if apart.Abs().Minutes() > most {
		finding.Summary = "The clocks do not agree."
		item.Status = checks.Warning
		item.Found = "SQL Server's is " + minutes(int64(apart.Abs().Round(time.Minute).Minutes()))
		if apart.Abs() >= 2*time.Hour {
			item.Found = fmt.Sprintf("SQL Server's is about %d hours", int64(apart.Abs().Round(time.Hour).Hours()))
		}
		item.Found += map[bool]string{true: " ahead", false: " behind"}[apart > 0]
		finding.Items = []checks.Item{item}
	}
	if number, ok := platform.Note(ctx, c, timeZone); ok {
		here := -int64(int32(uint32(number))) //nolint:gosec // a DWORD with a sign
		if ahead := (row.Ahead + 15*60 + 7) / 15 * 15; here != ahead-15*60 {
			finding.Notes = []string{fmt.Sprintf("This machine's time is %d minutes ahead of UTC, and SQL Server's %d: the hours of tasks here and those of jobs and backups there are not the same.", here, ahead-15*60)}
		}
	}
	return finding, nil
}
