package window

import "siteready/checks"

// statements are what only a person can tell about the hours of the update.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "window.consoles-closed", Source: pageBlocked,
			Text: "Consoles are closed, and scripts and tools that use the SMS Provider are stopped, before the update starts.",
			Why:  "What they ask for comes to SQL Server under the provider's own name, and can block the update in the database.",
		},
		{
			ID: "window.tools-stopped", Source: pageChecklist,
			Text: "Connectors, reports and other tools that use the site database stand still in the hours of the update.",
			Why:  "siteready sees who is connected when it runs, not who will connect when the update is at the database.",
		},
		{
			ID: "window.service-windows", Source: "https://learn.microsoft.com/intune/configmgr/core/servers/manage/service-windows",
			Text: "The service windows of the site servers, where there are any, are open at the planned time, and those of child primary sites are planned, too.",
			Why:  "Outside of its service window a site does not begin the update, and a child primary site begins by itself when its own opens. Where the product keeps these windows is documented nowhere.",
		},
	}
}
