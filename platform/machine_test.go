package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

// Each test in a bubble of synctest ends only when all of its goroutines have: none leaks.

func TestEachQuestionIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads [5]atomic.Int32
		m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
			time.Sleep(time.Second)
			number := q.Where[0] - '0'
			reads[number].Add(1)
			if number == 4 {
				return nil, platform.Refuse(platform.ErrDenied, "closed")
			}
			return json.RawMessage(`"` + q.Where + `"`), nil
		}))
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				number := i % len(reads)
				q := platform.ReadFile(fmt.Sprint(number)).Question
				answer, err := platform.Ask(t.Context(), m.Session(), raw(q))
				if number == 4 {
					refused(t, err, platform.ErrDenied, "closed")
				} else if string(answer) != fmt.Sprintf("%q", q.Where) || err != nil {
					t.Errorf("%s: %s, %v", q, answer, err)
				}
			})
		}
		group.Wait()
		for i := range reads {
			if n := reads[i].Load(); n != 1 {
				t.Errorf("question %d was read %d times", i, n)
			}
		}
		if n := len(m.Outcomes()); n != len(reads) {
			t.Errorf("there are %d outcomes", n)
		}
	})
}

func TestErrorIsKept(t *testing.T) {
	reads := 0
	m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
		if reads++; reads == 1 {
			no := platform.Refuse(platform.ErrDenied, "closed")
			no.Help = "open it"
			return nil, no
		}
		return json.RawMessage(`{"total":1}`), nil
	}))
	for range 2 {
		_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
		if no := refused(t, err, platform.ErrDenied, "closed"); no.Help != "open it" {
			t.Errorf("the help is %q", no.Help)
		}
	}
	if reads != 1 {
		t.Errorf("it was read %d times", reads)
	}
}

func TestReadAt(t *testing.T) {
	m := open(t.Context(), always(`1`))
	if !m.ReadAt().Equal(readAt) || !m.Session().ReadAt().Equal(readAt) {
		t.Errorf("read at %v, the session says %v", m.ReadAt(), m.Session().ReadAt())
	}
}

// A reader that ignores its context costs the limit of its kind, and nobody else anything.
func TestLimitOfEachKind(t *testing.T) {
	tests := []struct {
		question platform.Question
		limit    time.Duration
		target   string
	}{
		{platform.ReadText(`HKLM\X`, "y").Question, 5 * time.Second, `registry HKLM\X`},
		{platform.ReadService("x").Question, 5 * time.Second, `service x`},
		{platform.ReadFile(`C:\x`).Question, 10 * time.Second, `file C:\x`},
		{platform.ReadDigest(`C:\x`).Question, 10 * time.Second, `digest C:\x`},
		{platform.ReadFolder(`C:\x`, "*").Question, 10 * time.Second, `folder C:\x`},
		{platform.ReadAccess(`C:\x`).Question, 10 * time.Second, `access C:\x`},
		{platform.ReadVolume(`C:\`).Question, 10 * time.Second, `volume C:\`},
		{platform.ReadMemory().Question, 5 * time.Second, `os memory`},
		{platform.ReadAccount(`CONTOSO\svc`).Question, 10 * time.Second, `account CONTOSO\svc`},
		{platform.ReadEvents("System", platform.EventFilter{Provider: "x", IDs: []uint16{1}, Days: 1}).Question, 10 * time.Second, `events System`},
		{platform.ReadPrereqLog(`C:\ConfigMgrPrereq.log`).Question, 10 * time.Second, `log C:\ConfigMgrPrereq.log`},
		{platform.ReadShare(`\\fs01\source`).Question, 10 * time.Second, `share \\fs01\source`},
		{platform.ReadTCP("sql01.contoso.com:1433").Question, 10 * time.Second, `tcp sql01.contoso.com:1433`},
		{platform.ReadAddresses("sql01.contoso.com").Question, 10 * time.Second, `name sql01.contoso.com`},
		{platform.ReadCertificates(`LocalMachine\MY`).Question, 5 * time.Second, `certificate LocalMachine\MY`},
		{sqlQuestion("SQL01", "x"), 15 * time.Second, `SQL01`},
	}
	if limits := platform.DefaultLimits(); len(limits) != len(tests) {
		t.Errorf("there are %d limits and %d kinds in this test", len(limits), len(tests))
	}
	for _, test := range tests {
		t.Run(string(test.question.Kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
					if q == test.question {
						<-release
					}
					return json.RawMessage(`[{"may_see":1}]`), nil
				}))
				start := time.Now()
				var group sync.WaitGroup
				group.Go(func() {
					s := m.Session()
					_, err := platform.Ask(t.Context(), s, raw(test.question))
					refused(t, err, platform.ErrTimeout, "no answer from "+test.target+" within "+test.limit.String())
					if took := time.Since(start); took != test.limit {
						t.Errorf("it took %v; want %v", took, test.limit)
					}
					if took := s.Evidence()[0].Took; took != test.limit {
						t.Errorf("the evidence says that it took %v", took)
					}
				})
				group.Go(func() {
					other := test.question
					other.What += "2"
					if _, err := platform.Ask(t.Context(), m.Session(), raw(other)); err != nil {
						t.Errorf("another question: %v", err)
					}
					if took := time.Since(start); took != 0 {
						t.Errorf("another question took %v", took)
					}
				})
				group.Wait()
				close(release) // the reader's goroutine ends, and its late answer is dropped
				synctest.Wait()
				if outcome := m.Outcomes()[test.question]; outcome.Err == nil || outcome.Answer != nil {
					t.Errorf("the late answer is kept: %+v", outcome)
				}
			})
		})
	}
}

// A reader that obeys its context and passes the context's error on is late, too.
func TestReaderPassesItsContextsErrorOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := open(t.Context(), reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("reading %s: %w", q, ctx.Err())
		}))
		_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
		refused(t, err, platform.ErrTimeout, "no answer from os memory within 5s")
	})
}

func TestUnknownKind(t *testing.T) {
	m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
		t.Error("the reader was asked")
		return json.RawMessage(`1`), nil
	}))
	for _, kind := range []platform.Kind{"", "weather", "SQL"} {
		_, err := platform.Ask(t.Context(), m.Session(), raw(platform.Question{Kind: kind, On: "x", What: "y"}))
		refused(t, err, platform.ErrUnsupported, fmt.Sprintf("%q", kind))
	}
}

// A read belongs to the run, not to the check that asked first.
func TestAskerEndsEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int32
		m := open(t.Context(), reader(func(ctx context.Context, _ platform.Question) (json.RawMessage, error) {
			reads.Add(1)
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(3 * time.Second):
				return json.RawMessage(`{"total":7}`), nil
			}
		}))
		start := time.Now()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := m.Session()
		_, err := platform.Ask(impatient, s, platform.ReadMemory())
		refused(t, err, platform.ErrTimeout, "no answer from os memory before the time was up")
		if took := time.Since(start); took != time.Second {
			t.Errorf("the impatient asker waited %v", took)
		}
		if out := m.Outcomes(); len(out) != 0 {
			t.Errorf("what is under way is an outcome: %v", out)
		}
		if seen := s.Evidence(); len(seen) != 1 || seen[0].Err == nil || seen[0].Answer != nil {
			t.Errorf("the evidence is %+v", seen)
		}
		memory, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
		if err != nil || memory.Total != 7 || time.Since(start) != 3*time.Second || reads.Load() != 1 {
			t.Errorf("the patient asker got %+v, %v after %v and %d reads", memory, err, time.Since(start), reads.Load())
		}
		if out := m.Outcomes(); len(out) != 1 {
			t.Errorf("the outcomes are %v", out)
		}
	})
}

// What is known is told even to an asker whose time is up: chance does not decide.
func TestKnownAnswerAfterTheEnd(t *testing.T) {
	m := open(t.Context(), always(`{"total":7}`))
	if _, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory()); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if memory, err := platform.Ask(ended, m.Session(), platform.ReadMemory()); memory.Total != 7 || err != nil {
			t.Fatalf("%+v, %v", memory, err)
		}
	}
}

func TestWhatAReaderMayNotAnswer(t *testing.T) {
	long := func(length int) string { return `"` + strings.Repeat("x", length-2) + `"` }
	tests := []struct {
		name   string
		read   reader
		reason error
		cause  string
	}{
		{"as long as allowed", always(long(platform.MaxAnswer)), nil, ""},
		{"too long", always(long(platform.MaxAnswer + 1)), platform.ErrTooLarge, "65537 bytes"},
		{"no JSON", always(`{"total":`), platform.ErrMalformed, "is not JSON"},
		{"two values", always(`1 2`), platform.ErrMalformed, "is not JSON"},
		{"nothing", always(``), platform.ErrMalformed, "is not JSON"},
		{"too long and no JSON", always(strings.Repeat("x", platform.MaxAnswer+1)), platform.ErrTooLarge, "more than 65536"},
		{"panic", func(context.Context, platform.Question) (json.RawMessage, error) { panic("clouds") }, platform.ErrUnsupported, "os : memory ended in a panic: clouds"},
		{"panic with an error", func(context.Context, platform.Question) (json.RawMessage, error) { panic(platform.ErrAbsent) }, platform.ErrUnsupported, "panic: absent"},
		{"end of the goroutine", func(context.Context, platform.Question) (json.RawMessage, error) {
			runtime.Goexit()
			return json.RawMessage(`1`), nil
		}, platform.ErrMalformed, "is not JSON"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := open(t.Context(), test.read)
			_, err := platform.Ask(t.Context(), m.Session(), raw(platform.ReadMemory().Question))
			if test.reason == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, test.reason, test.cause)
			if outcome := m.Outcomes()[platform.ReadMemory().Question]; outcome.Err == nil || outcome.Answer != nil {
				t.Errorf("the outcome is %+v", outcome)
			}
		})
	}
}

// An answer to a statement must hold the proof that this account may see what it counts.
func TestProof(t *testing.T) {
	tests := []struct {
		name, answer string
		reason       error
		cause        string
	}{
		{"proven", `[{"may_see":1}]`, nil, ""},
		{"proven, with space", ` [ { "may_see" : 1 , "a": 2 } ] `, nil, ""},
		{"two rows", `[{"may_see":1},{"may_see":1}]`, nil, ""},
		{"no rows", `[]`, platform.ErrDenied, "SQL01 returned no rows for x"},
		{"no rows, null", `null`, platform.ErrDenied, "no rows"},
		{"no proof", `[{"a":1}]`, platform.ErrNotRecorded, "no column may_see"},
		{"no proof in the second row", `[{"may_see":1},{"a":1}]`, platform.ErrNotRecorded, "no column may_see"},
		{"other case", `[{"MAY_SEE":1}]`, platform.ErrNotRecorded, "no column may_see"},
		{"an empty row", `[{}]`, platform.ErrNotRecorded, "no column may_see"},
		{"a null row", `[null]`, platform.ErrNotRecorded, "no column may_see"},
		{"zero", `[{"may_see":0}]`, platform.ErrDenied, "may not see all of x on SQL Server SQL01"},
		{"zero in the second row", `[{"may_see":1},{"may_see":0}]`, platform.ErrDenied, "may not see"},
		{"null", `[{"may_see":null}]`, platform.ErrDenied, "may not see"},
		{"text", `[{"may_see":"1"}]`, platform.ErrDenied, "may not see"},
		{"true", `[{"may_see":true}]`, platform.ErrDenied, "may not see"},
		{"two", `[{"may_see":2}]`, platform.ErrDenied, "may not see"},
		{"minus one", `[{"may_see":-1}]`, platform.ErrDenied, "may not see"},
		{"no list", `{"may_see":1}`, platform.ErrMalformed, "is not a list of rows"},
		{"a list of numbers", `[1]`, platform.ErrMalformed, "is not a list of rows"},
		{"a text", `"may_see"`, platform.ErrMalformed, "is not a list of rows"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := sqlQuestion("SQL01", "x")
			m := open(t.Context(), always(test.answer))
			s := m.Session()
			_, err := platform.Ask(t.Context(), s, raw(q))
			if test.reason == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			no := refused(t, err, test.reason, test.cause)
			if errors.Is(test.reason, platform.ErrDenied) && test.answer[0] == '[' && len(test.answer) > 2 && no.Help == "" {
				t.Error("there is no help")
			}
			// The report shows what came, and a recording replays it.
			if seen := s.Evidence()[0]; string(seen.Answer) != test.answer || seen.Err == nil {
				t.Errorf("the evidence is %+v", seen)
			}
			if outcome := m.Outcomes()[q]; string(outcome.Answer) != test.answer || outcome.Err == nil {
				t.Errorf("the outcome is %+v", outcome)
			}
		})
	}
	// The proof is asked of SQL Server alone.
	if _, err := platform.Ask(t.Context(), open(t.Context(), always(`[]`)).Session(), raw(platform.ReadMemory().Question)); err != nil {
		t.Error(err)
	}
}

func TestInterruptedRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, cancel := context.WithCancelCause(t.Context())
		var reads atomic.Int32
		release := make(chan struct{})
		defer close(release)
		m := open(run, reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			reads.Add(1)
			switch q {
			case platform.ReadMemory().Question: // deaf
				<-release
			case platform.ReadBoot().Question: // obedient
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return json.RawMessage(`"x"`), nil
		}))
		known := platform.ReadFile("known").Question
		if _, err := platform.Ask(run, m.Session(), raw(known)); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for _, q := range []platform.Question{platform.ReadMemory().Question, platform.ReadBoot().Question} {
			group.Go(func() {
				_, err := platform.Ask(t.Context(), m.Session(), raw(q))
				if no := refused(t, err, platform.ErrTimeout); no.Cause != "interrupted" {
					t.Errorf("%s: the cause is %q", q, no.Cause)
				}
			})
		}
		synctest.Wait()
		cancel(platform.ErrInterrupted)
		group.Wait()
		before := reads.Load()
		for _, q := range []platform.Question{platform.ReadFile("new").Question, sqlQuestion("SQL01", "x")} {
			_, err := platform.Ask(t.Context(), m.Session(), raw(q))
			if no := refused(t, err, platform.ErrTimeout); no.Cause != "interrupted" {
				t.Errorf("%s: the cause is %q", q, no.Cause)
			}
		}
		synctest.Wait()
		if reads.Load() != before {
			t.Error("the machine was read after the interruption")
		}
		if answer, err := platform.Ask(run, m.Session(), raw(known)); string(answer) != `"x"` || err != nil {
			t.Errorf("what was known before is now %s, %v", answer, err)
		}
	})
}

// The limit of the whole run is no interruption.
func TestRunEndsByItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		m := open(run, reader(func(ctx context.Context, _ platform.Question) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		_, err := platform.Ask(t.Context(), m.Session(), platform.ReadMemory())
		refused(t, err, platform.ErrTimeout, "no answer from os memory before the time was up")
	})
}

func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
			switch q.Where {
			case "slow":
				<-release
			case "denied":
				return nil, platform.Refuse(platform.ErrDenied, "closed")
			}
			return json.RawMessage(`1`), nil
		}))
		if out := m.Outcomes(); len(out) != 0 {
			t.Errorf("before anything was asked there are outcomes: %v", out)
		}
		slow, denied, answered := platform.ReadFile("slow").Question, platform.ReadFile("denied").Question, platform.ReadFile("x").Question
		var group sync.WaitGroup
		for _, q := range []platform.Question{slow, denied, answered} {
			group.Go(func() { _, _ = platform.Ask(t.Context(), m.Session(), raw(q)) })
		}
		synctest.Wait()
		out := m.Outcomes()
		if len(out) != 2 || string(out[answered].Answer) != `1` || out[answered].Err != nil || out[denied].Err == nil || out[denied].Answer != nil {
			t.Errorf("the outcomes are %+v", out)
		}
		delete(out, answered) // the machine keeps its own
		close(release)
		group.Wait()
		if out := m.Outcomes(); len(out) != 3 || string(out[slow].Answer) != `1` {
			t.Errorf("in the end the outcomes are %+v", out)
		}
	})
}
