package sql

import (
	"context"
	"fmt"
	"slices"
	"strconv"
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
		Remedy: "Read the port that the site uses: on the site server, HKLM\\SOFTWARE\\Microsoft\\SMS\\SQL Server\\Site System SQL Account, Port. " +
			"In SQL Server Configuration Manager, Protocols, TCP/IP: enable it, and under IP Addresses, IPAll, set TCP Port to that port and empty TCP Dynamic Ports. " +
			"Restart SQL Server. On any other port the site does not find its database; to move it to one, run the site maintenance of set-up.",
		Command: `Get-ItemPropertyValue 'HKLM:\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account' Port`,
		Rules:   []string{"SQL Server TCP port"},
		Sources: []string{
			pageRules + "#sql-server-tcp-port", pageSQLConfig,
			"https://learn.microsoft.com/sql/relational-databases/system-dynamic-management-views/sys-dm-server-registry-transact-sql",
		},
		Rights: []string{securityState, siteControl},
		Reads: append(discovery.DatabaseReads(), tcpSettings.In("{SQL Server}", "{site database}").Form(),
			serviceBroker.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnDatabase(runTCPPort),
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
	port, err := sitePort(ctx, c, d)
	wanted := "a static port"
	if port > 0 {
		wanted = fmt.Sprintf("a static port, %d for this site", port)
	}
	var items []checks.Item
	var ports []string // the static ones
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		counts := all == "1" && name == "IPALL" || all == "0" && name != "IPALL" && plain(byName[name].Enabled) == "1"
		if name != "TCP" && counts {
			items = append(items, listener(d, strings.Replace(name, "IPALL", "IPAll", 1), wanted, byName[name]))
			for _, port := range staticPorts(byName[name]) {
				if !slices.Contains(ports, port) {
					ports = append(ports, port)
				}
			}
		}
	}
	if len(items) == 0 {
		return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "SQL Server %s shows no address that it listens on in sys.dm_server_registry", d.Instance)
	}
	another := false
	switch {
	case err != nil:
		items = append(items, checks.UnknownItem("port of the site", "among the ports that SQL Server listens on", err))
	case port > 0 && len(ports) > 0:
		item := checks.Item{
			Key: "port of the site", Found: "port " + strings.Join(ports, ", "), Wanted: fmt.Sprintf("port %d", port),
			Where: "sys.dm_server_registry, TcpPort; SC_SiteDefinition_Property, SQLServicePort", Status: checks.Passed,
		}
		if another = !slices.Contains(ports, strconv.Itoa(port)); another {
			item.Status = checks.Warning
		}
		items = append(items, item)
	}
	finding := checks.Items("", items...)
	finding.Summary = map[checks.Status]string{
		checks.Passed: "SQL Server listens on a static port.", checks.Warning: "A static port was set, and a dynamic one is still there.",
		checks.Failed: "SQL Server listens on a dynamic port.",
	}[finding.Status()]
	switch status := finding.Status(); {
	case another && status == checks.Warning:
		finding.Summary = "SQL Server is set to another static port than the one that the site uses."
	case finding.Summary == "":
		finding.Summary = "Not all is known of the port of SQL Server."
	}
	if err == nil && port <= 0 && d.OfType != discovery.Secondary {
		finding.Notes = append(finding.Notes, "The ports were not compared with the site's: its site control names none, or the database is in an availability group, whose listener has a port of its own.")
	}
	return finding, nil
}

// sitePort is the port of SQL Server that the site control of this site names; 0 or less when
// it names none. On a secondary site it is not asked for. That the site control has it is seen
// on real sites, and documented nowhere: it warns at most, and may be missing.
func sitePort(ctx context.Context, c *checks.Case, d discovery.Database) (int, error) {
	if d.OfType == discovery.Secondary {
		return 0, nil
	}
	row, err := platform.AskOne(ctx, c, serviceBroker.In(d.Instance, d.Name))
	return row.SQLPort, err
}

// staticPorts are the ports of an address that do not change: one, several between commas, or none.
func staticPorts(row tcpRow) []string {
	var ports []string
	for port := range strings.SplitSeq(plain(row.Port), ",") {
		if port = strings.TrimSpace(port); port != "" && port != "0" {
			ports = append(ports, port)
		}
	}
	return ports
}

// listener judges one address. With both kinds of port SQL Server waits for a restart.
func listener(d discovery.Database, name, wanted string, row tcpRow) checks.Item {
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
