package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// statusCode is the value of siteready_check_status. What wants a look is above 0.
func statusCode(status string) int {
	switch status {
	case passed:
		return 0
	case warning:
		return 1
	case failed:
		return 2
	case waived:
		return -1
	case notApplicable:
		return -2
	case NotSelected:
		return -3
	default:
		return 3
	}
}

// Prometheus writes the report as a text file for the textfile collector of windows_exporter
// or node_exporter: one series for each check, counts, and times. Each series has the site
// and the computer as labels, so that the files of several sites can lie in one folder.
func Prometheus(w io.Writer, r Report) error {
	var b strings.Builder
	metric := func(name, help string) {
		fmt.Fprintf(&b, "# HELP siteready_%s %s\n# TYPE siteready_%[1]s gauge\n", name, help)
	}
	series := func(name string, value any, labels ...string) {
		labels = append([]string{"site", r.Subject.SiteCode, "computer", r.Subject.Computer}, labels...)
		var pairs []string
		for i := 0; i < len(labels); i += 2 {
			pairs = append(pairs, labels[i]+`="`+promLabel(labels[i+1])+`"`)
		}
		fmt.Fprintf(&b, "siteready_%s{%s} %v\n", name, strings.Join(pairs, ","), value)
	}
	single := func(name, help string, value any) {
		metric(name, help)
		series(name, value)
	}
	single("last_completion_timestamp_seconds", "When the last report was made.", r.MadeAt.Unix())
	single("read_timestamp_seconds", "When the facts of the report were read.", r.ReadAt.Unix())
	single("valid_until_timestamp_seconds", "When the report goes stale.", r.ValidUntil.Unix())
	single("judged_for_timestamp_seconds", "The time for which the site was judged.", r.JudgedFor.Unix())
	single("duration_seconds", "How long the run took.", seconds(r.TookMS))
	single("verdict", "0 READY, 1 READY WITH WARNINGS, 2 BLOCKED, 3 INCOMPLETE.", r.Verdict.ExitCode())
	single("exit_code", "The exit code; other than the verdict's when --fail-on has let it through.", r.Exit.Code)
	metric("checks", "How many checks have each status.")
	c := r.Counts
	for _, n := range []struct {
		status string
		value  int
	}{
		{failed, c.Failed},
		{warning, c.Warning},
		{unknown, c.Unknown},
		{waived, c.Waived},
		{passed, c.Passed},
		{notApplicable, c.NotApplicable},
		{NotSelected, c.NotSelected},
	} {
		series("checks", n.value, "status", n.status)
	}
	metric("check_status", "0 passed, 1 warning, 2 failed, 3 could not check, -1 waived, -2 not applicable, -3 not selected.")
	for _, c := range r.Checks {
		series("check_status", statusCode(c.Status), "check", c.ID, "area", c.AreaID)
	}
	done, all := confirmed(r)
	metric("statements", "What only a person can tell, by whether it was confirmed.")
	series("statements", done, "confirmed", "true")
	series("statements", all-done, "confirmed", "false")
	if h := r.History; h != nil {
		single("history_compared", "1 when this run was compared with an earlier one; 0 when it is the first, or earlier ones could not be read.", btoi(h.State == HistoryCompared))
		if h.State == HistoryCompared {
			metric("findings", "How many findings have each kind of change since the last run.")
			for _, k := range h.Changes.kinds() {
				series("findings", k.n, "change", k.kind)
			}
			since := openSince(h)
			if len(since) > 0 {
				metric("finding_since_timestamp_seconds", "When the facts of the first run were read in which the oldest finding of the check was one.")
			}
			for _, c := range r.Checks {
				if at, known := since[c.ID]; known {
					series("finding_since_timestamp_seconds", at.Unix(), "check", c.ID, "area", c.AreaID)
				}
			}
		}
	}
	if o := r.ProductChecker; o != nil {
		single("product_checker_timestamp_seconds", "When Microsoft's own prerequisite checker last ran.", o.EndedAt.Unix())
		single("product_checker_disagreements", "On how many rules Microsoft's own prerequisite checker and the checks disagree.", len(o.Disagreements))
	}
	metric("info", "The release that the site was judged for, and the program.")
	series("info", 1, "target", r.Target.Version, "version", r.Tool.Version)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report for Prometheus: %w", err)
	}
	return nil
}

// openSince is since when each check has a finding without a break.
func openSince(h *History) map[string]time.Time {
	since := map[string]time.Time{}
	for _, f := range h.Findings {
		if at, known := since[f.Check]; !f.Over && (!known || f.Since.Before(at)) {
			since[f.Check] = f.Since
		}
	}
	return since
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// promLabel is text as it stands between the quotation marks of a label.
func promLabel(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(short(text, shortText))
}
