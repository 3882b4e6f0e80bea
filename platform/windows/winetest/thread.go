//go:build linux

package winetest

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// thread is a thread of the operating system that runs a prefix's work. Linux
// keeps mounts and host names per thread: what is done here, and every program
// that is started here, sees this prefix's own; nothing else does.
type thread struct {
	work chan func()
	id   int
	own  int // CLONE_NEWNS, CLONE_NEWUTS: which are the thread's own already
}

// newThread starts a thread, which ends with close.
func newThread() *thread {
	t := &thread{work: make(chan func())}
	started := make(chan struct{})
	go t.loop(started)
	<-started
	return t
}

func (t *thread) loop(started chan<- struct{}) {
	// The goroutine stays locked: the thread is thrown away with its mounts and
	// its host name. The process's first thread cannot be thrown away, so keep
	// off it: while it is held here, the next goroutine gets another one.
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		defer runtime.UnlockOSThread()
		other := make(chan struct{})
		go func() {
			defer close(other)
			t.loop(started)
		}()
		<-other
		return
	}
	t.id = unix.Gettid()
	close(started)
	for f := range t.work {
		f()
	}
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func() error) error {
	done := make(chan error)
	t.work <- func() { done <- f() }
	return <-done
}

func (t *thread) close() { close(t.work) }

// root is the folder through which all threads of the process see the files as
// this one does.
func (t *thread) root() string {
	return fmt.Sprintf("/proc/%d/task/%d/root", os.Getpid(), t.id)
}

// setHostName gives the thread and its later programs a host name.
func (t *thread) setHostName(name string) error {
	err := t.do(func() error {
		if err := t.unshare(unix.CLONE_NEWUTS); err != nil {
			return err
		}
		return unix.Sethostname([]byte(name))
	})
	if err != nil {
		return fmt.Errorf("set the host name %s: %w", name, needRoot(err))
	}
	return nil
}

// mount mounts a tmpfs of the given size on a folder, for the thread and its
// later programs. What the folder holds is copied.
func (t *thread) mount(folder string, size int64) error {
	err := t.do(func() error {
		if err := t.ownMounts(); err != nil {
			return err
		}
		fresh := folder + ".new"
		if err := os.Mkdir(fresh, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", fresh, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", size)); err != nil {
			return err
		}
		if err := os.CopyFS(fresh, os.DirFS(folder)); err != nil {
			return err
		}
		if err := unix.Mount(fresh, folder, "", unix.MS_MOVE, ""); err != nil {
			return err
		}
		return os.Remove(fresh)
	})
	if err != nil {
		return fmt.Errorf("mount a tmpfs of %d bytes: %w", size, needRoot(err))
	}
	return nil
}

// fill leaves the given number of bytes free on the file system of a folder.
// The file that takes the others has no name, and lives until it is closed.
func (t *thread) fill(folder string, free int64) (*os.File, error) {
	var filler *os.File
	err := t.do(func() error {
		var fs unix.Statfs_t
		if err := unix.Statfs(folder, &fs); err != nil {
			return err
		}
		surplus := int64(fs.Bavail)*fs.Bsize - free
		if surplus < 0 {
			return fmt.Errorf("the files on it leave %d bytes less", -surplus)
		}
		fd, err := unix.Open(folder, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return err
		}
		filler = os.NewFile(uintptr(fd), folder)
		if surplus == 0 {
			return nil
		}
		return unix.Fallocate(fd, 0, 0, surplus)
	})
	if err != nil {
		return nil, fmt.Errorf("leave %d bytes free: %w", free, err)
	}
	return filler, nil
}

func (t *thread) unshare(what int) error {
	if t.own&what != 0 {
		return nil
	}
	if err := unix.Unshare(what); err != nil {
		return err
	}
	t.own |= what
	return nil
}

func needRoot(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("this test needs root (CAP_SYS_ADMIN): run it as root: %w", err)
	}
	return err
}
