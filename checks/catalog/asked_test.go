package catalog_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/diagnosis"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

func sites(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	return names
}

// Whatever a run or a recording asks of a site, in every scenario too, is among the printed
// questions; and the further questions of a recording are all asked where there is a site.
func TestQuestionsCoverAllThatIsAsked(t *testing.T) {
	all := catalog.Questions()
	covered := map[platform.Form]bool{}
	cover := func(name string, m *platform.Machine) {
		for q := range m.Outcomes() {
			found := false
			for _, one := range all {
				if one.Form.Matches(q) {
					found, covered[one.Form] = true, true
				}
			}
			if !found {
				t.Errorf("%s: %s is asked, and not printed", name, q)
			}
		}
	}
	run := func(s scenario, some checks.Catalog, further bool) {
		everything, err := checks.Select(some, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, readAt := s.reader(t)
		m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
		stated := checks.Stated{SQLServer: s.SQLServer, Database: s.Database}
		discovery.Describe(t.Context(), m.Session(), stated)
		for _, target := range requirement.ConfigMgrReleases() {
			checks.Run(t.Context(), m, some, everything, checks.Conditions{Target: target, Stated: stated, JudgedFor: readAt, Online: true, KeyBackups: s.keyBackups()})
		}
		if further {
			diagnosis.Diagnose(t.Context(), m.Session(), stated, nil)
			catalog.AskFurther(t.Context(), m)
		}
		cover(s.Site+" "+s.Name, m)
	}
	stuck, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "stuck", "*.yaml"))
	if err != nil || len(stuck) < 15 {
		t.Fatal(stuck, err)
	}
	for _, file := range stuck {
		r, readAt := scenario{Site: "stuck/" + strings.TrimSuffix(filepath.Base(file), ".yaml")}.reader(t)
		m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
		diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{}, nil)
		cover(file, m)
	}
	for _, name := range sites(t) {
		run(scenario{Site: name, Edit: map[string]any{
			"registry": map[string]any{
				`HKLM\SOFTWARE\Microsoft\SMS\Components\SMS_EXECUTIVE\Threads\SMS_HIERARCHY_MANAGER`: map[string]any{"Current State": "Stopped"},
				`HKLM\SOFTWARE\Microsoft\SMS\Tracing\SMS_HIERARCHY_MANAGER`:                          map[string]any{"TraceFileName": `D:\Logs\hman.log`},
			},
			"services": map[string]any{"W3SVC": map[string]any{"state": "running", "start": "automatic", "account": "LocalSystem"}},
			"accounts": map[string]any{"LocalSystem": map[string]any{"sid": "S-1-5-18", "name": `NT AUTHORITY\SYSTEM`, "use": "well_known_group"}},
		}}, catalog.All(), true)
	}
	for _, check := range catalog.All().Checks() {
		for _, s := range scenarios(t, check.ID) {
			run(s, alone()[check.ID], false)
		}
	}
	for _, one := range all {
		if !covered[one.Form] && !slices.Equal(one.By, []string{catalog.ByLogs}) { // which the command's own test asks
			t.Errorf("%s is printed, and never asked", one.Form)
		}
	}
}

// The list is sorted, has each form once and says who asks and why; a statement says what it
// needs. Nothing in it asks for what may be secret.
func TestQuestions(t *testing.T) {
	secret := regexp.MustCompile(`(?i)passw|secret|credential|token|ImagePath|CommandLine|ProxyServer|\\Run\b|\bSAM\\|SECURITY\\Policy`)
	seen := map[platform.Form]bool{}
	kinds := map[platform.Kind]int{}
	last := platform.Kind("")
	for _, one := range catalog.Questions() {
		if seen[one.Form] || one.Form.Kind < last {
			t.Errorf("%s is doubled or out of order", one.Form)
		}
		seen[one.Form], last = true, one.Form.Kind
		kinds[last]++
		byRecord := slices.Equal(one.By, []string{catalog.ByRecord})
		if len(one.By) == 0 || byRecord && one.Why == "" {
			t.Errorf("%s: asked by %q, because %q", one.Form, one.By, one.Why)
		}
		if (last == platform.KindSQL) != (len(one.Rights) > 0) {
			t.Errorf("%s needs %q", one.Form, one.Rights)
		}
		needs := strings.ToLower(strings.Join(one.Rights, "; "))
		for _, name := range objectsOf(one.Form) {
			_, bare, _ := strings.Cut(strings.TrimPrefix(name, "msdb."), ".")
			if !strings.Contains(needs, bare) {
				t.Errorf("%s reads %s, and needs only %q", one.Form, name, one.Rights)
			}
		}
		if strings.Contains(one.Form.Text, "VIEW SERVER STATE") && !strings.Contains(needs, "view server state") {
			t.Errorf("%s needs VIEW SERVER STATE, and says only %q", one.Form, one.Rights)
		}
		// An own token is asked about for one group at a time.
		if secret.MatchString(one.Form.Where + strings.TrimPrefix(one.Form.What, platform.InOwnToken)) {
			t.Errorf("%s may be answered with a secret", one.Form)
		}
	}
	for kind := range platform.DefaultLimits() {
		if kinds[kind] == 0 {
			t.Errorf("no question of kind %s", kind)
		}
	}
}

var (
	literal = regexp.MustCompile(`N?'[^']*'`)
	object  = regexp.MustCompile(`(?i)\b(?:msdb\.)?(?:dbo|infra|etl)\.[\w$]+`)
)

// objectsOf are the tables, views and functions that a statement names, in small letters.
func objectsOf(form platform.Form) []string {
	return object.FindAllString(strings.ToLower(literal.ReplaceAllString(form.Text, "''")), -1)
}

// The document on rights grants each object that a statement names, and no other.
func TestRightsDocument(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "docs", "rights.md"))
	if err != nil {
		t.Fatal(err)
	}
	granted := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^GRANT (SELECT|EXECUTE) ON (\S+) TO \[DOMAIN\\account\];`).FindAllStringSubmatch(string(data), -1) {
		granted[strings.ToLower(line[2])] = true
	}
	wanted := map[string]bool{}
	views := map[string]bool{}
	for _, one := range catalog.Questions() {
		for _, name := range objectsOf(one.Form) {
			wanted[strings.TrimPrefix(name, "msdb.")] = true
		}
		for _, view := range regexp.MustCompile(`(?i)\bsys\.\w+`).FindAllString(literal.ReplaceAllString(one.Form.Text, "''"), -1) {
			views[strings.ToLower(view)] = true
		}
	}
	for name := range wanted {
		if !granted[name] {
			t.Errorf("a statement reads %s, and docs/rights.md does not grant it", name)
		}
	}
	for name := range granted {
		if !wanted[name] {
			t.Errorf("docs/rights.md grants %s, which no statement reads", name)
		}
	}
	for view := range views {
		if !strings.Contains(string(data), "`"+view+"`") {
			t.Errorf("docs/rights.md does not say what %s needs", view)
		}
	}
	if len(wanted) < 6 || len(views) < 4 {
		t.Errorf("only %d objects and %d views were found in the statements", len(wanted), len(views))
	}
}

// The document on rights says of each kind of question to Windows what it needs.
func TestRightsDocumentHoldsEachKind(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "docs", "rights.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[platform.Kind]string{
		platform.KindAccount: "| which account a name stands for,", platform.KindCertificate: "| certificates of a store of the machine |",
		platform.KindEvents: "| how many events of the logs System and Application fit,", platform.KindFile: "| size, time and version of a file |",
		platform.KindDigest: "| digest of a file's content |", platform.KindAccess: "| owner and access list of a folder |", platform.KindFolder: "| number, size and times of the files in a folder |",
		platform.KindOS: "| version of Windows, name and domain of the machine,", platform.KindRegistry: "| registry below ",
		platform.KindName: "| the addresses of a server's name |", platform.KindTCP: "| whether a connection to a port can be made |",
		platform.KindService: "| state, start type and account of a service |", platform.KindShare: "| whether the site's share can be opened |",
		platform.KindLog:    "| last run in the logs of Microsoft's prerequisite checker and of the site's backup task |",
		platform.KindVolume: "| size and free space of a volume |",
	}
	for _, one := range catalog.Questions() {
		if row := rows[one.Form.Kind]; one.Form.Kind != platform.KindSQL && (row == "" || strings.Count(string(data), "\n"+row) != 1) {
			t.Errorf("docs/rights.md has no row %q for %s", row, one.Form)
		}
	}
	for _, one := range catalog.Questions() {
		if rights := one.Form.What; one.Form.Kind == platform.KindAccount && strings.HasPrefix(rights, "Se") && !strings.Contains(string(data), rights) {
			t.Errorf("docs/rights.md does not name %s", rights)
		}
	}
}

// Each account that a service runs as is asked about once, its rights by its SID, and what is
// known of no account by none. Nothing is asked about a site that is not there.
func TestFurtherAccounts(t *testing.T) {
	r, readAt := scenario{Site: "primary", Edit: map[string]any{
		"services": map[string]any{
			"SMS_EXECUTIVE": map[string]any{"account": `CONTOSO\svc`}, "SMS_SITE_BACKUP": map[string]any{"account": `contoso\SVC`},
			"CcmExec": map[string]any{"account": "gone@contoso.com"},
		},
		"accounts": map[string]any{`CONTOSO\svc`: map[string]any{"sid": "S-1-5-21-1-2-3-1105", "name": `CONTOSO\svc`, "use": "user"}},
	}}.reader(t)
	m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
	catalog.AskFurther(t.Context(), m)
	outcomes := m.Outcomes()
	for _, test := range []struct {
		question platform.Question
		asked    bool
	}{
		{platform.ReadAccount(`CONTOSO\svc`).Question, true},
		{platform.ReadAccount(`contoso\SVC`).Question, false},
		{platform.ReadAccount("gone@contoso.com").Question, true},
		{platform.ReadAccountRight("S-1-5-21-1-2-3-1105", "SeServiceLogonRight").Question, true},
		{platform.ReadAccountRight("S-1-5-21-1-2-3-1105", "SeDenyServiceLogonRight").Question, true},
		{platform.ReadShare(`\\cm01.contoso.com\SMS_P01`).Question, true},
	} {
		if _, asked := outcomes[test.question]; asked != test.asked {
			t.Errorf("%s: asked %t", test.question, asked)
		}
	}
	for q := range outcomes {
		if strings.Contains(q.Where, "{") || q.What == "SeServiceLogonRight" && !strings.HasPrefix(q.Where, "S-1-5-") {
			t.Errorf("%s is asked", q)
		}
	}
}

// A folder that is not known is asked about nowhere, and what was refused is kept as refused.
func TestFurtherWithoutASite(t *testing.T) {
	r := platformtest.Refusing(&platformtest.Site{}, platform.ErrDenied, func(platform.Question) bool { return true })
	m := platform.Open(t.Context(), r, time.Now(), platform.DefaultLimits())
	catalog.AskFurther(t.Context(), m)
	outcomes := m.Outcomes()
	if len(outcomes) < 100 {
		t.Errorf("only %d questions were asked", len(outcomes))
	}
	for q, o := range outcomes {
		if o.Err == nil || strings.Contains(q.String(), "{") || strings.Contains(q.Where, "smsexec") || q.Kind == platform.KindShare {
			t.Errorf("%s: %+v", q, o)
		}
	}
}
