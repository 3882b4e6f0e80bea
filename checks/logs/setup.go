package logs

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func setupLog(drive string) platform.Query[platform.FailureLog] {
	return platform.ReadFailureLog(drive + `\ConfigMgrSetup.log`)
}

func setup() checks.Check {
	return checks.Check{
		ID:    "logs.setup",
		Title: "Does a known failure stand in the log of Setup since its last success?",
		Why: "Setup and the update's own steps append to ConfigMgrSetup.log, and so does the download of redistributables on the service connection point. " +
			"What failed there last, and has not succeeded since, fails again.",
		Consequence: "The next installation or update stops at the same step.",
		Remedy:      "Do what the note beside each failure says. siteready logs C:\\ConfigMgrSetup.log shows all lines.",
		Command:     `siteready logs C:\ConfigMgrSetup.log`,
		Sources:     []string{pageUpdates, pageLogs},
		Rights:      []string{discovery.RegistryRight, "Windows: read ConfigMgrSetup.log on the drive of Windows, and list that drive's root"},
		Reads:       append(discovery.SiteReads(), discovery.WindowsFolder.Form(), setupLog("{drive of Windows}").Form()),
		Settings:    settings(true, false),
		Run:         discovery.OnSite(runSetup),
	}
}

func runSetup(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	drive, err := discovery.WindowsDrive(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	query := setupLog(drive)
	digest, found, err := platform.Lookup(ctx, c, query)
	if err != nil {
		return checks.Finding{}, err
	}
	if !found {
		return checks.DoesNotApply(fmt.Sprintf("Setup has left no log here (%s): it was removed, or Setup ran long ago on another Windows", query.Where)), nil
	}
	v := &verdict{c: c, fails: true, alone: true, endings: map[string]time.Time{}}
	v.take(watched{name: "ConfigMgrSetup.log"}, true, query.Where, platform.Reading[platform.FailureLog]{Value: digest})
	return v.finding(), nil
}
