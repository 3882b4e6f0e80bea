package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks/state"
	"siteready/platform"
	"siteready/report/after"
)

type afterOptions struct {
	sqlOptions
	configOptions
	outputOptions
	history historyFlags
	timeout limit
	cmd     *cobra.Command
}

func (p *program) afterCommand() *cobra.Command {
	o := &afterOptions{}
	cmd := &cobra.Command{
		Use:   "after [BEFORE [AFTER]]",
		Short: "Compare this site after an update with what was recorded before it, and list what to put back",
		Long: "siteready after tells what an update changed: versions, services that ran and do not, replication,\n" +
			"and as a list to put back what was turned off for the update or set back by it: maintenance tasks,\n" +
			"failover of availability groups, replicas for management points, files that were changed by hand.\n\n" +
			"BEFORE and AFTER are recordings of `siteready record`; without AFTER this machine is read now.\n" +
			"With --history DIR and no recordings, the newest run that was kept is compared with the last one\n" +
			"that had another version of the site; the runs of the month before that one show what was turned\n" +
			"off for the update.\n\n" +
			"Exit codes: 0 all is as before, 1 something is to be put back or looked at, 3 something could not be\n" +
			"compared, or the two are not surely of one site, 64 a recording or the history cannot be read.",
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 2:
				return errors.New("siteready after takes at most two recordings: siteready after BEFORE AFTER")
			case len(args) > 0 && o.history != (historyFlags{}):
				return errors.New("recordings and --history do not go together: the history has its own")
			case len(args) == 2 && args[0] == "-" && args[1] == "-":
				return errors.New("only one of the two can be standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.after(cmd.Context(), o, args) },
	}
	o.cmd = cmd
	o.history.addTo(cmd)
	cmd.Flags().StringVar(&o.format, "format", formatTable, "format on standard output: table or json")
	o.addColorTo(cmd)
	o.timeout.addTo(cmd)
	o.sqlOptions.addTo(cmd)
	cmd.Flags().StringVar(&o.path, "config", "", "configuration file; - is standard input (default: "+beside+")")
	cmd.Flags().BoolVar(&o.none, "no-config", false, "use no configuration file")
	return cmd
}

func (p *program) after(ctx context.Context, o *afterOptions, args []string) error {
	if err := validateForm(&o.outputOptions); err != nil {
		return err
	}
	var in after.Input
	var err error
	if len(args) == 0 {
		if err := p.needHistory(&o.history, o.cmd, &o.configOptions); err != nil {
			return fmt.Errorf("%w; or name a recording that was made before the update", err)
		}
		if err := o.given(o.cmd); err != nil {
			return errAnswered
		}
		in, err = p.afterHistory(ctx, o)
	} else {
		in, err = p.afterRecordings(ctx, o, args)
	}
	if err != nil {
		return err
	}
	result := after.Compare(in)
	p.exit = result.ExitCode()
	return show(p, &o.outputOptions, "the comparison", result, after.Table, after.JSON)
}

func (p *program) afterRecordings(ctx context.Context, o *afterOptions, args []string) (after.Input, error) {
	in := after.Input{EarlierFrom: called(args[0])}
	var err error
	if in.Earlier, err = p.recordedState(ctx, o, args[0]); err != nil {
		return in, err
	}
	if len(args) == 2 {
		if err := o.given(o.cmd); err != nil {
			return in, errAnswered
		}
		in.LaterFrom = called(args[1])
		in.Later, err = p.recordedState(ctx, o, args[1])
		return in, err
	}
	if err := p.configure(o.cmd, &o.configOptions, true); err != nil {
		return in, err
	}
	from, err := liveSource(&o.sqlOptions, &o.configOptions)
	if err != nil {
		return in, err
	}
	defer from.close()
	in.LaterFrom = "this machine, now"
	in.Later = o.state(ctx, from)
	return in, nil
}

// errAnswered is why SQL Server's flags are refused where nothing is asked.
var errAnswered = errors.New("flags that say how SQL Server is reached, and recordings, do not go together: a recording has its answers already")

// called is what a file is called to people.
func called(name string) string {
	if name == "-" {
		return "standard input"
	}
	return filepath.Base(name)
}

// recordedState reads the state of a site from a recording.
func (p *program) recordedState(ctx context.Context, o *afterOptions, name string) (state.State, error) {
	data, err := p.readInput(name)
	if err == nil && !isRecording(data) {
		err = errors.New("it is no recording; a report does not hold enough to compare")
	}
	var from source
	if err == nil {
		from, err = recordedSource(data, called(name))
	}
	if err != nil {
		what := "a recording without a name"
		if name != "" {
			what = called(name)
		}
		return state.State{}, &inputError{fmt.Errorf("%s cannot be used: %w\nsiteready after takes what `siteready record -o FILE` has written", what, bare(err))}
	}
	defer from.close()
	return o.state(ctx, from), nil
}

// state reads the state of a site from a source.
func (o *afterOptions) state(ctx context.Context, from source) state.State {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(o.timeout))
	defer cancel()
	m := platform.Open(ctx, from.reader, from.readAt, platform.DefaultLimits())
	return state.Read(ctx, m.Session(), from.stated)
}
