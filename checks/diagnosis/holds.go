package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks/updates"
	"siteready/platform"
)

// local reports whether what this machine and this database tell of themselves is about the line:
// it is of their own site, or of the top-level site's part, and this is the top-level site.
func (j *judge) local(line Line) bool {
	if line.Site != "" {
		return strings.EqualFold(line.Site, j.f.own())
	}
	return j.top()
}

// top reports whether the site has no parent, as far as is known.
func (j *judge) top() bool {
	if !j.f.remote {
		return j.f.site.Parent == ""
	}
	return j.f.hierarchy.known() && j.f.hierarchy.value[0].Own == 1 && j.f.hierarchy.value[0].Parent == ""
}

// holds are what may hold a package in its state.
func (j *judge) holds(line Line, whole updates.Row) []hold {
	r, _ := ruleOf(line.Code, whole.Flag)
	all := j.logHolds(line, r.manner == stopped)
	switch line.Stage {
	case Applicability:
		all = append(all, j.executiveHolds(line)...)
		all = append(all, j.boxHolds(line, forwarded, notices)...)
		if disagree, does := j.versionsDisagree(); does {
			all = append(all, hold{Statement: disagree, late: true})
		}
	case Download:
		all = append(all, j.executiveHolds(line)...)
		all = append(all, j.downloadHolds(line)...)
	case Replication:
		all = append(all, j.replicationHolds(line, whole)...)
		if line.Code == contentReplicated {
			all = append(all, j.serviceHolds(line)...)
		}
	case Prerequisites:
		all = append(all, j.serviceHolds(line)...)
		all = append(all, j.checkerHolds(line)...)
		if line.Code == prereqRunning { // the article: most often the content has not arrived
			for _, h := range j.copyHolds(line) {
				h.late = true
				all = append(all, h)
			}
		}
	case Installation:
		all = append(all, j.installationHolds(line, whole)...)
	}
	if line.Site != "" && !strings.EqualFold(line.Site, j.f.own()) {
		all = append(all, j.linkHolds(line.Site)...)
	}
	if row, found := j.stageOf(line.GUID, line.Site); found && row.Failed > 0 {
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("site %s has reported that %s failed", row.Site, subStage(row.SubStage)),
			[]Evidence{{j.f.stages.from, fmt.Sprintf("site %s: %d failed, sub-stage 0x%x", row.Site, row.Failed, row.SubStage)}},
		}, late: true})
	}
	return all
}

// subStages are the parts of an installation that Microsoft's article names in its samples of logs.
var subStages = map[int64]string{
	0xb0001: "the replication of the package", 0xd0005: "the extraction of the content", 0xd0006: "the work on the redistributables",
	0xd0007: "the wait for the update service and the service window", 0xd001a: "the work on the packages for operating systems",
	0xe0007: "the work on the client's pre-production package", 0xe0008: "the work on the client package", 0xe0009: "the work on the client upgrade package",
}

func subStage(id int64) string {
	if name, known := subStages[id]; known {
		return fmt.Sprintf("%s (sub-stage 0x%x)", name, id)
	}
	if id < 0 {
		return "a part without a name"
	}
	return fmt.Sprintf("sub-stage 0x%x", id)
}

// serviceHolds says that a service does not run that must.
func (j *judge) runningHolds(line Line, name string, without string) []hold {
	service := j.f.services[name]
	if !j.local(line) || !service.asked || service.err != nil || service.found && service.value.State == "running" {
		return nil
	}
	state := "not installed"
	if service.found {
		state = service.value.State
	}
	return []hold{{Statement: Statement{
		fmt.Sprintf("the service %s on this server is %s, and %s", name, strings.ReplaceAll(state, "_", " "), without),
		[]Evidence{{service.from, "state " + state}},
	}, stops: true}}
}

func (j *judge) executiveHolds(line Line) []hold {
	return j.runningHolds(line, executive, "the site's components do not work without it")
}

func (j *judge) serviceHolds(line Line) []hold {
	return j.runningHolds(line, updateService, "it does the check and the installation")
}

// boxHolds says which inboxes are not worked off.
func (j *judge) boxHolds(line Line, which ...string) []hold {
	if !j.local(line) {
		return nil
	}
	var all []hold
	for _, box := range boxes {
		folder := j.f.folders[box.what]
		if !slices.Contains(which, box.what) || !folder.known() || folder.value.Oldest == nil || folder.value.Files == 0 {
			continue
		}
		if age := int64(j.f.ReadAt.Sub(*folder.value.Oldest).Minutes()); age > j.limit(inboxTakes) {
			all = append(all, hold{Statement: Statement{
				fmt.Sprintf("%s lie in %s, the oldest for %s, longer than %s", box.what, box.path, Span(age), j.said(inboxTakes)),
				[]Evidence{{folder.from, fmt.Sprintf("%d files, the oldest of %s", folder.value.Files, folder.value.Oldest.Format(clock))}},
			}, stops: true})
		}
	}
	return all
}

const clock = "2006-01-02 15:04 UTC"

func (j *judge) downloadHolds(line Line) []hold {
	all := j.boxHolds(line, forwarded, notices)
	point, one := j.f.point()
	if one && point.Offline == 1 {
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("the service connection point on %s is offline: what is missing must be brought with the service connection tool", point.Server),
			[]Evidence{{j.f.points.from, fmt.Sprintf("%s: offline %d", point.Server, point.Offline)}},
		}})
	}
	if one && j.f.pointIsHere(point) {
		all = append(all, j.quietNote(line, downloaderLog)...)
	}
	return all
}

// payloadHold says that the files of a package are not where they must be. Zero files in the folder
// redist are told only where that folder is there: hotfixes have none.
func (j *judge) payloadHold(whole updates.Row, code int64) (Statement, bool) {
	folder, redist := j.f.payloads[whole.Package], j.f.redists[whole.Package]
	if !needsPayload(updates.Row{State: code}) || updates.Superseded(whole) {
		return Statement{}, false
	}
	tell := func(text string, g got[platform.Folder]) (Statement, bool) {
		found := "no such folder"
		if g.found {
			found = fmt.Sprintf("%d files", g.value.Files)
		}
		return Statement{text, []Evidence{{g.from, found}}}, true
	}
	switch {
	case folder.asked && folder.err == nil && !folder.found:
		return tell("the folder with its payload is not on the service connection point", folder)
	case redist.known() && redist.value.Files == 0:
		return tell("the folder with its redistributables is empty", redist)
	}
	return Statement{}, false
}

func (j *judge) replicationHolds(line Line, whole updates.Row) []hold {
	all := j.executiveHolds(line)
	if line.Code == updates.Enabled {
		if h, missing := j.payloadHold(whole, line.Code); missing {
			all = append(all, hold{Statement: h, stops: true})
		}
		all = append(all, j.shareHolds()...)
		all = append(all, j.boxHolds(line, notices)...)
		if first, ok := j.setup(); ok && !strings.EqualFold(first.Package, line.GUID) {
			all = append(all, hold{Statement: Statement{
				"Hierarchy Manager has not put this update into the Easy Setup package " + first.id() + " yet",
				[]Evidence{{j.f.easySetup.from, fmt.Sprintf("package %s holds %s, from %s", first.id(), first.Package, first.Source)}},
			}, late: true})
		}
		return append(all, j.quietNote(line, hierarchyLog)...)
	}
	all = append(all, j.copyHolds(line)...)
	return append(all, j.boxHolds(line, received, requested)...)
}

// setup is the Easy Setup package; ok is false where there is none, or it is not known.
func (j *judge) setup() (copyRow, bool) {
	if !j.f.easySetup.known() || j.f.easySetup.value[0].id() == "" {
		return copyRow{}, false
	}
	return j.f.easySetup.value[0], true
}

// shareHolds says that the share with the payload cannot be opened. A refusal is about this account
// only: Hierarchy Manager uses that of the site server.
func (j *judge) shareHolds() []hold {
	share := j.f.share
	if !share.known() || share.value.Outcome == platform.ShareReachable {
		return nil
	}
	text := fmt.Sprintf("the share %s cannot be opened: %s", share.from.Where, map[string]string{
		platform.ShareNoServer: "its server does not answer to its name", platform.ShareNoShare: "the server has no such share",
		platform.ShareNoFolder: "its folder is not there", platform.ShareNoAnswer: "nothing came back in time",
	}[share.value.Outcome])
	if share.value.Outcome == platform.ShareDenied {
		text = fmt.Sprintf("the share %s refuses the account that asked; Hierarchy Manager opens it as the site server's computer account", share.from.Where)
	}
	return []hold{{Statement: Statement{
		text, []Evidence{{share.from, fmt.Sprintf("%s (%d)", share.value.Outcome, share.value.Number)}},
	}, stops: share.value.Outcome != platform.ShareDenied, late: true}}
}

// copyHolds tells where the content is, of the line's site or of all sites.
func (j *judge) copyHolds(line Line) []hold {
	first, ok := j.setup()
	if !ok {
		if !j.f.easySetup.known() {
			return nil
		}
		return []hold{{Statement: Statement{"the site has no Easy Setup package", []Evidence{{j.f.easySetup.from, "no row"}}}, late: true}}
	}
	about := fmt.Sprintf("package %s, version %d, holds %s", first.id(), first.SourceNumber, first.Package)
	if !strings.EqualFold(first.Package, line.GUID) {
		return []hold{{Statement: Statement{
			"the Easy Setup package " + first.id() + " holds another update", []Evidence{{j.f.easySetup.from, about}},
		}, late: true}}
	}
	var all []hold
	for _, row := range j.f.easySetup.value {
		if row.Site == "" || line.Site != "" && !strings.EqualFold(row.Site, line.Site) {
			continue
		}
		found := fmt.Sprintf("%s; at %s: state %d, version %d, unchanged for %s", about, row.Site, row.State, row.Number, unchanged(row.Minutes))
		tell := func(stops bool, text string) {
			all = append(all, hold{Statement: Statement{text, []Evidence{{j.f.easySetup.from, found}}}, stops: stops, late: !stops})
		}
		switch {
		case row.State == 4 || row.State == 5:
			tell(true, fmt.Sprintf("the copy of %s for site %s failed, or is tried again", row.id(), row.Site))
		case row.State >= 0 && row.State <= 2:
			tell(false, fmt.Sprintf("the copy of %s is on the way to site %s", row.id(), row.Site))
		case row.State == 3 && row.Number >= 0 && row.Number < row.SourceNumber:
			tell(false, fmt.Sprintf("site %s has version %d of %s, and the newest is %d", row.Site, row.Number, row.id(), row.SourceNumber))
		case row.State > 3:
			tell(false, fmt.Sprintf("the copy of %s at site %s is being removed, or is in a state that is not known here (%d)", row.id(), row.Site, row.State))
		}
	}
	if line.Site != "" && !slices.ContainsFunc(j.f.easySetup.value, func(r copyRow) bool { return strings.EqualFold(r.Site, line.Site) }) {
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("no copy of %s is on record for site %s", first.id(), line.Site), []Evidence{{j.f.easySetup.from, about}},
		}, late: true})
	}
	if first.SameHash == 0 {
		all = append(all, hold{Statement: Statement{
			"the Easy Setup package and its stored copy have different hashes", []Evidence{{j.f.easySetup.from, about + ", hashes differ"}},
		}, late: true})
	}
	return all
}

// checkerHolds tells what Microsoft's checker found, where its last run was for this package.
func (j *judge) checkerHolds(line Line) []hold {
	log := j.f.prereq
	if !j.local(line) || !log.known() {
		return nil
	}
	if line.Code == prereqRunning && log.value.Begun {
		return []hold{{Statement: Statement{
			"Microsoft's checker has begun, and has not ended", []Evidence{{log.from, "a run without an end"}},
		}, late: true}}
	}
	run := log.value.Run
	want := map[int64]string{prereqFailed: platform.PrereqError, prereqWarned: platform.PrereqWarning}[line.Code]
	if want == "" || run == nil || run.Package == nil || !strings.EqualFold(*run.Package, line.GUID) {
		return nil
	}
	var all []hold
	for _, r := range run.Results {
		if r.Result != want {
			continue
		}
		text := "the rule " + r.Rule
		if r.Server != "" {
			text += " on " + r.Server
		}
		if r.Message != "" {
			text += ": " + r.Message
		}
		ended := "at a time that is not known"
		if run.Ended != nil {
			ended = run.Ended.Format(clock)
		}
		all = append(all, hold{Statement: Statement{text, []Evidence{{log.from, fmt.Sprintf("%s, in the run that ended %s", r.Result, ended)}}}})
	}
	return all
}

// linkHolds tells what is amiss with the news about updates between the own site and another, or of
// all sites. A link that failed stops what another site does from being seen here.
func (j *judge) linkHolds(site string) []hold {
	if !j.f.news.known() {
		return nil
	}
	var all []hold
	for _, row := range j.f.news.value {
		if row.State < 0 || row.State == 2 || row.State == 3 || site != "" && !strings.EqualFold(row.Sending, site) && !strings.EqualFold(row.Receiving, site) {
			continue
		}
		name := map[int64]string{4: "is being initialized", 5: "has not started", 6: "has failed", 7: "is in a state that the product does not know", 8: "is degraded", 9: "has failed"}[row.State]
		if name == "" {
			name = "is in a state that is not known here"
		}
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("the replication group CMUpdates from %s to %s %s (%d)", row.Sending, row.Receiving, name, row.State),
			[]Evidence{{j.f.news.from, fmt.Sprintf("%s to %s: state %d, worked out %s ago", row.Sending, row.Receiving, row.State, unchanged(row.Minutes))}},
		}, stops: row.State == 6 || row.State == 9})
	}
	return all
}
