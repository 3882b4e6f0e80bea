package report

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/svc/eventlog"
)

// WriteEvents writes events to this machine's log Application. All are tried; the error says
// what Windows answered to the first that could not be written.
func WriteEvents(events []Event) error {
	log, err := eventlog.Open(EventSource)
	if err != nil {
		return fmt.Errorf("the event log cannot be opened: %w", err)
	}
	for _, e := range events {
		write := map[EventLevel]func(uint32, string) error{
			EventInformation: log.Info, EventWarning: log.Warning, EventError: log.Error,
		}[e.Level]
		if wrong := write(e.ID, e.Text); wrong != nil && err == nil {
			err = fmt.Errorf("event %d could not be written to the event log: %w", e.ID, wrong)
		}
	}
	return errors.Join(err, log.Close())
}
