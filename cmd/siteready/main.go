// Half of the certificates that SQL Server 2017 makes for itself have a serial number below zero.
// Without this no connection to such a server is made, not even where nothing is verified.
//go:debug x509negativeserial=1

// Siteready tells whether a Configuration Manager site is ready for an update. It asks the
// machine and its databases read-only questions, judges the answers, and prints red, yellow
// and green results. See README.md for use, exit codes and rights.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"

	"github.com/inconshreveable/mousetrap"
	"github.com/spf13/cobra"

	"siteready/platform"
)

// Exit codes beside those of the verdicts, 0 to 3. Go's own flag errors and panics would end
// with 2, which means BLOCKED here, so both are caught.
const (
	exitUsage   = 64 // wrong usage, or an input file that cannot be read
	exitFailure = 70 // the report could not be made or written
)

func main() {
	// A run lasts for moments and holds little; one that holds more collects as often as always.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(32 << 20)
	cobra.MousetrapHelpText = "" // it would end a double-click with exit code 1, which is a verdict here
	ctx, stop := interruptible(context.Background())
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if mousetrap.StartedByExplorer() { // the window closes with the program
		fmt.Fprint(os.Stderr, "\nPress Enter to close this window.")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	}
	os.Exit(code)
}

// interruptible returns a context that Ctrl-C cancels, so that what is known is printed. A
// second Ctrl-C ends the program at once.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			cancel(platform.ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// run is the program. Standard output gets the report and nothing else; everything that is
// said to a person about the run goes to standard error.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			say(stderr, fmt.Sprintf("a bug in siteready: %v\nplease report it with what stands below", p))
			fmt.Fprintf(stderr, "%s", debug.Stack())
			code = exitFailure
		}
	}()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return p.ended(root.ExecuteContext(ctx))
}

// ended is the exit code of a command, whose error it tells.
func (p *program) ended(err error) int {
	if err == nil {
		return p.exit
	}
	say(p.stderr, err.Error())
	var failure *failureError
	var input *inputError
	switch {
	case errors.As(err, &failure):
		return exitFailure
	case errors.As(err, &input):
		return exitUsage
	default: // what cobra and the commands refuse
		say(p.stderr, "`siteready help` shows how to use it")
		return exitUsage
	}
}

// say writes the lines of a message to a person.
func say(w io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(w, "siteready: %s\n", line)
	}
}

// program is one run of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	exit           int // of a run that made its report
}

// failureError is a report that could not be made or written.
type failureError struct{ error }

func (f *failureError) Unwrap() error { return f.error }

func failure(format string, args ...any) error {
	return &failureError{fmt.Errorf(format, args...)}
}

// inputError is an input file that cannot be used. How to use the program is not what is amiss.
type inputError struct{ error }

func (i *inputError) Unwrap() error { return i.error }

// bare is an error about a file without the operation and the path, which the message around
// it names.
func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	default:
		return err
	}
}

// flagsOnly refuses arguments that are no flags.
func flagsOnly(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasParent() && cmd.Flags().Lookup("site") != nil:
		return fmt.Errorf("siteready %s takes flags only, not %q; a recording is named with --site", cmd.Name(), args[0])
	case cmd.HasParent():
		return fmt.Errorf("siteready %s takes flags only, not %q", cmd.Name(), args[0])
	}
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return fmt.Errorf("there is no verb %q", args[0])
	}
	return fmt.Errorf("there is no verb %q; did you mean %s?", args[0], strings.Join(near, " or "))
}

func (p *program) rootCommand() *cobra.Command {
	check := &checkOptions{}
	root := &cobra.Command{
		Use:   "siteready",
		Short: "Is this Configuration Manager site ready for an update?",
		Long: "siteready asks this site server and its database read-only questions, and tells\n" +
			"before an update is installed what would block it. Without a verb it checks.",
		Args:          flagsOnly,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2, // letters that a verb may differ in
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},

		RunE: func(cmd *cobra.Command, _ []string) error { return p.check(cmd.Context(), check) },
	}
	check.addTo(root)
	root.AddCommand(p.checkCommand(), p.diagnoseCommand(), p.logsCommand(), p.demoCommand(), p.recordCommand(), p.configCommand(), p.checksCommand(), p.explainCommand(), p.questionsCommand(), p.verifyCommand(), p.diffCommand(), p.afterCommand(), p.historyCommand(), p.recheckCommand(), p.schemaCommand(), p.versionCommand())
	root.AddCommand(p.scheduleCommand(thisHost()))
	refuseUnknownTopics(root)
	return root
}

// refuseUnknownTopics makes help for a verb that is not there wrong usage. By itself it says so and
// ends with 0, which would be a verdict here.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, help := range root.Commands() {
		if help.Name() != "help" {
			continue
		}
		help.Args = func(_ *cobra.Command, args []string) error {
			if found, _, err := root.Find(args); err != nil || found == root && len(args) > 0 {
				return flagsOnly(root, args)
			}
			return nil
		}
	}
}
