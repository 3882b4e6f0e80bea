package windows

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

// openedDosPath asks GetFinalPathNameByHandle for a path with a drive letter or a mount
// folder, spelled as it was opened (FILE_NAME_OPENED, VOLUME_NAME_DOS in winbase.h).
// The other spelling asks a server for rights on every folder above.
const openedDosPath = 0x8

// readVolume finds the volume that holds path, which need not exist yet, and reads its sizes
// and file system.
func readVolume(path string) (any, error) {
	if err := wantAbsolute(path); err != nil {
		return nil, err
	}
	absent := missingDrive(path)
	folder, err := nearest(path, absent, leadsSomewhere, isThere)
	if err != nil {
		return nil, err
	}
	mount, err := mountOf(folder, absent)
	if err != nil {
		return nil, err
	}
	wide, err := windows.UTF16PtrFromString(mount)
	if err != nil {
		return nil, platform.Refuse(platform.ErrMalformed, "%q is no path: %v", mount, err)
	}
	// What the caller may still use, not what is free: a quota may leave less.
	var usable, total uint64
	space := call{api: "GetDiskFreeSpaceEx", target: mount, right: "list the root of this volume", absent: absent}
	if err := windows.GetDiskFreeSpaceEx(wide, &usable, &total, nil); err != nil {
		return nil, space.refused(err)
	}
	if total == 0 {
		return nil, space.malformed("the volume has no size")
	}
	name := make([]uint16, windows.MAX_PATH+1)
	system := call{api: "GetVolumeInformation", target: mount, right: "read this volume", absent: absent}
	if err := windows.GetVolumeInformation(wide, nil, 0, nil, nil, nil, &name[0], uint32(len(name))); err != nil {
		return nil, system.refused(err)
	}
	if name[0] == 0 {
		return nil, system.malformed("the file system has no name")
	}
	return platform.Volume{
		Mount: mount, Total: total, Free: usable, FileSystem: windows.UTF16ToString(name),
	}, nil
}

// missingDrive returns the numbers that mean absence for a path whose drive letter is not
// given to anything. For every other path no number does.
func missingDrive(path string) []windows.Errno {
	if !hasLetter(path) {
		return nil
	}
	drives, err := windows.GetLogicalDrives()
	letter := path[0] | 0x20 // lower case
	if err != nil || letter < 'a' || letter > 'z' || drives&(1<<(letter-'a')) != 0 {
		return nil
	}
	return []windows.Errno{windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND}
}

// nearest returns path or the nearest folder above it that can be opened. It climbs only past
// what is not there at all: past a link that leads nowhere, or a folder that is closed to
// siteready, it might come to another volume.
func nearest(path string, absent []windows.Errno, leadsSomewhere, isThere func(string) error) (string, error) {
	for path = filepath.Clean(path); ; path = filepath.Dir(path) {
		err := leadsSomewhere(path)
		if err == nil {
			return path, nil
		}
		if !isMissing(err) || path == filepath.Dir(path) || !isMissing(isThere(path)) {
			return "", call{api: "CreateFile", target: path, right: "list this folder", absent: absent}.refused(err)
		}
	}
}

// leadsSomewhere opens what path leads to, links followed.
func leadsSomewhere(path string) error { return canOpen(path, windows.FILE_READ_ATTRIBUTES) }

// isThere looks for the name itself, links not followed.
func isThere(path string) error {
	_, err := os.Lstat(path)
	return err
}

// mountOf returns the mount point of the volume that holds an existing folder, with a
// backslash at its end. GetVolumePathName does not follow links, so the folder's real path
// is asked for first.
func mountOf(folder string, absent []windows.Errno) (string, error) {
	const right = "list this folder"
	handle, err := open(folder, windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return "", call{api: "CreateFile", target: folder, right: right, absent: absent}.refused(err)
	}
	defer windows.CloseHandle(handle)
	path, err := finalPath(handle)
	if err != nil {
		return "", call{api: "GetFinalPathNameByHandle", target: folder, right: right}.refused(err)
	}
	ask := call{api: "GetVolumePathName", target: path, right: right}
	wide, err := windows.UTF16FromString(path)
	if err != nil {
		return "", ask.refused(err)
	}
	buffer := make([]uint16, len(wide)+windows.MAX_PATH) // a mount point is no longer than the path
	if err := windows.GetVolumePathName(&wide[0], &buffer[0], uint32(len(buffer))); err != nil {
		return "", ask.refused(err)
	}
	mount := windows.UTF16ToString(buffer)
	if mount == "" {
		return "", ask.malformed("there is no mount point")
	}
	return mount, nil
}

// finalPath asks where an open file or folder really lies.
func finalPath(handle windows.Handle) (string, error) {
	buffer := make([]uint16, windows.MAX_PATH+1)
	for {
		length, err := windows.GetFinalPathNameByHandle(handle, &buffer[0], uint32(len(buffer)), openedDosPath)
		if err != nil {
			return "", err
		}
		if int(length) < len(buffer) {
			return withoutPrefix(windows.UTF16ToString(buffer[:length])), nil
		}
		buffer = make([]uint16, length+1) // length is what it takes
	}
}

// withoutPrefix turns \\?\D:\x and \\?\UNC\server\share into the paths that people write.
func withoutPrefix(path string) string {
	if unc, found := strings.CutPrefix(path, `\\?\UNC\`); found {
		return `\\` + unc
	}
	if plain, found := strings.CutPrefix(path, `\\?\`); found && hasLetter(plain) {
		return plain
	}
	return path
}
