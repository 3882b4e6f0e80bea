package platformtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
	"siteready/platform/recording"
)

const root = "../.."

// sites loads every constructed site by its name.
func sites(t *testing.T) map[string]*platformtest.Site {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "*.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	all := map[string]*platformtest.Site{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		all[name] = load(t, name)
	}
	return all
}

func load(t *testing.T, name string) *platformtest.Site {
	t.Helper()
	tree, err := platformtest.Load(root, name)
	if err != nil {
		t.Fatal(err)
	}
	site, err := platformtest.New(tree)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return site
}

// known is all that a site answers, its statements included.
func known(site *platformtest.Site) []platform.Question {
	all := site.Questions()
	for instance, databases := range site.SQL {
		for database, statements := range databases {
			for name := range statements {
				all = append(all, statement(instance, database, name))
			}
		}
	}
	return all
}

// absent is what no constructed site has, of each kind that the site knows something of.
func absent(site *platformtest.Site) []platform.Question {
	all := []platform.Question{
		platform.ReadKey(`HKLM\SOFTWARE\Nobody`).Question, platform.ReadText(`HKLM\SOFTWARE\Nobody`, "x").Question,
		platform.ReadService("NOBODY").Question, platform.ReadFile(`C:\nobody`).Question, platform.ReadDigest(`C:\nobody`).Question, platform.ReadFolder(`C:\nobody`, "*").Question, platform.ReadAccess(`C:\nobody`).Question,
		platform.ReadPrereqLog(`C:\nobody`).Question, platform.ReadVolume(`Q:\`).Question,
	}
	for key := range site.Registry {
		all = append(all, platform.ReadText(key, "nobody").Question)
	}
	if len(site.Certificates) > 0 {
		all = append(all, platform.ReadCertificates(`LocalMachine\Nobody`).Question)
	}
	if len(site.Names) > 0 {
		all = append(all, platform.ReadAddresses("nobody.contoso.com").Question)
	}
	if len(site.Events) > 0 {
		all = append(all, platform.ReadEvents("Nobody", platform.EventFilter{Provider: "x", IDs: []uint16{1}, Days: 1}).Question)
	}
	if len(site.Groups) > 0 {
		all = append(all, platform.ReadGroupMembers("S-1-5-32-999").Question)
	}
	for server := range site.Servers {
		all = append(all, platform.ReadKey(`HKLM\SOFTWARE\Nobody`).At(server).Question)
	}
	for instance, databases := range site.SQL {
		for database := range databases {
			all = append(all, statement(instance, database, "nobody"))
		}
	}
	return all
}

func statement(instance, database, name string) platform.Question {
	return platform.SQL[struct{}](name, "SELECT 1 AS may_see").In(instance, database).Question
}

func TestSitesConform(t *testing.T) {
	for name, site := range sites(t) {
		t.Run(name, func(t *testing.T) {
			if err := platformtest.TestReader(t.Context(), site, known(site), absent(site)); err != nil {
				t.Error(err)
			}
		})
	}
}

// A site that was recorded through the door is a reader, too.
func TestRecordingsConform(t *testing.T) {
	for name, site := range sites(t) {
		t.Run(name, func(t *testing.T) {
			there, away := known(site), absent(site)
			m := platform.Open(t.Context(), site, site.ReadAt, platform.DefaultLimits())
			session := m.Session()
			for _, q := range slices.Concat(there, away) {
				_, _ = platform.Ask(t.Context(), session, platform.Query[json.RawMessage]{Question: q})
			}
			var b bytes.Buffer
			if err := recording.Write(&b, recording.Header{ReadAt: site.ReadAt}, m.Outcomes()); err != nil {
				t.Fatal(err)
			}
			recorded, err := recording.Read(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if err := platformtest.TestReader(t.Context(), recorded, there, away); err != nil {
				t.Error(err)
			}
		})
	}
}

// reader is a Reader made of a function.
type reader func(ctx context.Context, q platform.Question) (json.RawMessage, error)

func (r reader) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	return r(ctx, q)
}

// The suite finds what a reader may not do, each kind of it alone.
func TestSuiteFinds(t *testing.T) {
	site := load(t, "primary")
	there, away := known(site), absent(site)
	memory, nobody := platform.ReadMemory().Question, platform.ReadService("NOBODY").Question
	// only changes one question of the site.
	only := func(changed platform.Question, change func(context.Context) (json.RawMessage, error)) platform.Reader {
		return reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			if q == changed {
				return change(ctx)
			}
			return site.Read(ctx, q)
		})
	}
	answer := func(raw string) func(context.Context) (json.RawMessage, error) {
		return func(context.Context) (json.RawMessage, error) { return json.RawMessage(raw), nil }
	}
	refuse := func(err error) func(context.Context) (json.RawMessage, error) {
		return func(context.Context) (json.RawMessage, error) { return nil, err }
	}
	// ending changes one question for contexts that have ended.
	ending := func(changed platform.Question, err error) platform.Reader {
		return only(changed, func(ctx context.Context) (json.RawMessage, error) {
			if ctx.Err() != nil {
				return nil, err
			}
			return site.Read(ctx, changed)
		})
	}
	shared := json.RawMessage(`{"total":1}`)
	var mu sync.Mutex
	count := 0
	tests := []struct {
		name   string
		reader platform.Reader
		word   string
	}{
		{"no JSON", only(memory, answer(`{`)), "is not JSON"},
		{"too large", only(memory, answer(`"`+strings.Repeat("x", platform.MaxAnswer)+`"`)), "more than 65536"},
		{"no answer", only(memory, refuse(platform.Refuse(platform.ErrDenied, "closed"))), "there is no answer: closed"},
		{"another answer each time", only(memory, func(context.Context) (json.RawMessage, error) {
			mu.Lock()
			defer mu.Unlock()
			count++
			return fmt.Appendf(nil, `{"total":%d}`, count), nil
		}), "the second answer is"},
		{"one answer for all who ask", only(memory, func(context.Context) (json.RawMessage, error) { return shared, nil }), "the second answer is"},
		{"the answer to something else", only(memory, answer(`{"at":"2026-11-20T02:00:00Z"}`)), "no answer to this question"},
		{"a null field", only(memory, answer(`{"total":null}`)), "no answer to this question"},
		{"rows without proof", only(there[len(there)-1], answer(`[{"n":1}]`)), "no answer to this question"},
		{"absence as an answer", only(nobody, answer(`null`)), `it is answered with "null"`},
		{"absence as a refusal", only(nobody, refuse(platform.Refuse(platform.ErrDenied, "closed"))), `refused as "denied"`},
		{"absence without a cause", only(nobody, refuse(platform.Refuse(platform.ErrAbsent, ""))), "no cause"},
		{"absence without a reason", only(nobody, refuse(&platform.NoAnswer{Cause: "gone"})), "no reason of package platform"},
		{"absence as a bare error", only(nobody, refuse(platform.ErrAbsent)), "no *platform.NoAnswer"},
		{"absence and an answer", only(nobody, func(context.Context) (json.RawMessage, error) {
			return json.RawMessage(`{}`), platform.Refuse(platform.ErrAbsent, "gone")
		}), "beside the error"},
		{"an unknown kind is answered", only(platform.Question{Kind: "weather", On: "x", Where: "x", What: "x"}, answer(`1`)), "it is answered with"},
		{"an unknown kind is absent", only(platform.Question{Kind: "weather", On: "x", Where: "x", What: "x"}, refuse(platform.Refuse(platform.ErrAbsent, "gone"))), `unknown kind is refused as "absent"`},
		{"another machine is this one", reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			if q.Kind == platform.KindOS {
				q.On = ""
			}
			return site.Read(ctx, q)
		}), "it is answered with"},
		{"on another machine all is absent", reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			if q.On == "elsewhere.example.com" {
				return nil, platform.Refuse(platform.ErrAbsent, "gone")
			}
			return site.Read(ctx, q)
		}), "is called absent"},
		{"the end is absence", ending(memory, platform.Refuse(platform.ErrAbsent, "gone")), `the end of a context is told as "absent"`},
		{"the end is a refusal", ending(memory, platform.Refuse(platform.ErrDenied, "closed")), `the end of a context is told as "denied"`},
		{"the end is a bare error", ending(memory, errors.New("ended")), "no *platform.NoAnswer"},
		{"the end changes the answer", only(memory, func(ctx context.Context) (json.RawMessage, error) {
			if ctx.Err() != nil {
				return json.RawMessage(`{"total":0}`), nil
			}
			return json.RawMessage(`{"total":1}`), nil
		}), "with a context that had ended it is answered"},
		{"the end makes what is absent be there", only(nobody, func(ctx context.Context) (json.RawMessage, error) {
			if ctx.Err() != nil {
				return json.RawMessage(`null`), nil
			}
			return site.Read(ctx, nobody)
		}), "with a context that had ended it is answered"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := platformtest.TestReader(t.Context(), test.reader, there, away); err == nil || !strings.Contains(err.Error(), test.word) {
				t.Errorf("found: %v\nwant %q in it", err, test.word)
			}
		})
	}
	t.Run("the end as a timeout or as the context's error is right", func(t *testing.T) {
		for _, err := range []error{platform.Refuse(platform.ErrTimeout, "ended"), context.Canceled} {
			r := only(memory, func(ctx context.Context) (json.RawMessage, error) {
				if ctx.Err() == nil {
					return json.RawMessage(`{"total":1}`), nil
				}
				if errors.Is(err, context.Canceled) {
					return nil, fmt.Errorf("reading: %w", ctx.Err())
				}
				return nil, err
			})
			if err := platformtest.TestReader(t.Context(), r, there, away); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("nothing to ask", func(t *testing.T) {
		if err := platformtest.TestReader(t.Context(), site, nil, nil); err == nil {
			t.Error("a suite that asked nothing is content")
		}
		if err := platformtest.TestReader(t.Context(), site, there, away[1:2]); err == nil || !strings.Contains(err.Error(), "no question of kind service") {
			t.Errorf("without questions about what is absent: %v", err)
		}
	})
}

// A reader that stays away for ever is found, and the suite comes back.
func TestSuiteFindsAReaderThatHangs(t *testing.T) {
	site := load(t, "primary")
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		r := reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
			if ctx.Err() != nil {
				<-release
			}
			return site.Read(ctx, q)
		})
		start := time.Now()
		err := platformtest.TestReader(t.Context(), r, []platform.Question{platform.ReadMemory().Question}, nil)
		if err == nil || !strings.Contains(err.Error(), "did not come back") || time.Since(start) > time.Minute {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// What is wrong only when several ask at once is found.
func TestSuiteFindsWhatConcurrencyBreaks(t *testing.T) {
	site := load(t, "primary")
	memory := platform.ReadMemory().Question
	var mu sync.Mutex
	asked := 0
	r := reader(func(ctx context.Context, q platform.Question) (json.RawMessage, error) {
		if q == memory && ctx.Err() == nil {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked > 6 { // more often than the suite asks before
				return nil, platform.Refuse(platform.ErrDenied, "busy")
			}
		}
		return site.Read(ctx, q)
	})
	err := platformtest.TestReader(t.Context(), r, []platform.Question{memory}, nil)
	if err == nil || !strings.Contains(err.Error(), "asked by several at once") {
		t.Errorf("found: %v", err)
	}
}
