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
