package windows

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/logscan"
)

// readLog makes a digest of a log that may be written to meanwhile. It reads up to the size that
// the log has when it is opened.
func readLog(ctx context.Context, path, digest string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, statFailed(path, err)
	}
	if info.IsDir() {
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a folder, not a file", path)
	}
	const right = "read this file"
	handle, err := open(path, windows.GENERIC_READ)
	if err != nil {
		return nil, call{api: "CreateFile", target: path, right: right}.refused(err)
	}
	log := os.NewFile(uintptr(handle), path)
	answer, err := scanned(ctx, log, path, digest)
	err = errors.Join(err, log.Close())
	var no *platform.NoAnswer
	switch {
	case errors.As(err, &no):
		return nil, no
	case err != nil:
		return nil, call{api: "ReadFile", target: path, right: right}.refused(err)
	}
	return answer, nil
}

// opened is a log that is open.
type opened interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

func scanned(ctx context.Context, log opened, path, digest string) (any, error) {
	info, err := log.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a device, not a file", path)
	}
	return logscan.Digest(ctx, logscan.Source{Name: path, Data: log, Size: info.Size(), CodePage: windows.GetACP()}, digest)
}
