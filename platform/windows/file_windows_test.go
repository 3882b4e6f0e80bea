package windows

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// textFile makes a file of plain text in a folder of this test.
func textFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Größe ✓.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// library is a file with a version resource that every Windows has.
func library(t *testing.T) string {
	t.Helper()
	folder, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "kernel32.dll")
}

func TestFileWithoutVersion(t *testing.T) {
	modified := time.Date(2024, 2, 29, 23, 59, 58, 123456700, time.UTC)
	for name, content := range map[string]string{"text": "plain text", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			path := textFile(t, content)
			if err := os.Chtimes(path, modified, modified); err != nil {
				t.Fatal(err)
			}
			got := ask(t, platform.ReadFile(path))
			if got.Size != int64(len(content)) || !got.Modified.Equal(modified) || got.Modified.Location() != time.UTC || got.Version != nil {
				t.Errorf("the file is %+v", got)
			}
		})
	}
}

func TestFileWithVersion(t *testing.T) {
	path := library(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	got := ask(t, platform.ReadFile(path))
	if got.Size != info.Size() || got.Size == 0 || !got.Modified.Equal(info.ModTime()) {
		t.Errorf("the file is %+v", got)
	}
	if got.Version == nil || !regexp.MustCompile(`^[1-9]\d*\.\d+\.\d+\.\d+$`).MatchString(*got.Version) {
		t.Errorf("the version is %v", got.Version)
	}
}

func TestFileReadOnly(t *testing.T) {
	path := textFile(t, "x")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(path, 0o600) })
	if got := ask(t, platform.ReadFile(path)); got.Size != 1 {
		t.Errorf("the file is %+v", got)
	}
}

func TestFileAbsent(t *testing.T) {
	folder := t.TempDir()
	refuse(t, platform.ReadFile(filepath.Join(folder, "not-there.txt")), platform.ErrAbsent,
		filepath.Join(folder, "not-there.txt")+": ", numbered(windows.ERROR_FILE_NOT_FOUND))
	refuse(t, platform.ReadFile(filepath.Join(folder, "no", "folder.txt")), platform.ErrAbsent,
		numbered(windows.ERROR_PATH_NOT_FOUND))
	refuse(t, platform.ReadFile(freeLetter(t)+`:\file.txt`), platform.ErrAbsent)
}

// TestFileOnDeadShare asks for a file on a share of a server that cannot exist: the name is
// reserved for that.
func TestFileOnDeadShare(t *testing.T) {
	no := refuse(t, platform.ReadFile(`\\siteready.invalid\share\folder\file.txt`), platform.ErrUnreachable)
	if errors.Is(no, platform.ErrAbsent) {
		t.Errorf("%v", no)
	}
}

func TestFileThatIsNone(t *testing.T) {
	folder := t.TempDir()
	refuse(t, platform.ReadFile(folder), platform.ErrMalformed, folder, "is a folder")
	for _, path := range []string{"kernel32.dll", `folder\file.txt`, `\file.txt`, `C:file.txt`, `\\.\C:`, `\\.\PhysicalDrive0`} {
		refuse(t, platform.ReadFile(path), platform.ErrMalformed, "no full path")
	}
}

func TestFileInUse(t *testing.T) {
	path := textFile(t, "in use")
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	const alone = 0 // shared with nobody
	handle, err := windows.CreateFile(wide, windows.GENERIC_READ|windows.GENERIC_WRITE, alone, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(handle)
	no := refuse(t, platform.ReadFile(path), platform.ErrDenied, path+": ", numbered(windows.ERROR_SHARING_VIOLATION))
	if no.Help == "" {
		t.Error("no help")
	}
}
