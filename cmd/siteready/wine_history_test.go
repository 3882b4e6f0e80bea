//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"siteready/cmd/siteready/demo"
	"siteready/platform/windows/winetest"
	"siteready/report"
)

// Under Windows a run is kept as elsewhere: the tests of the package hold there, with the lock that
// Windows has; and what the shipped exe has kept is read here.
func TestWindowsProgramKeepsRuns(t *testing.T) {
	tests := filepath.Join(t.TempDir(), "history.test.exe")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", tests, "siteready/report/history")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the tests: %v\n%s", err, out)
	}
	p := winetest.New(t)
	result := p.Run(t.Context(), tests, winetest.RunOptions{}, "-test.v", "-test.run", "Keep|Apart|Prune|Leaves|Again|Damage$|CannotBeRead|AtOnce|Locked")
	if passed := strings.Count(string(result.Stdout), "--- PASS: Test"); result.ExitCode != 0 || passed < 9 {
		t.Fatalf("exit code %d, %d tests passed\n%s%s", result.ExitCode, passed, result.Stdout, result.Stderr)
	}

	p.WriteFile(`C:\demo.siteready`, demo.Site)
	p.WriteFile(`C:\history\keep`, nil)
	exe := windowsProgram(t)
	for _, state := range []string{report.HistoryFirst, report.HistoryCompared, report.HistoryCompared} {
		result = p.Run(t.Context(), exe, winetest.RunOptions{}, "check", "--site", `C:\demo.siteready`, "--history", `C:\history`, "--history-keep-runs", "2", "--format", "json")
		if r := parseReport(t, result.Stdout); result.ExitCode != 2 || r.History == nil || r.History.State != state || len(result.Stderr) > 0 {
			t.Fatalf("exit code %d, %+v\n%s", result.ExitCode, r.History, result.Stderr)
		}
	}
	series, runs := onlySeries(t, p.Path(`C:\history`))
	if len(runs.Entries) != 2 || len(contents(t, series.Dir())) != 6 {
		t.Errorf("%d runs are kept in %d files", len(runs.Entries), len(contents(t, series.Dir())))
	}
	for _, e := range runs.Entries {
		if loaded, err := series.Load(e); err != nil || loaded.RecordingProblem != "" {
			t.Errorf("%v %s", err, loaded.RecordingProblem)
		}
	}
	result = p.Run(t.Context(), exe, winetest.RunOptions{}, "check", "--site", `C:\demo.siteready`, "--history", `C:\none`, "--format", "summary")
	if result.ExitCode != exitFailure || !strings.HasPrefix(string(result.Stdout), "BLOCKED") || !strings.Contains(string(result.Stderr), `there is no folder C:\none`) {
		t.Errorf("exit code %d\n%s\n%s", result.ExitCode, result.Stdout, result.Stderr)
	}
}
