package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"siteready/checks"
)

// How much the page shows before it folds or counts the rest.
const (
	openItems    = 15 // items of a check in trouble
	sharedByMany = 4  // other checks that hang on a check's cause
	briefLines   = 8  // failed checks, and causes, in the summary
	slowest      = 10 // checks by time
	longCommand  = 4 << 10
)

// htmlView is what the page's template shows: texts that are clean and short enough already.
type htmlView struct {
	Title, Policy string
	Style, Script markup

	Product    string
	Verdict    checks.Verdict
	Status     string // whose sign the verdict has
	Headline   string
	Sited      bool
	Lines      []string // below the verdict: why, what was let through, what to do next
	Brief      []htmlBrief
	MoreBrief  string
	ReadAt     string // for the script, as ValidUntil
	ValidUntil string
	Until      string
	Facts      []htmlFact
	LastRun    string // what changed, in a line; empty without a history
	Remarks    []string
	Changes    []htmlChange
	Counts     []htmlCount
	Areas      []htmlArea

	NotKnown, Excused                 bool // there are such sections
	Failed, Unknown, Warnings, Waived []htmlCheck
	Causes                            []htmlCause
	Accepted, AcceptedRest            []htmlAccepted
	AcceptedMore                      string
	IdleWaivers                       []string
	Passed, NotApplicable             []htmlGroup
	NotSelected                       []htmlCheck
	NotSelectedSize                   string
	Thresholds                        []string
	Confirmations                     []htmlConfirmation
	Confirmed, ToConfirm              int
	Checker                           *htmlChecker
	Environment                       []htmlFact
	Missing                           []string // rights
	Slowest                           []htmlTime
	Hanging                           string
	Took                              string
	Run                               string
}

// htmlBrief is a line of the summary that leads to the place where it is told in full.
type htmlBrief struct{ Status, Word, To, Text, Detail string }

// htmlFact is a label and its text.
type htmlFact struct{ Label, Text string }

// htmlCount is how many checks have a status; ID is that of their section.
type htmlCount struct {
	Status, Word string
	N            int
}

// htmlArea is a choice of the filter.
type htmlArea struct{ ID, Title string }

// htmlGroup is checks under one title: an area, or the reason why they do not apply.
type htmlGroup struct {
	Title, Size string
	Checks      []htmlCheck
}

// htmlConfirmation is what only a person can tell; Source is empty when it is no address.
type htmlConfirmation struct {
	Confirmed               bool
	Text, Note, Why, Source string
}

// htmlTime is how long a check took; Share is of the slowest, in percent.
type htmlTime struct {
	ID, Took string
	Share    int64
}

func newHTMLView(r Report) htmlView {
	v := htmlView{
		Policy: policy(htmlStyle, htmlScript), Style: markup(htmlStyle), Script: markup(htmlScript),
		Product: tidy(r.Target.ProductName), Verdict: r.Verdict, Status: verdictStatus(r.Verdict),
		Headline: upperFirst(tidy(headline(r.Subject))), Sited: sited(r.Subject),
		ReadAt: r.ReadAt.Format(time.RFC3339), ValidUntil: r.ValidUntil.Format(time.RFC3339), Until: r.ValidUntil.Format(clock), Hanging: tidy(hanging(r.Hanging)), Took: fmt.Sprintf("%s s", seconds(r.TookMS)),
		Run: r.RunID,
	}
	v.Title = strings.Join([]string{string(r.Verdict), short(v.Headline, shortText)}, ": ")
	v.Lines = htmlLines(r)
	v.Brief, v.MoreBrief = htmlBriefs(r)
	v.LastRun, v.Remarks, v.Changes = tidy(sinceLast(r.History)), tidied(r.History.remarks()), htmlChanges(r)
	v.Facts, v.Environment = htmlFacts(r), htmlEnvironment(r)
	v.Counts = htmlCounts(r.Counts)
	v.Causes = htmlCauses(r)
	v.sort(r)
	v.Accepted, v.IdleWaivers = htmlWaivers(r)
	if len(v.Accepted) > openItems {
		v.Accepted, v.AcceptedRest = v.Accepted[:openItems], v.Accepted[openItems:]
		v.AcceptedMore = fmt.Sprintf("%d more", len(v.AcceptedRest))
	}
	v.NotKnown = len(v.Unknown) > 0 || len(v.Causes) > 0
	v.Excused = len(v.Waived) > 0 || len(v.Accepted) > 0 || len(v.IdleWaivers) > 0
	v.NotSelectedSize = plural(len(v.NotSelected), "check", "checks")
	for _, s := range changed(r) {
		v.Thresholds = append(v.Thresholds, tidy(s.id+": "+threshold(s.Setting)))
	}
	v.Confirmed, v.ToConfirm = confirmed(r)
	if v.ToConfirm > 0 {
		for _, c := range r.Confirmations {
			v.Confirmations = append(v.Confirmations, htmlConfirmation{c.Confirmed, tidy(c.Text), tidy(confirmedBy(c)), tidy(c.Why), address(c.Source)})
		}
	}
	for _, cause := range r.Causes {
		if cause.Reason != "denied" {
			continue
		}
		for _, right := range rights(r, cause) {
			if right = tidy(right); !slices.Contains(v.Missing, right) {
				v.Missing = append(v.Missing, right)
			}
		}
	}
	v.Checker = newHTMLChecker(r)
	v.Slowest = htmlTimes(r)
	return v
}

// sort puts each check into its section, once.
func (v *htmlView) sort(r Report) {
	causeOf, old := causeNumbers(r), agesOf(r.History)
	for _, c := range r.Checks {
		area := htmlArea{c.AreaID, tidy(c.AreaTitle)}
		if !slices.ContainsFunc(v.Areas, func(a htmlArea) bool { return a.ID == area.ID }) {
			v.Areas = append(v.Areas, area)
		}
		if !c.Selected {
			v.NotSelected = append(v.NotSelected, newHTMLCheck(r, c, causeOf, old))
		}
	}
	grouped := func(groups []htmlGroup, title string, c htmlCheck) []htmlGroup {
		at := slices.IndexFunc(groups, func(g htmlGroup) bool { return g.Title == title })
		if at < 0 {
			groups, at = append(groups, htmlGroup{Title: title}), len(groups)
		}
		groups[at].Checks = append(groups[at].Checks, c)
		return groups
	}
	for _, c := range inOrder(r) {
		shown := newHTMLCheck(r, c, causeOf, old)
		switch c.Status {
		case failed:
			v.Failed = append(v.Failed, shown)
		case warning:
			v.Warnings = append(v.Warnings, shown)
		case waived:
			v.Waived = append(v.Waived, shown)
		case passed:
			v.Passed = grouped(v.Passed, shown.AreaTitle, shown)
		case notApplicable:
			v.NotApplicable = grouped(v.NotApplicable, upperFirst(shown.Answer), shown)
		default:
			v.Unknown = append(v.Unknown, shown)
		}
	}
	for i, group := range v.Passed {
		v.Passed[i].Size = fmt.Sprintf("%d passed", len(group.Checks))
	}
	for i, group := range v.NotApplicable {
		v.NotApplicable[i].Size = plural(len(group.Checks), "check", "checks")
	}
}

// htmlLines is what stands below the verdict.
func htmlLines(r Report) []string {
	var lines []string
	if r.Verdict == checks.Incomplete || r.Stopped != "" {
		lines = append(lines, why(r))
	}
	if !sited(r.Subject) {
		lines = append(lines, r.Subject.Problem)
	}
	lines = append(lines, r.Exit.LetThrough, upperFirst(nextStep(r, "below"))+".")
	var tidied []string
	for _, line := range lines {
		if line = tidy(line); line != "" {
			tidied = append(tidied, line)
		}
	}
	return tidied
}

// htmlBriefs is what decides, a line each: failed checks, the causes for which something could
// not be checked, and what Microsoft's checker says otherwise. More says how many lines were left out.
func htmlBriefs(r Report) (lines []htmlBrief, more string) {
	left := 0
	add := func(b htmlBrief, n int) {
		if n >= briefLines {
			left++
			return
		}
		b.Text, b.Detail = short(b.Text, shortText), short(b.Detail, shortText)
		lines = append(lines, b)
	}
	n := 0
	for _, c := range inOrder(r) {
		if c.Status == failed {
			add(htmlBrief{failed, marks(failed).word + ":", c.ID, cmp.Or(clean(c.Summary), c.ID), firstOf(trouble(c.Items))}, n)
			n++
		}
	}
	for i, cause := range r.Causes {
		add(htmlBrief{unknown, marks(unknown).word + ":", fmt.Sprintf("cause-%d", i+1), cause.Cause, weight(cause)}, i)
	}
	if text := disagreement(r); text != "" {
		add(htmlBrief{"", "Microsoft's checker", "checker", text, ""}, 0)
	}
	if left > 0 {
		more = fmt.Sprintf("and %d more below", left)
	}
	return lines, more
}

// firstOf is the first item with what was found, and how many there are more.
func firstOf(items []Item) string {
	if len(items) == 0 {
		return ""
	}
	text := itemText(Item{Key: items[0].Key, Found: items[0].Found, Wanted: items[0].Wanted}, nil)
	if n := len(items) - 1; n > 0 {
		text = short(text, shortText/2) + fmt.Sprintf(", and %d more", n)
	}
	return text
}

// weight is how many checks hang on a cause.
func weight(c Cause) string {
	if len(c.Checks) == 1 {
		return c.Checks[0].ID
	}
	return plural(len(c.Checks), "check", "checks")
}

func htmlFacts(r Report) []htmlFact {
	s := r.Subject
	made := r.MadeAt.Format(clock)
	if old := r.MadeAt.Sub(r.ReadAt); old >= time.Minute || old < 0 {
		made += "; its facts were then " + age(old)
	}
	selected := ""
	if r.Counts.NotSelected > 0 {
		selected = fmt.Sprintf("%d of %d checks", r.Counts.Selected(), r.Counts.Total)
	}
	return present([]htmlFact{
		{"Computer", s.Computer},
		{"Target", targets(r)},
		{"Judged for", r.JudgedFor.Format(clock)},
		{"Facts read", read(r)},
		{"Report made", made},
		{"Valid until", validUntil(r)},
		{"Database", database(s)},
		{"Run it on", s.RunOn},
		{"From the recording", r.Source.File},
		{"Selected", selected},
		{"Configured", configured(r)},
	})
}

func htmlEnvironment(r Report) []htmlFact {
	s := r.Subject
	elevated := "no"
	if s.Elevated {
		elevated = "yes"
	}
	if s.Account == "" {
		elevated = ""
	}
	return present([]htmlFact{
		{"Product", strings.TrimSpace(s.Product + " " + s.Version)},
		{"Role", string(s.Role)},
		{"Site code", s.SiteCode},
		{"Parent site", s.ParentSite},
		{"Active site server", s.ActiveServer},
		{"Installed in", s.InstallDir},
		{"SQL Server", s.SQLServer},
		{"Database", s.Database},
		{"Account", s.Account},
		{"Elevated", elevated},
		{"siteready", r.Tool.Version},
		{"Requirements read on", r.Target.SourcesRead},
	})
}

// present is the facts that have a text.
func present(all []htmlFact) []htmlFact {
	var kept []htmlFact
	for _, f := range all {
		if f.Text = tidy(f.Text); f.Text != "" {
			kept = append(kept, f)
		}
	}
	return kept
}

// htmlCounts is the counts without the zeros, worst first.
func htmlCounts(c Counts) []htmlCount {
	var counts []htmlCount
	for _, one := range []struct {
		status string
		n      int
	}{
		{failed, c.Failed},
		{unknown, c.Unknown},
		{warning, c.Warning},
		{waived, c.Waived},
		{passed, c.Passed},
		{notApplicable, c.NotApplicable},
		{NotSelected, c.NotSelected},
	} {
		if one.n > 0 {
			counts = append(counts, htmlCount{one.status, marks(one.status).word, one.n})
		}
	}
	return counts
}

// htmlTimes is the slowest checks.
func htmlTimes(r Report) []htmlTime {
	sorted := slices.DeleteFunc(inOrder(r), func(c Check) bool { return c.TookMS <= 0 })
	slices.SortStableFunc(sorted, func(a, b Check) int { return int(b.TookMS - a.TookMS) })
	var times []htmlTime
	for _, c := range sorted[:min(len(sorted), slowest)] {
		times = append(times, htmlTime{c.ID, took(c.TookMS), max(1, 100*c.TookMS/sorted[0].TookMS)})
	}
	return times
}

// verdictStatus is the status whose sign a verdict has.
func verdictStatus(v checks.Verdict) string {
	switch v {
	case checks.Ready:
		return passed
	case checks.WithWarnings:
		return warning
	case checks.Blocked:
		return failed
	default:
		return unknown
	}
}

// tidy is foreign text for a page: on one line, and cut where it is far too long.
func tidy(text string) string { return short(text, longText) }

// upperFirst makes a sentence of a phrase.
func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
