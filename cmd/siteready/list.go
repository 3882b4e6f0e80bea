package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"siteready/checks/catalog"
)

func (p *program) checksCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "checks",
		Short: "List the checks",
		Args:  flagsOnly,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			for _, area := range catalog.All() {
				for _, check := range area.Checks {
					fmt.Fprintf(w, "%s\t%s\n", check.ID, check.Title)
				}
			}
			if err := w.Flush(); err != nil {
				return failure("standard output cannot be written: %w", bare(err))
			}
			return nil
		},
	}
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
