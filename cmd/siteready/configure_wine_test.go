//go:build linux

package main

import (
	"strings"
	"testing"
	"unicode/utf16"

	"siteready/platform/windows/winetest"
)

// asPowerShell is a text as `Set-Content -Encoding Unicode` writes it.
func asPowerShell(text string) []byte {
	data := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n"))) {
		data = append(data, byte(unit), byte(unit>>8))
	}
	return data
}

// The shipped exe finds the configuration in its own folder, as PowerShell writes it, wherever
// it is started.
func TestWindowsProgramIsConfigured(t *testing.T) {
	prefix, exe := winetest.New(t), windowsProgram(t)
	start := func(args ...string) winetest.Result {
		return prefix.Run(t.Context(), exe, winetest.RunOptions{Dir: `C:\windows`}, args...)
	}
	none := start("config")
	if none.ExitCode != 0 || !strings.Contains(string(none.Stdout), `there is no C:\bin\siteready.yaml`) {
		t.Errorf("exit code %d\n%s%s", none.ExitCode, none.Stdout, none.Stderr)
	}

	prefix.WriteFile(`C:\bin\siteready.yaml`, asPowerShell("timeout: 77s\nsql:\n  ca: certs\\root.pem\nsetup_account: CONTOSO\\Jürgen\n"))
	got := start("config")
	if got.ExitCode != 0 || len(got.Stderr) > 0 {
		t.Errorf("exit code %d\n%s", got.ExitCode, got.Stderr)
	}
	for _, want := range []string{
		`Configuration: C:\bin\siteready.yaml, SHA-256 `, `C:\bin\siteready.yaml:1`, " 1m17s ", `C:\bin\certs\root.pem`, `CONTOSO\Jürgen`,
	} {
		if !strings.Contains(string(got.Stdout), want) {
			t.Errorf("it does not say %q:\n%s", want, got.Stdout)
		}
	}

	prefix.WriteFile(`C:\bin\siteready.yaml`, asPowerShell("target: 2509\n\nwaviers: []\n"))
	broken := start()
	want := `siteready: C:\bin\siteready.yaml:3:1: unknown key "waviers"; did you mean waivers?`
	if broken.ExitCode != exitUsage || len(broken.Stdout) > 0 || !strings.HasPrefix(string(broken.Stderr), want) {
		t.Errorf("exit code %d\n%s%s", broken.ExitCode, broken.Stdout, broken.Stderr)
	}
}
