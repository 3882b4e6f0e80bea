// Package servers lists the other servers of a site for checks that ask each of them.
package servers

import (
	"context"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// listed has the servers that hold roles of the site, on a central administration site
// those of all its sites. Roles of a secondary site are left out, as the product's rule does, and
// so is what runs in Azure. A row is a server: distribution says that it holds content, others
// that it has a role beyond that and beyond those that every site system has. The site server is
// always among them.
var listed = platform.SQL[Row]("site-systems", `
	SELECT u.ServerName AS server, u.SiteCode AS site,
		MAX(CASE WHEN u.RoleName = N'SMS Distribution Point' THEN 1 ELSE 0 END) AS distribution,
		MAX(CASE WHEN u.RoleName IN (N'SMS Site System', N'SMS Component Server', N'SMS Distribution Point', N'SMS Multicast Service Point')
			THEN 0 ELSE 1 END) AS others,
		MAX(CASE WHEN u.RoleName = N'SMS Provider' THEN 1 ELSE 0 END) AS provider,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1
			AND HAS_PERMS_BY_NAME(N'dbo.v_Site', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM dbo.vSMS_SC_SysResUse u LEFT JOIN dbo.v_Site s ON s.SiteCode = u.SiteCode
	WHERE ISNULL(u.NALResType, N'') <> N'Windows Azure' AND ISNULL(s.Type, 0) <> 1
		AND (u.SiteCode = dbo.fnGetSiteCode()
			OR EXISTS (SELECT 1 FROM dbo.v_Site o WHERE o.SiteCode = dbo.fnGetSiteCode() AND o.Type = 4))
	GROUP BY u.ServerName, u.SiteCode`)

// Row is a server in a site.
type Row struct {
	Server       string `json:"server"`
	Site         string `json:"site"`
	Distribution int    `json:"distribution"` // 1: it holds content
	Others       int    `json:"others"`       // 1: it has a role beyond that
	Provider     int    `json:"provider"`     // 1: it has the SMS Provider
}

// Listed asks for the servers of the site whose database d is, this machine among them. A
// server has a row for each site that it serves.
func Listed(d discovery.Database) platform.Query[[]Row] { return listed.In(d.Instance, d.Name) }

// Form is the form of the question that Listed makes.
func Form() platform.Form { return listed.In("{SQL Server}", "{site database}").Form() }

// Right is the right that Listed needs.
const Right = "SQL Server: SELECT on vSMS_SC_SysResUse and v_Site, and EXECUTE on fnGetSiteCode, in the site database"

// RemoteRight is the right to read another server's registry.
const RemoteRight = "Windows: read the registry of the other servers of the site over the network, as their administrators may; their service RemoteRegistry must run"

// AtOnce is how many servers are asked at the same time. A dead one costs the limit of one
// question, five seconds, so that two hundred dead ones are asked within the time that
// a check has.
const AtOnce = 64

// Server is a site system.
type Server struct {
	Name        string
	ContentOnly bool // a distribution point without another role
}

// OfSite asks for the servers of the site that d is the database of, without this machine when
// that is one of them: a site server is judged by checks of its own.
func OfSite(ctx context.Context, c *checks.Case, d discovery.Database) ([]Server, error) {
	rows, err := platform.Ask(ctx, c, Listed(d))
	if err != nil {
		return nil, err
	}
	var own platform.Computer
	if d.OfType != discovery.Remote {
		if own, err = platform.Ask(ctx, c, platform.ReadComputer()); err != nil {
			return nil, err
		}
	}
	return Others(rows, own), nil
}

// Others lists the servers but this one, each once: first those with a role beyond content, so
// that time is not lost on the others, and then by name.
func Others(rows []Row, own platform.Computer) []Server {
	var servers []Server
	for _, row := range rows {
		if IsOwn(own, row.Server) {
			continue
		}
		contentOnly := row.Distribution == 1 && row.Others == 0
		i := slices.IndexFunc(servers, func(s Server) bool { return strings.EqualFold(s.Name, row.Server) })
		if i < 0 {
			servers = append(servers, Server{row.Server, contentOnly})
			continue
		}
		servers[i].ContentOnly = servers[i].ContentOnly && contentOnly
	}
	slices.SortFunc(servers, func(a, b Server) int {
		switch {
		case a.ContentOnly == b.ContentOnly:
			return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		case b.ContentOnly:
			return -1
		}
		return 1
	})
	return servers
}

// IsOwn reports whether a server is this machine.
func IsOwn(own platform.Computer, name string) bool {
	return name != "" && (strings.EqualFold(name, own.FQDN) || strings.EqualFold(name, own.Name))
}

// Before ends a context some time before its own end, so that what was found can still be told.
func Before(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-reserve))
}

// MachineOf is the machine in SERVER\INSTANCE,PORT. Of an availability group it is the
// listener, which leads to the machine of the primary replica.
func MachineOf(instance string) string {
	address, _, _ := strings.Cut(strings.TrimPrefix(instance, "tcp:"), ",")
	machine, _, _ := strings.Cut(address, `\`)
	return machine
}

// IsLoopback reports whether a name stands for the machine that it is used on.
func IsLoopback(name string) bool {
	switch strings.ToLower(name) {
	case "", ".", "(local)", "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}
