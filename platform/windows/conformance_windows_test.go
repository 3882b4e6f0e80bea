package windows_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	syswindows "golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/windows"
)

// The live reader of Windows is a reader like all others. It is asked what every Windows has.
func TestConformance(t *testing.T) {
	const currentVersion = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	text := filepath.Join(t.TempDir(), "größe.txt")
	if err := os.WriteFile(text, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "ConfigMgrPrereq.log")
	if err := os.WriteFile(log, []byte("a log without a run\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	configuration := filepath.Join(t.TempDir(), "x.exe.config")
	if err := os.WriteFile(configuration, []byte("<configuration/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	known := []platform.Question{
		platform.ReadPrereqLog(log).Question,
		platform.ReadFailureLog(log).Question,
		platform.ReadKey(`HKLM\SOFTWARE`).Question,
		platform.ReadKey(currentVersion).Question,
		platform.ReadText(currentVersion, "ProductName").Question,
		platform.ReadText(currentVersion, "CurrentBuildNumber").Question,
		platform.ReadService("RpcSs").Question,
		platform.ReadFile(filepath.Join(os.Getenv("SystemRoot"), `System32\kernel32.dll`)).Question,
		platform.ReadFile(text).Question,
		platform.ReadDigest(text).Question,
		platform.ReadRuntimeSettings(configuration).Question,
		platform.ReadFolder(filepath.Dir(text), "*.t?t").Question,
		platform.ReadAccess(filepath.Dir(text)).Question,
		platform.ReadVolume(`C:\`).Question,
		platform.ReadVolume(filepath.Join(t.TempDir(), "not-there")).Question,
		platform.ReadOSVersion().Question,
		platform.ReadComputer().Question,
		platform.ReadBoot().Question,
		platform.ReadMemory().Question,
		platform.ReadDomainJoin().Question,
		platform.ReadAccount(`BUILTIN\Administrators`).Question,
		platform.ReadTokenMember("S-1-5-32-544").Question,
		platform.ReadCertificates(`LocalMachine\ROOT`).Question,
	}
	absent := []platform.Question{
		platform.ReadKey(`HKLM\SOFTWARE\siteready-nobody`).Question,
		platform.ReadText(`HKLM\SOFTWARE\siteready-nobody`, "x").Question,
		platform.ReadText(currentVersion, "siteready-nobody").Question,
		platform.ReadService("siteready-nobody").Question,
		platform.ReadFile(filepath.Join(t.TempDir(), "nobody")).Question,
		platform.ReadFile(`C:\siteready-nobody\x`).Question,
		platform.ReadDigest(`C:\siteready-nobody\x`).Question,
		platform.ReadRuntimeSettings(`C:\siteready-nobody\x`).Question,
		platform.ReadFolder(`C:\siteready-nobody`, "*").Question,
		platform.ReadAccess(`C:\siteready-nobody`).Question,
		platform.ReadPrereqLog(`C:\siteready-nobody\ConfigMgrPrereq.log`).Question,
		platform.ReadFailureLog(`C:\siteready-nobody\hman.log`).Question,
		platform.ReadVolume(noDrive(t)).Question,
		platform.ReadGroupMembers("S-1-5-32-999").Question,
		platform.ReadCertificates(`LocalMachine\siteready-nobody`).Question,
	}
	var r platform.Reader = windows.New()
	if inWine() {
		r = &oneService{Reader: r}
	}
	if err := platformtest.TestReader(t.Context(), r, known, absent); err != nil {
		t.Error(err)
	}
}

// oneService puts one question about services at a time. Wine 8 loses handles of the service
// manager when several threads of a process open and close their own at once: the calls then
// fail with error 6. Windows does not.
type oneService struct {
	platform.Reader
	mu sync.Mutex
}

func (r *oneService) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.Kind == platform.KindService {
		r.mu.Lock()
		defer r.mu.Unlock()
	}
	return r.Reader.Read(ctx, q)
}

func inWine() bool {
	return syswindows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

// noDrive is a drive that this machine does not have.
func noDrive(t *testing.T) string {
	t.Helper()
	for letter := 'Y'; letter > 'C'; letter-- {
		if drive := string(letter) + `:\`; !there(drive) {
			return drive
		}
	}
	t.Fatal("all letters have a drive")
	return ""
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
