package windows

import (
	"context"
	"errors"
	"os"

	"siteready/platform"
	"siteready/platform/logscan"
)

// LogFile is a file of this machine, or of a share that it reaches, as a log to be scanned. While
// it is read, whoever writes it may go on to write, rename and remove it, and that is told.
func LogFile(path string) logscan.File {
	shared := sharedFile(path)
	return logscan.File{Name: path, Open: func(ctx context.Context) (logscan.Opened, error) {
		if err := wantAbsolute(path); err != nil {
			return logscan.Opened{}, err
		}
		log, err := shared.Open(ctx)
		if err != nil {
			return logscan.Opened{}, err
		}
		file, isFile := log.Data.(opened)
		if !isFile {
			return logscan.Opened{}, errors.Join(platform.Refuse(platform.ErrUnsupported, "%s is no file", path), log.Close())
		}
		was, err := file.Stat()
		if err != nil {
			return logscan.Opened{}, errors.Join(err, log.Close())
		}
		log.After = func() (int64, bool, error) {
			is, err := os.Stat(path)
			if err != nil {
				return 0, false, statFailed(path, err)
			}
			return is.Size(), os.SameFile(was, is), nil
		}
		return log, nil
	}}
}
