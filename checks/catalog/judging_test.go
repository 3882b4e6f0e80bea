package catalog_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/diagnosis"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/recording"
)

// judging says by which checks a recording is judged, under which conditions.
type judging struct {
	only       []string // nil: all
	conditions func(recording.Header) []checks.Conditions
}

// everyCheck judges for all releases of both products.
var everyCheck = judging{conditions: func(h recording.Header) []checks.Conditions {
	var all []checks.Conditions
	one := checks.Conditions{Stated: checks.Stated{SQLServer: h.SQLServer, Database: h.Database}, JudgedFor: h.ReadAt, Online: true}
	releases := requirement.ServiceManagerReleases()
	for i, target := range requirement.ConfigMgrReleases() {
		one.Target, one.ServiceManager = target, releases[min(i, len(releases)-1)]
		all = append(all, one)
	}
	for _, target := range releases[min(len(all), len(releases)):] {
		one.ServiceManager = target
		all = append(all, one)
	}
	return all
}}

// recordedSite is a recording of a site, as `siteready record` makes it.
func recordedSite(t *testing.T, r platform.Reader, h recording.Header) map[platform.Question]platform.Outcome {
	t.Helper()
	m := platform.Open(t.Context(), r, h.ReadAt, platform.DefaultLimits())
	everyCheck.statuses(t, m, h)
	diagnosis.Diagnose(t.Context(), m.Session(), checks.Stated{SQLServer: h.SQLServer, Database: h.Database}, nil)
	catalog.AskFurther(t.Context(), m)
	return m.Outcomes()
}

// statuses are the statuses of the checks and of their items.
func (j judging) statuses(t *testing.T, m *platform.Machine, h recording.Header) []string {
	t.Helper()
	var all checks.Catalog
	if len(j.only) == 1 {
		all = alone()[j.only[0]]
	} else {
		all = catalog.All()
	}
	selected, err := checks.Select(all, j.only, nil)
	if err != nil {
		t.Fatal(err)
	}
	stated := checks.Stated{SQLServer: h.SQLServer, Database: h.Database}
	subject := discovery.Describe(t.Context(), m.Session(), stated)
	statuses := []string{fmt.Sprintf("role %s, problem %t", subject.Role, subject.Problem != "")}
	for _, conditions := range j.conditions(h) {
		for _, r := range checks.Run(t.Context(), m, all, selected, conditions) {
			line := fmt.Sprintf("%s for %s and %s: %s", r.Check.ID, conditions.Target.Version, conditions.ServiceManager.Version, r.Status)
			if r.Cause != nil {
				line += fmt.Sprintf(" (%v)", r.Cause.Reason)
			}
			var items []string
			for _, item := range r.Items {
				items = append(items, item.Status.String())
			}
			slices.Sort(items) // servers are listed by name, and pseudonyms have another order
			statuses = append(statuses, line+" "+strings.Join(items, " "))
		}
	}
	return statuses
}

var allForms = sync.OnceValue(func() []platform.Form {
	var forms []platform.Form
	for _, one := range catalog.Questions() {
		forms = append(forms, one.Form)
	}
	return forms
})

// anonymized judges a recording and its anonymous form, and returns the latter.
func (j judging) anonymized(t *testing.T, h recording.Header, outcomes map[platform.Question]platform.Outcome) []byte {
	t.Helper()
	written := func(h recording.Header, outcomes map[platform.Question]platform.Outcome) ([]byte, *recording.Site) {
		var b bytes.Buffer
		if err := recording.Write(&b, h, outcomes); err != nil {
			t.Fatal(err)
		}
		site, err := recording.Read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes(), site
	}
	_, before := written(h, outcomes)
	hidden, replaced, err := recording.Anonymize(h, outcomes, allForms())
	if err != nil {
		t.Fatal(err)
	}
	data, after := written(hidden, replaced)
	if before.Len() != after.Len() {
		t.Errorf("%d questions became %d", before.Len(), after.Len())
	}
	open := func(site *recording.Site) *platform.Machine {
		return platform.Open(t.Context(), site, site.Header.ReadAt, platform.DefaultLimits())
	}
	if diff := cmp.Diff(j.statuses(t, open(before), before.Header), j.statuses(t, open(after), after.Header)); diff != "" {
		t.Errorf("it is judged otherwise (- original, + anonymous):\n%s", diff)
	}
	if at := bytes.Index(data, []byte("unclassified")); at >= 0 {
		t.Errorf("it is not known what stands in a field; add it to platform/recording/fields.go: %.200s", data[max(0, at-100):])
	}
	return data
}

// noneLeft looks for originals, in any case, in the bytes of a recording.
func noneLeft(t *testing.T, data []byte, originals []string) {
	t.Helper()
	lower := bytes.ToLower(data)
	for _, original := range originals {
		for line := range bytes.Lines(lower) {
			if bytes.Contains(line, []byte(strings.ToLower(original))) {
				t.Errorf("%q is left in %.300s", original, line)
				break
			}
		}
	}
}

// asksTheSame puts the further questions to an anonymous recording: each finds its answer, though
// what fills its holes are now pseudonyms.
func asksTheSame(t *testing.T, data []byte, outcomes map[platform.Question]platform.Outcome) {
	t.Helper()
	site, err := recording.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), site, site.Header.ReadAt, platform.DefaultLimits())
	catalog.AskFurther(t.Context(), m)
	asked := m.Outcomes()
	for q, o := range asked {
		if o.Err != nil && errors.Is(o.Err, platform.ErrNotRecorded) {
			t.Errorf("%s: %v", q, o.Err)
		}
	}
	if len(asked) < 100 || len(asked) > len(outcomes) {
		t.Errorf("%d questions were put to an anonymous recording of %d", len(asked), len(outcomes))
	}
}
