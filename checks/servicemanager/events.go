package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Events of the service manager in the log System.
const (
	systemLog = "System"
	manager   = "Service Control Manager"

	notStarted = 7000
	tooSlow    = 7009 // did not answer in time when it was started
	noLogon    = 7038 // the account could not be logged on
	noRight    = 7041 // the account lacks the right to log on as a service
)

// eventDays is how far back events are looked for.
const eventDays = 90

// eventsOf asks for events about one service.
func eventsOf(service string, ids ...uint16) platform.Query[platform.Events] {
	return platform.ReadEvents(systemLog, platform.EventFilter{Provider: manager, IDs: ids, Service: service, Days: eventDays})
}

// logons and starts are the events about a service whose account was refused, and about one that
// did not start or was too slow.
func logons(service string) platform.Query[platform.Events] {
	return eventsOf(service, noLogon, noRight)
}

func starts(service string) platform.Query[platform.Events] {
	return eventsOf(service, notStarted, tooSlow)
}

// eventsRight is what it takes to read the log.
const eventsRight = "Windows: read the log System, which every user may who is logged on"

func serviceEvents() checks.Check {
	check := checks.Check{
		ID:    "smpredicted.events",
		Title: "Could the services of this server lately log on and start?",
		Why: "Setup tests whether two of the services can log on, and starts all of them. Windows notes each log-on of a service that was refused, and each start that failed. " +
			"Only how many there are and when is read, never their texts.",
		Consequence: "Setup fails where it tests the services or starts them, and rolls the server back.",
		Remedy:      "Read the events that are counted here. Give the service its account's present password, see that the account is not locked, disabled or expired, and start the service once before Setup.",
		Command:     "Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Service Control Manager'; Id=7000,7009,7038,7041}",
		Covers:      []string{"Events of services that did not start", "The Data Access service can log on", "The Management Configuration service can log on"},
		Sources: []string{
			pageProblems, "https://learn.microsoft.com/windows/win32/services/service-user-accounts",
			"https://learn.microsoft.com/troubleshoot/windows-server/system-management-components/service-not-start-events-7000-7011-time-out-error",
		},
		Rights: []string{discovery.RegistryRight, "Windows: query the state of services, which every user may who is logged on", eventsRight},
		Reads:  reads(platform.ReadBoot().Form()),
		Run:    discovery.OnServer(runServiceEvents, both()...),
	}
	for _, name := range []string{dataAccess, configuration, healthService} {
		check.Reads = append(check.Reads, platform.ReadService(name).Form(), logons(name).Form(), starts(name).Form())
	}
	return check
}

func runServiceEvents(ctx context.Context, c *checks.Case, _ discovery.ServiceManager) (checks.Finding, error) {
	var items []checks.Item
	for _, name := range []string{dataAccess, configuration, healthService} {
		service, installed, err := platform.Lookup(ctx, c, platform.ReadService(name))
		switch {
		case err != nil:
			items = append(items, unread(checks.Item{Key: name, Wanted: "no log-on refused and no start failed"}, err))
		case installed && service.Start != "disabled":
			items = append(items, judgeLogons(ctx, c, name, service), judgeStarts(ctx, c, name, service))
		}
	}
	if len(items) == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "none of the services of Service Manager is installed here or may start")
	}
	return checks.Items(summaryOf(items, [3]string{
		"The services of this server could log on and start.", "A service of this server could not log on or start lately.",
		"Whether the services of this server could log on and start is not known.",
	}), items...), nil
}

// judgeLogons judges refused log-ons. A service that runs has logged on after each of them, for
// while it runs nobody logs it on again.
func judgeLogons(ctx context.Context, c *checks.Case, name string, service platform.Service) checks.Item {
	item := checks.Item{Key: name + " log-on", Wanted: "none refused since the service last started", Where: "log System, events 7038 and 7041", Status: checks.Passed}
	events, told, err := lately(ctx, c, logons(name))
	if err != nil {
		return unread(item, err)
	}
	item.Found = told
	switch {
	case events.Count == 0:
	case service.State == "running":
		item.Found += ", and the service has logged on since, for it runs"
	default:
		item.Status = notRunning(service)
	}
	return item
}

// notRunning judges a failure of a service that has not run since. One that does not start by
// itself may not be needed: a management server that runs no workflows needs one service alone.
func notRunning(service platform.Service) checks.Status {
	if service.Start == "automatic" {
		return checks.Failed
	}
	return checks.Warning
}

// judgeStarts judges starts that failed. What was before the last start of the machine says
// nothing of a service that this start has brought up.
func judgeStarts(ctx context.Context, c *checks.Case, name string, service platform.Service) checks.Item {
	item := checks.Item{Key: name + " start", Wanted: "none failed since the machine started", Where: "log System, events 7000 and 7009", Status: checks.Passed}
	events, told, err := lately(ctx, c, starts(name))
	if err != nil {
		return unread(item, err)
	}
	item.Found = told
	if events.Count == 0 {
		return item
	}
	boot, err := platform.Ask(ctx, c, platform.ReadBoot())
	switch {
	case service.State != "running":
		item.Status = notRunning(service)
	case err != nil:
		return unread(item, err)
	case !events.Newest.Before(boot.At):
		item.Status = checks.Warning
		item.Found += fmt.Sprintf(", after the machine started, %s; the service runs now", day(boot.At))
	default:
		item.Found += fmt.Sprintf(", before the machine started, %s, and the service runs", day(boot.At))
	}
	return item
}

// lately asks for events, and says how many there are and of what time none is known. An empty log
// tells nothing.
func lately(ctx context.Context, c *checks.Case, query platform.Query[platform.Events]) (platform.Events, string, error) {
	events, err := platform.Ask(ctx, c, query)
	switch {
	case err != nil:
		return platform.Events{}, "", err
	case events.Begins == nil:
		return platform.Events{}, "", platform.Refuse(platform.ErrUnsupported, "the log %s is empty, so it is not known what was before", systemLog)
	case events.Count < 0 || events.Count > 0 && (events.Oldest == nil || events.Newest == nil || events.Newest.Before(*events.Oldest)):
		return platform.Events{}, "", platform.Refuse(platform.ErrMalformed, "%s: %d events, and no times of them that can be", query, events.Count)
	case events.More:
		return platform.Events{}, "", platform.Refuse(platform.ErrTooLarge, "%s: there are more events than are looked at", query)
	}
	since := c.ReadAt().AddDate(0, 0, -eventDays)
	if events.Begins.After(since) {
		since = *events.Begins
	}
	if events.Count == 0 {
		return events, "none since " + day(since), nil
	}
	return events, fmt.Sprintf("%d since %s, the last on %s", events.Count, day(since), day(*events.Newest)), nil
}
