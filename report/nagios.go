package report

import (
	"fmt"
	"io"
	"strings"

	"siteready/checks/requirement"
)

// MaxPluginOutput is how many bytes Nagios gives at most. Nagios itself promises to read
// only the first 4 KB: https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/3/en/pluginapi.html
const MaxPluginOutput = 4 << 10

// Nagios writes the report as a monitoring plugin does: one line with the state, the verdict
// and the counts, behind a bar the performance data, and then the details. The state is that
// of the exit code. It is MaxPluginOutput bytes at most.
func Nagios(w io.Writer, r Report) error {
	state := "UNKNOWN" // also of an exit code that no verdict has
	if code := r.Exit.Code; code >= 0 && code < 3 {
		state = [...]string{"OK", "WARNING", "CRITICAL"}[code]
	}
	site := short(r.Subject.SiteCode, 20)
	switch {
	case site == "" && r.Subject.ServiceManager != nil:
		site = requirement.ServiceManager.Name()
	case site == "":
		site = "no site"
	}
	first := fmt.Sprintf("SITEREADY %s: %s, %s, %s", state, site, r.Verdict, strings.Join(counted(r.Counts), ", "))
	c := r.Counts
	var data []string
	for _, n := range []struct {
		label string
		value int
	}{
		{"failed", c.Failed},
		{"warning", c.Warning},
		{"unknown", c.Unknown},
		{"waived", c.Waived},
		{"passed", c.Passed},
		{"not_applicable", c.NotApplicable},
		{"not_selected", c.NotSelected},
	} {
		data = append(data, fmt.Sprintf("%s=%d;;;0;%d", n.label, n.value, c.Total))
	}
	if h := r.History; h != nil && h.State == HistoryCompared {
		for _, k := range h.Changes.kinds() {
			if k.kind == ChangeNew || k.kind == ChangeWorse || k.kind == ChangeFixed {
				data = append(data, fmt.Sprintf("%s=%d;;;0", k.kind, k.n))
			}
		}
	}
	data = append(data, "time="+seconds(r.TookMS)+"s;;;0")
	lines := append(about(r), brief(r)...)
	for i, line := range lines {
		lines[i] = unbarred(line)
	}
	head := unbarred(first) + " | " + strings.Join(data, " ")
	lines = append([]string{head}, fit(lines, MaxPluginOutput-cost(head))...)
	if _, err := io.WriteString(w, strings.Join(lines, "\n")+"\n"); err != nil {
		return fmt.Errorf("write the report for Nagios: %w", err)
	}
	return nil
}

// unbarred is text without the bar, behind which performance data begins.
func unbarred(text string) string { return strings.ReplaceAll(text, "|", "/") }
