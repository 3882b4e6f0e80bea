package sqlserver

import (
	"context"
	"errors"
	"sync"

	"siteready/platform"
)

// target is a database of an instance.
type target struct {
	address

	on       string // the instance as the question names it
	database string
}

// place is what a connection leads to, however questions spell it.
type place struct{ server, database string }

func (t target) place() place { return place{t.key(), t.database} }

// perInstance is how many connections to one instance are in use at once. A connection stays
// with its database, so there may be others that rest.
const perInstance = 2

// pool holds the connections that are not in use, and what is known of each instance.
type pool struct {
	mu        sync.Mutex
	closed    bool
	idle      map[place][]*link
	instances map[string]*instance // by the address's key
}

// instance has one log-on at a time, so that the others learn from a refused one.
type instance struct {
	slots chan struct{}
	gate  chan struct{}

	mu      sync.Mutex
	ended   *platform.NoAnswer            // why nothing more is tried
	refused map[string]*platform.NoAnswer // databases that it does not open, by name
	foreign map[string]*platform.NoAnswer // databases that are no site's, by name
}

// setForeign keeps why a database is not that of a site. The first cause is told to all.
func (i *instance) setForeign(database string, no *platform.NoAnswer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.foreign[database] == nil {
		i.foreign[database] = no
	}
}

// notOfSite is why a database is not that of a site; nil if nothing is known against it.
func (i *instance) notOfSite(database string) *platform.NoAnswer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.foreign[database]
}

// refusal is why no connection to a database is tried; nil if one may be.
func (i *instance) refusal(database string) *platform.NoAnswer {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ended != nil {
		return i.ended
	}
	return i.refused[database]
}

// refuse keeps why there was no connection to a database, if the next would fare no better.
func (i *instance) refuse(database string, no *platform.NoAnswer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.ended != nil: // the first cause is told to all
	case no.EndsLine:
		i.ended = no
	case errors.Is(no, platform.ErrDenied):
		i.refused[database] = no
	}
}

func newPool() *pool {
	return &pool{idle: map[place][]*link{}, instances: map[string]*instance{}}
}

func (p *pool) instance(t target) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.instances[t.key()]
	if i == nil {
		i = &instance{
			slots: make(chan struct{}, perInstance), gate: make(chan struct{}, 1),
			refused: map[string]*platform.NoAnswer{}, foreign: map[string]*platform.NoAnswer{},
		}
		p.instances[t.key()] = i
	}
	return i
}

// enter waits until one more connection to the instance of t may be in use. Its result ends the use.
func (p *pool) enter(ctx context.Context, t target) (leave func(), err error) {
	i := p.instance(t)
	select {
	case i.slots <- struct{}{}:
		return func() { <-i.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take returns the connection to t that was kept last, or nil.
func (p *pool) take(t target) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[t.place()]
	last := len(idle) - 1
	if last < 0 {
		return nil
	}
	p.idle[t.place()] = idle[:last]
	return idle[last]
}

// keep takes a connection back after a clean read.
func (p *pool) keep(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.cut()
		return
	}
	at := l.target.place()
	p.idle[at] = append(p.idle[at], l)
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	var idle []*link
	for _, links := range p.idle {
		idle = append(idle, links...)
	}
	clear(p.idle)
	p.mu.Unlock()
	var errs []error
	for _, l := range idle {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
