package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/logscan/signatures"
	"siteready/platform/platformtest"
	"siteready/report"
)

func TestTimeOf(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"7d":                        now.AddDate(0, 0, -7),
		"90m":                       now.Add(-90 * time.Minute),
		" 12h ":                     now.Add(-12 * time.Hour),
		"2w":                        now.AddDate(0, 0, -14),
		"2026-11-01":                time.Date(2026, 11, 1, 0, 0, 0, 0, time.Local),
		"2026-11-01 22:30":          time.Date(2026, 11, 1, 22, 30, 0, 0, time.Local),
		"2026-11-01T22:30:00+01:00": time.Date(2026, 11, 1, 21, 30, 0, 0, time.UTC),
	} {
		if got, err := timeOf(text, now, false); err != nil || !got.Equal(want) {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := timeOf("2026-11-01", now, true); err != nil || !got.Equal(time.Date(2026, 11, 1, 23, 59, 59, 999999999, time.Local)) {
		t.Errorf("the end of the day is %v, %v", got, err)
	}
	for _, text := range []string{"7", "-7d", "7y", "yesterday", "2026-13-01", "999999d", "1.5d"} {
		if got, err := timeOf(text, now, false); err == nil {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestPlacesOf(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var want []string
	for _, name := range []string{"a/CMUpdate.log", "a/cmupdate.lo_", "a/hman-20260311-021444.log", "a/below/ERRORLOG", "a/below/ERRORLOG.1", "a/msi.log.2"} {
		want = append(want, write(name))
	}
	write("a/notes.txt")
	write("a/below/crash.dmp")
	text := write("named.txt")
	if err := os.MkdirAll(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "a", "loop")); err != nil {
		t.Fatal(err)
	}
	places, paths, err := placesOf(t.Context(), []string{filepath.Join(dir, "a"), filepath.Join(dir, "a", "CMUpdate.log"), text, filepath.Join(dir, "empty")})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	want = append(want, text)
	slices.Sort(want)
	if !slices.Equal(paths, want) {
		t.Errorf("found %v, want %v", paths, want)
	}
	if len(places) != 4 || places[0].Files != 6 || places[0].Others != 2 || places[0].Problem != "" || places[2].Files != 1 ||
		!strings.Contains(places[3].Problem, "no file in it is a log") {
		t.Errorf("%+v", places)
	}
	for _, arg := range []string{"", "-", filepath.Join(dir, "nothing")} {
		if _, _, err := placesOf(t.Context(), []string{arg}); err == nil {
			t.Errorf("%q is a place", arg)
		}
	}
}

// A place may be a link. Of links in it that lead elsewhere is told; they are not followed.
func TestPlacesThatAreLinks(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"far/below", "near/below"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, folder, "hman.log"), []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		if err := os.Symlink(filepath.Join(dir, to), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	find := func(name string) (report.LogPlace, []string) {
		places, paths, err := placesOf(t.Context(), []string{filepath.Join(dir, name)})
		if err != nil {
			t.Fatal(err)
		}
		return places[0], paths
	}
	link("far", "link")
	if p, paths := find("link"); p.Problem != "" || !slices.Equal(paths, []string{filepath.Join(dir, "link", "below", "hman.log")}) {
		t.Errorf("%+v, %v", p, paths)
	}
	link("near", "near/below/loop")
	link("near/below/hman.log", "near/again.log")
	link("far/below/hman.log", "near/notes.txt")
	if p, paths := find("near"); p.Problem != "" || p.Others != 1 || len(paths) != 1 {
		t.Errorf("%+v, %v", p, paths)
	}
	// A link and what it leads to are read once.
	if _, paths, err := placesOf(t.Context(), []string{filepath.Join(dir, "far"), filepath.Join(dir, "link"), filepath.Join(dir, "link", "below", "hman.log"), filepath.Join(dir, "near", "notes.txt")}); err != nil || len(paths) != 1 {
		t.Errorf("%v, %v", paths, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "near", "copy.dat"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"far", "far/below/hman.log", "nowhere", "near/copy.dat"} {
		link(to, "near/sender.log")
		if p, paths := find("near"); !strings.Contains(p.Problem, "sender.log is a link and was not followed") || len(paths) != 1 {
			t.Errorf("to %s: %+v, %v", to, p, paths)
		}
		if err := os.Remove(filepath.Join(dir, "near", "sender.log")); err != nil {
			t.Fatal(err)
		}
	}
}

// The places of the logs are read from the registry, and what could not be read is told.
func TestOwnPlaces(t *testing.T) {
	getenv := func(name string) string {
		return map[string]string{"SystemDrive": `C:`, "TEMP": `C:\Users\a\Temp`}[name]
	}
	const parameters = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL16.CM\MSSQLServer\Parameters`
	sql := map[string]any{"registry": map[string]any{
		instancesKey: map[string]any{"CM": "MSSQL16.CM"},
		parameters:   map[string]any{"SQLArg0": `-dD:\SQL\DATA\master.mdf`, "SQLArg1": `-eD:\SQL\Log\ERRORLOG`},
	}}
	for name, tc := range map[string]struct {
		site  string
		edit  map[string]any
		lost  string // the key that cannot be read
		paths []string
		why   string // in a problem
	}{
		"a site": {
			site: "primary", edit: sql,
			paths: []string{`D:\Program Files\Microsoft Configuration Manager\Logs`, `C:\`, `D:\SMS_CCM\Logs`, `D:\SQL\Log`},
		},
		"Service Manager":   {site: "scsm-2022", paths: []string{`C:\Users\a\Temp`, `C:\Users\b\AppData\Local\Temp`, `C:\`}},
		"nothing":           {site: "no-product", paths: []string{"this machine", `C:\`}, why: "neither a site server"},
		"a silent registry": {site: "primary", edit: sql, lost: parameters, paths: []string{"SQL Server's error logs"}, why: "where they lie could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := platformtest.Load(filepath.Join("..", ".."), tc.site)
			if err != nil {
				t.Fatal(err)
			}
			site, err := platformtest.New(platformtest.Edit(tree, tc.edit))
			if err != nil {
				t.Fatal(err)
			}
			var reader platform.Reader = site
			if tc.lost != "" {
				reader = platformtest.Refusing(site, platform.ErrDenied, func(q platform.Question) bool { return q.Where == tc.lost })
			}
			places := ownPlaces(t.Context(), platform.Open(t.Context(), reader, site.ReadAt, platform.DefaultLimits()).Session(), getenv, []string{`C:\Users\b\AppData\Local\Temp`})
			var paths, problems []string
			for _, p := range places {
				paths = append(paths, p.Path)
				problems = append(problems, p.Problem)
			}
			for _, want := range tc.paths {
				if !slices.Contains(paths, want) {
					t.Errorf("%s is missing in %q", want, paths)
				}
			}
			if all := strings.Join(problems, ""); (all == "") != (tc.why == "") || !strings.Contains(all, tc.why) {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

// What has the name of a log and is no file is told: a pipe would wait for somebody to write.
func TestPlacesWithWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hman.log"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "CMUpdate.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }() // nobody connects
	places, paths, err := placesOf(t.Context(), []string{dir})
	if err != nil || len(paths) != 1 || !strings.Contains(places[0].Problem, "CMUpdate.log is no file but a pipe") || places[0].Others != 0 {
		t.Errorf("%+v, %v, %v", places, paths, err)
	}
	places, paths, err = placesOf(t.Context(), []string{filepath.Join(dir, "CMUpdate.log")})
	if err != nil || len(paths) != 0 || places[0].Problem == "" {
		t.Errorf("%+v, %v, %v", places, paths, err)
	}
}

// A place that cannot be listed is told, and never silently left out.
func TestFilesInTells(t *testing.T) {
	gone := place{LogPlace: report.LogPlace{Path: filepath.Join(t.TempDir(), "gone"), Why: "the site's logs"}}
	if paths := filesIn(t.Context(), &gone); len(paths) > 0 || gone.Problem == "" {
		t.Errorf("%v, %+v", paths, gone)
	}
	gone.usual, gone.Problem = true, ""
	if paths := filesIn(t.Context(), &gone); len(paths) > 0 || gone.Problem != "" {
		t.Errorf("%v, %+v", paths, gone)
	}
}

// The handbook names every rule whose limit can be set, with the limit.
func TestHandbookNamesLogRules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := signatures.KnownRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if !r.Own {
			continue
		}
		limit := strings.NewReplacer("0m0s", "", "0s", "").Replace(r.After.String())
		if r.Times > 0 {
			limit = strconv.Itoa(r.Times) + " lines"
		}
		if !strings.Contains(string(text), "| `"+r.ID+"` | "+limit) {
			t.Errorf("docs/logs.md does not say that the limit of %s is %s", r.ID, limit)
		}
	}
}

// FuzzTimeOf reads any text as a time. What is taken is a time, and the same each time.
func FuzzTimeOf(f *testing.F) {
	for _, text := range []string{"7d", "2026-11-01", "2026-11-01 22:30", "2026-11-01T22:30:00+01:00", "99999w", "-1d", "0m", "\x00"} {
		f.Add(text, true)
		f.Add(text, false)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.Local)
	f.Fuzz(func(t *testing.T, text string, lastMinute bool) {
		got, err := timeOf(text, now, lastMinute)
		if err == nil && got.IsZero() && !strings.HasPrefix(strings.TrimSpace(text), "0001") {
			t.Errorf("%q is no limit", text)
		}
		if again, err2 := timeOf(text, now, lastMinute); !again.Equal(got) || (err == nil) != (err2 == nil) {
			t.Errorf("%q is %v, then %v", text, got, again)
		}
	})
}
