package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lockName is the file that is locked while a series is written to. It stays: what counts is the
// lock of the operating system, which ends with the process that holds it, however that ended.
const lockName = "lock"

// errLocked is the answer of tryLock when another process has the lock.
var errLocked = errors.New("another run has it locked")

// lockPatience is how long another run may take to write, and lockPause how long to wait between
// two looks at its lock.
const (
	lockPatience = 30 * time.Second
	lockPause    = 50 * time.Millisecond
)

// Locked does something while no run writes to the series, and returns its error. It waits as a run
// does that is kept; when it may not, nothing is done.
func (s *Series) Locked(ctx context.Context, do func() error) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// lock waits until nobody else writes to the series. The function that it returns ends the lock.
func (s *Series) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(s.dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %w", path, bare(err))
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for {
		err := tryLock(f)
		if err == nil {
			return func() { _ = f.Close() }, nil // which ends the lock
		}
		if !errors.Is(err, errLocked) {
			_ = f.Close() // nothing was written to it
			return nil, fmt.Errorf("%s cannot be locked: %w", path, err)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			_ = f.Close() // nothing was written to it
			return nil, fmt.Errorf("%s: another run of siteready is writing there, and did not end in time", path)
		}
	}
}
