package catalog_test

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

// verdict is all that a run says, but for how long it took.
type verdict struct {
	Subject  discovery.Subject
	Evidence []platform.Seen // for the subject
	Results  []judged
}

type judged struct {
	ID, Status, Summary string
	Selected            bool
	Notes               []string
	Items               []checks.Item
	Cause               *platform.NoAnswer
	Evidence            []platform.Seen
}

// verdictOn runs a catalogue over a reader, and returns what it said as JSON and what the
// machine was asked as a recording.
func verdictOn(t *testing.T, all checks.Catalog, r platform.Reader, readAt time.Time, c checks.Conditions) (said string, recorded []byte) {
	t.Helper()
	everything, err := checks.Select(all, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := platform.Open(t.Context(), r, readAt, platform.DefaultLimits())
	described := m.Session()
	v := verdict{Subject: discovery.Describe(t.Context(), described, c.Stated), Evidence: untimed(described.Evidence())}
	for _, result := range checks.Run(t.Context(), m, all, everything, c) {
		one := judged{
			ID: result.Check.ID, Status: result.Status.String(), Summary: result.Summary, Selected: result.Selected,
			Notes: result.Notes, Items: result.Items, Cause: result.Cause, Evidence: untimed(result.Evidence),
		}
		v.Results = append(v.Results, one)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := recording.Write(&b, recording.Header{ReadAt: readAt}, m.Outcomes()); err != nil {
		t.Fatal(err)
	}
	return string(text), b.Bytes()
}

func untimed(evidence []platform.Seen) []platform.Seen {
	for i := range evidence {
		evidence[i].Took = 0
	}
	return evidence
}

// replays judges r, records it, judges the recording, and records that: the verdicts are
// equal, and so are the recordings.
func replays(t *testing.T, all checks.Catalog, r platform.Reader, readAt time.Time, c checks.Conditions) {
	t.Helper()
	live, first := verdictOn(t, all, r, readAt, c)
	site, err := recording.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	replayed, second := verdictOn(t, all, site, site.Header.ReadAt, c)
	if live != replayed {
		t.Fatalf("the recording is judged otherwise (- live, + replayed):\n%s", cmp.Diff(fields(live), fields(replayed)))
	}
	if !bytes.Equal(first, second) {
		t.Fatalf("the recording of the recording differs:\n%s", cmp.Diff(strings.Split(string(first), "\n"), strings.Split(string(second), "\n")))
	}
}

// fields is JSON in lines.
func fields(text string) []string {
	var b bytes.Buffer
	_ = json.Indent(&b, []byte(text), "", "\t") // what cannot be indented is shown as far as it can
	return strings.Split(b.String(), "\n")
}

// Every constructed site is judged the same when it is recorded and the recording is judged,
// for every target, and also when many of its questions are refused.
func TestSitesReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, readAt := scenario{Name: name, Site: name}.reader(t)
			for _, target := range requirement.ConfigMgrReleases() {
				replays(t, catalog.All(), site, readAt, checks.Conditions{Target: target, JudgedFor: readAt})
			}
			c := checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: readAt}
			for seed := range byte(8) {
				replays(t, catalog.All(), refusingMany(site, seed), readAt, c)
			}
		})
	}
}

// refusingMany refuses about one question of five, for all reasons in turn, and leaves the
// proof out of some rows.
func refusingMany(r platform.Reader, seed byte) platform.Reader {
	return platformtest.Fault{Reader: r, Change: func(q platform.Question, raw json.RawMessage, err error) (json.RawMessage, error) {
		h := fnv.New32a()
		_, _ = h.Write(append([]byte(q.String()), seed))
		chance := h.Sum32()
		reasons := platform.Reasons()
		switch {
		case chance%5 == 0:
			no := platform.Refuse(reasons[chance/5%uint32(len(reasons))], "planted fault %d", chance)
			no.EndsLine = chance%3 == 0
			return nil, no
		case chance%11 == 0 && err == nil:
			return bytes.ReplaceAll(raw, []byte(`"may_see":1`), []byte(`"may_see":0`)), nil
		}
		return raw, err
	}}
}

// Every scenario is judged the same when it is recorded and the recording is judged.
func TestScenariosReplay(t *testing.T) {
	for _, check := range catalog.All().Checks() {
		t.Run(check.ID, func(t *testing.T) {
			t.Parallel()
			for _, s := range scenarios(t, check.ID) {
				r, readAt := s.reader(t)
				replays(t, alone()[check.ID], r, readAt, s.conditions(t, readAt))
			}
		})
	}
}

// The comparison can fail: a verdict shows each answer that it was made of.
func TestReplayComparesVerdicts(t *testing.T) {
	site, readAt := scenario{Name: "primary", Site: "primary"}.reader(t)
	c := checks.Conditions{Target: requirement.DefaultTarget(0), JudgedFor: readAt}
	live, recorded := verdictOn(t, catalog.All(), site, readAt, c)
	asked := 0
	for line := range strings.Lines(string(recorded)) {
		question, _, _ := strings.Cut(line, "\t")
		var q platform.Question
		if json.Unmarshal([]byte(question), &q) != nil || q.Kind == "" {
			continue
		}
		asked++
		other, _ := verdictOn(t, catalog.All(), platformtest.Refusing(site, platform.ErrDenied, func(one platform.Question) bool { return one == q }), readAt, c)
		if other == live {
			t.Errorf("a verdict without an answer to %s is the same", q)
		}
	}
	if asked < 10 {
		t.Errorf("only %d questions were asked", asked)
	}
}
