// Package after compares a site after an update with itself before it: what is at a new version,
// what ran and does not, and what was set back or turned off and has to be put back. It asks
// nothing; checks/state has read both.
//
// What one of the two readings lacks could not be compared, and is told. What may have been turned
// off for the update before the earlier reading is never called well on that reading alone.
package after

import (
	"slices"
	"time"

	"siteready/checks/state"
)

// Schema is the version of the JSON form of a Result.
const Schema = 1

// Kind says what a line asks of a person.
type Kind string

// The kinds, in the order in which people read them.
const (
	PutBack Kind = "put_back"     // it is set otherwise than before
	Look    Kind = "look"         // it is not as it should be after an update
	Ask     Kind = "ask"          // it is as before, but may have been turned off for the update before that
	Unknown Kind = "not_compared" // one of the readings does not have it
	Changed Kind = "changed"      // as an update changes it
	Same    Kind = "same"         // as before
)

// Group is what a line is about.
type Group string

// The groups, in the order in which people read them.
const (
	Versions     Group = "versions"
	Services     Group = "services"
	Replication  Group = "replication"
	Tasks        Group = "maintenance tasks"
	Availability Group = "availability group"
	Databases    Group = "database replicas"
	Files        Group = "customised files"
	Connectors   Group = "connectors"
)

// Groups are all groups in the order in which people read them.
func Groups() []Group {
	return []Group{Versions, Services, Replication, Tasks, Availability, Databases, Files, Connectors}
}

// Line is one thing in both readings.
type Line struct {
	Kind    Kind      `json:"kind"`
	Group   Group     `json:"group"`
	Of      string    `json:"of"`      // what it is
	Was     string    `json:"was"`     // before; empty when it is not known or was not there
	WasAt   time.Time `json:"was_at"`  // when that was read
	Is      string    `json:"is"`      // now; empty when it is not known or is not there
	Because string    `json:"because"` // why a person should look, or why it could not be compared
	Do      string    `json:"do"`      // how to put it back; empty where there is nothing to do
	Command string    `json:"command"` // to copy; may be empty
}

// Reading is one of the two.
type Reading struct {
	ReadAt   time.Time `json:"read_at"`
	Computer string    `json:"computer"`
	Headline string    `json:"headline"`
	Version  string    `json:"version"` // of the site; empty when it is not known
	From     string    `json:"from"`    // the recording or the run that it is from
}

// Result is what the comparison found. Lists are never nil.
type Result struct {
	Schema  int          `json:"siteready_after"`
	Earlier Reading      `json:"earlier"`
	Later   Reading      `json:"later"`
	Notes   []string     `json:"notes"`   // what makes the two hard to compare
	Older   int          `json:"older"`   // readings before the earlier one that were looked at, too
	Counts  map[Kind]int `json:"counts"`  // of lines; each kind is in it
	Lines   []Line       `json:"lines"`   // by group
	Confirm []string     `json:"confirm"` // what no reading shows, and a person must look at
}

// ExitCode is 1 when something is to be put back or looked at, 3 when only something could not be
// compared, or the two may not be of one site at all, and else 0.
func (r Result) ExitCode() int {
	switch {
	case r.Counts[PutBack]+r.Counts[Look]+r.Counts[Ask] > 0:
		return 1
	case r.Counts[Unknown] > 0 || len(r.Lines) == 0 || len(r.Notes) > 0:
		return 3
	default:
		return 0
	}
}

// Of returns the lines of some kinds, in their order.
func (r Result) Of(kinds ...Kind) []Line {
	return slices.DeleteFunc(slices.Clone(r.Lines), func(l Line) bool { return !slices.Contains(kinds, l.Kind) })
}

// Input is what is compared.
type Input struct {
	Earlier, Later         state.State
	EarlierFrom, LaterFrom string        // names of the recordings or runs
	Older                  []state.State // readings before Earlier, the newest first: they show what was turned off for the update
}

// comparison gathers lines.
type comparison struct {
	Input
	lines    []Line
	sameSite bool // it has been said that the site has the version of before
}

// Compare compares two readings of one site.
func Compare(in Input) Result {
	c := &comparison{Input: in}
	c.versions()
	c.services()
	c.replication()
	c.tasks()
	c.replicas()
	c.published()
	c.files()
	c.connectors()
	r := Result{
		Schema:  Schema,
		Earlier: reading(in.Earlier, in.EarlierFrom), Later: reading(in.Later, in.LaterFrom),
		Notes: notes(in), Older: len(in.Older), Counts: map[Kind]int{}, Lines: append([]Line{}, c.lines...), Confirm: confirm(in),
	}
	for _, kind := range []Kind{PutBack, Look, Ask, Unknown, Changed, Same} {
		r.Counts[kind] = 0
	}
	for _, l := range r.Lines {
		r.Counts[l.Kind]++
	}
	return r
}

func reading(s state.State, from string) Reading {
	return Reading{s.ReadAt, s.Subject.Computer, s.Subject.Headline, s.Subject.Version, from}
}

func (c *comparison) add(l Line) {
	if l.WasAt.IsZero() {
		l.WasAt = c.Earlier.ReadAt
	}
	c.lines = append(c.lines, l)
}

// unknown adds a line for what one of the readings does not have. It reports whether it did.
func (c *comparison) unknown(group Group, of string, before, now error) bool {
	why := ""
	switch {
	case now != nil:
		why = "it cannot be read now: " + now.Error()
	case before != nil:
		why = "the earlier reading does not have it: " + before.Error()
	default:
		return false
	}
	c.add(Line{Kind: Unknown, Group: group, Of: of, Because: why})
	return true
}
