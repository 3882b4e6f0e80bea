package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"siteready/cmd/siteready/demo"
	"siteready/platform/recording"
	"siteready/report"
)

// judgeable is the part of the demonstration that the checks ask for: damage to it shows in a
// verdict.
func judgeable(t *testing.T) []string {
	t.Helper()
	r, _ := judgedSite(t, demo.Site)
	asked := map[string]bool{}
	for _, c := range r.Checks {
		for _, e := range c.Evidence {
			q := e.Question
			question, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			asked[string(question)] = true
		}
	}
	lines := slices.Collect(strings.Lines(string(demo.Site)))
	kept := lines[:1:1]
	for _, line := range lines[1:] {
		question, _, _ := strings.Cut(line, "\t")
		if asked[question] || strings.Contains(question, `"kind":"sql"`) {
			kept = append(kept, line)
		}
	}
	if len(kept) < 15 {
		t.Fatalf("only %d questions of the demonstration are judged", len(kept)-1)
	}
	var h recording.Header
	if err := json.Unmarshal([]byte(lines[0]), &h); err != nil {
		t.Fatal(err)
	}
	kept[0] = strings.Replace(lines[0], fmt.Sprintf(`"questions":%d`, h.Questions), fmt.Sprintf(`"questions":%d`, len(kept)-1), 1)
	return kept
}

// judgedSite is the report on a recording and the exit code; without a report the code is 64,
// and standard error has said why.
func judgedSite(t *testing.T, data []byte) (report.Report, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"check", "--site", "-", "--format", "json", "--target", "2509"}, bytes.NewReader(data), &stdout, &stderr)
	var r report.Report
	switch {
	case code == exitUsage:
		if stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("exit code 64 with standard output %q and standard error %q", &stdout, &stderr)
		}
	case code > 3 || stderr.Len() > 0:
		t.Errorf("exit code %d: %s", code, &stderr)
	default:
		if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
			t.Errorf("no report: %v", err)
		}
		if strings.Contains(stdout.String(), "a bug in") {
			t.Errorf("a panic: %s", &stdout)
		}
	}
	return r, code
}

// statusesIn are the statuses of a report by check.
func statusesIn(r report.Report) map[string]string {
	statuses := map[string]string{}
	for _, c := range r.Checks {
		statuses[c.ID] = c.Status
	}
	return statuses
}

// damaged is a recording that was spoilt, and what must come of it.
type damaged struct {
	data       []byte
	cut        bool // it must end with 64
	unreadable bool // a whole answer: no status may come from it
}

// Hundreds of damages to a recording, each judged by the whole command: exit code 64 or a
// report, never a panic. A check whose answer cannot be read any more could not check, or says
// nothing better by what it has left.
func TestDamagedRecordingsAreJudged(t *testing.T) {
	lines := judgeable(t)
	healthy, code := judgedSite(t, []byte(strings.Join(lines, "")))
	if code != 2 || len(healthy.Checks) < 8 {
		t.Fatalf("the recording that is damaged ends with %d", code)
	}
	before := statusesIn(healthy)
	var group sync.WaitGroup
	var met [exitUsage + 1]atomic.Int32
	var lost atomic.Int32 // checks that could not check any more
	for seed := range uint64(4) {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 4))
			for i := range 75 {
				what := fmt.Sprintf("damage %d of seed %d", i, seed)
				d := damagedSite(rng, lines)
				r, code := judgedSite(t, d.data)
				if code > exitUsage || d.cut && code != exitUsage {
					t.Errorf("%s: exit code %d", what, code)
					return
				}
				met[code].Add(1)
				if code == exitUsage {
					continue
				}
				after := statusesIn(r)
				if len(after) != len(before) {
					t.Errorf("%s: %d checks became %d", what, len(before), len(after))
				}
				for id, status := range after {
					if status == "unknown" && before[id] != status {
						lost.Add(1)
					}
					worse := status == "unknown" || status == "warning" && before[id] != "failed" // by another way that still answers
					if d.unreadable && status != before[id] && !worse {
						t.Errorf("%s: %s was %s and became %s:\n%.3000s", what, id, before[id], status, d.data)
					}
				}
			}
		})
	}
	group.Wait()
	for _, code := range []int{2, exitUsage} {
		if met[code].Load() == 0 {
			t.Errorf("no damage ended with exit code %d", code)
		}
	}
	if lost.Load() == 0 {
		t.Error("no damage made a check that could not check")
	}
}

// damagedSite spoils a recording in one of the ways in which files are spoilt.
func damagedSite(rng *rand.Rand, lines []string) damaged {
	whole := []byte(strings.Join(lines, ""))
	changed := slices.Clone(lines)
	at := 1 + rng.IntN(len(lines)-1)
	question, outcome, _ := strings.Cut(strings.TrimSuffix(lines[at], "\n"), "\t")
	with := func(outcome string) []byte {
		changed[at] = question + "\t" + outcome + "\n"
		return []byte(strings.Join(changed, ""))
	}
	switch rng.IntN(9) {
	case 0, 1, 2, 3: // one bit, which may leave a valid value
		whole[rng.IntN(len(whole))] ^= 1 << rng.IntN(8)
		return damaged{data: whole}
	case 4:
		return damaged{data: whole[:rng.IntN(len(whole))], cut: true}
	case 5: // a whole line lost
		return damaged{data: []byte(strings.Join(slices.Delete(changed, at, at+1), "")), cut: true}
	case 6:
		return damaged{data: with(outcome[:rng.IntN(len(outcome))]), unreadable: true}
	case 7: // another type, a huge number, nesting
		wrong := []string{`7`, `"x"`, `true`, `null`, `1e999`, `-` + strings.Repeat("9", 400), strings.Repeat("[", 1+rng.IntN(20_000))}
		return damaged{data: with(`{"answer":` + wrong[rng.IntN(len(wrong))] + `}`), unreadable: true}
	default: // the outcome of another line
		_, other, _ := strings.Cut(strings.TrimSuffix(lines[1+rng.IntN(len(lines)-1)], "\n"), "\t")
		return damaged{data: with(other)}
	}
}

// A flip that leaves a valid value is judged as that value.
func TestFlipToAValidValue(t *testing.T) {
	whole := []byte(strings.Join(judgeable(t), ""))
	for _, test := range []struct{ old, new, check, status string }{
		{`"text":"18.3.2.1"`, `"text":"18.4.2.1"`, "drivers.odbc18", "passed"},
		{`"age_minutes":2280`, `"age_minutes":2290`, "recovery.database-backup", "warning"},
		{`"age_minutes":2280`, `"age_minutes":280`, "recovery.database-backup", "passed"},
		{`"age_minutes":2280`, `"age_minutes":-280`, "recovery.database-backup", "unknown"},
		{`"build":20348`, `"build":9600`, "system.windows", "failed"},
		{`"build":20348`, `"build":"0348"`, "system.windows", "unknown"},
	} {
		if bytes.Count(whole, []byte(test.old)) != 1 {
			t.Errorf("%s is not there once", test.old)
			continue
		}
		r, _ := judgedSite(t, bytes.Replace(whole, []byte(test.old), []byte(test.new), 1))
		if got := statusesIn(r)[test.check]; got != test.status {
			t.Errorf("%s instead of %s: %s is %q, wanted %q of %v", test.new, test.old, test.check, got, test.status, slices.Sorted(maps.Keys(statusesIn(r))))
		}
	}
}
