package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"siteready/checks/catalog"
)

// The rules fit the width of the terminal, whatever it is, and lose no word.
func TestRulesFitTheWidth(t *testing.T) {
	rules := catalog.Rules(catalog.All())
	rules[1].Checks, rules[1].Reason = []string{"sql.first-of-several", "site.second-of-several"}, ""
	for _, width := range []int{20, narrowest, 120, 200} {
		var out bytes.Buffer
		if err := rulesText(&out, rules, width); err != nil {
			t.Fatal(err)
		}
		wide := max(width, narrowest)
		left := wide * 11 / 20
		var names, others []string
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if len(line) > wide && line != catalog.RulesPage || strings.TrimRight(line, " ") != line {
				t.Errorf("%d: %q", width, line)
			}
			if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ") && len(names) == 0 {
				continue
			}
			names = append(names, strings.Fields(line[2:min(2+left, len(line))])...)
			if len(line) > left+4 {
				others = append(others, strings.Fields(line[left+4:])...)
			}
		}
		var wantNames, wantOthers []string
		for _, rule := range rules {
			wantNames = append(wantNames, strings.Fields(rule.Name)...)
			wantOthers = append(wantOthers, strings.Fields(covering(rule))...)
		}
		if !slices.Equal(names, wantNames) || !slices.Equal(others, wantOthers) {
			t.Errorf("%d: words are lost:\n%s", width, &out)
		}
	}
}

// The requirements of Service Manager stand below the rules, each once and none cut.
func TestPhasesArePrinted(t *testing.T) {
	phases := catalog.ServiceManagerPhases(catalog.All())
	for _, width := range []int{20, narrowest, 200} {
		var out bytes.Buffer
		if err := phasesText(&out, phases, width); err != nil {
			t.Fatal(err)
		}
		words := " " + strings.Join(strings.Fields(out.String()), " ") + " "
		for _, rule := range rulesIn(phases) {
			for _, id := range rule.Checks {
				if !strings.Contains(words, " "+id) {
					t.Errorf("%d: %s is not there", width, id)
				}
			}
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); len(line) > max(width, narrowest) && !strings.HasPrefix(line, "https://") {
				t.Errorf("%d: %q is too long", width, line)
			}
		}
	}
}
