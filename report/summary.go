package report

import (
	"fmt"
	"io"
	"strings"
)

// MaxSummary is how many bytes a summary has at most: Run Scripts of Configuration Manager
// cuts what is longer.
// https://learn.microsoft.com/intune/configmgr/apps/deploy-use/create-deploy-scripts
const MaxSummary = 4 << 10

// Summary writes the verdict, the counts and what there is to look at, in MaxSummary bytes
// at most, also when each line is put into JSON.
func Summary(w io.Writer, r Report) error {
	lines := append(append(summaryHead(r), about(r)...), brief(r)...)
	if _, err := io.WriteString(w, strings.Join(fit(lines, MaxSummary), "\n")+"\n"); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// summaryHead are the lines with the verdict, the counts and the exit code.
func summaryHead(r Report) []string {
	return []string{
		fmt.Sprintf("%s: %s", r.Verdict, strings.Join(counted(r.Counts), ", ")),
		fmt.Sprintf("Exit code %d: %s", r.Exit.Code, r.Exit.Meaning),
	}
}

// Word writes the verdict as one word, for a configuration item that compares it: READY,
// READY_WITH_WARNINGS, BLOCKED or INCOMPLETE. What --fail-on lets through changes nothing.
func Word(w io.Writer, r Report) error {
	if _, err := io.WriteString(w, strings.ReplaceAll(string(r.Verdict), " ", "_")+"\n"); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}
