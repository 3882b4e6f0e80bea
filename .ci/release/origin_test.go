package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckVersion(t *testing.T) {
	for number, good := range map[string]bool{
		"1.2.3": true, "0.0.0": true, "255.255.65535": true,
		"": false, "1.2": false, "1.2.3.4": false, "1.2.x": false, "1.2.-3": false, "v1.2.3": false,
		"256.0.0": false, "0.256.0": false, "0.0.65536": false, "01.2.3": false, "+1.2.3": false,
	} {
		if err := checkVersion(number); (err == nil) != good {
			t.Errorf("the version %q: %v", number, err)
		}
	}
}

func TestOriginOf(t *testing.T) {
	folder := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		c := command{dir: folder, name: "git", args: append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"}, args...), env: []string{"GIT_COMMITTER_DATE=1700000000 +0500"}}
		if _, err := c.run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(number, epoch, version, text string, at int64) {
		t.Helper()
		got, err := originOf(t.Context(), folder, number, environment(map[string]string{"SOURCE_DATE_EPOCH": epoch}))
		if err != nil || got.version != version || !strings.HasPrefix(got.text, text) || got.at.Unix() != at {
			t.Errorf("%+v, %v; wanted %s, %s, %d", got, err, version, text, at)
		}
	}
	refused := func(number, epoch, says string) {
		t.Helper()
		got, err := originOf(t.Context(), folder, number, environment(map[string]string{"SOURCE_DATE_EPOCH": epoch}))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v, %v; wanted an error with %q", got, err, says)
		}
	}
	refused("", "", "git describe")
	git("init", "--quiet")
	git("commit", "--quiet", "--allow-empty", "--message", "one")
	git("commit", "--quiet", "--allow-empty", "--message", "two")
	wants("", "", "0.0.2", "", 1700000000)
	wants("3.4.5", "", "3.4.5", "", 1700000000)
	wants("", "1600000000", "0.0.2", "", 1600000000)
	git("tag", "v1.2.3")
	wants("", "", "1.2.3", "v1.2.3", 1700000000)
	refused("1.2", "", "three numbers")
	refused("", "yesterday", "SOURCE_DATE_EPOCH")
	refused("", "-1", "SOURCE_DATE_EPOCH")

	// A changed tree is no release, whatever the commit's tag is.
	write(t, filepath.Join(folder, "file"), "x")
	git("add", "file")
	wants("", "", "0.0.2", "v1.2.3-dirty", 1700000000)
	git("commit", "--quiet", "--message", "three")
	git("tag", "v1.300.0")
	refused("", "", `"300" is not a number from 0 to 255`)
}

func TestCopySource(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if _, err := (command{dir: from, name: "git", args: []string{"init", "--quiet"}}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{".gitignore": "build/\n*.syso\n", "a.go": "a", "b/c d.go": "c", "build/x": "x", "left.syso": "s", "gone": "g"} {
		write(t, filepath.Join(from, name), content)
	}
	if _, err := (command{dir: from, name: "git", args: []string{"add", "."}}).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(from, "a.go"), "changed")
	write(t, filepath.Join(from, "new.go"), "new")
	if err := os.Remove(filepath.Join(from, "gone")); err != nil {
		t.Fatal(err)
	}
	if err := copySource(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.go": "changed", "b/c d.go": "c", "new.go": "new", "build/x": "", "left.syso": "", "gone": ""} {
		got, err := os.ReadFile(filepath.Join(to, name))
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s has %q, %v; wanted %q", name, got, err, want)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
