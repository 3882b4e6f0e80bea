package timeline

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"siteready/report"
)

// mostOpen is how many findings of the newest run the table names.
const mostOpen = 30

// JSON writes the timeline as one JSON object.
func JSON(w io.Writer, t Timeline) error { return report.WriteJSON(w, "the history", t) }

// Table writes the newest runs for people, at most last of them, or all where it is 0, and what is open.
func Table(w io.Writer, t Timeline, last int, o report.TableOptions) error {
	s := report.NewSheet(o)
	s.Labelled("Server", t.Server)
	s.Labelled("Runs", t.span())
	usual := t.usual()
	if usual.Counts.NotSelected > 0 {
		s.Labelled("Checks", of(usual.Counts.Selected(), usual.Counts.Total)+"; the others are not selected")
	}
	for _, problem := range t.Problems {
		s.Labelled("Beware", problem)
	}
	runs := t.Runs
	if last > 0 && len(runs) > last {
		runs = runs[len(runs)-last:]
		s.Labelled("Shown", fmt.Sprintf("the newest %d; --last 0 shows all", last))
	}
	s.Gap()
	head(s)
	for _, r := range slices.Backward(runs) {
		row(s, r)
		if remark := r.remark(usual); remark != "" {
			s.Text(strings.Repeat(" ", 20), remark)
		}
	}
	open(s, t)
	if _, err := s.WriteTo(w); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// span says how many runs there are, of when, and how many days have none.
func (t Timeline) span() string {
	if len(t.Runs) == 0 {
		return "none"
	}
	text := fmt.Sprintf("%d, from %s to %s", len(t.Runs), t.Runs[0].ReadAt.Format(report.Clock), t.Runs[len(t.Runs)-1].ReadAt.Format(report.Clock))
	switch t.Missed {
	case 0:
	case 1:
		text += "; 1 day has no run"
	default:
		text += fmt.Sprintf("; %d days have no run", t.Missed)
	}
	return text
}

// form is a line of the table, without the sign of the verdict.
const form = "%-17s%s %-20s%6s  %7s  %8s %5s %7s"

// withID is the width from which a run's id stands behind it.
const withID = 100

// shortID is how much of a run's id is enough to name it.
const shortID = 8

func head(s *report.Sheet) {
	text := fmt.Sprintf(form, "Read (UTC)", " ", "Verdict", "Failed", "Unknown", "Warnings", "New", "Cleared")
	if s.Usable() >= withID {
		text += "  Run"
	}
	s.Line(text)
}

func row(s *report.Sheet, r Run) {
	came, cleared := "-", "-"
	if r.Compared {
		came, cleared = strconv.Itoa(r.New), strconv.Itoa(r.Cleared)
	}
	text := fmt.Sprintf(form, r.ReadAt.Format("2006-01-02 15:04"), s.Sign(report.VerdictStatus(r.Verdict)), r.Verdict,
		strconv.Itoa(r.Counts.Failed), strconv.Itoa(r.Counts.Unknown), strconv.Itoa(r.Counts.Warning), came, cleared)
	if s.Usable() >= withID {
		text += "  " + r.RunID[:min(shortID, len(r.RunID))]
	}
	s.Line(text)
}

// open writes what the newest run found, the worst and oldest first.
func open(s *report.Sheet, t Timeline) {
	part := t.part()
	if len(t.Open) == 0 && part == "" {
		return
	}
	s.Title(openTitle(part))
	if len(t.Open) == 0 {
		s.Text("", nothingOpen)
	}
	all := t.worstFirst()
	for i, f := range all {
		if i == mostOpen {
			s.Text("  ", fmt.Sprintf("%d more; `siteready history --format json` has all", len(all)-mostOpen))
			break
		}
		text := f.check
		if f.items != "" {
			text += ": " + f.items
		}
		s.Text(s.Status(f.status)+"  ", text+"; "+f.age())
	}
}

// openTitle is the title over what is open.
func openTitle(part string) string {
	if part == "" {
		return openIn
	}
	return openIn + " (" + part + ")"
}

// group is the open findings of one check that have one status.
type group struct {
	status, check, items string
	runs                 int
	since                time.Time
}

// age is how old the oldest of them is.
func (g group) age() string {
	text := "since " + g.since.Format("2006-01-02")
	if g.runs > 1 {
		return fmt.Sprintf("%d runs, %s", g.runs, text)
	}
	return text
}

// mostNamed is how many items of a group are named.
const mostNamed = 3

// worstFirst are the open findings in groups, by status, and the oldest first within each.
func (t Timeline) worstFirst() []group {
	var all []group
	named := map[[2]string][]string{}
	at := map[[2]string]int{}
	for _, f := range t.Open {
		k := [2]string{f.Check, f.Status}
		i, known := at[k]
		if !known {
			i = len(all)
			at[k] = i
			all = append(all, group{status: f.Status, check: f.Check, since: f.Since})
		}
		if f.Item != "" {
			named[k] = append(named[k], f.Item)
		}
		all[i].runs = max(all[i].runs, f.Runs)
		if f.Since.Before(all[i].since) {
			all[i].since = f.Since
		}
	}
	for k, names := range named {
		text := strings.Join(names[:min(mostNamed, len(names))], ", ")
		if more := len(names) - mostNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		all[at[k]].items = text
	}
	ranks := []string{failed, unknown, warning, waived}
	slices.SortStableFunc(all, func(a, b group) int {
		return cmp.Or(cmp.Compare(slices.Index(ranks, a.status), slices.Index(ranks, b.status)), a.since.Compare(b.since))
	})
	return all
}

func of(n, all int) string { return fmt.Sprintf("%d of %d", n, all) }
