package servicemanager

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

const pageInstaller = "https://learn.microsoft.com/troubleshoot/windows-server/application-management/msi-installation-error-1603"

func folderPermissions() checks.Check {
	return checks.Check{
		ID:    "smpredicted.permissions",
		Title: "May Setup and the services use the folder of the installation, by its access list?",
		Why: "Setup tests whether it can reach the folder, and Windows Installer replaces the files in it as SYSTEM. The services start from it. " +
			"The access list is read and judged; nothing is written to find out.",
		Consequence: "Setup ends with the code 206, 207, 208 or 214, or Windows Installer with error 1603, and a service does not start.",
		Remedy: "Give Administrators and SYSTEM full control of the folder and of what is in it, as Setup had given it, and the accounts of the services at least read and execute. " +
			"Take out entries that deny anything to them. Name who runs Setup with --setup-account, or run siteready as that account.",
		Command: `icacls "C:\Program Files\Microsoft System Center\Service Manager"`,
		Covers:  []string{"Setup can reach the installation folder"},
		Sources: []string{
			pageProblems, pageCommandLine, pageInstaller,
			"https://learn.microsoft.com/windows/win32/secauthz/how-dacls-control-access-to-an-object",
		},
		Rights: []string{
			discovery.RegistryRight, "Windows: read the permissions of the installation folder", "Windows: query the state of services, which every user may who is logged on",
			"Windows: look up accounts and list the members of local groups, which every user of a member server may",
			access.DirectoryRight + "; only asked where a group of the domain could decide",
		},
		Reads: reads(slices.Concat(access.Forms(), []platform.Form{
			platform.ReadAccess("{installation folder}").Form(), platform.ReadAccount("{account}").Form(), platform.ReadComputer().Form(),
			platform.ReadService(dataAccess).Form(), platform.ReadService(configuration).Form(), platform.ReadService(healthService).Form(),
		})...),
		Run: discovery.OnServiceManager(runFolderPermissions),
	}
}

// need is what somebody needs of the folder, and of the files in it.
type need struct {
	who    access.Who
	key    string
	folder uint32
	files  uint32
	told   string
	amiss  checks.Status // where the folder itself does not give it
}

const (
	toReplace = "list the folder, add files and folders, and read, write and delete the files in it"
	toRun     = "list the folder, and read and run the files in it"
)

// replacing is what who changes the installation needs, running what a service needs.
func replacing(who access.Who, key string) need {
	return need{
		who, key, access.List | access.AddFiles | access.AddFolders, access.ReadData | access.WriteData | access.Delete, toReplace, checks.Failed,
	}
}

// running is judged more mildly: which rights the services need is documented nowhere.
func running(who access.Who, key string) need {
	return need{who, key, access.List, access.ReadData | access.Execute, toRun, checks.Warning}
}

func runFolderPermissions(ctx context.Context, c *checks.Case, sm discovery.ServiceManager) (checks.Finding, error) {
	if len(sm.InstallDir) < 3 || sm.InstallDir[1:3] != `:\` {
		return checks.DoesNotApply("the folder of the installation is on no drive of this machine, which smpredicted.folder says"), nil
	}
	list, found, err := platform.Lookup(ctx, c, platform.ReadAccess(sm.InstallDir))
	switch {
	case err != nil:
		return checks.Finding{}, err
	case !found:
		return checks.DoesNotApply("the folder of the installation is not there, which smpredicted.folder says"), nil
	case list.Owner == "" || list.Count < len(list.Entries) || list.Count > len(list.Entries) && !list.More || list.Open && list.Count > 0:
		return checks.Finding{}, platform.Refuse(platform.ErrMalformed, "the access list of %s contradicts itself: %d entries, and %d are listed", sm.InstallDir, list.Count, len(list.Entries))
	}
	items := judgeSetup(ctx, c, list)
	if sm.Server != "" {
		items = append(items, judgeServices(ctx, c, list)...)
	}
	return checks.Items(summaryOf(items, [3]string{
		"Setup and the services may use the folder of the installation.", "The access list of the folder keeps out somebody who needs it.",
		"Whether Setup and the services may use the folder of the installation is not known.",
	}), items...), nil
}

// judgeSetup judges SYSTEM, as which Windows Installer works, and before it the account that was
// named for Setup, or, where none was, any administrator: Setup asks for one, and
// accounts.setup-administrator looks at that.
func judgeSetup(ctx context.Context, c *checks.Case, list platform.AccessList) []checks.Item {
	system := judgeNeed(ctx, c, list, replacing(access.System(), access.System().Account.Name))
	if c.SetupAccount == "" {
		return []checks.Item{judgeNeed(ctx, c, list, replacing(access.Administrator(), "any administrator")), system}
	}
	item := checks.Item{Key: c.SetupAccount, Wanted: "may " + toReplace}
	account, err := accountNamed(ctx, c, c.SetupAccount)
	if err != nil {
		return []checks.Item{unread(item, err), system}
	}
	if account.SID == access.LocalSystem {
		return []checks.Item{system}
	}
	computer, err := platform.Ask(ctx, c, platform.ReadComputer())
	if err != nil {
		return []checks.Item{unread(item, err), system}
	}
	who := access.Person(account)
	who.Itself = strings.EqualFold(computer.Account, account.Name)
	return []checks.Item{judgeNeed(ctx, c, list, replacing(who, c.SetupAccount)), system}
}

// accountNamed looks an account up, which must not be a group.
func accountNamed(ctx context.Context, c *checks.Case, name string) (platform.Account, error) {
	account, err := platform.Ask(ctx, c, platform.ReadAccount(name))
	switch {
	case err != nil:
		return platform.Account{}, err
	case account.SID == "":
		return platform.Account{}, platform.Refuse(platform.ErrMalformed, "the account %s is said to have no SID", name)
	case slices.Contains([]string{"group", "alias", "domain"}, account.Use):
		return platform.Account{}, platform.Refuse(platform.ErrMalformed, "%s is a %s, and no account that can be logged on", account.Name, account.Use)
	}
	return account, nil
}

// judgeServices judges the accounts of those services that may start. LocalSystem needs no item of
// its own: what Windows Installer needs is more.
func judgeServices(ctx context.Context, c *checks.Case, list platform.AccessList) []checks.Item {
	var items []checks.Item
	for _, name := range []string{dataAccess, configuration, healthService} {
		item := checks.Item{Key: name, Wanted: "may " + toRun}
		service, installed, err := platform.Lookup(ctx, c, platform.ReadService(name))
		if err != nil {
			items = append(items, unread(item, err))
			continue
		}
		if !installed || service.Start == "disabled" {
			continue
		}
		if isLocalSystem(service.Account) {
			continue
		}
		account, err := accountNamed(ctx, c, service.Account)
		if err != nil {
			items = append(items, unread(item, err))
			continue
		}
		judged := judgeNeed(ctx, c, list, running(access.Service(account), name))
		if judged.Found != "" {
			judged.Found = service.Account + " " + judged.Found
		}
		items = append(items, judged)
	}
	return items
}

// isLocalSystem reports whether the service manager's name for an account is LocalSystem's.
func isLocalSystem(name string) bool {
	return slices.ContainsFunc([]string{"LocalSystem", `.\LocalSystem`, access.System().Account.Name}, func(one string) bool { return strings.EqualFold(one, name) })
}

// judgeNeed evaluates the list for the folder, and then for files that are made in it: what is there
// already may have lists of its own, which are not read.
func judgeNeed(ctx context.Context, c *checks.Case, list platform.AccessList, n need) checks.Item {
	item := checks.Item{Key: n.key, Found: "may do so", Wanted: "may " + n.told, Where: "the access list of the folder", Status: checks.Passed}
	for _, part := range []struct {
		scope  access.Scope
		wanted uint32
		amiss  checks.Status
		found  string
	}{
		{access.TheFolder, n.folder, n.amiss, "may not do all of it in the folder, but lacks: "},
		{access.FilesIn, n.files, checks.Warning, "may do so in the folder, but files that are made in it do not inherit: "},
	} {
		verdict, through, err := n.who.May(ctx, c, list, part.scope, part.wanted)
		switch {
		case err != nil:
			return unread(item, err)
		case verdict == access.Unknown:
			return unread(item, throughGroups(n.key, through))
		case verdict == access.Denied:
			item.Status, item.Found = part.amiss, part.found+strings.Join(through, ", ")
			return item
		}
	}
	return item
}

// throughGroups is the cause of what only a look into groups could tell.
func throughGroups(who string, through []string) *platform.NoAnswer {
	const shown = 5
	if more := len(through) - shown; more > 0 {
		through = append(slices.Clone(through[:shown]), fmt.Sprintf("and %d more", more))
	}
	no := platform.Refuse(platform.ErrUnsupported, "what %s may do is decided by %s, and who is in there cannot be told from here", who, strings.Join(through, ", "))
	no.Help = "Look at the members of these groups, or run siteready as the account that runs Setup. What you have confirmed can be accepted with a waiver."
	return no
}
