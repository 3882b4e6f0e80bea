package space

import (
	"context"
	"fmt"
	"slices"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// databaseFiles lists the database's files, data and log, with their volumes. A file whose volume
// SQL Server cannot tell has a null or an empty text there: an item that could not be checked.
var databaseFiles = platform.SQL[fileRow]("database-files", `
	SELECT f.physical_name AS path, v.volume_mount_point AS volume, CAST(v.available_bytes AS bigint) AS available,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER PERFORMANCE STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM sys.database_files f OUTER APPLY sys.dm_os_volume_stats(DB_ID(), f.file_id) v`)

type fileRow struct {
	Path      string  `json:"path"`
	Volume    *string `json:"volume"`
	Available *int64  `json:"available"` // bytes
}

// performanceState is the right that the dynamic views of space need.
const performanceState = "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough), and a user in the site database"

func freeDisk() checks.Check {
	return checks.Check{
		ID:          "space.disk",
		Title:       "Do the volumes of the site and of its database have enough free space?",
		Why:         "An update keeps several copies of its files on the site server, and the database grows while it is changed.",
		Consequence: "The product's own prerequisite check stops below 15 GB; a volume that fills up later breaks the update half way.",
		Remedy:      "Free or add space on the volumes named here. Old folders below EasySetupPayload and CMUStaging must not be deleted by hand.",
		Rules:       []string{"Free disk space on site server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#free-disk-space-on-site-server",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-os-volume-stats-transact-sql",
		},
		Rights: []string{"Windows: list the volume of the installation folder", performanceState},
		Reads: append(discovery.DatabaseReads(),
			platform.ReadVolume("{installation folder}").Form(), databaseFiles.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "install_fails_below", Default: 15, Unit: "GB", Source: "Microsoft's rule: Free disk space on site server", About: "free space on the volume of the installation folder"},
			{Name: "install_warns_below", Default: 25, Unit: "GB", About: "room for five copies of an update of 3 GB and what grows meanwhile"},
			{Name: "database_fails_below", Default: 1, Unit: "GB", Source: "Microsoft's support article on failed upgrades of Service Manager: 1 GB where each database file lies", About: "free space on each volume of the site database"},
		},
		Run: runFreeDisk,
	}
}

func runFreeDisk(ctx context.Context, c *checks.Case) (checks.Finding, error) {
	var items []checks.Item
	site, other, err := discovery.FindSite(ctx, c)
	switch {
	case err != nil:
		items = append(items, checks.UnknownItem("site server", "", err))
	case other == nil:
		items = append(items, installVolume(ctx, c, site))
	case !c.Stated.Complete():
		return checks.DoesNotApply(other.Headline), nil
	}
	database, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err == nil {
		var volumes []checks.Item
		volumes, err = databaseVolumes(ctx, c, database)
		items = append(items, volumes...)
	}
	if err != nil {
		items = append(items, checks.UnknownItem("site database", "", err))
	}
	return checks.Items(summary(items), items...), nil
}

func summary(items []checks.Item) string {
	switch full := checks.Count(items, checks.Failed, checks.Warning); {
	case full == 1:
		return "One volume has too little free space."
	case full > 1:
		return fmt.Sprintf("%d volumes have too little free space.", full)
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every volume could be looked at."
	default:
		return "Every volume has enough free space."
	}
}

func installVolume(ctx context.Context, c *checks.Case, site discovery.Site) checks.Item {
	fails, warns := c.Setting("install_fails_below"), c.Setting("install_warns_below")
	volume, err := platform.Ask(ctx, c, platform.ReadVolume(site.InstallDir))
	wanted := fmt.Sprintf("at least %g GB, better %g GB", fails, warns)
	if err != nil {
		return checks.UnknownItem("installation folder", wanted, err)
	}
	item := checks.Item{
		Key: "site server " + volume.Mount, Found: size(float64(volume.Free)) + " free", Wanted: wanted,
		Where: "the volume of " + site.InstallDir, Status: checks.Passed,
	}
	switch free := float64(volume.Free) / gibibyte; {
	case free < fails:
		item.Status = checks.Failed
	case free < warns:
		item.Status = checks.Warning
	}
	return item
}

func databaseVolumes(ctx context.Context, c *checks.Case, d discovery.Database) ([]checks.Item, error) {
	least := c.Setting("database_fails_below")
	wanted := fmt.Sprintf("at least %g GB", least)
	files, err := platform.Ask(ctx, c, databaseFiles.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	var items []checks.Item
	for _, file := range files {
		if file.Volume == nil || *file.Volume == "" || file.Available == nil {
			items = append(items, checks.UnknownItem(d.Instance+" "+file.Path, wanted,
				platform.Refuse(platform.ErrUnsupported, "SQL Server %s cannot tell the volume of %s", d.Instance, file.Path)))
			continue
		}
		key := d.Instance + " " + *file.Volume
		if slices.ContainsFunc(items, func(i checks.Item) bool { return i.Key == key }) {
			continue
		}
		item := checks.Item{
			Key: key, Found: size(float64(*file.Available)) + " free", Wanted: wanted,
			Where: "sys.dm_os_volume_stats for " + file.Path, Status: checks.Passed,
		}
		if float64(*file.Available)/gibibyte < least {
			item.Status = checks.Failed
		}
		items = append(items, item)
	}
	return items, nil
}
