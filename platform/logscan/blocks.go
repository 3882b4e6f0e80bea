package logscan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/encoding/unicode"

	"siteready/platform"
	"siteready/platform/logscan/literals"
	"siteready/platform/logscan/signatures"
)

// blocks scans a file, block by block. A block ends with a message; only a line longer than a
// block is looked through in parts.
type blocks struct {
	o    Options
	name string
	told *Scanned
	// buffers are *[]byte of MaxLine, for all files of a scan.
	buffers *sync.Pool
	seen    map[int]*Seen // by the place of the signature

	meant  []bool // for each rule, that it is for logs of this name
	marks  []mark // the newest of each rule
	kept   []int  // how many of each rule there are
	marked []signatures.Mark
	runs   runs
	ended  map[int]mark // by the place of a rule that tells what is over: its newest line

	e       encoding
	found   []literals.Found // of the block, kept for its memory
	lines   int64            // before the block
	long    *longLine        // the line that goes on, when it is longer than a block
	dated   bool             // the time of the first line was looked for
	lastPut []byte           // the end of what was scanned
	tail    tail
	mixed   bool // text in another encoding was met
}

// longLine is what is known of a line that is longer than a block.
type longLine struct {
	winner int // -1 when there is none
	text   string
	number int64
	head   string
}

// source reads a log up to the size that it had.
func (b *blocks) source(ctx context.Context, s Source) error {
	e, err := s.encoding(ctx)
	if err != nil {
		return err
	}
	b.e, b.told.Encoding = e, e.name
	b.told.Read = e.mark
	var r io.Reader = counting{&reading{ctx: ctx, source: s, at: e.mark}, &b.told.Read}
	switch e.name {
	case platform.EncodingUTF16LE:
		r = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(&narrow{r: r, little: true, found: &b.mixed})
	case platform.EncodingUTF16BE:
		r = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(&narrow{r: r, found: &b.mixed})
	}
	// UTF-16 grows by half at most when it is decoded.
	if size := 2*s.Size + nearReach; size < MaxLine {
		err = b.read(r, make([]byte, 0, size))
	} else {
		buffer := b.buffers.Get().(*[]byte)
		err = b.read(r, (*buffer)[:0])
		b.buffers.Put(buffer)
	}
	b.told.Lines = b.lines
	b.tail = b.end()
	b.told.Last = b.tail.line.At
	if err == nil && b.mixed {
		err = errMixed
	}
	return err
}

// read scans a stream of text in blocks as large as a buffer.
func (b *blocks) read(r io.Reader, buffer []byte) error {
	oldMac := false // lines end with CR alone
	for first := true; ; first = false {
		n, err := io.ReadFull(r, buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		final := err != nil
		if first {
			if b.e.name == platform.EncodingBytes && !isText(buffer[:min(n, sniffed)]) {
				return errNoText
			}
			oldMac = bytes.IndexByte(buffer, '\n') < 0 && bytes.IndexByte(buffer, '\r') >= 0
		}
		old := len(buffer) - n
		if bytes.IndexByte(buffer[old:], 0) >= 0 {
			b.mixed = b.mixed || b.e.unit == 1 && holdsWide(buffer[old:])
			buffer = buffer[:old+withoutZeros(buffer[old:])]
		}
		if oldMac {
			replaceAll(buffer[old:], '\r', '\n')
		}
		keep := 0
		if !final {
			keep = held(buffer)
		}
		switch {
		case !final && keep == len(buffer) && len(buffer) < cap(buffer)/2: // most of it was zeros
		case !final && keep == len(buffer): // no line ends in it
			b.part(buffer)
			keep = min(b.o.Catalogue.Longest()-1, len(buffer))
		default:
			b.block(buffer[:len(buffer)-keep])
		}
		b.remember(buffer[:len(buffer)-keep])
		copy(buffer, buffer[len(buffer)-keep:])
		buffer = buffer[:keep]
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// part looks through a part of a line that is longer than a block.
func (b *blocks) part(text []byte) {
	if b.long == nil {
		b.told.Long++
		b.long = &longLine{winner: -1, number: b.lines + 1, head: string(text[:min(len(text), stampLength)])}
	}
	b.found = b.o.Catalogue.Append(b.found[:0], text)
	if len(b.found) == 0 {
		return
	}
	w := b.o.Catalogue.Winner(b.found, string(text))
	if w < 0 || b.long.winner >= 0 && !b.o.Catalogue.Before(w, b.long.winner) {
		return
	}
	b.long.winner, b.long.text = w, b.e.around(text, placeOf(b.found, w), MaxLineText)
}

// placeOf is where the key of a signature stands, of those that were found.
func placeOf(found []literals.Found, signature int) int {
	i := slices.IndexFunc(found, func(f literals.Found) bool { return f.Literal == signature })
	return found[i].At
}

// block looks through whole messages. The first line may be the end of a long one.
func (b *blocks) block(text []byte) {
	begin := 0
	if b.long != nil {
		l := lineAt(text, 0)
		b.part(text[:l.to])
		b.endLong(text[:l.to])
		begin = min(l.to+1, len(text))
		b.lines++
		if begin == len(text) {
			return
		}
	}
	b.firstTime(text[begin:])
	b.found = b.o.Catalogue.Append(b.found[:0], text)
	counted, until := begin, begin
	times, all := stamps{block: text, local: b.o.Local}, newMessages(text)
	for i := 0; i < len(b.found); i++ {
		if b.found[i].At < until {
			continue
		}
		m := all.at(b.found[i].At)
		m.from = max(m.from, begin)
		of := i
		for i+1 < len(b.found) && b.found[i+1].At < m.to {
			i++
		}
		body := bodyOf(text, m)
		inside := within(b.found[of:i+1], body)
		until = m.to
		message := string(text[body.from:body.to])
		w := b.o.Catalogue.Winner(inside, message)
		b.marked = b.o.Catalogue.Marks(b.marked[:0], inside, message, body.from, b.meantFor(text[m.from:m.to]))
		if w >= 0 || len(b.marked) > 0 {
			b.lines += int64(bytes.Count(text[counted:m.from], []byte{'\n'}))
			counted = m.from
			written := times.at(m)
			if w >= 0 {
				l := Line{File: b.name, Number: b.lines + 1, Text: message, raw: true}
				if len(message) > MaxLineText {
					l.Text, l.raw = b.e.around(text[body.from:body.to], placeOf(inside, w)-body.from, MaxLineText), false
				}
				b.put(w, l, written)
			}
			b.note(text[m.from:m.to], message, written)
		}
	}
	b.lines += int64(bytes.Count(text[counted:], []byte{'\n'}))
	if len(text) > 0 && text[len(text)-1] != '\n' { // the last line of the file has no end
		b.lines++
	}
}

// within are those that stand in a part of a block.
func within(found []literals.Found, body span) []literals.Found {
	for len(found) > 0 && found[0].At < body.from {
		found = found[1:]
	}
	for len(found) > 0 && found[len(found)-1].At >= body.to {
		found = found[:len(found)-1]
	}
	return found
}

// bodyOf is a message without its frame: names in the frame are no failures.
func bodyOf(block []byte, m span) span {
	text := block[m.from:m.to]
	if begin := clientFrame(text); begin >= 0 {
		to := len(text)
		if end := bytes.Index(text, []byte(clientEnd)); end >= 0 {
			to = end
		}
		return span{m.from + begin + len(clientBegin), m.from + to}
	}
	if end := bytes.LastIndex(text, []byte("$$<")); end >= 0 {
		return span{m.from, m.from + end}
	}
	return m
}

// around is a message as evidence, cut around a place in it when it is longer than so many bytes.
// Secrets are looked for in more than what is kept, because half of one is not known for what it is.
func (e encoding) around(message []byte, at, length int) string {
	if len(message) <= length {
		return e.evidence(message, length)
	}
	from := max(0, min(at-length/5, len(message)-length))
	lead := e.evidence(message[max(0, from-nearReach):at], 2*nearReach)
	text := e.evidence(message[max(0, from-nearReach):min(len(message), from+length+nearReach)], 4*nearReach)
	begin := min(max(0, len(lead)-(at-from)), len(text))
	return cut(strings.ToValidUTF8(text[begin:], ""), length)
}

// evidence is a part of a log as it may be shown, cut when it is longer than so many bytes.
func (e encoding) evidence(raw []byte, length int) string {
	return cut(platform.HideSecrets(strings.Trim(e.decode(raw).text, " \t\r\n~")), length)
}

// shown is a line as evidence of so many bytes, with the place of what was looked for.
func (e encoding) shown(l Line, length int) Line {
	if l.raw {
		l.Text, l.raw = e.evidence([]byte(l.Text), length), false
	}
	if l.looked != "" {
		l.Match, l.looked = max(0, placeIn(l.Text, l.looked)), ""
	}
	return l
}

// placeIn is where one text stands in another, whatever the case of ASCII letters is; -1 when it
// does not.
func placeIn(text, looked string) int {
	small := func(text string) string {
		raw := []byte(text)
		for i, c := range raw {
			if 'A' <= c && c <= 'Z' {
				raw[i] += 'a' - 'A'
			}
		}
		return string(raw)
	}
	return strings.Index(small(text), small(looked))
}

// show makes evidence of the lines that were kept. Most that are seen are not, so that waits until
// the end.
func (b *blocks) show() {
	for signature, seen := range b.seen {
		for i, l := range seen.Lines {
			l.looked = b.o.Catalogue.All[signature].Key()
			seen.Lines[i] = b.e.shown(l, MaxLineText)
		}
	}
}

// put counts a message, if its time is within the limits.
func (b *blocks) put(signature int, l Line, s stamp) {
	if s.ok {
		if !b.o.Since.IsZero() && s.at.Before(b.o.Since) || !b.o.Until.IsZero() && s.at.After(b.o.Until) {
			return
		}
		l.At, l.Zoned, l.Offset = &s.at, s.zoned, s.offset
	}
	seen := b.seen[signature]
	if seen == nil {
		seen = &Seen{ID: b.o.Catalogue.All[signature].ID}
		b.seen[signature] = seen
	}
	seen.add(l)
}

// meantFor says which rules are for this log, or for the component of a message.
func (b *blocks) meantFor(whole []byte) func(rule int) bool {
	component, known := "", false
	return func(rule int) bool {
		if b.meant[rule] {
			return true
		}
		wanted := b.o.Catalogue.Rules[rule].Component
		if wanted != "" && !known {
			component, known = componentOf(string(trimmed(whole))), true
		}
		return wanted != "" && strings.EqualFold(wanted, component)
	}
}

// note remembers the texts of rules in a message; whole is the message with its frame.
func (b *blocks) note(whole []byte, message string, written stamp) {
	if len(b.marked) == 0 {
		return
	}
	begin := strings.Clone(message[:min(len(message), maxMarkRaw)])
	line := func(found signatures.Mark) Line {
		l := Line{File: b.name, Number: b.lines + 1, Text: begin, looked: found.Text, raw: true}
		if found.At+len(found.Text) > maxMarkText { // the begin does not show it
			l.Text, l.raw = b.e.around([]byte(message), found.At, maxMarkText), false
		}
		if written.ok {
			l.At, l.Zoned, l.Offset = &written.at, written.zoned, written.offset
		}
		return l
	}
	thread := strings.Clone(cut(threadOf(string(trimmed(whole))), maxMarkKey))
	begins := func(found signatures.Mark) bool {
		return b.o.Catalogue.Rules[found.Rule].Kind == signatures.RuleRun && found.Role == signatures.Begin
	}
	// A message that begins a run belongs to it, and one that ends a run belongs to that.
	for _, found := range b.marked {
		if begins(found) {
			b.over(found, mark{rule: found.Rule, role: found.Role, line: line(found), e: b.e})
		}
	}
	for _, found := range b.marked {
		r, behind := b.o.Catalogue.Rules[found.Rule], firstWord(found.Behind)
		if !r.Judges() || r.Kind == signatures.RuleNumber && !isFailure(behind) {
			continue
		}
		b.forget(found.Rule)
		b.marks = append(b.marks, mark{rule: found.Rule, role: found.Role, behind: behind, thread: thread, line: line(found), e: b.e})
	}
	for _, found := range b.marked {
		if !b.o.Catalogue.Rules[found.Rule].Judges() && !begins(found) {
			b.over(found, mark{rule: found.Rule, role: found.Role, line: line(found), e: b.e})
		}
	}
}

// forget drops the oldest marks of a rule when there are many: they are history. A rule whose texts
// come often must not make another forget.
func (b *blocks) forget(rule int) {
	if b.kept == nil {
		b.kept = make([]int, len(b.o.Catalogue.Rules))
	}
	if b.kept[rule]++; b.kept[rule] <= 2*maxMarks {
		return
	}
	left, before := 0, 0 // of the marks before the last end of a run
	dropped := 0
	for i, m := range b.marks {
		if m.rule == rule && dropped < maxMarks {
			dropped++
			if i < b.runs.marks {
				before++
			}
			continue
		}
		b.marks[left] = m
		left++
	}
	clear(b.marks[left:]) // their texts need not be kept
	b.marks = b.marks[:left]
	b.kept[rule] -= dropped
	b.runs.marks -= before
}

// count is how many marks of each rule there are, after some were dropped.
func (b *blocks) count() {
	clear(b.kept)
	for _, m := range b.marks {
		b.kept[m.rule]++
	}
}

// firstWord is the first word of a text, without what ends it.
func firstWord(text string) string {
	text = strings.TrimLeft(cut(text, maxMarkKey), " \t:'\"")
	if end := strings.IndexAny(text, " \t,;~'\""); end >= 0 {
		text = text[:end]
	}
	return strings.Clone(text) // the message need not be kept for it
}

// endLong counts a long line, of which end is the end.
func (b *blocks) endLong(end []byte) {
	l := b.long
	b.long = nil
	if l.winner < 0 {
		return
	}
	s := stampOf(string(trimmed(end[max(0, len(end)-nearReach):])), b.o.Local)
	if !s.ok {
		if _, attributes, found := strings.Cut(string(trimmed(end[max(0, len(end)-nearReach):])), clientEnd); found {
			s = stampOf(clientBegin+clientEnd+attributes, b.o.Local)
		}
	}
	if !s.ok {
		s = stampOf(l.head, b.o.Local)
	}
	b.put(l.winner, Line{File: b.name, Number: l.number, Text: l.text}, s)
}

// firstTime looks for the time of the file's first line in its first block.
func (b *blocks) firstTime(text []byte) {
	if b.dated || len(text) == 0 {
		return
	}
	b.dated = true
	if s := (&stamps{block: text, local: b.o.Local}).at(lineAt(text, 0)); s.ok {
		b.told.First = &s.at
	}
}

// remember keeps the end of what was scanned.
func (b *blocks) remember(text []byte) {
	if len(text) > 0 {
		b.lastPut = append(b.lastPut[:0], text[max(0, len(text)-nearReach):]...)
	}
}

// end is the last message of the file, with the time of the last line that tells one.
func (b *blocks) end() tail {
	text := trimmed(b.lastPut)
	m := newMessages(text).at(max(0, len(text)-1))
	body := bodyOf(text, m)
	t := tail{text: string(text[body.from:body.to]), e: b.e}
	t.line = Line{File: b.name, Number: b.lines}
	times := &stamps{block: text, local: b.o.Local}
	s := times.at(m)
	if !s.ok {
		s = times.before(m)
	}
	if s.ok {
		t.line.At, t.line.Zoned, t.line.Offset = &s.at, s.zoned, s.offset
	}
	return t
}
