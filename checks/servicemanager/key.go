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

var systemRoot = platform.ReadText(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "SystemRoot")

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
		},
		Sources: []string{pageKey, pageProblems, "https://learn.microsoft.com/system-center/scsm/prepare-disaster-recovery"},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the attributes of the files that the operator names",
		},
		Reads: reads(platform.ReadComputer().Form(), platform.ReadFile("{key backup}").Form(), platform.ReadKey(discovery.KeyForm(secureStorage)).Form(),
			platform.ReadVolume("{key backup}").Form(), systemRoot.Form()),
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
		items = append(items, judgeBackup(ctx, c, path, key.Written, hasKey))
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

const wantedBackup = "a file that is not empty, newer than the key and not on this server's own volume"

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

func judgeBackup(ctx context.Context, c *checks.Case, path string, written time.Time, hasKey bool) checks.Item {
	item := checks.Item{Key: path, Wanted: wantedBackup, Where: "the file, and the last write of the key below " + secureStorage, Status: checks.Passed}
	file, there, err := platform.Lookup(ctx, c, platform.ReadFile(path))
	switch {
	case err != nil:
		return unread(item, err)
	case !there:
		item.Status, item.Found = checks.Failed, "not there"
		return item
	case file.Size == 0:
		item.Status, item.Found = checks.Failed, "empty"
		return item
	}
	item.Found = "written " + day(file.Modified)
	switch {
	case hasKey && file.Modified.Before(written):
		item.Status = checks.Warning
		item.Found += ", before the key was last written, " + day(written) + ", and so the key may have changed"
	case !hasKey:
		return unread(item, platform.Refuse(platform.ErrUnsupported,
			"the registry has no key %s, by which the age of the encryption key is known, so it is not known whether %s is newer", secureStorage, path))
	}
	return judgePlace(ctx, c, path, item)
}

// judgePlace adds where a backup lies.
func judgePlace(ctx context.Context, c *checks.Case, path string, item checks.Item) checks.Item {
	if strings.HasPrefix(path, `\\`) {
		return item
	}
	root, err := platform.Ask(ctx, c, systemRoot)
	if err != nil {
		return unread(item, err)
	}
	its, err := platform.Ask(ctx, c, platform.ReadVolume(path))
	if err != nil {
		return unread(item, err)
	}
	if drive, _, _ := strings.Cut(string(root), `\`); strings.EqualFold(drive+`\`, its.Mount) {
		item.Status = checks.Warning
		item.Found += fmt.Sprintf(", on %s, where Windows of this server is", its.Mount)
	}
	return item
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
