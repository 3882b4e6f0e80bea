package diagnosis

import (
	"siteready/checks/updates"
	"siteready/platform"
)

// gap notes what could not be looked at, once.
func (j *judge) gap(what string, g got[any]) {
	no := reason(g.err)
	if key := what + "\n" + no.Cause; !j.gaps[key] {
		j.gaps[key] = true
		j.out.Gaps = append(j.out.Gaps, Gap{what, no, g.from})
	}
}

// needed notes a gap where a question that was asked has no answer.
func needed[A any](j *judge, what string, g got[A]) {
	if g.asked && g.err != nil {
		j.gap(what, got[any]{asked: true, err: g.err, from: g.from})
	}
}

// listed notes a gap where a list is cut, or says another number than it has.
func listed[A any](j *judge, what string, g got[[]A], said int64, most int, none bool) {
	n := int64(len(g.value))
	if none {
		n = 0
	}
	switch {
	case !g.known() || said == n:
	case said > n && int(n) == most:
		j.gap(what, got[any]{err: platform.Refuse(platform.ErrTooLarge, "%d of them are not in the list, which holds %d", said-n, most), from: g.from})
	default:
		j.gap(what, got[any]{err: platform.Refuse(platform.ErrMalformed, "%s says that there are %d of them, and lists %d", g.from, said, n), from: g.from})
	}
}

// lookedAt notes what could not be looked at, and refuses lists that cannot be whole.
func (j *judge) lookedAt() {
	f := &j.f
	needed(j, "how far each site has come", f.atSites)
	needed(j, "what the sites have reported, and post-installation", f.stages)
	needed(j, "the packages that are hidden or do not apply", f.setAside)
	needed(j, "the sites of the hierarchy", f.hierarchy)
	needed(j, "the service connection point", f.points)
	needed(j, "the Easy Setup package and its copies", f.easySetup)
	needed(j, "the replication group CMUpdates", f.news)
	needed(j, "initializations of the replication group CMUpdates", f.inits)
	needed(j, "what the update service waits for in the site database", f.blocked)
	needed(j, "the versions of the site", f.versions)
	needed(j, "the version of smsexec.exe", f.program)
	needed(j, "the share EasySetupPayload", f.share)
	needed(j, "the log of the prerequisite checker", f.prereq)
	needed(j, "this machine's name", f.computer)
	for _, name := range []string{updateService, executive} {
		needed(j, "the service "+name, f.services[name])
	}
	j.logGaps()
	if root := f.root; root.known() {
		if _, found := f.drive(); !found {
			j.gap("the logs on the drive of Windows", got[any]{err: platform.Refuse(platform.ErrMalformed, "%s is %q, which is on no drive", root.from, root.value), from: root.from})
		}
	}
	if f.computer.asked && f.computer.err == nil && !f.computer.found {
		j.gap("this machine's name", got[any]{err: platform.Refuse(platform.ErrAbsent, "%s is not there", f.computer.from), from: f.computer.from})
	}
	needed(j, "the logs on the drive of Windows", f.root)
	needed(j, "the packages that are installed", f.installed)
	needed(j, "the secondary sites", f.secondaries)
	needed(j, "whether the update service crashed", f.crashes)
	needed(j, "whether the update service failed", f.ends)
	j.eventGaps()
	needed(j, "the inboxes", f.inboxes)
	needed(j, "when Windows was started", f.boot)
	for _, box := range boxes {
		needed(j, box.path, f.folders[box.what])
		if folder := f.folders[box.what]; folder.asked && folder.err == nil && !folder.found && !f.inboxes.known() {
			j.gap(box.path, got[any]{err: platform.Refuse(platform.ErrAbsent, "the folder %s is not there", folder.from.Where), from: folder.from})
		}
		if folder := f.folders[box.what]; folder.known() && folder.value.Oldest != nil && folder.value.Oldest.Sub(f.ReadAt).Minutes() > clocksApart {
			j.gap(box.path, got[any]{err: platform.Refuse(platform.ErrMalformed, "the oldest file in %s is of a time in the future, so it is not known how long it lies there", box.path), from: folder.from})
		}
		if folder := f.folders[box.what]; folder.known() && folder.value.More {
			j.gap(box.path, got[any]{err: platform.Refuse(platform.ErrTooLarge, "%s has too many files to look at all", box.path), from: folder.from})
		}
	}
	for _, row := range f.packages {
		needed(j, "the payload of "+nameOf(row), f.payloads[row.Package])
		needed(j, "the redistributables of "+nameOf(row), f.redists[row.Package])
	}
	if first := f.packages[0]; first.Listed > int64(len(f.packages)) {
		j.gap("further packages", got[any]{err: platform.Refuse(platform.ErrTooLarge, "%d rows are not in the list, which holds %d", first.Listed-int64(len(f.packages)), updates.MaxRows), from: f.from})
	}
	if f.atSites.known() {
		first := f.atSites.value[0]
		listed(j, "how far each site has come", f.atSites, first.Listed, maxAtSites, first.Package == "")
	}
	if f.stages.known() {
		first := f.stages.value[0]
		listed(j, "what the sites have reported", f.stages, first.Listed, maxStages, first.Package == "")
	}
	if f.installed.known() {
		first := f.installed.value[0]
		if n := int64(len(f.installed.value)); n < maxInstalled || first.Listed < n { // the newest are in it, and the others do not count
			listed(j, "the packages that are installed", f.installed, first.Listed, maxInstalled, first.Package == "")
		}
	}
	if f.hierarchy.known() {
		listed(j, "the sites of the hierarchy", f.hierarchy, f.hierarchy.value[0].Sites, maxSites, false)
	}
	if f.easySetup.known() {
		first := f.easySetup.value[0]
		listed(j, "the copies of the Easy Setup package", f.easySetup, first.Copies, maxCopies, first.Site == "")
	}
	if f.blocked.known() {
		first := f.blocked.value[0]
		listed(j, "what the update service waits for in the site database", f.blocked, first.Blocked, maxBlocked, first.Session == 0)
	}
	if f.news.known() {
		first := f.news.value[0]
		listed(j, "the links of the replication group CMUpdates", f.news, first.Links, maxGroups, first.State == -1)
		if first.Groups < 1 || first.Links == 0 {
			j.gap("the replication group CMUpdates", got[any]{err: platform.Refuse(platform.ErrMalformed,
				"the database knows %d groups called CMUpdates, with %d links, and the hierarchy has more than one site", first.Groups, first.Links), from: f.news.from})
		}
	}
	if f.secondaries.known() {
		first := f.secondaries.value[0]
		listed(j, "the secondary sites that are not active", f.secondaries, first.Listed, maxSecondary, first.Site == "")
	}
	if f.inits.known() {
		first := f.inits.value[0]
		listed(j, "initializations of the replication group CMUpdates", f.inits, first.Listed, maxInits, first.State == -1)
	}
	if f.remote {
		j.gap("services, logs, inboxes and folders of the site server", got[any]{err: platform.Refuse(platform.ErrUnsupported,
			"only a database was named: run siteready diagnose on the site server")})
	}
}
