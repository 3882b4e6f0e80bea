package catalog

// Why a requirement of Service Manager has no check.
var (
	byHand        = whyNot{NotReadable, "only a person can tell; it stands among what to confirm yourself"}
	inFiles       = whyNot{NotReadable, "it stands in the text of files, which siteready does not read"}
	inPowerShell  = whyNot{NotReadable, "only Service Manager's own cmdlets tell it"}
	afterUpgrade  = whyNot{NotAnUpgrade, "it is done after the upgrade"}
	noTest        = whyNot{NotReadable, "no test for it is known"}
	inAnalysis    = whyNot{NotReadable, "Analysis Services and Reporting Services are not asked"}
	directoryOnly = whyNot{Directory, ""}
)

// requirementRow is one requirement of Service Manager. One with a reason has no check, and when
// a check names it all the same, a test says that the reason must go.
type requirementRow struct {
	kind RuleKind
	name string
	why  whyNot
}

// prerequisiteRows are what Setup's prerequisite check and Microsoft's pages on requirements ask
// for, and what else must be so before Setup begins.
func prerequisiteRows() []requirementRow {
	return []requirementRow{
		{RuleError, "Supported upgrade path", byCheck},
		{RuleError, "Full-text search on each instance", byCheck},
		{RuleWarning, "Collation of the instance ignores case", byCheck},
		{RuleError, "Collations of all databases and instances are equal", byCheck},
		{RuleInfo, "Collation other than SQL_Latin1_General_CP1_CI_AS", byCheck},
		{RuleError, "Option allow updates is off", byCheck},
		{RuleError, "CLR is enabled", byCheck},
		{RuleError, "Service Broker is enabled in the databases", byCheck},
		{RuleError, "No $ in the name of an instance", byCheck},
		{RuleError, "No apostrophe in the path of a database file", byCheck},
		{RuleError, "Analysis Services in multidimensional mode", inAnalysis},
		{RuleError, "Versions of the ODBC and OLE DB drivers", byCheck},
		{RuleWarning, "SQL Server Native Client", byCheck},
		{RuleWarning, "Analysis Management Objects", byCheck},
		{RuleWarning, "Report Viewer", byCheck},
		{RuleError, ".NET Framework 3.5 and 4", byCheck},
		{RuleInfo, "ADO.NET Data Services Update", whyNot{NotReadable, "it is part of every supported release of Windows, and no test for it is known"}},
		{RuleError, "Supported version of Windows Server", byCheck},
		{RuleError, "TLS 1.0 and 1.1 are not switched off", byCheck},
		{RuleError, "Not in safe mode", whyNot{NotReadable, "in safe mode Windows starts none of the services, and smpredicted.services, which looks at them, fails"}},
		{RuleWarning, "SQL Server on port 1433", byCheck},
		{RuleError, "Ports are open", byCheck},
		{RuleError, "No Operations Manager on the server", byCheck},
		{RuleWarning, "Not managed by an agent of Operations Manager", byCheck},
		{RuleWarning, "Reporting Services 2017 and newer on the data warehouse server", inFiles},
		{RuleWarning, "Reporting Services are saved before an upgrade of SQL Server", byHand},
		{RuleInfo, "No listener over several subnets", whyNot{NotReadable, "where a listener leads does not show from the server"}},
		{RuleWarning, "Processors and memory", byCheck},
		{RuleError, "Rights of the person who runs Setup", byCheck},
	}
}

// preparationRows are what must be at rest or in order before Setup begins.
func preparationRows() []requirementRow {
	return []requirementRow{
		{RuleError, "Data warehouse first", byCheck},
		{RuleError, "No data warehouse job runs", byCheck},
		{RuleError, "Data warehouse jobs are healthy", byCheck},
		{RuleWarning, "Data warehouse schedules are noted", inPowerShell},
		{RuleError, "Deployment of management packs is complete", byCheck},
		{RuleError, "Synchronization of management packs is complete", inPowerShell},
		{RuleError, "Primary keys of fact tables have their names", byCheck},
		{RuleError, "Base management pack of the data warehouse", byCheck},
		{RuleError, "Partitions and dates of the data warehouse", byCheck},
		{RuleError, "Scripts of the data warehouse are there", byCheck},
		{RuleWarning, "Connectors are disabled and idle", byCheck},
		{RuleWarning, "Workflows are not behind", byCheck},
		{RuleInfo, "Setting of the Active Directory connector", byHand},
		{RuleInfo, "Custom development was tested", byHand},
		{RuleError, "Unsealed management packs are exported", byHand},
		{RuleWarning, "Custom reports are saved", byHand},
		{RuleWarning, "The upgrade was rehearsed", byHand},
		{RuleWarning, "Clocks agree", byCheck},
		{RuleWarning, "Service principal names are registered", directoryOnly},
		{RuleError, "Backup of the data warehouse is younger than the retention", byCheck},
		{RuleInfo, "Data types of the analysis database", afterUpgrade},
	}
}

// predictedRows are what Setup tests before it changes anything.
func predictedRows() []requirementRow {
	return []requirementRow{
		{RuleError, "The databases exist and are online", byCheck},
		{RuleError, "The databases are of the installed version", byCheck},
		{RuleError, "Supported version of SQL Server", byCheck},
		{RuleError, "1 GB free on the drive of each database", byCheck},
		{RuleError, "The Data Access service can log on", byCheck},
		{RuleError, "The Management Configuration service can log on", byCheck},
		{RuleError, "The services of the server run", byCheck},
		{RuleError, "Free space for the upgraded files", byCheck},
		{RuleError, "Setup can reach the installation folder", byCheck},
	}
}

// wayBackRows are what recovery needs, of a server and of a database, and what is known of the
// configuration service.
func wayBackRows() []requirementRow {
	return []requirementRow{
		{RuleError, "A backup of the encryption key is named", byCheck},
		{RuleError, "The key backup is there and on another volume", byCheck},
		{RuleWarning, "The key backup is newer than the key", byCheck},
		{RuleWarning, "The key backup is newer than the installation", byCheck},
		{RuleInfo, "The password of the key backup is known", byHand},
		{RuleError, "Databases are backed up", byCheck},
		{RuleWarning, "Logs are backed up", byCheck},
		{RuleError, "No damaged pages", byCheck},
		{RuleWarning, "Databases were checked for damage", byCheck},
		{RuleWarning, "Key of an encrypted database is saved", byCheck},
		{RuleError, "Encryption of databases has ended", byCheck},
		{RuleError, "Logs and files have room", byCheck},
		{RuleWarning, "Memory of SQL Server has a limit", byCheck},
		{RuleError, "Edition of SQL Server", byCheck},
		{RuleWarning, "Availability groups fail over by hand", byCheck},
		{RuleError, "Events of services that did not start", byCheck},
		{RuleError, "Set-up logs of starts that failed", inFiles},
		{RuleWarning, "Files of the configuration service are verified over the network", byCheck},
		{RuleWarning, "A raised limit for the start of services is in force", byCheck},
		{RuleInfo, "Revocation setting of each service account", noTest},
	}
}
