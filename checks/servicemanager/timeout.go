package servicemanager

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const controlKey = `HKLM\SYSTEM\CurrentControlSet\Control`

var (
	startLimit = platform.ReadNumber(controlKey, "ServicesPipeTimeout") // milliseconds
	control    = platform.ReadKey(controlKey)
)

const leastLimit, startSettles = "least_limit", "settles"

func startTimeout() checks.Check {
	return checks.Check{
		ID:    "smstart.timeout",
		Title: "Does the configuration service start within the limit of Windows, and is a longer one in force where one was set?",
		Why: "On some computers the configuration service takes longer to start than Windows waits, because the signature of its files is verified over the network. " +
			"The limit of Windows can be raised, and counts from the next start of the machine.",
		Consequence: "Setup cannot start the service OMCFG, error 0x8007041D with event 7009, and rolls the upgrade back.",
		Remedy: "Set ServicesPipeTimeout to 200000 (decimal, milliseconds), or more when that is not enough, and restart the server before Setup. " +
			"Where the service runs on .NET before 4, write <generatePublisherEvidence enabled=\"false\"/> into the element runtime of its configuration file, too.",
		Command: `reg add HKLM\SYSTEM\CurrentControlSet\Control /v ServicesPipeTimeout /t REG_DWORD /d 200000`,
		Covers:  []string{"A raised limit for the start of services is in force", "Files of the configuration service are verified over the network"},
		Sources: []string{pageProblems, pageEvidence, "https://learn.microsoft.com/troubleshoot/windows-server/system-management-components/service-not-start-events-7000-7011-time-out-error"},
		Rights:  []string{discovery.RegistryRight, eventsRight, "Windows: read the configuration file of the configuration service"},
		Reads:   reads(startLimit.Form(), control.Form(), platform.ReadBoot().Form(), slowStarts.Form(), platform.ReadRuntimeSettings(`{installation folder}`+hostConfiguration).Form()),
		Settings: []checks.Setting{
			{Name: leastLimit, Default: 60, Unit: "seconds", Source: "Microsoft's support article on services that do not start: 60000 as an example", About: "a limit that was set, and is lower, hardly helps"},
			{Name: startSettles, Default: 15, Unit: "minutes", About: "what Windows itself writes beside the limit within this time after a start is no change of it"},
		},
		Run: discovery.OnServer(runStartTimeout, both()...),
	}
}

// slowStarts are the events of the configuration service that did not answer in time.
var slowStarts = eventsOf(configuration, tooSlow)

func runStartTimeout(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	finding, inForce, err := judgeLimit(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	item := judgeSlow(ctx, c, inForce)
	if item.Status == checks.Failed && finding.Items[0].Status == checks.Unknown { // the limit may answer it
		item = unread(item, platform.Refuse(platform.ErrUnsupported, "%s was too slow, and it is not known whether a longer limit is in force since: %s", configuration, item.Found))
	}
	finding.Items = append(finding.Items, item)
	evidence, note := judgeEvidence(ctx, c, sm.InstallDir, inForce)
	if note != "" {
		finding.Notes = append(finding.Notes, note)
	} else {
		finding.Items = append(finding.Items, evidence)
	}
	switch {
	case item.Status == checks.Passed && finding.Items[0].Status == checks.Passed && evidence.Status == checks.Warning:
		finding.Summary = "The configuration service may wait for the network when it starts."
	case item.Status == checks.Passed && finding.Items[0].Status == checks.Passed && note == "" && evidence.Status == checks.Unknown:
		finding.Summary = "Whether the configuration service waits for the network when it starts is not known."
	case item.Status == checks.Failed:
		finding.Summary = "The configuration service was too slow for the limit of Windows."
	case item.Status == checks.Unknown && finding.Items[0].Status == checks.Passed:
		finding.Summary = "Whether the configuration service was too slow for the limit of Windows is not known."
	}
	return finding, nil
}

// judgeSlow judges the starts of the configuration service that took too long. A longer limit
// that is in force since the machine started answers those before.
func judgeSlow(ctx context.Context, c *checks.Case, inForce bool) checks.Item {
	item := checks.Item{Key: configuration + " time-outs", Wanted: "none, or a longer limit set and the machine restarted since", Where: "log System, event 7009", Status: checks.Passed}
	events, told, err := lately(ctx, c, slowStarts)
	if err != nil {
		return unread(item, err)
	}
	item.Found = told
	if events.Count == 0 {
		return item
	}
	if item.Status = checks.Failed; inForce {
		boot, err := platform.Ask(ctx, c, platform.ReadBoot())
		switch {
		case err != nil:
			return unread(item, err)
		case events.Newest.Before(boot.At):
			item.Status = checks.Passed
			item.Found += ", before the machine started with the longer limit, " + day(boot.At)
		default:
			item.Found += ", after the machine started with the longer limit, " + day(boot.At)
		}
	}
	return item
}

// judgeLimit judges the limit itself, and says whether a longer one is in force.
func judgeLimit(ctx context.Context, c *checks.Case) (finding checks.Finding, inForce bool, err error) {
	limit, set, err := platform.Lookup(ctx, c, startLimit)
	if err != nil {
		return checks.Finding{}, false, err
	}
	least := time.Duration(c.Setting(leastLimit) * float64(time.Second))
	item := checks.Item{Key: "ServicesPipeTimeout", Found: "not set", Wanted: fmt.Sprintf("not set, or %d ms and more, and a restart since", least.Milliseconds()), Where: controlKey, Status: checks.Passed}
	if !set {
		finding := checks.Items("Windows waits for the start of services as long as it always does.", item)
		finding.Notes = []string{"When Setup fails to start OMCFG in time, this limit is what to raise. Whether it will cannot be told beforehand."}
		return finding, false, nil
	}
	item.Found = fmt.Sprintf("%d ms", limit)
	if limit < platform.Number(least.Milliseconds()) {
		item.Status = checks.Warning
		return checks.Items("The limit for the start of services was set, and is short.", item), false, nil
	}
	key, err := platform.Ask(ctx, c, control)
	if err != nil {
		return checks.Items("Whether the limit is in force is not known.", unread(item, err)), false, nil
	}
	boot, err := platform.Ask(ctx, c, platform.ReadBoot())
	if err != nil {
		return checks.Items("Whether the limit is in force is not known.", unread(item, err)), false, nil
	}
	if settled := boot.At.Add(time.Duration(c.Setting(startSettles) * float64(time.Minute))); key.Written.After(settled) {
		item.Status = checks.Warning
		item.Found += fmt.Sprintf(", and its key was written %s, after the last start, %s", day(key.Written), day(boot.At))
		return checks.Items("The limit may have been set after the last start of the machine, and then is not in force.", item), false, nil
	}
	return checks.Items("The longer limit for the start of services is in force.", item), true, nil
}
