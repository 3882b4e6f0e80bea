package main

import (
	"github.com/spf13/cobra"

	"siteready/report"
)

func (p *program) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of reports",
		Long: "siteready schema prints the JSON schema, draft 2020-12, of what --format json and -o FILE.json write.\n" +
			"Fields may be added under the same number; none is renamed, removed or given another meaning.",
		Args: flagsOnly,
		RunE: func(*cobra.Command, []string) error {
			if err := p.print(report.JSONSchema); err != nil {
				return failure("the schema could not be written: %w", err)
			}
			return nil
		},
	}
}
