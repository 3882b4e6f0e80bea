package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks/updates"
	"siteready/platform"
)

// The services that are asked about, and the program of the first.
const (
	updateService = "CONFIGURATION_MANAGER_UPDATE"
	executive     = "SMS_EXECUTIVE"
	updateProgram = "cmupdate.exe"
)

// eventDays is how far back events are looked for; those before a state began do not count.
const eventDays = 30

// crashes asks when the program of the update service crashed, as Windows notes it.
func crashes() platform.Query[platform.Events] {
	return platform.ReadEvents("Application", platform.EventFilter{Provider: "Application Error", IDs: []uint16{1000}, Service: updateProgram, Days: eventDays})
}

// serviceEnds asks when the update service did not start, or ended with an error or unexpectedly. It
// is the question that the check logs.services puts as well.
func serviceEnds() platform.Query[platform.Events] {
	return platform.ReadEvents("System", platform.EventFilter{
		Provider: "Service Control Manager", IDs: []uint16{7000, 7009, 7023, 7024, 7031, 7034, 7038, 7041}, Service: updateService, Days: eventDays,
	})
}

// serviceWorks reports whether in a state the update service has something to do.
func serviceWorks(code int64) bool {
	return phase(code) == updates.PhaseInstallation && code != updates.Installed || code == contentReplicated || code == prereqRunning
}

// replacesItself reports whether in a state the update service replaces its own files, for which it stops.
func replacesItself(code int64) bool { return code >= 196614 && code <= 196619 }

// eventGaps notes what the events do not tell.
func (j *judge) eventGaps() {
	for _, one := range []struct {
		what   string
		events got[platform.Events]
	}{{"whether the update service crashed", j.f.crashes}, {"whether the update service failed", j.f.ends}} {
		events, what := one.events, one.what
		var no *platform.NoAnswer
		switch {
		case !events.asked || events.err != nil:
			continue
		case !events.found:
			no = platform.Refuse(platform.ErrAbsent, "there is no log %s", events.from.Where)
		case events.value.Begins == nil:
			no = platform.Refuse(platform.ErrUnsupported, "the log %s is empty, so it is not known what was before", events.from.Where)
		case events.value.Count > 0 && events.value.Newest == nil, events.value.Count < 0:
			no = platform.Refuse(platform.ErrMalformed, "%s: %d events, and no times of them that can be", events.from, events.value.Count)
		case events.value.Count == 0 && events.value.More:
			no = platform.Refuse(platform.ErrTooLarge, "%s: there are more events than are looked at", events.from)
		default:
			continue
		}
		j.gap(what, got[any]{err: no, from: events.from})
	}
}

// crashHolds tells what Windows noted of the update service since the state began.
func (j *judge) crashHolds(line Line) []hold {
	if !j.local(line) {
		return nil
	}
	since := j.since(line, false)
	var all []hold
	for _, one := range []struct {
		events       got[platform.Events]
		text, remedy string
	}{
		{
			j.f.crashes, updateProgram + " crashed, last %s ago (event 1000 of Application Error)",
			"Take the site's folders and cmupdate.exe out of security software; where it crashes all the same, dump its memory with ProcDump for Microsoft's support.",
		},
		{
			j.f.ends, "Windows noted that the service " + updateService + " failed, last %s ago (Service Control Manager)",
			"Read these events in the log System, and CMUpdate.log of the same minute.",
		},
	} {
		e := one.events
		if !e.known() || e.value.Count < 1 || e.value.Newest == nil || e.value.Newest.Before(since) {
			continue
		}
		age := int64(j.f.ReadAt.Sub(*e.value.Newest).Minutes())
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf(one.text, Span(age)), []Evidence{{e.from, fmt.Sprintf("%s in %d days, the newest of %s", count(int64(e.value.Count), "event", "events"), eventDays, e.value.Newest.UTC().Format(clock))}},
		}, late: true, remedy: one.remedy})
	}
	return all
}

// since is from when on what was logged may be the cause of a state.
func (j *judge) since(line Line, stopped bool) time.Time {
	back := beforeOthers
	if stopped || line.Minutes < 0 {
		back = beforeFailure
	}
	return j.f.ReadAt.Add(-back - time.Duration(max(line.Minutes, 0))*time.Minute)
}

// runningHolds says that a service does not run that must. One that starts, stops or is busy with it
// is told only of what is late.
func (j *judge) runningHolds(line Line, name string, without string) []hold {
	service := j.f.services[name]
	if !j.local(line) || !service.asked || service.err != nil || service.found && service.value.State == "running" {
		return nil
	}
	state := "not installed"
	if service.found {
		state = service.value.State
	}
	h := hold{Statement: Statement{
		fmt.Sprintf("the service %s on this server is %s, and %s", name, strings.ReplaceAll(state, "_", " "), without),
		[]Evidence{{service.from, "state " + state}},
	}, stops: true}
	if slices.Contains([]string{"start_pending", "stop_pending", "continue_pending", "pause_pending"}, state) {
		h.stops, h.late = false, true
	}
	if service.found {
		h.safe = "Start the service " + name + ", and see whether it keeps running."
	}
	return []hold{h}
}

func (j *judge) executiveHolds(line Line) []hold {
	all := j.runningHolds(line, executive, "the site's components do not work without it")
	if line.Stage == PostInstallation || j.f.installs() { // which stops and starts the site's components
		for i := range all {
			all[i].stops, all[i].late = false, true
		}
	}
	return all
}

// installs reports whether a package is being installed somewhere, or its post-installation is under way.
func (f *Facts) installs() bool {
	return f.any(func(c int64) bool { return phase(c) == updates.PhaseInstallation && !updates.Final(c) }) ||
		f.stages.known() && slices.ContainsFunc(f.stages.value, func(r stageRow) bool {
			return r.Package != "" && r.PackageState == updates.Installed && r.Unfinished > 0 && isPost(r.SubStage) && r.SubStageMinutes <= recently
		})
}

func (j *judge) serviceHolds(line Line) []hold {
	all := j.runningHolds(line, updateService, "it does the check and the installation")
	if replacesItself(line.Code) {
		for i := range all {
			all[i].stops, all[i].late = false, true
		}
	}
	return append(all, j.crashHolds(line)...)
}
