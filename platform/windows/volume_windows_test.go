package windows

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// systemDrive is the drive that Windows lies on, C:\.
func systemDrive(t *testing.T) string {
	t.Helper()
	folder, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.VolumeName(folder) + `\`
}

// freeLetter returns a drive letter that is not given to anything.
func freeLetter(t *testing.T) string {
	t.Helper()
	drives, err := windows.GetLogicalDrives()
	if err != nil {
		t.Fatal(err)
	}
	for letter := byte('Q'); letter >= 'D'; letter-- {
		if drives&(1<<(letter-'A')) == 0 {
			return string(letter)
		}
	}
	t.Fatal("every drive letter is given to something")
	return ""
}

func TestVolume(t *testing.T) {
	drive := systemDrive(t)
	folder := t.TempDir()
	wide, err := windows.UTF16PtrFromString(drive)
	if err != nil {
		t.Fatal(err)
	}
	var total uint64
	if err := windows.GetDiskFreeSpaceEx(wide, nil, &total, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "file.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"root":             drive,
		"root without end": strings.ToLower(drive),
		"folder":           folder,
		"folder with end":  folder + `\`,
		"file":             file,
		"no file":          filepath.Join(folder, "not-there"),
		"no folders":       drive + `not\there\at\all`,
		"below a file":     file + `\not-there`,
		"dots":             folder + `\..\not-there\..`,
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, platform.ReadVolume(path))
			if got.Mount != drive || got.Total != total || got.FileSystem == "" {
				t.Errorf("the volume is %+v, want %s with %d bytes", got, drive, total)
			}
			if got.Free == 0 || got.Free > got.Total {
				t.Errorf("%d of %d bytes are free", got.Free, got.Total)
			}
		})
	}
}

func TestVolumeAbsent(t *testing.T) {
	letter := freeLetter(t)
	for _, path := range []string{letter + `:\`, letter + `:\SMSPKG\folder`, strings.ToLower(letter) + `:\x`} {
		refuse(t, platform.ReadVolume(path), platform.ErrAbsent, path[:2], numbered(windows.ERROR_PATH_NOT_FOUND))
	}
}

func TestMissingDrive(t *testing.T) {
	if numbers := missingDrive(freeLetter(t) + `:\folder`); len(numbers) == 0 {
		t.Error("a free letter's drive counts as there")
	}
	for _, path := range []string{systemDrive(t), strings.ToLower(systemDrive(t)) + "folder", `\\server\share\`, `\\?\Q:\`, `1:\`} {
		if numbers := missingDrive(path); len(numbers) != 0 {
			t.Errorf("%s counts as missing with %v", path, numbers)
		}
	}
}

func TestVolumeOnDeadShare(t *testing.T) {
	no := refuse(t, platform.ReadVolume(`\\siteready.invalid\share\folder`), platform.ErrUnreachable)
	if errors.Is(no, platform.ErrAbsent) {
		t.Errorf("%v", no)
	}
}

func TestVolumeOfNoPath(t *testing.T) {
	for _, path := range []string{"folder", `\folder`, "C:", `C:folder`, `\\.\C:`} {
		refuse(t, platform.ReadVolume(path), platform.ErrMalformed, "no full path")
	}
}

func TestNearest(t *testing.T) {
	const (
		fine    = windows.Errno(0)
		noFile  = windows.ERROR_FILE_NOT_FOUND
		noPath  = windows.ERROR_PATH_NOT_FOUND
		denied  = windows.ERROR_ACCESS_DENIED
		unready = windows.ERROR_NOT_READY
	)
	tests := map[string]struct {
		opens, names map[string]windows.Errno // of the folders on the way; what is not named is fine
		absent       []windows.Errno
		want         string
		reason       error
	}{
		"there":                        {want: `C:\a\b`},
		"the last is missing":          {opens: map[string]windows.Errno{`C:\a\b`: noFile}, names: map[string]windows.Errno{`C:\a\b`: noFile}, want: `C:\a`},
		"two are missing":              {opens: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noFile}, names: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noFile}, want: `C:\`},
		"a link that leads nowhere":    {opens: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noFile}, names: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: fine}, reason: platform.ErrUnreachable},
		"a folder that is closed":      {opens: map[string]windows.Errno{`C:\a\b`: denied}, reason: platform.ErrDenied},
		"closed, and not in the list":  {opens: map[string]windows.Errno{`C:\a\b`: denied}, names: map[string]windows.Errno{`C:\a\b`: noFile}, reason: platform.ErrDenied},
		"a name that nobody can see":   {opens: map[string]windows.Errno{`C:\a\b`: noFile}, names: map[string]windows.Errno{`C:\a\b`: denied}, reason: platform.ErrUnreachable},
		"a drive without medium":       {opens: map[string]windows.Errno{`C:\a\b`: unready}, reason: platform.ErrUnreachable},
		"a drive that answers nothing": {opens: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noPath, `C:\`: noPath}, names: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noPath, `C:\`: noPath}, reason: platform.ErrUnreachable},
		"a drive that is not there":    {opens: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noPath, `C:\`: noPath}, names: map[string]windows.Errno{`C:\a\b`: noPath, `C:\a`: noPath, `C:\`: noPath}, absent: []windows.Errno{noPath}, reason: platform.ErrAbsent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			look := func(in map[string]windows.Errno) func(string) error {
				return func(path string) error {
					if number := in[path]; number != fine {
						return number
					}
					return nil
				}
			}
			got, err := nearest(`C:\a\b\`, test.absent, look(test.opens), look(test.names))
			if test.reason == nil && (err != nil || got != test.want) {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
			if test.reason != nil && !errors.Is(err, test.reason) {
				t.Errorf("got %q, %v; want %v", got, err, test.reason)
			}
		})
	}
}

func TestWithoutPrefix(t *testing.T) {
	for path, want := range map[string]string{
		`\\?\D:\x`:               `D:\x`,
		`\\?\C:\`:                `C:\`,
		`\\?\UNC\server\share\x`: `\\server\share\x`,
		`\\?\Volume{12-34}\x`:    `\\?\Volume{12-34}\x`,
		`\\server\share`:         `\\server\share`,
		`C:\Mnt\Data`:            `C:\Mnt\Data`,
	} {
		if got := withoutPrefix(path); got != want {
			t.Errorf("%s became %s, want %s", path, got, want)
		}
	}
}
