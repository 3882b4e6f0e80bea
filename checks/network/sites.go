package network

import (
	"context"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// siteNetwork has a row for this database's site, its parent and its child sites: where the site
// server is, and where and on which ports SQL Server is, as the site control has it. A deleted
// site may stay in the view.
var siteNetwork = platform.SQL[siteRow]("site-network", `
	SELECT TOP (300) s.SiteCode AS site, CASE WHEN s.SiteCode = dbo.fnGetSiteCode() THEN 1 ELSE 0 END AS own,
		ISNULL(s.ReportingSiteCode, N'') AS parent, ISNULL(s.ServerName, N'') AS server,
		ISNULL(p.sql_server, N'') AS sql_server, ISNULL(p.sql_port, -1) AS sql_port, ISNULL(p.broker_port, -1) AS broker_port,
		CASE WHEN d.replica_id IS NULL THEN 0 ELSE 1 END AS replicated, COUNT(*) OVER () AS listed,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.SC_SiteDefinition_Property', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.v_Site s
	LEFT JOIN sys.databases d ON d.database_id = DB_ID()
	LEFT JOIN (
		SELECT x.SiteCode AS site, MAX(CASE WHEN v.Name = N'SQLServerFQDN' THEN v.Value1 END) AS sql_server,
			MAX(CASE WHEN v.Name = N'SQLServicePort' THEN CAST(v.Value3 AS int) END) AS sql_port,
			MAX(CASE WHEN v.Name = N'SSBPort' THEN CAST(v.Value3 AS int) END) AS broker_port
		FROM dbo.SC_SiteDefinition x
		INNER JOIN dbo.SC_SiteDefinition_Property v ON v.SiteNumber = x.SiteNumber AND v.Name IN (N'SQLServerFQDN', N'SQLServicePort', N'SSBPort')
		GROUP BY x.SiteCode) p ON p.site = s.SiteCode
	WHERE ISNULL(s.Status, 1) <> 4
		AND (s.SiteCode = dbo.fnGetSiteCode() OR s.ReportingSiteCode = dbo.fnGetSiteCode()
			OR s.SiteCode IN (SELECT o.ReportingSiteCode FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode()))
	ORDER BY own DESC, site`)

type siteRow struct {
	Site       string `json:"site"`
	Own        int    `json:"own"`         // 1 for the site of this database
	Parent     string `json:"parent"`      // code of the parent site; empty for none
	Server     string `json:"server"`      // the site server's full name
	SQLServer  string `json:"sql_server"`  // SQL Server's full name; empty when the site control names none
	SQLPort    int    `json:"sql_port"`    // -1 when the site control names none
	BrokerPort int    `json:"broker_port"` // of Service Broker; -1 when the site control names none
	Replicated int    `json:"replicated"`  // 1: the own site's database is in an availability group
	Listed     int    `json:"listed"`      // rows in all, also those beyond the limit
}

const (
	siteControlRight = "SQL Server: SELECT on v_Site, SC_SiteDefinition and SC_SiteDefinition_Property, and EXECUTE on fnGetSiteCode, in the site database"
	whereSiteControl = "SC_SiteDefinition_Property, "
)

func siteNetworkForm() platform.Form {
	return siteNetwork.In("{SQL Server}", "{site database}").Form()
}

// readSites returns the own site and its neighbours. Rows that cannot be whole are refused.
func readSites(ctx context.Context, c *checks.Case, d discovery.Database) (own siteRow, others []siteRow, err error) {
	rows, err := platform.Ask(ctx, c, siteNetwork.In(d.Instance, d.Name))
	if err != nil {
		return siteRow{}, nil, err
	}
	own, others, no := neighbours(d, rows)
	if no != nil {
		return siteRow{}, nil, no
	}
	return own, others, nil
}

func neighbours(d discovery.Database, rows []siteRow) (own siteRow, others []siteRow, no *platform.NoAnswer) {
	for _, row := range rows {
		switch {
		case row.Listed != len(rows):
			return own, nil, platform.Refuse(platform.ErrTooLarge, "v_Site of database %s on SQL Server %s is said to have %d rows about this site and its neighbours, and %d were listed",
				d.Name, d.Instance, row.Listed, len(rows))
		case row.Site == "" || row.Server == "" || slices.ContainsFunc(others, func(o siteRow) bool { return strings.EqualFold(o.Site, row.Site) }):
			return own, nil, platform.Refuse(platform.ErrMalformed, "v_Site of database %s on SQL Server %s has a site %q with the server %q, which is no site or listed twice",
				d.Name, d.Instance, row.Site, row.Server)
		case row.Own == 1 && own.Site == "":
			own = row
		default:
			others = append(others, row)
		}
	}
	if own.Site == "" {
		return own, nil, platform.Refuse(platform.ErrMalformed, "v_Site of database %s on SQL Server %s does not list its own site", d.Name, d.Instance)
	}
	return own, others, nil
}
