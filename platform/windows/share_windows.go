package windows

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// readShare knocks at a shared folder, and waits no longer than the outcome "no answer" takes.
func readShare(ctx context.Context, path string) (any, error) {
	if err := wantShare(path); err != nil {
		return nil, err
	}
	return knock(ctx, path, platform.SharePatience, openFolder)
}

// wantShare refuses what is no path of the form \\server\share[\folder].
func wantShare(path string) error {
	rest, found := strings.CutPrefix(path, `\\`)
	parts := strings.Split(strings.TrimSuffix(rest, `\`), `\`)
	bad := !found || len(parts) < 2 || strings.ContainsAny(path, `/?*:"<>|`) || parts[0] == "."
	for _, part := range parts {
		bad = bad || part == "" || part == ".."
	}
	if bad {
		return platform.Refuse(platform.ErrMalformed, `%q is no path of a shared folder, \\server\share`, path)
	}
	return nil
}

// knock opens path in a goroutine, which stays behind when the call hangs: it cannot be cut, but
// it is counted.
func knock(ctx context.Context, path string, patience time.Duration, open func(string) error) (any, error) {
	type end struct {
		share platform.Share
		err   error
	}
	came, done := make(chan end, 1), make(chan struct{})
	platform.Behind(ctx, done)
	go func() {
		defer close(done)
		share, err := outcome(path, open)
		came <- end{share, err}
	}()
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case e := <-came:
		if e.err != nil {
			return nil, e.err
		}
		return e.share, nil
	case <-enough.C:
		return platform.Share{Outcome: platform.ShareNoAnswer}, nil
	case <-ctx.Done():
		return nil, platform.Refuse(platform.ErrTimeout, "CreateFile %s: no answer before the time was up", path)
	}
}

// outcome opens path, and when nothing is there the root of its share too.
func outcome(path string, open func(string) error) (platform.Share, error) {
	var none platform.Share
	err := open(path)
	if err == nil {
		return platform.Share{Outcome: platform.ShareReachable}, nil
	}
	var number windows.Errno
	if !errors.As(err, &number) {
		return none, err // what answered is no folder
	}
	share := platform.Share{Number: uint32(number)}
	if isMissing(number) {
		root := filepath.VolumeName(path) + `\`
		rootErr := open(root)
		if rootErr == nil && !strings.EqualFold(strings.TrimSuffix(path, `\`), filepath.VolumeName(path)) {
			share.Outcome = platform.ShareNoFolder
			return share, nil
		}
		if rootErr == nil || !errors.As(rootErr, &number) {
			return none, shareCall(path).refused(err)
		}
		path, err, share.Number = root, rootErr, uint32(number)
	}
	switch number {
	case windows.ERROR_BAD_NET_NAME:
		share.Outcome = platform.ShareNoShare
	case windows.ERROR_BAD_NETPATH, windows.ERROR_NO_NET_OR_BAD_PATH, windows.ERROR_NO_NETWORK,
		windows.ERROR_REM_NOT_LIST, windows.ERROR_HOST_UNREACHABLE, windows.ERROR_NETWORK_UNREACHABLE,
		windows.ERROR_PORT_UNREACHABLE, windows.ERROR_CONNECTION_REFUSED:
		share.Outcome = platform.ShareNoServer
	case windows.ERROR_SEM_TIMEOUT, windows.ERROR_TIMEOUT:
		share.Outcome = platform.ShareNoAnswer
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION:
		return none, shareCall(path).refused(err)
	default:
		if !errors.Is(reason(number), platform.ErrDenied) {
			return none, shareCall(path).refused(err)
		}
		share.Outcome = platform.ShareDenied
	}
	return share, nil
}

func shareCall(path string) call {
	return call{api: "CreateFile", target: path, right: "list this folder"}
}

// openFolder opens a folder for listing and closes it. Its errors are Windows' own, but for
// what is no folder.
func openFolder(path string) error {
	handle, err := open(path, windows.FILE_LIST_DIRECTORY)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(handle)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &info); err != nil {
		return call{api: "GetFileInformationByHandle", target: path, right: "list this folder"}.refused(err)
	}
	if info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 {
		return platform.Refuse(platform.ErrMalformed, "%s is a file, not a folder", path)
	}
	return nil
}
