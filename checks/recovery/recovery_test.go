package recovery_test

import (
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/recovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const (
	row    = "may_see" // stands in each row
	server = "sql01.contoso.com"
)

// judged runs one check over the healthy primary site with the rows of some statements replaced.
func judged(t *testing.T, id string, statements map[string]any) checks.Result {
	t.Helper()
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(platformtest.Edit(tree, map[string]any{"sql": map[string]any{server: map[string]any{"CM_P01": statements}}}))
	if err != nil {
		t.Fatal(err)
	}
	target, err := requirement.Target("2509")
	if err != nil {
		t.Fatal(err)
	}
	all := checks.Catalog{recovery.Area()}
	selection, err := checks.Select(all, []string{id}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
	for _, result := range checks.Run(t.Context(), m, all, selection, checks.Conditions{Target: target, JudgedFor: site.ReadAt}) {
		if result.Check.ID == id {
			return result
		}
	}
	t.Fatalf("no result for %s", id)
	return checks.Result{}
}

// What cannot be seen from here, and what is only worth knowing, is told in a note.
func TestNotes(t *testing.T) {
	file := func(device int, path string, checksums int) map[string]any {
		return map[string]any{"backup-files": []any{map[string]any{
			row: 1, "device": device, "path": path, "machine": "SQL01", "checksums": checksums, "damaged": 0, "ordinary_minutes": 240,
		}}}
	}
	const look = "make sure that it is still there"
	for _, test := range []struct {
		name, id   string
		statements map[string]any
		notes      []string // a part of each, in order
	}{
		{"a drive of the SQL Server", "recovery.database-backup", file(2, `E:\Backup\CM_P01.bak`, 1), []string{"lies on a drive of SQL01, where this machine cannot look; " + look}},
		{"Azure", "recovery.database-backup", file(9, "https://example.com/CM_P01.bak", 1), []string{"lies in Azure storage"}},
		{"a tape", "recovery.database-backup", file(5, `\\.\Tape0`, 1), []string{"lies on a tape"}},
		{"a backup program", "recovery.database-backup", file(7, "{0B6F5C52-8D7E-4E1B-B7A9-1C93D45A2F60}", 1), []string{"was made by a backup program or lies on a device"}},
		{"no file", "recovery.database-backup", file(-1, "", 1), []string{"has no file in the history of msdb"}},
		{"no checksums", "recovery.database-backup", file(9, "https://example.com/CM_P01.bak", 0), []string{"without checksums", "lies in Azure storage"}},
		{
			"pages that were repaired", "recovery.suspect-pages",
			map[string]any{"suspect-pages": []any{map[string]any{row: 1, "damaged": 0, "earlier": 0, "cured": 2, "pages": 2, "noted": 2}}},
			[]string{"restored, repaired or given up: 2."},
		},
		{"no damaged page ever", "recovery.suspect-pages", nil, nil},
		{"a task that is off and never ran", "recovery.site-backup", nil, []string{"It has no success on record."}},
		{
			"a task that is off after a success", "recovery.site-backup",
			map[string]any{"site-backup-task": []any{map[string]any{
				row: 1, "site": "P01", "tasks": 1, "is_on": 0, "week_days": 127, "begins": 200, "begins_latest": 500, "successes": 1, "success_minutes": 2880,
				"failures": 0, "failure_minutes": -1, "runs": 1, "ended_minutes": 2880, "week_minute": 7320,
			}}},
			[]string{"Its last success is 2 days old."},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := judged(t, test.id, test.statements)
			if result.Status != checks.Passed {
				t.Errorf("%s: %s", result.Status, result.Summary)
			}
			if len(result.Notes) != len(test.notes) {
				t.Fatalf("notes %q, wanted %q", result.Notes, test.notes)
			}
			for i, part := range test.notes {
				if !strings.Contains(result.Notes[i], part) {
					t.Errorf("note %q, wanted %q", result.Notes[i], part)
				}
			}
		})
	}
}

// A database of an old SQL Server that cannot tell of checks names the versions that can.
func TestOldServerIsTold(t *testing.T) {
	result := judged(t, "recovery.integrity", map[string]any{"checkdb-and-encryption": []any{
		map[string]any{row: 1, "encrypted": 0, "checked_minutes": -2, "version": "13.0.4001.0", "replicated": 0},
	}})
	if len(result.Items) != 1 || result.Items[0].Cause == nil {
		t.Fatalf("%+v", result.Items)
	}
	cause := result.Items[0].Cause
	if !strings.Contains(cause.Cause, "13.0.4001.0") || !strings.Contains(cause.Help, "2016 SP2") {
		t.Errorf("%q, %q", cause.Cause, cause.Help)
	}
}
