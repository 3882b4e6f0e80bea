package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"siteready/platform/sqlserver/sqlservertest"
)

const (
	pace     = 50 * time.Millisecond // that the fake server takes for each answer
	paceRuns = 5
)

// clock times the answers of a slow server.
type clock struct {
	mu          sync.Mutex
	first, last time.Time // the first delay began, the last one ended
	slept       time.Duration
	answers     int
}

// pace delays an answer.
func (c *clock) pace(string) {
	start := time.Now()
	time.Sleep(pace)
	end := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == 0 || start.Before(c.first) {
		c.first = start
	}
	c.last, c.slept, c.answers = end, c.slept+end.Sub(start), c.answers+1
}

// delays is how many delays passed from the first log-on to the last answer. A delay is what
// it really was: a busy machine sleeps longer than it is told.
func (c *clock) delays() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ratio(c.last.Sub(c.first), c.slept/time.Duration(c.answers))
}

// benchDelays prints what statements cost in delays: in the fastest run, because a number of
// delays is sought, and load only adds to it.
func benchDelays(w io.Writer) error {
	least := math.Inf(1)
	for range paceRuns {
		var c clock
		s, end, err := server(sqlservertest.Config{Pace: c.pace})
		if err != nil {
			return err
		}
		_, answer, err := ask(s, statements, 10*time.Second, 15*time.Second)
		end()
		if err = errors.Join(answer, err); err != nil {
			return err
		}
		least = min(least, c.delays())
	}
	const most = (statements+1)/2 + 2
	fmt.Fprintf(w, "\nsql     %d statements, %v for each answer: %.0f delays (%.1f with the machine's own work), %.2f for a statement   limit %d   %s\n",
		statements, pace, math.Round(least), least, least/statements, most, verdict(math.Round(least) <= most))
	return nil
}
