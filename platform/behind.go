package platform

import (
	"context"
	"sync"
)

// Behind is for a reader that answers although a call of its own goes on: the call is counted as
// one that hangs, see Machine.Hanging, until done is closed. ctx is the one that Read was given;
// outside of a Machine's read there is nothing to count.
func Behind(ctx context.Context, done <-chan struct{}) {
	if b, ok := ctx.Value(behindKey{}).(*behind); ok {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.calls = append(b.calls, done)
	}
}

type behindKey struct{}

// behind is what one read has left running.
type behind struct {
	mu    sync.Mutex
	calls []<-chan struct{}
}

// wait returns when all of it has ended.
func (b *behind) wait() {
	b.mu.Lock()
	calls := b.calls
	b.mu.Unlock()
	for _, done := range calls {
		<-done
	}
}
