package checks

import (
	"encoding/json"
	"fmt"
)

// Status is the verdict on a check or an item.
type Status int

// The statuses. Unknown is zero, so that a forgotten status is never green.
const (
	Unknown Status = iota // could not check
	NotApplicable
	Passed
	Warning
	Failed
	Waived // it was unknown, a warning or failed, and a waiver accepts it; no check says this itself
)

var statusNames = [...]string{"unknown", "not_applicable", "passed", "warning", "failed", "waived"}

// String is the status's name in reports for machines.
func (s Status) String() string { return statusNames[s] }

// MarshalJSON writes the name.
func (s Status) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalText reads a name.
func (s *Status) UnmarshalText(text []byte) error {
	for i, name := range statusNames {
		if name == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no status", text)
}

// rank orders statuses for the worst: failed, could not check, warning, waived, passed.
func (s Status) rank() int {
	return [...]int{Unknown: 4, NotApplicable: 0, Passed: 1, Waived: 2, Warning: 3, Failed: 5}[s]
}

// Worst returns the worst of statuses; of none it is Unknown, because nothing was judged.
func Worst(statuses ...Status) Status {
	if len(statuses) == 0 {
		return Unknown
	}
	worst := NotApplicable
	for _, s := range statuses {
		if s.rank() > worst.rank() {
			worst = s
		}
	}
	return worst
}

// Verdict is the word over a whole run.
type Verdict string

// The verdicts.
const (
	Ready        Verdict = "READY"
	WithWarnings Verdict = "READY WITH WARNINGS"
	Blocked      Verdict = "BLOCKED"
	Incomplete   Verdict = "INCOMPLETE"
)

// ExitCode is what monitoring plugins call OK, WARNING, CRITICAL and UNKNOWN.
func (v Verdict) ExitCode() int {
	switch v {
	case Ready:
		return 0
	case WithWarnings:
		return 1
	case Blocked:
		return 2
	default:
		return 3
	}
}

// Judge gives the verdict over results. What does not apply, was waived or was not selected
// never decides; where nothing passed, warned or failed nothing says that the site is ready.
func Judge(results []Result) Verdict {
	var statuses []Status
	for _, r := range results {
		if r.Selected && r.Status != NotApplicable && r.Status != Waived {
			statuses = append(statuses, r.Status)
		}
	}
	switch Worst(statuses...) {
	case Failed:
		return Blocked
	case Warning:
		return WithWarnings
	case Passed:
		return Ready
	default:
		return Incomplete
	}
}
