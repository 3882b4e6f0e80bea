package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"siteready/report"
	"siteready/report/compare"
	"siteready/report/history"
)

type recheckOptions struct {
	checkOptions
	past historyFlags
}

func (p *program) recheckCommand() *cobra.Command {
	o := &recheckOptions{}
	cmd := &cobra.Command{
		Use:   "recheck [REPORT.json]",
		Short: "Check again only what did not pass in the last run, and say what changed",
		Long: "siteready recheck runs again the checks that failed, warned, were waived or could not be made in the\n" +
			"last whole run of --history DIR or a run of a part since then, or in a JSON report, for the same\n" +
			"target. What passed then is not looked at again, and is told as what it is: taken from that run. A\n" +
			"run that is no longer valid, of another configuration, version or site, is refused: `siteready check`\n" +
			"makes a new one.\n\n" +
			"Exit codes: those of check, of what was checked again; 3 when there was nothing to check again.\n" +
			"The verdict before an update is that of `siteready check`. A recheck is not kept in the history.",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1 || len(args) == 1 && args[0] == "":
				return errors.New("siteready recheck takes one JSON report, or --history DIR")
			case len(args) == 1 && o.past != (historyFlags{}):
				return errors.New("a report and --history do not go together: name one of them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.recheck(cmd.Context(), o, args) },
	}
	o.cmd = cmd
	o.past.addTo(cmd)
	f := cmd.Flags()
	o.configOptions.addTo(cmd, beside)
	f.StringVar(&o.failOn, "fail-on", report.FailOnWarning, "lowest verdict that is not exit code 0: warning, unknown or failed")
	f.StringVar(&o.format, "format", formatTable, "format on standard output: table or json")
	f.StringVar(&o.site, "site", "", "judge a recorded site instead of this machine")
	o.addColorTo(cmd)
	o.timeout.addTo(cmd)
	o.sqlOptions.addTo(cmd)
	return cmd
}

func (p *program) recheck(ctx context.Context, o *recheckOptions, args []string) error {
	if err := validateForm(&o.outputOptions); err != nil {
		return err
	}
	if err := p.configure(o.cmd, &o.configOptions, true); err != nil {
		return err
	}
	before, which, since, err := p.lastRun(o, args)
	if err != nil {
		return err
	}
	refused := func(format string, args ...any) error {
		return &inputError{fmt.Errorf("%s cannot be checked again: %s; run `siteready check`", which, fmt.Sprintf(format, args...))}
	}
	if before.Tool.Version != programVersion() {
		return refused("it was made by siteready %s, and this is %s", before.Tool.Version, programVersion())
	}
	if before.Configuration.SHA256 != o.inForce().SHA256 {
		return refused("its configuration was %s, and now it is %s", configurationOf(before.Configuration), configurationOf(o.inForce()))
	}
	from, err := p.openSource(&o.checkOptions)
	if err != nil {
		return err
	}
	defer from.close()
	end := before.ReadAt.Add(time.Duration(o.validFor))
	if before.ValidUntil.Before(end) {
		end = before.ValidUntil
	}
	switch {
	case from.readAt.After(end):
		return refused("it was valid until %s", end.Format(report.Clock))
	case from.readAt.Truncate(time.Second).Before(before.ReadAt):
		return refused("it read its facts later than this one, at %s", before.ReadAt.Format(report.Clock))
	}
	o.target = targets(history.NewEntry(before).Target)
	if !before.JudgedFor.Equal(before.ReadAt) && before.JudgedFor.After(from.readAt) {
		o.at = before.JudgedFor.Format(time.RFC3339)
	}
	known := compare.Passed(before)
	again := append(compare.NotPassed(before), slices.DeleteFunc(slices.Clone(known), func(id string) bool { return !since[id] })...)
	if len(again) == 0 {
		say(p.stderr, fmt.Sprintf("everything that %s looked at passed or did not apply, so there is nothing to check again; run `siteready check` for a new verdict", which))
		nothing := compare.Nothing(before, from.readAt.Truncate(time.Second))
		p.exit = nothing.ExitCode
		if o.format != formatJSON {
			return nil
		}
		return show(p, &o.outputOptions, "that there was nothing", nothing, compare.RecheckTable, compare.RecheckJSON)
	}
	o.only = again
	o.seen = slices.DeleteFunc(known, func(id string) bool { return since[id] })
	now, _, err := p.examine(ctx, from, &o.selectOptions, false)
	if err != nil {
		return err
	}
	if what := compare.Elsewhere(before, now); what != "" {
		return refused("%s", what)
	}
	if now.Exit.LetThrough != "" {
		say(p.stderr, now.Exit.LetThrough)
	}
	p.exit = now.Exit.Code
	return show(p, &o.outputOptions, "what was checked again", compare.Again(before, now), compare.RecheckTable, compare.RecheckJSON)
}

// configurationOf names a configuration to people.
func configurationOf(c report.Configuration) string {
	if c.SHA256 == "" {
		return "none"
	}
	return fmt.Sprintf("%s with SHA-256 %.12s", cmp.Or(c.File, "a file"), c.SHA256)
}

// fullestOf is of how many of the newest runs the fullest is taken.
const fullestOf = 10

// lastRun is the run of which something is checked again, what it is called, and the ids of checks
// that a run of a part since then did not see pass.
func (p *program) lastRun(o *recheckOptions, args []string) (report.Report, string, map[string]bool, error) {
	if len(args) == 1 {
		data, err := p.readInput(args[0])
		var r report.Report
		if err == nil {
			r, err = report.Read(data)
		}
		if err != nil {
			return r, "", nil, &inputError{fmt.Errorf("the report %s cannot be used: %w\nit takes what `siteready -o FILE.json` has written", called(args[0]), bare(err))}
		}
		return r, "the report " + called(args[0]), nil, nil
	}
	if err := p.needHistory(&o.past, o.cmd, &o.configOptions); err != nil {
		return report.Report{}, "", nil, fmt.Errorf("%w; or name a JSON report", err)
	}
	series, runs, err := p.wholeSeries(o.past)
	if err != nil {
		return report.Report{}, "", nil, err
	}
	last, _ := runs.Last()
	newest := runs.Entries[max(0, len(runs.Entries)-fullestOf):]
	for _, e := range slices.Backward(newest) {
		if e.Counts.NotSelected < last.Counts.NotSelected { // one of a part says nothing of the others
			last = e
		}
	}
	run, err := series.Load(last)
	if err != nil {
		return report.Report{}, "", nil, &inputError{err}
	}
	return run.Report, "the run of " + last.ReadAt.Format(report.Clock), notPassedSince(last, newest), nil
}

// notPassedSince are the ids of checks that runs after one of the newest did not see pass.
func notPassedSince(run history.Entry, newest []history.Entry) map[string]bool {
	ids := map[string]bool{}
	at := slices.IndexFunc(newest, func(e history.Entry) bool { return e.RunID == run.RunID })
	for _, e := range newest[at+1:] {
		if !e.SameSubject(run) {
			continue
		}
		for status, of := range e.Checks {
			for _, id := range of {
				if compare.Open(status) {
					ids[id] = true
				}
			}
		}
	}
	return ids
}
