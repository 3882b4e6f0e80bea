package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"siteready/report"
	"siteready/report/compare"
)

// The exit codes of diff and after.
const (
	exitSame   = 0
	exitDiffer = 1
)

// pastOptions are the flags of the verbs that read runs of the past.
type pastOptions struct {
	selectOptions // for recordings, which are judged anew
	outputOptions
	past historyFlags
	cmd  *cobra.Command
	// configured: the configuration has been read, which is needed for recordings only.
	configured bool
}

func (o *pastOptions) addTo(cmd *cobra.Command) {
	o.cmd = cmd
	o.configOptions.addTo(cmd, beside)
	f := cmd.Flags()
	f.Var(&o.target, "target", "judge recordings for this release, as 2509 or cm=2509 (default: the newest that the site may update to)")
	f.StringSliceVar(&o.only, "only", nil, "of recordings, run only these checks: ids, or globs such as drivers.*")
	f.StringSliceVar(&o.skip, "skip", nil, "of recordings, do not run these checks: ids or globs")
	f.StringVar(&o.format, "format", formatTable, "format on standard output: table or json")
	o.failOn = report.FailOnWarning
	o.past.addTo(cmd)
	o.timeout.addTo(cmd)
	o.addColorTo(cmd)
}

func (p *program) diffCommand() *cobra.Command {
	o := &pastOptions{}
	cmd := &cobra.Command{
		Use:   "diff [EARLIER LATER]",
		Short: "Say what changed between two runs: two JSON reports, two recordings, or two of a history",
		Long: "siteready diff tells what is new, worse, better and fixed between two runs, and what one of them\n" +
			"did not look at, which is never called fixed. Each is a JSON report or a recording, which is\n" +
			"judged anew; one of the two may be -, which is standard input. With --history DIR each is a run that\n" +
			"was kept: the beginning of its id, as `siteready history` shows it, or last, last-1 and so on;\n" +
			"without them the last two runs are compared.\n\n" +
			"Exit codes: 0 nothing changed, 1 something did, or they are not of the same site, version and target,\n" +
			"64 one of them cannot be read or is damaged.\n" +
			"Other values that were found, such as a size in a check that passed both times, are no change.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && o.past.dir != "" {
				return nil
			}
			if len(args) != 2 || args[0] == "" || args[1] == "" {
				return errors.New("siteready diff takes two runs, the earlier one first: siteready diff EARLIER LATER")
			}
			if args[0] == "-" && args[1] == "-" {
				return errors.New("only one of the two can be standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := validateForm(&o.outputOptions); err != nil {
				return err
			}
			earlier, later, err := p.two(cmd.Context(), o, args)
			if err != nil {
				return err
			}
			result := compare.Reports(earlier, later)
			if p.exit = exitDiffer; result.Same {
				p.exit = exitSame
			}
			return show(p, &o.outputOptions, "what changed", result, compare.Table, compare.JSON)
		},
	}
	o.addTo(cmd)
	return cmd
}

// two are the reports of two runs.
func (p *program) two(ctx context.Context, o *pastOptions, args []string) (earlier, later report.Report, err error) {
	if o.cmd.Flags().Changed("history") {
		if err := p.needHistory(&o.past, o.cmd, &o.configOptions); err != nil {
			return earlier, later, err
		}
		series, runs, err := p.wholeSeries(o.past)
		if err != nil {
			return earlier, later, err
		}
		if len(args) == 0 {
			args = []string{"last-1", "last"}
		}
		if earlier, err = kept(series, runs, args[0]); err == nil {
			later, err = kept(series, runs, args[1])
		}
		return earlier, later, err
	}
	if earlier, err = p.pastRun(ctx, o, args[0]); err == nil {
		later, err = p.pastRun(ctx, o, args[1])
	}
	return earlier, later, err
}

// pastRun is the report of a run of the past: a JSON report as it is, a recording judged anew.
func (p *program) pastRun(ctx context.Context, o *pastOptions, name string) (report.Report, error) {
	called := called(name)
	data, err := p.readInput(name)
	if err != nil {
		return report.Report{}, &inputError{fmt.Errorf("%s cannot be read: %w", called, bare(err))}
	}
	if !isRecording(data) {
		r, err := report.Read(data)
		if err != nil {
			return report.Report{}, &inputError{fmt.Errorf(
				"%s cannot be used: %w\nit takes a report that `siteready -o FILE.json` has written, or a recording of `siteready record`", called, err)}
		}
		return r, nil
	}
	if !o.configured {
		o.configured = true
		if err := p.configure(o.cmd, &o.configOptions, true); err != nil {
			return report.Report{}, err
		}
	}
	from, err := recordedSource(data, filepath.Base(called))
	if err != nil {
		return report.Report{}, &inputError{fmt.Errorf("the recording %s cannot be used: %w", called, err)}
	}
	defer from.close()
	r, _, err := p.examine(ctx, from, &o.selectOptions, false)
	return r, err
}

// isRecording reports whether the data begin as a recording does: with a header on a line of its own.
func isRecording(data []byte) bool {
	head, _, _ := bytes.Cut(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
	return bytes.Contains(head, []byte(`"siteready_recording"`))
}
