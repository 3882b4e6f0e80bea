//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"siteready/cmd/siteready/demo"
	"siteready/platform/windows/winetest"
)

// The shipped program tells the event log of Windows the verdict and each failed check, and says
// when that is closed. What stands in a real log was not seen.
func TestEventLog(t *testing.T) {
	const site, events = `C:\demo.site`, `C:\fake\events.txt`
	exe := windowsProgram(t)
	p := winetest.New(t)
	source, err := os.ReadFile(filepath.Join("../../platform/windows/testdata/shims", "advapi32.c"))
	if err != nil {
		t.Fatal(err)
	}
	p.ReplaceDLL("advapi32", string(source), "RegisterEventSourceW", "DeregisterEventSource", "ReportEventW")
	p.WriteFile(site, demo.Site)
	p.WriteFile(`C:\fake\about.txt`, []byte("what the replaced calls write and read\n"))
	check := func(args ...string) winetest.Result {
		return p.Run(t.Context(), exe, winetest.RunOptions{}, append([]string{"check", "--no-config", "--site", site, "--format", "verdict"}, args...)...)
	}
	if got := check(); got.ExitCode != 2 {
		t.Fatalf("exit code %d: %s", got.ExitCode, got.Stderr)
	}
	if _, err := os.Stat(p.Path(events)); err == nil {
		t.Error("an event was written, and nobody asked for one")
	}
	if got := check("--event-log"); got.ExitCode != 2 || len(got.Stderr) > 0 {
		t.Fatalf("exit code %d: %s", got.ExitCode, got.Stderr)
	}
	written, err := os.ReadFile(p.Path(events))
	if err != nil {
		t.Fatal(err)
	}
	const errorType = "1"
	heads := regexp.MustCompile(`(?m)^siteready [0-9]+ [0-9]+$`).FindAllString(string(written), -1)
	if len(heads) < 2 || heads[0] != "siteready "+errorType+" 102" || !strings.Contains(string(written), "\nBLOCKED: ") {
		t.Errorf("the events are %v:\n%s", heads, written)
	}
	for _, head := range heads[1:] {
		if head != "siteready "+errorType+" 200" {
			t.Errorf("a failed check is the event %s", head)
		}
	}
	if n := strings.Count(string(written), " failed: "); n != len(heads)-1 {
		t.Errorf("%d events for %d failed checks", len(heads)-1, n)
	}

	// A nightly run replaces its report, and tells only what is new. A damaged report tells nothing.
	const output = `json=C:\last.json`
	told := func(want int) {
		t.Helper()
		p.WriteFile(events, nil)
		if got := check("--event-log", "-o", output); got.ExitCode != 2 || len(got.Stderr) > 0 {
			t.Fatalf("exit code %d: %s", got.ExitCode, got.Stderr)
		}
		if n := strings.Count(string(readFile(t, p.Path(events))), "siteready "+errorType+" 200\n"); n != want {
			t.Errorf("%d failures are told, wanted %d", n, want)
		}
	}
	all := len(heads) - 1
	told(all)
	told(0)
	last := readFile(t, p.Path(`C:\last.json`))
	p.WriteFile(`C:\last.json`, bytes.Replace(last, []byte(`"status": "passed"`), []byte(`"status": "failed"`), 1))
	told(all)

	p.WriteFile(`C:\fake\noevents.txt`, nil)
	got := check("--event-log")
	if got.ExitCode != exitFailure || !strings.Contains(string(got.Stderr), "the event log cannot be opened: ") || !strings.HasPrefix(string(got.Stdout), "BLOCKED") {
		t.Errorf("a closed log: exit code %d, %s%s", got.ExitCode, got.Stdout, got.Stderr)
	}
}
