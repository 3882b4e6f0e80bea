package window

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// tasks lists the site's own maintenance tasks, but its backup, which recovery.site-backup looks
// at. The clock is UTC.
var tasks = platform.SQL[taskRow]("maintenance-tasks", `
	SELECT TOP (200) o.code AS site, ISNULL(t.TaskName, N'') AS task, ISNULL(CAST(t.IsEnabled AS int), -1) AS is_on,
		ISNULL(CAST(t.DaysOfWeek AS int), -1) AS week_days, ISNULL(CAST(t.BeginTime AS int), -1) AS begins,
		ISNULL(CAST(t.LatestBeginTime AS int), -1) AS begins_latest,
		DATEDIFF(minute, '20200101', GETUTCDATE()) AS utc_minutes, COUNT(1) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SQL_Task', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT MAX(dbo.fnGetSiteCode()) AS code) o
	LEFT JOIN dbo.vSMS_SC_SQL_Task t ON t.SiteCode = o.code AND t.TaskName <> N'Backup SMS Site Server'
	ORDER BY t.TaskName`)

type taskRow struct {
	Site         string `json:"site"` // code of the site whose database was asked
	Task         string `json:"task"`
	IsOn         int    `json:"is_on"`
	WeekDays     int    `json:"week_days"`     // sum of 1 for Sunday to 64 for Saturday; 0 for a task that has no days
	Begins       int    `json:"begins"`        // 100 times the hour and the minute
	BeginsLatest int    `json:"begins_latest"` // 100 times the hour and the minute
	Clock        int64  `json:"utc_minutes"`   // since the epoch, in UTC
	Listed       int    `json:"listed"`        // tasks there are, of which at most 200 are told
}

// named are the tasks that Microsoft's checklist names beside the backup. Their names in the
// database are known from public scripts.
var namedTasks = [2]string{"Delete Aged Client Operations", "Delete Aged Discovery Data"}

// timeZone is how many minutes UTC is ahead of this machine's time, summer time included. It
// is a DWORD that holds a signed number.
var timeZone = platform.ReadNumber(`HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation`, "ActiveTimeBias")

func siteTasks() checks.Check {
	return checks.Check{
		ID:    "window.maintenance-tasks",
		Title: "Does no maintenance task of the site begin in the update's hours?",
		Why: "Microsoft's checklist asks to turn off the tasks that would run in that time, above all those that delete aged client operations and discovery data. " +
			"They delete from large tables and rebuild indexes. The site's own backup is looked at by recovery.site-backup.",
		Consequence: "The task and the update wait for each other's locks, and what the task deletes fills the transaction log.",
		Remedy:      "Turn the tasks off at the site for the hours of the update, and write down how each was set, to put it back afterwards.",
		Command: `Get-CMSiteMaintenanceTask -SiteCode xxx | Select-Object TaskName, Enabled, DaysOfWeek, BeginTime, LatestBeginTime` + "\n" +
			`Set-CMSiteMaintenanceTask -SiteCode xxx -Name "Delete Aged Discovery Data" -Enabled $false`,
		Sources: []string{
			pageChecklist,
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/reference-for-maintenance-tasks",
			"https://learn.microsoft.com/intune/configmgr/develop/reference/core/servers/configure/sms_sci_sqltask-server-wmi-class",
		},
		Rights: []string{"SQL Server: SELECT on vSMS_SC_SQL_Task, and EXECUTE on fnGetSiteCode, in the site database", discovery.RegistryRight},
		Reads: append(discovery.DatabaseReads(),
			tasks.In("{SQL Server}", "{site database}").Form(), timeZone.Form()),
		Settings: []checks.Setting{takes()},
		Run:      onLargeSite(runSiteTasks),
	}
}

func runSiteTasks(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := askTasks(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	from := onClock(rows[0].Clock).Add(later(c))
	wanted := fmt.Sprintf("not in the %g hours from the start of the update", c.Setting("update_takes"))
	const where = "vSMS_SC_SQL_Task"
	zones := []time.Duration{0} // UTC, and then the site server's
	on, others := 0, []string(nil)
	var items []checks.Item
	var undated []string
	for _, r := range rows {
		if r.IsOn == 0 {
			continue
		}
		if r.WeekDays == 0 {
			undated = append(undated, r.Task)
			continue
		}
		if on++; on == 1 {
			bias, err := siteBias(ctx, c, r.Site)
			if err != nil {
				return checks.Finding{}, err
			}
			zones = append(zones, bias)
		}
		if !slices.ContainsFunc(zones, func(bias time.Duration) bool { return r.begin(from.Add(-bias), hours(c, "update_takes")) }) {
			continue
		}
		if slices.ContainsFunc(namedTasks[:], func(name string) bool { return strings.HasPrefix(r.Task, name) }) {
			items = append(items, checks.Item{Key: r.Task, Found: "begins from " + r.hours(), Wanted: wanted, Where: where, Status: checks.Warning})
			continue
		}
		others = append(others, r.Task)
	}
	if len(others) > 0 {
		items = append(items, checks.Item{
			Key: "other tasks", Found: fmt.Sprintf("%d begin in these hours: %s", len(others), strings.Join(others, ", ")), Wanted: wanted, Where: where, Status: checks.Warning,
		})
	}
	if rows[0].Listed > len(rows) {
		items = append(items, checks.UnknownItem("tasks left out", wanted, platform.Refuse(platform.ErrUnsupported,
			"site %s has %d tasks, and only the first %d were looked at", rows[0].Site, rows[0].Listed, len(rows))))
	}
	finding := summed(items, "", "Maintenance tasks of the site begin in the update's hours.", "Not all maintenance tasks of the site were looked at.")
	if len(items) == 0 {
		finding = checks.Items("No maintenance task of the site begins in the update's hours.", checks.Item{
			Key: "site " + rows[0].Site, Found: fmt.Sprintf("none of %d that are on, of %d", on, len(rows)), Wanted: wanted, Where: where, Status: checks.Passed,
		})
	}
	if on > 0 {
		finding.Notes = append(finding.Notes, "Whether the hours of a task are the site server's or UTC is kept nowhere, so it is looked at in both.")
		finding.Notes = append(finding.Notes, clocksMayChange(c)...)
	}
	if len(undated) > 0 {
		finding.Notes = append(finding.Notes, "These tasks are on and have no days of the week; the product runs them at times of its own: "+strings.Join(undated, ", ")+".")
	}
	return finding, nil
}

// askTasks asks for the tasks, and refuses what cannot be.
func askTasks(ctx context.Context, c *checks.Case, d discovery.Database) ([]taskRow, error) {
	rows, err := platform.Ask(ctx, c, tasks.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	clock := func(hhmm int) bool { return hhmm >= 0 && hhmm <= 2400 && hhmm%100 < 60 }
	for _, r := range rows {
		if r.Site == "" || r.Task == "" || r.IsOn < 0 || r.IsOn > 1 || !soundClock(r.Clock) || r.Listed < len(rows) ||
			r.IsOn == 1 && (r.WeekDays < 0 || r.WeekDays > 127 || r.WeekDays > 0 && (!clock(r.Begins) || !clock(r.BeginsLatest))) {
			return nil, platform.Refuse(platform.ErrMalformed, "database %s on %s has a maintenance task of its site that is not known here: %+v", d.Name, d.Instance, r)
		}
	}
	return rows, nil
}

// begin reports whether the task may begin in the time of a length from a moment on its own clock.
func (r taskRow) begin(from time.Time, length time.Duration) bool {
	clock := func(hhmm int) time.Duration {
		return time.Duration(hhmm/100)*time.Hour + time.Duration(hhmm%100)*time.Minute
	}
	begins, latest := clock(r.Begins), clock(r.BeginsLatest)
	if latest < begins {
		latest += aDay // past midnight
	}
	for date := midnight(from).Add(-2 * aDay); date.Before(from.Add(length)); date = date.Add(aDay) {
		on := r.WeekDays>>int(date.Weekday())&1 == 1
		if on && date.Add(begins).Before(from.Add(length)) && !date.Add(latest).Before(from) {
			return true
		}
	}
	return false
}

func (r taskRow) hours() string {
	return fmt.Sprintf("%02d:%02d to %02d:%02d", r.Begins/100, r.Begins%100, r.BeginsLatest/100, r.BeginsLatest%100)
}

// siteBias is how far UTC is ahead of the site server's time.
func siteBias(ctx context.Context, c *checks.Case, code string) (time.Duration, error) {
	site, other, err := discovery.FindSite(ctx, c)
	switch {
	case err != nil:
		return 0, err
	case other != nil || !strings.EqualFold(site.Code, code):
		return 0, platform.Refuse(platform.ErrUnsupported, "the time zone of the site server of %s is not known on this machine; run siteready there", code)
	}
	number, err := platform.Ask(ctx, c, timeZone)
	if err != nil {
		return 0, err
	}
	bias := int32(uint32(number)) //nolint:gosec // a DWORD with a sign
	if number > 0xFFFFFFFF || bias < -15*60 || bias > 15*60 {
		return 0, platform.Refuse(platform.ErrMalformed, "%s is %d, which is no time zone", timeZone, number)
	}
	return time.Duration(bias) * time.Minute, nil
}
