package servicemanager

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// factKeys counts the facts of a data warehouse, those of which some partition has a primary key
// but none has the one that the product looks for, and those without any. It reads what the
// statement on Microsoft's pages reads, from views that need no more rights.
var factKeys = platform.SQL[factRow]("fact-keys", `
	SELECT COUNT(f.entity) AS facts, COUNT(CASE WHEN f.keyed > 0 AND f.named = 0 THEN 1 END) AS renamed,
		COUNT(CASE WHEN f.keyed = 0 THEN 1 END) AS keyless,
		CASE WHEN HAS_PERMS_BY_NAME(N'etl.WarehouseEntity', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'etl.WarehouseEntityType', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'etl.TablePartition', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT w.WarehouseEntityName AS entity, COUNT(k.name) AS keyed,
			COUNT(CASE WHEN k.name = N'PK_' + w.WarehouseEntityName THEN 1 END) AS named
		FROM etl.WarehouseEntity w
		INNER JOIN etl.WarehouseEntityType t ON t.WarehouseEntityTypeId = w.WarehouseEntityTypeId
		LEFT JOIN etl.TablePartition p ON p.WarehouseEntityName = w.WarehouseEntityName
		LEFT JOIN sys.objects o ON o.name = p.PartitionName AND o.type = 'U'
		LEFT JOIN sys.key_constraints k ON k.parent_object_id = o.object_id AND k.type = 'PK'
		WHERE t.WarehouseEntityTypeName = N'Fact'
		GROUP BY w.WarehouseEntityName) f`)

type factRow struct {
	Facts   int `json:"facts"`
	Renamed int `json:"renamed"` // with a primary key, and none of the expected name
	Keyless int `json:"keyless"` // without a primary key
}

func primaryKeys() checks.Check {
	return checks.Check{
		ID:    "smprepare.fact-keys",
		Title: "Have the primary keys of the data warehouse's fact tables their names?",
		Why: "The grooming of old partitions may take away the primary key by whose name the product finds a fact table's columns. " +
			"Microsoft's page on the upgrade to each release asks for a look before Setup.",
		Consequence: "MPSyncJob fails after the upgrade, and transform and load jobs with it; without a backup from before the upgrade this cannot be mended.",
		Remedy: "Back up DWRepository, run the statement on Microsoft's page on the upgrade, and run the ALTER TABLE statements that it returns. " +
			"They change names of constraints only.",
		Command: "https://learn.microsoft.com/system-center/scsm/upgrade-to-sm-2025, section Preventing MPSync jobs from failing",
		Covers:  []string{"Primary keys of fact tables have their names"},
		Sources: []string{pageUpgrade, pageBase, "https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-key-constraints-transact-sql"},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on etl.WarehouseEntity, etl.WarehouseEntityType and etl.TablePartition, and VIEW DEFINITION, in the database DWRepository",
		},
		Reads: warehouseReads(factKeys.In("{SQL Server}", "{database}").Form()),
		Run:   discovery.OnServer(runPrimaryKeys, discovery.Warehouse),
	}
}

func runPrimaryKeys(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := warehouseDatabase(ctx, c, sm, repository)
	if err != nil {
		return checks.Finding{}, err
	}
	row, err := platform.AskOne(ctx, c, factKeys.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	if row.Facts < 1 || row.Renamed < 0 || row.Keyless < 0 || row.Renamed+row.Keyless > row.Facts {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of the fact tables of %s what cannot be: %+v", d.Instance, d.Name, row)
	}
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: fmt.Sprintf("%d of %d facts without a primary key of the expected name", row.Renamed, row.Facts),
		Wanted: "a partition of each fact with the primary key PK_ and the name of the fact", Where: "etl.TablePartition and sys.key_constraints", Status: checks.Passed,
	}
	summary := "The primary keys of the fact tables have their names."
	if row.Renamed > 0 {
		summary, item.Status = "Primary keys of fact tables have lost their names.", checks.Failed
	}
	finding := checks.Items(summary, item)
	if row.Keyless > 0 {
		finding.Notes = []string{fmt.Sprintf("%d of %d facts have no primary key at all, or no partition. Microsoft's statement passes them over, and so does this check.", row.Keyless, row.Facts)}
	}
	return finding, nil
}
