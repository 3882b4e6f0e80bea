package diagnosis

import (
	"fmt"
	"strings"

	"siteready/checks/updates"
)

// installationHolds are what may hold an installation.
func (j *judge) installationHolds(line Line, whole updates.Row) []hold {
	var all []hold
	if line.Code != pendingRestart {
		all = j.serviceHolds(line)
	}
	switch line.Code {
	case waitsForWindow:
		all = append(all, hold{Statement: Statement{
			Text: "the service window of the site, whose times siteready cannot read", Evidence: line.Says.Evidence[:1],
		}})
	case waitsForParent:
		all = append(all, j.parentHolds(line)...)
	case pendingRestart:
		all = append(all, j.restartHold(line))
	}
	all = append(all, j.blockers(line)...)
	for _, row := range j.reported(whole.Package) {
		if strings.EqualFold(row.Site, line.Site) && row.Recoveries > 1 {
			all = append(all, hold{Statement: Statement{
				fmt.Sprintf("the recovery count is %d: the update service may begin anew again and again", row.Recoveries),
				[]Evidence{{j.f.atSites.from, fmt.Sprintf("site %s: recovery count %d", row.Site, row.Recoveries)}},
			}, late: true})
		}
	}
	return append(all, j.quietNote(line, updateLog)...)
}

// restartHold tells of the restart that is missing, or was made and did not help.
func (j *judge) restartHold(line Line) hold {
	h := hold{Statement: Statement{Text: "the restart of the server", Evidence: line.Says.Evidence[:1]}, stops: true}
	if !j.local(line) || !j.f.boot.known() || line.Minutes < 0 {
		return h
	}
	h.Evidence = append(h.Evidence, Evidence{j.f.boot.from, "Windows was started " + j.f.boot.value.At.Format(clock)})
	if up := int64(j.f.ReadAt.Sub(j.f.boot.value.At).Minutes()); up < line.Minutes {
		h.Text = fmt.Sprintf("nothing that was found: Windows was started %s ago, after the state was set, and the state is still there; read CMUpdate.log", Span(up))
	}
	return h
}

// parentOf is what the parent of a line's site has reported on the package.
func (j *judge) parentOf(line Line) (atSiteRow, bool) {
	parent := ""
	for _, site := range j.f.hierarchy.value {
		if j.f.hierarchy.known() && strings.EqualFold(site.Site, line.Site) {
			parent = site.Parent
		}
	}
	for _, row := range j.reported(line.GUID) {
		if parent != "" && strings.EqualFold(row.Site, parent) {
			return row, true
		}
	}
	return atSiteRow{}, false
}

// parentHolds tells how far the parent of a site has come.
func (j *judge) parentHolds(line Line) []hold {
	row, found := j.parentOf(line)
	if !found {
		return nil
	}
	said, documented := updates.StateOf(row.State)
	if !documented {
		said.Meaning = "its state is not known here"
	}
	evidence := []Evidence{{j.f.atSites.from, fmt.Sprintf("site %s: state %d, unchanged for %s", row.Site, row.State, unchanged(row.Unchanged))}}
	if row.State == updates.Installed {
		unheard := hold{Statement: Statement{fmt.Sprintf("the parent site %s is done, and this site has not heard of it", row.Site), evidence}, late: true}
		if strings.EqualFold(line.Site, j.f.own()) {
			return append([]hold{unheard}, j.linkHolds(line.Site)...)
		}
		return []hold{unheard} // holds has the links of other sites
	}
	return []hold{{Statement: Statement{fmt.Sprintf("the parent site %s: %s", row.Site, said.Meaning), evidence}}}
}

// blockers are the sessions in the site database that the update service waits for.
func (j *judge) blockers(line Line) []hold {
	if !j.f.blocked.known() || !j.local(line) {
		return nil
	}
	var all []hold
	for _, row := range j.f.blocked.value {
		if row.Session == 0 {
			continue
		}
		who := row.Program
		switch {
		case row.Session < 0:
			who = "a transaction without a session"
		case who == "":
			who = "a program without a name"
		}
		if row.Host != "" {
			who += " on " + row.Host
		}
		if row.Login != "" {
			who += " as " + row.Login
		}
		minutes := row.Waited / 60
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("session %d in the site database: %s; the update service has waited for it for %s", row.Session, who, Span(minutes)),
			[]Evidence{{j.f.blocked.from, fmt.Sprintf("session %d, program %q, waited %d seconds", row.Session, row.Program, row.Waited)}},
		}, stops: minutes > j.limit(blockedTakes)})
	}
	return all
}

// fresh is how recently CMUpdate.log must have been written for the update service to be at work.
const fresh = 30

// progress tells that what is late may still get on: the log of the update service is being written.
func (j *judge) progress(line Line) (Statement, bool) {
	minutes, last, ok := j.quiet(updateLog)
	if line.Standing != Stuck || line.Stage != Installation || !ok || minutes > fresh || minutes < -clocksApart || !j.local(line) {
		return Statement{}, false
	}
	return Statement{
		fmt.Sprintf("CMUpdate.log was last written %s ago, so it may still get on: see whether it says new things, or the same again", Span(minutes)),
		[]Evidence{last},
	}, true
}
