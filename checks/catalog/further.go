package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Further is a question that only a recording asks, so that checks which do not exist yet
// find answers in it.
type Further struct {
	Form platform.Form
	Why  string // what the answer may tell one day
}

// The holes of further questions.
const (
	folderHole   = "{installation folder}"
	codeHole     = "{site code}"
	computerHole = "{this computer}"
	instanceHole = "{named instance}"          // of SQL Server that the site's database is in
	subkeyHole   = "{each key}"                // below the key before it
	accountHole  = "{account of each service}" // that a further question asks about
	sidHole      = "{SID of each service account}"
)

const sms = `HKLM\SOFTWARE\Microsoft\SMS`

// ClientKey and ClientVersion are where a client of Configuration Manager keeps its version. Public
// scripts read it there; no document names it.
const (
	ClientKey     = sms + `\Mobile Client`
	ClientVersion = "ProductVersion"
)

// values are questions for values of one registry key, and for the key itself.
func values(why, key string, names ...string) []Further {
	all := []Further{{platform.ReadKey(key).Form(), why}}
	for _, name := range names {
		all = append(all, Further{platform.ReadText(key, name).Form(), why})
	}
	return all
}

// below are questions for keys below one key.
func below(why, key string, names ...string) []Further {
	var all []Further
	for _, name := range names {
		all = append(all, Further{platform.ReadKey(key + `\` + name).Form(), why})
	}
	return all
}

func services(why string, names ...string) []Further {
	var all []Further
	for _, name := range names {
		all = append(all, Further{platform.ReadService(name).Form(), why})
	}
	return all
}

func files(why, folder string, names ...string) []Further {
	var all []Further
	for _, name := range names {
		all = append(all, Further{platform.ReadFile(folder + `\` + name).Form(), why})
	}
	return all
}

// volumes are questions for all drives that a server may have. A and B are floppy drives,
// which only make noise.
func volumes(why string) []Further {
	var all []Further
	for drive := 'C'; drive <= 'Z'; drive++ {
		all = append(all, Further{platform.ReadVolume(fmt.Sprintf(`%c:\`, drive)).Form(), why})
	}
	return all
}

// administrators is the SID of the group of that name, whatever the language.
const administrators = "S-1-5-32-544"

// namedAccounts are questions about those whom the site's services run as, and about who has
// power over the machine.
func namedAccounts() []Further {
	const runs = "whether the site's services are allowed to start as their accounts"
	return []Further{
		{platform.ReadAccount(accountHole).Form(), "whether the accounts of the site's services are there"},
		{platform.ReadAccountRight(sidHole, "SeServiceLogonRight").Form(), runs},
		{platform.ReadAccountRight(sidHole, "SeDenyServiceLogonRight").Form(), runs},
		{platform.ReadGroupMembers(administrators).Form(), "whether the site server's and the installing account are administrators"},
		{platform.ReadTokenMember(administrators).Form(), "whether siteready itself ran with an administrator's rights"},
	}
}

// ServiceAccount and ServiceStart are where the registry says as whom a service runs and how it starts.
// https://learn.microsoft.com/windows-hardware/drivers/install/hklm-system-currentcontrolset-services-registry-tree
const (
	ServiceAccount = "ObjectName"
	ServiceStart   = "Start" // 2 automatic, 3 manual, 4 disabled
)

// InstanceServices are the registry keys of the services of a named instance of SQL Server and of
// its agent. They are asked about there and not as services, because the name of a service is a
// constant of a question, and that of an instance comes from the site.
// https://learn.microsoft.com/sql/database-engine/configure-windows/manage-the-database-engine-services
func InstanceServices(instance string) []string {
	const services = `HKLM\SYSTEM\CurrentControlSet\Services\`
	return []string{services + "MSSQL$" + instance, services + "SQLAgent$" + instance}
}

// failedStarts are the service manager's events of services that did not start (7000), were too
// slow (7009), could not log on (7038) or lack the right to (7041).
func failedStarts() platform.EventFilter {
	return platform.EventFilter{Provider: "Service Control Manager", IDs: []uint16{7000, 7009, 7038, 7041}, Days: 30}
}

// FurtherQuestions lists what a recording asks beyond discovery and the checks. It names
// single values only: no command lines, no service arguments, and no value that may hold a
// password, a key or a proxy's log-on.
func FurtherQuestions() []Further {
	return slices.Concat(
		values("which site this is, and whether its version sources agree", sms, "Full Version"),
		values("which site this is, and whether its version sources agree", sms+`\Setup`,
			"Full Version", "Version", "CULevel", "Type", "Provider Location", "Installation Directory"),
		values("which site this is, and how it hangs together with others", sms+`\Identification`,
			"Site Code", "Parent Site Code", "Site Server", "Installation Directory", "MSF Enabled"),
		values("how the site reaches its database, also in an availability group over several subnets", sms+`\SQL Server`, "MSF Enabled"),
		values("where the site's database is", sms+`\SQL Server\Site System SQL Account`, "Server", "Database Name", "Port", "SSBPort"),
		values("whether the SMS Provider is here, which raises the need for space", sms+`\Providers`, "Logging Directory"),
		values("which threads are stopped: an update waits for them", sms+`\Components\SMS_EXECUTIVE\Threads`),
		values("which threads are stopped: an update waits for them", sms+`\Components\SMS_EXECUTIVE\Threads\`+subkeyHole,
			"Current State", "Startup Type", "Requested Operation", "DLL"),
		values("which components this server has", sms+`\Components`),
		values("the component's copy of the site's communication setting", sms+`\Components\SMS_SITE_COMPONENT_MANAGER`, "IISSSLState"),
		values("how much content still waits to be distributed", sms+`\Components\SMS_DISTRIBUTION_MANAGER`, "Package Processing Queue"),
		values("which components log here; on a SQL Server, of which site server", sms+`\Tracing`),
		values("where each component logs", sms+`\Tracing\`+subkeyHole, "TraceFileName"),
		below("which roles of a site this server holds; some must be removed before an update", sms,
			"AWEBSVC", "PORTALWEB", "AIUS", "AMTSP", "CRP", "DWSS", "ENROLLSRV", "ENROLLWEB", "FSP", "MCS", "SMP",
			"SMS_CLOUD_PROXYCONNECTOR", "SMS_DMP_CONNECTOR", "SRSRP", "WSUS"),
		values("how the distribution point here is set up", sms+`\DP`, "NALPath", "IsPullDP", "IsPXE"),
		values("how the management point here is set up", sms+`\MP`, "MP Hostname"),
		below("whether the Endpoint Protection point is here", sms+`\Operations Management\Components`, "SMS_ENDPOINT_PROTECTION_CONTROL_MANAGER"),

		[]Further{{platform.ReadText(ClientKey, ClientVersion).Form(), "which version the client on this server has, to compare after an update"}},
		values("which client drivers for SQL Server are installed", `HKLM\SOFTWARE\Microsoft\MSODBCSQL18`, "InstalledVersion"),
		values("which client drivers for SQL Server are installed", `HKLM\SOFTWARE\Microsoft\MSODBCSQL17`, "InstalledVersion"),
		values("which client drivers for SQL Server are installed", `HKLM\SOFTWARE\Microsoft\SQLNCLI11`, "InstalledVersion"),
		values("which Visual C++ runtime is installed, which the drivers need", `HKLM\SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64`, "Version", "Installed"),
		values("which .NET Framework is installed", `HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`, "Release", "Version"),
		values("which .NET Framework is installed", `HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v3.5`, "Install", "Version"),
		values("where the Windows ADK is, and which versions are there", `HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows Kits\Installed Roots`, "KitsRoot10"),
		values("whether WSUS is on the site server, and its version", `HKLM\SOFTWARE\Microsoft\Update Services\Server\Setup`, "TargetDir", "VersionString"),
		values("which SQL Server instances are on this machine", `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`),

		below("whether Windows waits for a restart, which stops an update",
			`HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion`, `Component Based Servicing\RebootPending`, `WindowsUpdate\Auto Update\RebootRequired`),
		values("whether Windows waits for a restart, which stops an update",
			`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`, "PendingFileRenameOperations"),
		values("whether Windows waits for a restart, which stops an update", `HKLM\SOFTWARE\Microsoft\ServerManager`, "CurrentRebootAttempts"),
		values("which release and edition of Windows this is", `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`,
			"CurrentBuild", "UBR", "ProductName", "EditionID", "InstallationType"),
		values("whether this machine is a node of a failover cluster", `HKLM\Cluster`),
		values("whether .NET programs use TLS 1.2", `HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319`, "SchUseStrongCrypto", "SystemDefaultTlsVersions"),
		values("whether .NET programs use TLS 1.2", `HKLM\SOFTWARE\Microsoft\.NETFramework\v2.0.50727`, "SchUseStrongCrypto", "SystemDefaultTlsVersions"),
		values("whether .NET programs use TLS 1.2", `HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v4.0.30319`, "SchUseStrongCrypto", "SystemDefaultTlsVersions"),
		values("whether .NET programs use TLS 1.2", `HKLM\SOFTWARE\WOW6432Node\Microsoft\.NETFramework\v2.0.50727`, "SchUseStrongCrypto", "SystemDefaultTlsVersions"),
		values("whether Windows itself allows TLS 1.2",
			`HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Client`, "Enabled", "DisabledByDefault"),
		values("whether Windows itself allows TLS 1.2",
			`HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2\Server`, "Enabled", "DisabledByDefault"),
		values("which folders the virus scanner leaves alone", `HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths`),
		values("which programs the virus scanner leaves alone", `HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Processes`),

		services("whether the site's services are there, start by themselves and run",
			"SMS_EXECUTIVE", "SMS_SITE_COMPONENT_MANAGER", "SMS_SITE_BACKUP", "SMS_SITE_SQL_BACKUP", "SMS_SITE_VSS_WRITER",
			"SMS_NOTIFICATION_SERVER", "CONFIGURATION_MANAGER_UPDATE"),
		services("whether services that an update needs are there and run",
			"CcmExec", "LanmanServer", "RemoteRegistry", "Winmgmt", "VSS", "SQLWriter", "BITS", "W3SVC", "WsusService", "MSSQLSERVER", "SQLSERVERAGENT", "WinRM"),
		values("how the SQL Server of the site starts where it is here as a named instance, to compare after an update", InstanceServices(instanceHole)[0], ServiceAccount, ServiceStart),
		values("how the agent of that SQL Server starts, to compare after an update", InstanceServices(instanceHole)[1], ServiceAccount, ServiceStart),

		files("whether the product's programs are of the version that the site says", folderHole+`\bin\x64`,
			"smsexec.exe", "sitecomp.exe", "cmupdate.exe", "smswriter.exe", "smssqlbkup.exe", "prereqcore.dll", "prereqchk.exe"),
		files("which version the console on this server has, to compare after an update", folderHole+`\AdminConsole\bin`, "Microsoft.ConfigurationManagement.exe"),
		files("whether the logs are there, how large they are and when they were last written", folderHole+`\Logs`,
			"CMUpdate.log", "hman.log", "dmpdownloader.log", "distmgr.log", "sender.log", "despool.log", "sitecomp.log", "smsexec.log",
			"rcmctrl.log", "smsbkup.log", "objreplmgr.log"),
		files("when set-up and its prerequisite check last ran", `C:`, "ConfigMgrPrereq.log", "ConfigMgrSetup.log"),
		files("which version of the Windows Installer is there", `C:\Windows\System32`, "msi.dll"),

		[]Further{
			{platform.ReadOSVersion().Form(), "which release of Windows this is"},
			{platform.ReadComputer().Form(), "which machine this is, and as whom siteready ran"},
			{platform.ReadDomainJoin().Form(), "whether it is in a domain, which a site server must be"},
			{platform.ReadBoot().Form(), "whether it was restarted since the last change"},
			{platform.ReadMemory().Form(), "whether it has the memory that its roles need"},
			{platform.ReadVolume(folderHole).Form(), "how much room an update has"},
			{platform.ReadBackupLog(folderHole + `\Logs\smsbkup.log`).Form(), "how the last run of the site's backup task went"},
			{platform.ReadEvents("System", failedStarts()).Form(), "whether services failed to start or to log on lately"},
			{platform.ReadShare(`\\` + computerHole + `\SMS_` + codeHole).Form(), "whether the site's own share is there and can be opened"},
			{platform.ReadCertificates(`LocalMachine\MY`).Form(), "whether the machine has certificates for HTTPS, and until when"},
		},
		namedAccounts(),
		volumes("how much room there is where content, logs or databases may lie"),
	)
}

// furtherAtOnce is how many further questions are under way at the same time.
const furtherAtOnce = 8

// AskFurther asks the further questions of a machine, for what the machine remembers. Those
// about the site's folder or code are left out where there is no site.
func AskFurther(ctx context.Context, m *platform.Machine) {
	session := m.Session()
	site, _, _ := discovery.FindSite(ctx, session) // without it there is no folder
	f := filler{session: session, site: site, further: FurtherQuestions()}
	var group errgroup.Group
	group.SetLimit(furtherAtOnce)
	asked := map[platform.Question]bool{}
	for _, further := range f.further {
		for _, q := range f.fill(ctx, further.Form) {
			if asked[q] {
				continue
			}
			asked[q] = true
			group.Go(func() error {
				var query platform.Query[json.RawMessage]
				query.Question = q
				_, _ = platform.Note(ctx, session, query) // the machine keeps answer and error
				return nil
			})
		}
	}
	_ = group.Wait() // the functions return no error
}

// filler fills the holes of further questions from answers, which it notes.
type filler struct {
	session *platform.Session
	site    discovery.Site
	further []Further
}

// fill makes the questions of a form: one for each value of each of its holes, and so none
// where a value is not known.
func (f filler) fill(ctx context.Context, form platform.Form) []platform.Question {
	all := []platform.Question{platform.Question(form)}
	for _, hole := range []string{folderHole, codeHole, computerHole, instanceHole, subkeyHole, accountHole, sidHole} {
		if !strings.Contains(form.Where, hole) {
			continue
		}
		var filled []platform.Question
		for _, q := range all {
			for _, value := range f.values(ctx, hole, q.Where) {
				one := q
				one.Where = strings.Replace(q.Where, hole, value, 1)
				filled = append(filled, one)
			}
		}
		all = filled
	}
	return all
}

// values are what a hole in a text stands for.
func (f filler) values(ctx context.Context, hole, text string) []string {
	switch hole {
	case folderHole:
		return known(f.site.InstallDir)
	case codeHole:
		return known(f.site.Code)
	case computerHole:
		computer, _ := platform.Note(ctx, f.session, platform.ReadComputer())
		return known(cmp.Or(computer.FQDN, computer.Name))
	case instanceHole:
		database, _, _ := discovery.FindDatabase(ctx, f.session, checks.Stated{}) // what is not known is not asked
		return known(database.NamedInstance())
	case accountHole:
		return f.serviceAccounts(ctx)
	case sidHole:
		var sids []string
		for _, name := range f.serviceAccounts(ctx) {
			if account, ok := platform.Note(ctx, f.session, platform.ReadAccount(name)); ok {
				sids = append(sids, account.SID)
			}
		}
		return sids
	default:
		parent, _, _ := strings.Cut(text, `\`+subkeyHole)
		key, _ := platform.Note(ctx, f.session, platform.ReadKey(parent))
		return key.Subkeys
	}
}

// known is a list of what is not empty.
func known(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// serviceAccounts are the accounts of the services that further questions ask about, each
// once, however it is spelled.
func (f filler) serviceAccounts(ctx context.Context) []string {
	var names []string
	for _, one := range f.further {
		if one.Form.Kind != platform.KindService {
			continue
		}
		service, _ := platform.Note(ctx, f.session, platform.ReadService(one.Form.What))
		if service.Account != "" && !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, service.Account) }) {
			names = append(names, service.Account)
		}
	}
	return names
}
