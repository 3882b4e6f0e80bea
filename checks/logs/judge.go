package logs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/platform"
	"siteready/platform/logscan/signatures"
)

// verdict is some logs, while they are judged.
type verdict struct {
	c     *checks.Case
	fails bool // as a family
	// anyStage says that a failure fails whatever stage of an update it matters in.
	anyStage bool
	key      string // before the keys of items, where there are several of a kind
	alone    bool   // the logs say nothing of updates, and are not expected to

	logs    []read
	unread  []checks.Item
	missing []checks.Item // logs that must be here, and are not
	silent  []checks.Item // logs to which nothing is written any more
	absent  []string      // names of those that need not be here
	endings map[string]time.Time
	updated *platform.LogEnding // the newest update that was installed; nil when no log tells of one
	untold  []string            // logs that may tell of a good end, and could not be read
	newer   []string            // ids of failures that were not looked for
}

// read is a log that was read.
type read struct {
	watched
	path   string
	digest platform.FailureLog
}

const wantedNone = "no known failure"

// take takes over what came of a log. Of those that are not the check's own only matters what they
// say to have come to a good end.
func (v *verdict) take(w watched, own bool, path string, reading platform.Reading[platform.FailureLog]) {
	d := reading.Value
	switch {
	case reading.Err != nil && errors.Is(reading.Err, platform.ErrAbsent):
		switch {
		case own && w.must:
			v.missing = append(v.missing, checks.UnknownItem(w.name, wantedNone, platform.Refuse(platform.ErrUnsupported,
				"%s is not there, and no older generation of it, though each active site server has it", path)))
		case own:
			v.absent = append(v.absent, w.name)
		}
		return
	case reading.Err != nil:
		if tells(w.name) {
			v.untold = append(v.untold, w.name)
		}
		v.unread = append(v.unread, checks.UnknownItem(w.name, wantedNone, reading.Err))
		return
	}
	if err := sound(path, d); err != nil {
		v.unread = append(v.unread, checks.UnknownItem(w.name, wantedNone, err))
	} else if w.daily && v.ahead(d.Last) {
		v.silent = append(v.silent, checks.UnknownItem(w.name, wantedNone, platform.Refuse(platform.ErrUnsupported,
			"%s: its last line says %s, which was not yet when it was read, so it tells nothing of now", path, moment(d.Last))))
	} else if w.daily && v.c.ReadAt().Sub(*d.Last) > v.days(silentAfter) {
		v.silent = append(v.silent, checks.UnknownItem(w.name, wantedNone, platform.Refuse(platform.ErrUnsupported,
			"%s: nothing was written to it since %s, so it tells nothing of now", path, moment(d.Last))))
	}
	for _, f := range d.Files {
		if f.Problem != "" {
			if tells(w.name) {
				v.untold = append(v.untold, f.Name)
			}
			v.unread = append(v.unread, checks.UnknownItem(f.Name, wantedNone, platform.Refuse(platform.ErrUnsupported, "%s in %s: %s", f.Name, folderOf(path), f.Problem)))
		}
	}
	for _, e := range d.Endings {
		if e.At == nil || v.ahead(e.At) { // a clock that was wrong would end what has not begun
			continue
		}
		if e.At.After(v.endings[e.ID]) {
			v.endings[e.ID] = *e.At
		}
		if e.ID == platform.EndingUpdate && (v.updated == nil || e.At.After(*v.updated.At)) {
			v.updated = &e
		}
	}
	if !own {
		return
	}
	if d.LeftOff > 0 {
		v.unread = append(v.unread, checks.UnknownItem(w.name+" further failures", wantedNone, platform.Refuse(platform.ErrTooLarge,
			"%s: %d further known failures do not fit into the answer; siteready logs shows them", path, d.LeftOff)))
	}
	v.newer = append(v.newer, signatures.After(d.Revision)...)
	v.logs = append(v.logs, read{w, path, d})
}

// sound refuses a digest that says nothing, or what cannot be.
func sound(path string, d platform.FailureLog) error {
	switch {
	case d.Catalogue == "" || d.Revision < 1 || d.Bytes < d.Read || d.Read < 0 || d.Lines < 0 || d.LeftOff < 0 || d.FilesLeft < 0 || len(d.Files) == 0:
		return platform.Refuse(platform.ErrMalformed, "the digest of %s says what cannot be", path)
	case d.Lines == 0:
		return platform.Refuse(platform.ErrUnsupported, "%s holds no line, so it tells nothing", path)
	case d.First == nil || d.Last == nil:
		return platform.Refuse(platform.ErrUnsupported, "%s: its first or its last line tells no time, so it is not known of when it tells", path)
	}
	for _, k := range d.Known {
		if k.Count < 1 || k.Undated < 0 || k.Severity != platform.SeverityFailure && k.Severity != platform.SeverityWarning || k.Undated < k.Count && k.Last == nil {
			return platform.Refuse(platform.ErrMalformed, "the digest of %s says of %s what cannot be", path, k.ID)
		}
	}
	return nil
}

// aheadOfUs is how much later than the reading a time may be: lines may not tell their zone.
const aheadOfUs = 24 * time.Hour

// ahead reports whether a time was not yet when the logs were read.
func (v *verdict) ahead(at *time.Time) bool { return at.Sub(v.c.ReadAt()) > aheadOfUs }

func (v *verdict) days(setting string) time.Duration {
	return time.Duration(v.c.Setting(setting) * 24 * float64(time.Hour))
}

// seen is a known failure that stands in a log.
type seen struct {
	platform.KnownFailure
	log    read
	status checks.Status
	over   string // why it does not count; empty when it does
}

// judge says what a known failure means. What is over, because the same thing or an update came to a
// good end behind it, is none; nor is one that was last seen long ago. One that is also seen
// without a fault, or is a bare code, is a step milder.
func (v *verdict) judge(log read, k platform.KnownFailure) seen {
	s := seen{KnownFailure: k, log: log, status: checks.Passed}
	if s.over = v.ended(k); s.over != "" {
		return s
	}
	age := time.Duration(0) // of one without a time
	if k.Last != nil && k.Undated == 0 {
		age = v.c.ReadAt().Sub(*k.Last)
	}
	milder := k.Single || k.Rank < 2
	switch {
	case age <= v.days(warnsWithin) && len(v.untold) > 0:
		s.status = checks.Unknown
	case age > v.days(warnsWithin):
		s.over = "last seen on " + day(k.Last)
	case k.Severity == platform.SeverityWarning && milder:
		s.over = "also seen without a fault"
	case k.Severity == platform.SeverityWarning || milder || !v.stops(k) || age > v.days(failsWithin):
		s.status = checks.Warning
	default:
		s.status = checks.Failed
	}
	return s
}

// stops reports whether a failure stops an update, by the stage that it matters in. What connects,
// starts or works in the background comes and goes, as when SQL Server restarts.
func (v *verdict) stops(k platform.KnownFailure) bool {
	passing := []string{"any", "synchronization", "post-installation", "service-start", "backup"}
	return v.fails && (v.anyStage || !slices.Contains(passing, k.Stage))
}

// ended says what came to a good end behind a failure; empty when nothing did.
func (v *verdict) ended(k platform.KnownFailure) string {
	if k.Over {
		return "a later run was begun"
	}
	if k.Last == nil || k.Undated > 0 {
		return ""
	}
	for _, id := range append(slices.Clone(k.EndedBy), platform.EndingUpdate) {
		if at, known := v.endings[id]; known && at.After(*k.Last) {
			return "over since " + day(&at)
		}
	}
	return ""
}

// finding judges all logs. Failures with the same cause are one item.
func (v *verdict) finding() checks.Finding {
	groups := map[string][]seen{}
	var over []string
	var clean []checks.Item
	for _, log := range v.logs {
		trouble := false
		for _, k := range log.digest.Known {
			s := v.judge(log, k)
			if s.over != "" {
				over = append(over, fmt.Sprintf("%s (%s, %s)", k.ID, log.name, s.over))
				continue
			}
			trouble = true
			groups[k.Group] = append(groups[k.Group], s)
		}
		if !trouble && !slices.ContainsFunc(slices.Concat(v.unread, v.silent), func(i checks.Item) bool { return i.Key == log.name }) {
			clean = append(clean, checks.Item{Key: log.name, Found: log.reach(), Wanted: wantedNone, Where: log.path, Status: checks.Passed})
		}
	}
	var items []checks.Item
	var notes []string
	for _, group := range v.ordered(groups) {
		items = append(items, v.item(groups[group]))
		notes = append(notes, group+": "+told(groups[group][0]))
	}
	troubles := len(items)
	items = slices.Concat(items, v.missing, v.silent, v.unread)
	if newer := slices.Compact(slices.Sorted(slices.Values(v.newer))); len(newer) > 0 {
		items = append(items, checks.UnknownItem("newer failures", wantedNone, platform.Refuse(platform.ErrNotRecorded,
			"%d known failures came with a later release than the one that read these logs: %s", len(newer), some(newer))))
	}
	summary := v.summary(items[:troubles], len(items) > troubles)
	items = append(items, clean...)
	for i := range items {
		items[i].Key = v.key + items[i].Key
	}
	finding := checks.Items(summary, items...)
	finding.Notes = append(notes, v.notes(over)...)
	return finding
}

// ordered are the groups, the worst first, then the newest; each has the one that tells most first.
func (v *verdict) ordered(groups map[string][]seen) []string {
	names := make([]string, 0, len(groups))
	for name, all := range groups {
		slices.SortStableFunc(all, tellsMore)
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(tellsMore(groups[a][0], groups[b][0]), strings.Compare(a, b))
	})
	return names
}

func tellsMore(a, b seen) int {
	at := func(s seen) time.Time {
		if s.Last == nil {
			return time.Time{}
		}
		return *s.Last
	}
	return cmp.Or(cmp.Compare(b.status, a.status), cmp.Compare(b.Rank, a.Rank), at(b).Compare(at(a)))
}

// item is a group of failures with the same cause.
func (v *verdict) item(all []seen) checks.Item {
	lead := all[0]
	i := checks.Item{
		Key: lead.Group, Wanted: "none since the last update", Where: lead.log.path, Status: lead.status,
		Found: fmt.Sprintf("%s: %s", lead.log.name, often(lead.KnownFailure)),
	}
	if v.alone {
		i.Wanted = wantedNone
	}
	if n := len(lead.Lines); n > 0 {
		last := lead.Lines[n-1]
		i.Found += `: "` + shortened(last.Text) + `"`
		if last.Number > 0 {
			i.Where = fmt.Sprintf("%s%s, line %d", folderOf(lead.log.path), last.File, last.Number)
		}
	}
	if n := len(all) - 1; n > 0 {
		i.Found += fmt.Sprintf("; %s with the same cause", several(n, "further failure"))
	}
	if lead.status == checks.Unknown {
		return checks.UnknownItem(i.Key, i.Wanted, platform.Refuse(platform.ErrUnsupported, "%s; whether it is over is not known, because this could not be read: %s",
			i.Found, strings.Join(v.untold, ", ")))
	}
	return i
}

// told is what a failure means, and what to do.
func told(s seen) string {
	return strings.TrimSpace(sentence(s.Meaning) + " " + sentence(s.Remedy))
}

func (v *verdict) summary(troubles []checks.Item, unknown bool) string {
	since := "in what these logs hold"
	if v.updated != nil {
		since = "since the last update was installed, on " + day(v.updated.At)
	}
	amiss := checks.Count(troubles, checks.Failed, checks.Warning)
	switch {
	case amiss > 0:
		return fmt.Sprintf("Known failures %s: %s.", since, several(amiss, "cause"))
	case unknown:
		return "Not all of the logs could be read."
	}
	if begins := v.shortest(); v.updated != nil && begins != nil && begins.After(*v.updated.At) {
		return fmt.Sprintf("No known failure in what these logs hold; the shortest begins on %s, after the last update.", day(begins))
	}
	return "No known failure " + since + "."
}

// shortest is when the log begins that goes back least.
func (v *verdict) shortest() *time.Time {
	var begins *time.Time
	for _, log := range v.logs {
		if first := log.digest.First; first != nil && (begins == nil || first.After(*begins)) {
			begins = first
		}
	}
	return begins
}

func (v *verdict) notes(over []string) []string {
	var notes []string
	if len(over) > 0 {
		notes = append(notes, "Known failures that do not count: "+some(over)+".")
	}
	if v.updated == nil && !v.alone {
		notes = append(notes, "No log tells of an update that was installed: all that is in them counts.")
	}
	var partly []string
	for _, log := range v.logs {
		if log.digest.Read < log.digest.Bytes || log.digest.FilesLeft > 0 {
			partly = append(partly, log.name)
		}
	}
	if len(partly) > 0 {
		notes = append(notes, fmt.Sprintf("Only the newest part was read, which takes up to %d MiB or half of the time that there is: %s.", platform.MaxFailureBytes>>20, some(partly)))
	}
	if len(v.absent) > 0 {
		notes = append(notes, "Not here, as on servers without the role or sites without others: "+some(v.absent)+".")
	}
	return notes
}
