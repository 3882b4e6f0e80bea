package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/report"
)

// covering makes a result judge rules of Microsoft's checker.
func covering(name string, status checks.Status, rules ...string) checks.Result {
	r := result(areaSystem, name, "Is "+name+" well?", status, name+" was judged.")
	if status == checks.Unknown {
		r.Cause = denied()
	}
	r.Check.Rules = rules
	return r
}

// said is what Microsoft's checker said of a rule.
func said(rule, server string, status checks.Status, message string) checks.OpinionRule {
	return checks.OpinionRule{Rule: rule, Server: server, Status: status, Message: message}
}

// opined is a run with what Microsoft's checker said last, in every way of (dis)agreeing.
func opined() report.Input {
	in := site()
	log := result(areaSite, "prerequisite-check", "What did Microsoft's own prerequisite checker say last?", checks.Failed, "It found errors.")
	log.Opinion = &checks.Opinion{
		Log: `C:\ConfigMgrPrereq.log`, Ended: readAt.Add(-77 * time.Hour).Add(300 * time.Millisecond), Package: "Configuration Manager 2509", Whole: true,
		Rules: []checks.OpinionRule{
			said("Passed by both", "CM01", checks.Passed, ""),
			said("Found by both", "CM01", checks.Failed, "It is bad."),
			said("Passed there, failed here", "CM01", checks.Passed, ""), said("passed there, FAILED here.", "SQL01", checks.Passed, ""),
			said("Another of that check", "CM01", checks.Passed, ""),
			said("Milder here", "CM01", checks.Failed, "It is very bad."),
			said("Not known here", "CM01", checks.Warning, "It is odd."),
			said("Looked at by nobody", "", checks.Warning, ""),
			said("Looked at by nobody, and bad", "CM01", checks.Failed, "It is on fire."), said("Looked at by nobody, and bad", "CM01", checks.Warning, "It is warm."),
			said("Passed here", "CM01", checks.Passed, ""), said("Passed here", "SQL01", checks.Failed, "It is bad on SQL01."),
			said("Does not apply here", "CM01", checks.Warning, ""),
			said("Waived here", "CM01", checks.Failed, "It is accepted."),
			said("Stricter here", "CM01", checks.Warning, ""),
			said("Found by a check that finds another", "CM01", checks.Passed, ""),
			said("Passed, and nobody looks", "CM01", checks.Passed, ""),
			said("Never run", "", checks.NotApplicable, ""),
		},
	}
	in.Results = append(slices.Insert(in.Results, 3, log), // with its area, as in the catalogue
		covering("both", checks.Passed, "Passed by both"), covering("found", checks.Failed, "Found by both", "Found by a check that finds another"),
		covering("ours", checks.Failed, "Passed there, failed here", "Another of that check"), covering("milder", checks.Warning, "Milder here (error)"),
		covering("unknown", checks.Unknown, "Not known here"), covering("passed", checks.Passed, "Passed here"),
		covering("idle", checks.NotApplicable, "Does not apply here"), covering("waived", checks.Waived, "Waived here"), covering("strict", checks.Failed, "Stricter here"))
	last := len(in.Results) - 2
	in.Results[last].Waived = &checks.Acceptance{Waiver: checks.Waiver{Reason: "x", Owner: "y", Until: readAt}, Was: checks.Failed}
	skipped := covering("skipped", checks.Passed, "Looked at by nobody")
	skipped.Selected = false
	in.Results = append(in.Results, skipped)
	return in
}

func TestDisagreements(t *testing.T) {
	got := made(opined()).ProductChecker
	if got == nil {
		t.Fatal("there is no opinion")
	}
	one := func(kind, rule string, servers []string, theirs, message, ours string, ids ...string) report.Disagreement {
		return report.Disagreement{Kind: kind, Rules: strings.Split(rule, "|"), Servers: servers, Theirs: theirs, Message: message, Ours: ours, Checks: append([]string{}, ids...)}
	}
	want := &report.Opinion{
		Check: "site.prerequisite-check", Log: `C:\ConfigMgrPrereq.log`, EndedAt: readAt.Add(-77 * time.Hour), Package: "Configuration Manager 2509",
		Errors: 5, Warnings: 5, Passed: 7, NotRun: 1, Whole: true, Agreed: 5,
		Disagreements: []report.Disagreement{
			one(report.OnlyTheirs, "Passed here", []string{"SQL01"}, "failed", "It is bad on SQL01.", "passed", "system.passed"),
			one(report.OnlyTheirs, "Does not apply here", []string{"CM01"}, "warning", "", "not_applicable", "system.idle"),
			one(report.NotCovered, "Looked at by nobody, and bad", []string{"CM01"}, "failed", "It is on fire.", "not_selected"),
			one(report.NotCovered, "Looked at by nobody", []string{}, "warning", "", "not_selected"),
			one(report.NotKnown, "Not known here", []string{"CM01"}, "warning", "It is odd.", "unknown", "system.unknown"),
			one(report.Milder, "Milder here", []string{"CM01"}, "failed", "It is very bad.", "warning", "system.milder"),
			one(report.OnlyOurs, "Passed there, failed here|Another of that check", []string{"CM01", "SQL01"}, "passed", "", "failed", "system.ours"),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- wanted, + got):\n%s", diff)
	}
	if made(site()).ProductChecker != nil {
		t.Error("without a log there is an opinion")
	}
}

// Every format that holds more than the verdict tells of the disagreements.
func TestDisagreementsInEveryFormat(t *testing.T) {
	r := made(opined())
	var back report.Report
	if err := json.Unmarshal([]byte(asJSON(t, r)), &back); err != nil || len(back.ProductChecker.Disagreements) != 7 {
		t.Errorf("JSON: %v, %v", back.ProductChecker, err)
	}
	text := table(t, opined(), report.TableOptions{Width: 160})
	for _, want := range []string{
		"Where Microsoft's own checker and siteready disagree", "It ran on 2026-11-16 21:00 UTC, 3 days old when the facts were read, for Configuration Manager 2509: 5 errors, 5 warnings, 7 passed, 1 not run.",
		"On 5 rules that a check here judges both say the same.", "Looked at by nobody, and bad (CM01)", "error: It is on fire.", "no check looks at it", "could not check: system.unknown",
		"found nothing now: system.passed;", "a warning: system.milder", "Passed there, failed here; Another of that check (CM01, SQL01)", "failed: system.ours",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table has no %q", want)
		}
	}
	rows := 0
	for _, row := range parseCSV(t, rendered(t, report.CSV, r)) {
		if row["row"] == "disagreement" {
			rows++
		}
	}
	if rows != 7 {
		t.Errorf("CSV has %d disagreements", rows)
	}
	for name, text := range map[string]string{
		"cmtrace": rendered(t, report.CMTrace, r), "junit": rendered(t, junit(report.JUnitOptions{}), r), "summary": rendered(t, report.Summary, r), "nagios": rendered(t, report.Nagios, r),
	} {
		if !strings.Contains(text, "Looked at by nobody, and bad") || !strings.Contains(text, "Passed there, failed here") {
			t.Errorf("%s does not tell of all disagreements", name)
		}
	}
	prom := rendered(t, report.Prometheus, r)
	if !strings.Contains(prom, `siteready_product_checker_disagreements{site="P01",computer="CM01.contoso.local"} 7`) {
		t.Error("Prometheus does not count the disagreements")
	}
}

// Where both say the same, the section says so; what could not be read is not passed over.
func TestAgreement(t *testing.T) {
	in := opined()
	for i := range in.Results {
		if o := in.Results[i].Opinion; o != nil {
			same := *o
			same.Rules, same.Whole, same.Package = o.Rules[:1], false, ""
			in.Results[i].Opinion = &same
		}
	}
	text := table(t, in, report.TableOptions{Width: 160})
	for _, want := range []string{"They do not. On 1 rule that a check here judges both say the same.", "0 errors, 0 warnings, 1 passed, 0 not run; not all of its results could be read."} {
		if !strings.Contains(text, want) {
			t.Errorf("the table has no %q", want)
		}
	}
	if summary := rendered(t, report.Summary, made(in)); strings.Contains(summary, "Microsoft's checker") {
		t.Error("the summary tells of a disagreement")
	}
}
