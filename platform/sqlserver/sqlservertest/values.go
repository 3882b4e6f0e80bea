package sqlservertest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"
)

// wantType reports a Go value that does not go into a column.
func wantType(want string, got any) error {
	return fmt.Errorf("a %T: give %s", got, want)
}

func toInt(v any) (int64, error) {
	switch n := v.(type) {
	case int:
		return int64(n), nil
	case int8:
		return int64(n), nil
	case int16:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case int64:
		return n, nil
	case uint8:
		return int64(n), nil
	case uint16:
		return int64(n), nil
	case uint32:
		return int64(n), nil
	case uint:
		return toInt(uint64(n))
	case uint64:
		if n > math.MaxInt64 {
			return 0, fmt.Errorf("%d is too large", n)
		}
		return int64(n), nil
	default:
		return 0, wantType("a whole number", v)
	}
}

func bitValue(v any) ([]byte, error) {
	b, ok := v.(bool)
	if !ok {
		return nil, wantType("bool", v)
	}
	if b {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

func floatValue(v any) ([]byte, error) {
	var f float64
	switch n := v.(type) {
	case float64:
		f = n
	case float32:
		f = float64(n)
	default:
		whole, err := toInt(v)
		if err != nil {
			return nil, wantType("a number", v)
		}
		f = float64(whole)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is no value of SQL Server", f)
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), nil
}

// guidValue takes a text like "6F9619FF-8B86-D011-B42D-00C04FC964FF". Its first three groups are little-endian.
func guidValue(v any) ([]byte, error) {
	text, ok := v.(string)
	if !ok {
		return nil, wantType("string", v)
	}
	groups := strings.Split(text, "-")
	if len(groups) != 5 {
		return nil, fmt.Errorf("%q is not a uniqueidentifier", text)
	}
	var guid []byte
	for i, size := range []int{4, 2, 2, 2, 6} {
		b, err := hex.DecodeString(groups[i])
		if err != nil || len(b) != size {
			return nil, fmt.Errorf("%q is not a uniqueidentifier", text)
		}
		guid = append(guid, b...)
	}
	return swapGUID(guid), nil
}

// swapGUID turns the first three groups around, between the order on the wire and the order in text.
func swapGUID(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

func formatGUID(b []byte) string {
	s := strings.ToUpper(hex.EncodeToString(swapGUID(b)))
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// splitTime gives the days since the first of January of year and the time of the day.
// It takes date and time as they stand in t: these types know no time zone.
func splitTime(t time.Time, year, firstYear int) (days int64, inDay time.Duration, err error) {
	if t.Year() < firstYear || t.Year() > 9999 {
		return 0, 0, fmt.Errorf("%s is outside the years that the type holds", t.Format(time.RFC3339))
	}
	const day = 24 * 60 * 60
	first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	date := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	inDay = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	return (date.Unix() - first.Unix()) / day, inDay, nil
}

// dateTimeValue is days since 1900 and 1/300 seconds, to the nearest.
func dateTimeValue(v any) ([]byte, error) {
	t, ok := v.(time.Time)
	if !ok {
		return nil, wantType("time.Time", v)
	}
	days, inDay, err := splitTime(t, 1900, 1753)
	if err != nil {
		return nil, err
	}
	const perDay = 24 * 60 * 60 * 300
	ticks := (int64(inDay)*3 + 5_000_000) / 10_000_000
	if ticks == perDay {
		days, ticks = days+1, 0
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(days))
	return binary.LittleEndian.AppendUint32(b, uint32(ticks)), nil
}
