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

// messageAt is the message in which a place lies, with its frame. It is a line; but one of a
// client's log has an end of its own, and may be of many lines.
func messageAt(block []byte, at int) span {
	l := lineAt(block, at)
	open := l.from
	switch {
	case bytes.HasPrefix(block[l.from:l.to], []byte(clientBegin)):
		if bytes.Contains(block[l.from:l.to], []byte(clientEnd)) {
			return l
		}
	case bytes.HasSuffix(bytes.TrimRight(block[l.from:l.to], "\r"), []byte(")>")): // a server's line
		return l
	default:
		floor := max(0, l.from-messageReach)
		back := -1
		if bytes.Contains(block[floor:l.from], []byte(clientBegin)) { // many times as fast as looking backwards
			back = bytes.LastIndex(block[floor:l.from], []byte(clientBegin))
		}
		if back < 0 || bytes.Contains(block[floor+back:l.from], []byte(clientEnd)) {
			return l
		}
		open = floor + back
	}
	reach := block[open:min(len(block), open+messageReach)]
	end := bytes.Index(reach, []byte(clientEnd))
	next := bytes.Index(reach[1:], []byte("\n"+clientBegin)) // the end of this one was never written
	if end < 0 || next >= 0 && next < end {
		return l
	}
	return span{open, lineAt(block, open+end).to}
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

// at is when a message was written: as it says itself, or as the nearest line before it says, or
// the nearest behind it.
func (s *stamps) at(m span) stamp {
	if found := stampOf(string(trimmed(s.block[m.from:m.to])), s.local); found.ok {
		s.last, s.lastAt, s.looked = found, m.from, m.to
		return found
	}
	if found := s.closing(m); found.ok {
		return found
	}
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
	if at < 0 || bytes.Contains(near[:at], []byte(clientBegin)) || bytes.Contains(s.block[m.from:m.to], []byte(clientBegin)) {
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
