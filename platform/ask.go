package platform

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Use says how a check depends on an answer.
type Use string

// The uses of an answer.
const (
	Asked    Use = "asked"    // no answer: could not check
	Fallback Use = "fallback" // one of several ways; only all failing is could not check
	Noted    Use = "noted"    // may change a text, never a status
)

// weight orders the uses by what hangs on them.
func (u Use) weight() int { return slices.Index([]Use{Noted, Fallback, Asked}, u) }

// Seen is one piece of evidence: a question that a check asked, and what came back.
type Seen struct {
	Question Question
	Use      Use
	Group    int // numbers the AskAny calls of a session from 1; 0 for the other uses
	Answer   json.RawMessage
	Err      *NoAnswer
	Took     time.Duration // of the read itself, which another check may have caused
}

// Session is one check's view of a Machine. It remembers what was asked.
type Session struct {
	machine *Machine
	mu      sync.Mutex
	seen    []Seen
	groups  int
}

// Asker is a *Session, or what embeds one.
type Asker interface{ session() *Session }

func (s *Session) session() *Session { return s }

// ReadAt is when the facts were read.
func (s *Session) ReadAt() time.Time { return s.machine.readAt }

// Evidence returns what was asked so far, in the order of the first asking.
func (s *Session) Evidence() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *Session) keep(e Seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, old := range s.seen {
		if old.Question == e.Question {
			if e.Use.weight() > old.Use.weight() {
				s.seen[i] = e // what a verdict hangs on is more than what a text hangs on
			}
			return
		}
	}
	s.seen = append(s.seen, e)
}

// Ask returns the answer to q. Every error is a *NoAnswer; a check that returns it could
// not check. Absence is an error too: use Lookup where absence is a fact to judge.
func Ask[A any](ctx context.Context, a Asker, q Query[A]) (A, error) {
	return ask(ctx, a.session(), q, Asked, 0)
}

// Lookup is Ask for what may rightly be absent: only ErrAbsent becomes found == false.
func Lookup[A any](ctx context.Context, a Asker, q Query[A]) (value A, found bool, err error) {
	value, err = Ask(ctx, a, q)
	if errors.Is(err, ErrAbsent) {
		return value, false, nil
	}
	return value, err == nil, err
}

// Note asks for what may change a text but never a status.
func Note[A any](ctx context.Context, a Asker, q Query[A]) (value A, ok bool) {
	value, err := ask(ctx, a.session(), q, Noted, 0)
	return value, err == nil
}

// Way is one of several ways to learn an A.
type Way[A any] struct {
	read func(ctx context.Context, s *Session, group int) (A, error)
}

// By is the way that asks q and makes an A of its answer.
func By[Q, A any](q Query[Q], convert func(Q) (A, error)) Way[A] {
	return Way[A]{func(ctx context.Context, s *Session, group int) (A, error) {
		raw, err := ask(ctx, s, q, Fallback, group)
		if err != nil {
			var none A
			return none, err
		}
		return convert(raw)
	}}
}

// Reading is what one way brought.
type Reading[A any] struct {
	Value A
	Err   error
}

// AskAny tries all the ways, and returns one reading for each in their order. Its error is
// the first way's when all of them failed; answers that disagree are for the check to judge.
func AskAny[A any](ctx context.Context, a Asker, ways ...Way[A]) ([]Reading[A], error) {
	s := a.session()
	s.mu.Lock()
	s.groups++
	group := s.groups
	s.mu.Unlock()
	readings := make([]Reading[A], len(ways))
	answered := false
	for i, way := range ways {
		value, err := way.read(ctx, s, group)
		readings[i] = Reading[A]{value, err}
		answered = answered || err == nil
	}
	if !answered {
		return nil, readings[0].Err
	}
	return readings, nil
}

func ask[A any](ctx context.Context, s *Session, q Query[A], use Use, group int) (A, error) {
	return settle(s, q, use, group, s.machine.read(ctx, q.Question))
}

// settle decodes an answer and keeps it as evidence.
func settle[A any](s *Session, q Query[A], use Use, group int, o *answer) (A, error) {
	value, no := valueOf[A](q.Question, o)
	s.keep(Seen{q.Question, use, group, o.raw, no, o.took})
	if no != nil {
		return value, no
	}
	return value, nil
}

// valueOf is the answer as an A. What every check asks, the site and its database, is decoded
// once: only a value that nobody can change through another's copy is shared.
func valueOf[A any](q Question, o *answer) (value A, no *NoAnswer) {
	if o.err != nil {
		return value, o.err
	}
	if known := o.value.Load(); known != nil {
		if value, ok := (*known).(A); ok {
			return value, nil
		}
	}
	if err := decode(o.raw, &value); err != nil {
		var none A
		no := explain(err)
		return none, &NoAnswer{Reason: no.Reason, Cause: no.Cause + " (" + q.String() + ")", Help: no.Help}
	}
	switch reflect.TypeFor[A]().Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		shared := any(value)
		o.value.Store(&shared)
	}
	return value, nil
}
