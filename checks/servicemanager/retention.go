package servicemanager

import (
	"context"
	"fmt"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/recovery"
	"siteready/platform"
)

// managementSource names the database that a data warehouse reads from, as the tool of
// Microsoft's support looks for it. The warehouse is registered as a source of its own, by a name
// that begins with DW_. own says that the database is on the instance that is asked: it may be
// named in another way than it is reached here.
var managementSource = platform.SQL[sourceRow]("management-source", `
	SELECT ISNULL(f.server, N'') AS server, ISNULL(f.database_name, N'') AS database_name, o.registrations,
		CASE WHEN f.server IN (CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)), @@SERVERNAME) THEN 1
			WHEN CHARINDEX(N'.', f.server) > 0 AND CHARINDEX(N'\', f.server) = 0
				AND LEFT(f.server, CHARINDEX(N'.', f.server) - 1) IN (CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)), @@SERVERNAME) THEN 1 ELSE 0 END AS own,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.MTV_Microsoft$SystemCenter$DataWarehouse$CMDBSource', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.BaseManagedEntity', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT COUNT(1) AS registrations FROM dbo.MTV_Microsoft$SystemCenter$DataWarehouse$CMDBSource s
		INNER JOIN dbo.BaseManagedEntity b ON b.BaseManagedEntityId = s.BaseManagedEntityId
		WHERE b.IsDeleted = 0 AND LEFT(b.Name, 3) <> N'DW_') o
	LEFT JOIN (SELECT TOP (1) d.DatabaseServer_CD2D9C2A_39C2_CE05_D84C_AC42E429D191 AS server, d.Database_D59DC40A_E438_1A05_C231_E3BD50E5DD44 AS database_name
		FROM dbo.MTV_Microsoft$SystemCenter$DataWarehouse$CMDBSource d
		INNER JOIN dbo.BaseManagedEntity e ON e.BaseManagedEntityId = d.BaseManagedEntityId
		WHERE e.IsDeleted = 0 AND LEFT(e.Name, 3) <> N'DW_') f ON o.registrations > 0`)

type sourceRow struct {
	Server   string `json:"server"` // an instance
	Database string `json:"database_name"`
	Sources  int    `json:"registrations"` // registered management groups, without the warehouse's own
	Own      int    `json:"own"`           // 1 when the instance is the one that answers
}

// workItemRetention says for how many minutes the database of a management server keeps what
// is closed, at least.
var workItemRetention = platform.SQL[retentionRow]("work-item-retention", `
	SELECT COUNT(1) AS rules, ISNULL(MIN(g.RetentionPeriodInMinutes), -1) AS shortest_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.MT_GroomingConfiguration', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.MT_GroomingConfiguration g
	WHERE g.StoredProcedure = N'p_GroomManagedEntity'`)

type retentionRow struct {
	Rules    int   `json:"rules"`
	Shortest int64 `json:"shortest_minutes"`
}

const daysLeft = "days_left"

func warehouseBackup() checks.Check {
	return checks.Check{
		ID:    "smprepare.retention",
		Title: "Is the backup of each data warehouse database younger than what the management server still keeps?",
		Why: "A data warehouse that was restored fetches again what the management server's database still has. " +
			"What was closed and deleted there since the backup is nowhere else.",
		Consequence: "When the data warehouse has to be restored after a failed upgrade, its history has a gap that nothing can fill.",
		Remedy:      "Back up all databases of the data warehouse in full, shortly before the upgrade.",
		Command:     "BACKUP DATABASE [DWRepository] TO DISK = N'...' WITH CHECKSUM, COPY_ONLY",
		Covers:      []string{"Backup of the data warehouse is younger than the retention"},
		Sources:     []string{pageCSS, pageRecovery},
		Rights: []string{
			discovery.RegistryRight,
			"SQL Server: SELECT on MTV_Microsoft$SystemCenter$DataWarehouse$CMDBSource and BaseManagedEntity in the database DWStagingAndConfig, and on MT_GroomingConfiguration in the database ServiceManager",
			"SQL Server: SELECT on backupset and backupmediafamily in msdb",
		},
		Reads: warehouseReads(managementSource.In("{SQL Server}", "{database}").Form(),
			workItemRetention.In("{SQL Server}", "{database}").Form(), recovery.NewestFullBackupForm()),
		Settings: []checks.Setting{
			{Name: daysLeft, Default: 7, Unit: "days", Source: "the tool of Microsoft's support for Service Manager", About: "how much younger than the retention a backup must be when the upgrade begins"},
		},
		Run: discovery.OnServer(runWarehouseBackup, discovery.Warehouse),
	}
}

func runWarehouseBackup(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	d, err := warehouseDatabase(ctx, c, sm, staging)
	if err != nil {
		return checks.Finding{}, err
	}
	kept, err := retention(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	databases, err := discovery.DatabasesOf(ctx, c, sm)
	if err != nil {
		return checks.Finding{}, err
	}
	var items []checks.Item
	for _, d := range databases {
		items = append(items, judgeKept(ctx, c, d, kept))
	}
	return checks.Items(summaryOf(items, [3]string{
		"Each backup of the data warehouse is younger than what the management server still keeps.",
		"A backup of the data warehouse is missing, or as old as what the management server deletes.",
		"Whether the backups of the data warehouse are young enough is not known.",
	}), items...), nil
}

// retention is how long the management server keeps what is closed, of what it keeps shortest.
func retention(ctx context.Context, c *checks.Case, d discovery.Database) (time.Duration, error) {
	source, err := platform.AskOne(ctx, c, managementSource.In(d.Instance, d.Name))
	switch {
	case err != nil:
		return 0, err
	case source.Sources != 1 || source.Server == "" || source.Database == "":
		return 0, platform.Refuse(platform.ErrUnsupported, "database %s names %d management servers' databases, the first %q on %q, and not one, so it is not known how long it is kept there what the data warehouse has",
			d.Name, source.Sources, source.Database, source.Server)
	}
	if source.Own == 1 {
		source.Server = d.Instance
	}
	row, err := platform.AskOne(ctx, c, workItemRetention.In(source.Server, source.Database))
	switch {
	case err != nil:
		return 0, err
	case row.Rules < 1 || row.Shortest < 1:
		return 0, platform.Refuse(platform.ErrMalformed, "SQL Server %s tells of the retention in %s what cannot be: %+v", source.Server, source.Database, row)
	}
	return time.Duration(row.Shortest) * time.Minute, nil
}

// judgeKept holds the newest backup of a database against what the management server keeps.
func judgeKept(ctx context.Context, c *checks.Case, d discovery.Database, kept time.Duration) checks.Item {
	const day = 24 * time.Hour
	item := checks.Item{
		Key: d.Instance + "/" + d.Name, Found: "no full backup", Status: checks.Failed, Where: "msdb.dbo.backupset, and MT_GroomingConfiguration of the management server",
		Wanted: fmt.Sprintf("when the upgrade begins, at least %g days younger than %.0f days, after which the management server deletes what is closed", c.Setting(daysLeft), kept.Hours()/24),
	}
	age, found, err := recovery.NewestFullBackup(ctx, c, d)
	switch {
	case err != nil:
		return unread(item, err)
	case !found:
		return item
	}
	age += c.JudgedFor.Sub(c.ReadAt())
	left := kept - age
	item.Found = fmt.Sprintf("%.1f days old when the upgrade begins", age.Hours()/24)
	switch {
	case left < 0:
	case left < time.Duration(c.Setting(daysLeft)*float64(day)):
		item.Status = checks.Warning
	default:
		item.Status = checks.Passed
	}
	return item
}
