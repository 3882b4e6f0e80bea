// Package site checks the settings and the state of sites.
package site

import "siteready/checks"

// Area is the section of the report.
func Area() checks.Area {
	return checks.Area{ID: "site", Title: "Site upgrade requirements", Checks: []checks.Check{
		updatePath(),
		versionSources(),
		hierarchy(),
		status(),
		hierarchyHealth(),
		statusMessages(),
		packagesInFlight(),
		contentAtSites(),
		prerequisiteCheck(),
		services(),
		secureCommunication(),
		incompatibleReferences(),
		shareNames(),
		upgradeAssessment(),
	}, Confirm: statements()}
}
