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

// siteFolders finds the folders of a site, and makes an item for each that it cannot find. The
// notes say which folder is not looked for.
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

	var note string
	library.path, note, err = findLibrary(ctx, c, site)
	switch {
	case err != nil:
		unknown = append(unknown, checks.UnknownItem(library.name, library.wanted(), err))
	case library.path != "":
		folders = append(folders, library)
	default:
		notes = append(notes, note)
	}
	return folders, unknown, notes
}

// libraryOn is the folder that the product makes for a content library at the root of a drive. It
// holds folders alone; the question is whether it is there.
func libraryOn(drive string) platform.Query[platform.Folder] {
	return platform.ReadFolder(drive+`\SCCMContentLib`, "*")
}

// findLibrary looks for the content library, which every site has: where the registry names it,
// and else on the drives of the site and of Windows. That it is in none of these places is an
// error, as nobody knows which volume to look at; but for a passive site server, where it is a
// note: the library of a site with two servers must be on a share before the second is added.
func findLibrary(ctx context.Context, c *checks.Case, site discovery.Site) (path, note string, err error) {
	named, recorded, err := platform.Lookup(ctx, c, contentLibrary)
	if err != nil || recorded && named != "" {
		return string(named), "", err
	}
	windows, err := discovery.WindowsDrive(ctx, c)
	if err != nil {
		return "", "", err
	}
	own, _, _ := strings.Cut(site.InstallDir, `\`)
	for _, drive := range []string{own, windows} {
		query := libraryOn(drive)
		_, found, err := platform.Lookup(ctx, c, query)
		switch {
		case err != nil:
			return "", "", err
		case found:
			return query.Where, "", nil
		}
	}
	if active, passive := discovery.PassiveHere(ctx, c); passive {
		return "", "This passive site server names no content library, and has none on its usual drives: the site keeps it on a share. Look at its room on " + active + ".", nil
	}
	no := platform.Refuse(platform.ErrUnsupported, "neither %s nor a folder SCCMContentLib on %s or %s tells where the content library is", contentLibrary, own, windows)
	no.Help = "Find the library: a folder SCCMContentLib on another drive, or a share. Look at the free space there, and accept this item with a waiver."
	return "", "", no
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
