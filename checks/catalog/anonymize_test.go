package catalog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

// judging says by which checks a recording is judged, for which targets.
type judging struct {
	only    []string // nil: all
	targets []requirement.Release
}

var everyCheck = judging{targets: requirement.ConfigMgrReleases()}

// recordedSite is a recording of a site, as `siteready record` makes it.
func recordedSite(t *testing.T, r platform.Reader, h recording.Header) map[platform.Question]platform.Outcome {
	t.Helper()
	m := platform.Open(t.Context(), r, h.ReadAt, platform.DefaultLimits())
	everyCheck.statuses(t, m, h)
	catalog.AskFurther(t.Context(), m)
	return m.Outcomes()
}

// statuses are the statuses of the checks and of their items.
func (j judging) statuses(t *testing.T, m *platform.Machine, h recording.Header) []string {
	t.Helper()
	selected, err := checks.Select(catalog.All(), j.only, nil)
	if err != nil {
		t.Fatal(err)
	}
	stated := checks.Stated{SQLServer: h.SQLServer, Database: h.Database}
	subject := discovery.Describe(t.Context(), m.Session(), stated)
	statuses := []string{fmt.Sprintf("role %s, problem %t", subject.Role, subject.Problem != "")}
	for _, target := range j.targets {
		for _, r := range checks.Run(t.Context(), m, catalog.All(), selected, checks.Conditions{Target: target, Stated: stated, JudgedFor: h.ReadAt}) {
			line := fmt.Sprintf("%s for %s: %s", r.Check.ID, target.Version, r.Status)
			if r.Cause != nil {
				line += fmt.Sprintf(" (%v)", r.Cause.Reason)
			}
			for _, item := range r.Items {
				line += " " + item.Status.String()
			}
			statuses = append(statuses, line)
		}
	}
	return statuses
}

func allForms() []platform.Form {
	var forms []platform.Form
	for _, one := range catalog.Questions() {
		forms = append(forms, one.Form)
	}
	return forms
}

// anonymized judges a recording and its anonymous form, and returns the latter.
func (j judging) anonymized(t *testing.T, h recording.Header, outcomes map[platform.Question]platform.Outcome) []byte {
	t.Helper()
	written := func(h recording.Header, outcomes map[platform.Question]platform.Outcome) ([]byte, *recording.Site) {
		var b bytes.Buffer
		if err := recording.Write(&b, h, outcomes); err != nil {
			t.Fatal(err)
		}
		site, err := recording.Read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), site
	}
	_, before := written(h, outcomes)
	hidden, replaced, err := recording.Anonymize(h, outcomes, allForms())
	if err != nil {
		t.Fatal(err)
	}
	data, after := written(hidden, replaced)
	if before.Len() != after.Len() {
		t.Errorf("%d questions became %d", before.Len(), after.Len())
	}
	open := func(site *recording.Site) *platform.Machine {
		return platform.Open(t.Context(), site, site.Header.ReadAt, platform.DefaultLimits())
	}
	if diff := cmp.Diff(j.statuses(t, open(before), before.Header), j.statuses(t, open(after), after.Header)); diff != "" {
		t.Errorf("it is judged otherwise (- original, + anonymous):\n%s", diff)
	}
	return data
}

// noneLeft looks for originals, in any case, in the bytes of a recording.
func noneLeft(t *testing.T, data []byte, originals []string) {
	t.Helper()
	lower := bytes.ToLower(data)
	for _, original := range originals {
		for line := range bytes.Lines(lower) {
			if bytes.Contains(line, []byte(strings.ToLower(original))) {
				t.Errorf("%q is left in %.300s", original, line)
				break
			}
		}
	}
}

// Every constructed site is judged the same when its names are replaced, and no name is left.
func TestAnonymousSitesAreJudgedTheSame(t *testing.T) {
	for _, name := range sites(t) {
		t.Run(name, func(t *testing.T) {
			tree, err := platformtest.Load(root, name)
			if err != nil {
				t.Fatal(err)
			}
			site, err := platformtest.New(tree)
			if err != nil {
				t.Fatal(err)
			}
			originals := []string{"contoso"}
			if site.Computer != nil {
				_, user, _ := strings.Cut(site.Computer.Account, `\`)
				originals = append(originals, site.Computer.Name, site.Computer.FQDN, user)
			}
			for instance, databases := range site.SQL {
				host, _, _ := strings.Cut(instance, ".")
				originals = append(append(originals, instance, host), slices.Collect(maps.Keys(databases))...)
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
			if !bytes.Equal(everyCheck.anonymized(t, h, outcomes), data) {
				t.Error("made anonymous again, it has other pseudonyms")
			}
		})
	}
}

// Every scenario is judged the same when its names are replaced.
func TestAnonymousScenariosAreJudgedTheSame(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		t.Run(check.ID, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios(t, check.ID) {
				r, readAt := s.reader(t)
				h := recording.Header{ReadAt: readAt, SQLServer: s.SQLServer, Database: s.Database}
				target, err := requirement.Target(s.Target)
				if err != nil {
					t.Fatal(err)
				}
				one := judging{[]string{check.ID}, []requirement.Release{target}}
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
		"18.4.1.1", "S-1-5-21-1000000000-1000000000-1-512", "-1105", "version 10.1.2.3", "MSSQLSERVER", `"NTFS"`, "CM_S", `E:\\domain`,
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
	noneLeft(t, data, []string{"server.sms.local", `SMS\\backup`, `"on":"SERVER`, `"text":"SERVER"`, `"name":"SERVER"`, `SERVER\\SQL`, `"LOG"`, `SQL\\Setup`})
	for _, kept := range []string{`"installation":"Server"`, `Windows Server 2022 Standard`, `_log.ldf`} {
		if !bytes.Contains(data, []byte(kept)) {
			t.Errorf("%q is not there any more", kept)
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
