package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

const number = `{"type":"dword","number":7,"text":null,"list":null}`

// askRegistry puts n questions about the registry of a server, one after the other.
func askRegistry(t *testing.T, m *platform.Machine, server string, n int) (last error) {
	t.Helper()
	for i := range n {
		_, last = platform.Ask(t.Context(), m.Session(), platform.ReadNumber(`HKLM\X`, fmt.Sprint(i)).At(server))
	}
	return last
}

// A silent server's registry is given up after one question: it costs one limit, however
// many questions are put to it and whatever the case of its name. Another server, and this
// machine, are not hurt.
func TestSilentRegistryIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		m := open(t.Context(), reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			if !strings.EqualFold(q.On, "dead") {
				return json.RawMessage(number), nil
			}
			asked.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		start := time.Now()
		refused(t, askRegistry(t, m, "dead", 5), platform.ErrTimeout, "no answer from dead within 5s")
		refused(t, askRegistry(t, m, "DEAD", 3), platform.ErrTimeout, "no answer from dead within 5s")
		if took := time.Since(start); took != 5*time.Second || asked.Load() != 1 {
			t.Errorf("it took %v, and %d questions", took, asked.Load())
		}
		for _, server := range []string{"mp01", ""} {
			if err := askRegistry(t, m, server, 3); err != nil {
				t.Errorf("%q: %v", server, err)
			}
		}
	})
}

// An error that ends the line ends it for the registry of that server alone: a SQL Server of
// the same name is another door.
func TestRegistryAndSQLServerHaveTheirOwnLines(t *testing.T) {
	var asked atomic.Int32
	m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
		if q.Kind == platform.KindSQL {
			return json.RawMessage(proven), nil
		}
		asked.Add(1)
		return nil, &platform.NoAnswer{Reason: platform.ErrDenied, Cause: "access is denied (5)", EndsLine: true}
	}))
	refused(t, askRegistry(t, m, "sql01", 4), platform.ErrDenied, "(5)")
	if asked.Load() != 1 {
		t.Errorf("%d questions were put", asked.Load())
	}
	if _, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion("sql01", "x"))); err != nil {
		t.Error(err)
	}
}

func manyQueries(n int) []platform.Query[platform.Number] {
	var queries []platform.Query[platform.Number]
	for i := range n {
		queries = append(queries, platform.ReadNumber(`HKLM\X`, "y").At(fmt.Sprintf("server%d", i)))
	}
	return queries
}

// AskAll asks at most so many at once, and gives readings and evidence in the order of the
// queries, whichever answer comes first.
func TestAskAllAsksAtOnceAndKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var atOnce, most atomic.Int32
		m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
			most.Store(max(most.Load(), atOnce.Add(1)))
			defer atOnce.Add(-1)
			var n int
			_, _ = fmt.Sscanf(q.On, "server%d", &n)
			time.Sleep(time.Duration(10-n) * time.Millisecond)
			if n == 3 {
				return nil, platform.Refuse(platform.ErrAbsent, "there is none")
			}
			return json.RawMessage(strings.Replace(number, "7", fmt.Sprint(n), 1)), nil
		}))
		s, queries := m.Session(), manyQueries(10)
		for i, reading := range platform.AskAll(t.Context(), s, 4, queries...) {
			if i == 3 {
				refused(t, reading.Err, platform.ErrAbsent)
			} else if reading.Err != nil || reading.Value != platform.Number(i) {
				t.Errorf("%d: %v, %v", i, reading.Value, reading.Err)
			}
		}
		if most.Load() != 4 {
			t.Errorf("%d were under way at once", most.Load())
		}
		var order []platform.Question
		for _, e := range s.Evidence() {
			order = append(order, e.Question)
		}
		if !slices.EqualFunc(order, queries, func(q platform.Question, query platform.Query[platform.Number]) bool { return q == query.Question }) {
			t.Errorf("the evidence is %v", order)
		}
	})
}

// When the time is up, those whose turn has not come are put to nobody, and say so.
func TestAskAllStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		m := open(t.Context(), reader(func(ctx context.Context, _ platform.Question) (json.RawMessage, error) {
			asked.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		readings := platform.AskAll(ctx, m.Session(), 2, manyQueries(9)...)
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
		refused(t, readings[0].Err, platform.ErrTimeout, "within 5s")
		refused(t, readings[3].Err, platform.ErrTimeout, "before the time was up")
		refused(t, readings[8].Err, platform.ErrTimeout, "server8 was not asked")
		if len(readings) != 9 || asked.Load() != 4 {
			t.Errorf("%d readings of %d questions", len(readings), asked.Load())
		}
	})
}

func TestList(t *testing.T) {
	ask := func(answer string) (platform.List, error) {
		return platform.Ask(t.Context(), open(t.Context(), always(answer)).Session(), platform.ReadList(`HKLM\X`, "y"))
	}
	for answer, want := range map[string]platform.List{
		`{"type":"multi_sz","number":null,"text":null,"list":["a","","b"]}`: {Entries: []string{"a", "", "b"}},
		`{"type":"multi_sz","number":null,"text":null,"list":[]}`:           {Entries: []string{}},
		`{"type":"multi_sz_cut","number":null,"text":null,"list":["a"]}`:    {Entries: []string{"a"}, More: true},
	} {
		if got, err := ask(answer); err != nil || got.More != want.More || !slices.Equal(got.Entries, want.Entries) {
			t.Errorf("%s: %v, %v", answer, got, err)
		}
	}
	for answer, reason := range map[string]error{
		`{"type":"sz","number":null,"text":"a","list":null}`:          platform.ErrMalformed,
		`{"type":"binary","number":null,"text":null,"list":null}`:     platform.ErrMalformed,
		`{"type":"other","number":null,"text":null,"list":["a"]}`:     platform.ErrMalformed,
		`{"type":"multi_sz","number":null,"text":null,"list":[null]}`: platform.ErrMalformed,
		`{"type":"multi_sz","number":null,"text":null}`:               platform.ErrNotRecorded,
		`{"number":null,"text":null,"list":[]}`:                       platform.ErrNotRecorded,
	} {
		_, err := ask(answer)
		refused(t, err, reason)
	}
	// What is too long for an answer is cut behind an entry, and says so.
	long := platform.ListValue(slices.Repeat([]string{strings.Repeat(`"`, 1000)}, 500))
	if n := len(*long.List); long.Type != "multi_sz_cut" || n < 10 || n > 20 {
		t.Errorf("%d entries of type %s", n, long.Type)
	}
	if written, err := json.Marshal(long); err != nil || len(written) > platform.MaxAnswer {
		t.Errorf("it has %d bytes: %v", len(written), err)
	}
	for _, entries := range [][]string{nil, {}, {"a", ""}} {
		if v := platform.ListValue(entries); v.Type != "multi_sz" || v.List == nil || len(*v.List) != len(entries) {
			t.Errorf("%v became %+v", entries, v)
		}
	}
	if v := platform.ListValue([]string{strings.Repeat("x", platform.MaxAnswer)}); v.Type != "multi_sz_cut" || len(*v.List) != 0 {
		t.Errorf("one entry that is too long became %s with %d", v.Type, len(*v.List))
	}
}
