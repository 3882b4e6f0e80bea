package diagnosis_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"siteready/checks/diagnosis"
	"siteready/checks/updates"
	"siteready/platform/platformtest"
)

// Each documented state has a stage, and one that is not known is called so, with its number.
func TestEveryState(t *testing.T) {
	stages := map[updates.Phase]diagnosis.Stage{
		updates.PhaseNone: diagnosis.NotKnown, updates.PhaseApplicability: diagnosis.Applicability, updates.PhaseDownload: diagnosis.Download,
		updates.PhaseReplication: diagnosis.Replication, updates.PhasePrerequisites: diagnosis.Prerequisites, updates.PhaseInstallation: diagnosis.Installation,
	}
	rests := map[int64]bool{327682: true, 262146: true, 131074: false, 131075: false}
	for _, state := range updates.States() {
		if updates.Final(state.Code) {
			continue // the statement does not list it
		}
		for _, sites := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %t", state.Name, sites), func(t *testing.T) {
				soon, later := build(t, inState(t, state.Code, 0, 5, sites)), build(t, inState(t, state.Code, 0, 30*24*60, sites))
				d, after := diagnose(t, soon, soon), diagnose(t, later, later)
				at := -1
				for i, line := range d.Lines {
					if line.GUID != "" {
						at = i
						break
					}
				}
				if at < 0 {
					t.Fatal(d.Lines)
				}
				line := d.Lines[at]
				want, then := diagnosis.Waits, diagnosis.Stuck
				switch {
				case state.Code == 0:
					want, then = diagnosis.Unknown, diagnosis.Unknown
				case rests[state.Code]:
					want, then = diagnosis.Rests, diagnosis.Rests
				case state.Failure() || state.Code == 131075 || state.Code == 196613:
					want = diagnosis.Stuck
				}
				if d.Standing != want || after.Standing != then || line.Stage != stages[state.Phase] || line.Code != state.Code {
					t.Errorf("it is %s in %s, and later %s: %v", d.Standing, line.Stage, after.Standing, d.Lines)
				}
				if !strings.Contains(line.Says.Text, state.Name) || !strings.Contains(line.Says.Text, fmt.Sprint(state.Code)) {
					t.Errorf("it says %q", line.Says.Text)
				}
				proven(t, d)
				proven(t, after)
			})
		}
	}
	for _, code := range []int64{1, 3, -1, 65536, 65539, 131072, 196608, 196630, 262144, 393216, 1 << 40} {
		for _, sites := range []bool{false, true} {
			site := build(t, inState(t, code, 0, 5, sites))
			d := diagnose(t, site, site)
			if d.Standing != diagnosis.Unknown || d.Standing.ExitCode() != 3 || !strings.Contains(d.Lines[0].String(), fmt.Sprintf("its state is %d, which is not known here", code)) {
				t.Errorf("%d: %s, %v", code, d.Summary, d.Lines)
			}
			proven(t, d)
		}
	}
}

// What follows a prerequisite check hangs on what was started, and is not guessed.
func TestFlags(t *testing.T) {
	for _, test := range []struct {
		state, flag int64
		want        diagnosis.Standing
	}{
		{131074, 1, diagnosis.Rests},
		{131074, 0, diagnosis.Waits},
		{131074, 2, diagnosis.Waits},
		{131074, -1, diagnosis.Unknown},
		{131074, 7, diagnosis.Unknown},
		{131075, 1, diagnosis.Rests},
		{131075, 0, diagnosis.Stuck},
		{131075, 2, diagnosis.Waits},
		{131075, -1, diagnosis.Unknown},
		{196607, 1, diagnosis.Stuck},
		{262146, -1, diagnosis.Rests},
	} {
		for _, sites := range []bool{false, true} {
			site := build(t, inState(t, test.state, test.flag, 5, sites))
			if d := diagnose(t, site, site); d.Standing != test.want {
				t.Errorf("%d with flag %d: %s, %v", test.state, test.flag, d.Standing, d.Lines)
			}
		}
	}
}

// Since when a state lasts may not be known. Then it is not called in time, but where somebody has
// reported lately.
func TestAgeIsNotGuessed(t *testing.T) {
	for _, minutes := range []int64{-1, -500} {
		site := build(t, inState(t, 196620, 0, minutes, true))
		if d := diagnose(t, site, site); d.Standing != diagnosis.Unknown || d.Lines[0].Cause == nil {
			t.Errorf("%d minutes: %s, %v", minutes, d.Summary, d.Lines)
		}
	}
}

// What a site says is told, also where the package as a whole is ready, or done with. Only a site
// that is gone does not count.
func TestSitesThatDisagree(t *testing.T) {
	for _, test := range []struct {
		whole, state int64
		site         string
		want         diagnosis.Standing
	}{
		{262146, 196620, "P01", diagnosis.Stuck},
		{262146, 196607, "P01", diagnosis.Stuck},
		{262146, 262146, "P01", diagnosis.Rests},
		{262146, 131074, "P01", diagnosis.Rests},
		{262146, 131075, "P01", diagnosis.Rests},
		{196612, 196620, "P01", diagnosis.Stuck},
		{196612, 196620, "P09", diagnosis.Rests},
		{393213, 262143, "P01", diagnosis.Stuck},
	} {
		edit := inState(t, test.whole, 0, 5, true)
		rows := edit["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
		packages := rows["update-packages"].([]any)
		at := maps.Clone(packages[1].(map[string]any))
		at["state"], at["site"], at["unchanged_minutes"], at["listed"] = test.state, test.site, int64(9000), 1
		if updates.Final(test.whole) { // the statement does not list the package itself then
			rows["update-packages"] = []any{at}
			rows["update-at-sites"] = []any{map[string]any{"may_see": 1, "package": "", "state": -1, "site": "", "unchanged_minutes": -1, "recoveries": -1, "listed": 0}}
		} else {
			at["listed"] = 2
			rows["update-packages"] = []any{packages[0], at}
			rows["update-at-sites"] = []any{map[string]any{"may_see": 1, "package": at["package"], "state": test.state, "site": test.site, "unchanged_minutes": 9000, "recoveries": 0, "listed": 1}}
		}
		site := build(t, edit)
		d := diagnose(t, site, site)
		if d.Standing != test.want || len(d.Gaps) > 0 {
			t.Errorf("%d, and %d at %s: %s, %v %v", test.whole, test.state, test.site, d.Summary, d.Lines, d.Gaps)
		}
		proven(t, d)
	}
}

// FuzzDiagnosis gives a site any numbers: it is always judged, what is under way is never at rest,
// and what is not known is never good.
func FuzzDiagnosis(f *testing.F) {
	f.Add(int64(196628), int64(0), int64(75), int64(917513), int64(4), "P01", "5.00.9141.1000")
	f.Add(int64(65537), int64(1), int64(-1), int64(-1), int64(-1), "", "x")
	f.Add(int64(131074), int64(2), int64(1)<<62, int64(0xd0005), int64(5), "number 7", "")
	base := tree(f, "primary")
	f.Fuzz(func(t *testing.T, state, flag, minutes, sub, copyState int64, code, version string) {
		site := build(t, anyNumbers(base, state, flag, minutes, sub, copyState, code, version))
		d := diagnose(t, site, site)
		known, documented := updates.StateOf(state)
		switch {
		case d.Standing == diagnosis.Unknown && len(d.Gaps) == 0 && d.Lines == nil:
			t.Errorf("it is not said what could not be looked at: %s", d.Summary)
		case !documented && (d.Standing == diagnosis.Rests || d.Standing == diagnosis.Waits):
			t.Errorf("the state %d is %s", state, d.Standing)
		case documented && known.UnderWay() && !updates.Final(state) && state != 131074 && state != 131075 && d.Standing == diagnosis.Rests && version != "5.00.9128.1000":
			if own := d.Lines; len(own) == 0 || !strings.Contains(own[len(own)-1].Says.Text+own[0].Says.Text, "left of a release") {
				t.Errorf("%s is %s: %v", known.Name, d.Standing, d.Lines)
			}
		}
		for _, line := range d.Lines {
			if strings.Contains(line.String(), "%!") {
				t.Error(line.String())
			}
		}
	})
}

// anyNumbers is a site with one package, in whatever state.
func anyNumbers(base map[string]any, state, flag, minutes, sub, copyState int64, code, version string) map[string]any {
	const guid = "420E3E18-73C5-4BE9-88B0-6F1E30A012CA"
	pkg := func(site string) map[string]any {
		return map[string]any{
			"may_see": 1, "package": guid, "name": "", "version": version, "flag": flag, "package_state": state, "state": state, "site": site,
			"unchanged_minutes": minutes, "listed": 2, "packages": 9, "installed": 3, "site_version": "5.00.9132.1000",
		}
	}
	return platformtest.Edit(base, map[string]any{"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{
		"update-packages": []any{pkg(""), pkg(code)},
		"update-at-sites": []any{map[string]any{"may_see": 1, "package": guid, "state": state, "site": code, "unchanged_minutes": minutes, "recoveries": sub, "listed": 1}},
		"update-stages": []any{map[string]any{
			"may_see": 1, "package": guid, "name": "", "package_state": state, "site": code, "newest_minutes": minutes, "unfinished": 1, "failed_stage": sub, "failed_minutes": minutes, "stage_columns": flag,
			"failed": copyState, "sub_stage": sub, "sub_stage_minutes": minutes, "listed": 1, "all_messages": 1, "all_told": 1,
		}},
		"update-easy-setup": []any{map[string]any{
			"may_see": 1, "package_site": "P01", "package_tail": code, "package": guid, "package_number": sub, "stored_number": sub, "same_hash": copyState, "path": code,
			"source_site": "P01", "refreshed_minutes": minutes, "source_number": sub, "source_kib": sub, "site": "P01", "copy_state": copyState, "copy_number": flag, "copy_minutes": minutes, "copies": 1,
		}},
		"update-blocked": []any{map[string]any{"may_see": 1, "session": copyState, "program": code, "host": code, "login": version, "waited_seconds": minutes, "blocked": 1, "sessions": 1}},
	}}}})
}
