package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/fatih/color"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"siteready/checks"
)

// clean makes foreign text safe and fit for one line, with one blank between words.
func clean(text string) string {
	if printable(text) && !strings.HasPrefix(text, " ") && !strings.HasSuffix(text, " ") && !strings.Contains(text, "  ") {
		return text
	}
	return strings.Join(strings.Fields(safe(text)), " ")
}

// printable reports whether text is of visible ASCII and blanks alone, as most texts are, so
// that nothing can be wrong with it.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// columns is how wide text is, without its escape sequences. It counts as the table does,
// rune by rune: were they to differ, the table would cut a line that is longer than it thinks.
func columns(text string) int { return twwidth.WidthWithOptions(text, twwidth.Options{}) }

// safe drops escape sequences, control characters, and the invisible characters that turn
// the writing direction or change another's width; each white space becomes a blank.
func safe(text string) string {
	if printable(text) {
		return text
	}
	text = ansi.Strip(closed(strings.ToValidUTF8(text, "\uFFFD")))
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Variation_Selector):
			return -1
		}
		return c
	}, text)
}

// closed drops what begins an escape sequence without an end, but not what follows: a terminal
// takes all of that for a part of the sequence, and so hides it.
func closed(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for i, c := range text {
		switch {
		case c == '\x1b' && !strings.HasPrefix(text[i+1:], "["):
		case c >= '\u0080' && c <= '\u009f' && !unicode.IsSpace(c):
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// breakAfter is the characters after which a word that is longer than a line is broken;
// those of the first string are tried before those of the second.
func breakAfter() []string { return []string{`\/`, `-.,;:=_@&?`} }

// wrap cleans text and breaks it into lines of at most limit columns, at least one. Unlike
// ansi.Wrap no line is ever longer: the table would cut it without a word. Words longer than
// a line, such as paths, are broken at their separators where that is possible.
func wrap(text string, limit int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	newline := func() {
		lines = append(lines, line.String())
		line.Reset()
		used = 0
	}
	for word := range strings.FieldsSeq(clean(text)) {
		parts := []string{word}
		if columns(word) > limit {
			parts = pieces(word, limit, breakAfter())
		}
		for i, part := range parts {
			width, blank := columns(part), 0
			if i == 0 && used > 0 {
				blank = 1
			}
			if used > 0 && used+blank+width > limit {
				newline()
				blank = 0
			}
			line.WriteString(strings.Repeat(" ", blank) + part)
			used += blank + width
		}
	}
	newline()
	return lines
}

// pieces cuts a word that is longer than limit after the separators of seps[0]; what is
// still too long after those of seps[1], and in the end anywhere.
func pieces(word string, limit int, seps []string) []string {
	var all []string
	var piece strings.Builder
	used := 0
	end := func() {
		switch {
		case piece.Len() == 0:
		case used > limit:
			all = append(all, pieces(piece.String(), limit, seps[1:])...)
		default:
			all = append(all, piece.String())
		}
		piece.Reset()
		used = 0
	}
	for _, c := range word {
		width := columns(string(c))
		if len(seps) == 0 && used+width > limit {
			end()
		}
		piece.WriteRune(c)
		used += width
		if len(seps) > 0 && strings.ContainsRune(seps[0], c) {
			end()
		}
	}
	end()
	return all
}

// mark is how a status looks. The symbols are in the fonts of old consoles, one column wide.
type mark struct {
	symbol, ascii, word string
	color               []color.Attribute
}

func marks(status string) mark {
	switch status {
	case failed:
		return mark{"×", "x", "Failed", []color.Attribute{color.FgRed, color.Bold}}
	case warning:
		return mark{"▲", "!", "Warning", []color.Attribute{color.FgYellow, color.Bold}}
	case waived:
		return mark{"○", "o", "Waived", []color.Attribute{color.FgCyan, color.Bold}}
	case passed:
		return mark{"√", "+", "Passed", []color.Attribute{color.FgGreen}}
	case notApplicable:
		return mark{"–", "-", "Not applicable", []color.Attribute{color.FgCyan}}
	case NotSelected:
		return mark{"–", "-", "Not selected", nil}
	default:
		return mark{"?", "?", "Could not check", []color.Attribute{color.FgMagenta, color.Bold}}
	}
}

// page gathers the text of a report before it is written.
type page struct {
	strings.Builder
	TableOptions
	usable int // columns of a line; one is kept free
}

// paint colours a short text that is never wrapped.
func (p *page) paint(text string, attributes ...color.Attribute) string {
	c := color.New(attributes...)
	if p.Color && len(attributes) > 0 {
		c.EnableColor() // on this value alone: the package's own switch looks at the terminal
	} else {
		c.DisableColor()
	}
	return c.Sprint(text)
}

// symbol is a status's symbol.
func (p *page) symbol(status string) string {
	if p.Unicode {
		return marks(status).symbol
	}
	return marks(status).ascii
}

// status is symbol and word of a status in at most limit columns, painted line by line.
func (p *page) status(status string, limit int) []string {
	m := marks(status)
	lines := wrap(m.word, limit-2)
	for i := range lines {
		lead := "  "
		if i == 0 {
			lead = p.symbol(status) + " "
		}
		lines[i] = p.paint(lead+lines[i], m.color...)
	}
	return lines
}

// verdict is the painted verdict.
func (p *page) verdict(v checks.Verdict) string {
	status := map[checks.Verdict]string{checks.Ready: passed, checks.WithWarnings: warning, checks.Blocked: failed}[v]
	return p.paint(string(v), marks(status).color...)
}

// line writes one line as it stands.
func (p *page) line(text string) { p.WriteString(strings.TrimRight(text, " ") + "\n") }

// text writes text wrapped: lead stands before the first line, and the others are indented
// as far. Lead may be painted.
func (p *page) text(lead, text string) {
	indent := columns(lead)
	for _, line := range wrap(text, p.usable-indent) {
		p.line(lead + line)
		lead = strings.Repeat(" ", indent)
	}
}

// labelled writes a wrapped text behind a label, indented by indent; nothing for no text.
func (p *page) labelled(indent int, label, text string) {
	if clean(text) != "" {
		p.text(fmt.Sprintf("%*s%-*s", indent, "", labelWidth, label), text)
	}
}

// labelWidth is how wide the labels before texts are.
const labelWidth = 12

// title writes a section's title.
func (p *page) title(text string) {
	rule := "-"
	if p.Unicode {
		rule = "─"
	}
	p.line("")
	p.line(p.paint(text, color.Bold))
	p.line(strings.Repeat(rule, columns(text)))
}

// the is "the failed check" or "the 3 failed checks".
func the(n int, one, more string) string {
	if n == 1 {
		return "the " + one
	}
	return fmt.Sprintf("the %d %s", n, more)
}

// plural is "1 check" or "3 checks".
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
