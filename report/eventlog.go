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

// Events are those of a run: its summary, and one for each check that failed. Those that had
// failed in the report before are not told again; before is nil where there is none.
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
	events := []Event{{id, level, eventText(append(summaryHead(r), append(about(r), brief(r)...)...))}}
	for _, c := range toFix(r) {
		if c.Status != failed || before != nil && slices.ContainsFunc(before.Checks, func(old Check) bool { return old.ID == c.ID && old.Status == failed }) {
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

// eventText is lines with the ends that Windows wants.
func eventText(lines []string) string {
	return strings.Join(fit(lines, MaxEvent), "\r\n") + "\r\n"
}
