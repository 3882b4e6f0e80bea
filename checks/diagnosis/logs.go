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
)

func watchedLogs() []string {
	return []string{updateLog, hierarchyLog, downloaderLog, contentLog, senderLog, despoolerLog, componentLog}
}

// logsOf are the logs that tell of a stage.
func logsOf(stage Stage, code int64) []string {
	switch stage {
	case Synchronization, Download:
		return []string{downloaderLog}
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
		return []string{hierarchyLog, componentLog}
	case Installation:
		return []string{updateLog}
	}
	return nil
}

// readLogs asks for the logs that tell of what is under way, and for that of the downloader where
// it works here.
func (f *Facts) readLogs(ctx context.Context, s *platform.Session, folder string, downloads bool) {
	wanted := map[string]bool{downloaderLog: downloads}
	codes := map[int64]int64{} // flag by state
	for _, row := range f.packages {
		if row.Package != "" {
			codes[row.State] = row.Flag
		}
	}
	for _, row := range f.atSites.value {
		if row.Package != "" && !updates.Final(row.State) {
			codes[row.State] = flagInstall
		}
	}
	for code, flag := range codes {
		if r, known := ruleOf(code, flag); known && r.manner != rests && r.stage != Download {
			for _, name := range logsOf(r.stage, code) {
				wanted[name] = true
			}
		}
	}
	for _, row := range f.stages.value {
		if row.Package != "" && row.PackageState == updates.Installed {
			wanted[hierarchyLog], wanted[componentLog] = true, true
		}
	}
	for _, name := range watchedLogs() {
		if wanted[name] {
			f.logs[name] = ask(ctx, s, platform.ReadFailureLog(folder+`\Logs\`+name))
		}
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
		case g.value.Last == nil || g.value.Lines == 0:
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

// quietNote tells when a component last wrote to its log.
func (j *judge) quietNote(line Line, name string) []hold {
	minutes, last, ok := j.quiet(name)
	if !ok || !j.local(line) {
		return nil
	}
	return []hold{{Statement: Statement{fmt.Sprintf("%s was last written %s ago", name, Span(minutes)), []Evidence{last}}, note: true}}
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
	back := beforeOthers
	if stopped || line.Minutes < 0 {
		back = beforeFailure
	}
	since := j.f.ReadAt.Add(-back - time.Duration(max(line.Minutes, 0))*time.Minute)
	var all []seenFailure
	for _, name := range logsOf(line.Stage, line.Code) {
		log := j.f.logs[name]
		if !log.known() {
			continue
		}
		for _, known := range log.value.Known {
			if known.Over || known.Single || known.Last == nil || known.Last.Before(since) || j.ended(known) ||
				line.Stage == Synchronization && len(known.EndedBy) == 0 { // nothing would tell that it is over
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
		holds = append(holds, hold{Statement: one.statement(), note: one.Severity != platform.SeverityFailure, remedy: one.Remedy})
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
