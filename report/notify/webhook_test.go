package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"siteready/report"
	"siteready/report/notify"
)

const webSecret = "Planted-web-secret-1"

// received is what a server got.
type received struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
}

func listen(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *received {
	t.Helper()
	s := &received{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.bodies, s.heads = append(s.bodies, body), append(s.heads, r.Header)
		n := len(s.bodies)
		s.mu.Unlock()
		answer(n, w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *received) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

func (s *received) webhook(t *testing.T) notify.Webhook {
	t.Helper()
	return notify.Webhook{
		URL: s.URL + "/hooks/T0KEN-planted?key=planted-in-query", Secret: webSecret, Agent: "siteready/test",
		Roots: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, Wait: (&waits{}).wait,
		Now: func() time.Time { return time.Unix(1_780_000_000, 0) },
	}
}

// The body is the run, the signature is that of time stamp and body, and the run's id is the same
// for each try.
func TestWebhook(t *testing.T) {
	s := listen(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(map[int]int{1: 500, 2: 429, 3: 204}[n])
	})
	m := message(t, nil)
	if err := s.webhook(t).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if s.count() != 3 {
		t.Fatalf("%d tries", s.count())
	}
	for i, body := range s.bodies {
		head := s.heads[i]
		if head.Get(notify.HeaderTime) != "1780000000" || head.Get(notify.HeaderSignature) != notify.Sign(webSecret, "1780000000", body) || head.Get(notify.HeaderRun) != m.ID || head.Get("Content-Type") != "application/json" {
			t.Errorf("the head is %v", head)
		}
		if strings.Contains(string(body)+fmt.Sprint(head), webSecret) {
			t.Error("the secret is sent")
		}
	}
	var post notify.Post
	if err := json.Unmarshal(s.bodies[0], &post); err != nil {
		t.Fatal(err)
	}
	if post.Schema != 1 || post.Verdict != "BLOCKED" || post.Exit.Code != 2 || post.Counts.Failed == 0 || !post.First || post.New == nil || post.RunID != m.ID || !strings.HasPrefix(post.Text, "BLOCKED: ") {
		t.Errorf("%+v", post)
	}
	// What a receiver would compute with another tool: printf '1.x' | openssl dgst -sha256 -hmac k
	if got := notify.Sign("k", "1", []byte("x")); got != "v1=976cb87e4f568d1c0f03f32859e90af8597cf00b978ba37c229c97d3a15b8449" {
		t.Errorf("the signature is %s", got)
	}
}

// A server that wants to be left alone is: for so many seconds, until then, or for longer than there is time.
func TestWebhookRetryAfter(t *testing.T) {
	for said, test := range map[string]struct {
		waits []time.Duration
		want  string
	}{
		"7":                             {[]time.Duration{7 * time.Second}, ""},
		"0":                             {[]time.Duration{time.Second}, ""},
		"":                              {[]time.Duration{time.Second}, ""},
		"-5":                            {[]time.Duration{time.Second}, ""},
		"soon":                          {[]time.Duration{time.Second}, ""},
		"Thu, 28 May 2026 20:26:49 GMT": {[]time.Duration{9 * time.Second}, ""},
		"Thu, 28 May 2026 20:26:30 GMT": {[]time.Duration{time.Second}, ""}, // it has passed
		"Thu, 28 May 2026 22:26:40 GMT": {nil, "tried once: no time is left for another: the answer is 429"},
		"7200":                          {nil, "tried once: no time is left for another: the answer is 429"},
		"99999999999999999999":          {nil, "tried once: no time is left for another: the answer is 429"},
	} {
		s := listen(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Retry-After", said)
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		hook := s.webhook(t)
		waited := &waits{}
		hook.Wait = waited.wait
		err := hook.Send(t.Context(), message(t, nil))
		if (err == nil) != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), test.want) || !slices.Equal(waited.all, test.waits) {
			t.Errorf("%q: waited %v: %v", said, waited.all, err)
		}
	}
}

// Without a secret nothing is signed.
func TestWebhookUnsigned(t *testing.T) {
	s := listen(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	w := s.webhook(t)
	w.Secret = ""
	if err := w.Send(t.Context(), message(t, nil)); err != nil {
		t.Fatal(err)
	}
	if _, signed := s.heads[0][notify.HeaderSignature]; signed {
		t.Error("it is signed")
	}
}

func TestWebhookFails(t *testing.T) {
	elsewhere := listen(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	for name, test := range map[string]struct {
		answer func(n int, w http.ResponseWriter, r *http.Request)
		edit   func(*notify.Webhook)
		want   string // empty: it succeeds
		tries  int
	}{
		"500 for ever": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, nil, "tried 4 times: the answer is 500", 4},
		"404":          {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, nil, "the answer is 404", 1},
		"a redirect": {func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, nil, "the answer is 307: it points elsewhere, and is not followed", 1},
		"one to itself": {func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.String(), http.StatusPermanentRedirect)
		}, nil, "the answer is 308", 1},
		"a reset": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = c.Close()
			}
		}, nil, "tried 4 times: EOF", 4},
		"a huge answer": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			for range 10000 {
				if _, err := w.Write(make([]byte, 100000)); err != nil {
					return
				}
			}
		}, nil, "", 1},
		"a huge head": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
			w.WriteHeader(200)
		}, nil, "exceeded", 4},
		"a hang": {func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(w *notify.Webhook) { w.OneTry = 50 * time.Millisecond }, "tried 4 times: no answer within 50ms", -1},
		"an answer that hangs behind its head": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, nil, "", 1},
		"no time left": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3000")
			w.WriteHeader(503)
		}, nil, "tried once: no time is left for another: the answer is 503", 1},
		"not trusted":      {nil, func(w *notify.Webhook) { w.Roots = nil }, "certificate", 0},
		"nobody listens":   {nil, func(w *notify.Webhook) { w.URL = "https://127.0.0.1:1/T0KEN-planted" }, "connection refused", 0},
		"http to others":   {nil, func(w *notify.Webhook) { w.URL = "http://example.test/T0KEN-planted" }, "an address of https", 0},
		"a user in it":     {nil, func(w *notify.Webhook) { w.URL = "https://u:T0KEN-planted@example.test/" }, "do not stand in the web address", 0},
		"no address":       {nil, func(w *notify.Webhook) { w.URL = "T0KEN-planted" }, "is none; it is written https://", 0},
		"another scheme":   {nil, func(w *notify.Webhook) { w.URL = "file:///T0KEN-planted" }, "is none", 0},
		"a broken address": {nil, func(w *notify.Webhook) { w.URL = "https://T0KEN-planted\x7f/" }, "is none", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.answer == nil {
				test.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }
			}
			s := listen(t, test.answer)
			w := s.webhook(t)
			if test.edit != nil {
				test.edit(&w)
			}
			err := w.Send(t.Context(), message(t, nil))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("wanted %q: %v", test.want, err)
			}
			if s.count() != test.tries && test.tries >= 0 { // a try may end before the server has seen it
				t.Errorf("%d tries, wanted %d: %v", s.count(), test.tries, err)
			}
			if err != nil {
				for _, secret := range []string{"planted", webSecret, "hooks"} {
					if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
						t.Errorf("a secret is told: %v", err)
					}
				}
			}
		})
	}
	t.Cleanup(func() {
		if elsewhere.count() > 0 {
			t.Error("a redirect was followed")
		}
	})
}

// A proxy that gives back the log-on that it got does not make siteready tell it.
func TestWebhookProxy(t *testing.T) {
	const password = "Planted proxy"
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 407 %s, which is u:%s\r\nContent-Length: 0\r\n\r\n", r.Header.Get("Proxy-Authorization"), password)
		_ = c.Close()
	}))
	t.Cleanup(proxy.Close)
	to, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	to.User = url.UserPassword("u", password)
	hook := notify.Webhook{URL: "https://hooks.test/x", Proxy: http.ProxyURL(to), Wait: (&waits{}).wait}
	err = hook.Send(t.Context(), message(t, nil))
	if err == nil || !strings.Contains(err.Error(), "Basic (hidden), which is (hidden)") {
		t.Error(err)
	}
}

// Ctrl-C ends it.
func TestWebhookInterrupted(t *testing.T) {
	s := listen(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	if err := s.webhook(t).Send(ctx, message(t, nil)); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
}

func TestShownURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://hooks.test/T/B/X": "https://hooks.test/...", "https://hooks.test:8443": "https://hooks.test:8443", "https://hooks.test/?k=v": "https://hooks.test/...",
		"http://127.0.0.1:80/": "http://127.0.0.1:80", "secret": "(hidden)",
	} {
		if got := notify.ShownURL(text); got != want {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}

// What was told is compared with what is, by check, item and status.
func TestDue(t *testing.T) {
	r := golden(t)
	state := notify.StateOf(r)
	if len(state.Findings) < 3 || !slices.IsSortedFunc(state.Findings, func(a, b notify.Finding) int { return strings.Compare(a.Check, b.Check) }) {
		t.Fatalf("%+v", state)
	}
	copied := func(edit func(*notify.Told)) *notify.Told {
		told := state
		told.Findings = slices.Clone(state.Findings)
		edit(&told)
		return &told
	}
	for name, test := range map[string]struct {
		before *notify.Told
		due    bool
		why    string
	}{
		"first":          {nil, true, "what was told before is not known"},
		"as before":      {copied(func(*notify.Told) {}), false, "as before"},
		"new":            {copied(func(t *notify.Told) { t.Findings = t.Findings[1:] }), true, "1 new"},
		"gone":           {copied(func(t *notify.Told) { t.Findings = append(t.Findings, notify.Finding{Check: "x", Status: "failed"}) }), true, "1 no longer open"},
		"another status": {copied(func(t *notify.Told) { t.Findings[0].Status = "x" }), true, "1 changed"},
		"verdict":        {copied(func(t *notify.Told) { t.Verdict = "READY" }), true, "it was READY"},
		"target":         {copied(func(t *notify.Told) { t.Target = "1" }), true, "for another target"},
		"another run":    {copied(func(t *notify.Told) { t.RunID = "1"; t.ReadAt = time.Time{} }), false, "as before"},
	} {
		if due, why := notify.OnChange.Due(r, test.before); due != test.due || why != test.why {
			t.Errorf("%s: %t, %q", name, due, why)
		}
		if due, _ := notify.Always.Due(r, test.before); !due {
			t.Errorf("%s: always is not due", name)
		}
		if due, _ := notify.OnFailed.Due(r, test.before); !due {
			t.Errorf("%s: it is blocked, and not due", name)
		}
		if due, _ := notify.When("?").Due(r, test.before); due != test.due {
			t.Errorf("%s: an unknown word", name)
		}
	}
	for verdict, due := range map[string]bool{"READY": false, "READY WITH WARNINGS": false, "INCOMPLETE": true, "BLOCKED": true} {
		if err := json.Unmarshal([]byte(`"`+verdict+`"`), &r.Verdict); err != nil {
			t.Fatal(err)
		}
		if got, _ := notify.OnFailed.Due(r, nil); got != due {
			t.Errorf("%s: %t", verdict, got)
		}
	}
	m, err := notify.NewMessage(golden(t), copied(func(t *notify.Told) {
		t.Findings = append(t.Findings[1:], notify.Finding{Check: "x.y", Item: "an item", Status: "unknown"})
	}))
	if err != nil || m.Why != "1 new, 1 no longer open" || len(m.Changes.New) != 1 || len(m.Changes.Gone) != 1 {
		t.Errorf("%+v %v", m.Changes, err)
	}
}

// What does not pass alone counts: no item that passed, was waived or does not apply.
func TestStateOf(t *testing.T) {
	r := report.Report{Checks: []report.Check{
		{ID: "b", Selected: true, Status: "failed", Items: []report.Item{{Key: "2", Status: "failed"}, {Key: "1", Status: "warning"}, {Key: "3", Status: "passed"}, {Key: "4", Status: "waived"}}},
		{ID: "a", Status: "unknown"},
		{ID: "c", Status: "passed"},
		{ID: "d", Status: "not_selected"},
		{ID: "e", Status: "not_applicable"},
		{ID: "f", Status: "waived"},
		{ID: "g", Status: "unknown", Items: []report.Item{{Key: "1", Status: "passed"}}},
	}}
	want := []notify.Finding{{"a", "", "unknown"}, {"b", "1", "warning"}, {"b", "2", "failed"}, {"g", "", "unknown"}}
	if got := notify.StateOf(r).Findings; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// A run that looks at a part of the checks takes nothing back that was told of the others.
func TestPartly(t *testing.T) {
	all := golden(t)
	for i := range all.Checks {
		all.Checks[i].Selected = true
	}
	before := notify.StateOf(all)
	part := golden(t)
	part.Verdict = "READY"
	of := ""
	for i := range part.Checks {
		c := &part.Checks[i]
		if of == "" && c.Status == "failed" {
			of, c.Status, c.Items = c.ID, "passed", nil
			continue
		}
		c.Status, c.Selected, c.Items = "not_selected", false, nil
	}
	c := notify.Compare(&before, notify.StateOf(part))
	gone := map[string]bool{}
	for _, f := range append(c.Gone, c.Fixed...) {
		gone[f.Check] = true
	}
	if len(gone) != 1 || !gone[of] || len(c.New)+len(c.Changed) > 0 || c.Now.Verdict != before.Verdict || len(c.Now.Findings) != len(before.Findings)-len(c.Gone)-len(c.Fixed) {
		t.Errorf("%s: %+v", of, c)
	}
	if again := notify.Compare(&c.Now, notify.StateOf(part)); again.Any() {
		t.Errorf("the second time: %s", again.Words())
	}
	if whole := notify.Compare(&c.Now, before); len(whole.New) != len(c.Gone)+len(c.Fixed) {
		t.Errorf("the whole run after it: %s", whole.Words())
	}
}

// The verdict of a run of a part is not told as that of the site.
func TestSubjectOfAPart(t *testing.T) {
	whole := report.Report{Verdict: "BLOCKED", Checks: []report.Check{{ID: "a", Selected: true, Status: "failed"}, {ID: "b", Selected: true, Status: "failed"}}}
	whole.Counts.Total, whole.Counts.Failed = 2, 2
	part := report.Report{Verdict: "READY", Checks: []report.Check{{ID: "a", Selected: true, Status: "passed"}, {ID: "b", Status: "not_selected"}}}
	part.Counts.Total, part.Counts.Passed, part.Counts.NotSelected = 2, 1, 1
	told, always := notify.StateOf(whole), notify.StateOf(part)
	for _, test := range []struct {
		run    report.Report
		before *notify.Told
		want   string
	}{
		{part, &told, "READY (1 of 2 checks) on an unknown server: 1 fixed"},
		{part, nil, "READY (1 of 2 checks) on an unknown server: 0 failed, 0 could not check, 0 warnings"},
		{part, &always, "READY on an unknown server: as before"}, // that part is what is always checked
		{whole, &always, "BLOCKED on an unknown server: 2 new, it was READY"},
	} {
		m, err := notify.NewMessage(test.run, test.before)
		if err != nil || m.Subject != "siteready: "+test.want {
			t.Errorf("%q is not %q: %v", m.Subject, test.want, err)
		}
	}
}

// A finding in what nobody could look at is neither gone nor, when it can be looked at again, new.
func TestUnseenFindingStays(t *testing.T) {
	of := func(status string, items ...report.Item) report.Report {
		return report.Report{Verdict: "BLOCKED", Checks: []report.Check{{ID: "a", Selected: true, Status: status, Items: items}}}
	}
	item := func(key, status string) report.Item { return report.Item{Key: key, Status: status} }
	told := notify.StateOf(of("failed", item("1", "failed"), item("2", "failed")))
	for _, step := range []struct {
		name string
		run  report.Report
		why  string
	}{
		{"nothing could be read", of("unknown"), "1 new"},
		{"again", of("unknown"), "as before"},
		{"one can be read", of("unknown", item("2", "passed"), item("3", "unknown")), "1 new, 1 fixed, 1 no longer open"},
		{"it can be read, and is as before", of("failed", item("1", "failed"), item("3", "passed")), "1 fixed"},
		{"it is accepted, and another cannot be read", of("unknown", item("1", "waived"), item("3", "unknown")), "1 new, 1 no longer open"},
	} {
		c := notify.Compare(&told, notify.StateOf(step.run))
		if c.Words() != step.why {
			t.Errorf("%s: %s, not %s: %+v", step.name, c.Words(), step.why, c)
		}
		told = c.Now
	}
}

func TestMemory(t *testing.T) {
	memory := notify.Memory{"mail": notify.StateOf(golden(t))}
	data, err := memory.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := notify.ParseMemory(data)
	if err != nil {
		t.Fatal(err)
	}
	mail := got["mail"]
	if due, _ := notify.OnChange.Due(golden(t), &mail); due {
		t.Error("what was written is not what was told")
	}
	for _, text := range []string{"", "null", "[]", "{}", `{"schema":2,"told":{}}`, `{"schema":1}`, string(data[:len(data)/2]), strings.Repeat(" ", 5<<20)} {
		if m, err := notify.ParseMemory([]byte(text)); err == nil {
			t.Errorf("%.40q is %v", text, m)
		}
	}
}

// Of many findings a message holds some.
func TestLargeMessages(t *testing.T) {
	m := message(t, func(r *report.Report) {
		for i := range 400 {
			r.Checks[0].Items = append(r.Checks[0].Items, report.Item{Key: fmt.Sprint(i, strings.Repeat("x", 1000)), Status: "failed"})
		}
	})
	before := notify.StateOf(golden(t))
	m.Changes = notify.Compare(&before, m.Changes.Now)
	body, err := json.Marshal(notify.NewPost(m))
	if err != nil || len(body) > 1<<20 || len(m.Text) > 4<<10 || strings.Count(string(body), `"item":"`) != 200 || len([]rune(m.Subject)) > 180 {
		t.Errorf("%d bytes: %v", len(body), err)
	}
}
