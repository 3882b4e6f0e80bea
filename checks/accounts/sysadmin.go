package accounts

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

// maxMembers is how many members of sysadmin the statement lists.
const maxMembers = 100

// sysadminMembers lists the members of sysadmin, beside what is known of SQL Server's own
// machine and of the log-on that asks. A log-on always knows whether it is in a role itself; of
// the others it sees all with VIEW ANY DEFINITION only, and `whole` says whether it has that.
// Windows logs on with SIDs, so these are compared and not names; they are written here as
// Windows writes them. A role has one row at least.
var sysadminMembers = platform.SQL[sysadminRow]("sysadmin-members", `
	SELECT TOP (`+strconv.Itoa(maxMembers)+`) p.name AS member, p.type AS kind, `+sidText("p.sid")+` AS sid, CAST(p.is_disabled AS int) AS disabled,
		COUNT(m.member_principal_id) OVER () AS members,
		CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY DEFINITION') = 1
			OR HAS_PERMS_BY_NAME(NULL, NULL, N'VIEW ANY SECURITY DEFINITION') = 1 THEN 1 ELSE 0 END AS whole,
		SUSER_SNAME() AS login, `+sidText("SUSER_SID()")+` AS login_sid, IS_SRVROLEMEMBER(N'sysadmin') AS login_is_sysadmin,
		CAST(SERVERPROPERTY(N'ComputerNamePhysicalNetBIOS') AS nvarchar(128)) AS machine,
		ISNULL(CAST(SERVERPROPERTY(N'InstanceName') AS nvarchar(128)), N'MSSQLSERVER') AS instance,
		CASE WHEN CAST(SERVERPROPERTY(N'IsClustered') AS int) = 1
			OR EXISTS (SELECT 1 FROM sys.databases d WHERE d.database_id = DB_ID() AND d.replica_id IS NOT NULL) THEN 1 ELSE 0 END AS elsewhere_too,
		CASE WHEN IS_SRVROLEMEMBER(N'sysadmin') IS NULL THEN 0 ELSE 1 END AS may_see
	FROM sys.server_principals r
	LEFT JOIN sys.server_role_members m ON m.role_principal_id = r.principal_id
	LEFT JOIN sys.server_principals p ON p.principal_id = m.member_principal_id
	WHERE r.name = N'sysadmin' AND r.type = 'R'
	ORDER BY p.type, p.name`)

type sysadminRow struct {
	Member          *string `json:"member"` // null when this log-on may not see the member
	Kind            *string `json:"kind"`   // U a Windows account, G a Windows group, S a SQL Server log-on, R a role, E and X of Entra, C and K keys
	SID             *string `json:"sid"`    // empty when it is none of Windows
	Disabled        *int    `json:"disabled"`
	Members         int     `json:"members"` // of the role, also those that are not listed
	Whole           int     `json:"whole"`   // 1 when the log-on that asks may see all members
	Login           string  `json:"login"`
	LoginSID        string  `json:"login_sid"`
	LoginIsSysadmin int     `json:"login_is_sysadmin"`
	Machine         string  `json:"machine"` // NetBIOS name of the machine that SQL Server runs on now
	Instance        string  `json:"instance"`
	ElsewhereToo    int     `json:"elsewhere_too"` // 1 for a cluster, and for a database in an availability group
}

// sidText is the T-SQL that writes a binary SID as text: revision 1, a count, six bytes of
// authority, of which only the last is ever used, and numbers of four bytes, the lowest first.
func sidText(sid string) string {
	const most = 6 // what log-ons have: S-1-5-21 has five numbers, S-1-5-80 has six
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN SUBSTRING(%[1]s, 1, 1) = 0x01 AND DATALENGTH(%[1]s) = 8 + 4 * CAST(SUBSTRING(%[1]s, 2, 1) AS int)"+
		" THEN 'S-1-' + CAST(CAST(SUBSTRING(%[1]s, 8, 1) AS int) AS varchar(3))", sid)
	for i := range most {
		at := 9 + 4*i
		fmt.Fprintf(&b, " + CASE WHEN DATALENGTH(%[1]s) >= %[2]d THEN '-' + CAST(CAST(SUBSTRING(%[1]s, %[2]d, 1) + SUBSTRING(%[1]s, %[3]d, 1)"+
			" + SUBSTRING(%[1]s, %[4]d, 1) + SUBSTRING(%[1]s, %[5]d, 1) AS bigint) AS varchar(10)) ELSE '' END", sid, at+3, at+2, at+1, at)
	}
	b.WriteString(" ELSE '' END")
	return b.String()
}

// sysadminRight is what sysadminMembers needs to show all members.
const sysadminRight = "SQL Server: VIEW ANY DEFINITION (from 2022 on VIEW ANY SECURITY DEFINITION is enough), or to run as the account that is judged"

func setupSysadmin() checks.Check {
	return checks.Check{
		ID:          "accounts.setup-sysadmin",
		Title:       "Is the account that will update sysadmin of SQL Server?",
		Why:         "An update changes the site database, and its prerequisite check asks for the server role sysadmin. The site server needs the role after set-up, too. Setup of Service Manager asks for it on each instance.",
		Consequence: "The product's own prerequisite check stops the update; Setup of Service Manager ends with the code 263.",
		Remedy:      `Give the account named here a log-on and the server role sysadmin. On the site server's own SQL Server that is NT AUTHORITY\SYSTEM, on another one the computer account DOMAIN\SERVER$.`,
		Command:     `CREATE LOGIN [DOMAIN\SERVER$] FROM WINDOWS; ALTER SERVER ROLE sysadmin ADD MEMBER [DOMAIN\SERVER$];`,
		Rules:       []string{"SQL Server sysadmin rights"},
		Covers:      []string{"Rights of the person who runs Setup"},
		Sources: []string{
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#sql-server-sysadmin-rights",
			pagePrepare, "https://learn.microsoft.com/sql/t-sql/functions/is-srvrolemember-transact-sql",
			"https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-server-role-members-transact-sql",
		},
		Rights: []string{sysadminRight, "Windows: look up accounts, which every user may"},
		Reads: append(append(discovery.DatabasesReads(), updaterReads()...),
			sysadminMembers.In("{SQL Server}", "{site database}").Form()),
		Run: discovery.OnProducts(runSetupSysadmin),
	}
}

func runSetupSysadmin(ctx context.Context, c *checks.Case, here discovery.Here) (checks.Finding, error) {
	reason := noSetup(c, here)
	if here.Site == nil && reason != "" {
		return checks.DoesNotApply(reason), nil
	}
	who, err := whoUpdates(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	m, err := readMachine(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	var databases []discovery.Database
	if here.Site != nil {
		d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
		if err != nil {
			return checks.Finding{}, err
		}
		databases = append(databases, d)
	}
	if reason == "" {
		more, err := discovery.DatabasesOf(ctx, c, *here.ServiceManager)
		if err != nil {
			return checks.Finding{}, err
		}
		databases = append(databases, more...)
	}
	var all checks.Finding
	var seen []string // several databases on an instance have one role
	for _, d := range databases {
		if slices.Contains(seen, d.Instance) {
			continue
		}
		seen = append(seen, d.Instance)
		one, err := sysadminOn(ctx, c, d, who, m)
		if err != nil && len(databases) == 1 {
			return checks.Finding{}, err
		}
		if err != nil {
			one = checks.Items("Who is sysadmin could not be read.", unknown(who.Name+" on "+d.Instance, wantsSysadmin, err))
		}
		if len(seen) == 1 || checks.Worst(one.Status(), all.Status()) != all.Status() {
			all.Summary = one.Summary
		}
		all.Items, all.Notes = append(all.Items, one.Items...), append(all.Notes, one.Notes...)
	}
	return all, nil
}

const wantsSysadmin = "a member of the server role sysadmin"

// sysadminOn judges whether an account is sysadmin of one instance.
func sysadminOn(ctx context.Context, c *checks.Case, d discovery.Database, who updater, m machine) (checks.Finding, error) {
	rows, err := sysadminsOf(ctx, c, d)
	if err != nil {
		return checks.Finding{}, err
	}
	sql := rows[0]
	local := strings.EqualFold(sql.Machine, m.Name)
	if who.system && !local {
		name, err := m.account()
		if err == nil {
			who.Account, err = platform.Ask(ctx, c, platform.ReadAccount(name))
		}
		if err != nil {
			return checks.Finding{}, err
		}
	}
	item := judgeSysadmin(who, m, local, rows)
	item.Key = who.Name + " on " + d.Instance
	item.Wanted, item.Where = wantsSysadmin, "sys.server_role_members on "+d.Instance
	finding := checks.Items(sysadminSummary(who, d, item.Status), item)
	if sql.ElsewhereToo == 1 {
		finding.Notes = append(finding.Notes, "SQL Server is in a cluster or the database in an availability group: "+
			"every replica has log-ons of its own, and only those of "+sql.Machine+" were looked at.")
	}
	return finding, nil
}

// readSysadmins asks the site's SQL Server who its sysadmins are and where it runs.
func readSysadmins(ctx context.Context, c *checks.Case) (discovery.Database, []sysadminRow, error) {
	d, _, err := discovery.FindDatabase(ctx, c, c.Stated)
	if err != nil {
		return d, nil, err
	}
	rows, err := sysadminsOf(ctx, c, d)
	return d, rows, err
}

func sysadminsOf(ctx context.Context, c *checks.Case, d discovery.Database) ([]sysadminRow, error) {
	rows, err := platform.Ask(ctx, c, sysadminMembers.In(d.Instance, d.Name))
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		switch {
		case row.Machine == "" || row.Instance == "" || row.LoginIsSysadmin < 0 || row.LoginIsSysadmin > 1:
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s says that it runs on %q as %q, and of its role sysadmin %d", d.Instance, row.Machine, row.Instance, row.LoginIsSysadmin)
		case row.Whole == 1 && (row.Member == nil || row.Kind == nil || row.SID == nil || row.Disabled == nil):
			return nil, platform.Refuse(platform.ErrMalformed, "SQL Server %s lets this log-on see all members of sysadmin, and names not all of them", d.Instance)
		}
	}
	return rows, nil
}

// judgeSysadmin looks for an account among the members of sysadmin.
func judgeSysadmin(who updater, m machine, local bool, rows []sysadminRow) checks.Item {
	sql := rows[0]
	itself := who.system && local // LocalSystem on its own machine
	if sql.LoginSID == who.SID || itself && m.has(sql.Login) {
		switch {
		case sql.LoginIsSysadmin == 1:
			return checks.Item{Status: checks.Passed, Found: "siteready's own log-on is this account, and a member"}
		case !local || m.Elevated:
			return checks.Item{Status: checks.Failed, Found: "siteready's own log-on is this account, and no member"}
		}
		// Without elevation this machine's SQL Server does not see that it is an administrator, and
		// it may be a member as one.
	}
	if sql.Whole != 1 {
		no := platform.Refuse(platform.ErrDenied, "the log-on %s may not see all members of sysadmin", sql.Login)
		no.Help = "Grant it VIEW ANY DEFINITION, or run siteready as the account that will update, from an elevated prompt."
		return unknownFor(who, no)
	}
	var groups, namesakes []string
	asComputer := false
	for _, row := range rows {
		switch name, kind := *row.Member, strings.TrimSpace(*row.Kind); {
		case *row.SID == who.SID:
			if *row.Disabled == 1 {
				return checks.Item{Status: checks.Failed, Found: "a member, but its log-on is disabled"}
			}
			return checks.Item{Status: checks.Passed, Found: "a member"}
		case *row.Disabled == 1 && kind != "G":
		case *row.SID == everyone, *row.SID == authenticated, *row.SID == administrators && itself:
			return checks.Item{Status: checks.Passed, Found: "a member through " + name}
		case kind == "G" || kind == "X" || kind == "R":
			groups = append(groups, name)
		case itself && m.has(name):
			asComputer = true
		case strings.EqualFold(name, who.Name):
			namesakes = append(namesakes, name)
		}
	}
	switch {
	case asComputer:
		return checks.Item{Status: checks.Warning, Found: "no member; only the computer account is one, which Windows does not use towards its own machine in all cases"}
	case len(rows) < sql.Members:
		return unknownFor(who, platform.Refuse(platform.ErrTooLarge, "sysadmin has %d members, and only %d of them were listed", sql.Members, maxMembers))
	case len(groups) > 0:
		return unknownFor(who, throughGroups(who.Name, "be sysadmin", groups))
	case len(namesakes) > 0:
		return checks.Item{Status: checks.Failed, Found: "no member; the log-on of this name has the SID of another account, perhaps of an earlier one"}
	default:
		return checks.Item{Status: checks.Failed, Found: "no member"}
	}
}

func unknownFor(who updater, no *platform.NoAnswer) checks.Item { return unknown(who.Name, "", no) }

func sysadminSummary(who updater, d discovery.Database, status checks.Status) string {
	server := "SQL Server " + d.Instance
	switch status {
	case checks.Passed:
		return who.Name + " is sysadmin of " + server + "."
	case checks.Warning:
		return server + " knows this server by its computer account only."
	case checks.Failed:
		return who.Name + " is not sysadmin of " + server + "."
	default:
		return "Whether " + who.Name + " is sysadmin could not be told."
	}
}
