package windows

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/logscan"
)

// readFailures looks for known failures in a log and its older generations. The files are shared
// with whoever writes, renames or removes them.
func (r *Reader) readFailures(ctx context.Context, path string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	paths, err := filesBeside(ctx, path)
	if err != nil {
		return nil, err
	}
	log, err := logscan.LogOf(path, paths, sharedFile)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%v", err)
	}
	if len(log.Files) == 0 {
		return nil, platform.Refuse(platform.ErrAbsent, "%s is not there, and no older generation of it", path)
	}
	return r.failures.Failures(ctx, log, time.Local, time.Now())
}

// filesBeside are the paths of the files in the folder of a file. The folder may have any number.
func filesBeside(ctx context.Context, path string) ([]string, error) {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	if err != nil {
		return nil, statFailed(folder, err)
	}
	if !info.IsDir() {
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a file, not a folder", folder)
	}
	list := call{api: "GetFileInformationByHandleEx", target: folder, right: "list this folder"}
	handle, err := open(folder, windows.FILE_LIST_DIRECTORY)
	if err != nil {
		list.api = "CreateFile"
		return nil, list.refused(err)
	}
	opened := os.NewFile(uintptr(handle), folder)
	paths, err := namesIn(ctx, opened, folder)
	if err = errors.Join(err, opened.Close()); err != nil {
		var no *platform.NoAnswer
		if errors.As(err, &no) {
			return nil, no
		}
		return nil, list.refused(err)
	}
	return paths, nil
}

// namesIn lists the files of a folder that is open, chunk by chunk.
func namesIn(ctx context.Context, folder lister, path string) ([]string, error) {
	var paths []string
	for {
		entries, err := folder.ReadDir(folderChunk)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				paths = append(paths, filepath.Join(path, entry.Name()))
			}
		}
		switch {
		case err != nil || len(entries) == 0:
			return paths, nil
		case len(paths) > platform.MaxFolderEntries:
			return nil, platform.Refuse(platform.ErrTooLarge, "%s holds more than %d files", path, platform.MaxFolderEntries)
		case ctx.Err() != nil:
			return nil, platform.Refuse(platform.ErrTimeout, "%s was listed up to file %d before the time was up", path, len(paths))
		}
	}
}

// sharedFile is a file that whoever writes it may go on to write, rename and remove.
func sharedFile(path string) logscan.File {
	return logscan.File{Name: path, Open: func(context.Context) (logscan.Opened, error) {
		handle, err := open(path, windows.GENERIC_READ)
		if err != nil {
			return logscan.Opened{}, call{api: "CreateFile", target: path, right: "read this file"}.refused(err)
		}
		file := os.NewFile(uintptr(handle), path)
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = platform.Refuse(platform.ErrMalformed, "%s is a device, not a file", path)
		}
		if err != nil {
			return logscan.Opened{}, errors.Join(err, file.Close())
		}
		return logscan.Opened{
			Source: logscan.Source{Name: path, Data: file, Size: info.Size(), CodePage: windows.GetACP()},
			Close:  file.Close,
		}, nil
	}}
}
