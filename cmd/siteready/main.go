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
	"os"
	"os/signal"
	"runtime/debug"

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
			fmt.Fprintf(stderr, "siteready: a bug in siteready: %v\n%s", p, debug.Stack())
			code = exitFailure
		}
	}()
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var failure *failureError
	switch {
	case err == nil:
		return p.exit
	case errors.As(err, &failure):
		fmt.Fprintf(stderr, "siteready: %v\n", failure)
		return exitFailure
	default: // what cobra and the commands refuse
		fmt.Fprintf(stderr, "siteready: %v\nsiteready: `siteready help` shows how to use it\n", err)
		return exitUsage
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

func (p *program) rootCommand() *cobra.Command {
	check := &checkOptions{}
	root := &cobra.Command{
		Use:   "siteready",
		Short: "Is this Configuration Manager site ready for an update?",
		Long: "siteready asks this site server and its database read-only questions, and tells\n" +
			"before an update is installed what would block it. Without a verb it checks.",
		Args:              cobra.NoArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return p.check(cmd.Context(), check) },
	}
	check.addTo(root)
	root.AddCommand(p.checkCommand(), p.demoCommand(), p.recordCommand(), p.checksCommand(), p.versionCommand())
	return root
}
