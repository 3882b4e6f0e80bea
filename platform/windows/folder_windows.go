package windows

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// folderChunk is how many entries of a folder are asked for at once. Between two chunks the
// end of the time is noticed.
const folderChunk = 1024

// readFolder adds up the files of a folder whose names fit a pattern. Names, sizes and times
// come from the folder's own list: no file is opened.
func readFolder(ctx context.Context, path, pattern string) (any, error) {
	names, err := platform.ParseNamePattern(pattern)
	if err != nil {
		return nil, err
	}
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, statFailed(path, err)
	}
	if !info.IsDir() {
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a file, not a folder", path)
	}
	const right = "list this folder"
	handle, err := open(path, windows.FILE_LIST_DIRECTORY)
	if err != nil {
		return nil, call{api: "CreateFile", target: path, right: right}.refused(err)
	}
	folder := os.NewFile(uintptr(handle), path)
	sum, err := addUp(ctx, folder, names)
	err = errors.Join(err, folder.Close())
	var no *platform.NoAnswer
	switch {
	case errors.As(err, &no):
		return nil, no
	case err != nil:
		return nil, call{api: "GetFileInformationByHandleEx", target: path, right: right}.refused(err)
	}
	return sum, nil
}

// lister is a folder that is open.
type lister interface {
	ReadDir(n int) ([]fs.DirEntry, error)
	Name() string
}

// addUp lists a folder chunk by chunk, until its end or the limit.
func addUp(ctx context.Context, folder lister, names platform.NamePattern) (platform.Folder, error) {
	var sum platform.Folder
	for seen := 0; ; {
		entries, err := folder.ReadDir(folderChunk)
		if err != nil && !errors.Is(err, io.EOF) {
			return platform.Folder{}, err
		}
		for _, entry := range entries {
			if seen++; seen > platform.MaxFolderEntries {
				sum.More = true
				return sum, nil
			}
			if entry.IsDir() || !names.Fits(entry.Name()) {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				return platform.Folder{}, err
			}
			count(&sum, info.Size(), info.ModTime().UTC())
		}
		if err != nil || len(entries) == 0 {
			return sum, nil
		}
		if ctx.Err() != nil {
			return platform.Folder{}, platform.Refuse(platform.ErrTimeout, "%s was listed up to entry %d before the time was up", folder.Name(), seen)
		}
	}
}

func count(sum *platform.Folder, size int64, written time.Time) {
	sum.Files++
	sum.Bytes += size
	if sum.Oldest == nil || written.Before(*sum.Oldest) {
		sum.Oldest = &written
	}
	if sum.Newest == nil || written.After(*sum.Newest) {
		sum.Newest = &written
	}
}
