package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
	"siteready/report"
)

var logsAt = time.Date(2026, 3, 11, 2, 14, 44, 0, time.UTC)

// catalogue is a small one, with a cause of each severity, and something harmless.
func catalogue(t testing.TB) *signatures.Catalogue {
	t.Helper()
	one := func(id, severity, group string) signatures.Signature {
		return signatures.Signature{
			ID: id, Stage: "any", Literal: "text of " + id, Severity: severity, Rank: 3, Group: group,
			Meaning: "Meaning of " + id + ".", Remedy: "Remedy of " + id + ".", Source: "KB 4490424",
		}
	}
	c, err := signatures.New([]signatures.Signature{
		one("broken", signatures.Failure, "first"), one("follows", signatures.Failure, "first"), one("odd", signatures.Warning, "second"),
		one("told", signatures.Information, "third"), one("noise", signatures.Information, "harmless"), one("past", signatures.Failure, "fourth"),
	}, []signatures.Rule{
		{ID: "better", Kind: signatures.RuleSuccess, Begin: []string{"it succeeded"}, Ends: []string{"past"}, Severity: signatures.Information, Group: "over", Meaning: "m", Source: "s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// message is a signature that was seen some minutes after the begin, with a text.
func message(id string, minute int, text string) logscan.Seen {
	at := logsAt.Add(time.Duration(minute) * time.Minute)
	return logscan.Seen{ID: id, Count: 1, First: &at, Last: &at, Lines: []logscan.Line{{File: `E:\Logs\x.log`, Number: 7, At: &at, Zoned: true, Offset: 60, Text: text}}}
}

func logFile(problem string) logscan.Scanned {
	last := logsAt.Add(time.Hour)
	return logscan.Scanned{Log: "x.log", Name: `E:\Logs\x.log`, Size: 4096, Read: 4096, Lines: 40, Encoding: "8-bit", First: &logsAt, Last: &last, Problem: problem}
}

// logs are what was found, with a text in every place that can be foreign.
func logs(t testing.TB, text string, seen ...logscan.Seen) report.LogsInput {
	t.Helper()
	end := logsAt.Add(time.Hour)
	in := report.LogsInput{
		Version: "1.0", ReadAt: logsAt.Add(2 * time.Hour), Zone: "UTC", Catalogue: catalogue(t),
		Places: []report.LogPlace{{Path: `E:\Logs` + text, Why: "named", Files: 1}},
		Found: logscan.Found{
			Files: []logscan.Scanned{logFile("")}, Signatures: seen, Now: &end,
			Endings: []logscan.Ended{{ID: "better", Log: "x.log", Line: logscan.Line{File: `E:\Logs\x.log` + text, Number: 9, At: &end, Text: text}}},
		},
	}
	in.Found.Files[0].Name += text
	for i := range in.Found.Signatures {
		for j := range in.Found.Signatures[i].Lines {
			in.Found.Signatures[i].Lines[j].File += text
		}
	}
	return in
}

func TestLogsVerdict(t *testing.T) {
	for name, tc := range map[string]struct {
		seen    []logscan.Seen
		problem string
		place   string
		stopped string
		none    bool
		verdict report.LogsVerdict
		code    int
	}{
		"nothing":                      {verdict: report.LogsNothing},
		"a failure":                    {seen: []logscan.Seen{message("broken", 0, "x"), message("odd", 1, "x")}, verdict: report.LogsFailures, code: 2},
		"a warning":                    {seen: []logscan.Seen{message("odd", 1, "x")}, verdict: report.LogsWarnings, code: 1},
		"information":                  {seen: []logscan.Seen{message("told", 1, "x")}, verdict: report.LogsNothing},
		"harmless":                     {seen: []logscan.Seen{message("noise", 1, "x")}, verdict: report.LogsNothing},
		"a failure that is over":       {seen: []logscan.Seen{message("past", 1, "x")}, verdict: report.LogsNothing},
		"a failure after the success":  {seen: []logscan.Seen{message("past", 99, "x")}, verdict: report.LogsFailures, code: 2},
		"unread":                       {problem: "locked", verdict: report.LogsIncomplete, code: 3},
		"unread, and a warning":        {seen: []logscan.Seen{message("odd", 1, "x")}, problem: "locked", verdict: report.LogsIncomplete, code: 3},
		"unread, and a failure":        {seen: []logscan.Seen{message("broken", 1, "x")}, problem: "locked", verdict: report.LogsFailures, code: 2},
		"a folder that cannot be seen": {place: "denied", verdict: report.LogsIncomplete, code: 3},
		"stopped":                      {stopped: "interrupted", verdict: report.LogsIncomplete, code: 3},
		"no log":                       {none: true, verdict: report.LogsIncomplete, code: 3},
	} {
		t.Run(name, func(t *testing.T) {
			in := logs(t, "", tc.seen...)
			in.Found.Files[0].Problem, in.Places[0].Problem, in.Stopped = tc.problem, tc.place, tc.stopped
			if tc.none {
				in.Found.Files = nil
			}
			l := report.NewLogs(in)
			if l.Verdict != tc.verdict || l.ExitCode != tc.code {
				t.Errorf("got %s, %d; want %s, %d", l.Verdict, l.ExitCode, tc.verdict, tc.code)
			}
			// Every format has the verdict.
			for _, write := range []func(io.Writer, report.Logs) error{report.JSONLogs, report.HTMLLogs, narrow} {
				var b bytes.Buffer
				if err := write(&b, l); err != nil || !strings.Contains(b.String(), string(tc.verdict)) {
					t.Errorf("%v in %s", err, &b)
				}
			}
		})
	}
}

// Logs that tell nothing of the time that was asked for are not well.
func TestLogsTellNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*report.LogsInput)
		says string // empty where they tell something
	}{
		"empty files": {func(in *report.LogsInput) {
			in.Found.Files[0].Lines, in.Found.Files[0].First, in.Found.Files[0].Last = 0, nil, nil
		}, "no line was read"},
		"all before":          {func(in *report.LogsInput) { in.Since = logsAt.Add(61 * time.Minute) }, "no line is of the time that counts"},
		"all behind":          {func(in *report.LogsInput) { in.Until = logsAt.Add(-time.Minute) }, "no line is of the time that counts"},
		"some before":         {func(in *report.LogsInput) { in.Since = logsAt.Add(59 * time.Minute) }, ""},
		"some behind":         {func(in *report.LogsInput) { in.Until = logsAt }, ""},
		"its end has no time": {func(in *report.LogsInput) { in.Since, in.Found.Files[0].Last = logsAt.Add(99*time.Hour), nil }, ""},
		"another is empty":    {func(in *report.LogsInput) { in.Found.Files = append(in.Found.Files, logscan.Scanned{Name: "y.log"}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := logs(t, "")
			tc.edit(&in)
			l := report.NewLogs(in)
			want := report.LogsNothing
			if tc.says != "" {
				want = report.LogsIncomplete
			}
			var b bytes.Buffer
			if err := narrow(&b, l); err != nil || l.Verdict != want || !strings.Contains(b.String(), tc.says) {
				t.Errorf("%s, want %s: %v\n%s", l.Verdict, want, err, &b)
			}
		})
	}
}

func narrow(w io.Writer, l report.Logs) error {
	return report.TableLogs(w, l, report.TableOptions{Width: 80})
}

// many is a bit of all.
func many(t testing.TB, text string) report.LogsInput {
	in := logs(t, text, message("broken", 9, text), message("follows", 8, text), message("odd", 20, text), message("told", 2, text), message("noise", 3, text), message("past", 4, text))
	in.Found.Signatures[2].Lines[0].Zoned = false
	in.Found.Files = append(in.Found.Files, logFile("it was cut"+text))
	in.Found.Files[0].Grew, in.Found.Files[0].Long = true, 1
	in.Places[0].Others, in.Stopped = 3, text
	return in
}

func TestLogsGolden(t *testing.T) {
	for file, write := range map[string]func(io.Writer, report.Logs) error{
		"logs.txt": narrow, "logs.json": report.JSONLogs,
		"logs-verbose.txt": func(w io.Writer, l report.Logs) error {
			return report.TableLogs(w, l, report.TableOptions{Width: 120, Color: true, Unicode: true, Verbose: true})
		},
	} {
		var b bytes.Buffer
		l := report.NewLogs(many(t, ""))
		l.Catalogue.Version = "0123456789ab" // it changes with each field that a signature gets
		if err := write(&b, l); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("..", "testdata", "golden", "logs", file)
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, b.Bytes()) {
			t.Errorf("%s differs: %v\n%s", path, err, &b)
		}
	}
}

func TestLogsKeepToTheSchema(t *testing.T) {
	var text bytes.Buffer
	if err := report.LogsJSONSchema(&text); err != nil {
		t.Fatal(err)
	}
	parsedSchema, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	strict(parsedSchema)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:siteready:logs:1", parsedSchema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:siteready:logs:1")
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]report.LogsInput{"nothing": logs(t, ""), "all": many(t, "x"), "hostile": many(t, "\x1b[31m\u202e\x00</script>")} {
		var b bytes.Buffer
		if err := report.JSONLogs(&b, report.NewLogs(in)); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(parsed(t, b.Bytes())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var back report.Logs
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Causes) != len(report.NewLogs(in).Causes) {
			t.Errorf("%s: it is not read back: %v", name, err)
		}
		harmless(t, b.String(), "\n")
	}
}

// What a line is counted for is seen in the table, wherever in a long line it stands.
func TestLogsShowWhatWasFound(t *testing.T) {
	const found = "text of broken"
	filler := strings.Repeat("many words go before ", 40)
	for name, before := range map[string]string{
		"first": "", "near": filler[:100], "far": filler, "in one word": strings.Repeat("x", 900), "behind wide letters": strings.Repeat("é漢 ", 120),
	} {
		seen := message("broken", 1, before+found+" and more "+filler)
		seen.Lines[0].Match = len(before)
		var b bytes.Buffer
		if err := narrow(&b, report.NewLogs(logs(t, "", seen))); err != nil {
			t.Fatal(err)
		}
		_, lines, _ := strings.Cut(b.String(), "  Lines ")
		if text := strings.Join(strings.Fields(lines), " "); !strings.Contains(text, found) || len(text) > 450 {
			t.Errorf("%s: %s", name, lines)
		}
	}
}

// Whatever stands in a log harms no terminal and no browser, and no line of the table is too long.
func TestLogsBearHostileText(t *testing.T) {
	for _, text := range hostile() {
		l := report.NewLogs(many(t, text))
		for _, width := range []int{80, 120} {
			var b bytes.Buffer
			if err := report.TableLogs(&b, l, report.TableOptions{Width: width, Verbose: width > 80}); err != nil {
				t.Fatal(err)
			}
			harmless(t, b.String(), "\n")
			for line := range strings.Lines(b.String()) {
				if ansi.StringWidth(strings.TrimSuffix(line, "\n")) >= width {
					t.Errorf("%.20q: a line is longer than %d: %s", text, width-1, line)
				}
			}
		}
		var b bytes.Buffer
		if err := report.HTMLLogs(&b, l); err != nil {
			t.Fatal(err)
		}
		page, err := html.Parse(&b)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range elements(page, func(n *html.Node) bool {
			return slices.Contains([]atom.Atom{atom.Script, atom.Img, atom.Link, atom.Iframe, atom.Object}, n.DataAtom)
		}) {
			t.Errorf("%.20q: the page has a %s", text, n.Data)
		}
		if causes := elements(page, withClass("check")); len(causes) != len(l.Causes) {
			t.Errorf("%.20q: the page has %d causes, want %d", text, len(causes), len(l.Causes))
		}
	}
}
