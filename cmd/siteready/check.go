package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/checks/state"
	"siteready/platform"
	"siteready/platform/recording"
	"siteready/report"
)

type checkOptions struct {
	selectOptions
	sqlOptions
	outputOptions
	site string
	cmd  *cobra.Command
}

func (o *checkOptions) addTo(cmd *cobra.Command) {
	o.cmd = cmd
	o.selectOptions.addTo(cmd, beside)
	o.outputOptions.addTo(cmd)
	o.history.addTo(cmd)
	o.telling.addTo(cmd)
	o.sqlOptions.addTo(cmd)
	cmd.Flags().BoolVar(&o.eventLog, "event-log", false, "also write the verdict and each new failure to the log Application of Windows")
	cmd.Flags().StringVar(&o.site, "site", "", "judge a recorded site instead of this machine")
}

func (p *program) checkCommand() *cobra.Command {
	o := &checkOptions{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check this site server, or a recorded site (the default verb)",
		Args:  flagsOnly,
		RunE:  func(cmd *cobra.Command, _ []string) error { return p.check(cmd.Context(), o) },
	}
	o.addTo(cmd)
	return cmd
}

// source is where the answers of a run come from.
type source struct {
	reader platform.Reader
	stated checks.Stated
	readAt time.Time
	file   string // of a recording; empty for this machine
	logOn  bool   // SQL Server gets a log-on with a password
	close  func() // ends connections; they were only read from, so that nothing can be lost
}

func (p *program) check(ctx context.Context, o *checkOptions) error {
	if err := o.outputOptions.validate(); err != nil {
		return err
	}
	if o.path == "-" && o.site == "-" {
		return errors.New("--config - and --site - do not go together: standard input holds one of them")
	}
	if err := p.configure(o.cmd, &o.configOptions, true); err != nil {
		return err
	}
	if err := o.history.validate(o.cmd); err != nil {
		return err
	}
	switch err := o.telling.validate(&o.configOptions, o.history.folder); {
	case errors.Is(err, errNobody): // it is worth more that the site is checked
		say(p.stderr, "nobody will be told: "+err.Error())
	case err != nil:
		return err
	}
	if _, _, err := o.selected(catalog.All()); err != nil {
		return err
	}
	p.warn(&o.history)
	from, err := p.openSource(o)
	if err != nil {
		return err
	}
	defer from.close()
	return p.judge(ctx, from, &o.selectOptions, &o.outputOptions)
}

func (p *program) openSource(o *checkOptions) (source, error) {
	if !o.cmd.Flags().Changed("site") {
		return liveSource(&o.sqlOptions, &o.configOptions)
	}
	if o.site == "" { // not this machine instead: a script may have lost a name
		return source{}, errors.New("--site names no file; - is standard input")
	}
	if err := o.given(o.cmd); err != nil {
		return source{}, err
	}
	name := o.site
	if name == "-" {
		name = "standard input"
	}
	var from source
	data, err := p.readInput(o.site)
	if err == nil {
		from, err = recordedSource(data, filepath.Base(name))
	}
	if err != nil {
		return source{}, &inputError{fmt.Errorf(
			"the recording %s cannot be used: %w\n--site takes a file that `siteready record -o FILE` has written", name, bare(err),
		)}
	}
	return from, nil
}

func liveSource(o *sqlOptions, config *configOptions) (source, error) {
	sql, err := o.reader(config)
	if err != nil {
		return source{}, err
	}
	return source{reader: liveReader(sql), stated: o.stated(), logOn: o.user != "", readAt: time.Now().UTC(), close: func() { _ = sql.Close() }}, nil
}

func recordedSource(data []byte, name string) (source, error) {
	site, err := recording.Read(data)
	if err != nil {
		return source{}, err
	}
	return source{
		reader: site,
		stated: checks.Stated{SQLServer: site.Header.SQLServer, Database: site.Header.Database},
		logOn:  site.Header.SQLLogOn,
		readAt: site.Header.ReadAt, file: name,
		close: func() {},
	}, nil
}

// largestInput is more than any recording of a real site needs, in bytes.
const largestInput = 256 << 20

// readInput reads a file, or standard input; one that was compressed by gzip, as those of a
// history are, as what it was before.
func (p *program) readInput(path string) ([]byte, error) {
	in := p.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	begun := bufio.NewReader(in)
	in = begun
	if head, _ := begun.Peek(2); string(head) == "\x1f\x8b" { // an error comes again
		z, err := gzip.NewReader(begun)
		if err != nil {
			return nil, fmt.Errorf("it cannot be unfolded: %w", err)
		}
		in = z
	}
	data, err := io.ReadAll(io.LimitReader(in, largestInput+1))
	if len(data) > largestInput {
		return nil, fmt.Errorf("it is larger than %d MiB and so no recording of siteready", largestInput>>20)
	}
	return data, err
}

// hangPatience is how long the calls of a run that has ended may take to come back, before
// the report says that they hang.
const hangPatience = 300 * time.Millisecond

// judge runs the checks over a source, and writes the report to everywhere it is wanted.
func (p *program) judge(ctx context.Context, from source, o *selectOptions, out *outputOptions) error {
	r, m, err := p.examine(ctx, from, o, out.history.folder != "")
	if err != nil {
		return err
	}
	unkept := p.keep(ctx, &r, m, from, &out.history)
	if r.Exit.LetThrough != "" {
		say(p.stderr, r.Exit.LetThrough)
	}
	p.exit = r.Exit.Code
	written := p.write(r, out)
	p.tell(ctx, r, out)
	return errors.Join(unkept, written)
}

// examine runs the checks over a source. The machine has the answers, and answers no more. Where
// they are kept, it is also asked what an update may change, for `siteready after`.
func (p *program) examine(ctx context.Context, from source, o *selectOptions, kept bool) (report.Report, *platform.Machine, error) {
	start := time.Now()
	all := catalog.All()
	selection, target, err := o.selected(all)
	if err != nil {
		return report.Report{}, nil, err
	}
	selection = selection.Besides(o.seen...)
	judged, err := judgedFor(o.said("at"), o.at, from.readAt, time.Local)
	if err != nil {
		return report.Report{}, nil, err
	}
	ctx, cancel := o.timeout.end(ctx)
	defer cancel()
	m := platform.Open(ctx, from.reader, from.readAt, platform.DefaultLimits())
	conditions := checks.Conditions{Stated: from.stated, JudgedFor: judged, SQLLogOn: from.logOn}
	if target.ConfigMgr != nil {
		conditions.Target = *target.ConfigMgr
	} else {
		conditions.Target = requirement.DefaultTarget(discovery.Build(ctx, m.Session()))
	}
	if target.ServiceManager != nil {
		conditions.ServiceManager = *target.ServiceManager
	}
	// Beside each other: the subject asks SQL Server too, and what hangs there must not keep
	// the checks from what they can do without.
	described := make(chan discovery.Subject, 1)
	go func() { described <- describe(ctx, m, from.stated) }()
	far := &progress{of: selection.Len(), wait: m.Waiting}
	shown := p.follow(far)
	results := checks.Run(ctx, m, all, selection, o.conditions(conditions), far.checkEnded)
	shown()
	subject := <-described
	why := stopped(ctx)
	if kept {
		state.Read(ctx, m.Session(), from.stated)
	}
	cancel() // nobody waits for what is still under way
	results, waivers := checks.Waive(results, o.Waivers, judged)
	r := report.New(report.Input{
		Version: programVersion(), Subject: subject, Target: conditions.Target, TargetStated: target.ConfigMgr != nil, ServiceManager: target.ServiceManager,
		Recording: from.file, ReadAt: from.readAt, JudgedFor: judged, MadeAt: time.Now(),
		ValidFor: time.Duration(o.validFor), Took: time.Since(start), Stopped: why, Hanging: m.Hanging(hangPatience), FailOn: o.failOn, Results: results,
		Configuration: o.inForce(), Thresholds: o.Thresholds, Waivers: waivers,
		Statements: all.StatementsFor(results), Confirmed: o.Confirmed,
	})
	return r, m, nil
}

// describe says what the report is about. A panic in a goroutine of ours would end the
// program with 2, which means BLOCKED.
func describe(ctx context.Context, m *platform.Machine, stated checks.Stated) (s discovery.Subject) {
	defer func() {
		if p := recover(); p != nil {
			s = discovery.Subject{Role: discovery.NotKnown, Headline: "what this machine is could not be read", Problem: fmt.Sprintf("a bug in siteready: %v", p)}
		}
	}()
	return discovery.Describe(ctx, m.Session(), stated)
}

// stopped says why a run ended before its end; empty when it did not.
func stopped(ctx context.Context) string {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return ""
	case errors.Is(cause, platform.ErrInterrupted):
		return "interrupted"
	default:
		return cause.Error()
	}
}
