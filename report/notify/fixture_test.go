package notify_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"siteready/report"
	"siteready/report/notify"
)

// golden is a whole report of the constructed site.
func golden(t testing.TB) report.Report {
	t.Helper()
	data, err := os.ReadFile("../../testdata/golden/report.json")
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// hostile is a text as nobody should name a site.
const hostile = "CM01\r\nBcc: everybody@contoso.com\r\n\r\n<script>alert(1)</script>\x00\x1b[31m\u202e\u2028.\r\nQUIT"

func message(t testing.TB, edit func(*report.Report)) notify.Message {
	t.Helper()
	r := golden(t)
	if edit != nil {
		edit(&r)
	}
	m, err := notify.NewMessage(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// waits counts pauses instead of making them.
type waits struct{ all []time.Duration }

func (w *waits) wait(_ context.Context, d time.Duration) error {
	w.all = append(w.all, d)
	return nil
}
