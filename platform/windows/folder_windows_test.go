package windows

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// chunks is a folder that is listed chunk by chunk, and then ends as it says.
type chunks struct {
	left []fs.DirEntry
	end  error
	next func() // called before each chunk
}

func (c *chunks) Name() string { return `C:\x` }

func (c *chunks) ReadDir(n int) ([]fs.DirEntry, error) {
	if c.next != nil {
		c.next()
	}
	if len(c.left) == 0 {
		return nil, c.end
	}
	n = min(n, len(c.left))
	chunk := c.left[:n]
	c.left = c.left[n:]
	return chunk, nil
}

// entries are n files of 3 bytes, each written a second after the one before.
func entries(t *testing.T, n int) []fs.DirEntry {
	t.Helper()
	list, err := fs.ReadDir(fstest.MapFS{"a.nil": {Data: []byte("abc"), ModTime: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	var all []fs.DirEntry
	for range n {
		all = append(all, list[0])
	}
	return all
}

func pattern(t *testing.T) platform.NamePattern {
	t.Helper()
	p, err := platform.ParseNamePattern("*.nil")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFolderAtItsLimit(t *testing.T) {
	for n, more := range map[int]bool{platform.MaxFolderEntries: false, platform.MaxFolderEntries + 1: true, folderChunk: false, 0: false} {
		sum, err := addUp(t.Context(), &chunks{left: entries(t, n), end: io.EOF}, pattern(t))
		if files := int64(min(n, platform.MaxFolderEntries)); err != nil || sum.Files != files || sum.Bytes != 3*files || sum.More != more {
			t.Errorf("%d files: %+v, %v", n, sum, err)
		}
	}
}

// What ends before its end is no answer.
func TestFolderThatBreaksOff(t *testing.T) {
	broken := &fs.PathError{Op: "readdir", Path: `C:\x`, Err: windows.ERROR_ACCESS_DENIED}
	if sum, err := addUp(t.Context(), &chunks{left: entries(t, 5), end: broken}, pattern(t)); !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		t.Errorf("%+v, %v", sum, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	sum, err := addUp(ctx, &chunks{left: entries(t, 3*folderChunk), end: io.EOF, next: cancel}, pattern(t))
	if !errors.Is(err, platform.ErrTimeout) || sum != (platform.Folder{}) {
		t.Errorf("%+v, %v", sum, err)
	}
}
