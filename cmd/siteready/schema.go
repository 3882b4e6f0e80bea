package main

import (
	"io"

	"github.com/spf13/cobra"

	"siteready/report"
)

func (p *program) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [logs|diagnosis]",
		Short: "Print the JSON schema of reports, of what siteready logs found, or of a diagnosis",
		Long: "siteready schema prints the JSON schema, draft 2020-12, of what --format json and -o FILE.json write.\n" +
			"Fields may be added under the same number; none is renamed, removed or given another meaning.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && (args[0] == "logs" || args[0] == "diagnosis") {
				return nil
			}
			return flagsOnly(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			write := report.JSONSchema
			if len(args) > 0 {
				write = map[string]func(io.Writer) error{"logs": report.LogsJSONSchema, "diagnosis": report.DiagnosisJSONSchema}[args[0]]
			}
			if err := p.print(write); err != nil {
				return failure("the schema could not be written: %w", err)
			}
			return nil
		},
	}
}
