package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"siteready/cmd/siteready/schedule"
	"siteready/cmd/siteready/schedule/scheduletest"
)

// taskMachine is a Windows machine whose Task Scheduler is the test's.
type taskMachine struct {
	state   string
	program string
}

func newTaskMachine(t *testing.T) *taskMachine {
	t.Helper()
	return &taskMachine{t.TempDir(), installed}
}

// run is `siteready schedule ARGS...` on that machine.
func (m *taskMachine) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	cmd := p.scheduleCommand(taskHost{
		scheduler: func() (schedule.Scheduler, error) {
			return schedule.Scheduler{
				Schtasks: filepath.Join(m.state, "schtasks.exe"),
				Execute: func(cmd *exec.Cmd) (uint32, error) {
					return scheduletest.Schtasks(m.state, cmd.Args[1:], cmd.Stdin, cmd.Stdout, cmd.Stderr), nil
				},
			}, nil
		},
		program: func() (string, error) { return m.program, nil },
		now:     func() time.Time { return time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC) },
		scratch: func(schedule.Task) string { return m.state },
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	err := cmd.ExecuteContext(t.Context())
	return p.ended(err), out.String(), errs.String()
}

func (m *taskMachine) write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.state, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// step is one call and what must come of it.
type step struct {
	file, text string // written before
	args       []string
	code       int
	stdout     []string
	stderr     []string
}

func TestSchedule(t *testing.T) {
	system := func(more ...string) []string { return append([]string{"install", "--system"}, more...) }
	for name, steps := range map[string][]step{
		"from nothing to nothing": {
			{args: []string{"status"}, code: 1, stdout: []string{"There is no task siteready."}},
			{args: system("--", "--no-config", "-o", `D:\a b\last.json`), stdout: []string{
				"The task siteready is registered: each day at 02:00 as SYSTEM, first on 2026-11-22.",
				`Runs      "C:\Program Files\siteready\siteready.exe" check --no-config -o "D:\a b\last.json"`,
				`In        C:\Program Files\siteready`, "Stopped   after 30m0s; no second one", "- SYSTEM is the computer account on other servers",
			}},
			{args: []string{"status"}, stdout: []string{"Starts    each day at 02:00, first on 2026-11-22", "As        SYSTEM", "Stopped   after 30m", "Next run  22.11.2026 02:00:00", "Last run  it has not run yet"}},
			{scheduletest.LastFile, "2", []string{"status"}, 0, []string{"Last run  21.11.2026 02:00:00, exit code 2: blocked"}, nil},
			{args: []string{"status", "--name", "SiteReady"}, stdout: []string{"Last run  21.11.2026 02:00:00, exit code 2: blocked"}},
			{scheduletest.LastFile, "267045", []string{"status"}, 0, []string{"it waits for its start"}, nil},
			{scheduletest.LastFile, "-2147023495", []string{"status"}, 1, []string{"Last run  21.11.2026 02:00:00, 0x80070579", "- The last run made no whole report: Windows gives the code 0x80070579."}, nil},
			{scheduletest.LastFile, "-2147023511", []string{"status"}, 1, []string{"0x80070569: the account has no right to log on as a batch"}, nil},
			{scheduletest.LastFile, "64", []string{"status"}, 1, []string{"exit code 64: wrong usage", "- The last run made no whole report: wrong usage"}, nil},
			{scheduletest.LastFile, "267014", []string{"status"}, 1, []string{"Last run  21.11.2026 02:00:00, it was ended before its end"}, nil},
			{scheduletest.LastFile, "267009", []string{"status"}, 0, []string{"it is running"}, nil},
			{scheduletest.LastFile, "-1073741510", []string{"status"}, 1, []string{"0xC000013A"}, nil},
			{scheduletest.LastFile, "?", []string{"status"}, 3, []string{"Last run  could not be read: "}, nil},
			{args: system("--", "--no-config"), code: 70, stderr: []string{"nothing was registered: there is a task siteready; --replace replaces it"}},
			{scheduletest.LastFile, "?", []string{"status"}, 3, []string{"Last run  could not be read: "}, nil},
			{args: system("--replace", "--at", "3:30", "--stop-after", "1h", "--", "check", "--no-config", "--event-log=false"), stdout: []string{"each day at 03:30", "keeps no report"}},
			{args: []string{"status"}, code: 3, stdout: []string{"each day at 03:30", "after 1h"}},
			{args: []string{"remove"}, stdout: []string{"The task siteready is removed."}},
			{args: []string{"remove"}, stdout: []string{"There was no task siteready; nothing was removed."}},
		},
		"a managed account and a name": {
			{args: []string{"install", "--user", `CONTOSO\sr$`, "--name", "siteready cm", "--", "--no-config"}, stdout: []string{`as CONTOSO\sr$`, "log on as a batch job here, and the rights that `siteready explain` names"}},
			{args: []string{"status", "--name", "siteready cm"}, stdout: []string{"As        S-1-5-21-"}},
			{args: []string{"status"}, code: 1, stdout: []string{"There is no task siteready."}},
		},
		"denied": {
			{scheduletest.FailFile, "/Query 0x80070005\n", system("--", "--no-config"), 70, nil, []string{"nothing was registered: look for the task", "Run as administrator"}},
			{args: []string{"status"}, code: 70, stderr: []string{"0x80070005"}},
			{scheduletest.FailFile, "/Create 0x80070005\n", system("--", "--no-config"), 70, nil, []string{"register the task siteready: schtasks.exe ended with 0x80070005", "Run as administrator"}},
			{scheduletest.FailFile, "/Delete 0x80070005\n", []string{"remove"}, 70, nil, []string{"nothing was removed: "}},
		},
		"the account is refused": {
			{scheduletest.FailFile, "/Create 0x8007052E\n", []string{"install", "--user", `CONTOSO\sr$`, "--", "--no-config"}, 70, nil, []string{"Test-ADServiceAccount", "Register-ScheduledTask -TaskName 'siteready' -Xml"}},
			{scheduletest.FailFile, "/Create 0x8007052E\n", []string{"install", "--user", `CONTOSO\sr$`, "--name", "it's", "--at", "3:15", "--stop-after", "2h", "--", "--no-config"}, 70, nil, []string{
				`print -o task.xml --user 'CONTOSO\sr$' --at 03:15 --stop-after 2h0m0s -- ...`, "Register-ScheduledTask -TaskName 'it''s' -Xml",
			}},
		},
		"registered otherwise": {
			{scheduletest.S4UFile, "", []string{"install", "--user", `CONTOSO\sr$`, "--", "--no-config"}, 70, nil, []string{`otherwise than it was asked for: the log-on is "S4U" instead of "Password"`}},
			{args: []string{"status"}, code: 1, stdout: []string{"- It logs on without a password (S4U), and so reaches nothing over the network"}},
		},
		"as Wine does": {
			{scheduletest.SilentFile, "", system("--", "--no-config"), 70, nil, []string{"printed nothing, so that nobody knows"}},
		},
		"wrong usage": {
			{args: []string{}, code: 64, stderr: []string{"needs one of install, status, remove and print"}},
			{args: []string{"instal"}, code: 64},
			{args: []string{"install"}, code: 64, stderr: []string{"say as whom the task runs"}},
			{args: system("--user", `A\b$`), code: 64, stderr: []string{"do not go together"}},
			{args: []string{"install", "--user", `A\b`}, code: 64, stderr: []string{"S4U"}},
			{args: system("--at", "25:00"), code: 64, stderr: []string{`--at "25:00"`}},
			{args: system("--name", `a\b`), code: 64, stderr: []string{"names no task"}},
			{args: system("--stop-after", "6m", "--", "--no-config"), code: 64, stderr: []string{"say at least 8m0s"}},
			{args: system("--stop-after", "10m", "--", "--no-config", "--timeout", "15m"), code: 64, stderr: []string{"say at least 18m0s"}},
			{args: system("x"), code: 64, stderr: []string{`behind --, not "x"`}},
			{args: system("--", "--no-config", "x"), code: 64, stderr: []string{`behind --: check takes flags only, not "x"`}},
			{args: system("--", "--unknown"), code: 64, stderr: []string{"behind --: unknown flag: --unknown"}},
			{args: system("--", "--no-config", "--only", "nosuch"), code: 64, stderr: []string{"no check is called"}},
			{args: system("--", "--no-config", "--format", "nosuch"), code: 64, stderr: []string{"behind --: --format is"}},
			{args: system("--", "--no-config", "--notify-on", "always"), code: 64, stderr: []string{"behind --: --notify-on needs somebody to tell"}},
			{args: system("--history", `D:\h`), code: 64, stderr: []string{"unknown flag: --history; the flags of check stand behind --, as siteready schedule install --system -- --history"}},
			{args: []string{"status", "--history", "x"}, code: 64, stderr: []string{"unknown flag: --history\n"}},
			{args: system("--", "--no-config", "--site", "a.site"), code: 64, stderr: []string{"behind --: --site judges a recorded site"}},
			{args: system("--", "--no-config", "--site", "-"), code: 64, stderr: []string{"behind --: --site judges a recorded site"}},
			{args: system("--", "--no-config", "--site", ""), code: 64, stderr: []string{"behind --: --site judges a recorded site"}},
			{args: system("--", "--no-config", "--at", "2099-01-01"), code: 64, stderr: []string{"behind --: --at is one day, and the task runs each night"}},
			{args: system("--", "--no-config", "--sql-encrypt", "x"), code: 64, stderr: []string{`behind --: --sql-encrypt: "x" is no encryption policy`}},
			{args: system("--", "--no-config", "--sql-server", "a;b"), code: 64, stderr: []string{`behind --: --sql-server: "a;b" is no SQL Server`}},
			{args: system("--", "--no-config", "--sql-ca", "/nosuch.pem"), code: 64, stderr: []string{"behind --: --sql-ca /nosuch.pem: "}},
			{args: system("--", "--no-config", "--sql-ca", "/nosuch.pem", "--sql-trust-server-certificate"), code: 64, stderr: []string{"do not go together"}},
			{args: system("--", "--no-config", "--setup-account", "bob"), code: 64, stderr: []string{`behind --: --setup-account: "bob" is no account`}},
			{args: system("--", "--no-config", "--key-backup", ""), code: 64, stderr: []string{"behind --: --key-backup : a path is missing"}},
			{args: system("--", "--config", "-"), code: 64, stderr: []string{"no standard input"}},
			{args: system("--", "--config", "/nosuch/siteready.yaml"), code: 64, stderr: []string{"cannot be read"}},
			{args: system("--", "--no-config", "-o", `%TEMP%\a.json`), code: 64, stderr: []string{"which the Task Scheduler replaces"}},
			{args: []string{"status", "x"}, code: 64, stderr: []string{"takes flags only"}},
			{args: []string{"status", "--name", `..\x`}, code: 64, stderr: []string{"names no task"}},
			{args: []string{"remove", "--name", "*"}, code: 64, stderr: []string{"names no task"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTaskMachine(t)
			for _, s := range steps {
				if s.file != "" {
					m.write(t, s.file, s.text)
				}
				code, stdout, stderr := m.run(t, s.args...)
				if code != s.code || code >= 64 && stdout != "" || code < 64 && stderr != "" {
					t.Errorf("%q: exit code %d, wanted %d\n%s%s", s.args, code, s.code, stdout, stderr)
				}
				for _, want := range s.stdout {
					if !strings.Contains(stdout, want) {
						t.Errorf("%q: %q is not in\n%s", s.args, want, stdout)
					}
				}
				for _, want := range s.stderr {
					if !strings.Contains(stderr, want) {
						t.Errorf("%q: %q is not in\n%s", s.args, want, stderr)
					}
				}
			}
		})
	}
}

// What is said of a task has lines that fit, and only what must stay whole is longer.
func TestScheduleIsNarrow(t *testing.T) {
	var b bytes.Buffer
	path := `D:\` + strings.Repeat("x", 100)
	note(&b, 79, "- ", strings.Repeat("word ", 18)+path+" and \x1b[31m more")
	if want := "- " + strings.TrimSpace(strings.Repeat("word ", 15)) + "\n  word word word\n  " + path + "\n  and [31m more\n"; b.String() != want {
		t.Errorf("%s\nis not\n%s", &b, want)
	}
	m := newTaskMachine(t)
	m.write(t, scheduletest.S4UFile, "")
	m.write(t, scheduletest.LastFile, "267014")
	_, installed, _ := m.run(t, "install", "--system", "--", "--no-config", "--sql-user", "sr", "--history", "h", "--mail-to", "a@b.test", "--mail-from", "a@b.test", "--mail-server", "m", "--webhook", "https://hooks.test/x")
	_, _, _ = m.run(t, "install", "--replace", "--user", `CONTOSO\sr$`, "--", "--no-config")
	_, status, _ := m.run(t, "status")
	m.write(t, scheduletest.LastFile, strings.Repeat("no number ", 20))
	_, unread, _ := m.run(t, "status")
	if !strings.Contains(status, "looks as if\n  access were denied.\n") {
		t.Error(status)
	}
	for _, text := range []string{installed, status, unread} {
		for line := range strings.Lines(text) {
			if len(line) > fileWidth && !strings.HasPrefix(strings.TrimSpace(line), "Runs ") {
				t.Errorf("%d columns: %s", len(line)-1, line)
			}
		}
	}
}

// A log-on with a password, a share, and paths that begin at the program's folder are told.
func TestScheduleNotes(t *testing.T) {
	m := newTaskMachine(t)
	_, stdout, stderr := m.run(t, "install", "--user", `CONTOSO\sr$`, "--", "--no-config", "--history", "past", "-o", `D:\a.json`, "-o", "nagios=last.txt")
	if want := `What has no full path is written to C:\Program Files\siteready, where CONTOSO\sr$ needs the right to write: past, last.txt.`; !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
		t.Errorf("%q is not in\n%s%s", want, stdout, stderr)
	}
	for _, args := range [][]string{{"--system", "--", "-o", "last.json"}, {"--user", `CONTOSO\sr$`, "--", "-o", `D:\last.json`}} {
		if _, stdout, _ := m.run(t, append([]string{"install", "--replace"}, append(args, "--no-config")...)...); !strings.Contains(stdout, "is registered") || strings.Contains(stdout, "full path") {
			t.Errorf("%q: %s", args, stdout)
		}
	}
	m = newTaskMachine(t)
	m.program = `\\files01\tools\siteready.exe`
	m.write(t, "siteready.yaml", "at: 2099-12-05\n")
	_, stdout, stderr = m.run(t, "install", "--system", "--", "--config", filepath.Join(m.state, "siteready.yaml"), "--sql-user", "sr", "--webhook", "https://hooks.test/x", "--notify-on", "always")
	for _, want := range []string{
		"set SITEREADY_SQL_PASSWORD, SITEREADY_WEBHOOK_SECRET for the machine", "lies on a share", `Whoever may write to \\files01\tools`, "The web address stands in the task",
		"siteready.yaml:1) is one day: from then on each night ends with wrong usage",
	} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) {
			t.Errorf("%q is not in\n%s%s", want, stdout, stderr)
		}
	}
}
