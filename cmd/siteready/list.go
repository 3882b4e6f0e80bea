package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"siteready/checks/catalog"
)

func (p *program) checksCommand() *cobra.Command {
	rules, sources, format := false, false, formatText
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "List the checks, or with --rules which of Microsoft's rules they cover",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case rules && sources:
				return errors.New("--rules and --sources do not go together")
			case !rules && !sources && cmd.Flags().Changed("format"):
				return errors.New("--format goes with --rules and --sources; the list of checks is text")
			case format != formatText && format != formatJSON:
				return fmt.Errorf("--format is text or json, not %q", format)
			}
			write := checksText
			switch width := new(outputOptions).terminal(p.stdout).Width; {
			case rules:
				write = func(w io.Writer) error { return writeRules(w, format, width) }
			case sources:
				write = func(w io.Writer) error { return writeSources(w, format, width) }
			}
			if err := p.print(write); err != nil {
				return failure("the list could not be written: %w", err)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&rules, "rules", false, "print each rule of Microsoft's prerequisite checker, and each requirement of Service Manager, and which check covers it, or why none does")
	f.BoolVar(&sources, "sources", false, "print each step of the documents on updates that fail, and what covers it, or why nothing does")
	f.StringVar(&format, "format", format, "with --rules or --sources, the format on standard output: text or json")
	return cmd
}

func writeRules(w io.Writer, format string, width int) error {
	all := catalog.All()
	rules, phases := catalog.Rules(all), catalog.ServiceManagerPhases(all)
	if format == formatJSON {
		return rulesJSON(w, rules, phases)
	}
	if err := rulesText(w, rules, width); err != nil {
		return err
	}
	return phasesText(w, phases, width)
}

func writeSources(w io.Writer, format string, width int) error {
	if format == formatJSON {
		return sourcesJSON(w, catalog.SourceDocuments())
	}
	return sourcesText(w, catalog.SourceDocuments(), width)
}

func checksText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, area := range catalog.All() {
		for _, check := range area.Checks {
			fmt.Fprintf(t, "%s\t%s\n", check.ID, check.Title)
		}
	}
	return t.Flush()
}

// version is set by the Makefile; a build without it takes what Go has recorded.
var version string

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  flagsOnly,
		RunE: func(*cobra.Command, []string) error {
			if _, err := fmt.Fprintf(p.stdout, "siteready %s %s/%s %s\n", programVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version()); err != nil {
				return failure("standard output cannot be written: %w", bare(err))
			}
			return nil
		},
	}
}
