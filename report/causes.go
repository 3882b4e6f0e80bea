package report

// Cause is one reason for which something could not be checked, and all that hangs on it.
type Cause struct {
	Reason string     `json:"reason"` // of the first that hangs on it
	Cause  string     `json:"cause"`
	Help   string     `json:"help"`
	Checks []Affected `json:"checks"`
}

// Affected is a check that hangs on a cause.
type Affected struct {
	ID    string   `json:"id"`
	Items []string `json:"items"` // the keys of its items that hang on it; empty when the whole check does
}

// causeKey is what makes two reasons one cause.
type causeKey struct{ cause, help string }

func (r Reason) key() causeKey { return causeKey{r.Cause, r.Help} }

// causes groups what could not be checked, in the order of first appearance.
func causes(all []Check) []Cause {
	groups := []Cause{}
	index := map[causeKey]int{}
	// affected returns the entry of the check id under the cause r, new or old.
	affected := func(r Reason, id string) *Affected {
		at, known := index[r.key()]
		if !known {
			at = len(groups)
			index[r.key()] = at
			groups = append(groups, Cause{r.Reason, r.Cause, r.Help, nil})
		}
		group := &groups[at]
		if n := len(group.Checks); n == 0 || group.Checks[n-1].ID != id {
			group.Checks = append(group.Checks, Affected{id, []string{}})
		}
		return &group.Checks[len(group.Checks)-1]
	}
	for _, c := range all {
		if c.Status == unknown && c.Cause != nil {
			affected(*c.Cause, c.ID)
		}
		for _, item := range c.Items {
			if item.Status == unknown && c.Selected {
				entry := affected(*item.Cause, c.ID)
				entry.Items = append(entry.Items, item.Key)
			}
		}
	}
	return groups
}

// silent is the cause of what is unknown without a word why. It must not vanish from the
// list of causes.
func silent(id string) *Reason {
	return &Reason{
		Cause: "The check " + id + " did not say why it could not check.",
		Help:  "This is a bug in siteready: please report it with the JSON report.",
	}
}
