package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// warehouseDates says how far the table of dates of a data warehouse goes, and of how many
// partitions of its fact tables the dates do not end where those of the next one begin. What
// must be there is known from a script of Microsoft's support.
var warehouseDates = platform.SQL[datesRow]("warehouse-dates", `
	SELECT d.last_day, d.later_days, p.partitions, p.broken,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.DateDim', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'etl.WarehouseEntity', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'etl.WarehouseEntityType', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'etl.TablePartition', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(CASE WHEN x.DateKey = 20201231 THEN 1 END) AS last_day,
			COUNT(CASE WHEN x.DateKey BETWEEN 20210101 AND 20501231 THEN 1 END) AS later_days
		FROM dbo.DateDim x) d
	CROSS JOIN (SELECT COUNT(1) AS partitions,
			COUNT(CASE WHEN q.place = q.places AND q.ends IS NOT NULL THEN 1
				WHEN q.place < q.places AND ISNULL(DATEDIFF(day, TRY_CONVERT(date, CAST(q.ends AS char(8)), 112), TRY_CONVERT(date, CAST(q.follows AS char(8)), 112)), 0) <> 1 THEN 1 END) AS broken
		FROM (SELECT t.RangeEndDate AS ends, LEAD(t.RangeStartDate) OVER (PARTITION BY t.WarehouseEntityName ORDER BY ISNULL(t.RangeStartDate, 0)) AS follows,
				ROW_NUMBER() OVER (PARTITION BY t.WarehouseEntityName ORDER BY ISNULL(t.RangeStartDate, 0)) AS place,
				COUNT(t.PartitionName) OVER (PARTITION BY t.WarehouseEntityName) AS places
			FROM etl.TablePartition t
			INNER JOIN etl.WarehouseEntity w ON w.WarehouseEntityName = t.WarehouseEntityName
			INNER JOIN etl.WarehouseEntityType y ON y.WarehouseEntityTypeId = w.WarehouseEntityTypeId AND y.WarehouseEntityTypeName = N'Fact') q) p`)

type datesRow struct {
	LastDay    int `json:"last_day"`   // rows for the last day of 2020
	Later      int `json:"later_days"` // rows from 2021 to 2050
	Partitions int `json:"partitions"` // of fact tables
	Broken     int `json:"broken"`     // partitions behind which there is a gap, or an overlap
}

// laterDays is how many days the script of Microsoft's support wants from 2021 to 2050; it is one
// less than there are.
const laterDays = 10956

func dates() checks.Check {
	return checks.Check{
		ID:    "smprepare.dates",
		Title: "Do the dates of the data warehouse go on, and its partitions without a gap?",
		Why: "Before 2019 the table of dates ended with the year 2020, and the monthly partitions of fact tables got out of step when it was reached. " +
			"An upgrade takes these databases as they are.",
		Consequence: "Transform, Load and DWMaintenance fail with the events 33502, 33503 and 33522, before the upgrade or after it.",
		Remedy:      "Back up the databases, and run the script CorrectFactProblems of Microsoft's support against DWRepository and the data marts.",
		Command:     "SELECT MIN(DateKey), MAX(DateKey), COUNT(*) FROM dbo.DateDim",
		Covers:      []string{"Partitions and dates of the data warehouse"},
		Sources:     []string{"https://github.com/microsoft/CSS-SystemCenter-ServiceManager/blob/main/docs/CorrectFactProblems/index.md"},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on DateDim, etl.WarehouseEntity, etl.WarehouseEntityType and etl.TablePartition in the database DWRepository and in each data mart",
		},
		Reads: warehouseReads(warehouseDates.In("{SQL Server}", "{database}").Form()),
		Run:   discovery.OnServer(runDates, discovery.Warehouse),
	}
}

func runDates(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	for _, d := range databases {
		if d.Use != staging {
			items = append(items, judgeDates(ctx, c, d)...)
		}
	}
	return checks.Items(summaryOf(items, [3]string{
		"The dates of the data warehouse go on, and its partitions have no gap.",
		"The dates of the data warehouse end, or its partitions have gaps.",
		"Whether the dates of the data warehouse go on is not known.",
	}), items...), nil
}

func judgeDates(ctx context.Context, c *checks.Case, d discovery.Database) []checks.Item {
	key := d.Instance + "/" + d.Name
	days := checks.Item{Key: key + " dates", Wanted: fmt.Sprintf("the last day of 2020, and at least %d days from 2021 to 2050", laterDays), Where: "DateDim", Status: checks.Passed}
	parts := checks.Item{Key: key + " partitions", Wanted: "each begins on the day after the one before", Where: "etl.TablePartition", Status: checks.Passed}
	row, err := platform.AskOne(ctx, c, warehouseDates.In(d.Instance, d.Name))
	if err == nil && (row.LastDay < 0 || row.LastDay > 1 || row.Later < 0 || row.Partitions < 1 || row.Broken < 0 || row.Broken > row.Partitions) {
		err = platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of the dates in %s what cannot be: %+v", d.Instance, d.Name, row)
	}
	if err != nil {
		return []checks.Item{unread(days, err), unread(parts, err)}
	}
	days.Found = fmt.Sprintf("%d days from 2021 to 2050", row.Later)
	if row.LastDay == 0 {
		days.Found += ", and not the last day of 2020"
	}
	if row.LastDay == 0 || row.Later < laterDays {
		days.Status = checks.Failed
	}
	parts.Found = fmt.Sprintf("%d of %d with a gap or an overlap behind them", row.Broken, row.Partitions)
	if row.Broken > 0 {
		parts.Status = checks.Warning
	}
	return []checks.Item{days, parts}
}
