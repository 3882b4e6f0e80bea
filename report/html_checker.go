package report

import "fmt"

// htmlChecker is what Microsoft's own checker said, and where that differs.
type htmlChecker struct {
	ID, Ran, Agree, Log string
	First, Rest         []htmlDisagreement
	More                string
}

// htmlDisagreement is a rule on which both do not say the same.
type htmlDisagreement struct{ Rule, Theirs, Ours string }

// newHTMLChecker is nil where nothing is known of Microsoft's checker.
func newHTMLChecker(r Report) *htmlChecker {
	o := r.ProductChecker
	if o == nil {
		return nil
	}
	h := &htmlChecker{ID: o.Check, Ran: tidy(o.ran(r.ReadAt)), Agree: tidy(o.agree()), Log: tidy(o.Log)}
	if len(o.Disagreements) == 0 {
		h.Agree = tidy("They do not disagree. " + o.agree())
	}
	for _, d := range o.Disagreements {
		one := htmlDisagreement{tidy(d.rule()), tidy(upperFirst(d.said())), tidy(upperFirst(d.says()))}
		if len(h.First) < openItems {
			h.First = append(h.First, one)
			continue
		}
		h.Rest = append(h.Rest, one)
	}
	h.More = fmt.Sprintf("%d more", len(h.Rest))
	return h
}
