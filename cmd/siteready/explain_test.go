//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"siteready/checks/catalog"
	"siteready/report"
)

// docs/checks holds the pages that `siteready explain` prints: one for each check, an index,
// and nothing else.
func TestPagesOfChecks(t *testing.T) {
	const folder = "../../docs/checks"
	pages := map[string]string{}
	var index strings.Builder
	index.WriteString("# The checks\n\nEach page is what `siteready explain ID` prints. `make golden` writes them from the checks themselves.\n")
	area := ""
	for _, page := range explained(catalog.All()) {
		var text bytes.Buffer
		if err := report.ExplainMarkdown(&text, page); err != nil {
			t.Fatal(err)
		}
		pages[page.Check.ID+".md"] = text.String()
		if page.Area.ID != area {
			area = page.Area.ID
			fmt.Fprintf(&index, "\n## %s\n\n", page.Area.Title)
		}
		fmt.Fprintf(&index, "- [%s](%[1]s.md): %s\n", page.Check.ID, page.Check.Title)
	}
	pages["README.md"] = index.String()
	if *update {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, known := pages[entry.Name()]; !known {
			if !*update {
				t.Errorf("docs/checks/%s belongs to no check", entry.Name())
			} else if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
				t.Error(err)
			}
		}
	}
	for name, want := range pages {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("docs/checks/%s is not what siteready explain prints (%v); make golden writes it", name, err)
		}
	}
}

// Each page says how far the check is proven, with a sentence for each kind of question.
func TestPagesSayWhatIsProven(t *testing.T) {
	for _, page := range explained(catalog.All()) {
		if len(page.Proven) == 0 || slices.Contains(page.Proven, "") {
			t.Errorf("%s: proven %q", page.Check.ID, page.Proven)
		}
		if page.Shared+len(page.Own) > len(page.Check.Reads) {
			t.Errorf("%s: more questions on its page than it declares", page.Check.ID)
		}
	}
}
