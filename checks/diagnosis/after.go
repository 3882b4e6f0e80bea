package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

// recently is how long ago, in minutes, a site may have reported for its post-installation to be followed.
const recently = 14 * 24 * 60

// isPost reports whether a sub-stage comes after the installation itself. The article has samples
// of 0xe0007 to 0xe0009.
func isPost(stage int64) bool { return stage >= 0xe0000 }

// afterInstallation makes lines of what has begun after an installation and not ended, also at a site
// that is done where others are not.
func (j *judge) afterInstallation() {
	for _, row := range j.f.stages.value {
		if !j.f.stages.known() || row.Package == "" || row.PackageState != updates.Installed && !j.isInstalledAt(row) {
			continue
		}
		failed := row.Failed > 0 && isPost(row.FailedStage) && row.FailedMinutes <= recently
		open := row.Unfinished > 0 && isPost(row.SubStage) && row.SubStageMinutes <= recently
		switch {
		case j.untoldStages():
			if row.Newest <= recently {
				j.out.Lines = append(j.out.Lines, j.untoldParts(row))
			}
		case failed || open:
			j.out.Lines = append(j.out.Lines, j.postLine(row, failed))
		}
	}
}

// isInstalledAt reports whether a site says that it has installed a package that is not done with.
func (j *judge) isInstalledAt(row stageRow) bool {
	return slices.ContainsFunc(j.reported(row.Package), func(at atSiteRow) bool {
		return strings.EqualFold(at.Site, row.Site) && at.State == updates.Installed
	})
}

// afterLine begins a line about a site that has installed a package.
func afterLine(row stageRow) Line {
	line := Line{Package: row.Name, GUID: row.Package, Site: row.Site, Stage: PostInstallation, Code: updates.Installed, Minutes: -1, Avoid: avoid(PostInstallation)}
	if line.Package == "" {
		line.Package = row.Package
	}
	return line
}

// postLine is the line of a site of which a part of post-installation has not ended.
func (j *judge) postLine(row stageRow, failed bool) Line {
	line := afterLine(row)
	line.Minutes = known(row.SubStageMinutes)
	line.Next = "Hierarchy Manager and the site's components end it by themselves"
	line.Safe = []string{"Wait; follow hman.log, sitecomp.log and smsexec.log of the site."}
	evidence := []Evidence{{j.f.stages.from, fmt.Sprintf("site %s: sub-stage 0x%x, %d unfinished, %d failed, last news %s ago", row.Site, max(row.SubStage, row.FailedStage), row.Unfinished, row.Failed, unchanged(row.Newest))}}
	line.Says = Statement{"installed; " + subStage(row.SubStage) + " has begun and not ended", evidence}
	manner := runs
	if failed {
		manner = stopped
		line.Minutes = known(row.FailedMinutes)
		line.Says.Text = "installed; " + subStage(row.FailedStage) + " failed"
		line.Next = "nothing happens by itself: read hman.log and CMUpdate.log of the site"
	}
	holds := j.executiveHolds(line)
	if !strings.EqualFold(row.Site, j.f.own()) {
		holds = append(holds, j.linkHolds(row.Site)...)
	}
	j.stand(&line, rule{PostInstallation, manner, postTakes, line.Next}, append(append(j.logHolds(line, failed), holds...), j.quietNote(line, hierarchyLog)...))
	return line
}

// untoldParts is the line of a site that has installed a package lately, where the database does not
// tell how far the parts of post-installation have come. Its logs may.
func (j *judge) untoldParts(row stageRow) Line {
	line := afterLine(row)
	line.Says = Statement{
		"installed; whether each part of post-installation has ended could not be checked",
		[]Evidence{{j.f.stages.from, fmt.Sprintf("site %s: last news %s ago; %s", row.Site, unchanged(row.Newest), row.lacks())}},
	}
	line.Next = "Hierarchy Manager and the site's components end what has not ended by themselves"
	line.Safe = []string{"Look in the console: Monitoring, Updates and Servicing Status, Show Status. Follow hman.log and sitecomp.log of the site."}
	line.Standing, line.Cause = Unknown, platform.Refuse(platform.ErrUnsupported, "%s", row.lacks())
	open, isOpen := j.openPart(line)
	for _, h := range j.logHolds(line, true) {
		switch {
		case isOpen && h.Evidence[0] == open:
			h.Text = "the log tells of a part that has not ended: " + h.Text
		case h.note:
			line.Also = append(line.Also, h.Statement)
			continue
		}
		line.Standing, line.Cause = Stuck, nil
		line.hold(h)
	}
	for _, h := range j.quietNote(line, hierarchyLog) {
		line.Also = append(line.Also, h.Statement)
	}
	return line
}

// openPart is the evidence of a log that a part of post-installation was begun and has not ended,
// where the log has one.
func (j *judge) openPart(line Line) (Evidence, bool) {
	if !j.local(line) {
		return Evidence{}, false
	}
	for _, name := range []string{hierarchyLog, updateLog} {
		log := j.f.logs[name]
		for _, failure := range log.value.Known {
			post := slices.ContainsFunc(failure.Lines, func(l platform.LogLine) bool { return strings.Contains(strings.ToLower(l.Text), "substageid=0xe") })
			if log.known() && failure.ID == openRule && !failure.Over && failure.Last != nil && post {
				return seenFailure{failure, name, log.from}.statement().Evidence[0], true
			}
		}
	}
	return Evidence{}, false
}

// openRule is the rule over several lines that a part was begun and has not ended for two hours.
const openRule = "ctx-substage-open"

// behind makes lines of sites whose version is of a build before that of the newest package that is
// called installed.
func (j *judge) behind() {
	newest, ok := j.newestInstalled()
	if !ok {
		return
	}
	whole := updates.Row{Package: newest.Package, Name: newest.Name, Version: newest.Version}
	add := func(site, place, has string, from platform.Question) {
		line := Line{
			Package: nameOf(whole), GUID: newest.Package, Version: newest.Version, Site: site, Stage: PostInstallation, Code: updates.Installed, Minutes: known(newest.Unchanged),
			Says: Statement{
				fmt.Sprintf("called installed (INSTALL_SUCCESS, %d), and %s says that the site has the version %s", updates.Installed, place, has),
				[]Evidence{
					{j.f.installed.from, fmt.Sprintf("state %d, version %s, unchanged for %s", updates.Installed, newest.Version, unchanged(newest.Unchanged))},
					{from, place + ": " + has},
				},
			},
			Next:  "the site's record gets the new version by replication, where the site is another",
			Safe:  []string{"Wait; compare the site's versions: siteready check --only site.versions,site.hierarchy. Where they stay apart, open a support case with Microsoft."},
			Avoid: avoid(PostInstallation),
		}
		holds := j.logHolds(line, true)
		if !strings.EqualFold(site, j.f.own()) {
			holds = append(holds, j.linkHolds(site)...)
		}
		j.stand(&line, rule{PostInstallation, runs, newsTakes, line.Next}, holds)
		j.out.Lines = append(j.out.Lines, line)
	}
	own := j.f.packages[0].SiteVersion
	switch {
	case newer(newest.Version, own):
		add(j.f.own(), "Sites.Version", own, j.f.from)
	case !j.f.remote && newer(newest.Version, j.f.site.Version.String()):
		add(j.f.own(), "the registry", j.f.site.Version.String(), registryVersion().Question)
	}
	for _, site := range j.f.hierarchy.value {
		if j.f.hierarchy.known() && site.Own != 1 && site.Type != typeSecondary && j.top() && newer(newest.Version, site.Version) {
			add(site.Site, "v_Site.Version", site.Version, j.f.hierarchy.from)
		}
	}
}

// newestInstalled is the installed package of the latest build; ok is false where there is none.
func (j *judge) newestInstalled() (newest installedRow, ok bool) {
	if !j.f.installed.known() || j.f.installed.value[0].Package == "" {
		return installedRow{}, false
	}
	for _, row := range j.f.installed.value {
		if _, err := version.Parse(row.Version); err == nil && (!ok || newer(row.Version, newest.Version)) {
			newest, ok = row, true
		}
	}
	if !ok {
		j.gap("whether the sites have the version of what is installed", got[any]{err: platform.Refuse(platform.ErrUnsupported,
			"%s names no version of any of %s", j.f.installed.from, count(j.f.installed.value[0].Listed, "installed package", "installed packages")), from: j.f.installed.from})
	}
	return newest, ok
}

// registryVersion is the question by which the site is found.
func registryVersion() platform.Query[platform.Text] {
	return platform.ReadText(`HKLM\SOFTWARE\Microsoft\SMS\Setup`, "Full Version")
}
