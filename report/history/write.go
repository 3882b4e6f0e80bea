package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// temporary is how the names of files begin that are not whole yet.
const temporary = ".siteready-"

// Somebody else may hold a file for a moment; it is tried again so often.
const (
	renameTries = 20
	renamePause = 100 * time.Millisecond
)

// writeFile writes a file whole or not at all. What was there before stays when anything fails.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), temporary+"*")
	if err != nil {
		return fmt.Errorf("%s: no file can be made in its folder: %w", path, bare(err))
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = rename(f.Name(), path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		if wrong := os.Remove(f.Name()); wrong != nil && !errors.Is(wrong, os.ErrNotExist) {
			err = errors.Join(err, wrong)
		}
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	return nil
}

// rename gives a file its name, for a while also against somebody who holds the old one.
func rename(from, to string) error {
	pause := time.NewTicker(renamePause)
	defer pause.Stop()
	for try := 1; ; try++ {
		err := os.Rename(from, to)
		if err == nil || try == renameTries || !held(err) {
			return err
		}
		<-pause.C
	}
}

// sweep removes what runs left behind that were killed while they wrote: files that are not whole,
// and recordings whose report was never written. The series is locked.
func (s *Series) sweep(names []string, runs Runs) error {
	known := map[string]bool{}
	for _, e := range runs.Entries {
		known[e.name()] = true
	}
	var problems []error
	for _, name := range names {
		run, recording := strings.CutSuffix(name, recordingEnding)
		if strings.HasPrefix(name, temporary) || recording && !known[run] && !slices.Contains(names, run+reportEnding) {
			problems = append(problems, os.Remove(filepath.Join(s.dir, name)))
		}
	}
	return errors.Join(problems...)
}
