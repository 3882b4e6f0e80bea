package windows

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// event is the part of an event that is counted.
type event struct {
	provider string
	id       uint16 // the low half; the high half holds qualifiers
	written  time.Time
	data     []string // the first of its data, compared with a service's names and never handed on
}

// maxData is how many data of an event are looked at. An event of the service manager has a few.
const maxData = 8

// eventData reads the data of an event, as far as they can be read: the texts may hold what is no
// XML, and then what was read before that counts.
func eventData(text string) []string {
	var data []string
	decoder := xml.NewDecoder(strings.NewReader(text))
	for within, open := false, false; len(data) <= maxData; {
		token, err := decoder.Token()
		if err != nil {
			return data
		}
		switch token := token.(type) {
		case xml.StartElement:
			within = within || token.Name.Local == "EventData"
			if open = within && token.Name.Local == "Data"; open {
				data = append(data, "")
			}
		case xml.CharData:
			if open {
				data[len(data)-1] += string(token)
			}
		case xml.EndElement:
			open = false
		}
	}
	return data[:maxData]
}

// parseEvent reads the element System of an event, and nothing behind it: there stand the
// texts, which may hold anything.
func parseEvent(text string) (event, error) {
	var e event
	var id, when string
	decoder := xml.NewDecoder(strings.NewReader(text))
	for inside := ""; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return e, errors.New("the event has no whole element System")
		}
		if err != nil {
			return e, fmt.Errorf("the event is no XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local
			for _, a := range token.Attr {
				switch {
				case inside == "Provider" && a.Name.Local == "Name":
					e.provider = a.Value
				case inside == "TimeCreated" && a.Name.Local == "SystemTime":
					when = a.Value
				}
			}
		case xml.CharData:
			if inside == "EventID" {
				id += string(token)
			}
		case xml.EndElement:
			inside = ""
			if token.Name.Local == "System" {
				return e.filled(id, when)
			}
		}
	}
}

// filled completes an event from the texts of its number and time.
func (e event) filled(id, when string) (event, error) {
	number, err := strconv.ParseUint(strings.TrimSpace(id), 10, 16)
	if err != nil {
		return e, fmt.Errorf("the event's number is %q", id)
	}
	written, err := time.Parse(time.RFC3339Nano, when)
	if err != nil {
		return e, fmt.Errorf("the event's time is %q", when)
	}
	if e.provider == "" {
		return e, errors.New("the event has no provider")
	}
	e.id, e.written = uint16(number), written.UTC()
	return e, nil
}
