package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"siteready/checks"
	"siteready/report"
)

// The headers of a message to a web address.
const (
	HeaderTime      = "X-Siteready-Timestamp" // seconds since 1970 in UTC
	HeaderSignature = "X-Siteready-Signature" // v1= and the HMAC-SHA256 in hex of the time stamp, a dot and the body
	HeaderRun       = "X-Siteready-Run"       // the run's id, which is the same for each try
)

// Webhook posts messages as JSON to a web address.
type Webhook struct {
	URL    string
	Secret string         // signs; empty: nothing is signed
	Agent  string         // the program's name and version
	Roots  *x509.CertPool // authorities that are trusted; nil for those of the system
	Limit  time.Duration  // of all tries; 0 is DefaultLimit
	OneTry time.Duration  // 0 is 15 s
	Wait   func(context.Context, time.Duration) error
	Now    func() time.Time                      // nil for the clock
	Proxy  func(*http.Request) (*url.URL, error) // nil for that of the environment
}

// Post is the body of a message to a web address.
type Post struct {
	Schema   int            `json:"schema"` // 1; it grows when a field changes its meaning
	RunID    string         `json:"run_id"`
	Tool     report.Tool    `json:"tool"`
	Computer string         `json:"computer"`
	Site     string         `json:"site"` // what was looked at, in words
	Target   string         `json:"target"`
	ReadAt   time.Time      `json:"read_at"`
	Verdict  checks.Verdict `json:"verdict"`
	Exit     report.Exit    `json:"exit"`
	Counts   report.Counts  `json:"counts"`
	Subject  string         `json:"subject"`
	Why      string         `json:"why"`
	First    bool           `json:"first"`   // nothing is known of what was told before
	New      []Finding      `json:"new"`     // since it was told last
	Changed  []Finding      `json:"changed"` // since it was told last
	Fixed    []Finding      `json:"fixed"`   // with the status that they had
	Gone     []Finding      `json:"gone"`    // no longer open, with the status that they had: accepted, not listed or not applicable; nobody saw them right
	Text     string         `json:"text"`    // the summary, of lines
}

// mostFindings is how many findings of each kind a message holds.
const mostFindings = 200

// NewPost is the body of a message.
func NewPost(m Message) Post {
	first := func(all []Finding) []Finding { return all[:min(len(all), mostFindings)] }
	return Post{
		Schema: 1, RunID: m.ID, Tool: m.Report.Tool, Computer: m.Report.Subject.Computer, Site: m.Report.Subject.Headline,
		Target: m.Changes.Now.Target, ReadAt: m.Report.ReadAt, Verdict: m.Report.Verdict, Exit: m.Report.Exit, Counts: m.Report.Counts,
		Subject: m.Subject, Why: m.Why, First: m.Changes.Before == nil,
		New: first(m.Changes.New), Changed: first(m.Changes.Changed), Fixed: first(m.Changes.Fixed), Gone: first(m.Changes.Gone), Text: m.Text,
	}
}

// ParseURL reads a web address that messages may go to: https, or http to this machine.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, errors.New("the web address of --webhook is none; it is written https://HOST/PATH") // without it: it may be a secret
	case u.User != nil:
		return nil, errors.New("a user and a password do not stand in the web address of --webhook")
	case u.Scheme == "https":
	case u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()):
	default:
		return nil, errors.New("--webhook is an address of https; http goes to this machine only")
	}
	u.Fragment = ""
	return u, nil
}

// ShownURL is a web address without its path and query, which with some services are a secret.
func ShownURL(text string) string {
	u, err := ParseURL(text)
	if err != nil {
		return hidden
	}
	shown := u.Scheme + "://" + u.Host
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		shown += "/..."
	}
	return shown
}

// Sign is the signature of a body at a time, for the header.
func Sign(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Channel is webhook.
func (w Webhook) Channel() string { return "webhook" }

// Send posts the message, and again where that may help.
func (w Webhook) Send(ctx context.Context, m Message) error {
	u, err := ParseURL(w.URL)
	if err != nil {
		return err
	}
	body, err := json.Marshal(NewPost(m))
	if err != nil {
		return fmt.Errorf("make the message: %w", err)
	}
	proxyOf := w.Proxy
	if proxyOf == nil {
		proxyOf = http.ProxyFromEnvironment
	}
	transport := &http.Transport{
		Proxy: proxyOf, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		TLSClientConfig: &tls.Config{RootCAs: w.Roots, MinVersion: tls.VersionTLS12},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport,
		// Where the answer points to is not where somebody said that this may go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	err = try(ctx, w.Limit, w.Wait, func(ctx context.Context) error { return w.once(ctx, client, u, m.ID, body) })
	if err != nil {
		secrets := []string{w.Secret, w.URL, u.String()}
		for _, part := range strings.FieldsFunc(u.RequestURI(), func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
			if len(part) > 7 { // a shorter one is a word
				secrets = append(secrets, part)
			}
		}
		if proxy, err := proxyOf(&http.Request{URL: u}); err == nil && proxy != nil && proxy.User != nil {
			password, _ := proxy.User.Password()
			secrets = append(secrets, password, proxy.User.Username()+":"+password)
		}
		return failed("webhook to "+u.Host, err, secrets...)
	}
	return nil
}

func (w Webhook) once(ctx context.Context, client *http.Client, u *url.URL, id string, body []byte) error {
	limit := w.OneTry
	if limit == 0 {
		limit = 15 * time.Second
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the web address cannot be used")
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	stamp := strconv.FormatInt(now().Unix(), 10) // of this try: a receiver refuses old ones
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", w.Agent)
	request.Header.Set(HeaderTime, stamp)
	request.Header.Set(HeaderRun, id)
	if w.Secret != "" {
		request.Header.Set(HeaderSignature, Sign(w.Secret, stamp, body))
	}
	response, err := client.Do(request)
	if err != nil {
		return unreached(ctx, err)
	}
	_ = response.Body.Close() // the status is the answer, and nothing else is read
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return fmt.Errorf("the answer is %d: it points elsewhere, and is not followed", code)
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return again{fmt.Errorf("the answer is %d", code), retryAfter(response.Header.Get("Retry-After"), now())}
	default:
		return fmt.Errorf("the answer is %d", code)
	}
}

// retryAfter is how long a server wants to be left alone, which it says in seconds or as a date; 0 when it
// says nothing of that kind.
func retryAfter(text string, now time.Time) time.Duration {
	const longest = time.Hour // longer than all tries together, and so for ever
	seconds, err := strconv.ParseUint(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && seconds > uint64(longest/time.Second):
		return longest
	case err == nil:
		return time.Duration(seconds) * time.Second
	}
	when, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(0, when.Sub(now)), longest)
}

// unreached is an error without the address, which package http puts before it. A certificate that
// is not trusted is not trusted the next time either.
func unreached(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return again{error: cause}
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return err
	}
	return again{error: err}
}
