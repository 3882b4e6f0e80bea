package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

const proven = `[{"may_see":1}]`

func TestTwoConnectionsForEachInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var atOnce, most [2]atomic.Int32
		m := open(t.Context(), reader(func(_ context.Context, q platform.Question) (json.RawMessage, error) {
			i := 0
			if q.On == "SQL02" {
				i = 1
			}
			if now := atOnce[i].Add(1); now > most[i].Load() {
				most[i].Store(now)
			}
			time.Sleep(time.Second)
			atOnce[i].Add(-1)
			return json.RawMessage(proven), nil
		}))
		start := time.Now()
		var group sync.WaitGroup
		for i := range 10 {
			for _, instance := range []string{"SQL01", "SQL02"} {
				group.Go(func() {
					if _, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion(instance, fmt.Sprint(i)))); err != nil {
						t.Error(err)
					}
				})
			}
		}
		group.Wait()
		for i := range most {
			if n := most[i].Load(); n != 2 {
				t.Errorf("instance %d was asked %d questions at once", i+1, n)
			}
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("ten questions, two at once, to two instances took %v", took)
		}
	})
}

// Files and the registry have no line: all are read at once.
func TestOtherKindsWaitForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
			time.Sleep(time.Second)
			return json.RawMessage(`1`), nil
		}))
		start := time.Now()
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() { _, _ = platform.Ask(t.Context(), m.Session(), raw(platform.ReadFile(fmt.Sprint(i)).Question)) })
		}
		group.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// script lets an instance answer its questions, which come one after the other, by a word
// each, and counts how many it was put.
type script struct {
	words []string
	asked atomic.Int32
}

func (s *script) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.On != "SQL01" {
		return json.RawMessage(proven), nil
	}
	word := s.words[s.asked.Add(1)-1]
	switch word {
	case "answer":
		return json.RawMessage(proven), nil
	case "no rows":
		return json.RawMessage(`[]`), nil
	case "silent":
		<-ctx.Done()
		return nil, ctx.Err()
	case "ends":
		return nil, &platform.NoAnswer{Reason: platform.ErrDenied, Cause: "the log-on was refused", EndsLine: true}
	}
	for _, reason := range platform.Reasons() {
		if reason.Error() == word {
			return nil, platform.Refuse(reason, "planted: %s", word)
		}
	}
	panic("no such word: " + word)
}

func TestLineEnds(t *testing.T) {
	const never = -1
	tests := []struct {
		words string
		after int    // how many questions are put, if the line ends
		cause string // of the next question
	}{
		{"unreachable", 1, "planted: unreachable"},
		{"ends", 1, "the log-on was refused"},
		{"answer answer unreachable", 3, "planted: unreachable"},
		{"silent silent", 2, "SQL Server SQL01 left two questions in a row without an answer"},
		{"answer silent silent", 3, "left two questions in a row"},
		{"silent answer silent silent", 4, "left two questions in a row"},
		{"silent unreachable", 2, "planted: unreachable"},
		{"silent answer silent answer silent answer", never, ""},
		{"silent denied silent absent silent malformed", never, ""},
		{"silent no rows silent no rows", never, ""},
		// The server itself says that a lock was not released in time: it answers.
		{"timeout timeout timeout", never, ""},
		{"silent timeout silent timeout", never, ""},
		{"timeout unreachable", 2, "planted: unreachable"},
		{"denied denied denied", never, ""},
		{"absent unsupported malformed denied", never, ""},
		{"silent", never, ""},
	}
	for _, test := range tests {
		t.Run(test.words, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				words := strings.Fields(strings.ReplaceAll(test.words, "no rows", "no_rows"))
				for i := range words {
					words[i] = strings.ReplaceAll(words[i], "_", " ")
				}
				r := &script{words: append(words, "answer", "answer")}
				m := open(t.Context(), r)
				s := m.Session()
				for i := range words {
					_, _ = platform.Ask(t.Context(), s, raw(sqlQuestion("SQL01", fmt.Sprint(i))))
				}
				start := time.Now()
				_, err := platform.Ask(t.Context(), s, raw(sqlQuestion("SQL01", "next")))
				if test.after == never {
					if err != nil || int(r.asked.Load()) != len(words)+1 {
						t.Errorf("the next question: %v, after %d were put", err, r.asked.Load())
					}
				} else {
					no := refused(t, err, m.Outcomes()[sqlQuestion("SQL01", fmt.Sprint(test.after-1))].Err.Reason, test.cause)
					_, again := platform.Ask(t.Context(), s, raw(sqlQuestion("SQL01", "one more")))
					if more := refused(t, again, no.Reason); more.Cause != no.Cause || more.EndsLine != no.EndsLine {
						t.Errorf("the causes differ: %q and %q", no.Cause, more.Cause)
					}
					if int(r.asked.Load()) != test.after {
						t.Errorf("%d questions were put, not %d", r.asked.Load(), test.after)
					}
					if took := time.Since(start); took != 0 {
						t.Errorf("what is not asked any more took %v", took)
					}
				}
				// Others are not hurt.
				if _, err := platform.Ask(t.Context(), s, raw(sqlQuestion("SQL02", "x"))); err != nil {
					t.Errorf("another instance: %v", err)
				}
				if _, err := platform.Ask(t.Context(), s, raw(platform.ReadFile("x").Question)); err != nil {
					t.Errorf("a file: %v", err)
				}
			})
		})
	}
}

// Names of servers have no case: there is one line to a server, however a question spells it.
func TestLineHasNoCase(t *testing.T) {
	var reads atomic.Int32
	m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
		reads.Add(1)
		return nil, platform.Refuse(platform.ErrUnreachable, "SQL01 is away")
	}))
	for _, instance := range []string{`SQL01\MECM`, `sql01\mecm`, `Sql01\Mecm`} {
		_, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion(instance, "x")))
		refused(t, err, platform.ErrUnreachable, "SQL01 is away")
	}
	if reads.Load() != 1 {
		t.Errorf("the server was asked %d times", reads.Load())
	}
	_, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion("SQL01", "x")))
	refused(t, err, platform.ErrUnreachable)
	if reads.Load() != 2 {
		t.Error("another instance of the server was not asked")
	}
}

// Those that wait for their turn when the line ends are not asked any more.
func TestWaitingWhenTheLineEnds(t *testing.T) {
	tests := []struct {
		name   string
		read   func(context.Context) error
		reads  int32
		took   time.Duration
		reason error
	}{
		// The first two are under way when the answer to the first comes.
		{"unreachable", func(context.Context) error {
			time.Sleep(2 * time.Second)
			return platform.Refuse(platform.ErrUnreachable, "SQL01 is away")
		}, 2, 3 * time.Second, platform.ErrUnreachable},
		// The third has its turn when the first is given up, a second before the second is.
		{"silent", func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}, 3, 30 * time.Second, platform.ErrTimeout},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int32
				m := open(t.Context(), reader(func(ctx context.Context, _ platform.Question) (json.RawMessage, error) {
					reads.Add(1)
					return nil, test.read(ctx)
				}))
				start := time.Now()
				var group sync.WaitGroup
				for i := range 10 {
					group.Go(func() {
						if i > 0 {
							time.Sleep(time.Second)
						}
						_, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion("SQL01", fmt.Sprint(i))))
						refused(t, err, test.reason, "SQL01")
					})
				}
				group.Wait()
				if reads.Load() != test.reads || time.Since(start) != test.took {
					t.Errorf("%d questions were put in %v; want %d in %v", reads.Load(), time.Since(start), test.reads, test.took)
				}
			})
		})
	}
}

// A question that waits for its turn ends with the run.
func TestWaitingWhenTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run, cancel := context.WithCancelCause(t.Context())
		var reads atomic.Int32
		m := open(run, reader(func(ctx context.Context, _ platform.Question) (json.RawMessage, error) {
			reads.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				_, err := platform.Ask(t.Context(), m.Session(), raw(sqlQuestion("SQL01", fmt.Sprint(i))))
				if no := refused(t, err, platform.ErrTimeout); no.Cause != "interrupted" {
					t.Errorf("the cause is %q", no.Cause)
				}
			})
		}
		synctest.Wait()
		cancel(platform.ErrInterrupted)
		group.Wait()
		if n := reads.Load(); n != 2 {
			t.Errorf("%d questions were put", n)
		}
	})
}

// settled is a script whose outcomes were all there before the run.
type settled struct{ *script }

func (settled) Settled() {}

// What was recorded is told, whatever else was recorded of that server.
func TestSettledReaderIsNeverGivenUp(t *testing.T) {
	for _, words := range []string{"unreachable answer", "ends answer", "timeout timeout answer", "unreachable timeout timeout timeout answer"} {
		r := &script{words: strings.Fields(words)}
		s := open(t.Context(), settled{r}).Session()
		for i, word := range r.words {
			_, err := platform.Ask(t.Context(), s, raw(sqlQuestion("SQL01", fmt.Sprint(i))))
			if (err == nil) != (word == "answer") {
				t.Errorf("%s: question %d: %v", words, i+1, err)
			}
		}
		if int(r.asked.Load()) != len(r.words) {
			t.Errorf("%s: %d questions were put", words, r.asked.Load())
		}
	}
}
