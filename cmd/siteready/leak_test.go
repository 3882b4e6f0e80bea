package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"siteready/checks"
	"siteready/checks/catalog"
	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/report"
)

// constructedSites loads every site of testdata/sites by its name.
func constructedSites(t *testing.T) map[string]*platformtest.Site {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "sites", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	all := map[string]*platformtest.Site{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if strings.HasSuffix(name, "-broken") {
			continue // it is asked the same as its healthy twin
		}
		tree, err := platformtest.Load("../..", name)
		if err != nil {
			t.Fatal(err)
		}
		if all[name], err = platformtest.New(tree); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// judgedBy is a whole run of check over a reader: its report and its exit code.
func judgedBy(t *testing.T, site *platformtest.Site, r platform.Reader, format string) (text string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{stdout: &stdout, stderr: &stderr}
	err := p.judge(
		t.Context(), source{reader: r, readAt: site.ReadAt},
		&selectOptions{failOn: report.FailOnWarning, timeout: limit(runLimit)}, &outputOptions{format: format, color: "auto"},
	)
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return stdout.String(), p.exit
}

// ours are the stacks of this product's goroutines in the bubble of the caller, but for the
// caller's own and the one that waits for the bubble.
func ours() []string {
	text := make([]byte, 1<<20)
	text = text[:runtime.Stack(text, true)]
	all := strings.Split(string(text), "\n\n")
	own, _, _ := strings.Cut(all[0], "]:")
	_, bubble, _ := strings.Cut(own, "synctest bubble ")
	var left []string
	for _, stack := range all[1:] {
		head, body, _ := strings.Cut(stack, "\n")
		if strings.HasSuffix(head, "synctest bubble "+bubble+"]:") && !strings.Contains(head, "[synctest.Run") && strings.Contains(body, "siteready/") {
			left = append(left, stack)
		}
	}
	return left
}

// A run over a site leaves no goroutine behind.
func TestNothingIsLeftBehind(t *testing.T) {
	for name, site := range constructedSites(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, _ := judgedBy(t, site, site, formatJSON)
				if r := parse(t, text); r.Hanging == nil || len(r.Hanging) > 0 {
					t.Errorf("these hang: %v", r.Hanging)
				}
				synctest.Wait()
				if left := ours(); len(left) > 0 {
					t.Errorf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
				}
			})
		})
	}
}

// hung is a site that never answers questions of one kind, whatever their context says.
type hung struct {
	platform.Reader
	kind    platform.Kind
	release chan struct{}
	calls   atomic.Int32
}

func (h *hung) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	if q.Kind == h.kind {
		h.calls.Add(1)
		<-h.release
		return nil, platform.Refuse(platform.ErrUnsupported, "too late")
	}
	return h.Reader.Read(ctx, q)
}

// Where calls of a kind hang for ever, the run ends with a report; what is left of it are the
// goroutines of these calls and no others, and the report counts them.
func TestOnlyHungCallsAreLeftBehind(t *testing.T) {
	sites := constructedSites(t)
	for kind := range platform.DefaultLimits() {
		t.Run(string(kind), func(t *testing.T) {
			hangs := 0
			for name, site := range sites {
				synctest.Test(t, func(t *testing.T) {
					h := &hung{Reader: site, kind: kind, release: make(chan struct{})}
					text, code := judgedBy(t, site, h, formatJSON)
					r := parse(t, text)
					calls := int(h.calls.Load())
					hangs += calls
					synctest.Wait()
					left := ours()
					if len(left) != calls || len(r.Hanging) != calls {
						t.Errorf("%s: %d calls hang, the report counts %v, and %d goroutines are left:\n%s", name, calls, r.Hanging, len(left), strings.Join(left, "\n\n"))
					}
					for _, stack := range left {
						if !strings.Contains(stack, "(*hung).Read") {
							t.Errorf("%s: more than the hung calls is left:\n%s", name, stack)
						}
					}
					for _, q := range r.Hanging {
						if q.Kind != kind {
							t.Errorf("%s: the report counts %s", name, q)
						}
					}
					asked := slices.ContainsFunc(r.Checks, func(c report.Check) bool {
						return slices.ContainsFunc(c.Evidence, func(e report.Evidence) bool { return e.Question.Kind == kind })
					})
					if asked && code == 0 { // what only describes the machine decides nothing
						t.Errorf("%s: %d calls hang, and all is well", name, calls)
					}
					close(h.release)
					synctest.Wait()
					if left := ours(); len(left) > 0 {
						t.Errorf("%s: the calls came back, and %d goroutines are left", name, len(left))
					}
				})
			}
			if declared := slices.ContainsFunc(catalog.All().Checks(), func(c checks.Check) bool {
				return slices.ContainsFunc(c.Reads, func(f platform.Form) bool { return f.Kind == kind })
			}); declared && hangs == 0 {
				t.Error("checks ask such questions, and none was asked")
			}
		})
	}
}

// The table says in one line what hangs.
func TestTableNamesWhatHangs(t *testing.T) {
	site := constructedSites(t)["primary"]
	synctest.Test(t, func(t *testing.T) {
		h := &hung{Reader: site, kind: platform.KindVolume, release: make(chan struct{})}
		text, _ := judgedBy(t, site, h, formatTable)
		close(h.release)
		want := fmt.Sprintf("%d calls have still not come back, and will end with the program: volume ", h.calls.Load())
		if h.calls.Load() < 2 || !strings.Contains(text, want) {
			t.Errorf("%d calls hang, and the table has no %q:\n%s", h.calls.Load(), want, text)
		}
		text, _ = judgedBy(t, site, site, formatTable)
		if strings.Contains(text, "Hanging") {
			t.Errorf("nothing hangs, and the table says:\n%s", text)
		}
	})
}

func parse(t *testing.T, text string) report.Report {
	t.Helper()
	var r report.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return r
}
