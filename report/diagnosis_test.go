package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"siteready/checks"
	"siteready/checks/diagnosis"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/report"
)

var show = flag.Bool("show", false, "log what is written")

func diagnosisOf(t *testing.T, name string, refuse func(platform.Question) bool) report.Diagnosis {
	t.Helper()
	tree, err := platformtest.Load("..", name)
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	var r platform.Reader = site
	if refuse != nil {
		r = platformtest.Refusing(site, platform.ErrDenied, refuse)
	}
	m := platform.Open(t.Context(), r, site.ReadAt, platform.DefaultLimits())
	s := m.Session()
	d := diagnosis.Diagnose(t.Context(), s, checks.Stated{}, nil)
	return report.NewDiagnosis(report.DiagnosisInput{
		Version: "1.0", Recording: "site.siteready", MadeAt: site.ReadAt.Add(3 * time.Hour), Diagnosis: d, Evidence: s.Evidence(),
	})
}

// Every stuck site is written in every form: no line is too long, all is told, and without colour
// there is no escape sequence.
func TestDiagnosisTable(t *testing.T) {
	files, err := filepath.Glob("../testdata/sites/stuck/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	names := []string{"primary", "cas", "secondary"}
	for _, file := range files {
		names = append(names, "stuck/"+strings.TrimSuffix(filepath.Base(file), ".yaml"))
	}
	for _, name := range names {
		d := diagnosisOf(t, name, nil)
		for _, o := range []report.TableOptions{{Width: 80}, {Width: 120}, {Width: 120, Unicode: true, Verbose: true}, {Width: 80, Color: true}, {Width: 20}} {
			var b bytes.Buffer
			if err := report.DiagnosisTable(&b, d, o); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if *show && !o.Verbose && !o.Color && o.Width >= 80 {
				t.Logf("%s at %d:\n%s", name, o.Width, text)
			}
			if strings.Contains(text, "\x1b") != o.Color {
				t.Errorf("%s: with colour %t it has escape sequences, or none", name, o.Color)
			}
			for line := range strings.Lines(text) {
				if width := len([]rune(strings.TrimRight(line, "\n"))); !o.Color && width > max(o.Width, 80)-1 {
					t.Errorf("%s: a line of %d columns: %s", name, width, line)
				}
			}
			flat := strings.Join(strings.Fields(text), " ")
			wants := []string{d.Summary, "Exit code", d.Subject.Headline}
			for _, l := range d.Lines {
				wants = append(wants, l.Says.Text)
				if l.Standing != "stuck" {
					continue
				}
				wants = append(wants, l.Next, l.Stage)
				wants = append(append(wants, l.Safe...), l.Avoid...)
				for _, held := range l.Held {
					wants = append(wants, held.Text)
				}
			}
			for _, want := range wants {
				// A word that is longer than a line is broken.
				if !o.Color && !strings.Contains(strings.ReplaceAll(flat, " ", ""), strings.ReplaceAll(want, " ", "")) {
					t.Errorf("%s at %d: %q is not told:\n%s", name, o.Width, want, text)
				}
			}
		}
	}
}

// What could not be looked at stands under its cause, once.
func TestDiagnosisGaps(t *testing.T) {
	d := diagnosisOf(t, "primary", func(q platform.Question) bool { return q.Kind == platform.KindFolder || q.Kind == platform.KindService })
	var b bytes.Buffer
	if err := report.DiagnosisTable(&b, d, report.TableOptions{Width: 120}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "COULD NOT LOOK   ") || !strings.Contains(text, "\nCould not look\n") || strings.Contains(text, "Nothing is stuck") || d.Exit != 3 || len(d.Gaps) < 5 {
		t.Errorf("exit %d, %d gaps:\n%s", d.Exit, len(d.Gaps), text)
	}
}

// The form for programs is whole, and has no null but where nothing is known.
func TestDiagnosisJSON(t *testing.T) {
	var b bytes.Buffer
	d := diagnosisOf(t, "stuck/installation-blocked", nil)
	if err := report.DiagnosisJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Schema            int
		Standing, Summary string
		Exit              int `json:"exit_code"`
		Lines             []struct {
			Package, Site, Stage, Standing, Text, Next string
			State, Minutes                             *int64
			HeldBy                                     []report.DiagnosisStatement `json:"held_by"`
			Avoid                                      []string                    `json:"avoid_now"`
		}
		CouldNotLook []json.RawMessage `json:"could_not_look"`
		Evidence     []report.Evidence
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Schema != report.DiagnosisSchema || back.Exit != 2 || back.Standing != "stuck" || len(back.Lines) != 2 || back.CouldNotLook == nil || len(back.Evidence) < 20 {
		t.Errorf("%+v", back)
	}
	line := back.Lines[0]
	if line.Site != "P01" || line.State == nil || *line.State != 196628 || line.Minutes == nil || *line.Minutes != 75 || len(line.HeldBy) != 1 ||
		!strings.Contains(line.HeldBy[0].Seen[0].Question, "update-blocked") || len(line.Avoid) < 5 {
		t.Errorf("%+v", line)
	}
	if back.Lines[1].State != nil || back.Lines[1].Minutes != nil {
		t.Errorf("%+v", back.Lines[1])
	}
}

// Every diagnosis keeps to the schema, and has no field that it does not name.
func TestDiagnosisKeepsToTheSchema(t *testing.T) {
	var text bytes.Buffer
	if err := report.DiagnosisJSONSchema(&text); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	strict(schema)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:siteready:diagnosis:1", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:siteready:diagnosis:1")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../testdata/sites/stuck/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	all := []report.Diagnosis{
		diagnosisOf(t, "primary", nil), diagnosisOf(t, "secondary", nil), diagnosisOf(t, "no-product", nil),
		diagnosisOf(t, "primary", func(platform.Question) bool { return true }),
		diagnosisOf(t, "cas", func(q platform.Question) bool { return q.Kind == platform.KindFolder }),
	}
	for _, file := range files {
		all = append(all, diagnosisOf(t, "stuck/"+strings.TrimSuffix(filepath.Base(file), ".yaml"), nil))
	}
	for _, d := range all {
		var b bytes.Buffer
		if err := report.DiagnosisJSON(&b, d); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(parsed(t, b.Bytes())); err != nil {
			t.Errorf("%s: %v", d.Summary, err)
		}
		var back report.Diagnosis
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Lines) != len(d.Lines) || len(back.Evidence) != len(d.Evidence) {
			t.Errorf("%s: it is not read back: %v", d.Summary, err)
		}
	}
}

// Whatever stands in a site's tables harms no terminal.
func TestDiagnosisBearsHostileText(t *testing.T) {
	tree, err := platformtest.Load("..", "stuck/installation-blocked")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range hostile() {
		rows := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
		for _, name := range []string{"update-packages", "update-blocked"} {
			var changed []any
			for _, row := range rows[name].([]any) {
				one := map[string]any{"name": text}
				if name == "update-blocked" {
					one = map[string]any{"program": text, "host": text, "login": text}
				}
				changed = append(changed, platformtest.Edit(row.(map[string]any), one))
			}
			rows[name] = changed
		}
		site, err := platformtest.New(tree)
		if err != nil {
			t.Fatal(err)
		}
		m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
		s := m.Session()
		d := report.NewDiagnosis(report.DiagnosisInput{Version: "1.0", MadeAt: site.ReadAt, Diagnosis: diagnosis.Diagnose(t.Context(), s, checks.Stated{}, nil), Evidence: s.Evidence()})
		for _, verbose := range []bool{false, true} {
			var b bytes.Buffer
			if err := report.DiagnosisTable(&b, d, report.TableOptions{Width: 80, Verbose: verbose}); err != nil {
				t.Fatal(err)
			}
			harmless(t, b.String(), "\n")
		}
		var b bytes.Buffer
		if err := report.DiagnosisJSON(&b, d); err != nil {
			t.Fatal(err)
		}
		harmless(t, b.String(), "\n")
	}
}
