//go:build linux

package winetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// failing is a test that notes its end instead of failing the real one.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatal(args ...any) { f.end(fmt.Sprint(args...)) }

func (f *failing) Fatalf(format string, args ...any) { f.end(fmt.Sprintf(format, args...)) }

func (f *failing) end(said string) {
	f.said = said
	runtime.Goexit()
}

// saidBy returns what a test says when f ends it.
func saidBy(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	noted := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(noted)
	}()
	<-done
	return noted.said
}

func TestMistakesEndTheTest(t *testing.T) {
	t.Parallel()
	down, up := New(t), New(t)
	up.Run(t.Context(), "reg", RunOptions{}, "query", "HKLM")
	for _, c := range []struct {
		name string
		p    *Prefix
		do   func(p *Prefix)
		says string
	}{
		{"root of a key", down, func(p *Prefix) { p.SetRegistry(`HKCR\x`, "a", 1) }, `HKCR\x does not begin with HKLM\ or HKCU\`},
		{"root alone", down, func(p *Prefix) { p.SetRegistry(`HKLM`, "a", 1) }, `HKLM does not begin with`},
		{"value's type", down, func(p *Prefix) { p.SetRegistry(`HKLM\x`, "a", 1.5) }, "a float64 has no registry type"},
		{"negative", down, func(p *Prefix) { p.SetRegistry(`HKLM\x`, "a", -1) }, "-1 does not fit a REG_DWORD"},
		{"too large", down, func(p *Prefix) { p.SetRegistry(`HKLM\x`, "a", 1<<32) }, "4294967296 does not fit"},
		{"seed too late", up, func(p *Prefix) { p.SetRegistry(`HKLM\x`, "a", 1) }, "before the first Run"},
		{"denied root", down, func(p *Prefix) { p.DenyKey(`x`) }, "does not begin with"},
		{"absent key", up, func(p *Prefix) { p.DenyKey(`HKLM\SOFTWARE\Absent`) }, `open the registry key HKLM\SOFTWARE\Absent`},
		{"product type", down, func(p *Prefix) { p.SetWindows(WindowsVersion{Build: 20348}) }, `ProductType ""`},
		{"build", down, func(p *Prefix) { p.SetWindows(WindowsVersion{Build: 7601, ProductType: "ServerNT"}) }, "build 7601 is neither"},
		{"service without a path", down, func(p *Prefix) { p.AddService(Service{Name: "x", Start: 2}) }, "it needs a name, an image path"},
		{"running though disabled", down, func(p *Prefix) {
			p.AddService(Service{Name: "x", ImagePath: `C:\x.exe`, Start: 4, Running: true})
		}, "a disabled one cannot run"},
		{"version of three", down, func(p *Prefix) { p.WriteVersionedFile(`C:\x.dll`, "1.2.3") }, `"1.2.3" does not have four numbers`},
		{"version too large", down, func(p *Prefix) { p.WriteVersionedFile(`C:\x.dll`, "1.2.3.65536") }, "out of range"},
		{"path without a drive", down, func(p *Prefix) { p.WriteFile(`\x`, nil) }, "does not begin with a drive letter"},
		{"path on no drive", down, func(p *Prefix) { p.Path(`Q:\x`) }, "no drive q:"},
		{"drive twice", down, func(p *Prefix) {
			p.AddDrive('D', 0, 0)
			p.AddDrive('d', 0, 0)
		}, "there already"},
		{"drive's letter", down, func(p *Prefix) { p.AddDrive('1', 0, 0) }, "not a letter"},
		{"drive's size", down, func(p *Prefix) { p.AddDrive('E', 4095, 0) }, "multiples of 4096"},
		{"more free than there is", down, func(p *Prefix) { p.AddDrive('E', 4096, 8192) }, "free at most the size"},
		{"drive too late", up, func(p *Prefix) { p.AddDrive('E', 0, 0) }, "before the first Run"},
		{"replaced DLL", down, func(p *Prefix) { p.ReplaceDLL("absent", "") }, "absent.dll: no such file"},
		{"replaced export", down, func(p *Prefix) { p.ReplaceDLL("wevtapi", "", "EvtAbsent") }, "there is no export EvtAbsent in it"},
		{"replaced DLL's source", down, func(p *Prefix) { p.ReplaceDLL("wevtapi", "no C") }, "wevtapi.c:1:1: error"},
		{"denied too late", up, func(p *Prefix) { p.Deny(`C:\windows`) }, "before the first Run"},
		{"certificate", up, func(p *Prefix) { p.AddCertificate("MY", []byte("x"), "") }, "read the certificate"},
		{"program", up, func(p *Prefix) { p.Run(t.Context(), "./absent.exe", RunOptions{}) }, "absent.exe: no such file"},
	} {
		said := saidBy(t, func(tb testing.TB) {
			defer func(real testing.TB) { c.p.tb = real }(c.p.tb)
			c.p.tb = tb
			c.do(c.p)
		})
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: it says %q, which lacks %q", c.name, said, c.says)
		}
	}
}

func TestWithoutTheRightToMount(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(p *Prefix){
		"drive":     func(p *Prefix) { p.AddDrive('E', 1<<20, 1<<20) },
		"host name": func(p *Prefix) { p.Run(t.Context(), "reg", RunOptions{HostName: "cm01"}) },
	} {
		said := saidBy(t, func(tb testing.TB) {
			p := New(tb)
			// Capabilities are each thread's own: the rest of the process keeps them.
			err := p.session.thread.do(func() error {
				none := [2]unix.CapUserData{}
				return unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
			})
			if err != nil {
				tb.Fatal(err)
			}
			do(p)
		})
		if !strings.Contains(said, "this test needs root (CAP_SYS_ADMIN)") {
			t.Errorf("%s: it says %q", name, said)
		}
	}
}

func TestDriveTooFullOfFiles(t *testing.T) {
	t.Parallel()
	said := saidBy(t, func(tb testing.TB) {
		p := New(tb)
		p.AddDrive('E', 1<<20, 1<<20)
		p.WriteFile(`E:\x`, make([]byte, 4096))
		p.Run(tb.Context(), "reg", RunOptions{})
	})
	if !strings.Contains(said, "drive e: leave 1048576 bytes free: the files on it leave 4096 bytes less") {
		t.Errorf("it says %q", said)
	}
}

func TestWithoutWine(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	said := saidBy(t, func(tb testing.TB) { New(tb) })
	if !strings.Contains(said, "install the Debian packages wine and wine64") {
		t.Errorf("without Wine it says %q", said)
	}
}

func TestProgramThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	exe := probeProgram(t)
	input, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	defer feed.Close()
	// More than a pipe holds: the write ends when the program has read most of
	// it. Then it waits for an end of its input that does not come.
	ctx, cancel := context.WithCancel(t.Context())
	fed := make(chan error)
	go func() {
		_, err := feed.Write(make([]byte, 1<<20))
		cancel()
		fed <- err
	}()
	said := saidBy(t, func(tb testing.TB) {
		New(tb).Run(ctx, exe, RunOptions{Stdin: input}, "echo")
	})
	if err := <-fed; err != nil {
		t.Errorf("feed the program: %v", err)
	}
	if !strings.Contains(said, "it did not end in time: context canceled") {
		t.Errorf("it says %q", said)
	}
}

func TestAddSectionRefuses(t *testing.T) {
	t.Parallel()
	nothing := func(uint32) []byte { return []byte{1} }
	if _, err := addSection([]byte("no image"), ".x", 0, nothing); err == nil || !strings.Contains(err.Error(), "read the image") {
		t.Errorf("what is no image: %v", err)
	}
	image, err := emptyDLL(), error(nil)
	for range 100 {
		if image, err = addSection(bytes.Clone(image), ".x", 0, nothing); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("a hundred sections: %v", err)
	}
}
