// Package version compares the four-part versions of Windows files and Microsoft products.
package version

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is up to four numbers; missing parts are zero. It keeps the text that it was read
// from, because 5.00.9128.1000 and 5.0.9128.1000 are equal and yet written differently.
type Version struct {
	parts [4]uint32
	text  string
}

// Parse reads one to four decimal numbers between dots, and nothing beside them: a service
// pack's name or a blank is an error.
func Parse(text string) (Version, error) {
	fields := strings.Split(text, ".")
	v := Version{text: text}
	if len(fields) > len(v.parts) {
		return Version{}, fmt.Errorf("%q is no version: it has more than four parts", text)
	}
	for i, field := range fields {
		n, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return Version{}, fmt.Errorf("%q is no version: %q is no number", text, field)
		}
		v.parts[i] = uint32(n)
	}
	return v, nil
}

// MustParse is Parse for constants of this program; it panics on what Parse refuses.
func MustParse(text string) Version {
	v, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return v
}

// String is the text that was parsed.
func (v Version) String() string { return v.text }

// Compare is -1, 0 or +1 as v is lower than, equal to or higher than w.
func (v Version) Compare(w Version) int { return slices.Compare(v.parts[:], w.parts[:]) }

// Less reports whether v is lower than w.
func (v Version) Less(w Version) bool { return v.Compare(w) < 0 }

// Part is the i-th number, from 0; the build of 5.00.9128.1000 is part 2.
func (v Version) Part(i int) uint32 { return v.parts[i] }
