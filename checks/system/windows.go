package system

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
)

// Builds of the two releases whose support has ended for every site system. They are the
// kernel's numbers 6.2 and 6.3.
const (
	build2012   = 9200
	build2012R2 = 9600
)

func operatingSystem() checks.Check {
	return checks.Check{
		ID:          "system.windows",
		Title:       "Does this server run on a supported version of Windows Server?",
		Why:         "From 2403 on the update of Configuration Manager refuses to install on Windows Server 2012 and 2012 R2. Each release of Service Manager supports two or three releases of Windows.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Upgrade the operating system in place to a supported release, restart the server, and run this check again.",
		Rules:       []string{"Windows Server 2012/R2 lifecycle", "Unsupported OS for site server"},
		Covers:      []string{"Supported version of Windows Server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/supported-operating-systems-for-site-system-servers",
			"https://learn.microsoft.com/system-center/scsm/system-requirements",
		},
		Rights: []string{"Windows: none"},
		Reads:  append(discovery.HereReads(), platform.ReadOSVersion().Form()),
		Run:    discovery.OnProducts(runOperatingSystem),
	}
}

func runOperatingSystem(ctx context.Context, c *checks.Case, here discovery.Here) (checks.Finding, error) {
	alone := here.ServiceManager != nil && here.ServiceManager.Console // a console runs on clients, too
	if alone && here.Site == nil {
		return checks.DoesNotApply("only a console of Service Manager is here"), nil
	}
	os, err := platform.Ask(ctx, c, platform.ReadOSVersion())
	if err != nil {
		return checks.Finding{}, err
	}
	switch {
	case here.ServiceManager == nil || alone:
		return windowsOfSite(c, os), nil
	case here.Site == nil:
		return windowsOfServiceManager(discovery.TargetOf(c, *here.ServiceManager), os), nil
	}
	site, sm := windowsOfSite(c, os), windowsOfServiceManager(discovery.TargetOf(c, *here.ServiceManager), os)
	return checks.Items(site.Summary+" "+sm.Summary, append(site.Items, sm.Items...)...), nil
}

// windowsOfServiceManager judges Windows for a target of Service Manager.
func windowsOfServiceManager(target requirement.ServiceManagerRelease, os platform.OSVersion) checks.Finding {
	number := fmt.Sprintf("%d.%d.%d", os.Major, os.Minor, os.Build)
	item := checks.Item{
		Key: requirement.ServiceManager.Name(), Found: number, Wanted: "one of " + names(target.Windows), Where: "RtlGetVersion, and InstallationType in the registry",
		Status: checks.Passed,
	}
	name, supported := release(target.Windows, os.Build)
	if supported {
		item.Found = fmt.Sprintf("%s (%s)", name, number)
	}
	newest := target.Windows[len(target.Windows)-1]
	fails := func(status checks.Status, summary string) checks.Finding {
		item.Status = status
		return checks.Items(summary, item)
	}
	switch {
	case os.Installation == nil:
		return checks.Items("The kind of installation is not known.", checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed,
			"the registry does not say whether this is a Server Core installation")))
	case os.Workstation:
		return fails(checks.Failed, "This is a client edition of Windows; Service Manager needs Windows Server.")
	case !supported && os.Build > newest.Build:
		return fails(checks.Warning, fmt.Sprintf("Build %d of Windows is newer than %s, the newest that Service Manager %s is known to support.", os.Build, newest.Name, target.Version))
	case !supported:
		return fails(checks.Failed, fmt.Sprintf("Build %d of Windows is not among the releases that Service Manager %s supports.", os.Build, target.Version))
	case target.Core && strings.EqualFold(*os.Installation, "Server Core"):
		item.Found += ", Server Core"
		return checks.Items(fmt.Sprintf("%s is supported by Service Manager %s, with Server Core, too.", name, target.Version), item)
	case !strings.EqualFold(*os.Installation, "Server"):
		item.Found += ", " + *os.Installation
		return fails(checks.Warning, fmt.Sprintf("Microsoft's page does not name this kind of installation for Service Manager %s.", target.Version))
	}
	return checks.Items(fmt.Sprintf("%s is supported by Service Manager %s.", name, target.Version), item)
}

// windowsOfSite judges Windows for a site server.
func windowsOfSite(c *checks.Case, os platform.OSVersion) checks.Finding {
	number := fmt.Sprintf("%d.%d.%d", os.Major, os.Minor, os.Build)
	item := checks.Item{
		Key: "site server", Found: number, Wanted: "one of " + names(c.Target.Windows), Where: "RtlGetVersion, and InstallationType in the registry",
	}
	name, supported := release(c.Target.Windows, os.Build)
	newest := c.Target.Windows[len(c.Target.Windows)-1]
	var summary string
	switch {
	case os.Workstation:
		item.Status = checks.Failed
		summary = "This is a client edition of Windows; a site server needs Windows Server."
	case os.Build == build2012 || os.Build == build2012R2:
		item.Status = checks.Failed
		summary = fmt.Sprintf("Windows Server 2012 and 2012 R2 are not supported by %s.", c.Target.Version)
	case os.Installation == nil:
		item = checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrMalformed,
			"the registry does not say whether this is a Server Core installation, which is not supported for a site server"))
		summary = "The kind of installation is not known."
	case strings.EqualFold(*os.Installation, "Server Core"):
		item.Status, item.Found = checks.Failed, number+", Server Core"
		summary = "This is a Server Core installation, which is supported for distribution points only."
	case !strings.EqualFold(*os.Installation, "Server"):
		item = checks.UnknownItem(item.Key, item.Wanted, platform.Refuse(platform.ErrUnsupported,
			"the registry calls the kind of installation %q, which is not known here", *os.Installation))
		summary = "The kind of installation is not known."
	case supported:
		item.Status = checks.Passed
		item.Found = fmt.Sprintf("%s (%s)", name, number)
		summary = name + " is supported."
	case os.Build > newest.Build:
		item.Status = checks.Warning
		summary = fmt.Sprintf("Build %d of Windows is newer than %s, the newest that %s is known to support.", os.Build, newest.Name, c.Target.Version)
	default:
		item.Status = checks.Failed
		summary = fmt.Sprintf("Build %d of Windows is not among the releases that %s supports.", os.Build, c.Target.Version)
	}
	return checks.Items(summary, item)
}

func release(list []requirement.Windows, build uint32) (name string, found bool) {
	for _, w := range list {
		if w.Build == build {
			return w.Name, true
		}
	}
	return "", false
}

func names(list []requirement.Windows) string {
	var all []string
	for _, w := range list {
		all = append(all, strings.TrimPrefix(w.Name, "Windows Server "))
	}
	return "Windows Server " + strings.Join(all, ", ")
}
