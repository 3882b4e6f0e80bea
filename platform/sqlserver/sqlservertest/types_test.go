package sqlservertest_test

import (
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"siteready/platform/sqlserver/sqlservertest"
)

// typeCase is a type with values as a test gives them, as the driver returns them, and as tsql prints them.
type typeCase struct {
	typ      string
	database string // the driver's name of the type
	in, out  []any
	printed  []string
}

func typeCases() []typeCase {
	utc := func(year int, month time.Month, day, hour, minute, sec, nanos int) time.Time {
		return time.Date(year, month, day, hour, minute, sec, nanos, time.UTC)
	}
	long := strings.Repeat("long ä 𝄞 ", 5000)
	exact := utc(2026, 12, 31, 23, 59, 59, 123456700)
	eve := []string{"Dec 31 2026 11:59PM"}
	guid := "6F9619FF-8B86-D011-B42D-00C04FC964FF"
	// The driver gives the bytes as they are on the wire.
	guidBytes := []byte{0xFF, 0x19, 0x96, 0x6F, 0x86, 0x8B, 0x11, 0xD0, 0xB4, 0x2D, 0x00, 0xC0, 0x4F, 0xC9, 0x64, 0xFF}
	return []typeCase{
		{"tinyint", "TINYINT", []any{0, uint8(255)}, []any{int64(0), int64(255)}, []string{"0", "255"}},
		{
			"smallint", "SMALLINT",
			[]any{math.MinInt16, int16(math.MaxInt16)},
			[]any{int64(math.MinInt16), int64(math.MaxInt16)},
			[]string{"-32768", "32767"},
		},
		{
			"int", "INT",
			[]any{math.MinInt32, int32(math.MaxInt32)},
			[]any{int64(math.MinInt32), int64(math.MaxInt32)},
			[]string{"-2147483648", "2147483647"},
		},
		{
			"bigint", "BIGINT",
			[]any{math.MinInt64, uint64(math.MaxInt64), int8(-1)},
			[]any{int64(math.MinInt64), int64(math.MaxInt64), int64(-1)},
			[]string{"-9223372036854775808", "9223372036854775807", "-1"},
		},
		{"bit", "BIT", []any{true, false}, []any{true, false}, []string{"1", "0"}},
		{
			"float", "FLOAT",
			[]any{-1.5, math.MaxFloat64, 3, float32(0.25)},
			[]any{-1.5, math.MaxFloat64, 3.0, 0.25},
			[]string{"-1.5", "1.7976931348623157e+308", "3", "0.25"},
		},
		{
			"nvarchar(9)", "NVARCHAR",
			[]any{"", "Größe 𝄞 ", "123456789"},
			[]any{"", "Größe 𝄞 ", "123456789"},
			[]string{"", "Größe 𝄞 ", "123456789"},
		},
		{
			"NVARCHAR( 4000 )", "NVARCHAR",
			[]any{strings.Repeat("x", 4000)},
			[]any{strings.Repeat("x", 4000)},
			[]string{strings.Repeat("x", 4000)},
		},
		{"nvarchar(max)", "NVARCHAR", []any{"", "a", long}, []any{"", "a", long}, []string{"", "a", long}},
		{"sysname", "NVARCHAR", []any{"CM_PS1"}, []any{"CM_PS1"}, []string{"CM_PS1"}},
		{
			"datetime", "DATETIME",
			[]any{utc(1753, 1, 1, 0, 0, 0, 0), utc(2026, 2, 28, 12, 30, 0, 123_000_000), utc(2026, 2, 28, 23, 59, 59, 999_000_000), utc(9999, 12, 31, 23, 59, 59, 990_000_000)},
			[]any{utc(1753, 1, 1, 0, 0, 0, 0), utc(2026, 2, 28, 12, 30, 0, 123_000_000), utc(2026, 3, 1, 0, 0, 0, 0), utc(9999, 12, 31, 23, 59, 59, 990_000_000)},
			[]string{"Jan  1 1753 12:00AM", "Feb 28 2026 12:30PM", "Mar  1 2026 12:00AM", "Dec 31 9999 11:59PM"},
		},
		{
			"datetime2", "DATETIME2",
			[]any{utc(1, 1, 1, 0, 0, 0, 0), exact, exact.In(time.FixedZone("", 3600))},
			[]any{utc(1, 1, 1, 0, 0, 0, 0), exact, exact.Add(time.Hour)},
			[]string{"Jan  1 1 12:00AM", "Dec 31 2026 11:59PM", "Jan  1 2027 12:59AM"},
		},
		{
			"datetime2(7)", "DATETIME2",
			[]any{utc(9999, 12, 31, 23, 59, 59, 999_999_900)},
			[]any{utc(9999, 12, 31, 23, 59, 59, 999_999_900)},
			[]string{"Dec 31 9999 11:59PM"},
		},
		{"datetime2(4)", "DATETIME2", []any{exact}, []any{exact.Truncate(100 * time.Microsecond)}, eve},
		{"datetime2(3)", "DATETIME2", []any{exact}, []any{exact.Truncate(time.Millisecond)}, eve},
		{"datetime2(0)", "DATETIME2", []any{exact}, []any{exact.Truncate(time.Second)}, eve},
		{"uniqueidentifier", "UNIQUEIDENTIFIER", []any{strings.ToLower(guid)}, []any{guidBytes}, []string{guid}},
		{"decimal", "DECIMAL", []any{7, "-7"}, []any{[]byte("7"), []byte("-7")}, []string{"7", "-7"}},
		{
			"decimal(5,2)", "DECIMAL",
			[]any{"0", "-0.05", "999.99", "12.5"},
			[]any{[]byte("0.00"), []byte("-0.05"), []byte("999.99"), []byte("12.50")},
			[]string{"0.00", "-0.05", "999.99", "12.50"},
		},
		{"decimal(19,4)", "DECIMAL", []any{"123456789012345.6789"}, []any{[]byte("123456789012345.6789")}, []string{"123456789012345.6789"}},
		{"numeric(25,0)", "DECIMAL", []any{"1234567890123456789012345"}, []any{[]byte("1234567890123456789012345")}, []string{"1234567890123456789012345"}},
		{"decimal(38,0)", "DECIMAL", []any{strings.Repeat("9", 38)}, []any{[]byte(strings.Repeat("9", 38))}, []string{strings.Repeat("9", 38)}},
		{
			"sql_variant", "SQL_VARIANT",
			[]any{2147483647, int64(math.MinInt32), int64(1) << 40, "Größe", strings.Repeat("y", 4000)},
			[]any{int64(2147483647), int64(math.MinInt32), int64(1) << 40, "Größe", strings.Repeat("y", 4000)},
			[]string{"2147483647", "-2147483648", "1099511627776", "Größe", strings.Repeat("y", 4000)},
		},
	}
}

// TestTypes sends each value, with a NULL in front and behind, through the driver: as a batch and as a call.
func TestTypes(t *testing.T) {
	for _, test := range typeCases() {
		t.Run(test.typ, func(t *testing.T) {
			given := sqlservertest.Result{Columns: []sqlservertest.Column{{Name: "Wért", Type: test.typ}, {Name: "", Type: "int"}}}
			want := []any{nil}
			given.Rows = append(given.Rows, []any{nil, 1})
			for i, v := range test.in {
				given.Rows = append(given.Rows, []any{v, 1})
				want = append(want, test.out[i])
			}
			given.Rows = append(given.Rows, []any{nil, 1})
			want = append(want, nil)

			s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"values": given})
			db, _ := open(t, s, nil)
			for name, args := range map[string][]any{"batch": nil, "sp_executesql": {1}} {
				rows, err := db.QueryContext(t.Context(), "/* siteready: values */ SELECT 1", args...)
				if err != nil {
					t.Fatal(name, err)
				}
				columns, err := rows.ColumnTypes()
				if err != nil || len(columns) != 2 {
					t.Fatalf("%s: columns %v, %v; want 2", name, columns, err)
				}
				if c := columns[0]; c.Name() != "Wért" || c.DatabaseTypeName() != test.database {
					t.Errorf("%s: got the column %s %s; want Wért %s", name, c.Name(), c.DatabaseTypeName(), test.database)
				}
				var got []any
				for rows.Next() {
					var v any
					var one int
					if err := rows.Scan(&v, &one); err != nil {
						t.Fatal(name, err)
					}
					if at, ok := v.(time.Time); ok {
						v = at.UTC()
					}
					if one != 1 {
						t.Errorf("%s: the value behind %v is %d; want 1", name, v, one)
					}
					got = append(got, v)
				}
				if err := rows.Err(); err != nil {
					t.Fatal(name, err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got\n%.300v\nwant\n%.300v", name, got, want)
				}
			}
		})
	}
}

// TestColumnSizes: what the driver learns of a column's size is what the type says.
func TestColumnSizes(t *testing.T) {
	r := sqlservertest.Result{Columns: []sqlservertest.Column{{"a", "nvarchar(60)"}, {"b", "nvarchar(max)"}, {"c", "decimal(18,2)"}, {"d", "datetime2(3)"}}}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"sizes": r})
	db, _ := open(t, s, nil)
	rows, err := db.QueryContext(t.Context(), "/* siteready: sizes */ SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil || len(columns) != 4 {
		t.Fatalf("got %d columns, %v; want 4", len(columns), err)
	}
	if n, ok := columns[0].Length(); n != 60 || !ok {
		t.Errorf("nvarchar(60): got the length %d, %v", n, ok)
	}
	if n, ok := columns[1].Length(); n != 1073741822 || !ok {
		t.Errorf("nvarchar(max): got the length %d, %v", n, ok)
	}
	if p, scale, ok := columns[2].DecimalSize(); p != 18 || scale != 2 || !ok {
		t.Errorf("decimal(18,2): got %d, %d, %v", p, scale, ok)
	}
	for _, c := range columns {
		if nullable, ok := c.Nullable(); !nullable || !ok {
			t.Errorf("column %s: nullable is %v, %v; want true", c.Name(), nullable, ok)
		}
	}
}

// failing stands for a test in which Start must fail.
type failing struct {
	testing.TB
	fatal bool
}

func (f *failing) Fatalf(string, ...any) {
	f.fatal = true
	runtime.Goexit()
}

func TestBadConfig(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	column := func(typ string, value any) sqlservertest.Config {
		r := sqlservertest.Result{Columns: []sqlservertest.Column{{Name: "c", Type: typ}}, Rows: [][]any{{value}}}
		return sqlservertest.Config{Databases: map[string]sqlservertest.Tables{"d": {"s": r}}}
	}
	result := func(r sqlservertest.Result) sqlservertest.Config {
		return sqlservertest.Config{Databases: map[string]sqlservertest.Tables{"d": {"s": r}}}
	}
	for name, c := range map[string]sqlservertest.Config{
		"encryption":             {Encryption: sqlservertest.Strict + 1},
		"database twice":         {Databases: map[string]sqlservertest.Tables{"CM": nil, "cm": nil}},
		"database without name":  {Databases: map[string]sqlservertest.Tables{"": nil}},
		"unknown type":           column("text", nil),
		"no type":                column("", nil),
		"nvarchar without size":  column("nvarchar", nil),
		"nvarchar(0)":            column("nvarchar(0)", nil),
		"nvarchar(4001)":         column("nvarchar(4001)", nil),
		"nvarchar(-1)":           column("nvarchar(-1)", nil),
		"nvarchar(5":             column("nvarchar(5", nil),
		"int(4)":                 column("int(4)", nil),
		"int(max)":               column("datetime2(max)", nil),
		"datetime2(8)":           column("datetime2(8)", nil),
		"decimal(39)":            column("decimal(39)", nil),
		"decimal(2,3)":           column("decimal(2,3)", nil),
		"decimal(1,2,3)":         column("decimal(1,2,3)", nil),
		"tinyint too large":      column("tinyint", 256),
		"tinyint negative":       column("tinyint", -1),
		"smallint too large":     column("smallint", 32768),
		"int too small":          column("int", math.MinInt32-1),
		"bigint too large":       column("bigint", uint64(math.MaxInt64+1)),
		"int from float":         column("int", 1.0),
		"int from text":          column("int", "1"),
		"bit from int":           column("bit", 1),
		"float NaN":              column("float", math.NaN()),
		"float from text":        column("float", "1"),
		"text too long":          column("nvarchar(3)", "12𝄞"),
		"text from int":          column("nvarchar(3)", 1),
		"long text from int":     column("nvarchar(max)", 1),
		"datetime from text":     column("datetime", "2026-01-01"),
		"datetime of 1752":       column("datetime", at.AddDate(-274, 0, 0)),
		"datetime2 from text":    column("datetime2", "2026-01-01"),
		"datetime2 of year 0":    column("datetime2", at.AddDate(-2026, 0, 0)),
		"datetime2 of 10000":     column("datetime2", at.AddDate(8000, 0, 0)),
		"guid":                   column("uniqueidentifier", "6F9619FF-8B86-D011-B42D-00C04FC964F"),
		"guid from bytes":        column("uniqueidentifier", make([]byte, 16)),
		"decimal digits":         column("decimal(4,2)", "100"),
		"decimal places":         column("decimal(4,2)", "1.234"),
		"decimal no number":      column("decimal(4,2)", "1,2"),
		"decimal empty":          column("decimal(4,2)", ""),
		"decimal from float":     column("decimal(4,2)", 1.5),
		"variant from float":     column("sql_variant", 1.5),
		"variant text too long":  column("sql_variant", strings.Repeat("x", 4001)),
		"too few values":         result(sqlservertest.Result{Columns: []sqlservertest.Column{{"a", "int"}, {"b", "int"}}, Rows: [][]any{{1}}}),
		"rows without columns":   result(sqlservertest.Result{Rows: [][]any{{}}}),
		"column name too long":   result(sqlservertest.Result{Columns: []sqlservertest.Column{{strings.Repeat("x", 129), "int"}}}),
		"error text too long":    result(sqlservertest.Result{Err: &sqlservertest.Error{Message: strings.Repeat("x", 2048)}}),
		"second error too long":  result(sqlservertest.Result{Err: &sqlservertest.Error{Next: &sqlservertest.Error{Message: strings.Repeat("x", 2048)}}}),
		"database name too long": {Databases: map[string]sqlservertest.Tables{strings.Repeat("x", 129): nil}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &failing{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				sqlservertest.Start(f, c)
			}()
			<-done
			if !f.fatal {
				t.Error("the server started")
			}
		})
	}
}
