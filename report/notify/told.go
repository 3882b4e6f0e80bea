package notify

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/report"
)

// Finding is what does not pass, and that no waiver accepts.
type Finding struct {
	Check  string `json:"check"`
	Item   string `json:"item"` // its key; empty for the check as a whole
	Status string `json:"status"`
}

// words are the finding without its status.
func (f Finding) words() string { return strings.TrimSuffix(f.Check+", "+f.Item, ", ") }

// Told is the state of a site that somebody was told. It is compared with the run of today instead
// of the run before: what nobody was told, because a delivery failed, a run was killed or somebody
// looked in between, is told the next time.
type Told struct {
	RunID    string         `json:"run_id"`
	ReadAt   time.Time      `json:"read_at"`
	Target   string         `json:"target"`
	Verdict  checks.Verdict `json:"verdict"`
	Findings []Finding      `json:"findings"` // sorted
	Skipped  []string       `json:"skipped"`  // ids of checks that the run did not look at, sorted

	passed map[name]bool   // each check and each item that the run lists: whether it passed
	unseen map[string]bool // checks of which the run could not see all
}

// name is a finding without its status.
type name struct{ check, item string }

// StateOf is the state that a run found.
func StateOf(r report.Report) Told {
	t := Told{RunID: r.RunID, ReadAt: r.ReadAt, Target: r.Target.Version, Verdict: r.Verdict, Findings: []Finding{}, Skipped: []string{}, passed: map[name]bool{}, unseen: map[string]bool{}}
	if sm := r.ServiceManagerTarget; sm != nil && sm.Version != t.Target {
		t.Target += ", " + sm.Version
	}
	for _, c := range r.Checks {
		if !c.Selected {
			t.Skipped = append(t.Skipped, c.ID)
		}
		t.passed[name{c.ID, ""}] = c.Status == checks.Passed.String()
		t.unseen[c.ID] = c.Status == checks.Unknown.String()
		items := 0
		for _, i := range c.Items {
			t.unseen[c.ID] = t.unseen[c.ID] || i.Status == checks.Unknown.String()
			t.passed[name{c.ID, i.Key}] = i.Status == checks.Passed.String()
			if trouble(i.Status) {
				t.Findings = append(t.Findings, Finding{c.ID, i.Key, i.Status})
				items++
			}
		}
		if trouble(c.Status) && items == 0 {
			t.Findings = append(t.Findings, Finding{c.ID, "", c.Status})
		}
	}
	t.Findings = sorted(t.Findings)
	slices.Sort(t.Skipped)
	return t
}

func sorted(all []Finding) []Finding {
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Check, b.Check), strings.Compare(a.Item, b.Item), strings.Compare(a.Status, b.Status))
	})
	return slices.Compact(all)
}

func trouble(status string) bool {
	return status == checks.Failed.String() || status == checks.Warning.String() || status == checks.Unknown.String()
}

// Changes are what is otherwise than it was told.
type Changes struct {
	Before *Told // nil when nothing is known of it
	// Now is what is told, and to be remembered: what the run did not look at, or could not, is as it was told.
	Now     Told
	New     []Finding // that were none
	Changed []Finding // that had another status
	Fixed   []Finding // that were looked at again and passed
	Gone    []Finding // that are none any more, and that nobody saw right: waived, or not there
}

// Compare tells two states apart. Before is nil when nothing is known of it.
func Compare(before *Told, now Told) Changes {
	c := Changes{Before: before, Now: now, New: []Finding{}, Changed: []Finding{}, Fixed: []Finding{}, Gone: []Finding{}}
	if before == nil {
		return c
	}
	was := map[name]string{}
	for _, f := range before.Findings {
		was[name{f.Check, f.Item}] = f.Status
	}
	is := map[name]bool{}
	for _, f := range now.Findings {
		key := name{f.Check, f.Item}
		is[key] = true
		switch status, there := was[key]; {
		case !there:
			c.New = append(c.New, f)
		case status != f.Status:
			c.Changed = append(c.Changed, f)
		}
	}
	c.Now.Findings = slices.Clone(now.Findings)
	for _, f := range before.Findings {
		switch {
		case is[name{f.Check, f.Item}]:
		case slices.Contains(now.Skipped, f.Check), now.hides(f):
			c.Now.Findings = append(c.Now.Findings, f)
		case now.passed[name{f.Check, f.Item}]:
			c.Fixed = append(c.Fixed, f)
		default:
			c.Gone = append(c.Gone, f)
		}
	}
	c.Now.Findings = sorted(c.Now.Findings)
	if len(now.Skipped) > 0 && !slices.Equal(now.Skipped, before.Skipped) {
		// Its verdict is that of another part of the checks.
		c.Now.Verdict, c.Now.Skipped = before.Verdict, before.Skipped
	}
	return c
}

// hides reports whether a finding may still be there in what the run could not look at. That this
// could not be checked is a finding of its own.
func (t Told) hides(f Finding) bool {
	_, listed := t.passed[name{f.Check, f.Item}]
	return t.unseen[f.Check] && f.Status != checks.Unknown.String() && (f.Item == "" || !listed)
}

// Any reports whether anything is otherwise, or nothing is known of what was.
func (c Changes) Any() bool {
	return c.Before == nil || c.Before.Verdict != c.Now.Verdict || c.Before.Target != c.Now.Target || len(c.New)+len(c.Changed)+len(c.Fixed)+len(c.Gone) > 0
}

// Words are the changes in a phrase.
func (c Changes) Words() string {
	if c.Before == nil {
		return "what was told before is not known"
	}
	var words []string
	for _, part := range []struct {
		n    int
		word string
	}{{len(c.New), "new"}, {len(c.Changed), "changed"}, {len(c.Fixed), "fixed"}, {len(c.Gone), "no longer open"}} {
		if part.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	if c.Before.Verdict != c.Now.Verdict {
		words = append(words, "it was "+string(c.Before.Verdict))
	}
	if c.Before.Target != c.Now.Target {
		words = append(words, "for another target")
	}
	if len(words) == 0 {
		return "as before"
	}
	return strings.Join(words, ", ")
}

// mostLines is how many findings of each kind a text names.
const mostLines = 20

// lines are the changes, one finding a line.
func (c Changes) lines() []string {
	if c.Before == nil {
		return nil
	}
	var all []string
	for _, part := range []struct {
		title    string
		findings []Finding
	}{{"New", c.New}, {"Changed", c.Changed}, {"Fixed", c.Fixed}, {"No longer open", c.Gone}} {
		for i, f := range part.findings {
			if i == mostLines {
				all = append(all, fmt.Sprintf("%s: and %d more", part.title, len(part.findings)-i))
				break
			}
			text := fmt.Sprintf("%s: %s (%s)", part.title, line(f.words(), 200), statusWords(f.Status))
			if part.title != "New" && part.title != "Changed" {
				text = fmt.Sprintf("%s: %s (it was %s)", part.title, line(f.words(), 200), statusWords(f.Status))
			}
			all = append(all, text)
		}
	}
	return all
}

// statusWords is a status as people read it.
func statusWords(status string) string {
	if status == checks.Unknown.String() {
		return "could not check"
	}
	return status
}

// toldSchema is the version of the file that Write makes.
const toldSchema = 1

// mostTold bounds the file, in bytes.
const mostTold = 4 << 20

// Memory is what each channel was told last, by the channel's name.
type Memory map[string]Told

type memoryFile struct {
	Schema int    `json:"schema"`
	Told   Memory `json:"told"`
}

// ParseMemory reads what Encode wrote. A file that cannot be used is an error, and nothing is known.
func ParseMemory(data []byte) (Memory, error) {
	if len(data) > mostTold {
		return nil, errors.New("it is too large")
	}
	var file memoryFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	if file.Schema != toldSchema || file.Told == nil {
		return nil, fmt.Errorf("it has the schema %d, and this program knows %d", file.Schema, toldSchema)
	}
	return file.Told, nil
}

// Encode is the memory as a file.
func (m Memory) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(memoryFile{toldSchema, m}, "", "  ")
	return append(data, '\n'), err
}
