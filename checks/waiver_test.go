package checks_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/platform"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWaiverExpiresWithItsLastDay(t *testing.T) {
	w := checks.Waiver{Until: day("2026-12-31")}
	for at, want := range map[string]bool{
		"2026-12-30T12:00:00Z":      false,
		"2026-12-31T00:00:00Z":      false,
		"2026-12-31T23:59:59Z":      false,
		"2027-01-01T00:00:00Z":      true,
		"2027-01-01T01:00:00+02:00": false, // still the last day in UTC
		"2026-12-31T20:00:00-05:00": true,  // the next day in UTC
		"2028-01-01T00:00:00Z":      true,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Expired(when); got != want {
			t.Errorf("at %s expired is %v", at, got)
		}
	}
}

// volumes is a result with an item of each status.
func volumes() checks.Result {
	return checks.Result{
		Check: checks.Check{ID: "space.disk"}, Selected: true, Status: checks.Failed, Summary: "two are full",
		Items: []checks.Item{
			{Key: "D", Status: checks.Failed},
			{Key: "E", Status: checks.Warning},
			checks.UnknownItem("F", "", platform.Refuse(platform.ErrDenied, "no")),
			{Key: "G", Status: checks.Passed},
			{Key: "H", Status: checks.NotApplicable},
		},
	}
}

func without(r checks.Result, keys string) checks.Result {
	var kept []checks.Item
	for _, item := range r.Items {
		if !strings.Contains(keys, item.Key) {
			kept = append(kept, item)
		}
	}
	r.Items = kept
	r.Status = checks.Items("", kept...).Status()
	return r
}

func TestWaive(t *testing.T) {
	whole := checks.Result{
		Check: checks.Check{ID: "site.https"}, Selected: true, Status: checks.Unknown,
		Cause: platform.Refuse(platform.ErrUnreachable, "SQL Server is not reachable"),
	}
	warned := checks.Result{Check: checks.Check{ID: "system.restart"}, Selected: true, Status: checks.Warning}
	passed := checks.Result{Check: checks.Check{ID: "space.log"}, Selected: true, Status: checks.Passed, Items: []checks.Item{{Key: "L", Status: checks.Passed}}}
	elsewhere := checks.Result{Check: checks.Check{ID: "drivers.odbc18"}, Selected: true, Status: checks.NotApplicable}
	left := checks.Result{Check: checks.Check{ID: "drivers.sqlncli"}}
	at := day("2026-12-01").Add(12 * time.Hour)
	waiver := func(check, item, until string) checks.Waiver {
		return checks.Waiver{Check: check, Item: item, Reason: "r", Owner: "o", Until: day(until)}
	}
	tests := []struct {
		name     string
		result   checks.Result
		waivers  []checks.Waiver
		status   checks.Status
		statuses string // of the items
		states   []checks.WaiverState
		note     string // part of the first waiver's
		verdict  checks.Verdict
	}{
		{"no waiver", volumes(), nil, checks.Failed, "failed warning unknown passed not_applicable", nil, "", checks.Blocked},
		{
			"one item", volumes(),
			[]checks.Waiver{waiver("space.disk", "D", "2026-12-01")},
			checks.Unknown,
			"waived warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverInForce},
			"", checks.Incomplete,
		},
		{
			"an item that could not be checked", without(volumes(), "DE"),
			[]checks.Waiver{waiver("space.disk", "F", "2026-12-01")},
			checks.Waived,
			"waived passed not_applicable",
			[]checks.WaiverState{checks.WaiverInForce},
			"", checks.Incomplete,
		},
		{
			"all items, one by one", volumes(),
			[]checks.Waiver{waiver("space.disk", "F", "2026-12-31"), waiver("space.disk", "E", "2026-12-31"), waiver("space.disk", "D", "2026-12-31"), waiver("space.disk", "", "2026-12-31")},
			checks.Waived, "waived waived waived passed not_applicable",
			[]checks.WaiverState{checks.WaiverInForce, checks.WaiverInForce, checks.WaiverInForce, checks.WaiverUnused},
			"", checks.Incomplete,
		},
		{
			"the whole check", volumes(),
			[]checks.Waiver{waiver("space.disk", "", "2026-12-31")},
			checks.Waived,
			"waived waived waived passed not_applicable",
			[]checks.WaiverState{checks.WaiverInForce},
			"", checks.Incomplete,
		},
		{
			"the day after", volumes(),
			[]checks.Waiver{waiver("space.disk", "", "2026-11-30")},
			checks.Failed,
			"failed warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverExpired},
			"counts again", checks.Blocked,
		},
		{
			"the day after, of an item", volumes(),
			[]checks.Waiver{waiver("space.disk", "D", "2026-11-30")},
			checks.Failed,
			"failed warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverExpired},
			"counts again", checks.Blocked,
		},
		{
			"expired, and not needed", passed,
			[]checks.Waiver{waiver("space.log", "L", "2026-11-30")},
			checks.Passed,
			"passed",
			[]checks.WaiverState{checks.WaiverExpired},
			"can be removed", checks.Ready,
		},
		{
			"another item", volumes(),
			[]checks.Waiver{waiver("space.disk", "d", "2026-12-31")},
			checks.Failed,
			"failed warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverUnused},
			`in trouble are 'D', 'E', 'F'`, checks.Blocked,
		},
		{
			"an item that passed", volumes(),
			[]checks.Waiver{waiver("space.disk", "G", "2026-12-31")},
			checks.Failed,
			"failed warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverUnused},
			"no such item is in trouble", checks.Blocked,
		},
		{
			"another check", volumes(),
			[]checks.Waiver{waiver("space.log", "D", "2026-12-31")},
			checks.Failed,
			"failed warning unknown passed not_applicable",
			[]checks.WaiverState{checks.WaiverUnused},
			"no such check", checks.Blocked,
		},
		{"what could not be checked at all", whole, []checks.Waiver{waiver("site.https", "", "2026-12-31")}, checks.Waived, "", []checks.WaiverState{checks.WaiverInForce}, "", checks.Incomplete},
		{
			"an item of what could not be checked at all", whole,
			[]checks.Waiver{waiver("site.https", "P01", "2026-12-31")},
			checks.Unknown,
			"",
			[]checks.WaiverState{checks.WaiverUnused},
			"only a waiver without an item accepts that", checks.Incomplete,
		},
		{"a finding without items", warned, []checks.Waiver{waiver("system.restart", "", "2026-12-31")}, checks.Waived, "", []checks.WaiverState{checks.WaiverInForce}, "", checks.Incomplete},
		{"what passed", passed, []checks.Waiver{waiver("space.log", "", "2026-12-31")}, checks.Passed, "passed", []checks.WaiverState{checks.WaiverUnused}, "the check is passed", checks.Ready},
		{"what does not apply", elsewhere, []checks.Waiver{waiver("drivers.odbc18", "", "2026-12-31")}, checks.NotApplicable, "", []checks.WaiverState{checks.WaiverUnused}, "the check is not applicable", checks.Incomplete},
		{"what was not selected", left, []checks.Waiver{waiver("drivers.sqlncli", "", "2026-12-31")}, checks.Unknown, "", []checks.WaiverState{checks.WaiverUnused}, "not selected", checks.Incomplete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := volumes()
			results, uses := checks.Waive([]checks.Result{test.result}, test.waivers, at)
			var statuses []string
			for _, item := range results[0].Items {
				statuses = append(statuses, item.Status.String())
				if (item.Status == checks.Waived) != (item.Waived != nil) {
					t.Errorf("the item %s is %s, and its waiver is %v", item.Key, item.Status, item.Waived)
				}
			}
			if results[0].Status != test.status || strings.Join(statuses, " ") != test.statuses {
				t.Errorf("%s with items %s", results[0].Status, statuses)
			}
			var states []checks.WaiverState
			for i, use := range uses {
				states = append(states, use.State)
				if use.Waiver != test.waivers[i] || (use.Note == "") != (use.State == checks.WaiverInForce) {
					t.Errorf("waiver %d became %+v", i, use)
				}
			}
			if diff := cmp.Diff(test.states, states); diff != "" {
				t.Error(diff)
			}
			if test.note != "" && !strings.Contains(uses[0].Note, test.note) {
				t.Errorf("the note is %q", uses[0].Note)
			}
			if got := checks.Judge(results); got != test.verdict {
				t.Errorf("the verdict is %s", got)
			}
			if test.result.Check.ID == "space.disk" && len(test.result.Items) == len(before.Items) {
				for i := range before.Items {
					if test.result.Items[i].Status != before.Items[i].Status {
						t.Error("the results that were given have changed")
					}
				}
			}
		})
	}
}

// A waiver says what the status was, and the item's own goes before the check's.
func TestWaiveRemembers(t *testing.T) {
	all := checks.Waiver{Check: "space.disk", Owner: "all", Until: day("2026-12-31")}
	late := checks.Waiver{Check: "space.disk", Item: "D", Owner: "late", Until: day("2026-01-31")}
	one := checks.Waiver{Check: "space.disk", Item: "D", Owner: "one", Until: day("2026-12-31")}
	results, _ := checks.Waive([]checks.Result{volumes()}, []checks.Waiver{all, late, one}, day("2026-12-01"))
	r := results[0]
	if r.Waived == nil || r.Waived.Was != checks.Failed || r.Waived.Waiver.Owner != "all" {
		t.Errorf("the check was waived by %+v", r.Waived)
	}
	for i, want := range []checks.Acceptance{{one, checks.Failed}, {all, checks.Warning}, {all, checks.Unknown}} {
		if got := r.Items[i].Waived; got == nil || *got != want {
			t.Errorf("item %d was waived by %+v", i, got)
		}
	}
	if r.Items[2].Cause == nil || r.Items[3].Waived != nil {
		t.Error("the cause is lost, or what passed was waived")
	}
}

func TestStatementsAreValidated(t *testing.T) {
	good := checks.Statement{ID: "a.b", Text: "t", Why: "w", Source: "s"}
	for _, test := range []struct {
		edit func(*checks.Area)
		want string
	}{
		{func(*checks.Area) {}, ""},
		{func(a *checks.Area) { a.Confirm[0].ID = "b.c" }, "AREA.NAME"},
		{func(a *checks.Area) { a.Confirm[0].ID = "a.B" }, "AREA.NAME"},
		{func(a *checks.Area) { a.Confirm = append(a.Confirm, good) }, "used twice"},
		{func(a *checks.Area) { a.Confirm[0].Source = "" }, "source are needed"},
		{func(a *checks.Area) { a.Confirm[0].Why = "" }, "source are needed"},
		{func(a *checks.Area) { a.Confirm[0].Text = "" }, "source are needed"},
	} {
		area := checks.Area{ID: "a", Confirm: []checks.Statement{good}}
		test.edit(&area)
		catalog := checks.Catalog{area}
		err := catalog.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, wanted %q", area.Confirm, err, test.want)
		}
		if len(catalog.Statements()) != len(area.Confirm) {
			t.Errorf("%v", catalog.Statements())
		}
	}
}

// Whatever is waived: what was not in trouble stays as it is, nothing becomes passed, and
// without a waiver in force nothing changes.
func TestWaiveKeepsItsPromises(t *testing.T) {
	at := day("2026-12-01")
	statuses := []checks.Status{checks.Unknown, checks.NotApplicable, checks.Passed, checks.Warning, checks.Failed}
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var results []checks.Result
		for i := range 4 {
			r := checks.Result{Check: checks.Check{ID: fmt.Sprintf("a.c%d", i)}, Selected: rnd.IntN(5) > 0}
			var all []checks.Status
			for j := range rnd.IntN(4) {
				s := statuses[rnd.IntN(len(statuses))]
				all = append(all, s)
				r.Items = append(r.Items, checks.Item{Key: fmt.Sprint(j), Status: s})
			}
			if r.Status = checks.Worst(all...); len(all) == 0 {
				r.Status = statuses[rnd.IntN(len(statuses))]
			}
			results = append(results, r)
		}
		var waivers []checks.Waiver
		for range rnd.IntN(5) {
			w := checks.Waiver{Check: fmt.Sprintf("a.c%d", rnd.IntN(5)), Until: at.AddDate(0, 0, rnd.IntN(3)-1)}
			if rnd.IntN(2) == 0 {
				w.Item = fmt.Sprint(rnd.IntN(4))
			}
			waivers = append(waivers, w)
		}
		waived, uses := checks.Waive(results, waivers, at)
		inForce := map[string]bool{}
		for _, use := range uses {
			if use.State == checks.WaiverInForce {
				inForce[use.Check] = true
				if use.Expired(at) {
					t.Fatalf("seed %d: an expired waiver is in force", seed)
				}
			}
		}
		for i, r := range waived {
			before := results[i]
			changed := r.Status != before.Status
			for j, item := range r.Items {
				was := before.Items[j].Status
				changed = changed || item.Status != was
				if item.Status != was && (item.Status != checks.Waived || was == checks.Passed || was == checks.NotApplicable) {
					t.Fatalf("seed %d: an item that was %s is %s", seed, was, item.Status)
				}
			}
			if changed && (!inForce[r.Check.ID] || !r.Selected) {
				t.Fatalf("seed %d: %s has changed from %+v to %+v without a waiver", seed, r.Check.ID, before, r)
			}
			if r.Status == checks.Passed && before.Status != checks.Passed {
				t.Fatalf("seed %d: %s passed by a waiver", seed, r.Check.ID)
			}
			if inForce[r.Check.ID] && !slices.ContainsFunc(r.Items, func(i checks.Item) bool { return i.Waived != nil }) && r.Waived == nil {
				t.Fatalf("seed %d: a waiver of %s is in force and accepts nothing", seed, r.Check.ID)
			}
		}
	}
}

// On a machine with one product nobody is asked to confirm what concerns the other.
func TestStatementsFor(t *testing.T) {
	area := func(id string) checks.Area {
		return checks.Area{ID: id, Confirm: []checks.Statement{{ID: id + ".said"}}}
	}
	catalog := checks.Catalog{area("site"), area("server"), area("unchecked")}
	result := func(area string, selected bool, status checks.Status) checks.Result {
		return checks.Result{Area: checks.Area{ID: area}, Selected: selected, Status: status}
	}
	for name, tt := range map[string]struct {
		results []checks.Result
		want    string
	}{
		"one applies":  {[]checks.Result{result("site", true, checks.Passed), result("server", true, checks.NotApplicable)}, "site.said unchecked.said"},
		"in part":      {[]checks.Result{result("site", true, checks.NotApplicable), result("site", true, checks.Unknown), result("server", true, checks.NotApplicable)}, "site.said unchecked.said"},
		"not selected": {[]checks.Result{result("site", false, checks.Unknown), result("server", true, checks.Failed)}, "site.said server.said unchecked.said"},
	} {
		var ids []string
		for _, s := range catalog.StatementsFor(tt.results) {
			ids = append(ids, s.ID)
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("%s: %s, wanted %s", name, got, tt.want)
		}
	}
	nowhere := []checks.Result{result("site", true, checks.NotApplicable), result("server", true, checks.NotApplicable)}
	if got := catalog[:2].StatementsFor(nowhere); len(got) != 2 {
		t.Errorf("where nothing applies, %d statements are left", len(got))
	}
}
