package platformtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Finding is an item of a check that is not green; without an item it is the whole check.
type Finding struct {
	Check  string `json:"check"`
	Item   string `json:"item"`
	Status string `json:"status"`
}

// overwrite lays values, by statement and column, over each row of these statements in all
// databases of a site. Where a statement has a list of values, it gets as many rows, each made
// of its first one. A statement or a column that is not there is an error.
func overwrite(site, statements map[string]any) error {
	left := maps.Clone(statements)
	for _, databases := range branches(site["sql"]) {
		for _, database := range branches(databases) {
			answers := branches(database)
			for statement, values := range statements {
				old, _ := answers[statement].([]any)
				if len(old) == 0 {
					continue
				}
				rows, err := overwritten(old, values)
				if err != nil {
					return fmt.Errorf("rows: %s: %w", statement, err)
				}
				answers[statement] = rows
				delete(left, statement)
			}
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("rows: no database has %s", strings.Join(slices.Sorted(maps.Keys(left)), ", "))
	}
	return nil
}

func overwritten(old []any, values any) ([]any, error) {
	list, isList := values.([]any)
	if !isList {
		for range old {
			list = append(list, values)
		}
	}
	var rows []any
	for i, one := range list {
		from := old[0]
		if !isList {
			from = old[i]
		}
		row := maps.Clone(branches(from))
		columns, ok := one.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%v has no columns", one)
		}
		for column, value := range columns {
			if _, found := row[column]; !found {
				return nil, fmt.Errorf("there is no column %s", column)
			}
			row[column] = value
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func branches(v any) map[string]any {
	below, _ := v.(map[string]any)
	return below
}

// rename replaces names in every key and text of a tree, longer names first.
func rename(tree any, names map[string]any) any {
	var pairs []string
	for _, old := range slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	}) {
		pairs = append(pairs, old, fmt.Sprint(names[old]))
	}
	replace := strings.NewReplacer(pairs...)
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			return replace.Replace(v)
		case []any:
			all := make([]any, len(v))
			for i := range v {
				all[i] = walk(v[i])
			}
			return all
		case map[string]any:
			all := make(map[string]any, len(v))
			for key, value := range v {
				all[replace.Replace(key)] = walk(value)
			}
			return all
		}
		return v
	}
	return walk(tree)
}
