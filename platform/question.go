// Package platform is the only door to the machine. A check puts a Question, plain
// comparable data, and gets an answer or an error; it never touches the machine itself.
//
// Three kinds of Reader answer questions: the live machine (platform/windows and
// platform/sqlserver), a recorded site (platform/recording) and the test double
// (platform/platformtest). A Machine wraps a Reader with a cache, time limits and
// evidence, so that no check has to care for them.
package platform

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
)

// Kind says what a question is about. The set is closed: a Reader that is asked a kind it
// does not know answers ErrUnsupported.
type Kind string

// The kinds of questions.
const (
	KindRegistry    Kind = "registry"    // Where is a key, What a value or empty for the key itself
	KindService     Kind = "service"     // What is a service's key name
	KindFile        Kind = "file"        // Where is a path
	KindDigest      Kind = "digest"      // Where is a path, What is empty or DigestRuntime
	KindFolder      Kind = "folder"      // Where is a path, What a NamePattern
	KindAccess      Kind = "access"      // Where is a folder's path
	KindVolume      Kind = "volume"      // Where is a path on the volume
	KindOS          Kind = "os"          // What is "version", "memory", "boot", "name" or "domain"
	KindAccount     Kind = "account"     // Where is a name or SID, What a right's name or one of the constants in account.go
	KindEvents      Kind = "events"      // Where is a log, What an EventFilter
	KindLog         Kind = "log"         // Where is a path, What a digest's name
	KindShare       Kind = "share"       // Where is a path, \\server\share\...
	KindCertificate Kind = "certificate" // Where is a store, LocalMachine\NAME
	KindTCP         Kind = "tcp"         // Where is HOST:PORT
	KindName        Kind = "name"        // Where is a host's name
	KindSQL         Kind = "sql"         // On is an instance, Where a database, What the statement's name, Text the statement
)

// Question is one read-only question. It is comparable, prints well, and is the key of an
// answer in a recording.
type Question struct {
	Kind  Kind   `json:"kind"`
	On    string `json:"on,omitempty"`    // server or SQL Server instance that is asked; empty is this machine
	Where string `json:"where,omitempty"` // key, path or database
	What  string `json:"what,omitempty"`  // value, service or statement's name
	Text  string `json:"text,omitempty"`  // statement; constant, no name found in data is ever pasted into it
}

// String names the question in one line, without the statement's text.
func (q Question) String() string {
	var b strings.Builder
	b.WriteString(string(q.Kind))
	if q.On != "" {
		b.WriteString(" on " + q.On)
	}
	if q.Where != "" {
		b.WriteString(" " + q.Where)
	}
	if q.What != "" {
		b.WriteString(" : " + q.What)
	}
	return b.String()
}

// Reader answers questions as JSON of at most MaxAnswer bytes. Its errors are *NoAnswer
// values that wrap one of the reasons in errors.go. A Reader must be safe for use by
// several goroutines and should stop when its context ends; a Machine copes if it does not.
type Reader interface {
	Read(ctx context.Context, q Question) (json.RawMessage, error)
}

// Settled is a Reader whose outcomes were all there before the run, as those of a recording
// are. A Machine never gives up a server of it: what it answers to one question must not
// depend on which others were put before.
type Settled interface {
	Reader
	Settled()
}

// MaxAnswer is the largest answer in bytes; a larger one is ErrTooLarge.
const MaxAnswer = 64 << 10

// Query is a Question whose answer decodes into an A. The constructors of queries in this
// package are the catalogue of what can be asked.
type Query[A any] struct{ Question }

// Form is a question with holes: each {name} in On and Where, of letters, spaces and _,
// stands for any text that is only known at run time. Checks declare the forms of what they
// may ask.
type Form Question

// Form turns a query that was built with {holes} into its form.
func (q Query[A]) Form() Form { return Form(q.Question) }

// Matches reports whether q fills the form's holes and is equal to it elsewhere.
func (f Form) Matches(q Question) bool {
	return f.Kind == q.Kind && f.What == q.What && f.Text == q.Text &&
		fills(f.On, q.On) && fills(f.Where, q.Where)
}

// String names the form in one line.
func (f Form) String() string { return Question(f).String() }

// hole is what stands for any text. The braces of a GUID are no hole.
var hole = regexp.MustCompile(`\{[A-Za-z_ ]+\}`)

// Constants are the parts of a text of a form that stand between its {holes}; a text without
// a hole is its one part.
func Constants(text string) []string { return hole.Split(text, -1) }

// fills reports whether text is pattern with each {hole} replaced by some non-empty text.
func fills(pattern, text string) bool {
	parts := Constants(pattern)
	if len(parts) == 1 {
		return pattern == text
	}
	first, between, last := parts[0], parts[1:len(parts)-1], parts[len(parts)-1]
	rest, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for _, part := range between {
		if rest == "" {
			return false
		}
		// The shortest filling leaves the most for the holes that follow.
		at := strings.Index(rest[1:], part)
		if at < 0 {
			return false
		}
		rest = rest[1+at+len(part):]
	}
	return len(rest) > len(last) && strings.HasSuffix(rest, last)
}
