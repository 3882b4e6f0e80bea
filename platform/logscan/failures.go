package logscan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"siteready/platform"
	"siteready/platform/logscan/signatures"
)

// Search looks for known failures. It reads the catalogue, which takes some tens of milliseconds,
// when a log is first looked through. It may be used by several goroutines.
type Search struct {
	known func() (*signatures.Catalogue, error)
}

// NewSearch makes a search for the built-in failures and the user's own.
func NewSearch(own ...signatures.Signature) *Search {
	return &Search{sync.OnceValues(func() (*signatures.Catalogue, error) { return signatures.Known(own...) })}
}

// Failures makes the digest of known failures of a log whose clocks stand, where they do not tell
// it, in local; now is when it is read.
func (s *Search) Failures(ctx context.Context, log Log, local *time.Location, now time.Time) (platform.FailureLog, error) {
	known, err := s.known()
	if err != nil {
		return platform.FailureLog{}, platform.Refuse(platform.ErrUnsupported, "the known failures cannot be read: %v", err)
	}
	return Failures(ctx, log, Options{Catalogue: known, Local: local, Now: now})
}

// Failures makes the digest of known failures of a log: of its newest files, and of these the
// newest bytes. When half of the time of ctx is used, it ends with what it has; what was not read
// is told. The rules over several lines are judged in the newest 16 MiB. Of the options only
// Catalogue, Local and Now are used.
func Failures(ctx context.Context, log Log, o Options) (platform.FailureLog, error) {
	r := failureReader{
		log: log.Name, o: Options{Catalogue: o.Catalogue, Local: o.Local, Now: o.Now}, left: platform.MaxFailureBytes,
		seen: map[string]*Seen{}, after: map[string]map[string]bool{},
		digest: platform.FailureLog{
			Catalogue: o.Catalogue.Version, Revision: signatures.Revision,
			Files: []platform.FailureFile{}, Known: []platform.KnownFailure{}, Endings: []platform.LogEnding{},
		},
	}
	defer r.close()
	var until time.Time
	if deadline, limited := ctx.Deadline(); limited {
		until = time.Now().Add(time.Until(deadline) / 2)
	}
	late := func() bool { return !until.IsZero() && time.Now().After(until) }
	for i, file := range slices.Backward(log.Files) {
		if len(r.digest.Files) == platform.MaxFailureFiles || r.left <= 0 || i < len(log.Files)-1 && late() {
			r.digest.FilesLeft = int64(i + 1)
			break
		}
		r.open(ctx, file)
	}
	for from := 0; from < len(r.parts) && (from == 0 || !late()); {
		to, size := from, int64(0)
		for to < len(r.parts) && (to == from || size+r.parts[to].source.Size <= segmentBytes) {
			size += r.parts[to].source.Size
			to++
		}
		if err := r.scan(ctx, r.parts[from:to], from == 0); err != nil {
			return platform.FailureLog{}, err
		}
		from = to
	}
	if err := ctx.Err(); err != nil {
		return platform.FailureLog{}, platform.Refuse(platform.ErrTimeout, "the time was up before the log %s was read: %v", log.Name, err)
	}
	r.finish()
	return r.digest, nil
}

// failureReader reads the files of a log, the newest first.
type failureReader struct {
	log    string
	o      Options
	left   int64          // bytes that may be read
	parts  []partOf       // of the files, the newest first
	opened []func() error // what is to be closed
	seen   map[string]*Seen
	rules  []Broken
	ends   map[string]*time.Time // of successes that were seen; nil when no time is known
	// after are, of each failure, the successes that stand behind it in this log.
	after  map[string]map[string]bool
	digest platform.FailureLog
}

// partOf is a part of a file; whole says that it begins where the file does.
type partOf struct {
	file   int // in the digest
	source Source
	mark   int64
	whole  bool
}

// close closes what was only read from: nothing is lost when that fails.
func (r *failureReader) close() {
	for _, end := range r.opened {
		_ = end()
	}
}

// open opens a file, and cuts what is to be read of it into parts.
func (r *failureReader) open(ctx context.Context, file File) {
	told := platform.FailureFile{Name: baseOf(file.Name)}
	defer func() {
		r.digest.Files = append(r.digest.Files, told)
		r.digest.Bytes += told.Size
	}()
	opened, err := file.Open(ctx)
	if err != nil {
		told.Problem = shown("it could not be opened: " + err.Error())
		return
	}
	if opened.Close != nil {
		r.opened = append(r.opened, opened.Close)
	}
	told.Size = opened.Size
	if len(r.digest.Files) == 0 && r.log == "errorlog" {
		r.digest.English = opened.english(ctx)
	}
	sources, mark, whole, err := opened.segments(ctx, r.left)
	if err != nil {
		told.Problem = shown(err.Error())
		return
	}
	for i, s := range sources {
		r.parts = append(r.parts, partOf{len(r.digest.Files), s, mark, whole && i == len(sources)-1})
	}
	r.left -= opened.Size
}

// englishReach is how much of the begin of a log is looked at for its language.
const englishReach = 64 << 10

// english reports whether SQL Server writes this log in English. Each of its logs begins with a
// start or with being begun anew, which are such messages; in other languages both read otherwise.
func (s Source) english(ctx context.Context) bool {
	found := false
	e, err := s.encoding(ctx)
	if err != nil {
		return false
	}
	s.Size = min(s.Size, englishReach)
	err = s.lines(ctx, e, e.mark, func(l line) {
		found = found || strings.Contains(l.text, "This is an informational message")
	})
	return err == nil && found
}

// shown is a foreign message as it may be told.
func shown(message string) string { return cut(platform.HideSecrets(message), MaxLineText) }

// partial stands behind the name of a part that does not begin where its file does.
const partial = "\x00"

// scan looks through parts, the newest first. The rules over several lines are judged in the newest
// of all, and only when these could be read.
func (r *failureReader) scan(ctx context.Context, parts []partOf, newestOfAll bool) error {
	log := Log{Name: r.log}
	for _, p := range slices.Backward(parts) {
		name := r.digest.Files[p.file].Name
		if !p.whole {
			name += partial
		}
		log.Files = append(log.Files, File{Name: name, Open: func(context.Context) (Opened, error) {
			return Opened{Source: p.source}, nil
		}})
	}
	found, err := Scan(ctx, []Log{log}, r.o)
	if err != nil {
		return err
	}
	for i, scanned := range slices.Backward(found.Files) {
		p := parts[len(parts)-1-i]
		told := &r.digest.Files[p.file]
		told.Encoding = scanned.Encoding
		told.Problem = cmp.Or(told.Problem, shown(scanned.Problem))
		if told.Read += scanned.Read; !p.whole {
			told.Read -= p.mark // which is no part of it
		}
		r.digest.Lines += scanned.Lines
		if scanned.First != nil {
			r.digest.First = earlier(r.digest.First, scanned.First)
		}
		if scanned.Last != nil {
			r.digest.Last = later(r.digest.Last, scanned.Last)
		}
	}
	r.order(found)
	for _, seen := range found.Signatures {
		if newer := r.seen[seen.ID]; newer != nil {
			seen.merge(newer)
		}
		r.seen[seen.ID] = &seen
	}
	if newestOfAll && r.digest.Files[0].Problem == "" {
		r.rules = found.Rules
	}
	for _, e := range found.Endings {
		if r.ends == nil {
			r.ends = map[string]*time.Time{}
		}
		if at, known := r.ends[e.ID]; !known || at == nil {
			r.ends[e.ID] = e.Line.At
		}
	}
	return nil
}

// order takes note of what stands behind the failures that were seen in a part of the log, and in no
// newer one: what was seen to succeed in this part behind them, and in all newer ones.
func (r *failureReader) order(found Found) {
	note := func(s Seen) {
		if r.after[s.ID] != nil {
			return
		}
		behind := map[string]bool{}
		for id := range r.ends {
			behind[id] = true
		}
		for _, e := range found.Endings {
			behind[e.ID] = behind[e.ID] || found.covers(e, s)
		}
		r.after[s.ID] = behind
	}
	for _, s := range found.Signatures {
		note(s)
	}
	for _, b := range found.Rules {
		note(b.Seen)
	}
}

// finish puts together what was seen.
func (r *failureReader) finish() {
	for _, told := range r.digest.Files {
		r.digest.Read += told.Read
	}
	rules := r.o.Catalogue.Rules
	for _, s := range r.o.Catalogue.All {
		if seen := r.seen[s.ID]; seen != nil && s.Severity != signatures.Information {
			r.add(*seen, r.endedBy(s.ID, func(o signatures.Rule) bool { return o.EndsSignature(s) }), platform.KnownFailure{
				Severity: s.Severity, Stage: s.Stage, Rank: int64(s.Rank), Single: s.Normal != "", Group: s.Group, Meaning: s.Meaning, Remedy: s.Remedy,
			})
		}
	}
	for _, rule := range rules {
		for _, broken := range r.rules {
			if broken.ID == rule.ID && rule.Severity != signatures.Information {
				r.add(broken.Seen, r.endedBy(rule.ID, func(o signatures.Rule) bool { return o.EndsRule(rule) }), platform.KnownFailure{
					Severity: rule.Severity, Rank: 3, Group: rule.Group, Meaning: rule.Meaning, Remedy: rule.Remedy,
				})
			}
		}
		if at, seen := r.ends[rule.ID]; seen && rule.Kind == signatures.RuleSuccess {
			r.digest.Endings = append(r.digest.Endings, platform.LogEnding{ID: rule.ID, Meaning: rule.Meaning, At: at})
		}
	}
	slices.SortStableFunc(r.digest.Known, func(a, b platform.KnownFailure) int {
		return cmp.Or(cmp.Compare(weigh(b.Severity), weigh(a.Severity)), newest(a.Last, b.Last), cmp.Compare(a.ID, b.ID))
	})
	fit(&r.digest)
}

// endedBy are the ids of the rules whose success ends a failure: as they say, or because they end
// whatever stands in this log. A success that stands before it here ends nothing: a clock that was set
// back makes it the later one by its time.
func (r *failureReader) endedBy(id string, ends func(signatures.Rule) bool) []string {
	ids := []string{}
	for _, rule := range r.o.Catalogue.Rules {
		whole := slices.ContainsFunc(rule.Ends, func(what string) bool { return strings.EqualFold(what, "log "+r.log) })
		_, here := r.ends[rule.ID]
		if rule.Kind == signatures.RuleSuccess && (whole || ends(rule)) && (!here || r.after[id][rule.ID]) {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

// add puts a failure that was seen to the digest.
func (r *failureReader) add(seen Seen, by []string, known platform.KnownFailure) {
	known.EndedBy, known.Over = by, seen.Over == seen.Count
	known.ID, known.Count, known.Undated, known.First, known.Last = seen.ID, seen.Count, seen.Undated, seen.First, seen.Last
	known.Lines = make([]platform.LogLine, len(seen.Lines))
	for i, l := range seen.Lines {
		name, notWhole := strings.CutSuffix(l.File, partial)
		if known.Lines[i] = (platform.LogLine{File: name, Number: l.Number, At: l.At, Text: l.fromMatch()}); notWhole {
			known.Lines[i].Number = 0
		}
	}
	r.digest.Known = append(r.digest.Known, known)
}

// fromMatch is the text of a line from shortly before what was found in it: reports have room for its
// begin alone.
func (l Line) fromMatch() string {
	const lead, dots = 80, "... "
	if l.Match <= lead {
		return l.Text
	}
	text := strings.ToValidUTF8(l.Text[l.Match-lead:], "")
	if _, rest, found := strings.Cut(text[:lead], " "); found { // not from the middle of a word
		text = rest + text[lead:]
	}
	return dots + cut(text, MaxLineText-len(dots))
}

// room is what is left free in an answer.
const room = 2 << 10

// fit makes a digest small enough for an answer: failures keep fewer and shorter lines, those that
// matter least before the others; then these are left off, and counted.
func fit(d *platform.FailureLog) {
	size := bytesOf(d)
	shorten := func(lines, text int) {
		for i := range slices.Backward(d.Known) {
			if size <= platform.MaxAnswer-room {
				return
			}
			k := &d.Known[i]
			was := bytesOf(k)
			if len(k.Lines) > lines {
				k.Lines = append(k.Lines[:1:1], k.Lines[len(k.Lines)-lines+1:]...)
			}
			for n := range k.Lines {
				k.Lines[n].Text = cut(k.Lines[n].Text, text)
			}
			size -= was - bytesOf(k)
		}
	}
	shorten(3, MaxLineText)
	shorten(3, 400)
	shorten(1, 400)
	shorten(1, 160)
	for size > platform.MaxAnswer-room && len(d.Known) > 0 {
		last := len(d.Known) - 1
		size -= bytesOf(d.Known[last])
		d.Known = d.Known[:last]
		d.LeftOff++
	}
}

// baseOf is the name of a file without its folder.
func baseOf(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// LogOf is the log of which path is the newest file, of the paths of files in its folder: with its
// older generations, and without files when none of it is there.
func LogOf(path string, paths []string, file func(path string) File) (Log, error) {
	named := Grouped([]string{path}, file)
	if len(named) != 1 || baseOf(path) == "" {
		return Log{}, fmt.Errorf("%q is no path of a log", path)
	}
	for _, log := range Grouped(paths, file) {
		if log.Name == named[0].Name {
			return log, nil
		}
	}
	return Log{Name: named[0].Name}, nil
}
