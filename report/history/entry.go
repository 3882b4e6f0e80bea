package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/report"
)

// Schema is the version of the index's lines. A line of another one is told and skipped.
const Schema = 1

// Subject is whose run it was.
type Subject struct {
	Role      discovery.Role `json:"role"`
	Computer  string         `json:"computer"` // empty when it could not be read, as the others
	Product   string         `json:"product"`
	Site      string         `json:"site"` // code
	SQLServer string         `json:"sql_server"`
	Database  string         `json:"database"`
}

// nameless reports whether nobody knows what was looked at.
func (s Subject) nameless() bool {
	if s.Role == discovery.Remote {
		return s.SQLServer == ""
	}
	return s.Computer == ""
}

// Finding is what did not pass: an item of a check, or a check of which no item did not pass.
type Finding struct {
	Check  string `json:"check"`
	Item   string `json:"item"`   // its key; empty for the check as a whole
	Status string `json:"status"` // failed, unknown, warning or waived
	// Runs and Since are its age then, as in the report: so it outlives the runs that are pruned.
	Runs  int       `json:"runs"`
	Since time.Time `json:"since"`
}

// IDs are ids of checks. In the index they are one text with blanks between them, because a line
// has all of them, and a year has many lines.
type IDs []string

// MarshalText implements encoding.TextMarshaler.
func (ids IDs) MarshalText() ([]byte, error) { return []byte(strings.Join(ids, " ")), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (ids *IDs) UnmarshalText(text []byte) error {
	*ids = strings.Fields(string(text))
	return nil
}

// Entry is one run, as the index has it. Times are UTC in whole seconds.
type Entry struct {
	Schema        int            `json:"siteready_history"`
	RunID         string         `json:"run_id"`
	ReadAt        time.Time      `json:"read_at"` // when the facts were read: runs are in this order
	MadeAt        time.Time      `json:"made_at"`
	JudgedFor     time.Time      `json:"judged_for"`
	Subject       Subject        `json:"subject"`
	Target        string         `json:"target"`        // releases as --target takes them: cm=2509,scsm=2025
	Version       string         `json:"version"`       // of the program
	Account       string         `json:"account"`       // that it ran as
	Configuration string         `json:"configuration"` // the file's SHA-256 in hex; empty without one
	Source        string         `json:"source"`        // report.Live or report.Recording
	Verdict       checks.Verdict `json:"verdict"`
	ExitCode      int            `json:"exit_code"`
	Stopped       string         `json:"stopped"` // why the run ended early; empty when it did not
	Counts        report.Counts  `json:"counts"`
	// Checks are the ids of all checks by their status, with report.NotSelected.
	Checks   map[string]IDs `json:"checks"`
	Findings []Finding      `json:"findings"` // in the report's order
	// ReportSHA256 is the checksum at the end of the report, and RecordingSHA256 that of the
	// recording before it was compressed; empty when none was kept.
	ReportSHA256    string `json:"report_sha256"`
	RecordingSHA256 string `json:"recording_sha256"`
	// SHA256 is of the line without this value. It finds damage, not forgery.
	SHA256 string `json:"sha256"`

	read []byte // the line that it was read from, which is written again as it is
}

// NewEntry is the line of a report.
func NewEntry(r report.Report) Entry {
	s := r.Subject
	e := Entry{
		Schema: Schema, RunID: r.RunID, ReadAt: r.ReadAt, MadeAt: r.MadeAt, JudgedFor: r.JudgedFor,
		Subject: Subject{s.Role, s.Computer, s.Product, s.SiteCode, s.SQLServer, s.Database},
		Target:  targets(r), Version: r.Tool.Version, Account: s.Account,
		Configuration: r.Configuration.SHA256, Source: r.Source.Kind,
		Verdict: r.Verdict, ExitCode: r.Exit.Code, Stopped: r.Stopped, Counts: r.Counts,
		Checks: map[string]IDs{}, Findings: []Finding{}, ReportSHA256: r.SHA256,
	}
	for _, c := range r.Checks {
		e.Checks[c.Status] = append(e.Checks[c.Status], c.ID)
		e.Findings = append(e.Findings, findings(c)...)
	}
	ages := map[[2]string]report.Finding{}
	if r.History != nil {
		for _, f := range r.History.Findings {
			ages[[2]string{f.Check, f.Item}] = f
		}
	}
	for i := range e.Findings {
		f := &e.Findings[i]
		f.Runs, f.Since = 1, r.ReadAt
		if age, known := ages[[2]string{f.Check, f.Item}]; known && age.Runs > 0 {
			f.Runs, f.Since = age.Runs, age.Since
		}
	}
	return e
}

// targets are the releases that a report was judged for.
func targets(r report.Report) string {
	text := string(r.Target.Product) + "=" + r.Target.Version
	if sm := r.ServiceManagerTarget; sm != nil && sm.Product != r.Target.Product {
		text += "," + string(sm.Product) + "=" + sm.Version
	}
	return text
}

// findings are those of one check. Of two items with one key the worse counts.
func findings(c report.Check) []Finding {
	if !open(c.Status) {
		return nil
	}
	var all []Finding
	at := map[string]int{}
	for _, item := range c.Items {
		if !open(item.Status) {
			continue
		}
		if i, again := at[item.Key]; again {
			if rank(item.Status) > rank(all[i].Status) {
				all[i].Status = item.Status
			}
			continue
		}
		at[item.Key] = len(all)
		all = append(all, Finding{Check: c.ID, Item: item.Key, Status: item.Status})
	}
	if len(all) == 0 || c.Cause != nil && c.Status == unknown {
		all = append(all, Finding{Check: c.ID, Status: c.Status})
	}
	return all
}

// The names of the statuses that are kept apart.
const (
	failed  = "failed"
	unknown = "unknown"
	warning = "warning"
	waived  = "waived"
)

// open reports whether a status is one of a finding.
func open(status string) bool { return rank(status) > 0 }

// rank orders the statuses of findings, the worst highest; 0 is the rank of all others.
func rank(status string) int {
	return 1 + slices.Index([]string{waived, warning, unknown, failed}, status)
}

// StatusOf is the status of a check in the run; false when the run knew no such check.
func (e Entry) StatusOf(check string) (status string, known bool) {
	for status, ids := range e.Checks {
		if slices.Contains(ids, check) {
			return status, true
		}
	}
	return "", false
}

// SameSubject reports whether two runs looked at the same: one machine with one site and
// product. What could not be read in one of them does not part them, but the machine does.
func (e Entry) SameSubject(other Entry) bool {
	a, b := e.Subject, other.Subject
	switch remote := a.Role == discovery.Remote; {
	case a.nameless() || b.nameless() || remote != (b.Role == discovery.Remote):
		return false
	case remote: // only a database was looked at, from wherever
		return strings.EqualFold(a.SQLServer, b.SQLServer) && strings.EqualFold(a.Database, b.Database)
	}
	alike := func(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }
	return strings.EqualFold(a.Computer, b.Computer) && alike(a.Site, b.Site) && alike(a.Product, b.Product)
}

// name is what the files of the run are called, without their endings.
func (e Entry) name() string { return e.MadeAt.UTC().Format(stamp) + "-" + e.RunID }

// stamp is how times stand in names.
const stamp = "20060102T150405Z"

// runID is what a run may be called. Names of files are made of it.
var runID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// unsealed and sealed are how the checksum stands at the end of a line.
const (
	unsealed = `"sha256":""}`
	sealed   = `"sha256":"%s"}`
)

// line is the entry as a line of the index, with its checksum and without a line end.
func (e Entry) line() ([]byte, error) {
	if e.read != nil {
		return e.read, nil
	}
	e.SHA256 = ""
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	sum := sha256.Sum256(text)
	return fmt.Appendf(bytes.TrimSuffix(text, []byte(unsealed)), sealed, hex.EncodeToString(sum[:])), nil
}

// parseLine reads a line of the index. What does not fit its own checksum, or could not have
// been written, is refused.
func parseLine(text []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return Entry{}, errors.New("it is no whole JSON object")
	}
	if e.Schema != Schema {
		return Entry{}, fmt.Errorf("its schema is %d, and this version of siteready reads schema %d", e.Schema, Schema)
	}
	rest, found := bytes.CutSuffix(text, fmt.Appendf(nil, sealed, e.SHA256))
	if !found {
		return Entry{}, errors.New("it does not end with its checksum")
	}
	if sum := sha256.Sum256(append(slices.Clip(rest), unsealed...)); hex.EncodeToString(sum[:]) != e.SHA256 {
		return Entry{}, errors.New("it does not fit its checksum")
	}
	if err := e.valid(); err != nil {
		return Entry{}, err
	}
	e.read = text
	return e, nil
}

// valid finds what no run can have.
func (e Entry) valid() error {
	switch {
	case !runID.MatchString(e.RunID):
		return errors.New("its run id is none")
	case e.ReadAt.IsZero() || e.MadeAt.IsZero():
		return errors.New("it does not say when the run was")
	case !slices.Contains([]checks.Verdict{checks.Ready, checks.WithWarnings, checks.Blocked, checks.Incomplete}, e.Verdict):
		return errors.New("its verdict is none")
	}
	for _, f := range e.Findings {
		if f.Check == "" || !open(f.Status) {
			return errors.New("it has a finding that is none")
		}
	}
	return nil
}
