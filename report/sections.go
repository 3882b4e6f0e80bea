package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shortAnswer is how many bytes of an answer a report for people shows.
const shortAnswer = 300

// toFix is what stands under "What to fix": failed checks, warnings, and checks that could
// not be made to the end but have found something.
func toFix(r Report) []Check {
	var fix []Check
	ordered := inOrder(r)
	for _, status := range []string{failed, warning, unknown} {
		for _, c := range ordered {
			if c.Status == status && (status != unknown || hasFound(c)) {
				fix = append(fix, c)
			}
		}
	}
	return fix
}

func hasFound(c Check) bool {
	for _, item := range c.Items {
		if item.Status == failed || item.Status == warning {
			return true
		}
	}
	return false
}

// fixes writes what to fix, the worst first, each check once.
func (p *page) fixes(r Report) {
	fix := toFix(r)
	if len(fix) == 0 {
		return
	}
	causeOf, old := causeNumbers(r), agesOf(r.History)
	p.title("What to fix, in order")
	for i, c := range fix {
		if i > 0 {
			p.line("")
		}
		m := marks(c.Status)
		p.text(fmt.Sprintf("%2d. %s  ", i+1, p.paint(p.symbol(c.Status)+" "+m.word, m.color...)), c.Title)
		p.text("    ", c.ID)
		p.found(c, causeOf, old)
		p.labelled(4, "Do", c.Remedy)
		p.command(c.Command)
		p.labelled(4, "Otherwise", c.Consequence)
		p.labelled(4, "Rule", strings.Join(c.Rules, "; "))
		for _, s := range c.Settings {
			p.labelled(4, "Threshold", threshold(s))
		}
		for _, note := range c.Notes {
			p.labelled(4, "Note", note)
		}
		p.sources(c.Sources)
	}
}

// found writes the items in trouble with what was found and wanted, or the summary.
func (p *page) found(c Check, causeOf map[causeKey]int, old ages) {
	bad := trouble(c.Items)
	if len(bad) == 0 {
		p.labelled(4, "Found", old.with(c.Summary, c.ID, ""))
		return
	}
	for _, item := range bad {
		m := marks(item.Status)
		p.text("    "+p.paint(p.symbol(item.Status), m.color...)+" ", old.with(itemText(item, causeOf), c.ID, item.Key))
	}
}

// command writes a command to copy on lines of its own, which are never wrapped.
func (p *page) command(text string) {
	if clean(text) == "" {
		return
	}
	p.line("    Command")
	for line := range strings.Lines(text) {
		p.line("        " + safe(line))
	}
}

// sources writes documents, one a line; an address is never wrapped.
func (p *page) sources(all []string) {
	for i, source := range all {
		if i == 0 {
			p.line("    More")
		}
		if !strings.Contains(source, "://") {
			p.text("        ", source)
			continue
		}
		p.line("        " + clean(source))
	}
}

// threshold is a setting in words.
func threshold(s Setting) string {
	text := fmt.Sprintf("%s: %s %s", s.Name, number(s.Value), s.Unit)
	if s.About != "" {
		text = fmt.Sprintf("%s: %s %s, %s", s.Name, number(s.Value), s.Unit, s.About)
	}
	switch {
	case s.Value != s.Default && s.Ours:
		return text + fmt.Sprintf(" (set by the configuration; our threshold is %s)", number(s.Default))
	case s.Value != s.Default:
		return text + fmt.Sprintf(" (set by the configuration; by default %s: %s)", number(s.Default), s.Source)
	case s.Ours:
		return text + " (our threshold)"
	}
	return text
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// causes writes each cause once, with all that hangs on it.
func (p *page) causes(r Report) {
	if len(r.Causes) == 0 {
		return
	}
	p.title("Could not check, by cause")
	m := marks(unknown)
	for i, cause := range r.Causes {
		if i > 0 {
			p.line("")
		}
		p.text(fmt.Sprintf("%2d. %s ", i+1, p.paint(p.symbol(unknown), m.color...)), cause.Cause)
		p.labelled(4, "Do", cause.Help)
		hang := hangsOn(cause)
		p.labelled(4, plural(len(hang), "check", "checks"), strings.Join(hang, ", "))
		if cause.Reason == "denied" {
			p.labelled(4, "They need", strings.Join(rights(r, cause), "; "))
		}
	}
}

// hangsOn names the checks that hang on a cause, each with its items.
func hangsOn(cause Cause) []string {
	hang := make([]string, len(cause.Checks))
	for i, affected := range cause.Checks {
		hang[i] = affected.ID
		if len(affected.Items) > 0 {
			hang[i] += " (" + strings.Join(affected.Items, ", ") + ")"
		}
	}
	return hang
}

// rights is what the checks that hang on a cause need, each once.
func rights(r Report, cause Cause) []string {
	hangs := map[string]bool{}
	for _, affected := range cause.Checks {
		hangs[affected.ID] = true
	}
	var all []string
	seen := map[string]bool{}
	for _, c := range r.Checks {
		for _, right := range c.Rights {
			if hangs[c.ID] && !seen[right] {
				seen[right] = true
				all = append(all, right)
			}
		}
	}
	return all
}

// notApplicable writes each reason why checks do not apply once, with the checks.
func (p *page) notApplicable(r Report) {
	var reasons []string
	for _, c := range inOrder(r) {
		if c.Status == notApplicable && !slices.Contains(reasons, c.Summary) {
			reasons = append(reasons, c.Summary)
		}
	}
	for i, reason := range reasons {
		if i == 0 {
			p.title("Not applicable")
		}
		p.text("  "+p.paint(p.symbol(notApplicable), marks(notApplicable).color...)+" ", reason)
		p.text("    ", ids(r, func(c Check) bool { return c.Status == notApplicable && c.Summary == reason }))
	}
}

// notes writes the notes of the checks that stand in no other section.
func (p *page) notes(r Report) {
	fixed := map[string]bool{}
	for _, c := range toFix(r) {
		fixed[c.ID] = true
	}
	first := true
	for _, c := range inOrder(r) {
		if fixed[c.ID] {
			continue
		}
		for _, note := range c.Notes {
			if first {
				p.title("Notes")
				first = false
			}
			p.text("  - ", c.ID+": "+note)
		}
	}
}

// evidence writes all that each check judged and asked, and what came back.
func (p *page) evidence(r Report) {
	p.title("Evidence")
	causeOf := causeNumbers(r)
	for i, c := range inOrder(r) {
		if i > 0 {
			p.line("")
		}
		m := marks(c.Status)
		p.text(p.paint(p.symbol(c.Status), m.color...)+" ", fmt.Sprintf("%s: %s (%s)", c.ID, c.Title, took(c.TookMS)))
		for _, item := range c.Items {
			p.text("  "+p.paint(p.symbol(item.Status), marks(item.Status).color...)+" ", itemText(item, causeOf))
		}
		for _, s := range c.Settings {
			p.labelled(2, "threshold", threshold(s))
		}
		for _, e := range c.Evidence {
			p.labelled(2, use(e), e.Question.String()+" ("+took(e.TookMS)+")")
			p.labelled(4, "  answer", answer(e))
			if e.NoAnswer != nil {
				p.labelled(4, "  none", e.NoAnswer.Reason+": "+e.NoAnswer.Cause)
			}
		}
		if len(c.Evidence) == 0 {
			p.line("  It asked nothing.")
		}
		p.labelled(2, "panic", c.Stack)
	}
}

func took(ms int64) string { return fmt.Sprintf("%d ms", ms) }

// use names how the check depends on the answer; the ways of one choice share a number.
func use(e Evidence) string {
	if e.Group > 0 {
		return fmt.Sprintf("%s %d", e.Use, e.Group)
	}
	return string(e.Use)
}

// answer is an answer in one short line.
func answer(e Evidence) string {
	if e.Cut != nil {
		return fmt.Sprintf("%d bytes, SHA-256 %s", e.Cut.Bytes, e.Cut.SHA256)
	}
	text := clean(string(e.Answer))
	if len(text) > shortAnswer {
		return strings.ToValidUTF8(text[:shortAnswer], "") + fmt.Sprintf("... (%d bytes in all)", len(e.Answer))
	}
	return text
}
