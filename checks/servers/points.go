package servers

import (
	"siteready/checks/discovery"
	"siteready/platform"
)

// connectionPoints lists the service connection points that the site's database knows, with
// whether each is offline and the proxy of its server. Where the numbers and texts of a property
// stand is known from Microsoft's pages for OfflineMode, and from public scripts for the proxy.
// Without one there is a row with an empty server.
var connectionPoints = platform.SQL[Point]("connection-points", `
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

// Point is a service connection point.
type Point struct {
	Server    string `json:"server"` // empty in the row that stands for none
	Points    int    `json:"points"`
	Offline   int    `json:"offline"`   // 0 online, 1 offline, -1 not said
	UseProxy  int    `json:"use_proxy"` // 0 no, 1 yes, -1 not said
	Proxy     string `json:"proxy"`
	ProxyPort int    `json:"proxy_port"` // -1 not said
}

// Points asks for the service connection points that the site whose database d is knows.
func Points(d discovery.Database) platform.Query[[]Point] {
	return connectionPoints.In(d.Instance, d.Name)
}

// PointsForm is the form of the question that Points makes.
func PointsForm() platform.Form { return connectionPoints.In("{SQL Server}", "{site database}").Form() }

// PointsRight is the right that Points needs.
const PointsRight = "SQL Server: SELECT on vSMS_SC_SysResUse and vSMS_SC_SysResUse_Properties in the site database"
