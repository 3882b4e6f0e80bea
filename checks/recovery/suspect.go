package recovery

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// suspect counts the pages that SQL Server has noted as damaged: event types 1 to 3 are, 4, 5
// and 7 were restored, repaired or given up. A row from before the database was created,
// restored or renamed may belong to another database that had its number. The table is for all
// databases of the instance, and takes no more than 1000 rows.
var suspect = platform.SQL[suspectRow]("suspect-pages", `
	SELECT COUNT(CASE WHEN p.event_type IN (1, 2, 3) AND p.last_update_date >= d.create_date THEN 1 END) AS damaged,
		COUNT(CASE WHEN p.event_type IN (1, 2, 3) AND p.last_update_date < d.create_date THEN 1 END) AS earlier,
		COUNT(CASE WHEN p.event_type IN (4, 5, 7) THEN 1 END) AS cured,
		COUNT(p.database_id) AS pages,
		(SELECT COUNT(a.database_id) FROM msdb.dbo.suspect_pages a) AS noted,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.suspect_pages', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.databases d
	LEFT JOIN msdb.dbo.suspect_pages p ON p.database_id = d.database_id
	WHERE d.database_id = DB_ID()`)

type suspectRow struct {
	Damaged int `json:"damaged"`
	Earlier int `json:"earlier"` // damaged, and noted before the database was created
	Cured   int `json:"cured"`
	Pages   int `json:"pages"` // all of this database
	Noted   int `json:"noted"` // all of the instance
}

// suspectLimit is how many pages SQL Server notes.
const suspectLimit = 1000

func suspectPages() checks.Check {
	return checks.Check{
		ID:          "recovery.suspect-pages",
		Title:       "Has SQL Server met no damaged page in the databases?",
		Why:         "SQL Server notes each page that it could not read, or that it read damaged.",
		Consequence: "The update stops at the damaged page, and the newest backups hold it, too.",
		Remedy:      "Run DBCC CHECKDB and restore the pages from a backup. When they are sound, delete their rows from msdb.dbo.suspect_pages.",
		Command:     "SELECT file_id, page_id, event_type, last_update_date FROM msdb.dbo.suspect_pages WHERE database_id = DB_ID(N'CM_xxx')",
		Covers:      []string{"No damaged pages"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/system-tables/suspect-pages-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/backup-restore/manage-the-suspect-pages-table-sql-server",
		},
		Rights: []string{"SQL Server: SELECT on msdb.dbo.suspect_pages, and a user in the database"},
		Reads:  append(discovery.DatabasesReads(), suspect.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabases(runSuspectPages),
	}
}

func runSuspectPages(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	if d.OfType == discovery.Secondary {
		return checks.DoesNotApply(ofSecondary), nil
	}
	rows, err := platform.Ask(ctx, c, suspect.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	row := rows[0]
	other := row.Pages - row.Damaged - row.Earlier - row.Cured
	if len(rows) != 1 || row.Damaged < 0 || row.Earlier < 0 || row.Cured < 0 || other < 0 || row.Noted < row.Pages {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
			"SQL Server %s says that of %d pages of %s %d are damaged, %d were before and %d are cured, of %d in all, which cannot be",
			d.Instance, row.Pages, d.Name, row.Damaged, row.Earlier, row.Cured, row.Noted)
	}
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: "no damaged page", Wanted: "no damaged page",
		Where: "msdb.dbo.suspect_pages on " + d.Instance, Status: checks.Passed,
	}
	finding := checks.Items("SQL Server has noted no damaged page of the database.", item)
	switch {
	case row.Damaged > 0:
		finding.Summary = "SQL Server has met damaged pages in the database."
		item.Status, item.Found = checks.Failed, fmt.Sprintf("damaged pages: %d", row.Damaged)
	case other > 0:
		item = checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"SQL Server %s has noted %d pages of %s with a type of event that is not known here", d.Instance, other, d.Name))
		finding.Summary = "What SQL Server has noted of the database is not known here."
	case row.Noted >= suspectLimit:
		no := platform.Refuse(platform.ErrUnsupported,
			"msdb.dbo.suspect_pages on %s is full, so damage that was met since then is not in it", d.Instance)
		no.Help = "Look at its rows, and delete those that are settled."
		item = checks.UnknownItem(item.Key, item.Wanted, no)
		finding.Summary = "SQL Server can note no more damaged pages."
	case row.Earlier > 0:
		finding.Summary = "SQL Server has noted damaged pages, before the database was created, restored or renamed."
		item.Status, item.Found = checks.Warning, fmt.Sprintf("damaged pages from before the database was created, restored or renamed: %d", row.Earlier)
	}
	finding.Items[0] = item
	if row.Cured > 0 {
		finding.Notes = []string{fmt.Sprintf("Pages that were damaged, and were restored, repaired or given up: %d.", row.Cured)}
	}
	return finding, nil
}
