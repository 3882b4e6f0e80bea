package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// MinWidth is the least width of a report for people. A narrower terminal breaks its lines.
const MinWidth = 80

// wide is the width from which the status's words stand on one line.
const wide = 100

// TableOptions are how a report for people looks.
type TableOptions struct {
	Width   int  // columns of the terminal; below MinWidth it is MinWidth
	Color   bool // colour the status words
	Unicode bool // box lines and symbols beyond ASCII
	Verbose bool // with the evidence of every check
}

// Table writes the report for people: the verdict, the table of checks, what to fix, what
// could not be checked and why, what was waived, what a person must confirm, and what to do
// next. No line is longer than Width-1, except for commands and addresses, which must stay
// whole to be copied. Foreign text cannot bring escape sequences or control characters in.
func Table(w io.Writer, r Report, o TableOptions) error {
	p := &page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}
	if err := p.head(r); err != nil {
		return fmt.Errorf("draw the report: %w", err)
	}
	if err := p.table(r); err != nil {
		return fmt.Errorf("draw the report's table: %w", err)
	}
	p.notSelected(r)
	p.changes(r)
	p.fixes(r)
	p.causes(r)
	p.opinion(r)
	p.waived(r)
	p.thresholds(r)
	p.notApplicable(r)
	p.notes(r)
	p.confirm(r)
	if o.Verbose {
		p.evidence(r)
	}
	p.next(r)
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// table writes the checks, trouble first. One row of the table is one area within one
// status, so that lines between rows part the areas and not each check from the next.
func (p *page) table(r Report) error {
	ordered := slices.DeleteFunc(inOrder(r), func(c Check) bool { return c.Status == notApplicable })
	if len(ordered) == 0 {
		return nil
	}
	statusWidth := 12
	if p.usable >= wide {
		statusWidth = 17
	}
	// Each column has a blank on both sides, and there are four lines.
	rest := p.usable - statusWidth - 3*2 - 4
	checkWidth := min(rest*42/100, 48)
	widths := []int{statusWidth, checkWidth, rest - checkWidth}

	var rows [][]string
	causeOf := causeNumbers(r)
	shown := map[int]string{} // the check that shows a cause in full
	for i, c := range ordered {
		var cells [3][]string
		if i == 0 || ordered[i-1].Status != c.Status || ordered[i-1].AreaID != c.AreaID {
			rows = append(rows, make([]string, len(cells)))
			cells[0] = append(cells[0], "")
			cells[1] = append(cells[1], wrap(strings.ToUpper(c.AreaTitle), widths[1])...)
		} else if c.Status != passed {
			cells[0] = append(cells[0], "") // trouble gets air
		}
		level(&cells)
		cells[0] = append(cells[0], p.status(c.Status, widths[0])...)
		if c.Status != passed || p.Verbose { // of what is green the summary says enough
			cells[1] = append(cells[1], wrap(c.Title, widths[1])...)
		}
		cells[1] = append(cells[1], wrap(c.ID, widths[1])...)
		cells[2] = append(cells[2], found(c, causeOf, shown, widths[2])...)
		level(&cells)
		row := rows[len(rows)-1]
		for j := range cells {
			row[j] += strings.Join(cells[j], "\n") + "\n"
		}
	}
	for _, row := range rows {
		for j := range row {
			row[j] = strings.TrimSuffix(row[j], "\n")
		}
	}
	p.line("")
	return p.draw([]string{"Status", "Check", "Found"}, rows, widths)
}

// level makes all cells as high as the highest.
func level(cells *[3][]string) {
	height := 0
	for _, lines := range cells {
		height = max(height, len(lines))
	}
	for i := range cells {
		for len(cells[i]) < height {
			cells[i] = append(cells[i], "")
		}
	}
}

// draw writes a table of cells that are wrapped already: left to itself, tablewriter cuts
// words that are longer than their column.
func (p *page) draw(header []string, rows [][]string, widths []int) error {
	style := tw.StyleASCII
	if p.Unicode {
		style = tw.StyleLight
	}
	sizes := tw.NewMapper[int, int]()
	for i, width := range widths {
		sizes[i] = width + 2
	}
	t := tablewriter.NewTable(
		&p.Builder,
		tablewriter.WithEastAsian(tw.Off), // widths must not hang on the environment
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithAlignment(tw.MakeAlign(len(widths), tw.AlignLeft)),
		tablewriter.WithColumnWidths(sizes),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Symbols:  tw.NewSymbols(style),
			Settings: tw.Settings{Separators: tw.Separators{BetweenRows: tw.On}},
		})),
	)
	if len(header) > 0 {
		t.Header(header)
	}
	if err := t.Bulk(rows); err != nil {
		return err
	}
	return t.Render()
}

// inOrder is the selected checks with trouble first, then by area in the catalogue's order.
func inOrder(r Report) []Check {
	ranks := []string{failed, unknown, warning, waived, passed, notApplicable}
	type place struct{ check, rank, area int }
	places := make([]place, 0, len(r.Checks))
	area := map[string]int{}
	for i, c := range r.Checks {
		if _, known := area[c.AreaID]; !known {
			area[c.AreaID] = len(area)
		}
		if c.Selected {
			places = append(places, place{i, slices.Index(ranks, c.Status), area[c.AreaID]})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.area, b.area), cmp.Compare(a.check, b.check))
	})
	selected := make([]Check, len(places))
	for i, p := range places {
		selected[i] = r.Checks[p.check]
	}
	return selected
}

// causeNumbers gives each cause the number under which it stands in the list of causes.
func causeNumbers(r Report) map[causeKey]int {
	numbers := map[causeKey]int{}
	for i, c := range r.Causes {
		numbers[causeKey{c.Cause, c.Help}] = i + 1
	}
	return numbers
}

// found is the last cell of a check: its summary and the items in trouble.
func found(c Check, causeOf map[causeKey]int, shown map[int]string, width int) []string {
	var lines []string
	if c.Cause != nil && c.Status == unknown {
		n := causeOf[c.Cause.key()]
		if first, again := shown[n]; again {
			lines = append(lines, wrap(fmt.Sprintf("Cause %d, the same as for %s.", n, first), width)...)
		} else {
			shown[n] = c.ID
			lines = append(lines, wrap(fmt.Sprintf("Cause %d: %s", n, c.Cause.Cause), width)...)
		}
		if c.Summary != c.Cause.Cause && c.Summary != "" {
			lines = append(lines, wrap(c.Summary, width)...)
		}
	} else {
		lines = wrap(c.Summary, width)
	}
	if c.Status == waived {
		lines = append(lines, wrap(fmt.Sprintf("Waived until %s; see below.", firstEnd(c)), width)...)
	}
	for _, item := range trouble(c.Items) {
		for i, line := range wrap(itemText(item, causeOf), width-2) {
			lead := "  "
			if i == 0 {
				lead = "- "
			}
			lines = append(lines, lead+line)
		}
	}
	return lines
}

// trouble is the items that are failed, could not be checked or are warned of, worst first.
func trouble(items []Item) []Item {
	var bad []Item
	for _, status := range []string{failed, unknown, warning} {
		for _, item := range items {
			if item.Status == status {
				bad = append(bad, item)
			}
		}
	}
	return bad
}

// itemText is "KEY: FOUND, wanted WANTED (WHERE)".
func itemText(i Item, causeOf map[causeKey]int) string {
	text := i.Found
	if i.Status == unknown {
		text = "could not check"
		if i.Cause != nil {
			text += fmt.Sprintf(" (cause %d)", causeOf[i.Cause.key()])
		}
		if i.Found != "" {
			text += ", found " + i.Found
		}
	}
	if i.Wanted != "" {
		text = strings.TrimPrefix(text+", wanted "+i.Wanted, ", ")
	}
	if i.Where != "" {
		text += " (" + i.Where + ")"
	}
	return i.Key + ": " + text
}

// notSelected is one line for all checks that were not selected.
func (p *page) notSelected(r Report) {
	names := ids(r, func(c Check) bool { return !c.Selected })
	switch {
	case r.Counts.NotSelected == 1:
		p.text("", "1 check was not selected: "+names)
	case r.Counts.NotSelected > 1:
		p.text("", fmt.Sprintf("%d checks were not selected: %s", r.Counts.NotSelected, names))
	}
}

// ids names the checks that match. AREA.* stands for an area whose checks all do.
func ids(r Report, match func(Check) bool) string {
	inArea, matched := map[string]int{}, map[string]int{}
	for _, c := range r.Checks {
		inArea[c.AreaID]++
		if match(c) {
			matched[c.AreaID]++
		}
	}
	var names []string
	for _, c := range r.Checks {
		name := c.ID
		if n := matched[c.AreaID]; n > 1 && n == inArea[c.AreaID] {
			name = c.AreaID + ".*"
		}
		if match(c) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// box writes a sentence between lines, so that it cannot be overlooked.
func (p *page) box(text string) error {
	lines := wrap(text, p.usable-4)
	for i := range lines {
		lines[i] = p.paint(lines[i], color.Bold)
	}
	width := 0
	for _, line := range lines {
		width = max(width, columns(line))
	}
	return p.draw(nil, [][]string{{strings.Join(lines, "\n")}}, []int{width})
}
