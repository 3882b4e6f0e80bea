package discovery

import (
	"context"
	"fmt"
	"strings"

	"siteready/checks"
	"siteready/platform"
)

// siteServers lists the site servers of this database's site. SiteSystemStatus 0 is the
// passive one, 1 the active one; the codes are the product's own, read from Microsoft's lab
// builder. A site with one server has one row.
var siteServers = platform.SQL[SiteServer]("site-servers", `
	SELECT u.ServerName AS server, ISNULL(u.SiteSystemStatus, -1) AS status,
		ISNULL(HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT'), 0) AS may_see
	FROM dbo.vSMS_SC_SysResUse u
	WHERE u.RoleName = N'SMS Site Server' AND u.SiteCode = dbo.fnGetSiteCode()`)

// SiteServer is a site server of a database's site.
type SiteServer struct {
	Server string `json:"server"`
	Status int    `json:"status"` // 0 passive, 1 active, -1 not said
}

// SiteServers asks for the site servers of the database's site: one, or an active and a passive
// one. It needs SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode.
func SiteServers(d Database) platform.Query[[]SiteServer] { return siteServers.In(d.Instance, d.Name) }

// SiteServersForm is the form of the question that SiteServers makes.
func SiteServersForm() platform.Form { return siteServers.In("{SQL Server}", "{site database}").Form() }

// The statuses of site servers.
const (
	ServerPassive = 0
	ServerActive  = 1
)

var roleNames = map[Role]string{CAS: "central administration site", Primary: "primary site", Secondary: "secondary site"}

// Describe says what the report is about. It never fails: what could not be read is told in
// Problem, and what is only told to people stays empty.
func Describe(ctx context.Context, a platform.Asker, stated checks.Stated) Subject {
	computer, _ := platform.Note(ctx, a, platform.ReadComputer())
	named := func(s Subject) Subject {
		s.Computer, s.Account, s.Elevated = computer.FQDN, computer.Account, computer.Elevated
		return s
	}
	site, other, err := FindSite(ctx, a)
	sm, smErr := FindServiceManager(ctx, a)
	and := func(s Subject) Subject {
		switch {
		case smErr != nil && s.Problem == "" && !stated.Complete():
			s.Problem = smErr.Error()
		case sm != nil:
			s = beside(s, describeServiceManager(ctx, a, *sm, computer))
		}
		return named(s)
	}
	switch {
	case err == nil && other == nil:
		return and(describeSite(ctx, a, site, computer, stated))
	case stated.Complete():
		return named(Subject{
			Role: Remote, Product: "Configuration Manager", SQLServer: stated.SQLServer, Database: stated.Database,
			Headline: fmt.Sprintf("database %s on SQL Server %s, named by the operator", stated.Database, stated.SQLServer),
		})
	case err != nil:
		return and(Subject{Role: NotKnown, Problem: err.Error(), Headline: "what this machine is could not be read"})
	default:
		if sm == nil && smErr == nil {
			other.Headline = Neither(*other)
		}
		return and(*other)
	}
}

func describeSite(ctx context.Context, a platform.Asker, site Site, computer platform.Computer, stated checks.Stated) Subject {
	s := Subject{
		Product: "Configuration Manager", Role: site.Type, SiteCode: site.Code, ParentSite: site.Parent,
		Version: site.Version.String(), InstallDir: site.InstallDir,
	}
	name := roleNames[site.Type]
	if site.Type == Primary && site.Parent == "" {
		name = "stand-alone primary site"
	}
	s.Headline = fmt.Sprintf("%s %s, version %s", name, site.Code, site.Version)
	database, err := locate(ctx, a, stated)
	if err != nil {
		s.Problem = err.Error()
		return s
	}
	s.SQLServer, s.Database = database.Instance, database.Name
	servers, ok := platform.Note(ctx, a, siteServers.In(database.Instance, database.Name))
	if !ok || len(servers) < 2 {
		return s
	}
	for _, server := range servers {
		if server.Status == ServerActive {
			s.ActiveServer = server.Server
		}
	}
	for _, server := range servers {
		if server.Status == ServerPassive && computer.FQDN != "" && strings.EqualFold(server.Server, computer.FQDN) {
			s.Role = Passive
			s.Headline += "; this is its passive site server"
			if s.ActiveServer != "" {
				s.Headline += ", the active one is " + s.ActiveServer
			}
		}
	}
	return s
}

// Build is the site's build, the third part of its version, or 0 when it is not known.
func Build(ctx context.Context, a platform.Asker) uint32 {
	site, other, err := FindSite(ctx, a)
	if err != nil || other != nil {
		return 0
	}
	return site.Version.Part(2)
}
