package checks

import (
	"fmt"
	"strings"
	"time"
)

// Statement is something about the update that only a person can tell. It is no check: it is
// never passed, and never changes a verdict.
type Statement struct {
	ID     string // area.name; permanent, and no check's id
	Text   string // a sentence that is true when all is well
	Why    string // why it matters
	Source string // the document that asks for it
}

func (s Statement) validate(area string, seen map[string]bool) error {
	var amiss string
	switch {
	case !idForm.MatchString(s.ID) || !strings.HasPrefix(s.ID, area+"."):
		amiss = "the id must be AREA.NAME in lower case"
	case seen[s.ID]:
		amiss = "the id is used twice"
	case s.Text == "" || s.Why == "" || s.Source == "":
		amiss = "text, why and source are needed"
	default:
		return nil
	}
	return fmt.Errorf("statement %q of area %q: %s", s.ID, area, amiss)
}

// Statements are those of all areas in order.
func (c Catalog) Statements() []Statement {
	var all []Statement
	for _, area := range c {
		all = append(all, area.Confirm...)
	}
	return all
}

// Confirmation says that a person has confirmed a statement.
type Confirmation struct {
	Statement string // id
	By        string
	On        time.Time // the day, 00:00 UTC
	Note      string    // may be empty
}

// StatementsFor are the statements of the areas that have something to say of what was judged:
// those of an area whose checks all do not apply are left out, unless no area applies at all.
func (c Catalog) StatementsFor(results []Result) []Statement {
	applies := map[string]bool{}
	for _, r := range results {
		applies[r.Area.ID] = applies[r.Area.ID] || !r.Selected || r.Status != NotApplicable
	}
	var all []Statement
	for _, area := range c {
		if does, judged := applies[area.ID]; does || !judged {
			all = append(all, area.Confirm...)
		}
	}
	if len(all) == 0 {
		return c.Statements()
	}
	return all
}
