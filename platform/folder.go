package platform

import (
	"strings"
	"time"
	"unicode"
)

// MaxFolderEntries is how many entries of a folder are looked at.
const MaxFolderEntries = 100_000

// Folder is what the files of a folder add up to whose names fit a pattern. No name is told,
// and folders in the folder are neither counted nor entered.
type Folder struct {
	Files  int64      `json:"files"`  // how many fit
	Bytes  int64      `json:"bytes"`  // of these
	Oldest *time.Time `json:"oldest"` // UTC, when the one was last written that was not written to for longest; null without files
	Newest *time.Time `json:"newest"` // UTC, when one was last written to; null without files
	More   bool       `json:"more"`   // the folder has more than MaxFolderEntries, and the rest was not looked at
}

// ReadFolder asks how many files of a folder fit a NamePattern. A missing folder is ErrAbsent.
func ReadFolder(path, pattern string) Query[Folder] {
	return Query[Folder]{Question{Kind: KindFolder, Where: path, What: pattern}}
}

// NamePattern is a pattern for names of files: one or more alternatives with | between them.
// In each, * stands for any text and ? for one character, or for none at the end of the name,
// as Windows has it. Case does not matter.
type NamePattern struct{ alternatives [][]rune }

// ParseNamePattern reads a pattern. Its errors are ErrMalformed.
func ParseNamePattern(text string) (NamePattern, error) {
	var p NamePattern
	for alternative := range strings.SplitSeq(text, "|") {
		if alternative == "" || strings.ContainsAny(alternative, `\/:"<>`) || strings.ContainsFunc(alternative, unicode.IsControl) {
			return NamePattern{}, Refuse(ErrMalformed, "%q is no pattern for names of files", text)
		}
		p.alternatives = append(p.alternatives, folded(alternative))
	}
	return p, nil
}

// Fits reports whether a name fits one of the alternatives.
func (p NamePattern) Fits(name string) bool {
	runes := folded(name)
	for _, alternative := range p.alternatives {
		if fitsName(alternative, runes) {
			return true
		}
	}
	return false
}

func folded(name string) []rune { return []rune(strings.ToUpper(name)) }

// fitsName tries the shortest text for each star, and comes back to the last star for a longer
// one: an earlier one need not be tried again.
func fitsName(pattern, name []rune) bool {
	at, star, from := 0, -1, 0
	for i := 0; i < len(name); {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			star, from = at, i
			at++
		case at < len(pattern) && (pattern[at] == '?' || pattern[at] == name[i]):
			at++
			i++
		case star >= 0:
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(string(pattern[at:]), "*?") == ""
}
