package platform_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

// A call that ignores its context is counted until it comes back; one that obeys is not, even
// if it needs a moment.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		run, end := context.WithCancel(t.Context())
		m := open(run, reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			switch q.Where {
			case "quick":
				return json.RawMessage(`1`), nil
			case "obeys":
				<-ctx.Done()
				time.Sleep(100 * time.Millisecond)
				return nil, ctx.Err()
			}
			<-release
			return json.RawMessage(`1`), nil
		}))
		var group sync.WaitGroup
		for _, path := range []string{"quick", "obeys", "hangs", "hangs too"} {
			group.Go(func() { _, _ = platform.Ask(t.Context(), m.Session(), raw(platform.ReadFile(path).Question)) })
		}
		group.Wait() // ten seconds: the limit of files
		end()
		all := []platform.Question{platform.ReadFile("hangs").Question, platform.ReadFile("hangs too").Question}
		for _, test := range []struct {
			patience, took time.Duration
			want           []platform.Question
		}{
			{0, 0, append(slices.Clone(all), platform.ReadFile("obeys").Question)},
			{300 * time.Millisecond, 300 * time.Millisecond, all},
			{time.Second, time.Second, all},
		} {
			start := time.Now()
			if got := m.Hanging(test.patience); !slices.Equal(got, test.want) {
				t.Errorf("after %v these hang: %v; want %v", test.patience, got, test.want)
			}
			if took := time.Since(start); took != test.took {
				t.Errorf("a patience of %v took %v", test.patience, took)
			}
		}
		close(release)
		start := time.Now()
		if got := m.Hanging(time.Hour); len(got) > 0 || time.Since(start) != 0 {
			t.Errorf("after their return these hang: %v, and it took %v", got, time.Since(start))
		}
	})
}

// Whatever the kind of a question, a call that never comes back costs its own goroutine and
// nothing else of the Machine: the bubble ends as soon as the calls do.
func TestHangingOfEachKind(t *testing.T) {
	for kind, limit := range platform.DefaultLimits() {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				m := open(t.Context(), reader(func(context.Context, platform.Question) (json.RawMessage, error) {
					<-release
					panic("too late") // even this hurts nobody
				}))
				q := platform.Question{Kind: kind, On: "x", Where: "x", What: "x"}
				start := time.Now()
				_, err := platform.Ask(t.Context(), m.Session(), raw(q))
				refused(t, err, platform.ErrTimeout)
				if took := time.Since(start); took != limit {
					t.Errorf("it took %v; want %v", took, limit)
				}
				if got := m.Hanging(0); !slices.Equal(got, []platform.Question{q}) {
					t.Errorf("these hang: %v", got)
				}
				if got, since, ok := m.Waiting(); got != q || !since.Equal(start) || !ok {
					t.Errorf("it waits for %v since %v, %v", got, since, ok)
				}
				close(release)
				synctest.Wait()
				if got := m.Hanging(0); len(got) > 0 {
					t.Errorf("after its return these hang: %v", got)
				}
				if got, _, ok := m.Waiting(); ok {
					t.Errorf("after its return it waits for %v", got)
				}
			})
		})
	}
}

// A call that a reader leaves behind is counted like one that it does not come back from, though
// it has answered; one that ends is not.
func TestHangingBehindAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ended := make(chan struct{})
		close(ended)
		m := open(t.Context(), reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			platform.Behind(ctx, ended)
			if q.Where == `\\dead\x` {
				platform.Behind(ctx, release)
			}
			return json.RawMessage(`1`), nil
		}))
		dead := platform.ReadShare(`\\dead\x`).Question
		for _, q := range []platform.Question{dead, platform.ReadShare(`\\alive\x`).Question} {
			start := time.Now()
			if _, err := platform.Ask(t.Context(), m.Session(), raw(q)); err != nil || time.Since(start) != 0 {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		}
		if got := m.Hanging(time.Second); !slices.Equal(got, []platform.Question{dead}) {
			t.Errorf("these hang: %v", got)
		}
		close(release)
		if got := m.Hanging(time.Hour); len(got) > 0 {
			t.Errorf("after its return these hang: %v", got)
		}
	})
	platform.Behind(t.Context(), nil) // outside of a Machine's read it hurts nobody
}
