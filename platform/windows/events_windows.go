package windows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"siteready/platform"
	"siteready/platform/windows/win32"
)

const (
	// errChannelNotFound says that there is no such log (ERROR_EVT_CHANNEL_NOT_FOUND in winerror.h).
	errChannelNotFound = windows.Errno(15007)
	// eventPatience is how long one call for the next events may take, in milliseconds.
	eventPatience = 5000
	// eventBatch is how many events are fetched at once.
	eventBatch = 64
	// maxEventUnits is the largest event that is looked at, in UTF-16 units.
	maxEventUnits = 1 << 20
)

// readEvents makes a digest of the events that fit a filter.
func readEvents(ctx context.Context, log, what string, displayName func(service string) (string, error)) (any, error) {
	filter, err := platform.ParseEventFilter(what)
	if err != nil {
		return nil, err
	}
	query, err := eventQuery(filter)
	if err != nil {
		return nil, err
	}
	if log == "" {
		return nil, platform.Refuse(platform.ErrMalformed, "a question about events names no log")
	}
	names, err := serviceNames(filter.Service, displayName)
	if err != nil {
		return nil, err
	}
	var answer platform.Events
	// The newest come first, so that those beyond the limit are the oldest.
	answer.More, err = eachEvent(ctx, log, query, win32.EvtQueryReverseDirection, platform.MaxEvents, filter.Service != "", func(ask call, e event) error {
		if !strings.EqualFold(e.provider, filter.Provider) || !slices.Contains(filter.IDs, e.id) {
			return ask.malformed("event %d of %q was not asked for", e.id, e.provider)
		}
		if len(names) > 0 && !slices.ContainsFunc(e.data, func(datum string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, datum) })
		}) {
			return nil
		}
		answer.Count++
		if answer.Oldest == nil || e.written.Before(*answer.Oldest) {
			answer.Oldest = &e.written
		}
		if answer.Newest == nil || e.written.After(*answer.Newest) {
			answer.Newest = &e.written
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = eachEvent(ctx, log, "*", win32.EvtQueryForwardDirection, 1, false, func(_ call, e event) error {
		answer.Begins = &e.written
		return nil
	})
	if err != nil {
		return nil, err
	}
	if answer.Count > 0 && answer.Begins == nil {
		return nil, call{api: "EvtQuery", target: log}.malformed("it has %d events, and is empty", answer.Count)
	}
	return answer, nil
}

// serviceNames are the names by which an event may speak of a service: its own, and the one that
// Windows shows, when there is such a service. Without a service there are none.
func serviceNames(service string, displayName func(string) (string, error)) ([]string, error) {
	if service == "" {
		return nil, nil
	}
	shown, err := displayName(service)
	switch {
	case errors.Is(err, platform.ErrAbsent):
		return []string{service}, nil
	case err != nil:
		return nil, err
	}
	return []string{service, shown}, nil
}

// eventQuery writes a filter in the XPath of the event log.
func eventQuery(f platform.EventFilter) (string, error) {
	quote := "'"
	if strings.Contains(f.Provider, quote) {
		quote = `"`
	}
	if strings.Contains(f.Provider, quote) {
		return "", platform.Refuse(platform.ErrMalformed, "the provider %q cannot be asked for: it has both sorts of quotation marks", f.Provider)
	}
	ids := make([]string, 0, len(f.IDs))
	for _, id := range f.IDs {
		ids = append(ids, fmt.Sprintf("EventID=%d", id))
	}
	within := time.Duration(f.Days) * 24 * time.Hour
	return fmt.Sprintf("*[System[Provider[@Name=%s%s%s] and (%s) and TimeCreated[timediff(@SystemTime) <= %d]]]",
		quote, f.Provider, quote, strings.Join(ids, " or "), within.Milliseconds()), nil
}

// eachEvent calls see for each event that a query finds, up to a limit, and says whether
// there were more. Only the log's own word that it has no more events ends it well.
func eachEvent(ctx context.Context, log, query string, direction uint32, limit int, withData bool, see func(call, event) error) (more bool, err error) {
	const right = "read this log"
	path, err := windows.UTF16PtrFromString(log)
	if err != nil {
		return false, platform.Refuse(platform.ErrMalformed, "%q is no name of a log: %v", log, err)
	}
	wide, err := windows.UTF16PtrFromString(query)
	if err != nil {
		return false, platform.Refuse(platform.ErrMalformed, "%q is no query: %v", query, err)
	}
	results, err := win32.EvtQuery(0, path, wide, win32.EvtQueryChannelPath|direction)
	if err != nil {
		return false, call{api: "EvtQuery", target: log, right: right, absent: []windows.Errno{errChannelNotFound}}.refused(err)
	}
	defer func() { _ = win32.EvtClose(results) }()
	next := call{api: "EvtNext", target: log, right: right}
	seen := 0
	for {
		if err := ctx.Err(); err != nil {
			return false, platform.Refuse(platform.ErrTimeout, "%s %s: %v after %d events", next.api, log, err, seen)
		}
		var batch [eventBatch]windows.Handle
		var got uint32
		err := win32.EvtNext(results, eventBatch, &batch[0], eventPatience, 0, &got)
		if errors.Is(err, windows.ERROR_NO_MORE_ITEMS) {
			return false, nil
		}
		if err != nil {
			return false, next.refused(err)
		}
		if got == 0 || got > eventBatch {
			return false, next.malformed("it succeeded with %d events", got)
		}
		full, err := seeBatch(log, batch[:got], limit-seen, withData, see)
		if full || err != nil {
			return full, err
		}
		seen += int(got)
	}
}

// seeBatch looks at a batch of events and closes them. full says that the batch has more than
// room events.
func seeBatch(log string, batch []windows.Handle, room int, withData bool, see func(call, event) error) (full bool, err error) {
	defer func() {
		for _, handle := range batch {
			_ = win32.EvtClose(handle)
		}
	}()
	ask := call{api: "EvtRender", target: log, right: "read this log"}
	for i, handle := range batch {
		if i == room {
			return true, nil
		}
		text, err := renderEvent(handle)
		if err != nil {
			return false, ask.refused(err)
		}
		e, err := parseEvent(text)
		if err != nil {
			return false, ask.malformed("%v", err)
		}
		if withData {
			e.data = eventData(text)
		}
		if err := see(ask, e); err != nil {
			return false, err
		}
	}
	return false, nil
}

// renderEvent returns an event's XML.
func renderEvent(handle windows.Handle) (string, error) {
	size := uint32(4096) // UTF-16 units
	for range attempts {
		buffer := make([]uint16, size)
		var used, properties uint32
		err := win32.EvtRender(0, handle, win32.EvtRenderEventXML, 2*size, &buffer[0], &used, &properties)
		if errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && used <= 2*maxEventUnits {
			size = used/2 + 1
			continue
		}
		if err != nil {
			return "", err
		}
		return windows.UTF16ToString(buffer), nil
	}
	return "", windows.ERROR_INSUFFICIENT_BUFFER
}
