//go:build linux

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform/windows/winetest"
	"siteready/report"
)

// The shipped exe finds the logs of the site that it runs on by the registry, and reads them while
// somebody has them open.
func TestWindowsProgramReadsItsLogs(t *testing.T) {
	exe := windowsProgram(t)
	p := winetest.New(t)
	const (
		setup  = `HKLM\SOFTWARE\Microsoft\SMS\Setup`
		failed = "SMS site backup failed. Please see previous errors.  $$<SMS_SITE_BACKUP><03-11-2026 02:14:44.447-60><thread=1 (0x1)>\r\n"
		parse  = `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\`
	)
	for name, value := range map[string]any{
		"Full Version": "5.00.9128.1000", "Type": uint32(1), "Installation Directory": `C:\ConfigMgr`, "Site Code": "P01",
	} {
		p.SetRegistry(setup, name, value)
	}
	p.SetRegistry(`HKLM\SOFTWARE\Microsoft\SMS\Identification`, "Site Code", "P01")
	p.SetRegistry(parse+`Instance Names\SQL`, "MSSQLSERVER", "MSSQL16.MSSQLSERVER")
	p.SetRegistry(parse+`MSSQL16.MSSQLSERVER\MSSQLServer\Parameters`, "SQLArg1", `-eC:\SQL\Log\ERRORLOG`)
	p.WriteFile(`C:\ConfigMgr\Logs\smsbkup.log`, []byte(failed))
	p.WriteFile(`C:\ConfigMgr\Logs\CrashDumps\notes.txt`, []byte("x"))
	p.WriteFile(`C:\ConfigMgrPrereq.log`, []byte("ERROR: SQL is not connected  $$<Configuration Manager Prereq><03-11-2026 02:14:44.447-60><thread=1 (0x1)>\r\n"))
	p.WriteFile(`C:\other.log`, []byte(failed))
	p.WriteFile(`C:\SQL\Log\ERRORLOG`, []byte("2026-03-11 02:14:44.44 spid52      Error: 9002, Severity: 17, State: 2.\r\n2026-03-11 02:14:44.44 spid52      The transaction log for database 'CM_P01' is full due to 'LOG_BACKUP'.\r\n"))

	result := p.Run(t.Context(), exe, winetest.RunOptions{}, "logs", "--format", "json")
	var l report.Logs
	if err := json.Unmarshal(result.Stdout, &l); err != nil {
		t.Fatalf("%v: %s%s", err, result.Stdout, result.Stderr)
	}
	groups := map[string]bool{}
	for _, c := range l.Causes {
		groups[c.Group] = true
	}
	var files []string
	for _, f := range l.Files {
		files = append(files, f.Name)
	}
	if result.ExitCode != 2 || l.ExitCode != 2 || !groups["backup"] || !groups["sql-connect"] || !groups["sql-space"] || len(files) != 3 {
		t.Errorf("exit code %d, causes %v in %v, places %+v", result.ExitCode, groups, files, l.Places)
	}
	if text := strings.Join(files, "\n"); !strings.Contains(text, `C:\ConfigMgr\Logs\smsbkup.log`) || strings.Contains(text, "other.log") {
		t.Errorf("files: %s", text)
	}

	result = p.Run(t.Context(), exe, winetest.RunOptions{}, "logs", `C:\ConfigMgr`, "-o", `C:\found.html`)
	if out := string(result.Stdout); result.ExitCode != 2 || !strings.Contains(out, `Logs\smsbkup.log:1, 2026-03-11 02:14:44 +01:00`) {
		t.Errorf("exit code %d: %s%s", result.ExitCode, out, result.Stderr)
	}
}
