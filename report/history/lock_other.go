//go:build !windows

package history

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file for this handle alone.
func tryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// held reports whether somebody else has a file open who will soon let it go. Only Windows
// minds.
func held(error) bool { return false }

// syncFolder brings the names of a folder's files to the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
