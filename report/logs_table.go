package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// How times and days stand in what was found in logs. All are UTC, and the head says so.
const (
	logClock  = "2006-01-02 15:04:05"
	logMinute = "2006-01-02 15:04"
)

// logStatus is the status whose sign and colour a severity has.
func logStatus(severity string) string {
	switch severity {
	case signatures.Failure:
		return failed
	case signatures.Warning:
		return warning
	}
	return notApplicable
}

// logWord is what a severity is called.
func logWord(severity string) string {
	switch severity {
	case signatures.Failure:
		return "Failure"
	case signatures.Warning:
		return "Warning"
	}
	return "Information"
}

// logsStatus is the status whose sign and colour a verdict has.
func logsStatus(v LogsVerdict) string {
	switch v {
	case LogsFailures:
		return failed
	case LogsWarnings:
		return warning
	case LogsNothing:
		return passed
	}
	return unknown
}

// TableLogs writes for people what was found: the causes, newest first, with what to do and the
// lines; then what could not be read. No line is longer than Width-1. With Verbose it has also what
// is over in full, every symptom of a cause, and every file.
func TableLogs(w io.Writer, l Logs, o TableOptions) error {
	p := &page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}
	p.logsHead(l)
	for _, c := range l.Causes {
		if !c.Over {
			p.logCause(l, c)
		}
	}
	p.logsOver(l)
	p.logsUnread(l)
	p.logsNotes(l)
	if o.Verbose {
		p.logFiles(l)
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (p *page) logsHead(l Logs) {
	p.text(p.paint(string(l.Verdict), marks(logsStatus(l.Verdict)).color...)+"   ", logsCounted(l))
	p.line("")
	p.labelled(0, "Read", logsRead(l))
	p.labelled(0, "Lines", logsSpan(l))
	p.labelled(0, "Looked for", logsLooked(l))
	p.labelled(0, "Stopped", l.Stopped)
}

// logsCounted is the counts of causes in words.
func logsCounted(l Logs) string {
	var words []string
	add := func(n int, one, more string) {
		if n > 0 {
			words = append(words, plural(n, one, more))
		}
	}
	add(l.Counts.Failures, "cause of failures", "causes of failures")
	add(l.Counts.Warnings, "warning", "warnings")
	add(l.Counts.Information, "for information", "for information")
	add(l.Counts.Over, "cause that is over", "causes that are over")
	add(l.Counts.Unread, "file or folder could not be read", "files or folders could not be read")
	switch {
	case l.nothing() != "":
		words = append(words, l.nothing())
	case len(words) == 0:
		words = append(words, "no known failure stands in these logs; that is no proof that there is none")
	}
	return strings.Join(words, ", ")
}

// logsRead says what was read, and where.
func logsRead(l Logs) string {
	text := fmt.Sprintf("%s, %s, %s", plural(l.Counts.Files, "file", "files"), size(l.Counts.Bytes), plural64(l.Counts.Lines, "line", "lines"))
	const most = 4
	var places []string
	for i, place := range l.Places {
		if i == most {
			places = append(places, fmt.Sprintf("and %d more", len(l.Places)-most))
			break
		}
		places = append(places, place.Path)
	}
	if len(places) > 0 {
		text += " from " + strings.Join(places, ", ")
	}
	return text
}

// logsSpan says from when to when the lines are, and which of them count.
func logsSpan(l Logs) string {
	var first, last *time.Time
	for _, f := range l.Files {
		for _, at := range []*time.Time{f.First, f.Last} { // a clock that is set back turns them round
			if at != nil && (first == nil || at.Before(*first)) {
				first = at
			}
			if at != nil && (last == nil || at.After(*last)) {
				last = at
			}
		}
	}
	var parts []string
	if first != nil && last != nil {
		parts = append(parts, fmt.Sprintf("%s to %s UTC", first.Format(logMinute), last.Format(logMinute)))
	}
	switch {
	case l.Since != nil && l.Until != nil:
		parts = append(parts, fmt.Sprintf("only those from %s to %s UTC count", l.Since.Format(logMinute), l.Until.Format(logMinute)))
	case l.Since != nil:
		parts = append(parts, fmt.Sprintf("only those since %s UTC count", l.Since.Format(logMinute)))
	case l.Until != nil:
		parts = append(parts, fmt.Sprintf("only those until %s UTC count", l.Until.Format(logMinute)))
	}
	return strings.Join(parts, "; ")
}

// logsLooked says what was looked for.
func logsLooked(l Logs) string {
	text := fmt.Sprintf("%s and %s, catalogue %s", plural(l.Catalogue.Signatures, "known failure", "known failures"),
		plural(l.Catalogue.Rules, "rule over several lines", "rules over several lines"), l.Catalogue.Version)
	if l.Catalogue.Own > 0 {
		text += fmt.Sprintf("; %d of your own, from %s", l.Catalogue.Own, l.Configuration.File)
	}
	return text
}

// logCause writes a cause.
func (p *page) logCause(l Logs, c logscan.Cause) {
	status := logStatus(c.Severity)
	p.line("")
	head := p.symbol(status) + " " + logWord(c.Severity)
	p.text(p.paint(head, marks(status).color...)+"   ", logWhen(c))
	for _, line := range wrap(c.Lead.Meaning, p.usable-2) {
		p.line("  " + p.paint(line, color.Bold))
	}
	p.labelled(2, "What to do", c.Lead.Remedy)
	p.labelled(2, "Note", logNote(c.Lead))
	p.labelled(2, "Source", c.Lead.Source)
	p.labelled(2, "Id", logID(c.Lead))
	p.logLines(l, c.Lead)
	const most = 3
	for i, s := range c.Others {
		if i == most && !p.Verbose {
			p.labelled(2, "", fmt.Sprintf("and %s; --verbose shows all", plural(len(c.Others)-most, "more symptom", "more symptoms")))
			break
		}
		label := ""
		if i == 0 {
			label = "With it"
		}
		p.labelled(2, label, logOther(s))
		if p.Verbose {
			p.logLines(l, s)
		}
	}
}

// logWhen says how often and when.
func logWhen(c logscan.Cause) string {
	times := plural64(c.Count, "message", "messages")
	switch {
	case c.Last == nil:
		return times + " without a time"
	case c.First.Equal(*c.Last):
		return fmt.Sprintf("%s UTC, %s", c.Last.Format(logClock), times)
	}
	return fmt.Sprintf("%s UTC, %s since %s UTC", c.Last.Format(logClock), times, c.First.Format(logClock))
}

// logNote says what limits a finding.
func logNote(s logscan.Symptom) string {
	var notes []string
	if s.Normal != "" {
		notes = append(notes, "It may also be seen without a fault: "+s.Normal+".")
	}
	if s.Own {
		notes = append(notes, "The limit of this rule is our own; log_rules in the configuration sets another.")
	}
	if s.Over > 0 && s.Ended == nil {
		notes = append(notes, fmt.Sprintf("%s of an earlier run.", plural64(s.Over, "message is", "messages are")))
	}
	if s.Undated > 0 {
		notes = append(notes, fmt.Sprintf("The time of %s is not known.", plural64(s.Undated, "message", "messages")))
	}
	return strings.Join(notes, " ")
}

func logID(s logscan.Symptom) string {
	if s.Log != "" {
		return s.ID + ", a rule over several lines of " + s.Log
	}
	return s.ID
}

// logOther is a symptom that stands below another.
func logOther(s logscan.Symptom) string {
	text := fmt.Sprintf("%s (%s): %s", s.ID, plural64(s.Count, "message", "messages"), s.Meaning)
	if s.Ended != nil {
		text += " It is over."
	}
	return text
}

// logLines writes the lines of a symptom, each with its file, its number and its time.
func (p *page) logLines(of Logs, s logscan.Symptom) {
	lines := s.Lines
	if !p.Verbose && len(lines) > 2 {
		lines = []logscan.Line{lines[0], lines[len(lines)-1]}
	}
	for i, l := range lines {
		label := ""
		if i == 0 {
			label = "Lines"
		}
		p.labelled(2, label, logPlaceOf(of, l))
		text := clean(l.Text)
		if !p.Verbose {
			text = shortAround(l.Text, l.Match)
		}
		if text != "" {
			p.text(strings.Repeat(" ", 2+labelWidth+2), text)
		}
	}
	if left := s.Count - int64(len(lines)); left > 0 && len(lines) > 0 {
		p.labelled(2, "", fmt.Sprintf("and %s", plural64(left, "more message", "more messages")))
	}
}

// shortAround is the text of a line, cut around a place in it where it is long.
func shortAround(text string, at int) string {
	const lead = shortText / 4
	if at <= shortText/2 || at >= len(text) || len(clean(text)) <= shortText {
		return short(text, shortText)
	}
	text = strings.ToValidUTF8(text[at-lead:], "")
	if _, rest, found := strings.Cut(text[:lead], " "); found { // not from the middle of a word
		text = rest + text[lead:]
	}
	const dots = "... "
	return dots + short(text, shortText-len(dots))
}

// logPlaceOf is "FILE:LINE, TIME".
func logPlaceOf(of Logs, l logscan.Line) string {
	text := fmt.Sprintf("%s:%d", of.name(l.File), l.Number)
	switch {
	case l.At == nil:
		return text + ", time not known"
	case !l.Zoned:
		return text + ", " + ownClock(l) + ", its zone not told"
	}
	return text + ", " + ownClock(l)
}

// ownClock is the time of a line by the clock of the log, as viewers of logs show it, with how far
// that is from UTC.
func ownClock(l logscan.Line) string {
	return l.At.In(time.FixedZone("", l.Offset*60)).Format(logClock + " -07:00")
}

// name is the path of a file, without the one folder in which logs were looked for.
func (l Logs) name(path string) string {
	if len(l.Places) == 1 {
		folder := l.Places[0].Path
		if rest, inside := strings.CutPrefix(path, folder); inside && len(rest) > 1 && strings.ContainsAny(rest[:1], `/\`) {
			return rest[1:]
		}
	}
	return path
}

// logsOver writes what is over.
func (p *page) logsOver(l Logs) {
	if l.Counts.Over == 0 {
		return
	}
	p.title("Over")
	for _, c := range l.Causes {
		switch {
		case !c.Over:
		case p.Verbose:
			p.logCause(l, c)
			p.labelled(2, "Over", logEnd(l, c))
		default:
			p.text("- ", fmt.Sprintf("%s (%s, %s) %s", clean(c.Lead.Meaning), c.Lead.ID, plural64(c.Count, "message", "messages"), logEnd(l, c)))
		}
	}
	if !p.Verbose {
		p.text("", "--verbose shows the lines.")
	}
}

// logEnd says why a cause is over.
func logEnd(l Logs, c logscan.Cause) string {
	e := c.Lead.Ended
	at := ""
	if e.Line.At != nil {
		at = " on " + e.Line.At.Format(logMinute)
	}
	what := "Since then it has succeeded"
	if c.Lead.OverBy == e.ID {
		what = "A later run was begun"
	}
	return fmt.Sprintf("%s%s: %s:%d.", what, at, l.name(e.Line.File), e.Line.Number)
}

// logsUnread writes what could not be read.
func (p *page) logsUnread(l Logs) {
	if l.Counts.Unread == 0 {
		return
	}
	p.title("Could not read")
	for _, place := range l.Places {
		if place.Problem != "" {
			p.text(p.paint(p.symbol(unknown), marks(unknown).color...)+" ", fmt.Sprintf("%s: %s", place.Path, place.Problem))
		}
	}
	for _, f := range l.Files {
		if f.Problem != "" {
			p.text(p.paint(p.symbol(unknown), marks(unknown).color...)+" ", fmt.Sprintf("%s: %s", l.name(f.Name), f.Problem))
		}
	}
	p.text("", "What was not read may hold a failure.")
}

// logsNotes writes what else must be known.
func (p *page) logsNotes(l Logs) {
	notes := logsNotes(l)
	if len(notes) == 0 {
		return
	}
	p.title("Notes")
	for _, note := range notes {
		p.text("- ", note)
	}
}

// logsNotes are what else must be known of a run.
func logsNotes(l Logs) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if l.Counts.Harmless > 0 {
		add("Microsoft calls %s harmless: no finding.", plural64(l.Counts.Harmless, "message", "messages"))
	}
	if l.Counts.Grew > 0 {
		add("%s while this was read; what was added is not in it.", plural(l.Counts.Grew, "file grew", "files grew"))
	}
	long, unzoned, others := int64(0), false, 0
	for _, f := range l.Files {
		long += f.Long
	}
	for _, c := range l.Causes {
		for _, s := range append([]logscan.Symptom{c.Lead}, c.Others...) {
			for _, line := range s.Lines {
				unzoned = unzoned || line.At != nil && !line.Zoned
			}
		}
	}
	for _, place := range l.Places {
		others += place.Others
	}
	if long > 0 {
		add("%s longer than 1 MiB, and looked through in parts.", plural64(long, "line is", "lines are"))
	}
	if unzoned {
		add("Some lines do not tell the zone of their time, which is taken for %s.", l.Zone)
	}
	if others > 0 {
		add("%s; a file that is named is read.", plural(others, "file, by its name no log, was not read", "files, by their names no logs, were not read"))
	}
	return notes
}

// logFiles writes every file.
func (p *page) logFiles(l Logs) {
	p.title("Files")
	for _, f := range l.Files {
		text := fmt.Sprintf("%s: %s, %s", l.name(f.Name), size(f.Read), plural64(f.Lines, "line", "lines"))
		if f.Encoding != "" {
			text += ", " + f.Encoding
		}
		if f.First != nil && f.Last != nil {
			text += fmt.Sprintf(", %s to %s", f.First.Format(logMinute), f.Last.Format(logMinute))
		}
		p.text("- ", text)
	}
}

// size is a number of bytes for people.
func size(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	}
	return plural64(bytes, "byte", "bytes")
}

// plural64 is plural of a large number.
func plural64(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
