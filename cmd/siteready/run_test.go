package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/report"
)

var errDiskFull = errors.New("the disk is full")

// fullDisk is a writer that takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errDiskFull }

// Where standard output takes nothing, nobody has the report: exit code 70, and standard error
// says why.
func TestStandardOutputFails(t *testing.T) {
	for _, args := range [][]string{
		{"demo"},
		{"demo", "--format", "json"},
		{"demo", "--fail-on", "failed", "--only", "space.log"}, // green
		{"checks"},
		{"questions"},
		{"version"},
		{"record", "-o", "-"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var stderr bytes.Buffer
			code := run(t.Context(), args, strings.NewReader(""), fullDisk{}, &stderr)
			if code != exitFailure {
				t.Errorf("exit code %d, wanted %d", code, exitFailure)
			}
			if !strings.Contains(stderr.String(), "standard output") || strings.Count(stderr.String(), errDiskFull.Error()) != 1 {
				t.Errorf("standard error: %s", &stderr)
			}
		})
	}
}

// A report that standard output does not take is still written to its files.
func TestFilesAreWrittenWhenStandardOutputFails(t *testing.T) {
	file := t.TempDir() + "/report.json"
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"demo", "-o", file}, strings.NewReader(""), fullDisk{}, &stderr); code != exitFailure {
		t.Errorf("exit code %d, wanted %d", code, exitFailure)
	}
	var r report.Report
	if err := json.Unmarshal(readFile(t, file), &r); err != nil || r.Exit.Code != 2 {
		t.Errorf("the file has exit code %d: %v", r.Exit.Code, err)
	}
}

// panicking is a reader and a writer with a bug.
type panicking struct{}

func (panicking) Read([]byte) (int, error)  { panic("planted") }
func (panicking) Write([]byte) (int, error) { panic("planted") }

// Go ends a panic with 2, which would read as BLOCKED. It is 70 here.
func TestPanicIsCaught(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		stdout io.Writer
	}{
		{"while reading", []string{"check", "--site", "-"}, io.Discard},
		{"while writing", []string{"demo"}, panicking{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := run(t.Context(), test.args, panicking{}, test.stdout, &stderr); code != exitFailure {
				t.Errorf("exit code %d, wanted %d", code, exitFailure)
			}
			for _, want := range []string{"a bug in siteready: planted", "report it", "panicking"} {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("standard error has no %q:\n%s", want, &stderr)
				}
			}
		})
	}
}

// silence is a server that takes connections and never says a word.
type silence struct {
	address   string          // as --sql-server takes it
	connected <-chan struct{} // closed with the first connection
}

func listenSilently(t testing.TB) silence {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connected := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for first := true; ; first = false {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if first {
				close(connected)
			}
			running.Go(func() {
				_, _ = io.Copy(io.Discard, conn) // until the client gives up
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return silence{host + "," + port, connected}
}

// On Ctrl-C what is known is reported: nothing here, as SQL Server hangs.
func TestInterrupted(t *testing.T) {
	t.Setenv(passwordVariable, "never asked for")
	server := listenSilently(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		<-server.connected
		cancel(platform.ErrInterrupted)
	}()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{
		"check", "--format", "json", "--sql-server", server.address, "--database", "CM_P01", "--sql-user", "siteready",
		"--only", "recovery.database-backup,space.log",
		"--fail-on", "failed", // lets nothing through that was not seen to its end
	}, strings.NewReader(""), &stdout, &stderr)
	var r report.Report
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("no report: %v\n%s", err, &stderr)
	}
	if code != 3 || r.Exit.Code != 3 || r.Verdict != "INCOMPLETE" || r.Stopped != "interrupted" {
		t.Errorf("exit code %d; the report says %d, %s, %q", code, r.Exit.Code, r.Verdict, r.Stopped)
	}
	if len(r.Causes) != 1 || r.Causes[0].Cause != "interrupted" {
		t.Errorf("causes: %+v", r.Causes)
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error: %s", &stderr)
	}
}

// A recording that was interrupted is not written: it would pass for a whole one.
func TestInterruptedRecordingIsNotWritten(t *testing.T) {
	t.Setenv(passwordVariable, "never asked for")
	server := listenSilently(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		<-server.connected
		cancel(platform.ErrInterrupted)
	}()
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{
		"record", "-o", "-", "--sql-server", server.address, "--database", "CM_P01", "--sql-user", "siteready",
	}, strings.NewReader(""), &stdout, &stderr)
	if code != exitFailure || stdout.Len() > 0 || stderr.String() != "siteready: nothing was recorded: interrupted\n" {
		t.Errorf("exit code %d\n%s\n%s", code, &stdout, &stderr)
	}
}

// stuckSQL is a site whose SQL Server never answers.
type stuckSQL struct{ platform.Reader }

func (s stuckSQL) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.Kind == platform.KindSQL {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Reader.Read(ctx, q)
}

// What had failed before Ctrl-C blocks the update all the same.
func TestInterruptedAfterAFailure(t *testing.T) {
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(platformtest.Edit(tree, map[string]any{
		"registry": map[string]any{`HKLM\SOFTWARE\Microsoft\MSODBCSQL18`: map[string]any{"InstalledVersion": "18.3.2.1"}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		var stdout, stderr bytes.Buffer
		p := &program{stdout: &stdout, stderr: &stderr}
		ended := make(chan error)
		go func() {
			ended <- p.judge(
				ctx, source{reader: stuckSQL{site}, readAt: site.ReadAt},
				&selectOptions{target: "2509", failOn: report.FailOnWarning, timeout: limit(runLimit), only: []string{"drivers.odbc18", "drivers.sqlncli", "space.log"}},
				&outputOptions{format: formatJSON, color: "auto"},
			)
		}()
		synctest.Wait() // until all but SQL Server has been judged
		if stdout.Len() > 0 {
			t.Fatalf("the run did not wait for SQL Server:\n%s", &stdout)
		}
		cancel(platform.ErrInterrupted)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		var r report.Report
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if p.exit != 2 || r.Verdict != "BLOCKED" || r.Stopped != "interrupted" {
			t.Errorf("exit code %d, %s, %q", p.exit, r.Verdict, r.Stopped)
		}
		want := report.Counts{Failed: 1, Unknown: 1, Passed: 1, NotSelected: r.Counts.Total - 3, Total: r.Counts.Total}
		if r.Counts != want {
			t.Errorf("counts %+v, wanted %+v", r.Counts, want)
		}
	})
}
