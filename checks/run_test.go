package checks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"siteready/checks"
	"siteready/checks/requirement"
	"siteready/platform"
)

type run = func(context.Context, *checks.Case) (checks.Finding, error)

// catalogOf makes one area of checks t.c00, t.c01, ... out of their runs.
func catalogOf(runs ...run) checks.Catalog {
	area := checks.Area{ID: "t", Title: "Test"}
	for i, r := range runs {
		area.Checks = append(area.Checks, checks.Check{ID: fmt.Sprintf("t.c%02d", i), Run: r})
	}
	return checks.Catalog{area}
}

// answers is a reader that knows the text of every registry value.
type answers struct{}

func (answers) Read(_ context.Context, q platform.Question) (json.RawMessage, error) {
	if q.What == "Refused" {
		return nil, platform.Refuse(platform.ErrDenied, "the key refuses")
	}
	return json.RawMessage(`{"type": "sz", "number": null, "text": "value", "list": null}`), nil
}

func machine(t *testing.T) *platform.Machine {
	return platform.Open(t.Context(), answers{}, time.Now(), platform.DefaultLimits())
}

// runAll runs the whole catalogue.
func runAll(ctx context.Context, t *testing.T, catalog checks.Catalog) []checks.Result {
	t.Helper()
	selection, err := checks.Select(catalog, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return checks.Run(ctx, machine(t), catalog, selection, checks.Conditions{})
}

func passes(context.Context, *checks.Case) (checks.Finding, error) {
	return checks.Passes("fine"), nil
}

// after passes when d has gone by, whatever its context says.
func after(d time.Duration) run {
	return func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		time.Sleep(d)
		return passes(ctx, c)
	}
}

func TestRunOutcomes(t *testing.T) {
	question := platform.ReadText(`HKLM\SOFTWARE\Test`, "Value")
	refused := platform.ReadText(`HKLM\SOFTWARE\Test`, "Refused")
	var nothing *platform.NoAnswer
	unknownItem := checks.Item{Key: "b", Status: checks.Unknown, Cause: platform.Refuse(platform.ErrDenied, "no")}
	tests := []struct {
		name     string
		run      run
		status   checks.Status
		summary  string // or its beginning
		reason   error  // of the cause; nil: no cause
		stack    bool
		evidence int
	}{
		{
			name:   "passes",
			run:    passes,
			status: checks.Passed, summary: "fine",
		},
		{
			name: "does not apply",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.DoesNotApply("not here"), nil
			},
			status: checks.NotApplicable, summary: "not here",
		},
		{
			name: "asks and judges an item",
			run: func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
				text, err := platform.Ask(ctx, c, question)
				return checks.Items("read", checks.Item{Key: "a", Found: string(text), Status: checks.Warning}), err
			},
			status: checks.Warning, summary: "read", evidence: 1,
		},
		{
			name: "an item that could not be checked",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.Items("half", checks.Item{Key: "a", Status: checks.Passed}, unknownItem), nil
			},
			status: checks.Unknown, summary: "half",
		},
		{
			name: "an error from a question",
			run: func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
				_, err := platform.Ask(ctx, c, refused)
				return checks.Passes("it must not be believed"), err
			},
			status: checks.Unknown, summary: "the key refuses", reason: platform.ErrDenied, evidence: 1,
		},
		{
			name: "an error around that of a question",
			run: func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
				_, err := platform.Ask(ctx, c, refused)
				return checks.Finding{}, fmt.Errorf("looking: %w", err)
			},
			status: checks.Unknown, summary: "the key refuses", reason: platform.ErrDenied, evidence: 1,
		},
		{
			name: "an error of its own",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.Finding{}, errors.New("it is odd")
			},
			status: checks.Unknown, summary: "it is odd", reason: platform.ErrMalformed,
		},
		{
			name:   "an error that holds nothing",
			run:    func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Passes("fine"), nothing },
			status: checks.Unknown, reason: platform.ErrMalformed,
		},
		{
			name: "a finding that judged nothing",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.Finding{Summary: "all is well"}, nil
			},
			status: checks.Unknown, summary: "a bug in the check t.c00: it judged nothing", reason: platform.ErrUnsupported,
		},
		{
			name:   "items without an item",
			run:    func(context.Context, *checks.Case) (checks.Finding, error) { return checks.Items("all is well"), nil },
			status: checks.Unknown, summary: "a bug in the check t.c00: it judged nothing", reason: platform.ErrUnsupported,
		},
		{
			name: "a panic, after asking",
			run: func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
				_, err := platform.Ask(ctx, c, question)
				var rows []string
				return checks.Passes(rows[len(c.Stated.Database)]), err
			},
			status: checks.Unknown, summary: "a bug in the check t.c00: runtime error: index out of range [0] with length 0",
			reason: platform.ErrUnsupported, stack: true, evidence: 1,
		},
		{
			name:   "a panic with nil",
			run:    func(context.Context, *checks.Case) (checks.Finding, error) { panic(nil) },
			status: checks.Unknown, summary: "a bug in the check t.c00: ", reason: platform.ErrUnsupported, stack: true,
		},
		{
			name: "its goroutine ends",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				runtime.Goexit()
				return checks.Passes("fine"), nil
			},
			status: checks.Unknown, summary: "a bug in the check t.c00: it judged nothing", reason: platform.ErrUnsupported,
		},
		{
			name: "a setting that it does not have",
			run: func(_ context.Context, c *checks.Case) (checks.Finding, error) {
				return checks.Passes(fmt.Sprint(c.Setting("warns_below"))), nil
			},
			status: checks.Unknown, summary: `a bug in the check t.c00: check t.c00 has no setting "warns_below"`,
			reason: platform.ErrUnsupported, stack: true,
		},
		{
			name: "a status that there is not",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.Items("", checks.Item{Status: checks.Passed}, checks.Item{Status: checks.Waived + 1}), nil
			},
			status: checks.Unknown, summary: "a bug in the check t.c00: ", reason: platform.ErrUnsupported, stack: true,
		},
		{
			name: "a check that waives what it finds",
			run: func(context.Context, *checks.Case) (checks.Finding, error) {
				return checks.Items("", checks.Item{Status: checks.Passed}, checks.Item{Status: checks.Waived}), nil
			},
			status: checks.Unknown, summary: "a bug in the check t.c00: it waived what it found itself", reason: platform.ErrUnsupported,
		},
		{
			name:   "no run at all",
			status: checks.Unknown, summary: "a bug in the check t.c00: ", reason: platform.ErrUnsupported, stack: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			results := runAll(t.Context(), t, catalogOf(tt.run))
			if len(results) != 1 {
				t.Fatalf("%d results", len(results))
			}
			r := results[0]
			if r.Check.ID != "t.c00" || r.Area.ID != "t" || !r.Selected {
				t.Errorf("the result is about %s of %s, selected %t", r.Check.ID, r.Area.ID, r.Selected)
			}
			if r.Status != tt.status || !strings.HasPrefix(r.Summary, tt.summary) {
				t.Errorf("%s (%s), wanted %s (%s)", r.Status, r.Summary, tt.status, tt.summary)
			}
			if (r.Cause != nil) != (tt.reason != nil) || tt.reason != nil && !errors.Is(r.Cause, tt.reason) {
				t.Errorf("the cause is %v, wanted %v", r.Cause, tt.reason)
			}
			if (r.Stack != "") != tt.stack {
				t.Errorf("stack %q", r.Stack)
			}
			if len(r.Evidence) != tt.evidence {
				t.Errorf("evidence %v", r.Evidence)
			}
			if r.Status == checks.Unknown && r.Cause != nil && len(r.Items) > 0 {
				t.Errorf("a check that as a whole could not check has items: %v", r.Items)
			}
		})
	}
}

func TestRunHandsOverEverything(t *testing.T) {
	at := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	given := checks.Conditions{
		Target: requirement.DefaultTarget(0), Stated: checks.Stated{SQLServer: "sql", Database: "db"}, JudgedFor: at,
	}
	question := platform.ReadText(`HKLM\SOFTWARE\Test`, "Value")
	finding := checks.Items("one", checks.Item{Key: "k", Found: "f", Wanted: "w", Where: "x", Status: checks.Passed})
	finding.Notes = []string{"note"}
	var seen checks.Conditions
	var limit float64
	catalog := catalogOf(func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
		seen, limit = c.Conditions, c.Setting("limit")
		_, err := platform.Ask(ctx, c, question)
		return finding, err
	})
	catalog[0].Checks[0].Settings = []checks.Setting{{Name: "other", Default: 1}, {Name: "limit", Default: 2.5}}
	selection, err := checks.Select(catalog, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := checks.Run(t.Context(), machine(t), catalog, selection, given)[0]
	if seen.Stated != given.Stated || seen.Target.Version != given.Target.Version || !seen.JudgedFor.Equal(at) || limit != 2.5 {
		t.Errorf("the check saw %+v and a limit of %v", seen, limit)
	}
	if r.Summary != "one" || !slices.Equal(r.Notes, finding.Notes) || !slices.Equal(r.Items, finding.Items) {
		t.Errorf("%+v", r)
	}
	if len(r.Evidence) != 1 || r.Evidence[0].Question != question.Question || r.Evidence[0].Use != platform.Asked || len(r.Evidence[0].Answer) == 0 {
		t.Errorf("evidence %+v", r.Evidence)
	}
}

// One result for each check, in the catalogue's order, whichever ends first; what was not
// selected is there, and did not run.
func TestRunOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		catalog := catalogOf(after(5*time.Second), after(time.Second), after(4*time.Second), after(2*time.Second))
		catalog = append(catalog, checks.Area{ID: "u", Checks: []checks.Check{
			{ID: "u.last", Run: after(3 * time.Second)},
			{ID: "u.unselected", Run: func(context.Context, *checks.Case) (checks.Finding, error) {
				t.Error("it ran, and was not selected")
				return checks.Passes("fine"), nil
			}},
		}})
		selection, err := checks.Select(catalog, nil, []string{"u.unselected", "t.c02"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var ended atomic.Int32
		defer func() {
			if told := int(ended.Load()); told != 4 || selection.Len() != 4 {
				t.Errorf("of %d checks the end of %d was told", selection.Len(), told)
			}
		}()
		for _, r := range checks.Run(t.Context(), machine(t), catalog, selection, checks.Conditions{}, func() { ended.Add(1) }) {
			got = append(got, fmt.Sprintf("%s %s %t %s %v", r.Area.ID, r.Check.ID, r.Selected, r.Status, r.Took))
		}
		want := []string{
			"t t.c00 true passed 5s", "t t.c01 true passed 1s", "t t.c02 false unknown 0s", "t t.c03 true passed 2s",
			"u u.last true passed 3s", "u u.unselected false unknown 0s",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

func TestRunEightAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		runs := make([]run, 20)
		for i := range runs {
			runs[i] = func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
				n := now.Add(1)
				defer now.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				return after(time.Second)(ctx, c)
			}
		}
		start := time.Now()
		results := runAll(t.Context(), t, catalogOf(runs...))
		if took := time.Since(start); most.Load() != 8 || took != 3*time.Second {
			t.Errorf("%d at once, %v in all; wanted 8 and 3s", most.Load(), took)
		}
		if verdict := checks.Judge(results); len(results) != 20 || verdict != checks.Ready {
			t.Errorf("%d results, %s", len(results), verdict)
		}
	})
}

// A check that hangs and does not look at its context costs its own limit, and hurts no other.
func TestRunHangingCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		question := platform.ReadText(`HKLM\SOFTWARE\Test`, "Value")
		hangs := func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
			_, _ = platform.Ask(ctx, c, question)
			<-release
			return checks.Passes("too late"), nil
		}
		start := time.Now()
		results := runAll(t.Context(), t, catalogOf(hangs, passes, after(29*time.Second)))
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("the run took %v", took)
		}
		hung := results[0]
		if hung.Status != checks.Unknown || !errors.Is(hung.Cause, platform.ErrTimeout) || hung.Took != 30*time.Second ||
			hung.Summary != "the check did not end within its limit of 30s" {
			t.Errorf("%s after %v: %s", hung.Status, hung.Took, hung.Summary)
		}
		if len(hung.Evidence) != 1 {
			t.Errorf("what it had asked is lost: %v", hung.Evidence)
		}
		for _, r := range results[1:] {
			if r.Status != checks.Passed {
				t.Errorf("%s: %s (%s)", r.Check.ID, r.Status, r.Summary)
			}
		}
	})
}

// What a check does after its limit is lost: an answer, a finding, a panic.
func TestRunAfterTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan error, 1)
		question := platform.ReadText(`HKLM\SOFTWARE\Test`, "Asked late")
		asks := func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
			time.Sleep(31 * time.Second)
			_, err := platform.Ask(ctx, c, question)
			late <- err
			return checks.Passes("too late"), err
		}
		panics := func(context.Context, *checks.Case) (checks.Finding, error) {
			time.Sleep(31 * time.Second)
			panic("too late")
		}
		obeys := func(ctx context.Context, _ *checks.Case) (checks.Finding, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return checks.Passes("too late"), nil
		}
		for _, r := range runAll(t.Context(), t, catalogOf(asks, panics, obeys)) {
			if r.Status != checks.Unknown || r.Took != 30*time.Second || !errors.Is(r.Cause, platform.ErrTimeout) || r.Stack != "" || len(r.Evidence) != 0 {
				t.Errorf("%s: %s after %v: %s, evidence %v", r.Check.ID, r.Status, r.Took, r.Summary, r.Evidence)
			}
		}
		if err := <-late; err != nil && !errors.Is(err, platform.ErrTimeout) {
			t.Errorf("the late question got %v", err)
		}
		time.Sleep(time.Second) // until the last of them has ended
		synctest.Wait()
	})
}

// When the run ends, what is finished keeps its result, and the rest says why it has none.
func TestRunEnds(t *testing.T) {
	tests := []struct {
		cause error
		want  string
	}{
		{platform.ErrInterrupted, "interrupted"},
		{errors.New("the limit of the run was reached"), "the run ended before the check did: the limit of the run was reached"},
		{nil, "the run ended before the check did: context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				question := platform.ReadText(`HKLM\SOFTWARE\Test`, "Value")
				deaf := func(context.Context, *checks.Case) (checks.Finding, error) {
					<-release
					return checks.Passes("too late"), nil
				}
				var started atomic.Int32
				waits := func(ctx context.Context, c *checks.Case) (checks.Finding, error) {
					started.Add(1)
					_, err := platform.Ask(ctx, c, question)
					<-release
					return checks.Passes("too late"), err
				}
				runs := []run{passes, after(time.Second), func(context.Context, *checks.Case) (checks.Finding, error) { panic("early") }, deaf}
				for range 16 {
					runs = append(runs, waits)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				time.AfterFunc(5*time.Second, func() { cancel(tt.cause) })
				start := time.Now()
				results := runAll(ctx, t, catalogOf(runs...))
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("the run took %v", took)
				}
				if len(results) != len(runs) || started.Load() != 7 {
					t.Errorf("%d results; %d of those that wait were started, wanted 7 beside the one that is deaf", len(results), started.Load())
				}
				if results[0].Status != checks.Passed || results[1].Status != checks.Passed || results[2].Stack == "" {
					t.Errorf("what was finished is lost: %s, %s, %q", results[0].Status, results[1].Status, results[2].Summary)
				}
				for _, r := range results[3:] {
					if r.Status != checks.Unknown || r.Summary != tt.want || !errors.Is(r.Cause, platform.ErrTimeout) || r.Stack != "" {
						t.Errorf("%s: %s, %s", r.Check.ID, r.Status, r.Summary)
					}
				}
				if verdict := checks.Judge(results); verdict != checks.Incomplete {
					t.Errorf("the verdict is %s", verdict)
				}
			})
		})
	}
}

// A run that has ended before it began starts no check.
func TestRunNeverStarts(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(platform.ErrInterrupted)
	never := func(context.Context, *checks.Case) (checks.Finding, error) {
		t.Error("it ran")
		return checks.Passes("fine"), nil
	}
	for _, r := range runAll(ctx, t, catalogOf(never, never, never)) {
		if r.Status != checks.Unknown || r.Summary != "interrupted" {
			t.Errorf("%s: %s, %s", r.Check.ID, r.Status, r.Summary)
		}
	}
}
