package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks"
	"siteready/checks/diagnosis"
	"siteready/platform"
	"siteready/report"
)

type diagnoseOptions struct {
	configOptions
	sqlOptions
	outputOptions // of these: format, colour and verbose
	site          string
	timeout       limit
	cmd           *cobra.Command
}

func (p *program) diagnoseCommand() *cobra.Command {
	o := &diagnoseOptions{}
	cmd := &cobra.Command{
		Use:   "diagnose",
		Short: "Say how far each update has come at each site, and what holds it",
		Long: "siteready diagnose says of each update package and site in which stage it is, since when, what should\n" +
			"happen next, what holds it, and what may and must not be done now, each with its evidence. It ends with\n" +
			"0 when nothing is under way, 1 when something is and is in time, 2 when something is stuck, 3 when not all\n" +
			"could be looked at, and 64 on wrong usage.",
		Args: flagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.diagnose(cmd.Context(), o) },
	}
	o.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&o.site, "site", "", "look at a recorded site instead of this machine")
	f.StringVar(&o.format, "format", formatTable, "format on standard output: table or json")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "show all that was asked, and what came back")
	o.addColorTo(cmd)
	o.timeout.addTo(cmd)
	o.sqlOptions.addTo(cmd)
	o.addFileTo(cmd, beside)
	return cmd
}

// verbsWithThresholds are the verbs whose thresholds the configuration may set, as those of checks.
func verbsWithThresholds() []checks.Check {
	return []checks.Check{{ID: "diagnose", Title: "How long an update may take in each stage", Settings: diagnosis.Settings()}}
}

func (p *program) diagnose(ctx context.Context, o *diagnoseOptions) error {
	if err := validateForm(&o.outputOptions); err != nil {
		return err
	}
	if o.path == "-" && o.site == "-" {
		return errors.New("--config - and --site - do not go together: standard input holds one of them")
	}
	if err := p.configure(o.cmd, &o.configOptions, true); err != nil {
		return err
	}
	from, err := p.openSource(&checkOptions{selectOptions: selectOptions{configOptions: o.configOptions}, sqlOptions: o.sqlOptions, site: o.site, cmd: o.cmd})
	if err != nil {
		return err
	}
	defer from.close()
	ctx, cancel := o.timeout.end(ctx)
	defer cancel()
	m := platform.Open(ctx, from.reader, from.readAt, platform.DefaultLimits())
	session := m.Session()
	thresholds := o.Thresholds[o.cmd.Name()]
	found := diagnosis.Diagnose(ctx, session, from.stated, thresholds)
	d := report.NewDiagnosis(report.DiagnosisInput{
		Version: programVersion(), Recording: from.file, MadeAt: time.Now(), Stopped: stopped(ctx), Diagnosis: found, Evidence: session.Evidence(), Thresholds: thresholds,
	})
	cancel() // nobody waits for what is still under way
	p.exit = d.Exit
	return show(p, &o.outputOptions, "the diagnosis", d, report.DiagnosisTable, report.DiagnosisJSON)
}
