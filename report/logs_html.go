package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page is a file, so that editors and browsers know it for what it is
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"siteready/platform/logscan"
)

//go:embed html/logs.html
var htmlLogsPage string

// HTMLLogs writes what was found as one page for browsers and mail, in the style of HTML. It loads
// nothing, and has no script. Foreign text is escaped and cut.
func HTMLLogs(w io.Writer, l Logs) error {
	var page bytes.Buffer
	if err := fill(&page, htmlParts+htmlLogsPage, newLogsView(l)); err != nil {
		return fmt.Errorf("make the HTML report: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write the HTML report: %w", err)
	}
	return nil
}

// logsView is what the page's template shows: texts that are clean and short enough already.
type logsView struct {
	Title, Policy, Status, Verdict, Headline string
	Style                                    markup

	Facts         []htmlFact
	Causes, Over  []logsCause
	Unread, Notes []string
	Files         []logsFile
	FilesTitle    string
}

// logsCause is a cause on the page.
type logsCause struct {
	ID, Status, Word    string
	Open                bool
	Title, When, Remedy string
	Note, Source, End   string
	Symptoms            []logsSymptom
}

// logsSymptom is a symptom of a cause with its lines.
type logsSymptom struct {
	ID, Meaning, More string
	Lines             []logsLine
}

// logsLine is a line of a log.
type logsLine struct{ Place, Text string }

// logsFile is a file that was to be read.
type logsFile struct{ Name, Read, Span, Problem string }

func newLogsView(l Logs) logsView {
	sum := sha256.Sum256([]byte(htmlStyle))
	v := logsView{
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
		Style:  markup(htmlStyle), Status: logsStatus(l.Verdict), Verdict: string(l.Verdict), Headline: upperFirst(tidy(logsCounted(l))),
		Notes: tidied(logsNotes(l)), FilesTitle: plural(len(l.Files), "file", "files"),
	}
	v.Title = short(v.Verdict+": "+v.Headline, shortText)
	for _, fact := range []htmlFact{
		{"Read at", l.ReadAt.Format(clock)}, {"Read", logsRead(l)}, {"Lines", logsSpan(l)}, {"Looked for", logsLooked(l)}, {"Stopped", l.Stopped},
	} {
		if fact.Text = tidy(fact.Text); fact.Text != "" {
			v.Facts = append(v.Facts, fact)
		}
	}
	for _, c := range l.Causes {
		if c.Over {
			v.Over = append(v.Over, newLogsCause(l, c))
			continue
		}
		v.Causes = append(v.Causes, newLogsCause(l, c))
	}
	for _, place := range l.Places {
		if place.Problem != "" {
			v.Unread = append(v.Unread, tidy(place.Path+": "+place.Problem))
		}
	}
	for _, f := range l.Files {
		one := logsFile{Name: tidy(l.name(f.Name)), Read: fmt.Sprintf("%s, %s", size(f.Read), plural64(f.Lines, "line", "lines")), Problem: tidy(f.Problem)}
		if f.First != nil && f.Last != nil {
			one.Span = fmt.Sprintf("%s to %s", f.First.Format(logMinute), f.Last.Format(logMinute))
		}
		if f.Problem != "" {
			v.Unread = append(v.Unread, one.Name+": "+one.Problem)
		}
		v.Files = append(v.Files, one)
	}
	return v
}

func newLogsCause(l Logs, c logscan.Cause) logsCause {
	one := logsCause{
		ID: tidy("cause-" + c.Group), Status: logStatus(c.Severity), Word: logWord(c.Severity),
		Title: tidy(c.Lead.Meaning), When: logWhen(c), Remedy: tidy(c.Lead.Remedy), Note: tidy(logNote(c.Lead)), Source: tidy(c.Lead.Source),
	}
	one.Open = !c.Over && one.Status == failed
	if c.Over {
		one.Status, one.End = waived, tidy(logEnd(l, c))
	}
	for i, s := range append([]logscan.Symptom{c.Lead}, c.Others...) {
		symptom := logsSymptom{ID: tidy(logID(s))}
		if i > 0 {
			symptom.Meaning = tidy(strings.TrimPrefix(logOther(s), s.ID+" "))
		}
		for _, line := range s.Lines {
			symptom.Lines = append(symptom.Lines, logsLine{tidy(logPlaceOf(l, line)), tidy(line.Text)})
		}
		if left := s.Count - int64(len(s.Lines)); left > 0 && len(s.Lines) > 0 {
			symptom.More = "and " + plural64(left, "more message", "more messages")
		}
		one.Symptoms = append(one.Symptoms, symptom)
	}
	return one
}
