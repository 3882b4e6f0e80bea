package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"siteready/report"
)

// The formats of a report that other verbs have, too.
const (
	formatTable = "table"
	formatJSON  = "json"
)

// format is one way to write a report.
type format struct {
	name   string
	ending string // of files that are written so when no format is named; empty for none
	write  func(io.Writer, report.Report, writeOptions) error
}

// writeOptions are how formats look that can look in more than one way.
type writeOptions struct {
	table report.TableOptions
	junit report.JUnitOptions
}

// formats are all formats, in the order of the help.
func formats() []format {
	plain := func(write func(io.Writer, report.Report) error) func(io.Writer, report.Report, writeOptions) error {
		return func(w io.Writer, r report.Report, _ writeOptions) error { return write(w, r) }
	}
	return []format{
		{formatTable, ".txt", func(w io.Writer, r report.Report, o writeOptions) error { return report.Table(w, r, o.table) }},
		{"html", ".html", plain(report.HTML)},
		{formatJSON, ".json", plain(report.JSON)},
		{"junit", ".xml", func(w io.Writer, r report.Report, o writeOptions) error { return report.JUnit(w, r, o.junit) }},
		{"csv", ".csv", plain(report.CSV)},
		{"prometheus", ".prom", plain(report.Prometheus)},
		{"cmtrace", ".log", plain(report.CMTrace)},
		{"nagios", "", plain(report.Nagios)},
		{"summary", "", plain(report.Summary)},
		{"verdict", "", plain(report.Word)},
	}
}

// formatNamed finds a format by its name.
func formatNamed(name string) (format, bool) {
	for _, f := range formats() {
		if f.name == name {
			return f, true
		}
	}
	return format{}, false
}

// formatNames are the names of all formats in words: table, json or csv.
func formatNames(or string) string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + or + " " + names[last]
}

// endings are the ends of file names that say the format.
func endings() string {
	var all []string
	for _, f := range formats() {
		if f.ending != "" {
			all = append(all, f.ending)
		}
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

// What a warning is in JUnit, which has no word for it.
const (
	junitPassed  = "passed"
	junitFailure = "failure"
)

// fileWidth is the width of a table that is not written to a terminal.
const fileWidth = 120

type outputOptions struct {
	format        string
	files         []string
	color         string
	verbose       bool
	junitWarnings string
	eventLog      bool
	telling       notifyOptions
	history       historyOptions // of the verb check
}

func (o *outputOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.format, "format", formatTable, "format on standard output: "+formatNames("or"))
	f.StringArrayVarP(&o.files, "output", "o", nil, "also write the report to [FORMAT=]PATH; may be repeated ("+endings()+" need no FORMAT)")
	f.StringVar(&o.junitWarnings, "junit-warnings", junitPassed, "what a warning is in the format junit: passed or failure")
	o.addColorTo(cmd)
	f.BoolVar(&o.verbose, "verbose", false, "show the evidence: what each check asked, and what came back")
}

func (o *outputOptions) addColorTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.color, "color", "auto", "colour: auto, always or never")
}

func (o *outputOptions) validateColor() error {
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return fmt.Errorf("--color is auto, always or never, not %q", o.color)
	}
	return nil
}

func (o *outputOptions) validate() error {
	if _, known := formatNamed(o.format); !known {
		return fmt.Errorf("--format is %s, not %q", formatNames("or"), o.format)
	}
	if !slices.Contains([]string{junitPassed, junitFailure}, o.junitWarnings) {
		return fmt.Errorf("--junit-warnings is passed or failure, not %q", o.junitWarnings)
	}
	if o.eventLog && runtime.GOOS != "windows" {
		return errors.New("--event-log: this system has no Windows event log")
	}
	if err := o.validateColor(); err != nil {
		return err
	}
	paths := map[string]bool{}
	for _, file := range o.files {
		_, path, err := parseOutput(file)
		if err != nil {
			return err
		}
		if paths[filepath.Clean(path)] {
			return fmt.Errorf("-o %s: this file is named twice", file)
		}
		paths[filepath.Clean(path)] = true
	}
	return nil
}

// parseOutput reads [FORMAT=]PATH. What stands before the = is a format only when it could
// not be the beginning of a path.
func parseOutput(text string) (format, path string, err error) {
	path = text
	before, after, found := strings.Cut(text, "=")
	if found && !strings.ContainsAny(before, `/\:.`) {
		if _, known := formatNamed(before); !known {
			return "", "", fmt.Errorf("-o %s: %q is no format, formats are %s; a path with = in it is written as json=%[1]s", text, before, formatNames("and"))
		}
		format, path = before, after
	}
	switch path {
	case "":
		return "", "", fmt.Errorf("-o %s: a path is missing", text)
	case "-":
		return "", "", fmt.Errorf("-o %s: standard output has the report anyway, as --format says", text)
	}
	for _, f := range formats() {
		if format == "" && f.ending != "" && f.ending == strings.ToLower(filepath.Ext(path)) {
			format = f.name
		}
	}
	if format == "" {
		return "", "", fmt.Errorf("-o %s: say which format it is, as json=%[1]s or table=%[1]s", path)
	}
	return format, path, nil
}

// write renders the report to standard output and to every file. All are tried; the error
// names what could not be written.
func (p *program) write(r report.Report, o *outputOptions) error {
	var problems []error
	before := o.before(r) // it is about to be replaced
	err := p.print(func(w io.Writer) error { return o.render(w, r, o.format, o.terminal(p.stdout)) })
	if err != nil {
		problems = append(problems, failure("the report could not be written: %w", err))
	}
	for _, file := range o.files {
		format, path, err := parseOutput(file)
		if err == nil {
			err = replaceFile(path, func(w io.Writer) error {
				return o.render(w, r, format, report.TableOptions{Width: fileWidth, Verbose: o.verbose})
			})
		}
		if err != nil {
			problems = append(problems, failure("the report could not be written: %w", err))
		}
	}
	if o.eventLog {
		if err := report.WriteEvents(report.Events(r, before)); err != nil {
			problems = append(problems, failure("the report could not be written: %w", err))
		}
	}
	return errors.Join(problems...)
}

// before is the report of an earlier run here, where a JSON file of that is about to be replaced;
// nil where there is none, or none that is whole.
func (o *outputOptions) before(r report.Report) *report.Report {
	if !o.eventLog {
		return nil
	}
	for _, file := range o.files {
		format, path, err := parseOutput(file)
		if err != nil || format != formatJSON {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		old, err := report.Verify(data, time.Now(), "")
		if err != nil || old.Report.Subject.Computer != r.Subject.Computer {
			continue
		}
		// Only damage counts: that it is no longer valid is why it is replaced.
		if then, err := report.Verify(data, old.Report.ReadAt, ""); err == nil && len(then.Problems) == 0 {
			return &old.Report
		}
	}
	return nil
}

func (o *outputOptions) render(w io.Writer, r report.Report, name string, table report.TableOptions) error {
	f, known := formatNamed(name)
	if !known {
		return fmt.Errorf("%q is no format", name) // it has been looked at before anything was asked
	}
	return f.write(w, r, writeOptions{table, report.JUnitOptions{WarningsFail: o.junitWarnings == junitFailure}})
}

// print writes to standard output.
func (p *program) print(write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	if _, err := p.stdout.Write(text.Bytes()); err != nil {
		return fmt.Errorf("standard output: %w", bare(err))
	}
	return nil
}

// terminal says how a table looks on w: wide, coloured and with box lines on a terminal,
// plain ASCII elsewhere, because a pipe's reader may not know UTF-8.
func (o *outputOptions) terminal(w io.Writer) report.TableOptions {
	t := report.TableOptions{Width: fileWidth, Verbose: o.verbose, Color: o.color == "always"}
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return t
	}
	t.Unicode = true
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		t.Width = width
	}
	if o.color == "auto" {
		t.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return t
}

// replaceFile writes a file whole or not at all: to a temporary name in the same folder,
// then by renaming. What was there before stays when anything fails.
func replaceFile(path string, write func(io.Writer) error) error {
	var content bytes.Buffer
	if err := write(&content); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := replaceable(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".siteready-*")
	if err != nil {
		return fmt.Errorf("%s: no file can be made in its folder: %w", path, bare(err))
	}
	_, err = f.Write(content.Bytes())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, bare(err)), os.Remove(f.Name()))
	}
	return nil
}

// replaceable finds what would keep replaceFile from writing path.
func replaceable(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no folder %s; make it, or name another", path, folder)
	case err != nil:
		return fmt.Errorf("%s: its folder cannot be looked at: %w", path, bare(err))
	case !info.IsDir():
		return fmt.Errorf("%s: %s is no folder", path, folder)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no file but a folder or a device, and is not replaced", path)
	}
	return nil
}
