package sql

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// onDatabases is the Run of a check that judges the other databases of the instance.
func onDatabases(run func(discovery.Database, []stateRow) checks.Finding) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		rows, err := platform.Ask(ctx, c, databaseStates.In(d.Instance, "master"))
		if err != nil {
			return checks.Finding{}, err
		}
		return run(d, rows), nil
	})
}

func databasesReads() []platform.Form {
	return append(discovery.DatabaseReads(), databaseStates.In("{SQL Server}", "master").Form())
}

func systemDatabases() checks.Check {
	return checks.Check{
		ID:          "sql.system-databases",
		Title:       "Are SQL Server's own databases online and writable?",
		Why:         "SQL Server keeps its log-ons in master, makes what is temporary in tempdb by the pattern of model, and has backups and jobs in msdb.",
		Consequence: "What the update asks of SQL Server fails in places that seem to have nothing to do with it; after a restart SQL Server may not come back.",
		Remedy:      "Find out in SQL Server's error log why the database is in this state, and restore it.",
		Command:     "SELECT name, state_desc, user_access_desc, is_read_only FROM sys.databases WHERE database_id <= 4",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/databases/system-databases", pageDatabases,
		},
		Rights: []string{"SQL Server: a log-on, and VIEW ANY DATABASE, which every log-on has by default"},
		Reads:  databasesReads(),
		Run:    onDatabases(runSystemDatabases),
	}
}

func runSystemDatabases(d discovery.Database, rows []stateRow) checks.Finding {
	const wanted = "online, writable"
	var items []checks.Item
	for _, name := range []string{"master", "model", "msdb", "tempdb"} {
		at := slices.IndexFunc(rows, func(r stateRow) bool { return strings.EqualFold(r.Name, name) })
		if at < 0 {
			items = append(items, untold(name, wanted, d.Instance, "the state of its database "+name))
			continue
		}
		row := rows[at]
		state, known := states[row.State]
		if !known || row.ReadOnly < 0 || row.ReadOnly > 1 {
			items = append(items, untold(name, wanted, d.Instance, "a state of its database "+name+" that is known here"))
			continue
		}
		item := checks.Item{
			Key: name, Found: state + ", " + []string{"writable", "read-only"}[row.ReadOnly], Wanted: wanted, Where: "sys.databases", Status: checks.Passed,
		}
		if item.Found != wanted {
			item.Status = checks.Warning
		}
		items = append(items, item)
	}
	finding := checks.Items("SQL Server's own databases are online and writable.", items...)
	switch {
	case checks.Count(items, checks.Warning) > 0:
		finding.Summary = "A database of SQL Server's own is not online and writable."
	case checks.Count(items, checks.Unknown) > 0:
		finding.Summary = "Not all states of SQL Server's own databases are known."
	}
	return finding
}

// otherSite is the name that set-up gives the database of a site: CM_ and the site's code.
var otherSite = regexp.MustCompile(`(?i)^CM_[A-Z0-9]{3}$`)

func dedicatedInstance() checks.Check {
	return checks.Check{
		ID:          "sql.dedicated-instance",
		Title:       "Is the instance of SQL Server there for this site alone?",
		Why:         "Sites may share a machine for their databases, and no instance. A copy of a site database, as of a test of the upgrade, takes memory and space from the real one.",
		Consequence: "Two sites on one instance are not supported; a copy that is still there can be taken for the real database.",
		Remedy:      "Move the other site's database to an instance of its own. Take a copy that nobody needs off the server.",
		Command:     "SELECT name, state_desc, create_date FROM sys.databases WHERE name LIKE N'CM[_]%'",
		Sources:     []string{pageSQLConfig, pageRules + "#dedicated-sql-server-instance", pageDatabases},
		Rights:      []string{"SQL Server: a log-on, and VIEW ANY DATABASE, which every log-on has by default. An offline database is listed only for accounts with more rights than siteready asks for"},
		Reads:       databasesReads(),
		Run:         onDatabases(runDedicatedInstance),
	}
}

func runDedicatedInstance(d discovery.Database, rows []stateRow) checks.Finding {
	const wanted = "no other database that has the name of a site's"
	item := checks.Item{Key: d.Instance, Found: wanted, Wanted: wanted, Where: "sys.databases, name", Status: checks.Passed}
	var others []string
	own, all := false, false
	for _, row := range rows {
		// Without VIEW ANY DATABASE an account still sees master, tempdb and what it owns; model is nobody's.
		all = all || strings.EqualFold(row.Name, "model")
		switch {
		case strings.EqualFold(row.Name, d.Name):
			own = true
		case otherSite.MatchString(row.Name):
			others = append(others, row.Name)
		}
	}
	switch {
	case len(others) > 0:
		item.Found, item.Status = fmt.Sprintf("databases beside %s: %s", d.Name, strings.Join(others, ", ")), checks.Warning
		return checks.Items("The instance has another database with the name of a site's.", item)
	case !own || !all:
		no := platform.Refuse(platform.ErrDenied, "SQL Server %s does not list both database %s and its own database model, so it may not list others either", d.Instance, d.Name)
		no.Help = "Grant VIEW ANY DATABASE, which every log-on has unless somebody took it away."
		return checks.Items("Whether the instance has another site's database is not known.", checks.UnknownItem(d.Instance, wanted, no))
	}
	return checks.Items("The instance has no other site's database.", item)
}
