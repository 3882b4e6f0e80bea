package recovery

import (
	"context"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/platform"
)

const (
	day  = 24 * 60 // minutes
	week = 7 * day // minutes
)

// timeZone is how many minutes UTC is ahead of this machine's time, summer time included. It
// is a DWORD that holds a signed number.
var timeZone = platform.ReadNumber(`HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation`, "ActiveTimeBias")

// judgeSchedule looks whether the task may begin while the update runs. Whether its hours are
// the site server's or UTC depends on where the console ran in which they were set, and is kept
// nowhere; so the task must stay out in both.
func judgeSchedule(ctx context.Context, c *checks.Case, t taskRow) checks.Item {
	takes := c.Setting("update_takes")
	item := checks.Item{
		Key: t.Site + " schedule", Wanted: fmt.Sprintf("not in the %g hours from the start of the update", takes),
		Where: "vSMS_SC_SQL_Task", Status: checks.Passed,
	}
	hoursOf := fmt.Sprintf("%02d:%02d to %02d:%02d", t.Begins/100, t.Begins%100, t.BeginsLatest/100, t.BeginsLatest%100)
	spans, err := t.spans()
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, err)
	}
	bias, err := siteBias(ctx, c, t.Site)
	if err != nil {
		return checks.UnknownItem(item.Key, item.Wanted, err)
	}
	start := t.WeekMinute + int(c.JudgedFor.Sub(c.ReadAt())/time.Minute)
	length := int(takes * 60)
	local, utc := meets(spans, bias, start, length), meets(spans, 0, start, length)
	item.Found = "begins at " + hoursOf + ", not during the update"
	switch {
	case local && utc:
		item.Status, item.Found = checks.Warning, "begins at "+hoursOf+", which is during the update"
	case local:
		item.Status, item.Found = checks.Warning, "begins at "+hoursOf+", which is during the update if these are hours of the site server"
	case utc:
		item.Status, item.Found = checks.Warning, "begins at "+hoursOf+", which is during the update if these are hours of UTC"
	}
	return item
}

// span is a time of the week, in minutes from Sunday, 0:00, on a clock of its own.
type span struct{ from, to int }

// spans are the times of the week in which the task may begin.
func (t taskRow) spans() ([]span, error) {
	clock := func(hhmm int) bool { return hhmm >= 0 && hhmm <= 2400 && hhmm%100 < 60 }
	if t.WeekDays < 1 || t.WeekDays > 127 || !clock(t.Begins) || !clock(t.BeginsLatest) {
		return nil, platform.Refuse(platform.ErrMalformed,
			"the backup task of site %s begins on days %d at %d to %d, which is no schedule known here", t.Site, t.WeekDays, t.Begins, t.BeginsLatest)
	}
	begins, latest := t.Begins/100*60+t.Begins%100, t.BeginsLatest/100*60+t.BeginsLatest%100
	if latest < begins {
		latest += day // past midnight
	}
	var all []span
	for weekDay := range 7 {
		if t.WeekDays>>weekDay&1 == 1 {
			all = append(all, span{weekDay*day + begins, weekDay*day + latest})
		}
	}
	return all, nil
}

// meets reports whether one of spans, on a clock that UTC is bias minutes ahead of, and the
// length minutes from start, in UTC, have a minute in common. Weeks repeat.
func meets(spans []span, bias, start, length int) bool {
	start = (start%week + week) % week
	for _, s := range spans {
		for _, turn := range []int{-week, 0, week, 2 * week} {
			from, to := s.from+bias+turn, s.to+bias+turn
			if from < start+length && to >= start {
				return true
			}
		}
	}
	return length >= week
}

// siteBias is how many minutes UTC is ahead of the site server's time.
func siteBias(ctx context.Context, c *checks.Case, code string) (int, error) {
	site, other, err := discovery.FindSite(ctx, c)
	switch {
	case err != nil:
		return 0, err
	case other != nil || !strings.EqualFold(site.Code, code):
		return 0, platform.Refuse(platform.ErrUnsupported, "the time zone of the site server of %s is not known on this machine; run siteready there", code)
	}
	number, err := platform.Ask(ctx, c, timeZone)
	if err != nil {
		return 0, err
	}
	bias := int(int32(uint32(number))) //nolint:gosec // a DWORD with a sign
	if number > 0xFFFFFFFF || bias < -15*60 || bias > 15*60 {
		return 0, platform.Refuse(platform.ErrMalformed, "%s is %d, which is no time zone", timeZone, number)
	}
	return bias, nil
}
