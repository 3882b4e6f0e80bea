// Package report turns the results of a run into one Report value, and renders it. Every
// format shows the same value; nothing is judged again while it is written.
package report

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/version"
	"siteready/platform"
)

// Schema is the version of the report's JSON form.
const Schema = 1

// toolName is what the program calls itself.
const toolName = "siteready"

// MaxEvidence is how many bytes of one answer a report holds. Of a longer one it says the
// size and the hash.
const MaxEvidence = 4 << 10

// NotSelected is the status of a check that was not selected. The other words are those of
// checks.Status.
const NotSelected = "not_selected"

// Where the facts came from.
const (
	Live      = "live"
	Recording = "recording"
)

// How the target release came to be chosen.
const (
	ChosenStated      = "stated"
	ChosenNewest      = "newest the site may update to"
	ChosenNewestKnown = "newest known" // the site's own build is not known, too old or already as new
	ChosenNext        = "next after what is installed"
)

// Report is one run: what was looked at, the verdict, and every check with its evidence.
// Times are UTC in whole seconds, durations are milliseconds, lists are never nil.
type Report struct {
	Schema  int               `json:"schema"`
	Tool    Tool              `json:"tool"`
	RunID   string            `json:"run_id"` // random
	Subject discovery.Subject `json:"subject"`
	Target  Target            `json:"target"`
	// ServiceManagerTarget is the release that Service Manager was judged for; null when it is
	// not here, and on a machine with nothing else the same as Target.
	ServiceManagerTarget *Target   `json:"service_manager_target"`
	Source               Source    `json:"source"`
	ReadAt               time.Time `json:"read_at"`    // when the facts were read
	JudgedFor            time.Time `json:"judged_for"` // the time for which forecasts were made
	MadeAt               time.Time `json:"made_at"`    // when this report was made
	// ValidUntil is when the report goes stale: some time after the facts were read, and not
	// after the end of a waiver that it relies on.
	ValidUntil time.Time      `json:"valid_until"`
	TookMS     int64          `json:"took_ms"`
	Verdict    checks.Verdict `json:"verdict"`
	Exit       Exit           `json:"exit"`
	Stopped    string         `json:"stopped"` // why the run ended before its end; empty when it did not
	// Hanging are the questions that were given up, and whose calls have still not come back.
	Hanging []platform.Question `json:"hanging"`
	Counts  Counts              `json:"counts"`
	Causes  []Cause             `json:"causes"` // of what could not be checked, by first appearance
	Checks  []Check             `json:"checks"` // in the catalogue's order
	// ProductChecker is what Microsoft's own prerequisite checker said last; null when its log is
	// not there, is about another update or could not be read.
	ProductChecker *Opinion `json:"product_checker"`
	// Configuration is the file that was in force.
	Configuration Configuration  `json:"configuration"`
	Waivers       []Waiver       `json:"waivers"`       // all that the configuration has, in its order
	Confirmations []Confirmation `json:"confirmations"` // what only a person can tell, in the catalogue's order
	// History is what earlier runs tell; left out where none are kept.
	History *History `json:"history,omitempty"`
	// SHA256 finds damage; it is set where the report is written as JSON, and always the last.
	SHA256 string `json:"sha256"`
}

// Tool is the program that made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is the release that the site was judged for.
type Target struct {
	Product     requirement.Product `json:"product"`
	ProductName string              `json:"product_name"`
	Version     string              `json:"version"`
	Build       uint32              `json:"build"`
	Sources     []string            `json:"sources"`
	SourcesRead string              `json:"sources_read"` // the day on which the sources were read
	Chosen      string              `json:"chosen"`       // one of the Chosen constants
}

// Source says where the facts came from.
type Source struct {
	Kind string `json:"kind"` // Live or Recording
	File string `json:"file"` // a recording's file name without its folder; empty for a live run
}

// Exit is the exit code of the program and what it means.
type Exit struct {
	Code       int    `json:"code"`
	Meaning    string `json:"meaning"`
	LetThrough string `json:"let_through"` // what --fail-on let through; empty when nothing was
}

// Counts is how many checks have each status.
type Counts struct {
	Failed        int `json:"failed"`
	Warning       int `json:"warning"`
	Unknown       int `json:"unknown"`
	Waived        int `json:"waived"` // whose findings were all accepted
	Passed        int `json:"passed"`
	NotApplicable int `json:"not_applicable"`
	NotSelected   int `json:"not_selected"`
	Total         int `json:"total"` // the sum of the others
}

// Selected is how many checks were selected.
func (c Counts) Selected() int { return c.Total - c.NotSelected }

// Check is one check and its result.
type Check struct {
	ID          string     `json:"id"`
	AreaID      string     `json:"area_id"`
	AreaTitle   string     `json:"area_title"`
	Title       string     `json:"title"`
	Why         string     `json:"why"`
	Consequence string     `json:"consequence"`
	Remedy      string     `json:"remedy"`
	Command     string     `json:"command"`
	Rules       []string   `json:"rules"`
	Sources     []string   `json:"sources"`
	Rights      []string   `json:"rights"`
	Settings    []Setting  `json:"settings"`
	Status      string     `json:"status"` // a name of checks.Status, or NotSelected
	Selected    bool       `json:"selected"`
	Summary     string     `json:"summary"`
	Notes       []string   `json:"notes"`
	Items       []Item     `json:"items"`
	Cause       *Reason    `json:"cause"`  // why the whole check could not be checked; else null
	Waived      *Waived    `json:"waived"` // the waiver of the whole check that accepted something; else null
	Evidence    []Evidence `json:"evidence"`
	TookMS      int64      `json:"took_ms"`
	Stack       string     `json:"stack"` // of a panic
}

// Setting is a threshold that a check judged by.
type Setting struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Default float64 `json:"default"`
	Unit    string  `json:"unit"`
	About   string  `json:"about"`
	Source  string  `json:"source"` // the document that names it
	Ours    bool    `json:"ours"`   // it is our own policy; no document names it
}

// Item is one thing judged.
type Item struct {
	Key    string  `json:"key"`
	Found  string  `json:"found"`
	Wanted string  `json:"wanted"`
	Where  string  `json:"where"`
	Status string  `json:"status"` // a name of checks.Status
	Cause  *Reason `json:"cause"`  // why it could not be checked; else null
	Waived *Waived `json:"waived"` // the waiver that accepts it; else null
}

// Reason says why something is not known.
type Reason struct {
	Reason string `json:"reason"` // a word for programs: denied, timeout, ...
	Cause  string `json:"cause"`
	Help   string `json:"help"`
}

// Evidence is one question that a check asked, and what came back.
type Evidence struct {
	Question platform.Question `json:"question"`
	Use      platform.Use      `json:"use"`
	Group    int               `json:"group"`  // numbers the questions that were ways to learn one thing; 0 for the others
	Answer   json.RawMessage   `json:"answer"` // null when there is none, or when it was cut
	Cut      *Cut              `json:"cut"`    // in place of an answer over MaxEvidence; else null
	NoAnswer *Reason           `json:"no_answer"`
	TookMS   int64             `json:"took_ms"`
}

// Cut stands for an answer that is too long for a report.
type Cut struct {
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"` // of the answer without white space between its parts, in hex
}

// Input is what the command knows about a run.
type Input struct {
	Version      string // the program's
	Subject      discovery.Subject
	Target       requirement.Release
	TargetStated bool // the operator named the target
	// ServiceManager is the release of Service Manager that the operator named; nil for the default.
	ServiceManager *requirement.ServiceManagerRelease
	Recording      string // the recording's path; empty for a live run
	ReadAt         time.Time
	JudgedFor      time.Time
	MadeAt         time.Time
	ValidFor       time.Duration // after ReadAt; 0 is ValidFor
	Took           time.Duration
	Stopped        string              // why the run ended before its end, as a phrase: "interrupted"; empty when it did not
	Hanging        []platform.Question // whose calls have not come back
	FailOn         string              // FailOnWarning (also when empty), FailOnUnknown or FailOnFailed
	Results        []checks.Result     // with the waivers laid over them

	Configuration Configuration
	Thresholds    map[string]checks.Settings // by check id: what was set instead of the defaults
	Waivers       []checks.WaiverUse
	Statements    []checks.Statement
	Confirmed     []checks.Confirmation
}

// New makes the report of a run.
func New(in Input) Report {
	r := Report{
		Schema:  Schema,
		Tool:    Tool{toolName, in.Version},
		RunID:   rand.Text(),
		Subject: in.Subject,
		Target: Target{
			Product: in.Target.Product, ProductName: in.Target.Product.Name(),
			Version: in.Target.Version, Build: in.Target.Build,
			Sources: list(in.Target.Sources), SourcesRead: in.Target.Read, Chosen: chosen(in),
		},
		Source:     Source{Kind: Live},
		ReadAt:     whole(in.ReadAt),
		JudgedFor:  whole(in.JudgedFor),
		MadeAt:     whole(in.MadeAt),
		ValidUntil: whole(validity(in)),
		TookMS:     in.Took.Milliseconds(),
		Stopped:    in.Stopped,
		Hanging:    append([]platform.Question{}, in.Hanging...),
		Checks:     make([]Check, 0, len(in.Results)),

		Configuration: in.Configuration,
		Waivers:       newWaivers(in.Waivers),
		Confirmations: newConfirmations(in.Statements, in.Confirmed),
	}
	if r.ServiceManagerTarget = serviceManagerTarget(in); r.ServiceManagerTarget != nil && in.Subject.Product == requirement.ServiceManager.Name() {
		r.Target = *r.ServiceManagerTarget
	}
	if in.Recording != "" {
		// The folder can name people and customers. Both kinds of slash, because a recording
		// may be read on another system than the one that wrote the path.
		r.Source = Source{Recording, in.Recording[strings.LastIndexAny(in.Recording, `/\`)+1:]}
	}
	kept := answersKept{}
	for _, result := range in.Results {
		r.Checks = append(r.Checks, newCheck(result, in.Thresholds[result.Check.ID], kept))
	}
	r.Counts = count(r.Checks)
	r.Causes = causes(r.Checks)
	r.ProductChecker = newOpinion(in.Results, r.Checks)
	r.Verdict = verdict(in)
	r.Exit = exit(r.Verdict, in)
	return r
}

// Canonical is the report without what differs between a live run and its replay: the run
// id, the source, the time of making, durations, calls that hang, the stacks of panics, the
// checksum, earlier runs and which file the configuration stood in.
func (r Report) Canonical() Report {
	r.SHA256, r.Configuration, r.History = "", Configuration{}, nil
	r.RunID, r.Source, r.MadeAt, r.TookMS, r.Hanging = "", Source{}, time.Time{}, 0, nil
	r.Checks = slices.Clone(r.Checks)
	for i := range r.Checks {
		c := &r.Checks[i]
		c.TookMS, c.Stack = 0, ""
		c.Evidence = slices.Clone(c.Evidence)
		for j := range c.Evidence {
			c.Evidence[j].TookMS = 0
		}
	}
	return r
}

// validity is when the report of a run goes stale.
func validity(in Input) time.Time {
	end := in.ReadAt.Add(cmp.Or(in.ValidFor, ValidFor))
	for _, w := range in.Waivers {
		if w.State == checks.WaiverInForce && w.End().Before(end) {
			end = w.End()
		}
	}
	return end
}

// chosen compares builds as requirement.DefaultTarget does, so that a report never says of a
// target that the site may update to it when it may not.
func chosen(in Input) string {
	if in.TargetStated {
		return ChosenStated
	}
	v, err := version.Parse(in.Subject.Version)
	if err == nil && v.Part(2) >= in.Target.MinBuild && v.Part(2) < in.Target.Build {
		return ChosenNewest
	}
	return ChosenNewestKnown
}

// serviceManagerTarget is the release that Service Manager was judged for; nil when it is not here.
func serviceManagerTarget(in Input) *Target {
	if in.Subject.ServiceManager == nil {
		return nil
	}
	how := ChosenStated
	release := requirement.ServiceManagerRelease{}
	if in.ServiceManager != nil {
		release = *in.ServiceManager
	} else {
		installed, _ := version.Parse(in.Subject.ServiceManager.Version) // a console alone has none
		release, how = requirement.NextServiceManager(installed), ChosenNext
		if !release.Follows(installed) {
			how = ChosenNewestKnown
		}
	}
	return &Target{
		Product: requirement.ServiceManager, ProductName: requirement.ServiceManager.Name(), Version: release.Version,
		Build: release.Build.Part(2), Sources: list(release.Sources), SourcesRead: release.Read, Chosen: how,
	}
}

func newCheck(r checks.Result, set checks.Settings, kept answersKept) Check {
	c := Check{
		ID: r.Check.ID, AreaID: r.Area.ID, AreaTitle: r.Area.Title,
		Title: r.Check.Title, Why: r.Check.Why, Consequence: r.Check.Consequence,
		Remedy: r.Check.Remedy, Command: r.Check.Command,
		Rules: list(r.Check.Rules), Sources: list(r.Check.Sources), Rights: list(r.Check.Rights),
		Settings: []Setting{}, Status: r.Status.String(), Selected: r.Selected,
		Summary: r.Summary, Notes: list(r.Notes), Items: []Item{}, Cause: reason(r.Cause), Waived: newWaived(r.Waived),
		Evidence: []Evidence{}, TookMS: r.Took.Milliseconds(), Stack: r.Stack,
	}
	if !r.Selected {
		c.Status = NotSelected // its status is the zero one, and must not read as "could not check"
	}
	for _, s := range r.Check.Settings {
		c.Settings = append(c.Settings, Setting{
			Name: s.Name, Value: set.Value(s), Default: s.Default,
			Unit: s.Unit, About: s.About, Source: s.Source, Ours: s.Ours(),
		})
	}
	explained := c.Cause != nil
	for _, i := range r.Items {
		item := Item{i.Key, i.Found, i.Wanted, i.Where, i.Status.String(), reason(i.Cause), newWaived(i.Waived)}
		if i.Status == checks.Unknown {
			explained = true
			if item.Cause == nil {
				item.Cause = silent(c.ID)
			}
		}
		c.Items = append(c.Items, item)
	}
	if c.Status == unknown && !explained {
		c.Cause = silent(c.ID)
	}
	for _, e := range r.Evidence {
		c.Evidence = append(c.Evidence, newEvidence(e, kept))
	}
	return c
}

func newEvidence(seen platform.Seen, kept answersKept) Evidence {
	e := Evidence{
		Question: seen.Question, Use: seen.Use, Group: seen.Group,
		NoAnswer: reason(seen.Err), TookMS: seen.Took.Milliseconds(),
	}
	if len(seen.Answer) > 0 {
		answer := kept.of(seen.Answer)
		e.Answer, e.Cut = answer.text, answer.cut
	}
	return e
}

// answersKept are answers as evidence has them, by where they lie in memory: one that many
// checks got is made ready once.
type answersKept map[place]answerKept

type place struct {
	first  *byte
	length int
}

type answerKept struct {
	text json.RawMessage
	cut  *Cut // instead of a long text
}

func (kept answersKept) of(raw json.RawMessage) answerKept {
	at := place{&raw[0], len(raw)}
	if known, ok := kept[at]; ok {
		return known
	}
	// Without white space, so that a recording that writes an answer on one line gives the
	// same evidence.
	var compact bytes.Buffer
	answer := []byte(raw)
	if err := json.Compact(&compact, answer); err == nil {
		answer = compact.Bytes()
	} else {
		answer, _ = json.Marshal(string(answer)) // not JSON: kept as a text; a string can always be marshalled
	}
	out := answerKept{text: answer}
	if len(answer) > MaxEvidence {
		sum := sha256.Sum256(answer)
		out = answerKept{cut: &Cut{len(answer), hex.EncodeToString(sum[:])}}
	}
	kept[at] = out
	return out
}

func reason(no *platform.NoAnswer) *Reason {
	if no == nil {
		return nil
	}
	r := &Reason{Cause: no.Cause, Help: no.Help}
	if no.Reason != nil {
		r.Reason = no.Reason.Error()
	}
	return r
}

// whole drops what a recording does not keep, and the monotonic clock.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// list makes an empty list of nil, so that JSON has [] and not null.
func list(texts []string) []string { return append([]string{}, texts...) }
