package compare

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"siteready/checks/discovery"
	"siteready/report"
)

// notes say what makes two reports hard to compare.
func notes(a, b report.Report) []string {
	notes := []string{}
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case a.RunID == b.RunID && a.RunID != "":
		add("Both are the same run.")
	case b.ReadAt.Before(a.ReadAt):
		add("The facts of the second are older than those of the first: what is called new and fixed here is the wrong way round.")
	}
	switch x, y := place(a), place(b); {
	case x == "" || y == "":
		add("What one of them looked at could not be read: they may be of different machines.")
	case !strings.EqualFold(x, y):
		add("The two runs looked at different machines, %s and %s: what one found says nothing about the other.", x, y)
	case !strings.EqualFold(a.Subject.SiteCode, b.Subject.SiteCode):
		add("The two runs looked at different sites, %s and %s.", cmp.Or(a.Subject.SiteCode, "none"), cmp.Or(b.Subject.SiteCode, "none"))
	}
	if x, y := database(a), database(b); a.Subject.Role != discovery.Remote && x != "" && y != "" && !strings.EqualFold(x, y) {
		add("The database was %s, and is %s in the second.", x, y)
	}
	if x, y := run(a).Version, run(b).Version; x != y {
		add("The site was of version %q, and is of %q in the second.", x, y)
	}
	if x, y := run(a).Target, run(b).Target; x != y {
		add("They judged for different releases, %s and %s: what they ask for may differ.", x, y)
	}
	if x, y := a.JudgedFor.Sub(a.ReadAt), b.JudgedFor.Sub(b.ReadAt); x != y {
		add("Forecasts were made for %s and for %s.", when(a.JudgedFor), when(b.JudgedFor))
	}
	if a.Subject.Account != "" && b.Subject.Account != "" && !strings.EqualFold(a.Subject.Account, b.Subject.Account) {
		add("They ran as %s and as %s, which may be allowed to see different things.", a.Subject.Account, b.Subject.Account)
	}
	if a.Subject.Elevated != b.Subject.Elevated {
		add("Only one of them ran with an administrator's rights.")
	}
	if a.Tool.Version != b.Tool.Version {
		add("They were made by siteready %s and %s: what a check looks at may differ.", a.Tool.Version, b.Tool.Version)
	}
	for _, one := range []struct {
		which string
		r     report.Report
	}{{"earlier", a}, {"later", b}} {
		if one.r.Stopped != "" {
			add("The %s run ended early: %s. What it had not looked at by then could not be checked.", one.which, one.r.Stopped)
		}
	}
	return notes
}

// aside says why two runs may not be of one thing, so that nothing is fixed or new between them;
// empty when they are. Another version of the site is no such reason.
func aside(a, b report.Report) string {
	switch {
	case a.RunID == b.RunID && a.RunID != "":
		return ""
	case place(a) == "" || place(b) == "":
		return "which machine one of the runs was of is not known"
	case !strings.EqualFold(place(a), place(b)) || !strings.EqualFold(a.Subject.SiteCode, b.Subject.SiteCode):
		return "the later run was of another machine or site"
	case run(a).Target != run(b).Target:
		return "the later run judged for another release"
	default:
		return ""
	}
}

// place is what a run looked at: a machine, or a database that was named; empty when it is not known.
func place(r report.Report) string {
	if r.Subject.Role == discovery.Remote {
		return database(r)
	}
	return r.Subject.Computer
}

// database is that of the site, with its server; empty when it is not known.
func database(r report.Report) string {
	if r.Subject.Database == "" {
		return ""
	}
	return r.Subject.SQLServer + "/" + r.Subject.Database
}

func when(t time.Time) string { return t.UTC().Format(report.Clock) }
