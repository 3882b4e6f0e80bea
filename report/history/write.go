package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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

// The names that files have here: those that are not whole, as os.CreateTemp makes them, and those
// of runs, without their endings. All others are somebody else's, and are left alone.
var (
	unfinished = regexp.MustCompile(`^` + regexp.QuoteMeta(temporary) + `[0-9]+$`)
	runName    = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[A-Za-z0-9]{1,64}$`)
)

// sweep removes what runs left behind that were killed while they wrote: files that are not whole,
// and recordings whose report was never written. While a part of the index cannot be read the
// recordings stay: they may be all that is left of a run. The series is locked.
func (s *Series) sweep(names []string, runs Runs) error {
	known := map[string]bool{}
	for _, e := range runs.Entries {
		known[e.name()] = true
	}
	var problems []error
	for _, name := range names {
		run, recording := strings.CutSuffix(name, recordingEnding)
		orphan := recording && runName.MatchString(run) && !known[run] && !slices.Contains(names, run+reportEnding)
		if unfinished.MatchString(name) || orphan && len(runs.Problems) == 0 {
			problems = append(problems, os.Remove(filepath.Join(s.dir, name)))
		}
	}
	return errors.Join(problems...)
}
