//go:build linux

package winetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// SetHosts gives the machine names of hosts with one address each, in any number of further
// calls more. From then on there are no other names: nobody else is asked for them. It needs
// root. Call it before the first Run.
func (p *Prefix) SetHosts(addresses map[string]string) {
	p.tb.Helper()
	if p.session.started {
		p.tb.Fatal("set hosts: before the first Run")
	}
	first := p.hosts == nil
	if first {
		p.hosts = map[string]string{"localhost": "127.0.0.1"}
	}
	for name, address := range addresses {
		p.hosts[strings.ToLower(name)] = address
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.hosts)) {
		fmt.Fprintf(&lines, "%s %s\n", p.hosts[name], name)
	}
	for system, text := range map[string]string{"/etc/hosts": lines.String(), "/etc/nsswitch.conf": "hosts: files\n"} {
		own := filepath.Join(p.dir, filepath.Base(system))
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			p.tb.Fatalf("set hosts: %v", err)
		}
		if !first {
			continue // the file is mounted already, and keeps its inode
		}
		if err := p.session.thread.bind(own, system); err != nil {
			p.tb.Fatalf("set hosts: %v", err)
		}
	}
}

// bind shows a file in the place of another one, to the thread and its later programs.
func (t *thread) bind(file, place string) error {
	err := t.do(func() error {
		if err := t.ownMounts(); err != nil {
			return err
		}
		return unix.Mount(file, place, "", unix.MS_BIND, "")
	})
	if err != nil {
		return fmt.Errorf("show %s as %s: %w", file, place, needRoot(err))
	}
	return nil
}

// ownMounts gives the thread mounts of its own. It runs on the thread.
func (t *thread) ownMounts() error {
	if t.own&unix.CLONE_NEWNS != 0 {
		return nil
	}
	if err := t.unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	// Without this, mounts would show outside as well.
	return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}
