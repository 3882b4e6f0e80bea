package sqlservertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Rows makes a Result of objects as JSON has them, each with the same keys. Columns are sorted by name.
// Whole numbers make a bigint column, true and false a bit, text an nvarchar(max), other numbers a float;
// a column of both kinds of numbers is a float. nil is NULL, and a column of nothing else is an nvarchar(max).
// Without objects the result has no columns. An error names the object, counted from 1, and the key.
func Rows(objects []map[string]any) (Result, error) {
	if len(objects) == 0 {
		return Result{}, nil
	}
	names := slices.Sorted(maps.Keys(objects[0]))
	if len(names) == 0 {
		return Result{}, errors.New("object 1 is empty: a row has at least one column")
	}
	columns := make([]Column, len(names))
	rows := make([][]any, len(objects))
	for i, object := range objects {
		if len(object) != len(names) {
			return Result{}, fmt.Errorf("object %d has other keys than object 1", i+1)
		}
		rows[i] = make([]any, len(names))
		for j, name := range names {
			given, there := object[name]
			if !there {
				return Result{}, fmt.Errorf("object %d has no key %q, which object 1 has", i+1, name)
			}
			value, kind, err := jsonValue(given)
			if err != nil {
				return Result{}, fmt.Errorf("object %d, key %q: %w", i+1, name, err)
			}
			common, err := commonType(columns[j].Type, kind)
			if err != nil {
				return Result{}, fmt.Errorf("object %d, key %q: %w", i+1, name, err)
			}
			columns[j] = Column{Name: name, Type: common}
			rows[i][j] = value
		}
	}
	for j := range columns {
		if columns[j].Type == "" {
			columns[j].Type = "nvarchar(max)"
		}
	}
	return Result{Columns: columns, Rows: rows}, nil
}

// jsonValue gives a value and the type of column that it wants; none for nil.
func jsonValue(v any) (value any, kind string, err error) {
	switch v := v.(type) {
	case nil:
		return nil, "", nil
	case bool:
		return v, "bit", nil
	case string:
		return v, "nvarchar(max)", nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, "bigint", nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, "", fmt.Errorf("%q is not a number: %w", v, err)
		}
		return floatOrWhole(f)
	case float32:
		return floatOrWhole(float64(v))
	case float64:
		return floatOrWhole(v)
	default:
		n, err := toInt(v)
		if err != nil {
			return nil, "", fmt.Errorf("a %T is not a value of a row: %w", v, err)
		}
		return n, "bigint", nil
	}
}

func floatOrWhole(f float64) (value any, kind string, err error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, "", fmt.Errorf("%v is no value of SQL Server", f)
	}
	if f == math.Trunc(f) && f >= math.MinInt64 && f < math.MaxInt64 {
		return int64(f), "bigint", nil
	}
	return f, "float", nil
}

// commonType is the type of a column that so far was of type a and now gets a value of type b.
func commonType(a, b string) (string, error) {
	number := func(t string) bool { return t == "bigint" || t == "float" }
	switch {
	case a == b || b == "":
		return a, nil
	case a == "":
		return b, nil
	case number(a) && number(b):
		return "float", nil
	default:
		return "", fmt.Errorf("a value of type %s in a column of type %s", b, a)
	}
}
