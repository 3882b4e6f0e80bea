package timeline

import (
	_ "embed" // the page's parts are files, so that editors and browsers know them for what they are
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"siteready/checks"
	"siteready/report"
)

//go:embed page.html
var pageTemplate string

//go:embed style.css
var pageStyle string

// How much the page shows.
const (
	mostBars     = 90  // days in the chart
	mostPageRuns = 800 // rows of the table
	mostPageOpen = 100 // findings of the newest run
)

// page is what the template shows. Foreign text is tidied.
type page struct {
	report.Web
	Title, Server string
	Status        string
	Verdict       string // with how many checks it is of, where these are fewer than usual
	OpenTitle     string // empty where nothing is open, and the newest run looked at all that is usual
	NothingOpen   string
	Newest, Span  string
	Problems      []string
	Chart         *chart
	Open          []pageFinding
	OpenMore      string
	Runs          []pageRun
}

// pageFinding is the open findings of one check.
type pageFinding struct{ Status, Word, Check, Items, Age string }

// pageRun is a row of the table.
type pageRun struct {
	Status                           string
	ReadAt                           string
	Verdict                          checks.Verdict
	Failed, Unknown, Warning, Passed int
	New, Cleared, Remark             string
}

// HTML writes the timeline as one page that loads nothing and has no script.
func HTML(w io.Writer, t Timeline) error {
	p := page{
		Web: report.NewWeb(pageStyle), Server: report.Tidy(t.Server), Status: "unknown", Verdict: string(checks.Incomplete),
		Newest: "There is no run.", Span: "Runs: " + t.span() + ".", Chart: newChart(t),
	}
	usual := t.usual()
	if n := len(t.Runs); n > 0 {
		last := t.Runs[n-1]
		p.Verdict, p.Status = string(last.Verdict), report.VerdictStatus(last.Verdict)
		part := t.part()
		if part != "" {
			p.Verdict += " (" + part + ")"
		}
		if part != "" || len(t.Open) > 0 {
			p.OpenTitle = openTitle(part)
		}
		if len(t.Open) == 0 {
			p.NothingOpen = nothingOpen
		}
		p.Newest = fmt.Sprintf("The newest run, of %s: %s.", last.ReadAt.Format(report.Clock), strings.Join(report.Counted(last.Counts), ", "))
		if remark := last.remark(usual); remark != "" {
			p.Newest += " It was not as usual: " + report.Tidy(remark) + "."
		}
		if usual.Counts.NotSelected > 0 {
			p.Span += " They look at " + of(usual.Counts.Selected(), usual.Counts.Total) + " checks; the others are not selected."
		}
	}
	p.Title = fmt.Sprintf("%s: history of %s", p.Verdict, p.Server)
	for _, problem := range t.Problems {
		p.Problems = append(p.Problems, report.Tidy(problem))
	}
	open := t.worstFirst()
	if more := len(open) - mostPageOpen; more > 0 {
		p.OpenMore = fmt.Sprintf("%d more: the report of the run has them.", more)
		open = open[:mostPageOpen]
	}
	for _, f := range open {
		p.Open = append(p.Open, pageFinding{f.status, report.StatusWord(f.status), report.Tidy(f.check), report.Tidy(f.items), f.age()})
	}
	for _, r := range slices.Backward(t.Runs) {
		if len(p.Runs) == mostPageRuns {
			break
		}
		row := pageRun{
			Status: report.VerdictStatus(r.Verdict), ReadAt: r.ReadAt.Format("2006-01-02 15:04"), Verdict: r.Verdict,
			Failed: r.Counts.Failed, Unknown: r.Counts.Unknown, Warning: r.Counts.Warning, Passed: r.Counts.Passed,
			New: "-", Cleared: "-", Remark: report.Tidy(r.remark(usual)),
		}
		if r.Compared {
			row.New, row.Cleared = strconv.Itoa(r.New), strconv.Itoa(r.Cleared)
		}
		p.Runs = append(p.Runs, row)
	}
	return report.WritePage(w, pageTemplate, p)
}
