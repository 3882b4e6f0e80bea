package system

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/version"
	"siteready/platform"
)

// updatePoints lists the software update points of this database's site, and how many there are.
// Without any there is one row without a server.
var updatePoints = platform.SQL[updatePointRow]("software-update-points", `
	SELECT ISNULL(u.ServerName, N'') AS server, COUNT(u.RoleName) OVER () AS points,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT N'SMS Software Update Point' AS role) r
	LEFT JOIN dbo.vSMS_SC_SysResUse u ON u.RoleName = r.role AND u.SiteCode = dbo.fnGetSiteCode()`)

type updatePointRow struct {
	Server string `json:"server"` // DNS name; empty when there is none
	Points int    `json:"points"`
}

// wsusMajor and wsusMinor are the least file version of the library: that of WSUS 4.0, of which
// the product says in its logs that it is the oldest it takes.
const wsusMajor, wsusMinor = 6, 2

// wsusLibrary is the library of WSUS through which the product talks to it. WSUS has it, and so
// has its console. Where .NET keeps it is known from public scripts.
func wsusLibrary(folder string) platform.Query[platform.File] {
	const name = "Microsoft.UpdateServices.Administration"
	return platform.ReadFile(strings.TrimSuffix(folder, `\`) + `\Microsoft.NET\assembly\GAC_MSIL\` + name + `\v4.0_4.0.0.0__31bf3856ad364e35\` + name + `.dll`)
}

func wsusConsole() checks.Check {
	return checks.Check{
		ID:          "system.wsus",
		Title:       "Is WSUS or its console on the site server of a site with software update points?",
		Why:         "The site server talks to WSUS on a software update point through a library that comes with WSUS and with its administration console.",
		Consequence: "The product's own prerequisite check warns, and software updates are not synchronised.",
		Remedy:      "Add the administration console of WSUS on the site server.",
		Command:     "Install-WindowsFeature UpdateServices-UI",
		Rules:       []string{"WSUS on site server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#wsus-on-site-server",
			"https://learn.microsoft.com/intune/configmgr/sum/plan-design/plan-for-software-updates",
		},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the attributes of files in the folder of Windows, which every user may",
			"SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database",
		},
		Reads: append(discovery.DatabaseReads(), discovery.WindowsFolder.Form(), wsusLibrary("{SystemRoot}").Form(),
			updatePoints.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnSite(runWSUSConsole),
	}
}

func runWSUSConsole(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at central administration and primary sites only"), nil
	}
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return checks.Finding{}, err
	}
	points, err := platform.Ask(ctx, c, updatePoints.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	for _, point := range points {
		if (point.Server != "") != (point.Points > 0) || len(points) != max(1, point.Points) {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed,
				"vSMS_SC_SysResUse of database %s on SQL Server %s is said to have %d software update points, and %d were listed, one of them as %q",
				d.Name, d.Instance, point.Points, len(points), point.Server)
		}
	}
	if points[0].Points == 0 {
		return checks.DoesNotApply("the site has no software update point"), nil
	}
	root, err := platform.Ask(ctx, c, discovery.WindowsFolder)
	switch {
	case err != nil:
		return checks.Finding{}, err
	case root == "":
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s is empty", discovery.WindowsFolder)
	}
	library := wsusLibrary(string(root))
	item := checks.Item{
		Key: "WSUS", Wanted: fmt.Sprintf("WSUS or its console, %d.%d or newer", wsusMajor, wsusMinor), Where: "file version of " + library.Where, Status: checks.Passed,
	}
	file, err := platform.Ask(ctx, c, library)
	switch {
	case errors.Is(err, platform.ErrAbsent):
		item.Found, item.Status = "neither of them", checks.Warning
		return checks.Items("Neither WSUS nor its console is on the site server.", item), nil
	case err != nil:
		return checks.Finding{}, err
	case file.Version == nil:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s has no version", library.Where)
	}
	found, err := version.Parse(*file.Version)
	if err != nil {
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s: %v", library.Where, err)
	}
	item.Found = *file.Version
	if found.Part(0) < wsusMajor || found.Part(0) == wsusMajor && found.Part(1) < wsusMinor {
		item.Status = checks.Warning
		return checks.Items("WSUS or its console on the site server is too old.", item), nil
	}
	return checks.Items("WSUS or its console is on the site server.", item), nil
}
