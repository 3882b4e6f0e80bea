package catalog_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// described judges the whole catalogue beside the subject of the report: the status of each
// check, the evidence of each, and the evidence for the subject.
func described(t *testing.T, r platform.Reader, readAt time.Time) (results []checks.Result, subject []platform.Seen) {
	t.Helper()
	everything, err := checks.Select(catalog.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
	s := m.Session()
	if about := discovery.Describe(t.Context(), s, checks.Stated{}); about.Headline == "" {
		t.Error("the subject has no headline")
	}
	conditions := checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: readAt}
	return checks.Run(t.Context(), m, catalog.All(), everything, conditions), s.Evidence()
}

// What is only noted for people may fail in every way: no status changes, but of checks that
// hang on the same question.
func TestNotesNeverDecide(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	noted := map[platform.Kind]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		site, readAt := scenario{Name: name, Site: name}.reader(t)
		before, evidence := described(t, site, readAt)
		for _, e := range evidence {
			if e.Use != platform.Noted {
				continue
			}
			noted[e.Question.Kind] = true
			for fault, faulty := range faults(site, e) {
				if e.Question.Kind == platform.KindSQL && fault == platform.ErrUnreachable.Error() {
					continue // it says that the whole server cannot be asked
				}
				after, _ := described(t, faulty, readAt)
				for i, result := range after {
					if result.Status != before[i].Status && !hangsOn(before[i], e.Question) {
						t.Errorf("%s: %s, %s: %s became %s from %s", name, e.Question, fault, result.Check.ID, result.Status, before[i].Status)
					}
				}
			}
		}
	}
	if !noted[platform.KindOS] || !noted[platform.KindSQL] {
		t.Errorf("notes were taken of these kinds of questions only: %v", noted)
	}
}

func hangsOn(r checks.Result, q platform.Question) bool {
	for _, e := range r.Evidence {
		if e.Question == q && e.Use != platform.Noted {
			return true
		}
	}
	return false
}

// The sweep's rule for each use of an answer.
func TestSweepRule(t *testing.T) {
	for _, test := range []struct {
		use           platform.Use
		before, after checks.Status
		want          bool
	}{
		{platform.Asked, checks.Passed, checks.Unknown, true},
		{platform.Asked, checks.NotApplicable, checks.Unknown, true},
		{platform.Asked, checks.Passed, checks.Passed, false},
		{platform.Asked, checks.Warning, checks.Warning, false},
		{platform.Asked, checks.Passed, checks.Failed, false},
		{platform.Asked, checks.Passed, checks.NotApplicable, false},
		{platform.Asked, checks.Failed, checks.Failed, true},
		{platform.Asked, checks.Failed, checks.Warning, false},
		{platform.Noted, checks.Passed, checks.Passed, true},
		{platform.Noted, checks.Passed, checks.Unknown, false},
		{platform.Noted, checks.Failed, checks.Unknown, false},
		{platform.Fallback, checks.Passed, checks.Passed, true},
		{platform.Fallback, checks.Warning, checks.Passed, true}, // the doubt was the other way's
		{platform.Fallback, checks.Passed, checks.Warning, true},
		{platform.Fallback, checks.Failed, checks.Passed, false},
		{platform.Fallback, checks.Unknown, checks.Passed, false},
		{platform.Fallback, checks.NotApplicable, checks.Passed, false},
	} {
		if got := allowed(test.use, test.before, test.after); got != test.want {
			t.Errorf("%s: from %s to %s is allowed %t", test.use, test.before, test.after, got)
		}
	}
}

// The sweep meets ways to learn one thing: at least two questions of one group, which fail
// alone and together.
func TestSweepMeetsGroups(t *testing.T) {
	groups := map[int]int{}
	for _, s := range scenarios(t, "site.https") {
		r, readAt := s.reader(t)
		for _, e := range s.run(t, "site.https", r, readAt).Evidence {
			if (e.Use == platform.Fallback) != (e.Group > 0) {
				t.Errorf("%s: %s is %s in group %d", s.Name, e.Question, e.Use, e.Group)
			}
			groups[e.Group]++
		}
		r = platformtest.Refusing(r, platform.ErrDenied, func(q platform.Question) bool { return q.Kind == platform.KindSQL })
		if result := s.run(t, "site.https", r, readAt); result.Status == checks.Passed {
			t.Errorf("%s: without the database it %s", s.Name, result.Status)
		}
	}
	if groups[1] < 2 {
		t.Errorf("the questions of each group: %v", groups)
	}
}
