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
		Title:       "Does the site server run on a supported version of Windows Server?",
		Why:         "From 2403 on the update refuses to install on Windows Server 2012 and 2012 R2.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "Upgrade the operating system in place to a supported release, restart the server, and run this check again.",
		Rules:       []string{"Windows Server 2012/R2 lifecycle", "Unsupported OS for site server"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks",
			"https://learn.microsoft.com/intune/configmgr/core/plan-design/configs/supported-operating-systems-for-site-system-servers",
		},
		Rights: []string{"Windows: none"},
		Reads:  append(discovery.SiteReads(), platform.ReadOSVersion().Form()),
		Run:    discovery.OnSite(runOperatingSystem),
	}
}

func runOperatingSystem(ctx context.Context, c *checks.Case, _ discovery.Site) (checks.Finding, error) {
	os, err := platform.Ask(ctx, c, platform.ReadOSVersion())
	if err != nil {
		return checks.Finding{}, err
	}
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
	return checks.Items(summary, item), nil
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
