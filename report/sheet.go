package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"siteready/checks"
)

// Sheet is a page for people that other packages write, in the look of the table: no line is
// longer than Width-1, and foreign text cannot bring escape sequences or control characters in.
type Sheet struct{ page page }

// NewSheet is an empty page.
func NewSheet(o TableOptions) *Sheet {
	return &Sheet{page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}}
}

// Usable is how many columns a line has.
func (s *Sheet) Usable() int { return s.page.usable }

// Gap writes an empty line.
func (s *Sheet) Gap() { s.page.line("") }

// Line writes a line as it stands: of foreign text nothing may be in it.
func (s *Sheet) Line(text string) { s.page.line(text) }

// Text writes text wrapped. Lead stands before the first line, and the others are indented as far.
func (s *Sheet) Text(lead, text string) { s.page.text(lead, text) }

// Labelled writes a text behind a label of at most eleven columns; nothing for no text.
func (s *Sheet) Labelled(label, text string) { s.page.labelled(0, label, text) }

// Title writes a section's title.
func (s *Sheet) Title(text string) { s.page.title(text) }

// Sign is the painted sign of a status, one column wide.
func (s *Sheet) Sign(status string) string {
	return s.page.paint(s.page.symbol(status), marks(status).color...)
}

// Status is the painted sign and word of a status.
func (s *Sheet) Status(status string) string {
	return s.page.paint(s.page.symbol(status)+" "+marks(status).word, marks(status).color...)
}

// Verdict is the painted word of a verdict.
func (s *Sheet) Verdict(v checks.Verdict) string { return s.page.verdict(v) }

// Command writes a command to copy on lines of its own, which are never wrapped; nothing for no text.
func (s *Sheet) Command(text string) { s.page.command(text) }

// WriteTo writes the page.
func (s *Sheet) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, s.page.String())
	return int64(n), err
}

// StatusWord is what a status is called to people: "Could not check".
func StatusWord(status string) string { return marks(status).word }

// Clock is how a time stands in texts for people.
const Clock = clock

// Read reads a report that JSON has written, and refuses one that is damaged. How old it is
// does not count here; Verify looks at that.
func Read(data []byte) (Report, error) {
	text, err := decoded(data)
	if err != nil {
		return Report{}, err
	}
	r, err := parseReport(text)
	if err != nil {
		return Report{}, err
	}
	if damage := damaged(text, r); damage != "" {
		return Report{}, errors.New(damage)
	}
	return r, nil
}

// parseReport reads the text of a JSON report, damaged or not.
func parseReport(text []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("it is no JSON report: %w", err)
	}
	switch {
	case r.Tool.Name != toolName:
		return r, errors.New("it is JSON, but no report of siteready")
	case r.Schema != Schema:
		return r, fmt.Errorf("its schema is %d, and this version of siteready reads schema %d", r.Schema, Schema)
	default:
		return r, nil
	}
}

// WriteJSON writes a value as JSON does a report: indented, with < and > as they stand, and with
// control characters escaped, so that printing it to a terminal is safe. What names it in an error.
func WriteJSON(w io.Writer, what string, value any) error {
	text, err := safeJSON(value)
	if err == nil {
		_, err = w.Write(text)
	}
	if err != nil {
		return fmt.Errorf("write %s as JSON: %w", what, err)
	}
	return nil
}

// Numbers are numbers with what they are of, in words.
type Numbers []string

// Add adds a number; none is not worth a word.
func (n *Numbers) Add(count int, of string) {
	if count > 0 {
		*n = append(*n, fmt.Sprintf("%d %s", count, of))
	}
}

// Or is all of them, "1 new, 2 fixed", or none where there are none.
func (n Numbers) Or(none string) string {
	if len(n) == 0 {
		return none
	}
	return strings.Join(n, ", ")
}

// Counted is the counts in words, without the zeros, worst first: "2 failed", "1 warning".
func Counted(c Counts) []string { return counted(c) }
