package recovery

import "siteready/checks"

const recoverySource = "https://learn.microsoft.com/intune/configmgr/core/servers/manage/recover-sites"

// statements are what only a person can tell about the way back.
func statements() []checks.Statement {
	return []checks.Statement{
		{
			ID: "recovery.restore-tested", Source: "https://learn.microsoft.com/intune/configmgr/core/servers/manage/backup-and-recovery",
			Text: "A backup of the site database has been restored in a test, on another server.",
			Why:  "That a backup was written does not say that it can be read.",
		},
		{
			ID: "recovery.passwords", Source: recoverySource,
			Text: "The passwords of the site's accounts, and the certificates with their private keys, are at hand.",
			Why:  "A recovered site asks for the passwords of its accounts anew, and a backup does not hold every certificate.",
		},
	}
}
