package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/platform"
	"siteready/report"
)

func (p *program) explainCommand() *cobra.Command {
	o := outputOptions{}
	cmd := &cobra.Command{
		Use:   "explain ID...",
		Short: "Tell all about checks: what is read, why, how to fix it, and how far it is proven",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("siteready explain takes ids of checks, or globs such as drivers.*; `siteready checks` lists them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.validateColor(); err != nil {
				return err
			}
			all := catalog.All()
			chosen, err := checks.Select(all, args, nil)
			if err != nil {
				return err
			}
			look := o.terminal(p.stdout)
			err = p.print(func(w io.Writer) error {
				first := true
				for _, page := range explained(all) {
					if !chosen.Has(page.Check.ID) {
						continue
					}
					if !first {
						fmt.Fprintln(w)
					}
					first = false
					if err := report.Explain(w, page, look); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return failure("the pages could not be written: %w", err)
			}
			return nil
		},
	}
	o.addColorTo(cmd)
	return cmd
}

// explained are the pages of all checks in the catalogue's order.
func explained(all checks.Catalog) []report.Explained {
	shared := discovery.DatabasesReads()
	var pages []report.Explained
	for _, area := range all {
		for _, check := range area.Checks {
			page := report.Explained{Area: area, Check: check, Proven: catalog.Proven(check)}
			for _, form := range check.Reads {
				switch {
				case slices.Contains(shared, form):
					page.Shared++
				case !slices.ContainsFunc(page.Own, func(f platform.Form) bool { return f == form }):
					page.Own = append(page.Own, form)
				}
			}
			pages = append(pages, page)
		}
	}
	return pages
}
