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
	"azuread", "microsoftaccount", "defaultapppool", "wsuspool",
	"users", "computers", "services", "system management", // containers of a directory
	"sms issuing", "sms encryption certificate", "sms signing certificate", "site server", "site system",
)

// othersAuthorities are well-known domains whose accounts have names of somebody's own.
var othersAuthorities = set("azuread", "microsoftaccount", "iis apppool")

// wellKnownShares are shares of Windows and of the product, beside those of drives; root is
// what stands at their place in the path of a WMI namespace.
var wellKnownShares = set(
	"admin$", "ipc$", "print$", "sysvol", "netlogon", "users", "root", "wsuscontent", "wsustemp", "updateservicespackages", "reminst",
	"sms_site", "sms_dp$", "sms_cpsc$", "smssig$", "smspxeimages$", "sccmcontentlib$", "adminuicontentpayload", "easysetuppayload",
)

// publicDomains are domains of makers and authorities; hosts in them are nobody's own.
var publicDomains = []string{
	"microsoft.com", "microsoftonline.com", "microsoft.net", "windows.com", "windows.net", "windowsupdate.com", "azureedge.net", "azure.com",
	"office.com", "office.net", "live.com", "visualstudio.com", "akamaiedge.net", "akamaitechnologies.com", "digicert.com", "verisign.com",
	"system.net", "asp.net", "ado.net",
}

// sharedDomains are domains of a maker in which everybody has names of his own, also where they
// lie in one of publicDomains.
var sharedDomains = []string{
	"cloudapp.net", "cloudapp.azure.com", "azurewebsites.net", "trafficmanager.net", "azure-api.net", "msappproxy.net", "vault.azure.net",
	"blob.core.windows.net", "file.core.windows.net", "dfs.core.windows.net", "queue.core.windows.net", "table.core.windows.net",
	"database.windows.net", "servicebus.windows.net", "onmicrosoft.com", "sharepoint.com", "mail.protection.outlook.com",
}

// everyonesProfiles are folders of profiles that name nobody, beside those of wellKnown accounts.
var everyonesProfiles = set("public", "default", "default user", "all users")

// genericLabels are parts of DNS names that name nobody.
var genericLabels = set("com", "net", "org", "local", "lan", "internal", "intern", "corp", "ad", "int", "co", "www", "test", "example", "domain")

// topLevels end the DNS names that are recognised in texts. The countries are those whose
// letters end no file's name.
const topLevels = `com|net|org|local|lan|internal|intern|intranet|corp|test|example|edu|gov|mil|info|biz|cloud|de|uk|fr|ch|nl|it|es|se|dk|fi|be|eu|us|ca|au|jp|br|` +
	`at|no|pt|gr|nz|za|mx|kr|tr|hu|ie|cz|sk|si|hr|lu|li|ru|ua|il|ae|sg|hk|tw|cn|priv|loc|lokal|ad|ads|dom|home`

// commonWords are words in answers that no name may displace, beside those of the questions.
var commonWords = []string{
	"running", "stopped", "start", "stop", "pending", "paused", "continue", "boot", "automatic", "manual", "disabled", "enabled", "none",
	"ntfs", "refs", "fat32", "server", "core", "client", "standard", "datacenter", "enterprise", "evaluation", "edition", "windows", "microsoft",
	"configuration", "manager", "program", "files", "data", "logs", "log", "backup", "sql", "site", "sites", "primary", "secondary", "central",
	"administration", "cas", "database", "instance", "host", "user", "group", "alias", "computer", "domain", "account", "label", "unknown",
	"invalid", "deleted", "reachable", "denied", "timeout", "unreachable", "absent", "nothing", "active", "transaction", "replication",
	"availability", "replica", "checkpoint", "nul", "true", "false", "null", "error", "warning", "failed", "passed", "not", "the", "and", "for",
	"sz", "dword", "qword", "multi", "expand", "binary", "other", "mdf", "ldf", "ndf", "exe", "dll", "sms", "siteready", "demo", "constructed",
	"share", "shares", "folder", "file", "volume", "registry", "service", "services", "certificate", "certificates", "event", "events", "member",
	"members", "token", "right", "rights",
}
