package logscan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"siteready/platform/logscan/signatures"
)

// Limits of what is remembered for the rules of a file.
const (
	maxMarks    = 128 // the newest of each rule; up to twice as many
	maxMarkText = 200 // bytes of a message
	maxMarkRaw  = 600 // bytes of it in which secrets are looked for: half of one is not known for what it is
	maxMarkKey  = 64  // bytes of a key or of a thread
)

// Broken is a rule over several lines that a log broke.
type Broken struct {
	Log string `json:"log"`
	Seen
}

// mark is a text of a rule in a message.
type mark struct {
	rule   int
	role   signatures.Role
	behind string // the word behind the text
	thread string
	line   Line // as evidence, of which the text may be raw
	e      encoding
	place  place
}

// shown is the line of a mark as evidence.
func (m mark) shown() Line { return m.e.shown(m.line, maxMarkText) }

// tail is the last message of a file.
type tail struct {
	text  string
	line  Line // without its text
	e     encoding
	place place
}

// meant says which rules are for a log of a name.
func meant(rules []signatures.Rule, log string) []bool {
	is := make([]bool, len(rules))
	for i, r := range rules {
		is[i] = r.IsFor(log)
	}
	return is
}

// judge tells which rules a log broke. marks are those of all its files, in their order; end is its
// last message. read is when the log was read; nil when nobody knows it.
func judge(rules []signatures.Rule, log string, marks []mark, end tail, read *time.Time) []Broken {
	var now time.Time
	if read != nil {
		now = *read
	}
	of := make([][]mark, len(rules))
	for _, m := range marks {
		of[m.rule] = append(of[m.rule], m)
	}
	isMeant := meant(rules, log)
	var all []Broken
	for i, r := range rules {
		var lines []mark
		switch r.Kind {
		case signatures.RuleNumber:
			lines = numbers(of[i])
		case signatures.RuleOpen:
			lines = open(r, of[i], now)
		case signatures.RuleLast:
			if isMeant[i] {
				lines = last(r, end, now)
			}
		case signatures.RuleOften:
			lines = often(r, of[i])
		case signatures.RuleLasting:
			lines = lasting(r, of[i])
		case signatures.RuleFollowed:
			lines = followed(of[i])
		case signatures.RuleSilent:
			lines = silent(r, of[i], end, now)
		case signatures.RuleAnswered: // a log alone does not tell
		}
		if len(lines) == 0 {
			continue
		}
		b := Broken{Log: log, Seen: Seen{ID: r.ID}}
		for _, m := range lines {
			b.add(m.shown())
			b.in = furthest(b.in, []place{m.place})
		}
		all = append(all, b)
	}
	return all
}

// old says that a line is older than a limit, or that nobody knows how old it is.
func old(l Line, limit time.Duration, now time.Time) bool {
	return l.At == nil || now.Sub(*l.At) >= limit
}

func numbers(marks []mark) (lines []mark) {
	for _, m := range marks {
		if isFailure(m.behind) {
			lines = append(lines, m)
		}
	}
	return lines
}

// isFailure says that a word is a number other than 0.
func isFailure(word string) bool {
	n, err := strconv.ParseInt(strings.TrimRight(word, ".,;~"), 0, 64)
	return err == nil && n != 0
}

func open(r signatures.Rule, marks []mark, now time.Time) (lines []mark) {
	begun := map[string]mark{}
	var order []string
	for _, m := range marks {
		key := ""
		if r.Key {
			key = strings.ToLower(strings.TrimRight(m.behind, ".,;~"))
		}
		_, is := begun[key]
		switch {
		case m.role != signatures.Begin:
			delete(begun, key)
		case is && r.Key: // it tells of its progress
		default:
			begun[key] = m
			order = append(order, key)
		}
	}
	for _, key := range order {
		if m, is := begun[key]; is && old(m.line, r.After, now) {
			lines = append(lines, m)
			delete(begun, key)
		}
	}
	return lines
}

func last(r signatures.Rule, end tail, now time.Time) []mark {
	for _, text := range r.Begin {
		at := placeIn(end.text, text)
		if at < 0 || !old(end.line, r.After, now) {
			continue
		}
		l := end.line
		l.Text, l.looked = end.e.around([]byte(end.text), at, maxMarkText), text
		return []mark{{line: l, e: end.e, place: end.place}}
	}
	return nil
}

func often(r signatures.Rule, marks []mark) (lines []mark) {
	var window []mark
	for _, m := range marks {
		switch {
		case m.role != signatures.Begin:
			window = nil
		case m.line.At != nil:
			window = append(window, m)
			for m.line.At.Sub(*window[0].line.At) > r.Within {
				window = window[1:]
			}
			if len(window) >= r.Times {
				lines = slices.Clone(window) // the newest
			}
		}
	}
	return lines
}

func lasting(r signatures.Rule, marks []mark) (lines []mark) {
	var run []mark
	for _, m := range marks {
		switch {
		case m.role != signatures.Begin:
			run = nil
		case m.line.At != nil:
			if len(run) > 0 && m.line.At.Sub(*run[len(run)-1].line.At) > r.Within {
				run = nil
			}
			run = append(run, m)
			if m.line.At.Sub(*run[0].line.At) >= r.After {
				lines = run // the newest
			}
		}
	}
	return lines
}

func followed(marks []mark) (lines []mark) {
	begun := map[string]mark{}
	for _, m := range marks {
		first, is := begun[m.thread]
		switch {
		case m.role == signatures.Begin:
			begun[m.thread] = m
		case m.role == signatures.Follow && is:
			lines = append(lines, first, m)
			delete(begun, m.thread)
		case m.role == signatures.End:
			delete(begun, m.thread)
		}
	}
	return lines
}

// silent is the newest mark, when it is old, and the log went on for long enough since.
func silent(r signatures.Rule, marks []mark, end tail, now time.Time) []mark {
	if len(marks) == 0 || end.line.At == nil {
		return nil
	}
	last := marks[len(marks)-1]
	if last.line.At == nil || now.Sub(*last.line.At) < r.After || end.line.At.Sub(*last.line.At) < r.After {
		return nil
	}
	return []mark{last}
}

// whole is a log of which all files were read.
type whole struct {
	name  string
	marks []mark
	first *time.Time
	end   tail
}

// unanswered tells which rules of kind answered are broken. The other log must be there, and tell
// of all the time from the mark to the end of the limit; logs of one name in several folders may be
// of several machines, and are not asked.
func unanswered(rules []signatures.Rule, logs []whole) (all []Broken) {
	for i, r := range rules {
		if r.Kind != signatures.RuleAnswered {
			continue
		}
		var asked, other *whole
		several := false
		for n := range logs {
			l := &logs[n]
			is := strings.EqualFold(l.name, r.Answer)
			switch {
			case !is && !r.IsFor(l.name):
			case is && other != nil, !is && asked != nil:
				several = true
			case is:
				other = l
			default:
				asked = l
			}
		}
		if asked == nil || other == nil || several {
			continue
		}
		if m, found := lacks(r, i, *asked, *other); found {
			b := Broken{Log: asked.name, Seen: Seen{ID: r.ID}}
			b.add(m.shown())
			b.in = []place{m.place}
			all = append(all, b)
		}
	}
	return all
}

// lacks is the newest begin in one log, when the other has no end that came with it or later.
func lacks(r signatures.Rule, rule int, asked, other whole) (begin mark, found bool) {
	for _, m := range asked.marks {
		// A number must not be the beginning of a longer one.
		if m.rule == rule && m.role == signatures.Begin && m.line.At != nil && !strings.ContainsAny(cut(m.behind, 1), "0123456789") {
			begin, found = m, true
		}
	}
	if !found || other.first == nil || other.end.line.At == nil ||
		other.first.After(*begin.line.At) || other.end.line.At.Sub(*begin.line.At) < r.After {
		return mark{}, false
	}
	for _, m := range other.marks {
		if m.rule == rule && m.role == signatures.End && (m.line.At == nil || !m.line.At.Before(*begin.line.At)) {
			return mark{}, false
		}
	}
	return begin, true
}
