package history_test

import (
	"fmt"
	"testing"

	"siteready/report/history"
)

// BenchmarkYear reads the index of 365 nights of 166 checks and compares a run with it.
func BenchmarkYear(b *testing.B) {
	var checks []string
	for i := range 166 {
		text := fmt.Sprintf("area%d.check-%d passed", i%20, i)
		if i%5 == 0 {
			text = fmt.Sprintf("area%d.check-%d failed server%d.contoso.com=failed", i%20, i, i)
		}
		checks = append(checks, text)
	}
	var text []byte
	for n := range 365 {
		line, err := history.Line(history.NewEntry(run(n+1, checks...)))
		if err != nil {
			b.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	now := run(400, checks...)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		runs := history.ParseIndex(text)
		if h := history.Since(runs, now); h.Runs != 365 {
			b.Fatal(h.Runs, runs.Problems)
		}
	}
}
