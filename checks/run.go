package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"siteready/platform"
)

const (
	atOnce     = 8                // checks under way at the same time
	checkLimit = 30 * time.Second // for one check
)

// Result is one check's outcome. Every check of the catalogue has exactly one.
type Result struct {
	Check    Check
	Area     Area
	Selected bool
	Status   Status
	Summary  string
	Notes    []string
	Items    []Item
	Opinion  *Opinion           // of the product's own checker, where the check brought it; nil otherwise
	Cause    *platform.NoAnswer // why the check as a whole could not check; nil otherwise
	Waived   *Acceptance        // the waiver of the whole check, where one accepted something; nil otherwise
	Evidence []platform.Seen
	Took     time.Duration
	Stack    string // of a panic
}

// Run gives each selected check its slot, and returns when all have ended or ctx has. The
// order of results is the catalogue's; timing never changes it. When ctx ends, what is
// finished keeps its result, and the others could not check, with the cause of the end. Each of
// told is called once for each selected check, as soon as that has ended, from several
// goroutines at once.
func Run(ctx context.Context, m *platform.Machine, catalog Catalog, selected Selection, conditions Conditions, told ...func()) []Result {
	var results []Result
	for _, area := range catalog {
		for _, check := range area.Checks {
			results = append(results, Result{Check: check, Area: area, Selected: selected.Has(check.ID)})
		}
	}
	covered := covering(catalog, selected)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range results {
		if results[i].Selected {
			group.Go(func() error {
				runOne(ctx, m, &results[i], Case{Conditions: conditions, covering: covered})
				for _, tell := range told {
					tell()
				}
				return nil
			})
		}
	}
	_ = group.Wait() // runOne returns no error: what goes wrong is a result
	return results
}

// outcome is what a check's goroutine hands over; a late one is dropped with its channel.
type outcome struct {
	finding Finding
	status  Status
	err     error
	stack   string
}

// runOne fills one slot. The check runs in a goroutine of its own, so that one that hangs
// costs its limit and nothing more.
func runOne(ctx context.Context, m *platform.Machine, r *Result, c Case) {
	ctx, cancel := context.WithTimeoutCause(ctx, checkLimit, errCheckLimit)
	defer cancel()
	session := m.Session()
	c.Session, c.check = session, r.Check
	start := time.Now()
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o = outcome{
					err:   platform.Refuse(platform.ErrUnsupported, "a bug in the check %s: %v", r.Check.ID, p),
					stack: string(debug.Stack()),
				}
			}
			done <- o
		}()
		if ctx.Err() != nil {
			o.err = unfinished(ctx) // the run ended before this check's turn came
			return
		}
		o.finding, o.err = r.Check.Run(ctx, &c)
		o.status = o.finding.Status()
	}()
	var o outcome
	select {
	case o = <-done:
	case <-ctx.Done():
		select {
		case o = <-done: // it ended at the same moment: what is finished counts
		default:
			o.err = unfinished(ctx)
		}
	}
	r.Took = time.Since(start)
	r.Evidence = session.Evidence()
	r.Stack = o.stack
	if o.err != nil {
		r.Status = Unknown
		r.Cause = cause(o.err)
		r.Summary = r.Cause.Cause
		return
	}
	if slices.ContainsFunc(o.finding.Items, func(i Item) bool { return i.Status == Waived }) {
		r.Status = Unknown
		r.Cause = platform.Refuse(platform.ErrUnsupported, "a bug in the check %s: it waived what it found itself", r.Check.ID)
		r.Summary = r.Cause.Cause
		return
	}
	r.Status = o.status
	r.Summary = o.finding.Summary
	r.Notes = o.finding.Notes
	r.Items = o.finding.Items
	r.Opinion = o.finding.Opinion
	if r.Status == Unknown && len(r.Items) == 0 {
		r.Cause = platform.Refuse(platform.ErrUnsupported, "a bug in the check %s: it judged nothing", r.Check.ID)
		r.Summary = r.Cause.Cause
	}
}

// errCheckLimit is the cause with which a check's own limit ends it; the end of the run has
// another.
var errCheckLimit = fmt.Errorf("the check did not end within its limit of %v", checkLimit)

func unfinished(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, platform.ErrInterrupted):
		return platform.Refuse(platform.ErrTimeout, "interrupted")
	case errors.Is(cause, errCheckLimit):
		return platform.Refuse(platform.ErrTimeout, "%v", cause)
	default:
		return platform.Refuse(platform.ErrTimeout, "the run ended before the check did: %v", cause)
	}
}
