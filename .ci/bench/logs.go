package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"siteready/platform/logscan"
	"siteready/platform/logscan/literals"
	"siteready/platform/logscan/signatures"
)

const (
	logFiles    = 40
	logBytes    = 1 << 30 // of all of them
	logSmall    = 64 << 20
	logLarge    = 4 << 30 // in one file
	logRuns     = 3
	oneIn       = 2000 // lines hold a failure
	mostLogRSS  = 64 << 20
	leastTwo    = 1.0 // times grep, whole process, two cores
	leastServer = 0.8 // times grep, in memory, one core
	leastClient = 1.5
	mostBend    = 1.3 // times what a straight line from the small file would give
)

// benchLogs measures the search for known failures in logs beside grep with the same texts. Both
// must find the same number of lines.
func benchLogs(w io.Writer, program string) error {
	dir, err := os.MkdirTemp("", "siteready-bench-logs-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the system's folder for what may be lost
	if err := roomFor(dir, logBytes+logLarge+logSmall); err != nil {
		fmt.Fprintf(w, "\nlogs: NOT MEASURED: %v\n", err)
		return err
	}
	g, err := newGenerator()
	if err != nil {
		return err
	}
	keys := filepath.Join(dir, "keys")
	if err := os.WriteFile(keys, []byte(strings.Join(g.known.Keys(), "\n")+"\n"), 0o600); err != nil {
		return err
	}
	many := filepath.Join(dir, "many")
	if err := os.Mkdir(many, 0o700); err != nil {
		return err
	}
	var files []string
	failures := 0
	for i := range logFiles {
		name := filepath.Join(many, fmt.Sprintf("component%02d.log", i))
		n, err := g.file(name, logBytes/logFiles, uint64(i), frames()[i%2])
		if err != nil {
			return err
		}
		failures += n
		files = append(files, name)
	}
	fmt.Fprintf(w, "\nlogs, %d MiB in %d files, half in each grammar, %d lines with one of %d known failures; %d runs of each, interleaved\n",
		logBytes>>20, logFiles, failures, len(g.known.All), logRuns)
	var ours, theirs spent
	for range logRuns {
		if err := theirs.grep(keys, files, failures); err != nil {
			return err
		}
		if err := ours.siteready(program, many, failures); err != nil {
			return err
		}
	}
	faster := ratio(theirs.wall(), ours.wall())
	fmt.Fprintf(w, "  LC_ALL=C grep -c -F -f         %s\n  siteready logs, two cores      %s\n", theirs, ours)
	fmt.Fprintf(w, "  %.1f times as fast as grep, at least %.1f   %s\n", faster, leastTwo, verdict(faster >= leastTwo))
	problems := []error{ours.within("the whole search")}
	if faster < leastTwo {
		problems = append(problems, errors.New("the search in logs is slower than grep"))
	}
	if err := os.RemoveAll(many); err != nil {
		return err
	}
	// A program is counted the memory of the one that began it. So what needs much here comes last.
	return errors.Join(append(problems, g.straight(w, dir, program), g.inMemory(w, dir, keys))...)
}

// roomFor says when a folder's volume has no room for so many bytes.
func roomFor(dir string, bytes int64) error {
	var volume syscall.Statfs_t
	if err := syscall.Statfs(dir, &volume); err != nil {
		return err
	}
	if free := int64(volume.Bavail) * volume.Bsize; free < bytes+1<<30 {
		return fmt.Errorf("%s has %d MiB free, and %d MiB are needed; TMPDIR names another folder", dir, free>>20, (bytes+1<<30)>>20)
	}
	return nil
}

// frame writes a message as a line of one of the two grammars.
type frame func(w *bufio.Writer, message string, at time.Time, thread int)

func frames() [2]frame {
	return [2]frame{
		func(w *bufio.Writer, message string, at time.Time, thread int) {
			fmt.Fprintf(w, "%s  $$<SMS_DMP_DOWNLOADER><%s-60><thread=%d (0x%X)>\r\n", message, at.Format("01-02-2006 15:04:05.000"), thread, thread)
		},
		func(w *bufio.Writer, message string, at time.Time, thread int) {
			fmt.Fprintf(w, "<![LOG[%s]LOG]!><time=\"%s-60\" date=%q component=\"SMS_DMP_DOWNLOADER\" context=\"\" type=\"1\" thread=\"%d\" file=\"easysetup.cpp:1042\">\r\n",
				message, at.Format("15:04:05.000"), at.Format("01-02-2006"), thread)
		},
	}
}

// generator writes logs of normal lines with failures between them.
type generator struct {
	known            *signatures.Catalogue
	normal, failures []string
}

func newGenerator() (*generator, error) {
	known, err := signatures.Known()
	if err != nil {
		return nil, err
	}
	g := &generator{known: known}
	holds := func(text string) bool { // grep would count it
		return slices.ContainsFunc(known.Append(nil, []byte(text)), func(f literals.Found) bool { return f.Literal < len(known.All) })
	}
	for name, into := range map[string]*[]string{"normal.tsv": &g.normal, "samples.tsv": &g.failures} {
		raw, err := os.ReadFile(filepath.Join("platform", "logscan", "testdata", "logs", name))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(raw)) {
			_, message, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
			framed := false
			if name == "samples.tsv" {
				message, _, framed = strings.Cut(message, "  $$<")
			}
			if holds(message) == framed {
				*into = append(*into, message)
			}
		}
	}
	if len(g.normal) < 300 || len(g.failures) < 200 {
		return nil, fmt.Errorf("only %d normal lines and %d failures to make logs of", len(g.normal), len(g.failures))
	}
	return g, nil
}

// file writes a log of about so many bytes, and says how many failures it holds.
func (g *generator) file(name string, size int64, seed uint64, line frame) (failures int, err error) {
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	written := &counter{to: f}
	w := bufio.NewWriterSize(written, 1<<20)
	random := rand.New(rand.NewPCG(seed, 7))
	at := time.Date(2026, 3, 11, 2, 14, 0, 0, time.UTC)
	for written.bytes+int64(w.Buffered()) < size {
		at = at.Add(time.Duration(random.IntN(900)) * time.Millisecond)
		message := g.normal[random.IntN(len(g.normal))]
		if random.IntN(oneIn) == 0 {
			message = g.failures[random.IntN(len(g.failures))]
			failures++
		}
		line(w, message, at, 2000+random.IntN(9000))
	}
	return failures, w.Flush()
}

type counter struct {
	to    io.Writer
	bytes int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

// inMemory measures the scan alone, on one core and of a log in memory, beside grep.
func (g *generator) inMemory(w io.Writer, dir, keys string) error {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	var problems []error
	for i, of := range []struct {
		name  string
		least float64
	}{{"server grammar", leastServer}, {"CMTrace grammar", leastClient}} {
		name := filepath.Join(dir, "memory.log")
		failures, err := g.file(name, logSmall, uint64(100+i), frames()[i])
		if err != nil {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		log := logscan.Log{Name: "memory.log", Files: []logscan.File{{Name: name, Open: func(context.Context) (logscan.Opened, error) {
			return logscan.Opened{Source: logscan.Source{Name: name, Data: bytes.NewReader(data), Size: int64(len(data))}}, nil
		}}}}
		var ours, theirs spent
		for range 2*logRuns + 1 {
			if err := theirs.grep(keys, []string{name}, failures); err != nil {
				return err
			}
			start := time.Now()
			found, err := logscan.Scan(context.Background(), []logscan.Log{log}, logscan.Options{Catalogue: g.known})
			if err != nil {
				return err
			}
			ours.walls = append(ours.walls, time.Since(start))
			seen := int64(0)
			for _, s := range found.Signatures {
				seen += s.Count
			}
			if seen != int64(failures) {
				return fmt.Errorf("the scan of the %s found %d lines, and %d hold a failure", of.name, seen, failures)
			}
		}
		faster := ratio(theirs.wall(), ours.wall())
		fmt.Fprintf(w, "  in memory, one core, %-15s   %5.0f MiB/s, grep %5.0f MiB/s: %.1f times, at least %.1f   %s\n",
			of.name, perSecond(logSmall, ours.wall()), perSecond(logSmall, theirs.wall()), faster, of.least, verdict(faster >= of.least))
		if faster < of.least {
			problems = append(problems, fmt.Errorf("the scan of the %s is too slow beside grep", of.name))
		}
	}
	return errors.Join(problems...)
}

func perSecond(bytes int64, took time.Duration) float64 { return mebibytes(bytes) / took.Seconds() }

// straight measures a small file and a large one: the time must grow as the size does, and the
// memory must not. Processor time is taken, because a file that is larger than the cache waits for
// the disk.
func (g *generator) straight(w io.Writer, dir, program string) error {
	small, large := filepath.Join(dir, "small.log"), filepath.Join(dir, "large.log")
	failures, err := g.file(small, logSmall, 200, frames()[0])
	if err != nil {
		return err
	}
	if err := again(small, large, logLarge/logSmall); err != nil {
		return err
	}
	var of [2]spent
	for range logRuns {
		for i, name := range []string{small, large} {
			if err := of[i].siteready(program, name, failures*[]int{1, logLarge / logSmall}[i]); err != nil {
				return err
			}
		}
	}
	bend := ratio(of[1].processor(), of[0].processor()*time.Duration(logLarge/logSmall))
	fmt.Fprintf(w, "  one file of %4d MiB            %s\n  one file of %4d MiB            %s\n", logSmall>>20, of[0], logLarge>>20, of[1])
	fmt.Fprintf(w, "  %.2f times a straight line, at most %.1f   %s; memory at most %d MiB   %s\n",
		bend, mostBend, verdict(bend <= mostBend), mostLogRSS>>20, verdict(of[0].within("") == nil && of[1].within("") == nil))
	problems := []error{of[0].within("the search in a small file"), of[1].within("the search in a large file")}
	if bend > mostBend {
		problems = append(problems, errors.New("the time of the search grows faster than the size"))
	}
	return errors.Join(problems...)
}

// again writes a file so many times behind each other.
func again(from, to string, times int) (err error) {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for range times {
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

// spent is what runs of one program took.
type spent struct {
	walls, processors []time.Duration
	memories          []int64
}

func (s *spent) wall() time.Duration      { return quantile(s.walls, 0.5) }
func (s *spent) processor() time.Duration { return quantile(s.processors, 0.5) }

// within says when a run took more memory than it may.
func (s *spent) within(what string) error {
	if most := slices.Max(s.memories); most > mostLogRSS {
		return fmt.Errorf("%s took %.1f MiB", what, mebibytes(most))
	}
	return nil
}

func (s spent) String() string {
	return fmt.Sprintf("%6.2f s wall, %6.2f s processor   %5.1f MiB at most", s.wall().Seconds(), s.processor().Seconds(), mebibytes(slices.Max(s.memories)))
}

// run runs a program, and returns what it prints.
func (s *spent) run(environment []string, args ...string) ([]byte, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), environment...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || complaint.Len() > 0) {
		return nil, fmt.Errorf("running %s: %w\n%s", args[0], err, &complaint)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return nil, errors.New("this system does not tell the peak memory of a process")
	}
	s.walls = append(s.walls, took)
	s.processors = append(s.processors, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	s.memories = append(s.memories, usage.Maxrss<<10) // Linux counts in KiB
	return out.Bytes(), nil
}

// grep counts lines with grep, and fails when their number is not as expected.
func (s *spent) grep(keys string, files []string, want int) error {
	out, err := s.run([]string{"LC_ALL=C"}, append([]string{"grep", "-c", "-F", "-f", keys}, files...)...)
	if err != nil {
		return err
	}
	total := 0
	for line := range strings.Lines(string(out)) {
		n, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, ":")+1:]))
		if err != nil {
			return fmt.Errorf("grep printed %q", line)
		}
		total += n
	}
	if total != want {
		return fmt.Errorf("grep found %d lines, and %d hold a failure", total, want)
	}
	return nil
}

// siteready counts messages with siteready logs on two cores, and fails when their number is not
// as expected.
func (s *spent) siteready(program, path string, want int) error {
	out, err := s.run([]string{"GOMAXPROCS=2"}, program, "logs", path, "--no-config", "--format", "json")
	if err != nil {
		return err
	}
	type symptom struct {
		Count int    `json:"count"`
		Log   string `json:"log"` // of a rule, whose lines are normal each
	}
	var l struct {
		Counts struct{ Harmless, Unread int }
		Causes []struct {
			Lead   symptom
			Others []symptom
		}
	}
	if err := json.Unmarshal(out, &l); err != nil {
		return err
	}
	total := l.Counts.Harmless
	for _, c := range l.Causes {
		for _, one := range append(c.Others, c.Lead) {
			if one.Log == "" {
				total += one.Count
			}
		}
	}
	if total != want || l.Counts.Unread > 0 {
		return fmt.Errorf("siteready logs found %d messages, and %d hold a failure; %d files could not be read", total, want, l.Counts.Unread)
	}
	return nil
}
