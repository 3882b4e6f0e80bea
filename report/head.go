package report

import (
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
)

// clock is how times stand in reports for people.
const clock = "2006-01-02 15:04 UTC"

// head writes the verdict with the counts, and what was judged.
func (p *page) head(r Report) error {
	p.text(p.verdict(r.Verdict)+"   ", strings.Join(counted(r.Counts), ", "))
	indent := strings.Repeat(" ", len(r.Verdict)+3)
	if about := scope(r); about != "" {
		p.text(indent, about)
	}
	if r.Exit.LetThrough != "" {
		p.text(indent, r.Exit.LetThrough)
	}
	if r.Verdict == checks.Incomplete || r.Stopped != "" {
		p.line("")
		p.text("", why(r))
	}
	p.line("")
	subject := r.Subject
	if sited(subject) {
		p.labelled(0, subjectLabel(subject), subject.Headline)
	} else {
		if err := p.box(headline(subject)); err != nil {
			return err
		}
		p.labelled(0, "Why", subject.Problem)
	}
	p.labelled(0, "Run it on", subject.RunOn)
	p.labelled(0, "Target", targets(r))
	p.labelled(0, "Database", database(subject))
	if !r.JudgedFor.Equal(r.ReadAt) {
		p.labelled(0, "Judged for", r.JudgedFor.Format(clock))
	}
	p.labelled(0, "Read", read(r))
	p.labelled(0, "Valid until", validUntil(r))
	p.labelled(0, "Last run", sinceLast(r.History))
	p.labelled(0, "Configured", configured(r))
	p.labelled(0, "Hanging", hanging(r.Hanging))
	return nil
}

// validUntil says when the report goes stale, and whether that was before it was made.
func validUntil(r Report) string {
	text := r.ValidUntil.Format(clock)
	if r.MadeAt.After(r.ValidUntil) {
		text += ", which has passed: read the facts anew before the update"
	}
	return text
}

// hanging names the calls that did not come back; empty when all did.
func hanging(calls []platform.Question) string {
	if len(calls) == 0 {
		return ""
	}
	names := make([]string, len(calls))
	for i, q := range calls {
		names[i] = q.String()
	}
	return plural(len(calls), "call has", "calls have") + " still not come back, and will end with the program: " + strings.Join(names, ", ")
}

// counted is the counts in words, without the zeros.
func counted(c Counts) []string {
	var words []string
	add := func(n int, word string) {
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, word))
		}
	}
	add(c.Failed, "failed")
	if c.Warning > 0 {
		words = append(words, plural(c.Warning, "warning", "warnings"))
	}
	add(c.Unknown, "could not check")
	add(c.Waived, "waived")
	add(c.Passed, "passed")
	add(c.NotApplicable, "not applicable")
	if len(words) == 0 {
		return []string{"nothing was checked"}
	}
	return words
}

// scope says what limits the verdict: a part of the checks, facts of another day.
func scope(r Report) string {
	var words []string
	if r.Counts.NotSelected > 0 {
		words = append(words, fmt.Sprintf("%d of %d checks", r.Counts.Selected(), r.Counts.Total))
	}
	if r.Source.Kind == Recording {
		words = append(words, "as of "+r.ReadAt.Format(clock)+", "+age(r.MadeAt.Sub(r.ReadAt))+", from the recording "+r.Source.File)
	}
	return strings.Join(words, "; ")
}

// age is how old facts are.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "later than this computer's clock"
	case d < time.Hour:
		return plural(int(d/time.Minute), "minute", "minutes") + " old"
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour", "hours") + " old"
	default:
		return plural(int(d/(24*time.Hour)), "day", "days") + " old"
	}
}

// why says in words what made a run incomplete.
func why(r Report) string {
	var reasons []string
	if r.Stopped != "" {
		reasons = append(reasons, "The run ended early: "+strings.TrimSuffix(r.Stopped, ".")+".")
	}
	c := r.Counts
	switch {
	case c.Selected() == 0:
		reasons = append(reasons, "No check was selected, so nothing is known.")
	case c.Unknown == c.Selected():
		reasons = append(reasons, "Nothing could be checked. What is not known may still block the update.")
	case c.Unknown > 0:
		reasons = append(reasons, fmt.Sprintf(
			"%s could not be made, from %s. What is not known may still block the update.",
			plural(c.Unknown, "check", "checks"), plural(len(r.Causes), "cause", "causes"),
		))
	case c.Passed+c.Warning == 0 && c.Waived > 0:
		reasons = append(reasons, "What was found was waived, and nothing else passed, so nothing says that this site is ready.")
	case c.Passed+c.Warning == 0:
		reasons = append(reasons, "No check applied here, so nothing says that this machine is ready.")
	}
	return strings.Join(reasons, " ")
}

// sited reports whether the subject is a site server, or a database that was named instead.
func sited(s discovery.Subject) bool {
	switch s.Role {
	case discovery.None, discovery.NotKnown, discovery.SiteSystem, discovery.SQLServer, "":
		return false
	default:
		return s.Problem == ""
	}
}

// subjectLabel is what the headline is of.
func subjectLabel(s discovery.Subject) string {
	if s.Product == requirement.ServiceManager.Name() {
		return "Server"
	}
	return "Site"
}

func headline(s discovery.Subject) string {
	if clean(s.Headline) == "" {
		return "It is not known what this machine is."
	}
	return s.Headline
}

// targets are what each product was judged for.
func targets(r Report) string {
	if sm := r.ServiceManagerTarget; sm != nil && sm.Product != r.Target.Product {
		return target(r.Target) + "; " + target(*sm)
	}
	return target(r.Target)
}

func target(t Target) string {
	text := fmt.Sprintf("%s %s (build %d)", t.ProductName, t.Version, t.Build)
	if t.Build == 0 {
		text = t.ProductName + " " + t.Version
	}
	switch t.Chosen {
	case ChosenNext:
		return text + ", chosen by default: the next one after what is installed"
	case ChosenNewest:
		return text + ", chosen by default: the newest that this site may update to"
	case ChosenNewestKnown:
		return text + ", chosen by default: the newest that siteready knows"
	default:
		return text
	}
}

func database(s discovery.Subject) string {
	switch {
	case s.SQLServer == "":
		return s.Database
	case s.Database == "":
		return "on " + s.SQLServer
	default:
		return s.Database + " on " + s.SQLServer
	}
}

// read says when, by what and as whom the facts were read.
func read(r Report) string {
	text := r.ReadAt.Format(clock)
	if r.Source.Kind == Live {
		text += " by " + r.Tool.Name + " " + r.Tool.Version
	}
	if r.Subject.Account == "" {
		return text
	}
	text += " as " + r.Subject.Account
	if !r.Subject.Elevated {
		text += ", not elevated"
	}
	return text
}

// nextStep is what to do now, in a phrase; where is the direction in which the reader finds
// what was found.
func nextStep(r Report, where string) string {
	var do string
	again := " " + where + ", then run siteready again"
	switch r.Verdict {
	case checks.Ready:
		do = "nothing that was checked stands in the way; on the day of the update run siteready again"
		if accepted(r) > 0 {
			do = "nothing that was checked stands in the way but what was waived; on the day of the update run siteready again"
		}
	case checks.WithWarnings:
		do = "look at " + the(r.Counts.Warning, "warning", "warnings") + again
	case checks.Blocked:
		do = "fix " + the(r.Counts.Failed, "failed check", "failed checks") + again
	default:
		do = "remove " + the(len(r.Causes), "cause", "causes") + again
		if len(r.Causes) == 0 {
			do = "run siteready on a site server"
			if r.Counts.Waived > 0 {
				do = "look at what was waived"
			}
			if r.Stopped != "" {
				do = "run siteready again, to its end"
			}
		}
	}
	if r.Subject.RunOn != "" {
		do = "run siteready on " + r.Subject.RunOn
	}
	if r.Counts.NotSelected > 0 && r.Counts.NotApplicable < r.Counts.Selected() {
		do += " with all checks"
	}
	return do
}

// next writes the last line: what to do now, and the exit code.
func (p *page) next(r Report) {
	do := nextStep(r, "above")
	if !p.Verbose {
		do += " (--verbose shows the evidence)"
	}
	p.line("")
	p.text("", fmt.Sprintf("Next: %s. Exit code %d: %s.", do, r.Exit.Code, r.Exit.Meaning))
}
