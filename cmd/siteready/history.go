package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"siteready/report/timeline"
)

// defaultLast is how many runs the table of a history shows.
const defaultLast = 30

type pastRunsOptions struct {
	configOptions
	outputOptions
	history historyFlags
	last    int
	cmd     *cobra.Command
}

func (p *program) historyCommand() *cobra.Command {
	o := &pastRunsOptions{}
	cmd := &cobra.Command{
		Use:   "history --history DIR",
		Short: "Show the runs that were kept: a table, JSON, or one HTML page with a chart by day",
		Long: "siteready history shows the runs that `siteready check --history DIR` has kept: when, with which\n" +
			"verdict, how many findings were new and how many were cleared, and what is open now and since when.\n" +
			"Cleared is what is no finding any more in a check that was looked at; what was not looked at is\n" +
			"never cleared. `siteready diff` tells two runs apart in full.\n\n" +
			"Exit codes: 0 the history was shown, 64 it cannot be read, 70 a file could not be written.",
		Args: flagsOnly,
		RunE: func(*cobra.Command, []string) error { return p.showHistory(o) },
	}
	o.cmd = cmd
	o.history.addTo(cmd)
	f := cmd.Flags()
	f.IntVar(&o.last, "last", defaultLast, "how many runs the table shows, the newest first; 0 for all")
	f.StringVar(&o.format, "format", formatTable, "format on standard output: table or json")
	f.StringArrayVarP(&o.files, "output", "o", nil, "also write the history to html=PATH, json=PATH or table=PATH; may be repeated (.html, .json and .txt need no format)")
	o.addColorTo(cmd)
	f.StringVar(&o.path, "config", "", "configuration file; - is standard input (default: "+beside+")")
	f.BoolVar(&o.none, "no-config", false, "use no configuration file")
	return cmd
}

// outputs are the files that a history is written to, each with its format.
func (o *pastRunsOptions) outputs() ([][2]string, error) {
	var all [][2]string
	seen := map[string]bool{}
	for _, text := range o.files {
		format, path, err := parseOutput(text)
		switch {
		case err != nil:
			return nil, err
		case format != formatHTML && format != formatJSON && format != formatTable:
			return nil, fmt.Errorf("-o %s: a history is written as html, json or table, not %s", text, format)
		case seen[filepath.Clean(path)]:
			return nil, fmt.Errorf("-o %s: this file is named twice", text)
		}
		seen[filepath.Clean(path)] = true
		all = append(all, [2]string{format, path})
	}
	return all, nil
}

func (p *program) showHistory(o *pastRunsOptions) error {
	if err := validateForm(&o.outputOptions); err != nil {
		return err
	}
	files, err := o.outputs()
	if err != nil {
		return err
	}
	if o.last < 0 {
		return fmt.Errorf("--last is a whole number from 0, not %d", o.last)
	}
	if err := p.needHistory(&o.history, o.cmd, &o.configOptions); err != nil {
		return err
	}
	series, runs, err := p.series(o.history)
	if err != nil {
		return err
	}
	t := timeline.New(series.Name, runs)
	table := o.terminal(p.stdout)
	write := func(w io.Writer, format string) error {
		switch format {
		case formatHTML:
			return timeline.HTML(w, t)
		case formatJSON:
			return timeline.JSON(w, t)
		default:
			return timeline.Table(w, t, o.last, table)
		}
	}
	var problems []error
	if err := p.print(func(w io.Writer) error { return write(w, o.format) }); err != nil {
		problems = append(problems, failure("the history could not be written: %w", err))
	}
	table.Color, table.Unicode, table.Width = false, false, fileWidth
	for _, file := range files {
		if err := replaceFile(file[1], func(w io.Writer) error { return write(w, file[0]) }); err != nil {
			problems = append(problems, failure("the history could not be written: %w", err))
		}
	}
	return errors.Join(problems...)
}

// needHistory reads the configuration where no folder is named, which may name one.
func (p *program) needHistory(flags *historyFlags, cmd *cobra.Command, config *configOptions) error {
	if cmd.Flags().Changed("history") && strings.TrimSpace(flags.dir) == "" {
		return errors.New("--history names no folder")
	}
	if flags.dir == "" {
		if err := p.configure(cmd, config, true); err != nil {
			return err
		}
	}
	if flags.dir == "" {
		return fmt.Errorf("siteready %s needs --history DIR, the folder in which `siteready check --history DIR` keeps the runs", cmd.Name())
	}
	return nil
}
