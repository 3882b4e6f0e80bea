package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"siteready/checks/catalog"
)

// The steps fit the width, whatever it is, and lose no word.
func TestSourcesFitTheWidth(t *testing.T) {
	documents := catalog.SourceDocuments()
	for _, width := range []int{20, narrowest, 120, 200} {
		var out bytes.Buffer
		if err := sourcesText(&out, documents, width); err != nil {
			t.Fatal(err)
		}
		wide := max(width, narrowest)
		var names, others []string
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if len(line) > wide && !strings.HasPrefix(line, "https://") || strings.TrimRight(line, " ") != line || strings.Contains(line, together) {
				t.Errorf("%d: %q", width, line)
			}
			if !strings.HasPrefix(line, "  ") || strings.Contains(line, "  covered") || line[:7] == strings.Repeat(" ", 7) && len(names) == 0 {
				continue
			}
			names = append(names, strings.Fields(line[2:min(2+wide/2, len(line))])...)
			if len(line) > wide/2+4 {
				others = append(others, strings.Fields(line[wide/2+4:])...)
			}
		}
		gotNames, gotOthers := " "+strings.Join(names, " ")+" ", " "+strings.Join(others, " ")+" "
		for _, document := range documents {
			for _, step := range document.Steps {
				if !strings.Contains(gotNames, " "+step.Number+" "+step.Name+" ") {
					t.Errorf("%d: %s %q is not there", width, step.Number, step.Name)
				}
				if want := strings.ReplaceAll(coveringStep(step), together, " "); !strings.Contains(gotOthers, " "+want+" ") {
					t.Errorf("%d: what covers %s is not there: %q", width, step.Number, want)
				}
			}
		}
	}
}

// Each command that covers a step is one of the program's.
func TestSourcesNameCommands(t *testing.T) {
	for _, document := range catalog.SourceDocuments() {
		for _, step := range document.Steps {
			for _, command := range step.Commands {
				var out, errs bytes.Buffer
				verb, found := strings.CutPrefix(command, "siteready ")
				if code := run(t.Context(), []string{verb, "--help"}, strings.NewReader(""), &out, &errs); !found || code != 0 || !strings.Contains(out.String(), command) {
					t.Errorf("%s: %q is no command: %d, %s", step.Number, command, code, &errs)
				}
			}
		}
	}
}

// The form for programs has every step, and lists that are never null.
func TestSourcesForPrograms(t *testing.T) {
	var out bytes.Buffer
	if err := sourcesJSON(&out, catalog.SourceDocuments()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema    string
		Steps     int
		Covered   int
		Without   map[string]int
		Documents []struct {
			Page  string
			Steps []struct {
				Number                       string
				Checks, Statements, Commands []string
				Reason                       string
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	steps, reasons := 0, 0
	for _, document := range got.Documents {
		for _, step := range document.Steps {
			steps++
			if step.Checks == nil || step.Statements == nil || step.Commands == nil || step.Number == "" {
				t.Errorf("%s: %+v", document.Page, step)
			}
			if (step.Reason != "") == (len(step.Checks)+len(step.Statements)+len(step.Commands) > 0) {
				t.Errorf("%s: %+v", document.Page, step)
			}
		}
	}
	for _, n := range got.Without {
		reasons += n
	}
	if got.Schema != "siteready.sources/1" || got.Steps != steps || got.Covered+reasons != steps || steps < 100 {
		t.Errorf("%s: %d steps, %d of them covered, %d not, and %d are listed", got.Schema, got.Steps, got.Covered, reasons, steps)
	}
}
