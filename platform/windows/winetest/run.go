//go:build linux

package winetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// RunOptions says how a program is run. The zero value is fine.
type RunOptions struct {
	// Env holds further variables as NAME=value. The program gets nothing else
	// from the test's environment. WINEDLLOVERRIDES may be among them.
	Env []string
	// HostName is the machine's name, as "cm01.contoso.com". Empty: the name
	// of the Run before, at first that of the Linux machine. Setting one needs root.
	// Another name than in the Run before restarts Windows.
	HostName string
	// Dir is the Windows path of the working directory. Empty: C:\.
	Dir string
	// Stdin is the standard input. Nil: empty. Run waits for the end of a reader
	// that is not an *os.File, whether the program reads on or not.
	Stdin io.Reader
}

// Result is what a program left behind when it ended.
type Result struct {
	Stdout, Stderr []byte
	ExitCode       int // modulo 256: Linux has no more of it
}

// outputGrace is how long a program's children may hold its output open after
// its end.
const outputGrace = 10 * time.Second

// Run runs a Windows program to its end. exe is the Linux path of a program, or
// a Windows path (`C:\...`), or the bare name of one of Wine's own ("sc",
// "reg"). A program with a Linux path shows in the prefix as C:\bin\NAME.
//
// A program that cannot be started, does not end before the context does, or is
// ended by a signal fails the test.
func (p *Prefix) Run(ctx context.Context, exe string, opt RunOptions, args ...string) Result {
	p.tb.Helper()
	if err := p.startSession(ctx, opt.HostName); err != nil {
		p.tb.Fatalf("start Windows for %s: %v", exe, err)
	}
	program, err := p.programIn(exe)
	if err != nil {
		p.tb.Fatalf("run %s: %v", exe, err)
	}
	cmd := p.command(ctx, "wine", append([]string{program}, args...)...)
	cmd.Env = append(append(cmd.Env, p.dllOverrides()), opt.Env...)
	cmd.Stdin = opt.Stdin
	if opt.Dir != "" {
		cmd.Dir = p.Path(opt.Dir)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = p.session.run(cmd)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		p.tb.Fatalf("run %s: it did not end in time: %v\nstandard output:\n%s\nstandard error:\n%s", exe, ctx.Err(), &stdout, &stderr)
	case err != nil && (!errors.As(err, &exit) || !exit.Exited()):
		p.tb.Fatalf("run %s: %v\nstandard output:\n%s\nstandard error:\n%s", exe, err, &stdout, &stderr)
	}
	return Result{Stdout: stdout.Bytes(), Stderr: withoutWine(stderr.Bytes()), ExitCode: cmd.ProcessState.ExitCode()}
}

// withoutWine drops what Wine itself says on standard error now and then, when a thread of a
// program that ends still talks to its server.
func withoutWine(stderr []byte) []byte {
	var own []byte
	for line := range bytes.Lines(stderr) {
		if !bytes.HasPrefix(line, []byte("wine client error:")) {
			own = append(own, line...)
		}
	}
	return own
}

// programIn returns the name by which Wine finds a program. A Linux path gets a
// link in C:\bin.
func (p *Prefix) programIn(exe string) (string, error) {
	p.tb.Helper()
	if !strings.Contains(exe, "/") {
		return exe, nil
	}
	exe, err := filepath.Abs(exe)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(exe); err != nil {
		return "", err
	}
	name := `C:\bin\` + filepath.Base(exe)
	link := p.Path(name)
	if target, err := os.Readlink(link); err == nil && target == exe {
		return name, nil
	}
	return name, writeFile(link, func() error { return os.Symlink(exe, link) })
}

// command prepares a command of Wine in this prefix.
func (p *Prefix) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = environment(p.dir)
	cmd.Dir = p.driveFolder('c')
	cmd.WaitDelay = outputGrace
	return cmd
}

// guest runs a verb of this package's own program inside the prefix.
func (p *Prefix) guest(ctx context.Context, args ...string) error {
	guest, err := guestProgram(ctx)
	if err != nil {
		return err
	}
	program, err := p.programIn(guest)
	if err != nil {
		return err
	}
	return p.runQuietly(ctx, "wine", append([]string{program}, args...)...)
}

// runQuietly runs a command of Wine and tells its output only if it fails.
func (p *Prefix) runQuietly(ctx context.Context, name string, args ...string) error {
	cmd := p.command(ctx, name, args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := p.session.run(cmd); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &output)
	}
	return nil
}
