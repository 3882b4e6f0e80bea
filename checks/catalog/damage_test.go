package catalog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/recording"
)

// recorded is what a check asked in a scenario, as a recording, and what it made of that.
type recorded struct {
	scenario scenario
	id       string // the check's
	readAt   time.Time
	before   checks.Result
	lines    []string        // with their ends; the first is the header
	asked    []platform.Seen // by line, from the second on
}

// inRecording records what a check asks in a scenario.
func inRecording(t *testing.T, id string, s scenario) recorded {
	t.Helper()
	r, readAt := s.reader(t)
	c := recorded{scenario: s, id: id, readAt: readAt, before: s.run(t, id, r, readAt)}
	outcomes := map[platform.Question]platform.Outcome{}
	for _, e := range c.before.Evidence {
		outcomes[e.Question] = platform.Outcome{Answer: e.Answer, Err: e.Err}
	}
	var b bytes.Buffer
	if err := recording.Write(&b, recording.Header{Version: "1", ReadAt: readAt}, outcomes); err != nil {
		t.Fatal(err)
	}
	c.lines = slices.Collect(strings.Lines(b.String()))
	for _, line := range c.lines[1:] {
		question, _, _ := strings.Cut(line, "\t")
		var q platform.Question
		if err := json.Unmarshal([]byte(question), &q); err != nil {
			t.Fatal(err)
		}
		// What was asked in two ways counts as the one that says less.
		at := slices.IndexFunc(c.before.Evidence, func(e platform.Seen) bool { return e.Question == q })
		seen := c.before.Evidence[at]
		for _, e := range c.before.Evidence[at+1:] {
			if e.Question == q && e.Use != seen.Use {
				seen.Use = mixed
			}
		}
		c.asked = append(c.asked, seen)
	}
	return c
}

// mixed is the use of an answer that a check asked for in two ways.
const mixed platform.Use = "mixed"

// The ways in which a recording is spoilt.
const (
	flipped = iota // one bit, which may leave a valid value
	cut            // the end is missing
	lost           // some bytes are missing, or are zeros
	swapped        // two lines stand in each other's place
	other          // a line has the outcome of another one
	missing        // a line is not there, and the header does not count it
	untyped        // a value is one of another type
	huge           // a number is one that no type holds
	nested         // a value lies in brackets, hundreds deep
	ways
)

// damaged is a recording that was spoilt in one way; wrong says that in the line at an answer
// became one which cannot be what was asked for.
func (c recorded) damaged(rng *rand.Rand, way int) (data []byte, at int, wrong bool) {
	lines := slices.Clone(c.lines)
	at = 1 + rng.IntN(len(lines)-1)
	question, outcome, _ := strings.Cut(lines[at], "\t")
	whole := []byte(strings.Join(lines, ""))
	from := rng.IntN(len(whole))
	switch way {
	case flipped:
		from = rng.IntN(len(lines[at])) + len(strings.Join(lines[:at], "")) // what is in the header, other tests hold
		whole[from] ^= 1 << rng.IntN(8)
		return whole, at, false
	case cut:
		return whole[:from], at, false
	case lost:
		length := min(len(whole)-from, 1+rng.IntN(100))
		if rng.IntN(2) == 0 {
			clear(whole[from : from+length])
			return whole, at, false
		}
		return slices.Delete(whole, from, from+length), at, false
	case swapped:
		second := 1 + rng.IntN(len(lines)-1)
		lines[at], lines[second] = lines[second], lines[at]
	case other:
		_, another, _ := strings.Cut(lines[1+rng.IntN(len(lines)-1)], "\t")
		lines[at] = question + "\t" + another
	case missing:
		lines = slices.Delete(lines, at, at+1)
		lines[0] = strings.Replace(lines[0], fmt.Sprintf(`"questions":%d`, len(lines)), fmt.Sprintf(`"questions":%d`, len(lines)-1), 1)
	default:
		var spoilt string
		spoilt, wrong = spoiltValue(rng, outcome, way)
		lines[at] = question + "\t" + spoilt
	}
	return []byte(strings.Join(lines, "")), at, wrong
}

// spoiltValue changes one value in the outcome of a line so that its type is wrong. It does so
// not where there is no such value.
func spoiltValue(rng *rand.Rand, outcome string, way int) (spoilt string, wrong bool) {
	var values [][2]int // from and to
	d := json.NewDecoder(strings.NewReader(outcome))
	d.UseNumber()
	var keys []bool // of each object or list that is open: whether a key comes next; of a list, never
	var inObject []bool
	for {
		begin := d.InputOffset()
		token, err := d.Token()
		if err != nil {
			break
		}
		if delim, ok := token.(json.Delim); ok && (delim == '{' || delim == '[') {
			keys, inObject = append(keys, delim == '{'), append(inObject, delim == '{')
			continue
		} else if ok {
			keys, inObject = keys[:len(keys)-1], inObject[:len(inObject)-1]
		} else if last := len(keys) - 1; keys[last] {
			keys[last] = false
			continue
		} else if _, isNumber := token.(json.Number); token != nil && (way != huge || isNumber) {
			end := int(d.InputOffset())
			from := int(begin) + strings.IndexFunc(outcome[begin:end], func(c rune) bool { return !strings.ContainsRune(":, ", c) })
			values = append(values, [2]int{from, end})
		}
		if last := len(keys) - 1; last >= 0 {
			keys[last] = inObject[last]
		}
	}
	if len(values) == 0 || !strings.HasPrefix(outcome, `{"answer"`) {
		return outcome, false
	}
	value := values[rng.IntN(len(values))]
	old := outcome[value[0]:value[1]]
	replacement := []string{"7", "true"}[rng.IntN(2)] // for a text
	switch deep := 1 + rng.IntN(900); {
	case way == huge:
		replacement = []string{"1e999", "-" + strings.Repeat("9", 400), "9" + strings.Repeat("0", 30)}[rng.IntN(3)]
	case way == nested:
		replacement = strings.Repeat("[", deep) + old + strings.Repeat("]", deep)
	case old[0] != '"':
		replacement = `"` + old + `"`
	}
	return outcome[:value[0]] + replacement + outcome[value[1]:], true
}

// judge holds what comes of a damaged recording to the rules: it is not read at all, or what is
// unreadable is never green, or a valid value is judged as that value.
func (c recorded) judge(t *testing.T, data []byte, what string, at int, wrong bool) (unread bool) {
	t.Helper()
	site, err := recording.Read(data)
	if err != nil {
		if err.Error() == "" {
			t.Errorf("%s: it is not read, and nobody says why", what)
		}
		return true
	}
	after := c.scenario.run(t, c.id, site, c.readAt)
	if after.Stack != "" || after.Cause != nil && strings.Contains(after.Cause.Cause, "a bug in") {
		t.Errorf("%s: %v\n%s", what, after.Cause, after.Stack)
	}
	hit := c.asked[at-1]
	double := standing{lines: slices.Collect(strings.Lines(string(data)))}
	if wrong {
		double.spoilt = hit.Question
	}
	want := c.scenario.run(t, c.id, double, c.readAt)
	if after.Status != want.Status || !cmp.Equal(statusesOf(after), statusesOf(want)) {
		t.Errorf("%s: %s became %s %v (%s), and what is in it is %s %v (%s)\n%s", what, c.before.Status, after.Status, statusesOf(after), after.Summary, want.Status, statusesOf(want), want.Summary, data)
	}
	if _, no := double.Read(t.Context(), hit.Question); errors.Is(no, errDamaged) && hit.Use != mixed && !allowed(hit.Use, c.before.Status, after.Status) {
		t.Errorf("%s: %s cannot be read, and %s became %s (%s)\n%s", what, hit.Question, c.before.Status, after.Status, after.Summary, data)
	}
	return false
}

// standing is a double that answers what stands in the lines of a file, as the recording's form has
// it, without the code that reads recordings.
type standing struct {
	lines  []string
	spoilt platform.Question // its answer counts as unreadable, whatever stands there
}

var errDamaged = platform.Refuse(platform.ErrMalformed, "it was damaged")

// Read implements platform.Reader.
func (s standing) Read(_ context.Context, q platform.Question) (json.RawMessage, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(q); err != nil || q == s.spoilt {
		return nil, errDamaged
	}
	at := slices.IndexFunc(s.lines, func(line string) bool {
		question, _, _ := strings.Cut(line, "\t")
		return question == strings.TrimSpace(b.String())
	})
	if at < 0 {
		return nil, errDamaged
	}
	var found struct {
		Answer json.RawMessage `json:"answer"`
		Error  *struct {
			Reason string `json:"reason"`
			Cause  string `json:"cause"`
			Help   string `json:"help"`
		} `json:"error"`
	}
	_, outcome, _ := strings.Cut(s.lines[at], "\t")
	switch err := json.Unmarshal([]byte(outcome), &found); {
	case err != nil, (found.Answer == nil) == (found.Error == nil):
		return nil, errDamaged
	case found.Answer != nil:
		return found.Answer, nil
	}
	for _, reason := range platform.Reasons() {
		if reason.Error() == found.Error.Reason {
			return nil, &platform.NoAnswer{Reason: reason, Cause: found.Error.Cause, Help: found.Error.Help}
		}
	}
	return nil, errDamaged
}

func statusesOf(r checks.Result) []string {
	var all []string
	for _, item := range r.Items {
		all = append(all, item.Key+" "+item.Status.String())
	}
	return all
}

// Ten thousand damaged recordings, the same in each run, are judged by the checks whose answers
// they hit. That a file which is not read ends with exit code 64, the command's own tests hold.
func TestDamagedRecordings(t *testing.T) {
	all := catalog.All().Checks()
	const wanted = 10_000
	each := wanted/len(all) + 1
	var done, unread atomic.Int32
	t.Run("all", func(t *testing.T) {
		for _, check := range all {
			t.Run(check.ID, func(t *testing.T) {
				t.Parallel()
				name := fnv.New64()
				name.Write([]byte(check.ID))
				rng := rand.New(rand.NewPCG(name.Sum64(), 5))
				list := scenarios(t, check.ID)
				var some []recorded
				for i := range min(4, len(list)) {
					if c := inRecording(t, check.ID, list[i]); len(c.asked) > 0 {
						some = append(some, c)
					}
				}
				for i := range each {
					c := some[i%len(some)]
					way := i % ways
					data, at, wrong := c.damaged(rng, way)
					what := fmt.Sprintf("%s, damage %d in way %d", c.scenario.Name, i, way)
					if c.judge(t, data, what, at, wrong) {
						unread.Add(1)
					}
					done.Add(1)
				}
			})
		}
	})
	if done.Load() < wanted || unread.Load() < wanted/20 || unread.Load() > wanted/2 {
		t.Errorf("%d recordings were damaged, and %d of them are not read", done.Load(), unread.Load())
	}
	t.Logf("%d recordings were damaged, and %d of them are not read", done.Load(), unread.Load())
}
