package security

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// The service of the Windows Installer starts when it is asked for. The policy is one of the
// Windows Installer's own; 2 forbids every installation, and 1 none that an update makes.
var (
	installerStart  = platform.ReadService("msiserver")
	installerPolicy = platform.ReadNumber(`HKLM\SOFTWARE\Policies\Microsoft\Windows\Installer`, "DisableMSI")
)

const (
	startDisabled    = "disabled"
	installsNothing  = 2
	installsManaged  = 1
	installerEnabled = 0
)

func installerService() checks.Check {
	return checks.Check{
		ID:          "security.installer",
		Title:       "May the Windows Installer install anything on the site server?",
		Why:         "An update brings packages of the Windows Installer, such as drivers for SQL Server. Hardened servers forbid it to install anything.",
		Consequence: "The update fails where it installs such a package, after its download and its check have passed.",
		Remedy:      "Take the policy \"Turn off Windows Installer\" from the site server for the time of the update, and let the service msiserver start manually.",
		Command:     `reg query "HKLM\SOFTWARE\Policies\Microsoft\Windows\Installer" /v DisableMSI`,
		Sources: []string{
			"https://learn.microsoft.com/windows/win32/msi/disablemsi",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#microsoft-windows-installer",
		},
		Rights: []string{discovery.RegistryRight, "Windows: query the state and configuration of services, which every user who is logged on at the server may"},
		Reads:  withSite(installerStart.Form(), installerPolicy.Form()),
		Run:    discovery.OnSite(runInstallerService),
	}
}

func runInstallerService(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	service := checks.Item{Key: "service msiserver", Wanted: "not disabled", Where: installerStart.String(), Status: checks.Passed}
	state, err := platform.Ask(ctx, c, installerStart)
	switch {
	case err != nil:
		service = checks.UnknownItem(service.Key, service.Wanted, err)
	default:
		service.Found = "starts " + state.Start
		if state.Start == startDisabled {
			service.Found, service.Status = startDisabled, checks.Warning
		}
	}
	policy := checks.Item{Key: "policy DisableMSI", Wanted: "not 2", Where: installerPolicy.String(), Found: "not set", Status: checks.Passed}
	disabled, err := lookup(ctx, c, installerPolicy)
	switch {
	case err != nil:
		policy = checks.UnknownItem(policy.Key, policy.Wanted, err)
	case disabled.is(installsNothing):
		policy.Found, policy.Status = "2, nothing may be installed", checks.Warning
	case disabled.is(installsManaged):
		policy.Found = "1, installations for the whole machine are allowed"
	case disabled.is(installerEnabled):
		policy.Found = "0, everything is allowed"
	case disabled.set:
		policy = checks.UnknownItem(policy.Key, policy.Wanted, platform.Refuse(platform.ErrUnsupported, "%s is %d, which is not documented", installerPolicy, disabled.value))
	}
	finding := checks.Items("The Windows Installer may install.", service, policy)
	switch finding.Status() {
	case checks.Warning:
		finding.Summary = "The Windows Installer is kept from installing."
	case checks.Unknown:
		finding.Summary = "Not everything could be read that decides about the Windows Installer."
	}
	return finding, nil
}
