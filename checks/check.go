// Package checks is the vocabulary of checks, the runner and the verdict.
//
// A Check is a value that a reviewer reads top to bottom. Its Run gets a Case, asks
// questions through it, and returns a Finding, or an error, which means that it could not
// check. Checks never print, never log and never touch the machine.
package checks

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"siteready/checks/requirement"
	"siteready/platform"
)

// Check is one question about readiness.
type Check struct {
	ID          string   // area.name; permanent, never used again for anything else
	Title       string   // the question, as a person would ask it
	Why         string   // why it matters
	Consequence string   // what happens when it is ignored
	Remedy      string   // what to do when it is not green
	Command     string   // a command to copy; may be empty
	Rules       []string // the product's own names of the rule
	Covers      []string // requirements of Service Manager, as catalog.ServiceManagerPhases names them
	Sources     []string // documents
	Rights      []string // what the account needs
	Reads       []platform.Form
	Settings    []Setting // the only thresholds that Run may use
	Run         func(context.Context, *Case) (Finding, error)
}

// Setting is a threshold.
type Setting struct {
	Name    string
	Default float64
	Unit    string
	Source  string // the document that names it; empty for our own policy
	About   string
}

// Ours reports whether the number is our own policy and not a document's.
func (s Setting) Ours() bool { return s.Source == "" }

// Area is a family of checks, a section of the report.
type Area struct {
	ID, Title string
	Checks    []Check
	Confirm   []Statement // what only a person can tell
}

// Catalog is all areas in the order of the report.
type Catalog []Area

// Checks are the checks of all areas in order.
func (c Catalog) Checks() []Check {
	var all []Check
	for _, area := range c {
		all = append(all, area.Checks...)
	}
	return all
}

var idForm = regexp.MustCompile(`^[a-z]+\.[a-z0-9-]+$`)

// Validate finds what a catalogue may not have: doubled or odd ids, empty fields.
func (c Catalog) Validate() error {
	var problems []error
	seen := map[string]bool{}
	for _, area := range c {
		for _, check := range area.Checks {
			complain := func(what string) {
				problems = append(problems, fmt.Errorf("check %q of area %q: %s", check.ID, area.ID, what))
			}
			if !idForm.MatchString(check.ID) || !strings.HasPrefix(check.ID, area.ID+".") {
				complain("the id must be AREA.NAME in lower case")
			}
			if seen[check.ID] {
				complain("the id is used twice")
			}
			seen[check.ID] = true
			for _, text := range []string{check.Title, check.Why, check.Consequence, check.Remedy} {
				if text == "" {
					complain("title, why, consequence and remedy are needed")
				}
			}
			if len(check.Sources) == 0 || len(check.Rights) == 0 || len(check.Reads) == 0 || check.Run == nil {
				complain("sources, rights, reads and run are needed")
			}
			for _, setting := range check.Settings {
				if setting.Name == "" || setting.Unit == "" || setting.About == "" {
					complain("a setting needs name, unit and what it is about")
				}
			}
		}
		for _, statement := range area.Confirm {
			if err := statement.validate(area.ID, seen); err != nil {
				problems = append(problems, err)
			}
			seen[statement.ID] = true
		}
	}
	return errors.Join(problems...)
}

// Stated is what the operator said instead of the site's own records.
type Stated struct {
	SQLServer string `json:"sql_server,omitempty"` // SERVER, SERVER\INSTANCE, SERVER,PORT
	Database  string `json:"database,omitempty"`
}

// Complete reports whether server and database are both named.
func (s Stated) Complete() bool { return s.SQLServer != "" && s.Database != "" }

// Conditions are what all checks of a run share.
type Conditions struct {
	Target requirement.Release
	// ServiceManager is the release that the operator named; without a name the next one after
	// what is installed, which discovery.TargetOf knows.
	ServiceManager requirement.ServiceManagerRelease
	Stated         Stated
	JudgedFor      time.Time           // ends every forecast; the machine's ReadAt ends every look-back
	SetupAccount   string              // DOMAIN\name of who will update; empty = the site server itself
	KeyBackups     []KeyBackup         // where the operator keeps backups of encryption keys
	Online         bool                // servers on the internet may be connected to
	SQLLogOn       bool                // a log-on with a password is used: it goes to no SQL Server that only a database names
	Thresholds     map[string]Settings // by check id: what the operator set instead of the defaults
}

// KeyBackup is a file that holds the encryption key of a management server.
type KeyBackup struct {
	Server string
	Path   string // as this machine reaches it
}

// Settings are values of a check's settings by name.
type Settings map[string]float64

// Value is what was set, or the default.
func (v Settings) Value(s Setting) float64 {
	if set, ok := v[s.Name]; ok {
		return set
	}
	return s.Default
}

// Case is all that a check gets.
type Case struct {
	*platform.Session
	Conditions
	check    Check
	covering map[string][]string
}

// Setting is the value of one of the check's own settings. Another name is a bug, and panics.
func (c *Case) Setting(name string) float64 {
	for _, s := range c.check.Settings {
		if s.Name == name {
			return c.Thresholds[c.check.ID].Value(s)
		}
	}
	panic(fmt.Sprintf("check %s has no setting %q", c.check.ID, name))
}

// Item is one thing judged: a volume, a driver, a site.
type Item struct {
	Key    string // stable between runs: a volume, SERVER\INSTANCE/database
	Found  string
	Wanted string
	Where  string // where it was read
	Status Status
	Cause  *platform.NoAnswer // why it could not be checked; nil for the other statuses
	Waived *Acceptance        // by which waiver the status is Waived; else nil
}

// Count is how many items have one of the statuses.
func Count(items []Item, statuses ...Status) int {
	n := 0
	for _, item := range items {
		if slices.Contains(statuses, item.Status) {
			n++
		}
	}
	return n
}

// UnknownItem is an item that could not be checked for the reason in err.
func UnknownItem(key, wanted string, err error) Item {
	return Item{Key: key, Wanted: wanted, Status: Unknown, Cause: cause(err)}
}

// Finding is what a check says. With items its status is computed from them.
type Finding struct {
	status  Status
	Summary string
	Notes   []string
	Items   []Item
	Opinion *Opinion // of the product's own checker; nil but of the check that reads it
}

// Status is the worst item's, or what the constructor said when there are none.
func (f Finding) Status() Status {
	if len(f.Items) == 0 {
		return f.status
	}
	statuses := make([]Status, len(f.Items))
	for i, item := range f.Items {
		statuses[i] = item.Status
	}
	return Worst(statuses...)
}

// Items makes a finding of what was judged. Without an item it is Unknown.
func Items(summary string, items ...Item) Finding { return Finding{Summary: summary, Items: items} }

// DoesNotApply is the finding of a check that has nothing to judge here.
func DoesNotApply(reason string) Finding { return Finding{status: NotApplicable, Summary: reason} }

// Passes is a green finding about the whole, without items.
func Passes(summary string) Finding { return Finding{status: Passed, Summary: summary} }

// cause makes every error a *NoAnswer, so that a report can group by it.
func cause(err error) *platform.NoAnswer {
	var no *platform.NoAnswer
	if errors.As(err, &no) && no != nil {
		return no
	}
	return platform.Refuse(platform.ErrMalformed, "%v", err)
}
