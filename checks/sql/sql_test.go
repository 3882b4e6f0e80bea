package sql_test

import (
	"maps"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/checks/sql"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// judged runs one check over the healthy primary site, in whose only row for a statement some
// columns have other values.
func judged(t *testing.T, id, version, statement string, columns map[string]any) checks.Result {
	t.Helper()
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	rows := site.SQL["sql01.contoso.com"]["CM_P01"][statement]
	if len(rows) != 1 {
		t.Fatalf("%s has %d rows", statement, len(rows))
	}
	for column := range columns {
		if _, found := rows[0][column]; !found {
			t.Fatalf("%s has no column %s", statement, column)
		}
	}
	maps.Copy(rows[0], columns)
	target, err := requirement.Target(version)
	if err != nil {
		t.Fatal(err)
	}
	all := checks.Catalog{sql.Area()}
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

// What is worth knowing, and changes no status, is told in a note.
func TestNotes(t *testing.T) {
	group := map[string]any{
		"replicated": 1, "engine": 3, "of_site": 1, "local_role": 1, "basic": 0, "replica": "SQL01", "failover": 1, "seeding": 1,
		"as_primary": 2, "as_secondary": 2, "health": 2, "replicas": 1,
	}
	for _, test := range []struct {
		name, id, target, statement string
		columns                     map[string]any
		notes                       []string // a part of each, in order
	}{
		{"a group, for 2603", "sql.availability-group", "2603", "availability-replicas", group, []string{"KB37426535"}},
		{"a group, for 2509", "sql.availability-group", "2509", "availability-replicas", group, nil},
		{"the recommended level", "sql.compatibility", "2509", "database-settings", nil, nil},
		{"another level", "sql.compatibility", "2509", "database-settings", map[string]any{"level": 140}, []string{"For SQL Server 2022 the documents recommend the level 150."}},
		{"one of two recommended levels", "sql.compatibility", "2603", "database-settings", map[string]any{"major": 17, "level": 160}, []string{"one recommends 160, another 170"}},
		{"the other one", "sql.compatibility", "2603", "database-settings", map[string]any{"major": 17, "level": 170}, []string{"one recommends 160, another 170"}},
		{"a version without a recommendation", "sql.compatibility", "2603", "database-settings", map[string]any{"major": 18}, nil},
		{"options of a group's instance", "sql.text-replication", "2509", "database-settings", map[string]any{"replicated": 1}, []string{"look at the others, too"}},
		{"options of the only instance", "sql.text-replication", "2509", "database-settings", nil, nil},
		{"settings in a group", "sql.database-settings", "2509", "database-settings", map[string]any{"replicated": 1}, []string{"look at the others, too"}},
		{"settings outside of one", "sql.database-settings", "2509", "database-settings", nil, nil},
		{"FULL", "sql.recovery-model", "2509", "database-settings", map[string]any{"recovery_model": 1}, []string{"recovery.log-backup"}},
		{"SIMPLE", "sql.recovery-model", "2509", "database-settings", nil, nil},
		{"the site's port", "sql.port", "2509", "service-broker", nil, nil},
		{"the site's port is not known", "sql.port", "2509", "service-broker", map[string]any{"sql_port": -1}, []string{"not compared"}},
		{"changes kept as set-up says", "sql.change-tracking", "2509", "change-tracking", nil, nil},
		{
			"changes kept longer, and not cleaned up", "sql.change-tracking", "2509", "change-tracking",
			map[string]any{"kept_minutes": 14 * 24 * 60, "cleanup": 0},
			[]string{"kept for 14.0 days", "turned off"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := judged(t, test.id, test.target, test.statement, test.columns)
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

// Who changes the port reads which one it must be.
func TestPortOfTheSiteIsNamed(t *testing.T) {
	result := judged(t, "sql.port", "2509", "service-broker", map[string]any{"sql_port": 50001})
	const summary, wanted = "SQL Server is set to another static port than the one that the site uses.", "a static port, 50001 for this site"
	if result.Status != checks.Warning || result.Summary != summary || len(result.Items) != 2 || result.Items[0].Wanted != wanted || result.Items[1].Wanted != "port 50001" {
		t.Errorf("%s: %s, %+v", result.Status, result.Summary, result.Items)
	}
}

// On a secondary replica the cause says where the health of the others is known.
func TestSecondaryReplicaIsTold(t *testing.T) {
	result := judged(t, "sql.availability-group", "2509", "availability-replicas", map[string]any{
		"replicated": 1, "engine": 3, "of_site": 1, "local_role": 2, "basic": 0, "replica": "SQL02", "failover": 1, "seeding": 1,
		"as_primary": 2, "as_secondary": 2, "health": -1, "replicas": 1,
	})
	for _, item := range result.Items {
		if item.Status != checks.Unknown {
			continue
		}
		if item.Key != "health" || item.Cause == nil || !strings.Contains(item.Cause.Help, "primary replica") {
			t.Errorf("%s: %+v", item.Key, item.Cause)
		}
		return
	}
	t.Errorf("%s: %s", result.Status, result.Summary)
}
