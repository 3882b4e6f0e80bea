package site

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Windows notes here what is installed: programs of 64 bits, and of 32.
const (
	programs64  = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
	programs32  = `HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall`
	eachProgram = `\{each program}`
	displayName = "DisplayName"
)

// assessmentTool is how Microsoft's pages call it, with and without the product's name before;
// its rule says Toolkit. Under which name it is registered no document says.
const assessmentTool = "upgrade assessment tool"

func upgradeAssessment() checks.Check {
	return checks.Check{
		ID:          "site.upgrade-assessment",
		Title:       "Is the Upgrade Assessment Tool not installed?",
		Why:         "The Upgrade Assessment Tool stands on the Application Compatibility Toolkit, of which there is no new version. Upgrade Readiness took its place, and is retired too.",
		Consequence: "The product's own prerequisite check warns; an update that is not told to ignore warnings does not go on.",
		Remedy:      "Remove the tool in Programs and Features.",
		Command:     "Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*', 'HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*' | Where-Object DisplayName -like '*Upgrade Assessment Tool*' | Select-Object DisplayName, DisplayVersion",
		Rules:       []string{"Upgrade Assessment Toolkit is unsupported"},
		Sources: []string{
			pageRules + "#upgrade-assessment-toolkit-is-unsupported",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/deprecated/removed-and-deprecated-cmfeatures",
			"https://learn.microsoft.com/windows/win32/msi/uninstall-registry-key",
		},
		Rights: []string{discovery.RegistryRight},
		Reads: append(discovery.SiteReads(), platform.ReadKey(programs64).Form(), platform.ReadText(programs64+eachProgram, displayName).Form(),
			platform.ReadKey(programs32).Form(), platform.ReadText(programs32+eachProgram, displayName).Form()),
		Run: discovery.OnSite(runUpgradeAssessment),
	}
}

func runUpgradeAssessment(ctx context.Context, c *checks.Case, s discovery.Site) (checks.Finding, error) {
	if s.Type == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at central administration and primary sites only"), nil
	}
	const key, wanted = "Upgrade Assessment Tool", "not installed"
	programs := 0
	for _, place := range []string{programs64, programs32} {
		list, err := platform.Ask(ctx, c, platform.ReadKey(place))
		if err != nil {
			return checks.Finding{}, err
		}
		if list.More {
			return checks.Finding{}, platform.Refuse(platform.ErrTooLarge, "%s has more than %d programs", place, platform.MaxNames)
		}
		for _, program := range list.Subkeys {
			name, _, err := platform.Lookup(ctx, c, platform.ReadText(place+`\`+program, displayName)) // many parts of programs have none
			if err != nil {
				return checks.Finding{}, err
			}
			if strings.Contains(strings.ToLower(string(name)), assessmentTool) {
				item := checks.Item{Key: key, Found: string(name), Wanted: wanted, Where: place + `\` + program, Status: checks.Warning}
				return checks.Items("The Upgrade Assessment Tool is installed.", item), nil
			}
		}
		programs += len(list.Subkeys)
	}
	if programs == 0 { // no server is without a program
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "%s and %s list no program at all", programs64, programs32)
	}
	item := checks.Item{Key: key, Found: fmt.Sprintf("not among the %d installed programs", programs), Wanted: wanted, Where: programs64 + ", " + programs32, Status: checks.Passed}
	return checks.Items("The Upgrade Assessment Tool is not installed.", item), nil
}
