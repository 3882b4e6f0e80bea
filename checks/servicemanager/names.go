package servicemanager

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// filePaths counts the files of a database, and those whose path has an apostrophe.
var filePaths = platform.SQL[pathRow]("file-paths", `
	SELECT COUNT(f.file_id) AS files, COUNT(CASE WHEN CHARINDEX(N'''', f.physical_name) > 0 THEN 1 END) AS quoted,
		CASE WHEN HAS_DBACCESS(DB_NAME()) = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.database_files f`)

type pathRow struct {
	Files  int `json:"files"`
	Quoted int `json:"quoted"` // with an apostrophe in the path
}

func databaseNames() checks.Check {
	return checks.Check{
		ID:    "smpredicted.names",
		Title: "Can Setup read the names of instances, databases and files?",
		Why:   "Setup builds commands and statements from these names. It does not take an instance with a $ in its name, nor a file with an apostrophe in its path.",
		Consequence: "Setup ends in the middle of its changes to a database. Of a name with a $ the release notes say that Setup does not take it; " +
			"of an apostrophe they speak for the data warehouse.",
		Remedy:  "Move the database to an instance, or its files to a folder, with a name of letters and digits, and set the new name in the registry.",
		Command: "SELECT name, physical_name FROM sys.database_files WHERE physical_name LIKE N'%''%'",
		Covers:  []string{"No $ in the name of an instance", "No apostrophe in the path of a database file"},
		Sources: []string{
			"https://learn.microsoft.com/system-center/scsm/release-notes-sm", pageMove,
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-files-transact-sql",
		},
		Rights: []string{discovery.RegistryRight, "SQL Server: a user in each database of Service Manager"},
		Reads:  databaseReads(filePaths.In("{SQL Server}", "{database}").Form()),
		Run:    discovery.OnServer(runDatabaseNames, both()...),
	}
}

func runDatabaseNames(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	for _, d := range databases {
		key := d.Instance + "/" + d.Name
		name := checks.Item{
			Key: key + " instance", Found: d.Instance, Wanted: "no $ in the name of the instance", Where: "the registry", Status: checks.Passed,
		}
		if strings.Contains(d.Instance, "$") {
			name.Status = checks.Failed
		}
		items = append(items, name, judgePaths(ctx, c, d, key+" files"))
	}
	summary := "Setup can read all names."
	switch {
	case checks.Count(items, checks.Failed) > 0:
		summary = "Setup cannot read a name."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Not every name could be read."
	}
	return checks.Items(summary, items...), nil
}

func judgePaths(ctx context.Context, c *checks.Case, d discovery.Database, key string) checks.Item {
	item := checks.Item{Key: key, Wanted: "no apostrophe in the path of a file", Where: "sys.database_files", Status: checks.Passed}
	row, err := platform.AskOne(ctx, c, filePaths.In(d.Instance, d.Name))
	if err == nil && (row.Files < 1 || row.Quoted < 0 || row.Quoted > row.Files) {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server %s says that %d of %d files of %s have an apostrophe, which cannot be", d.Instance, row.Quoted, row.Files, d.Name)
	}
	if err != nil {
		return unread(item, err)
	}
	item.Found = fmt.Sprintf("%d of %d files with an apostrophe", row.Quoted, row.Files)
	if row.Quoted > 0 {
		item.Status = checks.Failed
	}
	return item
}
