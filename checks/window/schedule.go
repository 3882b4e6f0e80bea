package window

import (
	"fmt"
	"time"
)

// schedule is a schedule of SQL Server's Agent in the numbers of msdb.dbo.sysschedules, as
// Microsoft's page on that table gives them. Its times are those of SQL Server's own clock.
type schedule struct {
	Kind       int // freq_type: 1 once, 4 daily, 8 weekly, 16 monthly, 32 monthly by weekday, 64 with the Agent, 128 when idle
	Interval   int // freq_interval: days, a mask of weekdays, a day of the month or a number of a weekday
	SubKind    int // freq_subday_type: 1 once a day, 2 seconds, 4 minutes, 8 hours; 0 where it is not used
	SubEvery   int // freq_subday_interval
	Relative   int // freq_relative_interval: 1 first, 2 second, 4 third, 8 fourth, 16 last
	Recurrence int // freq_recurrence_factor: weeks or months between
	StartDate  int // YYYYMMDD
	EndDate    int // YYYYMMDD
	StartTime  int // HHMMSS
	EndTime    int // HHMMSS
	NextDate   int // sysjobschedules.next_run_date, which the Agent renews every 20 minutes; 0 = not known
	NextTime   int // HHMMSS
}

// The values of freq_type.
const (
	once             = 1
	daily            = 4
	weekly           = 8
	monthly          = 16
	monthlyByWeekday = 32
	whenAgentStarts  = 64
	whenIdle         = 128
	timesOfDay       = 1 // of freq_subday_type
	everySeconds     = 2
	everyMinutes     = 4
	everyHours       = 8
	lastOfMonth      = 16 // of freq_relative_interval
	anyDay           = 8  // of freq_interval, monthly by weekday
	anyWeekday       = 9
	anyWeekendDay    = 10
	aDay             = 24 * time.Hour
)

// due returns the first time in [from, to) at which the schedule begins a job; ok is false when
// there is none. What the numbers do not mean in any document is an error.
func (s schedule) due(from, to time.Time) (first time.Time, ok bool, err error) {
	starts, err := day(s.StartDate)
	if err != nil {
		return first, false, fmt.Errorf("active_start_date %w", err)
	}
	ends, err := day(s.EndDate)
	if err != nil {
		return first, false, fmt.Errorf("active_end_date %w", err)
	}
	begin, err := timeOfDay(s.StartTime)
	if err != nil {
		return first, false, fmt.Errorf("active_start_time %w", err)
	}
	keep := func(t time.Time) {
		if !t.Before(from) && t.Before(to) && (!ok || t.Before(first)) {
			first, ok = t, true
		}
	}
	if next, err := day(s.NextDate); s.NextDate != 0 && err == nil {
		if clock, err := timeOfDay(s.NextTime); err == nil {
			keep(next.Add(clock))
		}
	}
	switch s.Kind {
	case once:
		keep(starts.Add(begin))
		return first, ok, nil
	case whenAgentStarts:
		return first, ok, nil
	case whenIdle:
		keep(from)
		return first, ok, nil
	}
	step, span, err := s.within(begin)
	if err != nil {
		return first, false, err
	}
	// A row of times that begins the evening before may reach into the hours.
	for date := midnight(from).Add(-aDay); date.Before(to); date = date.Add(aDay) {
		on, err := s.on(date, starts)
		if err != nil {
			return first, false, err
		}
		if !on || date.Before(starts) || date.After(ends) {
			continue
		}
		begins := date.Add(begin)
		if step > 0 && begins.Before(from) { // the first of the row that is not before
			begins = begins.Add((from.Sub(begins) + step - 1) / step * step)
		}
		if !begins.After(date.Add(begin + span)) {
			keep(begins)
		}
	}
	return first, ok, nil
}

// within returns the time between two runs of a day, 0 when there is one, and the time from
// the first to the latest that the last may begin at.
func (s schedule) within(begin time.Duration) (step, span time.Duration, err error) {
	unit := map[int]time.Duration{everySeconds: time.Second, everyMinutes: time.Minute, everyHours: time.Hour}[s.SubKind]
	switch {
	case s.SubKind == timesOfDay || s.SubKind == 0:
		return 0, 0, nil
	case unit == 0:
		return 0, 0, fmt.Errorf("freq_subday_type %d is not known", s.SubKind)
	case s.SubEvery < 1:
		return 0, 0, fmt.Errorf("freq_subday_interval is %d", s.SubEvery)
	}
	end, err := timeOfDay(s.EndTime)
	if err != nil {
		return 0, 0, fmt.Errorf("active_end_time %w", err)
	}
	if end < begin {
		end += aDay // past midnight
	}
	return time.Duration(s.SubEvery) * unit, end - begin, nil
}

// on reports whether the schedule has a date; starts is the first that it may have. A month
// without the day of the schedule is taken to have it on its last day.
func (s schedule) on(date, starts time.Time) (bool, error) {
	months := (date.Year()-starts.Year())*12 + int(date.Month()-starts.Month())
	last := date.AddDate(0, 0, 1-date.Day()).AddDate(0, 1, -1).Day() // of the month
	recurs := max(s.Recurrence, 1)
	switch s.Kind {
	case daily:
		if s.Interval < 1 {
			return false, fmt.Errorf("freq_interval is %d days", s.Interval)
		}
		return int(date.Sub(starts)/aDay)%s.Interval == 0, nil
	case weekly:
		if s.Interval < 1 || s.Interval > 127 {
			return false, fmt.Errorf("freq_interval is %d, which is no set of weekdays", s.Interval)
		}
		weeks := int(sunday(date).Sub(sunday(starts)) / (7 * aDay))
		return s.Interval>>int(date.Weekday())&1 == 1 && weeks%recurs == 0, nil
	case monthly:
		if s.Interval < 1 || s.Interval > 31 {
			return false, fmt.Errorf("freq_interval is day %d of the month", s.Interval)
		}
		return date.Day() == min(s.Interval, last) && months%recurs == 0, nil
	case monthlyByWeekday:
		number, err := s.numberInMonth(date, last)
		return number && months%recurs == 0, err
	}
	return false, fmt.Errorf("freq_type %d is not known", s.Kind)
}

// numberInMonth reports whether date is the first, second, third, fourth or last of its month
// among the days that freq_interval names.
func (s schedule) numberInMonth(date time.Time, last int) (bool, error) {
	wanted := map[int]int{1: 1, 2: 2, 4: 3, 8: 4}[s.Relative]
	if s.Interval < 1 || s.Interval > anyWeekendDay || wanted == 0 && s.Relative != lastOfMonth {
		return false, fmt.Errorf("freq_interval %d with freq_relative_interval %d is not known", s.Interval, s.Relative)
	}
	is := func(day int) bool {
		weekDay := date.AddDate(0, 0, day-date.Day()).Weekday()
		weekend := weekDay == time.Saturday || weekDay == time.Sunday
		switch s.Interval {
		case anyDay:
			return true
		case anyWeekday:
			return !weekend
		case anyWeekendDay:
			return weekend
		}
		return int(weekDay) == s.Interval-1 // 1 is Sunday
	}
	before, after := 0, 0
	for d := 1; d <= last; d++ {
		switch {
		case is(d) && d < date.Day():
			before++
		case is(d) && d > date.Day():
			after++
		}
	}
	if s.Relative == lastOfMonth {
		return is(date.Day()) && after == 0, nil
	}
	return is(date.Day()) && before == wanted-1, nil
}

func midnight(t time.Time) time.Time { return t.Truncate(aDay) }

func sunday(t time.Time) time.Time { return midnight(t).AddDate(0, 0, -int(t.Weekday())) }

// day reads a date written as the number YYYYMMDD.
func day(n int) (time.Time, error) {
	date := time.Date(n/10000, time.Month(n/100%100), n%100, 0, 0, 0, 0, time.UTC)
	if n < 19000101 || n > 99991231 || date.Month() != time.Month(n/100%100) || date.Day() != n%100 {
		return time.Time{}, fmt.Errorf("%d is no date", n)
	}
	return date, nil
}

// timeOfDay reads a time written as the number HHMMSS.
func timeOfDay(n int) (time.Duration, error) {
	if n < 0 || n/10000 > 23 || n/100%100 > 59 || n%100 > 59 {
		return 0, fmt.Errorf("%d is no time of the day", n)
	}
	return time.Duration(n/10000)*time.Hour + time.Duration(n/100%100)*time.Minute + time.Duration(n%100)*time.Second, nil
}
