package recording

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sort says what a name names; it is also the word that its pseudonym begins with.
type sort string

const (
	hostName     sort = "host"
	domainName   sort = "domain" // NetBIOS name, or the first label of a DNS domain
	userName     sort = "user"
	databaseName sort = "database"
	instanceName sort = "instance"
	siteCode     sort = "s" // with two digits it has the three places of a site code
	otherName    sort = "name"
)

// names are the originals that were found, and their pseudonyms.
type names struct {
	known      map[string]string // original in lower case, its pseudonym
	sorts      map[string]sort   // of those that were numbered
	others     map[string]string // what is found by its form alone, such as addresses, and its pseudonym
	counts     map[sort]int
	makers     map[string]bool   // hosts that this program names itself, in lower case
	vocabulary map[string]bool   // words of the product and of this program, in lower case
	everyones  map[string]bool   // names, in lower case, of what every Windows has
	coded      map[string]string // what the product makes of a site code, and the code's pseudonym
	corpus     string            // all that is there, in lower case: no pseudonym may be in it
	patterns   []pattern         // what text is searched for, longest first; made by seal
}

// pattern is an original as text is searched for it.
type pattern struct {
	original  string // in lower case
	pseudonym string
	keep      int  // bytes at its begin that stay as they are
	inside    bool // also inside of words
}

// insideLength is the least length at which a name is also looked for inside of words: a
// shorter one is found in words that have nothing to do with it.
const insideLength = 6

// codeLength is the length of a site code.
const codeLength = 3

// pseudonym numbers a name when it is new, and returns its pseudonym. What everybody has is
// kept.
func (n *names) pseudonym(s sort, name string) string {
	key := strings.ToLower(strings.TrimSpace(name))
	if key == "" || wellKnown[key] {
		return name
	}
	if _, found := n.known[key]; !found {
		pseudonym := n.next(s, "%s%02d")
		if s == instanceName && strings.Contains(name, "$") { // which is judged of an instance, and must not be lost
			pseudonym += "$"
		}
		n.known[key], n.sorts[key] = pseudonym, s
	}
	return n.known[key]
}

// next numbers the names of a sort from 1. It passes over what is in the file already.
func (n *names) next(s sort, form string) string {
	for {
		n.counts[s]++
		if pseudonym := fmt.Sprintf(form, s, n.counts[s]); !strings.Contains(n.corpus, pseudonym) {
			return pseudonym
		}
	}
}

// compound takes over a name that is made of others, such as host.domain, DOMAIN\user or
// \\host. As it can be taken for nothing else it is replaced even where one of its parts is
// also a common word.
func (n *names) compound(original, pseudonym string) {
	if key := strings.ToLower(original); n.known[key] == "" {
		n.known[key] = pseudonym
	}
}

// common reports whether a name is a word that stands in texts for something else: it is
// then replaced only where a name must stand.
func (n *names) common(key string) bool {
	_, numbered := n.sorts[key]
	return numbered && (n.vocabulary[key] || genericLabels[key] || len(key) < 3 || !strings.ContainsFunc(key, unicode.IsLetter))
}

// seal makes the patterns, after the last name was found.
func (n *names) seal() {
	for key, pseudonym := range n.known {
		if n.common(key) {
			continue
		}
		inside := len(key) >= insideLength
		for word := range n.vocabulary {
			inside = inside && !strings.Contains(word, key)
		}
		n.patterns = append(n.patterns, pattern{original: key, pseudonym: pseudonym, inside: inside})
	}
	for key, pseudonym := range n.coded {
		n.patterns = append(n.patterns, pattern{original: key, pseudonym: pseudonym, keep: len(key) - codeLength})
	}
	slices.SortFunc(n.patterns, func(a, b pattern) int {
		if len(a.original) != len(b.original) {
			return len(b.original) - len(a.original)
		}
		return cmp.Or(strings.Compare(a.original, b.original), b.keep-a.keep) // what keeps most of it first
	})
}

// whole replaces what stands where only a name can stand.
func (n *names) whole(text string) string {
	if pseudonym, found := n.known[strings.ToLower(strings.TrimSpace(text))]; found {
		return styled(pseudonym, text)
	}
	return n.text(text)
}

// text replaces all names in a text, and the addresses and SIDs.
func (n *names) text(text string) string {
	var b strings.Builder
	for at := 0; at < len(text); {
		starts := at == 0 || !wordBefore(text[:at])
		matched := false
		for _, p := range n.patterns {
			if !starts && !p.inside {
				continue
			}
			length := startsWith(text[at:], p.original)
			if length < 0 {
				continue
			}
			end := at + length
			if !p.inside && wordAfter(p.original, text[end:]) {
				continue
			}
			b.WriteString(text[at:at+p.keep] + styled(p.pseudonym, text[at+p.keep:end]))
			at, matched = end, true
			break
		}
		if !matched {
			_, size := utf8.DecodeRuneInString(text[at:])
			b.WriteString(text[at : at+size])
			at += size
		}
	}
	return n.addresses(b.String())
}

// startsWith tells how many bytes of text are name, which is in lower case; -1 when it does not
// begin with it. A letter and its small one can have different lengths.
func startsWith(text, name string) int {
	at := 0
	for _, want := range name {
		r, size := utf8.DecodeRuneInString(text[at:])
		if size == 0 || r != want && unicode.ToLower(r) != want {
			return -1
		}
		at += size
	}
	return at
}

// styled writes a pseudonym in capitals where the original was, each part of DOMAIN\user,
// user@domain and host.domain on its own: a check may put one together from its parts.
func styled(pseudonym, original string) string {
	for _, separator := range []string{`\`, "@", "."} {
		left, right, composed := strings.Cut(pseudonym, separator)
		before, after, alike := strings.Cut(original, separator)
		if composed && alike {
			return styled(left, before) + separator + styled(right, after)
		}
	}
	letters := strings.ContainsFunc(original, unicode.IsLetter)
	if letters && strings.ToUpper(original) == original || !letters && len(original) == codeLength {
		return strings.ToUpper(pseudonym)
	}
	return pseudonym
}

// wordBefore reports whether text ends within a word.
func wordBefore(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// wordAfter reports whether what follows continues the word in which the original ends.
func wordAfter(original, text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return wordBefore(original) && text != "" && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
