package logscan_test

import (
	"strings"
	"testing"
	"time"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// What stands exactly at the limit of a rule breaks it, and what is a second before does not.
func TestLimitsOfRules(t *testing.T) {
	const more = ", severity: failure, group: g, meaning: m, source: s}"
	second := 1.0 / 60
	begin, end := "the work is begun", "the work is done"
	for name, tc := range map[string]struct {
		rule     string // without what all rules have
		messages []at
		after    float64 // minutes, when it is judged
		count    int64   // of messages that break it; 0 when it is not broken
	}{
		"open for as long":            {"kind: open, begin: [the work is begun], end: [the work is done], after: 1h", []at{{0, 1, begin}}, 60, 1},
		"open, not yet":               {"kind: open, begin: [the work is begun], end: [the work is done], after: 1h", []at{{0, 1, begin}}, 60 - second, 0},
		"begun anew":                  {"kind: open, begin: [the work is begun], end: [the work is done], after: 1h", []at{{0, 1, begin}, {1, 1, begin}}, 60, 0},
		"done, and begun anew":        {"kind: open, begin: [the work is begun], end: [the work is done], after: 1h", []at{{0, 1, begin}, {1, 1, end}, {2, 1, begin}}, 99, 1},
		"open of two keys":            {"kind: open, key: true, begin: [the work is begun], end: [the work is done], after: 1h", []at{{0, 1, begin + " A"}, {1, 1, begin + " B"}, {2, 1, end + " a."}}, 99, 1},
		"the last for as long":        {"kind: last, begin: [the work is begun], after: 1h", []at{{0, 1, begin}}, 60, 1},
		"the last, not yet":           {"kind: last, begin: [the work is begun], after: 1h", []at{{0, 1, begin}}, 60 - second, 0},
		"often within":                {"kind: often, begin: [the work is begun], times: 3, within: 1h", repeat(3, 30, begin), 99, 3},
		"often, too slowly":           {"kind: often, begin: [the work is begun], times: 3, within: 1h", repeat(3, 30+second, begin), 99, 0},
		"too few":                     {"kind: often, begin: [the work is begun], times: 3, within: 1h", repeat(2, 1, begin), 99, 0},
		"often, and done between":     {"kind: often, begin: [the work is begun], end: [the work is done], times: 3, within: 1h", []at{{0, 1, begin}, {1, 1, begin}, {2, 1, end}, {3, 1, begin}, {4, 1, begin}}, 99, 0},
		"often, the newest are told":  {"kind: often, begin: [the work is begun], times: 3, within: 1h", append(repeat(3, 1, begin), at{120, 1, begin}, at{121, 1, begin}, at{122, 1, begin}, at{123, 1, begin}), 200, 4},
		"lasting for as long":         {"kind: lasting, begin: [the work is begun], within: 30m, after: 1h", repeat(3, 30, begin), 99, 3},
		"lasting, too far apart":      {"kind: lasting, begin: [the work is begun], within: 30m, after: 1h", repeat(3, 30+second, begin), 99, 0},
		"lasting, not long enough":    {"kind: lasting, begin: [the work is begun], within: 30m, after: 1h", repeat(3, 30-second, begin), 99, 0},
		"lasting, and done between":   {"kind: lasting, begin: [the work is begun], end: [the work is done], within: 30m, after: 1h", []at{{0, 1, begin}, {29, 1, begin}, {30, 1, end}, {31, 1, begin}, {60, 1, begin}}, 99, 0},
		"followed":                    {"kind: followed, begin: [the work is begun], follow: [it has failed]", []at{{0, 1, begin}, {1, 1, "it has failed"}}, 99, 2},
		"followed once":               {"kind: followed, begin: [the work is begun], follow: [it has failed]", []at{{0, 1, begin}, {1, 1, "it has failed"}, {2, 1, "it has failed"}}, 99, 2},
		"followed by another thread":  {"kind: followed, begin: [the work is begun], follow: [it has failed]", []at{{0, 1, begin}, {1, 2, "it has failed"}}, 99, 0},
		"followed behind an end":      {"kind: followed, begin: [the work is begun], follow: [it has failed], end: [the work is done]", []at{{0, 1, begin}, {1, 1, end}, {2, 1, "it has failed"}}, 99, 0},
		"silent for as long":          {"kind: silent, log: some.log, begin: [the work is begun], after: 1h", []at{{0, 1, begin}, {60, 1, "other"}}, 60, 1},
		"silent, and the log is, too": {"kind: silent, log: some.log, begin: [the work is begun], after: 1h", []at{{0, 1, begin}, {60 - second, 1, "other"}}, 99, 0},
		"another number":              {"kind: number, begin: [the work gave]", []at{{0, 1, "the work gave 0x5."}}, 0, 1},
		"the number 0":                {"kind: number, begin: [the work gave]", []at{{0, 1, "the work gave 0x0."}, {1, 1, "the work gave nothing"}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rules, err := signatures.ParseRules([]byte("- {id: x, " + tc.rule + more))
			if err != nil {
				t.Fatal(err)
			}
			known, err := signatures.New(nil, rules)
			if err != nil {
				t.Fatal(err)
			}
			log := server("X", tc.messages...)
			newest := strings.LastIndex(strings.TrimSpace(log), "\n") + 1
			for files, texts := range map[string][]string{"one file": {log}, "two files": {log[:newest], log[newest:]}} {
				found, err := logscan.Scan(t.Context(), []logscan.Log{logOf("some.log", texts...)},
					logscan.Options{Catalogue: known, Now: when.Add(time.Duration(tc.after * float64(time.Minute)))})
				if err != nil {
					t.Fatal(err)
				}
				count := int64(0)
				for _, b := range found.Rules {
					count += b.Count
				}
				if count != tc.count || len(found.Rules) > 1 {
					t.Errorf("%s: %d messages, want %d: %+v", files, count, tc.count, found.Rules)
				}
			}
		})
	}
}

// What was begun at a time that nobody knows may be old.
func TestOpenWithoutATime(t *testing.T) {
	if got := brokenRules(t, "configmgrprereq.log", 0, "******* Start Prerequisite checking. *******\r\n"); len(got) != 1 || got[0] != "ctx-prereq-open" {
		t.Errorf("broken: %v", got)
	}
}
