package system

import "siteready/checks"

// statements are what only a person can tell about the computers of the site.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "system.antivirus", Source: "https://learn.microsoft.com/intune/configmgr/core/plan-design/hierarchy/antivirus-exclusions",
			Text: "Antivirus and other guards leave the folders of the site and its database alone, or are switched off for the update.",
			Why:  "A file that a scanner holds open cannot be replaced, and the update fails in the middle.",
		},
	}
}
