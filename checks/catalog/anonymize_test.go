package catalog_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

// Every constructed site is judged the same when its names are replaced, and no name is left.
func TestAnonymousSitesAreJudgedTheSame(t *testing.T) {
	for _, name := range sites(t) {
		t.Run(name, func(t *testing.T) {
			site, err := platformtest.New(loadSite(t, name))
			if err != nil {
				t.Fatal(err)
			}
			originals := []string{"contoso"}
			if site.Computer != nil {
				originals = append(originals, site.Computer.Name, site.Computer.FQDN)
				if domain, user, _ := strings.Cut(site.Computer.Account, `\`); domain != "NT AUTHORITY" { // which every Windows has
					originals = append(originals, user)
				}
			}
			for instance, databases := range site.SQL {
				host, _, _ := strings.Cut(instance, ".")
				originals = append(originals, instance, host)
				for database := range databases {
					if database != "master" && database != "msdb" { // which every SQL Server has
						originals = append(originals, database)
					}
				}
			}
			for _, value := range []string{"Site Code", "Parent Site Code"} {
				code, _ := site.Registry[`HKLM\SOFTWARE\Microsoft\SMS\Identification`][value].(string)
				if code != "" && code != "CAS" { // the product's own abbreviation
					originals = append(originals, code)
				}
			}
			h := recording.Header{ReadAt: site.ReadAt, About: site.About}
			outcomes := recordedSite(t, site, h)
			data := everyCheck.anonymized(t, h, outcomes)
			noneLeft(t, data, originals)
			asksTheSame(t, data, outcomes)
			if !bytes.Equal(everyCheck.anonymized(t, h, outcomes), data) {
				t.Error("made anonymous again, it has other pseudonyms")
			}
		})
	}
}

// named are the names that the operator states for a scenario, beside those that a recording's
// header has, one a line.
func (s scenario) named() string { return strings.Join(append([]string{s.Account}, s.Keys...), "\n") }

// renamed are the conditions of a scenario with the names that stand in the header of its
// recording: what an operator states of an anonymous one are its pseudonyms.
func (s scenario) renamed(t *testing.T, h recording.Header) checks.Conditions {
	t.Helper()
	lines := strings.Split(h.About, "\n")
	s.Account, s.Keys, s.SQLServer, s.Database = lines[0], lines[1:], h.SQLServer, h.Database
	return s.conditions(t, h.ReadAt)
}

// Every scenario is judged the same when its names are replaced.
func TestAnonymousScenariosAreJudgedTheSame(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		t.Run(check.ID, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios(t, check.ID) {
				r, readAt := s.reader(t)
				h := recording.Header{ReadAt: readAt, About: s.named(), SQLServer: s.SQLServer, Database: s.Database}
				one := judging{[]string{check.ID}, func(h recording.Header) []checks.Conditions { return []checks.Conditions{s.renamed(t, h)} }}
				m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
				one.statuses(t, m, h)
				noneLeft(t, one.anonymized(t, h, m.Outcomes()), []string{"contoso"})
			}
		})
	}
}

// planted is a site with names in every kind of text. Some are also common words.
const (
	plantedHost, plantedSQL, plantedInstance = "WINTERFELL", "kingslanding", "IRONTHRONE"
	plantedDomain, plantedUser, plantedCode  = "westeros", "svc-stark", "NTH"
)

func plantedSite(t *testing.T) *platformtest.Site {
	t.Helper()
	tree, err := platformtest.Load(root, "primary")
	if err != nil {
		t.Fatal(err)
	}
	const sql = plantedSQL + ".north.westeros.com"
	old := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	rows := platformtest.Edit(old, map[string]any{
		"site-communication": []any{
			map[string]any{"may_see": 1, "site": "NTH", "type": 2, "state": 1248},
			map[string]any{"may_see": 1, "site": "001", "type": 2, "state": 63},
		},
		"site-servers": []any{
			map[string]any{"may_see": 1, "server": "Winterfell.north.westeros.com", "status": 1},
			map[string]any{"may_see": 1, "server": "server.north.westeros.com", "status": 0},
		},
		"database-files": []any{
			map[string]any{"may_see": 1, "path": `E:\Westeros\CM_NTH.mdf`, "volume": `E:\Westeros\`, "available": 42949672960},
			map[string]any{"may_see": 1, "path": `L:\KingsLanding_IronThrone\cm_nth_log.ldf`, "volume": nil, "available": nil},
		},
	})
	site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
		"about":    "read by bran@westeros.com on Winterfell",
		"computer": map[string]any{"name": plantedHost, "fqdn": "winterfell.north.westeros.com", "account": `WESTEROS\svc-stark`},
		"registry": map[string]any{
			`HKLM\SOFTWARE\Microsoft\SMS\Setup`:                                   map[string]any{"Installation Directory": `\\dragonstone\D$\NTH\Westeros Manager`, "Provider Location": `\\WINTERFELL.north.westeros.com\root\sms\site_NTH`},
			`HKLM\SOFTWARE\Microsoft\SMS\Identification`:                          map[string]any{"Site Code": "NTH", "Parent Site Code": "SMS", "Site Server": plantedHost},
			`HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`:      map[string]any{"Server": sql, "Database Name": `IronThrone\CM_NTH`, "Port": "50123"},
			`HKLM\SOFTWARE\Microsoft\SMS\Tracing\SMS_SITE_SQL_BACKUP_WINTERFELL`:  map[string]any{"TraceFileName": `\\10.20.30.40\logs$\winterfell\smssqlbkup.log`},
			`HKLM\SOFTWARE\Microsoft\SMS\DP`:                                      map[string]any{"NALPath": `["Display=\\CASTLEBLACK.north.westeros.com\"]MSWNET:["SMS_SITE=NTH"]\\CASTLEBLACK.north.westeros.com\`},
			`HKLM\SOFTWARE\Microsoft\SMS\MP`:                                      map[string]any{"MP Hostname": "riverrun"},
			`HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL`:     map[string]any{"IRONTHRONE": "MSSQL15.IRONTHRONE", "MSSQLSERVER": "MSSQL15.MSSQLSERVER"},
			`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`:               map[string]any{"PendingFileRenameOperations": []any{`\??\UNC\oldtown\share\x`, "bran@WESTEROS.com left a file", "ConfigMgrDRS_SiteNTH"}},
			`HKLM\SOFTWARE\Microsoft\Windows Defender\Exclusions\Paths`:           map[string]any{`\\dragonstone\NTH$`: 0, `D:\svc-stark\fe80::1f2e:3d4c`: 0},
			`HKLM\SOFTWARE\Microsoft\MSODBCSQL18`:                                 map[string]any{"InstalledVersion": "18.4.1.1"},
			`HKLM\SOFTWARE\Microsoft\Update Services\Server\Setup`:                map[string]any{"TargetDir": `W:\S-1-5-21-1111-2222-3333-1105\WSUS on 10.20.30.40`},
			`HKLM\SOFTWARE\Microsoft\SMS\Components\SMS_EXECUTIVE\Threads\SMS_XY`: map[string]any{"Current State": "Stopped", "DLL": "http://sup.westeros.com:8530 by 2001:470:1::7, LDAP://DC=north,DC=westeros,DC=com"},
		},
		"volumes": map[string]any{`\\dragonstone\D$`: map[string]any{"total": 322122547200, "free": 85899345920, "file_system": "NTFS"}},
		"services": map[string]any{
			"SMS_EXECUTIVE": map[string]any{"account": `westeros\WINTERFELL$`},
			"CcmExec":       map[string]any{"state": "running", "start": "automatic", "account": `NT SERVICE\MSSQL$IronThrone`},
			"W3SVC":         map[string]any{"state": "running", "start": "automatic", "account": "arya@north.westeros.com"},
			"VSS":           map[string]any{"state": "running", "start": "automatic", "account": `WESTEROS\backup`},
		},
		"sql": map[string]any{"sql01.contoso.com": nil, sql + `\IronThrone,50123`: map[string]any{"CM_NTH": rows}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// Names that are planted in every kind of text are all replaced, alike in questions, answers
// and errors; what everybody has stays.
func TestAnonymousTexts(t *testing.T) {
	site := plantedSite(t)
	r := platformtest.Fault{Reader: site, Change: func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		switch {
		case q.What == "log-space":
			no := platform.Refuse(platform.ErrDenied, `SQL Server KINGSLANDING\IronThrone (10.20.30.40:50123): Login failed for user 'Highgarden\Loras'. The target principal name MSSQLSvc/kingslanding.north.westeros.com:50123 is incorrect; see \\Dragonstone\logs and S-1-5-21-1111-2222-3333-512`)
			no.Help = "Ask svc-stark, or sansa@westeros.com, at [2001:470:1::7]:443 (version 10.1.2.3)."
			return nil, no
		case q.What == "smsbkup.log" || strings.HasSuffix(q.Where, "smsbkup.log"):
			return nil, platform.Refuse(platform.ErrUnreachable, `CreateFile \\dragonstone\D$\NTH\x: WestEros is away`)
		}
		return raw, err
	}}
	h := recording.Header{ReadAt: site.ReadAt, About: site.About}
	data := everyCheck.anonymized(t, h, recordedSite(t, r, h))
	noneLeft(t, data, []string{
		plantedHost, plantedSQL, plantedInstance, plantedDomain, plantedUser, "svc_stark", "NTH\"", "NTH\\", "CM_NTH", "site_NTH", "SiteNTH", "SMS_SITE=NTH",
		"dragonstone", "castleblack", "riverrun", "bran", "arya", "sansa", "highgarden", "loras", "oldtown", `WESTEROS\\backup`, "server.north",
		"10.20.30.40", "1111-2222-3333", "2001:470", "fe80::1f2e", `"001"`, "DC=north",
	})
	for _, kept := range []string{
		"18.4.1.1", `S-1-5-21-1000000000-1000000000-`, `-512"`, "version 10.1.2.3", "MSSQLSERVER", `"NTFS"`, "CM_S", `E:\\domain`,
		`NT SERVICE\\MSSQL$instance01`, "ConfigMgrDRS_SiteS", `SMS_SITE_SQL_BACKUP_HOST`, "MSSQLSvc/host", ".example",
	} {
		if !bytes.Contains(data, []byte(kept)) {
			t.Errorf("%q is not there any more", kept)
		}
	}
	if t.Failed() {
		for line := range bytes.Lines(data) {
			if !bytes.Contains(line, []byte(`"absent"`)) {
				t.Logf("%s", line)
			}
		}
	}
}

// A server called SERVER, a domain called SMS, an instance called SQL: a name that is also a
// common word does not displace the word.
func TestAnonymousCommonWords(t *testing.T) {
	tree, err := platformtest.Load(root, "primary")
	if err != nil {
		t.Fatal(err)
	}
	rows := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"]
	site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
		"computer": map[string]any{"name": "SERVER", "fqdn": "server.sms.local", "account": `SMS\backup`},
		"registry": map[string]any{
			`HKLM\SOFTWARE\Microsoft\SMS\Identification`:                     map[string]any{"Site Code": "LOG"},
			`HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`: map[string]any{"Server": "SERVER", "Database Name": `SQL\Setup`, "Port": "1433"},
		},
		"sql": map[string]any{"sql01.contoso.com": nil, `SERVER\SQL,1433`: map[string]any{"Setup": rows}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	h := recording.Header{ReadAt: site.ReadAt, About: site.About}
	outcomes := recordedSite(t, site, h)
	data := everyCheck.anonymized(t, h, outcomes)
	noneLeft(t, data, []string{"server.sms.local", `SMS\\backup`, `"on":"SERVER`, `"what":"Server"}` + "\t" + `{"answer":{"list":null,"number":null,"text":"SERVER"`, `"name":"SERVER"`, `SERVER\\SQL,1433`, `"text":"LOG"`, `SQL\\Setup`})
	for _, kept := range []string{`"installation":"Server"`, `Windows Server 2022 Standard`, `_log.ldf`} {
		if !bytes.Contains(data, []byte(kept)) {
			t.Errorf("%q is not there any more", kept)
		}
	}
}

// everyKind is a site which holds an answer of every kind, with names in odd spellings: in mixed
// case, fully qualified and short, as user@domain, DOMAIN\HOST$, in certificates and in SIDs.
func everyKind(t *testing.T) *platformtest.Site {
	t.Helper()
	tree, err := platformtest.Load(root, "primary")
	if err != nil {
		t.Fatal(err)
	}
	rows := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	const sid, cloud = "S-1-5-21-3333333333-4444444444-555555555-", "S-1-12-1-1234567890-1234567891-1234567892-1234567893"
	const computer, user, local, qualified = `tyrell\HIGHGARDEN01$`, "Margaery@Tyrell-Corp.com", `.\willas`, `reach.tyrell-corp.com\svc-alerie`
	const network, pool, instance, own = `NT-AUTORITÄT\NETZWERKDIENST`, `IIS APPPOOL\Thornfield`, `NT SERVICE\MSSQL$BLOOM`, `TYRELL\münster`
	service := func(account string) map[string]any {
		return map[string]any{"state": "running", "start": "automatic", "account": account}
	}
	account := func(sid, name, use string) map[string]any {
		return map[string]any{"sid": sid, "name": name, "use": use}
	}
	certificate := func(thumbprint, subject, issuer string, usages any) map[string]any {
		return map[string]any{"thumbprint": thumbprint, "subject": subject, "issuer": issuer, "not_after": "2027-01-02T03:04:05Z", "private_key": true, "usages": usages}
	}
	site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
		"about":    "read on Highgarden01.Reach by loras@TYRELL-CORP.com",
		"computer": map[string]any{"name": "HIGHGARDEN01", "fqdn": "highgarden01.reach.tyrell-corp.com", "account": own},
		"registry": map[string]any{
			`HKLM\SOFTWARE\Microsoft\SMS\Identification`:                     map[string]any{"Site Code": "RCH", "Site Server": "Highgarden01.REACH.tyrell-corp.com"},
			`HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`: map[string]any{"Server": "SqlRose01.reach.tyrell-corp.com", "Database Name": `Bloom\CM_RCH`, "Port": "50999"},
			`HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`: map[string]any{"PendingFileRenameOperations": []any{
				`\??\UNC\SqlRose01\Rosebud$\x`, `\\arbor\Sources\y`, `LDAP://CN=HIGHGARDEN01,OU=Brightwater Keep,DC=oldoak,DC=tyrell-corp,DC=com`, "smtp:münster@tyrell-corp.com",
			}},
		},
		"services": map[string]any{
			"SMS_EXECUTIVE": service(computer), "SMS_SITE_BACKUP": service(user), "VSS": service(local), "SMS_SITE_SQL_BACKUP": service(qualified),
			"BITS": service(network), "W3SVC": service(pool), "MSSQLSERVER": service(instance), "CcmExec": service(`AzureAD\Desmera`), "SQLWriter": service(`TYRELL\gmsa-garlan$`),
		},
		"domain": map[string]any{"status": "domain", "name": "TYRELL"},
		"logs": map[string]any{`C:\ConfigMgrPrereq.log`: "******* Start Prerequisite checking. *******  $$<Configuration Manager Prereq><11-16-2026 21:40:00.105-60><thread=5432 (0x1538)>\n" +
			"SQLROSE01.reach.tyrell-corp.com;    SQL Server sysadmin rights;    Error;    Server goldengrove.tyrell-corp.com: TYRELL\\highgarden01$ is not sysadmin on \\\\arbor\\Sources.\n" +
			"HIGHGARDEN01;    Pending system restart;    Passed\n" +
			"******* Prerequisite checking is completed. *******  $$<Configuration Manager Prereq><11-16-2026 21:44:12.771-60><thread=5432 (0x1538)>\n"},
		"accounts": map[string]any{
			computer: account(sid+"1901", `TYRELL\HighGarden01$`, "computer"), user: account(sid+"1902", `TYRELL\margaery`, "user"), local: account(sid+"1963", `HIGHGARDEN01\Willas`, "user"),
			qualified: account(sid+"1904", `TYRELL\svc-Alerie`, "user"), network: account("S-1-5-20", network, "well_known_group"),
			instance: account("S-1-5-80-3880718306-3832830129-1677859214-2598158968-1052248003", instance, "well_known_group"), `AzureAD\Desmera`: account(cloud, `AzureAD\Desmera`, "user"),
		},
		"rights": map[string]any{"SeServiceLogonRight": []any{sid + "1602"}, "SeDenyServiceLogonRight": []any{}},
		"groups": map[string]any{"S-1-5-32-544": map[string]any{"group": "Administratoren", "count": 6, "more": false, "members": []any{
			account(sid+"500", `TYRELL\Olenna`, "user"), account(sid+"512", `TYRELL\Domänen-Admins`, "group"), account(sid+"1907", "", "unknown"),
			account("S-1-5-18", `NT-AUTORITÄT\SYSTEM`, "well_known_group"), account(cloud, `AzureAD\Desmera`, "user"), account(sid+"1963", `HIGHGARDEN01\Willas`, "user"),
		}}},
		"token":   []any{"S-1-5-32-544"},
		"states":  map[string]any{`.\willas`: map[string]any{"sid": "S-1-5-21-3333333333-4444444444-555555555-1901", "disabled": false, "locked": true, "must_change": false, "ends": false, "end": "0001-01-01T00:00:00Z"}},
		"folders": map[string]any{`\\honeywine\cider$\SM`: map[string]any{}},
		"access": map[string]any{`\\honeywine\cider$\SM`: map[string]any{"owner": "S-1-5-21-3333333333-4444444444-555555555-1902", "open": false, "count": 1, "more": false, "entries": []any{
			map[string]any{"sid": "S-1-5-21-3333333333-4444444444-555555555-1904", "type": "allow", "mask": 2032127, "flags": 3},
		}}},
		"events": map[string]any{"System": map[string]any{"7000,7009,7038,7041 of Service Control Manager within 30 days": map[string]any{
			"count": 1, "oldest": "2026-11-01T02:03:04Z", "newest": "2026-11-01T02:03:04Z", "more": false, "begins": "2026-01-02T03:04:05Z",
		}}},
		"shares": map[string]any{
			`\\highgarden01.reach.tyrell-corp.com\SMS_RCH`: map[string]any{"outcome": "reachable", "number": 0}, `\\SQLROSE01\Rosebud$\backup`: map[string]any{"outcome": "no_folder", "number": 3},
			`\\10.77.88.99\Honeywine`: map[string]any{"outcome": "denied", "number": 5}, `\\2a02-8109--77.ipv6-literal.net\Cider Vaultroom\x`: map[string]any{"outcome": "no_server", "number": 53},
		},
		"certificates": map[string]any{`LocalMachine\MY`: []any{
			certificate("9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B", `CN=HighGarden01.Reach.Tyrell-Corp.com, OU=Rosegarden, O="Tyrell ""Roses"", Ltd", L=Mander, S=Reachshire, C=DE`, `CN=Florent Issuing CA 7, DC=oldoak, DC=tyrell-corp, DC=com`, []any{"1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.311.21.8.7654321.1"}),
			certificate("A3BF4F1B2B0B822CD15D6C15B0F00A089F86D081", `E=redwyne@arbor.com, CN=*.tyrell-corp.com + SERIALNUMBER=HRB 4711`, `CN=HIGHGARDEN01`, []any{"1.3.6.1.4.1.55555.1"}),
			certificate("B3BF4F1B2B0B822CD15D6C15B0F00A089F86D082", "", "Tarly Root", nil),
		}},
		"sql": map[string]any{"sql01.contoso.com": nil, `SqlRose01.reach.tyrell-corp.com\Bloom,50999`: map[string]any{"CM_RCH": platformtest.Edit(rows, map[string]any{
			"site-communication": []any{map[string]any{"may_see": 1, "site": "RCH", "type": 2, "state": 1248}},
			"site-servers":       []any{map[string]any{"may_see": 1, "server": "Highgarden01.reach.tyrell-corp.com", "status": 1}},
			"database-files":     []any{map[string]any{"may_see": 1, "path": `\\Arbor\sources\CM_RCH.mdf`, "volume": `\\Arbor\sources\`, "available": 42949672960}},
		})}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// Names in answers of every kind are replaced, whatever their spelling, and what everybody has
// stays.
func TestAnonymousKinds(t *testing.T) {
	site := everyKind(t)
	r := platformtest.Fault{Reader: site, Change: func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		if q.Kind == platform.KindVolume && q.Where == `Z:\` {
			no := platform.Refuse(platform.ErrDenied, `CreateFile \\SQLROSE01\rosebud$\CM_RCH.bak: TYRELL\highgarden01$ is refused by SQLROSE01\BLOOM/RoseVault, `+
				`MSSQLSvc/sqlrose01.reach.tyrell-corp.com:50999 or MSSQLSvc/SqlRose01:BLOOM, with the certificate 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b`)
			no.Help = `Ask TYRELL\mina at https://honeyholt:8531/x, Server=tcp:sqlrose01\bloom,50999;User ID=tyrell\leonette;Database=RoseDB from [2A02:8109::77]:50999 or 10.77.88.99; ` +
				`see \\oldoak.tyrell-corp.com\dfs\Sources and S-1-5-21-3333333333-4444444444-555555555-1902.`
			return nil, no
		}
		return raw, err
	}}
	h := recording.Header{ReadAt: site.ReadAt, About: site.About}
	outcomes := recordedSite(t, r, h)
	for _, q := range site.Questions() { // also what no check and no recording asks yet
		raw, err := site.Read(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if _, asked := outcomes[q]; !asked {
			outcomes[q] = platform.Outcome{Answer: raw}
		}
	}
	kinds := map[platform.Kind]bool{}
	for q, o := range outcomes {
		if len(o.Answer) > 0 {
			kinds[q.Kind] = true
		}
	}
	for kind := range platform.DefaultLimits() {
		if !kinds[kind] {
			t.Errorf("the site has no answer of kind %s", kind)
		}
	}
	data := everyCheck.anonymized(t, h, outcomes)
	asksTheSame(t, data, outcomes)
	noneLeft(t, data, []string{
		"highgarden", "reach.", "reach\\", "tyrell", "sqlrose", "bloom", "RCH\"", "_RCH", "50999@", "margaery", "willas", "alerie", "desmera", "garlan", "thornfield", "münster", "nster",
		"olenna", "domänen", "loras", "mina at", `\leonette`, "rosevault", "rosedb", "honeyholt", "rosebud", "honeywine", "cider", "vaultroom", `arbor\`, `\sources`, `\dfs`, "rosegarden", "roses", "mander",
		"florent", "oldoak", "goldengrove", "redwyne", "4711", "tarly", "brightwater", "2a02", "8109", "10.77.88.99",
		"3333333333", "4444444444", "-1901", "-1902", "-1904", "-1963", "123456789", "3880718306", "9f86d081", "a3bf4f1b", "55555", "7654321",
	})
	for _, kept := range []string{
		`"group":"Administratoren"`, `NT-AUTORITÄT\\NETZWERKDIENST`, `"sid":"S-1-5-20"`, `"where":"S-1-5-32-544"`, "-500\"", "-512\"", `"1.3.6.1.5.5.7.3.1"`, "C=DE",
		`\\SMS_S`, `"outcome":"no_folder"`, "2027-01-02T03:04:05Z", "LocalMachine", `IIS APPPOOL\\`, `NT SERVICE\\MSSQL$`, "AzureAD",
		"7000,7009,7038,7041 of Service Control Manager within 30 days",
	} {
		if !bytes.Contains(data, []byte(kept)) {
			t.Errorf("%q is not there any more", kept)
		}
	}
	if t.Failed() {
		for line := range bytes.Lines(data) {
			if !bytes.Contains(line, []byte(`"absent"`)) {
				t.Logf("%s", line)
			}
		}
	}
}

// An answer that is no JSON cannot be made anonymous, and is never passed on as it is.
func TestAnonymizeRefuses(t *testing.T) {
	q := platform.ReadService("CcmExec").Question
	_, out, err := recording.Anonymize(recording.Header{ReadAt: time.Now()}, map[platform.Question]platform.Outcome{q: {Answer: json.RawMessage(`{"account":"WESTEROS`)}}, nil)
	if err == nil || out != nil || !strings.Contains(err.Error(), "CcmExec") {
		t.Errorf("%v, %v", out, err)
	}
}
