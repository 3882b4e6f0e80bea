package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

const root = "../.."

// scenario is a hand-written edit of a constructed site and the verdict that it must bring.
type scenario struct {
	Name      string         `yaml:"name"`
	Site      string         `yaml:"site"`
	Target    string         `yaml:"target"`
	At        string         `yaml:"at"` // judged for; empty is when the site was read
	SQLServer string         `yaml:"sql_server"`
	Database  string         `yaml:"database"`
	Account   string         `yaml:"setup_account"` // who will update; empty is the site server
	LogOn     bool           `yaml:"sql_log_on"`    // SQL Server gets a password
	Online    bool           `yaml:"online"`        // servers on the internet may be connected to
	Keys      []string       `yaml:"key_backups"`   // SERVER=PATH, where encryption keys were saved
	Edit      map[string]any `yaml:"edit"`
	Faults    []fault        `yaml:"faults"`
	Status    string         `yaml:"status"`
	Items     []wantedItem   `yaml:"items"`
}

type fault struct {
	Question string `yaml:"question"`
	Reason   string `yaml:"reason"`
}

type wantedItem struct {
	Key    string `yaml:"key"`
	Status string `yaml:"status"`
	Found  string `yaml:"found"`
}

// parsed keeps what was read from testdata: many tests go over the same files, and reading
// YAML takes longer than judging what is in it. Nobody changes what is kept.
var parsed sync.Map

// once returns what read brought when it was first called for a key.
func once[A any](t *testing.T, key string, read func() (A, error)) A {
	t.Helper()
	if kept, ok := parsed.Load(key); ok {
		return kept.(A)
	}
	value, err := read()
	if err != nil {
		t.Fatal(err)
	}
	parsed.Store(key, value)
	return value
}

// loadSite is the constructed site of a name.
func loadSite(t *testing.T, name string) map[string]any {
	t.Helper()
	return once(t, "site "+name, func() (map[string]any, error) { return platformtest.Load(root, name) })
}

func scenarios(t *testing.T, id string) []scenario {
	t.Helper()
	return once(t, "scenarios "+id, func() ([]scenario, error) {
		path := filepath.Join(root, "testdata", "scenarios", id+".yaml")
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("a check needs its scenarios: %w", err)
		}
		var list []scenario
		if err := yaml.UnmarshalWithOptions(data, &list, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return list, nil
	})
}

func (s scenario) reader(t *testing.T) (platform.Reader, time.Time) {
	t.Helper()
	site, err := platformtest.New(platformtest.Edit(loadSite(t, s.Site), s.Edit))
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	var r platform.Reader = site
	for _, f := range s.Faults {
		i := slices.IndexFunc(platform.Reasons(), func(reason error) bool { return reason.Error() == f.Reason })
		if i < 0 {
			t.Fatalf("%s: %q is no reason", s.Name, f.Reason)
		}
		r = platformtest.Refusing(r, platform.Reasons()[i], func(q platform.Question) bool { return q.String() == f.Question })
	}
	return r, site.ReadAt
}

// conditions are those under which the scenario is judged.
func (s scenario) conditions(t *testing.T, readAt time.Time) checks.Conditions {
	t.Helper()
	targets, err := requirement.ParseTargets(s.Target)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	c := checks.Conditions{
		Target: requirement.DefaultTarget(0), Stated: checks.Stated{SQLServer: s.SQLServer, Database: s.Database}, JudgedFor: readAt,
		SetupAccount: s.Account, Online: s.Online, SQLLogOn: s.LogOn, KeyBackups: s.keyBackups(),
	}
	if targets.ConfigMgr != nil {
		c.Target = *targets.ConfigMgr
	}
	if targets.ServiceManager != nil {
		c.ServiceManager = *targets.ServiceManager
	}
	if s.At != "" {
		if c.JudgedFor, err = time.Parse(time.RFC3339, s.At); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
	}
	return c
}

func (s scenario) keyBackups() []checks.KeyBackup {
	var all []checks.KeyBackup
	for _, key := range s.Keys {
		server, path, _ := strings.Cut(key, "=")
		all = append(all, checks.KeyBackup{Server: server, Path: path})
	}
	return all
}

// run judges one check over r as the runner does.
func (s scenario) run(t *testing.T, id string, r platform.Reader, readAt time.Time) checks.Result {
	t.Helper()
	conditions := s.conditions(t, readAt)
	alone, ok := alone()[id]
	if !ok {
		t.Fatalf("there is no check %s", id)
	}
	selection, err := checks.Select(alone, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
	return checks.Run(t.Context(), m, alone, selection, conditions)[0]
}

// alone is for each check the catalogue that holds it alone. The sweep runs single checks some
// hundred thousand times.
var alone = sync.OnceValue(func() map[string]checks.Catalog {
	all := map[string]checks.Catalog{}
	for _, area := range catalog.All() {
		for _, check := range area.Checks {
			one := area
			one.Checks = []checks.Check{check}
			all[check.ID] = checks.Catalog{one}
		}
	}
	return all
})

func TestScenarios(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		t.Run(check.ID, func(t *testing.T) {
			for _, s := range scenarios(t, check.ID) {
				t.Run(s.Name, func(t *testing.T) {
					r, readAt := s.reader(t)
					result := s.run(t, check.ID, r, readAt)
					if got := result.Status.String(); got != s.Status {
						t.Errorf("status %s, wanted %s: %s", got, s.Status, result.Summary)
					}
					var items []wantedItem
					for _, item := range result.Items {
						items = append(items, wantedItem{item.Key, item.Status.String(), item.Found})
					}
					if diff := cmp.Diff(s.Items, items); diff != "" {
						t.Errorf("items (- wanted, + got):\n%s", diff)
					}
					if result.Summary == "" {
						t.Error("a result needs a summary")
					}
				})
			}
		})
	}
}

// What is asked in all scenarios of a check equals what it declares: nothing is read in
// secret, and nothing is declared that is never read.
func TestDeclaredReads(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		used := map[platform.Form]bool{}
		for _, s := range scenarios(t, check.ID) {
			r, readAt := s.reader(t)
			for _, e := range s.run(t, check.ID, r, readAt).Evidence {
				i := slices.IndexFunc(check.Reads, func(f platform.Form) bool { return f.Matches(e.Question) })
				if i < 0 {
					t.Errorf("%s, %s: asked without declaring it: %s", check.ID, s.Name, e.Question)
					continue
				}
				used[check.Reads[i]] = true
			}
		}
		for _, form := range check.Reads {
			if !used[form] {
				t.Errorf("%s: declared, but asked in no scenario: %s", check.ID, form)
			}
		}
	}
}

// For each question that only this check asks, two scenarios differ in its answer alone and
// in the status: the check really judges it.
func TestEachAnswerDecides(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		type seen struct {
			scenario scenario
			status   checks.Status
			answers  map[platform.Question]string
		}
		var all []seen
		for _, s := range scenarios(t, check.ID) {
			r, readAt := s.reader(t)
			result := s.run(t, check.ID, r, readAt)
			one := seen{s, result.Status, map[platform.Question]string{}}
			for _, e := range result.Evidence {
				one.answers[e.Question] = string(e.Answer)
				if e.Err != nil {
					one.answers[e.Question] = e.Err.Cause
				}
			}
			all = append(all, one)
		}
		decides, noted := map[platform.Form]bool{}, onlyNoted(t, check)
		for i, a := range all {
			for _, b := range all[:i] {
				if a.status == b.status || a.scenario.Site != b.scenario.Site || a.scenario.Target != b.scenario.Target || a.scenario.At != b.scenario.At || a.scenario.Account != b.scenario.Account || a.scenario.Online != b.scenario.Online || a.scenario.LogOn != b.scenario.LogOn || !slices.Equal(a.scenario.Keys, b.scenario.Keys) {
					continue
				}
				var differ []platform.Question
				for q, answer := range a.answers {
					if other, asked := b.answers[q]; asked && other != answer {
						differ = append(differ, q)
					}
				}
				if len(differ) == 1 {
					for _, form := range check.Reads {
						decides[form] = decides[form] || form.Matches(differ[0])
					}
				}
			}
		}
		for _, form := range check.Reads {
			if !decides[form] && !noted[form] && !shared(form) {
				t.Errorf("%s: no two scenarios differ in the answer to %s alone and in status", check.ID, form)
			}
		}
	}
}

// onlyNoted are the forms of a check that it never does more than note: they change a text,
// and by their nature no status.
func onlyNoted(t *testing.T, check checks.Check) map[platform.Form]bool {
	t.Helper()
	noted, used := map[platform.Form]bool{}, map[platform.Form]bool{}
	for _, s := range scenarios(t, check.ID) {
		r, readAt := s.reader(t)
		for _, e := range s.run(t, check.ID, r, readAt).Evidence {
			for _, form := range check.Reads {
				if form.Matches(e.Question) {
					noted[form] = noted[form] || e.Use == platform.Noted
					used[form] = used[form] || e.Use != platform.Noted
				}
			}
		}
	}
	maps.DeleteFunc(noted, func(form platform.Form, _ bool) bool { return used[form] })
	return noted
}

// shared reports whether a form belongs to discovery, whose own tests hold each answer.
func shared(f platform.Form) bool { return slices.Contains(discovery.DatabasesReads(), f) }

// findsTheSite reports whether a question is one of those by which every check finds the site.
func findsTheSite(q platform.Question) bool {
	return slices.ContainsFunc(siteForms(), func(f platform.Form) bool { return f.Matches(q) })
}

var siteForms = sync.OnceValue(discovery.DatabasesReads)

// Each question of each scenario is failed in turn. What could not be read is never green,
// and a fault never makes a verdict better. An answer by which the site is found is failed in
// every way in the first scenario that has it, and in one way, another each time, in the others.
func TestSweep(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		t.Run(check.ID, func(t *testing.T) {
			t.Parallel()
			swept := map[string]bool{}
			for i, s := range scenarios(t, check.ID) {
				r, readAt := s.reader(t)
				before := s.run(t, check.ID, r, readAt)
				groups := map[int][]platform.Question{}
				for _, e := range before.Evidence {
					faulties := faults(r, e)
					if key := e.Question.String() + string(e.Answer); swept[key] && findsTheSite(e.Question) {
						names := slices.Sorted(maps.Keys(faulties))
						name := names[i%len(names)]
						faulties = map[string]platform.Reader{name: faulties[name]}
					} else {
						swept[key] = true
					}
					for name, faulty := range faulties {
						after := s.run(t, check.ID, faulty, readAt)
						if !allowed(e.Use, before.Status, after.Status) {
							t.Errorf("%s: %s, %s: %s became %s (%s)", s.Name, e.Question, name, before.Status, after.Status, after.Summary)
						}
					}
					if e.Use == platform.Fallback {
						groups[e.Group] = append(groups[e.Group], e.Question)
					}
				}
				for _, group := range groups {
					for _, reason := range silences() {
						faulty := platformtest.Refusing(r, reason, func(q platform.Question) bool { return slices.Contains(group, q) })
						after := s.run(t, check.ID, faulty, readAt)
						if !allowed(platform.Asked, before.Status, after.Status) {
							t.Errorf("%s: all of %v %v: %s became %s", s.Name, group, reason, before.Status, after.Status)
						}
					}
				}
			}
		})
	}
}

func faults(r platform.Reader, e platform.Seen) map[string]platform.Reader {
	out := map[string]platform.Reader{}
	for _, reason := range silences() {
		out[reason.Error()] = platformtest.Refusing(r, reason, func(q platform.Question) bool { return q == e.Question })
	}
	if e.Err == nil {
		for name, damaged := range platformtest.Damages(e.Answer) {
			out[name] = platformtest.Answering(r, e.Question, damaged)
		}
		for name, damaged := range unproven(e) {
			out[name] = platformtest.Answering(r, e.Question, damaged)
		}
	}
	return out
}

// silences are the reasons that are no answer.
func silences() []error {
	return slices.DeleteFunc(platform.Reasons(), func(reason error) bool { return errors.Is(reason, platform.ErrAbsent) })
}

// unproven returns the rows of an answer with the proof of each row in turn that it could not
// be seen whole.
func unproven(e platform.Seen) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	if e.Question.Kind != platform.KindSQL {
		return out
	}
	const proof = `"may_see":1`
	for i := range strings.Count(string(e.Answer), proof) {
		parts := strings.SplitAfterN(string(e.Answer), proof, i+2)
		parts[i] = strings.TrimSuffix(parts[i], "1") + "0"
		out[fmt.Sprintf("row %d may not be seen", i+1)] = json.RawMessage(strings.Join(parts, ""))
	}
	return out
}

// allowed is the rule of the sweep.
func allowed(use platform.Use, before, after checks.Status) bool {
	switch use {
	case platform.Noted:
		return after == before
	case platform.Fallback: // the other way still answers: it may take a doubt away, never a failure or an unknown
		return after != checks.Passed || before == checks.Passed || before == checks.Warning
	default:
		return after == checks.Unknown || before == checks.Failed && after == checks.Failed
	}
}

// A reader that answers nothing, for whatever reason, gives no green.
func TestNothingCanBeRead(t *testing.T) {
	selection, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range silences() {
		r := platformtest.Refusing(&platformtest.Site{}, reason, func(platform.Question) bool { return true })
		m := platform.Open(t.Context(), r, time.Now(), platform.DefaultLimits())
		results := checks.Run(t.Context(), m, catalog.All(), selection, checks.Conditions{Target: requirement.DefaultTarget(0)})
		for _, result := range results {
			if result.Status != checks.Unknown || result.Cause == nil && len(result.Items) == 0 {
				t.Errorf("%v: %s became %s", reason, result.Check.ID, result.Status)
			}
		}
		if verdict := checks.Judge(results); verdict != checks.Incomplete || verdict.ExitCode() != 3 {
			t.Errorf("%v: the verdict is %s", reason, verdict)
		}
	}
}

func TestCatalogIsValid(t *testing.T) {
	if err := catalog.All().Validate(); err != nil {
		t.Error(err)
	}
}

// Every scenario file belongs to a check.
func TestNoOrphanScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata", "scenarios", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if !slices.ContainsFunc(catalog.All().Checks(), func(c checks.Check) bool { return c.ID == id }) {
			t.Errorf("%s belongs to no check", file)
		}
	}
}

// Two runs give the same bytes, whatever the order of the answers.
func TestOrderNeverDependsOnTiming(t *testing.T) {
	s := scenario{Name: "primary", Site: "primary", Target: "2509"}
	selection, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for i := range 5 {
		r, readAt := s.reader(t)
		shuffled := platformtest.Fault{Reader: r, Change: func(_ platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
			for range rand.IntN(50) {
				runtime.Gosched()
			}
			return raw, err
		}}
		m := platform.Open(t.Context(), shuffled, readAt, platform.DefaultLimits())
		target, _ := requirement.Target("2509")
		var b strings.Builder
		for _, result := range checks.Run(t.Context(), m, catalog.All(), selection, checks.Conditions{Target: target, JudgedFor: readAt}) {
			fmt.Fprintln(&b, result.Check.ID, result.Status, result.Summary, result.Items)
			for _, e := range result.Evidence {
				fmt.Fprintln(&b, e.Question, string(e.Answer), e.Err)
			}
		}
		if i == 0 {
			first = b.String()
		} else if first != b.String() {
			t.Fatalf("run %d differs:\n%s", i, cmp.Diff(first, b.String()))
		}
	}
}
