//go:build linux

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"siteready/report/after"
)

// The shipped exe compares a machine with its recording, and reads what it has kept itself.
func TestWindowsPast(t *testing.T) {
	s := newSiteServer(t, windowsProgram(t), "primary", nil)
	const log = "--sql-user=siteready"
	if r := s.run(t, "record", log, "-o", `C:\before.siteready`); r.ExitCode != 0 {
		t.Fatalf("record: exit code %d: %s", r.ExitCode, r.Stderr)
	}
	r := s.run(t, "after", log, `C:\before.siteready`, "--format", "json")
	var result after.Result
	if err := json.Unmarshal([]byte(r.Stdout), &result); err != nil {
		t.Fatalf("after: exit code %d: %v\n%s%s", r.ExitCode, err, r.Stdout, r.Stderr)
	}
	if r.ExitCode != 1 || result.Counts[after.Unknown] != 0 || result.Counts[after.PutBack] != 0 || result.Counts[after.Same] < 8 {
		t.Errorf("after: exit code %d: %s", r.ExitCode, r.Stdout)
	}
	if look := result.Of(after.Look); len(look) != 1 || !strings.Contains(look[0].Because, "the version of before") {
		t.Errorf("after: %+v", look)
	}
	if err := os.Mkdir(s.Path(`C:\history`), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if r := s.run(t, "check", log, "--target", "2509", "--history", `C:\history`, "--format", "verdict"); r.ExitCode != 0 {
			t.Fatalf("check: exit code %d: %s%s", r.ExitCode, r.Stdout, r.Stderr)
		}
	}
	if r := s.run(t, "history", "--history", `C:\history`, "-o", `C:\history.html`); r.ExitCode != 0 || !strings.Contains(string(r.Stdout), "Runs        2, ") {
		t.Errorf("history: exit code %d: %s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	if page, err := os.ReadFile(s.Path(`C:\history.html`)); err != nil || !strings.Contains(string(page), "<title>READY: history of cm01.contoso.com</title>") {
		t.Errorf("history.html: %v", err)
	}
	if r := s.run(t, "diff", "--history", `C:\history`); r.ExitCode != 0 {
		t.Errorf("diff: exit code %d: %s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
	if r := s.run(t, "recheck", log, "--history", `C:\history`); r.ExitCode != 3 || !strings.Contains(string(r.Stderr), "nothing to check again") {
		t.Errorf("recheck: exit code %d: %s%s", r.ExitCode, r.Stdout, r.Stderr)
	}
}
