package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
	for _, row := range j.f.stages.value {
		if !j.f.stages.known() || row.Failed < 1 || !strings.EqualFold(row.Package, line.GUID) || line.Site != "" && !strings.EqualFold(row.Site, line.Site) {
			continue
		}
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("site %s has reported %s ago that %s failed", row.Site, unchanged(row.FailedMinutes), subStage(row.FailedStage)),
			[]Evidence{{j.f.stages.from, fmt.Sprintf("site %s: %d failed, the highest sub-stage of them 0x%x", row.Site, row.Failed, max(row.FailedStage, 0))}},
		}, late: true})
	}
	return append(all, j.partNote(line)...)
}

// partNote tells in which part of its work a site is, as it has reported, or why that is not known.
func (j *judge) partNote(line Line) []hold {
	row, found := j.stageOf(line.GUID, line.Site)
	if !found || line.Site == "" || line.Stage != Installation && line.Stage != Prerequisites && line.Stage != Replication {
		return nil
	}
	news := fmt.Sprintf("site %s last reported %s ago", row.Site, unchanged(row.Newest))
	evidence := []Evidence{{j.f.stages.from, fmt.Sprintf("site %s: %d unfinished, the highest sub-stage of them 0x%x, last news %s ago", row.Site, row.Unfinished, max(row.SubStage, 0), unchanged(row.Newest))}}
	switch {
	case j.untoldStages():
		return []hold{{Statement: Statement{news + "; which part of the work it is in could not be checked: " + row.lacks(), evidence}, note: true}}
	case row.Unfinished > 0:
		return []hold{{Statement: Statement{news + "; " + subStage(row.SubStage) + " has begun and not ended", evidence}, note: true}}
	}
	return nil
}

// untoldStages reports whether nothing that sites report names its sub-stage and how that ended.
func (j *judge) untoldStages() bool {
	return j.f.stages.known() && j.f.stages.value[0].AllMessages > 0 && j.f.stages.value[0].AllTold == 0
}

// lacks says why sub-stages are not known.
func (r stageRow) lacks() string {
	if r.Columns < 2 {
		return "CM_UpdatePackage_MonitoringStatus has not both of the columns SubStageId and IsComplete"
	}
	return fmt.Sprintf("none of the %d messages in CM_UpdatePackage_MonitoringStatus names its sub-stage and how it ended", r.AllMessages)
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
	if id < 1 {
		return "a part without a name"
	}
	return fmt.Sprintf("sub-stage 0x%x", id)
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
		all = append(all, j.quietNote(line, setupLog)...)
		all = append(all, j.toolNote(line)...)
	} else if one && j.local(line) {
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("the service connection point is on %s: its logs and files lie there, and were not looked at; run siteready logs there", point.Server),
			[]Evidence{{j.f.points.from, pointsFound(j.f.points.value)}},
		}, note: true})
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
	all = append(all, j.renewedNote(line)...)
	return append(all, j.boxHolds(line, received, requested)...)
}

// renewedNote tells that the payload was written after the Easy Setup package was made of it: where
// Hierarchy Manager takes the folder's hash for unchanged, the sites get the former files.
func (j *judge) renewedNote(line Line) []hold {
	first, ok := j.setup()
	payload := j.f.payloads[line.GUID]
	if !ok || !strings.EqualFold(first.Package, line.GUID) || first.Refreshed < 0 || !payload.known() || payload.value.Newest == nil {
		return nil
	}
	made := j.f.ReadAt.Add(-time.Duration(first.Refreshed) * time.Minute)
	if !payload.value.Newest.After(made.Add(time.Hour)) {
		return nil
	}
	return []hold{{Statement: Statement{
		fmt.Sprintf("files of its payload are newer than the Easy Setup package %s that was made of them", first.id()),
		[]Evidence{
			{payload.from, "the newest of " + payload.value.Newest.UTC().Format(clock)},
			{j.f.easySetup.from, fmt.Sprintf("package %s, last renewed %s ago", first.id(), unchanged(first.Refreshed))},
		},
	}, note: true}}
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
	all = append(all, j.madeHolds(first, about)...)
	if first.SameHash == 0 {
		all = append(all, hold{Statement: Statement{
			"the Easy Setup package and its stored copy have different hashes", []Evidence{{j.f.easySetup.from, about + ", hashes differ"}},
		}, late: true})
	}
	return all
}

// madeHolds tells what is amiss with the Easy Setup package itself: where it is made from, and whether
// the top-level site has stored its newest version.
func (j *judge) madeHolds(first copyRow, about string) []hold {
	var all []hold
	tell := func(text, found string) {
		all = append(all, hold{Statement: Statement{text, []Evidence{{j.f.easySetup.from, found}}}, late: true})
	}
	if first.Stored >= 0 && first.Version >= 0 && first.Stored < first.Version {
		tell(fmt.Sprintf("the content library of site %s has version %d of %s, and the newest is %d", first.SourceSite, first.Stored, first.id(), first.Version),
			fmt.Sprintf("%s; package version %d, stored version %d", about, first.Version, first.Stored))
	}
	point, one := j.f.point()
	server, folder, found := strings.Cut(strings.TrimPrefix(first.Source, `\\`), `\`)
	if !found || first.Source == "" {
		return all
	}
	label, _, _ := strings.Cut(server, ".")
	pointLabel, _, _ := strings.Cut(point.Server, ".")
	switch {
	case one && !strings.EqualFold(label, pointLabel):
		tell(fmt.Sprintf("the Easy Setup package %s is made from %s, and the service connection point is on %s", first.id(), first.Source, point.Server), about+", from "+first.Source)
	case !strings.HasSuffix(strings.ToLower(folder), strings.ToLower(first.Package)):
		tell(fmt.Sprintf("the Easy Setup package %s is made from %s, which is not the folder of the update that it holds", first.id(), first.Source), about+", from "+first.Source)
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
