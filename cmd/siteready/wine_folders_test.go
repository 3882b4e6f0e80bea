//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// addFolders makes the site's folders, and in each as many files as fit each pattern, the oldest
// and the newest as old as when the site was read.
func (s *siteServer) addFolders(t *testing.T, site *platformtest.Site) {
	t.Helper()
	for path, folder := range site.Folders {
		if err := os.MkdirAll(s.Path(path), 0o755); err != nil {
			t.Fatal(err)
		}
		for pattern, files := range folder {
			s.addFiles(t, site.ReadAt, path, pattern, files)
		}
	}
}

func (s *siteServer) addFiles(t *testing.T, readAt time.Time, path, pattern string, files platform.Folder) {
	t.Helper()
	if files.More || files.Files > 1000 {
		t.Fatalf("%s cannot be made: it has too many files", path)
	}
	first, _, _ := strings.Cut(pattern, "|")
	for i := range files.Files {
		size, written := files.Bytes/files.Files, *files.Oldest
		if i == files.Files-1 {
			size, written = files.Bytes-i*size, *files.Newest
		}
		if i == 0 {
			written = *files.Oldest
		}
		name := path + `\` + strings.NewReplacer("*", fmt.Sprintf("file%d", i), "?", "x").Replace(first)
		s.WriteFile(name, bytes.Repeat([]byte("x"), int(size)))
		at := time.Now().Add(written.Sub(readAt))
		if err := os.Chtimes(s.Path(name), at, at); err != nil {
			t.Fatal(err)
		}
	}
}
