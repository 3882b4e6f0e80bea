package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/report"
	"siteready/report/history"
)

func TestForeignFilesStay(t *testing.T) {
	dir := folder(t)
	series, _, _ := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	foreign := []string{
		"before the update.siteready.gz", "copy.json.gz", ".siteready-notes", ".siteready-", "20261101T020000Z-A_B.siteready.gz", "x20261101T020000Z-AB.siteready.gz",
	}
	for _, name := range foreign {
		write(t, filepath.Join(series.Dir(), name), []byte("somebody's"))
	}
	_, r, k := kept(t, dir, run(2, "x.y failed a=failed"), history.Limits{Runs: 1, Age: time.Hour})
	if len(r.History.Problems)+len(k.Problems) > 0 {
		t.Errorf("%q %q", r.History.Problems, k.Problems)
	}
	assertFiles(t, series, append(foreign, filepath.Base(series.ReportPath(k.Entry)), filepath.Base(series.RecordingPath(k.Entry)), "index.jsonl", "lock")...)
}

func TestADamagedIndexTakesNoRecordingAway(t *testing.T) {
	dir := folder(t)
	series, _, first := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	kept(t, dir, run(2, "x.y failed a=failed"), history.Limits{})
	index := filepath.Join(series.Dir(), history.IndexName)
	text := read(t, index)
	text[100] ^= 1
	write(t, index, text)
	if err := os.Remove(series.ReportPath(first.Entry)); err != nil {
		t.Fatal(err)
	}
	kept(t, dir, run(3, "x.y failed a=failed"), history.Limits{})
	if _, err := os.Stat(series.RecordingPath(first.Entry)); err != nil {
		t.Error(err)
	}
}

func TestADamagedRecordingIsTold(t *testing.T) {
	dir := folder(t)
	series, _, first := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	_, _, second := kept(t, dir, run(2, "x.y failed a=failed"), history.Limits{})
	write(t, series.RecordingPath(first.Entry), read(t, series.RecordingPath(first.Entry))[:20])
	if err := errors.Join(os.Remove(series.RecordingPath(second.Entry)), os.Remove(filepath.Join(series.Dir(), history.IndexName))); err != nil {
		t.Fatal(err)
	}
	_, r, k := kept(t, dir, run(3, "x.y failed a=failed"), history.Limits{})
	if k.Adopted != 2 || len(r.History.Problems) != 1 || !strings.Contains(r.History.Problems[0], "is taken up without its recording, which cannot be used: it was cut") {
		t.Errorf("%+v %q", k, r.History.Problems)
	}
	if runs := runsOf(t, series); ids(runs) != "1 2 3" || runs.Entries[0].RecordingSHA256 != "" {
		t.Errorf("%s %+v", ids(runs), runs.Entries)
	}
}

func TestManyProblems(t *testing.T) {
	runs := history.ParseIndex(bytes.Repeat([]byte("x\n"), 100_000))
	if n := len(runs.Problems); n != 11 || runs.Problems[10] != "99990 more lines are damaged and were skipped" {
		t.Errorf("%d problems: %s", n, runs.Problems[n-1])
	}
	dir := folder(t)
	series, _, _ := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	for n := range 30 {
		write(t, filepath.Join(series.Dir(), fmt.Sprintf("20261101T0200%02dZ-DAMAGED.json.gz", n)), []byte("x"))
	}
	_, r, _ := kept(t, dir, run(2, "x.y failed a=failed"), history.Limits{})
	if n := len(r.History.Problems); n != 11 || !strings.HasPrefix(r.History.Problems[10], "20 more reports") {
		t.Errorf("%d problems: %s", n, r.History.Problems[n-1])
	}
	if err := os.Truncate(filepath.Join(series.Dir(), history.IndexName), 1<<30); err != nil {
		t.Fatal(err)
	}
	if _, err := series.Runs(); err == nil || !strings.Contains(err.Error(), "has more than 256 MiB") {
		t.Error(err)
	}
}

func TestAnIndexThatIsTooLarge(t *testing.T) {
	runs := entries(run(1, "x.y failed a=failed"), run(2, "x.y failed a=failed"))
	whole, err := history.EncodeIndex(runs.Entries, 1<<20)
	if err != nil || ids(history.ParseIndex(whole)) != "1 2" {
		t.Fatalf("%v %s", err, whole)
	}
	if _, err := history.EncodeIndex(runs.Entries, len(whole)); err != nil {
		t.Error(err)
	}
	if _, err := history.EncodeIndex(runs.Entries, len(whole)-1); err == nil || !strings.Contains(err.Error(), "of 2 runs is too large; keep fewer") {
		t.Error(err)
	}
}

func TestNotTheFirst(t *testing.T) {
	dir := folder(t)
	series, _, first := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	write(t, filepath.Join(series.Dir(), history.IndexName), []byte("what is this\n"))
	write(t, series.ReportPath(first.Entry), []byte("and this"))
	if _, r, _ := kept(t, dir, run(2, "x.y failed a=failed"), history.Limits{}); r.History.State != report.HistoryUnknown || len(r.History.Problems) != 2 {
		t.Errorf("%+v", r.History)
	}
}

func TestTheIndexIsMadeAgain(t *testing.T) {
	dir := folder(t)
	var series *history.Series
	for n := 1; n <= 4; n++ {
		series, _, _ = kept(t, dir, run(n, "x.y failed a=failed"), history.Limits{})
	}
	index := filepath.Join(series.Dir(), history.IndexName)
	if err := os.Remove(index); err != nil {
		t.Fatal(err)
	}
	_, r, _ := kept(t, dir, run(5, "x.y failed a=failed"), history.Limits{})
	if diff := cmp.Diff([]string{"unchanged x.y/a failed>failed 5 since 1"}, told(r.History)); diff != "" {
		t.Error(diff)
	}
}

func TestDamage(t *testing.T) {
	dir := folder(t)
	var series *history.Series
	for n := 1; n <= 3; n++ {
		series, _, _ = kept(t, dir, run(n, "x.y failed a=failed"), history.Limits{})
	}
	index := filepath.Join(series.Dir(), history.IndexName)
	lines := strings.SplitAfter(string(read(t, index)), "\n")
	lines[1] = strings.Replace(lines[1], `"verdict":"READY"`, `"verdict":"BLOCKED"`, 1)
	damaged := strings.Join(lines, "") + `{"siteready_history":1,"run_id":"TORN","read_`
	write(t, index, []byte(damaged))
	runs := runsOf(t, series)
	if ids(runs) != "1 3" || len(runs.Problems) != 2 || !strings.Contains(runs.Problems[0], "line 2 is damaged and was skipped: it does not fit its checksum") || !strings.Contains(runs.Problems[1], "line 4") {
		t.Fatalf("%s %q", ids(runs), runs.Problems)
	}
	write(t, series.ReportPath(runs.Entries[1]), []byte("this is no file of gzip"))
	_, r, k := kept(t, dir, run(4, "x.y failed a=failed"), history.Limits{})
	if k.Adopted != 1 || r.History.Runs != 3 || len(r.History.Problems) != 2 {
		t.Errorf("%+v %+v", k, r.History)
	}
	if got := string(read(t, filepath.Join(series.Dir(), history.DamagedName))); got != damaged {
		t.Errorf("set aside is %q", got)
	}
	runs = runsOf(t, series)
	if ids(runs) != "1 2 3 4" || len(runs.Problems) > 0 {
		t.Errorf("%s %q", ids(runs), runs.Problems)
	}
	if _, err := series.Load(runs.Entries[2]); err == nil || !strings.Contains(err.Error(), "it is damaged") {
		t.Errorf("a damaged report: %v", err)
	}
}

func TestDamagedReportsAreNeverBelieved(t *testing.T) {
	dir := folder(t)
	series, _, k := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	path := series.ReportPath(k.Entry)
	whole := read(t, path)
	for at := range whole {
		if at >= 4 && at < 10 { // the time, flags and system in the header of gzip, which change no byte of what is in it
			continue
		}
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 0x10
		write(t, path, spoilt)
		if _, err := series.Load(k.Entry); err == nil {
			t.Fatalf("byte %d was changed, and nobody says so", at)
		}
		if at%7 > 0 {
			continue
		}
		write(t, path, whole[:at])
		if _, err := series.Load(k.Entry); err == nil {
			t.Fatalf("it was cut at %d, and nobody says so", at)
		}
	}
	recording := series.RecordingPath(k.Entry)
	write(t, path, whole)
	write(t, recording, read(t, recording)[:20])
	if text, err := series.LoadRecording(k.Entry); err == nil || text != nil {
		t.Errorf("a recording that was cut: %q", text)
	}
	if loaded, err := series.Load(k.Entry); err != nil || loaded.Recording != nil || !strings.Contains(loaded.RecordingProblem, "it was cut") {
		t.Errorf("%v %q %q", err, loaded.Recording, loaded.RecordingProblem)
	}
	// Another run's report under its name.
	_, _, other := kept(t, dir, run(2, "x.y passed"), history.Limits{})
	write(t, path, read(t, series.ReportPath(other.Entry)))
	if _, err := series.Load(k.Entry); err == nil || !strings.Contains(err.Error(), "not the one that the index means") {
		t.Errorf("another run's report: %v", err)
	}
}

func TestAnIndexThatCannotBeRead(t *testing.T) {
	dir := folder(t)
	series, _, _ := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	index := filepath.Join(series.Dir(), history.IndexName)
	if err := errors.Join(os.Remove(index), os.Mkdir(index, 0o700)); err != nil {
		t.Fatal(err)
	}
	r := run(2, "x.y failed a=failed")
	_, err := series.Keep(t.Context(), &r, nil, history.Limits{})
	if err == nil || r.History.State != report.HistoryUnknown || len(r.History.Problems) != 1 || len(r.History.Findings) > 0 {
		t.Errorf("%v %+v", err, r.History)
	}
	if entries, err := os.ReadDir(series.Dir()); err != nil || len(entries) != 4 {
		t.Errorf("%v %v", entries, err)
	}
}
