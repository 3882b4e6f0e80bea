package platformtest_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/platformtest"
)

func TestRefusing(t *testing.T) {
	site := newSite(t, small())
	memory, boot := platform.ReadMemory().Question, platform.ReadBoot().Question
	for _, reason := range platform.Reasons() {
		r := platformtest.Refusing(site, reason, func(q platform.Question) bool { return q == memory })
		raw, err := r.Read(t.Context(), memory)
		var no *platform.NoAnswer
		if !errors.As(err, &no) || !errors.Is(no, reason) || no.Cause == "" || raw != nil {
			t.Errorf("%v: %s, %v", reason, raw, err)
		}
		if raw, err := r.Read(t.Context(), boot); len(raw) == 0 || err != nil {
			t.Errorf("%v: another question: %s, %v", reason, raw, err)
		}
	}
}

func TestAnswering(t *testing.T) {
	site := newSite(t, small())
	memory, nobody := platform.ReadMemory().Question, platform.ReadService("NOBODY").Question
	r := platformtest.Answering(platformtest.Answering(site, nobody, json.RawMessage(`1`)), memory, json.RawMessage(`2`))
	for q, want := range map[platform.Question]string{nobody: `1`, memory: `2`, platform.ReadBoot().Question: `{"at":"2026-11-15T01:30:00Z"}`} {
		if raw, err := r.Read(t.Context(), q); string(raw) != want || err != nil {
			t.Errorf("%s: %s, %v", q, raw, err)
		}
	}
	if _, err := r.Read(t.Context(), platform.ReadService("SOMEBODY").Question); !errors.Is(err, platform.ErrAbsent) {
		t.Errorf("another question: %v", err)
	}
}

func TestDamages(t *testing.T) {
	tests := []struct {
		name, answer string
		want         map[string]string
	}{
		{"object", `{"a":1,"b":null}`, map[string]string{
			"empty": `{}`, "field a missing": `{"b":null}`, "field a null": `{"a":null,"b":null}`, "field b missing": `{"a":1}`,
		}},
		{"rows", `[{"a":1},{"a":2}]`, map[string]string{
			"no rows": `[]`, "field a missing": `[{},{"a":2}]`, "field a null": `[{"a":null},{"a":2}]`,
		}},
		{"no rows", `[]`, map[string]string{"no rows": `[]`}},
		{"a text", `"x"`, map[string]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]string{}
			for name, raw := range platformtest.Damages(json.RawMessage(test.answer)) {
				got[name] = string(raw)
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("%v; want %v", got, test.want)
			}
		})
	}
}

// The suite, which decodes strictly, refuses every damage of every answer of a site. Of rows
// it knows the proof alone.
func TestDamagesAreRefused(t *testing.T) {
	site := load(t, "primary")
	damages := 0
	for _, q := range known(site) {
		raw, err := site.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for name, damaged := range platformtest.Damages(raw) {
			if q.Kind == platform.KindSQL && name != "no rows" && !strings.Contains(name, "may_see") {
				continue
			}
			damages++
			r := platformtest.Answering(site, q, damaged)
			if err := platformtest.TestReader(t.Context(), r, []platform.Question{q}, absent(site)); err == nil || !strings.Contains(err.Error(), "no answer to this question") {
				t.Errorf("%s, %s: %s is taken for an answer: %v", q, name, damaged, err)
			}
		}
	}
	if damages < 100 {
		t.Errorf("there were only %d damages", damages)
	}
}
