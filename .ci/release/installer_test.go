package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"siteready/platform/windows/winetest"
	"siteready/report"
)

const (
	environmentKey = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
	eventSourceKey = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\` + report.EventSource
	ownKey         = `HKLM\SOFTWARE\siteready`
	folder         = `C:\Program Files\siteready`
)

// repair is what the repair of the documentation means to Windows: /f and letters with a package. Wine's
// msiexec does not know it.
func (m machine) repair(of string) []string {
	m.t.Helper()
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		m.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^msiexec /f([a-z]+) siteready-1\.2\.3-windows-amd64\.msi /qn /norestart `).FindSubmatch(page)
	if found == nil {
		m.t.Fatal("the documentation has no repair")
	}
	// All files, and the registry of the machine and of the user: each letter stands for one part alone.
	for _, letter := range "amu" {
		if !strings.ContainsRune(string(found[1]), letter) {
			m.t.Errorf("the repair of the documentation, /f%s, lacks %c", found[1], letter)
		}
	}
	return []string{"/i", of, "REINSTALL=ALL", "REINSTALLMODE=" + string(found[1])}
}

// machine is a Windows on which packages are installed.
type machine struct {
	*winetest.Prefix
	t *testing.T
}

func newMachine(t *testing.T, folders ...string) machine {
	t.Helper()
	m := machine{winetest.New(t), t}
	m.SetWindows(winetest.WindowsVersion{Build: 20348, UBR: 2113, ProductName: "Windows Server 2022 Standard", InstallationType: "Server", ProductType: "ServerNT"})
	for _, folder := range folders {
		packages, err := filepath.Glob(filepath.Join(folder, "*.msi"))
		if err != nil || len(packages) != 1 {
			t.Fatalf("%v in %s: %v", packages, folder, err)
		}
		data, err := os.ReadFile(packages[0])
		if err != nil {
			t.Fatal(err)
		}
		m.WriteFile(`C:\packages\`+filepath.Base(packages[0]), data)
	}
	return m
}

// msiexec installs, repairs or removes, without a window, and wants the exit code.
func (m machine) msiexec(want int, args ...string) {
	m.t.Helper()
	got := m.Run(m.t.Context(), "msiexec", winetest.RunOptions{}, append(args, "/qn", "/l*v", `C:\msi.log`)...)
	if got.ExitCode != want {
		log, err := os.ReadFile(m.Path(`C:\msi.log`))
		m.t.Fatalf("msiexec %v ends with %d, wanted %d: %s\n%v%s", args, got.ExitCode, want, got.Stderr, err, log)
	}
}

// value is what `reg query` shows of a value: its type and its data. It is empty for one that is not there.
func (m machine) value(key, name string) string {
	m.t.Helper()
	got := m.Run(m.t.Context(), "reg", winetest.RunOptions{}, "query", key, "/v", name)
	if got.ExitCode != 0 {
		return ""
	}
	found := regexp.MustCompile(`(?im)^ +` + regexp.QuoteMeta(name) + ` +(REG_\S+) +(.*?)\r?$`).FindSubmatch(got.Stdout)
	if found == nil {
		m.t.Fatalf("reg query %s /v %s says %q", key, name, got.Stdout)
	}
	return string(found[1]) + " " + string(found[2])
}

func (m machine) wants(key, name, want string) {
	m.t.Helper()
	if got := m.value(key, name); got != want {
		m.t.Errorf("%s in %s is %q, wanted %q", name, key, got, want)
	}
}

func (m machine) there(path string, want bool) {
	m.t.Helper()
	if _, err := os.Stat(m.Path(path)); (err == nil) != want {
		m.t.Errorf("%s is there: %v, wanted %v", path, err == nil, want)
	}
}

// path wants folders on the machine's search path. Wine leaves the semicolon behind when it takes
// a folder out, which Windows does not: empty names do not count.
func (m machine) path(want ...string) {
	m.t.Helper()
	kind, data, _ := strings.Cut(m.value(environmentKey, "PATH"), " ")
	got := slices.DeleteFunc(strings.Split(data, ";"), func(name string) bool { return name == "" })
	if kind != "REG_EXPAND_SZ" || !slices.Equal(got, want) {
		m.t.Errorf("the search path is %s %q, wanted %q", kind, got, want)
	}
}

// found wants that the program is found by the search path, and that it is this version; without a
// version, that it is not found.
func (m machine) found(version string) {
	m.t.Helper()
	got := m.Run(m.t.Context(), "siteready", winetest.RunOptions{}, "version")
	if version == "" {
		if got.ExitCode == 0 {
			m.t.Errorf("a siteready is found that says %q", got.Stdout)
		}
		return
	}
	if want := "siteready v" + version + " windows/amd64 "; got.ExitCode != 0 || !strings.HasPrefix(string(got.Stdout), want) {
		m.t.Errorf("siteready version ends with %d and says %q, wanted %q", got.ExitCode, got.Stdout, want)
	}
}

// products are the versions of siteready in Windows' list of programs.
func (m machine) products() []string {
	m.t.Helper()
	got := m.Run(m.t.Context(), "reg", winetest.RunOptions{}, "query", `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`, "/s")
	if got.ExitCode != 0 {
		m.t.Fatalf("the list of programs: %s", got.Stderr)
	}
	var versions []string
	for _, key := range strings.Split(string(got.Stdout), "HKEY_") {
		if !regexp.MustCompile(`(?m)DisplayName +REG_SZ +siteready\r?$`).MatchString(key) {
			continue
		}
		found := regexp.MustCompile(`DisplayVersion +REG_SZ +(\S+)`).FindStringSubmatch(key)
		if found == nil {
			m.t.Fatalf("a program without a version: %s", key)
		}
		versions = append(versions, found[1])
	}
	return versions
}

func (m machine) installed(want ...string) {
	m.t.Helper()
	if got := m.products(); strings.Join(got, " ") != strings.Join(want, " ") {
		m.t.Errorf("installed are %v, wanted %v", got, want)
	}
}

// lookAtTables reads what Wine does not show: Windows decides by it whether a file is replaced, in
// which step an old version goes, and which package this is.
func lookAtTables(t *testing.T, out string) {
	for table, lines := range map[string][]string{
		"File":      {"\t1.2.3.0\t1033\t", "\tSITEREDY.EXE|siteready.exe\t", "\tNOTICES.TXT|THIRD-PARTY-NOTICES.txt\t", "\tPARTS.JSN|siteready.cdx.json\t", "\tLICENSE.txt\t"},
		"Directory": {"INSTALLDIR\tProgramFiles64Folder\tSITEREDY|siteready"},

		"InstallExecuteSequence": {"InstallInitialize\t\t1500", "RemoveExistingProducts\t\t1501", "RemoveEnvironmentStrings\t\t3300", "WriteEnvironmentStrings\t\t5200"},
		"Component":              {"\tNOT EVENTSOURCE OR OWNEVENTSOURCE\t"},
		"Environment":            {"Path\t=-*PATH\t[~];[INSTALLDIR]\tProgram"},
		"Property":               {"UpgradeCode\t{00441662-E097-4064-900D-19E00962AFFB}", "ALLUSERS\t1", "MSIRESTARTMANAGERCONTROL\tDisable", "SecureCustomProperties\tEVENTSOURCE;OWNEVENTSOURCE;WIX_DOWNGRADE_DETECTED;WIX_UPGRADE_DETECTED", "ProductVersion\t1.2.3"},
		"_SummaryInformation":    {"7\tx64;1033", "12\t2026/11/02 03:04:05", "13\t2026/11/02 03:04:05"},
		"RegLocator":             {"\tSOFTWARE\\siteready\tEventSource\t18"},
	} {
		said, err := command{dir: out, name: "msiinfo", args: []string{"export", "siteready-1.2.3-windows-amd64.msi", table}}.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains(string(said), line) {
				t.Errorf("the table %s lacks %q:\n%s", table, line, said)
			}
		}
	}
}

// lookAtHashes wants hashes of files that have no version, and of no other: Windows Installer compares those by
// their versions. https://learn.microsoft.com/windows/win32/msi/msifilehash-table
func lookAtHashes(t *testing.T, out string) {
	said, err := command{dir: out, name: "msiinfo", args: []string{"export", "siteready-1.2.3-windows-amd64.msi", "MsiFileHash"}}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for i, row := range strings.Split(strings.TrimSpace(string(said)), "\n") {
		if name, _, _ := strings.Cut(row, "\t"); i > 2 { // behind the heads of the columns
			files = append(files, name)
		}
	}
	slices.Sort(files)
	if !slices.Equal(files, []string{"Licence", "Notices", "Parts"}) {
		t.Errorf("hashes have %v", files)
	}
}

// install takes one machine through all that happens to an installed program.
func install(t *testing.T, before, after string) {
	probe := filepath.Join(t.TempDir(), "probe.exe")
	if err := winetest.Build(t.Context(), "siteready/platform/windows/winetest/testdata/probe", probe); err != nil {
		t.Fatal(err)
	}
	const (
		older, newer = `C:\packages\siteready-1.2.3-windows-amd64.msi`, `C:\packages\siteready-1.2.4-windows-amd64.msi`
		config       = folder + `\siteready.yaml`
		past         = folder + `\history\CM01\runs.jsonl`
	)
	path := []string{`C:\windows\system32`, `C:\windows`, `C:\Tools`}
	m := newMachine(t, before, after)
	m.SetRegistry(environmentKey, "PATH", winetest.ExpandString(strings.Join(path, ";")))
	complete := func(version string) {
		t.Helper()
		for _, name := range []string{programFile, licenceFile, noticesFile, partsFile} {
			m.there(folder+`\`+name, true)
		}
		m.found(version)
		m.installed(version)
		// By this Configuration Manager detects an installed version.
		if got := m.Run(t.Context(), probe, winetest.RunOptions{}, "version", folder+`\`+programFile); !strings.Contains(string(got.Stdout), `"file":"`+version+`.0"`) {
			t.Errorf("the program's version is %s%s, wanted %s.0", got.Stdout, got.Stderr, version)
		}
		m.path(append(slices.Clone(path), folder+`\`)...)
		m.wants(eventSourceKey, "EventMessageFile", `REG_EXPAND_SZ %SystemRoot%\System32\EventCreate.exe`)
		m.wants(eventSourceKey, "TypesSupported", "REG_DWORD 0x7")
	}
	m.found("")
	m.msiexec(0, "/i", older)
	complete("1.2.3")
	if got := m.Run(t.Context(), folder+`\`+programFile, winetest.RunOptions{}, "demo", "--format", "verdict"); got.ExitCode != 2 || string(got.Stdout) != "BLOCKED\n" {
		t.Errorf("the installed program's demonstration ends with %d and says %q%q", got.ExitCode, got.Stdout, got.Stderr)
	}

	m.examples()

	// Repair brings back what is gone.
	m.WriteFile(config, []byte("target: \"2509\"\n"))
	m.WriteFile(past, []byte("{}\n"))
	if err := os.Remove(m.Path(folder + `\` + programFile)); err != nil {
		t.Fatal(err)
	}
	m.Run(t.Context(), "reg", winetest.RunOptions{}, "delete", eventSourceKey, "/f")
	m.wants(eventSourceKey, "EventMessageFile", "")
	m.msiexec(0, m.repair(older)...)
	complete("1.2.3")

	m.msiexec(0, "/i", newer)
	complete("1.2.4")
	const failed = 1603 % 256 // as Linux has it
	m.msiexec(failed, "/i", older)
	complete("1.2.4")
	m.there(config, true)
	m.there(past, true)

	m.msiexec(0, "/x", newer)
	m.installed()
	for _, name := range []string{programFile, licenceFile, noticesFile, partsFile} {
		m.there(folder+`\`+name, false)
	}
	m.there(config, true) // it is the administrator's
	m.there(past, true)
	m.wants(eventSourceKey, "EventMessageFile", "")
	m.wants(eventSourceKey, "TypesSupported", "")
	m.wants(ownKey, "EventSource", "")
	m.path(path...)
	m.found("")
}

// registeredByOthers installs where an administrator has registered the source of events himself:
// it stays as it was, also when the program goes.
func registeredByOthers(t *testing.T, before, after string) {
	m := newMachine(t, before, after)
	m.SetRegistry(eventSourceKey, "EventMessageFile", `C:\Tools\messages.dll`)
	unchanged := func() {
		t.Helper()
		m.wants(eventSourceKey, "EventMessageFile", `REG_SZ C:\Tools\messages.dll`)
		m.wants(eventSourceKey, "TypesSupported", "")
		m.wants(ownKey, "EventSource", "")
	}
	for _, args := range [][]string{
		{"/i", `C:\packages\siteready-1.2.3-windows-amd64.msi`},
		m.repair(`C:\packages\siteready-1.2.3-windows-amd64.msi`),
		{"/i", `C:\packages\siteready-1.2.4-windows-amd64.msi`},
		{"/x", `C:\packages\siteready-1.2.4-windows-amd64.msi`},
	} {
		m.msiexec(0, args...)
		unchanged()
	}
	m.installed()
}
