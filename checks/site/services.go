package site

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// neededService is a service that an update needs.
type neededService struct {
	name string
	// stopped, disabled and absent are how bad each is.
	stopped, disabled, absent checks.Status
	onSecondary               bool
}

const updateService = "CONFIGURATION_MANAGER_UPDATE"

// neededServices returns the services that are asked for. The two of the site and Windows'
// Server service must run, by Microsoft's documents. The update service is started by the
// site when an update begins, so that it need not run before. That the site needs WMI is only
// public tools' knowledge.
func neededServices() []neededService {
	return []neededService{
		{"SMS_EXECUTIVE", checks.Failed, checks.Failed, checks.Failed, true},
		{"SMS_SITE_COMPONENT_MANAGER", checks.Failed, checks.Failed, checks.Failed, true},
		{updateService, checks.Warning, checks.Failed, checks.Failed, false},
		{"LanmanServer", checks.Failed, checks.Failed, checks.Failed, true},
		{"Winmgmt", checks.Warning, checks.Warning, checks.Warning, true},
	}
}

func services() checks.Check {
	reads := discovery.SiteReads()
	for _, s := range neededServices() {
		if form := platform.ReadService(s.name).Form(); !slices.Contains(reads, form) {
			reads = append(reads, form)
		}
	}
	return checks.Check{
		ID:          "site.services",
		Title:       "Do the services that the site needs for an update run?",
		Why:         "The site's own services carry an update from its download to its last step; the Server service and WMI are what they stand on.",
		Consequence: "The update does not start, or stays at one step.",
		Remedy:      "Start the services named here and set their start type to automatic. When one does not stay started, read its log and the System event log first.",
		Command:     "Get-Service SMS_EXECUTIVE, SMS_SITE_COMPONENT_MANAGER, CONFIGURATION_MANAGER_UPDATE, LanmanServer, Winmgmt",
		Rules:       []string{"Server service is running"},
		Sources: []string{
			pagePrereqRules + "#server-service-is-running",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/modify-your-infrastructure",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
		},
		Rights: []string{discovery.RegistryRight, "Windows: query the state of services, which every user may who is logged on"},
		Reads:  reads,
		Run:    discovery.OnSite(runServices),
	}
}

func runServices(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	var items []checks.Item
	for _, needed := range neededServices() {
		if site.Type == discovery.Secondary && !needed.onSecondary {
			continue
		}
		items = append(items, judgeService(ctx, c, needed))
	}
	switch {
	case checks.Count(items, checks.Failed) > 0:
		return checks.Items("A service that the site needs for an update does not run.", items...), nil
	case checks.Count(items, checks.Unknown) > 0:
		return checks.Items("Not every service's state could be read.", items...), nil
	case checks.Count(items, checks.Warning) > 0:
		return checks.Items("The services that must run do, and others need a look.", items...), nil
	default:
		return checks.Items("Every service that the site needs for an update runs.", items...), nil
	}
}

func judgeService(ctx context.Context, c *checks.Case, needed neededService) checks.Item {
	const wanted = "running, start automatic"
	service, found, err := platform.Lookup(ctx, c, platform.ReadService(needed.name))
	item := checks.Item{Key: needed.name, Wanted: wanted, Where: "the service manager"}
	switch {
	case err != nil:
		return checks.UnknownItem(needed.name, wanted, err)
	case !found:
		item.Found, item.Status = "not installed", needed.absent
		return item
	}
	item.Found = fmt.Sprintf("%s, start %s", service.State, service.Start)
	switch service.State {
	case "running":
		item.Status = checks.Passed
	case "start_pending", "continue_pending":
		item.Status = checks.Warning
	case "stopped", "stop_pending", "paused", "pause_pending":
		item.Status = needed.stopped
	default:
		return checks.UnknownItem(needed.name, wanted, platform.Refuse(platform.ErrMalformed, "the service %s is %q, which is no state", needed.name, service.State))
	}
	switch service.Start {
	case "automatic":
	case "disabled":
		if item.Status != checks.Passed {
			item.Status = checks.Worst(item.Status, needed.disabled)
		} else {
			item.Status = checks.Warning // it runs now, and would not after a restart
		}
	case "manual", "boot", "system":
		item.Status = checks.Worst(item.Status, checks.Warning)
	default:
		return checks.UnknownItem(needed.name, wanted, platform.Refuse(platform.ErrMalformed, "the service %s starts %q, which is no start type", needed.name, service.Start))
	}
	return item
}
