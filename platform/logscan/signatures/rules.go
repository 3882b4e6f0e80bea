package signatures

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"siteready/platform/logscan/literals"
)

//go:embed rules/rules.yaml rules/endings.yaml
var ruleData embed.FS

// The kinds of rules.
const (
	RuleNumber   = "number"   // behind the last part of Begin stands a number other than 0
	RuleOpen     = "open"     // Begin without End since then, for longer than After
	RuleLast     = "last"     // Begin is the newest message of the log, and older than After
	RuleOften    = "often"    // Begin stands there Times in Within, without End between
	RuleLasting  = "lasting"  // Begin comes again and again for longer than After, never Within apart
	RuleFollowed = "followed" // Begin, then Follow in the same thread, without End between
	RuleSilent   = "silent"   // Begin has not come for longer than After, in a log that goes on
	// Begin in one log, without End in the log Answer within After, when that log tells of the time.
	RuleAnswered = "answered"
)

// The kinds of rules that no log breaks. They tell what is over.
const (
	RuleSuccess = "success" // after Begin, what is named in Ends and failed before is over
	// After Begin, all that stands before it in the same log is over; after End, what stands
	// before the End before that.
	RuleRun = "run"
)

// Rule is a failure that no line tells alone.
type Rule struct {
	ID        string `yaml:"id"`        // permanent
	Log       string `yaml:"log"`       // names of the logs that it is for, with semicolons; empty is any
	Component string `yaml:"component"` // whose lines it is for in logs of other names; empty is none
	Kind      string `yaml:"kind"`
	// What it looks for. One of the list must stand in a message; with " & " in it, all parts.
	Begin  []string `yaml:"begin"`
	End    []string `yaml:"end"`
	Follow []string `yaml:"follow"`
	// Key says that begins and ends belong together when the word behind the text is the same.
	Key    bool          `yaml:"key"`
	KeyIn  string        `yaml:"key_in"` // the text before that word, where it is not the one behind Begin or End
	Answer string        `yaml:"answer"` // the name of the other log, of kind answered
	Times  int           `yaml:"times"`
	Within time.Duration `yaml:"within"`
	After  time.Duration `yaml:"after"`
	// Ends are what a success ends: ids of signatures and rules, "group NAME", "log NAME", which is
	// what is meant for a log of that name, or "stage NAME", of signatures for Configuration Manager.
	Ends []string `yaml:"ends"`
	// Unless is a rule: while a log breaks it, the success ends nothing.
	Unless string `yaml:"unless"`

	Severity string `yaml:"severity"` // as of a Signature
	Group    string `yaml:"group"`
	Meaning  string `yaml:"meaning"`
	Remedy   string `yaml:"remedy"`
	Source   string `yaml:"source"`
	Own      bool   `yaml:"own"` // its limit is this program's own choice
}

// KnownRules are the rules that are built in.
func KnownRules() ([]Rule, error) {
	var all []byte
	for _, name := range []string{"rules/rules.yaml", "rules/endings.yaml"} {
		raw, err := ruleData.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, raw...)
	}
	return ParseRules(all)
}

// IsFor says that a rule is meant for a log of a name.
func (r Rule) IsFor(log string) bool { return r.Log == "" || names(r.Log, log) }

// Judges says that a log can break the rule. The others tell what is over.
func (r Rule) Judges() bool { return r.Kind != RuleSuccess && r.Kind != RuleRun }

// EndsSignature says that a success ends what a signature stands for.
func (r Rule) EndsSignature(s Signature) bool {
	return r.ends(s.ID, s.Group, s.Log) ||
		(s.Product == "" || s.Product == "CM") && slices.Contains(r.Ends, "stage "+s.Stage)
}

// EndsRule says that a success ends what another rule stands for.
func (r Rule) EndsRule(o Rule) bool { return r.ends(o.ID, o.Group, o.Log) }

func (r Rule) ends(id, group, logs string) bool {
	return slices.ContainsFunc(r.Ends, func(what string) bool {
		log, isLog := strings.CutPrefix(what, "log ")
		return what == id || what == "group "+group || isLog && names(logs, log)
	})
}

// names says that a list with semicolons holds a name.
func names(list, name string) bool {
	return slices.ContainsFunc(strings.Split(list, ";"), func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), name) })
}

// ParseRules reads a file of rules. Its error names each rule that is wrong, and why.
func ParseRules(raw []byte) ([]Rule, error) {
	var rules []Rule
	if err := yaml.UnmarshalWithOptions(raw, &rules, yaml.Strict()); err != nil {
		return nil, err
	}
	var problems []error
	seen := map[string]bool{}
	for _, r := range rules {
		if err := r.check(); err != nil {
			problems = append(problems, fmt.Errorf("rule %q: %w", r.ID, err))
		}
		if seen[r.ID] {
			problems = append(problems, fmt.Errorf("rule %q is there twice", r.ID))
		}
		seen[r.ID] = true
	}
	return rules, errors.Join(problems...)
}

func (r Rule) check() error {
	switch {
	case r.ID == "" || r.Group == "" || r.Meaning == "" || r.Source == "":
		return errors.New("its id, group, meaning or source is missing")
	case !slices.Contains([]string{Failure, Warning, Information}, r.Severity):
		return fmt.Errorf("its severity is %q: it must be failure, warning or information", r.Severity)
	case len(r.Begin) == 0 && r.Kind != RuleRun:
		return errors.New("it has no begin")
	}
	for _, text := range slices.Concat(r.Begin, r.End, r.Follow) {
		if first := Texts(text)[0]; len(first) < literals.MinLength {
			return fmt.Errorf("the text %q is too short: at least %d bytes are needed", first, literals.MinLength)
		}
	}
	wants := map[string]bool{
		RuleNumber: true, RuleOpen: len(r.End) > 0 && r.After > 0, RuleLast: r.After > 0,
		RuleOften: r.Times > 1 && r.Within > 0, RuleLasting: r.Within > 0 && r.After > 0, RuleFollowed: len(r.Follow) > 0,
		RuleSilent: r.After > 0 && r.Log != "", RuleAnswered: len(r.End) > 0 && r.After > 0 && r.IsFor(r.Answer),
		RuleSuccess: len(r.Ends) > 0, RuleRun: len(r.Begin)+len(r.End) > 0 && r.Log != "",
	}
	whole, known := wants[r.Kind]
	switch {
	case !known:
		return fmt.Errorf("its kind is %q, which is not known", r.Kind)
	case !whole:
		return fmt.Errorf("a rule of kind %s needs more: see the kinds", r.Kind)
	}
	return nil
}

// Limit is another limit of a rule whose limits are this program's choice. What is 0 stays as it is.
type Limit struct {
	Rule   string // its id
	Times  int
	Within time.Duration
	After  time.Duration
}

// Check says what is wrong with a limit of one of some rules, if anything is.
func (l Limit) Check(rules []Rule) error {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == l.Rule })
	switch {
	case i < 0 || !rules[i].Judges():
		return fmt.Errorf("there is no rule %q", l.Rule)
	case !rules[i].Own:
		return fmt.Errorf("the limits of rule %s are not this program's choice, and stay", l.Rule)
	case l.Times < 0 || l.Within < 0 || l.After < 0 || l.Times == 0 && l.Within == 0 && l.After == 0:
		return fmt.Errorf("a limit of rule %s must be above 0", l.Rule)
	case l.Times != 0 && rules[i].Times == 0:
		return fmt.Errorf("rule %s does not count times", l.Rule)
	case l.Times == 1:
		return fmt.Errorf("rule %s is broken by more than one line: times must be 2 or more", l.Rule)
	case l.Within != 0 && rules[i].Within == 0:
		return fmt.Errorf("rule %s has no limit within which its lines come", l.Rule)
	case l.After != 0 && rules[i].After == 0:
		return fmt.Errorf("rule %s has no limit after which it is broken", l.Rule)
	}
	return nil
}

// limit puts limits into rules.
func limit(rules []Rule, limits []Limit) error {
	var problems []error
	for _, l := range limits {
		if err := l.Check(rules); err != nil {
			problems = append(problems, err)
			continue
		}
		r := &rules[slices.IndexFunc(rules, func(r Rule) bool { return r.ID == l.Rule })]
		r.Times, r.Within, r.After = cmp.Or(l.Times, r.Times), cmp.Or(l.Within, r.Within), cmp.Or(l.After, r.After)
	}
	return errors.Join(problems...)
}

// Texts are the parts of a text that a rule looks for; the first is the one to search for.
func Texts(text string) []string {
	parts := strings.Split(text, " & ")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return parts
}

// Role is what a text is in its rule.
type Role int

// The roles of texts.
const (
	Begin Role = iota
	End
	Follow
)

// Mark is a text of a rule that stands in a message.
type Mark struct {
	Rule   int // its place in Rules
	Role   Role
	Text   string // its first part, in small letters
	At     int    // where that begins in the message, in bytes
	Behind string // what follows the text in the message; of kind number, what follows its last part
}

// text is a text of a rule, as it is looked for.
type text struct {
	rule  int
	role  Role
	parts []string // squeezed; the first is the one that was found
}

// textsOf are the texts of all rules, in the order in which they are looked for.
func textsOf(rules []Rule) []text {
	var all []text
	for i, r := range rules {
		for role, some := range [][]string{Begin: r.Begin, End: r.End, Follow: r.Follow} {
			for _, t := range some {
				parts := Texts(t)
				for j := range parts {
					parts[j] = squeeze(parts[j])
				}
				all = append(all, text{i, Role(role), parts})
			}
		}
	}
	return all
}

// Marks appends the texts of rules that stand in a message, of those whose first parts were found
// in it. message is where they were found, and base the place of its first byte in that count. meant
// says which rules, by their places in Rules, are asked for.
func (c *Catalogue) Marks(marks []Mark, found []literals.Found, message string, base int, meant func(rule int) bool) []Mark {
	folded := ""
	for _, f := range found {
		if f.Literal < len(c.All) {
			continue
		}
		t := &c.texts[f.Literal-len(c.All)]
		if !meant(t.rule) {
			continue
		}
		behind := message[min(len(message), f.At-base+len(t.parts[0])):]
		if len(t.parts) > 1 {
			if folded == "" {
				folded = squeeze(message)
			}
			if slices.ContainsFunc(t.parts[1:], func(part string) bool { return !strings.Contains(folded, part) }) {
				continue
			}
			if c.Rules[t.rule].Kind == RuleNumber {
				_, behind, _ = strings.Cut(folded, t.parts[len(t.parts)-1])
			}
		}
		if in := c.Rules[t.rule].KeyIn; in != "" {
			_, behind, _ = strings.Cut(message, in)
		}
		marks = append(marks, Mark{t.rule, t.role, t.parts[0], f.At - base, behind})
	}
	return marks
}
