package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks/configuration"
	"siteready/platform"
	"siteready/platform/recording"
	"siteready/report"
	"siteready/report/history"
)

// historyOptions say where runs are kept, and for how long.
type historyOptions struct {
	folder     string
	runs, days int
}

func (o *historyOptions) addTo(cmd *cobra.Command) {
	o.addFolderTo(cmd)
	f := cmd.Flags()
	f.IntVar(&o.runs, "history-keep-runs", history.DefaultRuns, "how many runs of a server are kept; 0 keeps all")
	f.IntVar(&o.days, "history-keep-days", history.DefaultDays, "for how many days a run is kept; 0 keeps all")
}

// addFolderTo adds the flag of verbs that only read what was kept.
func (o *historyOptions) addFolderTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.folder, "history", "", "keep each run in this folder, and say what changed since the last one")
}

// validate finds numbers that cannot be meant, and a folder whose name was lost.
func (o *historyOptions) validate(cmd *cobra.Command) error {
	if cmd.Flags().Changed("history") && o.folder == "" {
		return fmt.Errorf("--history names no folder")
	}
	for _, one := range []struct {
		flag  string
		value int
	}{{"history-keep-runs", o.runs}, {"history-keep-days", o.days}} {
		if one.value < 0 || one.value > configuration.MostKept {
			return fmt.Errorf("--%s is a whole number from 0 to %d, not %d", one.flag, configuration.MostKept, one.value)
		}
	}
	return nil
}

func (o *historyOptions) limits() history.Limits {
	return history.Limits{Runs: o.runs, Age: time.Duration(o.days) * 24 * time.Hour}
}

// warn says at once that a run will not be kept. The run goes on: what it finds is worth more
// than that it is kept.
func (p *program) warn(o *historyOptions) {
	if o.folder == "" {
		return
	}
	if _, err := history.Open(o.folder); err != nil {
		say(p.stderr, fmt.Sprintf("the history cannot be kept: %v; the run goes on, and will end with %d", err, exitFailure))
	}
}

// keep tells the report what changed since the runs before, and keeps it with the answers that it
// was judged by. The report is to be written whatever comes of it.
func (p *program) keep(ctx context.Context, r *report.Report, m *platform.Machine, from source, o *historyOptions) error {
	if o.folder == "" {
		return nil
	}
	unkept := func(err error) error { return failure("the run was not kept in the history: %w", err) }
	store, err := history.Open(o.folder)
	if err != nil {
		r.History = report.NoHistory(fmt.Sprintf("The history cannot be read: %v.", err))
		return unkept(err)
	}
	var answers bytes.Buffer
	err = recording.Write(&answers, recording.Header{
		Version: programVersion(), ReadAt: from.readAt.Truncate(time.Second),
		SQLServer: from.stated.SQLServer, Database: from.stated.Database, SQLLogOn: from.logOn,
	}, m.Outcomes())
	if err != nil {
		r.History = report.NoHistory("The answers of this run could not be written down.")
		return unkept(err)
	}
	// An interrupted run is kept, too: the next one must not believe that there was none.
	kept, err := store.Of(r.Subject).Keep(context.WithoutCancel(ctx), r, answers.Bytes(), o.limits())
	if err != nil {
		return unkept(err)
	}
	for _, problem := range kept.Problems {
		say(p.stderr, "history: "+problem)
	}
	return nil
}
