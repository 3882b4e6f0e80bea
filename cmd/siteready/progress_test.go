package main

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
)

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// screen is what stands on a terminal's line after text was written to it.
func screen(text string) string {
	var line []byte
	at := 0
	for _, c := range []byte(text) {
		if c == '\r' {
			at = 0
			continue
		}
		if at == len(line) {
			line = append(line, ' ')
		}
		line[at] = c
		at++
	}
	return strings.TrimRight(string(line), " ")
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		started := time.Now()
		question := platform.ReadText("HKLM\\SOFTWARE\\Gr\u00fcn", "Version").Question
		var waits atomic.Bool
		run := &progress{of: 63, wait: func() (platform.Question, time.Time, bool) { return question, started, waits.Load() }}
		var width atomic.Int64
		width.Store(120)
		ended := run.show(&out, func() int { return int(width.Load()) })
		looks := func(at time.Duration, want string) {
			t.Helper()
			time.Sleep(at - time.Since(started))
			synctest.Wait()
			if got := screen(out.String()); got != want {
				t.Errorf("after %v it shows %q, wanted %q", at, got, want)
			}
		}
		run.checkEnded()
		looks(900*time.Millisecond, "")
		looks(1100*time.Millisecond, "siteready: 1 of 63 checks done")
		waits.Store(true)
		run.checkEnded()
		looks(5100*time.Millisecond, `siteready: 2 of 63 checks done; waiting 5 s for registry HKLM\SOFTWARE\Gr?n : Version`)
		width.Store(50)
		looks(6100*time.Millisecond, `siteready: 2 of 63 checks done; waiting 6 s for r`)
		width.Store(0)
		looks(6300*time.Millisecond, "")
		width.Store(80)
		waits.Store(false)
		looks(7100*time.Millisecond, "siteready: 2 of 63 checks done")
		ended()
		if got := screen(out.String()); got != "" || strings.Contains(out.String(), "\n") {
			t.Errorf("at the end %q is left of %q", got, out.String())
		}
	})
}

// A run that is over at once, and one that nobody watches, show nothing.
func TestProgressShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		run := &progress{of: 63, wait: func() (q platform.Question, since time.Time, ok bool) { return q, since, false }}
		ended := run.show(&out, func() int { return 80 })
		time.Sleep(progressAfter / 2)
		ended()
		p := &program{stderr: &out}
		ended = p.follow(run)
		time.Sleep(2 * progressAfter)
		ended()
		if out.Len() > 0 {
			t.Errorf("it shows %q", &out)
		}
	})
}
