package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/report"
)

// Read takes what JSON wrote, and nothing that was changed since then.
func TestRead(t *testing.T) {
	want := report.New(site())
	var text bytes.Buffer
	if err := report.JSON(&text, want); err != nil {
		t.Fatal(err)
	}
	got, err := report.Read(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Canonical().Counts, got.Canonical().Counts); diff != "" || got.RunID != want.RunID {
		t.Error(diff)
	}
	for name, change := range map[string]func(string) string{
		"another verdict": func(s string) string { return strings.Replace(s, `"verdict": "BLOCKED"`, `"verdict": "READY"`, 1) },
		"cut":             func(s string) string { return s[:len(s)/2] },
		"no checksum":     func(s string) string { return s[:strings.LastIndex(s, `"sha256": "`)] + `"sha256": ""` + "\n}\n" },
		"another schema":  func(s string) string { return strings.Replace(s, `"schema": 1`, `"schema": 2`, 1) },
		"another tool":    func(s string) string { return strings.Replace(s, `"name": "siteready"`, `"name": "other"`, 1) },
		"nothing":         func(string) string { return "" },
		"a list":          func(string) string { return "[]" },
	} {
		changed := change(text.String())
		if changed == text.String() {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := report.Read([]byte(changed)); err == nil {
			t.Errorf("%s: it is taken for a report", name)
		}
	}
}
