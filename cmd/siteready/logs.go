package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks/configuration"
	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
	"siteready/report"
)

// formatHTML is the page for browsers.
const formatHTML = "html"

// logsOptions are the flags of siteready logs.
type logsOptions struct {
	outputOptions
	configOptions
	since, until, at string
	timeout          limit
}

func (p *program) logsCommand() *cobra.Command {
	o := &logsOptions{}
	cmd := &cobra.Command{
		Use:   "logs [PATH...]",
		Short: "Search logs for known failures, and say what they mean and what to do",
		Long: "siteready logs searches the site's own logs, or the files and folders that are named, for known\n" +
			"failures of updates, setup, replication, backup and SQL Server. Copies from another machine will do.\n" +
			"It ends with 0 when it found nothing, 1 with warnings, 2 with failures, 3 when something could not\n" +
			"be read and no failure was found, and 64 when it was used wrongly.",
		RunE: func(cmd *cobra.Command, args []string) error { return p.logs(cmd, o, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.since, "since", "", "only lines from then on: 7d, 12h, 2026-11-28, \"2026-11-28 22:00\" or 2026-11-28T22:00:00+01:00")
	f.StringVar(&o.until, "until", "", "only lines until then, in the same forms; a day alone is its end")
	f.StringVar(&o.at, "at", "", "when copies were made, from which \"for two hours now\" counts (default: the newest line)")
	f.StringVar(&o.format, "format", formatTable, "format on standard output: table, json or html")
	f.StringArrayVarP(&o.files, "output", "o", nil, "also write the report to [FORMAT=]PATH; may be repeated (.txt, .html and .json need no FORMAT)")
	o.addColorTo(cmd)
	f.BoolVar(&o.verbose, "verbose", false, "show every line that was kept, what is over, and every file")
	o.addFileTo(cmd, beside)
	o.timeout.addTo(cmd)
	return cmd
}

// logsFormats are those that what was found in logs can be written in.
func logsFormats() []string { return []string{formatTable, formatJSON, formatHTML} }

func (p *program) logs(cmd *cobra.Command, o *logsOptions, args []string) error {
	if err := o.validateLogs(); err != nil {
		return err
	}
	now := time.Now()
	since, until, at, err := o.span(now)
	if err != nil {
		return err
	}
	if o.path == "-" {
		return errors.New("--config -: name a file; siteready logs reads no configuration from standard input")
	}
	if err := p.findConfiguration(cmd, &o.configOptions, true); err != nil {
		return err
	}
	known, err := signatures.KnownWithin(o.LogRules, o.Signatures...)
	if err != nil {
		return &inputError{fmt.Errorf("%s: %w", o.file, err)}
	}
	ctx, cancel := o.timeout.end(cmd.Context())
	defer cancel()
	places, paths, err := placesOf(ctx, args)
	if err != nil {
		return err
	}
	if at.IsZero() && len(args) == 0 {
		at = now // the site's own logs are as they are now
	}
	found, err := logscan.Scan(ctx, logscan.Grouped(paths, logFile), logscan.Options{
		Catalogue: known, Since: since, Until: until, Now: at, Local: time.Local, Workers: min(4, runtime.GOMAXPROCS(0)),
		OneMachine: len(args) == 0, Latest: now.AddDate(0, 0, 1), // lines may not tell their zone
	})
	stop := ""
	if err != nil {
		if stop = stopped(ctx); stop == "" {
			stop = err.Error()
		}
	}
	l := report.NewLogs(report.LogsInput{
		Version: programVersion(), ReadAt: now, Since: since, Until: until, Zone: zoneOf(now), Stopped: stop,
		Catalogue: known, Own: len(o.Signatures), Configuration: o.inForce(), Places: places, Found: found,
	})
	p.exit = l.ExitCode
	return p.writeLogs(l, &o.outputOptions)
}

// zoneOf names the zone of this machine.
func zoneOf(now time.Time) string {
	name, _ := now.Zone()
	return fmt.Sprintf("%s (UTC%s now), the zone of this machine", name, now.Format("-07:00"))
}

// validateLogs finds what cannot be written, before anything is read.
func (o *logsOptions) validateLogs() error {
	if !slices.Contains(logsFormats(), o.format) {
		return fmt.Errorf("--format is table, json or html, not %q", o.format)
	}
	for _, file := range o.files {
		format, _, err := parseOutput(file)
		if err != nil {
			return err
		}
		if !slices.Contains(logsFormats(), format) {
			return fmt.Errorf("-o %s: siteready logs writes table, json and html, not %s", file, format)
		}
	}
	o.junitWarnings = junitPassed
	return o.outputOptions.validate()
}

// span reads the flags that name times; what is not named is zero.
func (o *logsOptions) span(now time.Time) (since, until, at time.Time, err error) {
	for _, one := range []struct {
		flag, text string
		end        bool
		into       *time.Time
	}{{"since", o.since, false, &since}, {"until", o.until, true, &until}, {"at", o.at, true, &at}} {
		if one.text == "" {
			continue
		}
		when, err := timeOf(one.text, now, one.end)
		if err != nil {
			return since, until, at, fmt.Errorf("--%s: %w", one.flag, err)
		}
		*one.into = when
	}
	if !since.IsZero() && !until.IsZero() && until.Before(since) {
		return since, until, at, fmt.Errorf("--until %s is before --since %s", o.until, o.since)
	}
	return since, until, at, nil
}

// ago is a time before now: 90m, 12h, 7d or 2w.
var ago = regexp.MustCompile(`^([0-9]{1,5})([mhdw])$`)

// timeOf reads a time. A day alone is its first moment, or its last.
func timeOf(text string, now time.Time, end bool) (time.Time, error) {
	if m := ago.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return time.Time{}, err
		}
		unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
		return now.Add(-time.Duration(n) * unit), nil
	}
	when, err := configuration.Time(text, time.Local)
	if err != nil {
		return time.Time{}, fmt.Errorf(`%q is no time; write 7d or 12h for so long ago, 2026-11-28 or "2026-11-28 22:00" in local time, or 2026-11-28T22:00:00+01:00`, text)
	}
	day, err := time.ParseInLocation(time.DateOnly, strings.TrimSpace(text), time.Local)
	switch {
	case err != nil:
		return when, nil
	case end: // lines of its last minute have seconds
		return day.AddDate(0, 0, 1).Add(-time.Nanosecond), nil
	}
	return day, nil
}

// writeLogs renders what was found to standard output and to every file.
func (p *program) writeLogs(l report.Logs, o *outputOptions) error {
	render := func(w io.Writer, format string, table report.TableOptions) error {
		switch format {
		case formatJSON:
			return report.JSONLogs(w, l)
		case formatHTML:
			return report.HTMLLogs(w, l)
		}
		return report.TableLogs(w, l, table)
	}
	var problems []error
	if err := p.print(func(w io.Writer) error { return render(w, o.format, o.terminal(p.stdout)) }); err != nil {
		problems = append(problems, failure("the report could not be written: %w", err))
	}
	for _, file := range o.files {
		format, path, err := parseOutput(file)
		if err == nil {
			err = replaceFile(path, func(w io.Writer) error {
				return render(w, format, report.TableOptions{Width: fileWidth, Verbose: o.verbose})
			})
		}
		if err != nil {
			problems = append(problems, failure("the report could not be written: %w", err))
		}
	}
	return errors.Join(problems...)
}
