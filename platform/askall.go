package platform

import (
	"context"
	"sync"
)

// AskAll is Ask for several questions, at most atOnce of them under way at the same time. It
// returns what each brought in their order, and the evidence has that order too: chance does
// not decide it. When ctx ends, those that were not put yet are ErrTimeout, and are put to
// nobody. Absence is an error, as with Ask.
func AskAll[A any](ctx context.Context, a Asker, atOnce int, queries ...Query[A]) []Reading[A] {
	s := a.session()
	replies := make([]*answer, len(queries))
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i, q := range queries {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			replies[i] = &answer{err: Refuse(ErrTimeout, "%s was not asked: the time was up before its turn came", target(q.Question))}
			continue
		}
		group.Go(func() {
			defer func() { <-slots }()
			replies[i] = s.machine.read(ctx, q.Question)
		})
	}
	group.Wait()
	readings := make([]Reading[A], len(queries))
	for i, q := range queries {
		readings[i].Value, readings[i].Err = settle(s, q, Asked, 0, replies[i])
	}
	return readings
}
