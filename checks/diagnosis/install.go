package diagnosis

import (
	"fmt"
	"strings"

	"siteready/checks/updates"
)

// installationHolds are what may hold an installation.
func (j *judge) installationHolds(line Line, whole updates.Row) []hold {
	var all []hold
	switch line.Code {
	case waitsForWindow:
		all = append(all, hold{Statement: Statement{
			Text: "the service window of the site, whose times siteready cannot read", Evidence: line.Says.Evidence[:1],
		}})
	case waitsForParent:
		all = append(all, j.parentHolds(line)...)
	case pendingRestart:
		all = append(all, j.restartHold(line))
	case serviceStopped, serviceFiles: // it stops to replace itself
		for _, h := range j.serviceHolds(line) {
			h.stops, h.late = false, true
			all = append(all, h)
		}
	default:
		all = append(all, j.serviceHolds(line)...)
	}
	all = append(all, j.blockers(line)...)
	for _, row := range j.reported(whole.Package) {
		if strings.EqualFold(row.Site, line.Site) && row.Recoveries > 1 {
			all = append(all, hold{Statement: Statement{
				fmt.Sprintf("the recovery count is %d: the update service may begin anew again and again (event 1000 of cmupdate.exe, security software)", row.Recoveries),
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

// parentHolds tells how far the parent of a site has come.
func (j *judge) parentHolds(line Line) []hold {
	parent := ""
	for _, site := range j.f.hierarchy.value {
		if strings.EqualFold(site.Site, line.Site) {
			parent = site.Parent
		}
	}
	for _, row := range j.reported(line.GUID) {
		if parent == "" || !strings.EqualFold(row.Site, parent) {
			continue
		}
		said, _ := updates.StateOf(row.State)
		evidence := []Evidence{{j.f.atSites.from, fmt.Sprintf("site %s: state %d", row.Site, row.State)}}
		if row.State == updates.Installed {
			return []hold{{Statement: Statement{fmt.Sprintf("the parent site %s is done, and this site has not heard of it", row.Site), evidence}, late: true}}
		}
		return []hold{{Statement: Statement{fmt.Sprintf("the parent site %s: %s", row.Site, said.Meaning), evidence}}}
	}
	return nil
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
	if line.Standing != Stuck || line.Stage != Installation || !ok || minutes > fresh || !j.local(line) {
		return Statement{}, false
	}
	return Statement{
		fmt.Sprintf("CMUpdate.log was last written %s ago, so it may still get on: see whether it says new things, or the same again", Span(minutes)),
		[]Evidence{last},
	}, true
}

// recently is how long ago, in minutes, a site may have reported for its post-installation to be followed.
const recently = 14 * 24 * 60

// afterInstallation makes lines of what has begun after an installation and not ended.
func (j *judge) afterInstallation() {
	for _, row := range j.f.stages.value {
		post := row.SubStage >= 0xe0000 && row.SubStage <= 0xeffff
		if !j.f.stages.known() || row.Package == "" || row.PackageState != updates.Installed || !post || row.SubStageMinutes > recently {
			continue
		}
		line := Line{
			Package: row.Name, GUID: row.Package, Site: row.Site, Stage: PostInstallation, Code: updates.Installed, Minutes: known(row.SubStageMinutes),
			Next:  "Hierarchy Manager and the site's components end it by themselves",
			Safe:  []string{"Wait; follow hman.log, sitecomp.log and smsexec.log of the site."},
			Avoid: avoid(PostInstallation),
		}
		if line.Package == "" {
			line.Package = row.Package
		}
		evidence := []Evidence{{j.f.stages.from, fmt.Sprintf("site %s: sub-stage 0x%x, %d unfinished, %d failed, last news %s ago", row.Site, row.SubStage, row.Unfinished, row.Failed, unchanged(row.SubStageMinutes))}}
		line.Says = Statement{"installed; " + subStage(row.SubStage) + " has begun and not ended", evidence}
		manner := runs
		if row.Failed > 0 {
			manner = stopped
			line.Says.Text = "installed; " + subStage(row.SubStage) + " failed"
			line.Next = "nothing happens by itself: read hman.log and CMUpdate.log of the site"
		}
		holds := j.executiveHolds(line)
		if !strings.EqualFold(row.Site, j.f.own()) {
			holds = append(holds, j.linkHolds(row.Site)...)
		}
		j.stand(&line, rule{PostInstallation, manner, postTakes, line.Next}, append(append(j.logHolds(line, row.Failed > 0), holds...), j.quietNote(line, hierarchyLog)...))
		j.out.Lines = append(j.out.Lines, line)
	}
}
