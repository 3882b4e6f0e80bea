package window

import (
	"strings"
	"testing"
	"time"
)

// The hours of the tests: Friday, 20 November 2026, from 2:00 until 10:00.
func friday(hour, minute int) time.Time {
	return time.Date(2026, time.November, 20, hour, minute, 0, 0, time.UTC)
}

func TestScheduleDue(t *testing.T) {
	const always = 99991231
	base := func(change func(*schedule)) schedule {
		s := schedule{Kind: daily, Interval: 1, SubKind: timesOfDay, StartDate: 20200101, EndDate: always, StartTime: 30000, EndTime: 235959}
		change(&s)
		return s
	}
	for _, test := range []struct {
		name string
		s    schedule
		want string // of Friday, or with the day of the month; empty for never
	}{
		{"daily", base(func(*schedule) {}), "20 03:00"},
		{"at the very start", base(func(s *schedule) { s.StartTime = 20000 }), "20 02:00"},
		{"a second before the start", base(func(s *schedule) { s.StartTime = 15959 }), ""},
		{"at the very end", base(func(s *schedule) { s.StartTime = 100000 }), ""},
		{"a second before the end", base(func(s *schedule) { s.StartTime = 95959 }), "20 09:59"},
		{"begins today", base(func(s *schedule) { s.StartDate = 20261120 }), "20 03:00"},
		{"begins tomorrow", base(func(s *schedule) { s.StartDate = 20261121 }), ""},
		{"ends today", base(func(s *schedule) { s.EndDate = 20261120 }), "20 03:00"},
		{"ended yesterday", base(func(s *schedule) { s.EndDate = 20261119 }), ""},
		{"every second day, and today", base(func(s *schedule) { s.Interval, s.StartDate = 2, 20261118 }), "20 03:00"},
		{"every second day, and not today", base(func(s *schedule) { s.Interval, s.StartDate = 2, 20261119 }), ""},
		{"every second day, and the Agent says today", base(func(s *schedule) {
			s.Interval, s.StartDate, s.NextDate, s.NextTime = 2, 20261119, 20261120, 40000
		}), "20 04:00"},
		{"the Agent's own next time is later", base(func(s *schedule) { s.NextDate, s.NextTime = 20261120, 40000 }), "20 03:00"},
		{"the Agent's own next time is no date", base(func(s *schedule) { s.NextDate, s.StartTime = 20261350, 110000 }), ""},

		{"every hour, all day", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everyHours, 1, 0 }), "20 02:00"},
		{"every hour from half past", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everyHours, 1, 3000 }), "20 02:30"},
		{"every 7 hours", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everyHours, 7, 0 }), "20 07:00"},
		{"every hour until the last minute before", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime, s.EndTime = everyHours, 1, 0, 15900 }), ""},
		{"every hour until the start", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime, s.EndTime = everyHours, 1, 0, 20000 }), "20 02:00"},
		{"every hour from the afternoon", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everyHours, 1, 150000 }), ""},
		{"every hour from the evening past midnight", base(func(s *schedule) {
			s.SubKind, s.SubEvery, s.StartTime, s.EndTime = everyHours, 1, 221500, 40000
		}), "20 02:15"},
		{"every hour past midnight, and over before", base(func(s *schedule) {
			s.SubKind, s.SubEvery, s.StartTime, s.EndTime = everyHours, 1, 221500, 10000
		}), ""},
		{"every 15 minutes", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everyMinutes, 15, 1000 }), "20 02:10"},
		{"every 10 seconds", base(func(s *schedule) { s.SubKind, s.SubEvery, s.StartTime = everySeconds, 10, 0 }), "20 02:00"},

		{"weekly on Friday", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence = weekly, 32, 1 }), "20 03:00"},
		{"weekly on Thursday and Saturday", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence = weekly, 16+64, 1 }), ""},
		{"every second week, and this one", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence, s.StartDate = weekly, 32, 2, 20261102 }), "20 03:00"},
		{"every second week, and not this one", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence, s.StartDate = weekly, 32, 2, 20261109 }), ""},
		{"weekly without a number of weeks", base(func(s *schedule) { s.Kind, s.Interval = weekly, 32 }), "20 03:00"},

		{"on the 20th", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence = monthly, 20, 1 }), "20 03:00"},
		{"on the 21st", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence = monthly, 21, 1 }), ""},
		{"on the 20th of every second month, and this one", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence, s.StartDate = monthly, 20, 2, 20260901 }), "20 03:00"},
		{"on the 20th of every second month, and not this one", base(func(s *schedule) { s.Kind, s.Interval, s.Recurrence, s.StartDate = monthly, 20, 2, 20261001 }), ""},

		{"third Friday", base(func(s *schedule) { s.Kind, s.Interval, s.Relative, s.Recurrence = monthlyByWeekday, 6, 4, 1 }), "20 03:00"},
		{"second Friday", base(func(s *schedule) { s.Kind, s.Interval, s.Relative, s.Recurrence = monthlyByWeekday, 6, 2, 1 }), ""},
		{"last Friday", base(func(s *schedule) { s.Kind, s.Interval, s.Relative, s.Recurrence = monthlyByWeekday, 6, 16, 1 }), ""},
		{"fourth weekday", base(func(s *schedule) { s.Kind, s.Interval, s.Relative, s.Recurrence = monthlyByWeekday, 9, 8, 1 }), ""},
		{"first day", base(func(s *schedule) { s.Kind, s.Interval, s.Relative, s.Recurrence = monthlyByWeekday, 8, 1, 1 }), ""},

		{"once, in the hours", base(func(s *schedule) { s.Kind, s.StartDate = once, 20261120 }), "20 03:00"},
		{"once, the day before", base(func(s *schedule) { s.Kind, s.StartDate = once, 20261119 }), ""},
		{"with the Agent", base(func(s *schedule) { s.Kind = whenAgentStarts }), ""},
		{"when idle", base(func(s *schedule) { s.Kind = whenIdle }), "20 02:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			first, ok, err := test.s.due(friday(2, 0), friday(10, 0))
			got := ""
			if ok {
				got = first.Format("02 15:04")
			}
			if err != nil || got != test.want {
				t.Errorf("%q, %v, wanted %q", got, err, test.want)
			}
		})
	}
}

// The days of a month that schedules by the month have, each looked at for its whole day.
func TestScheduleDaysOfMonth(t *testing.T) {
	for _, test := range []struct {
		name  string
		s     schedule
		month time.Month // of 2027
		want  string     // days
	}{
		{"the 31st of February", schedule{Kind: monthly, Interval: 31, Recurrence: 1}, time.February, "28"},
		{"the 31st of March", schedule{Kind: monthly, Interval: 31, Recurrence: 1}, time.March, "31"},
		{"first Sunday", schedule{Kind: monthlyByWeekday, Interval: 1, Relative: 1, Recurrence: 1}, time.August, "01"},
		{"last Saturday", schedule{Kind: monthlyByWeekday, Interval: 7, Relative: 16, Recurrence: 1}, time.February, "27"},
		{"last day", schedule{Kind: monthlyByWeekday, Interval: 8, Relative: 16, Recurrence: 1}, time.February, "28"},
		{"first weekday", schedule{Kind: monthlyByWeekday, Interval: 9, Relative: 1, Recurrence: 1}, time.August, "02"},
		{"last weekday", schedule{Kind: monthlyByWeekday, Interval: 9, Relative: 16, Recurrence: 1}, time.February, "26"},
		{"second weekend day", schedule{Kind: monthlyByWeekday, Interval: 10, Relative: 2, Recurrence: 1}, time.August, "07"},
		{"every 10 days", schedule{Kind: daily, Interval: 10}, time.January, "01 11 21 31"},
		{"Monday and Wednesday of every third week", schedule{Kind: weekly, Interval: 2 + 8, Recurrence: 3}, time.January, "18 20"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.s
			s.SubKind, s.StartDate, s.EndDate, s.StartTime = timesOfDay, 20270101, 99991231, 120000
			if s.Kind == monthly || s.Kind == monthlyByWeekday {
				s.StartDate = 20200101
			}
			var days []string
			for d := time.Date(2027, test.month, 1, 0, 0, 0, 0, time.UTC); d.Month() == test.month; d = d.Add(aDay) {
				_, ok, err := s.due(d, d.Add(aDay))
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					days = append(days, d.Format("02"))
				}
			}
			if got := strings.Join(days, " "); got != test.want {
				t.Errorf("%q, wanted %q", got, test.want)
			}
		})
	}
}

// What no document knows is never "not due".
func TestScheduleNotKnown(t *testing.T) {
	good := schedule{Kind: daily, Interval: 1, SubKind: everyHours, SubEvery: 1, StartDate: 20200101, EndDate: 99991231, EndTime: 235959}
	if _, _, err := good.due(friday(2, 0), friday(10, 0)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*schedule){
		"a kind":                      func(s *schedule) { s.Kind = 2 },
		"no days":                     func(s *schedule) { s.Interval = 0 },
		"no weekdays":                 func(s *schedule) { s.Kind, s.Interval = weekly, 0 },
		"eight weekdays":              func(s *schedule) { s.Kind, s.Interval = weekly, 128 },
		"the 32nd":                    func(s *schedule) { s.Kind, s.Interval = monthly, 32 },
		"the third and last":          func(s *schedule) { s.Kind, s.Relative = monthlyByWeekday, 20 },
		"an eleventh kind of day":     func(s *schedule) { s.Kind, s.Interval, s.Relative = monthlyByWeekday, 11, 1 },
		"a part of the day":           func(s *schedule) { s.SubKind = 3 },
		"every 0 hours":               func(s *schedule) { s.SubEvery = 0 },
		"a start that is no date":     func(s *schedule) { s.StartDate = 20261350 },
		"the 30th of February":        func(s *schedule) { s.StartDate = 20260230 },
		"an end that is no date":      func(s *schedule) { s.EndDate = 0 },
		"a start that is no time":     func(s *schedule) { s.StartTime = 240000 },
		"a start of minute 60":        func(s *schedule) { s.StartTime = 16000 },
		"an end that is no time":      func(s *schedule) { s.EndTime = -1 },
		"once, on a day that is none": func(s *schedule) { s.Kind, s.StartDate = once, 0 },
	} {
		s := good
		change(&s)
		if first, ok, err := s.due(friday(2, 0), friday(10, 0)); err == nil {
			t.Errorf("%s: %v, %t", name, first, ok)
		}
	}
}
