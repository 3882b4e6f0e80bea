package servicemanager

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Key names of the services; what they are called changed between releases.
const (
	dataAccess    = "OMSDK"
	configuration = "OMCFG"
	healthService = "HealthService"
)

var serviceNames = map[string]string{
	dataAccess: "System Center Data Access", configuration: "System Center Management Configuration", healthService: "Microsoft Monitoring Agent",
}

func services() checks.Check {
	return checks.Check{
		ID:    "smpredicted.services",
		Title: "Do the services of this server run?",
		Why: "Setup stops and starts the services, and tests whether two of them can log on. A service that does not run today will not start after the upgrade. " +
			"A management server that runs no workflows needs the Data Access service alone.",
		Consequence: "Setup fails where it starts the services, and rolls the server back.",
		Remedy:      "Start the services named here and set their start type to automatic. When one does not stay started, read the logs System and Operations Manager first.",
		Command:     "Get-Service OMSDK, OMCFG, HealthService",
		Covers:      []string{"The services of the server run"},
		Sources:     []string{pageProblems, pageMove, "https://github.com/microsoft/CSS-SystemCenter-ServiceManager"},
		Rights: []string{
			discovery.RegistryRight, "Windows: query the state of services, which every user may who is logged on", discovery.InitialServerRight,
		},
		Reads: reads(platform.ReadService(dataAccess).Form(), platform.ReadService(configuration).Form(), platform.ReadService(healthService).Form(),
			platform.ReadComputer().Form(), discovery.InitialServerForm(),
			discovery.ManagementDatabaseReads()[0], discovery.ManagementDatabaseReads()[1]),
		Run: discovery.OnServer(runServices, both()...),
	}
}

func runServices(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	items := []checks.Item{judgeService(ctx, c, dataAccess)}
	var amiss []checks.Item
	for _, name := range []string{configuration, healthService} {
		item := judgeService(ctx, c, name)
		items = append(items, item)
		if item.Status == checks.Failed || item.Status == checks.Warning {
			amiss = append(amiss, item)
		}
	}
	var notes []string
	if len(amiss) > 0 && sm.Server == discovery.Management { // only then it matters which management server this is
		initial, err := isInitial(ctx, c, sm)
		switch {
		case err != nil:
			for i := range items[1:] {
				if items[1+i].Status != checks.Unknown && items[1+i].Status != checks.Passed {
					items[1+i] = unread(items[1+i], err)
				}
			}
		case !initial:
			items = append(items[:1:1], slices.DeleteFunc(items[1:], func(i checks.Item) bool { return i.Status == checks.Failed || i.Status == checks.Warning })...)
			notes = append(notes, "This is no initial management server: another one runs the workflows, so the other two services need not run here.")
		}
	}
	summary := "Every service that this server needs runs."
	switch {
	case checks.Count(items, checks.Failed) > 0:
		summary = "A service that this server needs does not run."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Whether every service runs that this server needs is not known."
	case checks.Count(items, checks.Warning) > 0:
		summary = "The services run, and one would not after a restart."
	}
	finding := checks.Items(summary, items...)
	finding.Notes = notes
	return finding, nil
}

func isInitial(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (bool, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return false, err
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return false, err
	}
	return discovery.InitialServer(ctx, c, databases[0], computer)
}

func judgeService(ctx context.Context, c *checks.Case, name string) checks.Item {
	item := checks.Item{Key: name, Wanted: "running, start automatic", Where: "the service manager, " + serviceNames[name]}
	service, installed, err := platform.Lookup(ctx, c, platform.ReadService(name))
	switch {
	case err != nil:
		return unread(item, err)
	case !installed:
		item.Found, item.Status = "not installed", checks.Failed
		return item
	}
	item.Found = fmt.Sprintf("%s, start %s", service.State, service.Start)
	switch {
	case service.State == "running" && service.Start == "automatic":
		item.Status = checks.Passed
	case service.State == "running" || service.State == "start_pending" || service.State == "continue_pending":
		item.Status = checks.Warning
	default:
		item.Status = checks.Failed
	}
	return item
}
