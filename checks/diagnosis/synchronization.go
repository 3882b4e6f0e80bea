package diagnosis

import (
	"fmt"
	"strings"

	"siteready/checks/servers"
	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

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
		line.Safe = []string{
			"Prepare, connect and import with the service connection tool; ServiceConnectionTool.log lies beside it.",
			"Before an import, look whether ConfigMgr.Update.Manifest.enc is among what was downloaded: where it is not, read the log of the step connect.",
		}
		j.offline(&line, point)
		if none {
			line.Standing = Stuck
			line.Held = []Statement{{"nothing was imported yet", []Evidence{{j.f.from, "0 packages"}}}}
		}
	case point.Offline != 0:
		about("whether the service connection point on " + point.Server + " is online is not said")
		line.Standing = Unknown
		line.Cause = platform.Refuse(platform.ErrUnsupported, "%s does not say whether the service connection point on %s is online (%d)", j.f.points.from, point.Server, point.Offline)
	default:
		elsewhere := ""
		if !j.f.pointIsHere(point) {
			elsewhere = "; what it logs lies there, and was not looked at"
		}
		about("the service connection point on " + point.Server + " is online" + elsewhere)
		j.online(&line, point, none)
	}
	if line.Standing == Stuck {
		line.Avoid = avoid(Synchronization)
	}
	j.out.Lines = append(j.out.Lines, line)
}

// offline looks at what the import leaves behind on a service connection point that is offline.
func (j *judge) offline(line *Line, point servers.Point) {
	holds := append(append(j.boxHolds(*line, forwarded, notices), j.executiveHolds(*line)...), j.manifestHolds(*line)...)
	if !j.f.pointIsHere(point) {
		line.Says.Text += "; what the tool leaves there was not looked at"
	}
	for _, h := range append(append(holds, j.logHolds(*line, true)...), j.toolNote(*line)...) {
		if h.note || h.late {
			line.Also = append(line.Also, h.Statement)
			continue
		}
		line.Standing = Stuck
		line.hold(h)
	}
}

// manifestFailure is what Hierarchy Manager logs where the manifest, which tells which packages
// apply, is not whole. No package has a state for that.
const manifestFailure = "appl-open-check-file"

// manifestHolds tells what keeps Hierarchy Manager from taking the manifest, of the last day: it is
// brought each day. What else failed there may help.
func (j *judge) manifestHolds(line Line) []hold {
	holds := j.failuresIn(line, []string{hierarchyLog}, j.f.ReadAt.Add(-beforeFailure))
	for i := range holds {
		about := strings.Contains(strings.ToLower(holds[i].Evidence[0].Found), "applicabilitychecks") // any file may be missing
		holds[i].note = holds[i].note || holds[i].id != manifestFailure || !about
	}
	return holds
}

// toolNote tells when the service connection tool last ran here, where its log lies where it came with the site.
func (j *judge) toolNote(line Line) []hold {
	log := j.f.logs[toolLog]
	switch {
	case !log.asked || log.err != nil:
		return nil
	case !log.found:
		return []hold{{Statement: Statement{
			"the service connection tool has left no log where it came with the site, so it ran elsewhere or not yet", []Evidence{{log.from, "no file " + log.from.Where}},
		}, note: true}}
	case log.value.Last == nil:
		return []hold{{Statement: Statement{
			"when the service connection tool last ran is not told by its log: read it", []Evidence{{log.from, fmt.Sprintf("%s, %d lines, none of them with a time", toolLog, log.value.Lines)}},
		}, note: true}}
	}
	return j.quietNote(line, toolLog)
}

// online looks at what a service connection point that is online leaves behind.
func (j *judge) online(line *Line, point servers.Point, none bool) {
	holds := j.boxHolds(*line, forwarded, notices)
	holds = append(holds, j.executiveHolds(*line)...)
	if j.f.pointIsHere(point) {
		log := j.f.logs[downloaderLog]
		minutes, last, ok := j.quiet(downloaderLog)
		switch {
		case ok && minutes > j.limit(silentTakes):
			holds = append(holds, hold{Statement: Statement{
				fmt.Sprintf("the downloader has written nothing to dmpdownloader.log for %s, longer than %s", Span(minutes), j.said(silentTakes)),
				[]Evidence{last},
			}, stops: true})
		case ok && minutes < -clocksApart:
			line.Standing = Unknown
			line.Cause = platform.Refuse(platform.ErrMalformed, "the last line of %s is of a time in the future (%s), so it is not known whether the downloader works", log.from.Where, last.Found)
		case log.asked && log.err == nil && !log.found:
			line.Standing = Unknown
			line.Cause = platform.Refuse(platform.ErrAbsent, "%s is not there, so it is not known whether the downloader works", log.from.Where)
		}
	}
	holds = append(holds, j.manifestHolds(*line)...)
	if j.f.pointIsHere(point) && !j.f.loads() { // what is logged then is told of the download
		holds = append(holds, j.logHolds(*line, true)...)
	}
	for _, h := range holds {
		if h.note || h.late {
			line.Also = append(line.Also, h.Statement)
			continue
		}
		line.Standing, line.Cause = Stuck, nil
		line.hold(h)
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
			Safe: []string{"That is normal where the site is too old for it, or a newer package takes its place. Where it should apply, compare the site's versions: siteready check --only site.versions. hman.log says why it does not: SQL MESSAGE, before the line with its GUID."},
		}
		if line.Package == "" {
			line.Package = row.Package
		}
		if disagree, does := j.versionsDisagree(); does && row.State == updates.NotApplicable {
			line.Standing, line.Held, line.Avoid = Stuck, []Statement{disagree}, avoid(Applicability)
			line.Next = "nothing happens by itself: packages that should apply are taken for not applicable"
			line.Safe = []string{"Open a support case with Microsoft. A package that is newer still may apply all the same: try that one first."}
		}
		j.out.Lines = append(j.out.Lines, line)
	}
	listed(j, "the packages that are hidden or do not apply", j.f.setAside, first.Listed, maxSetAside, first.Package == "")
}

// versionsDisagree says that the places that know the site's version do not have one build. The
// article takes that for the usual reason why a package that should apply does not.
func (j *judge) versionsDisagree() (Statement, bool) {
	if !j.f.versions.known() || len(j.f.versions.value) == 0 {
		return Statement{}, false
	}
	row := j.f.versions.value[0]
	places := []struct{ name, text string }{
		{"fnCurrentSiteVersion", row.Current},
		{"fnSetupFullVersion", row.Setup},
		{"Sites.Version", row.Listed},
		{"fnCurrentSiteVersion_INT", fmt.Sprintf("%d.0.%d", row.Number/1000000, row.Number%10000)},
	}
	if !j.f.remote {
		places = append(places, struct{ name, text string }{"the registry", j.f.site.Version.String()})
	}
	if p := j.f.program; p.known() && p.value.Version != nil {
		places = append(places, struct{ name, text string }{"smsexec.exe", *p.value.Version})
	}
	builds, said := map[uint32]bool{}, []string{}
	for _, place := range places {
		v, err := version.Parse(place.text)
		if err != nil {
			j.gap("the versions of the site", got[any]{err: platform.Refuse(platform.ErrMalformed, "%s is %q, which is no version", place.name, place.text), from: j.f.versions.from})
			return Statement{}, false
		}
		builds[v.Part(2)] = true
		said = append(said, fmt.Sprintf("%s has %d", place.name, v.Part(2)))
	}
	evidence := []Evidence{{j.f.versions.from, strings.Join(said, ", ")}}
	if !j.f.remote {
		evidence = append(evidence, Evidence{registryVersion().Question, j.f.site.Version.String()})
	}
	if p := j.f.program; p.known() && p.value.Version != nil {
		evidence = append(evidence, Evidence{p.from, "version " + *p.value.Version})
	}
	return Statement{"the places that know the site's version disagree: " + strings.Join(said, ", "), evidence}, len(builds) > 1
}
