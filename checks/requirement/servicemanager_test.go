package requirement_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/checks/requirement"
	"siteready/checks/version"
)

func TestServiceManagerTableIsComplete(t *testing.T) {
	releases := requirement.ServiceManagerReleases()
	known := []string{"2012 R2"}
	for _, r := range releases {
		complain := func(format string, args ...any) {
			t.Helper()
			t.Errorf(r.Version+": "+format, args...)
		}
		if len(r.From) == 0 || len(r.Windows) == 0 || len(r.Sources) == 0 {
			complain("sources, releases of Windows or pages are missing")
		}
		for _, from := range r.From {
			if !slices.Contains(known, from.Version) {
				complain("%s comes after it, or is not known", from.Version)
			}
			if none := from.Least == (version.Version{}); none != (from.Rollup == "") {
				complain("%s has the rollup %q and the version %q", from.Version, from.Rollup, from.Least)
			}
		}
		known = append(known, r.Version)
		if _, err := time.Parse(time.DateOnly, r.Read); err != nil {
			complain("the sources were read on %q", r.Read)
		}
		if r.Semiannual != (r.Build == (version.Version{})) {
			complain("its build is %q", r.Build)
		}
		if r.ODBC.Known() != r.OLEDB.Known() {
			complain("only one of the drivers has a range")
		}
	}
	if got := strings.Join(known[1:], " "); got != "2016 1801 1807 2019 2022 2025" {
		t.Errorf("the releases are %s", got)
	}
	releases[0].Version = "spoilt"
	if requirement.ServiceManagerReleases()[0].Version != "2016" {
		t.Error("somebody can spoil the table for the next reader")
	}
}

func TestServiceManagerNames(t *testing.T) {
	for text, want := range map[string]string{
		"7.5.3079.0": "2012 R2", "7.5.3079.768": "2012 R2", "7.5.7487.0": "2016", "7.5.7487.231": "2016",
		"7.5.7488.0": "1801 or 1807", "7.5.9999.9": "1801 or 1807", "10.19.1035.137": "2019", "10.22.1313.0": "2022", "10.25.1523.0": "2025",
		"7.5.3078.0": "", "7.5.5000.0": "", "7.4.7487.0": "", "10.20.0.0": "", "10.26.1.0": "", "10.0.0.0": "", "11.22.1.0": "", "": "",
	} {
		var v version.Version
		if text != "" {
			v = version.MustParse(text)
		}
		if got := strings.Join(requirement.ServiceManagerNames(v), " or "); got != want {
			t.Errorf("%s is called %q, wanted %q", text, got, want)
		}
	}
}

func TestNextServiceManager(t *testing.T) {
	for text, want := range map[string]string{
		"7.5.3079.0": "2016", "7.5.7487.0": "2019", "7.5.8000.0": "2019", "10.19.1035.0": "2022", "10.22.1068.0": "2025", "10.25.1523.0": "2025", "9.0": "2025",
	} {
		v := version.MustParse(text)
		next := requirement.NextServiceManager(v)
		if next.Version != want || next.Follows(v) != (text != "10.25.1523.0" && text != "9.0") {
			t.Errorf("after %s comes %s (follows: %t), wanted %s", text, next.Version, next.Follows(v), want)
		}
	}
}

func TestServiceManagerHops(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{"2012 R2", "2016", "2016"},
		{"2012 R2", "2019", "2016 2019"},
		{"2012 R2", "2025", "2016 2019 2022 2025"},
		{"2012 R2", "1807", "1801 1807"},
		{"2016", "2025", "2019 2022 2025"},
		{"1801", "2022", "2019 2022"},
		{"2022", "2025", "2025"},
		{"2022", "2019", ""},
		{"2022", "2022", ""},
		{"2010", "2016", ""},
	} {
		if got := strings.Join(requirement.ServiceManagerHops(tt.from, tt.to), " "); got != tt.want {
			t.Errorf("from %s to %s: %q, wanted %q", tt.from, tt.to, got, tt.want)
		}
	}
}

func TestDriverRange(t *testing.T) {
	target, _ := requirement.ServiceManagerTarget("2022")
	for text, want := range map[string]bool{"17.2.9.9": false, "17.3.0.0": true, "17.10.4.1": true, "17.10.4.2": false, "18.0.0.0": false} {
		if got := target.ODBC.Has(version.MustParse(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	if (requirement.DriverRange{}).Known() || !target.OLEDB.Known() {
		t.Error("a range is known when a document names it")
	}
}

func TestParseTargets(t *testing.T) {
	for text, want := range map[string]string{
		"2509": "2509 ", "cm=2509": "2509 ", "scsm=2022": " 2022", "cm=2509,scsm=2025": "2509 2025", "scsm=1801,2603": "2603 1801",
		"2509, scsm=2025": "2509 2025",
	} {
		got, err := requirement.ParseTargets(text)
		said := " "
		if got.ConfigMgr != nil {
			said = got.ConfigMgr.Version + said
		}
		if got.ServiceManager != nil {
			said += got.ServiceManager.Version
		}
		if err != nil || said != want {
			t.Errorf("%q: %q, %v", text, said, err)
		}
	}
	for text, says := range map[string]string{
		"": `"" is not known`, "scsm=": `"scsm=" is not known`, "scsm=2012": "scsm=2016, scsm=1801", "scsm=2022 ": "is not known", "SCSM=2022": "is not known", "2022": "is not known",
		"2509,": `"" is not known`, "2509,cm=2603": "two releases of Configuration Manager", "scsm=2019,scsm=2022": "two releases of Service Manager", "cm=2509;scsm=2022": "is not known",
	} {
		got, err := requirement.ParseTargets(text)
		if err == nil || !strings.Contains(err.Error(), says) || got != (requirement.Targets{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// FuzzParseTargets: what is taken names only releases of the tables.
func FuzzParseTargets(f *testing.F) {
	for _, text := range []string{"2509", "cm=2509,scsm=2022", "scsm=", ",", "scsm=2022,scsm=2022", "cm=%s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := requirement.ParseTargets(text)
		if (err == nil) != (got.ConfigMgr != nil || got.ServiceManager != nil) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if got.ServiceManager != nil && !strings.Contains(text, "scsm="+got.ServiceManager.Version) {
			t.Errorf("%q became %s", text, got.ServiceManager.Version)
		}
	})
}
