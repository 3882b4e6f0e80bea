package window

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
)

func openTransactions() checks.Check {
	return checks.Check{
		ID:          "window.transactions",
		Title:       "Is no transaction open in the site database for long?",
		Why:         "A transaction keeps its locks until it ends, and the log cannot be cut behind the oldest one. One that was forgotten, of whatever program, ends only with its session.",
		Consequence: "The update waits for its locks, and the transaction log grows until its volume is full.",
		Remedy:      "Find out what the session does, and let its program end it. A session that sleeps with an open transaction has been forgotten: restart its program, or end the session with KILL when its owner agrees.",
		Command: "SELECT x.session_id, s.program_name, s.host_name, s.status, a.transaction_begin_time\n" +
			"FROM sys.dm_tran_session_transactions x JOIN sys.dm_exec_sessions s ON s.session_id = x.session_id\n" +
			"JOIN sys.dm_tran_active_transactions a ON a.transaction_id = x.transaction_id ORDER BY a.transaction_begin_time",
		Sources: []string{
			pageBlocked,
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-tran-active-transactions-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-tran-session-transactions-transact-sql",
		},
		Rights:   sessionRights(),
		Reads:    sessionReads(),
		Settings: []checks.Setting{{Name: "warns_after", Default: 60, Unit: "minutes", About: "how long a transaction is open, whether it works or sleeps"}},
		Run:      onLargeSite(runOpenTransactions),
	}
}

func runOpenTransactions(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := askSessions(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	most := c.Setting("warns_after")
	wanted := fmt.Sprintf("no transaction open for more than %g minutes", most)
	oldest, listed := int64(-1), 0
	var items []checks.Item
	for _, r := range rows {
		listed = r.Listed - 1 // one is siteready's
		if r.InTransaction == 0 {
			continue
		}
		oldest = max(oldest, r.OpenMinutes, 0)
		if float64(r.OpenMinutes) > most {
			items = append(items, checks.Item{
				Key: r.key(), Found: count(r.Sessions, "session", "sessions") + ", " + r.transaction(), Wanted: wanted,
				Where: "sys.dm_tran_active_transactions", Status: checks.Warning,
			})
		}
	}
	if len(items) == 0 {
		item := checks.Item{Key: d.Instance + "/" + d.Name, Found: "no open transaction", Wanted: wanted, Where: "sys.dm_tran_active_transactions", Status: checks.Passed}
		if oldest >= 0 {
			item.Found = "the oldest is open for " + minutes(oldest)
		}
		items = append(items, item)
	}
	if item, cut := cutShort(d, wanted, len(rows), listed); cut {
		items = append(items, item)
	}
	return summed(items, "No transaction is open in the site database for long.", "Transactions are open in the site database for long.",
		"Not all transactions in the site database were looked at."), nil
}

func blocking() checks.Check {
	return checks.Check{
		ID:          "window.blocking",
		Title:       "Does nothing in the site database wait long for another session?",
		Why:         "Where requests wait for each other on an ordinary day, the update, which locks far more, waits too.",
		Consequence: "The update stands still in the database until the session that blocks it has gone.",
		Remedy: "Look at what the blocking session runs, and stop or repair its program before the update. Where it is the product's own, look into the log of the component, and wait until its work is done. " +
			"A distributed transaction without a session is ended at its coordinator, or with KILL and its unit of work.",
		Command: "SELECT r.session_id, r.blocking_session_id, r.wait_type, r.wait_time, s.program_name, s.host_name\n" +
			"FROM sys.dm_exec_requests r LEFT JOIN sys.dm_exec_sessions s ON s.session_id = r.blocking_session_id WHERE r.blocking_session_id <> 0",
		Sources:  []string{pageBlocked, pageRequests},
		Rights:   sessionRights(),
		Reads:    sessionReads(),
		Settings: []checks.Setting{{Name: "warns_after", Default: 60, Unit: "seconds", About: "how long a request in the site database waits for another session"}},
		Run:      onLargeSite(runBlocking),
	}
}

func runBlocking(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := askSessions(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	most := c.Setting("warns_after")
	wanted := fmt.Sprintf("nothing waits for more than %g seconds", most)
	waiting, listed := int64(0), 0
	var items []checks.Item
	for _, r := range rows {
		listed = r.Listed - 1 // one is siteready's
		waiting += r.Waiting
		if r.Waiting > 0 && float64(r.WaitedSeconds) > most {
			items = append(items, checks.Item{
				Key: r.key(), Found: fmt.Sprintf("%s for it, the longest for %d seconds", count(r.Waiting, "request waits", "requests wait"), r.WaitedSeconds),
				Wanted: wanted, Where: "sys.dm_exec_requests, blocking_session_id", Status: checks.Warning,
			})
		}
	}
	if len(items) == 0 {
		item := checks.Item{Key: d.Instance + "/" + d.Name, Found: "nothing waits", Wanted: wanted, Where: "sys.dm_exec_requests, blocking_session_id", Status: checks.Passed}
		if waiting > 0 {
			item.Found = "nothing waits for long"
		}
		items = append(items, item)
	}
	if item, cut := cutShort(d, wanted, len(rows), listed); cut {
		items = append(items, item)
	}
	return summed(items, "Nothing in the site database waits long for another session.", "Requests in the site database wait for other sessions.",
		"Not all sessions in the site database were looked at."), nil
}
