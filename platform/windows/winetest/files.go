//go:build linux

package winetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// WriteFile writes a file, and its folders if they are lacking. It replaces one
// of Wine's own files in this prefix only.
func (p *Prefix) WriteFile(path string, data []byte) {
	p.tb.Helper()
	name := p.Path(path)
	if err := writeFile(name, func() error { return os.WriteFile(name, data, 0o755) }); err != nil {
		p.tb.Fatalf("write %s: %v", path, err)
	}
}

// writeFile makes the folder of a file, removes the file and calls write. Many
// files are links to Wine's own, which must stay as they are.
func writeFile(name string, write func() error) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return write()
}

// WriteVersionedFile writes a small PE file whose version resource has the
// given file version, as "5.0.9128.1007", and the same product version. The
// resource has no texts, and nothing can run the file.
func (p *Prefix) WriteVersionedFile(path, version string) {
	p.tb.Helper()
	image, err := versioned(emptyDLL(), version)
	if err != nil {
		p.tb.Fatalf("write %s: %v", path, err)
	}
	p.WriteFile(path, image)
	name := path[strings.LastIndexByte(path, '\\')+1:]
	p.versioned = append(p.versioned, strings.TrimSuffix(strings.ToLower(name), ".dll"))
}

// versioned returns the image with the version in its resources.
func versioned(image []byte, version string) ([]byte, error) {
	parts := strings.Split(version, ".")
	var numbers fileVersion
	if len(parts) != len(numbers) {
		return nil, fmt.Errorf("the version %q does not have four numbers", version)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("the version %q: %w", version, err)
		}
		numbers[i] = uint16(n)
	}
	return addVersion(image, numbers)
}

// Path returns the Linux path of a Windows path with a drive letter, whether a
// file is there or not. Case does not matter, as on Windows. A file on a drive
// with a size is to be found under this path by the test's process only.
func (p *Prefix) Path(windowsPath string) string {
	p.tb.Helper()
	if len(windowsPath) < 2 || !isLetter(windowsPath[0]) || windowsPath[1] != ':' {
		p.tb.Fatalf(`the path %q does not begin with a drive letter, as C:\ does`, windowsPath)
	}
	path := p.drivePath(lower(windowsPath[0]))
	for _, name := range strings.FieldsFunc(windowsPath[2:], func(r rune) bool { return r == '\\' || r == '/' }) {
		path = filepath.Join(path, existingName(path, name))
	}
	return path
}

// existingName returns the spelling under which the folder holds a file of this
// name, or the name itself if there is none.
func existingName(folder, name string) string {
	if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
		return name
	}
	// An unreadable or absent folder holds no other spelling.
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		if strings.EqualFold(entry.Name(), name) {
			return entry.Name()
		}
	}
	return name
}

func isLetter(b byte) bool { return 'a' <= lower(b) && lower(b) <= 'z' }

func lower(b byte) byte { return b | 0x20 }
