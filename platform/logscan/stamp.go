package logscan

import (
	"regexp"
	"strings"
	"time"
)

// stamp is when a line was written, as far as the line says it.
type stamp struct {
	at time.Time // UTC
	ok bool
	// zoned says that the line tells how far its clock is from UTC. Another is taken in the place
	// that the caller names.
	zoned  bool
	offset int  // of the clock, in minutes before UTC
	leads  bool // it stands at the begin of its line, so that lines without a time go on with that
}

// stampLength is how many bytes at the begin of a line without a frame are looked at for a time,
// and how many at its end.
const stampLength = 256

// isoReach is how far from the begin of a line a time that begins with the year may stand, in bytes.
// Further on it is what the message is about, such as the end of a certificate.
const isoReach = 32

// The times in lines without a frame: SQL Server's ERRORLOG, bundles and events; copies from a log
// viewer; and the frames of the first releases.
var (
	isoTime    = regexp.MustCompile(`(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?`)
	viewerTime = regexp.MustCompile(`\b\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M\b`)
	oldTime    = regexp.MustCompile(`<[A-Z][a-z]{2} ([A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4})[^>]*>`)
)

// stampOf looks for the time in a line. local is where a clock without a bias stands.
func stampOf(text string, local *time.Location) stamp {
	e := parse(text)
	if at, zoned := e.at(); at != nil {
		if !zoned {
			s := placed(at.Format(time.DateTime), time.DateTime, local)
			s.leads = e.leads
			return s
		}
		return stamp{at: *at, ok: true, zoned: true, offset: e.offset(*at), leads: e.leads}
	}
	begin, end := cut(text, stampLength), text[max(0, len(text)-stampLength):]
	if hasISO(begin) {
		if s := isoOf(begin, local); s.ok {
			return s
		}
	}
	for _, part := range []string{begin, end} {
		// What a line holds decides which of the slow searches can find something.
		if strings.Contains(part, "/") && (strings.Contains(part, " AM") || strings.Contains(part, " PM")) {
			if m := viewerTime.FindString(part); m != "" {
				s := placed(m, "1/2/2006 3:04:05 PM", local)
				s.leads = strings.HasPrefix(text, m)
				return s
			}
		}
		if strings.Contains(part, "<") {
			if m := oldTime.FindStringSubmatch(part); m != nil {
				return placed(m[1]+" "+m[2], "Jan 02 15:04:05 2006", local)
			}
		}
	}
	return stamp{}
}

// hasISO says that a date that begins with the year may stand near the begin of a line.
func hasISO(begin string) bool {
	for at := range min(isoReach+1, len(begin)-len("2006-01-02T15:04:05")+1) {
		if begin[at+4] == '-' && begin[at+7] == '-' && '0' <= begin[at] && begin[at] <= '9' {
			return true
		}
	}
	return false
}

// isoOf is the time that begins with the year, near the begin of a line.
func isoOf(begin string, local *time.Location) stamp {
	m := isoTime.FindStringSubmatchIndex(begin)
	if m == nil || m[0] > isoReach {
		return stamp{}
	}
	part := func(i int) string { return begin[m[2*i]:m[2*i+1]] }
	s := stamp{}
	if m[6] >= 0 {
		at, err := time.Parse(time.RFC3339Nano, part(1)+"T"+part(2)+part(3))
		s = stamp{at: at.UTC(), ok: err == nil, zoned: true, offset: offsetOf(at)}
	} else {
		s = placed(part(1)+" "+part(2), time.DateTime, local)
	}
	s.leads = true
	return s
}

func placed(text, layout string, local *time.Location) stamp {
	at, err := time.ParseInLocation(layout, text, local)
	return stamp{at: at.UTC(), ok: err == nil, offset: offsetOf(at)}
}

// offsetOf is how many minutes the clock of a time is before UTC.
func offsetOf(at time.Time) int {
	_, seconds := at.Zone()
	return seconds / 60
}

// offset is how many minutes the clock of an entry is before UTC; at is the entry's time.
func (e entry) offset(at time.Time) int {
	clock := e.clock
	if cut := strings.IndexAny(clock, "+-"); cut >= 0 {
		clock = clock[:cut]
	}
	local, err := time.Parse(day+" "+moment, e.date+" "+clock)
	if err != nil {
		return 0
	}
	return int(local.Sub(at) / time.Minute)
}

// componentOf is the component in a line's frame; empty when there is none.
func componentOf(text string) string {
	if at := strings.LastIndex(text, "$$<"); at >= 0 {
		name, _, _ := strings.Cut(text[at+len("$$<"):], ">")
		return name
	}
	if _, attributes, found := strings.Cut(text, clientEnd); found {
		return attribute(attributes, "component")
	}
	return ""
}

// threadOf is the thread of a line's frame, or the session in SQL Server's ERRORLOG; empty when
// the line names none.
func threadOf(text string) string {
	if _, rest, found := strings.Cut(text[max(0, strings.LastIndex(text, "$$<")):], "<thread="); found {
		return strings.TrimRight(rest[:strings.IndexAny(rest+">", " >")], ">")
	}
	if _, attributes, found := strings.Cut(text, "]LOG]!>"); found {
		return attribute(attributes, "thread")
	}
	if m := isoTime.FindStringIndex(cut(text, stampLength)); m != nil && m[0] == 0 {
		if fields := strings.Fields(cut(text[m[1]:], stampLength)); len(fields) > 0 && strings.HasPrefix(fields[0], "spid") {
			return fields[0]
		}
	}
	return ""
}
