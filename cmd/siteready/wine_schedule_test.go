//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/cmd/siteready/schedule"
	"siteready/platform/windows/winetest"
)

// The shipped program registers, shows and removes its task through the schtasks.exe that lies in
// the folder of Windows, and through no other. What answers there is the test's: Wine's own says
// nothing to a query.
func TestScheduleUnderWine(t *testing.T) {
	exe := windowsProgram(t)
	p := winetest.New(t)
	fake := filepath.Join(t.TempDir(), "schtasks.exe")
	if err := winetest.Build(t.Context(), "siteready/cmd/siteready/schedule/testdata/schtasks", fake); err != nil {
		t.Fatal(err)
	}
	p.WriteFile(`C:\windows\system32\schtasks.exe`, readFile(t, fake))
	p.WriteFile(`C:\fake\tasks\about.txt`, []byte("what the replaced schtasks.exe keeps\n"))
	// What lies in the current folder and in PATH is another program, which ends with 64.
	p.WriteFile(`C:\elsewhere\schtasks.exe`, readFile(t, exe))
	run := func(args ...string) winetest.Result {
		return p.Run(t.Context(), exe, winetest.RunOptions{
			Dir: `C:\elsewhere`, Env: []string{`WINEPATH=C:\elsewhere`, "WINEDLLOVERRIDES=mscoree,mshtml=;schtasks.exe=n"},
		}, append([]string{"schedule"}, args...)...)
	}
	expect := func(got winetest.Result, code int, want string) {
		t.Helper()
		if text := string(got.Stdout) + string(got.Stderr); got.ExitCode != code || !strings.Contains(text, want) {
			t.Fatalf("exit code %d, wanted %d and %q:\n%s", got.ExitCode, code, want, text)
		}
	}
	expect(run("status"), 1, "There is no task siteready.")
	arguments := []string{"--no-config", "-o", `C:\reports of Ölmühle ж\last.json`, "--only", `space.*`, "--skip", "space.log"}
	expect(run(append([]string{"install", "--user", `CONTOSO\sr$`, "--"}, arguments...)...), 0, `The task siteready is registered: each day at 02:00 as CONTOSO\sr$`)
	expect(run("status"), 0, "Last run  it has not run yet")
	expect(run("install", "--system", "--", "--no-config"), 70, "--replace replaces it")
	p.WriteFile(`C:\fake\tasks\fail.txt`, []byte("/Query 0x80070005\r\n"))
	got := run("status")
	expect(got, 70, "schtasks.exe ended with 0x80070005, and said: FEHLER: Zugriff verweigert oder")
	if !strings.Contains(string(got.Stderr), "Run as administrator") {
		t.Errorf("%s", got.Stderr)
	}
	p.WriteFile(`C:\fake\tasks\fail.txt`, nil)
	expect(run("remove"), 0, "is removed")
	expect(run("status"), 1, "There is no task")

	// What Windows makes of the arguments is what was given.
	lines := [][]string{append([]string{"check"}, arguments...), {`a\`, `b c\`, `"`, ``, `\"x`, `D:\ü\`, "'"}}
	var file strings.Builder
	for _, args := range lines {
		file.WriteString("siteready.exe " + schedule.CommandLine(args) + "\n")
	}
	p.WriteFile(`C:\lines.txt`, []byte(file.String()))
	apart := p.Run(t.Context(), fake, winetest.RunOptions{}, "argv", `C:\lines.txt`)
	decoder := json.NewDecoder(bytes.NewReader(apart.Stdout))
	for _, want := range lines {
		var args []string
		if err := decoder.Decode(&args); err != nil {
			t.Fatalf("%v: %s%s", err, apart.Stdout, apart.Stderr)
		}
		if diff := cmp.Diff(append([]string{"siteready.exe"}, want...), args); diff != "" {
			t.Error(diff)
		}
	}
}

// Wine's own schtasks.exe takes the XML for both kinds of account, and none that is cut. To a query
// it says nothing, which is not taken for an answer.
func TestWinesOwnScheduler(t *testing.T) {
	p := winetest.New(t)
	create := func(name string, xml []byte) (code int, there bool) {
		t.Helper()
		file := `C:\` + name + ".xml"
		p.WriteFile(file, xml)
		got := p.Run(t.Context(), "schtasks", winetest.RunOptions{}, "/create", "/tn", name, "/xml", file)
		_, err := os.Stat(p.Path(`C:\windows\system32\tasks\` + name))
		return got.ExitCode, err == nil
	}
	task := schedule.Task{
		Name: "siteready", Start: schedule.NextStart(time.Now(), 2, 0), Program: installed,
		Arguments: []string{"check", "-o", `D:\Berichte für "alle"\x.json`}, StopAfter: defaultStopAfter,
	}
	for name, account := range map[string]string{"own": "", "managed": `CONTOSO\sr$`} {
		task.Account = account
		if code, there := create(name, task.File()); code != 0 || !there {
			t.Errorf("%s: exit code %d, there %t", name, code, there)
		}
	}
	whole := task.File()
	if code, there := create("cut", whole[:len(whole)/4*2]); code == 0 || there {
		t.Errorf("a cut file: exit code %d, there %t", code, there)
	}
	got := p.Run(t.Context(), windowsProgram(t), winetest.RunOptions{}, "schedule", "install", "--system", "--", "--no-config")
	if got.ExitCode != exitFailure || !strings.Contains(string(got.Stderr), "nothing was registered: ") || !strings.Contains(string(got.Stderr), "printed nothing, so that nobody knows") {
		t.Errorf("exit code %d: %s%s", got.ExitCode, got.Stdout, got.Stderr)
	}
}
