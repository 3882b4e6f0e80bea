//go:build linux

package winetest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// AddShare lets the path \\HOST\SHARE lead to a folder, which is made if it is lacking.
func (p *Prefix) AddShare(host, share, folder string) {
	p.tb.Helper()
	target := p.Path(folder)
	if err := os.MkdirAll(target, 0o755); err != nil {
		p.tb.Fatalf("add the share %s: %v", share, err)
	}
	// Wine looks below this folder for whatever begins with two backslashes.
	server := filepath.Join(p.dir, "dosdevices", "unc", strings.ToLower(host))
	if err := os.MkdirAll(server, 0o755); err != nil {
		p.tb.Fatalf("add the share %s: %v", share, err)
	}
	if err := os.Symlink(target, filepath.Join(server, share)); err != nil {
		p.tb.Fatalf("add the share %s: %v", share, err)
	}
}

// Deny makes every open of a file or folder for reading fail with error 5, access denied.
// Call it before the first Run: then root's right to pass by permissions is given up.
func (p *Prefix) Deny(path string) {
	p.tb.Helper()
	if p.session.started {
		p.tb.Fatalf("deny %s: before the first Run", path)
	}
	err := p.session.thread.do(func() error {
		// Programs that root starts have what is left of the bounding set.
		return errors.Join(
			unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_DAC_OVERRIDE, 0, 0, 0),
			unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_DAC_READ_SEARCH, 0, 0, 0),
		)
	})
	if err != nil && os.Geteuid() == 0 {
		p.tb.Fatalf("deny %s: give up root's right to pass by permissions: %v", path, err)
	}
	name := p.Path(path)
	if err := os.Chmod(name, 0); err != nil {
		p.tb.Fatalf("deny %s: %v", path, err)
	}
	// The test itself must be able to remove what it made.
	p.tb.Cleanup(func() { _ = os.Chmod(name, 0o755) })
}
