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

// perDatabase is how many connections to one database of an instance are in use at once.
const perDatabase = 2

// pool holds the connections that are not in use, and what is known of each instance.
type pool struct {
	mu        sync.Mutex
	closed    bool
	databases map[place]*databasePool
	instances map[string]*instance // by the address's key
}

type databasePool struct {
	slots chan struct{}
	idle  []*link // guarded by pool.mu
}

// instance has one log-on at a time, so that the others learn from a refused one.
type instance struct {
	gate chan struct{}

	mu      sync.Mutex
	ended   *platform.NoAnswer            // why nothing more is tried
	refused map[string]*platform.NoAnswer // databases that it does not open, by name
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
	return &pool{databases: map[place]*databasePool{}, instances: map[string]*instance{}}
}

func (p *pool) database(t target) *databasePool {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.databases[t.place()]
	if d == nil {
		d = &databasePool{slots: make(chan struct{}, perDatabase)}
		p.databases[t.place()] = d
	}
	return d
}

func (p *pool) instance(t target) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.instances[t.key()]
	if i == nil {
		i = &instance{gate: make(chan struct{}, 1), refused: map[string]*platform.NoAnswer{}}
		p.instances[t.key()] = i
	}
	return i
}

// enter waits until one more connection to t may be in use. Its result ends the use.
func (p *pool) enter(ctx context.Context, t target) (leave func(), err error) {
	d := p.database(t)
	select {
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// take returns the connection to t that was kept last, or nil.
func (p *pool) take(t target) *link {
	d := p.database(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(d.idle) - 1
	if last < 0 {
		return nil
	}
	l := d.idle[last]
	d.idle = d.idle[:last]
	return l
}

// keep takes a connection back after a clean read.
func (p *pool) keep(l *link) {
	d := p.database(l.target)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		l.cut()
		return
	}
	d.idle = append(d.idle, l)
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
	for _, d := range p.databases {
		idle = append(idle, d.idle...)
		d.idle = nil
	}
	p.mu.Unlock()
	var errs []error
	for _, l := range idle {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
