package site

import (
	"cmp"
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
)

func updatePath() checks.Check {
	return checks.Check{
		ID:          "site.update-path",
		Title:       "May a site of this version be updated to the target?",
		Why:         "Each release can be installed over a few releases before it, and over no older one.",
		Consequence: "The update is not offered to the site, or does not install.",
		Remedy:      "Update to a release in between first; `siteready --target` judges the site for it.",
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/updates",
			"https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2603",
		},
		Rights: []string{discovery.RegistryRight},
		Reads:  discovery.SiteReads(),
		Run:    discovery.OnSite(runUpdatePath),
	}
}

func runUpdatePath(_ context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	target, build := c.Target, site.Version.Part(2)
	item := checks.Item{
		Key: "site " + site.Code, Found: site.Version.String(),
		Wanted: fmt.Sprintf("%s (build %d) or newer", target.MinSource, target.MinBuild),
		Where:  "Full Version of the site's set-up in the registry",
	}
	switch {
	case build == target.Build:
		return checks.DoesNotApply("the site already runs " + target.Version), nil
	case build > requirement.DefaultTarget(0).Build:
		item.Status, item.Wanted = checks.Warning, "a release that this siteready knows"
		return checks.Items("The site is newer than every release that this siteready knows.", item), nil
	case build > target.Build:
		item.Status, item.Wanted = checks.Failed, fmt.Sprintf("older than %s (build %d)", target.Version, target.Build)
		return checks.Items(fmt.Sprintf("The site is newer than %s.", target.Version), item), nil
	case build >= min(target.MinBuild, cmp.Or(target.DisputedBuild, target.MinBuild)) && !requirement.IsReleased(build):
		no := platform.Refuse(platform.ErrUnsupported, "build %d of the site is of no release that siteready knows", build)
		no.Help = "Look at the version in the console, About Configuration Manager. A technical preview cannot be updated to a release."
		return checks.Items("Whether this site may be updated is not known.", checks.UnknownItem(item.Key, item.Wanted, no)), nil
	case build >= target.MinBuild:
		item.Status = checks.Passed
		return checks.Items(fmt.Sprintf("The site may be updated to %s.", target.Version), item), nil
	case target.DisputedBuild != 0 && build >= target.DisputedBuild:
		item.Status = checks.Warning
		return checks.Items(fmt.Sprintf("Microsoft's pages disagree on whether a site this old may be updated to %s.", target.Version), item), nil
	default:
		item.Status = checks.Failed
		return checks.Items(fmt.Sprintf("The site is too old to be updated to %s.", target.Version), item), nil
	}
}
