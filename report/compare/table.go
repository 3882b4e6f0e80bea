package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"siteready/report"
)

// section is one kind for people.
type section struct {
	kind         Kind
	title, count string // over the section, and behind its number
	about        string // what it means; empty where the title says it
}

// sections are the kinds in the order in which people read them, without Unchanged.
func sections() []section {
	return []section{
		{New, "New", "new", ""},
		{Worse, "Worse", "worse", ""},
		{Revealed, "Looked at now, and not before", "looked at now and not before", "Nobody knows how long it has been so."},
		{Lost, "Could not be checked now", "could not be checked now", "Nobody knows how it is."},
		{NotLooked, "Not looked at now", "not looked at now", "It may be as it was."},
		{Gone, "No longer open", "no longer open", "It is not listed, does not apply, or is of another machine or release; that is not the same as fixed."},
		{Accepted, "Accepted by a waiver", "accepted by a waiver", ""},
		{Better, "Better", "better", ""},
		{Fixed, "Fixed", "fixed", ""},
	}
}

// Words are the changes in a few words, worst first: "1 new, 2 fixed"; "nothing changed" when
// there is none.
func (r Result) Words() string {
	var words report.Numbers
	for _, s := range sections() {
		words.Add(r.Counts[s.kind], s.count)
	}
	return words.Or("nothing changed")
}

// JSON writes the result as one JSON object.
func JSON(w io.Writer, r Result) error { return report.WriteJSON(w, "the comparison", r) }

// Table writes the result for people: what changed, the worst first, and what did not in a line each.
func Table(w io.Writer, r Result, o report.TableOptions) error {
	s := report.NewSheet(o)
	head(s, r)
	Sections(s, r)
	Still(s, r)
	s.Gap()
	code := 1
	if r.Same {
		code = 0
	}
	s.Text("", fmt.Sprintf("`siteready explain ID` tells all about a check. Exit code %d.", code))
	if _, err := s.WriteTo(w); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func head(s *report.Sheet, r Result) {
	word, words := "CHANGED", r.Words()
	switch {
	case r.Same:
		word = "THE SAME"
	case r.alike():
		word = "NOT THE SAME"
		words = "no finding changed, but one is of another machine, site, database, version or release, or that is not known"
	}
	if n := len(slices.DeleteFunc(r.Of(Unchanged), func(c Change) bool { return c.Now != unknown })); n > 0 {
		words += fmt.Sprintf("; %d could not be checked either time", n)
	}
	s.Text(word+"   ", words)
	s.Gap()
	for _, one := range []struct {
		label string
		run   Run
	}{{"Earlier", r.Earlier}, {"Later", r.Later}} {
		s.Labelled(one.label, fmt.Sprintf("%s: %s, %s", when(one.run.ReadAt), one.run.Verdict, strings.Join(report.Counted(one.run.Counts), ", ")))
	}
	s.Labelled("Of", r.Later.Headline)
	if r.Earlier.Headline != r.Later.Headline {
		s.Labelled("Before", r.Earlier.Headline)
	}
	s.Labelled("Target", r.Later.Target)
	for _, note := range r.Notes {
		s.Labelled("Beware", note)
	}
}

// Sections writes what changed, a section for each kind that there is.
func Sections(s *report.Sheet, r Result) {
	for _, section := range sections() {
		changes := r.Of(section.kind)
		loud := slices.DeleteFunc(slices.Clone(changes), Change.Harmless)
		if len(changes) == 0 {
			continue
		}
		s.Title(section.title)
		if section.about != "" {
			s.Text("", section.about)
		}
		for i, c := range loud {
			if i == 0 || loud[i-1].Check != c.Check {
				if i > 0 || section.about != "" {
					s.Gap()
				}
				entry(s, c)
			}
			detail(s, c)
		}
		if n := len(changes) - len(loud); n > 0 {
			if len(loud) > 0 || section.about != "" {
				s.Gap()
			}
			s.Text("", harmless(section.kind, n, len(loud) > 0))
		}
	}
}

// harmless says what of a kind neither run has a finding in.
func harmless(kind Kind, n int, further bool) string {
	more := ""
	if further {
		more = " more"
	}
	switch kind {
	case NotLooked, Gone:
		return fmt.Sprintf("%d%s that passed before or did not apply.", n, more)
	default:
		return fmt.Sprintf("%d%s that passed or did not apply.", n, more)
	}
}

func entry(s *report.Sheet, c Change) {
	status := c.Now
	if status == "" {
		status = unknown // nobody looked
		if c.Kind == Gone || c.Kind == NotLooked {
			status = report.NotSelected
		}
	}
	s.Text(s.Sign(status)+" ", c.Title)
	s.Text("  ", c.Check)
}

func detail(s *report.Sheet, c Change) {
	if c.Item != "" {
		s.Text("    - ", c.Item)
	}
	side(s, "was", c.Was, c.WasFound)
	side(s, "now", c.Now, c.NowFound)
	if c.Because != "" {
		s.Text("      ", "("+c.Because+")")
	}
}

// side writes one run's half of a change; nothing where that run does not list it.
func side(s *report.Sheet, label, status, found string) {
	if status == "" {
		return
	}
	lead := "      " + label + "  " + s.Status(status)
	if found != "" {
		lead += ": "
	}
	s.Text(lead, found)
}

// Still writes what did not change: what is no good by id, the rest as a number.
func Still(s *report.Sheet, r Result) {
	ids := map[string][]string{}
	rest := 0
	for _, c := range r.Of(Unchanged) {
		switch {
		case trouble(c.Now) || c.Now == waived:
			if !slices.Contains(ids[c.Now], c.Check) {
				ids[c.Now] = append(ids[c.Now], c.Check)
			}
		default:
			rest++
		}
	}
	if len(ids) == 0 && rest == 0 {
		return
	}
	s.Title("Unchanged")
	for _, status := range []string{failed, unknown, warning, waived} {
		if len(ids[status]) > 0 {
			s.Text(s.Status(status)+": ", strings.Join(ids[status], ", "))
		}
	}
	if rest > 0 {
		s.Text(s.Sign(passed)+" ", fmt.Sprintf("%d checks passed or do not apply, as before.", rest))
	}
}
