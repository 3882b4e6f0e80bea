// Package literals finds many fixed texts at once in raw bytes, without regard to the case of
// ASCII letters.
//
// It is a Wu-Manber search: of each literal one window is looked for, all windows are of the
// shortest literal's length, and a table says for each run of four bytes how far the next window
// can be. Logs seldom hold such a run, so most bytes are never looked at. Four cursors walk
// through four parts of a block, so that the processor need not wait for the table.
package literals

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MinLength is the shortest literal that Compile takes, in bytes. A short one slows the search for
// all.
const MinLength = 6

const (
	gram     = 4  // bytes that the table is asked for at once
	maxShift = 31 // windows longer than this plus gram gain nothing
	lanes    = 4
	hashBits = 15

	maxLiterals = 10_000 // their numbers must fit in the table
	fold        = 0x20202020
)

// Set is a set of literals, ready to be searched for. It may be used by many goroutines at once.
type Set struct {
	literals [][]byte // folded
	window   int      // bytes of each window
	shift    [1 << hashBits]uint8
	at       [1 << hashBits]uint16 // by the hash of a window's last gram, where in buckets it is
	buckets  [][]place             // the first is empty
}

// place is a window: the literal, where in it the window ends, and the eight bytes before that,
// as far as mask says, each with the bit that small letters have.
type place struct {
	literal, end int
	tail, mask   uint64
}

// Found is a literal at a place: its number, as Compile got it, and its first byte.
type Found struct{ Literal, At int }

// Compile makes a set. Each literal is at least MinLength bytes of printable ASCII; the error
// names one that is not.
func Compile(all []string) (*Set, error) {
	s := &Set{buckets: [][]place{nil}}
	for _, text := range all {
		if len(text) < MinLength {
			return nil, fmt.Errorf("the literal %q has %d bytes: at least %d are needed", text, len(text), MinLength)
		}
		folded := make([]byte, len(text))
		for i := range len(text) {
			if text[i] < ' ' || text[i] > '~' {
				return nil, fmt.Errorf("the literal %q holds byte %#02x: only printable ASCII can be looked for", text, text[i])
			}
			folded[i] = lower(text[i])
		}
		s.literals = append(s.literals, folded)
	}
	if len(s.literals) > maxLiterals {
		return nil, fmt.Errorf("there are %d literals to look for: at most %d can be", len(s.literals), maxLiterals)
	}
	if len(s.literals) == 0 {
		return nil, errors.New("there is no literal to look for")
	}
	s.window = gram + maxShift - 1
	for _, l := range s.literals {
		s.window = min(s.window, len(l))
	}
	for i := range s.shift {
		s.shift[i] = uint8(s.window - gram + 1)
	}
	for i, l := range s.literals {
		end := s.quietest(l)
		for at := end - s.window; at+gram <= end; at++ {
			h := hash(binary.LittleEndian.Uint32(l[at:]))
			s.shift[h] = min(s.shift[h], uint8(end-gram-at))
		}
		s.put(i, end)
	}
	return s, nil
}

// put adds a window.
func (s *Set) put(literal, end int) {
	l := s.literals[literal]
	h := hash(binary.LittleEndian.Uint32(l[end-gram:]))
	if s.at[h] == 0 {
		s.at[h] = uint16(len(s.buckets))
		s.buckets = append(s.buckets, nil)
	}
	p := place{literal: literal, end: end}
	for i := range min(end, 8) {
		p.tail |= uint64(l[end-1-i]|0x20) << (56 - 8*i)
		p.mask |= 0xFF << (56 - 8*i)
	}
	s.buckets[s.at[h]] = append(s.buckets[s.at[h]], p)
}

// quietest is the end of the window of a literal that adds least to the tables: the fewest runs
// that no other literal has brought, then the fewest others at the same end.
func (s *Set) quietest(l []byte) int {
	best, least := s.window, 1<<30
	for end := s.window; end <= len(l); end++ {
		cost := 4 * len(s.buckets[s.at[hash(binary.LittleEndian.Uint32(l[end-gram:]))]])
		for at := end - s.window; at+gram <= end; at++ {
			if int(s.shift[hash(binary.LittleEndian.Uint32(l[at:]))]) > end-gram-at {
				cost += s.window - (end - gram - at)
			}
		}
		if cost < least {
			best, least = end, cost
		}
	}
	return best
}

// hash is the place of four bytes in the table. Letters of both cases have the same, and some
// other bytes too: each candidate is compared.
func hash(four uint32) uint32 { return (four | fold) * 0x9E3779B1 >> (32 - hashBits) }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Append appends to found all literals in text, in the order of their places.
func (s *Set) Append(found []Found, text []byte) []Found {
	first := len(found)
	length := len(text)
	if length < s.window {
		return found
	}
	// at is where the gram that ends a window begins. Each lane owns the windows that end in it.
	var at, until [lanes]int
	begin, steps := s.window-gram, length-s.window+1
	for i := range lanes {
		at[i] = begin + steps*i/lanes
		until[i] = begin + steps*(i+1)/lanes
	}
	a, b, c, d := at[0], at[1], at[2], at[3]
	for a < until[0] && b < until[1] && c < until[2] && d < until[3] {
		sa := int(s.shift[hash(binary.LittleEndian.Uint32(text[a:]))])
		sb := int(s.shift[hash(binary.LittleEndian.Uint32(text[b:]))])
		sc := int(s.shift[hash(binary.LittleEndian.Uint32(text[c:]))])
		sd := int(s.shift[hash(binary.LittleEndian.Uint32(text[d:]))])
		if sa == 0 {
			found, sa = s.verify(found, text, a), 1
		}
		if sb == 0 {
			found, sb = s.verify(found, text, b), 1
		}
		if sc == 0 {
			found, sc = s.verify(found, text, c), 1
		}
		if sd == 0 {
			found, sd = s.verify(found, text, d), 1
		}
		a, b, c, d = a+sa, b+sb, c+sc, d+sd
	}
	for i, p := range [lanes]int{a, b, c, d} {
		for p < until[i] {
			step := int(s.shift[hash(binary.LittleEndian.Uint32(text[p:]))])
			if step == 0 {
				found, step = s.verify(found, text, p), 1
			}
			p += step
		}
	}
	slices.SortFunc(found[first:], func(x, y Found) int { return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Literal, y.Literal)) })
	return found
}

// verify compares the literals whose window ends with the gram at a place.
func (s *Set) verify(found []Found, text []byte, at int) []Found {
	var before uint64 // the eight bytes up to the end of the window
	if at+gram >= 8 {
		before = binary.LittleEndian.Uint64(text[at+gram-8:]) | fold<<32 | fold
	} else {
		for i := range at + gram {
			before |= uint64(text[at+gram-1-i]|0x20) << (56 - 8*i)
		}
	}
	bucket := s.buckets[s.at[hash(binary.LittleEndian.Uint32(text[at:]))]]
	for i := range bucket {
		p := &bucket[i]
		if before&p.mask != p.tail {
			continue
		}
		from := at + gram - p.end
		l := s.literals[p.literal]
		if from >= 0 && from+len(l) <= len(text) && equal(text[from:from+len(l)], l) {
			found = append(found, Found{p.literal, from})
		}
	}
	return found
}

func equal(text, folded []byte) bool {
	for i, c := range folded {
		if lower(text[i]) != c {
			return false
		}
	}
	return true
}

// Longest is the length of the longest literal in bytes.
func (s *Set) Longest() int {
	longest := 0
	for _, l := range s.literals {
		longest = max(longest, len(l))
	}
	return longest
}
