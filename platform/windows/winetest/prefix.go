//go:build linux

package winetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Prefix is a Windows of one test's own. Its methods end the test when
// something goes wrong, so call them from the test's goroutine.
type Prefix struct {
	tb      testing.TB
	dir     string
	drives  map[byte]drive // by lower-case letter
	seeds   []seed
	running []string // services to be found running
	denied  []string // registry keys that nobody may open
	// replaced names the DLLs that ReplaceDLL put in the place of Wine's.
	replaced []string
	// versioned names the files that WriteVersionedFile wrote: Wine takes the version of one of
	// its own for a file of the same name, wherever that lies.
	versioned []string
	hosts     map[string]string // addresses by name; nil: those of the Linux machine
	session   session
}

// drive is a drive that was added. Its size is 0 if it is a plain folder.
type drive struct{ size, free int64 }

// New returns a fresh prefix with the drive C: alone. When the test ends, its
// programs are ended and its files removed; when the test's process is killed,
// its programs are ended all the same.
//
// Most files in C:\windows are links to the installed Wine's: a program that
// writes to one of them as root changes the machine's Wine.
func New(tb testing.TB) *Prefix {
	tb.Helper()
	p := &Prefix{tb: tb, dir: filepath.Join(tb.TempDir(), "wine"), drives: map[byte]drive{'c': {}}}
	if err := Create(tb.Context(), p.dir); err != nil {
		tb.Fatal(err)
	}
	// Drive Z: is the Linux root, which would show the machine's own disk.
	if err := os.Remove(p.dosDevice('z')); err != nil {
		tb.Fatalf("remove drive Z: from the prefix: %v", err)
	}
	p.session.thread = newThread()
	tb.Cleanup(func() {
		if err := p.session.stop(); err != nil {
			tb.Errorf("end the programs of the Wine prefix: %v", err)
		}
		p.session.thread.close()
	})
	return p
}

// AddDrive adds a drive. With a size of 0 it is a plain folder on the machine's
// own disk. With a size it has exactly that many bytes, of which `free` are
// free when the first program starts, whatever files the test has put there by
// then; both are multiples of 4096. What is neither free nor file costs memory
// during the test. A drive with a size needs root. The letter C gives drive C:
// a size. Call it before the first Run.
func (p *Prefix) AddDrive(letter byte, size, free int64) {
	p.tb.Helper()
	const page = 4096
	letter = lower(letter)
	_, exists := p.drives[letter]
	switch {
	case p.session.started:
		p.tb.Fatalf("add drive %c: before the first Run", letter)
	case !isLetter(letter):
		p.tb.Fatalf("add drive %q: it is not a letter", letter)
	case exists && (letter != 'c' || p.drives['c'].size != 0):
		p.tb.Fatalf("add drive %c: it is there already", letter)
	case size < 0 || free < 0 || free > size || size%page != 0 || free%page != 0:
		p.tb.Fatalf("add drive %c: size %d and free %d must be multiples of %d, and free at most the size", letter, size, free, page)
	}
	folder := p.driveFolder(letter)
	if !exists {
		if err := os.Mkdir(folder, 0o755); err != nil {
			p.tb.Fatalf("add drive %c: %v", letter, err)
		}
		if err := os.Symlink("../"+filepath.Base(folder), p.dosDevice(letter)); err != nil {
			p.tb.Fatalf("add drive %c: %v", letter, err)
		}
	}
	if size > 0 {
		if err := p.session.thread.mount(folder, size); err != nil {
			p.tb.Fatalf("add drive %c: %v", letter, err)
		}
	}
	p.drives[letter] = drive{size: size, free: free}
}

// DenyKey makes every open of a registry key fail with error 5, access denied.
// The key must exist by the first Run; keys below it stay readable.
func (p *Prefix) DenyKey(key string) {
	p.tb.Helper()
	if _, _, err := hiveOf(key); err != nil {
		p.tb.Fatal(err)
	}
	p.denied = append(p.denied, key)
	if !p.session.started {
		return // the first Run does it
	}
	if err := p.guest(p.tb.Context(), "deny", key); err != nil {
		p.tb.Fatalf("deny the registry key %s: %v", key, err)
	}
}

func (p *Prefix) dosDevice(letter byte) string {
	return filepath.Join(p.dir, "dosdevices", string(letter)+":")
}

func (p *Prefix) driveFolder(letter byte) string {
	return filepath.Join(p.dir, "drive_"+string(letter))
}

// drivePath is the path by which the whole process reaches a drive's files.
func (p *Prefix) drivePath(letter byte) string {
	p.tb.Helper()
	d, ok := p.drives[letter]
	switch {
	case !ok:
		p.tb.Fatalf("the prefix has no drive %c:", letter)
	case d.size > 0:
		return p.session.thread.root() + p.driveFolder(letter)
	}
	return p.driveFolder(letter)
}
