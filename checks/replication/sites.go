package replication

import (
	"context"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// maxSites is how many sites the statement lists. A hierarchy has at most 26 that are no
// secondary sites.
const maxSites = 40

// sites lists the sites of the hierarchy that are no secondary sites, the database's own one
// first and then its parent, with what ServerData says of their replication. A site with
// several rows there is active when all of them are.
var sites = platform.SQL[siteRow]("replication-sites", `
	SELECT TOP (40) t.site, t.type, t.state, t.own, t.parent, t.secondaries, COUNT(1) OVER () AS sites,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.ServerData', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.fnGetSiteCode', N'OBJECT', N'EXECUTE') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT CAST(s.SiteCode AS nvarchar(8)) AS site, ISNULL(CAST(s.Type AS int), -1) AS type, ISNULL(d.state, -1) AS state,
			CASE WHEN s.SiteCode = o.SiteCode THEN 1 ELSE 0 END AS own,
			CASE WHEN s.SiteCode = o.ReportingSiteCode THEN 1 ELSE 0 END AS parent,
			(SELECT COUNT(1) FROM dbo.v_Site c WHERE c.Type = 1 AND c.ReportingSiteCode = o.SiteCode) AS secondaries
		FROM dbo.v_Site o
		INNER JOIN dbo.v_Site s ON s.SiteCode = o.SiteCode OR s.Type IS NULL OR s.Type <> 1
		LEFT JOIN (SELECT p.SiteCode AS code,
				CASE WHEN COUNT(p.SiteStatus) < COUNT(1) THEN -1 ELSE ISNULL(MIN(NULLIF(p.SiteStatus, 125)), 125) END AS state
			FROM dbo.ServerData p WHERE p.ServerRole = N'Peer' GROUP BY p.SiteCode) d ON d.code = s.SiteCode
		WHERE o.SiteCode = dbo.fnGetSiteCode()) t
	ORDER BY t.own DESC, t.parent DESC, CASE t.state WHEN 125 THEN 1 ELSE 0 END, t.site`)

type siteRow struct {
	Site        string `json:"site"`
	Type        int    `json:"type"`        // 1 secondary, 2 primary, 4 central administration site
	State       int    `json:"state"`       // see siteStates; -1 without a row
	Own         int    `json:"own"`         // 1 for the site whose database this is
	Parent      int    `json:"parent"`      // 1 for its parent site
	Secondaries int64  `json:"secondaries"` // secondary sites of the own site
	Sites       int64  `json:"sites"`       // all, also those that are not listed
}

const (
	typeSecondary = 1
	typePrimary   = 2
	typeCAS       = 4
)

const (
	sitesRight = "SQL Server: SELECT on v_Site and ServerData and EXECUTE on fnGetSiteCode in the site database"
	ofParent   = "this is a secondary site: the database of its parent site knows the state of its replication, run siteready there"
)

func sitesForm() platform.Form { return sites.In("{SQL Server}", "{site database}").Form() }

// hierarchy is the own site with those that it exchanges data with.
type hierarchy struct {
	own         siteRow
	parent      *siteRow
	children    []siteRow // primary sites below a central administration site
	secondaries int64
	unlisted    int64
}

// partners are the sites, but for secondary sites, to which the own one has a link.
func (h hierarchy) partners() []siteRow {
	if h.parent != nil {
		return []siteRow{*h.parent}
	}
	return h.children
}

// findHierarchy asks for the sites. What is not empty beside a nil error is why nothing is
// replicated here.
func findHierarchy(ctx context.Context, c *checks.Case, d discovery.Database) (hierarchy, string, error) {
	if d.OfType == discovery.Secondary {
		return hierarchy{}, ofParent, nil
	}
	rows, err := platform.Ask(ctx, c, sites.In(d.Instance, d.Name))
	if err != nil {
		return hierarchy{}, "", err
	}
	h := hierarchy{own: rows[0], secondaries: rows[0].Secondaries, unlisted: rows[0].Sites - int64(len(rows))}
	if h.own.Own != 1 || h.unlisted < 0 || h.unlisted > 0 && len(rows) < maxSites || h.secondaries < 0 {
		return hierarchy{}, "", platform.Refuse(platform.ErrMalformed, "the list of sites on SQL Server %s contradicts itself", d.Instance)
	}
	for _, row := range rows[1:] {
		switch {
		case row.Own != 0:
			return hierarchy{}, "", platform.Refuse(platform.ErrMalformed, "the list of sites on SQL Server %s has two own sites", d.Instance)
		case row.Parent == 1:
			h.parent = &row
		case h.own.Type == typeCAS:
			h.children = append(h.children, row)
		}
	}
	switch h.own.Type {
	case typeSecondary:
		return hierarchy{}, ofParent, nil
	case typePrimary, typeCAS:
	default:
		return hierarchy{}, "", platform.Refuse(platform.ErrUnsupported, "site %s is of type %d, which is not known here", h.own.Site, h.own.Type)
	}
	if h.parent == nil && d.OfType != discovery.Remote {
		local, _, err := discovery.FindSite(ctx, c)
		if err != nil {
			return hierarchy{}, "", err
		}
		if local.Parent != "" {
			return hierarchy{}, "", platform.Refuse(platform.ErrMalformed,
				"the database lists no parent of site %s, and the registry names its parent %s", h.own.Site, local.Parent)
		}
	}
	if h.parent == nil && len(h.children) == 0 && h.secondaries == 0 {
		return h, "site " + h.own.Site + " has no other site to exchange data with", nil
	}
	return h, "", nil
}

// overSites is the Run of a check that applies where sites exchange data.
func overSites(run func(context.Context, *checks.Case, discovery.Database, hierarchy) (checks.Finding, error)) func(context.Context, *checks.Case) (checks.Finding, error) {
	return discovery.OnDatabase(func(ctx context.Context, c *checks.Case, d discovery.Database) (checks.Finding, error) {
		h, alone, err := findHierarchy(ctx, c, d)
		switch {
		case err != nil:
			return checks.Finding{}, err
		case alone != "":
			return checks.DoesNotApply(alone), nil
		}
		return run(ctx, c, d, h)
	})
}
