package sql

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// tcpSettings has a row for each key of the instance's network settings below Tcp, and one
// without an address when SQL Server shows none.
var tcpSettings = platform.SQL[tcpRow]("instance-tcp", `
	SELECT COALESCE(t.address, N'') AS address, COALESCE(t.enabled, N'') AS enabled, COALESCE(t.listen_all, N'') AS listen_all,
		COALESCE(t.port, N'') AS port, COALESCE(t.dynamic_port, N'') AS dynamic_port,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER STATE') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW SERVER SECURITY STATE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS present) x
	LEFT JOIN (
		SELECT r.registry_key AS address,
			MAX(CASE WHEN r.value_name = N'Enabled' THEN CONVERT(nvarchar(100), r.value_data) END) AS enabled,
			MAX(CASE WHEN r.value_name = N'ListenOnAllIPs' THEN CONVERT(nvarchar(100), r.value_data) END) AS listen_all,
			MAX(CASE WHEN r.value_name = N'TcpPort' THEN CONVERT(nvarchar(100), r.value_data) END) AS port,
			MAX(CASE WHEN r.value_name = N'TcpDynamicPorts' THEN CONVERT(nvarchar(100), r.value_data) END) AS dynamic_port
		FROM sys.dm_server_registry r
		WHERE r.registry_key LIKE N'%\SuperSocketNetLib\Tcp%'
		GROUP BY r.registry_key) t ON 1 = 1`)

type tcpRow struct {
	Address     string `json:"address"`      // the key, which ends with Tcp, IPAll, IP1, ...
	Enabled     string `json:"enabled"`      // 1 or 0; of IPAll there is none
	ListenAll   string `json:"listen_all"`   // of Tcp alone: 1 = IPAll is what counts
	Port        string `json:"port"`         // one or several, between commas; empty for none
	DynamicPort string `json:"dynamic_port"` // the one that was chosen, 0 before the first start; empty for a static port
}

// securityState is the right that the views of an instance's settings need.
const securityState = "SQL Server: VIEW SERVER STATE (from 2022 on VIEW SERVER SECURITY STATE is enough)"

func tcpPort() checks.Check {
	return checks.Check{
		ID:          "sql.port",
		Title:       "Does SQL Server listen on a static TCP port?",
		Why:         "The site and its roles reach the database over TCP on the port that was set when the site was installed. Dynamic ports are not supported.",
		Consequence: "The product's own prerequisite check stops the update; after a restart of SQL Server the site may not find its database again.",
		Remedy:      "In SQL Server Configuration Manager, Protocols, TCP/IP: enable it, and under IP Addresses, IPAll, empty TCP Dynamic Ports and set TCP Port. Restart SQL Server.",
		Rules:       []string{"SQL Server TCP port"},
		Sources: []string{
			pageRules + "#sql-server-tcp-port", pageSQLConfig,
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-server-registry-transact-sql",
		},
		Rights: []string{securityState},
		Reads:  append(discovery.DatabaseReads(), tcpSettings.In("{SQL Server}", "{site database}").Form()),
		Run:    discovery.OnDatabase(runTCPPort),
	}
}

func runTCPPort(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
	rows, err := platform.Ask(ctx, c, tcpSettings.In(d.Instance, d.Name))
	if err != nil {
		return checks.Finding{}, err
	}
	byName := map[string]tcpRow{}
	for _, row := range rows {
		address := plain(row.Address)
		byName[strings.ToUpper(address[strings.LastIndex(address, `\`)+1:])] = row
	}
	protocol, found := byName["TCP"]
	all := plain(protocol.ListenAll)
	if !found || plain(protocol.Enabled) == "" || all != "0" && all != "1" {
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s does not show its settings of TCP/IP in sys.dm_server_registry", d.Instance)
	}
	if plain(protocol.Enabled) != "1" {
		return checks.Items("TCP/IP is disabled for SQL Server.", checks.Item{
			Key: "TCP/IP", Found: "disabled", Wanted: "enabled", Where: "sys.dm_server_registry, Tcp, Enabled", Status: checks.Failed,
		}), nil
	}
	var items []checks.Item
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		counts := all == "1" && name == "IPALL" || all == "0" && name != "IPALL" && plain(byName[name].Enabled) == "1"
		if name != "TCP" && counts {
			items = append(items, listener(d, strings.Replace(name, "IPALL", "IPAll", 1), byName[name]))
		}
	}
	if len(items) == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s shows no address that it listens on in sys.dm_server_registry", d.Instance)
	}
	finding := checks.Items("", items...)
	finding.Summary = map[checks.Status]string{
		checks.Passed: "SQL Server listens on a static port.", checks.Warning: "A static port was set, and a dynamic one is still there.",
		checks.Failed: "SQL Server listens on a dynamic port.",
	}[finding.Status()]
	if finding.Summary == "" {
		finding.Summary = "The port of SQL Server is not known."
	}
	return finding, nil
}

// listener judges one address. With both kinds of port SQL Server waits for a restart.
func listener(d discovery.Database, name string, row tcpRow) checks.Item {
	const wanted = "a static port"
	item := checks.Item{Key: name, Wanted: wanted, Where: "sys.dm_server_registry, " + name + ", TcpPort and TcpDynamicPorts"}
	static, dynamic := plain(row.Port), plain(row.DynamicPort)
	switch {
	case static != "" && static != "0" && dynamic == "":
		item.Found, item.Status = "port "+static, checks.Passed
	case static != "" && static != "0":
		item.Found, item.Status = "port "+static+", and the dynamic port "+dynamic, checks.Warning
		item.Wanted += " alone: empty TCP Dynamic Ports, and restart SQL Server"
	case dynamic != "":
		item.Found, item.Status = "the dynamic port "+dynamic, checks.Failed
	default:
		return untold(name, wanted, d.Instance, "a port of "+name)
	}
	return item
}

// plain is a text of SQL Server's without the NUL that may stand at its end.
func plain(s string) string { return strings.Trim(s, " \x00") }
