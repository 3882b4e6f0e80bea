//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/platform/platformtest"
	"siteready/platform/sqlserver/sqlservertest"
	"siteready/platform/windows/winetest"
	"siteready/report"
)

// The tests of this file run the program that is shipped, siteready.exe, on a Windows whose
// registry, services, files and volumes are those of a constructed site, against a SQL
// Server that answers over the real protocol.

const sqlPassword = "Pl@nted-Secret-77"

// siteServer is a constructed site as a Windows machine with a SQL Server.
type siteServer struct {
	*winetest.Prefix
	exe  string
	tree map[string]any // with the address of the SQL Server that runs
	sql  *sqlservertest.Server
}

// windowsProgram builds siteready.exe as the Makefile does.
func windowsProgram(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "siteready.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", exe, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building siteready.exe: %v\n%s", err, out)
	}
	return exe
}

// newSiteServer makes a machine of testdata/sites/NAME.yaml. The site's database, if it has
// one, is served on this machine under the name 127.0.0.1. The site's other servers are left out,
// but for their groups, and where the edit says something of them.
func newSiteServer(t *testing.T, exe, name string, edit map[string]any) *siteServer {
	t.Helper()
	tree, err := platformtest.Load("../..", name)
	if err != nil {
		t.Fatal(err)
	}
	s := &siteServer{Prefix: winetest.New(t), exe: exe, tree: platformtest.Edit(tree, edit)}
	if _, said := edit["servers"]; !said {
		s.tree = alone(t, s.tree)
	}
	s.tree = locatedHere(t, s.tree)
	before := s.tree
	s.serve(t)
	s.addNetwork(t, before)
	site, err := platformtest.New(s.tree)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := site.Volumes[`D:\`]; found { // C: is as large as this machine has it
		const environment = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
		s.tree = platformtest.Edit(s.tree, map[string]any{"registry": map[string]any{environment: map[string]any{"TEMP": `D:\Temp`}}})
		if site, err = platformtest.New(s.tree); err != nil {
			t.Fatal(err)
		}
	}
	s.SetWindows(winetest.WindowsVersion{
		Build: int(site.Windows.Build), ProductName: site.Windows.Product, InstallationType: *site.Windows.Installation, ProductType: "ServerNT",
	})
	for key, values := range site.Registry {
		s.SetRegistry(key, "", nil)
		for value, data := range values {
			s.SetRegistry(key, value, registryData(t, data))
		}
	}
	for service, v := range site.Services {
		s.AddService(winetest.Service{
			Name: service, DisplayName: service, ImagePath: `C:\services\` + service + `.exe`, Account: v.Account,
			Start: map[string]uint32{"automatic": 2, "manual": 3, "disabled": 4}[v.Start], Running: v.State == "running",
		})
	}
	s.addAccounts(t, site)
	s.addEvents(t, site)
	for mount, v := range site.Volumes {
		const page, used = 4096, 64 << 20 // what is used of a volume costs memory
		if mount != `C:\` {
			free := int64(v.Free) / page * page
			s.AddDrive(mount[0], free+used, free)
		}
	}
	for path, v := range site.Files {
		if _, said := site.Contents[path]; said {
			continue
		}
		if v.Version == nil {
			s.WriteFile(path, []byte("a file without a version"))
			continue
		}
		s.WriteVersionedFile(path, *v.Version)
	}
	for path, content := range site.Contents {
		s.WriteFile(path, []byte(content))
	}
	for _, path := range site.KeyBackups { // newer than the keys of this registry
		if _, there := site.Files[path]; there {
			at := time.Now().Add(time.Hour)
			if err := os.Chtimes(s.Path(path), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.addFolders(t, site)
	s.addAccess(t, site)
	s.addLogs(t, site)
	s.addCertificates(t, site)
	return s
}

func registryData(t *testing.T, v any) any {
	t.Helper()
	number := func(n json.Number) int64 {
		i, err := n.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return uint32(number(v))
	case map[string]any:
		return uint64(number(v["qword"].(json.Number)))
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i] = fmt.Sprint(v[i])
		}
		return list
	}
	t.Fatalf("the registry cannot be seeded with %v", v)
	return nil
}

// siteAccount is where a site's registry names its database.
const siteAccount = `HKLM\SOFTWARE\Microsoft\SMS\SQL Server\Site System SQL Account`

// addressed are the values of a site's registry that name an instance, with an address instead.
func addressed(site *platformtest.Site, instance, address string) map[string]any {
	all := map[string]any{}
	for key, values := range site.Registry {
		renamed := map[string]any{}
		for value, data := range values {
			if data == instance && key != siteAccount {
				renamed[value] = address
			}
		}
		if len(renamed) > 0 {
			all[key] = renamed
		}
	}
	return all
}

// keyFlags name the backups of encryption keys that a site has, for the server itself: an
// anonymous recording has another name for it.
func keyFlags(site *platformtest.Site) []string {
	var flags []string
	for _, server := range slices.Sorted(maps.Keys(site.KeyBackups)) {
		flags = append(flags, "--key-backup", site.KeyBackups[server])
	}
	return flags
}

// serve starts a SQL Server with the tables of the site's database, and lets the site's
// registry name it.
func (s *siteServer) serve(t *testing.T) {
	t.Helper()
	site, err := platformtest.New(s.tree)
	if err != nil {
		t.Fatal(err)
	}
	databases, err := tables(site)
	if err != nil {
		t.Fatal(err)
	}
	if len(databases) == 0 {
		return
	}
	name := slices.Sorted(maps.Keys(databases))[0]
	if own, _ := site.Registry[siteAccount]["Database Name"].(string); databases[own[strings.LastIndex(own, `\`)+1:]] != nil {
		name = own[strings.LastIndex(own, `\`)+1:] // the others are those of other sites
	}
	s.sql = sqlservertest.Start(t, sqlservertest.Config{
		User: "siteready", Password: sqlPassword, Encryption: sqlservertest.Required, Databases: databases,
	})
	host, port := s.sql.Addr()
	for instance, statements := range s.tree["sql"].(map[string]any) {
		address := fmt.Sprintf("%s,%d", host, port)
		s.tree = platformtest.Edit(s.tree, map[string]any{
			"registry": addressed(site, instance, address),
			"sql":      map[string]any{instance: nil, address: statements},
		})
		if _, ofSite := site.Registry[siteAccount]; ofSite {
			s.tree = platformtest.Edit(s.tree, map[string]any{"registry": map[string]any{siteAccount: map[string]any{
				"Server": host, "Database Name": name, "Port": port,
			}}})
		}
		// Reached by an address, SQL Server's machine is asked by the short name that it gives itself.
		full, _, _ := strings.Cut(instance, `\`)
		if servers, _ := s.tree["servers"].(map[string]any); servers[full] != nil {
			label, _, _ := strings.Cut(full, ".")
			s.tree = platformtest.Edit(s.tree, map[string]any{"servers": map[string]any{strings.ToUpper(label): servers[full]}})
		}
	}
}

// run runs siteready.exe on the machine.
func (s *siteServer) run(t *testing.T, args ...string) winetest.Result {
	t.Helper()
	site, err := platformtest.New(s.tree)
	if err != nil {
		t.Fatal(err)
	}
	return s.Run(t.Context(), s.exe, winetest.RunOptions{
		HostName: site.Computer.FQDN, Env: []string{passwordVariable + "=" + sqlPassword},
	}, args...)
}

// judged is what the exe and the constructed site must agree on.
type judged struct {
	ID, Status string
	Items      []string
}

// judgedOf leaves out when keys of the registry and files were written, when the machine started,
// since when events are looked for, and the times in logs.
func judgedOf(r report.Report) []judged {
	written := regexp.MustCompile(`^written [^,]* UTC`)
	since := regexp.MustCompile(`, last written [^,]* UTC(, (before|after) the last start \([^)]*\)(, which has not cleared it)?)?`)
	events := regexp.MustCompile(`^(none|[0-9]+) since [^,]* UTC`)
	logged := regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d+)?)?)?`)
	var all []judged
	for _, c := range r.Checks {
		j := judged{ID: c.ID, Status: c.Status}
		for _, i := range c.Items {
			if strings.HasPrefix(c.ID, "logs.") {
				i.Found = logged.ReplaceAllString(i.Found, "TIME")
			}
			j.Items = append(j.Items, fmt.Sprintf("%s: %s, %s, wanted %s", i.Key, i.Status, events.ReplaceAllString(written.ReplaceAllString(since.ReplaceAllString(i.Found, ""), "written"), "$1"), i.Wanted))
		}
		all = append(all, j)
	}
	return all
}

func parseReport(t *testing.T, data []byte) report.Report {
	t.Helper()
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("standard output is not the report alone: %v\n%s", err, data)
	}
	return r
}

// inProcess judges a recording on this machine.
func inProcess(t *testing.T, file string, args ...string) (report.Report, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"check", "--format", "json", "--site", file}, args...), strings.NewReader(""), &stdout, &stderr)
	if stdout.Len() == 0 {
		t.Fatalf("no report: %s", &stderr)
	}
	return parseReport(t, stdout.Bytes()), code
}

// The shipped exe, on real calls and the real protocol, judges a machine as the same site is
// judged when it is constructed; its recording gives the same report on this machine.
func TestWindowsProgram(t *testing.T) {
	exe := windowsProgram(t)
	for _, test := range []struct {
		name, site, target string
		edit               map[string]any
		exit               int
	}{
		{"a healthy primary site", "primary", "2509", nil, 0},
		{"the demonstration", "demo", "2509", nil, 2},
		{"a central administration site", "cas", "2603", nil, 0},
		{"a secondary site", "secondary", "2503", nil, 0},
		{"Windows Server 2012 R2", "primary", "2409", map[string]any{"windows": map[string]any{"build": 9600, "major": 6, "minor": 3}}, 2},
		{"no product", "no-product", "2509", nil, 3},
		{"the passive site server", "passive", "2509", nil, 0},
		{"accounts that lack rights", "primary", "2509", accountsAmiss(), 2},
		{"only a role", "site-system", "2509", nil, 3},
		{"only SQL Server", "sql-server", "2509", nil, 3},
		{"a console of Service Manager", "scsm-console", "scsm=2019", nil, 0},
		{"a management server of Service Manager", "scsm-2016", "scsm=2019", nil, 0},
		{"a data warehouse of Service Manager", "scsm-2022-warehouse", "scsm=2025", nil, 0},
		{"a management server, and much amiss", "scsm-2022-broken", "scsm=2025", nil, 2},
		{"an installation folder that is closed", "scsm-2016-broken", "scsm=2019", aKey(), 2},
		{"a data warehouse, and much amiss", "scsm-2016-warehouse-broken", "scsm=2019", nil, 2},
		{"SQL Server on the site server", "primary-local", "2603", nil, 0},
		{"SQL Server on the site server, and much amiss", "primary-local-broken", "2603", nil, 2},
		{"an availability group", "availability-group", "2603", libraryUnnamed(), 0},
		{"everything amiss", "primary-broken", "2509", noRenames(), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSiteServer(t, exe, test.site, test.edit)
			flags := []string{"--sql-user", "siteready"}
			site, err := platformtest.New(s.tree)
			if err != nil {
				t.Fatal(err)
			}
			keys := keyFlags(site)
			judging := append(slices.Clone(keys), "--target", test.target)
			if strings.HasPrefix(test.site, "scsm-") { // how large this machine is, and what another server has in its registry
				judging = append(judging, "--skip", "smprereq.hardware,smprepare.order")
			}
			live := s.run(t, slices.Concat(flags, []string{"check", "--format", "json"}, judging)...)
			if live.ExitCode != test.exit {
				t.Errorf("exit code %d, wanted %d\n%s", live.ExitCode, test.exit, live.Stderr)
			}
			got := parseReport(t, live.Stdout)

			constructed := filepath.Join(t.TempDir(), "constructed.siteready")
			recordConstructed(t, s.tree, constructed)
			want, code := inProcess(t, constructed, judging...)
			if code != test.exit {
				t.Errorf("the constructed site ends with %d, wanted %d", code, test.exit)
			}
			if diff := cmp.Diff(judgedOf(want), judgedOf(got)); diff != "" {
				t.Errorf("the exe judges otherwise (- constructed, + exe):\n%s", diff)
			}
			if want.Subject.Headline != got.Subject.Headline || want.Subject.Role != got.Subject.Role {
				t.Errorf("subject %+v, wanted %+v", got.Subject, want.Subject)
			}

			record := s.run(t, slices.Concat(flags, []string{"record", "-o", `C:\site.siteready`}, keys)...)
			if record.ExitCode != 0 {
				t.Fatalf("record: exit code %d\n%s", record.ExitCode, record.Stderr)
			}
			data, err := os.ReadFile(s.Path(`C:\site.siteready`))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(data, []byte(sqlPassword)) || bytes.Contains(live.Stdout, []byte(sqlPassword)) {
				t.Error("the password is in the recording or the report")
			}
			replayed, code := inProcess(t, s.Path(`C:\site.siteready`), judging...)
			if code != live.ExitCode {
				t.Errorf("the replay ends with %d, the exe with %d", code, live.ExitCode)
			}
			if diff := cmp.Diff(atOneTime(got), atOneTime(replayed)); diff != "" {
				t.Errorf("the replay is another report (- exe, + replay):\n%s", diff)
			}
			hidden := s.run(t, slices.Concat(flags, []string{"record", "--anonymize", "-o", `C:\hidden.siteready`}, keys)...)
			if hidden.ExitCode != 0 {
				t.Fatalf("record --anonymize: exit code %d\n%s", hidden.ExitCode, hidden.Stderr)
			}
			if data, err = os.ReadFile(s.Path(`C:\hidden.siteready`)); err != nil || bytes.Contains(bytes.ToLower(data), []byte("contoso")) {
				t.Errorf("the anonymous recording has a name: %v", err)
			}
			anonymous, _ := inProcess(t, s.Path(`C:\hidden.siteready`), judging...)
			if diff := cmp.Diff(statusesIn(got), statusesIn(anonymous)); diff != "" {
				t.Errorf("the anonymous recording is judged otherwise (- exe, + replay):\n%s", diff)
			}
			if s.sql == nil {
				return
			}
			for _, statement := range s.sql.Received() {
				if !strings.Contains(statement.Text, "SELECT") && !strings.HasPrefix(statement.Text, "SET ") {
					t.Errorf("SQL Server was sent %q", statement.Text)
				}
			}
		})
	}
}

// aKey is an edit that gives the backup of the encryption key a size: no file is empty that is made
// for the exe.
func aKey() map[string]any {
	return map[string]any{"files": map[string]any{`K:\Keys\key.bin`: map[string]any{"size": 4096}}}
}

// libraryUnnamed is an edit after which the registry does not name the content library, which is
// where it usually is. It holds folders alone.
func libraryUnnamed() map[string]any {
	const key = `HKLM\SOFTWARE\Microsoft\SMS\DP`
	return map[string]any{
		"registry": map[string]any{key: map[string]any{"ContentLibraryPath": nil}},
		"folders":  map[string]any{`D:\SCCMContentLib`: map[string]any{"*": map[string]any{"files": 0, "bytes": 0, "oldest": nil, "newest": nil, "more": false}}},
	}
}

// noRenames is an edit that takes the files away that are renamed at the next start: Wine renames
// them when the machine is made.
func noRenames() map[string]any {
	const key = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager`
	return map[string]any{"registry": map[string]any{key: map[string]any{"PendingFileRenameOperations": nil}}}
}

// atOneTime is the canonical report of two runs that were not made at the same time.
func atOneTime(r report.Report) report.Report {
	r = r.Canonical()
	r.ReadAt, r.JudgedFor, r.ValidUntil = time.Time{}, time.Time{}, time.Time{}
	r.Tool = report.Tool{}
	return r
}

// recordConstructed writes the recording of a constructed site.
func recordConstructed(t *testing.T, tree map[string]any, file string) {
	t.Helper()
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	data, err := recorded(t.Context(), site, site)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A server that cannot be reached is an item that could not be checked, with call, server and
// number; the other items are judged all the same.
func TestWindowsProgramReachesNoServer(t *testing.T) {
	s := newSiteServer(t, windowsProgram(t), "primary", map[string]any{"servers": map[string]any{}})
	result := s.run(t, "--sql-user", "siteready", "check", "--format", "json", "--target", "2509", "--only", "system.site-systems")
	if result.ExitCode != 3 {
		t.Errorf("exit code %d, wanted 3\n%s", result.ExitCode, result.Stderr)
	}
	r := parseReport(t, result.Stdout)
	unknown := map[string]string{}
	for _, c := range r.Checks {
		for _, item := range c.Items {
			if c.ID == "system.site-systems" && item.Status == "unknown" {
				unknown[item.Key] = item.Cause.Cause
			}
		}
	}
	for _, server := range []string{"dp01.contoso.com", "mp02.contoso.com", "sql01.contoso.com"} {
		if cause := unknown[server]; !strings.HasPrefix(cause, "RegConnectRegistry "+server+": ") || !strings.HasSuffix(cause, "(53)") {
			t.Errorf("%s: %q", server, cause)
		}
	}
	if len(unknown) != 3 {
		t.Errorf("unknown are %v", unknown)
	}
}

// What Windows refuses is could not check, with call, target and number; never green, never red. A
// SQL Server that is gone fails one check, that of its port.
func TestWindowsProgramIsRefused(t *testing.T) {
	s := newSiteServer(t, windowsProgram(t), "primary", nil)
	s.DenyKey(`HKLM\SOFTWARE\Microsoft\MSODBCSQL18`)
	s.sql.Close()
	result := s.run(t, "--sql-user", "siteready", "--format", "json", "--target", "2509")
	if result.ExitCode != 2 {
		t.Errorf("exit code %d, wanted 2\n%s", result.ExitCode, result.Stderr)
	}
	r := parseReport(t, result.Stdout)
	status := map[string]string{}
	for _, c := range r.Checks {
		status[c.ID] = c.Status
	}
	for id, want := range map[string]string{
		"system.windows": "passed", "drivers.odbc18": "unknown", "drivers.sqlncli": "passed", "space.disk": "unknown",
		"space.log": "unknown", "site.https": "warning", "recovery.database-backup": "unknown", "network.sql-port": "failed",
	} {
		if status[id] != want {
			t.Errorf("%s is %s, wanted %s", id, status[id], want)
		}
	}
	if !slices.ContainsFunc(r.Causes, func(c report.Cause) bool {
		return strings.Contains(c.Cause, `MSODBCSQL18`) && strings.Contains(c.Cause, "(5)")
	}) {
		t.Errorf("no cause names the key and the number: %+v", r.Causes)
	}
	if unreachable := slices.DeleteFunc(slices.Clone(r.Causes), func(c report.Cause) bool { return !strings.Contains(c.Cause, "SQL Server") }); len(unreachable) != 1 {
		t.Errorf("SQL Server, which is gone, is not one cause: %+v", unreachable)
	}
}
