package space

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const ntfs = "NTFS"

func fileSystem() checks.Check {
	return checks.Check{
		ID:          "space.file-system",
		Title:       "Is the site server installed on a volume with NTFS?",
		Why:         "The product protects its files by the permissions of NTFS, and Microsoft wants its server on no other file system.",
		Consequence: "The product's own prerequisite check warns, and an unattended update stops at a warning.",
		Remedy:      "Move the site server to a volume with NTFS: back the site up, and recover it there.",
		Command:     "Get-Volume | Select-Object DriveLetter, FileSystemType",
		Rules:       []string{"NTFS drive on site server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#ntfs-drive-on-site-server",
		},
		Rights: []string{discovery.RegistryRight, "Windows: list the volume of the installation folder"},
		Reads:  append(discovery.SiteReads(), platform.ReadVolume("{installation folder}").Form()),
		Run:    discovery.OnSite(runFileSystem),
	}
}

func runFileSystem(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type != discovery.Primary {
		return checks.DoesNotApply("the rule looks at primary sites only"), nil
	}
	volume, err := platform.Ask(ctx, c, platform.ReadVolume(site.InstallDir))
	if err != nil {
		return checks.Finding{}, err
	}
	if volume.FileSystem == "" {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "the volume %s of %s has no file system that Windows names", volume.Mount, site.InstallDir)
	}
	item := checks.Item{
		Key: "volume " + volume.Mount, Found: volume.FileSystem, Wanted: ntfs, Where: "the volume of " + site.InstallDir, Status: checks.Passed,
	}
	if strings.EqualFold(volume.FileSystem, ntfs) {
		return checks.Items("The site server is installed on a volume with NTFS.", item), nil
	}
	item.Status = checks.Warning
	return checks.Items("The site server is installed on a volume without NTFS.", item), nil
}
