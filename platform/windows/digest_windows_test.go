package windows

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/iotest"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// A file is digested while a program writes to it, and not while one holds it for itself.
func TestDigestOfFile(t *testing.T) {
	path := textFile(t, "abc")
	want := platform.Digest{Size: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	if got := ask(t, platform.ReadDigest(path)); got != want {
		t.Errorf("%+v, wanted %+v", got, want)
	}
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	const alone = 0 // shared with nobody
	for share, refused := range map[uint32]bool{windows.FILE_SHARE_READ: false, alone: true} {
		handle, err := windows.CreateFile(wide, windows.GENERIC_WRITE, share, nil, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if refused {
			refuse(t, platform.ReadDigest(path), platform.ErrDenied, path, numbered(windows.ERROR_SHARING_VIOLATION))
		} else if got := ask(t, platform.ReadDigest(path)); got != want {
			t.Errorf("while it is written: %+v, wanted %+v", got, want)
		}
		if err := windows.CloseHandle(handle); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRuntimeSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.exe.config")
	text := `<configuration><startup><supportedRuntime version="v4.0"/></startup><runtime><generatePublisherEvidence enabled="false"/></runtime></configuration>`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := platform.RuntimeSettings{Size: int64(len(text)), Runtimes: []string{"v4.0"}, PublisherEvidence: "false"}
	if got := ask(t, platform.ReadRuntimeSettings(path)); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, wanted %+v", got, want)
	}
	if err := os.WriteFile(path, []byte("[x]"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, platform.ReadRuntimeSettings(path), platform.ErrMalformed, path)
	refuse(t, platform.ReadRuntimeSettings(path+"x"), platform.ErrAbsent)
}

func TestDigestOfNoFile(t *testing.T) {
	folder := t.TempDir()
	refuse(t, platform.ReadDigest(folder), platform.ErrMalformed, folder, "is a folder")
	refuse(t, platform.ReadDigest(filepath.Join(folder, "nobody")), platform.ErrAbsent)
	refuse(t, platform.ReadDigest("kernel32.dll"), platform.ErrMalformed, "no full path")
}

// zeros is as many zeros as are asked for.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestDigested(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		ctx     context.Context
		content io.Reader
		want    platform.Digest
		err     error
	}{
		"empty":       {t.Context(), bytes.NewReader(nil), platform.Digest{SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, nil},
		"three bytes": {t.Context(), iotest.OneByteReader(bytes.NewReader([]byte("abc"))), platform.Digest{Size: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, nil},
		"the most":    {t.Context(), io.LimitReader(zeros{}, platform.MaxDigested), platform.Digest{Size: platform.MaxDigested, SHA256: "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351"}, nil},
		"too much":    {t.Context(), io.LimitReader(zeros{}, platform.MaxDigested+1), platform.Digest{}, platform.ErrTooLarge},
		"out of time": {ended, zeros{}, platform.Digest{}, platform.ErrTimeout},
		"unreadable":  {t.Context(), iotest.ErrReader(broken), platform.Digest{}, broken},
	} {
		got, err := digested(test.ctx, test.content, `C:\x`)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
