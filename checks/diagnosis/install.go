package diagnosis

import (
	"fmt"
	"strings"

	"siteready/checks/servers"
	"siteready/checks/updates"
	"siteready/platform"
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
		all = append(all, hold{Statement: Statement{Text: "the restart of the server", Evidence: line.Says.Evidence[:1]}, stops: true})
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
	return append(all, j.quietHold(line, updateLog)...)
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
			fmt.Sprintf("session %d in the site database: %s; the update service waits for it since %s", row.Session, who, span(minutes)),
			[]Evidence{{j.f.blocked.from, fmt.Sprintf("session %d, program %q, waited %d seconds", row.Session, row.Program, row.Waited)}},
		}, stops: minutes > j.limit(blockedTakes)})
	}
	return all
}

// fresh is how recently CMUpdate.log must have been written for the update service to be at work.
const fresh = 30

// progress tells that what is late may still get on: the log of the update service is being written.
func (j *judge) progress(line Line) []Statement {
	minutes, from, ok := j.quiet(updateLog)
	if line.Standing != Stuck || line.Stage != Installation || !ok || minutes > fresh || !j.local(line) {
		return nil
	}
	return []Statement{{
		"CMUpdate.log is still being written, so it may still get on: see whether it says new things, or the same again",
		[]Evidence{{from, "last written " + j.f.files[updateLog].value.Modified.Format(clock)}},
	}}
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
		j.stand(&line, rule{PostInstallation, manner, postTakes, line.Next}, append(holds, j.quietHold(line, hierarchyLog)...))
		j.out.Lines = append(j.out.Lines, line)
	}
}

// setAside tells of packages that are newer than the site, and that the console does not show.
func (j *judge) setAside() {
	if !j.f.setAside.known() {
		return
	}
	first := j.f.setAside.value[0]
	if first.Package != "" {
		j.out.Counts.SetAside = first.Listed
	} else {
		j.out.Counts.SetAside = 0
	}
	own := j.f.packages[0].SiteVersion
	for _, row := range j.f.setAside.value {
		if row.Package == "" || !newer(row.Version, own) {
			continue
		}
		state, _ := updates.StateOf(row.State)
		line := Line{
			Package: row.Name, GUID: row.Package, Version: row.Version, Stage: Applicability, Standing: Rests, Code: row.State, Minutes: -1,
			Says: Statement{
				fmt.Sprintf("%s (%s, %d), though it is newer than the site", state.Meaning, state.Name, state.Code),
				[]Evidence{{j.f.setAside.from, fmt.Sprintf("state %d, version %s", row.State, row.Version)}},
			},
			Next: nextNothing,
			Safe: []string{"That is normal where the site is too old for it, or a newer package takes its place. Where it should apply, compare the site's versions: siteready --only site.versions."},
		}
		if line.Package == "" {
			line.Package = row.Package
		}
		j.out.Lines = append(j.out.Lines, line)
	}
	listed(j, "the packages that are hidden or do not apply", j.f.setAside, first.Listed, maxSetAside, first.Package == "")
}

// synchronization is the line about how packages come here. It belongs to the top-level site.
func (j *judge) synchronization() {
	if !j.top() || !j.f.points.known() {
		return
	}
	rows := j.f.points.value
	line := Line{
		Package: "all updates", Site: j.f.own(), Stage: Synchronization, Code: -1, Minutes: -1, Standing: Rests,
		Next: "the service connection point looks for updates every 24 hours",
		Safe: []string{"Check for updates in the console: Administration, Updates and Servicing."},
	}
	about := func(text string) { line.Says = Statement{text, []Evidence{{j.f.points.from, pointsFound(rows)}}} }
	none := j.f.packages[0].Packages == 0
	point, one := j.f.point()
	switch {
	case len(rows) == 1 && rows[0].Server == "":
		about("the site has no service connection point, and no update comes here")
		line.Standing, line.Next = Stuck, "nothing happens by itself"
		line.Safe = []string{"Add the role service connection point to a server of the top-level site."}
	case !one:
		about("the site has more than one service connection point")
		line.Standing = Unknown
		line.Cause = platform.Refuse(platform.ErrUnsupported, "the database knows %d service connection points, and a hierarchy supports one", rows[0].Points)
	case point.Offline == 1:
		about("the service connection point on " + point.Server + " is offline")
		line.Next = "nothing by itself: what is new comes with the service connection tool"
		line.Safe = []string{"Prepare, connect and import with the service connection tool; ServiceConnectionTool.log lies beside it."}
		if none {
			line.Standing = Stuck
			line.Held = []Statement{{"nothing was imported yet", []Evidence{{j.f.from, "0 packages"}}}}
		}
	case point.Offline != 0:
		about("whether the service connection point on " + point.Server + " is online is not said")
		line.Standing = Unknown
		line.Cause = platform.Refuse(platform.ErrUnsupported, "%s does not say whether the service connection point on %s is online (%d)", j.f.points.from, point.Server, point.Offline)
	default:
		about("the service connection point on " + point.Server + " is online")
		j.online(&line, point, none)
	}
	if line.Standing == Stuck {
		line.Avoid = avoid(Synchronization)
	}
	j.out.Lines = append(j.out.Lines, line)
}

// online looks at what a service connection point that is online leaves behind.
func (j *judge) online(line *Line, point servers.Point, none bool) {
	holds := append(j.executiveHolds(*line), j.boxHolds(*line, forwarded, notices)...)
	if j.f.pointIsHere(point) {
		log := j.f.files[downloaderLog]
		minutes, from, ok := j.quiet(downloaderLog)
		switch {
		case ok && minutes > j.limit(silentTakes):
			holds = append(holds, hold{Statement: Statement{
				fmt.Sprintf("the downloader has written nothing to dmpdownloader.log for %s (our threshold is %s)", span(minutes), span(j.limit(silentTakes))),
				[]Evidence{{from, "last written " + log.value.Modified.Format(clock)}},
			}, stops: true})
		case log.asked && log.err == nil && !log.found:
			line.Standing = Unknown
			line.Cause = platform.Refuse(platform.ErrAbsent, "%s is not there, so it is not known whether the downloader works", log.from.Where)
		}
	}
	for _, h := range holds {
		line.Standing, line.Held = Stuck, append(line.Held, h.Statement)
		line.Cause = nil
	}
	if none && line.Standing == Rests {
		line.Standing = Waits
		line.Says.Text += ", and nothing was synchronized yet"
		line.Says.Evidence = append(line.Says.Evidence, Evidence{j.f.from, "0 packages"})
	}
}

func pointsFound(rows []servers.Point) string {
	var said []string
	for _, row := range rows {
		if row.Server != "" {
			said = append(said, fmt.Sprintf("%s: offline %d", row.Server, row.Offline))
		}
	}
	if len(said) == 0 {
		return "none"
	}
	return strings.Join(said, ", ")
}
