//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"siteready/cmd/siteready/demo"
	"siteready/report/history"
	"siteready/report/notify"
)

// demoRecording is the recording of the demonstration's site as a file.
func demoRecording(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "demo.siteready")
	if err := os.WriteFile(file, demo.Site, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// onlySeries is the one series of a history, and its runs, none of which may be damaged.
func onlySeries(t *testing.T, dir string) (*history.Series, history.Runs) {
	t.Helper()
	store, err := history.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := store.All()
	if err != nil || len(all) > 1 {
		t.Fatalf("%d series: %v", len(all), err)
	}
	if len(all) == 0 {
		return nil, history.Runs{}
	}
	runs, err := all[0].Runs()
	if err != nil || len(runs.Problems) > 0 {
		t.Fatalf("the index is damaged: %v %q", err, runs.Problems)
	}
	return all[0], runs
}

// The program is killed 200 times at random moments. After each the history can be read, no run
// is lost but those that are pruned, and every report that the index names is whole.
func TestKilledWhileItKeepsARun(t *testing.T) {
	const kills, keeps = 200, 15
	// The program itself and not this test, which may look for races and is then five times as slow.
	program := filepath.Join(t.TempDir(), "siteready")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building siteready: %v\n%s", err, out)
	}
	site, dir := demoRecording(t), t.TempDir()
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), program, "check", "--no-config", "--site", site, "--only", "drivers.odbc18",
			"--history", dir, "--history-keep-runs", fmt.Sprint(keeps))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	span := time.Hour // of a whole run, about; it only says when to kill
	killed, ended, before, halves := 0, 0, 0, 0
	for killed < kills {
		if ended > 10*kills {
			t.Fatalf("only %d of %d runs were killed before they had ended", killed, killed+ended)
		}
		begun := time.Now()
		cmd := start()
		moment := time.Duration(random.Int64N(int64(span)))
		if killed%2 == 0 { // the run writes at its end, so more of the kills fall there
			moment = span*9/10 + moment/5
		}
		kill := time.AfterFunc(moment, func() { _ = cmd.Process.Kill() }) // it may have ended
		_ = cmd.Wait()                                                    // killed, or with its own code
		kill.Stop()
		if cmd.ProcessState.Exited() {
			ended++
			span = min(span*95/100, time.Since(begun))
			if code := cmd.ProcessState.ExitCode(); code != 2 {
				t.Fatalf("a run that was not killed ended with %d", code)
			}
		} else {
			killed++
			span += span / 50
		}
		series, runs := onlySeries(t, dir)
		if len(runs.Entries) < before || len(runs.Entries) > keeps || ended > 0 && series == nil {
			t.Fatalf("after %d kills: %d runs are there, and there were %d", killed, len(runs.Entries), before)
		}
		before = len(runs.Entries)
		if series != nil && len(contents(t, series.Dir())) != 2*before+2 {
			halves++
		}
		if last, any := runs.Last(); any {
			if _, err := series.Load(last); err != nil {
				t.Fatalf("after %d kills: %v", killed, err)
			}
		}
	}
	t.Logf("%d kills left half a run behind; %d runs ended before they could be killed", halves, ended)
	if cmd := start(); cmd.Wait() == nil || cmd.ProcessState.ExitCode() != 2 { // it waits for nobody's lock
		t.Fatalf("the last run: %v", cmd.ProcessState)
	}
	series, runs := onlySeries(t, dir)
	names := []string{history.IndexName, "lock"}
	for _, e := range runs.Entries {
		if loaded, err := series.Load(e); err != nil || loaded.RecordingProblem != "" {
			t.Errorf("%v %s", err, loaded.RecordingProblem)
		}
		names = append(names, filepath.Base(series.ReportPath(e)), filepath.Base(series.RecordingPath(e)))
	}
	got := slices.Sorted(maps.Keys(contents(t, series.Dir())))
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("the folder holds %q, wanted %q", got, names)
	}
}

// What two runs tell at once on two ways is both remembered: the one that writes last takes nothing away.
func TestToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{
		"check", "--no-config", "--site", demoRecording(t), "--only", "drivers.odbc18", "--history", dir, "--format", "json",
	}, strings.NewReader(""), &out, &errs); code != 2 {
		t.Fatalf("%d %s", code, &errs)
	}
	p, r := &program{stderr: &errs}, parseReport(t, out.Bytes())
	file, series, _ := p.remembered(r, dir)
	p.remember(t.Context(), file, series, notify.Memory{"webhook": {RunID: "A"}})
	p.remember(t.Context(), file, series, notify.Memory{"mail": {RunID: "B"}})
	_, _, memory := p.remembered(r, dir)
	if memory["webhook"].RunID != "A" || memory["mail"].RunID != "B" || errs.Len() > 0 {
		t.Errorf("%+v %s", memory, &errs)
	}
}

// contents are all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all[e.Name()] = string(readFile(t, filepath.Join(dir, e.Name())))
	}
	return all
}

// smallDisk is a folder on a file system of its own with so many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatalf("a small file system cannot be mounted (%v): run this test as root, with the right to mount", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// On a full file system the run ends with 70 and says why, standard output has the report, and
// the history and the files of the run before are there as they were. So it is wherever between
// nothing and enough the room ends.
func TestFullDisk(t *testing.T) {
	const size, step = 3 << 20, 8 << 10
	site, disk := demoRecording(t), smallDisk(t, size)
	dir, file := filepath.Join(disk, "history"), filepath.Join(disk, "site.json")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	check := func(args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		code = run(t.Context(), append([]string{
			"check", "--no-config", "--site", site, "--only", "drivers.odbc18", "--history", dir,
		}, args...), strings.NewReader(""), &out, &errs)
		return code, out.String(), errs.String()
	}
	if code, _, stderr := check("-o", file); code != 2 {
		t.Fatalf("with room: %d %s", code, stderr)
	}
	series, _ := onlySeries(t, dir)
	before, report := contents(t, series.Dir()), readFile(t, file)
	ballast, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(ballast, zeros{}); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	left, err := ballast.Seek(0, io.SeekCurrent)
	if err != nil {
		t.Fatal(err)
	}

	code, stdout, stderr := check("--format", "summary", "-o", file)
	if code != exitFailure || !strings.HasPrefix(stdout, "BLOCKED: 1 failed") || !strings.Contains(stdout, "Last run: 1 as before") {
		t.Errorf("%d\n%s", code, stdout)
	}
	for _, want := range []string{"the run was not kept in the history", series.Dir(), "the report could not be written: " + file} {
		if !strings.Contains(stderr, want) {
			t.Errorf("standard error has no %q:\n%s", want, stderr)
		}
	}
	if strings.Count(stderr, "no space left on device") != 2 {
		t.Errorf("standard error does not say why:\n%s", stderr)
	}
	if !maps.Equal(before, contents(t, series.Dir())) || !bytes.Equal(report, readFile(t, file)) {
		t.Error("what was there before is not there as it was")
	}

	refused := 0
	for code = exitFailure; code != 2; {
		if left -= step; left < 0 {
			t.Fatal("it never has enough room")
		}
		if err := ballast.Truncate(left); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr = check(); code == 2 {
			break
		}
		refused++
		if code != exitFailure || !strings.Contains(stderr, "no space left on device") {
			t.Fatalf("%d %s", code, stderr)
		}
		if after := contents(t, series.Dir()); !maps.Equal(before, after) {
			t.Fatalf("with %d bytes of room: there are %q", size-left, slices.Sorted(maps.Keys(after)))
		}
	}
	if _, runs := onlySeries(t, dir); len(runs.Entries) != 2 || refused < 3 {
		t.Errorf("%d runs are there after %d were refused", len(runs.Entries), refused)
	}
	if err := ballast.Close(); err != nil {
		t.Error(err)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A folder that is not there, or takes no files, is told, and the report still comes out.
func TestHistoryThatCannotBeKept(t *testing.T) {
	site, dir := demoRecording(t), t.TempDir()
	file := filepath.Join(dir, "file")
	inTheWay := filepath.Join(dir, "taken")
	if err := errors.Join(
		os.WriteFile(file, nil, 0o600), os.Mkdir(inTheWay, 0o700), os.WriteFile(filepath.Join(inTheWay, "cm01.contoso.com"), nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		filepath.Join(dir, "none"): "there is no folder " + filepath.Join(dir, "none"),
		file:                       file + " is no folder",
		inTheWay:                   "not a directory",
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), []string{"check", "--no-config", "--site", site, "--history", folder, "--format", "json"}, strings.NewReader(""), &stdout, &stderr)
		if code != exitFailure || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %d %s", folder, code, &stderr)
		}
		r := parseReport(t, stdout.Bytes())
		if r.Exit.Code != 2 || r.History == nil || r.History.State != "unknown" || len(r.History.Problems) != 1 {
			t.Errorf("%s: the report has exit code %d and %+v", folder, r.Exit.Code, r.History)
		}
		if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder was made: %v", err)
		}
	}
}
