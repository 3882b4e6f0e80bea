package main

import (
	"github.com/spf13/cobra"

	"siteready/cmd/siteready/demo"
)

func (p *program) demoCommand() *cobra.Command {
	var selected selectOptions
	var output outputOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the report of a constructed site that comes with the program",
		Args:  flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := output.validate(); err != nil {
				return err
			}
			if err := p.configure(cmd, &selected.configOptions, false); err != nil {
				return err
			}
			from, err := recordedSource(demo.Site, "demo")
			if err != nil {
				return err
			}
			return p.judge(cmd.Context(), from, &selected, &output)
		},
	}
	selected.addTo(cmd, "none")
	output.addTo(cmd)
	return cmd
}
