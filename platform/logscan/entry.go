package logscan

import (
	"strings"
	"time"
)

// entry is what a line says, without its frame.
type entry struct {
	message     string
	date, clock string // as the frame has them; empty without one
	leads       bool   // the frame stands before the message
}

// The times in the frames of lines.
const (
	day    = "1-2-2006" // with or without zeros before the numbers
	moment = "15:04:05.999"
	ofOld  = "MM-DD-YYYY HH:MM:SS>" // behind which the message begins
	dayOld = "MM-DD-YYYY"
)

// maxBias is the largest distance of a clock from UTC, in minutes.
const maxBias = 14 * 60

// parse takes the frame from a line. There are three: that of servers,
//
//	message  $$<component><MM-DD-YYYY HH:MM:SS.mmm+BIAS><thread=...>
//
// that of clients,
//
//	<![LOG[message]LOG]!><time="HH:MM:SS.mmm+BIAS" date="MM-DD-YYYY" ...>
//
// and that of ConfigMgrPrereq.log before there was one,
//
//	<MM-DD-YYYY HH:MM:SS> message
//
// A line without a frame is all message. The bias is in minutes, and UTC is the time plus the
// bias.
func parse(text string) entry {
	text = strings.TrimPrefix(strings.TrimLeft(text, " \t"), byteMark)
	if rest, found := strings.CutPrefix(text, clientBegin); found {
		message, attributes, closed := strings.Cut(rest, clientEnd)
		if !closed {
			return entry{message: tidy(rest)}
		}
		return entry{message: tidy(message), date: attribute(attributes, "date"), clock: attribute(attributes, "time")}
	}
	if at := strings.LastIndex(text, "$$<"); at >= 0 {
		e := entry{message: tidy(text[:at])}
		e.date, e.clock = stampIn(text[at+len("$$<"):])
		return e
	}
	if rest, found := strings.CutPrefix(text, "<"); found && len(rest) >= len(ofOld) && rest[len(ofOld)-1] == '>' {
		e := entry{tidy(rest[len(ofOld):]), rest[:len(dayOld)], rest[len(dayOld)+1 : len(ofOld)-1], true}
		if at, _ := e.at(); at != nil {
			return e
		}
	}
	return entry{message: tidy(text)}
}

// stampIn is the date and the clock in the frame of a server's line, which stand behind the component;
// in a frame that has lost that, they are the first part.
func stampIn(frame string) (date, clock string) {
	for range 2 {
		part, rest, more := strings.Cut(frame, ">")
		if date, clock, found := strings.Cut(part, " "); found && len(date) > 0 && '0' <= date[0] && date[0] <= '9' {
			return date, clock
		}
		if !more {
			break
		}
		frame = strings.TrimPrefix(rest, "<")
	}
	return "", ""
}

// tidy takes away what pads a message: a tilde stands for the end of a line.
func tidy(message string) string { return strings.Trim(message, " \t~") }

// attribute is the value of NAME="VALUE".
func attribute(attributes, name string) string {
	_, rest, _ := strings.Cut(attributes, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// at is the time of the entry in UTC; nil when it says none. The date is MM-DD-YYYY and the clock
// HH:MM:SS.mmm+BIAS; without a bias it is taken for UTC, and not zoned.
func (e entry) at() (at *time.Time, zoned bool) {
	clock, bias := e.clock, 0
	if cut := strings.IndexAny(clock, "+-"); cut >= 0 {
		digits := clock[cut+1:]
		if len(digits) < 1 || len(digits) > 4 {
			return nil, false
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return nil, false
			}
			bias = bias*10 + int(c-'0')
		}
		if bias > maxBias {
			return nil, false
		}
		if clock[cut] == '-' {
			bias = -bias
		}
		clock, zoned = clock[:cut], true
	}
	local, err := time.Parse(day+" "+moment, e.date+" "+clock)
	if err != nil {
		return nil, false
	}
	utc := local.Add(time.Duration(bias) * time.Minute)
	return &utc, zoned
}
