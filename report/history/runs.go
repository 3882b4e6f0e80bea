package history

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// largestIndex is more than ten years of nights need, in bytes.
const largestIndex = 256 << 20

// Runs are the runs of a series.
type Runs struct {
	Entries []Entry // the oldest first
	// Problems say what of the index could not be read and was skipped, a line each.
	Problems []string
}

// Runs reads the index. A series without one has no runs, and that is no error; an error means
// that the index is there and cannot be read at all, so that nothing is known of earlier runs.
func (s *Series) Runs() (Runs, error) {
	path := filepath.Join(s.dir, IndexName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Runs{}, nil
	}
	if err != nil {
		return Runs{}, fmt.Errorf("the index %s cannot be read: %w", path, bare(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	tooLarge := fmt.Errorf("the index %s has more than %d MiB, and so is none", path, largestIndex>>20)
	if info, err := f.Stat(); err == nil && info.Size() > largestIndex {
		return Runs{}, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, largestIndex+1))
	if err != nil {
		return Runs{}, fmt.Errorf("the index %s cannot be read: %w", path, bare(err))
	}
	if len(data) > largestIndex {
		return Runs{}, tooLarge
	}
	runs := parseIndex(data)
	for i, problem := range runs.Problems {
		runs.Problems[i] = path + ": " + problem
	}
	return runs, nil
}

// parseIndex reads the lines of an index, in any order.
func parseIndex(data []byte) Runs {
	runs := Runs{}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	known := map[string]bool{}
	damaged := problems{}
	for number := 1; len(data) > 0; number++ {
		text, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		text = bytes.TrimSuffix(text, []byte("\r")) // an editor of Windows may have saved it
		if len(text) == 0 {
			continue
		}
		e, err := parseLine(text)
		switch {
		case err != nil:
			damaged.add("line %d is damaged and was skipped: %v", number, err)
		case !known[e.RunID]:
			known[e.RunID] = true
			runs.Entries = append(runs.Entries, e)
		}
	}
	runs.Problems = damaged.all("lines are damaged and were skipped")
	runs.sort()
	return runs
}

// mostProblems is how many problems of one kind are told each by itself: every report has them.
const mostProblems = 10

// problems are those of one kind.
type problems struct {
	told []string
	more int
}

func (p *problems) add(format string, args ...any) {
	if len(p.told) == mostProblems {
		p.more++
		return
	}
	p.told = append(p.told, fmt.Sprintf(format, args...))
}

// all are the problems, with how many more there are of what.
func (p *problems) all(what string) []string {
	if p.more == 0 {
		return p.told
	}
	return append(p.told, fmt.Sprintf("%d more %s", p.more, what))
}

// sort puts the runs in the order in which their facts were read; those of one second stay as they are.
func (r *Runs) sort() {
	slices.SortStableFunc(r.Entries, func(a, b Entry) int {
		return cmp.Or(a.ReadAt.Compare(b.ReadAt), a.MadeAt.Compare(b.MadeAt))
	})
}

// Last is the newest run; false when there is none.
func (r Runs) Last() (Entry, bool) {
	if len(r.Entries) == 0 {
		return Entry{}, false
	}
	return r.Entries[len(r.Entries)-1], true
}
