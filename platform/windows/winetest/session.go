//go:build linux

package winetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// session is the running Windows of a prefix: a Wine server and the services
// that it keeps up.
type session struct {
	thread   *thread
	started  bool
	hostName string
	fillers  []*os.File

	// The guard ends the server when its input ends: when stop closes it, or
	// when the test's process dies.
	guard      *exec.Cmd
	guardInput io.Closer
}

// startSession starts Windows, if it does not run or has another host name.
func (p *Prefix) startSession(ctx context.Context, hostName string) error {
	s := &p.session
	renamed := hostName != "" && hostName != s.hostName
	if s.guard != nil && !renamed {
		return nil
	}
	if err := s.stop(); err != nil {
		return err
	}
	if renamed {
		if err := s.thread.setHostName(hostName); err != nil {
			return err
		}
		s.hostName = hostName
	}
	if !s.started {
		if err := p.seedAndFill(); err != nil {
			return err
		}
		s.started = true
	}
	if err := s.startGuard(p.dir); err != nil {
		return err
	}
	// The server stays up until it is ended. What the boot starts goes on
	// running, so it must not hold a pipe: these two get no output.
	for _, args := range [][]string{{"wineserver", "--persistent"}, {"wine", "wineboot"}} {
		if err := s.run(p.command(ctx, args[0], args[1:]...)); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	}
	if len(p.running) > 0 {
		if err := p.guest(ctx, append([]string{"start"}, p.running...)...); err != nil {
			return err
		}
	}
	if len(p.denied) > 0 {
		return p.guest(ctx, append([]string{"deny"}, p.denied...)...)
	}
	return nil
}

// seedAndFill does what must be done after all seeding and before any program.
func (p *Prefix) seedAndFill() error {
	if err := writeSeeds(p.dir, p.seeds); err != nil {
		return fmt.Errorf("seed the registry: %w", err)
	}
	for letter, d := range p.drives {
		if d.size == 0 {
			continue
		}
		filler, err := p.session.thread.fill(p.driveFolder(letter), d.free)
		if err != nil {
			return fmt.Errorf("drive %c: %w", letter, err)
		}
		p.session.fillers = append(p.session.fillers, filler)
	}
	return nil
}

// run runs a command, started on the prefix's thread, to its end.
func (s *session) run(cmd *exec.Cmd) error {
	if err := s.thread.do(cmd.Start); err != nil {
		return err
	}
	return cmd.Wait()
}

// startGuard starts the process that ends the server at last. It has a process
// group of its own: Ctrl-C, which ends the test, must not end the guard first.
func (s *session) startGuard(dir string) error {
	guard := exec.Command("sh", "-c", "cat >/dev/null; wineserver --kill; exec wineserver --wait")
	guard.Env = environment(dir)
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := guard.StdinPipe()
	if err != nil {
		return err
	}
	if err := guard.Start(); err != nil {
		return fmt.Errorf("start the process that ends Wine: %w", err)
	}
	s.guard, s.guardInput = guard, input
	return nil
}

// stop ends Windows, if it runs, and waits until all its processes are gone.
func (s *session) stop() error {
	if s.guard == nil {
		return nil
	}
	errClose := s.guardInput.Close()
	errWait := s.guard.Wait()
	s.guard, s.guardInput = nil, nil
	return errors.Join(errClose, errWait)
}
