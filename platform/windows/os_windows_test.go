package windows

import (
	"encoding/json"
	"errors"
	"os"
	"os/user"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"siteready/platform"
)

func TestOSVersion(t *testing.T) {
	want := windows.RtlGetVersion()
	got := ask(t, platform.ReadOSVersion())
	if got.Major != want.MajorVersion || got.Minor != want.MinorVersion || got.Build != want.BuildNumber {
		t.Errorf("got %+v, want %d.%d.%d", got, want.MajorVersion, want.MinorVersion, want.BuildNumber)
	}
	if got.Workstation != (want.ProductType == 1) {
		t.Errorf("workstation is %v, the product type %d", got.Workstation, want.ProductType)
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	product, _, err := key.GetStringValue("ProductName")
	if err != nil {
		t.Fatal(err)
	}
	if got.Product != product || product == "" {
		t.Errorf("the product is %q, want %q", got.Product, product)
	}
	installation, _, err := key.GetStringValue("InstallationType")
	switch {
	case errors.Is(err, registry.ErrNotExist):
		if got.Installation != nil {
			t.Errorf("the installation is %q, want none", *got.Installation)
		}
	case err != nil:
		t.Fatal(err)
	case got.Installation == nil || *got.Installation != installation:
		t.Errorf("the installation is %v, want %q", got.Installation, installation)
	}
}

// TestOSVersionFromParts puts together what Windows never gave the machine of this test.
func TestOSVersionFromParts(t *testing.T) {
	type value struct {
		kind uint32
		data []byte
	}
	name := value{registry.SZ, wide('W', 0)}
	core := value{registry.SZ, wide('C', 'o', 'r', 'e', 0)}
	tests := map[string]struct {
		major  uint32
		kind   byte
		values map[string]value
		want   string // the answer
		reason error
	}{
		"server core": {
			10, server,
			map[string]value{"ProductName": name, "InstallationType": core},
			`{"major":10,"minor":0,"build":20348,"product":"W","installation":"Core","workstation":false}`, nil,
		},
		"domain controller": {
			10, domainController,
			map[string]value{"ProductName": name},
			`{"major":10,"minor":0,"build":20348,"product":"W","installation":null,"workstation":false}`, nil,
		},
		"workstation": {
			10, workstation,
			map[string]value{"ProductName": name},
			`{"major":10,"minor":0,"build":20348,"product":"W","installation":null,"workstation":true}`, nil,
		},
		"no name":            {10, server, map[string]value{"InstallationType": core}, "", platform.ErrMalformed},
		"a name of bytes":    {10, server, map[string]value{"ProductName": {registry.BINARY, []byte("W")}}, "", platform.ErrMalformed},
		"a broken name":      {10, server, map[string]value{"ProductName": {registry.SZ, []byte("W")}}, "", platform.ErrMalformed},
		"a type of bytes":    {10, server, map[string]value{"ProductName": name, "InstallationType": {registry.DWORD, []byte{1, 0, 0, 0}}}, "", platform.ErrMalformed},
		"no version":         {0, server, map[string]value{"ProductName": name}, "", platform.ErrMalformed},
		"no product type":    {10, 0, map[string]value{"ProductName": name}, "", platform.ErrMalformed},
		"a new product type": {10, 4, map[string]value{"ProductName": name}, "", platform.ErrMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path, key := testKey(t, "", registry.WOW64_64KEY)
			for name, value := range test.values {
				setRaw(t, key, name, value.kind, value.data)
			}
			version := &windows.OsVersionInfoEx{MajorVersion: test.major, BuildNumber: 20348, ProductType: test.kind}
			got, err := readOSVersion(version, path)
			if test.reason != nil {
				if !errors.Is(err, test.reason) {
					t.Errorf("got %v, %v; want %v", got, err, test.reason)
				}
				return
			}
			if raw, _ := json.Marshal(got); err != nil || string(raw) != test.want {
				t.Errorf("got %s, %v; want %s", raw, err, test.want)
			}
		})
	}
	t.Run("no key", func(t *testing.T) {
		path, _ := testKey(t, "", registry.WOW64_64KEY)
		got, err := readOSVersion(windows.RtlGetVersion(), path+`\Nowhere`)
		if err == nil || errors.Is(err, platform.ErrAbsent) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestComputer(t *testing.T) {
	got := ask(t, platform.ReadComputer())
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	if !strings.EqualFold(got.Name, host[:min(len(host), 15)]) { // NetBIOS names end there
		t.Errorf("the name is %q, the host %q", got.Name, host)
	}
	if short, _, _ := strings.Cut(got.FQDN, "."); !strings.EqualFold(short, host) {
		t.Errorf("the DNS name is %q, the host %q", got.FQDN, host)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.EqualFold(got.Account, me.Username) || !strings.Contains(got.Account, `\`) {
		t.Errorf("the account is %q, want %q", got.Account, me.Username)
	}
	if want := windows.GetCurrentProcessToken().IsElevated(); got.Elevated != want {
		t.Errorf("elevated is %v, want %v", got.Elevated, want)
	}
}

func TestBoot(t *testing.T) {
	got := ask(t, platform.ReadBoot())
	want := time.Now().Add(-windows.DurationSinceBoot())
	if difference := got.At.Sub(want).Abs(); difference > time.Minute {
		t.Errorf("the start was at %v, want %v", got.At, want)
	}
	if !got.At.Before(time.Now()) || got.At.Location() != time.UTC {
		t.Errorf("the start was at %v", got.At)
	}
}

func TestMemory(t *testing.T) {
	if got := ask(t, platform.ReadMemory()); got.Total < 64<<20 {
		t.Errorf("the memory has %d bytes", got.Total)
	}
}
