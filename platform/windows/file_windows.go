package windows

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// fixedSignature opens every VS_FIXEDFILEINFO (verrsrc.h).
const fixedSignature = 0xFEEF04BD

// readFile reads a file's attributes and its version resource.
func readFile(path string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, statFailed(path, err)
	}
	switch {
	case info.IsDir():
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a folder, not a file", path)
	case info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0:
		return nil, platform.Refuse(platform.ErrMalformed, "%s is a device, not a file", path)
	}
	version, err := readFileVersion(path, info.Size())
	if err != nil {
		return nil, err
	}
	return platform.File{Size: info.Size(), Modified: info.ModTime().UTC(), Version: version}, nil
}

// wantAbsolute refuses a path that would be looked up somewhere below the current folder,
// and one that leads to a device.
func wantAbsolute(path string) error {
	if !filepath.IsAbs(path) || strings.HasPrefix(path, `\\.\`) {
		return platform.Refuse(platform.ErrMalformed, "%q is no full path of a file or folder", path)
	}
	return nil
}

// statFailed says why a file's attributes could not be read. That a file is missing is
// believed only when the root of its drive or share can be seen, or when there is no such drive.
func statFailed(path string, err error) error {
	failed := statCall(path, err)
	if isMissing(err) {
		root := filepath.VolumeName(path) + `\`
		if _, rootErr := os.Stat(root); rootErr != nil && missingDrive(path) == nil {
			return statCall(root, rootErr).refused(rootErr)
		}
		failed.absent = []windows.Errno{windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND}
	}
	return failed.refused(err)
}

// statCall is the call behind a failed os.Stat.
func statCall(path string, err error) call {
	api := "GetFileAttributesEx"
	var failed *fs.PathError
	if errors.As(err, &failed) {
		api = failed.Op
	}
	return call{api: api, target: path, right: "read the attributes of this file"}
}

// isMissing reports whether Windows found nothing there. It is narrower than fs.ErrNotExist,
// which is also what an unreachable server gives.
func isMissing(err error) bool {
	return errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_PATH_NOT_FOUND)
}

// hasLetter reports whether path begins with a drive letter, C:\.
func hasLetter(path string) bool {
	volume := filepath.VolumeName(path)
	return len(volume) == 2 && volume[1] == ':'
}

// readFileVersion reads the fixed version of a file's version resource, nil without a resource.
func readFileVersion(path string, size int64) (*string, error) {
	if size == 0 {
		return nil, nil // Windows cannot map an empty file, and it holds no resource
	}
	const right = "read this file"
	var zero windows.Handle
	length, err := windows.GetFileVersionInfoSize(path, &zero)
	if isWithoutResource(err) {
		// The number is believed of a file that can be read.
		return nil, wantReadable(path)
	}
	if err != nil {
		return nil, call{api: "GetFileVersionInfoSize", target: path, right: right}.refused(err)
	}
	resource := make([]byte, length)
	if err := windows.GetFileVersionInfo(path, 0, length, unsafe.Pointer(&resource[0])); err != nil {
		return nil, call{api: "GetFileVersionInfo", target: path, right: right}.refused(err)
	}
	query := call{api: "VerQueryValue", target: path, right: right}
	var fixed *windows.VS_FIXEDFILEINFO
	var got uint32
	if err := windows.VerQueryValue(unsafe.Pointer(&resource[0]), `\`, unsafe.Pointer(&fixed), &got); err != nil {
		return nil, query.refused(err)
	}
	if fixed == nil || uintptr(got) < unsafe.Sizeof(*fixed) || fixed.Signature != fixedSignature {
		return nil, query.malformed("the version resource has no fixed version")
	}
	version := fmt.Sprintf("%d.%d.%d.%d",
		fixed.FileVersionMS>>16, fixed.FileVersionMS&0xFFFF, fixed.FileVersionLS>>16, fixed.FileVersionLS&0xFFFF)
	return &version, nil
}

// isWithoutResource reports whether the number says that a file has no version resource.
func isWithoutResource(err error) bool {
	return errors.Is(err, windows.ERROR_RESOURCE_DATA_NOT_FOUND) ||
		errors.Is(err, windows.ERROR_RESOURCE_TYPE_NOT_FOUND) ||
		errors.Is(err, windows.ERROR_RESOURCE_NAME_NOT_FOUND) ||
		errors.Is(err, windows.ERROR_RESOURCE_LANG_NOT_FOUND)
}

// wantReadable opens a file for reading and closes it at once.
func wantReadable(path string) error {
	if err := canOpen(path, windows.GENERIC_READ); err != nil {
		return call{api: "CreateFile", target: path, right: "read this file"}.refused(err)
	}
	return nil
}

// canOpen opens what path leads to and closes it. Its errors are Windows' own.
func canOpen(path string, access uint32) error {
	handle, err := open(path, access)
	if err != nil {
		return err
	}
	return windows.CloseHandle(handle)
}

// open opens what path leads to, a folder too, and shares it with every other use, so that it
// disturbs nobody. The caller closes it.
func open(path string, access uint32) (windows.Handle, error) {
	wide, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(wide, access,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
}
