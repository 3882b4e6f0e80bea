package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/servers"
	"siteready/platform"
)

const currentVersionKey = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`

// The version of Windows of another server, from its registry. The number of the build alone
// does not tell a server from a client.
var (
	remoteBuild        = platform.ReadNumber(currentVersionKey, "CurrentBuildNumber")
	remoteInstallation = platform.ReadText(currentVersionKey, "InstallationType")
)

// What InstallationType says.
const (
	installedServer = "Server"
	installedCore   = "Server Core"
	installedClient = "Client"
)

const (
	// What remains of the check's time when no further server is asked, and when no further
	// question is put: what was found must be told.
	timeToLookCloser = 9 * time.Second
	timeToTell       = 5 * time.Second
)

func siteSystemWindows() checks.Check {
	return checks.Check{
		ID:          "system.site-systems",
		Title:       "Do the other servers of the site run on a supported version of Windows Server?",
		Why:         "From 2403 on the update refuses to install while a site system is left on Windows Server 2012 or 2012 R2, wherever it is.",
		Consequence: "The product's own prerequisite check stops the update; for servers that are distribution points alone it warns.",
		Remedy:      "Upgrade the server in place to a supported release, or remove its roles. After an upgrade in place restart it, or its service SMS_EXECUTIVE, so that the product sees the new version.",
		Command:     `reg query "\\SERVER\HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion" /v CurrentBuildNumber`,
		Rules:       []string{"Windows Server 2012/R2 lifecycle", "Unsupported OS for site server", "Unsupported site system OS version for upgrade"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#windows-server-2012r2-lifecycle",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/supported-operating-systems-for-site-system-servers",
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
		},
		Rights: []string{servers.Right, servers.RemoteRight},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(), servers.Form(),
			remoteBuild.At("{site system}").Form(), remoteInstallation.At("{site system}").Form()),
		Run: discovery.OnDatabase(runSiteSystemWindows),
	}
}

func runSiteSystemWindows(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the rule does not look at the roles of a secondary site"), nil
	}
	others, err := servers.OfSite(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	if len(others) == 0 {
		return checks.Passes("The site has no server but this one."), nil
	}
	items := judgeServers(ctx, c, others)
	return checks.Items(summaryOfServers(items, c.Target), items...), nil
}

func summaryOfServers(items []checks.Item, target requirement.Release) string {
	failed, warned, unknown := checks.Count(items, checks.Failed), checks.Count(items, checks.Warning), checks.Count(items, checks.Unknown)
	switch {
	case failed == 1:
		return fmt.Sprintf("One server runs on a Windows that %s refuses.", target.Version)
	case failed > 1:
		return fmt.Sprintf("%d servers run on a Windows that %s refuses.", failed, target.Version)
	case unknown == 1:
		return "The Windows of one server could not be read."
	case unknown > 1:
		return fmt.Sprintf("The Windows of %d servers could not be read.", unknown)
	case warned > 0:
		return "Not every server runs on a supported Windows."
	}
	return "All other servers of the site run on a supported Windows."
}

// judgeServers asks all servers and judges each; the items are sorted by name.
func judgeServers(ctx context.Context, c *checks.Case, others []servers.Server) []checks.Item {
	builds := make([]platform.Query[platform.Number], len(others))
	for i, s := range others {
		builds[i] = remoteBuild.At(s.Name)
	}
	first, stop := servers.Before(ctx, timeToLookCloser)
	defer stop()
	answers := platform.AskAll(first, c, servers.AtOnce, builds...)
	var installations []platform.Query[platform.Text]
	for i, s := range others {
		if answers[i].Err == nil {
			installations = append(installations, remoteInstallation.At(s.Name))
		}
	}
	second, stop := servers.Before(ctx, timeToTell)
	defer stop()
	kinds := platform.AskAll(second, c, servers.AtOnce, installations...)
	items := make([]checks.Item, len(others))
	for i, s := range others {
		wanted := wantedOf(s, c.Target)
		if answers[i].Err != nil {
			items[i] = checks.UnknownItem(s.Name, wanted, neverAbsent(answers[i].Err))
			continue
		}
		kind := kinds[0]
		kinds = kinds[1:]
		if kind.Err != nil {
			items[i] = checks.UnknownItem(s.Name, wanted, neverAbsent(kind.Err))
			continue
		}
		items[i] = judgeServer(s, uint64(answers[i].Value), string(kind.Value), c.Target)
	}
	slices.SortFunc(items, func(a, b checks.Item) int { return strings.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key)) })
	return items
}

// neverAbsent is for what every Windows has: that it is missing says nothing of the version.
func neverAbsent(err error) error {
	if errors.Is(err, platform.ErrAbsent) {
		return platform.Refuse(platform.ErrMalformed, "%v, though every Windows has it", err)
	}
	return err
}

func wantedOf(s servers.Server, target requirement.Release) string {
	if s.ContentOnly {
		return names(target.Windows) + ", also Server Core, or a supported client edition"
	}
	return names(target.Windows)
}

// judgeServer judges the version of Windows of one server. A server that only holds content is
// never more than a warning: so is the product's rule.
func judgeServer(s servers.Server, build uint64, installation string, target requirement.Release) checks.Item {
	number := strconv.FormatUint(build, 10)
	item := checks.Item{
		Key: s.Name, Found: "build " + number, Wanted: wantedOf(s, target), Where: remoteBuild.At(s.Name).String(), Status: checks.Passed,
	}
	refused := checks.Failed
	if s.ContentOnly {
		item.Found, refused = item.Found+", distribution point only", checks.Warning
	}
	name, supported := release(target.Windows, uint32(min(build, 1<<32-1)))
	newest := target.Windows[len(target.Windows)-1]
	full := strings.EqualFold(installation, installedServer)
	core := strings.EqualFold(installation, installedCore)
	switch {
	case strings.EqualFold(installation, installedClient):
		item.Found += ", a client edition"
		if !s.ContentOnly || build < uint64(target.ClientForContent) {
			item.Status = refused
		}
	case !full && !core:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"%s calls the kind of installation %q, which is not known here", s.Name, installation))
	case build > uint64(newest.Build):
		item.Status = checks.Warning
		item.Wanted += ", the newest that is known"
	case !supported:
		item.Status = refused
	case core && !s.ContentOnly:
		// Microsoft supports Server Core for distribution points alone; no rule is known to stop it.
		item.Status = checks.Warning
	}
	if supported && (full || core) {
		item.Found = strings.Replace(item.Found, "build "+number, fmt.Sprintf("%s (build %s)", name, number), 1)
	}
	if core {
		item.Found += ", Server Core"
	}
	return item
}
