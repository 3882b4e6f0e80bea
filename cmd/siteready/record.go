package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/diagnosis"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/recording"
)

type recordOptions struct {
	configOptions
	sqlOptions
	output    string
	anonymize bool
	timeout   limit
}

func (p *program) recordCommand() *cobra.Command {
	o := &recordOptions{}
	cmd := &cobra.Command{
		Use:   "record -o FILE",
		Short: "Record every answer of this site, to judge it elsewhere with check --site",
		Args:  flagsOnly,
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.record(cmd, o) },
	}
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "the file to write; - is standard output")
	cmd.Flags().BoolVar(&o.anonymize, "anonymize", false, "replace names of servers, domains, users, databases and sites, and addresses, by pseudonyms")
	o.timeout.addTo(cmd)
	o.sqlOptions.addTo(cmd)
	o.configOptions.addTo(cmd, beside)
	return cmd
}

func (p *program) record(cmd *cobra.Command, o *recordOptions) error {
	if o.output == "" {
		return errors.New("record needs -o FILE")
	}
	if err := p.configure(cmd, &o.configOptions, true); err != nil {
		return err
	}
	from, err := liveSource(&o.sqlOptions, &o.configOptions)
	if err != nil {
		return err
	}
	defer from.close()
	if o.output != "-" { // known before minutes are spent
		if err := replaceable(o.output); err != nil {
			return failure("nothing was recorded: %w", err)
		}
	}
	ctx, cancel := o.timeout.end(cmd.Context())
	defer cancel()
	m := platform.Open(ctx, from.reader, from.readAt, platform.DefaultLimits())
	err = askEverything(ctx, m, checks.Conditions{
		Stated: from.stated, JudgedFor: m.ReadAt(), SetupAccount: o.setupAccount, KeyBackups: o.KeyBackups, Online: o.online, SQLLogOn: from.logOn,
	})
	if err != nil {
		return err
	}
	if why := stopped(ctx); why != "" {
		return failure("nothing was recorded: %s", why)
	}
	outcomes := m.Outcomes()
	header := recording.Header{
		Version: programVersion(), ReadAt: from.readAt.Truncate(time.Second),
		SQLServer: from.stated.SQLServer, Database: from.stated.Database, SQLLogOn: from.logOn,
	}
	if o.anonymize {
		var forms []platform.Form
		for _, asked := range catalog.Questions() {
			forms = append(forms, asked.Form)
		}
		if header, outcomes, err = recording.Anonymize(header, outcomes, forms); err != nil {
			return failure("nothing was written: %w", err)
		}
	}
	write := func(w io.Writer) error { return recording.Write(w, header, outcomes) }
	if o.output == "-" {
		err = p.print(write)
	} else {
		err = replaceFile(o.output, write)
	}
	if err != nil {
		return failure("the recording could not be written: %w", err)
	}
	refused := 0
	for _, outcome := range outcomes {
		if outcome.Err != nil && !errors.Is(outcome.Err, platform.ErrAbsent) {
			refused++
		}
	}
	say(p.stderr, fmt.Sprintf("recorded %d questions, %d of them without an answer", len(outcomes), refused))
	if refused == len(outcomes) {
		say(p.stderr, "nothing could be read; `siteready check --site FILE` says why")
	}
	return nil
}

// askEverything lets every check ask for every target and drops the verdicts, then asks what
// checks of tomorrow may want to know.
func askEverything(ctx context.Context, m *platform.Machine, conditions checks.Conditions) error {
	everyCheck := catalog.All()
	all, err := checks.Select(everyCheck, nil, nil)
	if err != nil {
		return err
	}
	discovery.Describe(ctx, m.Session(), conditions.Stated)
	for _, target := range requirement.ConfigMgrReleases() {
		conditions.Target = target
		checks.Run(ctx, m, everyCheck, all, conditions)
		if conditions.SetupAccount != "" { // and for whoever judges without this configuration
			byDefault := conditions
			byDefault.SetupAccount = ""
			checks.Run(ctx, m, everyCheck, all, byDefault)
		}
	}
	if sm, err := discovery.FindServiceManager(ctx, m.Session()); err == nil && sm != nil {
		for _, target := range requirement.ServiceManagerReleases() {
			conditions.ServiceManager = target
			checks.Run(ctx, m, everyCheck, all, conditions)
		}
	}
	diagnosis.Diagnose(ctx, m.Session(), conditions.Stated, nil)
	catalog.AskFurther(ctx, m)
	return nil
}
