package history_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"siteready/checks/discovery"
	"siteready/report"
	"siteready/report/history"
)

// folder is an empty folder that is removed when the test has ended. Not t.TempDir: under Wine,
// where these tests run too, the call is missing with which that removes files.
func folder(t testing.TB) string {
	t.Helper()
	top, err := os.MkdirTemp("", "history-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var all []string
		err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
			all = append(all, path)
			return err
		})
		for _, path := range slices.Backward(all) {
			err = errors.Join(err, os.Remove(path))
		}
		if err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(top, "kept")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func opened(t testing.TB, dir string) *history.Store {
	t.Helper()
	s, err := history.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// kept keeps a report in the history of dir.
func kept(t testing.TB, dir string, r report.Report, limits history.Limits) (*history.Series, report.Report, history.Kept) {
	t.Helper()
	series := opened(t, dir).Of(r.Subject)
	k, err := series.Keep(t.Context(), &r, []byte("recording of "+r.RunID), limits)
	if err != nil {
		t.Fatal(err)
	}
	return series, r, k
}

func runsOf(t testing.TB, s *history.Series) history.Runs {
	t.Helper()
	runs, err := s.Runs()
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func ids(runs history.Runs) string {
	var all []string
	for _, e := range runs.Entries {
		all = append(all, strings.TrimPrefix(e.RunID, "NIGHT"))
	}
	return strings.Join(all, " ")
}

// What was kept is read back as it was, and says what changed.
func TestKeepAndLoad(t *testing.T) {
	dir := folder(t)
	_, first, _ := kept(t, dir, run(1, "x.y failed a=failed", "x.z passed"), history.Limits{})
	series, second, k := kept(t, dir, run(2, "x.y passed a=passed", "x.z warning b=warning"), history.Limits{})
	if first.History.State != report.HistoryFirst || second.History.Changes.Fixed != 1 || second.History.Changes.New != 1 {
		t.Errorf("%+v %+v", first.History, second.History)
	}
	runs := runsOf(t, series)
	if ids(runs) != "1 2" || len(runs.Problems) > 0 {
		t.Fatalf("%s %q", ids(runs), runs.Problems)
	}
	last, _ := runs.Last()
	if diff := cmp.Diff(k.Entry, last, cmpopts.IgnoreUnexported(history.Entry{}), cmpopts.IgnoreFields(history.Entry{}, "SHA256")); diff != "" {
		t.Error(diff)
	}
	for i, e := range runs.Entries {
		loaded, err := series.Load(e)
		if err != nil {
			t.Fatal(err)
		}
		want := []report.Report{first, second}[i]
		want.SHA256 = loaded.Report.SHA256
		if diff := cmp.Diff(want.Counts, loaded.Report.Counts); diff != "" || loaded.Report.RunID != want.RunID || loaded.Report.History.State != want.History.State {
			t.Errorf("%s: %s", e.RunID, diff)
		}
		if string(loaded.Recording) != "recording of "+e.RunID || loaded.RecordingProblem != "" {
			t.Errorf("%s: %q %s", e.RunID, loaded.Recording, loaded.RecordingProblem)
		}
	}
	if status, known := last.StatusOf("x.z"); status != "warning" || !known {
		t.Errorf("x.z was %q", status)
	}
}

// Servers have folders of their own, whatever they are called.
func TestServersAreKeptApart(t *testing.T) {
	dir := folder(t)
	for i, name := range []string{"CM01.contoso.com", "cm02", `..\..\evil`, "con", "COM1.contoso.com", "", "ünï", "änö", "本社", "支社", "con.ü", "..", strings.Repeat("x", 300), strings.Repeat("x", 299)} {
		r := run(i+1, "x.y failed a=failed")
		r.Subject.Computer = name
		if _, r, _ = kept(t, dir, r, history.Limits{}); r.History.Runs != 0 {
			t.Errorf("%q is compared with another: %+v", name, r.History)
		}
	}
	all, err := opened(t, dir).All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	long := strings.Repeat("x", 100)
	want := []string{
		"6f13ebd1", "cm01.contoso.com", "cm02", "con-a3ca019d", "evil", "f3f8272f", "n-5a8a32d6", "n-e975a529", "server-com1.contoso.com", "server-con", "unnamed",
		long + "-0d4e2ca9", long + "-17b8309d",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 { // of this test
		t.Errorf("something was written beside the history: %v", entries)
	}
	again := run(20, "x.y failed a=failed")
	again.Subject.Computer = "cm01.CONTOSO.com"
	if _, again, _ = kept(t, dir, again, history.Limits{}); again.History.Changes.Unchanged != 1 {
		t.Errorf("%+v", again.History)
	}
	database := run(21, "x.y failed")
	database.Subject = discovery.Subject{Role: discovery.Remote, Computer: "admin01", SQLServer: `sql01\CM,1433`, Database: "CM_P01"}
	if series, _, _ := kept(t, dir, database, history.Limits{}); series.Name != "sql01-cm-1433_cm_p01" {
		t.Errorf("the folder of a database is %s", series.Name)
	}
}

// Runs are pruned by number and by age, with their files; the one that is being kept never is.
func TestPrune(t *testing.T) {
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		limits history.Limits
		order  []int
		want   string
	}{
		"none":                   {history.Limits{}, []int{1, 2, 3}, "1 2 3"},
		"by number":              {history.Limits{Runs: 2}, []int{1, 2, 3, 4}, "3 4"},
		"to one":                 {history.Limits{Runs: 1}, []int{1, 2, 3}, "3"},
		"by age":                 {history.Limits{Age: 3 * day}, []int{1, 2, 6, 7}, "6 7"},
		"at the edge of the age": {history.Limits{Age: 3 * day}, []int{1, 2, 5, 6}, "2 5 6"},
		"by both":                {history.Limits{Runs: 2, Age: 3 * day}, []int{4, 5, 6}, "5 6"},
		"a clock that is wrong":  {history.Limits{Age: 3 * day}, []int{1, 2, 3, 4000}, "1 2 3 4000"},
		"and right again":        {history.Limits{Age: 3 * day}, []int{1, 2, 3, 4000, 4}, "1 2 3 4 4000"},
		"an old one is kept now": {history.Limits{Runs: 1, Age: day}, []int{9, 1}, "1"},
	} {
		dir := folder(t)
		var series *history.Series
		for _, n := range test.order {
			series, _, _ = kept(t, dir, run(n, "x.y passed"), test.limits)
		}
		runs := runsOf(t, series)
		if got := ids(runs); got != test.want {
			t.Errorf("%s: %s, wanted %s", name, got, test.want)
		}
		var want []string
		for _, e := range runs.Entries {
			want = append(want, filepath.Base(series.ReportPath(e)), filepath.Base(series.RecordingPath(e)))
		}
		assertFiles(t, series, append(want, "index.jsonl", "lock")...)
	}
}

func assertFiles(t testing.TB, s *history.Series, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A history is never begun by a name that was mistyped.
func TestOpen(t *testing.T) {
	dir := folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	series, _, _ := kept(t, folder(t), run(1, "x.y passed"), history.Limits{})
	for path, want := range map[string]string{filepath.Join(dir, "none"): "there is no folder", file: "is no folder", series.Dir(): "name the folder above it"} {
		if _, err := history.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if runs := runsOf(t, opened(t, dir).Of(discovery.Subject{Computer: "none"})); len(runs.Entries)+len(runs.Problems) > 0 {
		t.Errorf("%+v", runs)
	}
}

// What runs leave behind that were killed: temporary files and a recording without its report
// are removed, a report without its line is taken up, and the next run is compared with it.
func TestWhatAKilledRunLeaves(t *testing.T) {
	dir := folder(t)
	kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	index := filepath.Join(dir, "cm01.contoso.com", history.IndexName)
	before := read(t, index)
	series, _, k := kept(t, dir, run(2, "x.y failed a=failed b=failed"), history.Limits{})
	write(t, index, before) // the line of the second was never written
	write(t, filepath.Join(series.Dir(), ".siteready-123"), []byte("half"))
	orphan := filepath.Join(series.Dir(), "20261101T020000Z-ORPHAN.siteready.gz")
	write(t, orphan, []byte("half"))
	_, third, last := kept(t, dir, run(3, "x.y failed a=failed b=failed"), history.Limits{})
	if last.Adopted != 1 || third.History.Runs != 2 || third.History.Changes.Unchanged != 2 || len(third.History.Problems)+len(last.Problems) > 0 {
		t.Errorf("%+v %+v", last, third.History)
	}
	runs := runsOf(t, series)
	if ids(runs) != "1 2 3" {
		t.Errorf("%s", ids(runs))
	}
	if loaded, err := series.Load(runs.Entries[1]); err != nil || string(loaded.Recording) != "recording of NIGHT2" || loaded.Report.RunID != k.Entry.RunID {
		t.Errorf("%v %q", err, loaded.Recording)
	}
	for _, gone := range []string{orphan, filepath.Join(series.Dir(), ".siteready-123")} {
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}

// What others have put into the folder stays there, whatever it is called, and is not told of.
// While a line of the index is damaged a recording may be all that is left of its run.
// A report that is taken up whose recording is damaged says so; one that never had any does not.
// However much of an index is damaged, a report does not grow with it.
// An index that could not be read again is not written.
// Where runs were there and none of them can be read, this one is not called the first.
// The folder of a server may lie elsewhere, and is listed also while its index is lost.
func TestAll(t *testing.T) {
	dir, elsewhere := folder(t), folder(t)
	series, _, _ := kept(t, elsewhere, run(1, "x.y failed a=failed"), history.Limits{})
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "empty"), 0o700), os.WriteFile(filepath.Join(dir, "file"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(series.Dir(), filepath.Join(dir, series.Name)); err != nil {
		t.Fatal(err)
	}
	for _, lost := range []bool{false, true} {
		if lost {
			if err := os.Remove(filepath.Join(series.Dir(), history.IndexName)); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := opened(t, dir).All(); err != nil || len(all) != 1 || all[0].Name != series.Name {
			t.Errorf("lost %v: %v %v", lost, all, err)
		}
	}
}

// An index that was lost is made again of the reports.
// A line that is damaged is told and skipped, its run comes back from the report, and the damaged
// index is set aside. A damaged report is told, and never believed.
// Each byte of a report that is changed, and each place where it is cut, is found.
// Where the index is there and cannot be read, nothing is written over it, and nothing is called new.
// Two runs at once are both kept, one after the other; each line is whole.
func TestRunsAtOnce(t *testing.T) {
	dir := folder(t)
	const n = 8
	done := make(chan error, n)
	for i := range n {
		go func() {
			r := run(i+1, "x.y failed a=failed")
			_, err := opened(t, dir).Of(r.Subject).Keep(t.Context(), &r, []byte("answers"), history.Limits{})
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	runs := runsOf(t, opened(t, dir).Of(discovery.Subject{Computer: "cm01.contoso.com"}))
	if ids(runs) != "1 2 3 4 5 6 7 8" || len(runs.Problems) > 0 {
		t.Errorf("%s %q", ids(runs), runs.Problems)
	}
}

// A run that cannot get the lock says what changed all the same, and that it is not kept.
func TestLocked(t *testing.T) {
	dir := folder(t)
	series, _, _ := kept(t, dir, run(1, "x.y failed a=failed"), history.Limits{})
	unlock, err := history.Lock(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // its patience is at an end
	r := run(2, "x.y failed a=failed b=failed")
	if _, err := series.Keep(ctx, &r, nil, history.Limits{}); err == nil || !strings.Contains(err.Error(), "another run of siteready is writing there") {
		t.Errorf("%v", err)
	}
	if r.History.Changes.New != 1 || ids(runsOf(t, series)) != "1" {
		t.Errorf("%+v", r.History)
	}
	if err := series.Locked(ctx, func() error { t.Error("it is locked"); return nil }); err == nil {
		t.Error("nobody says that it is locked")
	}
	unlock()
	own := errors.New("own")
	if err := series.Locked(t.Context(), func() error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
	if _, err := series.Keep(t.Context(), &r, nil, history.Limits{}); err != nil || ids(runsOf(t, series)) != "1 2" {
		t.Errorf("after the lock: %v", err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
