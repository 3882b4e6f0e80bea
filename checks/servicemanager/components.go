package servicemanager

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

func components() checks.Check {
	return checks.Check{
		ID:    "smprereq.components",
		Title: "Are the Report Viewer and the Analysis Management Objects installed where Service Manager needs them?",
		Why: "Until 2019 the console and the management server need the Microsoft Report Viewer, and until 2022 the console and the portal need SQL Server's Analysis Management Objects. " +
			"By which sign Setup finds them is not documented; Windows' lists of installed programs are looked through for their names.",
		Consequence: "The prerequisite check of Setup warns or fails, and reports or cubes cannot be shown in the console.",
		Remedy:      "Install the Report Viewer from the media of Service Manager, with its language pack on a Windows that is not English, and the Analysis Management Objects from the feature pack of SQL Server.",
		Command:     `Get-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*, HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\* | Where-Object DisplayName -match 'Report Viewer|Analysis Management Objects'`,
		Covers:      []string{"Analysis Management Objects", "Report Viewer"},
		Sources:     []string{pageNeeds},
		Rights:      []string{discovery.RegistryRight},
		Reads: reads(append(programReads()[:2:2],
			platform.ReadKey(uninstallKey32).Form(), platform.ReadText(uninstallKey32+`\`+programHole, "DisplayName").Form())...),
		Run: discovery.OnServiceManager(runComponents),
	}
}

func runComponents(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	target := discovery.TargetOf(c, sm)
	var items []checks.Item
	if target.ReportViewer && (sm.Server == discovery.Management || sm.Console) {
		items = append(items, judgeComponent(ctx, c, "Report Viewer"))
	}
	if target.AnalysisObjects && (sm.Portal || sm.Console) {
		items = append(items, judgeComponent(ctx, c, "Analysis Management Objects"))
	}
	if len(items) == 0 {
		return checks.DoesNotApply(fmt.Sprintf("Service Manager %s needs neither of them for the %s", target.Version, strings.Join(sm.Parts(), " and "))), nil
	}
	finding := checks.Items(summaryOf(items, [3]string{
		"What Service Manager needs beside itself is installed.", "Something that Service Manager needs beside itself is not installed, as far as Windows' lists show.",
		"Whether all is installed that Service Manager needs beside itself is not known.",
	}), items...)
	if target.AnalysisObjects {
		finding.Notes = []string{"Microsoft's page asks for the Analysis Management Objects beside the databases, too, and on a server that has a console beside its own part. Those are not looked at."}
	}
	return finding, nil
}

// judgeComponent looks for a program in both lists. A language pack is not the program itself.
func judgeComponent(ctx context.Context, c *checks.Case, name string) checks.Item {
	item := checks.Item{Key: name, Found: "in neither list of installed programs", Wanted: "installed", Where: uninstallKey + ", and the same below WOW6432Node", Status: checks.Warning}
	for _, key := range []string{uninstallKey, uninstallKey32} {
		all, err := entries(ctx, c, key, name)
		if err != nil {
			return unread(item, err)
		}
		for _, p := range all {
			if !strings.Contains(strings.ToLower(p.name), "language pack") {
				item.Found, item.Status = p.name, checks.Passed
			}
		}
	}
	return item
}
