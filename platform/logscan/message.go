package logscan

import (
	"bytes"
	"time"
)

// Marks of the frame of a client's line.
const (
	clientBegin = "<![LOG["
	clientEnd   = "]LOG]!>"
)

// How far from a place a message's begin and end are looked for, in bytes, and how far a line that
// tells the time.
const (
	messageReach = 64 << 10
	nearReach    = 8 << 10
)

// span is a part of a block.
type span struct{ from, to int }

// lineAt is the line in which a place lies, without its end.
func lineAt(block []byte, at int) span {
	from := bytes.LastIndexByte(block[:at], '\n') + 1
	to := len(block)
	if n := bytes.IndexByte(block[at:], '\n'); n >= 0 {
		to = at + n
	}
	return span{from, to}
}

// clientFrame is where the frame of a client begins in a line: at its first letter, behind blanks or
// behind the mark of an encoding, which stands within a log that was put together of several. It is -1
// in any other line.
func clientFrame(line []byte) int {
	begin := 0
	for begin < len(line) && (line[begin] == ' ' || line[begin] == '\t') {
		begin++
	}
	if bytes.HasPrefix(line[begin:], []byte(byteMark)) {
		begin += len(byteMark)
	}
	if bytes.HasPrefix(line[begin:], []byte(clientBegin)) {
		return begin
	}
	return -1
}

// byteMark is the mark of UTF-8.
const byteMark = "\xEF\xBB\xBF"

// framed says that a message has a frame, be it damaged.
func framed(text []byte) bool {
	return bytes.Contains(text, []byte("$$<")) || clientFrame(text) >= 0
}

// messages finds messages in a block, from the first to the last. It looks at no part of it twice
// for where a client's message begins, so that a log without frames costs no more than another.
type messages struct {
	block  []byte
	looked int // up to where begins were looked for
	open   int // the last of them; -1 when there is none
	end    int // of the message that begins there; -1 when its end was never written
}

func newMessages(block []byte) *messages { return &messages{block: block, open: -1} }

// at is the message in which a place lies, with its frame. It is a line; but one of a client's log
// has an end of its own, and may be of many lines.
func (m *messages) at(place int) span {
	l := lineAt(m.block, place)
	line := m.block[l.from:l.to]
	switch {
	case clientFrame(line) >= 0:
		if bytes.Contains(line, []byte(clientEnd)) {
			return l
		}
		m.looked = max(m.looked, l.from)
		m.begins(l.from)
	case bytes.HasSuffix(bytes.TrimRight(line, "\r"), []byte(")>")): // a server's line
		return l
	default:
		m.look(l.from)
	}
	if m.open < 0 || m.end < l.to {
		return l
	}
	return span{m.open, m.end}
}

// look looks for the last begin of a client's message before a place.
func (m *messages) look(until int) {
	for from := max(m.looked, until-messageReach); from < until; {
		at := bytes.Index(m.block[from:until], []byte(clientBegin))
		if at < 0 {
			break
		}
		at += from
		if l := lineAt(m.block, at); l.from+max(0, clientFrame(m.block[l.from:l.to])) == at {
			m.begins(l.from)
		}
		from = at + len(clientBegin)
	}
	m.looked = max(m.looked, until)
}

// begins takes note of the begin of a client's message, and looks for its end.
func (m *messages) begins(at int) {
	if m.open == at {
		return
	}
	m.open, m.end = at, -1
	reach := m.block[at:min(len(m.block), at+messageReach)]
	end := bytes.Index(reach, []byte(clientEnd))
	if end < 0 {
		return
	}
	for next := lineAt(m.block, at).to + 1; next < at+end; { // another that begins before: this one's end was never written
		l := lineAt(m.block, next)
		if clientFrame(m.block[l.from:l.to]) >= 0 {
			return
		}
		next = l.to + 1
	}
	m.end = lineAt(m.block, at+end).to
}

// stamps finds the times of messages in a block, from the first to the last. It looks at no line
// twice, so that a log without any time costs no more than one with many.
type stamps struct {
	block  []byte
	local  *time.Location
	looked int   // up to where lines were looked at
	last   stamp // of the last line before looked that tells a time, if it is near
	lastAt int
	none   int // up to where no line tells a time
}

// between is how far two lines may be from each other for a line between them, which does not tell
// its time, to be taken for the later of them.
const between = 10 * time.Minute

// at is when a message was written: as it says itself; or as the line says with which it goes on, or
// of which it is a part; or as the lines around it say, if they agree. It is not guessed: a line whose
// frame is damaged may be of days after the one before it.
func (s *stamps) at(m span) stamp {
	text := s.block[m.from:m.to]
	if found := stampOf(string(trimmed(text)), s.local); found.ok {
		s.last, s.lastAt, s.looked = found, m.from, m.to
		return found
	}
	whole := framed(text)
	if !whole {
		if found := s.closing(m); found.ok {
			return found
		}
	}
	before := s.before(m)
	if before.ok && before.leads && !whole {
		return before
	}
	behind := s.behind(m)
	if apart := behind.at.Sub(before.at); behind.ok && (!before.ok || 0 <= apart && apart <= between) {
		return behind
	}
	return stamp{}
}

// before is what the nearest line before a message says.
func (s *stamps) before(m span) stamp {
	for to, floor := m.from, max(s.looked, m.from-nearReach); to > floor; {
		l := lineAt(s.block, to-1)
		if found := s.line(l); found.ok {
			s.last, s.lastAt = found, l.from
			break
		}
		to = l.from
	}
	s.looked = max(s.looked, m.to)
	if s.last.ok && m.from-s.lastAt <= nearReach {
		return s.last
	}
	return stamp{}
}

// behind is what the nearest line behind a message says.
func (s *stamps) behind(m span) stamp {
	for from, ceiling := m.to+1, min(len(s.block), m.to+nearReach); from < ceiling; {
		from = max(from, s.none)
		if from >= ceiling {
			break
		}
		l := lineAt(s.block, from)
		if found := s.line(l); found.ok {
			return found
		}
		from = l.to + 1
		s.none = from
	}
	return stamp{}
}

// closing is what the frame of a server's message says, of which the frame stands in a later line: the
// next one that has a frame. The line before may be of days ago.
func (s *stamps) closing(m span) stamp {
	near := s.block[m.to:min(len(s.block), m.to+nearReach)]
	at := bytes.Index(near, []byte("$$<"))
	if at < 0 || bytes.Contains(near[:at], []byte(clientBegin)) {
		return stamp{}
	}
	return s.line(lineAt(s.block, m.to+at))
}

// line is what a line says; of a long one only its end is looked at.
func (s *stamps) line(l span) stamp {
	return stampOf(string(trimmed(s.block[max(l.from, l.to-nearReach):l.to])), s.local)
}

func trimmed(text []byte) []byte { return bytes.TrimRight(text, "\r\n") }

// held is how many bytes at the end of a block belong to a message that may go on in the next: an
// unfinished line, or a client's message whose end has not come. It is the length of the block when
// there is no end of a line in it.
func held(block []byte) int {
	end := bytes.LastIndexByte(block, '\n') + 1
	if end == 0 {
		return len(block)
	}
	l := lineAt(block, end-1)
	if last := trimmed(block[l.from:l.to]); bytes.HasSuffix(last, []byte(")>")) || bytes.Contains(last, []byte(clientEnd)) {
		return len(block) - end // most lines are of one of the two grammars, and whole
	}
	floor := max(0, end-messageReach)
	if open := bytes.LastIndex(block[floor:end], []byte(clientBegin)); open >= 0 && floor+open > 0 &&
		!bytes.Contains(block[floor+open:end], []byte(clientEnd)) {
		end = floor + open
	}
	return len(block) - end
}
