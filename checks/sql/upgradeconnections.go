package sql

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxClients is how many programs the statement lists, those with most sessions first.
const maxClients = 100

// clients lists who is connected to the instance, in whichever database, by program, machine and
// log-on. siteready's own sessions are in it, so it never is empty.
var clients = platform.SQL[clientRow]("instance-clients", `
	SELECT TOP (100) g.program, g.host, g.login, g.own, COUNT(g.session_id) AS sessions, COUNT(1) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT s.session_id, ISNULL(s.program_name, N'') AS program, ISNULL(s.host_name, N'') AS host, ISNULL(s.login_name, N'') AS login,
			CASE WHEN s.session_id = @@SPID
				OR s.host_name = me.host_name AND s.host_process_id = me.host_process_id AND s.program_name = me.program_name THEN 1 ELSE 0 END AS own
		FROM sys.dm_exec_sessions s JOIN sys.dm_exec_sessions me ON me.session_id = @@SPID
		WHERE s.is_user_process = 1) g
	GROUP BY g.program, g.host, g.login, g.own
	ORDER BY g.own DESC, COUNT(g.session_id) DESC, g.program, g.host, g.login`)

type clientRow struct {
	Program  string `json:"program"` // as it names itself; may be empty
	Host     string `json:"host"`    // machine, as the program says; may be empty
	Login    string `json:"login"`
	Own      int    `json:"own"`      // 1: siteready's
	Sessions int64  `json:"sessions"` // of this program, machine and log-on
	Listed   int    `json:"listed"`   // rows there are, of which at most maxClients are told
}

// Services that connect again by themselves, by the product that has them. The names of the site's
// are those of its own documents; the last one is the client's.
var (
	servicesOfSite           = []string{"SMS_EXECUTIVE", "SMS_SITE_COMPONENT_MANAGER", "SMS_SITE_BACKUP", "SMS_SITE_VSS_WRITER", "CONFIGURATION_MANAGER_UPDATE", "CcmExec"}
	servicesOfServiceManager = []string{"OMSDK", "OMCFG", "HealthService"}
)

func upgradeConnections() checks.Check {
	check := checks.Check{
		ID:    "sql.upgrade-connections",
		Title: "If SQL Server must be upgraded first, is nothing left that would take its only connection?",
		Why: "Set-up of SQL Server restarts the instance for a single user. A service that asks for a connection again and again may get it before Set-up does. " +
			"This is looked at only where sql.version says that SQL Server must be upgraded for the target.",
		Consequence: "Set-up of SQL Server cannot connect, and ends in the middle of its work.",
		Remedy: "For the upgrade of SQL Server alone, stop the programs and services named here and set the services to disabled; do not stop WMI, which Set-up needs. " +
			"Afterwards set each back to the start type that is noted here, restart the machine, and look with siteready again before the product is updated.",
		Command: "SELECT program_name, host_name, login_name, COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1 GROUP BY program_name, host_name, login_name",
		Sources: []string{
			checks.DocSQLUpgrade, "https://learn.microsoft.com/intune/configmgr/core/servers/manage/upgrade-on-premises-infrastructure",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-exec-sessions-transact-sql",
		},
		Rights: []string{
			inDatabase, "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough)",
			"Windows: query the state of services, which every user may who is logged on",
		},
		Reads: append(discovery.DatabasesReads(), instance.In("{SQL Server}", "{site database}").Form(), clients.In("{SQL Server}", "{site database}").Form()),
		Run:   discovery.OnDatabases(runUpgradeConnections),
	}
	for _, name := range slices.Concat(servicesOfSite, servicesOfServiceManager) {
		check.Reads = append(check.Reads, platform.ReadService(name).Form())
	}
	return check
}

func runUpgradeConnections(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	version, err := judgeVersion(ctx, c, d)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case version.Status() == checks.Unknown:
		return version, nil
	case version.Status() != checks.Failed:
		return checks.DoesNotApply("SQL Server " + d.Instance + " is of a version that the target runs with, so it need not be upgraded first"), nil
	}
	rows, err := platform.Ask(ctx, c, clients.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	items, err := judgeClients(d, rows)
	if err != nil {
		return checks.Finding{}, err
	}
	names := servicesOfServiceManager
	if d.OfSite() {
		names = servicesOfSite
	}
	for _, name := range names {
		items = append(items, judgeReconnecting(ctx, c, d, name)...)
	}
	if len(items) == 0 {
		items = []checks.Item{{Key: d.Instance, Found: "nobody but siteready", Wanted: nobodyConnected, Where: "sys.dm_exec_sessions", Status: checks.Passed}}
	}
	summary := "Nothing would take the only connection while SQL Server is upgraded."
	switch {
	case checks.Count(items, checks.Warning) > 0:
		summary = fmt.Sprintf("SQL Server must be upgraded first, and %d programs and services would take its only connection.", checks.Count(items, checks.Warning))
	case checks.Count(items, checks.Unknown) > 0:
		summary = "What would take the only connection while SQL Server is upgraded is not known in full."
	}
	return checks.Items(summary, items...), nil
}

const nobodyConnected = "nobody connected while SQL Server is upgraded"

func judgeClients(d discovery.Database, rows []clientRow) ([]checks.Item, error) {
	var items []checks.Item
	own := false
	for _, r := range rows {
		switch {
		case r.Sessions < 1 || r.Own < 0 || r.Own > 1 || r.Listed < len(rows) || r.Listed > len(rows) && len(rows) < maxClients:
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of sessions that cannot be: %+v", d.Instance, r)
		case r.Own == 1:
			own = true
			continue
		}
		text := "1 session"
		if r.Sessions != 1 {
			text = fmt.Sprintf("%d sessions", r.Sessions)
		}
		items = append(items, checks.Item{
			Key:   fmt.Sprintf("%s %s on %s as %s", d.Instance, orUnnamed(r.Program, "a program without a name"), orUnnamed(r.Host, "an unnamed machine"), r.Login),
			Found: text, Wanted: nobodyConnected, Where: "sys.dm_exec_sessions", Status: checks.Warning,
		})
	}
	if !own {
		return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s lists the sessions, and siteready's own is not among them", d.Instance)
	}
	if more := rows[0].Listed - len(rows); more > 0 {
		items = append(items, checks.UnknownItem(d.Instance+" others", nobodyConnected, platform.Refuse(platform.ErrTooLarge, "%d further programs are connected to SQL Server %s", more, d.Instance)))
	}
	return items, nil
}

func orUnnamed(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// judgeReconnecting judges one service of this machine; none that is not installed.
func judgeReconnecting(ctx context.Context, c *checks.Case, d discovery.Database, name string) []checks.Item {
	item := checks.Item{Key: d.Instance + " service " + name, Wanted: "stopped while SQL Server is upgraded, then started again", Where: "the service manager of this server", Status: checks.Passed}
	service, installed, err := platform.Lookup(ctx, c, platform.ReadService(name))
	switch {
	case err != nil:
		return []checks.Item{checks.UnknownItem(item.Key, item.Wanted, err)}
	case !installed:
		return nil
	}
	item.Found = fmt.Sprintf("%s, start %s", service.State, service.Start)
	if service.State != "stopped" {
		item.Status = checks.Warning
		item.Found += ", which it must have again afterwards"
	}
	return []checks.Item{item}
}
