package logs

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// operationsManager is the log of events that Service Manager's services write to.
const operationsManager = "Operations Manager"

// smEventDays is how far back these events are looked for.
const smEventDays = 14

// jobsFailed asks for events of the data warehouse: a module of a job failed (33502, 33503), or
// its maintenance (33522). statementsFailed asks for those of the Data Access service: a statement
// failed and is not tried again.
func jobsFailed() platform.Query[platform.Events] {
	return platform.ReadEvents(operationsManager, platform.EventFilter{Provider: "Data Warehouse", IDs: []uint16{33502, 33503, 33522}, Days: smEventDays})
}

func statementsFailed() platform.Query[platform.Events] {
	return platform.ReadEvents(operationsManager, platform.EventFilter{Provider: "DataAccessLayer", IDs: []uint16{33333}, Days: smEventDays})
}

// The names of settings.
const (
	jobsFrom       = "jobs_from"
	statementsFrom = "statements_from"
)

func serviceManager() checks.Check {
	return checks.Check{
		ID:    "logs.servicemanager",
		Title: "Have Service Manager's services lately noted known failures?",
		Why: "Jobs of the data warehouse that fail, and statements that the Data Access service gives up, are noted in the log Operations Manager with numbers of their own. " +
			"Only how many there are and when is read, never their texts. What setup wrote is not looked for: its log lies in the temporary folder of whoever ran it.",
		Consequence: "Setup waits for jobs that never end, or fails at the same statements.",
		Remedy:      "Read the events that are counted here, and let the jobs of the data warehouse come to their end before setup. With the path of SCSMInstall.log siteready logs shows what an earlier setup failed at.",
		Command:     "Get-WinEvent -FilterHashtable @{LogName='Operations Manager'; Id=33502,33503,33522,33333}",
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/system-center/scsm/data-warehouse-jobs-fail-event-33502",
			"https://learn.microsoft.com/troubleshoot/system-center/scsm/data-warehouse-jobs-stuck-error",
		},
		Rights: []string{discovery.RegistryRight, "Windows: read the log Operations Manager, which every user may who is logged on"},
		Reads:  append(discovery.ServiceManagerReads(), jobsFailed().Form(), statementsFailed().Form()),
		Settings: []checks.Setting{
			{Name: jobsFrom, Default: 2, Unit: "events", About: "of failed jobs of the data warehouse, within 14 days, from which it warns"},
			{Name: statementsFrom, Default: 100, Unit: "events", About: "of statements that the Data Access service gave up, within 14 days, from which it warns"},
		},
		Run: discovery.OnServer(runServiceManager, discovery.Management, discovery.Warehouse),
	}
}

func runServiceManager(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	items := []checks.Item{counted(ctx, c, "statements given up", statementsFailed(), statementsFrom)}
	if sm.Server == discovery.Warehouse {
		items = append(items, counted(ctx, c, "jobs of the data warehouse", jobsFailed(), jobsFrom))
	}
	finding := checks.Items("Service Manager's services have lately noted no known failure that counts.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "Service Manager's services have lately noted known failures."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Whether Service Manager's services have noted known failures is not known."
	}
	return finding, nil
}

// counted judges how many events there are.
func counted(ctx context.Context, c *checks.Case, key string, query platform.Query[platform.Events], setting string) checks.Item {
	item := checks.Item{
		Key: key, Wanted: fmt.Sprintf("fewer than %g events in %d days", c.Setting(setting), smEventDays),
		Where: "log " + operationsManager + ": " + query.What, Status: checks.Passed,
	}
	events, err := platform.Ask(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(key, item.Wanted, err)
	case events.Begins == nil:
		return checks.UnknownItem(key, item.Wanted, platform.Refuse(platform.ErrUnsupported, "the log %s is empty, so it is not known what was before", operationsManager))
	case events.Count < 0 || events.Count > 0 && (events.Oldest == nil || events.Newest == nil || events.Newest.Before(*events.Oldest)):
		return checks.UnknownItem(key, item.Wanted, platform.Refuse(platform.ErrMalformed, "%s: %d events, and no times of them that can be", query, events.Count))
	case events.More && float64(events.Count) < c.Setting(setting):
		return checks.UnknownItem(key, item.Wanted, platform.Refuse(platform.ErrTooLarge, "%s: there are more events than are looked at", query))
	}
	since := c.ReadAt().AddDate(0, 0, -smEventDays)
	if events.Begins.After(since) {
		since = *events.Begins
	}
	if item.Found = "none since " + day(&since); events.Count > 0 {
		item.Found = fmt.Sprintf("%s since %s, the last %s", several(events.Count, "event"), day(&since), moment(events.Newest))
	}
	if float64(events.Count) >= c.Setting(setting) {
		item.Status = checks.Warning
	}
	return item
}
