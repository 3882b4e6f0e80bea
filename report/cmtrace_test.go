package report_test

import (
	"regexp"
	"strings"
	"testing"

	"siteready/report"
)

// traceLine is a line of a log as CMTrace reads it.
type traceLine struct {
	text, kind string
}

// Its attributes have this order. A message ends where its end first stands.
var traceForm = regexp.MustCompile(`^<!\[LOG\[(.*?)\]LOG\]!><time="[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+000" date="[0-9]{2}-[0-9]{2}-[0-9]{4}" component="siteready" context="" type="([123])" thread="0" file="">$`)

func parseTrace(t testing.TB, text string) []traceLine {
	t.Helper()
	body, ended := strings.CutSuffix(text, "\r\n")
	if !ended {
		t.Error("the last line has no end")
	}
	var all []traceLine
	for line := range strings.SplitSeq(body, "\r\n") {
		parts := traceForm.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("this is no line of CMTrace: %.3000q", line)
		}
		if strings.Contains(parts[1], "]LOG]!>") {
			t.Errorf("a message ends early: %.300q", parts[1])
		}
		all = append(all, traceLine{parts[1], parts[2]})
	}
	return all
}

var ruleID = regexp.MustCompile(`\(([a-z]+\.[a-z0-9-]+)\)$`)

// traceFacts reads the result lines as ConfigMgrPrereq.log is read: four fields at most.
func traceFacts(t testing.TB, text string) facts {
	t.Helper()
	f := facts{checks: map[string]string{}}
	statuses := map[string]string{
		"Error": "failed", "Warning": "warning", "Passed": "passed", "Could not check": "unknown", "Waived": "waived",
		"Not applicable": "not_applicable", "Not selected": "not_selected",
	}
	kinds := map[string]string{"failed": "3", "warning": "2", "unknown": "2"}
	lines := parseTrace(t, text)
	for _, line := range lines {
		fields := strings.SplitN(line.text, ";", 4)
		for i := range fields {
			if i > 0 && !strings.HasPrefix(fields[i], "    ") {
				fields = nil // no result line
				break
			}
			fields[i] = strings.TrimSpace(fields[i])
		}
		if len(fields) < 3 {
			continue
		}
		status, known := statuses[fields[2]]
		id := ruleID.FindStringSubmatch(fields[1])
		if !known || id == nil {
			continue
		}
		want := kinds[status]
		if want == "" {
			want = "1"
		}
		if line.kind != want {
			t.Errorf("a line that is %s has the type %s: %s", status, line.kind, line.text)
		}
		if _, again := f.checks[id[1]]; !again { // the lines of items follow
			f.checks[id[1]] = status
		}
	}
	f.counts = counted(f.checks)
	if len(lines) > 1 {
		f.verdict, _, _ = strings.Cut(lines[len(lines)-2].text, ":")
	}
	return f
}

func judgeTrace(t testing.TB, r report.Report) {
	text := rendered(t, report.CMTrace, r)
	traceFacts(t, text).assert(t, truth(r))
	harmless(t, text, "\r\n")
}

func TestCMTrace(t *testing.T) { everywhere(t, judgeTrace) }

func FuzzCMTrace(f *testing.F) { fuzzed(f, judgeTrace) }

// The colour of a line is its type: red for what failed, yellow for what could not be checked.
func TestCMTraceLines(t *testing.T) {
	lines := parseTrace(t, rendered(t, report.CMTrace, made(accepted())))
	for _, want := range []traceLine{
		{"CM01.contoso.local;    Is the ODBC driver new enough for the target? (drivers.odbc18);    Error;    The ODBC driver of 1 server is too old.", "3"},
		{"CM01.contoso.local;    May this version be updated to the target? (site.version);    Passed;    5.00.9128.1000 may be updated to 2509.", "1"},
		{"CM01.contoso.local;    Does Windows wait for a restart? (system.restart);    Warning;    A restart is pending since 2026-11-18.", "2"},
		{"CM01.contoso.local;    Does replication between the sites work? (site.replication);    Could not check;    " + unreachable().Cause, "2"},
		{"Confirm yourself: site.release-notes: Not confirmed: The release notes have been read.", "1"},
		{"BLOCKED: 1 failed, 2 warnings, 3 could not check, 2 waived, 3 passed, 1 not applicable", "3"},
	} {
		found := false
		for _, line := range lines {
			found = found || line == want
		}
		if !found {
			t.Errorf("%s (type %s) is not in\n%v", want.text, want.kind, lines)
		}
	}
}
