package checks_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"siteready/checks"
	"siteready/platform"
)

// complete is a check that Validate has nothing to say against.
func complete() checks.Check {
	return checks.Check{
		ID: "area.name-1", Title: "title", Why: "why", Consequence: "consequence", Remedy: "remedy",
		Sources: []string{"source"}, Rights: []string{"right"}, Reads: []platform.Form{platform.ReadKey("HKLM").Form()},
		Settings: []checks.Setting{{Name: "limit", Default: 1, Unit: "GB", About: "about"}},
		Run:      func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Passes("fine"), nil },
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*checks.Check)
		want  string // in the message; empty: valid
	}{
		{"complete", func(*checks.Check) {}, ""},
		{"what may be empty", func(c *checks.Check) { c.Command, c.Rules, c.Settings = "", nil, nil }, ""},
		{"no id", func(c *checks.Check) { c.ID = "" }, "AREA.NAME"},
		{"an id in capitals", func(c *checks.Check) { c.ID = "area.Name" }, "AREA.NAME"},
		{"an id without an area", func(c *checks.Check) { c.ID = "name" }, "AREA.NAME"},
		{"an id of three parts", func(c *checks.Check) { c.ID = "area.name.more" }, "AREA.NAME"},
		{"an id of another area", func(c *checks.Check) { c.ID = "other.name" }, "AREA.NAME"},
		{"an id of an area that begins alike", func(c *checks.Check) { c.ID = "areas.name" }, "AREA.NAME"},
		{"no title", func(c *checks.Check) { c.Title = "" }, "title"},
		{"no why", func(c *checks.Check) { c.Why = "" }, "why"},
		{"no consequence", func(c *checks.Check) { c.Consequence = "" }, "consequence"},
		{"no remedy", func(c *checks.Check) { c.Remedy = "" }, "remedy"},
		{"no source", func(c *checks.Check) { c.Sources = nil }, "sources"},
		{"no right", func(c *checks.Check) { c.Rights = nil }, "rights"},
		{"no reads", func(c *checks.Check) { c.Reads = nil }, "reads"},
		{"no run", func(c *checks.Check) { c.Run = nil }, "run"},
		{"a setting without a name", func(c *checks.Check) { c.Settings[0].Name = "" }, "setting"},
		{"a setting without a unit", func(c *checks.Check) { c.Settings[0].Unit = "" }, "setting"},
		{"a setting about nothing", func(c *checks.Check) { c.Settings[0].About = "" }, "setting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := complete()
			tt.spoil(&check)
			err := checks.Catalog{{ID: "area", Checks: []checks.Check{check}}}.Validate()
			if (err == nil) != (tt.want == "") {
				t.Fatalf("error %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"`+check.ID+`"`)) {
				t.Errorf("the message names neither the check nor %q: %v", tt.want, err)
			}
		})
	}
}

// Every defect is named, not only the first, and an id counts across areas.
func TestValidateNamesAll(t *testing.T) {
	first, second, third := complete(), complete(), complete()
	first.Title = ""
	third.ID = "other.name"
	err := checks.Catalog{
		{ID: "area", Checks: []checks.Check{first, second}},
		{ID: "other", Checks: []checks.Check{third, third}},
	}.Validate()
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{"title", `check "area.name-1" of area "area": the id is used twice`, `check "other.name" of area "other": the id is used twice`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message lacks %q: %v", want, err)
		}
	}
}

func TestCatalogChecksKeepTheOrder(t *testing.T) {
	var ids []string
	for _, check := range shop.Checks() {
		ids = append(ids, check.ID)
	}
	if got := strings.Join(ids, " "); got != "drivers.odbc18 drivers.sqlncli space.disk space.log" {
		t.Error(got)
	}
	if all := (checks.Catalog{}).Checks(); len(all) != 0 {
		t.Error(all)
	}
}

func TestSettingOurs(t *testing.T) {
	if !(checks.Setting{}).Ours() || (checks.Setting{Source: "a document"}).Ours() {
		t.Error("a threshold is ours when no document names it")
	}
}

func TestStatedComplete(t *testing.T) {
	for stated, want := range map[checks.Stated]bool{
		{}: false, {SQLServer: "a"}: false, {Database: "b"}: false, {SQLServer: "a", Database: "b"}: true,
	} {
		if stated.Complete() != want {
			t.Errorf("%+v", stated)
		}
	}
}

func TestFindingStatus(t *testing.T) {
	with := func(f checks.Finding, items ...checks.Item) checks.Finding {
		f.Items = items
		return f
	}
	passed, failed, forgotten := checks.Item{Status: checks.Passed}, checks.Item{Status: checks.Failed}, checks.Item{Key: "forgotten"}
	tests := []struct {
		name    string
		finding checks.Finding
		want    checks.Status
	}{
		{"zero", checks.Finding{}, checks.Unknown},
		{"a summary alone", checks.Finding{Summary: "all is well"}, checks.Unknown},
		{"Items without an item", checks.Items("all is well"), checks.Unknown},
		{"Passes", checks.Passes("fine"), checks.Passed},
		{"DoesNotApply", checks.DoesNotApply("not here"), checks.NotApplicable},
		{"one item", checks.Items("", passed), checks.Passed},
		{"the worst item", checks.Items("", passed, failed, passed), checks.Failed},
		{"an item whose status was forgotten", checks.Items("", passed, forgotten), checks.Unknown},
		{"items win over Passes", with(checks.Passes("fine"), passed, failed), checks.Failed},
		{"a better item wins over DoesNotApply", with(checks.DoesNotApply("no"), passed), checks.Passed},
		{"an unknown item wins over Passes", with(checks.Passes("fine"), checks.UnknownItem("k", "w", errors.New("why"))), checks.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.finding.Status(); got != tt.want {
				t.Errorf("%s, wanted %s", got, tt.want)
			}
		})
	}
}

func TestUnknownItem(t *testing.T) {
	denied := platform.Refuse(platform.ErrDenied, "the key refuses")
	item := checks.UnknownItem("key", "wanted", denied)
	if item.Status != checks.Unknown || item.Key != "key" || item.Wanted != "wanted" || item.Cause != denied {
		t.Errorf("%+v", item)
	}
	item = checks.UnknownItem("key", "wanted", errors.New("it is odd"))
	if item.Cause == nil || item.Cause.Cause != "it is odd" || !errors.Is(item.Cause, platform.ErrMalformed) {
		t.Errorf("the cause is %v", item.Cause)
	}
}
