// Web writes HTML reports for a browser to look at: of constructed sites, recorded and then
// judged by the real command, and of a report that is as large and as hostile as one can be.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
	"siteready/report"
)

// evil is text that must come to nothing: markup, script, an escape sequence, a character
// that turns the writing direction, and lines.
const evil = "<script>document.title='harmed'</script><img src=http://127.0.0.1:9/x onerror=document.title='harmed'>\"'</style></details>\x1b[31m\u202e\r\n--"

// long is a name as long as they get.
var long = strings.Repeat("x", 200)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("web: say which siteready is run, and the folder for its reports")
	}
	if err := write(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal("web: ", err)
	}
}

func write(ctx context.Context, program, folder string) error {
	if err := run(program, "demo", "-o", filepath.Join(folder, "demo.html"), "-o", filepath.Join(folder, "demo.json")); err != nil {
		return err
	}
	if err := run(program, "demo", "--config", ".ci/web/waived.yaml", "-o", filepath.Join(folder, "waived.html")); err != nil {
		return err
	}
	for name, replace := range map[string]*strings.Replacer{
		"primary":        nil,
		"primary-broken": nil,
		"no-product":     nil,
		"hostile":        strings.NewReplacer("contoso.com", long+".contoso.com", "18.3.2.1", quoted(evil), "CONTOSO", "A&B<b>"),
	} {
		like := name
		if replace != nil {
			like = "primary-broken"
		}
		text, err := record(ctx, like, replace)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		site := filepath.Join(folder, name+".siteready")
		if err := os.WriteFile(site, text, 0o600); err != nil {
			return err
		}
		if err := run(program, "check", "--site", site, "-o", "html="+filepath.Join(folder, name+".html")); err != nil {
			return err
		}
	}
	if err := changed(program, folder); err != nil {
		return err
	}
	if err := histories(program, folder); err != nil {
		return err
	}
	if err := logs(program, folder); err != nil {
		return err
	}
	return large(filepath.Join(folder, "demo.json"), filepath.Join(folder, "large.html"))
}

// changed writes the report of a run that looked at other checks than the one before it, so that
// much is looked at for the first time and much no longer.
func changed(program, folder string) error {
	kept, site := filepath.Join(folder, "kept"), filepath.Join(folder, "hostile.siteready")
	return errors.Join(
		os.Mkdir(kept, 0o700),
		run(program, "check", "--no-config", "--site", site, "--history", kept, "--only", "drivers.*", "--only", "space.*"),
		run(program, "check", "--no-config", "--site", site, "--history", kept, "--skip", "drivers.*", "-o", filepath.Join(folder, "changed.html")),
	)
}

// logs writes the page of what siteready logs found, of every sample and with hostile text in lines.
func logs(program, folder string) error {
	raw, err := os.ReadFile(filepath.Join("platform", "logscan", "testdata", "logs", "samples.tsv"))
	if err != nil {
		return err
	}
	var log strings.Builder
	for line := range strings.Lines(string(raw)) {
		_, message, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		log.WriteString(strings.ReplaceAll(strings.ReplaceAll(evil, "\r", ""), "\n", " ") + long + " " + message + "\r\n")
	}
	copies := filepath.Join(folder, "copies")
	if err := os.Mkdir(copies, 0o700); err != nil {
		return err
	}
	name := filepath.Join(copies, long+"<b>&.log")
	return errors.Join(
		os.WriteFile(name, []byte(log.String()), 0o600), os.WriteFile(filepath.Join(copies, "damaged.log"), []byte("PK\x03\x04\x14\x06\x08\x01\x02"), 0o600),
		run(program, "logs", copies, "--no-config", "-o", filepath.Join(folder, "logs.html")),
	)
}

// run runs siteready. That a site is not ready is no error.
func run(program string, args ...string) error {
	text, err := exec.Command(program, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() <= 3 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, text)
	}
	return nil
}

// quoted is text as it stands within a text in JSON.
func quoted(text string) string {
	whole, _ := json.Marshal(text) // a string can always be marshalled
	return string(whole[1 : len(whole)-1])
}

// record is the recording of a constructed site, with other texts in it.
func record(ctx context.Context, name string, replace *strings.Replacer) ([]byte, error) {
	tree, err := platformtest.Load(".", name)
	if err != nil {
		return nil, err
	}
	if replace != nil {
		text, err := json.Marshal(tree)
		if err != nil {
			return nil, err
		}
		tree = nil
		d := json.NewDecoder(strings.NewReader(replace.Replace(string(text))))
		d.UseNumber()
		if err := d.Decode(&tree); err != nil {
			return nil, err
		}
	}
	site, err := platformtest.New(tree)
	if err != nil {
		return nil, err
	}
	all, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		return nil, err
	}
	m := platform.Open(ctx, site, site.ReadAt, platform.DefaultLimits())
	discovery.Describe(ctx, m.Session(), checks.Stated{})
	target := requirement.DefaultTarget(discovery.Build(ctx, m.Session()))
	checks.Run(ctx, m, catalog.All(), all, checks.Conditions{Target: target, JudgedFor: site.ReadAt})
	var text bytes.Buffer
	err = recording.Write(&text, recording.Header{Version: "constructed", ReadAt: site.ReadAt, About: site.About}, m.Outcomes())
	return text.Bytes(), err
}

// large writes the page of a report with 150 checks and 2,000 items, and with hostile text in
// every text that can be foreign.
func large(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	s := &r.Subject
	for _, field := range []*string{&s.Headline, &s.Account, &s.InstallDir, &s.SQLServer, &s.Database, &r.Source.File, &r.Exit.LetThrough} {
		*field += evil + long
	}
	for i := 0; len(r.Checks) < 150; i++ {
		c := r.Checks[i]
		c.ID = fmt.Sprintf("%s-%d", c.ID, i)
		r.Checks = append(r.Checks, c)
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		c.Title, c.Summary, c.Remedy, c.Notes = c.Title+evil+long, c.Summary+evil+long, c.Remedy+evil+long, append(c.Notes, evil+long)
		c.Items = nil
		for j := range 2000/len(r.Checks) + 1 {
			status := c.Status
			if j%3 == 2 {
				status = "passed"
			}
			item := report.Item{Key: fmt.Sprintf("SRV%03d.%s", j, long), Found: evil, Wanted: long, Where: `HKLM\` + long, Status: status}
			if j%7 == 0 {
				item.Waived = &report.Waived{Was: "failed", Item: evil, Reason: evil + long, Owner: evil + long, Ticket: long, Until: "2026-12-31"}
			}
			c.Items = append(c.Items, item)
		}
	}
	for i := range r.Causes {
		r.Causes[i].Cause, r.Causes[i].Help = r.Causes[i].Cause+evil+long, evil+long
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(report.HTML(f, r), f.Close())
}
