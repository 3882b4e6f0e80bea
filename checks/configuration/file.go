package configuration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"siteready/checks"
	"siteready/checks/requirement"
)

// file reads the top level.
func (r *reader) file(root ast.Node) {
	for _, e := range r.entries(root, "", "keys with values") {
		r.lines[e.key] = e.at.Line
		switch e.key {
		case "target":
			if text, ok := r.text(e.value, e.key, "a release such as 2509, cm=2509 or scsm=2025"); ok {
				_, err := requirement.ParseTargets(text)
				r.flag(e.key, e.value, err, text)
			}
		case "fail_on":
			if text, ok := r.word(e.value, e.key, r.rules.FailOn); ok {
				r.flag(e.key, e.value, nil, text)
			}
		case "only", "skip":
			r.patterns(e)
		case "at":
			if text, ok := r.text(e.value, e.key, timeExpected); ok {
				if _, err := Time(text, time.UTC); err != nil {
					r.wrong(e.value, e.key, timeExpected)
				} else {
					r.flag(e.key, e.value, nil, text)
				}
			}
		case "timeout", "valid_for":
			if text, ok := r.duration(e.value, e.key); ok {
				r.flag(e.key, e.value, nil, text)
			}
		case "sql":
			r.sql(e.value)
		case "setup_account":
			if text := r.account(e); text != "" {
				r.flag(e.key, e.value, nil, text)
			}
		case "online":
			if text, ok := r.truth(e.value, e.key); ok {
				r.flag(e.key, e.value, nil, text)
			}
		case "history":
			r.history(e.value)
		case "notify":
			r.notify(e.value)
		case "key_backups":
			r.keyBackups(e.value)
		case "thresholds":
			r.thresholds(e.value)
		case "waivers":
			r.waivers(e.value)
		case "confirmed":
			r.confirmed(e.value)
		case "signatures":
			r.signatures(e.value)
		case "log_rules":
			r.logRules(e.value)
		default:
			r.unknownKey(e, "")
		}
	}
}

// flag keeps a value that is a flag, too, unless err refuses it.
func (r *reader) flag(key string, n ast.Node, err error, words ...string) {
	if err != nil {
		r.complain(position(n), "%s: %v", key, err)
		return
	}
	r.Given[key] = Given{words, position(n)}
	r.lines[key] = position(n).Line
}

// unknownKey complains of a key that its section does not have.
func (r *reader) unknownKey(e entry, section string) {
	name := strings.ToLower(e.key)
	switch {
	case section == "notify" && r.secretOfNotify(e, name):
		return
	case strings.Contains(name, "password"):
		r.complain(e.at, "%s: a password never stands in a file; it is read from the environment variable %s", short(e.key), r.rules.Password)
		return
	}
	where := ""
	if section != "" {
		where = " in " + section
	}
	words := below(section)
	help := meant(name, words)
	if help == "" {
		help = "; expected one of " + strings.Join(words, ", ")
	}
	r.complain(e.at, "unknown key %s%s%s", short(e.key), where, help)
}

// patterns reads the list of only or skip.
func (r *reader) patterns(e entry) {
	words := []string{}
	var broken bool
	for _, n := range r.elements(e.value, e.key, "a list such as [space.disk, 'drivers.*']") {
		text, ok := r.text(n, e.key, "the id of a check, or a glob such as 'drivers.*'")
		if !ok {
			broken = true
			continue
		}
		if _, err := checks.Select(r.rules.Catalog, []string{text}, nil); err != nil {
			r.complain(position(n), "%s: %v", e.key, err)
			broken = true
		}
		words = append(words, text)
	}
	if !broken && len(words) > 0 {
		r.flag(e.key, e.value, nil, words...)
	}
}

func (r *reader) sql(n ast.Node) {
	for _, e := range r.entries(n, "sql", "a map with "+strings.Join(below("sql"), ", ")) {
		path := "sql." + e.key
		switch e.key {
		case "server":
			if text, ok := r.text(e.value, path, `SERVER, SERVER\INSTANCE or SERVER,PORT`); ok {
				r.flag(path, e.value, r.rules.Instance(text), text)
			}
		case "encrypt":
			if text, ok := r.word(e.value, path, r.rules.Encryption); ok {
				r.flag(path, e.value, nil, text)
			}
		case "trust_server_certificate":
			if text, ok := r.truth(e.value, path); ok {
				r.flag(path, e.value, nil, text)
			}
		case "database", "user", "ca":
			expected := map[string]string{"database": "the name of a database", "user": "the name of a log-on", "ca": "the path of a PEM file"}[e.key]
			if text, ok := r.text(e.value, path, expected); ok {
				r.flag(path, e.value, nil, text)
			}
		default:
			r.unknownKey(e, "sql")
		}
	}
}

func (r *reader) history(n ast.Node) {
	for _, e := range r.entries(n, "history", "a map with "+strings.Join(below("history"), ", ")) {
		path := "history." + e.key
		switch e.key {
		case "folder":
			if text, ok := r.text(e.value, path, "the path of a folder"); ok {
				r.flag(path, e.value, nil, text)
			}
		case "keep_runs", "keep_days":
			if text, ok := r.count(e.value, path); ok {
				r.flag(path, e.value, nil, text)
			}
		default:
			r.unknownKey(e, "history")
		}
	}
}

var accountForm = regexp.MustCompile(`^[^\\/@]+\\[^\\/@]+$`)

func (r *reader) account(e entry) string {
	const expected = `an account as DOMAIN\name`
	text, ok := r.text(e.value, e.key, expected)
	if ok && !IsAccount(text) {
		r.wrong(e.value, e.key, expected)
		return ""
	}
	return text
}

// IsAccount reports whether a text names an account as DOMAIN\name.
func IsAccount(text string) bool { return accountForm.MatchString(text) }

// record is one entry of a list: texts by key, and where each stands.
type record struct {
	at     Position
	values map[string]ast.Node
}

// records reads a list of maps that have the keys of the section and no others. Those of
// needed must be there.
func (r *reader) records(n ast.Node, section string, needed ...string) []record {
	keys := below(section)
	var all []record
	for _, element := range r.elements(n, section, "a list of maps, each with "+strings.Join(needed, ", ")) {
		one := record{position(element), map[string]ast.Node{}}
		before := len(r.problems)
		entries := r.entries(element, section, "a map with "+strings.Join(needed, ", "))
		if len(entries) == 0 && len(r.problems) > before {
			continue // it is no map, and that has been said
		}
		for _, e := range entries {
			if !slices.Contains(keys, e.key) {
				r.unknownKey(e, section)
				continue
			}
			one.values[e.key] = e.value
		}
		var missing []string
		for _, key := range needed {
			if one.values[key] == nil {
				missing = append(missing, key)
			}
		}
		if len(missing) > 0 {
			r.complain(one.at, "%s: this entry has no %s", section, strings.Join(missing, " and no "))
		}
		all = append(all, one)
	}
	return all
}

// field reads a text of a record; empty when it is not there or no text.
func (r *reader) field(one record, section, key, expected string) string {
	n := one.values[key]
	if n == nil {
		return ""
	}
	text, _ := r.text(n, section+"."+key, expected)
	return text
}

func (r *reader) dayOf(one record, section, key string) time.Time {
	n := one.values[key]
	if n == nil {
		return time.Time{}
	}
	day, _ := r.day(n, section+"."+key)
	return day
}

func (r *reader) keyBackups(n ast.Node) {
	for i, one := range r.records(n, "key_backups", "server", "path") {
		r.KeyBackups = append(r.KeyBackups, checks.KeyBackup{
			Server: r.field(one, "key_backups", "server", "the name of a server"),
			Path:   r.field(one, "key_backups", "path", "the path of a file"),
		})
		r.lines[fmt.Sprintf("key_backups.%d", i)] = one.at.Line
	}
}

func (r *reader) waivers(n ast.Node) {
	ids := checkIDs(r.rules.Catalog)
	type about struct{ check, item string }
	lines := map[about]int{}
	for i, one := range r.records(n, "waivers", "check", "reason", "owner", "until") {
		w := checks.Waiver{
			Check:  r.field(one, "waivers", "check", "the id of a check"),
			Item:   r.field(one, "waivers", "item", "the key of an item, as the report names it"),
			Reason: r.field(one, "waivers", "reason", "why this can be accepted"),
			Owner:  r.field(one, "waivers", "owner", "who accepts it"),
			Ticket: r.field(one, "waivers", "ticket", "where it was decided"),
			Until:  r.dayOf(one, "waivers", "until"),
		}
		r.lines[fmt.Sprintf("waivers.%d", i)] = one.at.Line
		r.Waivers = append(r.Waivers, w)
		if w.Check == "" {
			continue // it has been said
		}
		if !slices.Contains(ids, w.Check) {
			r.complain(position(one.values["check"]), "waivers.check: no check is called %s; `siteready checks` lists them%s", short(w.Check), meant(w.Check, ids))
		}
		if first, twice := lines[about{w.Check, w.Item}]; twice {
			r.complain(one.at, "waivers: the waiver on line %d is for the same", first)
		} else {
			lines[about{w.Check, w.Item}] = one.at.Line
		}
	}
}

func (r *reader) confirmed(n ast.Node) {
	var ids []string
	for _, s := range r.rules.Catalog.Statements() {
		ids = append(ids, s.ID)
	}
	lines := map[string]int{}
	for i, one := range r.records(n, "confirmed", "statement", "by", "on") {
		c := checks.Confirmation{
			Statement: r.field(one, "confirmed", "statement", "the id of a statement"),
			By:        r.field(one, "confirmed", "by", "who has confirmed it"),
			On:        r.dayOf(one, "confirmed", "on"),
			Note:      r.field(one, "confirmed", "note", "what was looked at"),
		}
		r.lines[fmt.Sprintf("confirmed.%d", i)] = one.at.Line
		r.Confirmed = append(r.Confirmed, c)
		// A day may have begun elsewhere before it begins in UTC.
		if c.On.After(r.rules.Now.Add(14 * time.Hour)) {
			r.complain(position(one.values["on"]), "confirmed.on: %s is still to come", c.On.Format(time.DateOnly))
		}
		if c.Statement == "" {
			continue // it has been said
		}
		if !slices.Contains(ids, c.Statement) {
			r.complain(position(one.values["statement"]), "confirmed.statement: no statement is called %s%s", short(c.Statement), orAll(meant(c.Statement, ids), ids))
		}
		if first, twice := lines[c.Statement]; twice {
			r.complain(one.at, "confirmed: the entry on line %d is for the same statement", first)
		} else {
			lines[c.Statement] = one.at.Line
		}
	}
}

// orAll is a hint, or the whole list where there is none.
func orAll(hint string, words []string) string {
	if hint != "" {
		return hint
	}
	return "; expected one of " + strings.Join(words, ", ")
}

func checkIDs(catalog checks.Catalog) []string {
	var ids []string
	for _, check := range catalog.Checks() {
		ids = append(ids, check.ID)
	}
	return ids
}
