package window

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// sessions lists who uses the site database now, and who holds up what does, by program, machine
// and log-on. The product's own are known by the names that Microsoft's support gives, and by
// names that begin as those of its components do. Others that log on as the computer account of
// a site system, or as LocalSystem (S-1-5-18), may be the product's or not; the name of such an
// account has at most 15 letters of the machine's. A session without a client process is SQL
// Server's own, such as one that works off a queue of the product; -2 and -3 are transactions
// without a session. Who is connected to another database counts when its transaction is in this
// one. siteready's own sessions are in it, so it never is empty.
var sessions = platform.SQL[sessionRow]("database-sessions", `
	SELECT TOP (300) CASE WHEN g.product > 0 THEN g.program ELSE N'' END AS component,
		CASE WHEN g.product > 0 OR g.own = 1 THEN N'' ELSE g.program END AS program, g.host, g.login, g.own, g.product, COUNT(g.session_id) AS sessions,
		SUM(g.in_transaction) AS in_transaction, SUM(g.idle_open) AS idle_open, MAX(g.transaction_minutes) AS transaction_minutes,
		MIN(g.idle_minutes) AS idle_minutes, SUM(g.waiting) AS waiting, MAX(g.waited_seconds) AS waited_seconds,
		COUNT(1) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1
			THEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') ELSE 0 END AS may_see
	FROM (SELECT s.session_id, CASE s.session_id WHEN -2 THEN N'a distributed transaction without a session'
				WHEN -3 THEN N'a transaction that waits for recovery'
				ELSE CASE WHEN s.host_process_id IS NULL THEN N'SQL Server itself' ELSE ISNULL(s.program_name, N'') END END AS program, ISNULL(s.host_name, N'') AS host, ISNULL(s.login_name, N'') AS login,
			CASE WHEN s.session_id = @@SPID
				OR s.host_name = me.host_name AND s.host_process_id = me.host_process_id AND s.program_name = me.program_name THEN 1 ELSE 0 END AS own,
			CASE WHEN s.program_name LIKE N'SMS%' OR s.program_name LIKE N'ConfigMgr%' OR s.program_name LIKE N'CONFIGURATION[_]MANAGER%'
				OR s.program_name LIKE N'System Center Configuration Manager%' OR s.host_process_id IS NULL THEN 1
				WHEN w.machine IS NOT NULL OR s.security_id = 0x010100000000000512000000 THEN 2 ELSE 0 END AS product,
			CASE WHEN t.began IS NULL THEN 0 ELSE 1 END AS in_transaction,
			CASE WHEN t.began IS NOT NULL AND LOWER(s.status) IN (N'sleeping', N'dormant') THEN 1 ELSE 0 END AS idle_open,
			ISNULL(DATEDIFF(minute, t.began, GETDATE()), -1) AS transaction_minutes,
			CASE WHEN LOWER(s.status) IN (N'sleeping', N'dormant') THEN ISNULL(DATEDIFF(minute, s.last_request_end_time, GETDATE()), 0) ELSE 0 END AS idle_minutes,
			ISNULL(b.waiting, 0) AS waiting, ISNULL(b.waited_seconds, 0) AS waited_seconds
		FROM (SELECT e.session_id, e.program_name, e.host_name, e.host_process_id, e.login_name, e.security_id, e.status, e.last_request_end_time,
				CASE WHEN e.is_user_process = 1 THEN e.database_id ELSE 0 END AS works_in FROM sys.dm_exec_sessions e
			UNION ALL SELECT DISTINCT q.blocking_session_id, CAST(NULL AS nvarchar(128)), CAST(NULL AS nvarchar(128)), CAST(NULL AS int), N'',
					CAST(NULL AS varbinary(85)), N'sleeping', CAST(NULL AS datetime), 0
				FROM sys.dm_exec_requests q WHERE q.blocking_session_id IN (-2, -3)) s
		JOIN sys.dm_exec_sessions me ON me.session_id = @@SPID
		LEFT JOIN (SELECT DISTINCT LEFT(UPPER(LEFT(u.ServerName, CHARINDEX(N'.', u.ServerName + N'.') - 1)), 15) AS machine
			FROM dbo.vSMS_SC_SysResUse u WHERE u.ServerName <> N'') w
			ON RIGHT(UPPER(s.login_name), LEN(w.machine) + 2) COLLATE DATABASE_DEFAULT = (N'\' + w.machine + N'$') COLLATE DATABASE_DEFAULT
		LEFT JOIN (SELECT x.session_id, MIN(a.transaction_begin_time) AS began, COUNT(h.transaction_id) AS here
			FROM sys.dm_tran_session_transactions x JOIN sys.dm_tran_active_transactions a ON a.transaction_id = x.transaction_id
			LEFT JOIN sys.dm_tran_database_transactions h ON h.transaction_id = x.transaction_id AND h.database_id = DB_ID()
			GROUP BY x.session_id) t ON t.session_id = s.session_id
		LEFT JOIN (SELECT r.blocking_session_id, COUNT(r.session_id) AS waiting, MAX(r.wait_time) / 1000 AS waited_seconds
			FROM sys.dm_exec_requests r WHERE r.database_id = DB_ID() AND (r.blocking_session_id > 0 OR r.blocking_session_id IN (-2, -3))
			GROUP BY r.blocking_session_id) b ON b.blocking_session_id = s.session_id
		WHERE s.works_in = DB_ID() OR (s.works_in > 0 AND t.here > 0) OR b.waiting > 0) g
	GROUP BY g.program, g.host, g.login, g.own, g.product
	ORDER BY g.own DESC, g.product, MAX(g.waited_seconds) DESC, MAX(g.transaction_minutes) DESC, g.program, g.host, g.login`)

type sessionRow struct {
	Component     string `json:"component"` // of the product, as it names itself; empty for others
	Program       string `json:"program"`   // beside the product, as it names itself; may be empty, and is for siteready
	Host          string `json:"host"`      // machine, as the program says; may be empty
	Login         string `json:"login"`
	Own           int    `json:"own"`     // 1: siteready's
	Product       int    `json:"product"` // 0 beside the product, or one of the next
	Sessions      int64  `json:"sessions"`
	InTransaction int64  `json:"in_transaction"`      // sessions with an open transaction
	IdleOpen      int64  `json:"idle_open"`           // of these, those that do nothing
	OpenMinutes   int64  `json:"transaction_minutes"` // of the oldest transaction; -1 without one
	IdleMinutes   int64  `json:"idle_minutes"`        // since the last request of any of them ended; 0 while one works
	Waiting       int64  `json:"waiting"`             // sessions that wait for them
	WaitedSeconds int64  `json:"waited_seconds"`      // the longest of these waits
	Listed        int    `json:"listed"`              // rows there are, of which at most 300 are told
}

// The values of sessionRow.Product.
const (
	byName  = 1 // the product's
	byLogin = 2 // taken for the product's
)

// key is what an item about the sessions is called.
func (r sessionRow) key() string {
	program, host := r.Program+r.Component, r.Host
	if r.Product == byName && host == "" {
		return program // SQL Server's own, or nobody's
	}
	if program == "" {
		program = "a program without a name"
	}
	if host == "" {
		host = "an unnamed machine"
	}
	return fmt.Sprintf("%s on %s as %s", program, host, r.Login)
}

// transaction tells of the open transactions.
func (r sessionRow) transaction() string {
	text := fmt.Sprintf("%d in a transaction, the oldest open for %s", r.InTransaction, minutes(max(r.OpenMinutes, 0)))
	if r.IdleOpen > 0 {
		text += fmt.Sprintf("; %d of them idle", r.IdleOpen)
	}
	return text
}

func sessionRights() []string {
	return []string{performanceState, "SQL Server: SELECT on vSMS_SC_SysResUse in the site database"}
}

func sessionReads() []platform.Form {
	return append(discovery.DatabaseReads(), sessions.In("{SQL Server}", "{site database}").Form())
}

// askSessions asks who uses the site database beside siteready, and refuses what cannot be.
func askSessions(ctx context.Context, c *checks.Case, d discovery.Database) ([]sessionRow, error) {
	rows, err := platform.Ask(ctx, c, sessions.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	var others []sessionRow
	own := false
	for _, r := range rows {
		if r.Sessions < 1 || r.Own < 0 || r.Own > 1 || r.Product < 0 || r.Product > byLogin || r.IdleMinutes < -clockBack || r.Waiting < 0 || r.WaitedSeconds < 0 ||
			r.IdleOpen < 0 || r.InTransaction < r.IdleOpen || r.InTransaction > r.Sessions || r.OpenMinutes < -clockBack || r.Listed < len(rows) {
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of sessions in %s that cannot be: %+v", d.Instance, d.Name, r)
		}
		if r.Own == 1 {
			own = true
			continue
		}
		others = append(others, r)
	}
	if !own {
		return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s lists the sessions in %s, and siteready's own is not among them", d.Instance, d.Name)
	}
	return others, nil
}

// clockBack is how many minutes ago can be negative: in autumn SQL Server's clock goes back by an hour.
const clockBack = 60

// cutShort is an item about sessions that the statement left out; ok is false when there are none.
func cutShort(d discovery.Database, wanted string, told, listed int) (checks.Item, bool) {
	if listed <= told {
		return checks.Item{}, false
	}
	return checks.UnknownItem("the others", wanted, platform.Refuse(platform.ErrUnsupported,
		"SQL Server %s has %d of them in %s, and only the first %d were looked at", d.Instance, listed, d.Name, told)), true
}

func otherPrograms() checks.Check {
	return checks.Check{
		ID:    "window.sessions",
		Title: "Is the product alone in its database?",
		Why: "The update changes tables and views of the site database, and waits for every program that holds a lock on them. " +
			"Programs beside the product, such as connectors and reports, are named by Microsoft's support as a usual reason.",
		Consequence: "The update stands still in the database: CMUpdate.log says that it is blocked by another session, and tries again every five minutes.",
		Remedy:      "Stop the programs and services named here for the hours of the update, or let their owners do it. They are those of now; look again shortly before the start.",
		Command: "SELECT session_id, program_name, host_name, login_name, status, open_transaction_count, last_request_end_time\n" +
			"FROM sys.dm_exec_sessions WHERE is_user_process = 1 AND database_id = DB_ID(N'CM_xxx') ORDER BY program_name",
		Sources: []string{
			pageBlocked, pageChecklist,
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-exec-sessions-transact-sql",
		},
		Rights: sessionRights(),
		Reads:  sessionReads(),
		Settings: []checks.Setting{
			{Name: "warns_within", Default: 60, Unit: "minutes", About: "time since the last request of another program without a transaction, within which it counts"},
		},
		Run: onLargeSite(runOtherPrograms),
	}
}

func runOtherPrograms(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := askSessions(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted = "no other program at work in the site database"
	within := c.Setting("warns_within")
	var items []checks.Item
	listed := 0
	for _, r := range rows {
		listed = r.Listed - 1 // one is siteready's
		if r.Product == byName {
			continue
		}
		item := checks.Item{
			Key: r.key(), Found: count(r.Sessions, "session", "sessions"), Wanted: wanted, Where: "sys.dm_exec_sessions", Status: checks.Warning,
		}
		switch {
		case r.Product == byLogin:
			item.Found += ", taken for the product's because of the log-on"
			item.Status = checks.Passed
		case r.InTransaction > 0:
			item.Found += ", " + r.transaction()
		case float64(r.IdleMinutes) > within:
			item.Found += ", idle for " + minutes(r.IdleMinutes)
			item.Status = checks.Passed
		case r.IdleMinutes > 0:
			item.Found += ", last at work " + minutes(r.IdleMinutes) + " ago"
		default:
			item.Found += ", at work"
		}
		items = append(items, item)
	}
	if item, cut := cutShort(d, wanted, len(rows), listed); cut {
		items = append(items, item)
	}
	if len(items) == 0 {
		items = []checks.Item{{Key: d.Instance + "/" + d.Name, Found: "no other program", Wanted: wanted, Where: "sys.dm_exec_sessions", Status: checks.Passed}}
	}
	return summed(items, "No other program is at work in the site database now.",
		fmt.Sprintf("Other programs are at work in the site database now: %d.", checks.Count(items, checks.Warning)),
		"Not all programs that use the site database were looked at."), nil
}
