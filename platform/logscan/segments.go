package logscan

import (
	"bytes"
	"context"
	"io"

	"siteready/platform"
)

// segmentBytes is how much of a large file is read at once when it is read from its end.
const segmentBytes = 16 << 20

// part is a Source of a part of another one, behind the mark of its encoding.
type part struct {
	data     io.ReaderAt
	mark, at int64
}

// ReadAt implements io.ReaderAt.
func (p part) ReadAt(b []byte, at int64) (int, error) {
	if at >= p.mark {
		return p.data.ReadAt(b, at-p.mark+p.at)
	}
	n, err := p.data.ReadAt(b[:min(int64(len(b)), p.mark-at)], at)
	if err != nil || n == len(b) {
		return n, err
	}
	more, err := p.data.ReadAt(b[n:], p.at)
	return n + more, err
}

// segments cuts the newest bytes of a log, at most as many as limit says, into parts that begin
// with a line; the newest first. Each begins with the mark of the encoding, of so many bytes.
// whole says that the oldest one begins where the log does.
func (s Source) segments(ctx context.Context, limit int64) (parts []Source, mark int64, whole bool, err error) {
	e, err := s.encoding(ctx)
	if err != nil {
		return nil, 0, false, err
	}
	floor := max(e.mark, s.Size-limit)
	for to := s.Size; ; {
		from := max(floor, to-segmentBytes)
		if from > e.mark {
			if from, err = s.lineAfter(e, from, to); err != nil {
				return nil, 0, false, s.refused(ctx, err)
			}
		}
		parts = append(parts, Source{s.Name, part{s.Data, e.mark, from}, e.mark + to - from, s.CodePage})
		if from <= floor || from == to || from-floor < MaxLine && floor > e.mark {
			return parts, e.mark, from == e.mark, nil
		}
		to = from
	}
}

// lineAfter is where the first line begins behind a place, within MaxLine; the place itself when
// there is none, for a line that is longer is read in parts anyway.
func (s Source) lineAfter(e encoding, from, to int64) (int64, error) {
	from -= (from - e.mark) % e.unit
	head := make([]byte, min(MaxLine, to-from))
	if _, err := s.Data.ReadAt(head, from); err != nil {
		return 0, errCut
	}
	end := []byte{'\n'}
	switch e.name {
	case platform.EncodingUTF16LE:
		end = []byte{'\n', 0}
	case platform.EncodingUTF16BE:
		end = []byte{0, '\n'}
	}
	for at := 0; ; {
		found := bytes.Index(head[at:], end)
		switch {
		case found < 0:
			return from, nil
		case int64(at+found)%e.unit == 0:
			return from + int64(at+found+len(end)), nil
		}
		at += found + 1
	}
}
