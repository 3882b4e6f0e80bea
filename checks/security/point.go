package security

import (
	"context"
	"fmt"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/platform"
)

// connectionPoints lists the service connection points that the site's database knows, with
// whether each is offline and the proxy of its server. Where the numbers and texts of a property
// stand is known from Microsoft's pages for OfflineMode, and from public scripts for the proxy.
// Without one there is a row with an empty server.
var connectionPoints = platform.SQL[pointRow]("connection-points", `
	SELECT TOP (20) ISNULL(p.ServerName, N'') AS server, COUNT(p.ServerName) OVER () AS points,
		ISNULL(CAST(o.Value3 AS int), -1) AS offline, ISNULL(CAST(e.Value3 AS int), -1) AS use_proxy,
		ISNULL(n.Value2, N'') AS proxy, ISNULL(CAST(t.Value3 AS int), -1) AS proxy_port,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse_Properties', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT 1 AS one) k
	LEFT JOIN dbo.vSMS_SC_SysResUse p ON p.RoleName = N'SMS Dmp Connector'
	LEFT JOIN dbo.vSMS_SC_SysResUse_Properties o ON o.ID = p.ID AND o.Name = N'OfflineMode'
	LEFT JOIN dbo.vSMS_SC_SysResUse s ON s.ServerName = p.ServerName AND s.SiteCode = p.SiteCode AND s.RoleName = N'SMS Site System'
	LEFT JOIN dbo.vSMS_SC_SysResUse_Properties e ON e.ID = s.ID AND e.Name = N'UseProxy'
	LEFT JOIN dbo.vSMS_SC_SysResUse_Properties n ON n.ID = s.ID AND n.Name = N'ProxyName'
	LEFT JOIN dbo.vSMS_SC_SysResUse_Properties t ON t.ID = s.ID AND t.Name = N'ProxyServerPort'
	ORDER BY server`)

type pointRow struct {
	Server    string `json:"server"`
	Points    int    `json:"points"`
	Offline   int    `json:"offline"`   // 0 online, 1 offline, -1 not said
	UseProxy  int    `json:"use_proxy"` // 0 no, 1 yes, -1 not said
	Proxy     string `json:"proxy"`
	ProxyPort int    `json:"proxy_port"` // -1 not said
}

// pointRight is the right that connectionPoints needs.
const pointRight = "SQL Server: SELECT on vSMS_SC_SysResUse and vSMS_SC_SysResUse_Properties in the site database"

// remoteRight is the right to read another server's registry.
const remoteRight = "Windows: read the registry of the service connection point over the network, as its administrators may, when it is on another server; its service RemoteRegistry must run"

// point is the service connection point that brings the update.
type point struct {
	pointRow
	on string // as questions name its server; empty when it is this machine
}

// where says which server that is.
func (p point) where() string {
	if p.on == "" {
		return "this server"
	}
	return p.on
}

// pointReads are the questions of onPoint, and further ones.
func pointReads(forms ...platform.Form) []platform.Form {
	return withDatabase(append([]platform.Form{platform.ReadComputer().Form(), connectionPoints.In("{SQL Server}", "{site database}").Form()}, forms...)...)
}

// onPoint is the Run of a check that judges the server of the service connection point. It does
// not apply where there is none in this database, and where it works offline.
func onPoint(run func(context.Context, *checks.Case, discovery.Database, point) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		if d.OfType == discovery.Secondary {
			return checks.DoesNotApply("a secondary site has no service connection point"), nil
		}
		rows, err := platform.Ask(ctx, c, connectionPoints.In(d.Instance, d.Name))
		if err != nil {
			return checks.Finding{}, err
		}
		row := rows[0]
		switch {
		case row.Server == "" && row.Points == 0 && len(rows) == 1:
			return checks.DoesNotApply("the database of this site knows no service connection point"), nil
		case row.Server == "" || row.Points != len(rows):
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "database %s on SQL Server %s is said to know %d service connection points, and %d rows came, the first about %q",
				d.Name, d.Instance, row.Points, len(rows), row.Server)
		case len(rows) > 1:
			no := platform.Refuse(platform.ErrUnsupported, "database %s on SQL Server %s knows %d service connection points, and a hierarchy supports one", d.Name, d.Instance, len(rows))
			no.Help = "Remove the ones that are not needed."
			return checks.Finding{}, no
		case row.Offline == 1:
			return checks.DoesNotApply(fmt.Sprintf("the service connection point on %s is offline, and connects to nothing", row.Server)), nil
		case row.Offline != 0:
			return checks.Finding{}, platform.Refuse(platform.ErrUnsupported, "whether the service connection point on %s is online is not said in database %s on SQL Server %s (%d)",
				row.Server, d.Name, d.Instance, row.Offline)
		}
		p := point{pointRow: row, on: row.Server}
		if d.OfType != discovery.Remote {
			own, err := platform.Ask(ctx, c, platform.ReadComputer())
			if err != nil {
				return checks.Finding{}, err
			}
			if servers.IsOwn(own, row.Server) {
				p.on = ""
			}
		}
		return run(ctx, c, d, p)
	})
}
