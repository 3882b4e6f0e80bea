package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"siteready/checks"
	"siteready/report"
	"siteready/report/history"
	"siteready/report/timeline"
)

// histories writes pages of histories: one that the real command kept of recordings, one of a
// month, and one of a year whose texts are hostile.
func histories(program, folder string) error {
	kept := filepath.Join(folder, "history")
	if err := os.Mkdir(kept, 0o700); err != nil {
		return err
	}
	for _, site := range []string{"primary", "primary-broken", "primary"} {
		if err := run(program, "check", "--site", filepath.Join(folder, site+".siteready"), "--history", kept, "--format", "verdict"); err != nil {
			return err
		}
	}
	if err := run(program, "history", "--history", kept, "--server", "cm01", "-o", filepath.Join(folder, "history.html")); err != nil {
		return err
	}
	return errors.Join(
		page(filepath.Join(folder, "history-month.html"), "cm01.contoso.com", 30, ""),
		page(filepath.Join(folder, "history-year.html"), evil+long, 365, evil+long),
	)
}

// page writes the page of a made-up history, with a night without a run each week.
func page(path, server string, nights int, foreign string) error {
	start := time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)
	runs := history.Runs{}
	if foreign != "" {
		runs.Problems = []string{foreign}
	}
	for i := range nights {
		if i%7 == 5 {
			continue
		}
		failed, unknown, warnings := i%5, (i/3)%3, i%11
		verdict := checks.Ready
		switch {
		case failed > 0:
			verdict = checks.Blocked
		case unknown > 0:
			verdict = checks.Incomplete
		case warnings > 0:
			verdict = checks.WithWarnings
		}
		e := history.Entry{
			RunID: fmt.Sprintf("RUN%05d", i), ReadAt: start.AddDate(0, 0, i), JudgedFor: start.AddDate(0, 0, i), Verdict: verdict, Target: "cm=2509",
			Counts:  report.Counts{Failed: failed, Unknown: unknown, Warning: warnings, Passed: 100, Total: 100 + failed + unknown + warnings},
			Subject: history.Subject{Computer: "cm01.contoso.com"},
			Checks:  map[string]history.IDs{"failed": {"drivers.odbc18"}},
		}
		if i%9 == 4 {
			e.Stopped, e.Counts.NotSelected = "interrupted "+foreign, 3
		}
		for j := range failed + unknown {
			status := "failed"
			if j >= failed {
				status = "unknown"
			}
			e.Findings = append(e.Findings, history.Finding{Check: "drivers.odbc18", Item: fmt.Sprintf("SRV%02d %s", j, foreign), Status: status, Runs: i + 1, Since: start})
		}
		runs.Entries = append(runs.Entries, e)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(timeline.HTML(f, timeline.New(server, runs)), f.Close())
}
