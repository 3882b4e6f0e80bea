package space

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// dataSpace has one row for each data file of the site database. Files of FILESTREAM, of
// memory-optimized tables and of old full-text catalogs (types 2 and 4) have no pages, and
// are no part of a filegroup that becomes full; a defunct file (state 7) holds nothing.
// What is used is null where the view does not have the file.
var dataSpace = platform.SQL[dataRow]("data-space", `
	SELECT g.name AS filegroup, CASE WHEN f.is_read_only = 1 OR g.is_read_only = 1 THEN 1 ELSE 0 END AS read_only,
		f.physical_name AS path, CAST(f.size AS bigint) * 8192 AS size, u.allocated_extent_page_count * 8192 AS used,
		CAST(f.max_size AS bigint) AS max_pages,
		CASE f.is_percent_growth WHEN 1 THEN CAST(f.size AS bigint) * 8192 * f.growth / 100 ELSE CAST(f.growth AS bigint) * 8192 END AS growth,
		CASE f.is_percent_growth WHEN 1 THEN f.growth ELSE 0 END AS growth_percent,
		v.volume_mount_point AS volume, CAST(v.available_bytes AS bigint) AS available,
		CAST(SERVERPROPERTY('EngineEdition') AS int) AS edition, CAST(SERVERPROPERTY('ProductMajorVersion') AS int) AS major,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.database_files f
	LEFT JOIN sys.filegroups g ON g.data_space_id = f.data_space_id
	LEFT JOIN sys.dm_db_file_space_usage u ON u.database_id = DB_ID() AND u.file_id = f.file_id
	OUTER APPLY sys.dm_os_volume_stats(DB_ID(), f.file_id) v
	WHERE f.type = 0 AND f.state <> 7`)

type dataRow struct {
	Filegroup string  `json:"filegroup"`
	ReadOnly  int     `json:"read_only"` // 1: nothing is ever written to it
	Path      string  `json:"path"`
	Size      int64   `json:"size"`      // bytes
	Used      *int64  `json:"used"`      // bytes
	MaxPages  int64   `json:"max_pages"` // -1 = until the volume is full, 0 = the file never grows
	Growth    int64   `json:"growth"`    // bytes of the next step; 0 = the file never grows
	Percent   int64   `json:"growth_percent"`
	Volume    *string `json:"volume"`
	Available *int64  `json:"available"` // bytes
	Edition   int     `json:"edition"`   // EngineEdition; 4 is Express
	Major     int     `json:"major"`     // 13 is SQL Server 2016, 17 is 2025
}

func (r dataRow) facts() fileFacts {
	return fileFacts{r.Path, r.Size, r.MaxPages, r.Growth, r.Percent, r.Volume, r.Available, largestData}
}

const (
	expressEdition = 4
	sql2025        = 17
)

// editionLimit is how many bytes of data a database may have. Only Express has a limit: 10 GB,
// and 50 GB from SQL Server 2025 on.
func (r dataRow) editionLimit() int64 {
	switch {
	case r.Edition != expressEdition:
		return noLimit
	case r.Major < sql2025:
		return 10 * gibibyte
	default:
		return 50 * gibibyte
	}
}

func dataFiles() checks.Check {
	return checks.Check{
		ID:          "space.data",
		Title:       "Have the data files of the databases room?",
		Why:         "An update copies and rebuilds tables, so the database needs more room while it is changed than before and after.",
		Consequence: "SQL Server error 1105 (the filegroup is full) ends the update in the middle of its database changes.",
		Remedy:      "Raise the limit of the filegroup's files, let them grow, free space on their volumes, or add a file to the filegroup on another volume.",
		Command:     "ALTER DATABASE [CM_xxx] MODIFY FILE (NAME = N'...', MAXSIZE = UNLIMITED, FILEGROWTH = 1GB)",
		Covers:      []string{"Logs and files have room"},
		Sources: []string{
			"https://learn.microsoft.com/sql/relational-databases/errors-events/mssqlserver-1105-database-engine-error",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-files-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-db-file-space-usage-transact-sql",
		},
		Rights: []string{performanceState},
		Reads: append(discovery.DatabasesReads(),
			dataSpace.In("{SQL Server}", "{site database}").Form()),
		Settings: fillSettings("a filegroup"),
		Run:      discovery.OnDatabases(runDataFiles),
	}
}

func runDataFiles(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	filegroups, err := dataPools(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	fullest := 0.0
	for _, filegroup := range filegroups {
		item, percent := fill(c, d.Instance, filegroup, "sys.dm_db_file_space_usage, sys.database_files, sys.dm_os_volume_stats")
		items = append(items, item)
		fullest = max(fullest, percent)
	}
	return checks.Items(fmt.Sprintf("The fullest filegroup is %.0f %% full, counted against what it can grow to.", fullest), items...), nil
}

// dataPools are the site database's filegroups that are written to, in the order of their
// first files.
func dataPools(ctx context.Context, c *checks.Case, d discovery.Database) ([]pool, error) {
	rows, err := platform.Ask(ctx, c, dataSpace.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	var all int64 // what counts against the edition's limit
	var pools []pool
	at := map[string]int{} // by filegroup
	for _, row := range rows {
		if row.Used == nil {
			return nil, platform.Refuse(platform.ErrUnsupported, "SQL Server %s cannot tell how much of %s is used", d.Instance, row.Path)
		}
		f, err := file(d.Instance, row.facts())
		if err != nil {
			return nil, err
		}
		all += f.size
		if row.ReadOnly != 0 {
			continue
		}
		i, seen := at[row.Filegroup]
		if !seen {
			i = len(pools)
			at[row.Filegroup] = i
			pools = append(pools, pool{name: d.Name + "/" + row.Filegroup})
		}
		pools[i].files = append(pools[i].files, f)
		pools[i].used += *row.Used
	}
	if len(pools) == 0 {
		return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that %s has no filegroup that can be written to", d.Instance, d.Name)
	}
	for i := range pools {
		pools[i].most = max(0, rows[0].editionLimit()-all) // the columns of the edition are alike in all rows
		if err := pools[i].check(d.Instance); err != nil {
			return nil, err
		}
	}
	return pools, nil
}
