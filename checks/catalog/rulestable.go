package catalog

// ruleRow is a rule as Microsoft's list names it. A rule with a reason is one that no check is
// meant to cover: when a check names it all the same, a test says that the reason must go.
type ruleRow struct {
	name string
	why  whyNot
}

// whyNot is why a rule has no check; without one, a check covers the rule, or will.
type whyNot struct {
	reason Reason
	about  string
}

// Microsoft does not publish which of its rules run when a site is updated. What is taken here
// for no part of an update speaks, by Microsoft's own words, of another task.
var (
	byCheck   = whyNot{}
	newSite   = whyNot{NotAnUpdate, "set-up of a new site"}
	expanding = whyNot{NotAnUpdate, "a stand-alone primary site becomes part of a hierarchy"}
	joining   = whyNot{NotAnUpdate, "a new primary site joins a hierarchy"}
	newRole   = whyNot{NotAnUpdate, "set-up of a role on a server"}
	secondary = whyNot{NotAnUpdate, "set-up or update of a secondary site"}
	console   = whyNot{NotAnUpdate, "set-up of a console"}
	only2107  = whyNot{NotAnUpdate, "only version 2107 has it; an error of the same name took its place"}
	always    = whyNot{AlwaysMet, "it comes with Windows Server 2016 and newer, and system.windows looks for that"}
	directory = whyNot{Directory, ""}
	hidden    = whyNot{Undecidable, "where the site keeps it is not documented"}
	unstated  = whyNot{Undecidable, "what the rule compares is not documented"}
	unlimited = whyNot{Undecidable, "how long a name it allows is not documented; network.names tells the length"}
	balancer  = whyNot{Undecidable, "a load balancer does not show from the site server"}
	existing  = whyNot{Undecidable, "a site server always has such components, and what the rule lets pass is not documented"}
	bindings  = whyNot{Undecidable, "IIS keeps its bindings in a file on the other server, whose content is not read, and an open port proves no binding"}
	fromPoint = whyNot{Undecidable, "the way from the management point does not show from the site server"}
)

// errorRules are the rules that stop an update.
func errorRules() []ruleRow {
	return []ruleRow{
		{"Active migration mappings on the target primary site", expanding},
		{"Active replica MP", byCheck},
		{"Administrative rights on expand primary site", expanding},
		{"Administrative rights on site system", byCheck},
		{"Administrator rights on central administration site", joining},
		{"Application catalog rules are unsupported", byCheck},
		{"Asset Intelligence synchronization point on the expanded primary site", expanding},
		{"BITS enabled", newRole},
		{"Case-insensitive collation on SQL Server", byCheck},
		{"Central administration site server administrative rights on expand primary site", expanding},
		{"Check for a cloud management gateway (CMG) as a cloud service (classic)", byCheck},
		{"Client version on management point computer", newRole},
		{"Cloud management gateway on the expanded primary site", expanding},
		{"Connection to SQL Server on central administration site", joining},
		{"Custom client agent settings have NAP enabled", hidden},
		{"Data warehouse service point on the expanded primary site", expanding},
		{"Dedicated SQL Server instance", newSite},
		{"Default client agent settings have NAP enabled", hidden},
		{"Domain membership (error)", byCheck},
		{"Endpoint Protection point on the expanded primary site", expanding},
		{"Existing Configuration Manager server components on server", existing},
		{"Existing stand-alone primary site for version and site code", expanding},
		{"Enable site system roles for HTTPS or Enhanced HTTP", byCheck},
		{"Firewall exception for SQL Server", byCheck},
		{"Free disk space on site server", byCheck},
		{"IIS service running", newRole},
		{"Incompatible collection references", byCheck},
		{"Match collation of expand primary site", expanding},
		{"Maximum text replication size for SQL Server Always On availability groups", byCheck},
		{"Microsoft Intune Connector on the expanded primary site", expanding},
		{"Microsoft Remote Differential Compression (RDC) library registered", byCheck},
		{"Microsoft Windows Installer", byCheck},
		{"Microsoft Store for Business deprecation alert", byCheck},
		{"Minimum .NET Framework version for Configuration Manager console", console},
		{"Minimum .NET Framework version for Configuration Manager site server", byCheck},
		{"Minimum .NET Framework version for SQL Server Express edition installation for Configuration Manager secondary site", secondary},
		{"ODBC driver for SQL Server", byCheck},
		{"Parent database collation", byCheck},
		{"Parent site replication status", byCheck},
		{"Pending system restart", byCheck},
		{"Primary FQDN", byCheck},
		{"Read-only domain controller", directory},
		{"Resource access policies are no longer supported", byCheck},
		{"Required SQL Server collation", byCheck},
		{"Required version of Microsoft .NET Framework (error)", byCheck},
		{"Server service is running", byCheck},
		{"Setup source folder", secondary},
		{"Setup source version", secondary},
		{"Site code in use", newSite},
		{"Site server computer account administrative rights", byCheck},
		{"Site server FQDN length", unlimited},
		{"Site server in passive mode on the expanded primary site", expanding},
		{"SMS Provider in same domain as site server", directory},
		{"Software update point in NLB configuration", balancer},
		{"Software update point using a load balancer", balancer},
		{"SQL ODBC driver for SQL Server", byCheck},
		{"SQL Server Always On availability groups", byCheck},
		{"SQL Server Always On availability group configured for readable secondaries", byCheck},
		{"SQL Server Always On availability group configured for manual failover", byCheck},
		{"SQL Server Always On availability group replicas on default instance", byCheck},
		{"SQL Server Always On availability group replicas must all have the same seeding mode", byCheck},
		{"SQL Server Always On availability group replicas must be healthy", byCheck},
		{"SQL Server configuration for site upgrade", byCheck},
		{"SQL Server edition", byCheck},
		{"SQL Server Express database size on secondary site", secondary},
		{"SQL Server Express on secondary site", secondary},
		{"SQL Server on the secondary site server", secondary},
		{"SQL Server service running account", byCheck},
		{"SQL Server site database consistency", byCheck},
		{"SQL Server sysadmin rights", byCheck},
		{"SQL Server sysadmin rights for reference site", newSite},
		{"SQL Server TCP port", byCheck},
		{"SQL Server version", byCheck},
		{"Unsupported OS for Configuration Manager console", console},
		{"Unsupported OS for site server", byCheck},
		{"Unsupported site system role: out of band service point", byCheck},
		{"Unsupported site system role: system health validation point", byCheck},
		{"Unsupported upgrade path", byCheck},
		{"USMT installed", byCheck},
		{"Validate FQDN of SQL Server", byCheck},
		{"Verify central administration site version", joining},
		{"Verify database consistency", byCheck},
		{"Windows Deployment Tools installed", byCheck},
		{"Windows Failover Cluster", byCheck},
		{"Windows PE installed", byCheck},
		{"Windows Server 2012/R2 lifecycle", byCheck},
	}
}

// warningRules are the rules that an update can be told to pass over.
func warningRules() []ruleRow {
	return []ruleRow{
		{"Active Directory domain functional level", directory},
		{"Administrative rights on distribution point", newRole},
		{"Administrative rights on management point", byCheck},
		{"Administrative share (site system)", byCheck},
		{"Application compatibility", unstated},
		{"Backlogged inboxes", byCheck},
		{"BITS installed", newRole},
		{"Check for site system roles associated with deprecated or removed features", byCheck},
		{"Check if the site uses Microsoft Operations Management Suite (OMS) Connector", byCheck},
		{"Check if the site uses Upgrade Readiness cloud service connector", byCheck},
		{"Check if the site uses the asset intelligence synchronization point role", byCheck},
		{"Cloud management gateway requires either token-based authentication or an HTTPS management point", byCheck},
		{"Configuration for SQL Server memory usage", byCheck},
		{"Distribution point package version", byCheck},
		{"Domain membership (warning)", directory},
		{"Desktop Analytics is being retired", hidden},
		{"Firewall exception for SQL Server (standalone primary site)", byCheck},
		{"Firewall exception for SQL Server for management point", fromPoint},
		{"IIS HTTPS configuration", bindings},
		{"Invalid discovery records", unstated},
		{"Network Access Account (NAA) account usage alert", byCheck},
		{"Network access protection (NAP) is no longer supported", hidden},
		{"NTFS drive on site server", byCheck},
		{"Pending configuration item policy updates", unstated},
		{"Pending system restart on the remote SQL Server", byCheck},
		{"PowerShell 2.0 on site server", always},
		{"Recommended version of Microsoft .NET Framework", byCheck},
		{"Remote connection to WMI on secondary site", secondary},
		{"Required version of Microsoft .NET Framework (warning)", only2107},
		{"Schema extensions", directory},
		{"Share name in package", byCheck},
		{"Site system to SQL Server communication", directory},
		{"SQL Server 2012 lifecycle", byCheck},
		{"SQL Server change tracking cleanup", byCheck},
		{"SQL Server Express version on secondary site", byCheck},
		{"SQL Server Native Client", byCheck},
		{"SQL Server process memory allocation", byCheck},
		{"SQL Server security mode", byCheck},
		{"Unsupported site system OS version for upgrade", byCheck},
		{"Upgrade Assessment Toolkit is unsupported", byCheck},
		{"Verify site server permissions to publish to Active Directory", directory},
		{"Windows Remote Management (WinRM) v1.1", always},
		{"WSUS on site server", byCheck},
	}
}
