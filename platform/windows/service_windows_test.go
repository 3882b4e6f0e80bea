package windows

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/mgr"

	"siteready/platform"
)

// newService installs a service that is never started. Its command line holds secret.
func newService(t *testing.T, config mgr.Config, secret string) (name string) {
	t.Helper()
	name = "siteready-test-" + rand.Text()
	manager, err := mgr.Connect()
	if err != nil {
		t.Fatalf("connecting to the service manager: %v", err)
	}
	defer manager.Disconnect()
	service, err := manager.CreateService(name, `C:\`+secret+`\service.exe`, config, "--password", secret)
	if err != nil {
		t.Fatalf("installing %s: %v", name, err)
	}
	t.Cleanup(func() {
		defer service.Close()
		if err := service.Delete(); err != nil {
			t.Errorf("removing %s: %v", name, err)
		}
	})
	return name
}

func TestService(t *testing.T) {
	const secret = "S3CRET-in-the-command-line"
	tests := map[string]struct {
		config mgr.Config
		want   platform.Service
	}{
		"manual, as the system": {
			mgr.Config{StartType: mgr.StartManual, DisplayName: "siteready test A"},
			platform.Service{State: "stopped", Start: "manual", Account: "LocalSystem"},
		},
		"automatic, as a service account": {
			mgr.Config{StartType: mgr.StartAutomatic, ServiceStartName: `NT AUTHORITY\LocalService`, DisplayName: "siteready test B"},
			platform.Service{State: "stopped", Start: "automatic", Account: `NT AUTHORITY\LocalService`},
		},
		"disabled, with much to tell": {
			mgr.Config{
				StartType: mgr.StartDisabled, ServiceStartName: `NT AUTHORITY\NetworkService`,
				DisplayName: strings.Repeat("x", 256),
			},
			platform.Service{State: "stopped", Start: "disabled", Account: `NT AUTHORITY\NetworkService`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			// Long enough for the configuration not to fit at the first try.
			long := secret + strings.Repeat("-and-more", 100)
			service := newService(t, test.config, long)
			s := session(t)
			got, err := platform.Ask(t.Context(), s, platform.ReadService(service))
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if raw := s.Evidence()[0].Answer; bytes.Contains(raw, []byte(secret)) || bytes.Contains(raw, []byte("service.exe")) {
				t.Errorf("the answer holds the command line: %s", raw)
			}
		})
	}
}

// TestServiceStates compares services of this machine with the service manager's own list.
func TestServiceStates(t *testing.T) {
	for state, want := range map[uint32]string{windows.SERVICE_RUNNING: "running", windows.SERVICE_STOPPED: "stopped"} {
		t.Run(want, func(t *testing.T) {
			if want == "stopped" {
				newService(t, mgr.Config{StartType: mgr.StartManual}, "any")
			}
			name := anyService(t, state)
			got := ask(t, platform.ReadService(name))
			if got.State != want || got.Start == "" || got.Account == "" {
				t.Errorf("%s is %+v", name, got)
			}
			if upper := ask(t, platform.ReadService(strings.ToUpper(name))); upper != got {
				t.Errorf("%s in capitals is %+v, not %+v", name, upper, got)
			}
		})
	}
}

// anyService returns the name of a service of this state that runs in a process of its own.
func anyService(t *testing.T, state uint32) string {
	t.Helper()
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseServiceHandle(manager)
	buffer := make([]byte, 256<<10)
	var needed, count uint32
	err = windows.EnumServicesStatusEx(manager, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32_OWN_PROCESS,
		windows.SERVICE_STATE_ALL, &buffer[0], uint32(len(buffer)), &needed, &count, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&buffer[0])), count) {
		if entry.ServiceStatusProcess.CurrentState == state {
			return windows.UTF16PtrToString(entry.ServiceName)
		}
	}
	t.Fatalf("none of %d services has the state %d", count, state)
	return ""
}

func TestServiceAbsent(t *testing.T) {
	refuse(t, platform.ReadService("siteready-not-installed"), platform.ErrAbsent,
		"OpenService siteready-not-installed: ", numbered(windows.ERROR_SERVICE_DOES_NOT_EXIST))
}

func TestServiceNames(t *testing.T) {
	states := map[uint32]string{
		1: "stopped", 2: "start_pending", 3: "stop_pending", 4: "running",
		5: "continue_pending", 6: "pause_pending", 7: "paused",
	}
	for number := range uint32(10) {
		name, known := stateName(number)
		if want, ok := states[number]; known != ok || name != want {
			t.Errorf("state %d is %q, %v", number, name, known)
		}
	}
	starts := map[uint32]string{0: "boot", 1: "system", 2: "automatic", 3: "manual", 4: "disabled"}
	for number := range uint32(7) {
		name, known := startName(number)
		if want, ok := starts[number]; known != ok || name != want {
			t.Errorf("start type %d is %q, %v", number, name, known)
		}
	}
}
