package logscan_test

import (
	"context"
	"fmt"
	"testing"

	"siteready/platform/logscan"
	"siteready/platform/logscan/literals"
	"siteready/platform/logscan/signatures"
)

// BenchmarkLiterals measures the search for all keys in memory, on one core.
func BenchmarkLiterals(b *testing.B) {
	c, err := signatures.Known()
	if err != nil {
		b.Fatal(err)
	}
	for name, frame := range map[string]grammar{"server": serverLine, "client": clientLine} {
		b.Run(name, func(b *testing.B) {
			log, _ := generated(b, 32<<20, 1, frame)
			b.SetBytes(int64(len(log)))
			var found []literals.Found
			for b.Loop() {
				for at := 0; at < len(log); at += 64 << 10 {
					found = c.Append(found[:0], log[at:min(at+64<<10, len(log))])
				}
			}
		})
	}
}

// BenchmarkScan measures the whole scan of files in memory, on one core and on two.
func BenchmarkScan(b *testing.B) {
	c, err := signatures.Known()
	if err != nil {
		b.Fatal(err)
	}
	for name, frame := range map[string]grammar{"server": serverLine, "client": clientLine} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", name, workers), func(b *testing.B) {
				var logs []logscan.Log
				for i := range 8 {
					log, _ := generated(b, 8<<20, uint64(i), frame)
					logs = append(logs, logscan.Log{Name: fmt.Sprint(i), Files: []logscan.File{inMemory("x", log)}})
				}
				b.SetBytes(64 << 20)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := logscan.Scan(context.Background(), logs, logscan.Options{Catalogue: c, Workers: workers}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
