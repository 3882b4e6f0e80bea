//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// saidOf are the lines of a diagnosis in JSON, and what could not be looked at, without the address of
// SQL Server and ages that pass while the test runs.
func saidOf(t *testing.T, data []byte) []string {
	t.Helper()
	var d struct {
		Summary string
		Lines   []struct {
			Text   string
			HeldBy []struct{ Text string } `json:"held_by"`
		}
		Gaps []struct{ What, Cause string } `json:"could_not_look"`
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatalf("standard output is not the diagnosis alone: %v\n%s", err, data)
	}
	age := regexp.MustCompile(`\d+ (minutes?|hours|days)`)
	said := []string{d.Summary}
	for _, line := range d.Lines {
		said = append(said, age.ReplaceAllString(line.Text, "some $1"))
		for _, held := range line.HeldBy {
			said = append(said, age.ReplaceAllString(held.Text, "some $1"))
		}
	}
	for _, gap := range d.Gaps {
		said = append(said, gap.What+": "+gap.Cause)
	}
	return said
}

// The shipped exe says of a machine what is said of the same site when it is constructed, and so
// does its recording.
func TestWindowsProgramDiagnoses(t *testing.T) {
	exe := windowsProgram(t)
	for _, test := range []struct {
		site string
		exit int
	}{
		{"primary", 0},
		{"stuck/synchronization-outbox", 2},
		{"stuck/installation-blocked", 2},
	} {
		t.Run(test.site, func(t *testing.T) {
			s := newSiteServer(t, exe, test.site, nil)
			live := s.run(t, "diagnose", "--format", "json", "--sql-user", "siteready")
			if live.ExitCode != test.exit {
				t.Errorf("exit code %d, wanted %d\n%s%s", live.ExitCode, test.exit, live.Stderr, live.Stdout)
			}
			constructed := filepath.Join(t.TempDir(), "constructed.siteready")
			recordConstructed(t, s.tree, constructed)
			want, code := diagnosedHere(t, constructed)
			if code != test.exit {
				t.Errorf("the constructed site ends with %d, wanted %d", code, test.exit)
			}
			got := saidOf(t, live.Stdout)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the exe says otherwise (- constructed, + exe):\n%s", diff)
			}
			if record := s.run(t, "record", "-o", `C:\site.siteready`, "--sql-user", "siteready"); record.ExitCode != 0 {
				t.Fatalf("record: exit code %d\n%s", record.ExitCode, record.Stderr)
			}
			if replayed, _ := diagnosedHere(t, s.Path(`C:\site.siteready`)); cmp.Diff(got, replayed) != "" {
				t.Errorf("the replay says otherwise (- exe, + replay):\n%s", cmp.Diff(got, replayed))
			}
		})
	}
}

// diagnosedHere is what is said on this machine of a recording.
func diagnosedHere(t *testing.T, file string) (said []string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), []string{"diagnose", "--no-config", "--format", "json", "--site", file}, strings.NewReader(""), &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Error(stderr.String())
	}
	return saidOf(t, stdout.Bytes()), code
}
