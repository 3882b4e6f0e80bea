package site

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const framed = "  $$<Configuration Manager Prereq><11-16-2026 21:40:00.105-60><thread=5432 (0x1538)>\n"

// checked judges the log of a primary site beside checks that cover rules.
func checked(t *testing.T, others []checks.Check, damage func(json.RawMessage) json.RawMessage, lines ...string) checks.Result {
	t.Helper()
	tree, err := platformtest.Load("../..", "primary")
	if err != nil {
		t.Fatal(err)
	}
	text := "******* Start Prerequisite checking. *******" + framed +
		`INFO: source path is set to D:\X\CMUStaging\420E3E18-73C5-4BE9-88B0-6F1E30A012CA\SMSSETUP` + framed +
		strings.Join(lines, "\n") + "\n******* Prerequisite checking is completed. *******" + framed
	constructed, err := platformtest.New(platformtest.Edit(tree, map[string]any{"logs": map[string]any{`C:\ConfigMgrPrereq.log`: text}}))
	if err != nil {
		t.Fatal(err)
	}
	var r platform.Reader = platformtest.Fault{Reader: constructed, Change: func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		if q.Kind == platform.KindLog && damage != nil {
			return damage(raw), err
		}
		return raw, err
	}}
	all := checks.Catalog{{ID: "site", Title: "Site", Checks: append([]checks.Check{prerequisiteCheck()}, others...)}}
	selection, err := checks.Select(all, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), r, constructed.ReadAt, platform.DefaultLimits())
	return checks.Run(t.Context(), m, all, selection, checks.Conditions{Target: requirement.DefaultTarget(9132 - 4), JudgedFor: constructed.ReadAt})[0]
}

// An error of a rule that another check of the run judges is a warning which names that check.
func TestCoveredError(t *testing.T) {
	other := checks.Check{ID: "site.other", Rules: []string{"Pending system restart"}, Run: func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Passes("fine"), nil }}
	const line = "CM01;    Pending system restart;    Error;    Restart it."
	for _, test := range []struct {
		others []checks.Check
		status checks.Status
		found  string
	}{
		{nil, checks.Failed, "error: Restart it."},
		{[]checks.Check{other}, checks.Warning, "error: Restart it. (see also site.other)"},
	} {
		r := checked(t, test.others, nil, line)
		if r.Status != test.status || len(r.Items) != 2 || r.Items[1].Found != test.found {
			t.Errorf("%s %v", r.Status, r.Items)
		}
		if r.Opinion == nil || len(r.Opinion.Rules) != 1 || r.Opinion.Rules[0].Status != checks.Failed || !r.Opinion.Whole || r.Opinion.Package != "Configuration Manager 2509" ||
			!r.Opinion.Ended.Equal(time.Date(2026, 11, 16, 20, 40, 0, 105e6, time.UTC)) {
			t.Errorf("the opinion is %+v", r.Opinion)
		}
	}
}

// What does not fit into an answer is told, and is never green.
func TestMoreThanAnAnswerHolds(t *testing.T) {
	var errors, passed []string
	for i := range 300 {
		errors = append(errors, fmt.Sprintf("CM01;    Rule %d;    Warning;    %s", i, strings.Repeat("x", 380)))
		passed = append(passed, fmt.Sprintf("CM01;    Rule %d %s;    Passed", i, strings.Repeat("y", 220)))
	}
	r := checked(t, nil, nil, errors...)
	last := r.Items[len(r.Items)-1]
	if r.Status != checks.Unknown || last.Key != furtherRules || last.Cause == nil || r.Opinion.Whole {
		t.Errorf("%s, at last %v", r.Status, last)
	}
	// Of passed rules only the list is cut: their number is known.
	if r = checked(t, nil, nil, passed...); r.Status != checks.Passed || r.Opinion.Whole || len(r.Opinion.Rules) == 300 {
		t.Errorf("%s, %d rules", r.Status, len(r.Opinion.Rules))
	}
}

// Numbers that do not agree with the list prove nothing.
func TestOddDigests(t *testing.T) {
	const line = "CM01;    Pending system restart;    Passed"
	for old, instead := range map[string]string{
		`"passed":1`: `"passed":2`, `"errors":0`: `"errors":1`, `"warnings":0`: `"warnings":-1`, `"not_run":0`: `"not_run":7`, `"complaints":0`: `"complaints":-1`,
		`"result":"passed"`: `"result":"fine"`, `"begun":false`: `"begun":true`, `"not_understood":0`: `"not_understood":1`, `"results":[{`: `"results":[{"rule":"x","server":"","result":"error","message":""},{`,
	} {
		r := checked(t, nil, func(raw json.RawMessage) json.RawMessage {
			text := strings.Replace(string(raw), old, instead, 1)
			if text == string(raw) {
				t.Fatalf("%s is not in %s", old, raw)
			}
			return json.RawMessage(text)
		}, line)
		if r.Status != checks.Unknown {
			t.Errorf("%s: %s", instead, r.Status)
		}
	}
	if r := checked(t, nil, nil, line); r.Status != checks.Passed {
		t.Errorf("%s: %s", r.Status, r.Summary)
	}
}

// What the checker complains of itself, and what it does not say, stands in the notes.
func TestPrerequisiteNotes(t *testing.T) {
	r := checked(t, nil, nil, "Prerequisite rule 'SQL Server version' will run for easysetup upgrade.", "ERROR: SQL is not connected.", "CM01;    Pending system restart;    Passed")
	if notes := strings.Join(r.Notes, "\n"); r.Status != checks.Passed || !strings.Contains(notes, "complained of 1 error of") || !strings.Contains(notes, "no result in the log: 1.") || !strings.Contains(notes, "was not run, and is not passed") {
		t.Errorf("%s, %q", r.Status, notes)
	}
}
