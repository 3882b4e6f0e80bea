package platform

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ErrAbsent is an answer: there is no such key, value, service, file or object. All the
// others mean that nobody could look, and end in "could not check".
var (
	ErrAbsent      = errors.New("absent")
	ErrDenied      = errors.New("denied")
	ErrTimeout     = errors.New("timeout")
	ErrUnreachable = errors.New("unreachable")
	ErrUnsupported = errors.New("unsupported")
	ErrMalformed   = errors.New("malformed")
	ErrTooLarge    = errors.New("too large")
	ErrNotRecorded = errors.New("not recorded")
)

// Reasons lists every reason in the order above.
func Reasons() []error {
	return []error{
		ErrAbsent, ErrDenied, ErrTimeout, ErrUnreachable,
		ErrUnsupported, ErrMalformed, ErrTooLarge, ErrNotRecorded,
	}
}

// NoAnswer says why a question has no answer.
type NoAnswer struct {
	Reason error  // one of the reasons of this package
	Cause  string // what was tried, on what, and what came back; equal for all questions that fail for one cause
	Help   string // what to do next; may be empty
	// EndsLine says that nothing more can be asked of this server in this run: it could not
	// be connected to, or refused the log-on.
	EndsLine bool
}

// Refuse makes a *NoAnswer with a formatted cause.
func Refuse(reason error, format string, args ...any) *NoAnswer {
	return &NoAnswer{Reason: reason, Cause: fmt.Sprintf(format, args...)}
}

// Error is the cause.
func (e *NoAnswer) Error() string { return e.Cause }

// Unwrap is the reason, so that errors.Is(err, ErrDenied) works.
func (e *NoAnswer) Unwrap() error { return e.Reason }

type noAnswerJSON struct {
	Reason   string `json:"reason"`
	Cause    string `json:"cause"`
	Help     string `json:"help,omitempty"`
	EndsLine bool   `json:"ends_line,omitempty"`
}

// MarshalJSON writes the reason as a word.
func (e *NoAnswer) MarshalJSON() ([]byte, error) {
	return json.Marshal(noAnswerJSON{e.Reason.Error(), e.Cause, e.Help, e.EndsLine})
}

// UnmarshalJSON reads what MarshalJSON wrote; an unknown reason and an empty cause are errors.
func (e *NoAnswer) UnmarshalJSON(data []byte) error {
	var j noAnswerJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	if j.Cause == "" {
		return errors.New("there is no cause")
	}
	for _, reason := range Reasons() {
		if reason.Error() == j.Reason {
			*e = NoAnswer{reason, j.Cause, j.Help, j.EndsLine}
			return nil
		}
	}
	return fmt.Errorf("unknown reason %q", j.Reason)
}

// explain makes every error a *NoAnswer that has one of the reasons and a cause; one that a
// reader did not explain is ErrUnsupported, never ErrAbsent.
func explain(err error) *NoAnswer {
	var no *NoAnswer
	if errors.As(err, &no) && no.Cause != "" && slices.Contains(Reasons(), no.Reason) {
		return no
	}
	cause := err.Error()
	if cause == "" {
		cause = "no cause was given"
	}
	for _, reason := range Reasons() {
		if errors.Is(err, reason) {
			return Refuse(reason, "%s", cause)
		}
	}
	return Refuse(ErrUnsupported, "%s", cause)
}
