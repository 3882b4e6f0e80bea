//go:build linux

package main

import (
	"strings"
	"testing"
)

// With --online, and with it alone, the shipped exe connects to the servers that an update is
// downloaded from. Here they are on this machine.
func TestWindowsProgramGoesOnline(t *testing.T) {
	s := newSiteServer(t, windowsProgram(t), "primary", map[string]any{"tcp": map[string]any{"aka.ms:443": "refused"}})
	for _, test := range []struct {
		flag, status string
		exit         int
	}{{"--online=false", "not_applicable", 3}, {"--online", "warning", 1}} {
		result := s.run(t, "--sql-user", "siteready", "check", "--format", "json", "--target", "2509", "--only", "security.endpoints", test.flag)
		if result.ExitCode != test.exit {
			t.Errorf("%s: exit code %d, wanted %d\n%s", test.flag, result.ExitCode, test.exit, result.Stderr)
		}
		for _, c := range parseReport(t, result.Stdout).Checks {
			if c.ID != "security.endpoints" {
				continue
			}
			if c.Status != test.status {
				t.Errorf("%s: %s, wanted %s: %s", test.flag, c.Status, test.status, c.Summary)
			}
			for _, item := range c.Items {
				if want := map[bool]string{true: "warning", false: "passed"}[strings.HasPrefix(item.Key, "aka.ms")]; item.Status != want {
					t.Errorf("%s: %s is %s, wanted %s: %s", test.flag, item.Key, item.Status, want, item.Found)
				}
			}
		}
	}
}
