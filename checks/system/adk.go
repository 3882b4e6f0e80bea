package system

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/checks/version"
	"siteready/platform"
)

// kitsRoot is the folder of the Windows Kits, which the set-up of the ADK leaves in the view of
// 32-bit programs.
var kitsRoot = platform.ReadText(`HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows Kits\Installed Roots`, "KitsRoot10")

// Parts of the ADK, each with a file that it cannot do without. Which file the product's rules
// look at is not documented.
const (
	deploymentTools = `Deployment Tools\amd64\DISM\dism.exe`
	windowsPE       = `Windows Preinstallation Environment\amd64\en-us\winpe.wim`
	migrationTool   = `User State Migration Tool\amd64\scanstate.exe`
)

func kitFile(folder, part string) platform.Query[platform.File] {
	return platform.ReadFile(strings.TrimSuffix(folder, `\`) + `\Assessment and Deployment Kit\` + part)
}

func deploymentKit() checks.Check {
	const folder = "{folder of the Windows Kits}"
	return checks.Check{
		ID:          "system.adk",
		Title:       "Is a supported Windows ADK installed where it is needed?",
		Why:         "The update builds new boot images with the Windows ADK, on the computers of the SMS Provider, and looks for its migration tool on the site server.",
		Consequence: "The product's own prerequisite check stops the update when a part is missing. With a version that is not supported boot images may not work.",
		Remedy:      "Install the Windows ADK, with the Deployment Tools and the User State Migration Tool, and the Windows PE add-on of the same version; uninstall an older ADK first. 10.1.26100.2454 is the newest that is supported.",
		Command:     "adksetup.exe /quiet /features OptionId.DeploymentTools OptionId.UserStateMigrationTool",
		Rules:       []string{"USMT installed", "Windows Deployment Tools installed", "Windows PE installed"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/support-for-windows-adk",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#usmt-installed",
		},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the attributes of files of the Windows ADK, which every user may", servers.Right,
			"Windows, where the SMS Provider is on another server: the right to read its registry over the network and its administrative share",
		},
		Reads: append(discovery.DatabaseReads(), platform.ReadComputer().Form(), servers.Form(),
			kitsRoot.Form(), kitsRoot.At("{SMS Provider}").Form(),
			kitFile(folder, deploymentTools).Form(), kitFile(folder, windowsPE).Form(), kitFile(folder, migrationTool).Form()),
		Run: discovery.OnSite(runDeploymentKit),
	}
}

func runDeploymentKit(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary {
		return checks.DoesNotApply("the rules look at central administration and primary sites only"), nil
	}
	var items []checks.Item
	here, elsewhere, err := providers(ctx, c, site)
	if err != nil {
		items = append(items, checks.UnknownItem("SMS Provider", "the Deployment Tools and Windows PE where it is", err))
	}
	var parts []part
	if here {
		parts = append(parts, part{"Deployment Tools", deploymentTools}, part{"Windows PE", windowsPE})
	}
	if site.Type == discovery.CAS || site.Parent == "" {
		parts = append(parts, part{"User State Migration Tool", migrationTool})
	}
	if len(parts) > 0 {
		items = append(items, kit{}.judge(ctx, c, parts)...)
	}
	for _, server := range elsewhere {
		items = append(items, kit{server}.judge(ctx, c, []part{{"Deployment Tools", deploymentTools}, {"Windows PE", windowsPE}})...)
	}
	return checks.Items(summaryOfKit(items, c.Target.Version), items...), nil
}

func summaryOfKit(items []checks.Item, target string) string {
	switch {
	case checks.Count(items, checks.Failed) > 0:
		return "A part of the Windows ADK is missing."
	case checks.Count(items, checks.Unknown) > 0:
		return "Not every part of the Windows ADK could be looked for."
	case checks.Count(items, checks.Warning) > 0:
		return fmt.Sprintf("The version of the Windows ADK is not among those that %s supports.", target)
	}
	return "The parts of the Windows ADK that are needed are there; where a part tells its version, it is supported."
}

// providers says whether the site's SMS Provider is on this machine, and on which others.
func providers(ctx context.Context, c *checks.Case, site discovery.Site) (here bool, elsewhere []string, err error) {
	database, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return false, nil, err
	}
	rows, err := platform.Ask(ctx, c, servers.Listed(database))
	if err != nil {
		return false, nil, err
	}
	own, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return false, nil, err
	}
	for _, row := range rows {
		switch {
		case row.Provider != 1 || !strings.EqualFold(row.Site, site.Code):
		case servers.IsOwn(own, row.Server):
			here = true
		default:
			elsewhere = append(elsewhere, row.Server)
		}
	}
	if !here && len(elsewhere) == 0 {
		return false, nil, platform.Refuse(platform.ErrMalformed,
			"database %s on SQL Server %s lists no SMS Provider of site %s", database.Name, database.Instance, site.Code)
	}
	slices.Sort(elsewhere)
	return here, elsewhere, nil
}

// part is a part of the ADK and the file that shows it.
type part struct{ name, file string }

// kit is the ADK on a server; with an empty one on this machine.
type kit struct{ server string }

// key names an item.
func (k kit) key(what string) string {
	if k.server == "" {
		return what
	}
	return k.server + " " + what
}

// path is the way to a folder of the server.
func (k kit) path(folder string) (string, error) {
	if k.server == "" {
		return folder, nil
	}
	if len(folder) < 3 || folder[1] != ':' {
		return "", platform.Refuse(platform.ErrMalformed, "%s is %q, which begins with no drive", kitsRoot.At(k.server), folder)
	}
	return `\\` + k.server + `\` + folder[:1] + `$` + folder[2:], nil
}

// judge looks for the parts and for their version.
func (k kit) judge(ctx context.Context, c *checks.Case, parts []part) []checks.Item {
	query := kitsRoot
	if k.server != "" {
		query = kitsRoot.At(k.server)
	}
	const wanted = "installed"
	folder, found, err := platform.Lookup(ctx, c, query)
	if err != nil {
		return []checks.Item{checks.UnknownItem(k.key("Windows ADK"), wanted, err)}
	}
	if !found {
		var items []checks.Item
		for _, p := range parts {
			items = append(items, checks.Item{Key: k.key(p.name), Found: "no Windows ADK is installed", Wanted: wanted, Where: query.String(), Status: checks.Failed})
		}
		return items
	}
	root, err := k.path(string(folder))
	if err != nil {
		return []checks.Item{checks.UnknownItem(k.key("Windows ADK"), wanted, err)}
	}
	var items []checks.Item
	for _, p := range parts {
		items = append(items, k.judgePart(ctx, c, p, root))
	}
	return items
}

// judgePart judges one part. Windows PE has no version of its own: its file is an image.
func (k kit) judgePart(ctx context.Context, c *checks.Case, p part, root string) checks.Item {
	query := kitFile(root, p.file)
	item := checks.Item{Key: k.key(p.name), Wanted: "installed", Where: query.String()}
	if p.file != windowsPE {
		item.Wanted = "10.1 with build " + oneOf(c.Target.ADK)
	}
	file, found, err := platform.Lookup(ctx, c, query)
	switch {
	case err != nil:
		return checks.UnknownItem(item.Key, item.Wanted, err)
	case !found:
		item.Status, item.Found = checks.Failed, "not installed"
		return item
	case p.file == windowsPE:
		item.Status, item.Found = checks.Passed, "installed"
		return item
	case file.Version == nil:
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed, "%s has no version", query))
	}
	installed, err := version.Parse(*file.Version)
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed, "%s: %v", query, err))
	}
	item.Found, item.Status = fmt.Sprintf("build %d", installed.Part(2)), checks.Passed
	if !slices.Contains(c.Target.ADK, installed.Part(2)) {
		item.Status = checks.Warning
	}
	return item
}

func oneOf(builds []uint32) string {
	var all []string
	for _, b := range builds {
		all = append(all, fmt.Sprint(b))
	}
	return strings.Join(all, ", ")
}
