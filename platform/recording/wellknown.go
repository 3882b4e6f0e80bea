package recording

// set makes a set of words in lower case.
func set(words ...string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, word := range words {
		s[word] = true
	}
	return s
}

// wellKnown are names that every machine may have. They tell nothing, and checks know them.
var wellKnown = set(
	"localsystem", "system", "localservice", "networkservice", "local system", "local service", "network service",
	"nt authority", "nt service", "builtin", "iis apppool", "everyone", "administrators", "administrator", "guest", "sa", "public",
	"master", "model", "msdb", "tempdb", "distribution", "dbo", "sys", "guest",
	"mssqlserver", "sqlexpress", "localhost", ".", "(local)", "::1", "workgroup",
)

// publicDomains are domains of makers and authorities; hosts in them are nobody's own.
var publicDomains = []string{
	"microsoft.com", "microsoftonline.com", "microsoft.net", "windows.com", "windows.net", "windowsupdate.com", "azureedge.net", "azure.com",
	"office.com", "office.net", "live.com", "visualstudio.com", "akamaiedge.net", "akamaitechnologies.com", "digicert.com", "verisign.com",
	"system.net", "asp.net", "ado.net",
}

// genericLabels are parts of DNS names that name nobody.
var genericLabels = set("com", "net", "org", "local", "lan", "internal", "intern", "corp", "ad", "int", "co", "www", "test", "example", "domain")

// topLevels end the DNS names that are recognised in texts. The countries are those whose
// letters end no file's name.
const topLevels = `com|net|org|local|lan|internal|intern|intranet|corp|test|example|edu|gov|mil|info|biz|cloud|de|uk|fr|ch|nl|it|es|se|dk|fi|be|eu|us|ca|au|jp|br`

// commonWords are words in answers that no name may displace, beside those of the questions.
var commonWords = []string{
	"running", "stopped", "start", "stop", "pending", "paused", "continue", "boot", "automatic", "manual", "disabled", "enabled", "none",
	"ntfs", "refs", "fat32", "server", "core", "client", "standard", "datacenter", "enterprise", "evaluation", "edition", "windows", "microsoft",
	"configuration", "manager", "program", "files", "data", "logs", "log", "backup", "sql", "site", "sites", "primary", "secondary", "central",
	"administration", "cas", "database", "instance", "host", "user", "group", "alias", "computer", "domain", "account", "label", "unknown",
	"invalid", "deleted", "reachable", "denied", "timeout", "unreachable", "absent", "nothing", "active", "transaction", "replication",
	"availability", "replica", "checkpoint", "nul", "true", "false", "null", "error", "warning", "failed", "passed", "not", "the", "and", "for",
	"sz", "dword", "qword", "multi", "expand", "binary", "other", "mdf", "ldf", "ndf", "exe", "dll", "sms", "siteready", "demo", "constructed",
}

// typedFields says of fields of answers what name stands in them.
var typedFields = map[string]sort{
	"server": hostName, "server_name": hostName, "site_server": hostName, "sql_server": hostName, "host": hostName, "computer": hostName,
	"machine": hostName, "fqdn": hostName, "node": hostName, "replica": hostName, "listener": hostName, "primary_replica": hostName,
	"account": userName, "user": userName, "owner": userName, "login": userName, "principal": userName, "member": userName,
	"site": siteCode, "site_code": siteCode, "parent": siteCode, "parent_site": siteCode, "child": siteCode, "reporting_site": siteCode,
	"database": databaseName, "database_name": databaseName, "instance": instanceName, "instance_name": instanceName, "domain": domainName,
	"site_name": otherName, "subject": otherName, "issuer": otherName,
}

// typedValues says the same of values in the registry.
var typedValues = map[string]sort{
	"server": hostName, "site server": hostName, "mp hostname": hostName, "database name": databaseName,
	"site code": siteCode, "parent site code": siteCode,
}

// keptFields are fields of answers that hold one of a few words, a version or a time: no name.
var keptFields = set("state", "start", "type", "file_system", "installation", "product", "use", "status", "outcome", "version", "waits_for", "thumbprint", "usages")
