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
	maxMarks    = 256 // the newest; up to twice as many
	maxMarkText = 200 // bytes of a message
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
	line   Line // its text is raw
	e      encoding
}

// shown is the line of a mark as evidence.
func (m mark) shown() Line {
	l := m.line
	l.Text = m.e.evidence([]byte(l.Text))
	return l
}

// tail is the last message of a file.
type tail struct {
	text string
	line Line // its text is raw
	e    encoding
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
		}
		if len(lines) == 0 {
			continue
		}
		b := Broken{Log: log, Seen: Seen{ID: r.ID}}
		for _, m := range lines {
			b.add(m.line)
		}
		for i, l := range b.Lines {
			b.Lines[i] = mark{line: l, e: lines[0].e}.shown()
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
		word := strings.TrimRight(m.behind, ".,;~")
		if n, err := strconv.ParseInt(word, 0, 64); err == nil && n != 0 {
			lines = append(lines, m)
		}
	}
	return lines
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
	folded := strings.ToLower(end.text)
	for _, text := range r.Begin {
		if strings.Contains(folded, strings.ToLower(text)) && old(end.line, r.After, now) {
			return []mark{{line: end.line, e: end.e}}
		}
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
