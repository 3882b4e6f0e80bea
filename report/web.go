package report

import (
	"bytes"
	"fmt"
	"io"

	"siteready/checks"
)

// Markup is text of the program's own that stands on a page as it is.
type Markup = markup

// Web is what a page that other packages write in the look of the HTML report has in its template.
// Such a page loads nothing and has no script; its policy forbids it both.
type Web struct {
	Policy string
	Style  Markup
}

// NewWeb is that of a page with a style of its own beside that of the report.
func NewWeb(style string) Web {
	style = htmlStyle + style
	return Web{
		Policy: "default-src 'none'; style-src " + hashed(style) + "; base-uri 'none'; form-action 'none'",
		Style:  markup(style),
	}
}

// WritePage writes a page: a template with the fields of view in it, of which every text is
// escaped. The template is one of the program's own, in the small language of the HTML report:
// {{.Field}}, {{$.Field}}, if, with, range with else, template and define; texts stand between
// tags and in quoted attributes only. It may use the templates head, of a view with Policy, Title and
// Style, signs, and sign, of a status.
func WritePage(w io.Writer, template string, view any) error {
	var page bytes.Buffer
	if err := fill(&page, htmlParts+template, view); err != nil {
		return fmt.Errorf("make the page: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// Tidy makes foreign text safe, fit for one line, and no longer than a page needs.
func Tidy(text string) string { return tidy(text) }

// VerdictStatus is the status whose sign a verdict has.
func VerdictStatus(v checks.Verdict) string { return verdictStatus(v) }
