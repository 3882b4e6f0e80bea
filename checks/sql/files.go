package sql

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// fileListLimit is how many rows fileStates has at most.
const fileListLimit = 100

// fileStates lists the files of the site database, those that are not online or not writable
// first, so that none of them is beyond the limit. A user of the database sees all of them; a
// database has at least two.
var fileStates = platform.SQL[fileStateRow]("database-file-states", `
	SELECT TOP (100) f.physical_name AS path, CAST(f.state AS int) AS state_code, ISNULL(g.name, N'') AS filegroup,
		CASE WHEN f.is_read_only = 1 OR g.is_read_only = 1 THEN 1 ELSE 0 END AS read_only, COUNT(*) OVER () AS files,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.database_files f LEFT JOIN sys.filegroups g ON g.data_space_id = f.data_space_id
	ORDER BY state_code DESC, [read_only] DESC, path`)

type fileStateRow struct {
	Path      string `json:"path"`
	State     int    `json:"state_code"` // 0 online; the others are in fileStateNames
	Filegroup string `json:"filegroup"`  // empty for a log
	ReadOnly  int    `json:"read_only"`  // 1 when the file or its filegroup is
	Files     int    `json:"files"`      // in all, also those beyond the limit
}

// fileStateNames are what sys.database_files calls the states of a file.
var fileStateNames = map[int]string{0: "online", 1: "restoring", 2: "recovering", 3: "recovery pending", 4: "suspect", 6: "offline", 7: "defunct"}

func databaseFiles() checks.Check {
	return checks.Check{
		ID:          "sql.files",
		Title:       "Are all files of the site database online and writable?",
		Why:         "A database can be online while one of its files is not, or while one of its filegroups is read-only. What lies there can then not be changed.",
		Consequence: "The update stops at the first table in that file, in the middle of its changes to the database.",
		Remedy:      "Find out in SQL Server's error log why the file is in this state and restore it; set a read-only filegroup to READ_WRITE. A defunct file can only be restored with its filegroup.",
		Command:     "SELECT name, physical_name, state_desc, is_read_only FROM sys.database_files",
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-files-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/databases/file-states",
		},
		Rights: []string{inDatabase},
		Reads:  append(discovery.DatabaseReads(), fileStates.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runDatabaseFiles),
	}
}

func runDatabaseFiles(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, fileStates.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted, where = "online, writable", "sys.database_files, state; sys.filegroups, is_read_only"
	all := rows[0].Files
	if all != len(rows) && (all < len(rows) || len(rows) < fileListLimit) || all < 2 {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that %s has %d files, and lists %d", d.Instance, d.Name, all, len(rows))
	}
	var items []checks.Item
	for _, row := range rows {
		state, known := fileStateNames[row.State]
		switch {
		case !known || row.ReadOnly < 0 || row.ReadOnly > 1 || row.Path == "":
			items = append(items, checks.UnknownItem(row.Path, wanted, platform.Refuse(platform.ErrUnsupported,
				"SQL Server %s gives the file %q of %s the state %d, read-only %d, which is not known here", d.Instance, row.Path, d.Name, row.State, row.ReadOnly)))
		case row.State != 0:
			items = append(items, checks.Item{Key: row.Path, Found: state, Wanted: wanted, Where: where, Status: checks.Failed})
		case row.ReadOnly == 1:
			found := "online, read-only"
			if row.Filegroup != "" {
				found += ", in the filegroup " + row.Filegroup
			}
			items = append(items, checks.Item{Key: row.Path, Found: found, Wanted: wanted, Where: where, Status: checks.Failed})
		}
	}
	if bad := len(items); bad > 0 {
		finding := checks.Items("Whether all files of the site database can be written is not known.", items...)
		if checks.Count(items, checks.Failed) > 0 {
			finding.Summary = fmt.Sprintf("Files of the site database that are not online or not writable: %d of %d.", bad, all)
		}
		return finding, nil
	}
	item := checks.Item{Key: d.Instance + "/" + d.Name, Found: fmt.Sprintf("%d files, all online and writable", all), Wanted: wanted, Where: where, Status: checks.Passed}
	return checks.Items("All files of the site database are online and writable.", item), nil
}
