// Package signatures is the catalogue of known failures in the logs of Configuration Manager,
// Service Manager, SQL Server and Windows: what stands in a line, what it means, and what to do.
//
// The catalogue is data, one file for each area in the folder data. Meanings and remedies are in
// words of its own; what stands in a line is literal.
package signatures

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"siteready/platform/logscan/literals"
)

//go:embed data/*.yaml
var data embed.FS

// Signature is one known failure, as it stands in a line.
type Signature struct {
	ID        string `yaml:"id"`        // permanent
	Product   string `yaml:"product"`   // CM, SM, SQL, WIN or MSI; empty is CM
	Log       string `yaml:"log"`       // the names of the logs that it is meant for; it counts in others too
	Component string `yaml:"component"` // that writes it; empty is any
	Stage     string `yaml:"stage"`     // of an update, in which it stands
	// Literal is the fixed part of the message; And must stand in the same message, and Not must
	// not. The case of letters does not count, nor how many blanks there are in And and Not.
	Literal string `yaml:"literal"`
	And     string `yaml:"and"`
	Not     string `yaml:"not"`
	// Channel, Provider and Event name an event of Windows. Its text alone does not count: in a
	// log, the provider and the number must stand in the line.
	Channel  string `yaml:"channel"`
	Provider string `yaml:"provider"`
	Event    int    `yaml:"event"`

	Severity string `yaml:"severity"` // failure, warning or information
	Rank     int    `yaml:"rank"`     // 3 names the cause, 2 the step that failed, 1 is a bare code or a summary
	Group    string `yaml:"group"`    // what has the same cause is told together
	Meaning  string `yaml:"meaning"`
	Remedy   string `yaml:"remedy"`
	Source   string `yaml:"source"`
	Origin   string `yaml:"origin"` // community, or empty when the fragment is from an official page
	Normal   string `yaml:"normal"` // when it is also seen without a fault; empty is never
}

// The severities, and the stages of an update.
const (
	Failure     = "failure"
	Warning     = "warning"
	Information = "information"
)

// Stages are those that a signature may name.
func Stages() []string {
	return []string{
		"synchronization", "applicability", "download", "replication", "prerequisite", "installation",
		"post-installation", "setup", "backup", "service-start", "any",
	}
}

// Catalogue is a set of signatures, ready to be looked for. It may be used by many goroutines at
// once.
type Catalogue struct {
	All     []Signature
	Rules   []Rule
	Version string // changes with each change of a signature or a rule
	texts   []text
	set     *literals.Set
}

// Known is the catalogue that is built in, with signatures of the user's own behind it.
func Known(own ...Signature) (*Catalogue, error) { return KnownWithin(nil, own...) }

// KnownWithin is Known with other limits of rules. Its error names each signature and each limit
// that is wrong, and why.
func KnownWithin(limits []Limit, own ...Signature) (*Catalogue, error) {
	entries, err := data.ReadDir("data")
	if err != nil {
		return nil, err
	}
	var all []Signature
	for _, entry := range entries { // in the order of their names
		raw, err := data.ReadFile(path.Join("data", entry.Name()))
		if err != nil {
			return nil, err
		}
		some, err := Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("the signatures in %s: %w", entry.Name(), err)
		}
		all = append(all, some...)
	}
	rules, err := KnownRules()
	if err != nil {
		return nil, fmt.Errorf("the rules over several lines: %w", err)
	}
	if err := limit(rules, limits); err != nil {
		return nil, err
	}
	return New(append(all, own...), rules)
}

// Parse reads a file of signatures. A key that is not known is an error.
func Parse(raw []byte) ([]Signature, error) {
	var some []Signature
	if err := yaml.UnmarshalWithOptions(raw, &some, yaml.Strict()); err != nil {
		return nil, err
	}
	return some, nil
}

// New makes a catalogue. Its error names each signature that is wrong, and why.
func New(all []Signature, rules []Rule) (*Catalogue, error) {
	c := &Catalogue{All: all, Rules: rules, texts: textsOf(rules)}
	seen := map[string]bool{}
	sum := sha256.New()
	var problems []error
	texts := make([]string, len(all))
	for i, s := range all {
		if err := s.Check(); err != nil {
			problems = append(problems, fmt.Errorf("signature %q: %w", s.ID, err))
		}
		if seen[s.ID] {
			problems = append(problems, fmt.Errorf("signature %q is there twice", s.ID))
		}
		if slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == s.ID }) {
			problems = append(problems, fmt.Errorf("signature %q has the id of a rule over several lines", s.ID))
		}
		seen[s.ID] = true
		texts[i] = s.Key()
		fmt.Fprintf(sum, "%#v\n", s)
	}
	for _, t := range c.texts {
		texts = append(texts, t.parts[0])
	}
	fmt.Fprintf(sum, "%#v\n", rules)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	set, err := literals.Compile(texts)
	if err != nil {
		return nil, err
	}
	c.set, c.Version = set, hex.EncodeToString(sum.Sum(nil)[:6])
	return c, nil
}

// Check says what is wrong with a signature, if anything is. That its id is there once is for New.
func (s Signature) Check() error {
	switch {
	case s.ID == "":
		return errors.New("it has no id")
	case len(s.Key()) < literals.MinLength:
		return fmt.Errorf("its text %q is too short: at least %d bytes are needed", s.Key(), literals.MinLength)
	case strings.ContainsFunc(s.Literal+s.And+s.Not, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("its texts hold a letter that is not ASCII; only ASCII can be looked for")
	case !slices.Contains([]string{Failure, Warning, Information}, s.Severity):
		return fmt.Errorf("its severity is %q: it must be failure, warning or information", s.Severity)
	case s.Rank < 1 || s.Rank > 3:
		return fmt.Errorf("its rank is %d: it must be 1, 2 or 3", s.Rank)
	case !slices.Contains(Stages(), s.Stage):
		return fmt.Errorf("its stage is %q: it must be one of %s", s.Stage, strings.Join(Stages(), ", "))
	case s.Group == "" || s.Meaning == "" || s.Source == "":
		return errors.New("its group, its meaning or its source is missing")
	case (s.Event == 0) != (s.Provider == "") || (s.Event == 0) != (s.Channel == ""):
		return errors.New("an event needs channel, provider and event")
	}
	return nil
}

// Key is the literal that is looked for first: the longer one.
func (s Signature) Key() string {
	if len(s.And) > len(s.Literal) {
		return s.And
	}
	return s.Literal
}

// other is the literal that must stand in the same message as the key; empty when there is none.
func (s Signature) other() string {
	if len(s.And) > len(s.Literal) {
		return s.Literal
	}
	return s.And
}

// Keys are the literals that Append looks for, one for each signature, in the order of All.
func (c *Catalogue) Keys() []string {
	keys := make([]string, len(c.All))
	for i, s := range c.All {
		keys[i] = s.Key()
	}
	return keys
}

// Append appends where the keys of signatures stand in a text: the numbers are places in All.
// Larger numbers are texts of rules, for Marks.
func (c *Catalogue) Append(found []literals.Found, text []byte) []literals.Found {
	return c.set.Append(found, text)
}

// Longest is the length of the longest key in bytes.
func (c *Catalogue) Longest() int { return c.set.Longest() }

// Winner is the signature, as its place in All, that a message is counted for, of those whose keys
// stand in it; -1 when none holds. A cause goes before a step and a step before a bare code; then
// the longer fragment goes first, and then the order of the catalogue. text is what And, Not and
// an event's provider are looked for in.
func (c *Catalogue) Winner(found []literals.Found, text string) int {
	best := -1
	folded := ""
	for _, f := range found {
		if f.Literal >= len(c.All) { // a text of a rule
			continue
		}
		s := &c.All[f.Literal]
		if s.And != "" || s.Not != "" || s.Event != 0 {
			if folded == "" {
				folded = squeeze(text)
			}
			if !s.holds(folded) {
				continue
			}
		}
		if best < 0 || c.Before(f.Literal, best) {
			best = f.Literal
		}
	}
	return best
}

// Before says that one signature, as its place in All, is more specific than another.
func (c *Catalogue) Before(i, j int) bool {
	a, b := &c.All[i], &c.All[j]
	if a.Rank != b.Rank {
		return a.Rank > b.Rank
	}
	if x, y := len(a.Literal)+len(a.And), len(b.Literal)+len(b.And); x != y {
		return x > y
	}
	return i < j
}

// holds looks for the rest of a signature whose key stands in a message.
func (s *Signature) holds(folded string) bool {
	switch {
	case !strings.Contains(folded, squeeze(s.other())):
		return false
	case s.Not != "" && strings.Contains(folded, squeeze(s.Not)):
		return false
	case s.Event != 0:
		return strings.Contains(folded, squeeze(s.Provider)) && hasNumber(folded, strconv.Itoa(s.Event))
	}
	return true
}

// squeeze is a text in small letters, with one blank where there are many: the columns of a row are
// padded in some releases and not in others.
func squeeze(text string) string {
	text = strings.ToLower(text)
	for strings.Contains(text, "  ") {
		text = strings.ReplaceAll(text, "  ", " ")
	}
	return text
}

// hasNumber says that a number stands in a text, and is no part of a longer one.
func hasNumber(text, number string) bool {
	digit := func(at int) bool { return at >= 0 && at < len(text) && '0' <= text[at] && text[at] <= '9' }
	for from := 0; ; {
		at := strings.Index(text[from:], number)
		if at < 0 {
			return false
		}
		at += from
		if !digit(at-1) && !digit(at+len(number)) {
			return true
		}
		from = at + 1
	}
}
