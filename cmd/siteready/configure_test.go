//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/sqlserver"
)

// program is a copy of the program in a folder of its own.
func programIn(t *testing.T, folder string) string {
	t.Helper()
	found, err := exec.LookPath("siteready")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "siteready")
	if err := os.WriteFile(path, readFile(t, found), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// runs starts the program, and returns its exit code, standard output and standard error.
func runs(t *testing.T, program string, args ...string) (int, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = t.TempDir() // not where the program lies
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// The file beside the program is in force without a word, but not for the demonstration, and
// not when another or none is named.
func TestConfigurationBesideTheProgram(t *testing.T) {
	folder := t.TempDir()
	program := programIn(t, folder)
	file := filepath.Join(folder, "siteready.yaml")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file, "timeout: 77s\nsql:\n  ca: root.pem\n")
	another := filepath.Join(t.TempDir(), "another.yaml")
	write(another, "timeout: 88s\n")

	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"beside the program", []string{"config"}, "1m17s"},
		{"another", []string{"config", "--config", another}, "1m28s"},
		{"none", []string{"config", "--no-config"}, "5m0s"},
		{"a flag wins", []string{"config", "--timeout", "99s"}, "1m39s"},
	} {
		code, stdout, stderr := runs(t, program, test.args...)
		if code != 0 || stderr != "" || !strings.Contains(stdout, " "+test.want+" ") {
			t.Errorf("%s: exit code %d, wanted %s\n%s%s", test.name, code, test.want, stdout, stderr)
		}
	}
	if _, stdout, _ := runs(t, program, "config"); !strings.Contains(stdout, filepath.Join(folder, "root.pem")) {
		t.Errorf("a path is not taken from the folder of the file:\n%s", stdout)
	}

	write(file, "timeuot: 77s\n")
	for _, args := range [][]string{{}, {"check"}, {"check", "--site", "x"}, {"record", "-o", "x"}, {"config"}} {
		code, stdout, stderr := runs(t, program, args...)
		want := "siteready: " + file + ":1:1: unknown key \"timeuot\"; did you mean timeout?\n"
		if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, want) {
			t.Errorf("%q: exit code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"demo"}, {"checks"}, {"version"}, {"questions"}, {"config", "--no-config"}, {"config", "--example"}} {
		if code, _, stderr := runs(t, program, args...); code == exitUsage || stderr != "" {
			t.Errorf("%q reads the file beside the program: %d, %s", args, code, stderr)
		}
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(folder, "siteready.yaml.txt"), "timeout: 77s\n")
	code, stdout, stderr := runs(t, program, "config")
	if code != 0 || !strings.Contains(stdout, " 5m0s ") || !strings.Contains(stderr, "siteready.yaml.txt is not read: a configuration beside the program is called siteready.yaml\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}

	// What is there and cannot be read is never taken for nothing.
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runs(t, program, "config"); code != exitUsage || !strings.Contains(stderr, "cannot be read") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "gone"), file); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runs(t, program, "config"); code != exitUsage || !strings.Contains(stderr, "cannot be read") {
		t.Errorf("a link that leads nowhere: exit code %d, %s", code, stderr)
	}
}

// The words that a configuration takes are those of the flag.
func TestEncryptionWords(t *testing.T) {
	for _, word := range rules().Encryption {
		if got, err := sqlserver.ParseEncryption(word); err != nil || string(got) != word {
			t.Errorf("%s is %s: %v", word, got, err)
		}
	}
	if n := len(rules().Encryption); n != 4 {
		t.Errorf("%d words", n)
	}
}

func TestJudgedFor(t *testing.T) {
	berlin := time.FixedZone("there", 3600)
	readAt := time.Date(2026, 11, 20, 2, 0, 0, 500, time.UTC)
	for _, test := range []struct{ at, want string }{
		{"", "2026-11-20T02:00:00.0000005Z"},
		{"2026-11-28T22:00:00Z", "2026-11-28T22:00:00Z"},
		{"2026-11-28T22:00:00-05:00", "2026-11-29T03:00:00Z"},
		{"2026-11-28 22:00", "2026-11-28T21:00:00Z"},
		{" 2026-11-28 ", "2026-11-28T22:59:00Z"},
		{"2026-11-20", "2026-11-20T22:59:00Z"}, // the day of the reading is still to come
		{"2026-11-20T02:00:01Z", "2026-11-20T02:00:01Z"},
		{"2036-11-20T02:00:00Z", "2036-11-20T02:00:00Z"},
	} {
		got, err := judgedFor("--at", test.at, readAt, berlin)
		if err != nil || got.Format(time.RFC3339Nano) != test.want || got.Location() != time.UTC {
			t.Errorf("%q is %v, wanted %s: %v", test.at, got, test.want, err)
		}
	}
	for at, want := range map[string]string{
		"2026-11-20T02:00:00Z": "before the facts were read (2026-11-20 02:00 UTC)", // half a microsecond
		"2026-11-20 02:59":     "is 2026-11-20 01:59 UTC, before the facts were read",
		"2026-11-19":           "before the facts were read",
		"0001-01-01":           "before the facts were read",
		"2036-11-21":           "more than 10 years after",
		"9999-12-31":           "more than 10 years after",
		"22:00":                "is no time",
		"2026-02-30":           "is no time",
		"28.11.2026":           "is no time",
		"2026-11-28 22":        "is no time",
		" ":                    "is no time",
	} {
		if got, err := judgedFor("--at", at, readAt, berlin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, wanted %q: %v", at, got, want, err)
		}
	}
}

// A recording holds what is asked for the account that will update, beside all that is asked
// when no account is named.
func TestRecordAsksForTheSetupAccount(t *testing.T) {
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	asked := func(account string) map[platform.Question]platform.Outcome {
		m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
		if err := askEverything(t.Context(), m, checks.Conditions{JudgedFor: site.ReadAt, SetupAccount: account}); err != nil {
			t.Fatal(err)
		}
		return m.Outcomes()
	}
	without, with := asked(""), asked(`CONTOSO\cm-setup`)
	for q := range without {
		if _, found := with[q]; !found {
			t.Errorf("with an account %s is not asked", q)
		}
	}
	named := 0
	for q := range with {
		if strings.Contains(q.String(), `CONTOSO\cm-setup`) {
			named++
		}
	}
	if named == 0 {
		t.Error("nothing is asked about the account")
	}
}
