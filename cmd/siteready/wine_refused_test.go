//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/recording"
)

// A machine that refuses, as it is recorded by the program that is shipped: a service manager that
// lets nobody in, a closed key, a closed file and servers that are not there. What is refused is
// told with call, target and number, and no check that asks for it is green.
func TestWindowsProgramRecordsRefusals(t *testing.T) {
	const key, file = `HKLM\SOFTWARE\Microsoft\MSODBCSQL18`, `D:\Program Files\Microsoft Configuration Manager\bin\x64\smsexec.exe`
	s := newSiteServer(t, windowsProgram(t), "primary", map[string]any{"domain": nil, "certificates": nil}) // certificates start Windows
	source, err := os.ReadFile(filepath.Join("../../platform/windows/testdata/shims", "advapi32.c"))
	if err != nil {
		t.Fatal(err)
	}
	s.ReplaceDLL("advapi32", string(source), "OpenSCManagerW")
	s.DenyKey(key)
	s.Deny(file)
	if result := s.run(t, "--sql-user", "siteready", "record", "-o", `C:\site.siteready`); result.ExitCode != 0 {
		t.Fatalf("exit code %d\n%s", result.ExitCode, result.Stderr)
	}
	data, err := os.ReadFile(s.Path(`C:\site.siteready`))
	if err != nil {
		t.Fatal(err)
	}
	site, err := recording.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[platform.Kind]int{}
	for line := range strings.Lines(string(data)) {
		question, _, found := strings.Cut(line, "\t")
		if !found { // the header
			continue
		}
		var q platform.Question
		if err := json.Unmarshal([]byte(question), &q); err != nil {
			t.Fatal(err)
		}
		_, err := site.Read(t.Context(), q)
		var no *platform.NoAnswer
		words, reason := []string(nil), platform.ErrDenied
		switch {
		case q.Kind == platform.KindService:
			words = []string{"OpenSCManager of this machine: ", "(5)"}
		case q.Kind == platform.KindRegistry && q.Where == key:
			words = []string{"RegOpenKeyEx " + key + ": ", "(5)"}
		case q.Kind == platform.KindFile && q.Where == file:
			words = []string{file + ": ", "(5)"}
		case q.Kind == platform.KindShare:
			words, reason = []string{"CreateFile " + q.Where, "("}, platform.ErrUnreachable // Windows would say what is missing of it
		default:
			continue
		}
		refused[q.Kind]++
		if !errors.As(err, &no) || !errors.Is(no, reason) {
			t.Errorf("%s: %v, wanted %v", q, err, reason)
			continue
		}
		for _, word := range words {
			if !strings.Contains(no.Cause, word) {
				t.Errorf("%s: %q does not say %q", q, no.Cause, word)
			}
		}
	}
	for kind, least := range map[platform.Kind]int{platform.KindService: 15, platform.KindRegistry: 2, platform.KindFile: 1, platform.KindShare: 1} {
		if refused[kind] < least {
			t.Errorf("%d questions of kind %s were refused, wanted %d or more: %v", refused[kind], kind, least, refused)
		}
	}
	r, _ := inProcess(t, s.Path(`C:\site.siteready`), "--target", "2509")
	judged := 0
	for _, c := range r.Checks {
		for _, e := range c.Evidence {
			if e.NoAnswer == nil || e.NoAnswer.Reason == platform.ErrAbsent.Error() || e.Use != platform.Asked {
				continue
			}
			judged++
			if c.Status == "passed" || c.Status == "not applicable" || c.Status == "warning" {
				t.Errorf("%s is %s, though it could not read %s: %s", c.ID, c.Status, e.Question, e.NoAnswer.Cause)
			}
		}
	}
	if judged < 5 {
		t.Errorf("only %d refusals were judged", judged)
	}
}
