package history_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"siteready/report"
	"siteready/report/history"
)

// index is a whole index of three nights.
func index(t testing.TB) []byte {
	t.Helper()
	var text []byte
	for _, e := range entries(run(1, "x.y failed a=failed", "x.z passed"), run(2, "x.y unknown", "x.z not_selected"), run(3, "x.y warning a=warning", "x.z waived b=waived")).Entries {
		line, err := history.Line(e)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	return text
}

// Whatever an index holds, it is read without a panic; what is taken from it was sealed by a
// run, stands there once and in order, and what is not taken is told.
func FuzzIndex(f *testing.F) {
	whole := index(f)
	f.Add(whole)
	f.Add([]byte{})
	f.Add(whole[:len(whole)-7])
	f.Add(append([]byte("\ufeff"), bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n"))...))
	f.Add(append(slices.Clone(whole), whole...))
	f.Add(bytes.Replace(whole, []byte("NIGHT2"), []byte("../../x"), 1))
	f.Add([]byte(`{"siteready_history":1,"sha256":""}` + "\n" + `{"siteready_history":2}` + "\nnull\n[]\n\n\x00\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		runs := history.ParseIndex(data)
		told := 0
		for line := range strings.SplitSeq(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
			if strings.TrimSuffix(line, "\r") != "" {
				told++
			}
		}
		known := map[string]bool{}
		for i, e := range runs.Entries {
			line, err := history.Line(e)
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(e.RunID, `./\:`) || known[e.RunID] {
				t.Errorf("the run id %q", e.RunID)
			}
			known[e.RunID] = true
			if again := history.ParseIndex(line); len(again.Entries) != 1 || len(again.Problems) > 0 {
				t.Errorf("%s is not read again: %q", line, again.Problems)
			}
			if i > 0 && e.ReadAt.Before(runs.Entries[i-1].ReadAt) {
				t.Error("the runs are out of order")
			}
		}
		if len(runs.Entries)+len(runs.Problems) > told || told > 0 && len(runs.Entries)+len(runs.Problems) == 0 {
			t.Errorf("of %d lines %d were taken and %d are told", told, len(runs.Entries), len(runs.Problems))
		}
		// What another version may have sealed.
		var e history.Entry
		if first, _, _ := bytes.Cut(data, []byte("\n")); json.Unmarshal(first, &e) == nil {
			e.Schema = history.Schema
			if line, err := history.Line(e); err == nil {
				runs.Entries = append(runs.Entries, history.ParseIndex(line).Entries...)
			}
		}
		h := history.Since(runs, run(4, "x.y failed a=failed", "x.z passed"))
		for _, finding := range h.Findings {
			if finding.Runs < 1 || finding.Since.IsZero() {
				t.Errorf("%+v", finding)
			}
		}
		if h.State == report.HistoryFirst && h.Runs > 0 {
			t.Errorf("%d runs, and the first", h.Runs)
		}
	})
}

// Whichever byte of an index is changed, and wherever it is cut, no run is read that was not
// written, and a run that is missing is told.
func TestDamagedIndex(t *testing.T) {
	whole := index(t)
	want := map[string]history.Entry{}
	for _, e := range history.ParseIndex(whole).Entries {
		want[e.RunID] = e
	}
	if len(want) != 3 {
		t.Fatalf("%d runs", len(want))
	}
	judge := func(what string, at int, data []byte) {
		t.Helper()
		runs := history.ParseIndex(data)
		for _, e := range runs.Entries {
			if diff := cmp.Diff(want[e.RunID], e, cmpopts.IgnoreUnexported(history.Entry{})); diff != "" {
				t.Fatalf("%s %d: %s", what, at, diff)
			}
		}
		if what != "cut at" && len(runs.Entries) < 3 && len(runs.Problems) == 0 {
			t.Fatalf("%s %d: %d runs, and nothing is told", what, at, len(runs.Entries))
		}
	}
	for at := range whole {
		for _, bit := range []byte{0x01, 0x10, 0x80} {
			spoilt := slices.Clone(whole)
			spoilt[at] ^= bit
			judge("changed at", at, spoilt)
		}
		judge("cut at", at, whole[:at])
	}
}
