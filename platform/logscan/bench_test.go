package logscan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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

// BenchmarkScanFailures measures logs in which each line is one that is looked for, in each grammar and
// without any, of one file and of many.
func BenchmarkScanFailures(b *testing.B) {
	bare := func(message, _ string, _ time.Time, _ int) string { return message + "\r\n" }
	for name, frame := range map[string]grammar{"server": serverLine, "client": clientLine, "bare": bare} {
		for _, files := range []int{1, 5000} {
			b.Run(fmt.Sprintf("%s/%d", name, files), func(b *testing.B) {
				var one strings.Builder
				const lines = 50_000
				for range lines / files {
					one.WriteString(frame("Unable to connect to the remote server", "X", when, 1))
				}
				var logs []logscan.Log
				for i := range files {
					logs = append(logs, logscan.Log{Name: fmt.Sprint(i), Files: []logscan.File{inMemory("x", []byte(one.String()))}})
				}
				for b.Loop() {
					if _, err := logscan.Scan(context.Background(), logs, logscan.Options{Catalogue: catalogue(b), Workers: 2}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
			})
		}
	}
}
