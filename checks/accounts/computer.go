package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/access"
	"siteready/checks/discovery"
	"siteready/platform"
)

// managementPoints lists the management points of this database's site, and how many there
// are. A central administration site has none: one row without a server.
var managementPoints = platform.SQL[managementPointRow]("management-points", `
	SELECT ISNULL(u.ServerName, N'') AS server, COUNT(u.RoleName) OVER () AS points,
		CASE WHEN HAS_PERMS_BY_NAME(N'dbo.vSMS_SC_SysResUse', N'OBJECT', N'SELECT') = 1 THEN 1 ELSE 0 END AS may_see
	FROM (SELECT N'SMS Management Point' AS role) r
	LEFT JOIN dbo.vSMS_SC_SysResUse u ON u.RoleName = r.role AND u.SiteCode = dbo.fnGetSiteCode()`)

type managementPointRow struct {
	Server string `json:"server"` // DNS name; empty when there is none
	Points int    `json:"points"`
}

const serverHole = "{server}"

func computerAdministrator() checks.Check {
	return checks.Check{
		ID:          "accounts.computer-administrator",
		Title:       "Is the site server's computer account an administrator of SQL Server's machine and of the management points?",
		Why:         "The site server installs and updates its parts on other servers over the network, as its computer account. A management point may have an installation account instead.",
		Consequence: "The product's own prerequisite check stops the update, or the parts on these servers stay at the old version.",
		Remedy:      "Add the site server's computer account to the local group Administrators of the server named here.",
		Command:     `Add-LocalGroupMember -SID S-1-5-32-544 -Member 'DOMAIN\SERVER$'`,
		Rules:       []string{"Site server computer account administrative rights", "Administrative rights on management point"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#site-server-computer-account-administrative-rights",
			"https://learn.microsoft.com/windows/win32/api/lmaccess/nf-lmaccess-netlocalgroupgetmembers",
		},
		Rights: []string{
			"Windows: to be an administrator of the servers that are looked at, or to run as LocalSystem of the site server",
			"SQL Server: SELECT on vSMS_SC_SysResUse and EXECUTE on fnGetSiteCode in the site database",
			access.DirectoryRight + "; only asked where a group of the domain could decide",
		},
		Reads: append(append(discovery.DatabaseReads(), machineReads()...),
			sysadminMembers.In("{SQL Server}", "{site database}").Form(),
			managementPoints.In("{SQL Server}", "{site database}").Form(),
			platform.ReadAccount(accountHole).Form(),
			platform.ReadTokenMember(localSystem).Form(),
			platform.ReadShare(`\\`+serverHole+`\ADMIN$`).Form(),
			platform.ReadGroupMembers(administrators).At(serverHole).Form(), platform.ReadDirectoryGroups(accountHole).Form()),
		Run: discovery.OnSite(runComputerAdministrator),
	}
}

// elsewhere is a server on which the computer account must be an administrator.
type elsewhere struct {
	server, role string
	without      checks.Status // when it is none
}

func runComputerAdministrator(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary {
		return checks.DoesNotApply("the rule looks at primary and central administration sites"), nil
	}
	m, err := readMachine(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	servers, err := serversOf(ctx, c, m)
	if err != nil {
		return checks.Finding{}, err
	}
	if len(servers) == 0 {
		return checks.DoesNotApply("SQL Server and the management points are on the site server itself"), nil
	}
	name, err := m.account()
	if err != nil {
		return checks.Finding{}, err
	}
	system, err := platform.Ask(ctx, c, platform.ReadTokenMember(localSystem))
	if err != nil {
		return checks.Finding{}, err
	}
	if deadline, limited := ctx.Deadline(); limited {
		early, stop := context.WithDeadline(ctx, deadline.Add(-timeToTell))
		defer stop()
		ctx = early
	}
	var items []checks.Item
	if system.Member {
		items = byShares(ctx, c, servers, name)
	} else {
		account, err := platform.Ask(ctx, c, platform.ReadAccount(name))
		if err != nil {
			return checks.Finding{}, err
		}
		items = byGroups(ctx, c, servers, account)
	}
	finding := checks.Items(elsewhereSummary(name, items), items...)
	if _, rows, err := readSysadmins(ctx, c); err == nil && rows[0].ElsewhereToo == 1 {
		finding.Notes = append(finding.Notes, "SQL Server is in a cluster or the database in an availability group: "+
			"the account must be an administrator of each of its machines, and of these only "+rows[0].Machine+" was looked at.")
	}
	return finding, nil
}

// serversOf lists the other servers: SQL Server's machine, by the name under which the site
// reaches it where that is its name, and the management points.
func serversOf(ctx context.Context, c *checks.Case, m machine) ([]elsewhere, error) {
	d, rows, err := readSysadmins(ctx, c)
	if err != nil {
		return nil, err
	}
	points, err := platform.Ask(ctx, c, managementPoints.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	var servers []elsewhere
	add := func(server, role string, without checks.Status) {
		known := slices.ContainsFunc(servers, func(e elsewhere) bool { return strings.EqualFold(e.server, server) })
		if !known && !m.is(server) {
			servers = append(servers, elsewhere{server, role, without})
		}
	}
	add(sqlHost(d.Instance, rows[0].Machine), "SQL Server", checks.Failed)
	for _, point := range points {
		if named := point.Server != ""; named != (point.Points > 0) || len(points) != max(1, point.Points) {
			return nil, platform.Refuse(platform.ErrMalformed,
				"vSMS_SC_SysResUse of database %s on SQL Server %s is said to have %d management points, and %d were listed, one of them as %q",
				d.Name, d.Instance, point.Points, len(points), point.Server)
		}
		if point.Server != "" {
			add(point.Server, "management point", checks.Warning)
		}
	}
	slices.SortStableFunc(servers[min(1, len(servers)):], func(a, b elsewhere) int { return strings.Compare(strings.ToLower(a.server), strings.ToLower(b.server)) })
	return servers, nil
}

// sqlHost is the full name of SQL Server's machine where the site reaches it by that, and the
// short name that SQL Server itself gives otherwise: an alias or a listener is no machine.
func sqlHost(instance, machine string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(instance, "tcp:"), ",")
	host, _, _ = strings.Cut(host, `\`)
	if label, _, _ := strings.Cut(host, "."); strings.EqualFold(label, machine) {
		return host
	}
	return machine
}

// item is what is said of a server, as far as the way of asking does not matter.
func (e elsewhere) item(name string) checks.Item {
	return checks.Item{Key: e.role + " " + e.server, Wanted: name + " is an administrator"}
}

// serversAtOnce is how many servers are asked at the same time, so that some which do not
// answer leave time for the others.
const serversAtOnce = 8

// timeToTell is what stays of the check's time for what is known of the other servers.
const timeToTell = 3 * time.Second

// byShares knocks at the servers' administrative share, which opens for administrators alone.
// It proves something when siteready runs as LocalSystem: on the network it is the computer
// account then.
func byShares(ctx context.Context, c *checks.Case, servers []elsewhere, name string) []checks.Item {
	var questions []platform.Query[platform.Share]
	for _, e := range servers {
		questions = append(questions, platform.ReadShare(`\\`+e.server+`\ADMIN$`))
	}
	var items []checks.Item
	for i, answer := range platform.AskAll(ctx, c, serversAtOnce, questions...) {
		item := servers[i].item(name)
		item.Where = questions[i].Where
		switch {
		case answer.Err != nil:
			item = unknown(item.Key, item.Wanted, answer.Err)
		case answer.Value.Outcome == platform.ShareReachable:
			item.Status, item.Found = checks.Passed, "siteready runs as the site server itself, and opened ADMIN$"
		case answer.Value.Outcome == platform.ShareDenied:
			item.Status, item.Found = servers[i].without, "siteready runs as the site server itself, and was refused ADMIN$"
		default:
			item = unknown(item.Key, item.Wanted, platform.Refuse(platform.ErrUnreachable,
				"%s could not be opened: %s (%d)", questions[i].Where, answer.Value.Outcome, answer.Value.Number))
		}
		items = append(items, item)
	}
	return items
}

// byGroups asks the servers for their administrators.
func byGroups(ctx context.Context, c *checks.Case, servers []elsewhere, account platform.Account) []checks.Item {
	var questions []platform.Query[platform.GroupMembers]
	for _, e := range servers {
		questions = append(questions, platform.ReadGroupMembers(administrators).At(e.server))
	}
	var items []checks.Item
	for i, answer := range platform.AskAll(ctx, c, serversAtOnce, questions...) {
		item := servers[i].item(account.Name)
		item.Where = "the local group Administrators of " + servers[i].server
		if answer.Err != nil {
			items = append(items, unknown(item.Key, item.Wanted, answer.Err))
			continue
		}
		switch at, through, why := access.AmongAll(ctx, c, account, answer.Value); at {
		case inside:
			item.Status, item.Found = checks.Passed, "a member"
			if len(through) > 0 {
				item.Found += " through " + list(through) + ", as the directory has it"
			}
		case outside:
			item.Status, item.Found = servers[i].without, "no member"
		default:
			item = unknown(item.Key, item.Wanted, becauseOf(throughGroups(account.Name, "be an administrator of "+servers[i].server, through), why))
		}
		items = append(items, item)
	}
	return items
}

func elsewhereSummary(name string, items []checks.Item) string {
	switch {
	case checks.Count(items, checks.Failed, checks.Warning) > 0:
		return fmt.Sprintf("%s is not an administrator everywhere where it must be.", name)
	case checks.Count(items, checks.Unknown) > 0:
		return fmt.Sprintf("Whether %s is an administrator everywhere could not be told.", name)
	default:
		return fmt.Sprintf("%s is an administrator where it must be.", name)
	}
}
