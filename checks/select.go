package checks

import (
	"fmt"
	"maps"
	"path"
	"strings"
)

// Selection is which checks of a catalogue run.
type Selection struct {
	ids  map[string]bool
	seen map[string]bool // looked at by another run
}

// Besides is the selection beside checks that another run has looked at: they do not run, and what
// they judge is judged by somebody.
func (s Selection) Besides(ids ...string) Selection {
	seen := maps.Clone(s.seen)
	for _, id := range ids {
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[id] = true
	}
	return Selection{s.ids, seen}
}

// Select keeps the checks that match one of only (all when it is empty) and none of skip.
// Patterns are ids and globs such as drivers.*; one that matches no check is an error.
func Select(catalog Catalog, only, skip []string) (Selection, error) {
	s := Selection{ids: map[string]bool{}}
	kept, err := matching(catalog, only)
	if err != nil {
		return s, err
	}
	dropped, err := matching(catalog, skip)
	if err != nil {
		return s, err
	}
	for _, check := range catalog.Checks() {
		s.ids[check.ID] = (len(only) == 0 || kept[check.ID]) && !dropped[check.ID]
	}
	return s, nil
}

// Has reports whether the check with this id runs.
func (s Selection) Has(id string) bool { return s.ids[id] }

// Len is how many checks run.
func (s Selection) Len() int {
	n := 0
	for _, runs := range s.ids {
		if runs {
			n++
		}
	}
	return n
}

func matching(catalog Catalog, patterns []string) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for _, check := range catalog.Checks() {
			match, err := path.Match(pattern, check.ID)
			if err != nil {
				return nil, fmt.Errorf("%q is no pattern of check ids: %w", pattern, err)
			}
			if match {
				ids[check.ID], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no check is called %q; `siteready checks` lists them%s", pattern, near(catalog, pattern))
		}
	}
	return ids, nil
}

// near names the checks whose ids share a part with the pattern.
func near(catalog Catalog, pattern string) string {
	var ids []string
	for _, check := range catalog.Checks() {
		for part := range strings.FieldsFuncSeq(pattern, func(r rune) bool { return strings.ContainsRune(".-*?[]", r) }) {
			if len(part) > 2 && strings.Contains(check.ID, part) {
				ids = append(ids, check.ID)
				break
			}
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return " (did you mean " + strings.Join(ids, ", ") + "?)"
}
