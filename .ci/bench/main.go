// Bench measures what siteready costs beside an empty Go program: start-up with the whole
// demonstration judged and printed, peak memory, and the size of the Windows program. Runs
// of the two are interleaved, so that a busy machine slows both. Then it measures the HTML page
// of a large site, a history of a year, what a slow SQL Server costs, what one costs that hangs, and the search in logs
// beside grep. The argument sql measures the two of SQL Server alone, and logs the search.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"siteready/checks/catalog"
)

const (
	runs      = 41
	mostTime  = 25 * time.Millisecond // for the whole catalogue
	mostRSS   = 40 << 20
	mostBytes = 20 << 20 // a quarter of it are the texts of checks and known failures, and HTTP for webhooks
)

func main() {
	log.SetFlags(0)
	part := ""
	if len(os.Args) > 1 {
		part = os.Args[1]
	}
	if err := bench(os.Stdout, part); err != nil {
		log.Fatal("bench: ", err)
	}
}

// bench measures everything, or one part alone: sql, logs, html or history.
func bench(w io.Writer, part string) error {
	if part == "sql" {
		return errors.Join(benchDelays(w), benchHangs(w))
	}
	dir, err := os.MkdirTemp("", "siteready-bench-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the system's folder for what may be lost
	empty, program, exe := filepath.Join(dir, "empty"), filepath.Join(dir, "siteready"), filepath.Join(dir, "siteready.exe")
	source := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(
		build(empty, source, "linux"), build(program, "./cmd/siteready", "linux"), build(exe, "./cmd/siteready", "windows"),
	); err != nil {
		return err
	}
	switch part {
	case "":
	case "logs":
		return benchLogs(w, program)
	case "html":
		return benchHTML(w, program)
	case "history":
		return benchHistory(w, dir, program)
	default:
		return fmt.Errorf("there is no part %q: sql, logs, html or history", part)
	}

	var nothing, demo series
	for range runs {
		for _, one := range []struct {
			into *series
			args []string
		}{{&nothing, []string{empty}}, {&demo, []string{program, "demo"}}} {
			if err := one.into.run(one.args); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(w, "%d runs of each, interleaved; median, and the middle half of the runs\n\n", runs)
	fmt.Fprintf(w, "%-28s %s\n", "an empty Go program", nothing)
	fmt.Fprintf(w, "%-28s %s\n", "siteready demo", demo)
	if err := describeDemo(w); err != nil {
		return err
	}

	info, err := os.Stat(exe)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "time    %6.1f times an empty program   %8v   limit %v   %s\n",
		ratio(demo.time(), nothing.time()), demo.time().Round(10*time.Microsecond), mostTime, verdict(demo.time() <= mostTime))
	fmt.Fprintf(w, "memory  %6.1f times an empty program   %4.1f MiB   limit %d MiB   %s\n",
		ratio(demo.memory(), nothing.memory()), mebibytes(demo.memory()), mostRSS>>20, verdict(demo.memory() <= mostRSS))
	fmt.Fprintf(w, "siteready.exe, stripped                %5.1f MiB   limit %d MiB   %s\n",
		mebibytes(info.Size()), mostBytes>>20, verdict(info.Size() <= mostBytes))
	return errors.Join(benchHTML(w, program), benchHistory(w, dir, program), benchDelays(w), benchHangs(w), benchLogs(w, program))
}

// describeDemo says how much the demonstration judges, and holds it to a site of some size.
func describeDemo(w io.Writer) error {
	const leastBytes, leastAnswers = 400 << 10, 600
	file := filepath.FromSlash("cmd/siteready/demo/site.siteready")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	answers := bytes.Count(data, []byte("\n")) - 1 // the first line is the header
	fmt.Fprintf(w, "the demonstration is a recording of %d KiB with %d answers, judged by %d checks\n\n",
		len(data)>>10, answers, len(catalog.All().Checks()))
	if len(data) < leastBytes || answers < leastAnswers {
		return fmt.Errorf("%s is too small to measure with: at least %d KiB and %d answers", file, leastBytes>>10, leastAnswers)
	}
	return nil
}

func build(out, source, system string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64", "GOOS="+system)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", source, err, text)
	}
	return nil
}

// series is what the runs of one program took, wall clock and peak resident bytes.
type series struct {
	times    []time.Duration
	memories []int64
}

func (s *series) run(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // the demonstration is not ready: its exit code is 2
		return fmt.Errorf("running %v: %w", args, err)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not tell the peak memory of a process")
	}
	s.times = append(s.times, took)
	s.memories = append(s.memories, usage.Maxrss<<10) // Linux counts in KiB
	return nil
}

func (s series) time() time.Duration { return quantile(s.times, 0.5) }

func (s series) memory() int64 { return quantile(s.memories, 0.5) }

func (s series) String() string {
	return fmt.Sprintf("%6.2f ms (%.2f to %.2f)   %5.1f MiB (%.1f to %.1f)",
		milliseconds(s.time()), milliseconds(quantile(s.times, 0.25)), milliseconds(quantile(s.times, 0.75)),
		mebibytes(s.memory()), mebibytes(quantile(s.memories, 0.25)), mebibytes(quantile(s.memories, 0.75)))
}

func quantile[N time.Duration | int64](all []N, q float64) N {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))]
}

func ratio[N time.Duration | int64](a, b N) float64 { return float64(a) / float64(b) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func verdict(good bool) string {
	if good {
		return "within"
	}
	return "OVER"
}
