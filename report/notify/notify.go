// Package notify tells somebody of a run: by mail, or by a message to a web address. What it is
// given as a secret stands in no message and in no error.
package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"siteready/checks"
	"siteready/report"
)

// When says which runs are told.
type When string

// The values of --notify-on.
const (
	OnChange When = "change" // what was told last is not so any more
	Always   When = "always"
	OnFailed When = "failed" // the verdict is BLOCKED or INCOMPLETE
)

// Whens are all values of When.
func Whens() []string { return []string{string(OnChange), string(Always), string(OnFailed)} }

// Due reports whether a run is to be told, and why, in a phrase. Before is what was told last; nil
// when nothing is known of it.
func (w When) Due(r report.Report, before *Told) (bool, string) {
	changes := Compare(before, StateOf(r))
	switch w {
	case Always:
		return true, changes.Words()
	case OnFailed:
		return r.Verdict == checks.Blocked || r.Verdict == checks.Incomplete, changes.Words()
	default: // also of a word that nobody knows: rather once too often
		return changes.Any(), changes.Words()
	}
}

// Message is what is told of a run.
type Message struct {
	ID       string // the run's, and with it the message's
	Subject  string // one line
	Why      string // why it is told
	Text     string // the summary
	Page     []byte // the HTML report; empty when it is too large
	PageName string
	Report   report.Report
	Changes  Changes
}

// mostPage is how large an HTML report may be that is sent, in bytes. Mail servers take 10 MiB as a
// rule, and it grows by a third on the way.
const mostPage = 5 << 20

// NewMessage makes the message of a run. Before is what was told last.
func NewMessage(r report.Report, before *Told) (Message, error) {
	var text, page bytes.Buffer
	if err := errors.Join(report.Summary(&text, r), report.HTML(&page, r)); err != nil {
		return Message{}, fmt.Errorf("make the message: %w", err)
	}
	changes := Compare(before, StateOf(r))
	m := Message{ID: r.RunID, Why: changes.Words(), Text: text.String(), Page: page.Bytes(), Report: r, Changes: changes}
	where := line(r.Subject.Computer, 60)
	m.PageName = "siteready-" + strings.Trim(strings.Map(fileLetter, where), "-") + ".html"
	if where == "" {
		where, m.PageName = "an unknown server", "siteready.html"
	}
	about := m.Why
	if before == nil {
		about = fmt.Sprintf("%d failed, %d could not check, %d warnings", r.Counts.Failed, r.Counts.Unknown, r.Counts.Warning)
	}
	verdict := string(r.Verdict)
	if skipped := StateOf(r).Skipped; len(skipped) > 0 && (before == nil || !slices.Equal(skipped, before.Skipped)) {
		verdict += fmt.Sprintf(" (%d of %d checks)", r.Counts.Selected(), r.Counts.Total) // it is not that of what was told
	}
	m.Subject = line(fmt.Sprintf("siteready: %s on %s: %s", verdict, where, about), 180)
	if len(m.Page) > mostPage {
		m.Page = nil
	}
	return m, nil
}

func fileLetter(r rune) rune {
	if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return r
	}
	return '-'
}

// Sender brings a message to somebody.
type Sender interface {
	// Channel names the way for people and programs: mail or webhook.
	Channel() string
	// Send brings the message, or says in one line why that failed. The error has none of the
	// secrets in it. It matches ErrPartly when somebody has got it.
	Send(context.Context, Message) error
}

// ErrPartly is a message that some have got, and others not.
var ErrPartly = errors.New("not everybody has got it")

// DefaultLimit is how long telling one channel may take, with all that is tried again.
const DefaultLimit = time.Minute

// line is foreign text on one line of at most so many characters.
func line(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most-3]) + "..."
	}
	return string(runes)
}

// hidden stands where a secret was.
const hidden = "(hidden)"

// hide takes secrets out of a foreign text, as they are and in the spellings in which servers
// give back what they were sent.
func hide(text string, secrets ...string) string {
	var all []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		raw := []byte(secret)
		all = append(all, secret, url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprintf("%q", secret), strings.Trim(fmt.Sprintf("%q", secret), `"`),
			base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the longest first
	for _, one := range slices.Compact(all) {
		text = strings.ReplaceAll(text, one, hidden)
	}
	return text
}

// failed is an error in one line without secrets.
func failed(doing string, err error, secrets ...string) error {
	return errors.New(line(doing+": "+strings.ReplaceAll(hide(err.Error(), secrets...), "\n", "; "), 500))
}

// pause waits, or not to its end when the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// again is an error after which another try may help; after says when at the earliest.
type again struct {
	error
	after time.Duration
}

// Unwrap is the error itself.
func (a again) Unwrap() error { return a.error }

// pauses are before the second, the third and the fourth try.
func pauses() []time.Duration { return []time.Duration{time.Second, 4 * time.Second, 12 * time.Second} }

// try tries until it succeeds, another try cannot help, there were four, or the limit is reached.
func try(ctx context.Context, limit time.Duration, wait func(context.Context, time.Duration) error, once func(context.Context) error) error {
	if limit == 0 {
		limit = DefaultLimit
	}
	if wait == nil {
		wait = pause
	}
	end := time.Now().Add(limit)
	ctx, cancel := context.WithDeadlineCause(ctx, end, fmt.Errorf("no success within %v", limit))
	defer cancel()
	pauses := pauses()
	for n := 0; ; n++ {
		err := once(ctx)
		var more again
		if err == nil || !errors.As(err, &more) {
			return err
		}
		tries := fmt.Sprintf("tried %d times: ", n+1)
		if n == 0 {
			tries = "tried once: "
		}
		if n == len(pauses) || ctx.Err() != nil {
			return fmt.Errorf("%s%w", tries, err)
		}
		next := max(pauses[n], more.after)
		if next > time.Until(end) {
			return fmt.Errorf("%sno time is left for another: %w", tries, err)
		}
		if waited := wait(ctx, next); waited != nil {
			return fmt.Errorf("%s%w", tries, err)
		}
	}
}
