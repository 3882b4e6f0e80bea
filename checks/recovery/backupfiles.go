package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// backupFiles lists what the newest undamaged full backup of this server was written to, of a
// mirrored backup its first copy, beside the count of newer full backups that are damaged and
// the age of the newest that is no snapshot; -2000000000 is none. It has a row even
// when there is no backup. Kinds of devices: 2 and 102 disk, 5 tape, 7 a virtual device of a
// backup program, 9 Azure storage, 105 another device with a name; -1 is none.
var backupFiles = platform.SQL[fileRow]("backup-files", `
	SELECT TOP (64) ISNULL(CAST(f.device_type AS int), -1) AS device, ISNULL(f.physical_device_name, N'') AS path,
		ISNULL(n.machine_name, N'') AS machine, CAST(ISNULL(n.has_backup_checksums, 0) AS int) AS checksums,
		(SELECT COUNT(d.backup_set_id) FROM msdb.dbo.backupset d
			WHERE d.database_name = DB_NAME() AND d.type = 'D' AND d.is_damaged = 1 AND d.backup_finish_date > n.backup_finish_date) AS damaged,
		ISNULL((SELECT DATEDIFF(minute, MAX(s.backup_finish_date), GETDATE()) FROM msdb.dbo.backupset s
			WHERE s.database_name = DB_NAME() AND s.type = 'D' AND ISNULL(s.is_damaged, 0) = 0 AND ISNULL(s.is_snapshot, 0) = 0
				AND s.server_name IN (@@SERVERNAME, CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)))
				AND `+ofThisDatabase("s")+`
				AND NOT EXISTS (SELECT 1 FROM msdb.dbo.backupmediafamily m
					WHERE m.media_set_id = s.media_set_id AND UPPER(m.physical_device_name) IN (N'NUL', N'NUL:'))), -2000000000) AS ordinary_minutes,
		CASE WHEN HAS_PERMS_BY_NAME(N'msdb.dbo.backupset', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'msdb.dbo.backupmediafamily', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT DB_ID() AS id) o
	LEFT JOIN (SELECT TOP (1) b.media_set_id, b.backup_finish_date, b.machine_name, b.has_backup_checksums
		FROM msdb.dbo.backupset b
		WHERE b.database_name = DB_NAME() AND b.type = 'D' AND ISNULL(b.is_damaged, 0) = 0
			AND b.server_name IN (@@SERVERNAME, CAST(SERVERPROPERTY(N'ServerName') AS nvarchar(128)))
			AND `+ofThisDatabase("b")+`
			AND NOT EXISTS (SELECT 1 FROM msdb.dbo.backupmediafamily m
				WHERE m.media_set_id = b.media_set_id AND UPPER(m.physical_device_name) IN (N'NUL', N'NUL:'))
		ORDER BY b.backup_finish_date DESC, b.backup_set_id DESC) n ON o.id > 0
	LEFT JOIN msdb.dbo.backupmediafamily f ON f.media_set_id = n.media_set_id AND ISNULL(f.mirror, 0) = 0
	ORDER BY f.family_sequence_number`)

type fileRow struct {
	Device    int    `json:"device"`           // kind of device; -1 is none
	Path      string `json:"path"`             // empty when there is none
	Machine   string `json:"machine"`          // NetBIOS name of the computer that made the backup
	Checksums int    `json:"checksums"`        // 1 when the backup has checksums
	Damaged   int    `json:"damaged"`          // full backups that are newer, and damaged
	Ordinary  int64  `json:"ordinary_minutes"` // age of the newest full backup that is no snapshot
}

// The kinds of devices that are files.
const (
	diskDevice      = 2
	namedDiskDevice = 102
)

// fileReads are the questions that judgeFiles asks.
func fileReads() []platform.Form {
	return []platform.Form{
		backupFiles.In("{SQL Server}", "{site database}").Form(),
		platform.ReadComputer().Form(),
		platform.ReadFile("{where the backup was written}").Form(),
	}
}

// judgeFiles looks whether the newest full backup is whole and still where it was written; rows
// and err are what backupFiles brought. What
// cannot be seen from this machine becomes a note: a tape, a URL, a virtual device of a backup
// program, and a drive of another machine.
func judgeFiles(ctx context.Context, c *checks.Case, d discovery.Database, rows []fileRow, err error) (items []checks.Item, notes []string) {
	key := d.Instance + "/" + d.Name
	const wanted = "where it was written, and not empty"
	if err != nil {
		return []checks.Item{checks.UnknownItem(key+" files", wanted, err)}, nil
	}
	first := rows[0] // the columns of the backup are alike in all rows
	if first.Damaged > 0 {
		items = append(items, checks.Item{
			Key: key + " newer backup", Found: fmt.Sprintf("%d newer, marked as damaged", first.Damaged), Wanted: "no damaged full backup",
			Where: "msdb.dbo.backupset on " + d.Instance, Status: checks.Warning,
		})
	}
	if first.Checksums != 1 {
		notes = append(notes, "The newest full backup was made without checksums, which would show damage on the way to its file.")
	}
	var files []checks.Item
	var unseen []fileRow
	for _, row := range rows {
		path, visible, err := seen(ctx, c, row)
		switch {
		case err != nil:
			files = append(files, checks.UnknownItem(key+" files", wanted, err))
		case !visible:
			unseen = append(unseen, row)
		default:
			files = append(files, judgeFile(ctx, c, key+" files", wanted, path))
		}
	}
	if len(unseen) > 0 {
		notes = append(notes, unseenNote(unseen))
	}
	if len(files) == 0 {
		return items, notes
	}
	return append(items, worst(files)), notes
}

// seen says whether a file can be looked at from this machine: when its path leads to a share,
// or to a drive of this machine.
func seen(ctx context.Context, c *checks.Case, row fileRow) (path string, visible bool, err error) {
	if row.Device != diskDevice && row.Device != namedDiskDevice {
		return "", false, nil
	}
	switch {
	case isShare(row.Path):
		return row.Path, true, nil
	case !hasDrive(row.Path):
		return "", false, nil
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return "", false, err
	}
	return row.Path, strings.EqualFold(row.Machine, computer.Name), nil
}

// isShare reports whether a path is \\server\share\..., and no \\.\device or \\?\path.
func isShare(path string) bool {
	server, rest, found := strings.Cut(strings.TrimPrefix(path, `\\`), `\`)
	return strings.HasPrefix(path, `\\`) && found && rest != "" && server != "" && server != "." && server != "?"
}

// hasDrive reports whether a path is D:\....
func hasDrive(path string) bool {
	return len(path) > 3 && (path[0]|0x20 >= 'a' && path[0]|0x20 <= 'z') && path[1:3] == `:\`
}

func judgeFile(ctx context.Context, c *checks.Case, key, wanted, path string) checks.Item {
	file, err := platform.Ask(ctx, c, platform.ReadFile(path))
	item := checks.Item{Key: key, Wanted: wanted, Where: path}
	switch {
	case errors.Is(err, platform.ErrAbsent):
		item.Status, item.Found = checks.Failed, path+" is not there any more"
	case errors.Is(err, platform.ErrDenied):
		no := platform.Refuse(platform.ErrDenied, "%s may not be seen by this account", path)
		no.Help = "Look there with an account that may, or let this one read the folder; SQL Server wrote there with its own account."
		return checks.UnknownItem(key, wanted, no)
	case err != nil:
		return checks.UnknownItem(key, wanted, err)
	case file.Size == 0:
		item.Status, item.Found = checks.Failed, path+" is empty"
	default:
		item.Status, item.Found = checks.Passed, path+" is there"
	}
	return item
}

// worst is the first of the worst of a backup's files: it needs all of them.
func worst(files []checks.Item) checks.Item {
	statuses := make([]checks.Status, len(files))
	for i, file := range files {
		statuses[i] = file.Status
	}
	item := files[slices.Index(statuses, checks.Worst(statuses...))]
	if item.Status == checks.Passed && len(files) > 1 {
		item.Found = fmt.Sprintf("all %d are there", len(files))
	}
	return item
}

func unseenNote(rows []fileRow) string {
	row := rows[0]
	where := "was made by a backup program or lies on a device"
	switch {
	case row.Device == 9:
		where = "lies in Azure storage"
	case row.Device == 5:
		where = "lies on a tape"
	case row.Device == -1:
		where = "has no file in the history of msdb"
	case (row.Device == diskDevice || row.Device == namedDiskDevice) && row.Machine != "":
		where = "lies on a drive of " + row.Machine
	}
	return "The newest full backup " + where + ", where this machine cannot look; make sure that it is still there and can be restored."
}
