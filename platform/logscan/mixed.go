package logscan

import (
	"bytes"
	"io"

	"siteready/platform"
)

// errMixed says that a file changes its encoding. Windows PowerShell does so to a file when it
// appends to it.
var errMixed = platform.Refuse(platform.ErrMalformed,
	"it holds text in UTF-16 and text in 8 bits; only one of them was searched. Make a copy in one encoding, and name that")

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

// narrow looks for text of 8 bits in UTF-16: a run of bytes that are all printable ASCII, which no
// text in UTF-16 has for long.
type narrow struct {
	r     io.Reader
	run   int
	found *bool
}

// Read implements io.Reader.
func (n *narrow) Read(p []byte) (int, error) {
	count, err := n.r.Read(p)
	for _, c := range p[:count] {
		if c >= ' ' && c <= '~' || c == '\r' || c == '\n' || c == '\t' {
			n.run++
		} else {
			n.run = 0
		}
		*n.found = *n.found || n.run == minNarrow
	}
	return count, err
}
