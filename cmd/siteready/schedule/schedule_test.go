package schedule_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // of zones with a summer, wherever this runs
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"siteready/cmd/siteready/schedule"
	"siteready/cmd/siteready/schedule/scheduletest"
)

func task(edit func(*schedule.Task)) schedule.Task {
	t := schedule.Task{
		Name: "siteready", Account: `CONTOSO\sr$`, Start: time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC), Program: `C:\Program Files\siteready\siteready.exe`,
		Arguments: []string{"check", "-o", `D:\Berichte für alle\last.json`, "--only", "space.*"}, StopAfter: 30 * time.Minute,
	}
	if edit != nil {
		edit(&t)
	}
	return t
}

// fake is a Scheduler whose schtasks.exe is the test's, in this process.
func fake(t *testing.T) (schedule.Scheduler, string) {
	t.Helper()
	state := t.TempDir()
	return schedule.Scheduler{
		Schtasks: filepath.Join(state, "schtasks.exe"),
		Text:     func(b []byte) string { return strings.NewReplacer("\x81", "ü", "\x84", "ä").Replace(string(b)) },
		Execute: func(cmd *exec.Cmd) (uint32, error) {
			return scheduletest.Schtasks(state, cmd.Args[1:], cmd.Stdin, cmd.Stdout, cmd.Stderr), nil
		},
	}, state
}

func write(t *testing.T, state, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(state, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is registered is what Windows has afterwards, for a managed account, whose SID it keeps,
// and for SYSTEM.
func TestRegister(t *testing.T) {
	for name, edit := range map[string]func(*schedule.Task){
		"managed account": nil,
		"SYSTEM":          func(t *schedule.Task) { t.Account = "" },
		"hard arguments": func(t *schedule.Task) {
			t.Arguments = []string{"check", "", `a "b" c\`, `<&>'`, "ü", `\\`, `x\"y`}
			t.Program = `D:\siteready.exe`
		},
		"an account with a letter": func(t *schedule.Task) { t.Account = `CONTOSO\ä$` },
		// schtasks.exe prints a question mark for each of them.
		"letters that the console lacks": func(t *schedule.Task) {
			t.Program = `D:\Готово\siteready.exe`
			t.Arguments = []string{"check", "-o", `D:\日本 語\ж.json`, "-o", "é=b"}
		},
		"a console with UTF-8": func(t *schedule.Task) { t.Arguments = []string{"check", "-o", `D:\ü日.json`} },
		"empty passwords":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			s, state := fake(t)
			switch name {
			case "a console with UTF-8":
				write(t, state, scheduletest.UTF8File, "")
			case "empty passwords":
				write(t, state, scheduletest.EmptyFile, "")
			}
			want := task(edit)
			if err := want.Validate(); err != nil {
				t.Fatal(err)
			}
			if _, found, err := s.Find(t.Context(), want.Name); found || err != nil {
				t.Fatalf("found %t before: %v", found, err)
			}
			folder := t.TempDir()
			if err := s.Register(t.Context(), want, folder); err != nil {
				t.Fatal(err)
			}
			if left, err := os.ReadDir(folder); len(left) > 0 || err != nil {
				t.Errorf("the XML is left behind: %v %v", left, err)
			}
			got, found, err := s.Find(t.Context(), want.Name)
			if !found || err != nil {
				t.Fatalf("found %t: %v", found, err)
			}
			if differences := want.Differences(got); len(differences) > 0 {
				t.Errorf("it differs: %q\n%+v", differences, got)
			}
			if name == "a console with UTF-8" && !strings.Contains(got.Arguments, "ü日") {
				t.Errorf("the arguments are %s", got.Arguments)
			}
			if last, err := s.LastRun(t.Context(), strings.ToUpper(want.Name)); err != nil || last.Code != schedule.NeverRan {
				t.Errorf("its last run is %+v: %v", last, err)
			}
			if removed, err := s.Remove(t.Context(), want.Name); !removed || err != nil {
				t.Errorf("removed %t: %v", removed, err)
			}
			if removed, err := s.Remove(t.Context(), want.Name); removed || err != nil {
				t.Errorf("removed %t a second time: %v", removed, err)
			}
		})
	}
}

// Each failure is told with its code and what to do, whatever the language; none is taken for
// "there is no such task".
func TestFailures(t *testing.T) {
	find := func(ctx context.Context, s schedule.Scheduler) error {
		_, found, err := s.Find(ctx, "siteready")
		if found {
			return errors.New("found it")
		}
		return err
	}
	register := func(ctx context.Context, s schedule.Scheduler) error { return s.Register(ctx, task(nil), os.TempDir()) }
	remove := func(ctx context.Context, s schedule.Scheduler) error {
		_, err := s.Remove(ctx, "siteready")
		return err
	}
	last := func(ctx context.Context, s schedule.Scheduler) error {
		_, err := s.LastRun(ctx, "siteready")
		return err
	}
	for name, test := range map[string]struct {
		file, text string
		do         func(context.Context, schedule.Scheduler) error
		want       []string
	}{
		"find denied":           {scheduletest.FailFile, "/Query 0x80070005", find, []string{"look for the task siteready: schtasks.exe ended with 0x80070005, and said: FEHLER: Zugriff verweigert oder ungültig.", "Run as administrator"}},
		"find by Wine":          {scheduletest.SilentFile, "", find, []string{"printed nothing, so that nobody knows"}},
		"old schtasks":          {scheduletest.OldFile, "", find, []string{"ended with 1, and said: FEHLER"}},
		"no service":            {scheduletest.FailFile, "/Query 0x800706BA", find, []string{"0x800706BA", "start it"}},
		"register denied":       {scheduletest.FailFile, "/Create 0x80070005", register, []string{"register the task siteready", "0x80070005", "Run as administrator"}},
		"account refused":       {scheduletest.FailFile, "/Create 0x8007052E", register, []string{"0x8007052E", "Test-ADServiceAccount"}},
		"account not known":     {scheduletest.FailFile, "/Create 0x80070534", register, []string{"0x80070534", "Test-ADServiceAccount"}},
		"a code without a help": {scheduletest.FailFile, "/Create 0x8004131A", register, []string{"0x8004131A"}},
		"remove denied":         {scheduletest.FailFile, "/Delete 0x80070005", remove, []string{"remove the task siteready", "Run as administrator"}},
		"no folder":             {scheduletest.FailFile, "", func(ctx context.Context, s schedule.Scheduler) error { return s.Register(ctx, task(nil), "/nosuch") }, []string{"write the task's XML beside the program: open /nosuch", "Run as administrator"}},
		"last run not there":    {scheduletest.FailFile, "/Query 0x80070002", last, []string{"ask for the last run", "0x80070002"}},
		"last run silent":       {scheduletest.SilentFile, "", last, []string{"printed no line about it"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, state := fake(t)
			write(t, state, test.file, test.text)
			err := test.do(t.Context(), s)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

// An account that Windows registers otherwise than it was told is found.
func TestDifferences(t *testing.T) {
	s, state := fake(t)
	write(t, state, scheduletest.S4UFile, "")
	want := task(nil)
	if err := s.Register(t.Context(), want, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	got, _, err := s.Find(t.Context(), want.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`the log-on is "S4U" instead of "Password"`}, want.Differences(got)); diff != "" {
		t.Error(diff)
	}
	same, err := schedule.ParseXML(want.XML())
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*schedule.Registered){
		"account":   func(r *schedule.Registered) { r.Account = `CONTOSO\other` },
		"SYSTEM":    func(r *schedule.Registered) { r.Account = "S-1-5-18" },
		"program":   func(r *schedule.Registered) { r.Command = `C:\other.exe` },
		"arguments": func(r *schedule.Registered) { r.Arguments = "check" },
		"folder":    func(r *schedule.Registered) { r.Folder = `C:\` },
		"limit":     func(r *schedule.Registered) { r.StopAfter = "PT0S" },
		"no limit":  func(r *schedule.Registered) { r.StopAfter = "" },
		"instances": func(r *schedule.Registered) { r.Instances = "Parallel" },
		"start":     func(r *schedule.Registered) { r.Start = "2026-11-22T03:00:00" },
		"once":      func(r *schedule.Registered) { r.Daily = false },
		"disabled":  func(r *schedule.Registered) { r.Disabled = true },
	} {
		other := same
		edit(&other)
		if got := want.Differences(other); len(got) != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
	same.StopAfter, same.Start = "PT1800S", "2026-11-22T02:00:00+01:00"
	if got := want.Differences(same); len(got) > 0 {
		t.Errorf("spelled otherwise: %q", got)
	}
}

// The file is UTF-16 with a mark, the text ASCII; both are the same XML in the order that the
// schema wants, and what is in it survives.
func TestXML(t *testing.T) {
	want := task(func(t *schedule.Task) { t.Arguments = append(t.Arguments, `<"&ß😀>`) })
	text := want.XML()
	if i := strings.IndexFunc(text, func(r rune) bool { return r > 0x7E }); i >= 0 {
		t.Errorf("the text is not ASCII at %d", i)
	}
	file := want.File()
	if file[0] != 0xFF || file[1] != 0xFE {
		t.Error("the file has no mark")
	}
	var units []uint16
	for i := 2; i < len(file); i += 2 {
		units = append(units, uint16(file[i])|uint16(file[i+1])<<8)
	}
	decoded := string(utf16.Decode(units))
	if !strings.HasPrefix(decoded, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task ") {
		t.Errorf("the file begins with %.80q", decoded)
	}
	a, errA := schedule.ParseXML(text)
	b, errB := schedule.ParseXML(decoded)
	if errA != nil || errB != nil || a != b {
		t.Errorf("%v %v\n%s", errA, errB, cmp.Diff(a, b))
	}
	if a.Arguments != schedule.CommandLine(want.Arguments) {
		t.Errorf("the arguments became %s", a.Arguments)
	}
	// The schema has these in sequence: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema-complex-types
	for _, order := range [][]string{
		{"<RegistrationInfo>", "<Triggers>", "<Principals>", "<Settings>", "<Actions "},
		{"<Command>", "<Arguments>", "<WorkingDirectory>"},
		{"<StartBoundary>", "<Enabled>", "<ScheduleByDay>"},
	} {
		at := -1
		for _, tag := range order {
			next := strings.Index(text, tag)
			if next <= at {
				t.Errorf("%s is not behind what stands before it", tag)
			}
			at = next
		}
	}
	if strings.Contains(text, "S4U") || strings.Contains(text, "assword>") && !strings.Contains(text, "<LogonType>Password</LogonType>") {
		t.Error("the log-on is another one")
	}
	var anything struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(text), &anything); err != nil || anything.XMLName.Space != "http://schemas.microsoft.com/windows/2004/02/mit/task" {
		t.Errorf("%v %v", anything, err)
	}
}

func TestParseXMLRefuses(t *testing.T) {
	for _, text := range []string{
		"", "no XML", "<Task>", "<Other/>", `<?xml version="1.0"?><Tasks><Task/></Tasks>`, "<Task/>",
		strings.Replace(task(nil).XML(), "<Exec>", "<Exec></Exec><Exec>", 1),
		strings.Replace(task(nil).XML(), "Exec>", "ComHandler>", 2),
	} {
		if r, err := schedule.ParseXML(text); err == nil {
			t.Errorf("%.60q is the task %+v", text, r)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, edit := range map[string]func(*schedule.Task){
		"":                                func(t *schedule.Task) { t.Program = `\\files01\tools$\siteready.exe` },
		"names no task":                   func(t *schedule.Task) { t.Name = `a\b` },
		"names no task: ":                 func(t *schedule.Task) { t.Name = "" },
		"log-on without one (S4U)":        func(t *schedule.Task) { t.Account = `CONTOSO\admin` },
		`CONTOSO\ $ is no group`:          func(t *schedule.Task) { t.Account = `CONTOSO\ $` },
		`sr$@contoso.com is no group`:     func(t *schedule.Task) { t.Account = `sr$@contoso.com` },
		`.\sr$ is no group`:               func(t *schedule.Task) { t.Account = `.\sr$` },
		"stopped after 59s":               func(t *schedule.Task) { t.StopAfter = 59 * time.Second },
		"stopped after 25h":               func(t *schedule.Task) { t.StopAfter = 25 * time.Hour },
		"is no full Windows path":         func(t *schedule.Task) { t.Program = "siteready.exe" },
		"/opt/siteready":                  func(t *schedule.Task) { t.Program = "/opt/siteready" },
		`takes no path with " or % in it`: func(t *schedule.Task) { t.Program = `C:\%TEMP%\siteready.exe` },
		`"%TEMP%\\x" has % or $( in it`:   func(t *schedule.Task) { t.Arguments = []string{`%TEMP%\x`} },
		`"$(Arg0)" has % or $(`:           func(t *schedule.Task) { t.Arguments = []string{"$(Arg0)"} },
		"is no character":                 func(t *schedule.Task) { t.Arguments = []string{"a\xed\xa0\x80b"} },
		"no character, which XML cannot":  func(t *schedule.Task) { t.Arguments = []string{"a\uFFFEb"} },
		"has a control character":         func(t *schedule.Task) { t.Arguments = []string{"a\nb"} },
		"and Windows takes 30000":         func(t *schedule.Task) { t.Arguments = []string{strings.Repeat("x", 30001)} },
	} {
		err := task(edit).Validate()
		if want == "" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted %q: %v", want, err)
		}
	}
	if folder := (schedule.Task{Program: `C:\siteready.exe`}).Folder(); folder != `C:\` {
		t.Errorf("the folder is %s", folder)
	}
	if folder := (schedule.Task{Program: `\\a\b\c\siteready.exe`}).Folder(); folder != `\\a\b\c` {
		t.Errorf("the folder is %s", folder)
	}
}

// The night in which summer begins has no such hour; all others have, and the task is for them.
func TestNextStartWhenSummerBegins(t *testing.T) {
	for _, test := range []struct{ zone, now, at, want string }{
		{"America/New_York", "2027-03-13T19:00:00-05:00", "02:00", "2027-03-14T02:00:00"},
		{"Europe/Berlin", "2027-03-27T19:00:00+01:00", "02:30", "2027-03-28T02:30:00"},
		{"Europe/Berlin", "2027-10-30T19:00:00+02:00", "02:30", "2027-10-31T02:30:00"},
		{"Europe/Berlin", "2027-03-28T01:59:59+01:00", "02:00", "2027-03-28T02:00:00"},
		{"Europe/Berlin", "2027-03-28T03:00:01+02:00", "02:00", "2027-03-29T02:00:00"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, errNow := time.Parse(time.RFC3339, test.now)
		at, errAt := time.Parse("15:04", test.at)
		if errNow != nil || errAt != nil {
			t.Fatal(errNow, errAt)
		}
		start := schedule.NextStart(now.In(zone), at.Hour(), at.Minute())
		if got := task(func(t *schedule.Task) { t.Start = start }).XML(); !strings.Contains(got, "<StartBoundary>"+test.want+"</StartBoundary>") {
			t.Errorf("%s in %s at %s: %v", test.now, test.zone, test.at, start)
		}
	}
}

// What is registered for another path is another one, also where letters cannot be compared.
func TestDifferencesBetweenLetters(t *testing.T) {
	want := task(func(t *schedule.Task) {
		t.Program = `D:\é\siteready.exe`
		t.Arguments = []string{"check", "-o", `ж\a\ж\b`}
	})
	same := func(command, arguments, folder string) []string {
		r, err := schedule.ParseXML(want.XML())
		if err != nil {
			t.Fatal(err)
		}
		r.Command, r.Arguments, r.Folder = command, arguments, folder
		return want.Differences(r)
	}
	const command, arguments, folder = `"D:\e\siteready.exe"`, `check -o ?\a\??\b`, `D:\??`
	if got := same(command, arguments, folder); len(got) > 0 {
		t.Errorf("%q", got)
	}
	for _, other := range [][3]string{
		{`"D:\\siteready.exe"`, arguments, folder},
		{`"E:\e\siteready.exe"`, arguments, folder},
		{`"D:\e\siteready.exe.com"`, arguments, folder},
		{command, `check -o ?\a\b`, folder},
		{command, `check -o ?\b\?\b`, folder},
		{command, `check -o ?\a\?\c`, folder},
		{command, `check -o `, folder},
		{command, `check -o ?\a\? --only x\b`, folder},
		{command, "", folder},
		{command, arguments, `D:\`},
		{command, arguments, `C:\?`},
	} {
		if got := same(other[0], other[1], other[2]); len(got) != 1 {
			t.Errorf("%q: %q", other, got)
		}
	}
}

func TestNextStart(t *testing.T) {
	now := time.Date(2026, 12, 31, 2, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		hour, minute int
		want         string
	}{{2, 0, "2027-01-01 02:00"}, {2, 1, "2026-12-31 02:01"}, {0, 0, "2027-01-01 00:00"}, {23, 59, "2026-12-31 23:59"}} {
		if got := schedule.NextStart(now, test.hour, test.minute).Format("2006-01-02 15:04"); got != test.want {
			t.Errorf("%d:%d: %s, wanted %s", test.hour, test.minute, got, test.want)
		}
	}
}

// The last run's exit code is read by its place, in every language; codes that are no exit code
// come as Windows gives them.
func TestLastRun(t *testing.T) {
	s, state := fake(t)
	if err := s.Register(t.Context(), task(nil), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]uint32{"267011": schedule.NeverRan, "0": 0, "2": 2, "-1073741510": 0xC000013A, "3221225786": 0xC000013A} {
		write(t, state, scheduletest.LastFile, text)
		got, err := s.LastRun(t.Context(), "siteready")
		if err != nil || got != (schedule.LastRun{Next: "22.11.2026 02:00:00", Last: "21.11.2026 02:00:00", Code: want}) {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	write(t, state, scheduletest.LastFile, "zwei")
	if got, err := s.LastRun(t.Context(), "siteready"); err == nil {
		t.Errorf("%+v", got)
	}
}

// A schtasks.exe that hangs, one that is not there, and one that prints without end.
func TestProcess(t *testing.T) {
	program := func(text string) schedule.Scheduler {
		path := filepath.Join(t.TempDir(), "schtasks.exe")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
		return schedule.Scheduler{Schtasks: path}
	}
	find := func(s schedule.Scheduler) string {
		_, found, err := s.Find(t.Context(), "siteready")
		return fmt.Sprint(found, " ", err)
	}
	hangs := program("exec sleep 600\n")
	hangs.Limit = 100 * time.Millisecond
	if got := find(hangs); !strings.Contains(got, "false look for the task siteready: schtasks.exe did not end within 100ms, and was ended") {
		t.Error(got)
	}
	if got := find(schedule.Scheduler{Schtasks: filepath.Join(t.TempDir(), "no.exe")}); !strings.Contains(got, "schtasks.exe cannot be run: ") {
		t.Error(got)
	}
	if got := find(program("yes '<Task>' | head -c 9000000\n")); !strings.Contains(got, "is no task") {
		t.Errorf("%.300s", got)
	}
	if got := find(program("printf 'a\\033[31mb\\r\\n' >&2\nread password\nexit 5\n")); got != "false look for the task siteready: schtasks.exe ended with 5, and said: a [31mb" {
		t.Errorf("%q", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if _, _, err := program("").Find(ctx, "siteready"); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
}

func TestIsManagedAccount(t *testing.T) {
	var managed []string
	for _, name := range []string{`CONTOSO\sr$`, `contoso.com\sr-1_a$`, `CONTOSO\ä$`, `CONTOSO\sr`, `sr$`, `\sr$`, `CONTOSO\$`, `a\b\c$`, `CONTOSO\s r$`, "CONTOSO\\s\x1br$", `CONTOSO\a"b$`, "CONTOSO\\sr\u200b$"} {
		if schedule.IsManagedAccount(name) {
			managed = append(managed, name)
		}
	}
	if want := []string{`CONTOSO\sr$`, `contoso.com\sr-1_a$`, `CONTOSO\ä$`}; !slices.Equal(managed, want) {
		t.Errorf("%q", managed)
	}
}
