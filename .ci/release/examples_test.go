package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"siteready/platform/windows/winetest"
	"siteready/report/notify"
)

// examples runs what the documentation says of other tools, as far as Wine has it: with the
// demonstration in place of a site.
func (m machine) examples() {
	m.t.Helper()
	page, err := os.ReadFile("../../docs/other-tools.md")
	if err != nil {
		m.t.Fatal(err)
	}
	batch := func(name, script string, env ...string) winetest.Result {
		m.WriteFile(`C:\scripts\`+name, []byte(strings.ReplaceAll(script, "\n", "\r\n")))
		return m.Run(m.t.Context(), "cmd", winetest.RunOptions{Env: env}, "/c", `C:\scripts\`+name)
	}

	_, nightly, found := strings.Cut(string(page), "\nsiteready schedule install ")
	nightly, _, _ = strings.Cut(nightly, "\n")
	printed := m.Run(m.t.Context(), "siteready", winetest.RunOptions{}, append([]string{"schedule", "print"}, strings.Fields(nightly)...)...)
	if _, behind, _ := strings.Cut(nightly, " -- "); !found || printed.ExitCode != 0 || !strings.Contains(string(printed.Stdout), "<Arguments>check "+behind+"</Arguments>") {
		m.t.Errorf("the task of the example ends with %d and is %q%q", printed.ExitCode, printed.Stdout, printed.Stderr)
	}

	var gate, later struct{ Steps []struct{ Script string } }
	pipelines, plugins := blocks(string(page), "yaml"), blocks(string(page), "bat")
	if len(pipelines) != 2 || len(plugins) != 1 {
		m.t.Fatalf("%d examples are pipelines and %d plug-ins, wanted 2 and 1", len(pipelines), len(plugins))
	}
	for i, into := range []any{&gate, &later} {
		if err := yaml.Unmarshal([]byte(pipelines[i]), into); err != nil {
			m.t.Fatalf("a pipeline: %v", err)
		}
	}
	m.WriteFile(`C:\work\siteready\here`, nil)
	got := batch("gate.bat", "@"+strings.Replace(gate.Steps[0].Script, " check ", " demo --valid-for 240000h ", 1)+"\n", `REPORTS=C:\work\siteready`)
	if got.ExitCode != 2 || !strings.HasPrefix(string(got.Stdout), "BLOCKED: ") {
		m.t.Errorf("the pipeline's check ends with %d and says %q%q", got.ExitCode, got.Stdout, got.Stderr)
	}
	for _, name := range []string{"site.json", "site.xml", "site.html"} {
		m.there(`C:\work\siteready\`+name, true)
	}
	got = batch("later.bat", "@"+later.Steps[1].Script+"\n", `PIPELINE_WORKSPACE=C:\work`)
	if got.ExitCode != 2 || !strings.HasPrefix(string(got.Stdout), "VALID ") {
		m.t.Errorf("the later stage ends with %d and says %q%q", got.ExitCode, got.Stdout, got.Stderr)
	}

	monitored := func(code int, begins string) {
		m.t.Helper()
		if got := batch("check_siteready.bat", plugins[0]); got.ExitCode != code || !strings.HasPrefix(string(got.Stdout), begins) {
			m.t.Errorf("the plug-in ends with %d and says %.200q; wanted %d, %s", got.ExitCode, got.Stdout, code, begins)
		}
	}
	report := func(validFor string) {
		m.t.Helper()
		got := m.Run(m.t.Context(), "siteready", winetest.RunOptions{}, "demo", "--valid-for", validFor, "--format", "verdict",
			"-o", `C:\Reports\site.json`, "-o", `nagios=C:\Reports\site.nagios`)
		if got.ExitCode != 2 {
			m.t.Fatalf("the demonstration ends with %d: %s", got.ExitCode, got.Stderr)
		}
	}
	monitored(3, "SITEREADY UNKNOWN: there is no report")
	m.WriteFile(`C:\Reports\here`, nil)
	report("240000h")
	monitored(2, "SITEREADY CRITICAL: P01, BLOCKED, ")
	report("1h")
	monitored(3, "SITEREADY UNKNOWN: there is no report, or it is incomplete, stale or damaged\r\nSITEREADY CRITICAL: ")
}

// The alerts that the documentation has are taken by Prometheus.
func TestAlerts(t *testing.T) {
	page, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	var alerts string
	for _, block := range blocks(string(page), "yaml") {
		if strings.HasPrefix(block, "- alert: ") {
			alerts += block
		}
	}
	rules := filepath.Join(t.TempDir(), "rules.yml")
	write(t, rules, "groups:\n- name: siteready\n  rules:"+strings.ReplaceAll("\n"+alerts, "\n", "\n  "))
	said, err := command{name: "promtool", args: []string{"check", "rules", rules}}.run(t.Context())
	if err != nil || !strings.Contains(string(said), "2 rules found") {
		t.Errorf("promtool says %v:\n%s", err, said)
	}
}

// A receiver that does what the documentation says gets the signature that is sent.
func TestSignature(t *testing.T) {
	page, err := os.ReadFile("../../docs/notify.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(page), "\n```\n{ printf ")
	example, _, _ = strings.Cut(example, "\n```\n")
	if !found {
		t.Fatal("the documentation has no example of a receiver")
	}
	const secret, stamp, body = "a secret's $word", "1780000000", "{\"text\":\"two\\nlines, <ä>\"}"
	folder := t.TempDir()
	write(t, filepath.Join(folder, "body.json"), body)
	said, err := command{
		dir: folder, name: "sh", args: []string{"-c", "{ printf " + example},
		env: []string{"SITEREADY_WEBHOOK_SECRET=" + secret, "timestamp=" + stamp},
	}.run(t.Context())
	if want := strings.TrimPrefix(notify.Sign(secret, stamp, []byte(body)), "v1="); err != nil || !strings.HasSuffix(string(said), " "+want+"\n") {
		t.Errorf("it says %s%v, wanted %s", said, err, want)
	}
}

// blocks returns the code of a language in a page.
func blocks(page, language string) []string {
	var found []string
	for {
		_, rest, ok := strings.Cut(page, "\n```"+language+"\n")
		if !ok {
			return found
		}
		code, after, _ := strings.Cut(rest, "\n```\n")
		found, page = append(found, code+"\n"), "\n"+after
	}
}
