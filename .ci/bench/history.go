package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"siteready/report"
	"siteready/report/history"
)

const (
	historyNights = 365
	historyChecks = 130
	historyRuns   = 21
	mostHistory   = 100 * time.Millisecond
	mostHistoryMB = 64 // MiB
)

// benchHistory measures what a year of nights costs: the demonstration's run, night after night,
// with another item in trouble each week. First the index alone is read and compared; then the
// whole program judges the demonstration with and without that history, and shows it, in turns.
func benchHistory(w io.Writer, dir, program string) error {
	folder, site := filepath.Join(dir, "history"), filepath.FromSlash("cmd/siteready/demo/site.siteready")
	last, err := aYear(folder, program)
	if err != nil {
		return err
	}
	store, err := history.Open(folder)
	if err != nil {
		return err
	}
	kept := store.Of(last.Subject)
	info, err := os.Stat(filepath.Join(kept.Dir(), history.IndexName))
	if err != nil {
		return err
	}
	var times []time.Duration
	for range historyRuns {
		start := time.Now()
		runs, err := kept.Runs()
		if err != nil {
			return err
		}
		h := history.Since(runs, last)
		times = append(times, time.Since(start))
		if h.State != report.HistoryCompared || h.Runs != historyNights || h.Changes.Unchanged == 0 || len(runs.Problems) > 0 {
			return fmt.Errorf("the history of %d nights tells %s of %d runs: %+v %q", historyNights, h.State, h.Runs, h.Changes, runs.Problems)
		}
	}
	debug.FreeOSMemory() // a process begins with the peak of the one that starts it
	var without, with, verb series
	for range historyRuns {
		if err := errors.Join(
			without.run([]string{program, "check", "--no-config", "--site", site}),
			with.run([]string{program, "check", "--no-config", "--site", site, "--history", folder, "--history-keep-runs", fmt.Sprint(historyNights), "--history-keep-days", "0"}),
			verb.run([]string{program, "history", "--no-config", "--history", folder}),
		); err != nil {
			return err
		}
	}
	median := quantile(times, 0.5)
	good := median <= mostHistory && verb.time() <= mostHistory && max(with.memory(), verb.memory()) <= mostHistoryMB<<20 && len(last.Checks) >= historyChecks
	fmt.Fprintf(w, "\nhistory of %d nights of %d checks, an index of %.1f MiB\n", historyNights, len(last.Checks), mebibytes(info.Size()))
	fmt.Fprintf(w, "reading it and comparing a run   %6.2f ms (%.2f to %.2f)   %.1f times a run without   limit %v   %s\n",
		milliseconds(median), milliseconds(quantile(times, 0.25)), milliseconds(quantile(times, 0.75)), ratio(median, without.time()), mostHistory, verdict(median <= mostHistory))
	fmt.Fprintf(w, "a run without a history          %s\n", without)
	fmt.Fprintf(w, "a run that is kept in it         %s   %.1f times the time, %.1f times the memory   limit %d MiB   %s\n",
		with, ratio(with.time(), without.time()), ratio(with.memory(), without.memory()), mostHistoryMB, verdict(with.memory() <= mostHistoryMB<<20))
	fmt.Fprintf(w, "siteready history                %s   %.1f times a run without   limits %v, %d MiB   %s\n",
		verb, ratio(verb.time(), without.time()), mostHistory, mostHistoryMB, verdict(verb.time() <= mostHistory && verb.memory() <= mostHistoryMB<<20))
	if !good {
		return errors.New("a year of nights takes too long or too much memory")
	}
	return nil
}

// aYear makes a history in folder, as if the index had been lost: the reports of the nights lie
// there, and the first run that is kept takes them up. It returns the run of the night after.
func aYear(folder, program string) (report.Report, error) {
	text, err := exec.Command(program, "demo", "--format", "json").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // the demonstration is not ready: its exit code is 2
		return report.Report{}, fmt.Errorf("the demonstration for the history: %w", err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("the demonstration for the history: %w", err)
	}
	for i := range r.Checks {
		c := &r.Checks[i] // of the rest the index has nothing
		r.Checks[i] = report.Check{ID: c.ID, AreaID: c.AreaID, Status: c.Status, Selected: c.Selected, Items: c.Items, Cause: c.Cause}
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return r, err
	}
	store, err := history.Open(folder)
	if err != nil {
		return r, err
	}
	nights := store.Of(r.Subject)
	if err := os.Mkdir(nights.Dir(), 0o700); err != nil {
		return r, err
	}
	night := func(n int) report.Report {
		one := r
		at := r.ReadAt.AddDate(0, 0, n-historyNights)
		one.RunID, one.ReadAt, one.JudgedFor, one.MadeAt = fmt.Sprintf("NIGHT%d", n), at, at, at.Add(time.Minute)
		one.Checks = append([]report.Check{}, r.Checks...)
		weekly := &one.Checks[n/7%len(one.Checks)]
		weekly.Status, weekly.Items = "failed", []report.Item{{Key: fmt.Sprintf("server%d.contoso.com", n/7), Status: "failed"}}
		return one
	}
	for n := range historyNights - 1 {
		one := night(n)
		var file bytes.Buffer
		z := gzip.NewWriter(&file)
		if err := errors.Join(report.JSON(z, one), z.Close()); err != nil {
			return r, err
		}
		if err := os.WriteFile(nights.ReportPath(history.NewEntry(one)), file.Bytes(), 0o600); err != nil {
			return r, err
		}
	}
	one := night(historyNights - 1)
	kept, err := nights.Keep(context.Background(), &one, nil, history.Limits{})
	if err != nil || kept.Adopted != historyNights-1 {
		return r, fmt.Errorf("a year of nights: %d were taken up: %w", kept.Adopted, err)
	}
	return night(historyNights), nil
}
