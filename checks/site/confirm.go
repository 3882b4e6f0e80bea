package site

import "siteready/checks"

// checklist is the product's own list of what to do before an update.
const checklist = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2509"

// statements are what only a person can tell about the site.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "site.software-assurance", Source: checklist,
			Text: "Software Assurance, or a subscription with the same rights, is active for this site.",
			Why:  "New releases of the current branch may only be installed while it is. What a server knows of it does not prove it.",
		},
		{
			ID: "site.release-notes", Source: checklist,
			Text: "The release notes of the target release, and what it deprecates and removes, have been read.",
			Why:  "What a release takes away is missed only when it is gone.",
		},
		{
			ID: "site.extensions", Source: checklist,
			Text: "Extensions of other vendors, and own scripts and programs that use the site, support the target release or are switched off.",
			Why:  "They write through interfaces that an update may change.",
		},
		{
			ID: "site.customised-files", Source: checklist,
			Text: `Files of the product that were changed by hand, such as bin\X64\osdinjection.xml, have been saved elsewhere.`,
			Why:  "An update puts its own files in their place.",
		},
		{
			ID: "site.hardware-inventory", Source: checklist,
			Text: "Changes to the classes of hardware inventory have been noted down.",
			Why:  "An update can set some classes back.",
		},
		{
			ID: "site.client-pilot", Source: checklist,
			Text: "It is decided how clients are updated, and which of them come first.",
			Why:  "Clients follow the site by themselves. A fault of the new client is then met by all of them at once.",
		},
		{
			ID: "site.window", Source: checklist,
			Text: "There is a window for the update in which nobody else changes or restarts the servers of the site.",
			Why:  "A restart in the middle of an update can leave the site between two versions.",
		},
	}
}
