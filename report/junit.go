package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"siteready/checks"
)

// JUnitOptions are how a JUnit report treats what the format has no word for.
type JUnitOptions struct {
	WarningsFail bool // a warning is a failure; otherwise it passes, with the warning as its output
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitCounts struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"` // seconds
}

type junitSuite struct {
	Name      string `xml:"name,attr"`
	Timestamp string `xml:"timestamp,attr"` // UTC, without a zone
	Host      string `xml:"hostname,attr"`
	junitCounts
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
	took       int64
}

type junitProperties struct {
	All []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	Skipped *junitReason `xml:"skipped"`
	Error   *junitReason `xml:"error"`
	Failure *junitReason `xml:"failure"`
	Out     *junitText   `xml:"system-out"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	junitText
}

// junitText is lines, escaped already: encoding/xml would write each line break as a number.
type junitText struct {
	Escaped string `xml:",innerxml"`
}

// JUnit writes the report as JUnit XML: a suite for each area, and a test case for each check
// under its id. Failed is a failure, could not check an error; what was waived, does not
// apply or was not selected is skipped, with the reason. A first suite holds what was judged,
// and the case "verdict": an error when the run is incomplete though no check says so, since
// a report in which all is skipped would look well.
func JUnit(w io.Writer, r Report, o JUnitOptions) error {
	all := junitSuites{Name: toolName, Suites: []junitSuite{junitVerdict(r)}}
	old := agesOf(r.History)
	at := map[string]int{}
	for _, c := range r.Checks {
		i, known := at[c.AreaID]
		if !known {
			i = len(all.Suites)
			at[c.AreaID] = i
			all.Suites = append(all.Suites, newJUnitSuite(r, c.AreaTitle))
		}
		suite := &all.Suites[i]
		suite.add(newJUnitCase(c, o, old), c.TookMS)
	}
	for i := range all.Suites {
		suite := &all.Suites[i]
		suite.Time = seconds(suite.took)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Skipped += suite.Skipped
	}
	all.Time = seconds(r.TookMS)
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("make the JUnit report: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(text)+"\n"); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}

func newJUnitSuite(r Report, name string) junitSuite {
	return junitSuite{
		Name: short(name, shortText), Timestamp: r.MadeAt.UTC().Format("2006-01-02T15:04:05"), Host: short(r.Subject.Computer, shortText),
	}
}

// add adds a case and counts it.
func (s *junitSuite) add(c junitCase, took int64) {
	s.Cases = append(s.Cases, c)
	s.took += took
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// junitVerdict is the suite about the run itself.
func junitVerdict(r Report) junitSuite {
	suite := newJUnitSuite(r, toolName)
	suite.Properties = &junitProperties{}
	property := func(name, value string) {
		suite.Properties.All = append(suite.Properties.All, junitProperty{short(name, shortText), short(value, longText)})
	}
	for _, p := range []junitProperty{
		{"verdict", string(r.Verdict)},
		{"exit_code", fmt.Sprint(r.Exit.Code)},
		{"run_id", r.RunID},
		{"site_code", r.Subject.SiteCode},
		{"computer", r.Subject.Computer},
		{"target", r.Target.Version},
		{"read_at", r.ReadAt.Format(clock)},
		{"judged_for", r.JudgedFor.Format(clock)},
		{"valid_until", r.ValidUntil.Format(clock)},
	} {
		property(p.Name, p.Value)
	}
	if r.History != nil {
		property("last_run", sinceLast(r.History))
		for _, remark := range r.History.remarks() {
			property("last_run beware", remark)
		}
	}
	kinds, of := changedFindings(r.History)
	for _, k := range kinds {
		for _, f := range of[k.kind] {
			if f.Over {
				property("former "+k.kind, f.name()+": "+f.became())
			}
		}
	}
	for _, d := range disagreements(r) {
		property("disagreement "+d.Kind, d.line())
	}
	for _, w := range r.Waivers {
		property("waiver "+string(w.State), fmt.Sprintf("%s: %s%s, until %s: %s", accepts(w), w.Owner, ticket(w.Ticket), w.Until, w.Reason))
	}
	if _, n := confirmed(r); n > 0 {
		for _, c := range r.Confirmations {
			property("statement "+c.ID, confirmedBy(c))
		}
	}
	out := junitLines(append([]string{fmt.Sprintf("%s: %s", r.Verdict, strings.Join(counted(r.Counts), ", "))}, about(r)...))
	c := junitCase{Class: toolName, Name: "verdict", Time: seconds(0)}
	if r.Verdict == checks.Incomplete && r.Counts.Unknown == 0 {
		c.Error = &junitReason{short(why(r), shortText), "incomplete", out}
	} else {
		c.Out = &out
	}
	suite.add(c, 0)
	return suite
}

func newJUnitCase(c Check, o JUnitOptions, old ages) junitCase {
	one := junitCase{Class: toolName + "." + short(c.AreaID, shortText), Name: short(c.ID, shortText), Time: seconds(c.TookMS)}
	message := short(c.Summary, shortText)
	details := junitLines(junitDetails(c, old))
	switch {
	case c.Status == failed, c.Status == warning && o.WarningsFail:
		one.Failure = &junitReason{message, c.Status, details}
	case c.Status == warning:
		one.Out = &details
	case c.Status == passed:
		one.Out = &details
	case c.Status == waived:
		one.Skipped = &junitReason{"waived: " + message, "", details}
	case c.Status == notApplicable:
		one.Skipped = &junitReason{"not applicable: " + message, "", details}
	case c.Status == NotSelected:
		one.Skipped = &junitReason{Message: "not selected"}
	default:
		kind := unknown
		if c.Cause != nil && clean(c.Cause.Reason) != "" {
			kind = short(c.Cause.Reason, shortText)
		}
		one.Error = &junitReason{message, kind, details}
	}
	return one
}

// junitDetails is a check's result in lines: what was asked, found, wanted and read where, why it
// could not be checked, what was accepted, and what to do.
func junitDetails(c Check, old ages) []string {
	lines := []string{marks(c.Status).word + ": " + c.Title}
	add := func(label, text string) {
		if text = cut(text, longText, safe); strings.TrimSpace(text) != "" {
			lines = append(lines, label+": "+text)
		}
	}
	add("Found", c.Summary)
	add("Seen", old.of(c.ID, ""))
	cause := func(r *Reason) {
		if r != nil {
			if r.Cause != c.Summary {
				add("  Cause", r.Cause)
			}
			add("  Do", r.Help)
		}
	}
	cause(c.Cause)
	for _, item := range c.Items {
		if item.Status == passed {
			continue
		}
		add("- "+marks(item.Status).word, itemText(Item{Key: item.Key, Found: item.Found, Wanted: item.Wanted, Where: item.Where}, nil))
		cause(item.Cause)
		add("  Seen", old.of(c.ID, item.Key))
	}
	for _, item := range acceptedOf(c) {
		add("Waived", strings.TrimPrefix(item.Key+": ", ": ")+waivedBy(*item.Waived))
	}
	for _, s := range c.Settings {
		if s.Value != s.Default {
			add("Threshold", threshold(s))
		}
	}
	for _, note := range c.Notes {
		add("Note", note)
	}
	switch c.Status {
	case failed, warning, unknown, waived:
		add("Do", c.Remedy)
		add("Command", c.Command)
		add("Otherwise", c.Consequence)
		for _, source := range c.Sources {
			add("More", source)
		}
	}
	return lines
}

// junitLines escapes lines, each cleaned. What may not stand in XML becomes a replacement character.
func junitLines(lines []string) junitText {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("\n")
		_ = xml.EscapeText(&b, []byte(strings.TrimRight(cut(line, longText, safe), " "))) // a builder takes everything
	}
	b.WriteString("\n")
	return junitText{b.String()}
}
