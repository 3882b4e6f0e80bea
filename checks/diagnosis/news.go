package diagnosis

import (
	"fmt"
	"strings"
)

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
	return append(all, j.initHolds(site)...)
}

// initHolds tells which initializations of that group failed, or stand still, between the own site and
// another, or of all sites. While one lasts, its receiver hears nothing.
func (j *judge) initHolds(site string) []hold {
	var all []hold
	for _, row := range j.f.inits.value {
		if !j.f.inits.known() || row.State == -1 || site != "" && !strings.EqualFold(row.Requesting, site) && !strings.EqualFold(row.Fulfilling, site) {
			continue
		}
		text := ""
		switch {
		case row.State == 8 || row.State == 99:
			text = "failed"
		case row.Minutes > j.limit(initTakes):
			text = fmt.Sprintf("has not changed for %s, longer than %s", Span(row.Minutes), j.said(initTakes))
		case row.State < 1 || row.State > 5:
			text = "is in a state that is not known here"
		default:
			continue
		}
		all = append(all, hold{Statement: Statement{
			fmt.Sprintf("the initialization of the replication group CMUpdates from %s to %s %s (%d)", row.Fulfilling, row.Requesting, text, row.State),
			[]Evidence{{j.f.inits.from, fmt.Sprintf("%s from %s: state %d, unchanged for %s", row.Requesting, row.Fulfilling, row.State, unchanged(row.Minutes))}},
		}})
	}
	return all
}
