package checks

// The documents whose every step catalog.SourceDocuments lists. A check that covers a step names
// the document among its Sources.
const (
	// DocUpdates is Microsoft's article on how in-console updates are installed, and where they stop.
	DocUpdates = "https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing"
	// DocServiceManager is Microsoft's page on failed upgrades of Service Manager.
	DocServiceManager = "https://learn.microsoft.com/system-center/scsm/resolve-upgrade-problems"
	// DocPreparing is Q171338, on preparing an upgrade of Systems Management Server.
	DocPreparing = "https://jeffpar.github.io/kbarchive/kb/171/Q171338/"
	// DocSQLUpgrade is KB 256202, on upgrades of SQL Server beneath Systems Management Server.
	DocSQLUpgrade = "https://www.betaarchive.com/wiki/index.php/Microsoft_KB_Archive/256202"
	// DocSecondaries is Q186408, on upgrades of secondary sites that never end.
	DocSecondaries = "https://jeffpar.github.io/kbarchive/kb/186/Q186408/"
)
