package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"siteready/checks/catalog"
	"siteready/platform"
)

// Both formats hold every question that can be asked, each statement whole.
func TestQuestionsArePrinted(t *testing.T) {
	var text, asJSON, stderr bytes.Buffer
	for format, stdout := range map[string]*bytes.Buffer{"text": &text, "json": &asJSON} {
		if code := run(t.Context(), []string{"questions", "--format", format}, strings.NewReader(""), stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Fatalf("%s: exit code %d: %s", format, code, &stderr)
		}
	}
	var parsed struct {
		Questions []struct {
			platform.Question
			By     []string
			Rights []string
		}
	}
	if err := json.Unmarshal(asJSON.Bytes(), &parsed); err != nil {
		t.Fatal(err)
	}
	all := catalog.Questions()
	if len(parsed.Questions) != len(all) || len(all) < 100 {
		t.Fatalf("%d questions as JSON, %d in the catalogue", len(parsed.Questions), len(all))
	}
	lines := strings.Split(text.String(), "\n")
	printed := map[string]bool{}
	for i, one := range all {
		if line := string(one.Form.Kind) + " " + named(one.Form); printed[line] {
			t.Errorf("%s is printed twice, and nobody can tell what is meant", line)
		} else {
			printed[line] = true
		}
		if got := parsed.Questions[i]; got.Question != platform.Question(one.Form) || !slices.Equal(got.By, one.By) || !slices.Equal(got.Rights, one.Rights) {
			t.Errorf("as JSON %s is %+v", one.Form, got)
		}
		if !slices.Contains(lines, "  "+named(one.Form)) {
			t.Errorf("%s is not printed", one.Form)
		}
		if one.Form.Kind == platform.KindSQL && !slices.Contains(lines, "      "+one.Form.Text) {
			t.Errorf("the statement of %s is not printed whole", one.Form)
		}
		if about[one.Form.Kind] == "" {
			t.Errorf("questions of kind %s are not explained", one.Form.Kind)
		}
	}
}
