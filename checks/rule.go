package checks

import (
	"strings"
	"time"
	"unicode"
)

// Opinion is what the product's own checker said when it last ran. It is shown beside the own
// results, and decides nothing by itself.
type Opinion struct {
	Log     string // where it was read
	Ended   time.Time
	Package string // the update that it looked at; empty when that is not known
	Rules   []OpinionRule
	Whole   bool // Rules are all that it said
}

// OpinionRule is what was said of one rule on one server.
type OpinionRule struct {
	Rule    string // as the checker names it
	Server  string // empty when none is named
	Status  Status // Failed, Warning or Passed; NotApplicable when the rule was not run
	Message string
}

// RuleKey is what makes two names of a rule of Microsoft's checker one: its log names rules nearly
// as its list does. Case, punctuation and the list's "(error)" and "(warning)" do not count.
func RuleKey(name string) string {
	name = strings.ToLower(name)
	for _, suffix := range []string{"(error)", "(warning)"} {
		name = strings.TrimSuffix(strings.TrimSpace(name), suffix)
	}
	key := strings.Join(strings.FieldsFunc(name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), " ")
	switch key { // from Microsoft's support article on updates
	case "windows server 2012 and 2012 r2 lifecycle":
		return "windows server 2012 r2 lifecycle"
	case "sql client prerequisite missing for configuration manager setup":
		return "odbc driver for sql server"
	case "https or enhanced http are not enabled for client communication":
		return "enable site system roles for https or enhanced http"
	}
	return key
}

// covering are the ids of the selected checks, and of those that another run has looked at, by the keys of the rules that they name.
func covering(catalog Catalog, selected Selection) map[string][]string {
	by := map[string][]string{}
	for _, check := range catalog.Checks() {
		for _, rule := range check.Rules {
			if key := RuleKey(rule); selected.Has(check.ID) || selected.seen[check.ID] {
				by[key] = append(by[key], check.ID)
			}
		}
	}
	return by
}

// Covering are the ids of the checks of this run that judge a rule of Microsoft's checker on their
// own.
func (c *Case) Covering(rule string) []string { return c.covering[RuleKey(rule)] }
