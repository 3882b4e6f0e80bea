package windows_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	syswindows "golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows"
)

const prereqRun = "******* Start Prerequisite checking. *******  $$<Configuration Manager Prereq><11-16-2026 21:40:00.105-60><thread=1 (0x1)>\r\n" +
	"CM01;    Pending system restart;    Error;    Größe\r\n" +
	"******* Prerequisite checking is completed. *******  $$<Configuration Manager Prereq><11-16-2026 21:44:12.771-60><thread=1 (0x1)>\r\n"

// readLog asks for the digest of a file.
func readLog(t *testing.T, path string) (platform.PrereqLog, error) {
	t.Helper()
	var digest platform.PrereqLog
	raw, err := windows.New().Read(t.Context(), platform.ReadPrereqLog(path).Question)
	if err != nil {
		return digest, err
	}
	if err := json.Unmarshal(raw, &digest); err != nil {
		t.Fatal(err)
	}
	return digest, nil
}

// The last run of a log is told in each of its encodings; in a code page by the machine's own.
func TestReadLog(t *testing.T) {
	wide := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(prereqRun)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	for _, test := range []struct {
		name     string
		data     []byte
		encoding string
	}{
		{"utf-8", []byte(prereqRun), platform.EncodingBytes},
		{"utf-16", wide, platform.EncodingUTF16LE},
		{"code page", []byte(strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(prereqRun)), platform.EncodingBytes},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ConfigMgrPrereq.log")
			if err := os.WriteFile(path, test.data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readLog(t, path)
			if err != nil {
				t.Fatal(err)
			}
			if got.Size != int64(len(test.data)) || got.Encoding != test.encoding || got.Run == nil || got.Run.Errors != 1 {
				t.Fatalf("%+v", got)
			}
			if message := got.Run.Results[0].Message; message != "Größe" && (test.name != "code page" || syswindows.GetACP() == 1252) {
				t.Errorf("the message is %q", message)
			}
		})
	}
}

// A log that another program has open for writing is read, and what is appended is read when it
// is asked again; one that is open for nobody else is refused, with call, file and number.
func TestReadOpenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ConfigMgrPrereq.log")
	wide, err := syswindows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		share uint32
		fails bool
	}{
		{"shared for reading", syswindows.FILE_SHARE_READ, false},
		{"shared with nobody", 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			handle, err := syswindows.CreateFile(wide, syswindows.GENERIC_WRITE, test.share, nil, syswindows.CREATE_ALWAYS, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			writer := os.NewFile(uintptr(handle), path)
			defer writer.Close()
			if _, err := writer.WriteString(prereqRun); err != nil {
				t.Fatal(err)
			}
			got, err := readLog(t, path)
			if test.fails {
				if !errors.Is(err, platform.ErrDenied) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "(32)") {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || got.Run == nil || got.Begun {
				t.Fatalf("%+v, %v", got, err)
			}
			begin, _, _ := strings.Cut(prereqRun, "\n")
			if _, err := writer.WriteString(begin + "\n"); err != nil {
				t.Fatal(err)
			}
			if got, err = readLog(t, path); err != nil || got.Run == nil || !got.Begun {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// What is no log is refused, and so are another digest and a time that is over.
func TestReadLogRefuses(t *testing.T) {
	folder := t.TempDir()
	for path, reason := range map[string]error{
		folder: platform.ErrMalformed, "ConfigMgrPrereq.log": platform.ErrMalformed, `\\.\C:`: platform.ErrMalformed,
		filepath.Join(folder, "nobody"): platform.ErrAbsent,
	} {
		if _, err := readLog(t, path); !errors.Is(err, reason) {
			t.Errorf("%s: %v", path, err)
		}
	}
	q := platform.ReadPrereqLog(filepath.Join(folder, "somebody")).Question
	q.What = "weather"
	if err := os.WriteFile(q.Where, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := windows.New().Read(t.Context(), q); !errors.Is(err, platform.ErrUnsupported) {
		t.Errorf("%v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := windows.New().Read(over, q); !errors.Is(err, platform.ErrTimeout) {
		t.Errorf("%v", err)
	}
}
