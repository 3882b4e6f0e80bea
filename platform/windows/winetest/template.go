//go:build linux

package winetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// recipe is part of the template's name. Raise it with every change of how a
// template is made, or old templates go on being used.
const recipe = "1"

// Create makes a new Wine prefix in the folder dir, which must be absent or
// empty. No server runs in it. Drive Z: is the Linux root. The errors say what
// is lacking on the machine.
//
// The prefix is a copy of a template. The first call on a machine makes the
// template, which takes some 15 seconds.
func Create(ctx context.Context, dir string) error {
	version, err := wineVersion(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("wine-%.16x", sha256.Sum256([]byte(version+"\n"+recipe)))
	template, err := cached(ctx, name, buildTemplate)
	if err != nil {
		return fmt.Errorf("make the Wine template prefix: %w", err)
	}
	if err := copyPrefix(template, dir); err != nil {
		return fmt.Errorf("copy the Wine template prefix: %w", err)
	}
	return nil
}

// copyPrefix copies a prefix to a folder that is absent or empty. A prefix has
// hundreds of links; giving one of them a second name takes a fiftieth of the
// time that a new link takes.
func copyPrefix(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case d.IsDir():
			return os.MkdirAll(name, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			if os.Link(path, name) == nil {
				return nil
			}
			// The other folder is on another file system.
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, name)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(name, content, 0o644)
	})
}

// wineVersion returns what `wine --version` says, Debian's revision included.
func wineVersion(ctx context.Context) (string, error) {
	for _, tool := range []string{"wine", "wineserver"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", fmt.Errorf("the tests need Wine: install the Debian packages wine and wine64: %w", err)
		}
	}
	out, err := exec.CommandContext(ctx, "wine", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask Wine for its version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// environment returns all variables of a Wine command. Nothing else of the
// tester's environment reaches the programs. HOME is the prefix, so that nothing
// is written outside of it, and TMPDIR, where the server keeps its socket, is the
// folder in which the prefix lies. DISPLAY is absent: no windows.
func environment(prefix string) []string {
	env := []string{
		"WINEPREFIX=" + prefix,
		"WINEARCH=win64",
		"WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=",
		"HOME=" + prefix,
		"TMPDIR=" + filepath.Dir(prefix),
		"LC_ALL=C.UTF-8",
		"TZ=UTC",
	}
	for _, name := range []string{"PATH", "USER", "LOGNAME"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// buildTemplate makes a template prefix: complete, but with links instead of
// copies of Wine's own files, a few MB instead of 700.
func buildTemplate(ctx context.Context, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := wineBoot(ctx, dir); err != nil {
		return err
	}
	// Go programs need ProcessPrng at start. Wine 8 lacks its DLL, but has the
	// same function under its old name.
	forwarder, err := forwarderDLL("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036")
	if err != nil {
		return err
	}
	system32 := filepath.Join(dir, "drive_c", "windows", "system32")
	if _, err := os.Stat(filepath.Join(system32, "bcryptprimitives.dll")); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(filepath.Join(system32, "bcryptprimitives.dll"), forwarder, 0o644); err != nil {
			return err
		}
	}
	// Debian's Wine keeps the socket folder's name in the file wineserver, which
	// is of no use in a copy. A serial port is of no use in a test.
	for _, name := range []string{"wineserver", "dosdevices/com1"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := realFolders(filepath.Join(dir, "drive_c", "users")); err != nil {
		return err
	}
	return linkPackageFiles(filepath.Join(dir, "drive_c"))
}

// wineBoot fills a new prefix and waits for its server's end.
func wineBoot(ctx context.Context, dir string) error {
	for _, args := range [][]string{{"wine", "wineboot", "--init"}, {"wineserver", "--wait"}} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = environment(dir)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(args, " "), err)
		}
	}
	return nil
}

// realFolders replaces links below root by empty folders. Wine links the user's
// Desktop, Documents and so on to those of the Linux user.
func realFolders(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Mkdir(path, 0o755)
	})
}

// linkPackageFiles replaces each file below root that is a copy of one of
// Wine's installed files by a link to that file.
func linkPackageFiles(root string) error {
	installed, err := packageFiles()
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() == 0 {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, candidate := range installed[info.Size()] {
			original, err := os.ReadFile(candidate)
			if err != nil {
				return err
			}
			if !bytes.Equal(content, original) {
				continue
			}
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Symlink(candidate, path)
		}
		return nil
	})
}

// packageFiles returns the files that Wine's packages installed, by size.
func packageFiles() (map[int64][]string, error) {
	files := map[int64][]string{}
	for _, pattern := range []string{"/usr/lib/*/wine", "/usr/lib/wine", "/usr/lib64/wine", "/usr/share/wine", "/opt/wine-*"} {
		roots, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, root := range roots {
			err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				info, err := d.Info()
				if err != nil {
					return err
				}
				files[info.Size()] = append(files[info.Size()], path)
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if len(files) == 0 {
		return nil, errors.New("found no files of Wine's packages below /usr/lib, /usr/lib64, /usr/share or /opt")
	}
	return files, nil
}
