package sqlservertest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestTediousLock: each package is pinned by its hash, and no registry is named: npm asks the one that it is set to.
func TestTediousLock(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "tedious", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string } `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	if len(lock.Packages) < 2 {
		t.Fatalf("%d packages are locked", len(lock.Packages))
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%s is bound to %s", name, p.Resolved)
		}
		if name != "" && p.Integrity == "" {
			t.Errorf("%s has no hash", name)
		}
	}
}
