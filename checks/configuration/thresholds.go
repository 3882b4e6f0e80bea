package configuration

import (
	"cmp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"siteready/checks"
)

// thresholds reads settings by check id.
func (r *reader) thresholds(n ast.Node) {
	all := append(r.rules.Catalog.Checks(), r.rules.Verbs...)
	var ids []string
	for _, check := range all {
		ids = append(ids, check.ID)
	}
	for _, e := range r.entries(n, "thresholds", "a map of check ids, each with its thresholds") {
		at := slices.Index(ids, e.key)
		if at < 0 {
			r.complain(e.at, "thresholds: no check is called %s; `siteready checks` lists them%s", short(e.key), meant(e.key, ids))
			continue
		}
		r.settings(all[at], e)
	}
}

// settings reads those of one check.
func (r *reader) settings(check checks.Check, e entry) {
	path := "thresholds." + check.ID
	var names []string
	for _, s := range check.Settings {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		r.complain(e.at, "thresholds: the check %s has none", check.ID)
		return
	}
	set := checks.Settings{}
	places := map[string]Position{}
	for _, one := range r.entries(e.value, path, "a map with "+strings.Join(names, ", ")) {
		at := slices.Index(names, one.key)
		if at < 0 {
			r.complain(one.at, "%s: unknown threshold %s%s", path, short(one.key), orAll(meant(one.key, names), names))
			continue
		}
		places[one.key] = position(one.value)
		r.lines[path+"."+one.key] = one.at.Line
		if value, ok := r.number(one.value, path+"."+one.key, check.Settings[at].Unit); ok {
			set[one.key] = value
		}
	}
	r.inOrder(check, set, places)
	if len(set) > 0 {
		r.Thresholds[check.ID] = set
	}
}

// inOrder refuses a pair of thresholds that warn of what has already failed, which can only
// be a mistake. The defaults say in which order the two of a pair, such as warns_below and
// fails_below, must stand.
func (r *reader) inOrder(check checks.Check, set checks.Settings, places map[string]Position) {
	for _, fails := range check.Settings {
		if !strings.Contains(fails.Name, "fails") {
			continue
		}
		name := strings.Replace(fails.Name, "fails", "warns", 1)
		at := slices.IndexFunc(check.Settings, func(s checks.Setting) bool { return s.Name == name })
		if at < 0 {
			continue
		}
		warns := check.Settings[at]
		byDefault := cmp.Compare(fails.Default, warns.Default)
		if now := cmp.Compare(set.Value(fails), set.Value(warns)); now == 0 || byDefault == 0 || now == byDefault {
			continue
		}
		place, found := places[fails.Name]
		if !found {
			if place, found = places[warns.Name]; !found {
				continue // nothing was set
			}
		}
		order := "above"
		if byDefault > 0 {
			order = "below"
		}
		r.complain(place, "thresholds.%s: %s (%s) must not be %s %s (%s): nothing would be warned of",
			check.ID, fails.Name, Number(set.Value(fails)), order, warns.Name, Number(set.Value(warns)))
	}
}
