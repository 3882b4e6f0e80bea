package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/fatih/color"

	"siteready/checks"
	"siteready/platform"
)

// Explained is a check as its page tells it, without any result.
type Explained struct {
	Area  checks.Area
	Check checks.Check
	// Shared is how many of the check's questions only find the site and its database, as
	// those of most checks do. Own are the others.
	Shared int
	Own    []platform.Form
	Proven []string // how far each kind of question has been proven
}

// passage is a part of a page: a text, a list, or lines to copy.
type passage struct {
	title string // of the section that begins here; empty in the middle of one
	text  string
	list  []string
	code  string
}

// unproven stands on every page: no page may sound surer than the program is.
const unproven = "No check has run on a real site server yet, and every site that it was tried on is constructed. How each kind of question was tried:"

// passages are the page's parts in their order.
func (e Explained) passages() []passage {
	c := e.Check
	parts := []passage{
		{title: "Why it matters", text: c.Why},
		{title: "If it is ignored", text: c.Consequence},
		{title: "How to fix it", text: c.Remedy},
	}
	if c.Command != "" {
		parts = append(parts, passage{text: "To copy:", code: c.Command})
	}
	if len(c.Settings) > 0 {
		p := passage{title: "Settings", text: "Set them in siteready.yaml, below thresholds and " + c.ID + ". By default:"}
		for _, s := range c.Settings {
			whose := "our threshold"
			if !s.Ours() {
				whose = "from " + s.Source
			}
			p.list = append(p.list, fmt.Sprintf("%s = %s %s: %s (%s)", s.Name, number(s.Default), s.Unit, s.About, whose))
		}
		parts = append(parts, p)
	}
	reads := passage{title: "What it reads"}
	if e.Shared > 0 {
		reads.text = fmt.Sprintf("%d questions that find the site and its database, and are asked once for all checks", e.Shared)
		if len(e.Own) > 0 {
			reads.text += "; and:"
		} else {
			reads.text += "."
		}
	}
	parts = append(parts, reads)
	for _, form := range e.Own {
		parts = append(parts, passage{list: []string{asks(form)}, code: layOut(form.Text)})
	}
	parts = append(parts, passage{title: "Rights it needs", list: c.Rights})
	if len(c.Rules) > 0 {
		parts = append(parts, passage{title: "The product's own rule", list: c.Rules})
	}
	return append(parts,
		passage{title: "How far it is proven", text: unproven, list: e.Proven},
		passage{title: "Sources", list: c.Sources})
}

// clause begins a part of a statement that gets a line of its own.
var clause = regexp.MustCompile(`^ (FROM|WHERE|GROUP BY|HAVING|ORDER BY|UNION|(CROSS|INNER|LEFT|FULL)( OUTER)? JOIN|(CROSS|OUTER) APPLY)\b`)

// joined is what a JOIN belongs to on the same line.
var joined = regexp.MustCompile(`\b(CROSS|INNER|LEFT|FULL|OUTER)$`)

// layOut breaks a statement into lines: one for each column and each clause that is not
// within parentheses. Nothing but white space is changed.
func layOut(sql string) string {
	var b strings.Builder
	depth, quoted := 0, false
	for i, c := range sql {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ' ' && depth == 0 && b.Len() > 0 && strings.HasSuffix(b.String(), ","):
			b.WriteString("\n   ")
		case c == ' ' && depth == 0 && (clause.MatchString(sql[i:]) || strings.HasPrefix(sql[i:], " JOIN ") && !joined.MatchString(b.String())):
			b.WriteString("\n")
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// asks is a question with holes in words.
func asks(f platform.Form) string {
	where := ""
	if f.On != "" {
		where = " on " + f.On
	}
	switch {
	case f.Kind == platform.KindSQL:
		return fmt.Sprintf("SQL statement %s, in %s%s", f.What, f.Where, where)
	case f.What == "":
		return fmt.Sprintf("%s %s%s", f.Kind, f.Where, where)
	case f.Where == "":
		return fmt.Sprintf("%s %s%s", f.Kind, f.What, where)
	default:
		return fmt.Sprintf("%s %s: %s%s", f.Kind, f.Where, f.What, where)
	}
}

// Explain writes the page of a check for people. Lines are wrapped as those of Table are.
func Explain(w io.Writer, e Explained, o TableOptions) error {
	p := &page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}
	p.text(p.paint(e.Check.ID, color.Bold)+"   ", e.Check.Title)
	p.text("", "Area: "+e.Area.Title)
	for _, part := range e.passages() {
		if part.title != "" {
			p.line("")
			p.line(p.paint(part.title, color.Bold))
		}
		if part.text != "" {
			p.text("  ", part.text)
		}
		for _, one := range part.list {
			if strings.Contains(one, "://") && !strings.Contains(one, " ") {
				p.line("  - " + clean(one)) // an address is copied whole
				continue
			}
			p.text("  - ", one)
		}
		for line := range strings.Lines(part.code) {
			p.line("      " + safe(line))
		}
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write the page of %s: %w", e.Check.ID, err)
	}
	return nil
}

// special is what Markdown would take for its own.
var special = regexp.MustCompile("([\\\\`*_{}<>\\[\\]#|])")

func markdown(text string) string {
	if strings.Contains(text, "://") && !strings.Contains(text, " ") {
		return "<" + text + ">"
	}
	return special.ReplaceAllString(text, `\$1`)
}

// ExplainMarkdown writes the page of a check for docs/checks.
func ExplainMarkdown(w io.Writer, e Explained) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\nArea: %s\n", e.Check.ID, markdown(e.Check.Title), markdown(e.Area.Title))
	listed := false // the passage before ended with a list, which this one may go on
	for _, part := range e.passages() {
		if part.title != "" {
			fmt.Fprintf(&b, "\n## %s\n", part.title)
			listed = false
		}
		if part.text != "" {
			fmt.Fprintf(&b, "\n%s\n", markdown(part.text))
			listed = false
		}
		if len(part.list) > 0 && !listed {
			b.WriteString("\n")
		}
		for _, one := range part.list {
			fmt.Fprintf(&b, "- %s\n", markdown(one))
			listed = true
		}
		indent := ""
		if len(part.list) > 0 {
			indent = "  " // within the list's item
		}
		if part.code != "" {
			fmt.Fprintf(&b, "\n%s```\n", indent)
			for line := range strings.Lines(part.code) {
				fmt.Fprintf(&b, "%s%s\n", indent, strings.TrimRight(line, "\n"))
			}
			fmt.Fprintf(&b, "%s```\n", indent)
			if indent != "" {
				b.WriteString("\n")
			}
		}
	}
	text := strings.ReplaceAll(b.String(), "\n\n\n", "\n\n")
	if _, err := io.WriteString(w, strings.TrimRight(text, "\n")+"\n"); err != nil {
		return fmt.Errorf("write the page of %s: %w", e.Check.ID, err)
	}
	return nil
}
