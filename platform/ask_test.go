package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

// planted answers files by their path: a reason by its word, else the path as the size.
func planted(_ context.Context, q platform.Question) (json.RawMessage, error) {
	for _, reason := range platform.Reasons() {
		if q.Where == reason.Error() {
			return nil, platform.Refuse(reason, "planted: %s", q.Where)
		}
	}
	return fmt.Appendf(nil, `{"size":%s,"modified":"2026-11-20T02:00:00Z","version":null}`, q.Where), nil
}

func file(path string) platform.Query[platform.File] { return platform.ReadFile(path) }

func session(t *testing.T) *platform.Session {
	t.Helper()
	return open(t.Context(), reader(planted)).Session()
}

func TestLookup(t *testing.T) {
	s := session(t)
	if value, found, err := platform.Lookup(t.Context(), s, file("5")); value.Size != 5 || !found || err != nil {
		t.Errorf("what is there: %+v, %v, %v", value, found, err)
	}
	for _, reason := range platform.Reasons() {
		value, found, err := platform.Lookup(t.Context(), s, file(reason.Error()))
		if value != (platform.File{}) || found {
			t.Errorf("%v: %+v, %v", reason, value, found)
		}
		switch {
		case errors.Is(reason, platform.ErrAbsent):
			if err != nil {
				t.Errorf("absence is an error: %v", err)
			}
		default:
			refused(t, err, reason, "planted: "+reason.Error())
		}
	}
	// Only absence of the thing itself: not a damaged answer, nor a statement without rows.
	empty := open(t.Context(), always(`[]`)).Session()
	if _, found, err := platform.Lookup(t.Context(), empty, raw(sqlQuestion("SQL01", "x"))); found || err == nil {
		t.Errorf("no rows: %v, %v", found, err)
	}
	for _, e := range s.Evidence() {
		if e.Use != platform.Asked || e.Group != 0 {
			t.Errorf("%s is evidence of use %s, group %d", e.Question, e.Use, e.Group)
		}
	}
}

func TestNote(t *testing.T) {
	s := session(t)
	if value, ok := platform.Note(t.Context(), s, file("5")); value.Size != 5 || !ok {
		t.Errorf("what is there: %+v, %v", value, ok)
	}
	for _, reason := range platform.Reasons() {
		if value, ok := platform.Note(t.Context(), s, file(reason.Error())); value != (platform.File{}) || ok {
			t.Errorf("%v: %+v, %v", reason, value, ok)
		}
	}
	if value, ok := platform.Note(t.Context(), open(t.Context(), always(`{"size":1}`)).Session(), file("x")); value != (platform.File{}) || ok {
		t.Errorf("a damaged answer: %+v, %v", value, ok)
	}
	for _, e := range s.Evidence() {
		if e.Use != platform.Noted || e.Group != 0 {
			t.Errorf("%s is evidence of use %s, group %d", e.Question, e.Use, e.Group)
		}
	}
}

func size(f platform.File) (int64, error) {
	if f.Size == 0 {
		return 0, platform.Refuse(platform.ErrMalformed, "a file without content")
	}
	return f.Size, nil
}

func TestAskAny(t *testing.T) {
	absent, denied := file("absent"), file("denied")
	total := platform.By(platform.ReadMemory(), func(m platform.Memory) (int64, error) { return int64(m.Total), nil })
	tests := []struct {
		name    string
		ways    []platform.Way[int64]
		want    []int64
		reasons []error // nil is an answer
		err     error   // of all
	}{
		{"one", []platform.Way[int64]{platform.By(file("5"), size)}, []int64{5}, []error{nil}, nil},
		{"both answer, and disagree", []platform.Way[int64]{platform.By(file("5"), size), platform.By(file("6"), size)}, []int64{5, 6}, []error{nil, nil}, nil},
		{"the first fails", []platform.Way[int64]{platform.By(denied, size), platform.By(file("6"), size)}, []int64{0, 6}, []error{platform.ErrDenied, nil}, nil},
		{"the last fails", []platform.Way[int64]{platform.By(file("6"), size), platform.By(denied, size)}, []int64{6, 0}, []error{nil, platform.ErrDenied}, nil},
		{"absence fails, too", []platform.Way[int64]{platform.By(absent, size), platform.By(file("6"), size)}, []int64{0, 6}, []error{platform.ErrAbsent, nil}, nil},
		{"all fail", []platform.Way[int64]{platform.By(denied, size), platform.By(absent, size)}, nil, nil, platform.ErrDenied},
		{"an answer that is no good", []platform.Way[int64]{platform.By(file("0"), size), platform.By(file("6"), size)}, []int64{0, 6}, []error{platform.ErrMalformed, nil}, nil},
		{"no answer is any good", []platform.Way[int64]{platform.By(file("0"), size), platform.By(denied, size)}, nil, nil, platform.ErrMalformed},
		{"ways of different kinds", []platform.Way[int64]{total, platform.By(file("6"), size)}, []int64{0, 6}, []error{platform.ErrNotRecorded, nil}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
				if q.Kind == platform.KindOS {
					return json.RawMessage(`{}`), nil
				}
				return planted(ctx, q)
			})
			s := open(t.Context(), r).Session()
			readings, err := platform.AskAny(t.Context(), s, test.ways...)
			if test.err != nil {
				refused(t, err, test.err)
				if readings != nil {
					t.Errorf("beside the error there are readings: %+v", readings)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if len(readings) != len(test.want) {
				t.Fatalf("the readings are %+v", readings)
			}
			for i, reading := range readings {
				if reading.Value != test.want[i] || !errors.Is(reading.Err, test.reasons[i]) {
					t.Errorf("way %d: %+v; want %d, %v", i+1, reading, test.want[i], test.reasons[i])
				}
			}
			seen := s.Evidence()
			if len(seen) != len(test.ways) {
				t.Fatalf("all ways are tried: %+v", seen)
			}
			for _, e := range seen {
				if e.Use != platform.Fallback || e.Group != 1 {
					t.Errorf("%s is evidence of use %s, group %d", e.Question, e.Use, e.Group)
				}
			}
		})
	}
}

func TestEvidence(t *testing.T) {
	type want struct {
		path  string
		use   platform.Use
		group int
		fails bool
	}
	asked := func(path string) func(context.Context, *platform.Session) {
		return func(ctx context.Context, s *platform.Session) { _, _ = platform.Ask(ctx, s, file(path)) }
	}
	noted := func(path string) func(context.Context, *platform.Session) {
		return func(ctx context.Context, s *platform.Session) { _, _ = platform.Note(ctx, s, file(path)) }
	}
	looked := func(path string) func(context.Context, *platform.Session) {
		return func(ctx context.Context, s *platform.Session) { _, _, _ = platform.Lookup(ctx, s, file(path)) }
	}
	anyOf := func(paths ...string) func(context.Context, *platform.Session) {
		return func(ctx context.Context, s *platform.Session) {
			var ways []platform.Way[int64]
			for _, path := range paths {
				ways = append(ways, platform.By(file(path), size))
			}
			_, _ = platform.AskAny(ctx, s, ways...)
		}
	}
	tests := []struct {
		name string
		do   []func(context.Context, *platform.Session)
		want []want
	}{
		{"nothing", nil, nil},
		{
			"in the order of asking",
			[]func(context.Context, *platform.Session){asked("2"), looked("absent"), noted("1"), asked("denied")},
			[]want{{"2", platform.Asked, 0, false}, {"absent", platform.Asked, 0, true}, {"1", platform.Noted, 0, false}, {"denied", platform.Asked, 0, true}},
		},
		{
			"asked twice",
			[]func(context.Context, *platform.Session){asked("1"), asked("2"), asked("1"), looked("1")},
			[]want{{"1", platform.Asked, 0, false}, {"2", platform.Asked, 0, false}},
		},
		{
			"noted, then asked",
			[]func(context.Context, *platform.Session){noted("1"), asked("2"), asked("1")},
			[]want{{"1", platform.Asked, 0, false}, {"2", platform.Asked, 0, false}},
		},
		{
			"asked, then noted",
			[]func(context.Context, *platform.Session){asked("1"), noted("1")},
			[]want{{"1", platform.Asked, 0, false}},
		},
		{
			"noted, then one of several ways",
			[]func(context.Context, *platform.Session){noted("1"), anyOf("1", "2")},
			[]want{{"1", platform.Fallback, 1, false}, {"2", platform.Fallback, 1, false}},
		},
		{
			"one of several ways, then noted",
			[]func(context.Context, *platform.Session){anyOf("1", "2"), noted("1")},
			[]want{{"1", platform.Fallback, 1, false}, {"2", platform.Fallback, 1, false}},
		},
		{
			"one of several ways, then asked",
			[]func(context.Context, *platform.Session){anyOf("1", "2"), asked("1")},
			[]want{{"1", platform.Asked, 0, false}, {"2", platform.Fallback, 1, false}},
		},
		{
			"asked, then one of several ways",
			[]func(context.Context, *platform.Session){asked("1"), anyOf("1", "2")},
			[]want{{"1", platform.Asked, 0, false}, {"2", platform.Fallback, 1, false}},
		},
		{
			"groups are numbered",
			[]func(context.Context, *platform.Session){anyOf("1", "denied"), asked("5"), anyOf("3", "4"), anyOf("3", "6")},
			[]want{
				{"1", platform.Fallback, 1, false},
				{"denied", platform.Fallback, 1, true},
				{"5", platform.Asked, 0, false},
				{"3", platform.Fallback, 2, false},
				{"4", platform.Fallback, 2, false},
				{"6", platform.Fallback, 3, false},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := session(t)
			for _, do := range test.do {
				do(t.Context(), s)
			}
			var got []want
			for _, e := range s.Evidence() {
				got = append(got, want{e.Question.Where, e.Use, e.Group, e.Err != nil})
				if e.Question != file(e.Question.Where).Question || (e.Answer == nil) != (e.Err != nil) {
					t.Errorf("the evidence is %+v", e)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("the evidence is %v; want %v", got, test.want)
			}
		})
	}
}

// An answer that cannot be decoded is shown beside the reason why it is none.
func TestEvidenceOfADamagedAnswer(t *testing.T) {
	m := open(t.Context(), always(`{"total":null}`))
	s := m.Session()
	_, err := platform.Ask(t.Context(), s, platform.ReadMemory())
	no := refused(t, err, platform.ErrMalformed, "os : memory")
	seen := s.Evidence()
	if len(seen) != 1 || string(seen[0].Answer) != `{"total":null}` || seen[0].Err != no {
		t.Errorf("the evidence is %+v", seen)
	}
	// The door had nothing to refuse: a recording keeps the answer.
	if outcome := m.Outcomes()[platform.ReadMemory().Question]; outcome.Err != nil || outcome.Answer == nil {
		t.Errorf("the outcome is %+v", outcome)
	}
}

// The evidence is the session's own: what a caller does to it changes nothing, and sessions
// of one machine share answers but no evidence.
func TestEvidenceIsTheSessionsOwn(t *testing.T) {
	m := open(t.Context(), reader(planted))
	one, other := m.Session(), m.Session()
	if _, err := platform.Ask(t.Context(), one, file("1")); err != nil {
		t.Fatal(err)
	}
	clear(one.Evidence())
	if seen := one.Evidence(); len(seen) != 1 || seen[0].Question != file("1").Question {
		t.Errorf("the evidence is %+v", seen)
	}
	if seen := other.Evidence(); len(seen) != 0 {
		t.Errorf("the other session has seen %+v", seen)
	}
}

// The time is the read's, also for a check that found the answer ready.
func TestEvidenceTellsTheReadsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := open(t.Context(), reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			time.Sleep(2 * time.Second)
			return planted(ctx, q)
		}))
		for range 2 {
			s := m.Session()
			if _, err := platform.Ask(t.Context(), s, file("1")); err != nil {
				t.Fatal(err)
			}
			if took := s.Evidence()[0].Took; took != 2*time.Second {
				t.Errorf("the read took %v", took)
			}
		}
	})
}

// check stands for what embeds a session, as every check's case does.
type check struct{ *platform.Session }

func TestWhatEmbedsASessionMayAsk(t *testing.T) {
	c := check{session(t)}
	if value, err := platform.Ask(t.Context(), c, file("5")); value.Size != 5 || err != nil || len(c.Evidence()) != 1 {
		t.Errorf("%+v, %v, %v", value, err, c.Evidence())
	}
}

// Several goroutines of a check may ask through one session.
func TestSessionIsSafe(t *testing.T) {
	s := session(t)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			path := fmt.Sprint(i % 4)
			_, _ = platform.Note(t.Context(), s, file(path))
			_, _ = platform.AskAny(t.Context(), s, platform.By(file(path), size))
			_, _ = platform.Ask(t.Context(), s, file(path))
			_ = s.Evidence()
		})
	}
	group.Wait()
	seen := s.Evidence()
	for _, e := range seen {
		if e.Use != platform.Asked {
			t.Errorf("%s is evidence of use %s", e.Question, e.Use)
		}
	}
	if len(seen) != 4 {
		t.Errorf("there are %d pieces of evidence", len(seen))
	}
}

// The only row of an answer is given, and an answer with two is none.
func TestAskOne(t *testing.T) {
	type row struct {
		MaySee int `json:"may_see"`
	}
	query := platform.SQL[row]("one", "SELECT 1 AS may_see").In("SQL01", "CM_P01")
	for answer, reason := range map[string]error{
		`[{"may_see":1}]`:               nil,
		`[{"may_see":1},{"may_see":1}]`: platform.ErrMalformed,
		`[]`:                            platform.ErrDenied,
	} {
		m := platform.Open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
			return json.RawMessage(answer), nil
		}), time.Now(), platform.DefaultLimits())
		got, err := platform.AskOne(t.Context(), m.Session(), query)
		if !errors.Is(err, reason) || reason == nil && got.MaySee != 1 {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}

// What one check read as one type another may read as another, whoever comes first.
func TestOneAnswerOfSeveralTypes(t *testing.T) {
	const key, value = `HKLM\SOFTWARE\X`, "V"
	for _, order := range [][]string{{"number", "text", "list", "text", "number"}, {"list", "text", "number", "list", "text"}} {
		m := open(t.Context(), always(`{"type":"dword","text":null,"number":7,"list":null}`))
		for i, want := range order {
			s := m.Session()
			var err error
			switch want {
			case "number":
				var got platform.Number
				if got, err = platform.Ask(t.Context(), s, platform.ReadNumber(key, value)); got != 7 || err != nil {
					t.Errorf("%v, %d: the number %d, %v", order, i, got, err)
				}
			case "text":
				var got platform.Text
				if got, err = platform.Ask(t.Context(), s, platform.ReadText(key, value)); got != "7" || err != nil {
					t.Errorf("%v, %d: the text %q, %v", order, i, got, err)
				}
			case "list":
				_, err = platform.Ask(t.Context(), s, platform.ReadList(key, value))
				refused(t, err, platform.ErrMalformed, "no list")
			}
			if seen := s.Evidence(); len(seen) != 1 || (seen[0].Err == nil) != (err == nil) || len(seen[0].Answer) == 0 {
				t.Errorf("%v, %d: the evidence is %+v", order, i, seen)
			}
		}
	}
}
