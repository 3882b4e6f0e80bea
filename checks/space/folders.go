package space

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Where a server keeps its content library is recorded with its distribution point: a folder,
// or \\server\share when the site's library was moved away. Temporary files are those of
// LocalSystem, as whom the service that updates the site runs: the system's own variable
// TEMP, which names its folder by other variables.
var (
	contentLibrary = platform.ReadText(`HKLM\SOFTWARE\Microsoft\SMS\DP`, "ContentLibraryPath")
	smsProvider    = platform.ReadKey(`HKLM\SOFTWARE\Microsoft\SMS\Providers`)
	systemTemp     = platform.ReadText(`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`, "TEMP")
)

// folder is a folder of this server that an update fills.
type folder struct {
	name, path   string
	fails, warns float64 // GB that its volume needs
}

func (f folder) wanted() string { return fmt.Sprintf("at least %g GB, better %g GB", f.fails, f.warns) }

// siteFolders finds the folders of a site, and makes an item for each that it cannot find.
func siteFolders(ctx context.Context, c *checks.Case, site discovery.Site) (folders []folder, unknown []checks.Item, notes []string) {
	install := folder{"installation folder", site.InstallDir, c.Setting("install_fails_below"), c.Setting("install_warns_below")}
	library := folder{"content library", "", c.Setting("library_fails_below"), c.Setting("library_warns_below")}

	_, provider, err := platform.Lookup(ctx, c, smsProvider)
	if err != nil {
		unknown = append(unknown, checks.UnknownItem("SMS Provider", "", err))
	}
	if provider {
		install.fails += c.Setting("provider_adds")
		install.warns += c.Setting("provider_adds")
	}
	folders = append(folders, install)

	path, recorded, err := platform.Lookup(ctx, c, contentLibrary)
	switch {
	case err != nil:
		unknown = append(unknown, checks.UnknownItem(library.name, library.wanted(), err))
	case !recorded || path == "":
		notes = append(notes, "The registry of this server does not say where the site's content library is. If it is on none of these volumes, look at its free space yourself.")
	default:
		library.path = string(path)
		folders = append(folders, library)
	}
	return folders, unknown, notes
}

// temporaryFiles is the folder that every set-up unpacks into, or an item when it cannot be found.
func temporaryFiles(ctx context.Context, c *checks.Case) (folders []folder, unknown []checks.Item) {
	temp := folder{"temporary files", "", c.Setting("temp_fails_below"), c.Setting("temp_warns_below")}
	var err error
	if temp.path, err = tempPath(ctx, c); err != nil {
		return nil, []checks.Item{checks.UnknownItem(temp.name, temp.wanted(), err)}
	}
	return []folder{temp}, nil
}

// tempPath is where services that run as LocalSystem keep temporary files.
func tempPath(ctx context.Context, c *checks.Case) (string, error) {
	text, err := platform.Ask(ctx, c, systemTemp)
	if err != nil {
		return "", err
	}
	variable, rest, found := strings.Cut(strings.TrimPrefix(string(text), "%"), "%")
	if !found || !strings.HasPrefix(string(text), "%") {
		return string(text), nil
	}
	root, err := platform.Ask(ctx, c, discovery.WindowsFolder)
	if err != nil {
		return "", err
	}
	switch strings.ToLower(variable) {
	case "systemroot", "windir":
		return string(root) + rest, nil
	case "systemdrive":
		drive, _, _ := strings.Cut(string(root), `\`)
		return drive + rest, nil
	}
	return "", platform.Refuse(platform.ErrUnsupported, "%s is %q, with a variable that siteready does not resolve", systemTemp, text)
}
