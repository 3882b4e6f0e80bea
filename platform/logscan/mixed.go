package logscan

import (
	"bytes"
	"io"

	"siteready/platform"
)

// errMixed says that a file changes its encoding. Windows PowerShell does so to a file when it
// appends to it.
var errMixed = platform.Refuse(platform.ErrMalformed,
	"it holds text in more than one encoding, of which only one was searched: UTF-16 and 8 bits, or UTF-16 whose bytes are out of step. Make a copy in one encoding, and name that")

// How long a run of one encoding within the other must be to be text and no damage.
const (
	minWide   = 16 // characters
	minNarrow = 64 // bytes
)

// holdsWide says that there is UTF-16 in text of 8 bits: every other byte is a zero. A hole of zeros,
// as a crash leaves it, is none.
func holdsWide(text []byte) bool {
	for at, run, last := 0, 0, -1; ; {
		next := bytes.IndexByte(text[at:], 0)
		if next < 0 {
			return false
		}
		at += next
		if at == last+2 {
			run++
		} else {
			run = 1
		}
		if run == minWide {
			return true
		}
		last = at
		at++
	}
}

// narrow looks in UTF-16 for text that is none: for a run of bytes that are all printable ASCII, as in
// text of 8 bits, and for a run of characters whose two bytes are the other way round, as behind a
// byte that is lost or too much. No text in UTF-16 has either for long.
type narrow struct {
	r      io.Reader
	little bool // the smaller byte of a character comes first
	found  *bool

	run     int  // bytes of printable ASCII
	swapped int  // characters that are the other way round
	half    bool // the first byte of a character was read
	first   byte
}

// Read implements io.Reader.
func (n *narrow) Read(p []byte) (int, error) {
	count, err := n.r.Read(p)
	for _, c := range p[:count] {
		if isASCII(c) {
			n.run++
		} else {
			n.run = 0
		}
		if n.half = !n.half; n.half {
			n.first = c
			continue
		}
		zero, letter := n.first, c
		if !n.little {
			zero, letter = c, n.first
		}
		if zero == 0 && isASCII(letter) {
			n.swapped++
		} else {
			n.swapped = 0
		}
		*n.found = *n.found || n.run >= minNarrow || n.swapped >= minWide
	}
	return count, err
}

func isASCII(c byte) bool { return c >= ' ' && c <= '~' || c == '\r' || c == '\n' || c == '\t' }

// withoutZeros takes zeros out of text, which a crash leaves there: they would part what is looked
// for. It returns how long the text is then.
func withoutZeros(text []byte) int {
	left := bytes.IndexByte(text, 0)
	if left < 0 {
		return len(text)
	}
	for _, c := range text[left:] {
		if c != 0 {
			text[left] = c
			left++
		}
	}
	return left
}
