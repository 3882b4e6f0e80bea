package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// logFragments counts the virtual log files of the site database. The function is there from
// the service pack 2 of SQL Server 2016 on. A log has at least two.
var logFragments = platform.SQL[fragmentsRow]("log-fragments", `
	SELECT COUNT(*) AS fragments,
		CASE WHEN HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE') = 1
			OR HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DATABASE PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.dm_db_log_info(DB_ID()) i`)

type fragmentsRow struct {
	Fragments int `json:"fragments"`
}

func logInPieces() checks.Check {
	return checks.Check{
		ID:          "sql.log-fragments",
		Title:       "Is the transaction log of the site database not in too many pieces?",
		Why:         "SQL Server divides the log into virtual log files. A log that grew in many small steps has very many, and each of them costs time when the database starts, is restored or rolls back.",
		Consequence: "The way back takes much longer: the restore of a backup, or the recovery of the database after an update that broke off.",
		Remedy:      "Back the log up or take a checkpoint, shrink the log file, and let it grow to its size again in a few large steps.",
		Command:     "DBCC SHRINKFILE (N'CM_xxx_log', 1024); ALTER DATABASE [CM_xxx] MODIFY FILE (NAME = N'CM_xxx_log', SIZE = 16GB)",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/errors-events/mssqlserver-9017-database-engine-error",
			"https://learn.microsoft.com/sql/relational-databases/sql-server-transaction-log-architecture-and-management-guide",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-log-info-transact-sql",
		},
		Rights: []string{performanceState},
		Reads:  append(discovery.DatabaseReads(), logFragments.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "warns_above", Default: 10000, Unit: "virtual log files", Source: "SQL Server's message 9017", About: "virtual log files of the site database's log"},
		},
		Run: discovery.OnDatabase(runLogInPieces),
	}
}

func runLogInPieces(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, logFragments.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	most := c.Setting("warns_above")
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: fmt.Sprintf("%d virtual log files", row.Fragments), Wanted: fmt.Sprintf("at most %.0f", most),
		Where: "sys.dm_db_log_info", Status: checks.Passed,
	}
	switch {
	case row.Fragments < 2:
		no := platform.Refuse(platform.ErrMalformed, "SQL Server %s counts %d virtual log files of %s, and no log has fewer than two", d.Instance, row.Fragments, d.Name)
		return checks.Items("The pieces of the log are not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	case float64(row.Fragments) > most:
		item.Status = checks.Warning
		return checks.Items("The transaction log of the site database is in too many pieces.", item), nil
	}
	return checks.Items("The transaction log is not in too many pieces.", item), nil
}
