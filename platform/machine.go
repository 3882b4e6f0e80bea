package platform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultLimits is how long one question of each kind may take.
func DefaultLimits() map[Kind]time.Duration {
	return map[Kind]time.Duration{
		KindRegistry:    5 * time.Second,
		KindService:     5 * time.Second,
		KindFile:        10 * time.Second,
		KindDigest:      10 * time.Second,
		KindFolder:      10 * time.Second,
		KindAccess:      10 * time.Second,
		KindVolume:      10 * time.Second,
		KindOS:          5 * time.Second,
		KindAccount:     10 * time.Second,
		KindEvents:      10 * time.Second,
		KindLog:         10 * time.Second,
		KindShare:       SharePatience + 2*time.Second,
		KindCertificate: 5 * time.Second,
		KindTCP:         TCPPatience + 2*time.Second,
		KindName:        10 * time.Second,
		KindSQL:         15 * time.Second,
	}
}

// connections is how many questions one SQL Server instance, the registry of one other server,
// or one domain is asked at once.
const connections = 2

// Machine asks a Reader each question at most once in a run, within the limit of its kind,
// and keeps value and error together. What hangs in the Reader hurts nobody else.
type Machine struct {
	reader Reader
	run    context.Context // a read belongs to the run, not to the check that asked first
	readAt time.Time
	limits map[Kind]time.Duration
	// settled: nothing is gained by giving a server up, see Settled.
	settled bool

	mu      sync.Mutex
	answers map[Question]*answer
	lines   map[string]*line  // by kind and server or domain, in lower case: its name has no case
	calls   map[Question]call // in the reader now
}

// answer is one question's outcome; done is closed when raw, err and took are set.
type answer struct {
	done  chan struct{}
	raw   json.RawMessage
	err   *NoAnswer
	took  time.Duration
	value atomic.Pointer[any] // what raw was decoded into, where it can be shared
}

// call is a question that the reader is at.
type call struct {
	back  chan struct{} // closed when it comes back
	since time.Time
}

// line is the way to one server: two questions in a row that end at their limit, or one error
// that ends the line, and nothing more is asked of it. A server that says itself that it took too
// long, for a lock say, has answered. Another server's registry and a domain's controllers have one
// chance: what they know is read in a moment or never.
type line struct {
	slots  chan struct{}
	mu     sync.Mutex
	silent int // questions in a row that ended at their limit
	cause  *NoAnswer
}

// Open makes a Machine for one run. Reads end when run does; readAt is when the facts are
// read, for a recording when they were.
func Open(run context.Context, r Reader, readAt time.Time, limits map[Kind]time.Duration) *Machine {
	_, settled := r.(Settled)
	return &Machine{
		reader: r, run: run, readAt: readAt, limits: limits, settled: settled,
		answers: map[Question]*answer{}, lines: map[string]*line{}, calls: map[Question]call{},
	}
}

// ReadAt is when the facts were read.
func (m *Machine) ReadAt() time.Time { return m.readAt }

// Session is one check's view of the machine; it keeps the evidence.
func (m *Machine) Session() *Session { return &Session{machine: m} }

// Outcome is what one question came to: an answer or the reason why there is none.
type Outcome struct {
	Answer json.RawMessage // beside Err: the reader's answer, which was refused because it proves nothing
	Err    *NoAnswer
}

// Outcomes returns every question that has been answered or refused so far.
func (m *Machine) Outcomes() map[Question]Outcome {
	m.mu.Lock()
	answers := maps.Clone(m.answers)
	m.mu.Unlock()
	out := make(map[Question]Outcome, len(answers))
	for q, a := range answers {
		select {
		case <-a.done:
			out[q] = Outcome{a.raw, a.err}
		default: // still under way: nobody knows yet
		}
	}
	return out
}

// read returns the answer to q, asking the reader if nobody did before. It returns when ctx
// ends, whatever the reader does.
func (m *Machine) read(ctx context.Context, q Question) *answer {
	m.mu.Lock()
	a, asked := m.answers[q]
	if !asked {
		a = &answer{done: make(chan struct{})}
		m.answers[q] = a
		go m.fetch(q, a)
	}
	m.mu.Unlock()
	select {
	case <-a.done:
	case <-ctx.Done():
		select {
		case <-a.done: // what is known is told even then: chance must not decide
		default:
			return &answer{err: stopped(ctx, q)}
		}
	}
	return a
}

func (m *Machine) fetch(q Question, a *answer) {
	defer close(a.done)
	if m.run.Err() != nil { // the machine is not touched any more
		a.err = stopped(m.run, q)
		return
	}
	l := m.lineTo(q)
	if l != nil {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-m.run.Done():
			a.err = stopped(m.run, q)
			return
		}
		if a.err = l.broken(); a.err != nil {
			return
		}
	}
	start := time.Now()
	var late bool
	a.raw, late, a.err = m.readInTime(q)
	a.took = time.Since(start)
	if l != nil {
		l.note(q, late, a.err)
	}
}

// readInTime calls the reader under the limit of q's kind and checks the shape of what came.
// late says that nothing came before the limit.
func (m *Machine) readInTime(q Question) (raw json.RawMessage, late bool, err *NoAnswer) {
	limit, known := m.limits[q.Kind]
	if !known {
		return nil, false, Refuse(ErrUnsupported, "questions of kind %q are not known here", q.Kind)
	}
	ctx, cancel := context.WithTimeout(m.run, limit)
	defer cancel()
	type outcome struct {
		Outcome
		late bool
	}
	came := make(chan outcome, 1) // buffered: a reader that answers too late must not hang for ever
	back := m.call(q)
	left := &behind{}
	go func() {
		defer back()
		defer left.wait()
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{Outcome: Outcome{Err: Refuse(ErrUnsupported, "reading %s ended in a panic: %v", q, p)}}
			}
			came <- o
		}()
		raw, err := m.reader.Read(context.WithValue(ctx, behindKey{}, left), q)
		switch {
		case err == nil:
			o.Answer = raw
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			o.Err, o.late = m.tooLate(q, limit), true // the reader passed its context's error on
		default:
			o.Err = explain(err)
		}
	}()
	select {
	case o := <-came:
		switch {
		case o.Err != nil && m.settled: // its secrets were hidden when it was recorded
			return nil, o.late, o.Err
		case o.Err != nil:
			return nil, o.late, o.Err.withoutSecrets()
		case len(o.Answer) > MaxAnswer:
			return nil, false, Refuse(ErrTooLarge, "the answer to %s has %d bytes, more than %d", q, len(o.Answer), MaxAnswer)
		case !json.Valid(o.Answer):
			return nil, false, Refuse(ErrMalformed, "the answer to %s is not JSON", q)
		case q.Kind == KindSQL:
			return o.Answer, false, checkRows(q, o.Answer)
		}
		return o.Answer, false, nil
	case <-ctx.Done():
		return nil, true, m.tooLate(q, limit)
	}
}

// call notes that the reader is asked q, and returns what ends the note.
func (m *Machine) call(q Question) (back func()) {
	done := make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[q] = call{done, time.Now()}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.calls, q)
		close(done)
	}
}

// Hanging is for the end of a run: it returns the questions whose calls the reader has not
// come back from, sorted. Nothing can end them, so they are counted. It waits for them, but
// no longer than patience in all: a reader that obeys its context needs a moment to do so.
func (m *Machine) Hanging(patience time.Duration) []Question {
	m.mu.Lock()
	calls := maps.Clone(m.calls)
	m.mu.Unlock()
	enough, stop := context.WithTimeout(context.Background(), patience) // the run has ended
	defer stop()
	for q, call := range calls {
		select {
		case <-call.back:
		case <-enough.Done():
		}
		select {
		case <-call.back:
			delete(calls, q)
		default:
		}
	}
	return slices.SortedFunc(maps.Keys(calls), func(a, b Question) int {
		return cmp.Or(cmp.Compare(a.String(), b.String()), cmp.Compare(a.Text, b.Text))
	})
}

// Waiting is the question that the reader has been at for the longest time, and since when; ok
// is false when there is none.
func (m *Machine) Waiting() (q Question, since time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for one, call := range m.calls {
		if !ok || call.since.Before(since) {
			q, since, ok = one, call.since, true
		}
	}
	return q, since, ok
}

// tooLate says why a read ended before its answer: the run was stopped, or the limit passed.
func (m *Machine) tooLate(q Question, limit time.Duration) *NoAnswer {
	if m.run.Err() != nil {
		return stopped(m.run, q)
	}
	return Refuse(ErrTimeout, "no answer from %s within %v", target(q), limit)
}

// ErrInterrupted is the cause with which a run's context is cancelled on Ctrl-C.
var ErrInterrupted = errors.New("interrupted")

func stopped(ctx context.Context, q Question) *NoAnswer {
	if errors.Is(context.Cause(ctx), ErrInterrupted) {
		return Refuse(ErrTimeout, "interrupted")
	}
	return Refuse(ErrTimeout, "no answer from %s before the time was up", target(q))
}

func target(q Question) string {
	if q.On != "" {
		return q.On
	}
	if domain := q.directory(); domain != "" {
		return "the domain " + domain
	}
	if q.Where != "" {
		return fmt.Sprintf("%s %s", q.Kind, q.Where)
	}
	return fmt.Sprintf("%s %s", q.Kind, q.What)
}

func (m *Machine) lineTo(q Question) *line {
	if q.Kind != KindSQL && !q.oneChance() || m.settled {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	server := string(q.Kind) + " " + strings.ToLower(q.On)
	if domain := q.directory(); domain != "" { // one service of its controllers may answer where another does not
		server = q.What + " " + strings.ToLower(domain)
	}
	l := m.lines[server]
	if l == nil {
		l = &line{slots: make(chan struct{}, connections)}
		m.lines[server] = l
	}
	return l
}

func (l *line) broken() *NoAnswer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

func (l *line) note(q Question, late bool, err *NoAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.cause != nil:
	case err != nil && (err.EndsLine || errors.Is(err, ErrUnreachable)):
		l.cause = err
	case late && q.oneChance():
		l.cause = err
	case late:
		if l.silent++; l.silent == 2 {
			l.cause = Refuse(ErrTimeout, "SQL Server %s left two questions in a row without an answer, so it was asked no more", q.On)
		}
	default:
		l.silent = 0
	}
}
