// Package configuration reads siteready.yaml: what the operator sets once instead of in flags,
// other thresholds, waivers, and what a person has confirmed.
//
// It is strict. A key that is not known, stands twice, or has a value of another kind is an
// error with its line and column, because what is silently ignored is believed to be in force.
package configuration

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/platform/logscan/signatures"
)

// FileName is what the file beside the program is called.
const FileName = "siteready.yaml"

// Position is a place in the file; both count from 1, columns in characters.
type Position struct{ Line, Column int }

// Given is what the file says for a key that is a flag, too.
type Given struct {
	Words []string // one, but for lists
	At    Position
}

// Configuration is what a file sets. The zero value sets nothing.
type Configuration struct {
	SHA256     string           // of the file as it is stored, in hex
	Given      map[string]Given // keys that are flags, too, by their names, such as sql.server
	KeyBackups []checks.KeyBackup
	Thresholds map[string]checks.Settings // by check id
	Waivers    []checks.Waiver
	Confirmed  []checks.Confirmation
	Signatures []signatures.Signature // known failures of logs, beside those that are built in
	LogRules   []signatures.Limit     // other limits of rules over several lines

	lines map[string]int
}

// Line is where a key is set; 0 when the file does not set it. Thresholds are named
// thresholds.CHECK.SETTING, and entries of lists waivers.0, confirmed.0, key_backups.0, signatures.0
// and log_rules.0.
func (c Configuration) Line(key string) int { return c.lines[key] }

// Rules are what values are judged by beyond their form.
type Rules struct {
	Catalog    checks.Catalog
	Verbs      []checks.Check     // verbs that have thresholds: id, title and settings
	FailOn     []string           // what fail_on may be
	Encryption []string           // what sql.encrypt may be
	Instance   func(string) error // whether sql.server can name an instance of SQL Server
	Password   string             // the environment variable that holds the password
	Notify     NotifyRules
	Now        time.Time // nothing can have been confirmed after it
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	At   Position
	Text string
}

// Error is all that is wrong with a file.
type Error struct {
	Name     string // the file, as it is to be called
	Problems []Problem
}

// mostProblems is how many are shown.
const mostProblems = 20

// Error has a line for each problem, FILE:LINE:COLUMN: TEXT.
func (e *Error) Error() string {
	var lines []string
	for i, p := range e.Problems {
		if i == mostProblems {
			lines = append(lines, fmt.Sprintf("%s: and %d more", e.Name, len(e.Problems)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", e.Name, p.At.Line, p.At.Column, p.Text))
	}
	return strings.Join(lines, "\n")
}

// Parse reads the bytes of a file; name is what messages call it. It accepts UTF-8, with and
// without a byte order mark, and UTF-16 with one. The error is an *Error with all problems.
func Parse(name string, data []byte, rules Rules) (Configuration, error) {
	r := &reader{rules: rules}
	sum := sha256.Sum256(data)
	r.SHA256 = hex.EncodeToString(sum[:])
	r.Given, r.Thresholds, r.lines = map[string]Given{}, map[string]checks.Settings{}, map[string]int{}
	if root, found := r.parse(data); found {
		r.file(root)
	}
	if len(r.problems) == 0 {
		return r.Configuration, nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	return Configuration{}, &Error{name, r.problems}
}
