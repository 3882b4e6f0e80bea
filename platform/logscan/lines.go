package logscan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"siteready/platform"
)

// MaxLine is how many bytes of a line are looked at, in UTF-8. The rest is passed over.
const MaxLine = 1 << 20

// sniffed is how many bytes at the begin of a log tell its encoding.
const sniffed = 4 << 10

// encoding is how a log is written.
type encoding struct {
	name string
	mark int64 // bytes of the mark at the begin
	unit int64 // bytes of the smallest unit
	page *charmap.Charmap
}

// encoding looks for a mark, then for the zeros of UTF-16.
func (s Source) encoding(ctx context.Context) (encoding, error) {
	head := make([]byte, min(sniffed, s.Size))
	n, err := s.Data.ReadAt(head, 0)
	switch {
	case n == len(head):
	case err == nil || errors.Is(err, io.EOF):
		return encoding{}, s.refused(ctx, errCut)
	default:
		return encoding{}, s.refused(ctx, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		return encoding{name: platform.EncodingUTF8, mark: 3, unit: 1}, nil
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return encoding{name: platform.EncodingUTF16LE, mark: 2, unit: 2}, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return encoding{name: platform.EncodingUTF16BE, mark: 2, unit: 2}, nil
	}
	var zeros [2]int // at even and at odd places
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	// Names and messages may have other letters, but most of a log is in English.
	switch most, few := len(head)/2*7/10, len(head)/2/10; {
	case len(head) >= 4 && zeros[1] >= most && zeros[0] <= few:
		return encoding{name: platform.EncodingUTF16LE, unit: 2}, nil
	case len(head) >= 4 && zeros[0] >= most && zeros[1] <= few:
		return encoding{name: platform.EncodingUTF16BE, unit: 2}, nil
	}
	return encoding{name: platform.EncodingBytes, unit: 1, page: codePage(s.CodePage)}, nil
}

// errNoText says that a file is none that can be searched.
var errNoText = platform.Refuse(platform.ErrMalformed, "it is no text in an encoding that is known here: UTF-8, UTF-16 or a code page of Windows")

// isText says whether the begin of a file without a mark of its encoding can be that of a log: it
// has few characters that no text has. Zeros in one piece are what a crash leaves of a block that
// was never written; zeros in many are UTF-32, or no text.
func isText(head []byte) bool {
	odd, holes := 0, 0
	for i, c := range head {
		switch {
		case c == 0 && (i == 0 || head[i-1] != 0):
			holes++
		case c == 0 || c >= ' ' && c != 0x7F || c >= '\b' && c <= '\r' || c == 0x1A || c == 0x1B:
		default:
			odd++
		}
	}
	return odd <= len(head)/50+2 && holes <= len(head)/128+1
}

// replaceAll puts one byte in the place of another.
func replaceAll(text []byte, old, with byte) {
	for i := bytes.IndexByte(text, old); i >= 0; {
		text[i] = with
		next := bytes.IndexByte(text[i:], old)
		if next < 0 {
			return
		}
		i += next
	}
}

// codePage is the character map of one of Windows' code pages with one byte for each character,
// nil for all others.
func codePage(number uint32) *charmap.Charmap {
	switch number {
	case 874:
		return charmap.Windows874
	case 1250:
		return charmap.Windows1250
	case 1251:
		return charmap.Windows1251
	case 1252:
		return charmap.Windows1252
	case 1253:
		return charmap.Windows1253
	case 1254:
		return charmap.Windows1254
	case 1255:
		return charmap.Windows1255
	case 1256:
		return charmap.Windows1256
	case 1257:
		return charmap.Windows1257
	case 1258:
		return charmap.Windows1258
	}
	return nil
}

// line is one line of a log.
type line struct {
	text string // without its end and without zeros
	// damaged says that some of it could not be decoded, or that it is longer than MaxLine.
	damaged bool
	// open says that the log ends before the line does: more of it may be on its way.
	open bool
}

// lines gives f the lines of the log from a place on. Where the place is not the begin, the line
// in which it lies is left out. Empty lines are, too.
func (s Source) lines(ctx context.Context, e encoding, from int64, f func(line)) error {
	var r io.Reader = &reading{ctx: ctx, source: s, at: from}
	switch e.name {
	case platform.EncodingUTF16LE:
		r = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case platform.EncodingUTF16BE:
		r = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	}
	cut := from > e.mark
	sp := splitter{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 64<<10), MaxLine+1)
	scanner.Split(sp.split)
	for scanner.Scan() {
		if cut { // the place lies somewhere in this line
			cut = false
			continue
		}
		l := e.decode(scanner.Bytes())
		l.damaged = l.damaged || sp.long
		l.open = sp.open
		if strings.TrimSpace(l.text) != "" || l.damaged {
			f(l)
		}
	}
	return scanner.Err()
}

// decode makes text of a line in bytes.
func (e encoding) decode(raw []byte) line {
	if bytes.IndexByte(raw, 0) >= 0 { // what a crash leaves of a block that was never written
		raw = bytes.ReplaceAll(raw, []byte{0}, nil)
	}
	if utf8.Valid(raw) {
		text := string(raw)
		return line{text: text, damaged: strings.ContainsRune(text, utf8.RuneError)}
	}
	if e.name != platform.EncodingBytes || e.page == nil {
		return line{text: strings.ToValidUTF8(string(raw), string(utf8.RuneError)), damaged: true}
	}
	text, err := e.page.NewDecoder().String(string(raw))
	return line{text: text, damaged: err != nil || strings.ContainsRune(text, utf8.RuneError)}
}

// splitter splits a stream at CR, LF and both.
type splitter struct {
	skipping bool // within a line that is too long
	long     bool // the line that was returned last is
	open     bool // the line that was returned last has no end
}

// split implements bufio.SplitFunc.
func (s *splitter) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		end = len(data)
	}
	if cr := bytes.IndexByte(data[:end], '\r'); cr >= 0 {
		end = cr
	}
	found := end < len(data)
	switch {
	case s.skipping && found:
		s.skipping = false
		return end + 1, nil, nil
	case s.skipping:
		return len(data), nil, nil
	case found:
		s.long, s.open = false, false
		return end + 1, data[:end], nil
	case len(data) >= MaxLine:
		s.skipping, s.long, s.open = true, true, false
		return len(data), data, nil
	case atEOF && len(data) > 0:
		s.long, s.open = false, true
		return len(data), data, nil
	}
	return 0, nil, nil
}

// reading reads a source up to the size that it had, while its time lasts.
type reading struct {
	ctx    context.Context
	source Source
	at     int64
}

// Read implements io.Reader.
func (r *reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	left := r.source.Size - r.at
	if left <= 0 {
		return 0, io.EOF
	}
	n, err := r.source.Data.ReadAt(p[:min(int64(len(p)), left)], r.at)
	r.at += int64(n)
	switch {
	case n > 0: // an error comes again
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return 0, errCut
	}
	return 0, err
}
