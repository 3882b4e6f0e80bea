package sql

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// databaseStates lists the databases of the instance, those of the product first. It is put to
// master, because the site database itself may not be reachable. Of a database that is offline
// only an account with a right to create or alter databases sees the row.
var databaseStates = platform.SQL[stateRow]("database-states", `
	SELECT TOP (500) d.name, CAST(d.state AS int) AS state, CAST(d.user_access AS int) AS access, CAST(d.is_read_only AS int) AS read_only,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'ALTER ANY DATABASE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'CREATE ANY DATABASE') = 1 THEN 1 ELSE 0 END AS sees_offline,
		CASE WHEN DB_ID(N'master') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	ORDER BY CASE WHEN d.name LIKE N'CM[_]%' THEN 0 ELSE 1 END, d.name`)

type stateRow struct {
	Name        string `json:"name"`
	State       int    `json:"state"`        // 0 online; the others are in states
	Access      int    `json:"access"`       // 0 many users, 1 one user, 2 restricted
	ReadOnly    int    `json:"read_only"`    // 0 or 1
	SeesOffline int    `json:"sees_offline"` // 1: what is offline would be listed, too
}

// states are what sys.databases calls the states of a database.
var states = map[int]string{0: "online", 1: "restoring", 2: "recovering", 3: "recovery pending", 4: "suspect", 5: "emergency", 6: "offline"}

func databaseState() checks.Check {
	return checks.Check{
		ID:          "sql.database",
		Title:       "Are the databases online, for many users, and writable?",
		Why:         "The update changes the whole site database. What depends on it cannot be checked while it is not online.",
		Consequence: "The update cannot start, or stops at its first change to the database.",
		Remedy:      "Find out in SQL Server's error log why the database is in this state; bring it online, to MULTI_USER and to READ_WRITE.",
		Command:     "SELECT name, state_desc, user_access_desc, is_read_only FROM sys.databases",
		Covers:      []string{"The databases exist and are online"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-databases-transact-sql", pageRules,
		},
		Rights: []string{"SQL Server: a log-on. An offline database is listed only for accounts with more rights than siteready asks for"},
		Reads:  append(discovery.DatabasesReads(), databaseStates.In("{SQL Server}", "master").Form()),
		Run:    discovery.OnDatabases(runDatabaseState),
	}
}

func runDatabaseState(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, databaseStates.In(d.Instance, "master"))
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted = "online, many users, writable"
	key := d.Instance + "/" + d.Name
	for _, row := range rows {
		if !strings.EqualFold(row.Name, d.Name) {
			continue
		}
		state, known := states[row.State]
		if !known || row.Access < 0 || row.Access > 2 || row.ReadOnly < 0 || row.ReadOnly > 1 {
			return checks.Finding{}, platform.Refuse(platform.ErrUnsupported,
				"SQL Server %s gives database %s the state %d, access %d, read-only %d, which is not known here", d.Instance, d.Name, row.State, row.Access, row.ReadOnly)
		}
		item := checks.Item{
			Key: key, Wanted: wanted, Where: "sys.databases", Status: checks.Passed,
			Found: fmt.Sprintf("%s, %s, %s", state, []string{"many users", "a single user", "restricted users"}[row.Access], []string{"writable", "read-only"}[row.ReadOnly]),
		}
		if item.Found != wanted {
			item.Status = checks.Failed
			return checks.Items("The database is "+item.Found+".", item), nil
		}
		return checks.Items("The database is online and writable.", item), nil
	}
	if rows[0].SeesOffline == 1 && len(rows) < 500 {
		item := checks.Item{Key: key, Found: fmt.Sprintf("it is not among the %d databases of the instance", len(rows)), Wanted: wanted, Where: "sys.databases", Status: checks.Failed}
		return checks.Items("The database is not on this instance.", item), nil
	}
	no := platform.Refuse(platform.ErrDenied, "SQL Server %s does not list database %s: it is offline, which this account may not see, or it is not there", d.Instance, d.Name)
	no.Help = "Look in SQL Server Management Studio as an administrator of SQL Server."
	return checks.Items("Whether the database is online is not known.", checks.UnknownItem(key, wanted, no)), nil
}
