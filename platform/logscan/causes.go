package logscan

import (
	"cmp"
	"slices"
	"time"

	"siteready/platform/logscan/signatures"
)

// Cause is what was seen of one cause: the signature or the rule that tells most of it, and the
// others of its group.
type Cause struct {
	Group    string     `json:"group"`
	Severity string     `json:"severity"` // the worst of its group that is not over
	Count    int64      `json:"count"`    // messages of all
	First    *time.Time `json:"first"`    // UTC; null when no time is known
	Last     *time.Time `json:"last"`
	Over     bool       `json:"over"`   // all of it is; then severity is what it was
	Lead     Symptom    `json:"lead"`   // the one that tells most
	Others   []Symptom  `json:"others"` // that tell less, or follow from it; the one that tells most first
}

// Symptom is a signature or a rule that was seen, with what it means.
type Symptom struct {
	Seen
	Severity string `json:"severity"`
	Rank     int    `json:"rank"` // as of a signature; a rule's is 3
	Meaning  string `json:"meaning"`
	Remedy   string `json:"remedy"`
	Source   string `json:"source"`
	// Normal is when it is also seen without a fault; empty is never. Such a failure is a warning
	// when all of it was seen within ten minutes.
	Normal string `json:"normal"`
	Log    string `json:"log"` // that broke the rule; empty of a signature
	// Ended is what says that it is over; null when it is not.
	Ended *Ended `json:"ended"`
	Own   bool   `json:"own"` // by a limit that is this program's choice
}

// Causes puts what was found into groups of one cause each, the newest first. c is the catalogue
// that was looked for.
func Causes(found Found, c *signatures.Catalogue) []Cause {
	groups := map[string][]Symptom{}
	rules := map[string]signatures.Rule{}
	for _, r := range c.Rules {
		rules[r.ID] = r
	}
	for _, s := range c.All {
		for _, seen := range found.Signatures {
			if seen.ID == s.ID {
				ended := endOf(found, seen, rules, func(r signatures.Rule) bool { return r.EndsSignature(s) })
				groups[s.Group] = append(groups[s.Group], Symptom{seen, severityOf(s, seen), s.Rank, s.Meaning, s.Remedy, s.Source, s.Normal, "", ended, false})
			}
		}
	}
	for _, r := range c.Rules {
		for _, broken := range found.Rules {
			if broken.ID == r.ID {
				ended := endOf(found, broken.Seen, rules, func(o signatures.Rule) bool { return o.EndsRule(r) })
				groups[r.Group] = append(groups[r.Group], Symptom{broken.Seen, r.Severity, 3, r.Meaning, r.Remedy, r.Source, "", broken.Log, ended, r.Own})
			}
		}
	}
	causes := make([]Cause, 0, len(groups))
	for group, symptoms := range groups {
		slices.SortStableFunc(symptoms, tellsMore)
		lead := symptoms[0] // one that is not over goes before all that are
		cause := Cause{Group: group, Severity: lead.Severity, Lead: lead, Others: symptoms[1:], Over: lead.Ended != nil}
		for _, s := range symptoms {
			cause.Count += s.Count
			if s.Last != nil {
				cause.First, cause.Last = earlier(cause.First, s.First), later(cause.Last, s.Last)
			}
		}
		causes = append(causes, cause)
	}
	slices.SortFunc(causes, func(a, b Cause) int {
		return cmp.Or(newest(a.Last, b.Last), cmp.Compare(a.Group, b.Group))
	})
	return causes
}

// burst is how long what is also seen without a fault, such as while SQL Server restarts, may last
// to be no more than a warning.
const burst = 10 * time.Minute

// severityOf is how bad it is that a signature was seen.
func severityOf(s signatures.Signature, seen Seen) string {
	if s.Severity == signatures.Failure && s.Normal != "" && seen.Undated == 0 && seen.Last != nil && seen.Last.Sub(*seen.First) < burst {
		return signatures.Warning
	}
	return s.Severity
}

// tellsMore orders symptoms: what is over last, then a worse one first, then what names the cause,
// then the newest.
func tellsMore(a, b Symptom) int {
	over := func(s Symptom) int {
		if s.Ended != nil {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(over(a), over(b)), cmp.Compare(weigh(b.Severity), weigh(a.Severity)), cmp.Compare(b.Rank, a.Rank), newest(a.Last, b.Last))
}

// newest orders times, the newest first, and those that are not known last.
func newest(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return b.Compare(*a)
}

func weigh(severity string) int {
	return slices.Index([]string{signatures.Information, signatures.Warning, signatures.Failure}, severity)
}
