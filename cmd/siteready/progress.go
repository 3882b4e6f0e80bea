package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"siteready/platform"
)

const (
	narrowTerminal = 80 // columns that a terminal has at least, as a rule

	progressAfter = time.Second            // a run that is over sooner needs no word
	progressEvery = 250 * time.Millisecond // between two looks
)

// progress is how far a run is.
type progress struct {
	of    int // checks
	ended atomic.Int64
	wait  func() (platform.Question, time.Time, bool) // what is waited for, and since when
}

// checkEnded counts one check more.
func (p *progress) checkEnded() { p.ended.Add(1) }

// line says how far the run is, and what it waits for when that takes long, in less than width
// columns: one that fills the last column would go on in the next line.
func (p *progress) line(now time.Time, width int) string {
	text := fmt.Sprintf("siteready: %d of %d checks done", p.ended.Load(), p.of)
	if q, since, waits := p.wait(); waits && now.Sub(since) >= progressAfter {
		text += fmt.Sprintf("; waiting %d s for %s", int(now.Sub(since).Seconds()), q)
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?' // its width is not known, and a line that is too long cannot be taken away
		}
		return c
	}, text)
	return text[:max(0, min(len(text), width-1))]
}

// follow shows a run on standard error when that is a terminal, and nothing elsewhere.
func (p *program) follow(run *progress) (ended func()) {
	f, isFile := p.stderr.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	return run.show(f, func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return narrowTerminal
		}
		return width
	})
}

// show writes the line to a terminal again and again, each over the one before, until ended is
// called, which takes it away.
func (p *progress) show(w io.Writer, width func() int) (ended func()) {
	stop := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		before := 0 // columns that the line has
		over := func(text string) {
			blanks := strings.Repeat(" ", max(0, before-len(text)))
			fmt.Fprint(w, "\r"+text+blanks)
			before = len(text)
		}
		defer func() {
			if before > 0 {
				over("")
				fmt.Fprint(w, "\r")
			}
		}()
		next := time.NewTimer(progressAfter)
		defer next.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-next.C:
				over(p.line(now, width()))
				next.Reset(progressEvery)
			}
		}
	})
	return func() {
		close(stop)
		shown.Wait()
	}
}
