package discovery_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const (
	smSetup       = `HKLM\SOFTWARE\Microsoft\System Center\2010\Service Manager\Setup`
	consoleFolder = `D:\Program Files\Microsoft System Center\Service Manager`
)

const (
	cm         = "Configuration Manager"
	build      = "5.00.9132.1000"
	folder     = `D:\Program Files\Microsoft Configuration Manager`
	standAlone = "stand-alone primary site P01, version " + build
	runOnCM01  = "run siteready on the site server cm01.contoso.com"
	noSite     = "no Configuration Manager site found here"
	noProduct  = "no Configuration Manager site and no Service Manager found here"
)

func TestDescribe(t *testing.T) {
	primary := discovery.Subject{
		Headline: standAlone, Computer: "cm01.contoso.com", Account: `CONTOSO\svc-siteready`, Elevated: true, Product: cm,
		Role: discovery.Primary, SiteCode: "P01", Version: build, InstallDir: folder, SQLServer: "sql01.contoso.com", Database: "CM_P01",
	}
	with := func(s discovery.Subject, change func(*discovery.Subject)) discovery.Subject {
		change(&s)
		return s
	}
	siteSystem := discovery.Subject{
		Headline: "this server holds only a role of a site (management point, distribution point); " + runOnCM01,
		Computer: "mp01.contoso.com", Account: `CONTOSO\svc-siteready`, Elevated: true, Product: cm,
		Role: discovery.SiteSystem, RunOn: "cm01.contoso.com",
	}
	sqlServer := discovery.Subject{
		Headline: "this is the SQL Server of a site; run siteready on the site server CM01.contoso.com",
		Computer: "sql01.contoso.com", Account: `CONTOSO\admin`, Elevated: true, Product: cm,
		Role: discovery.SQLServer, RunOn: "CM01.contoso.com",
	}
	nothing := discovery.Subject{
		Headline: noProduct, Computer: "file01.contoso.com", Account: `CONTOSO\admin`, Elevated: true, Role: discovery.None,
	}
	stated := checks.Stated{SQLServer: `sql09\CM,50123`, Database: "CM_XYZ"}
	remote := discovery.Subject{
		Headline: `database CM_XYZ on SQL Server sql09\CM,50123, named by the operator`, Product: cm,
		Role: discovery.Remote, SQLServer: stated.SQLServer, Database: stated.Database,
	}
	management := func(headline string, change func(*discovery.ServiceManagerSubject)) discovery.Subject {
		sm := discovery.ServiceManagerSubject{
			Role: discovery.Management, Parts: []string{"management server"}, Initial: "initial", Version: "10.22.1068.0", Release: "2022",
			InstallDir: `D:\Program Files\Microsoft System Center\Service Manager`, SQLServer: "sql03.contoso.com", Database: "ServiceManager",
		}
		if change != nil {
			change(&sm)
		}
		return discovery.Subject{
			Headline: headline, Computer: "sm02.contoso.com", Account: `CONTOSO\svc-siteready`, Elevated: true, Product: "Service Manager", Role: sm.Role,
			Version: sm.Version, InstallDir: sm.InstallDir, SQLServer: sm.SQLServer, Database: sm.Database, ServiceManager: &sm,
		}
	}
	part := func(headline string, role discovery.Role, name string) discovery.Subject {
		return discovery.Subject{
			Headline: headline, Computer: "adm01.contoso.com", Account: `CONTOSO\admin`, Elevated: true, Product: "Service Manager", Role: role, InstallDir: consoleFolder,
			ServiceManager: &discovery.ServiceManagerSubject{Role: role, Parts: []string{name}, InstallDir: consoleFolder},
		}
	}
	tests := []struct {
		name   string
		site   string
		edits  []tree
		stated checks.Stated
		want   discovery.Subject
	}{
		{name: "a stand-alone primary site", site: "primary", want: primary},
		{name: "the demonstration", site: "demo", want: primary},
		{
			name: "a primary site below a central administration site", site: "primary", edits: []tree{registry(identity, values{"Parent Site Code": "C01"})},
			want: with(primary, func(s *discovery.Subject) {
				s.Headline, s.ParentSite = "primary site P01, version "+build, "C01"
			}),
		},
		{
			name: "no value for the parent", site: "primary", edits: []tree{registry(identity, values{"Parent Site Code": nil})}, want: primary,
		},
		{
			name: "a central administration site", site: "cas",
			want: with(primary, func(s *discovery.Subject) {
				s.Headline, s.Computer, s.Role, s.SiteCode = "central administration site C01, version "+build, "cas01.contoso.com", discovery.CAS, "C01"
				s.SQLServer, s.Database = `cas01.contoso.com\CMINST,50001`, "CM_C01"
			}),
		},
		{
			name: "a secondary site", site: "secondary",
			want: with(primary, func(s *discovery.Subject) {
				s.Headline, s.Computer, s.Role, s.SiteCode, s.ParentSite = "secondary site S01, version "+build, "sec01.contoso.com", discovery.Secondary, "S01", "P01"
				s.SQLServer, s.Database = `sec01.contoso.com\CONFIGMGRSEC`, "CM_S01"
			}),
		},
		{
			name: "the passive site server", site: "passive",
			want: with(primary, func(s *discovery.Subject) {
				s.Headline, s.Computer = standAlone+"; this is its passive site server, the active one is CM01.contoso.com", "cm02.contoso.com"
				s.Role, s.ActiveServer = discovery.Passive, "CM01.contoso.com"
			}),
		},
		{name: "roles of a site", site: "site-system", want: siteSystem},
		{
			name: "roles of a site that is not named", site: "site-system", edits: []tree{registry(identity, values{"Site Server": nil})},
			want: with(siteSystem, func(s *discovery.Subject) {
				s.RunOn = ""
				s.Headline = "this server holds only a role of a site (management point, distribution point); run siteready on the site server"
			}),
		},
		{
			name: "roles, and the name is empty, but a backup agent has it", site: "site-system",
			edits: []tree{
				registry(identity, values{"Site Server": ""}), registry(backup, values{}),
			},
			want: with(siteSystem, func(s *discovery.Subject) {
				s.RunOn = "CM01.contoso.com"
				s.Headline = "this server holds only a role of a site (management point, distribution point); run siteready on the site server CM01.contoso.com"
			}),
		},
		{name: "the SQL Server of a site", site: "sql-server", want: sqlServer},
		{
			name: "the backup agent's key in other letters", site: "sql-server",
			edits: []tree{registry(backup, nil), registry(tracing+`\sms_site_sql_Backup_Cm01.contoso.com`, values{})},
			want: with(sqlServer, func(s *discovery.Subject) {
				s.RunOn, s.Headline = "Cm01.contoso.com", "this is the SQL Server of a site; run siteready on the site server Cm01.contoso.com"
			}),
		},
		{
			name: "a SQL Server that no site is known of", site: "sql-server", edits: []tree{registry(backup, nil)},
			want: with(sqlServer, func(s *discovery.Subject) {
				s.Product, s.RunOn = "", ""
				s.Headline = noProduct + ", only SQL Server; if it holds a site's database, run siteready on the site server"
			}),
		},
		{
			name: "an instance that was removed", site: "sql-server",
			edits: []tree{
				registry(backup, nil), registry(`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`, values{"MSSQLSERVER": nil}),
			},
			want: with(nothing, func(s *discovery.Subject) { s.Computer = "sql01.contoso.com" }),
		},
		{name: "no product", site: "no-product", want: nothing},
		{
			name: "a client with the product's console", site: "no-product",
			edits: []tree{
				registry(`HKLM\SOFTWARE\WOW6432Node\Microsoft\ConfigMgr10\Setup`, values{"UI Installation Directory": `C:\Console`}),
				registry(`HKLM\SOFTWARE\Microsoft\SMS\Mobile Client`, values{"AssignedSiteCode": "P01"}),
			},
			want: nothing,
		},
		{
			name: "a key of Setup without the two values, and no service of a site server", site: "no-product",
			edits: []tree{registry(setup, values{"UI Installation Directory": `C:\Console`})}, want: nothing,
		},
		{
			name: "only the SMS Provider", site: "no-product",
			edits: []tree{
				registry(setup, values{"Provider Location": `C:\SMS`}),
				registry(`HKLM\SOFTWARE\Microsoft\SMS\Providers`, values{"Logging Directory": `C:\SMS\Logs`}),
			},
			want: with(nothing, func(s *discovery.Subject) {
				s.Product, s.Role = cm, discovery.SiteSystem
				s.Headline = "this server holds only a role of a site (SMS Provider); run siteready on the site server"
			}),
		},
		{
			name: "a site server whose Setup key lost both values", site: "primary", edits: []tree{registry(setup, values{"Full Version": nil, "Type": nil})},
			want: discovery.Subject{
				Headline: "what this machine is could not be read", Computer: "cm01.contoso.com", Account: `CONTOSO\svc-siteready`, Elevated: true,
				Role: discovery.NotKnown,
				Problem: setup + ` has neither "Full Version" nor "Type", but the service SMS_SITE_COMPONENT_MANAGER of a site server is installed, ` +
					`so it is not known whether this is one`,
			},
		},
		{
			name: "a management server of Service Manager", site: "scsm-2022",
			want: management("Service Manager initial management server, version 10.22.1068.0 (2022)", nil),
		},
		{
			name: "one that is not the initial one", site: "scsm-2022",
			edits: []tree{{"sql": tree{"sql03.contoso.com": tree{"ServiceManager": tree{"initial-server": []tree{{"may_see": 1, "server": "sm01"}}}}}}},
			want:  management("Service Manager secondary management server, version 10.22.1068.0 (2022)", func(s *discovery.ServiceManagerSubject) { s.Initial = "secondary" }),
		},
		{
			name: "one whose database does not answer, with a portal, of a release that cannot be told", site: "scsm-2022",
			edits: []tree{
				{"sql": nil},
				registry(smSetup, values{"PortalVirtualDirectory": "/SelfServicePortal", "ServerVersion": "7.5.8000.0"}),
			},
			want: management("Service Manager management server and self-service portal, version 7.5.8000.0 (1801 or 1807)", func(s *discovery.ServiceManagerSubject) {
				s.Initial, s.Parts, s.Version, s.Release = "", []string{"management server", "self-service portal"}, "7.5.8000.0", "1801 or 1807"
			}),
		},
		{
			name: "a server of its data warehouse", site: "scsm-2022-warehouse",
			want: with(management("Service Manager data warehouse management server, version 10.22.1068.0 (2022)", func(s *discovery.ServiceManagerSubject) {
				s.Role, s.Initial, s.Parts, s.Database = discovery.Warehouse, "", []string{"data warehouse management server"}, "DWStagingAndConfig"
			}), func(s *discovery.Subject) { s.Computer = "smdw02.contoso.com" }),
		},
		{
			name: "a portal alone", site: "scsm-console", edits: []tree{registry(smSetup, values{"PortalVirtualDirectory": "/SelfServicePortal"})},
			want: part("Service Manager self-service portal", discovery.Portal, "self-service portal"),
		},
		{name: "a console alone", site: "scsm-console", want: part("Service Manager console", discovery.Console, "console")},
		{
			name: "a console on a SQL Server", site: "scsm-console",
			edits: []tree{registry(`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`, values{"MSSQLSERVER": "MSSQL16.MSSQLSERVER"})},
			want:  part("Service Manager console", discovery.Console, "console"),
		},
		{
			name: "a console on a server with a role of a site", site: "site-system", edits: []tree{registry(smSetup, values{"InstallDirectory": consoleFolder})},
			want: with(part("Service Manager console; this server holds only a role of a site (management point, distribution point); "+runOnCM01, discovery.Console, "console"),
				func(s *discovery.Subject) {
					s.Computer, s.Account = "mp01.contoso.com", `CONTOSO\svc-siteready`
				}),
		},
		{
			name: "a console on a site server", site: "primary", edits: []tree{registry(smSetup, values{"InstallDirectory": consoleFolder})},
			want: with(primary, func(s *discovery.Subject) {
				s.Headline += "; and Service Manager console"
				s.ServiceManager = part("", discovery.Console, "console").ServiceManager
			}),
		},
		{
			name: "a server of Service Manager without a version", site: "scsm-2022", edits: []tree{registry(smSetup, values{"ServerVersion": nil})},
			want: discovery.Subject{
				Headline: "no Configuration Manager site found here", Computer: "sm02.contoso.com", Account: `CONTOSO\svc-siteready`, Elevated: true, Role: discovery.None,
				Problem: `what of Service Manager this machine is cannot be told: below HKLM\SOFTWARE\Microsoft\System Center\2010, ServerVersion is missing, ` +
					`"SDK Service Type" is 1, and the key of management groups is there; ` +
					"a management server has type 1, a data warehouse management server type 2, and both have the rest",
			},
		},
		{
			name: "a database that the operator named, on a site server", site: "primary", stated: stated,
			want: with(primary, func(s *discovery.Subject) { s.SQLServer, s.Database = stated.SQLServer, stated.Database }),
		},
		{
			name: "the same, where the registry does not name one", site: "primary", edits: []tree{registry(account, nil)}, stated: stated,
			want: with(primary, func(s *discovery.Subject) { s.SQLServer, s.Database = stated.SQLServer, stated.Database }),
		},
		{
			name: "only a server that the operator named", site: "cas", stated: checks.Stated{SQLServer: "listener,1500"},
			want: with(primary, func(s *discovery.Subject) {
				s.Headline, s.Computer, s.Role, s.SiteCode = "central administration site C01, version "+build, "cas01.contoso.com", discovery.CAS, "C01"
				s.SQLServer, s.Database = "listener,1500", "CM_C01"
			}),
		},
		{
			name: "a database that the operator named, elsewhere", site: "no-product", stated: stated,
			want: with(remote, func(s *discovery.Subject) {
				s.Computer, s.Account, s.Elevated = "file01.contoso.com", `CONTOSO\admin`, true
			}),
		},
		{name: "a database that the operator named, not on Windows", site: "no-product", edits: []tree{{"windows": nil}}, stated: stated, want: remote},
		{
			name: "not on Windows", site: "primary", edits: []tree{{"windows": nil}},
			want: discovery.Subject{Headline: "what this machine is could not be read", Role: discovery.NotKnown, Problem: "this is not Windows"},
		},
		{
			name: "half a statement, not on Windows", site: "primary", edits: []tree{{"windows": nil}}, stated: checks.Stated{Database: "CM_XYZ"},
			want: discovery.Subject{Headline: "what this machine is could not be read", Role: discovery.NotKnown, Problem: "this is not Windows"},
		},
		{
			name: "a site server that does not know its database", site: "primary", edits: []tree{registry(account, values{"Server": nil})},
			want: with(primary, func(s *discovery.Subject) {
				s.SQLServer, s.Database = "", ""
				s.Problem = "registry " + account + " : Server is not there"
			}),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := discovery.Describe(t.Context(), session(t, open(t, tt.site, tt.edits...)), tt.stated)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("- wanted, + got:\n%s", diff)
			}
		})
	}
}

// The passive one of two site servers is found by its own name among the site's servers.
func TestDescribePassive(t *testing.T) {
	type rows = []map[string]any
	row := func(server string, status int) map[string]any {
		return map[string]any{"may_see": 1, "server": server, "status": status}
	}
	tests := []struct {
		name     string
		servers  rows
		role     discovery.Role
		active   string
		headline string // after that of the site
	}{
		{"another writing of the name", rows{row("cm01.CONTOSO.com", 1), row("Cm02.Contoso.COM", 0)}, discovery.Passive, "cm01.CONTOSO.com", "; this is its passive site server, the active one is cm01.CONTOSO.com"},
		{"the passive one stands first", rows{row("cm02.contoso.com", 0), row("cm01.contoso.com", 1)}, discovery.Passive, "cm01.contoso.com", "; this is its passive site server, the active one is cm01.contoso.com"},
		{"no active one", rows{row("cm01.contoso.com", 0), row("cm02.contoso.com", 0)}, discovery.Passive, "", "; this is its passive site server"},
		{"the active one", rows{row("cm01.contoso.com", 0), row("cm02.contoso.com", 1)}, discovery.Primary, "cm02.contoso.com", ""},
		{"not one of the two", rows{row("cm01.contoso.com", 1), row("cm03.contoso.com", 0)}, discovery.Primary, "cm01.contoso.com", ""},
		{"no status", rows{row("cm01.contoso.com", -1), row("cm02.contoso.com", -1)}, discovery.Primary, "", ""},
		{"only one server", rows{row("cm02.contoso.com", 0)}, discovery.Primary, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			site := open(t, "passive", tree{"sql": tree{"sql01.contoso.com": tree{"CM_P01": tree{"site-servers": tt.servers}}}})
			got := discovery.Describe(t.Context(), session(t, site), checks.Stated{})
			if got.Role != tt.role || got.ActiveServer != tt.active || got.Headline != standAlone+tt.headline || got.Problem != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Who is passive is told to people and decides nothing: where it cannot be read, the site
// is described without it, and no problem is claimed.
func TestDescribePassiveUnread(t *testing.T) {
	for _, reason := range platform.Reasons() {
		for what, refused := range map[string]func(platform.Question) bool{
			"the site's servers": func(q platform.Question) bool { return q.What == "site-servers" },
			"this computer":      func(q platform.Question) bool { return q == platform.ReadComputer().Question },
		} {
			site := platformtest.Refusing(open(t, "passive"), reason, refused)
			got := discovery.Describe(t.Context(), session(t, site), checks.Stated{})
			if got.Role != discovery.Primary || got.Problem != "" || got.Headline != standAlone || got.SQLServer != "sql01.contoso.com" {
				t.Errorf("%s, %v: %+v", what, reason, got)
			}
		}
	}
	s := session(t, open(t, "passive"))
	discovery.Describe(t.Context(), s, checks.Stated{})
	for _, seen := range s.Evidence() {
		decides := seen.Question.Kind == platform.KindRegistry
		if (seen.Use == platform.Asked) != decides || (seen.Use == platform.Noted) == decides {
			t.Errorf("%s is %s", seen.Question, seen.Use)
		}
	}
}

func TestDescribeDamagedAnswers(t *testing.T) {
	site := open(t, "passive")
	s := session(t, site)
	discovery.Describe(t.Context(), s, checks.Stated{})
	for _, seen := range s.Evidence() {
		for name, damaged := range platformtest.Damages(seen.Answer) {
			got := discovery.Describe(t.Context(), session(t, platformtest.Answering(site, seen.Question, damaged)), checks.Stated{})
			if seen.Use == platform.Asked && got.Problem == "" {
				t.Errorf("%s, %s: no problem: %+v", seen.Question, name, got)
			}
			if seen.Use == platform.Noted && got.Problem != "" {
				t.Errorf("%s, %s: %s", seen.Question, name, got.Problem)
			}
		}
	}
}

func TestBuild(t *testing.T) {
	damaged := platformtest.Answering(open(t, "primary"), platform.ReadText(setup, "Full Version").Question, json.RawMessage(`{"type":"sz","number":null,"text":"new","list":null}`))
	for name, tt := range map[string]struct {
		reader platform.Reader
		want   uint32
	}{
		"a site":        {open(t, "primary"), 9132},
		"another build": {open(t, "cas", registry(setup, values{"Full Version": "5.00.9141.1021"})), 9141},
		"no site":       {open(t, "no-product"), 0},
		"denied":        {except(open(t, "primary"), platform.ReadNumber(setup, "Type").Question, platform.ErrDenied), 0},
		"no version":    {damaged, 0},
		"not Windows":   {open(t, "primary", tree{"windows": nil}), 0},
	} {
		if got := discovery.Build(t.Context(), session(t, tt.reader)); got != tt.want {
			t.Errorf("%s: %d, wanted %d", name, got, tt.want)
		}
	}
}
