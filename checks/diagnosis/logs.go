package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks/updates"
	"siteready/platform"
)

// The logs in which known failures are looked for.
const (
	updateLog     = "CMUpdate.log"
	hierarchyLog  = "hman.log"
	downloaderLog = "dmpdownloader.log"
	contentLog    = "distmgr.log"
	senderLog     = "sender.log"
	despoolerLog  = "despool.log"
	componentLog  = "sitecomp.log"
	setupLog      = "ConfigMgrSetup.log"        // of the redistributables; on the drive of Windows
	toolLog       = "ServiceConnectionTool.log" // beside the tool
)

// toolFolder is where the service connection tool comes with the site, below the installation folder.
const toolFolder = `\cd.latest\SMSSETUP\TOOLS\ServiceConnectionTool\`

// siteLogs are the logs in the folder Logs of the site.
func siteLogs() []string {
	return []string{updateLog, hierarchyLog, downloaderLog, contentLog, senderLog, despoolerLog, componentLog}
}

func watchedLogs() []string { return append(siteLogs(), setupLog, toolLog) }

// logsOf are the logs that tell of a stage.
func logsOf(stage Stage, code int64) []string {
	switch stage {
	case Synchronization:
		return []string{downloaderLog, toolLog}
	case Download:
		return []string{downloaderLog, setupLog, toolLog}
	case Applicability:
		return []string{hierarchyLog}
	case Replication:
		switch code {
		case updates.Enabled:
			return []string{hierarchyLog}
		case contentReplicated:
			return []string{updateLog}
		}
		return []string{contentLog, senderLog, despoolerLog}
	case Prerequisites:
		return []string{updateLog}
	case PostInstallation:
		return []string{hierarchyLog, componentLog, updateLog}
	case Installation:
		return []string{updateLog}
	}
	return nil
}

// readLogs asks for the logs that tell of what is under way, and for those of the service connection
// point where it is here: that of the downloader, and of the tool where the point is offline.
func (f *Facts) readLogs(ctx context.Context, s *platform.Session, folder string, here, offline bool) {
	wanted := map[string]bool{downloaderLog: here && !offline, hierarchyLog: f.site.Parent == ""} // which takes the manifest there
	want := func(code, flag int64) {
		if r, known := ruleOf(code, flag); known && r.manner != rests && r.stage != Download {
			for _, name := range logsOf(r.stage, code) {
				wanted[name] = true
			}
		}
	}
	for _, row := range f.packages {
		if row.Package != "" {
			want(row.State, row.Flag)
		}
	}
	for _, row := range f.atSites.value {
		if row.Package != "" && !updates.Final(row.State) {
			want(row.State, flagInstall)
		}
	}
	for _, row := range f.stages.value {
		if row.Package != "" && row.PackageState == updates.Installed {
			wanted[updateLog], wanted[hierarchyLog], wanted[componentLog] = true, true, true
		}
	}
	wanted[downloaderLog] = wanted[downloaderLog] || here && f.loads()
	for _, name := range siteLogs() {
		if wanted[name] {
			f.logs[name] = ask(ctx, s, platform.ReadFailureLog(folder+`\Logs\`+name))
		}
	}
	if drive, found := f.drive(); found && here && f.loads() {
		f.logs[setupLog] = ask(ctx, s, platform.ReadFailureLog(drive+`\`+setupLog))
	}
	if here && offline {
		f.logs[toolLog] = ask(ctx, s, platform.ReadFailureLog(folder+toolFolder+toolLog))
	}
}

// logGaps notes what could not be read of the logs.
func (j *judge) logGaps() {
	for _, name := range watchedLogs() {
		g := j.f.logs[name]
		needed(j, name, g)
		if !g.known() {
			continue
		}
		for _, file := range g.value.Files {
			if file.Problem != "" {
				j.gap(name, got[any]{err: platform.Refuse(platform.ErrUnsupported, "%s: %s", file.Name, file.Problem), from: g.from})
			}
		}
		switch {
		case (g.value.Last == nil || g.value.Lines == 0) && name != toolLog: // which nobody has seen
			j.gap(name, got[any]{err: platform.Refuse(platform.ErrMalformed, "no line of %s says when it was written", name), from: g.from})
		case g.value.LeftOff > 0:
			j.gap(name, got[any]{err: platform.Refuse(platform.ErrTooLarge, "%d further known failures in %s do not fit into the answer; siteready logs shows them", g.value.LeftOff, name), from: g.from})
		}
	}
}

// quiet is how long ago the last line of a log of this machine was written.
func (j *judge) quiet(name string) (minutes int64, last Evidence, ok bool) {
	log := j.f.logs[name]
	if !log.known() || log.value.Last == nil {
		return 0, Evidence{}, false
	}
	return int64(j.f.ReadAt.Sub(*log.value.Last).Minutes()), Evidence{log.from, name + ", last line " + log.value.Last.Format(clock)}, true
}

// clocksApart is how many minutes in the future something may be without doubt about the clock.
const clocksApart = 60

// quietNote tells when a component last wrote to its log.
func (j *judge) quietNote(line Line, name string) []hold {
	minutes, last, ok := j.quiet(name)
	if !ok || !j.local(line) {
		return nil
	}
	text := fmt.Sprintf("%s was last written %s ago", name, Span(minutes))
	if minutes < -clocksApart {
		text = fmt.Sprintf("the last line of %s is of a time in the future, so it is not known when it was written", name)
	}
	return []hold{{Statement: Statement{text, []Evidence{last}}, note: true}}
}

// How long before a state began what is in a log may be its cause: a failure is logged, and tried
// again, before the package is called failed. Both are our own.
const (
	beforeFailure = 24 * time.Hour
	beforeOthers  = time.Hour
)

// maxFailures is how many known failures a line tells.
const maxFailures = 3

// logHolds are the known failures in the logs of the line's stage, since it began. What has come to a
// good end since then does not count.
func (j *judge) logHolds(line Line, stopped bool) []hold {
	if !j.local(line) {
		return nil
	}
	return j.failuresIn(line, logsOf(line.Stage, line.Code), j.since(line, stopped))
}

// blockedRule is the rule over several lines that the update service has said for an hour, each five
// minutes, that another session blocks it. It counts where that was said just now.
const blockedRule = "ctx-db-blocked-long"

// failuresIn are the known failures in logs since a moment.
func (j *judge) failuresIn(line Line, logs []string, since time.Time) []hold {
	var all []seenFailure
	for _, name := range logs {
		log := j.f.logs[name]
		if !log.known() {
			continue
		}
		for _, known := range log.value.Known {
			if known.Over || known.Single || known.Last == nil || known.Last.Before(since) || j.ended(known) ||
				line.Stage == Synchronization && len(known.EndedBy) == 0 && known.ID != manifestFailure || // nothing would tell that it is over
				j.ofAnother(known, line.GUID) {
				continue
			}
			all = append(all, seenFailure{known, name, log.from})
		}
	}
	slices.SortStableFunc(all, func(a, b seenFailure) int {
		return cmp.Or(strings.Compare(a.Severity, b.Severity), cmp.Compare(b.Rank, a.Rank), b.Last.Compare(*a.Last))
	})
	var holds []hold
	groups := map[string]bool{}
	for _, one := range all {
		if groups[one.Group] || len(holds) == maxFailures {
			continue
		}
		groups[one.Group] = true
		holds = append(holds, hold{
			id: one.ID, Statement: one.statement(), note: one.Severity != platform.SeverityFailure, remedy: one.Remedy,
			stops: one.ID == blockedRule && j.f.ReadAt.Sub(*one.Last) <= fresh*time.Minute && !j.f.blocked.known(), // which says whether it is so now
		})
	}
	return holds
}

// ended reports whether a log says that what failed came to a good end later.
func (j *judge) ended(known platform.KnownFailure) bool {
	for _, log := range j.f.logs {
		for _, end := range log.value.Endings {
			if log.known() && end.At != nil && end.At.After(*known.Last) && slices.Contains(known.EndedBy, end.ID) {
				return true
			}
		}
	}
	return false
}

// seenFailure is a known failure in a log.
type seenFailure struct {
	platform.KnownFailure
	log  string
	from platform.Question
}

// maxQuoted is how many letters of a line are quoted.
const maxQuoted = 200

func (s seenFailure) statement() Statement {
	text := fmt.Sprintf("%s (%s in %s, %s)", strings.TrimSuffix(s.Meaning, "."), s.ID, s.log, count(s.Count, "time", "times"))
	found := s.log + ", last " + s.Last.Format(clock)
	if n := len(s.Lines); n > 0 {
		last := s.Lines[n-1]
		found = last.File
		if last.Number > 0 {
			found += fmt.Sprintf(", line %d", last.Number)
		}
		if last.At != nil {
			found += ", " + last.At.Format(clock)
		}
		letters := []rune(strings.Join(strings.Fields(last.Text), " "))
		found += ": " + string(letters[:min(len(letters), maxQuoted)])
	}
	return Statement{text, []Evidence{{s.from, found}}}
}
