package logs

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// eventDays is how far back the events of services are looked for.
const eventDays = 30

// siteServices are the services of a site server; must says that each has it.
var siteServices = []struct {
	name string
	must bool
}{
	{"SMS_EXECUTIVE", true}, {"SMS_SITE_COMPONENT_MANAGER", true}, {"CONFIGURATION_MANAGER_UPDATE", false},
}

// eventsOf asks for the events of one service that did not start (7000), was too slow (7009), ended
// with an error (7023, 7024) or unexpectedly (7031, 7034), could not log on (7038) or lacks the
// right to (7041).
func eventsOf(service string) platform.Query[platform.Events] {
	return platform.ReadEvents("System", platform.EventFilter{
		Provider: "Service Control Manager", IDs: []uint16{7000, 7009, 7023, 7024, 7031, 7034, 7038, 7041}, Service: service, Days: eventDays,
	})
}

func services() checks.Check {
	check := checks.Check{
		ID:    "logs.services",
		Title: "Has Windows noted that a service of the site failed, since the last update?",
		Why: "An update stops and starts the site's services. Windows notes each start that failed, each log-on that was refused and each unexpected end. " +
			"Only how many there are and when is read, never their texts.",
		Consequence: "A service that ends unexpectedly, or does not start, ends the update or is not there after it.",
		Remedy:      "Read the events that are counted here, and the crash logs in the folder Logs\\CrashDumps of the site. Take the site's folders out of security software, and start the service once before the update.",
		Command:     "Get-WinEvent -FilterHashtable @{LogName='System'; ProviderName='Service Control Manager'; Id=7000,7009,7023,7024,7031,7034,7038,7041}",
		Sources: []string{
			pageUpdates, "https://learn.microsoft.com/troubleshoot/windows-server/system-management-components/service-not-start-events-7000-7011-time-out-error",
		},
		Rights: []string{
			discovery.RegistryRight, logsRight, "Windows: query the state of services, which every user may who is logged on",
			"Windows: read the log System, which every user may who is logged on",
		},
		Reads: append(discovery.SiteReads(), inLogs("{installation folder}", hierarchyLog).Form(), inLogs("{installation folder}", updateLog).Form()),
		Run:   discovery.OnSite(runServices),
	}
	for _, s := range siteServices {
		check.Reads = append(check.Reads, eventsOf(s.name).Form())
		if s.name != "SMS_SITE_COMPONENT_MANAGER" { // by which discovery knows a site server
			check.Reads = append(check.Reads, platform.ReadService(s.name).Form())
		}
	}
	return check
}

func runServices(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	v := &verdict{c: c, endings: map[string]time.Time{}}
	queries := []platform.Query[platform.FailureLog]{inLogs(site.InstallDir, hierarchyLog), inLogs(site.InstallDir, updateLog)}
	for i, reading := range platform.AskAll(ctx, c, atOnce, queries...) {
		v.take(watched{name: []string{hierarchyLog, updateLog}[i]}, false, queries[i].Where, reading)
	}
	var items []checks.Item
	for _, s := range siteServices {
		service, installed, err := platform.Lookup(ctx, c, platform.ReadService(s.name))
		item := checks.Item{Key: s.name, Wanted: "no failure since the last update", Where: "log System, events of the service", Status: checks.Passed}
		switch {
		case err != nil:
			item = checks.UnknownItem(s.name, item.Wanted, err)
		case !installed && s.must:
			item = checks.UnknownItem(s.name, item.Wanted, platform.Refuse(platform.ErrUnsupported, "the service %s is not there, though each site server has it", s.name))
		case !installed:
			continue
		default:
			item = v.events(ctx, item, service)
		}
		items = append(items, item)
	}
	items = append(items, v.unread...)
	finding := checks.Items("Windows has noted no failure of the site's services.", items...)
	switch {
	case checks.Count(items, checks.Failed, checks.Warning) > 0:
		finding.Summary = "Windows has noted that services of the site failed."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Whether services of the site failed is not known."
	}
	return finding, nil
}

// events judges the events of a service. One that runs has got over them, which is a warning; what
// was before the last update is history.
func (v *verdict) events(ctx context.Context, item checks.Item, service platform.Service) checks.Item {
	query := eventsOf(item.Key)
	events, err := platform.Ask(ctx, v.c, query)
	unknown := func(reason error, format string, args ...any) checks.Item {
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(reason, format, args...))
	}
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case events.Begins == nil:
		return unknown(platform.ErrUnsupported, "the log System is empty, so it is not known what was before")
	case events.Count < 0 || events.Count > 0 && (events.Oldest == nil || events.Newest == nil || events.Newest.Before(*events.Oldest)):
		return unknown(platform.ErrMalformed, "%s: %d events, and no times of them that can be", query, events.Count)
	}
	since := v.c.ReadAt().AddDate(0, 0, -eventDays)
	if events.Begins.After(since) {
		since = *events.Begins
	}
	if events.Count == 0 {
		if events.More {
			return unknown(platform.ErrTooLarge, "%s: there are more events than are looked at", query)
		}
		item.Found = "none since " + day(&since)
		return item
	}
	item.Found = fmt.Sprintf("%s since %s, the last %s", several(events.Count, "event"), day(&since), moment(events.Newest))
	stopped := service.State != "running" && service.Start == "automatic"
	switch {
	case !stopped && v.updated != nil && v.updated.At.After(*events.Newest):
		item.Found += ", before the last update"
	case len(v.untold) > 0:
		return unknown(platform.ErrUnsupported, "%s; whether an update was installed since is not known", item.Found)
	case stopped:
		item.Status = checks.Failed
		item.Found += "; the service is " + service.State
	default:
		item.Status = checks.Warning
		item.Found += "; the service is " + service.State + " now"
	}
	return item
}
