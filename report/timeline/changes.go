package timeline

import (
	"slices"

	"siteready/report"
	"siteready/report/history"
)

// line is what is known of one machine and site, judged for one target: of each check what the runs
// so far have seen of it last. So a run of some checks, or one that could not look, hides nothing
// of the runs around it.
type line struct {
	newest history.Entry
	checks map[string]*known
}

// known is what is known of a check.
type known struct {
	whole bool              // a run has seen all of it
	items map[string]string // what was found there last, and its status; "" is the check as a whole
}

// lines are those of a history. Few histories have more than one.
type lines []*line

// next takes up a run. It counts what came and what was cleared since its checks were last seen;
// compared is false for the first run of its line.
func (all *lines) next(e history.Entry) (came, cleared int, compared bool) {
	i := slices.IndexFunc(*all, func(l *line) bool { return l.newest.Target == e.Target && l.newest.SameSubject(e) })
	if i < 0 {
		i = len(*all)
		*all = append(*all, &line{checks: map[string]*known{}})
	} else {
		compared = true
	}
	l := (*all)[i]
	l.newest = e
	came, cleared = l.take(e)
	return came, cleared, compared
}

// take takes up what a run has seen.
func (l *line) take(e history.Entry) (came, cleared int) {
	found := map[string]map[string]string{}
	partly := map[string]bool{} // checks of which the run could not see all
	for _, f := range e.Findings {
		if f.Status == unknown {
			partly[f.Check] = true
			continue
		}
		if found[f.Check] == nil {
			found[f.Check] = map[string]string{}
		}
		found[f.Check][f.Item] = f.Status
	}
	for status, ids := range e.Checks {
		if status == report.NotSelected {
			continue
		}
		for _, id := range ids {
			k := l.checks[id]
			if k == nil {
				k = &known{}
				l.checks[id] = k
			}
			all := status != unknown && !partly[id]
			came += k.came(found[id])
			if all && status != notApplicable {
				cleared += k.cleared(found[id])
			}
			k.take(found[id], all)
		}
	}
	return came, cleared
}

// came counts what is bad now and was not.
func (k *known) came(now map[string]string) (n int) {
	for item, status := range now {
		if k.whole && bad(status) && !bad(k.items[item]) {
			n++
		}
	}
	return n
}

// cleared counts what was bad and is no finding now.
func (k *known) cleared(now map[string]string) (n int) {
	for item, status := range k.items {
		_, still := now[item]
		if bad(status) && !still && (item != "" || len(now) == 0) { // items may stand for the whole check now
			n++
		}
	}
	return n
}

// take keeps what a run has found. What it could not see is as it was.
func (k *known) take(now map[string]string, all bool) {
	if all || k.items == nil {
		k.items = map[string]string{}
	}
	for item, status := range now {
		k.items[item] = status
	}
	k.whole = k.whole || all
}
