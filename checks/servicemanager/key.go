package servicemanager

import (
	"context"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// The encryption key lies below this key of the registry, as public tools of the product family
// know. Only when the key was last written is asked for, never a value.
const secureStorage = `\Common\MOMBins`

func encryptionKey() checks.Check {
	return checks.Check{
		ID:    "smserver.encryption-key",
		Title: "Is there a backup of this server's encryption key?",
		Why: "When an upgrade fails after Setup has changed a server for good, the server is installed anew, and then needs the key that only this server has. " +
			"Nothing records whether the key was saved, so the operator names the file: --key-backup, or key_backups in the configuration.",
		Consequence: "Without the key the old version cannot be joined to its databases again; accounts and connectors with passwords are lost.",
		Remedy:      "Run SecureStorageBackup.exe from Tools\\SecureStorageBackup of the installation media on this server, and keep the file and its password on another machine.",
		Command:     `SecureStorageBackup.exe`,
		Covers: []string{
			"A backup of the encryption key is named", "The key backup is there and on another volume", "The key backup is newer than the key",
			"The key backup is newer than the installation",
		},
		Sources: []string{pageKey, pageProblems, "https://learn.microsoft.com/system-center/scsm/prepare-disaster-recovery"},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the attributes of the files that the operator names",
		},
		Reads: reads(append(programReads()[:2:2], platform.ReadText(uninstallKey+`\`+programHole, "InstallDate").Form(),
			platform.ReadComputer().Form(), platform.ReadFile("{key backup}").Form(), platform.ReadKey(discovery.KeyForm(secureStorage)).Form(),
			platform.ReadVolume("{key backup}").Form(), discovery.WindowsFolder.Form())...),
		Run: discovery.OnServiceManager(runEncryptionKey),
	}
}

func serverStatements() []checks.Statement {
	return []checks.Statement{{
		ID:     "smserver.key-password",
		Text:   "The passwords of all backups of encryption keys are known to the people who would restore a server.",
		Why:    "The password cannot be recovered, and without it the file is of no use.",
		Source: pageKey,
	}}
}

func runEncryptionKey(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	if sm.Server == "" && !sm.Portal {
		return checks.DoesNotApply("a console has no encryption key"), nil
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return checks.Finding{}, err
	}
	key, hasKey, err := platform.Lookup(ctx, c, platform.ReadKey(sm.Key(secureStorage)))
	if err != nil {
		return checks.Finding{}, err
	}
	files := named(c, computer)
	if len(files) == 0 {
		no := platform.Refuse(platform.ErrNotRecorded, "nobody said where the backup of the encryption key of %s is", computer.FQDN)
		no.Help = "Name the file with --key-backup SERVER=PATH, or below key_backups in the configuration."
		return checks.Items("Whether the encryption key was saved is not known.", checks.UnknownItem("key backup", wantedBackup, no)), nil
	}
	var items []checks.Item
	for _, path := range files {
		item, saved := judgeBackup(ctx, c, path, key.Written, hasKey)
		if item.Status == checks.Passed {
			item = judgeSince(ctx, c, item, saved)
		}
		items = append(items, item)
	}
	summary := "The encryption key was saved."
	switch {
	case checks.Count(items, checks.Failed) > 0:
		summary = "A backup of the encryption key is missing or empty."
	case checks.Count(items, checks.Unknown) > 0:
		summary = "Whether the encryption key was saved is not known."
	case checks.Count(items, checks.Warning) > 0:
		summary = "The backup of the encryption key may be of no use."
	}
	return checks.Items(summary, items...), nil
}

const wantedBackup = "a file that is not empty, newer than the key and the installation, and not on this server's own volume"

// named are the files that the operator named for this server. A file without a server is this
// one's.
func named(c *checks.Case, computer platform.Computer) []string {
	var files []string
	for _, b := range c.KeyBackups {
		if b.Server == "" || strings.EqualFold(b.Server, computer.FQDN) || strings.EqualFold(b.Server, computer.Name) {
			files = append(files, b.Path)
		}
	}
	return files
}

// installedOn is the day on which the oldest part of Service Manager that Windows lists was
// installed here. Windows Installer writes the day anew when it repairs or updates a part; after
// a server was installed anew, all parts have a later one.
func installedOn(ctx context.Context, c *checks.Case) (time.Time, error) {
	parts, err := entries(ctx, c, uninstallKey, "Service Manager")
	if err != nil {
		return time.Time{}, err
	}
	var oldest time.Time
	for _, part := range parts {
		query := platform.ReadText(uninstallKey+`\`+part.key, "InstallDate")
		text, found, err := platform.Lookup(ctx, c, query)
		if err != nil {
			return time.Time{}, err
		}
		if !found {
			continue
		}
		date, err := time.Parse("20060102", string(text))
		if err != nil {
			return time.Time{}, platform.Refuse(platform.ErrMalformed, "%s is %q, and no day", query, string(text))
		}
		if oldest.IsZero() || date.Before(oldest) {
			oldest = date
		}
	}
	if oldest.IsZero() {
		return time.Time{}, platform.Refuse(platform.ErrUnsupported, "%s does not tell when Service Manager was installed here, so it is not known whether the backup of the key is newer", uninstallKey)
	}
	return oldest, nil
}

// eastmost is how long before midnight UTC a day begins in the first time zone.
const eastmost = 14 * time.Hour

// judgeSince adds to a good backup whether it is from before the day of the installation, as
// that day was anywhere.
func judgeSince(ctx context.Context, c *checks.Case, item checks.Item, saved time.Time) checks.Item {
	since, err := installedOn(ctx, c)
	if err != nil {
		return unread(item, err)
	}
	if saved.Before(since.Add(-eastmost)) {
		item.Status = checks.Warning
		item.Found += fmt.Sprintf(", before Service Manager was installed, repaired or updated here on %s", since.Format(time.DateOnly))
	}
	return item
}

// judgeBackup judges a file that was named, and says when it was written.
func judgeBackup(ctx context.Context, c *checks.Case, path string, written time.Time, hasKey bool) (checks.Item, time.Time) {
	item := checks.Item{Key: path, Wanted: wantedBackup, Where: "the file, and the last write of the key below " + secureStorage, Status: checks.Passed}
	file, there, err := platform.Lookup(ctx, c, platform.ReadFile(path))
	switch {
	case err != nil:
		return unread(item, err), time.Time{}
	case !there:
		item.Status, item.Found = checks.Failed, "not there"
		return item, time.Time{}
	case file.Size == 0:
		item.Status, item.Found = checks.Failed, "empty"
		return item, time.Time{}
	}
	item.Found = "written " + day(file.Modified)
	switch {
	case hasKey && file.Modified.Before(written):
		item.Status = checks.Warning
		item.Found += ", before the key was last written, " + day(written) + ", and so the key may have changed"
	case !hasKey:
		item = unread(item, platform.Refuse(platform.ErrUnsupported,
			"the registry has no key %s, by which the age of the encryption key is known, so it is not known whether %s is newer", secureStorage, path))
		return item, file.Modified
	}
	return judgePlace(ctx, c, path, item), file.Modified
}

// judgePlace adds where a backup lies.
func judgePlace(ctx context.Context, c *checks.Case, path string, item checks.Item) checks.Item {
	if strings.HasPrefix(path, `\\`) {
		return item
	}
	drive, err := discovery.WindowsDrive(ctx, c)
	if err != nil {
		return unread(item, err)
	}
	its, err := platform.Ask(ctx, c, platform.ReadVolume(path))
	if err != nil {
		return unread(item, err)
	}
	if strings.EqualFold(drive+`\`, its.Mount) {
		item.Status = checks.Warning
		item.Found += fmt.Sprintf(", on %s, where Windows of this server is", its.Mount)
	}
	return item
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
