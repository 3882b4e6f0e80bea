package diagnosis_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/diagnosis"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

const root = "../.."

func tree(t testing.TB, name string) map[string]any {
	t.Helper()
	tree, err := platformtest.Load(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func build(t testing.TB, tree map[string]any) *platformtest.Site {
	t.Helper()
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func load(t testing.TB, name string) *platformtest.Site {
	t.Helper()
	return build(t, tree(t, name))
}

func diagnose(t testing.TB, site *platformtest.Site, r platform.Reader) diagnosis.Diagnosis {
	t.Helper()
	d, _ := evidenced(t, site, r)
	return d
}

// evidenced is a diagnosis with what was asked for it.
func evidenced(t testing.TB, site *platformtest.Site, r platform.Reader) (diagnosis.Diagnosis, []platform.Seen) {
	t.Helper()
	m := platform.Open(t.Context(), r, site.ReadAt, platform.DefaultLimits())
	s := m.Session()
	return diagnosis.Diagnose(t.Context(), s, checks.Stated{}, nil), s.Evidence()
}

// Healthy sites have nothing stuck, and are said to have nothing stuck.
func TestHealthySites(t *testing.T) {
	for _, name := range []string{"primary", "cas", "nightly", "demo", "availability-group", "primary-local"} {
		t.Run(name, func(t *testing.T) {
			site := load(t, name)
			d := diagnose(t, site, site)
			if d.Standing != diagnosis.Rests || d.Standing.ExitCode() != 0 || d.Summary != "Nothing is stuck, and no update is under way." || len(d.Gaps) > 0 || len(d.Lines) == 0 {
				t.Errorf("%s: %s, %v, %v", d.Standing, d.Summary, d.Lines, d.Gaps)
			}
			proven(t, d)
		})
	}
}

// Where no update can be followed, it is said where to go, and nothing is green.
func TestElsewhere(t *testing.T) {
	for name, want := range map[string]string{
		"secondary":   "This is a secondary site, which its parent updates: run siteready diagnose on the site server of P01.",
		"passive":     "This is the passive site server of the site: run siteready diagnose on CM01.contoso.com.",
		"no-product":  "No Configuration Manager site found here.",
		"scsm-2022":   "",
		"site-system": "",
	} {
		site := load(t, name)
		d := diagnose(t, site, site)
		if d.Standing != diagnosis.Unknown || d.Standing.ExitCode() != 3 || want != "" && d.Summary != want {
			t.Errorf("%s: %s: %s", name, d.Standing, d.Summary)
		}
	}
}

// rows lays rows over the site database of the primary site.
func rows(t testing.TB, statements map[string][]any) map[string]any {
	t.Helper()
	edit := map[string]any{}
	for statement, rows := range statements {
		edit[statement] = rows
	}
	return platformtest.Edit(tree(t, "primary"), map[string]any{
		"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": edit}},
	})
}

// inState is the primary site with one package in a state, which it has at the site too where sites is set.
func inState(t testing.TB, state, flag, minutes int64, sites bool) map[string]any {
	t.Helper()
	listed := 1
	pkg := func(site string) map[string]any {
		return map[string]any{
			"may_see": 1, "package": "420E3E18-73C5-4BE9-88B0-6F1E30A012CA", "name": "Configuration Manager 2509", "version": "5.00.9141.1000", "flag": flag,
			"package_state": state, "state": state, "site": site, "unchanged_minutes": minutes, "listed": listed, "packages": 9, "installed": 3, "site_version": "5.00.9132.1000",
		}
	}
	at := map[string]any{"may_see": 1, "package": "", "state": -1, "site": "", "unchanged_minutes": -1, "recoveries": -1, "listed": 0}
	packages := []any{pkg("")}
	if sites {
		listed = 2
		packages = []any{pkg(""), pkg("P01")}
		at = map[string]any{"may_see": 1, "package": "420E3E18-73C5-4BE9-88B0-6F1E30A012CA", "state": state, "site": "P01", "unchanged_minutes": minutes, "recoveries": 0, "listed": 1}
	}
	return platformtest.Edit(rows(t, map[string][]any{"update-packages": packages, "update-at-sites": {at}}), map[string]any{
		"shares": map[string]any{`\\CM01.contoso.com\EasySetupPayload`: map[string]any{"outcome": "reachable", "number": 0}},
	})
}

// What is under way and in time is neither stuck nor at rest.
func TestUnderWay(t *testing.T) {
	for _, test := range []struct {
		state, flag, minutes int64
		want                 string
	}{
		{327681, 0, 60, "Configuration Manager 2509: under way, applicability check, for 60 minutes: it is being found out whether the package applies (APPLICABILITY_CHECKING, 327681)"},
		{262145, 0, 360, "Configuration Manager 2509: under way, download, for 6 hours: it is being downloaded (DOWNLOAD_IN_PROGRESS, 262145)"},
		{2, 0, 60, "Configuration Manager 2509, site P01: under way, replication, for 60 minutes: chosen for installation; its content is about to be sent to the sites (ENABLED, 2)"},
		{65537, 1, 240, "Configuration Manager 2509, site P01: under way, replication, for 4 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); prerequisite check only"},
		{65538, 0, 9, "Configuration Manager 2509, site P01: under way, replication, for 9 minutes: its content has arrived; the prerequisite check begins by itself (CONTENT_REPLICATION_SUCCESS, 65538)"},
		{131073, 0, 60, "Configuration Manager 2509, site P01: under way, prerequisite check, for 60 minutes: the prerequisite check runs (PREREQ_IN_PROGRESS, 131073)"},
		{131074, 0, 10, "Configuration Manager 2509, site P01: under way, prerequisite check, for 10 minutes: the prerequisite check passed (PREREQ_SUCCESS, 131074)"},
		{131075, 2, 10, "Configuration Manager 2509, site P01: under way, prerequisite check, for 10 minutes: the prerequisite check has warnings (PREREQ_WARNING, 131075); goes on in spite of warnings"},
		{196610, 0, 5760, "Configuration Manager 2509, site P01: under way, installation, for 4 days: the installation waits for the site's service window (INSTALL_WAITING_SERVICE_WINDOW, 196610); held by: the service window of the site, whose times siteready cannot read"},
		{196628, 0, 240, "Configuration Manager 2509, site P01: under way, installation, for 4 hours: the site database is being upgraded (INSTALL_UPGRADEDATABASE, 196628)"},
	} {
		site := build(t, inState(t, test.state, test.flag, test.minutes, test.state != 327681 && test.state != 262145))
		d := diagnose(t, site, site)
		if len(d.Lines) == 0 || d.Lines[0].String() != test.want || d.Standing != diagnosis.Waits || d.Standing.ExitCode() != 1 || d.Summary != "Nothing is stuck: 1 update is under way, and in time." {
			t.Errorf("%d: %s\n%v\n%v", test.state, d.Summary, d.Lines, d.Gaps)
		}
		proven(t, d)
		late := build(t, inState(t, test.state, test.flag, test.minutes+6*24*60, true))
		if d := diagnose(t, late, late); d.Standing != diagnosis.Stuck {
			t.Errorf("%d, and days later: %s", test.state, d.Summary)
		}
	}
}

// declared reports whether a question is among those that are declared.
func declared(q platform.Question) bool {
	return slices.ContainsFunc(diagnosis.Reads(), func(f platform.Form) bool { return f.Matches(q) })
}

// everySite are the healthy sites and the stuck ones.
func everySite() []string {
	names := []string{"primary", "cas"}
	for _, one := range stuckSites() {
		names = append(names, "stuck/"+one.name)
	}
	return names
}

// What could not be read never leads to "nothing is stuck", nor to an exit code that says so.
func TestSilenceIsNeverGood(t *testing.T) {
	refused := 0
	for _, name := range everySite() {
		t.Run(name, func(t *testing.T) {
			site := load(t, name)
			whole, seen := evidenced(t, site, site)
			for _, e := range seen {
				if !declared(e.Question) {
					t.Errorf("%s is asked, and not declared", e.Question)
				}
				if e.Use != platform.Asked || strings.Contains(e.Question.Where, "System Center") { // the head of a report asks for Service Manager
					continue
				}
				for _, why := range []error{platform.ErrDenied, platform.ErrTimeout, platform.ErrNotRecorded, platform.ErrAbsent} {
					if errors.Is(why, platform.ErrAbsent) && e.Question.Kind != platform.KindSQL {
						continue // which is an answer
					}
					d := diagnose(t, site, platformtest.Refusing(site, why, func(q platform.Question) bool { return q == e.Question }))
					refused++
					bad := d.Standing == diagnosis.Rests || d.Standing == diagnosis.Waits || strings.Contains(d.Summary, "Nothing is stuck") || d.Standing == diagnosis.Unknown && len(d.Gaps) == 0 && d.Lines != nil
					if bad || whole.Standing == diagnosis.Rests && d.Standing == diagnosis.Stuck {
						t.Errorf("%s is %v, and the site is %s: %s", e.Question, why, d.Standing, d.Summary)
					}
				}
			}
			d := diagnose(t, site, platformtest.Refusing(site, platform.ErrDenied, func(platform.Question) bool { return true }))
			if d.Standing != diagnosis.Unknown {
				t.Errorf("everything is refused, and the site is %s", d.Standing)
			}
		})
	}
	if refused < 1000 {
		t.Errorf("only %d questions were refused", refused)
	}
}

// Only a database is named: what lies on the site server is not known, and said to be so.
func TestOnlyADatabase(t *testing.T) {
	for _, test := range []struct {
		name string
		want diagnosis.Standing
	}{{"primary", diagnosis.Unknown}, {"stuck/installation-blocked", diagnosis.Stuck}, {"stuck/synchronization-no-point", diagnosis.Stuck}} {
		site := load(t, test.name)
		m := platform.Open(t.Context(), platformtest.Refusing(site, platform.ErrUnsupported, func(q platform.Question) bool { return q.Kind != platform.KindSQL }), site.ReadAt, platform.DefaultLimits())
		d := diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{SQLServer: "sql01.contoso.com", Database: "CM_P01"}, nil)
		if d.Standing != test.want || len(d.Gaps) != 1 || d.Site != "P01" {
			t.Errorf("%s: %s: %s %v", test.name, d.Standing, d.Summary, d.Gaps)
		}
	}
}

// A recording is judged as the site was, and so is an anonymous one.
func TestRecordings(t *testing.T) {
	for _, name := range everySite() {
		t.Run(name, func(t *testing.T) {
			site := load(t, name)
			m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
			live := diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{}, nil)
			h := recording.Header{ReadAt: site.ReadAt}
			replay := func(h recording.Header, outcomes map[platform.Question]platform.Outcome) (diagnosis.Diagnosis, string) {
				var text bytes.Buffer
				if err := recording.Write(&text, h, outcomes); err != nil {
					t.Fatal(err)
				}
				recorded, err := recording.Read(text.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				again := platform.Open(t.Context(), recorded, recorded.Header.ReadAt, platform.DefaultLimits())
				return diagnosis.Diagnose(t.Context(), again.Session(), checks.Stated{}, nil), text.String()
			}
			replayed, _ := replay(h, m.Outcomes())
			if diff := cmp.Diff(live, replayed, sameCause()); diff != "" {
				t.Errorf("the recording is judged otherwise (- live, + replayed):\n%s", diff)
			}
			hidden, outcomes, err := recording.Anonymize(h, m.Outcomes(), diagnosis.Reads())
			if err != nil {
				t.Fatal(err)
			}
			anonymous, text := replay(hidden, outcomes)
			if diff := cmp.Diff(standings(live), standings(anonymous)); diff != "" {
				t.Errorf("without names it is judged otherwise (- live, + anonymous):\n%s", diff)
			}
			for _, name := range []string{"contoso", "P01", "C01", "RPT01", "unclassified"} {
				if strings.Contains(strings.ToLower(text), strings.ToLower(name)) {
					t.Errorf("%s is left in the anonymous recording", name)
				}
			}
		})
	}
}

// sameCause takes two causes that say the same for equal.
func sameCause() cmp.Option {
	return cmp.Comparer(func(a, b *platform.NoAnswer) bool {
		return a == b || a != nil && b != nil && a.Error() == b.Error() && errors.Is(a, b.Reason)
	})
}

// standings are what must be the same without names.
func standings(d diagnosis.Diagnosis) []string {
	all := []string{d.Standing.String()}
	for _, line := range d.Lines {
		all = append(all, line.GUID+" "+string(line.Stage)+" "+line.Standing.String()+" "+strings.Repeat("held ", len(line.Held)))
	}
	slices.Sort(all)
	return all
}

// Thresholds can be set.
func TestThresholds(t *testing.T) {
	site := build(t, inState(t, 262145, 0, 300, false))
	m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
	if d := diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{}, checks.Settings{"download_takes": 299}); d.Standing != diagnosis.Stuck {
		t.Errorf("%s: %s", d.Standing, d.Summary)
	}
	for _, s := range diagnosis.Settings() {
		if s.Name == "" || s.Unit != "minutes" || s.About == "" || s.Default <= 0 || !s.Ours() {
			t.Errorf("%+v", s)
		}
	}
}

// The document has every threshold.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "docs", "diagnose.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range diagnosis.Settings() {
		if row := fmt.Sprintf("| `%s` | %g | %s |", s.Name, s.Default, s.About); !strings.Contains(string(data), row) {
			t.Errorf("docs/diagnose.md has no row %s", row)
		}
	}
}
