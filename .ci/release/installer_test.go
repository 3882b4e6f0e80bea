package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"siteready/platform/windows/winetest"
)

const (
	environmentKey = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
	eventSourceKey = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\siteready`
	ownKey         = `HKLM\SOFTWARE\siteready`
	folder         = `C:\Program Files\siteready`
)

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

// found wants that the program is found by the search path, and that it is this version.
func (m machine) found(version string) {
	m.t.Helper()
	got := m.Run(m.t.Context(), "cmd", winetest.RunOptions{}, "/c", "siteready", "version")
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

// productCode is that of a version's package, by which Windows knows it when it is installed.
func productCode(t *testing.T, version string) string {
	t.Helper()
	return braced(release{origin: origin{version: version}}.guid("product").String())
}

// install takes one machine through all that happens to an installed program.
func install(t *testing.T, before, after string) {
	const (
		older, newer = `C:\packages\siteready-1.2.3-windows-amd64.msi`, `C:\packages\siteready-1.2.4-windows-amd64.msi`
		path         = `C:\windows\system32;C:\windows;C:\Tools`
		config       = folder + `\siteready.yaml`
	)
	m := newMachine(t, before, after)
	m.SetRegistry(environmentKey, "PATH", winetest.ExpandString(path))
	complete := func(version string) {
		t.Helper()
		for _, name := range []string{programFile, licenceFile, noticesFile, partsFile} {
			m.there(folder+`\`+name, true)
		}
		m.found(version)
		m.installed(version)
		m.wants(environmentKey, "PATH", "REG_EXPAND_SZ "+path+`;`+folder+`\`)
		m.wants(eventSourceKey, "EventMessageFile", `REG_EXPAND_SZ %SystemRoot%\System32\EventCreate.exe`)
		m.wants(eventSourceKey, "TypesSupported", "REG_DWORD 0x7")
	}
	m.msiexec(0, "/i", older)
	complete("1.2.3")
	if got := m.Run(t.Context(), folder+`\`+programFile, winetest.RunOptions{}, "demo", "--format", "verdict"); got.ExitCode != 2 || string(got.Stdout) != "BLOCKED\n" {
		t.Errorf("the installed program's demonstration ends with %d and says %q%q", got.ExitCode, got.Stdout, got.Stderr)
	}

	// Repair brings back what is gone.
	m.WriteFile(config, []byte("target: \"2509\"\n"))
	if err := os.Remove(m.Path(folder + `\` + programFile)); err != nil {
		t.Fatal(err)
	}
	m.Run(t.Context(), "reg", winetest.RunOptions{}, "delete", eventSourceKey, "/f")
	m.wants(eventSourceKey, "EventMessageFile", "")
	m.msiexec(0, "/fa", productCode(t, "1.2.3")) // Wine does not take the package here, as Windows does
	complete("1.2.3")

	m.msiexec(0, "/i", newer)
	complete("1.2.4")
	const failed = 1603 % 256 // as Linux has it
	m.msiexec(failed, "/i", older)
	complete("1.2.4")
	m.there(config, true)

	m.msiexec(0, "/x", newer)
	m.installed()
	for _, name := range []string{programFile, licenceFile, noticesFile, partsFile} {
		m.there(folder+`\`+name, false)
	}
	m.there(config, true) // it is the administrator's
	m.wants(eventSourceKey, "EventMessageFile", "")
	m.wants(eventSourceKey, "TypesSupported", "")
	m.wants(ownKey, "EventSource", "")
	m.wants(environmentKey, "PATH", "REG_EXPAND_SZ "+path)
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
		{"/fa", productCode(t, "1.2.3")},
		{"/i", `C:\packages\siteready-1.2.4-windows-amd64.msi`},
		{"/x", `C:\packages\siteready-1.2.4-windows-amd64.msi`},
	} {
		m.msiexec(0, args...)
		unchanged()
	}
	m.installed()
}
