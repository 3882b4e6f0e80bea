//go:build linux

package winetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// probeProgram builds the Windows program that says what it sees.
func probeProgram(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "probe.exe")
	if err := buildWindows(t.Context(), "./testdata/probe", exe); err != nil {
		t.Fatal(err)
	}
	return exe
}

// ask runs the probe and returns its answer. Numbers are float64.
func ask(t *testing.T, p *Prefix, exe string, opt RunOptions, args ...string) any {
	t.Helper()
	got := p.Run(t.Context(), exe, opt, args...)
	if got.ExitCode != 0 {
		t.Fatalf("probe %q: exit code %d: %s", args, got.ExitCode, got.Stderr)
	}
	var answer any
	if err := json.Unmarshal(got.Stdout, &answer); err != nil {
		t.Fatalf("probe %q: %v in %s", args, err, got.Stdout)
	}
	return answer
}

// want fails the test if the probe answers otherwise.
func want(t *testing.T, p *Prefix, exe string, expected any, args ...string) {
	t.Helper()
	if got := ask(t, p, exe, RunOptions{}, args...); !reflect.DeepEqual(got, expected) {
		t.Errorf("probe %q:\n got %v\nwant %v", args, got, expected)
	}
}

type object = map[string]any

const seededKey = `HKLM\SOFTWARE\Contoso\Söder [1] \ "x"`

func TestSeededPrefix(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	p := New(t)

	p.SetRegistry(seededKey, "text", "ä \U0001f5a5 \"quoted\" C:\\x\n9")
	p.SetRegistry(seededKey, "empty", "")
	p.SetRegistry(seededKey, "expand", ExpandString(`%SystemRoot%\x`))
	p.SetRegistry(seededKey, "multi", []string{"one", "2 zwei"})
	p.SetRegistry(seededKey, "none", []string{})
	p.SetRegistry(seededKey, "dword", uint32(0xfffffffe))
	p.SetRegistry(seededKey, "int", 7)
	p.SetRegistry(seededKey, "qword", uint64(1<<40+1))
	p.SetRegistry(seededKey, "binary", []byte{0, 1, 0xff})
	p.SetRegistry(seededKey, "@", "the default")
	p.SetRegistry(seededKey, `na"me=\ü`, "odd name")
	p.SetRegistry(seededKey, "twice", "first")
	p.SetRegistry(strings.ToUpper(seededKey), "TWICE", 2)
	p.SetRegistry(`HKLM\SOFTWARE\Contoso\Empty`, "", nil)
	p.SetRegistry(`HKCU\Software\Contoso`, "user", "mine")
	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "DigitalProductId", []byte{5})
	p.SetWindows(WindowsVersion{
		Build: 20348, UBR: 2113, ProductName: "Windows Server 2022 Standard", EditionID: "ServerStandard",
		InstallationType: "Server", DisplayVersion: "21H2", ProductType: "ServerNT",
	})
	p.AddDrive('E', 0, 0)
	p.AddService(Service{
		Name: "SMS_EXECUTIVE", DisplayName: "SMS Executive", Account: `CONTOSO\svc-cm`, Start: 2,
		ImagePath: `"E:\SMS dir\smsexec.exe" -x`, Running: true, Version: "5.0.9128.1007",
	})
	p.AddService(Service{
		Name: "MANUAL_UP", DisplayName: "Manual, running", Account: "LocalSystem", Start: 3,
		ImagePath: `C:\bin2\manual.exe`, Running: true,
	})
	p.AddService(Service{
		Name: "SMS_DOWN", DisplayName: "Stopped", Account: "LocalSystem", Start: 2, ImagePath: `C:\down.exe`,
	})
	p.WriteVersionedFile(`C:\down.exe`, "5.0.9096.1000")
	p.AddService(Service{
		Name: "SMS_DISABLED", DisplayName: "Disabled", Account: "LocalSystem", Start: 4, ImagePath: `C:\absent.exe`,
	})
	p.WriteVersionedFile(`E:\SMS dir\baseobj.dll`, "65535.1.2.65534")
	p.WriteVersionedFile(`C:\WINDOWS\System32\msi.dll`, "5.0.20348.1") // Wine has its own
	p.WriteVersionedFile(`E:\SMS dir\dism.exe`, "10.0.26100.1")        // of this, too
	p.WriteFile(`C:\WINDOWS\System32\notepad.exe`, []byte("no program"))
	p.WriteFile(`C:\plain.txt`, []byte("plain"))

	const currentVersion = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	for _, c := range []struct {
		expected any
		args     []string
	}{
		{object{"type": 1.0, "value": "ä \U0001f5a5 \"quoted\" C:\\x\n9", "raw": ""}, []string{"value", seededKey, "text"}},
		{object{"type": 1.0, "value": "", "raw": "0000"}, []string{"value", seededKey, "empty"}},
		{object{"type": 2.0, "value": `%SystemRoot%\x`, "raw": ""}, []string{"value", seededKey, "expand"}},
		{object{"type": 7.0, "value": []any{"one", "2 zwei"}, "raw": ""}, []string{"value", seededKey, "multi"}},
		{object{"type": 7.0, "value": []any{}, "raw": "0000"}, []string{"value", seededKey, "none"}},
		{object{"type": 4.0, "value": "4294967294", "raw": "feffffff"}, []string{"value", seededKey, "dword"}},
		{object{"type": 4.0, "value": "7", "raw": "07000000"}, []string{"value", seededKey, "int"}},
		{object{"type": 11.0, "value": "1099511627777", "raw": "0100000000010000"}, []string{"value", seededKey, "qword"}},
		{object{"type": 3.0, "raw": "0001ff"}, []string{"value", seededKey, "binary"}},
		{object{"type": 1.0, "value": "the default", "raw": ""}, []string{"value", seededKey, ""}},
		{object{"type": 1.0, "value": "odd name", "raw": ""}, []string{"value", seededKey, `na"me=\ü`}},
		{object{"type": 4.0, "value": "2", "raw": "02000000"}, []string{"value", seededKey, "twice"}},
		{object{"errno": 2.0}, []string{"value", seededKey, "absent"}},
		{object{"opened": true}, []string{"key", `HKLM\SOFTWARE\Contoso\Empty`}},
		{object{"errno": 2.0}, []string{"key", `HKLM\SOFTWARE\Contoso\Absent`}},
		{object{"type": 1.0, "value": "mine", "raw": ""}, []string{"value", `HKCU\Software\Contoso`, "user"}},
		{object{"type": 3.0, "raw": "05"}, []string{"value", currentVersion, "DigitalProductId"}},

		{object{"major": 10.0, "minor": 0.0, "build": 20348.0, "type": 3.0, "servicePack": ""}, []string{"windows"}},
		{object{"type": 4.0, "value": "2113", "raw": "41080000"}, []string{"value", currentVersion, "UBR"}},
		{object{"type": 1.0, "value": "21H2", "raw": ""}, []string{"value", currentVersion, "DisplayVersion"}},
		{object{"type": 1.0, "value": "Windows Server 2022 Standard", "raw": ""}, []string{"value", currentVersion, "ProductName"}},
		{object{"type": 1.0, "value": "ServerStandard", "raw": ""}, []string{"value", currentVersion, "EditionID"}},
		{object{"type": 1.0, "value": "Server", "raw": ""}, []string{"value", currentVersion, "InstallationType"}},
		{object{"errno": 2.0}, []string{"value", currentVersion, "CSDVersion"}},

		{object{
			"display": "SMS Executive", "account": `CONTOSO\svc-cm`, "start": 2.0, "state": 4.0,
			"path": `"E:\SMS dir\smsexec.exe" -x`,
		}, []string{"service", "SMS_EXECUTIVE"}},
		{object{
			"display": "Manual, running", "account": "LocalSystem", "start": 3.0, "state": 4.0,
			"path": `C:\bin2\manual.exe`,
		}, []string{"service", "MANUAL_UP"}},
		{object{
			"display": "Stopped", "account": "LocalSystem", "start": 2.0, "state": 1.0, "path": `C:\down.exe`,
		}, []string{"service", "SMS_DOWN"}},
		{object{
			"display": "Disabled", "account": "LocalSystem", "start": 4.0, "state": 1.0, "path": `C:\absent.exe`,
		}, []string{"service", "SMS_DISABLED"}},
		{object{"errno": 1060.0}, []string{"service", "SMS_ABSENT"}},

		{object{"file": "5.0.9128.1007", "product": "5.0.9128.1007"}, []string{"version", `E:\SMS dir\smsexec.exe`}},
		{object{"file": "65535.1.2.65534", "product": "65535.1.2.65534"}, []string{"version", `e:\sms dir\BASEOBJ.DLL`}},
		{object{"file": "5.0.9096.1000", "product": "5.0.9096.1000"}, []string{"version", `C:\down.exe`}},
		{object{"file": "5.0.20348.1", "product": "5.0.20348.1"}, []string{"version", `C:\Windows\System32\msi.dll`}},
		{object{"file": "10.0.26100.1", "product": "10.0.26100.1"}, []string{"version", `E:\SMS dir\dism.exe`}},
		{object{"errno": 2.0}, []string{"version", `E:\SMS dir\absent.dll`}},
		{"CE", []string{"drives"}},
	} {
		got := ask(t, p, exe, RunOptions{}, c.args...)
		// The raw bytes are compared where they say more than the value.
		if wanted, ok := c.expected.(object); ok && wanted["raw"] == "" {
			if g, ok := got.(object); ok {
				g["raw"] = ""
			}
		}
		if !reflect.DeepEqual(got, c.expected) {
			t.Errorf("probe %q:\n got %v\nwant %v", c.args, got, c.expected)
		}
	}

	// Seeding replaced a link to one of Wine's files, not the file.
	if got, err := os.ReadFile(p.Path(`c:\windows\system32\NOTEPAD.EXE`)); err != nil || string(got) != "no program" {
		t.Errorf("the replaced file holds %q, %v", got, err)
	}
	if got, err := os.ReadFile(p.Path(`C:/plain.txt`)); err != nil || string(got) != "plain" {
		t.Errorf("the written file holds %q, %v", got, err)
	}
	other := New(t)
	if info, err := os.Stat(other.Path(`C:\windows\system32\notepad.exe`)); err != nil || info.Size() < 1000 {
		t.Errorf("a second prefix's notepad.exe: %v, %v", info, err)
	}
}

func TestWindowsVersions(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	for _, c := range []struct {
		name     string
		version  WindowsVersion
		expected object
		ubr      object
	}{
		{
			"2012 R2",
			WindowsVersion{Build: 9600, ProductType: "LanmanNT"},
			object{"major": 6.0, "minor": 3.0, "build": 9600.0, "type": 2.0, "servicePack": ""},
			object{"errno": 2.0},
		},
		{
			"2019",
			WindowsVersion{Build: 17763, UBR: 5868, ProductType: "ServerNT"},
			object{"major": 10.0, "minor": 0.0, "build": 17763.0, "type": 3.0, "servicePack": ""},
			object{"type": 4.0, "value": "5868", "raw": "ec160000"},
		},
		{
			"client",
			WindowsVersion{Build: 19045, UBR: 1, ProductType: "WinNT"},
			object{"major": 10.0, "minor": 0.0, "build": 19045.0, "type": 1.0, "servicePack": ""},
			object{"type": 4.0, "value": "1", "raw": "01000000"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := New(t)
			p.SetWindows(c.version)
			want(t, p, exe, c.expected, "windows")
			want(t, p, exe, c.ubr, "value", `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, "UBR")
		})
	}
}

func TestDrivesWithSize(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	p := New(t)
	p.AddDrive('C', 64<<20, 40<<20)
	p.AddDrive('e', 1<<40, 1<<40-8<<20)
	p.AddDrive('F', 0, 0)
	p.WriteFile(`E:\SMS\data.bin`, make([]byte, 3<<20))
	p.WriteVersionedFile(`E:\SMS\x.dll`, "1.2.3.4")

	want(t, p, exe, object{"total": float64(64 << 20), "free": float64(40 << 20)}, "drive", `C:\`)
	want(t, p, exe, object{"total": float64(1 << 40), "free": float64(1<<40 - 8<<20)}, "drive", `E:\`)
	want(t, p, exe, object{"file": "1.2.3.4", "product": "1.2.3.4"}, "version", `E:\SMS\x.dll`)
	want(t, p, exe, "CEF", "drives")
	want(t, p, exe, object{"errno": 3.0}, "drive", `G:\`)
	if info, err := os.Stat(p.Path(`E:\sms\DATA.bin`)); err != nil || info.Size() != 3<<20 {
		t.Errorf("the file on E: as the test sees it: %v, %v", info, err)
	}
	// Nothing shows outside of the prefix's own view.
	if entries, err := os.ReadDir(p.driveFolder('e')); err != nil || len(entries) != 0 {
		t.Errorf("outside, the folder of E: holds %v, %v", entries, err)
	}
	got := p.Run(t.Context(), exe, RunOptions{Dir: `E:\SMS`}, "echo")
	if !strings.Contains(string(got.Stdout), `"dir":"E:\\SMS"`) {
		t.Errorf("with a working directory on E: the probe says %s", got.Stdout)
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	outside, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	p := New(t)
	p.SetRegistry(`HKLM\SOFTWARE\Contoso`, "a", 1)
	p.DenyKey(`HKLM\SOFTWARE\Contoso`)
	for _, c := range []struct{ name, netbios, dns string }{
		{"cm01.contoso.com", "CM01", "cm01.contoso.com"},
		{"", "CM01", "cm01.contoso.com"},
		{"cm02.contoso.com", "CM02", "cm02.contoso.com"},
	} {
		got := ask(t, p, exe, RunOptions{HostName: c.name}, "host")
		if expected := (object{"netbios": c.netbios, "dns": c.dns}); !reflect.DeepEqual(got, expected) {
			t.Errorf("with the host name %q:\n got %v\nwant %v", c.name, got, expected)
		}
		// A restart keeps what was seeded and denied.
		want(t, p, exe, object{"errno": 5.0}, "key", `HKLM\SOFTWARE\Contoso`)
	}
	if now, err := os.Hostname(); err != nil || now != outside {
		t.Errorf("outside, the host name is %q, %v; it was %q", now, err, outside)
	}
}

func TestDenyKey(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	p := New(t)
	for _, key := range []string{`HKLM\SOFTWARE\Contoso\Before`, `HKLM\SOFTWARE\Contoso\Before\Below`, `HKCU\Software\During`} {
		p.SetRegistry(key, "a", 1)
	}
	p.DenyKey(`HKLM\SOFTWARE\Contoso\Before`)
	denied, one := object{"errno": 5.0}, object{"type": 4.0, "value": "1", "raw": "01000000"}
	want(t, p, exe, denied, "value", `HKLM\SOFTWARE\Contoso\Before`, "a")
	want(t, p, exe, one, "value", `HKLM\SOFTWARE\Contoso\Before\Below`, "a")
	want(t, p, exe, one, "value", `HKCU\Software\During`, "a")
	p.DenyKey(`HKCU\Software\During`)
	want(t, p, exe, denied, "value", `HKCU\Software\During`, "a")
}

func TestPrefixesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := New(t)
			p.SetRegistry(`HKLM\SOFTWARE\Contoso`, "who", name)
			p.SetRegistry(`HKLM\SOFTWARE\Contoso\`+name, "", nil)
			p.WriteFile(`C:\`+name+`.dll`, nil)
			for _, other := range []string{"one", "two"} {
				key, file := any(object{"opened": true}), any(object{"errno": 1812.0})
				if other != name {
					key, file = object{"errno": 2.0}, object{"errno": 2.0}
				}
				want(t, p, exe, key, "key", `HKLM\SOFTWARE\Contoso\`+other)
				want(t, p, exe, file, "version", `C:\`+other+`.dll`)
			}
			got := ask(t, p, exe, RunOptions{}, "value", `HKLM\SOFTWARE\Contoso`, "who")
			if got.(object)["value"] != name {
				t.Errorf("the prefix %s holds %v", name, got)
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Setenv("PROBE_LEAK", "from the test")
	exe := probeProgram(t)
	p := New(t)
	got := p.Run(t.Context(), exe, RunOptions{
		Env: []string{"PROBE_VARIABLE=ä b"}, Dir: `C:\windows`, Stdin: strings.NewReader("in\nput"),
	}, "echo", `a "b"`, `c\`, "", "ü")
	const wanted = `{"args":["a \"b\"","c\\","","ü"],"dir":"C:\\windows","exe":"C:\\bin\\probe.exe",` +
		`"input":"in\nput","leak":"","variable":"ä b"}` + "\n"
	if string(got.Stdout) != wanted || string(got.Stderr) != "to standard error\n" || got.ExitCode != 0 {
		t.Errorf("got %d\n%s%swant\n%s", got.ExitCode, got.Stdout, got.Stderr, wanted)
	}
	for code, text := range map[int]string{0: "0", 1: "1", 3: "3", 64: "64", 70: "70", 67: "1603"} {
		if got := p.Run(t.Context(), exe, RunOptions{}, "exit", text); got.ExitCode != code {
			t.Errorf("exit %s: got %d, want %d", text, got.ExitCode, code)
		}
	}
	if got := p.Run(t.Context(), "reg", RunOptions{}, "query", `HKLM\SOFTWARE\Absent`); got.ExitCode != 1 {
		t.Errorf("Wine's own reg: exit code %d, output %s%s", got.ExitCode, got.Stdout, got.Stderr)
	}
}

// Names are those that were given, and no others.
func TestHosts(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	p := New(t)
	p.SetHosts(map[string]string{"SQL01.contoso.com": "127.0.0.9"})
	p.SetHosts(map[string]string{"cm01.contoso.com": "127.0.0.10"})
	want(t, p, exe, []any{"127.0.0.9"}, "lookup", "sql01.contoso.com")
	want(t, p, exe, []any{"127.0.0.10"}, "lookup", "cm01.contoso.com")
	want(t, p, exe, "no such name", "lookup", "dns.example.com")
}
