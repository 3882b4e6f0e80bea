package timeline

import (
	"fmt"

	"siteready/report"
)

// The chart's measures, in units of its own that are pixels where there is room.
const (
	chartLeft   = 40 // of the first bar
	chartTop    = 16
	chartRoom   = 140 // for the highest bar
	chartBelow  = 44  // signs and days
	chartMargin = 16
	widest      = 24 // a day
	narrowest   = 7
	goodWidth   = 640
	withSigns   = 14 // a day must be as wide for a sign below it
)

// chart is the findings by day. Everything in it is a whole number.
type chart struct {
	About, Label                          string
	Width, Height, Left, Right, Top, Room int
	ScaleX                                int
	Grid                                  []chartLine
	Bars                                  []chartBar
	Ticks                                 []chartText
}

type chartLine struct {
	Y, TextY int
	Text     string
}

type chartText struct {
	X, Y int
	Text string
}

type chartBar struct {
	Title    string
	X, Width int
	Parts    []chartPart
	Missing  string // a path that stands for a day without a run
	Sign     *chartSign
}

type chartPart struct {
	Status              string
	X, Y, Width, Height int
}

type chartSign struct {
	Status string
	X, Y   int
}

// newChart draws the newest days; nil where there is no run.
func newChart(t Timeline) *chart {
	days := t.days()
	if len(days) == 0 {
		return nil
	}
	left := ""
	if len(days) > mostBars {
		left = fmt.Sprintf("The newest %d of %d days. ", mostBars, len(days))
		days = days[len(days)-mostBars:]
	}
	slot := min(widest, max(narrowest, goodWidth/len(days)))
	c := &chart{
		About: left + "Checks that failed, could not be made, or warned. " + signed(slot),
		Label: label(days), Left: chartLeft, Right: chartLeft + slot*len(days), Top: chartTop, Room: chartRoom, ScaleX: chartLeft - 6,
		Height: chartTop + chartRoom + chartBelow,
	}
	c.Width = max(c.Right+chartMargin, 200)
	most := 4
	for _, d := range days {
		if d.run != nil {
			most = max(most, troubles(*d.run))
		}
	}
	most += most % 2 // so that the half is a whole number
	bottom := chartTop + chartRoom
	height := func(n int) int { return n * chartRoom / most }
	for _, n := range []int{0, most / 2, most} {
		y := bottom - height(n)
		c.Grid = append(c.Grid, chartLine{y, y + 4, fmt.Sprint(n)})
	}
	every := max(1, 60/slot) // days between two dates below the chart
	for i, d := range days {
		x := chartLeft + i*slot
		bar := chartBar{Title: d.title(), X: x, Width: slot}
		inner := max(4, slot-3)
		y := bottom
		if d.run == nil {
			bar.Missing = fmt.Sprintf("M%d %dh%d", x+1, bottom-3, inner)
		} else {
			for _, part := range []struct {
				status string
				n      int
			}{{failed, d.run.Counts.Failed}, {unknown, d.run.Counts.Unknown}, {warning, d.run.Counts.Warning}} {
				if part.n > 0 {
					high := max(2, height(part.n))
					y -= high
					bar.Parts = append(bar.Parts, chartPart{part.status, x + 1, y, inner, high})
				}
			}
			status := report.VerdictStatus(d.run.Verdict)
			if len(bar.Parts) == 0 { // nothing was found: a run that was well must not look like none
				bar.Parts = append(bar.Parts, chartPart{status, x + 1, bottom - 3, inner, 3})
			}
			if slot >= withSigns {
				bar.Sign = &chartSign{status, x + (slot-12)/2, bottom + 6}
			}
		}
		c.Bars = append(c.Bars, bar)
		if i%every == 0 && i+every/2 < len(days)+1 {
			c.Ticks = append(c.Ticks, chartText{x, bottom + 36, d.date.Format("01-02")})
		}
	}
	return c
}

// signed says what the signs below the bars are, where there is room for them.
func signed(slot int) string {
	if slot < withSigns {
		return "Each day's verdict stands in the table below."
	}
	return "The sign below a day is that of its verdict."
}

func troubles(r Run) int { return r.Counts.Failed + r.Counts.Unknown + r.Counts.Warning }

// title is what a day's bar says.
func (d day) title() string {
	if d.run == nil {
		return d.date.Format("2006-01-02") + ": no run"
	}
	text := fmt.Sprintf("%s: %s, %d failed, %d could not check, %d warnings", d.date.Format("2006-01-02"), d.run.Verdict, d.run.Counts.Failed, d.run.Counts.Unknown, d.run.Counts.Warning)
	if d.runs > 1 {
		text += fmt.Sprintf(", the one that counts of %d runs", d.runs)
	}
	if d.run.Stopped != "" {
		text += ", ended early"
	}
	return text
}

// label says in one sentence what the chart shows, for who cannot see it.
func label(days []day) string {
	counts := map[string]int{}
	none := 0
	for _, d := range days {
		if d.run == nil {
			none++
		} else {
			counts[report.VerdictStatus(d.run.Verdict)]++
		}
	}
	return fmt.Sprintf("%d days from %s to %s: %d ready, %d ready with warnings, %d blocked, %d incomplete, %d without a run. The table of runs has the numbers.",
		len(days), days[0].date.Format("2006-01-02"), days[len(days)-1].date.Format("2006-01-02"),
		counts[passed], counts[warning], counts[failed], counts[unknown], none)
}
