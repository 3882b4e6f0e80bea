package configuration

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"siteready/platform/logscan/signatures"
)

// ownRank is the rank of signatures of the configuration: whoever writes one names the cause.
const ownRank = 3

// signatures reads known failures of the user's own.
func (r *reader) signatures(n ast.Node) {
	const section = "signatures"
	lines := map[string]int{}
	var builtIn []signatures.Signature
	for i, one := range r.records(n, section, "id", "text", "severity", "meaning") {
		before := len(r.problems)
		s := signatures.Signature{
			ID: r.field(one, section, "id", "a name"), Stage: "any", Rank: ownRank,
			Literal: r.field(one, section, "text", "what stands in the line"),
			And:     r.field(one, section, "and", "what must stand in the message, too"),
			Not:     r.field(one, section, "not", "what must not stand in the message"),
			Group:   r.field(one, section, "group", "the name of a cause"),
			Meaning: r.field(one, section, "meaning", "what it means"),
			Remedy:  r.field(one, section, "remedy", "what to do"),
			Source:  r.field(one, section, "source", "where that is written"),
		}
		if n := one.values["severity"]; n != nil {
			s.Severity, _ = r.word(n, section+".severity", []string{signatures.Failure, signatures.Warning, signatures.Information})
		}
		r.lines[fmt.Sprintf("signatures.%d", i)] = one.at.Line
		if s.Group == "" {
			s.Group = s.ID
		}
		if s.Source == "" {
			s.Source = "the configuration"
		}
		r.Signatures = append(r.Signatures, s)
		if len(r.problems) > before || s.ID == "" || s.Literal == "" {
			continue // it has been said
		}
		if err := s.Check(); err != nil {
			r.complain(one.at, "signatures: %v", err)
		}
		if first, twice := lines[s.ID]; twice {
			r.complain(position(one.values["id"]), "signatures.id: %s stands on line %d, too", short(s.ID), first)
		}
		lines[s.ID] = one.at.Line
		if builtIn == nil {
			builtIn = r.known(one.at)
		}
		if slices.ContainsFunc(builtIn, func(b signatures.Signature) bool { return b.ID == s.ID }) {
			r.complain(position(one.values["id"]), "signatures.id: the program has a signature %s of its own", short(s.ID))
		}
	}
}

// known are the signatures that are built in.
func (r *reader) known(at Position) []signatures.Signature {
	c, err := signatures.Known()
	if err != nil {
		r.complain(at, "signatures: those of the program cannot be read: %v", err)
		return nil
	}
	return c.All
}

// logRules reads other limits of rules over several lines.
func (r *reader) logRules(n ast.Node) {
	const section = "log_rules"
	rules, err := signatures.KnownRules()
	if err != nil {
		r.complain(position(n), "log_rules: those of the program cannot be read: %v", err)
		return
	}
	counts := map[string]bool{} // by the ids of the rules whose limits can be set: whether they count lines
	var own []string
	for _, rule := range rules {
		if rule.Own && rule.Judges() {
			counts[rule.ID] = rule.Kind == signatures.RuleOften
			own = append(own, rule.ID)
		}
	}
	lines := map[string]int{}
	for i, one := range r.records(n, section, "rule", "limit") {
		r.lines[fmt.Sprintf("log_rules.%d", i)] = one.at.Line
		l := signatures.Limit{Rule: r.field(one, section, "rule", "the id of a rule")}
		if l.Rule == "" || one.values["limit"] == nil {
			continue // it has been said
		}
		counting, known := counts[l.Rule]
		if !known {
			r.complain(position(one.values["rule"]), "log_rules.rule: no rule whose limit can be set is called %s%s", short(l.Rule), orAll(meant(l.Rule, own), own))
			continue
		}
		if counting {
			l.Times = r.times(one.values["limit"], section+".limit")
		} else if text, ok := r.duration(one.values["limit"], section+".limit"); ok {
			l.After, _ = time.ParseDuration(text) // it has been parsed
		}
		if first, twice := lines[l.Rule]; twice {
			r.complain(one.at, "log_rules: the entry on line %d is for the same rule", first)
		} else {
			lines[l.Rule] = one.at.Line
		}
		r.LogRules = append(r.LogRules, l)
	}
}

// times reads how many lines break a rule; 0 when it is no such number, and that has been said.
func (r *reader) times(n ast.Node, path string) int {
	const expected = "a whole number from 2 to 128"
	text, ok := r.text(n, path, expected)
	if !ok {
		return 0
	}
	if times, err := strconv.Atoi(text); err == nil && plainNumber.MatchString(text) && times >= 2 && times <= 128 {
		return times
	}
	r.wrong(n, path, expected)
	return 0
}
