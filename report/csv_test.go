package report_test

import (
	"encoding/csv"
	"regexp"
	"strings"
	"testing"

	"siteready/report"
)

// parseCSV reads a CSV report as rows by column.
func parseCSV(t testing.TB, text string) []map[string]string {
	t.Helper()
	body, marked := strings.CutPrefix(text, "\uFEFF")
	if !marked {
		t.Error("there is no byte order mark")
	}
	if strings.Count(body, "\r\n") != strings.Count(body, "\n") || strings.Count(body, "\r") != strings.Count(body, "\n") {
		t.Error("a line does not end with CR LF")
	}
	all, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != strings.Count(body, "\n") {
		t.Errorf("%d rows stand in %d lines", len(all), strings.Count(body, "\n"))
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

var formulas = regexp.MustCompile(`(^|;)[\s"']*[=+\-@＝＋－＠]`)

func judgeCSV(t testing.TB, r report.Report) {
	text := rendered(t, report.CSV, r)
	f := facts{verdict: string(r.Verdict), checks: map[string]string{}}
	for _, row := range parseCSV(t, text) {
		if row["verdict"] != f.verdict || row["run_id"] != "RUN" {
			t.Errorf("a row has the verdict %q of the run %q", row["verdict"], row["run_id"])
		}
		for name, cell := range row {
			// An apostrophe is all that may stand before a formula's first character.
			if at := formulas.FindString(cell); at != "" && !strings.Contains(at, "'") {
				t.Errorf("%s is a formula: %.60q", name, cell)
			}
			if len([]rune(cell)) > 32_767 {
				t.Errorf("%s has %d characters", name, len([]rune(cell)))
			}
		}
		if row["row"] == "check" || row["row"] == "item" {
			if before, twice := f.checks[row["id"]]; twice && before != row["check_status"] {
				t.Errorf("%s is %s and %s", row["id"], before, row["check_status"])
			}
			f.checks[row["id"]] = row["check_status"]
		}
	}
	f.counts = counted(f.checks)
	want := truth(r)
	if len(r.Checks) == 0 {
		f.verdict = want.verdict // there is no row
	}
	f.assert(t, want)
	harmless(t, strings.TrimPrefix(text, "\uFEFF"), "\r\n")
}

func TestCSV(t *testing.T) { everywhere(t, judgeCSV) }

func FuzzCSV(f *testing.F) { fuzzed(f, judgeCSV) }

// Each item is a row with what was found and who has accepted it.
func TestCSVRows(t *testing.T) {
	rows := parseCSV(t, rendered(t, report.CSV, made(accepted())))
	find := func(kind, id, item string) map[string]string {
		for _, row := range rows {
			if row["row"] == kind && row["id"] == id && row["item"] == item {
				return row
			}
		}
		t.Fatalf("there is no row %s %s %s", kind, id, item)
		return nil
	}
	for _, test := range []struct {
		kind, id, item string
		want           map[string]string
	}{
		{"item", "space.volume", `D:\`, map[string]string{
			"status": "waived", "check_status": "waived", "found": "2.1 GB free", "wanted": "5 GB or more",
			"waived_was": "failed", "waived_until": "2026-11-30", "waived_by": "Ines Albrecht", "waived_ticket": "CHG0041173",
		}},
		{"item", "drivers.odbc18", "SQL01.contoso.local", map[string]string{"status": "passed", "check_status": "failed", "site_code": "P01"}},
		{"check", "site.replication", "", map[string]string{"status": "unknown", "reason": "unreachable"}},
		{"check", "system.clock", "", map[string]string{"status": "not_selected"}},
		{"waiver", "system.restart", "", map[string]string{"status": "expired", "waived_by": "Tom Okafor", "waived_until": "2026-11-19"}},
		{"waiver", "recovery.backup", "SQL09/CM_P09", map[string]string{"status": "unused"}},
		{"statement", "site.window", "", map[string]string{"status": "confirmed", "note": "Confirmed by Tom Okafor on 2026-11-19"}},
		{"statement", "site.release-notes", "", map[string]string{"status": "open", "title": "The release notes have been read."}},
	} {
		row := find(test.kind, test.id, test.item)
		for name, want := range test.want {
			if row[name] != want {
				t.Errorf("%s %s %s: %s is %q, wanted %q", test.kind, test.id, test.item, name, row[name], want)
			}
		}
	}
}
