// Package logscan reads logs and makes digests of them: what a check may learn of a log is
// counted and cut here, and no log leaves the machine whole.
//
// A log is read from its end, in windows that grow until what is looked for is in one, as a
// stream: whatever its size, a few megabytes of memory are used. What could not be understood is
// counted or is an error, and never taken for good.
package logscan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"siteready/platform"
)

// Source is a log as it stood when the reading began. What is appended later is not read.
type Source struct {
	Name     string // its path, for errors
	Data     io.ReaderAt
	Size     int64  // bytes
	CodePage uint32 // Windows' number of the machine's ANSI code page; 0 when not known
}

// firstWindow is how much of the end of a log is read first, and windowGrowth how many times more
// when that was too little.
const (
	firstWindow  = 4 << 20
	windowGrowth = 8
)

// Digest makes the digest of a log that a question of kind log names. Its errors are
// *platform.NoAnswer.
func Digest(ctx context.Context, s Source, name string) (any, error) {
	switch name {
	case platform.LogPrerequisites:
		return Prerequisites(ctx, s)
	case platform.LogSiteBackup:
		return SiteBackup(ctx, s)
	}
	return nil, platform.Refuse(platform.ErrUnsupported, "%q is no digest of a log that is known here", name)
}

// backwards gives f the end of the log, and more and more of it until enough says so or f has
// seen all. f gets a new window each time, from its first whole line on.
func (s Source) backwards(ctx context.Context, e encoding, f func() func(line), enough func() bool) error {
	for window := int64(firstWindow); ; window *= windowGrowth {
		from := max(s.Size-window, e.mark)
		from -= (from - e.mark) % e.unit
		if err := s.lines(ctx, e, from, f()); err != nil {
			return s.refused(ctx, err)
		}
		if from == e.mark || enough() {
			return nil
		}
	}
}

// errCut says that the log ended before the size that it had.
var errCut = errors.New("it was cut or begun anew while it was read; run siteready again")

func (s Source) refused(ctx context.Context, err error) error {
	var no *platform.NoAnswer
	switch {
	case ctx.Err() != nil:
		return platform.Refuse(platform.ErrTimeout, "%s: the time was up before its %d bytes were read", s.Name, s.Size)
	case errors.Is(err, errCut):
		return platform.Refuse(platform.ErrUnsupported, "%s: %v", s.Name, err)
	case errors.As(err, &no):
		return no
	}
	return fmt.Errorf("%s: %w", s.Name, err) // the reader knows what its system's error means
}

// bytesOf is how many bytes a value takes in an answer.
func bytesOf(value any) int {
	raw, err := json.Marshal(value)
	if err != nil {
		return platform.MaxAnswer // it will be refused as a whole
	}
	return len(raw) + len(",")
}
