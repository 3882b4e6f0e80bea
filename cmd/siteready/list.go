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
	rules, format := false, formatText
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "List the checks, or with --rules which of Microsoft's rules they cover",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write := checksText
			switch {
			case !rules && cmd.Flags().Changed("format"):
				return errors.New("--format goes with --rules; the list of checks is text")
			case rules && format == formatText:
				width := new(outputOptions).terminal(p.stdout).Width
				write = func(w io.Writer) error {
					if err := rulesText(w, catalog.Rules(catalog.All()), width); err != nil {
						return err
					}
					return phasesText(w, catalog.ServiceManagerPhases(catalog.All()), width)
				}
			case rules && format == formatJSON:
				write = func(w io.Writer) error {
					return rulesJSON(w, catalog.Rules(catalog.All()), catalog.ServiceManagerPhases(catalog.All()))
				}
			case rules:
				return fmt.Errorf("--format is text or json, not %q", format)
			}
			if err := p.print(write); err != nil {
				return failure("the list could not be written: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&rules, "rules", false, "print each rule of Microsoft's prerequisite checker, and each requirement of Service Manager, and which check covers it, or why none does")
	cmd.Flags().StringVar(&format, "format", format, "with --rules, the format on standard output: text or json")
	return cmd
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
