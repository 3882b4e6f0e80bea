package report_test

import (
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/report"
)

// waive lays one waiver of a whole check over a run.
func waive(in report.Input, ids ...string) report.Input {
	var waivers []checks.Waiver
	for _, id := range ids {
		waivers = append(waivers, checks.Waiver{Check: id, Reason: "Known.", Owner: "Ines Albrecht", Until: in.JudgedFor.Truncate(24 * time.Hour)})
	}
	in.Results, in.Waivers = checks.Waive(in.Results, waivers, in.JudgedFor)
	in.Configuration = report.Configuration{File: "siteready.yaml", SHA256: strings.Repeat("0", 64)}
	return in
}

// What is waived is counted apart, is nowhere called passed or failed, and does not decide.
func TestWaivedIsCountedApart(t *testing.T) {
	ready := calm()
	ready.Results = append(ready.Results,
		result(areaSystem, "restart", "Does Windows wait for a restart?", checks.Warning, "A restart is pending."),
		unknownResult(areaSystem, "policy", "Do policies leave the update's files alone?", denied()))
	ready = waive(ready, "system.restart", "system.policy")
	r := report.New(ready)
	if want := (report.Counts{Waived: 2, Passed: 2, NotApplicable: 1, Total: 5}); r.Counts != want {
		t.Errorf("the counts are %+v", r.Counts)
	}
	if r.Verdict != checks.Ready || r.Exit.Code != 0 || len(r.Causes) != 0 {
		t.Errorf("%s, exit code %d, causes %v", r.Verdict, r.Exit.Code, r.Causes)
	}
	text := table(t, ready, report.TableOptions{Width: 120})
	for _, want := range []string{
		"READY   2 waived, 2 passed, 1 not applicable\n",
		"Configured  by siteready.yaml: 2 waivers in force. SHA-256 0000",
		"o Waived", "Waived until 2026-11-25; see below.", "instead of  Warning", "instead of  Could not check",
		"nothing that was checked stands in the way but what was waived",
	} {
		if !strings.Contains(dense(text), dense(want)) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "What to fix") || strings.Contains(text, "Could not check, by cause") {
		t.Errorf("what is waived is to be fixed:\n%s", text)
	}
}

func TestAllWaivedIsNotReady(t *testing.T) {
	in := calm()
	in.Results = []checks.Result{
		result(areaSystem, "restart", "Does Windows wait for a restart?", checks.Failed, "A restart is pending."),
		result(areaRecovery, "passive", "Is the passive site server in step?", checks.NotApplicable, "This site has one site server."),
	}
	in = waive(in, "system.restart")
	r := report.New(in)
	if r.Verdict != checks.Incomplete || r.Exit.Code != 3 {
		t.Errorf("%s, exit code %d", r.Verdict, r.Exit.Code)
	}
	text := table(t, in, report.TableOptions{Width: 120})
	for _, want := range []string{"nothing else passed, so nothing says that this site is ready.", "Next: look at what was waived"} {
		if !strings.Contains(dense(text), dense(want)) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
}

// A report is not valid beyond the last day of a waiver that it relies on.
func TestValidityEndsWithAWaiver(t *testing.T) {
	for _, test := range []struct {
		state checks.WaiverState
		until time.Time
		want  time.Time
	}{
		{checks.WaiverInForce, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
		{checks.WaiverInForce, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), readAt.Add(report.ValidFor)},
		{checks.WaiverUnused, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), readAt.Add(report.ValidFor)},
		{checks.WaiverExpired, time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC), readAt.Add(report.ValidFor)},
	} {
		in := calm()
		in.Waivers = []checks.WaiverUse{{Waiver: checks.Waiver{Until: test.until}, State: test.state}}
		if got := report.New(in).ValidUntil; !got.Equal(test.want) {
			t.Errorf("%s until %s: valid until %s", test.state, test.until, got)
		}
	}
}

// A run that was stopped is never ready, whatever was waived.
func TestStoppedIsNotWaived(t *testing.T) {
	in := calm()
	in.Stopped = "interrupted"
	in.Results = append(in.Results, unknownResult(areaSystem, "policy", "Policies?", denied()))
	if r := report.New(waive(in, "system.policy")); r.Verdict != checks.Incomplete || r.Exit.Code != 3 {
		t.Errorf("%s, exit code %d", r.Verdict, r.Exit.Code)
	}
}

// A threshold that was changed shows even where its check passed, and what names it.
func TestChangedThresholds(t *testing.T) {
	in := calm()
	in.Results[1].Check.Settings = []checks.Setting{
		{Name: "warns_below", Default: 25, Unit: "GB", About: "free"},
		{Name: "fails_below", Default: 15, Unit: "GB", About: "free", Source: "The product's rule"},
		{Name: "other", Default: 1, Unit: "GB", About: "free"},
	}
	in.Thresholds = map[string]checks.Settings{"system.windows": {"fails_below": 2.5, "warns_below": 20, "other": 1}}
	in.Configuration = report.Configuration{File: "nightly.yaml", SHA256: strings.Repeat("0", 64)}
	text := table(t, in, report.TableOptions{Width: 120})
	for _, want := range []string{
		"by nightly.yaml: 2 thresholds changed. SHA-256",
		"  - system.windows: warns_below: 20 GB, free (set by the configuration; our threshold is 25)\n",
		"  - system.windows: fails_below: 2.5 GB, free (set by the configuration; by default 15: The product's rule)\n",
	} {
		if !strings.Contains(dense(text), dense(want)) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	r := report.New(in)
	for i, want := range []float64{20, 2.5, 1} {
		if got := r.Checks[1].Settings[i]; got.Value != want {
			t.Errorf("%s is %v", got.Name, got.Value)
		}
	}
}

func TestConfiguredByNothing(t *testing.T) {
	in := calm()
	if text := table(t, in, report.TableOptions{Width: 120}); strings.Contains(text, "Configured") {
		t.Errorf("there was no configuration:\n%s", text)
	}
	in.Configuration = report.Configuration{File: "siteready.yaml", SHA256: strings.Repeat("0", 64)}
	if text := table(t, in, report.TableOptions{Width: 120}); !strings.Contains(dense(text), dense("Configured by siteready.yaml: no thresholds changed, no waivers. SHA-256 000")) {
		t.Errorf("the configuration is not named:\n%s", text)
	}
}

// What a person must tell is no check: it is asked for where there is a site, and decides nothing.
func TestConfirmYourself(t *testing.T) {
	in := calm()
	in.Statements = accepted().Statements
	r := report.New(in)
	if len(r.Confirmations) != 3 || r.Verdict != checks.Ready || r.Counts != report.New(calm()).Counts {
		t.Errorf("%s, %+v, %+v", r.Verdict, r.Counts, r.Confirmations)
	}
	text := table(t, in, report.TableOptions{Width: 120})
	if !strings.Contains(text, "Confirm yourself (0 of 3 confirmed)") || strings.Contains(text, "[x]") {
		t.Errorf("nothing was confirmed:\n%s", text)
	}
	elsewhere := nothing()
	elsewhere.Statements = in.Statements
	if text := table(t, elsewhere, report.TableOptions{Width: 120}); strings.Contains(text, "Confirm yourself") {
		t.Errorf("there is no site:\n%s", text)
	}
}
