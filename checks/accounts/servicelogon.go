package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/access"
	"siteready/checks/discovery"
	"siteready/platform"
)

// The rights that decide whether the service manager may log an account on. The second wins
// (Win32 documentation, "Account Rights Constants").
const (
	logonRight = "SeServiceLogonRight"
	denyRight  = "SeDenyServiceLogonRight"
)

// siteServices are the services that a site server may have.
var siteServices = []string{
	"SMS_EXECUTIVE", "SMS_SITE_COMPONENT_MANAGER", "SMS_SITE_BACKUP", "SMS_SITE_VSS_WRITER", updateService,
}

// managementServices are those that a server of Service Manager may have.
var managementServices = []string{"OMSDK", "OMCFG", "HealthService"}

const (
	servicesKey     = `HKLM\SYSTEM\CurrentControlSet\Services`
	serviceHole     = "{service of SQL Server}"
	virtualAccounts = `NT SERVICE\`
	noRight         = "the right to log on as a service, and no rule against it"
)

func serviceLogon() checks.Check {
	check := checks.Check{
		ID:          "accounts.service-logon",
		Title:       "May the accounts of the product's services log on as a service?",
		Why:         "An update restarts the services of the product, and SQL Server may be restarted for it. A service that runs stays so after its account has lost the right; only the next start fails.",
		Consequence: "A service does not start again, with error 1069 or 1385, in the middle of the update.",
		Remedy:      "Give the account the right to log on as a service, and take it out of what denies that: in the group policy that sets these rights, or in the server's own security policy.",
		Command:     "secpol.msc: Local Policies, User Rights Assignment, Log on as a service",
		Covers: []string{
			"The Data Access service can log on", "The Management Configuration service can log on",
		},
		Sources: []string{
			"https://learn.microsoft.com/system-center/scsm/enable-service-log-on-sm",
			"https://learn.microsoft.com/windows/win32/secauthz/account-rights-constants",
			"https://learn.microsoft.com/windows/win32/services/service-user-accounts",
			"https://learn.microsoft.com/sql/database-engine/configure-windows/configure-windows-service-accounts-and-permissions",
		},
		Rights: []string{
			"Windows: query the configuration of the services", "Windows: view the local security policy, which takes an elevated prompt",
			access.DirectoryRight + "; only asked where a group of the domain could decide", discovery.RegistryRight, "SQL Server: none but a user in the site database",
		},
		Reads: append(append(discovery.DatabaseReads(), discovery.ServiceManagerReads()...),
			platform.ReadComputer().Form(),
			sysadminMembers.In("{SQL Server}", "{site database}").Form(),
			platform.ReadText(servicesKey+`\`+serviceHole, "ObjectName").Form(),
			platform.ReadAccount(accountHole).Form(),
			platform.ReadAccountOf(sidHole).Form(),
			platform.ReadAccountRight(sidHole, logonRight).Form(),
			platform.ReadAccountRight(sidHole, denyRight).Form(),
			platform.ReadGroupMembers(sidHole).Form(), platform.ReadDirectoryGroups(accountHole).Form()),
		Run: discovery.OnProducts(runServiceLogon),
	}
	for _, name := range slices.Concat(siteServices, managementServices) {
		check.Reads = append(check.Reads, platform.ReadService(name).Form())
	}
	return check
}

func runServiceLogon(ctx context.Context, c *checks.Case, here discovery.Here) (checks.Finding, error) {
	var items []checks.Item
	if here.Site != nil {
		items = logonsOf(ctx, c, siteServices)
		if len(items) == 0 {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "this is a site server, and none of its services is installed or may start")
		}
		name, account, err := sqlService(ctx, c)
		switch {
		case err != nil:
			items = append(items, unknown("SQL Server", noRight, err))
		case name != "":
			items = append(items, judgeLogon(ctx, c, name, account, virtualAccounts+name))
		}
	}
	if sm := here.ServiceManager; sm != nil && sm.Server != "" {
		more := logonsOf(ctx, c, managementServices)
		if len(more) == 0 {
			return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "this is a %s of Service Manager, and none of its services is installed or may start", sm.Parts()[0])
		}
		items = append(items, more...)
	}
	if len(items) == 0 {
		return checks.DoesNotApply("Service Manager has no server here, and so no services"), nil
	}
	return checks.Items(logonSummary(items), items...), nil
}

// logonsOf judges those of some services that are installed and may start.
func logonsOf(ctx context.Context, c *checks.Case, names []string) []checks.Item {
	var items []checks.Item
	for _, name := range names {
		service, found, err := platform.Lookup(ctx, c, platform.ReadService(name))
		switch {
		case err != nil:
			items = append(items, unknown(name, noRight, err))
		case found && service.Start != "disabled":
			items = append(items, judgeLogon(ctx, c, name, service.Account, ""))
		}
	}
	return items
}

// sqlService is the service of the site's SQL Server, and the account that it runs as. The
// name is empty when SQL Server is on another machine. The registry holds what the service
// manager starts it with.
func sqlService(ctx context.Context, c *checks.Case) (name, account string, err error) {
	_, rows, err := readSysadmins(ctx, c)
	if err != nil {
		return "", "", err
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil || !strings.EqualFold(rows[0].Machine, computer.Name) {
		return "", "", err
	}
	name = rows[0].Instance
	if !strings.EqualFold(name, "MSSQLSERVER") {
		name = "MSSQL$" + name
	}
	text, err := platform.Ask(ctx, c, platform.ReadText(servicesKey+`\`+name, "ObjectName"))
	return name, string(text), err
}

// judgeLogon judges whether the service manager may log on the account of one service. ownName
// is the name of the service's own SID, where set-up gives rights to that; empty otherwise.
func judgeLogon(ctx context.Context, c *checks.Case, service, name, ownName string) checks.Item {
	item := checks.Item{Key: service, Wanted: noRight, Where: "the local security policy", Status: checks.Passed}
	if needsNone(name) {
		item.Found = name + ", which needs no right"
		return item
	}
	account := platform.Account{SID: allServices, Name: name} // which each virtual account is in
	virtual := strings.HasPrefix(strings.ToUpper(name), virtualAccounts)
	if !virtual {
		var err error
		account, err = platform.Ask(ctx, c, platform.ReadAccount(name))
		if err == nil && account.SID == "" {
			err = platform.Refuse(platform.ErrMalformed, "the account %s is said to have no SID", name)
		}
		if err != nil {
			return unknown(service, noRight, err)
		}
	}
	if slices.Contains([]string{localSystem, localService, networkService}, account.SID) {
		item.Found = name + ", which needs no right"
		return item
	}
	// Whether the right of the service's own SID is enough for another account is stated nowhere.
	own := ownSID{ownName, unclear}
	if virtual || strings.HasPrefix(account.SID, serviceSIDs) {
		virtual, account.SID, own.at = true, allServices, inside
		own.name = name
	}
	denied, err := holds(ctx, c, account, own, denyRight)
	if err != nil {
		return unknown(service, noRight, err)
	}
	allowed, err := holds(ctx, c, account, own, logonRight)
	switch {
	case err != nil:
		return unknown(service, noRight, err)
	case denied.at == inside:
		item.Status, item.Found = checks.Failed, fmt.Sprintf("%s, which may not log on as a service, by a rule for %s", name, list(denied.by))
	case allowed.at == outside && virtual:
		// Windows gives the right to all services, and SQL Server's set-up to the service itself.
		item.Status, item.Found = checks.Warning, name+", and neither all services nor this one has the right to log on as a service"
	case allowed.at == outside:
		item.Status, item.Found = checks.Failed, name+", which has no right to log on as a service"
	case denied.at == unclear:
		return unknown(service, noRight, becauseOf(throughGroups(name, "be denied to log on as a service", denied.by), denied.why))
	case allowed.at == unclear && slices.Equal(allowed.by, []string{own.name}):
		no := platform.Refuse(platform.ErrUnsupported, "the right to log on as a service is given to %s, and not to %s, as which the service runs; whether that is enough is not known here", own.name, name)
		no.Help = "Give the account the right, too. What you have confirmed can be accepted with a waiver."
		return unknown(service, noRight, no)
	case allowed.at == unclear:
		return unknown(service, noRight, becauseOf(throughGroups(name, "have the right to log on as a service", allowed.by), allowed.why))
	default:
		item.Found = fmt.Sprintf("%s, with the right of %s", name, list(allowed.by))
	}
	return item
}

// needsNone reports whether an account is one of Windows' own, which the service manager logs
// on without the right. The names are those that it has for them in every language.
func needsNone(name string) bool {
	known := []string{"LocalSystem", `.\LocalSystem`, systemName, `NT AUTHORITY\LocalService`, `NT AUTHORITY\NetworkService`}
	return slices.ContainsFunc(known, func(one string) bool { return strings.EqualFold(one, name) })
}

// ownSID is the SID that a service has itself, by its name, and what it means for the service's
// account that this SID holds a right.
type ownSID struct {
	name string // NT SERVICE\name; empty when it does not matter
	at   belongs
}

// holding is what is known of an account and a right.
type holding struct {
	at  belongs
	by  []string // what it holds it through, or may
	why error    // why a directory did not tell of what it may hold it through; nil when it was not asked
}

// holds says whether an account holds a right, itself or through a group that it is surely
// in, and names what it holds it through; or through which groups it may hold it.
func holds(ctx context.Context, c *checks.Case, account platform.Account, own ownSID, right string) (holding, error) {
	answer, err := platform.Ask(ctx, c, platform.ReadAccountRight(account.SID, right))
	if err != nil {
		return holding{}, err
	}
	switch {
	case answer.Held && account.SID == allServices:
		return holding{at: inside, by: []string{"all services"}}, nil
	case answer.Held:
		return holding{at: inside, by: []string{"its own"}}, nil
	}
	all := holding{at: outside}
	for _, sid := range answer.List {
		one, err := inHolder(ctx, c, account, own, sid)
		switch {
		case err != nil:
			return holding{}, err
		case one.at == inside:
			return one, nil
		case one.at == unclear:
			all.at, all.by = unclear, append(all.by, one.by...)
			if all.why == nil {
				all.why = one.why
			}
		}
	}
	if answer.More || len(answer.List) < answer.Holders {
		all.at, all.by = unclear, append(all.by, "holders that are not listed")
	}
	return all, nil
}

// inHolder says whether an account is in what a SID stands for.
func inHolder(ctx context.Context, c *checks.Case, account platform.Account, own ownSID, sid string) (holding, error) {
	switch {
	case sid == account.SID, sid == everyone:
		return holding{at: inside, by: []string{"Everyone"}}, nil
	case sid == authenticated:
		return holding{at: inside, by: []string{"Authenticated Users"}}, nil
	case slices.Contains([]string{localSystem, localService, networkService, allServices}, sid):
		return holding{at: outside}, nil
	case strings.HasPrefix(sid, serviceSIDs):
		at, name, err := own.holder(ctx, c, sid)
		return holding{at: at, by: []string{name}}, err
	case strings.HasPrefix(sid, builtinGroups):
		group, found, err := platform.Lookup(ctx, c, platform.ReadGroupMembers(sid))
		if err != nil || !found {
			return holding{at: outside}, err
		}
		at, through, why := access.AmongAll(ctx, c, account, group)
		name := group.Group
		if len(through) > 0 {
			name = fmt.Sprintf("%s (%s)", group.Group, list(through))
		}
		return holding{at, []string{name}, why}, nil
	}
	holder, err := platform.Ask(ctx, c, platform.ReadAccountOf(sid))
	switch {
	case err != nil:
		// It may be a group of a domain that does not answer, or an account that is no more.
		return holding{at: unclear, by: []string{sid}}, nil
	case !access.MayHold(holder):
		return holding{at: outside}, nil
	}
	at, why := access.InGroup(ctx, c, account, holder)
	return holding{at, []string{access.Named(holder)}, why}, nil
}

// holder says whether the SID of a service is this service's own.
func (o ownSID) holder(ctx context.Context, c *checks.Case, sid string) (belongs, string, error) {
	if o.name == "" {
		return outside, "", nil
	}
	switch holder, err := platform.Ask(ctx, c, platform.ReadAccountOf(sid)); {
	case err != nil:
		return unclear, sid, nil
	case strings.EqualFold(holder.Name, o.name):
		return o.at, o.name, nil
	}
	return outside, "", nil
}

func logonSummary(items []checks.Item) string {
	switch bad := checks.Count(items, checks.Failed); {
	case bad == 1:
		return "The account of one service may not log on as a service."
	case bad > 1:
		return fmt.Sprintf("The accounts of %d services may not log on as a service.", bad)
	case checks.Count(items, checks.Unknown) > 0:
		return "Whether every service's account may log on could not be told."
	case checks.Count(items, checks.Warning) > 0:
		return "A service's own account has lost the right to log on as a service."
	default:
		return "Every account of the product's services may log on as a service."
	}
}
