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
	"siteready/platform"
)

// siteSystems lists the servers that hold roles of the site, on a central administration site
// those of all its sites. Roles of a secondary site are left out, as the product's rule does, and
// so is what runs in Azure. A row is a server: distribution says that it holds content, others
// that it has a role beyond that and beyond those that every site system has. The site server is
// always among them.
var siteSystems = platform.SQL[siteSystemRow]("site-systems", `
	SELECT u.ServerName AS server, u.SiteCode AS site,
		MAX(CASE WHEN u.RoleName = N'SMS Distribution Point' THEN 1 ELSE 0 END) AS distribution,
		MAX(CASE WHEN u.RoleName IN (N'SMS Site System', N'SMS Component Server', N'SMS Distribution Point', N'SMS Multicast Service Point')
			THEN 0 ELSE 1 END) AS others,
		MAX(CASE WHEN u.RoleName = N'SMS Provider' THEN 1 ELSE 0 END) AS provider,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_SysResUse u LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode
	WHERE ISNULL(u.NALResType, N'') <> N'Windows Azure' AND ISNULL(s.Type, 0) <> 1
		AND (u.SiteCode = dbo.fnGetSiteCode()
			OR EXISTS (SELECT 1 FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND o.Type = 4))
	GROUP BY u.ServerName, u.SiteCode`)

type siteSystemRow struct {
	Server       string `json:"server"`
	Site         string `json:"site"`
	Distribution int    `json:"distribution"`
	Others       int    `json:"others"`
	Provider     int    `json:"provider"`
}

// siteSystemsRight is the right that siteSystems needs.
const siteSystemsRight = "SQL Server: SELECT on vSMS_SC_SysResUse and v_Site, and EXECUTE on fnGetSiteCode, in the site database"

// remoteRight is the right to read another server's registry.
const remoteRight = "Windows: read the registry of the other servers of the site over the network, as their administrators may; their service RemoteRegistry must run"

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
	// serversAtOnce is how many servers are asked at the same time. A dead one costs the limit of
	// one question, five seconds, so that two hundred dead ones are asked within the time that
	// a check has.
	serversAtOnce = 64
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
		Rights: []string{siteSystemsRight, remoteRight},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(), siteSystems.In("{SQL Server}", "{site database}").Form(),
			remoteBuild.At("{site system}").Form(), remoteInstallation.At("{site system}").Form()),
		Run: discovery.OnDatabase(runSiteSystemWindows),
	}
}

func runSiteSystemWindows(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply("the rule does not look at the roles of a secondary site"), nil
	}
	rows, err := platform.Ask(ctx, c, siteSystems.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	var own platform.Computer // only a site server is judged by a check of its own
	if d.OfType != discovery.Remote {
		if own, err = platform.Ask(ctx, c, platform.ReadComputer()); err != nil {
			return checks.Finding{}, err
		}
	}
	servers := otherServers(rows, own)
	if len(servers) == 0 {
		return checks.Passes("The site has no server but this one."), nil
	}
	items := judgeServers(ctx, c, servers)
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

// server is a site system.
type server struct {
	name        string
	contentOnly bool // a distribution point without another role
}

// otherServers lists the servers but this one, each once: first those that can stop the
// update, so that time is not lost on the others, and then by name.
func otherServers(rows []siteSystemRow, own platform.Computer) []server {
	var servers []server
	for _, row := range rows {
		if isOwn(own, row.Server) {
			continue
		}
		contentOnly := row.Distribution == 1 && row.Others == 0
		i := slices.IndexFunc(servers, func(s server) bool { return strings.EqualFold(s.name, row.Server) })
		if i < 0 {
			servers = append(servers, server{row.Server, contentOnly})
			continue
		}
		servers[i].contentOnly = servers[i].contentOnly && contentOnly
	}
	slices.SortFunc(servers, func(a, b server) int {
		switch {
		case a.contentOnly == b.contentOnly:
			return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
		case b.contentOnly:
			return -1
		}
		return 1
	})
	return servers
}

// isOwn reports whether a server is this machine.
func isOwn(own platform.Computer, name string) bool {
	return name != "" && (strings.EqualFold(name, own.FQDN) || strings.EqualFold(name, own.Name))
}

// judgeServers asks all servers and judges each; the items are sorted by name.
func judgeServers(ctx context.Context, c *checks.Case, servers []server) []checks.Item {
	builds := make([]platform.Query[platform.Number], len(servers))
	for i, s := range servers {
		builds[i] = remoteBuild.At(s.name)
	}
	first, stop := before(ctx, timeToLookCloser)
	defer stop()
	answers := platform.AskAll(first, c, serversAtOnce, builds...)
	var installations []platform.Query[platform.Text]
	for i, s := range servers {
		if answers[i].Err == nil {
			installations = append(installations, remoteInstallation.At(s.name))
		}
	}
	second, stop := before(ctx, timeToTell)
	defer stop()
	kinds := platform.AskAll(second, c, serversAtOnce, installations...)
	items := make([]checks.Item, len(servers))
	for i, s := range servers {
		wanted := wantedOf(s, c.Target)
		if answers[i].Err != nil {
			items[i] = checks.UnknownItem(s.name, wanted, neverAbsent(answers[i].Err))
			continue
		}
		kind := kinds[0]
		kinds = kinds[1:]
		if kind.Err != nil {
			items[i] = checks.UnknownItem(s.name, wanted, neverAbsent(kind.Err))
			continue
		}
		items[i] = judgeServer(s, uint64(answers[i].Value), string(kind.Value), c.Target)
	}
	slices.SortFunc(items, func(a, b checks.Item) int { return strings.Compare(strings.ToLower(a.Key), strings.ToLower(b.Key)) })
	return items
}

// before ends a context some time before its own end.
func before(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// neverAbsent is for what every Windows has: that it is missing says nothing of the version.
func neverAbsent(err error) error {
	if errors.Is(err, platform.ErrAbsent) {
		return platform.Refuse(platform.ErrMalformed, "%v, though every Windows has it", err)
	}
	return err
}

func wantedOf(s server, target requirement.Release) string {
	if s.contentOnly {
		return names(target.Windows) + ", also Server Core, or a supported client edition"
	}
	return names(target.Windows)
}

// judgeServer judges the version of Windows of one server. A server that only holds content is
// never more than a warning: so is the product's rule.
func judgeServer(s server, build uint64, installation string, target requirement.Release) checks.Item {
	number := strconv.FormatUint(build, 10)
	item := checks.Item{
		Key: s.name, Found: "build " + number, Wanted: wantedOf(s, target), Where: remoteBuild.At(s.name).String(), Status: checks.Passed,
	}
	refused := checks.Failed
	if s.contentOnly {
		item.Found, refused = item.Found+", distribution point only", checks.Warning
	}
	name, supported := release(target.Windows, uint32(min(build, 1<<32-1)))
	newest := target.Windows[len(target.Windows)-1]
	full := strings.EqualFold(installation, installedServer)
	core := strings.EqualFold(installation, installedCore)
	switch {
	case strings.EqualFold(installation, installedClient):
		item.Found += ", a client edition"
		if !s.contentOnly || build < uint64(target.ClientForContent) {
			item.Status = refused
		}
	case !full && !core:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"%s calls the kind of installation %q, which is not known here", s.name, installation))
	case build > uint64(newest.Build):
		item.Status = checks.Warning
		item.Wanted += ", the newest that is known"
	case !supported:
		item.Status = refused
	case core && !s.contentOnly:
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
