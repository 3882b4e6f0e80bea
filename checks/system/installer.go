package system

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// minInstaller is the lowest Windows Installer that the product's rule accepts.
var minInstaller = version.MustParse("4.5")

func installerFile(folder string) platform.Query[platform.File] {
	return platform.ReadFile(strings.TrimSuffix(folder, `\`) + `\System32\msi.dll`)
}

func windowsInstaller() checks.Check {
	return checks.Check{
		ID:          "system.windows-installer",
		Title:       "Is the Windows Installer new enough?",
		Why:         "The update installs its parts as Windows Installer packages.",
		Consequence: "The product's own prerequisite check stops the update when it cannot find version 4.5 or newer.",
		Remedy:      "Repair Windows: every supported Windows Server has version 5. The repair changes system files, so restart afterwards, well before the update.",
		Command:     "sfc /scannow",
		Rules:       []string{"Microsoft Windows Installer"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#microsoft-windows-installer",
		},
		Rights: []string{discovery.RegistryRight, "Windows: read the attributes of System32\\msi.dll, which every user may"},
		Reads:  append(discovery.SiteReads(), discovery.WindowsFolder.Form(), installerFile("{folder of Windows}").Form()),
		Run:    discovery.OnSite(runWindowsInstaller),
	}
}

func runWindowsInstaller(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	folder, err := platform.Ask(ctx, c, discovery.WindowsFolder)
	if err != nil {
		return checks.Finding{}, err
	}
	query := installerFile(string(folder))
	item := checks.Item{Key: "Windows Installer", Wanted: minInstaller.String() + " or newer", Where: query.String()}
	file, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !found:
		item.Status, item.Found = checks.Failed, "msi.dll is not there"
		return checks.Items("The Windows Installer is not there.", item), nil
	case file.Version == nil:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s has no version", query)
	}
	installed, err := version.Parse(*file.Version)
	if err != nil {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s: %v", query, err)
	}
	item.Found = installed.String()
	if installed.Less(minInstaller) {
		item.Status = checks.Failed
		return checks.Items(fmt.Sprintf("Version %s of the Windows Installer is too old.", installed), item), nil
	}
	item.Status = checks.Passed
	return checks.Items(fmt.Sprintf("Version %s of the Windows Installer is there.", installed), item), nil
}
