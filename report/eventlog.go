package report

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
)

// EventSource is the source of siteready's events in the log Application of Windows. Where an
// installer has registered it, the message file is Windows' own EventCreate.exe, which knows the
// ids from 1 to 1000; elsewhere the events are written too, and their text is their only data.
// https://learn.microsoft.com/windows-server/administration/windows-commands/eventcreate
const EventSource = "siteready"

// The ids of the events. They never change.
const (
	EventReady      uint32 = 100 // a run ended: READY
	EventWarnings   uint32 = 101 // a run ended: READY WITH WARNINGS
	EventBlocked    uint32 = 102 // a run ended: BLOCKED
	EventIncomplete uint32 = 103 // a run ended: INCOMPLETE
	EventFailure    uint32 = 200 // a check failed that had not before
	EventNotTold    uint32 = 201 // somebody was to be told of a run, and was not
)

// EventLevel is how an event stands in the log.
type EventLevel int

// The levels of an event.
const (
	EventInformation EventLevel = iota
	EventWarning
	EventError
)

// Event is one event for the event log of Windows.
type Event struct {
	ID    uint32
	Level EventLevel
	Text  string // lines that end in CR LF
}

// MaxEvent is how many bytes the text of an event has at most. Windows takes 31,839 characters.
// https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reporteventw
const MaxEvent = 16 << 10

// Events are those of a run: its summary, and one for each check that failed. What had failed
// before is not told again: that the history says, item by item, and where there is none the
// report before, which is nil when that is missing too.
func Events(r Report, before *Report) []Event {
	id, level := EventIncomplete, EventWarning
	switch r.Verdict {
	case checks.Ready:
		id, level = EventReady, EventInformation
	case checks.WithWarnings:
		id = EventWarnings
	case checks.Blocked:
		id, level = EventBlocked, EventError
	}
	known := func(c Check) bool {
		return before != nil && slices.ContainsFunc(before.Checks, func(old Check) bool { return old.ID == c.ID && old.Status == failed })
	}
	if h := r.History; h != nil && h.State == HistoryCompared {
		known = func(c Check) bool {
			return !slices.ContainsFunc(h.Findings, func(f Finding) bool {
				return f.Check == c.ID && !f.Over && f.Is == failed && f.Change != ChangeUnchanged
			})
		}
	}
	events := []Event{{id, level, eventText(append(summaryHead(r), append(about(r), brief(r)...)...))}}
	for _, c := range toFix(r) {
		if c.Status != failed || known(c) {
			continue
		}
		lines := []string{fmt.Sprintf("%s failed: %s", c.ID, short(c.Summary, longText))}
		for _, item := range trouble(c.Items) {
			lines = append(lines, "  - "+short(itemText(item, nil), shortText))
		}
		lines = append(lines, "Do: "+short(c.Remedy, longText))
		events = append(events, Event{EventFailure, EventError, eventText(lines)})
	}
	return events
}

// NotTold is the event of a message that could not be delivered.
func NotTold(why string) Event {
	return Event{EventNotTold, EventWarning, eventText([]string{"Nobody was told of this run: " + short(why, longText)})}
}

// eventText is lines with the ends that Windows wants.
func eventText(lines []string) string {
	return strings.Join(fit(lines, MaxEvent), "\r\n") + "\r\n"
}
