package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"siteready/report"
	"siteready/report/after"
	"siteready/report/history"
)

// historyFlags name a history, and in it the server whose runs are meant.
type historyFlags struct{ dir, server string }

func (o *historyFlags) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dir, "history", "", "folder in which check --history keeps the runs (default: as the configuration says)")
	cmd.Flags().StringVar(&o.server, "server", "", "in a history of several servers, whose runs are meant (default: the only one)")
}

// validateForm looks at how a verb is to print that has a table and JSON only.
func validateForm(o *outputOptions) error {
	if o.format != formatTable && o.format != formatJSON {
		return fmt.Errorf("--format is table or json, not %q", o.format)
	}
	return o.validateColor()
}

// show prints what a verb has found as a table or as JSON. What names it in an error.
func show[T any](p *program, o *outputOptions, what string, found T, table func(io.Writer, T, report.TableOptions) error, asJSON func(io.Writer, T) error) error {
	err := p.print(func(w io.Writer) error {
		if o.format == formatJSON {
			return asJSON(w, found)
		}
		return table(w, found, o.terminal(p.stdout))
	})
	if err != nil {
		return failure("%s could not be written: %w", what, err)
	}
	return nil
}

// series finds the server's runs in the history. The runs say what of the index is damaged.
func (p *program) series(o historyFlags) (*history.Series, history.Runs, error) {
	fail := func(format string, args ...any) (*history.Series, history.Runs, error) {
		return nil, history.Runs{}, &inputError{fmt.Errorf(format, args...)}
	}
	store, err := history.Open(o.dir)
	if err != nil {
		return fail("--history: %w", err)
	}
	all, err := store.All()
	if err != nil {
		return fail("--history: %w", err)
	}
	var names []string
	var found []*history.Series
	for _, s := range all {
		names = append(names, s.Name)
		if o.server == "" || strings.EqualFold(s.Name, o.server) || strings.HasPrefix(s.Name, strings.ToLower(o.server)+".") {
			found = append(found, s)
		}
	}
	if i := slices.IndexFunc(found, func(s *history.Series) bool { return strings.EqualFold(s.Name, o.server) }); i >= 0 {
		found = found[i:][:1] // the whole name, which another's may begin with
	}
	switch {
	case len(all) == 0:
		return fail("--history %s: there is no run in it; `siteready check --history %s` keeps one", o.dir, o.dir)
	case len(found) == 0:
		return fail("--history %s has no runs of %s, but of %s", o.dir, o.server, strings.Join(names, ", "))
	case len(found) > 1:
		return fail("--history %s has the runs of %d servers; name one with --server: %s", o.dir, len(found), strings.Join(names, ", "))
	}
	runs, err := found[0].Runs()
	if err != nil {
		return fail("--history: %w", err)
	}
	switch {
	case len(runs.Entries) > 0:
	case len(runs.Problems) == 0:
		return fail("--history %s has reports of %s, and their index was lost: the next `siteready check --history %s` makes it again", o.dir, found[0].Name, o.dir)
	default:
		return fail("--history %s has no run of %s that can be read: %s", o.dir, found[0].Name, strings.Join(runs.Problems, "; "))
	}
	return found[0], runs, nil
}

// wholeSeries is series for verbs that say nothing of the index themselves.
func (p *program) wholeSeries(o historyFlags) (*history.Series, history.Runs, error) {
	series, runs, err := p.series(o)
	for _, problem := range runs.Problems {
		say(p.stderr, problem)
	}
	return series, runs, err
}

// kept is the report of a run of a history: last, last-N, or the one whose id begins so.
func kept(series *history.Series, runs history.Runs, name string) (report.Report, error) {
	var found []history.Entry
	back, isLast := strings.CutPrefix(name, "last")
	if n, err := strconv.Atoi(strings.TrimPrefix(back, "-")); isLast && (back == "" || err == nil && n >= 0 && strings.HasPrefix(back, "-")) {
		if n >= len(runs.Entries) {
			return report.Report{}, &inputError{fmt.Errorf("%s: there is no such run; of %s the history has %d that can be read", name, series.Name, len(runs.Entries))}
		}
		found = runs.Entries[len(runs.Entries)-1-n:][:1]
	} else {
		for _, e := range runs.Entries {
			if len(name) >= shortestID && strings.HasPrefix(e.RunID, strings.ToUpper(name)) {
				found = append(found, e)
			}
		}
	}
	switch {
	case len(found) == 0:
		return report.Report{}, &inputError{fmt.Errorf("the history has no run of %s called %q; it is last, last-1 and so on, or at least %d characters of a run's id, as siteready history shows them", series.Name, name, shortestID)}
	case len(found) > 1:
		return report.Report{}, &inputError{fmt.Errorf("the history has %d runs whose ids begin with %q; write more of it", len(found), name)}
	}
	run, err := series.Load(found[0])
	if err != nil {
		return report.Report{}, &inputError{err}
	}
	return run.Report, nil
}

// shortestID is how much of a run's id must be written.
const shortestID = 4

// lookBack is how far before an update its runs show what was turned off for it.
const lookBack = 31 * 24 * time.Hour

// afterHistory compares the newest run that was kept with the last one that had another version of
// the site.
func (p *program) afterHistory(ctx context.Context, o *afterOptions) (after.Input, error) {
	in := after.Input{}
	series, runs, err := p.wholeSeries(o.history)
	if err != nil {
		return in, err
	}
	newest := runs.Entries[len(runs.Entries)-1]
	read := func(e history.Entry) (after.Input, error) {
		text, err := series.LoadRecording(e)
		if err != nil {
			return after.Input{}, err
		}
		from, err := recordedSource(text, e.RunID)
		if err != nil {
			return after.Input{}, err
		}
		defer from.close()
		return after.Input{Later: o.state(ctx, from), LaterFrom: "the run " + e.RunID}, nil
	}
	later, err := read(newest)
	if err != nil {
		return in, &inputError{fmt.Errorf("the newest run, of %s, cannot be used: %w", newest.ReadAt.Format(report.Clock), err)}
	}
	in.Later, in.LaterFrom = later.Later, later.LaterFrom
	unusable := 0
	for i := len(runs.Entries) - 2; i >= 0; i-- {
		e := runs.Entries[i]
		if !e.SameSubject(newest) || in.EarlierFrom != "" && in.Earlier.ReadAt.Sub(e.ReadAt) > lookBack {
			continue
		}
		one, err := read(e)
		switch {
		case err != nil:
			unusable++
		case in.EarlierFrom != "" && !one.Later.OtherVersion(in.Earlier):
			in.Older = append(in.Older, one.Later)
		case in.EarlierFrom == "" && one.Later.OtherVersion(in.Later):
			in.Earlier, in.EarlierFrom = one.Later, one.LaterFrom
		}
	}
	if unusable > 0 {
		say(p.stderr, fmt.Sprintf("%d runs of the history could not be used, because their recordings are missing or damaged", unusable))
	}
	if in.EarlierFrom == "" {
		return in, &inputError{fmt.Errorf("no run in the history has another version than %s, which the newest has, of %s\nrun `siteready check --history` after the update, and then this again",
			cmp.Or(in.Later.Subject.Version, "an unknown one"), newest.ReadAt.Format(report.Clock))}
	}
	return in, nil
}
