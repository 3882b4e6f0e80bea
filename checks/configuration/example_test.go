package configuration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"siteready/checks/catalog"
	"siteready/checks/configuration"
)

// The example sets nothing as it is, and every key and threshold when its comments are lifted.
func TestExample(t *testing.T) {
	real := rules()
	real.Catalog = catalog.All()
	example := configuration.Example(real.Catalog)
	got, err := configuration.Parse("example", []byte(example), real)
	if err != nil || len(got.Given)+len(got.Waivers)+len(got.Thresholds) > 0 {
		t.Fatalf("as it is it sets %+v: %v", got, err)
	}
	lifted := comment.ReplaceAllString(example, "$1$2")
	got, err = configuration.Parse("example", []byte(lifted), real)
	if err != nil {
		t.Fatalf("%v\n%s", err, lifted)
	}
	for _, key := range configuration.Keys() {
		if section, _, nested := strings.Cut(key.Name, "."); nested && section != "sql" && section != "history" && section != "notify" {
			if got.Line(section+".0") == 0 {
				t.Errorf("%s is not set", section)
			}
			if !strings.Contains(lifted, strings.TrimPrefix(key.Name, section+".")+": ") {
				t.Errorf("%s is not in the example", key.Name)
			}
		} else if got.Line(key.Name) == 0 {
			t.Errorf("%s is not set", key.Name)
		}
	}
	for _, check := range real.Catalog.Checks() {
		for _, s := range check.Settings {
			if value, set := got.Thresholds[check.ID][s.Name]; !set || value != s.Default {
				t.Errorf("%s of %s is %v", s.Name, check.ID, value)
			}
		}
	}
}

// The handbook names every key, and what it shows can be read.
func TestHandbook(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configuration.Keys() {
		if !strings.Contains(string(text), "| `"+key.Name+"` |") {
			t.Errorf("docs/configuration.md does not explain %s", key.Name)
		}
	}
	real := rules()
	real.Catalog, real.Encryption = catalog.All(), []string{"strict", "mandatory", "optional", "disable"}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 2 {
		t.Fatalf("%d blocks of YAML", len(blocks))
	}
	for _, block := range blocks {
		if _, err := configuration.Parse("docs/configuration.md", block[1], real); err != nil {
			t.Errorf("%v in\n%s", err, block[1])
		}
	}
	for _, s := range real.Catalog.Statements() {
		if !strings.Contains(string(text), "`"+s.ID+"`") {
			t.Errorf("docs/configuration.md does not name the statement %s", s.ID)
		}
	}
}

// The defaults of the catalogue obey the order that is asked of what is set.
func TestDefaultsAreInOrder(t *testing.T) {
	real := rules()
	real.Catalog = catalog.All()
	for _, check := range real.Catalog.Checks() {
		for _, s := range check.Settings {
			text := fmt.Sprintf("thresholds: {%s: {%s: %s}}", check.ID, s.Name, configuration.Number(s.Default))
			if _, err := configuration.Parse("f.yaml", []byte(text), real); err != nil {
				t.Errorf("the default is refused: %v", err)
			}
		}
	}
}

// FuzzParse gives the parser any file. It must end soon and without a panic, and what it
// accepts must keep every rule.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("\ufeff" + whole))
	f.Add([]byte("\xff\xfet\x00:\x00 \x001\x00"))
	f.Add([]byte("waivers: [{check: space.disk, reason: |\n   a\n, owner: o, until: 2026-12-31}]"))
	f.Add([]byte("thresholds: {space.log: {warns_above: 1, warns_above: 2}}\n? a\n"))
	f.Add([]byte("confirmed:\n- statement: site.window\n  by: \"\\u0041\"\n  on: 2026-11-20\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := configuration.Parse("f.yaml", data, rules())
		if err != nil {
			var problems *configuration.Error
			if !errors.As(err, &problems) || len(problems.Problems) == 0 {
				t.Fatalf("the error is %v", err)
			}
			for _, p := range problems.Problems {
				if p.At.Line < 1 || p.At.Column < 1 || p.Text == "" {
					t.Errorf("%+v", p)
				}
			}
			return
		}
		for _, w := range got.Waivers {
			if w.Reason == "" || w.Owner == "" || w.Until.IsZero() || !slices.Contains([]string{"space.disk", "space.log", "site.https"}, w.Check) {
				t.Errorf("the waiver %+v was accepted", w)
			}
		}
		for _, c := range got.Confirmed {
			if c.By == "" || c.On.IsZero() || !slices.Contains([]string{"site.release-notes", "site.window"}, c.Statement) {
				t.Errorf("the confirmation %+v was accepted", c)
			}
		}
		for id, settings := range got.Thresholds {
			for name, value := range settings {
				if !(value >= 0 && value <= 1e9) || id == "space.log" && value > 100 || id == "site.https" {
					t.Errorf("%s of %s was accepted as %v", name, id, value)
				}
			}
		}
		for key, given := range got.Given {
			for _, word := range given.Words {
				if word == "" || strings.ContainsAny(word, "\x00\n\x1b") {
					t.Errorf("%s is %q", key, word)
				}
			}
		}
	})
}
