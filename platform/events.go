package platform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventFilter says which events of a log are counted: those of one provider that have one of
// the numbers and were written in the last days.
type EventFilter struct {
	Provider string // the name of the provider, e.g. Service Control Manager; without " for " in it
	IDs      []uint16
	// Service is the key name of a service, e.g. OMCFG: only events are counted of which one
	// datum is this name, or the one that Windows shows for it. Empty for all.
	Service string
	Days    int // looked back from the moment of the question
}

// Bounds of an EventFilter. A query of the event log may have about twenty expressions.
const (
	MaxEventIDs  = 16
	MaxEventDays = 3650
)

// MaxEvents is how many events are counted; see Events.More.
const MaxEvents = 1000

// String writes the filter as it stands in a question, the numbers sorted.
func (f EventFilter) String() string {
	ids := make([]string, 0, len(f.IDs))
	for _, id := range slices.Sorted(slices.Values(f.IDs)) {
		ids = append(ids, strconv.Itoa(int(id)))
	}
	about := ""
	if f.Service != "" {
		about = forService + f.Service
	}
	return fmt.Sprintf("%s of %s%s within %d days", strings.Join(ids, ","), f.Provider, about, f.Days)
}

const forService = " for "

// ParseEventFilter reads what String wrote; nothing else is a filter.
func ParseEventFilter(text string) (EventFilter, error) {
	refused := func() (EventFilter, error) {
		return EventFilter{}, Refuse(ErrMalformed, "%q does not say which events are meant", text)
	}
	ids, rest, _ := strings.Cut(text, " of ")
	at := strings.LastIndex(rest, " within ")
	if at < 0 {
		return refused()
	}
	days, found := strings.CutSuffix(rest[at+len(" within "):], " days")
	n, err := strconv.Atoi(days)
	f := EventFilter{Provider: rest[:at], Days: n}
	if named := strings.LastIndex(f.Provider, forService); named >= 0 {
		f.Provider, f.Service = f.Provider[:named], f.Provider[named+len(forService):]
	}
	if !found || err != nil || n < 1 || n > MaxEventDays || f.Provider == "" {
		return refused()
	}
	for id := range strings.SplitSeq(ids, ",") {
		n, err := strconv.ParseUint(id, 10, 16)
		if err != nil {
			return refused()
		}
		f.IDs = append(f.IDs, uint16(n))
	}
	if len(f.IDs) > MaxEventIDs || f.String() != text {
		return refused()
	}
	return f, nil
}

// Events is the digest of a log's events that fit a filter. Their texts are never read, and
// their data only to be compared with the name of a service that is asked about.
type Events struct {
	Count  int        `json:"count"`  // at most MaxEvents
	Oldest *time.Time `json:"oldest"` // UTC, of those that were counted; null when there are none
	Newest *time.Time `json:"newest"` // UTC; null when there are none
	More   bool       `json:"more"`   // there are more and older ones than were looked at
	// Begins is when the oldest record of the whole log was written, whoever wrote it, UTC. Of
	// what was before nothing is known. Null when the log is empty, which proves nothing.
	Begins *time.Time `json:"begins"`
}

// ReadEvents asks for a digest of the events in a log, such as System, that fit a filter. A
// log that is not there is ErrAbsent.
func ReadEvents(log string, f EventFilter) Query[Events] {
	return Query[Events]{Question{Kind: KindEvents, Where: log, What: f.String()}}
}
