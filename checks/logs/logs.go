// Package logs looks for known failures in the logs of the products, and in what Windows noted of
// their services.
package logs

import (
	"context"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Area is the area of logs.
func Area() checks.Area {
	return checks.Area{ID: "logs", Title: "Known failures in logs", Checks: []checks.Check{
		update().check(),
		setup(),
		replication().check(),
		content().check(),
		components().check(),
		services(),
		sqlServer(),
		serviceManager(),
	}}
}

const (
	pageUpdates = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing"
	pageLogs    = "https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/log-files"
)

// logsRight is what it takes to read the site's logs.
const logsRight = `Windows: read the logs in the folder Logs of the site's installation, and list it, which administrators of the site server may`

// watched is a log of the site, by its name in the folder Logs.
type watched struct {
	name string
	// must says that each site server that is not passive has it; the others belong to roles and to
	// sites below or above.
	must bool
	// daily says that something is written to it each day.
	daily bool
}

// The logs that tell when the site was last updated.
const (
	hierarchyLog = "hman.log"
	updateLog    = "CMUpdate.log"
)

// downloaderLog tells when something was downloaded.
const downloaderLog = "dmpdownloader.log"

// tells says that a log may tell that a failure in another one is over.
func tells(name string) bool {
	return slices.Contains([]string{hierarchyLog, updateLog, downloaderLog}, name)
}

// family is a check of some logs that belong together.
type family struct {
	id, title, why, consequence, remedy string

	sources []string
	logs    []watched
	// fails says that a known failure fails that stops an update. In the other logs some come and go
	// in a site that is well, and what they tell of is judged by other checks: there, it warns.
	fails bool
	// secondary says why it does not apply on a secondary site; empty when it does.
	secondary string
}

func update() family {
	return family{
		id:    "logs.update",
		title: "Does a known failure of an update stand in the logs since the last one was installed?",
		why: "What held the last attempt holds the next one. The logs of the update service, of Hierarchy Manager and of the downloader say what it was, in lines whose meaning is known. " +
			"What Microsoft's checker says of its own rules is judged by site.prerequisite-check.",
		consequence: "The update stops again at the same place, in the worst case in the middle of its changes to the database.",
		remedy:      "Do what the note beside each failure says, then let the update be tried again. siteready logs shows all lines, and other failures beside them.",
		sources:     []string{pageUpdates, pageLogs},
		logs: []watched{
			{name: updateLog, must: true}, {name: hierarchyLog, must: true, daily: true}, {name: downloaderLog}, {name: "dmpuploader.log"},
		},
		fails:     true,
		secondary: "a secondary site is updated by its parent, whose logs tell of it",
	}
}

func replication() family {
	return family{
		id:          "logs.replication",
		title:       "Does the replication between sites log known failures?",
		why:         "An update goes to other sites by the replication of databases and of files. Their logs name what keeps it from working long before the console shows it.",
		consequence: "The update waits at its replication, or comes to some sites and not to others.",
		remedy:      "Do what the note beside each failure says. For links of databases let the Replication Link Analyzer run in the console.",
		sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/data-transfer-sites/troubleshoot/drs-reinitialization-internals", pageLogs,
		},
		logs: []watched{
			{name: "rcmctrl.log", must: true}, {name: "replmgr.log"}, {name: "objreplmgr.log"}, {name: "sender.log"}, {name: "schedule.log"}, {name: "despool.log"},
		},
	}
}

func content() family {
	return family{
		id:          "logs.content",
		title:       "Does the distribution of content log known failures?",
		why:         "The update's files, and after it those of the new client, are content that is sent to sites and to distribution points.",
		consequence: "Distribution points are not upgraded, or the clients' new files do not come to them.",
		remedy:      "Do what the note beside each failure says. A distribution point that is gone for good is removed in the console.",
		sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/content-management/troubleshoot-content-distribution", pageLogs,
		},
		logs: []watched{{name: "distmgr.log", must: true}, {name: "PkgXferMgr.log"}},
	}
}

func components() family {
	return family{
		id:          "logs.components",
		title:       "Do the site's components log known failures?",
		why:         "An update stops, replaces and starts each component of the site. One that fails now fails then, and is harder to tell from the update's own failures.",
		consequence: "Components are not installed or not started after the update.",
		remedy:      "Do what the note beside each failure says, and see under Monitoring, System Status, Component Status that the component is well again.",
		sources:     []string{pageLogs, "https://learn.microsoft.com/intune/configmgr/core/servers/manage/use-status-system"},
		logs: []watched{
			{name: "sitecomp.log", must: true, daily: true},
			{name: "smsexec.log", must: true},
			{name: "smsdbmon.log"},
			{name: "sitestat.log"},
			{name: "statesys.log"},
			{name: "mpcontrol.log"},
			{name: "smsprov.log"},
			{name: "wsyncmgr.log"},
			{name: "smsbkup.log"},
		},
	}
}

// The names of settings.
const (
	failsWithin = "fails_within"
	warnsWithin = "warns_within"
	silentAfter = "silent_after"
)

// settings are the thresholds of a check of logs.
func settings(fails, daily bool) []checks.Setting {
	var all []checks.Setting
	if fails {
		all = append(all, checks.Setting{Name: failsWithin, Default: 14, Unit: "days", About: "how long ago a known failure was logged last at most to fail; an older one warns"})
	}
	all = append(all, checks.Setting{Name: warnsWithin, Default: 30, Unit: "days", About: "how long ago a known failure was logged last at most to warn; an older one is a note"})
	if daily {
		all = append(all, checks.Setting{Name: silentAfter, Default: 7, Unit: "days", About: "since the last line of a log to which something is written each day; an older one could not check"})
	}
	return all
}

// inLogs is a log in the site's folder of logs.
func inLogs(installDir, name string) platform.Query[platform.FailureLog] {
	return platform.ReadFailureLog(strings.TrimRight(installDir, `\`) + `\Logs\` + name)
}

func (f family) check() checks.Check {
	reads := discovery.PassiveReads()
	names := []string{hierarchyLog, updateLog}
	daily := false
	for _, w := range f.logs {
		if w.name != hierarchyLog && w.name != updateLog {
			names = append(names, w.name)
		}
		daily = daily || w.daily
	}
	for _, name := range names {
		reads = append(reads, inLogs("{installation folder}", name).Form())
	}
	return checks.Check{
		ID: f.id, Title: f.title, Why: f.why, Consequence: f.consequence, Remedy: f.remedy, Sources: f.sources,
		Command:  `siteready logs`,
		Rights:   []string{discovery.RegistryRight, logsRight, "SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database, where a log is missing: a passive site server has few"},
		Reads:    reads,
		Settings: settings(f.fails, daily),
		Run: discovery.OnSite(func(ctx context.Context, c *checks.Case, s discovery.Site) (checks.Finding, error) {
			return f.run(ctx, c, s)
		}),
	}
}

func (f family) run(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary && f.secondary != "" {
		return checks.DoesNotApply(f.secondary), nil
	}
	all := slices.Clone(f.logs)
	for _, name := range []string{hierarchyLog, updateLog} { // they tell of the last update
		if !slices.ContainsFunc(all, func(w watched) bool { return w.name == name }) && (name != updateLog || site.Type != discovery.Secondary) {
			all = append(all, watched{name: name})
		}
	}
	queries := make([]platform.Query[platform.FailureLog], len(all))
	for i, w := range all {
		queries[i] = inLogs(site.InstallDir, w.name)
	}
	v := &verdict{c: c, fails: f.fails, endings: map[string]time.Time{}}
	for i, reading := range platform.AskAll(ctx, c, atOnce, queries...) {
		v.take(all[i], i < len(f.logs), queries[i].Where, reading)
	}
	if len(v.missing)+len(v.silent) > 0 && len(v.unread) == 0 {
		if active, passive := discovery.PassiveHere(ctx, c); passive {
			return checks.DoesNotApply("this is the passive site server, and the site's logs are written on the active one: run siteready on " + active), nil
		}
	}
	return v.finding(), nil
}

// atOnce is how many logs are read at the same time by one check.
const atOnce = 3
