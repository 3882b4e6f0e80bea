package history

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"siteready/report"
)

// DefaultRuns and DefaultDays are how many runs of a server are kept, and for how many days,
// when nobody says otherwise: each night of a year, and a month to compare with the year before.
const (
	DefaultRuns = 400
	DefaultDays = 400
)

// Limits say what is pruned. The run that is being kept, and with it the newest report, always stays.
type Limits struct {
	Runs int           // at most so many of a server, the newest by when they were made; 0 for all
	Age  time.Duration // not older than this; 0 for all
}

// Kept says what Keep did.
type Kept struct {
	Entry    Entry
	Pruned   int      // runs that were removed
	Adopted  int      // reports that were there and that the index lacked
	Problems []string // what could not be tidied up; nothing of this run is lost by it
}

// Keep tells the report what changed since the runs before, in r.History, and then keeps it with
// its recording, which may be nil. All of it happens under the lock of the series.
//
// When it returns an error, nothing of the run is kept and the runs before are as they were;
// r.History is set all the same, and says so where the runs before could not be read.
func (s *Series) Keep(ctx context.Context, r *report.Report, recording []byte, limits Limits) (Kept, error) {
	var kept Kept
	if err := os.Mkdir(s.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		r.History = report.NoHistory(fmt.Sprintf("The folder %s cannot be made: %v.", s.dir, bare(err)))
		return kept, fmt.Errorf("the folder %s cannot be made: %w", s.dir, bare(err))
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		s.tell(r)
		return kept, err
	}
	defer unlock()
	names, err := fileNames(s.dir)
	if err != nil {
		r.History = report.NoHistory(err.Error())
		return kept, err
	}
	runs, err := s.Runs()
	if err != nil {
		r.History = report.NoHistory(err.Error())
		return kept, err
	}
	if err := s.sweep(names, runs); err != nil {
		kept.Problems = append(kept.Problems, fmt.Sprintf("what a run left behind that was killed cannot be removed: %v", err))
	}
	damaged := len(runs.Problems) > 0
	kept.Adopted = s.adopt(&runs, names)
	r.History = Since(runs, *r)
	if kept.Entry, err = s.write(r, recording); err != nil {
		return kept, err
	}
	runs.Entries = append(runs.Entries, kept.Entry)
	runs.sort()
	left, pruned := prune(runs.Entries, kept.Entry, limits)
	if damaged { // what could not be read is not thrown away
		err = s.setAside()
	}
	if err == nil {
		err = s.writeIndex(left)
	}
	if err != nil {
		return kept, errors.Join(err, s.remove(kept.Entry))
	}
	kept.Pruned = len(pruned)
	for _, e := range pruned {
		if err := s.remove(e); err != nil {
			kept.Problems = append(kept.Problems, fmt.Sprintf("a run that is to be pruned cannot be removed: %v", err))
		}
	}
	return kept, nil
}

// tell sets the report's history of a series that cannot be written to, as far as it can be read.
func (s *Series) tell(r *report.Report) {
	runs, err := s.Runs()
	if err != nil {
		r.History = report.NoHistory(err.Error())
		return
	}
	r.History = Since(runs, *r)
}

// write writes the report and the recording of a run, or neither.
func (s *Series) write(r *report.Report, recording []byte) (Entry, error) {
	var text bytes.Buffer
	if err := report.JSON(&text, *r); err != nil {
		return Entry{}, err
	}
	e := NewEntry(*r)
	sum, err := report.Checksum(text.Bytes())
	if err != nil {
		return Entry{}, err
	}
	e.ReportSHA256 = sum
	if err := e.valid(); err != nil {
		return Entry{}, fmt.Errorf("this run cannot be kept: %w", err)
	}
	if recording != nil {
		sum := sha256.Sum256(recording)
		e.RecordingSHA256 = hex.EncodeToString(sum[:])
		if err := writeFolded(s.RecordingPath(e), recording); err != nil {
			return Entry{}, err
		}
	}
	if err := writeFolded(s.ReportPath(e), text.Bytes()); err != nil {
		return Entry{}, errors.Join(err, s.remove(e))
	}
	return e, nil
}

func writeFolded(path string, text []byte) error {
	folded, err := fold(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeFile(path, folded)
}

// remove removes the files of a run, if they are there.
func (s *Series) remove(e Entry) error {
	var problems []error
	for _, path := range []string{s.ReportPath(e), s.RecordingPath(e)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// writeIndex replaces the index.
func (s *Series) writeIndex(entries []Entry) error {
	path := filepath.Join(s.dir, IndexName)
	text, err := encodeIndex(entries, largestIndex)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeFile(path, text)
}

// encodeIndex is an index of at most so many bytes: one that cannot be read again is worse than none.
func encodeIndex(entries []Entry, most int) ([]byte, error) {
	var b bytes.Buffer
	for _, e := range entries {
		line, err := e.line()
		if err != nil {
			return nil, err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	if b.Len() > most {
		return nil, fmt.Errorf("the index of %d runs is too large; keep fewer of them", len(entries))
	}
	return b.Bytes(), nil
}

// DamagedName is where an index lies of which some lines could not be read, before a new one took
// its place.
const DamagedName = "index.damaged.jsonl"

func (s *Series) setAside() error {
	old, err := os.ReadFile(filepath.Join(s.dir, IndexName))
	if err != nil {
		return fmt.Errorf("the damaged index cannot be set aside: %w", err)
	}
	return writeFile(filepath.Join(s.dir, DamagedName), old)
}

// prune parts the runs that stay from those that go. The one that is being kept stays.
func prune(entries []Entry, kept Entry, limits Limits) (left, gone []Entry) {
	byMaking := slices.Clone(entries)
	slices.SortStableFunc(byMaking, func(a, b Entry) int { return b.MadeAt.Compare(a.MadeAt) }) // the newest first
	// The age counts from the newest of the other runs, if that is earlier: a clock that is wrong
	// for one night must not throw away all that there is.
	now := kept.MadeAt
	for _, e := range byMaking {
		if e.RunID != kept.RunID {
			if e.MadeAt.Before(now) {
				now = e.MadeAt
			}
			break
		}
	}
	out := map[string]bool{}
	staying := 1 // the one that is being kept
	for _, e := range byMaking {
		switch {
		case e.RunID == kept.RunID:
		case limits.Age > 0 && e.MadeAt.Before(now.Add(-limits.Age)), limits.Runs > 0 && staying >= limits.Runs:
			out[e.RunID] = true
		default:
			staying++
		}
	}
	for _, e := range entries {
		if out[e.RunID] {
			gone = append(gone, e)
		} else {
			left = append(left, e)
		}
	}
	return left, gone
}

// adopt takes up reports that the index lacks: a run was killed before it wrote its line, or the
// line was damaged. Reports that cannot be read are told and left, and so is a recording of theirs.
func (s *Series) adopt(runs *Runs, names []string) int {
	known := map[string]bool{}
	for _, e := range runs.Entries {
		known[e.name()+reportEnding] = true
	}
	adopted := 0
	unread := problems{}
	for _, name := range names {
		if run, ours := strings.CutSuffix(name, reportEnding); known[name] || !ours || !runName.MatchString(run) {
			continue
		}
		e, lacking, err := s.reread(name)
		if err != nil {
			unread.add("%s is not in the index, and is skipped: %v", filepath.Join(s.dir, name), err)
			continue
		}
		if lacking != nil {
			unread.add("%s is taken up without its recording, which cannot be used: %v", filepath.Join(s.dir, name), lacking)
		}
		runs.Entries = append(runs.Entries, e)
		adopted++
	}
	runs.Problems = append(runs.Problems, unread.all("reports, or recordings of theirs, cannot be used")...)
	runs.sort()
	return adopted
}

// reread makes the line of a report that lies in the folder. Lacking is why its recording, which is
// there, cannot be used.
func (s *Series) reread(name string) (e Entry, lacking, err error) {
	r, err := readReport(filepath.Join(s.dir, name))
	if err != nil {
		return Entry{}, nil, err
	}
	e = NewEntry(r)
	if err := e.valid(); err != nil {
		return Entry{}, nil, err
	}
	if e.name()+reportEnding != name {
		return Entry{}, nil, errors.New("its name is not that of its run")
	}
	switch recording, err := unfold(s.RecordingPath(e)); {
	case err == nil:
		sum := sha256.Sum256(recording)
		e.RecordingSHA256 = hex.EncodeToString(sum[:])
	case !errors.Is(err, errRemoved): // there was none, or somebody took it away
		lacking = err
	}
	return e, lacking, nil
}

func fileNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder %s cannot be listed: %w", dir, bare(err))
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
