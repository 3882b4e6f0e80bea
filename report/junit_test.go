package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"siteready/report"
)

// junitFile is a JUnit report as other programs read it.
type junitFile struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []struct {
		Name       string `xml:"name,attr"`
		Tests      int    `xml:"tests,attr"`
		Failures   int    `xml:"failures,attr"`
		Errors     int    `xml:"errors,attr"`
		Skipped    int    `xml:"skipped,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Class   string     `xml:"classname,attr"`
			Name    string     `xml:"name,attr"`
			Skipped *junitSaid `xml:"skipped"`
			Error   *junitSaid `xml:"error"`
			Failure *junitSaid `xml:"failure"`
			Out     *string    `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type junitSaid struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func junit(o report.JUnitOptions) func(io.Writer, report.Report) error {
	return func(w io.Writer, r report.Report) error { return report.JUnit(w, r, o) }
}

// parseJUnit reads a whole JUnit report strictly, and adds its cases up.
func parseJUnit(t testing.TB, text string) (junitFile, facts) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	var file junitFile
	if err := decoder.Decode(&file); err != nil {
		t.Fatalf("it is no XML: %v", err)
	}
	if token, err := decoder.Token(); err == nil {
		if rest, blank := token.(xml.CharData); !blank || strings.TrimSpace(string(rest)) != "" {
			t.Fatalf("there is more than one element: %v", token)
		}
	} else if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	f := facts{checks: map[string]string{}}
	var failures, errs, skipped, tests int
	for _, suite := range file.Suites {
		tests += suite.Tests
		failures += suite.Failures
		errs += suite.Errors
		skipped += suite.Skipped
		if len(suite.Cases) != suite.Tests {
			t.Errorf("the suite %s has %d cases and says %d", suite.Name, len(suite.Cases), suite.Tests)
		}
		for _, p := range suite.Properties {
			if p.Name == "verdict" {
				f.verdict = p.Value
			}
		}
		for _, c := range suite.Cases {
			if c.Class == "siteready" {
				continue // the verdict
			}
			status := "passed"
			switch {
			case c.Failure != nil:
				status = "failed"
			case c.Error != nil:
				status = "unknown"
			case c.Skipped != nil:
				word, _, _ := strings.Cut(c.Skipped.Message, ":")
				status = strings.ReplaceAll(word, " ", "_")
			case strings.HasPrefix(strings.TrimSpace(*c.Out), "Warning:"):
				status = "warning"
			}
			f.checks[c.Name] = status
		}
	}
	if tests != file.Tests || failures != file.Failures || errs != file.Errors || skipped != file.Skipped {
		t.Errorf("the suites have %d tests, %d failures, %d errors, %d skipped; the whole says %d, %d, %d, %d",
			tests, failures, errs, skipped, file.Tests, file.Failures, file.Errors, file.Skipped)
	}
	f.counts = counted(f.checks)
	return file, f
}

func judgeJUnit(t testing.TB, r report.Report) {
	text := rendered(t, junit(report.JUnitOptions{}), r)
	file, f := parseJUnit(t, text)
	f.assert(t, truth(r))
	if file.Failures != r.Counts.Failed {
		t.Errorf("%d failures, and %d checks failed", file.Failures, r.Counts.Failed)
	}
	wrong := 0
	if r.Verdict == "INCOMPLETE" && r.Counts.Unknown == 0 {
		wrong = 1 // nobody may take a run in which nothing was checked for a good one
	}
	if file.Errors != r.Counts.Unknown+wrong {
		t.Errorf("%d errors, and %d checks could not be made", file.Errors, r.Counts.Unknown)
	}
	harmless(t, text, "\n")
}

func TestJUnit(t *testing.T) { everywhere(t, judgeJUnit) }

func FuzzJUnit(f *testing.F) { fuzzed(f, judgeJUnit) }

func TestJUnitWarningsMayFail(t *testing.T) {
	r := made(accepted())
	_, f := parseJUnit(t, rendered(t, junit(report.JUnitOptions{WarningsFail: true}), r))
	want := truth(r)
	for id, status := range want.checks {
		if status == "warning" {
			want.checks[id] = "failed"
		}
	}
	want.counts = counted(want.checks)
	f.assert(t, want)
}

// What was waived and what must be confirmed is told.
func TestJUnitTellsOfWaivers(t *testing.T) {
	text := rendered(t, junit(report.JUnitOptions{}), made(accepted()))
	for _, want := range []string{
		`<skipped message="waived: 1 of 3 volumes is too full`,
		"waived until 2026-11-30 UTC by Ines Albrecht, ticket CHG0041173 instead of Failed: The volume is enlarged",
		`<property name="waiver expired" value="system.restart: Tom Okafor, until 2026-11-19`,
		`<property name="statement site.release-notes" value="Not confirmed">`,
		`<property name="statement site.window" value="Confirmed by Tom Okafor on 2026-11-19">`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}
