package servicemanager

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func installFolder() checks.Check {
	return checks.Check{
		ID:          "smpredicted.folder",
		Title:       "Can Setup reach the folder of the installation?",
		Why:         "Setup replaces the files below the folder that the registry names, and tests before whether it can reach it.",
		Consequence: "Setup ends with the code 206, 207, 208 or 214, or leaves files of two releases.",
		Remedy:      "Bring the folder back to a local NTFS volume under the path that the registry has, or correct InstallDirectory.",
		Command:     `icacls "C:\Program Files\Microsoft System Center\Service Manager"`,
		Covers:      []string{"Setup can reach the installation folder"},
		Sources:     []string{pageProblems, pageCommandLine},
		Rights:      []string{discovery.RegistryRight, "Windows: list the installation folder and its volume"},
		Reads:       reads(platform.ReadFolder("{installation folder}", anyFile).Form(), platform.ReadVolume("{installation folder}").Form()),
		Run:         discovery.OnServiceManager(runInstallFolder),
	}
}

const (
	anyFile     = "*"
	longestPath = 200 // of 260 that a path may have, so that the files below find room
)

func runInstallFolder(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	item := checks.Item{
		Key: "installation folder", Found: sm.InstallDir, Wanted: "a local folder with files in it, on NTFS or ReFS", Where: "InstallDirectory in the registry", Status: checks.Passed,
	}
	fails := func(found string) (checks.Finding, error) {
		item.Status, item.Found = checks.Failed, sm.InstallDir+", "+found
		return checks.Items("Setup cannot use the folder of the installation.", item), nil
	}
	if len(sm.InstallDir) < 3 || sm.InstallDir[1:3] != `:\` {
		return fails("which is on no drive of this machine")
	}
	folder, found, err := platform.Lookup(ctx, c, platform.ReadFolder(sm.InstallDir, anyFile))
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !found:
		return fails("which is not there")
	case folder.Files > 0 && (folder.Oldest == nil || folder.Newest == nil):
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s has %d files and no times of them", sm.InstallDir, folder.Files)
	case folder.Files == 0:
		return fails("which has no file in it")
	case len(sm.InstallDir) > longestPath:
		item.Status, item.Found = checks.Warning, fmt.Sprintf("%d characters: %s", len(sm.InstallDir), sm.InstallDir)
		return checks.Items("The path of the installation is so long that files below it may find no room.", item), nil
	}
	volume, err := platform.Ask(ctx, c, platform.ReadVolume(sm.InstallDir))
	if err != nil {
		return checks.Items("The volume of the folder could not be looked at.", unread(item, err)), nil
	}
	if !strings.EqualFold(volume.FileSystem, "NTFS") && !strings.EqualFold(volume.FileSystem, "ReFS") {
		return fails("on " + volume.FileSystem)
	}
	return checks.Items("The folder of the installation is there.", item), nil
}
