package space

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
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
	const rule = "Microsoft's rule: Free disk space on site server"
	return checks.Check{
		ID:          "space.disk",
		Title:       "Do the volumes of this server and of the databases have enough free space?",
		Why:         "An update keeps several copies of its files on the site server, one of them in the content library, and the database grows while it is changed. Set-up of Service Manager tests for 1 GB where each database lies, and for room for its files.",
		Consequence: "The product's own prerequisite check stops below 15 GB, or below 16 GB with the SMS Provider on the same server; a volume that fills up later breaks the update half way.",
		Remedy:      "Free or add space on the volumes named here. Old folders below EasySetupPayload and CMUStaging must not be deleted by hand.",
		Rules:       []string{"Free disk space on site server"},
		Covers:      []string{"1 GB free on the drive of each database", "Free space for the upgraded files"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#free-disk-space-on-site-server",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/the-content-library",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/configure/site-server-high-availability#prerequisites",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-os-volume-stats-transact-sql",
		},
		Rights: []string{
			discovery.RegistryRight,
			"Windows: list the volumes of the installation folder, the content library and the system's temporary files, and where the registry does not name the library the folder SCCMContentLib",
			performanceState, "SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database, where no content library is found",
		},
		Reads: append(append(discovery.DatabasesReads(), discovery.PassiveReads()...),
			contentLibrary.Form(), libraryOn("{drive}").Form(), systemTemp.Form(), discovery.WindowsFolder.Form(),
			platform.ReadVolume("{folder}").Form(), databaseFiles.In("{SQL Server}", "{site database}").Form()),
		Settings: []checks.Setting{
			{Name: "install_fails_below", Default: 15, Unit: "GB", Source: rule, About: "free space on the volume of the installation folder"},
			{Name: "install_warns_below", Default: 25, Unit: "GB", About: "room for five copies of an update of 3 GB and what grows meanwhile"},
			{Name: "provider_adds", Default: 1, Unit: "GB", Source: rule, About: "more on the volume of the installation folder when the SMS Provider is on the same server"},
			{Name: "library_fails_below", Default: 3, Unit: "GB", About: "free space on the volume of the content library: one update"},
			{Name: "library_warns_below", Default: 10, Unit: "GB", About: "free space on the volume of the content library"},
			{Name: "temp_fails_below", Default: 1, Unit: "GB", About: "free space on the volume of the system's temporary files"},
			{Name: "temp_warns_below", Default: 5, Unit: "GB", About: "free space on the volume of the system's temporary files"},
			{Name: "upgrade_fails_below", Default: 3, Unit: "GB", About: "free space on the volume of Service Manager's folder: room for the upgraded files, whose size is not published"},
			{Name: "upgrade_warns_below", Default: 10, Unit: "GB", Source: "Microsoft's requirements of Service Manager: 10 GB for a management server", About: "free space on the volume of Service Manager's folder"},
			{Name: "database_fails_below", Default: 1, Unit: "GB", Source: "Microsoft's support article on failed upgrades of Service Manager: 1 GB where each database file lies", About: "free space on each volume of a database"},
		},
		Run: runFreeDisk,
	}
}

func runFreeDisk(ctx context.Context, c *checks.Case) (checks.Finding, error) {
	var items []checks.Item
	site, other, err := discovery.FindSite(ctx, c)
	if err != nil {
		items = append(items, checks.UnknownItem("site server", "", err))
	}
	var sm *discovery.ServiceManager
	var smErr error
	if !c.Stated.Complete() { // then it is the one database that is asked for
		sm, smErr = discovery.FindServiceManager(ctx, c)
	}
	if smErr != nil {
		items = append(items, checks.UnknownItem(requirement.ServiceManager.Name(), "", smErr))
	}
	if other != nil && sm == nil && smErr == nil && !c.Stated.Complete() {
		return checks.DoesNotApply(discovery.Neither(*other)), nil
	}
	needs := needed{server: "server"}
	if err == nil && other == nil {
		needs.server = "site server"
		needs.folders, needs.unknown, needs.notes = siteFolders(ctx, c, site)
	}
	if sm != nil {
		needs.folders = append(needs.folders, folder{"folder of Service Manager", sm.InstallDir, c.Setting("upgrade_fails_below"), c.Setting("upgrade_warns_below")})
	}
	if len(needs.folders) > 0 {
		folders, unknown := temporaryFiles(ctx, c)
		needs.folders, needs.unknown = append(needs.folders, folders...), append(needs.unknown, unknown...)
	}
	items = append(items, needs.judge(ctx, c)...)
	databases, unread, _, err := discovery.FindDatabases(ctx, c, c.Stated)
	if err != nil {
		items = append(items, checks.UnknownItem("site database", "", err))
	}
	for _, database := range databases {
		volumes, err := databaseVolumes(ctx, c, database)
		if err != nil {
			name := "site database"
			if !database.OfSite() {
				name = database.Instance + "/" + database.Name
			}
			volumes = []checks.Item{checks.UnknownItem(name, "", err)}
		}
		items = addVolumes(items, volumes)
	}
	items = append(items, unread...)
	finding := checks.Items(summary(items), items...)
	finding.Notes = needs.notes
	return finding, nil
}

// addVolumes adds items, of each volume the worse: databases share volumes.
func addVolumes(items, more []checks.Item) []checks.Item {
	for _, item := range more {
		at := slices.IndexFunc(items, func(i checks.Item) bool { return i.Key == item.Key })
		switch {
		case at < 0:
			items = append(items, item)
		case checks.Worst(items[at].Status, item.Status) != items[at].Status:
			items[at] = item
		}
	}
	return items
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

// needed is what this server's folders need.
type needed struct {
	server  string // what items call this server
	folders []folder
	unknown []checks.Item // folders that could not be found
	notes   []string
}

// judge judges the volumes of the folders, each once, by the most that one of its folders needs.
func (n needed) judge(ctx context.Context, c *checks.Case) (items []checks.Item) {
	var volumes []platform.Volume
	on := map[string][]folder{} // by volume
	for _, f := range n.folders {
		volume, err := platform.Ask(ctx, c, platform.ReadVolume(f.path))
		if err != nil {
			n.unknown = append(n.unknown, checks.UnknownItem(f.name, f.wanted(), err))
			continue
		}
		mount := strings.ToLower(volume.Mount)
		if on[mount] == nil {
			volumes = append(volumes, volume)
		}
		on[mount] = append(on[mount], f)
	}
	for _, volume := range volumes {
		var most folder
		var where []string
		for _, f := range on[strings.ToLower(volume.Mount)] {
			most.fails, most.warns = max(most.fails, f.fails), max(most.warns, f.warns)
			where = append(where, f.name+" "+f.path)
		}
		item := most.judge(volume, strings.Join(where, ", "))
		item.Key = n.server + " " + volume.Mount
		items = append(items, item)
	}
	return append(items, n.unknown...)
}

// judge holds the volume's free space against what the folder needs.
func (f folder) judge(volume platform.Volume, where string) checks.Item {
	item := checks.Item{
		Found: gigabytes(float64(volume.Free)) + " free", Wanted: f.wanted(),
		Where: "the volume of: " + where, Status: checks.Passed,
	}
	switch free := float64(volume.Free) / gibibyte; {
	case free < f.fails:
		item.Status = checks.Failed
	case free < f.warns:
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
			Key: key, Found: gigabytes(float64(*file.Available)) + " free", Wanted: wanted,
			Where: "sys.dm_os_volume_stats for " + file.Path, Status: checks.Passed,
		}
		if float64(*file.Available)/gibibyte < least {
			item.Status = checks.Failed
		}
		items = append(items, item)
	}
	return items, nil
}
