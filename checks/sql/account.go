package sql

import (
	"context"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// engineService is the Windows service of the instance that answers, without an account when
// SQL Server does not show it. Its command line only picks the row, and never leaves the server.
// The name of LOCAL SERVICE is another one in each language of Windows, and its SID (S-1-5-19) is not.
var engineService = platform.SQL[serviceRow]("instance-service", `
	SELECT COALESCE(s.service_account, N'') AS account, CAST(SERVERPROPERTY(N'MachineName') AS nvarchar(128)) AS machine,
		CAST(SERVERPROPERTY(N'ComputerNamePhysicalNetBIOS') AS nvarchar(128)) AS node,
		CASE WHEN SUSER_SID(s.service_account) = 0x010100000000000513000000 THEN 1 ELSE 0 END AS local_service,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER SECURITY STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN sys.dm_server_services s ON s.filename LIKE N'%sqlservr.exe%'`)

type serviceRow struct {
	Account string `json:"account"` // as the service manager writes it
	Machine string `json:"machine"` // NetBIOS name of the server, or of the cluster's network name
	Node    string `json:"node"`    // NetBIOS name of the machine itself

	LocalService int `json:"local_service"` // 1 when the account has the SID of LOCAL SERVICE; 0 also when its SID is not known
}

func serviceAccount() checks.Check {
	return checks.Check{
		ID:          "sql.service-account",
		Title:       "Does SQL Server run as an account that the product supports?",
		Why:         "SQL Server must be able to prove who it is to the site and its roles. A local user and LOCAL SERVICE cannot.",
		Consequence: "The product's own prerequisite check stops the update.",
		Remedy:      "In SQL Server Configuration Manager let the service log on as a domain account, a group managed service account, NETWORK SERVICE or Local System; register its service principal names anew.",
		Command:     "SELECT servicename, service_account FROM sys.dm_server_services",
		Rules:       []string{"SQL Server service running account"},
		Sources: []string{
			pageRules + "#sql-server-service-running-account",
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-server-services-transact-sql",
			"https://learn.microsoft.com/sql/t-sql/functions/suser-sid-transact-sql",
		},
		Rights: []string{securityState},
		Reads:  append(discovery.DatabaseReads(), engineService.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runServiceAccount),
	}
}

func runServiceAccount(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	row, err := platform.AskOne(ctx, c, engineService.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	const wanted = "no local user, and not LOCAL SERVICE"
	account := plain(row.Account)
	if account == "" || plain(row.Machine) == "" || plain(row.Node) == "" {
		return checks.Items("SQL Server does not tell the account of its service.", untold(d.Instance, wanted, d.Instance, "the account of its service")), nil
	}
	if row.LocalService != 0 && row.LocalService != 1 {
		return checks.Items("The account of the service is not known.", untold(d.Instance, wanted, d.Instance, "whether its service runs as LOCAL SERVICE")), nil
	}
	item := checks.Item{Key: d.Instance, Found: account, Wanted: wanted, Where: "sys.dm_server_services, service_account", Status: checks.Passed}
	domain, name, hasDomain := strings.Cut(account, `\`)
	is := func(a, b string) bool { return strings.EqualFold(a, b) }
	switch {
	case row.LocalService == 1 || is(strings.ReplaceAll(name, " ", ""), "LocalService"):
		item.Status = checks.Failed
		return checks.Items("SQL Server runs as LOCAL SERVICE.", item), nil
	case hasDomain && (domain == "." || is(domain, plain(row.Machine)) || is(domain, plain(row.Node))):
		item.Status = checks.Failed
		return checks.Items("SQL Server runs as a local user.", item), nil
	case !hasDomain && !is(account, "LocalSystem") && !strings.Contains(account, "@"):
		no := platform.Refuse(platform.ErrUnsupported, "SQL Server %s runs as %q, of which it is not known whether it is a local user", d.Instance, account)
		return checks.Items("The account of the service is not known.", checks.UnknownItem(d.Instance, wanted, no)), nil
	}
	return checks.Items("The account is one that the product supports.", item), nil
}
