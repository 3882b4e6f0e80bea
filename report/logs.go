package report

import (
	_ "embed" // the schema is a file, so that it can be read without the program
	"fmt"
	"io"
	"slices"
	"time"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// LogsSchema is the version of the JSON form of what was found in logs.
const LogsSchema = 1

// LogsVerdict is the word over what was found in logs.
type LogsVerdict string

// The verdicts over logs, the worst first.
const (
	LogsFailures   LogsVerdict = "FAILURES"
	LogsIncomplete LogsVerdict = "INCOMPLETE" // something could not be read, and may hold a failure
	LogsWarnings   LogsVerdict = "WARNINGS"
	LogsNothing    LogsVerdict = "NOTHING FOUND"
)

// harmlessGroup is the cause group of lines that Microsoft calls harmless. They are no findings.
const harmlessGroup = "harmless"

// Logs is what known failures stand in logs. Times are UTC, lists are never nil.
type Logs struct {
	Schema   int         `json:"schema"`
	Tool     Tool        `json:"tool"`
	ReadAt   time.Time   `json:"read_at"`
	Verdict  LogsVerdict `json:"verdict"`
	ExitCode int         `json:"exit_code"`
	Stopped  string      `json:"stopped"` // why the run ended before its end; empty when it did not
	// Since and Until are the first and the last moment of which lines count; null is no limit.
	Since *time.Time `json:"since"`
	Until *time.Time `json:"until"`
	// CountedTo is from when the rules over several lines count: when the site's own logs were
	// read, or the newest line of copies. It is null when no line tells a time.
	CountedTo     *time.Time    `json:"counted_to"`
	Zone          string        `json:"zone"` // in which times are taken that do not tell theirs
	Catalogue     LogsCatalogue `json:"catalogue"`
	Counts        LogsCounts    `json:"counts"`
	Configuration Configuration `json:"configuration"`
	Places        []LogPlace    `json:"places"` // in which logs were looked for
	// Causes are the newest first. Those that are over are among them, what is harmless is not.
	Causes []logscan.Cause   `json:"causes"`
	Files  []logscan.Scanned `json:"files"` // all that were to be read
}

// LogsCatalogue is what was looked for.
type LogsCatalogue struct {
	Version    string `json:"version"`
	Signatures int    `json:"signatures"`
	Rules      int    `json:"rules"` // over several lines
	Own        int    `json:"own"`   // of the signatures, those of the configuration
}

// LogsCounts are numbers of causes, files and lines.
type LogsCounts struct {
	Failures    int   `json:"failures"`    // causes
	Warnings    int   `json:"warnings"`    // causes
	Information int   `json:"information"` // causes
	Over        int   `json:"over"`        // causes that are
	Harmless    int64 `json:"harmless"`    // messages that Microsoft calls harmless
	Files       int   `json:"files"`
	Unread      int   `json:"unread"` // files and places that were not read to their ends
	Grew        int   `json:"grew"`   // files to which more was written meanwhile
	Bytes       int64 `json:"bytes"`  // that were read
	Lines       int64 `json:"lines"`
}

// LogPlace is a file or a folder in which logs were looked for.
type LogPlace struct {
	Path   string `json:"path"`
	Why    string `json:"why"`    // what lies there
	Files  int    `json:"files"`  // logs that were found
	Others int    `json:"others"` // files that are no logs by their names, and were not read
	// Problem says why it could not be looked through; empty when it could.
	Problem string `json:"problem"`
}

// LogsInput is what NewLogs makes Logs of.
type LogsInput struct {
	Version       string
	ReadAt        time.Time
	Since, Until  time.Time // zero is no limit
	Zone          string
	Stopped       string
	Catalogue     *signatures.Catalogue
	Own           int // signatures of the configuration in the catalogue
	Configuration Configuration
	Places        []LogPlace
	Found         logscan.Found
}

// NewLogs judges what was found.
func NewLogs(in LogsInput) Logs {
	l := Logs{
		Schema: LogsSchema, Tool: Tool{toolName, in.Version}, ReadAt: in.ReadAt.UTC().Truncate(time.Second),
		Stopped: in.Stopped, CountedTo: in.Found.Now, Zone: in.Zone, Configuration: in.Configuration,
		Places: append([]LogPlace{}, in.Places...), Causes: []logscan.Cause{}, Files: append([]logscan.Scanned{}, in.Found.Files...),
	}
	for _, limit := range []struct {
		at   time.Time
		into **time.Time
	}{{in.Since, &l.Since}, {in.Until, &l.Until}} {
		if !limit.at.IsZero() {
			at := limit.at.UTC()
			*limit.into = &at
		}
	}
	rules := 0
	for _, r := range in.Catalogue.Rules {
		if r.Judges() {
			rules++
		}
	}
	l.Catalogue = LogsCatalogue{in.Catalogue.Version, len(in.Catalogue.All), rules, in.Own}
	for _, c := range logscan.Causes(in.Found, in.Catalogue) {
		switch {
		case c.Group == harmlessGroup:
			l.Counts.Harmless += c.Count
			continue
		case c.Over:
			l.Counts.Over++
		case c.Severity == signatures.Failure:
			l.Counts.Failures++
		case c.Severity == signatures.Warning:
			l.Counts.Warnings++
		default:
			l.Counts.Information++
		}
		l.Causes = append(l.Causes, c)
	}
	for _, f := range l.Files {
		l.Counts.Bytes += f.Read
		l.Counts.Lines += f.Lines
		if f.Problem != "" {
			l.Counts.Unread++
		}
		if f.Grew {
			l.Counts.Grew++
		}
	}
	for _, p := range l.Places {
		if p.Problem != "" {
			l.Counts.Unread++
		}
	}
	l.Counts.Files = len(l.Files)
	l.Verdict, l.ExitCode = l.judge()
	return l
}

// judge finds the verdict: the worst wins, and what could not be read is worse than a warning.
func (l Logs) judge() (LogsVerdict, int) {
	switch {
	case l.Counts.Failures > 0:
		return LogsFailures, 2
	case l.Counts.Unread > 0 || l.Stopped != "" || l.nothing() != "":
		return LogsIncomplete, 3
	case l.Counts.Warnings > 0:
		return LogsWarnings, 1
	}
	return LogsNothing, 0
}

// nothing says why what was read tells nothing; empty when it tells something.
func (l Logs) nothing() string {
	within := func(f logscan.Scanned) bool { // as far as is known
		return f.Lines > 0 && (f.First == nil || l.Until == nil || !f.First.After(*l.Until)) && (f.Last == nil || l.Since == nil || !f.Last.Before(*l.Since))
	}
	switch {
	case l.Counts.Files == 0:
		return "no log was read"
	case l.Counts.Lines == 0:
		return "no line was read"
	case !slices.ContainsFunc(l.Files, within):
		return "no line is of the time that counts"
	}
	return ""
}

// JSONLogs writes all that was found as one indented JSON object with a newline at its end.
// Control characters are escaped, as by JSON.
func JSONLogs(w io.Writer, l Logs) error {
	text, err := safeJSON(l)
	if err != nil {
		return fmt.Errorf("make the JSON report: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("write the JSON report: %w", err)
	}
	return nil
}

//go:embed logs_schema.json
var logsSchema string

// LogsJSONSchema writes the JSON schema, draft 2020-12, of what JSONLogs writes. Fields may be added
// under the same LogsSchema number, but none is renamed, removed or given another meaning.
func LogsJSONSchema(w io.Writer) error {
	if _, err := io.WriteString(w, logsSchema); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	return nil
}
