package windows_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	syswindows "golang.org/x/sys/windows"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
	"siteready/platform/windows"
)

const backupFailed = "SMS site backup failed. Please see previous errors.  $$<SMS_SITE_BACKUP><03-11-2026 02:14:44.447-60><thread=1 (0x1)>\r\n"

// scanned is what stands in a log. While it is open, a meanwhile may happen.
func scanned(t *testing.T, path string, meanwhile func() error) logscan.Found {
	t.Helper()
	known, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	file := windows.LogFile(path)
	open := file.Open
	file.Open = func(ctx context.Context) (logscan.Opened, error) {
		opened, err := open(ctx)
		if err == nil {
			err = meanwhile()
		}
		return opened, err
	}
	found, err := logscan.Scan(t.Context(), []logscan.Log{{Name: "smsbkup.log", Files: []logscan.File{file}}}, logscan.Options{Catalogue: known, Local: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// While a log is read its component may write to it, roll it over and remove it. Each is told.
func TestLogFileIsShared(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(path string) error
		grew      bool
		problem   string
	}{
		"nothing happens": {func(string) error { return nil }, false, ""},
		"it grows": {func(path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("more\r\n")
			return errors.Join(err, f.Close())
		}, true, ""},
		"it rolls over": {func(path string) error {
			return errors.Join(os.Rename(path, strings.TrimSuffix(path, "log")+"lo_"), os.WriteFile(path, []byte(strings.Repeat(backupFailed, 3)), 0o600))
		}, false, "begun anew"},
		"it is renamed": {func(path string) error { return os.Rename(path, path+".old") }, false, "could not be checked"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "smsbkup.log")
			if err := os.WriteFile(path, []byte(backupFailed), 0o600); err != nil {
				t.Fatal(err)
			}
			found := scanned(t, path, func() error { return test.meanwhile(path) })
			f := found.Files[0]
			if f.Grew != test.grew || (f.Problem == "") != (test.problem == "") || !strings.Contains(f.Problem, test.problem) {
				t.Errorf("%+v", f)
			}
			if len(found.Signatures) != 1 || found.Signatures[0].ID != "bak-failed" {
				t.Errorf("what was open was not read: %+v", found.Signatures)
			}
		})
	}
}

// A log that is open for nobody else, and one that is gone, are told with file and number.
func TestLogFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "smsbkup.log")
	if err := os.WriteFile(path, []byte(backupFailed), 0o600); err != nil {
		t.Fatal(err)
	}
	wide, err := syswindows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	handle, err := syswindows.CreateFile(wide, syswindows.GENERIC_WRITE, 0, nil, syswindows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syswindows.CloseHandle(handle) }()
	for _, one := range []string{path, path + ".gone", `\\.\pipe\x`, "smsbkup.log"} {
		f := scanned(t, one, func() error { return nil }).Files[0]
		if !strings.Contains(strings.ReplaceAll(f.Problem, `\\`, `\`), one) {
			t.Errorf("%s: %q", one, f.Problem)
		}
	}
}
