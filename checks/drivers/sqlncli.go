package drivers

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const nativeClientKey = `HKLM\SOFTWARE\Microsoft\SQLNCLI11`

var nativeClientVersion = platform.ReadText(nativeClientKey, "InstalledVersion")

func sqlNativeClient() checks.Check {
	return checks.Check{
		ID:          "drivers.sqlncli",
		Title:       "Is a good version of the SQL Server Native Client installed?",
		Why:         "Up to 2509 parts of the site server still use the Native Client, and an old one cannot speak TLS 1.2.",
		Consequence: "The product's own prerequisite check warns, and an unattended update stops at a warning.",
		Remedy:      "Install the Native Client of SQL Server 2012 SP4, version 11.4.7001.0. It lies in the downloaded update, in EasySetupPayload\\<package>\\redist, as sqlncli.msi.",
		Command:     `msiexec /i sqlncli.msi /qb IACCEPTSQLNCLILICENSETERMS=YES`,
		Rules:       []string{"SQL Server Native Client"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#sql-server-native-client",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/changes/whats-new-in-version-2603",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  append(discovery.SiteReads(), nativeClientVersion.Form()),
		Run:    discovery.OnSite(runNativeClient),
	}
}

func runNativeClient(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	item := checks.Item{
		Key: "SQL Server Native Client", Wanted: c.Target.MinNativeClient.String() + " or newer", Where: nativeClientVersion.String(),
	}
	found, ok, err := installed(ctx, c, nativeClientVersion)
	if err != nil {
		return checks.Finding{}, err
	}
	var summary string
	item.Found = found.String()
	switch {
	case !ok:
		item.Status, item.Found = checks.Warning, "not installed"
		summary = "The SQL Server Native Client is not installed."
	case found.Less(c.Target.MinNativeClient):
		item.Status = checks.Warning
		summary = fmt.Sprintf("Version %s of the SQL Server Native Client is too old.", found)
	default:
		item.Status = checks.Passed
		summary = fmt.Sprintf("Version %s of the SQL Server Native Client is installed.", found)
	}
	if !c.Target.NativeClientOptional {
		return checks.Items(summary, item), nil
	}
	item.Status, item.Wanted = checks.Passed, "nothing: the product no longer uses it"
	finding := checks.Items(fmt.Sprintf("%s no longer uses the SQL Server Native Client.", c.Target.Version), item)
	finding.Notes = append(finding.Notes, fmt.Sprintf(
		"Microsoft's pages disagree on removing the Native Client, so leave it until every site runs %s. The product's own check has been seen to warn about a missing or old one even so.", c.Target.Version))
	return finding, nil
}
