package sqlservertest_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"siteready/platform/sqlserver/sqlservertest"
)

func TestRows(t *testing.T) {
	type columns = []sqlservertest.Column
	for _, test := range []struct {
		name string
		json string
		want sqlservertest.Result
	}{
		{"none", `[]`, sqlservertest.Result{}},
		{
			"sorted by name", `[{"b":1,"B":2,"a":3}]`,
			sqlservertest.Result{Columns: columns{{"B", "bigint"}, {"a", "bigint"}, {"b", "bigint"}}, Rows: [][]any{{int64(2), int64(3), int64(1)}}},
		},
		{
			"each type", `[{"n":1,"f":1.5,"b":true,"s":"x","t":"2026-01-02T03:04:05Z","z":null}]`,
			sqlservertest.Result{
				Columns: columns{{"b", "bit"}, {"f", "float"}, {"n", "bigint"}, {"s", "nvarchar(max)"}, {"t", "nvarchar(max)"}, {"z", "nvarchar(max)"}},
				Rows:    [][]any{{true, 1.5, int64(1), "x", "2026-01-02T03:04:05Z", nil}},
			},
		},
		{
			"NULL takes the type of the others", `[{"b":null,"n":1},{"b":false,"n":null}]`,
			sqlservertest.Result{Columns: columns{{"b", "bit"}, {"n", "bigint"}}, Rows: [][]any{{nil, int64(1)}, {false, nil}}},
		},
		{
			"numbers of both kinds", `[{"n":1},{"n":2.5},{"n":3}]`,
			sqlservertest.Result{Columns: columns{{"n", "float"}}, Rows: [][]any{{int64(1)}, {2.5}, {int64(3)}}},
		},
		{
			"whole numbers", `[{"n":1e3},{"n":-9007199254740992}]`,
			sqlservertest.Result{Columns: columns{{"n", "bigint"}}, Rows: [][]any{{int64(1000)}, {int64(-9007199254740992)}}},
		},
		{
			"too large for bigint", `[{"n":1e30}]`,
			sqlservertest.Result{Columns: columns{{"n", "float"}}, Rows: [][]any{{1e30}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, exact := range []bool{false, true} {
				d := json.NewDecoder(strings.NewReader(test.json))
				if exact {
					d.UseNumber()
				}
				var objects []map[string]any
				if err := d.Decode(&objects); err != nil {
					t.Fatal(err)
				}
				got, err := sqlservertest.Rows(objects)
				if err != nil || !reflect.DeepEqual(got, test.want) {
					t.Errorf("exact numbers %v: got\n%+v, %v\nwant\n%+v", exact, got, err, test.want)
				}
				// The server must accept it.
				start(t, sqlservertest.NotSupported, sqlservertest.Tables{"rows": got})
			}
		})
	}
}

func TestRowsKeepsBigNumbers(t *testing.T) {
	got, err := sqlservertest.Rows([]map[string]any{{"n": json.Number("9223372036854775807")}, {"n": int64(math.MinInt64)}, {"n": 5}})
	want := [][]any{{int64(math.MaxInt64)}, {int64(math.MinInt64)}, {int64(5)}}
	if err != nil || !reflect.DeepEqual(got.Rows, want) || got.Columns[0].Type != "bigint" {
		t.Errorf("got %+v, %v; want %d in a bigint", got, err, want)
	}
}

func TestRowsErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		objects []map[string]any
		want    string
	}{
		{"empty object", []map[string]any{{}}, "object 1 is empty"},
		{"missing key", []map[string]any{{"a": 1, "b": 2}, {"a": 1}}, "object 2 has other keys"},
		{"other key", []map[string]any{{"a": 1}, {"b": 1}}, `object 2 has no key "a"`},
		{"additional key", []map[string]any{{"a": 1}, {"a": 1, "b": 1}}, "object 2 has other keys"},
		{"text and number", []map[string]any{{"a": nil}, {"a": "x"}, {"a": 1}}, `object 3, key "a": a value of type bigint in a column of type nvarchar(max)`},
		{"bit and number", []map[string]any{{"a": true}, {"a": 0}}, `object 2, key "a"`},
		{"list", []map[string]any{{"a": []any{1}}}, `object 1, key "a": a []interface {}`},
		{"NaN", []map[string]any{{"a": math.NaN()}}, `object 1, key "a": NaN`},
		{"no number", []map[string]any{{"a": json.Number("x")}}, `object 1, key "a": "x" is not a number`},
		{"too large", []map[string]any{{"a": uint64(math.MaxUint64)}}, `object 1, key "a"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := sqlservertest.Rows(test.objects)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v; want an error with %q", err, test.want)
			}
		})
	}
}

// TestRowsThroughDriver: numbers of both kinds in one column all arrive.
func TestRowsThroughDriver(t *testing.T) {
	r, err := sqlservertest.Rows([]map[string]any{{"n": 1.0, "s": nil}, {"n": 2.5, "s": "x"}, {"n": nil, "s": ""}})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, sqlservertest.NotSupported, sqlservertest.Tables{"rows": r})
	db, _ := open(t, s, nil)
	rows, err := db.QueryContext(t.Context(), "/* siteready: rows */ SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got [][]any
	for rows.Next() {
		var n, text any
		if err := rows.Scan(&n, &text); err != nil {
			t.Fatal(err)
		}
		got = append(got, []any{n, text})
	}
	want := [][]any{{1.0, nil}, {2.5, "x"}, {nil, ""}}
	if rows.Err() != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, rows.Err(), want)
	}
}
