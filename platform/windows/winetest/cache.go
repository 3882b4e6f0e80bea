//go:build linux

package winetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cached returns the path of a file or folder that is made once per user and
// kept between runs. Test processes run side by side: a lock lets one of them
// make it, and a rename shows it to the others only when it is complete.
func cached(ctx context.Context, name string, build func(ctx context.Context, path string) error) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for cached test files: %w", err)
	}
	dir := filepath.Join(caches, "siteready-test")
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := flock(lock); err != nil {
		return "", fmt.Errorf("wait for the lock %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	// Whoever holds the lock is alone, so what another left half made is stale.
	// A program of that other one may still write there; the next holder of the
	// lock then removes the rest.
	stale, err := filepath.Glob(path + ".*.tmp")
	if err != nil {
		return "", err
	}
	for _, s := range stale {
		_ = os.RemoveAll(s)
	}
	tmp, err := os.MkdirTemp(dir, name+".*.tmp")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	made := filepath.Join(tmp, name)
	if err := build(ctx, made); err != nil {
		return "", fmt.Errorf("make %s: %w", path, err)
	}
	return path, os.Rename(made, path)
}

// flock waits until the file is locked. The lock ends when the file is closed.
func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
