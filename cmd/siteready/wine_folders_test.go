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

// addAccess gives the site's folders their access lists, through a stand-in for the call that reads
// them: Wine makes such a list up of what Linux lets the owner, the group and all others do. A site in
// a domain has that stand-in for its accounts already.
func (s *siteServer) addAccess(t *testing.T, site *platformtest.Site) {
	t.Helper()
	if len(site.Access) > 0 && site.Domain == nil {
		source, err := os.ReadFile("../../platform/windows/testdata/shims/advapi32.c")
		if err != nil {
			t.Fatal(err)
		}
		s.ReplaceDLL("advapi32", string(source), "GetNamedSecurityInfoW")
	}
	types := map[string]string{platform.AccessAllow: "A", platform.AccessDeny: "D"}
	for path, list := range site.Access {
		if list.Open || list.More {
			t.Fatalf("the access list of %s cannot be made", path)
		}
		text := "0 O:" + list.Owner + "D:P"
		for _, entry := range list.Entries {
			if types[entry.Type] == "" {
				t.Fatalf("an entry of the type %s cannot be made", entry.Type)
			}
			text += fmt.Sprintf("(%s;%s;0x%x;;;%s)", types[entry.Type], aceFlags(entry.Flags), entry.Mask, entry.SID)
		}
		s.WriteFile(`C:\fake\access\`+strings.NewReplacer(":", "_", `\`, "_").Replace(path)+".txt", []byte(text))
	}
}

// aceFlags are the flags of an entry in SDDL.
func aceFlags(flags uint8) string {
	var text string
	for i, word := range []string{"OI", "CI", "NP", "IO", "ID"} {
		if flags>>i&1 != 0 {
			text += word
		}
	}
	return text
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
