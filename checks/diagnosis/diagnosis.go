package diagnosis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

// Stage is a part of the way of an update.
type Stage string

// The stages, in the order of the way.
const (
	Synchronization  Stage = "synchronization"
	Applicability    Stage = "applicability check"
	Download         Stage = "download"
	Replication      Stage = "replication"
	Prerequisites    Stage = "prerequisite check"
	Installation     Stage = "installation"
	PostInstallation Stage = "post-installation"
	NotKnown         Stage = "a stage that is not known"
)

// Standing says how an update stands.
type Standing int

// The standings. Unknown is zero, so that a forgotten one is never good.
const (
	Unknown Standing = iota // could not look
	Rests                   // nothing is under way
	Waits                   // under way, and in time
	Stuck                   // it does not go on by itself, or takes longer than it should
)

// String is the standing in words.
func (s Standing) String() string {
	switch s {
	case Rests:
		return "at rest"
	case Waits:
		return "under way"
	case Stuck:
		return "stuck"
	default:
		return "could not look"
	}
}

// ExitCode is that of the command: as with a report, worse wins, and "could not look" has 3.
func (s Standing) ExitCode() int {
	switch s {
	case Rests:
		return 0
	case Waits:
		return 1
	case Stuck:
		return 2
	default:
		return 3
	}
}

// weight orders standings from good to bad.
func (s Standing) weight() int {
	switch s {
	case Rests:
		return 0
	case Waits:
		return 1
	case Stuck:
		return 3
	default:
		return 2
	}
}

func worse(a, b Standing) Standing {
	if b.weight() > a.weight() {
		return b
	}
	return a
}

// Evidence is a question, and what of its answer a statement stands on.
type Evidence struct {
	Question platform.Question
	Found    string
}

// Statement is a sentence with its evidence.
type Statement struct {
	Text     string
	Evidence []Evidence
}

// Line is one update package, as a whole or at one site.
type Line struct {
	Package  string // its name, or its GUID where it has none
	GUID     string // empty for what is about all packages
	Version  string // 5.00.nnnn.mmmm; empty when not known
	Site     string // code; empty for the package as a whole
	Stage    Stage
	Standing Standing
	Code     int64              // state; -1 without one
	Minutes  int64              // in this state; negative when not known
	Says     Statement          // what the state says
	Next     string             // what should happen next
	Held     []Statement        // what holds it, the surest first
	Also     []Statement        // what else was seen, which may help
	Safe     []string           // what may be done now
	Avoid    []string           // what must not be done now
	Cause    *platform.NoAnswer // why its standing is not known; nil for the others
}

// Name is the package, with its site.
func (l Line) Name() string {
	if l.Site == "" {
		return l.Package
	}
	return l.Package + ", site " + l.Site
}

// String is the line in one sentence: what stands where, since when, and what holds it.
func (l Line) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s", l.Name(), l.Standing, l.Stage)
	if l.Minutes >= 0 && l.Standing != Rests {
		b.WriteString(", for " + Span(l.Minutes))
	}
	if l.Says.Text != "" {
		b.WriteString(": " + l.Says.Text)
	}
	if l.Cause != nil {
		b.WriteString("; " + l.Cause.Cause)
	}
	if len(l.Held) > 0 {
		b.WriteString("; held by: " + l.Held[0].Text)
	}
	return b.String()
}

// Gap is what could not be looked at.
type Gap struct {
	What  string
	Cause *platform.NoAnswer
	From  platform.Question
}

// Diagnosis is all that can be said of the updates of a site.
type Diagnosis struct {
	ReadAt   time.Time
	Subject  discovery.Subject
	Site     string // code; empty when not known
	Standing Standing
	Summary  string
	Lines    []Line // the worst first
	Counts   Counts
	Gaps     []Gap
}

// Counts are the packages by what has become of them; -1 where that is not known.
type Counts struct{ Packages, Installed, SetAside int64 }

// Diagnose gathers and judges. Thresholds replace the defaults of Settings; nil keeps them.
func Diagnose(ctx context.Context, s *platform.Session, stated checks.Stated, thresholds checks.Settings) Diagnosis {
	return Judge(Gather(ctx, s, stated), thresholds)
}

// Span writes minutes for people.
func Span(minutes int64) string {
	switch {
	case minutes == 1:
		return "1 minute"
	case minutes < 120:
		return fmt.Sprintf("%d minutes", max(minutes, 0))
	case minutes < 48*60:
		return fmt.Sprintf("%d hours", (minutes+30)/60)
	}
	return fmt.Sprintf("%d days", (minutes+12*60)/(24*60))
}

// count writes a number of things.
func count(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
