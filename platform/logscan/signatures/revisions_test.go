package signatures_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"siteready/platform/logscan/signatures"
)

var update = flag.Bool("update", false, "pin what the signatures and rules look for anew")

// pins are what each signature and rule of the catalogue looks for: id, revision and digest.
func pins(t *testing.T) []string {
	t.Helper()
	known, err := signatures.Known()
	if err != nil {
		t.Fatal(err)
	}
	later := map[string]int64{}
	for revision := int64(1); revision < signatures.Revision; revision++ {
		for _, id := range signatures.After(revision) {
			later[id] = revision + 1
		}
	}
	var all []string
	pin := func(id string, looksFor ...any) {
		all = append(all, fmt.Sprintf("%s\t%d\t%x", id, max(1, later[id]), sha256.Sum256(fmt.Appendf(nil, "%q", looksFor)))[:len(id)+len("\t1\t")+12])
	}
	for _, s := range known.All {
		pin(s.ID, s.Literal, s.And, s.Not, s.Provider, s.Event, s.Rank) // by its rank it wins over others
	}
	for _, r := range known.Rules {
		pin(r.ID, r.Kind, r.Log, r.Component, r.Begin, r.End, r.Follow, r.Key, r.KeyIn, r.Answer, r.Times, r.Within, r.After, r.Ends, r.Unless)
	}
	slices.Sort(all)
	return all
}

// A recording of an earlier revision says nothing of what came later. So what is new, and what looks
// for something else now, has a place in the list of what came after revision 1. Until the first
// release, -update pins it as revision 1.
func TestRevisions(t *testing.T) {
	path := filepath.Join("testdata", "revisions.tsv")
	got := pins(t)
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pinned := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, line := range got {
		if !slices.Contains(pinned, line) {
			t.Errorf("%q is not pinned: raise Revision, list the id in later, then run go test ./platform/logscan/signatures -run TestRevisions -update", line)
		}
	}
	for _, line := range pinned {
		if !slices.Contains(got, line) {
			t.Errorf("%q is pinned, and no longer so", line)
		}
	}
}

func TestAfter(t *testing.T) {
	if ids := signatures.After(signatures.Revision); len(ids) != 0 {
		t.Errorf("after the newest revision came %v", ids)
	}
}
