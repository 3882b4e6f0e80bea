package report

import (
	_ "embed" // the schema is a file, so that it can be read without the program
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"siteready/checks"
	"siteready/checks/diagnosis"
	"siteready/checks/discovery"
	"siteready/platform"
)

// DiagnosisSchema is the version of a diagnosis in JSON. Fields may be added under the same one.
const DiagnosisSchema = 1

//go:embed diagnosis_schema.json
var diagnosisSchema string

// DiagnosisJSONSchema writes the JSON schema, draft 2020-12, of what DiagnosisJSON writes.
func DiagnosisJSONSchema(w io.Writer) error {
	if _, err := io.WriteString(w, diagnosisSchema); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	return nil
}

// Diagnosis is a diagnosis as it is written.
type Diagnosis struct {
	Schema   int               `json:"schema"`
	Tool     Tool              `json:"tool"`
	Source   Source            `json:"source"`
	ReadAt   time.Time         `json:"read_at"`
	MadeAt   time.Time         `json:"made_at"`
	Subject  discovery.Subject `json:"subject"`
	Standing string            `json:"standing"`  // at rest, under way, stuck or could not look: the worst of the lines and gaps
	Exit     int               `json:"exit_code"` // the program's exit code
	Stopped  string            `json:"stopped"`   // why the run ended before its end; empty otherwise
	Summary  string            `json:"summary"`
	Counts   DiagnosisCounts   `json:"counts"`
	Lines    []DiagnosisLine   `json:"lines"`
	Gaps     []DiagnosisGap    `json:"could_not_look"`
	Settings []Setting         `json:"thresholds"`
	Evidence []Evidence        `json:"evidence"` // all that was asked, and what came back
}

// DiagnosisCounts are packages by what became of them; null where that is not known.
type DiagnosisCounts struct {
	Packages  *int64 `json:"packages"`
	Installed *int64 `json:"installed"`
	SetAside  *int64 `json:"set_aside"` // hidden, or not applicable
}

// DiagnosisLine is an update package, as a whole or at one site.
type DiagnosisLine struct {
	Package  string               `json:"package"`
	GUID     string               `json:"guid"`    // empty for what is about all packages
	Version  string               `json:"version"` // empty when not known
	Site     string               `json:"site"`    // empty for the package as a whole
	Stage    string               `json:"stage"`
	Standing string               `json:"standing"`
	State    *int64               `json:"state"`   // the product's code; null without one
	Minutes  *int64               `json:"minutes"` // in this state, when the facts were read; null when not known
	Text     string               `json:"text"`    // all of it in one sentence
	Says     DiagnosisStatement   `json:"says"`
	Next     string               `json:"next"`
	Held     []DiagnosisStatement `json:"held_by"`
	Also     []DiagnosisStatement `json:"also_seen"`
	Safe     []string             `json:"safe_now"`
	Avoid    []string             `json:"avoid_now"`
	Cause    *Reason              `json:"cause"` // why its standing is not known; else null
	of       diagnosis.Line
}

// DiagnosisStatement is a sentence with what it stands on.
type DiagnosisStatement struct {
	Text string          `json:"text"`
	Seen []DiagnosisSeen `json:"seen"`
}

// DiagnosisSeen is a question, and what of its answer counts.
type DiagnosisSeen struct {
	Question string `json:"question"`
	Found    string `json:"found"`
	short    string // the question, where space is little
}

// DiagnosisGap is what could not be looked at.
type DiagnosisGap struct {
	What     string `json:"what"`
	Question string `json:"question"` // empty without one
	Reason
}

// DiagnosisInput is what the command knows about a diagnosis.
type DiagnosisInput struct {
	Version    string // the program's
	Recording  string // file name; empty for a live run
	MadeAt     time.Time
	Stopped    string
	Diagnosis  diagnosis.Diagnosis
	Evidence   []platform.Seen
	Thresholds checks.Settings
}

// NewDiagnosis makes a diagnosis of what the command knows.
func NewDiagnosis(in DiagnosisInput) Diagnosis {
	d := in.Diagnosis
	out := Diagnosis{
		Schema: DiagnosisSchema, Tool: Tool{Name: toolName, Version: in.Version}, Source: Source{Kind: Live}, ReadAt: d.ReadAt.UTC(), MadeAt: in.MadeAt.UTC(),
		Subject: d.Subject, Standing: d.Standing.String(), Exit: d.Standing.ExitCode(), Stopped: in.Stopped, Summary: d.Summary,
		Counts: DiagnosisCounts{counted64(d.Counts.Packages), counted64(d.Counts.Installed), counted64(d.Counts.SetAside)},
		Lines:  []DiagnosisLine{}, Gaps: []DiagnosisGap{}, Settings: []Setting{}, Evidence: []Evidence{},
	}
	if in.Recording != "" {
		out.Source = Source{Kind: Recording, File: in.Recording}
	}
	for _, l := range d.Lines {
		line := DiagnosisLine{
			Package: l.Package, GUID: l.GUID, Version: l.Version, Site: l.Site, Stage: string(l.Stage), Standing: l.Standing.String(),
			State: counted64(l.Code), Minutes: counted64(l.Minutes), Text: l.String(), Says: statement(l.Says), Next: l.Next,
			Held: []DiagnosisStatement{}, Also: []DiagnosisStatement{}, Safe: append([]string{}, l.Safe...), Avoid: append([]string{}, l.Avoid...), Cause: reason(l.Cause), of: l,
		}
		for _, held := range l.Held {
			line.Held = append(line.Held, statement(held))
		}
		for _, also := range l.Also {
			line.Also = append(line.Also, statement(also))
		}
		out.Lines = append(out.Lines, line)
	}
	for _, gap := range d.Gaps {
		out.Gaps = append(out.Gaps, DiagnosisGap{What: gap.What, Question: asked(gap.From), Reason: *reason(gap.Cause)})
	}
	for _, s := range diagnosis.Settings() {
		out.Settings = append(out.Settings, Setting{Name: s.Name, Value: in.Thresholds.Value(s), Default: s.Default, Unit: s.Unit, Source: s.Source, Ours: s.Ours(), About: s.About})
	}
	kept := answersKept{}
	for _, e := range in.Evidence {
		out.Evidence = append(out.Evidence, newEvidence(e, kept))
	}
	return out
}

// counted64 is a number, or nil for what is not known.
func counted64(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

func statement(s diagnosis.Statement) DiagnosisStatement {
	out := DiagnosisStatement{Text: s.Text, Seen: []DiagnosisSeen{}}
	for _, e := range s.Evidence {
		short := asked(e.Question)
		switch e.Question.Kind {
		case platform.KindSQL:
			short = e.Question.What
		case platform.KindService:
			short = "service " + e.Question.What
		case platform.KindEvents:
			short = "log " + e.Question.Where
		case platform.KindLog:
			short = "" // what was found names the file
		}
		out.Seen = append(out.Seen, DiagnosisSeen{asked(e.Question), e.Found, short})
	}
	return out
}

// asked names a question; empty without one.
func asked(q platform.Question) string {
	if q.Kind == "" {
		return ""
	}
	return q.String()
}

// DiagnosisJSON writes a diagnosis as one indented JSON object with a newline at its end. Control
// characters are escaped.
func DiagnosisJSON(w io.Writer, d Diagnosis) error {
	text, err := safeJSON(d)
	if err != nil {
		return fmt.Errorf("make the diagnosis: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("write the diagnosis: %w", err)
	}
	return nil
}

// standingMark is how a standing looks.
func standingMark(standing string) mark {
	switch standing {
	case diagnosis.Stuck.String():
		m := marks(failed)
		m.word = "Stuck"
		return m
	case diagnosis.Waits.String():
		m := marks(warning)
		m.word = "Under way"
		return m
	case diagnosis.Rests.String():
		m := marks(passed)
		m.word = "At rest"
		return m
	default:
		m := marks(unknown)
		m.word = "Could not look"
		return m
	}
}

func (p *page) standing(standing string) string {
	m := standingMark(standing)
	symbol := m.ascii
	if p.Unicode {
		symbol = m.symbol
	}
	return p.paint(symbol+" "+m.word, m.color...)
}

// DiagnosisTable writes a diagnosis for people. Lines are wrapped as those of Table are.
func DiagnosisTable(w io.Writer, d Diagnosis, o TableOptions) error {
	p := &page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}
	p.diagnosisHead(d)
	first := true
	avoided := "" // above
	for _, l := range d.Lines {
		if l.of.Standing == diagnosis.Rests {
			continue
		}
		all := strings.Join(l.Avoid, "\n")
		if all != "" && all == avoided {
			l.Avoid = []string{"the same as above"}
		}
		avoided = all
		p.diagnosisLine(l)
	}
	for _, l := range d.Lines {
		if l.of.Standing != diagnosis.Rests {
			continue
		}
		if first {
			p.title("At rest")
			first = false
		}
		p.text("  "+p.paint(p.symbol(passed), marks(passed).color...)+" ", l.of.Name()+": "+l.Stage+": "+l.Says.Text)
		for _, also := range l.Also {
			p.labelled(4, "Also seen", also.Text)
			p.seen(also.Seen)
		}
		if p.Verbose {
			p.seen(l.Says.Seen)
			p.labelled(4, "Next", l.Next)
			p.labelled(4, "Now", strings.Join(l.Safe, " "))
		}
	}
	p.couldNotLook(d)
	if p.Verbose {
		p.asked(d)
	}
	p.line("")
	p.text("", fmt.Sprintf("Exit code %d.", d.Exit))
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write the diagnosis: %w", err)
	}
	return nil
}

func (p *page) diagnosisHead(d Diagnosis) {
	m := standingMark(d.Standing)
	word := strings.ToUpper(m.word)
	p.text(p.paint(word, m.color...)+"   ", d.Summary)
	if d.Stopped != "" {
		p.text(strings.Repeat(" ", len(word)+3), "The run ended early: "+d.Stopped+".")
	}
	p.line("")
	p.labelled(0, "Site", headline(d.Subject))
	p.labelled(0, "Database", database(d.Subject))
	read := d.ReadAt.Format(clock)
	if d.Source.Kind == Recording {
		read += fmt.Sprintf(", from the recording %s, %s ago", d.Source.File, days(d.MadeAt.Sub(d.ReadAt)))
	}
	p.labelled(0, "Read", read)
	if c := d.Counts; c.Packages != nil {
		text := fmt.Sprintf("%d known", *c.Packages)
		if c.Installed != nil {
			text += fmt.Sprintf(", %d installed", *c.Installed)
		}
		if c.SetAside != nil {
			text += fmt.Sprintf(", %d hidden or not applicable", *c.SetAside)
		}
		p.labelled(0, "Packages", text)
	}
}

// days is the age of a recording.
func days(age time.Duration) string {
	if age < 48*time.Hour {
		return plural(int(max(age, 0).Hours()), "hour", "hours")
	}
	return plural(int(age.Hours()/24), "day", "days")
}

func (p *page) diagnosisLine(l DiagnosisLine) {
	p.line("")
	lead := p.standing(l.Standing) + "  "
	about := l.Stage
	if l.Minutes != nil {
		about += ", for " + diagnosis.Span(*l.Minutes)
	}
	p.text(lead, l.of.Name()+": "+about)
	p.labelled(4, "State", l.Says.Text)
	p.seen(l.Says.Seen)
	if l.Cause != nil {
		p.labelled(4, "Not known", l.Cause.Cause)
		p.labelled(4, "Do", l.Cause.Help)
	}
	for _, held := range l.Held {
		p.labelled(4, "Held by", held.Text)
		p.seen(held.Seen)
	}
	for _, also := range l.Also {
		p.labelled(4, "Also seen", also.Text)
		p.seen(also.Seen)
	}
	p.labelled(4, "Next", l.Next)
	for i, text := range l.Safe {
		p.labelled(4, []string{"Safe now", ""}[min(i, 1)], text)
	}
	for i, text := range l.Avoid {
		p.labelled(4, []string{"Not now", ""}[min(i, 1)], text)
	}
}

// seen writes what a statement stands on.
func (p *page) seen(all []DiagnosisSeen) {
	for _, e := range all {
		question := e.short
		if p.Verbose {
			question = e.Question
		}
		if question != "" {
			question += ": "
		}
		p.text(strings.Repeat(" ", 4+labelWidth), "["+question+e.Found+"]")
	}
}

// couldNotLook writes each cause once, with what it hides.
func (p *page) couldNotLook(d Diagnosis) {
	var causes []DiagnosisGap
	hidden := map[string][]string{}
	for _, gap := range d.Gaps {
		if _, known := hidden[gap.Cause]; !known {
			causes = append(causes, gap)
		}
		hidden[gap.Cause] = append(hidden[gap.Cause], gap.What)
	}
	for i, gap := range causes {
		if i == 0 {
			p.title("Could not look")
		}
		p.text("  "+p.paint(p.symbol(unknown), marks(unknown).color...)+" ", gap.Cause)
		p.labelled(4, "Hides", strings.Join(hidden[gap.Cause], "; "))
		p.labelled(4, "Question", gap.Question)
		p.labelled(4, "Do", gap.Help)
	}
}

// asked writes every question, and what came back.
func (p *page) asked(d Diagnosis) {
	p.title("Evidence")
	for _, e := range d.Evidence {
		p.text(p.paint("  asked  ", color.Faint), e.Question.String()+" ("+took(e.TookMS)+")")
		p.labelled(4, "  answer", answer(e))
		if e.NoAnswer != nil {
			p.labelled(4, "  none", e.NoAnswer.Reason+": "+e.NoAnswer.Cause)
		}
	}
	p.title("Thresholds")
	for _, s := range d.Settings {
		p.text("  - ", threshold(s))
	}
}
