package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"siteready/platform"
)

// reader is a Reader made of a function.
type reader func(ctx context.Context, q platform.Question) (json.RawMessage, error)

func (r reader) Read(ctx context.Context, q platform.Question) (json.RawMessage, error) {
	return r(ctx, q)
}

// always answers every question with raw.
func always(raw string) reader {
	return func(context.Context, platform.Question) (json.RawMessage, error) { return json.RawMessage(raw), nil }
}

// readAt is when the machines of these tests were read.
var readAt = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

func open(ctx context.Context, r platform.Reader) *platform.Machine {
	return platform.Open(ctx, r, readAt, platform.DefaultLimits())
}

// raw is the query for an answer as it came.
func raw(q platform.Question) platform.Query[json.RawMessage] {
	return platform.Query[json.RawMessage]{Question: q}
}

// sqlQuestion is a question to an instance; the text is not looked at.
func sqlQuestion(instance, name string) platform.Question {
	return platform.Question{Kind: platform.KindSQL, On: instance, Where: "CM_P01", What: name, Text: "SELECT 1 AS may_see"}
}

// refused asserts that err is a *platform.NoAnswer with a reason, and that its cause has words.
func refused(t *testing.T, err, reason error, words ...string) *platform.NoAnswer {
	t.Helper()
	var no *platform.NoAnswer
	if !errors.As(err, &no) {
		t.Fatalf("the error is %v, a %T; want a *platform.NoAnswer", err, err)
	}
	if !errors.Is(no.Reason, reason) {
		t.Errorf("the reason is %q (%s); want %q", no.Reason, no.Cause, reason)
	}
	if no.Cause == "" {
		t.Error("there is no cause")
	}
	for _, word := range words {
		if !strings.Contains(no.Cause, word) {
			t.Errorf("the cause is %q; want %q in it", no.Cause, word)
		}
	}
	return no
}
