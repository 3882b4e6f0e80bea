package report

import (
	"fmt"

	"siteready/checks"
)

// The values of --fail-on, lowest first: a verdict below the named one exits with 0.
const (
	FailOnWarning = "warning"
	FailOnUnknown = "unknown"
	FailOnFailed  = "failed"
)

// The names of checks.Status, as reports have them.
const (
	failed        = "failed"
	warning       = "warning"
	unknown       = "unknown"
	waived        = "waived"
	passed        = "passed"
	notApplicable = "not_applicable"
)

// verdict is what Judge says, but a run that was stopped is never ready.
func verdict(in Input) checks.Verdict {
	v := checks.Judge(in.Results)
	if in.Stopped != "" && v != checks.Blocked {
		return checks.Incomplete
	}
	return v
}

// exit is the verdict's exit code, or 0 when --fail-on lets it through. What was stopped is
// never let through: nobody knows what it would have found.
func exit(v checks.Verdict, in Input) Exit {
	level := map[checks.Verdict]int{checks.WithWarnings: 1, checks.Incomplete: 2, checks.Blocked: 3}
	least := map[string]int{FailOnUnknown: 2, FailOnFailed: 3}[in.FailOn]
	if level[v] > 0 && level[v] < least && in.Stopped == "" {
		return Exit{0, "let through", fmt.Sprintf("The verdict %s is below --fail-on %s.", v, in.FailOn)}
	}
	code := v.ExitCode()
	return Exit{Code: code, Meaning: [...]string{"ready", "warnings", "blocked", "could not complete"}[code]}
}

func count(all []Check) Counts {
	c := Counts{Total: len(all)}
	for _, check := range all {
		switch check.Status {
		case failed:
			c.Failed++
		case warning:
			c.Warning++
		case waived:
			c.Waived++
		case passed:
			c.Passed++
		case notApplicable:
			c.NotApplicable++
		case NotSelected:
			c.NotSelected++
		default:
			c.Unknown++
		}
	}
	return c
}
