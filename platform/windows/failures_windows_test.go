package windows_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	syswindows "golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows"
)

const (
	quietLine  = "quiet  $$<SMS_X><11-19-2026 22:00:00.000-60><thread=1 (0x1)>\r\n"
	failedLine = "Failed to find folder that stores msi file a  $$<SMS_X><11-18-2026 22:00:00.000-60><thread=1 (0x1)>\r\n"
)

// readFailures asks for the known failures in a log.
func readFailures(t *testing.T, r *windows.Reader, path string) (platform.FailureLog, error) {
	t.Helper()
	var digest platform.FailureLog
	raw, err := r.Read(t.Context(), platform.ReadFailureLog(path).Question)
	if err != nil {
		return digest, err
	}
	if err := json.Unmarshal(raw, &digest); err != nil {
		t.Fatal(err)
	}
	return digest, nil
}

// A log is read with its older generations, also while it is written, and can be renamed meanwhile.
func TestReadFailures(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "CMUpdate.log")
	for name, text := range map[string]string{
		"CMUpdate.log": quietLine, "cmupdate.LO_": failedLine, "CMUpdate-20261101-101010.log": quietLine, "hman.log": failedLine, "CMUpdate.txt": failedLine,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "CMUpdate-20261102-101010.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	wide, err := syswindows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	writer, err := syswindows.CreateFile(wide, syswindows.GENERIC_WRITE, syswindows.FILE_SHARE_READ|syswindows.FILE_SHARE_DELETE, nil, syswindows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syswindows.CloseHandle(writer) }()
	r := windows.New()
	got, err := readFailures(t, r, path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Files) != 3 || got.Files[0].Name != "CMUpdate.log" || got.Files[1].Name != "cmupdate.LO_" || got.Lines != 3 || got.Read != got.Bytes || got.Files[0].Problem != "" {
		t.Errorf("%+v", got)
	}
	if len(got.Known) != 1 || got.Known[0].ID != "inst-msi-folder" || got.Known[0].Lines[0].File != "cmupdate.LO_" || got.Known[0].Lines[0].Number != 1 {
		t.Errorf("%+v", got.Known)
	}
}

// One that nobody else may open is told; the rest is read.
func TestReadFailuresLocked(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "hman.log")
	for _, name := range []string{path, filepath.Join(folder, "hman.lo_")} {
		if err := os.WriteFile(name, []byte(quietLine), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wide, err := syswindows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := syswindows.CreateFile(wide, syswindows.GENERIC_WRITE, 0, nil, syswindows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syswindows.CloseHandle(owner) }()
	got, err := readFailures(t, windows.New(), path)
	if err != nil || len(got.Files) != 2 || got.Files[0].Problem == "" || got.Files[1].Problem != "" || got.Lines != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadFailuresAbsent(t *testing.T) {
	folder := t.TempDir()
	for name, want := range map[string]error{
		filepath.Join(folder, "hman.log"):           platform.ErrAbsent,
		filepath.Join(folder, "no folder", "x.log"): platform.ErrAbsent,
		"hman.log":   platform.ErrMalformed,
		folder + `\`: platform.ErrMalformed,
		filepath.Join(folder, "hman.log", "hman.log"): platform.ErrAbsent,
	} {
		if _, err := readFailures(t, windows.New(), name); !errors.Is(err, want) {
			t.Errorf("%s: %v, wanted %v", name, err, want)
		}
	}
}
