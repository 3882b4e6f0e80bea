package logscan

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"siteready/platform"
	"siteready/platform/logscan/signatures"
)

// Limits of what is kept of a signature.
const (
	MaxLines    = 5       // the first line, and the last ones
	MaxLineText = 1 << 10 // bytes of a line
)

// File is one file of a log.
type File struct {
	Name string
	// Open opens it for reading, shared with whoever writes it. What it gives is closed when the
	// scan is done with it.
	Open func(context.Context) (Opened, error)
}

// Opened is a file that is open, as it stood when it was opened.
type Opened struct {
	Source
	// After tells, when all is read, how large the file of that name is now, and whether it is
	// still the one that was opened. It may be nil.
	After func() (size int64, same bool, err error)
	Close func() error // may be nil
}

// Log is all files of one log in the order in which they were written.
type Log struct {
	Name  string
	Files []File
}

// Options say what is looked for, and where.
type Options struct {
	Catalogue *signatures.Catalogue
	// Since and Until are the first and the last moment of which lines count; zero is no limit. A
	// line whose time is not known counts.
	Since, Until time.Time
	// Local is where the clocks of lines stand that do not tell it; nil is UTC.
	Local *time.Location
	// Now is when the logs were read or copied, from which the rules over several lines count; zero
	// is the time of the newest message of all.
	Now time.Time
	// Latest is the last moment of which a success in another log ends a failure; zero is no limit. A
	// clock that was wrong for a while would end all.
	Latest time.Time
	// Workers is how many logs are read at once; less than 1 is 1. Each needs a few megabytes.
	Workers int
	// OneMachine says that all logs were written by one machine. Without it that is believed of those
	// that lie in one folder.
	OneMachine bool
}

// Found is what stands in logs.
type Found struct {
	Catalogue  string    `json:"catalogue"` // version of the signatures
	Files      []Scanned `json:"files"`
	Signatures []Seen    `json:"signatures"` // those that were seen, the newest first
	Rules      []Broken  `json:"rules"`      // over several lines: those that a log broke
	Endings    []Ended   `json:"endings"`    // what says that something before it is over
	// Now is from when the rules counted, UTC; null when no line tells a time and nobody said it.
	Now *time.Time `json:"now"`

	machines []int     // of each log, the number of the machine that wrote it
	latest   time.Time // as in Options
}

// Complete says that all files were read to their ends. When they were not, a signature that was
// not seen may be there all the same.
func (f Found) Complete() bool {
	return !slices.ContainsFunc(f.Files, func(s Scanned) bool { return s.Problem != "" })
}

// Scanned is a file that was scanned.
type Scanned struct {
	Log      string     `json:"log"`
	Name     string     `json:"name"`
	Size     int64      `json:"size"` // bytes, when it was opened
	Read     int64      `json:"read"` // bytes, of them
	Lines    int64      `json:"lines"`
	Encoding string     `json:"encoding"`
	First    *time.Time `json:"first"` // UTC; the time of its first line; null when it is not known
	Last     *time.Time `json:"last"`  // UTC; the time of its last line
	Grew     bool       `json:"grew"`  // more was written while it was read, which was not read
	Long     int64      `json:"long"`  // lines longer than MaxLine, which were looked through in parts
	// Problem says why it was not read to its end; empty when it was.
	Problem string `json:"problem"`
}

// Seen is a signature that was seen.
type Seen struct {
	ID      string     `json:"id"`
	Count   int64      `json:"count"`   // messages
	Undated int64      `json:"undated"` // of them, those whose time is not known
	First   *time.Time `json:"first"`   // UTC; null when no time is known
	Last    *time.Time `json:"last"`
	Lines   []Line     `json:"lines"` // at most MaxLines: the first, and the last ones
	// Over is how many of the messages stand before the last run in their log, as the rule OverBy
	// says, which is empty where there are none.
	Over   int64  `json:"over"`
	OverBy string `json:"over_by"`

	in []place // of each log in which it was seen, the last of its messages
}

// Line is a message as evidence.
type Line struct {
	File   string     `json:"file"`
	Number int64      `json:"number"` // of the line in the file, from 1
	At     *time.Time `json:"at"`     // UTC; null when it is not known
	// Zoned says that the line tells how far its clock is from UTC.
	Zoned bool `json:"zoned"`
	// Offset is how many minutes that clock, or the one that it was taken for, is before UTC.
	Offset int    `json:"offset"`
	Text   string `json:"text"` // at most MaxLineText bytes of the message, without its frame
	// Match is where in Text that begins for which the message is counted, in bytes; 0 also when
	// it is not in it.
	Match int `json:"match"`

	looked string // for what; empty when Match is known
	raw    bool   // Text is as it stands in the log
}

// add puts a message to those of its signature.
func (s *Seen) add(l Line) {
	s.Count++
	if l.At == nil {
		s.Undated++
	} else {
		s.First, s.Last = earlier(s.First, l.At), later(s.Last, l.At)
	}
	s.keep(l)
}

// keep holds the first line and the last ones.
func (s *Seen) keep(l Line) {
	if len(s.Lines) == MaxLines {
		copy(s.Lines[1:], s.Lines[2:])
		s.Lines = s.Lines[:MaxLines-1]
	}
	s.Lines = append(s.Lines, l)
}

// merge adds what was seen of the same signature in another file.
func (s *Seen) merge(o *Seen) {
	s.Count += o.Count
	s.Undated += o.Undated
	s.Over += o.Over
	s.OverBy = cmp.Or(s.OverBy, o.OverBy)
	s.in = furthest(s.in, o.in)
	if o.First != nil {
		s.First, s.Last = earlier(s.First, o.First), later(s.Last, o.Last)
	}
	lines := slices.Concat(s.Lines, o.Lines)
	slices.SortStableFunc(lines, func(a, b Line) int {
		switch {
		case a.At == nil && b.At == nil:
			return 0
		case a.At == nil:
			return -1
		case b.At == nil:
			return 1
		}
		return a.At.Compare(*b.At)
	})
	s.Lines = nil
	for _, l := range lines {
		s.keep(l)
	}
}

func earlier(a, b *time.Time) *time.Time {
	if a == nil || b.Before(*a) {
		return b
	}
	return a
}

// later may be given no time, as earlier may not.
func later(a, b *time.Time) *time.Time {
	if b == nil {
		return a
	}
	if a == nil || b.After(*a) {
		return b
	}
	return a
}

// Scan looks for the signatures in logs. A file that cannot be read is told in its Problem, and
// the others are read all the same; the error is that of the context, and comes with what was found
// until then.
func Scan(ctx context.Context, logs []Log, o Options) (Found, error) {
	if o.Local == nil {
		o.Local = time.UTC
	}
	results := make([][]result, len(logs))
	buffers := &sync.Pool{New: func() any {
		buffer := make([]byte, 0, MaxLine)
		return &buffer
	}}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, o.Workers))
	for i, log := range logs {
		results[i] = make([]result, len(log.Files))
		for j, file := range log.Files {
			group.Go(func() error {
				results[i][j] = scanFile(groupCtx, log.Name, file, o, buffers)
				return groupCtx.Err()
			})
		}
	}
	var late error
	if err := group.Wait(); err != nil {
		late = platform.Refuse(platform.ErrTimeout, "the time was up before all logs were read: %v", context.Cause(ctx))
	}
	found := Found{latest: o.Latest, Catalogue: o.Catalogue.Version, Files: []Scanned{}, Signatures: []Seen{}, Rules: []Broken{}}
	all := make([]*Seen, len(o.Catalogue.All))
	marks, ends := make([][]mark, len(logs)), make([]tail, len(logs))
	for n, log := range results {
		located(n, log)
		for i, seen := range together(log) {
			if all[i] == nil {
				all[i] = seen
			} else {
				all[i].merge(seen)
			}
		}
		for _, r := range log {
			found.Files = append(found.Files, r.scanned)
			if r.runs.begunAnew() {
				marks[n] = nil
			}
			marks[n] = append(marks[n], r.marks...)
			if r.scanned.Lines > 0 || r.scanned.Problem != "" {
				ends[n] = r.tail
			}
		}
		if o.Now.IsZero() {
			found.Now = later(ends[n].line.At, found.Now)
		}
	}
	if !o.Now.IsZero() {
		at := o.Now.UTC()
		found.Now = &at
	}
	var wholes []whole
	var broken []Broken
	for n, log := range logs {
		broken = append(broken, judge(o.Catalogue.Rules, log.Name, marks[n], ends[n], found.Now)...)
		wholes = append(wholes, whole{log.Name, marks[n], firstOf(results[n]), ends[n]})
	}
	for _, b := range append(broken, unanswered(o.Catalogue.Rules, wholes)...) {
		if b.Last == nil || !b.Last.Before(o.Since) && (o.Until.IsZero() || !b.Last.After(o.Until)) {
			found.Rules = append(found.Rules, b)
		}
	}
	found.Endings = endings(o.Catalogue.Rules, logs, results)
	found.machines = machinesOf(o.Catalogue, logs, everyMark(results), o.OneMachine)
	for _, seen := range all {
		if seen != nil {
			found.Signatures = append(found.Signatures, *seen)
		}
	}
	slices.SortStableFunc(found.Signatures, func(a, b Seen) int { return cmp.Or(newest(a.Last, b.Last), cmp.Compare(a.ID, b.ID)) })
	return found, late
}

// located says of all that stands in a log in which log and file of it that is.
func located(n int, log []result) {
	for i := range log {
		r := &log[i]
		for _, s := range r.seen {
			s.in = []place{{n, i, s.Lines[len(s.Lines)-1].Number}}
		}
		for at := range r.marks {
			r.marks[at].place = place{n, i, r.marks[at].line.Number}
		}
		for rule, m := range r.ended {
			m.place = place{n, i, m.line.Number}
			r.ended[rule] = m
		}
		r.tail.place = place{n, i, r.tail.line.Number}
	}
}

// everyMark are the texts of rules that stand in each log.
func everyMark(results [][]result) [][]mark {
	all := make([][]mark, len(results))
	for n, log := range results {
		for _, r := range log {
			all[n] = slices.AppendSeq(append(all[n], r.marks...), maps.Values(r.ended))
		}
	}
	return all
}

// firstOf is the time of a log's first line; nil when it is not known.
func firstOf(log []result) *time.Time {
	for _, r := range log {
		if r.scanned.Problem != "" {
			return nil
		}
		if r.scanned.Lines > 0 {
			return r.scanned.First
		}
	}
	return nil
}

// together is what was seen in the files of one log.
func together(log []result) map[int]*Seen {
	all := map[int]*Seen{}
	for _, r := range log {
		if r.runs.begunAnew() {
			for _, seen := range all {
				seen.Over, seen.OverBy = seen.Count, r.runs.by
			}
		}
		for i, seen := range r.seen {
			if all[i] == nil {
				all[i] = seen
			} else {
				all[i].merge(seen)
			}
		}
	}
	return all
}

// result is what is known of a file.
type result struct {
	scanned Scanned
	seen    map[int]*Seen // by the place of the signature
	marks   []mark
	tail    tail
	runs    runs
	ended   map[int]mark // by the place of the rule
}

// scanFile opens a file and scans it.
func scanFile(ctx context.Context, log string, file File, o Options, buffers *sync.Pool) result {
	told := Scanned{Log: log, Name: file.Name}
	if ctx.Err() != nil {
		told.Problem = "the time was up before it was opened"
		return result{scanned: told}
	}
	opened, err := file.Open(ctx)
	if err != nil {
		told.Problem = "it could not be opened: " + err.Error()
		return result{scanned: told}
	}
	if opened.Close != nil {
		defer func() { _ = opened.Close() }() // it was only read from: nothing is lost when that fails
	}
	told.Size = opened.Size
	b := &blocks{told: &told, o: o, name: file.Name, buffers: buffers, seen: map[int]*Seen{}, meant: meant(o.Catalogue.Rules, log)}
	err = b.source(ctx, opened.Source)
	b.show()
	if err != nil {
		told.Problem = opened.refused(ctx, err).Error()
		return result{scanned: told, seen: b.seen, marks: b.marks, runs: b.runs, ended: b.ended} // its end is not known
	}
	if opened.After != nil {
		size, same, err := opened.After()
		switch {
		case err != nil:
			told.Problem = "it was read, but whether it is still the same file could not be checked: " + err.Error()
		case !same || size < told.Size:
			told.Problem = "it was cut or begun anew while it was read; run siteready again"
		case size > told.Size:
			told.Grew = true
		}
	}
	return result{told, b.seen, b.marks, b.tail, b.runs, b.ended}
}

// counting counts the bytes that were read.
type counting struct {
	r     io.Reader
	count *int64
}

// Read implements io.Reader.
func (c counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.count += int64(n)
	return n, err
}
