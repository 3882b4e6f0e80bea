package logscan

import (
	"strings"
	"testing"
	"time"
)

func TestStampOf(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for text, want := range map[string]struct {
		at     string
		zoned  bool
		thread string
	}{
		"x  $$<A><03-11-2026 02:14:44.447-60><thread=4000 (0xFA0)>":                                     {"2026-03-11T01:14:44.447Z", true, "4000"},
		"x  $$<A><03-11-2026 02:14:44.447+300><thread=7>":                                               {"2026-03-11T07:14:44.447Z", true, "7"},
		`<![LOG[x]LOG]!><time="02:14:44.447-60" date="03-11-2026" component="A" thread="4685" file="">`: {"2026-03-11T01:14:44.447Z", true, "4685"},
		"x  $$<A><Wed May 21 17:09:02 1997~><thread=DB>":                                                {"1997-05-21T16:09:02Z", false, "DB"},
		"x  $$<A><Fri Sep 03 12:23:46.229 1999 Central Daylight Time><thread=250 (0xFA)>":               {"1999-09-03T11:23:46Z", false, "250"},
		"<01-04-2013 16:25:28> server;    rule;    Error;    text":                                      {"2013-01-04T15:25:28Z", false, ""},
		"2026-03-11 03:04:52.54 spid52      Error: 9002":                                                {"2026-03-11T02:04:52.54Z", false, "spid52"},
		"2026-03-11T04:29:40.313+01:00 | System | x | 7000 | text":                                      {"2026-03-11T03:29:40.313Z", true, ""},
		"2026-03-11T04:29:40Z text":                                                                     {"2026-03-11T04:29:40Z", true, ""},
		"[0A1C:1F2C][2026-03-11T02:14:07]e000: Error":                                                   {"2026-03-11T01:14:07Z", false, ""},
		"x\tSMS_DMP\t3/11/2026 3:14:44 PM\t4000 (0xFA0)":                                                {"2026-03-11T14:14:44Z", false, ""},
		"x  $$<A><13-41-2026 02:14:44.447-60><thread=1>":                                                {"", false, "1"},
		"2026-13-41 03:04:52 x":                                                                         {"", false, ""},
		"13/41/2026 3:14:44 PM":                                                                         {"", false, ""},
		"MSI (s) (54:A0) [02:14:07:310]: x":                                                             {"", false, ""},
		"":                                                                                              {"", false, ""},
	} {
		s := stampOf(text, berlin)
		got := ""
		if s.ok {
			got = s.at.Format(time.RFC3339Nano)
		}
		if got != want.at || s.ok && s.zoned != want.zoned {
			t.Errorf("%q: %s, zoned %v; want %+v", text, got, s.zoned, want)
		}
		if clock := s.at.Add(time.Duration(s.offset) * time.Minute); s.ok && !strings.Contains(text, clock.Format("15:04:05")) && !strings.Contains(text, clock.Format("3:04:05 PM")) {
			t.Errorf("%q: its clock is told as %v", text, clock)
		}
		if thread := threadOf(text); thread != want.thread {
			t.Errorf("%q: thread %q, want %q", text, thread, want.thread)
		}
	}
}

// Whatever a line holds, its parts are found without a fall, and a time is one that can be told.
func FuzzStampOf(f *testing.F) {
	f.Add("x  $$<A><03-11-2026 02:14:44.447-60><thread=4000 (0xFA0)>")
	f.Add(`<![LOG[x]LOG]!><time="02:14:44.447-60" date="03-11-2026" component="A" thread="4685" file="">`)
	f.Add("x  $$<A><Fri Sep 03 12:23:46.229 1999 Central Daylight Time><thread=250 (0xFA)>")
	f.Add("2026-03-11T04:29:40.313+01:00 | x")
	f.Add("x 3/11/2026 3:14:44 PM 4000")
	f.Fuzz(func(t *testing.T, text string) {
		s := stampOf(text, time.UTC)
		if s.ok && (s.at.Location() != time.UTC || s.at.Year() < -1 || s.at.Year() > 10000) {
			t.Fatalf("%q: %v", text, s.at)
		}
		if len(threadOf(text)) > len(text) || len(componentOf(text)) > len(text) {
			t.Fatal("longer than the line")
		}
	})
}
