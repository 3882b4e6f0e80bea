package logscan

import (
	"cmp"
	"slices"
	"strings"

	"siteready/platform/logscan/signatures"
)

// place is where a message stands. Within a log, files and lines are in the order in which they
// were written, whatever their times say: clocks are set back.
type place struct {
	log, file int // of those that are scanned
	number    int64
}

// behind says that a place is further on in the same log.
func (p place) behind(o place) bool {
	return cmp.Or(cmp.Compare(p.file, o.file), cmp.Compare(p.number, o.number)) > 0
}

// furthest are the last places of each log, of two lists of such, both in the order of their logs. The
// first list is used up.
func furthest(a, b []place) []place {
	if len(a) == 0 || len(b) > 0 && a[len(a)-1].log < b[0].log { // logs are gone through in their order
		return append(a, b...)
	}
	for _, p := range b {
		i, known := slices.BinarySearchFunc(a, p.log, func(o place, log int) int { return cmp.Compare(o.log, log) })
		switch {
		case !known:
			a = slices.Insert(a, i, p)
		case p.behind(a[i]):
			a[i] = p
		}
	}
	return a
}

// covers says that what ended may have ended all of a symptom: it stands behind all of it that is in
// the same log, and what is in other logs was written on the same machine. Its time, by which it is
// later than those, must be one that can be.
func (f Found) covers(e Ended, s Seen) bool {
	return !slices.ContainsFunc(s.in, func(p place) bool {
		if p.log == e.place.log {
			return !e.place.behind(p)
		}
		if e.Line.At != nil && !f.latest.IsZero() && e.Line.At.After(f.latest) {
			return true
		}
		return f.machines[p.log] != f.machines[e.place.log]
	})
}

// machinesOf gives each log the number of the machine that wrote it, as far as that is known: logs
// with the same number were surely, or by all that can be seen, written by one. That is what lies in
// one folder; a log whose name was made of another's, or that holds lines of another's component, is
// a copy of which nobody knows whose it is. alone says that all are of one machine: then only logs
// of one name in several folders raise a doubt.
func machinesOf(c *signatures.Catalogue, logs []Log, marks [][]mark, alone bool) []int {
	names, times := known(c), map[string]int{}
	for _, log := range logs {
		if slices.ContainsFunc(c.Rules, func(r signatures.Rule) bool { return r.Kind == signatures.RuleSuccess && r.IsFor(log.Name) }) {
			times[log.Name]++
		}
		alone = alone && times[log.Name] < 2
	}
	machines, folders, paths := make([]int, len(logs)), map[string]int{}, map[string]bool{}
	for n, log := range logs {
		folder := strings.ToLower(folderOf(log))
		again := paths[folder+log.Name]
		paths[folder+log.Name] = true
		switch {
		case alone:
		case again || !names[log.Name] && (madeOf(log.Name, names) || ofOthers(c.Rules, log.Name, marks[n])):
			machines[n] = -1 - n
		default:
			if _, told := folders[folder]; !told {
				folders[folder] = n
			}
			machines[n] = folders[folder]
		}
	}
	return machines
}

// folderOf is the folder in which a log lies.
func folderOf(log Log) string {
	if len(log.Files) == 0 {
		return ""
	}
	name := log.Files[0].Name
	return strings.TrimSuffix(name, baseOf(name))
}

// known are the names of all logs of which the catalogue tells, in small letters.
func known(c *signatures.Catalogue) map[string]bool {
	names := map[string]bool{}
	add := func(list string) {
		for name := range strings.SplitSeq(list, ";") {
			names[strings.ToLower(strings.TrimSpace(name))] = true
		}
	}
	for _, s := range c.All {
		add(s.Log)
	}
	for _, r := range c.Rules {
		add(r.Log)
	}
	return names
}

// madeOf says that a name holds that of a known log, as CAS-hman.log and "hman (2).log" do.
func madeOf(name string, names map[string]bool) bool {
	const short = 4 // letters that say nothing
	for known := range names {
		if stem := strings.TrimSuffix(known, ".log"); len(stem) >= short && strings.Contains(name, stem) {
			return true
		}
	}
	return false
}

// ofOthers says that a log holds lines of rules that are for logs of other names.
func ofOthers(rules []signatures.Rule, name string, marks []mark) bool {
	return slices.ContainsFunc(marks, func(m mark) bool { return !rules[m.rule].IsFor(name) })
}
