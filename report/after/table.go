package after

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"siteready/report"
)

// section is one kind for people; status is whose sign it has.
type section struct {
	kind                 Kind
	title, count, status string
}

func sections() []section {
	return []section{
		{PutBack, "Put back", "to put back", "failed"},
		{Look, "Look at", "to look at", "failed"},
		{Ask, "Was that for the update?", "to ask yourself", "warning"},
		{Unknown, "Could not be compared", "could not be compared", "unknown"},
		{Changed, "Changed, as an update does", "changed", "passed"},
	}
}

// Words are the lines in a few words: "2 to put back, 1 could not be compared".
func (r Result) Words() string {
	var words report.Numbers
	for _, s := range sections() {
		words.Add(r.Counts[s.kind], s.count)
	}
	words.Add(r.Counts[Same], "as before")
	return words.Or("nothing could be compared")
}

// JSON writes the result as one JSON object.
func JSON(w io.Writer, r Result) error { return report.WriteJSON(w, "the comparison", r) }

// Table writes the result for people: what to put back first, with how.
func Table(w io.Writer, r Result, o report.TableOptions) error {
	s := report.NewSheet(o)
	word := map[int]string{0: "AS BEFORE", 1: "TO DO"}[r.ExitCode()]
	switch {
	case word != "":
	case len(r.Notes) > 0 && r.Counts[Unknown] == 0:
		word = "NOT COMPARABLE"
	default:
		word = "NOT ALL COMPARED"
	}
	s.Text(word+"   ", r.Words())
	s.Gap()
	s.Labelled("Before", r.Earlier.ReadAt.Format(report.Clock)+", "+versioned(r.Earlier)+from(r.Earlier))
	s.Labelled("After", r.Later.ReadAt.Format(report.Clock)+", "+versioned(r.Later)+from(r.Later))
	s.Labelled("Of", strings.TrimPrefix(r.Later.Computer+": "+r.Later.Headline, ": "))
	if r.Older > 0 {
		s.Labelled("Further", fmt.Sprintf("%d readings before the one before the update show what was turned off for it.", r.Older))
	}
	for _, note := range r.Notes {
		s.Labelled("Beware", note)
	}
	for _, section := range sections() {
		lines := r.Of(section.kind)
		if len(lines) == 0 {
			continue
		}
		s.Title(section.title)
		for i, l := range lines {
			if i == 0 || lines[i-1].Group != l.Group {
				if i > 0 {
					s.Gap()
				}
				s.Text("", strings.ToUpper(string(l.Group)))
			}
			entry(s, r, section, l)
		}
	}
	same(s, r)
	if len(r.Confirm) > 0 {
		s.Title("What no reading shows: look yourself")
		for _, text := range r.Confirm {
			s.Text("  - ", text)
		}
	}
	s.Gap()
	s.Text("", fmt.Sprintf("Exit code %d.", r.ExitCode()))
	if _, err := s.WriteTo(w); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func versioned(r Reading) string {
	if r.Version == "" {
		return "version not known"
	}
	return "version " + r.Version
}

func from(r Reading) string {
	if r.From == "" {
		return ""
	}
	return ", from " + r.From
}

func entry(s *report.Sheet, r Result, section section, l Line) {
	lead := s.Sign(section.status) + " "
	if l.Kind == Changed {
		s.Text(lead, fmt.Sprintf("%s: %s -> %s", l.Of, or(l.Was, "not there"), or(l.Is, "not there")))
		return
	}
	s.Text(lead, l.Of)
	if l.Was != "" && (l.Was != l.Is || !l.WasAt.Equal(r.Earlier.ReadAt)) {
		was := l.Was
		if !l.WasAt.Equal(r.Earlier.ReadAt) {
			was += ", on " + l.WasAt.Format(report.Clock)
		}
		s.Text("    was  ", was)
	}
	if l.Is != "" {
		s.Text("    is   ", l.Is)
	}
	if l.Because != "" {
		s.Text("    why  ", l.Because)
	}
	if l.Do != "" {
		s.Text("    do   ", l.Do)
	}
	s.Command(l.Command)
}

func or(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

// same writes what is as before, a line for each group.
func same(s *report.Sheet, r Result) {
	lines := r.Of(Same)
	if len(lines) == 0 {
		return
	}
	s.Title("As before")
	for _, group := range Groups() {
		var names []string
		for _, l := range lines {
			if l.Group == group && !slices.Contains(names, l.Of) {
				names = append(names, l.Of)
			}
		}
		if len(names) > 0 {
			s.Text(s.Sign("passed")+" ", string(group)+": "+strings.Join(names, "; "))
		}
	}
}
