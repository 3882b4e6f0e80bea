package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"siteready/checks"
	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

// judge is a diagnosis while it is made.
type judge struct {
	f    Facts
	set  checks.Settings
	out  Diagnosis
	gaps map[string]bool // by cause and what
}

// Judge makes a diagnosis of facts. It asks nothing.
func Judge(f Facts, thresholds checks.Settings) Diagnosis {
	j := &judge{f: f, set: thresholds, gaps: map[string]bool{}}
	j.out = Diagnosis{ReadAt: f.ReadAt, Subject: f.Subject, Counts: Counts{-1, -1, -1}}
	switch {
	case f.Other != "":
		j.out.Summary = strings.ToUpper(f.Other[:1]) + f.Other[1:] + "."
		return j.out
	case f.Problem != nil:
		j.gap("the update packages", got[any]{asked: true, err: f.Problem, from: f.from})
		j.out.Summary = "The update packages could not be looked at: nothing is known of them."
		j.alone()
		return j.out
	}
	j.out.Site = f.own()
	j.lookedAt()
	j.synchronization()
	j.packages()
	j.setAside()
	j.afterInstallation()
	j.behind()
	j.secondarySites()
	j.sum()
	return j.out
}

// limit is a setting's value in minutes.
func (j *judge) limit(name string) int64 {
	for _, s := range Settings() {
		if s.Name == name {
			return int64(j.set.Value(s))
		}
	}
	panic(fmt.Sprintf("a diagnosis has no setting %q", name))
}

// nameOf is what a package is called.
func nameOf(row updates.Row) string {
	if row.Name != "" {
		return row.Name
	}
	return row.Package
}

// said is a threshold in words.
func (j *judge) said(name string) string {
	if _, set := j.set[name]; set {
		return Span(j.limit(name)) + " (as configured)"
	}
	return Span(j.limit(name)) + " (our threshold)"
}

// packages makes the lines of the packages that are not done with.
func (j *judge) packages() {
	first := j.f.packages[0]
	j.out.Counts.Packages, j.out.Counts.Installed = first.Packages, first.Installed
	seen := map[string]bool{}
	for _, row := range j.f.packages {
		if row.Package == "" || seen[row.Package] {
			continue
		}
		seen[row.Package] = true
		whole := row
		at := slices.IndexFunc(j.f.packages, func(r updates.Row) bool { return r.Package == row.Package && r.Site == "" })
		switch {
		case at >= 0:
			whole = j.f.packages[at]
		case updates.Final(row.PackageState):
			j.out.Lines = append(j.out.Lines, j.lateSites(row)...)
			continue
		default:
			whole.Site, whole.State, whole.Unchanged = "", row.PackageState, -1
		}
		j.out.Lines = append(j.out.Lines, j.linesOf(whole)...)
	}
}

// linesOf are the lines of one package: of each site that is not at rest, or of the package as a whole.
func (j *judge) linesOf(whole updates.Row) []Line {
	about := []Evidence{{j.f.from, fmt.Sprintf("state %d, flag %d, unchanged for %s", whole.State, whole.Flag, unchanged(whole.Unchanged))}}
	own := j.line(whole, "", whole.State, whole.Unchanged, about)
	state, _ := updates.StateOf(whole.State)
	if updates.Superseded(whole) && (state.Failure() || own.Standing == Rests) {
		own.Standing, own.Held, own.Also, own.Next, own.Safe, own.Avoid = Rests, nil, nil, nextNothing, nil, nil
		own.Says.Text += "; left of a release before the site's own"
		return []Line{own}
	}
	r, known := ruleOf(whole.State, whole.Flag)
	var lines []Line
	reported := j.reported(whole.Package)
	installed, worst := 0, Rests
	for _, row := range reported {
		line := j.siteLine(whole, row)
		if row.State == updates.Installed {
			installed++
		}
		worst = worse(worst, line.Standing)
		left := r.manner == rests && (row.State == updates.PrereqSucceeded || row.State == prereqWarned) // of a check that led to nothing
		if line.Standing != Rests && !left {
			lines = append(lines, line)
		}
	}
	if !known || len(reported) == 0 || own.Stage == Applicability || own.Stage == Download || r.manner == rests {
		return append([]Line{own}, lines...) // the sites have no part in it yet, or none any more
	}
	missing := j.silentSites(whole, reported)
	lines = append(lines, missing...)
	switch {
	case installed == len(reported) && !j.top() && known:
		own.Standing, own.Cause, own.Held, own.Also, own.Stage = Waits, nil, nil, nil, PostInstallation
		own.Says.Text = "this site has installed it, and the package as a whole still says: " + own.Says.Text
		own.Next = "the other sites install it too, and the top-level site says so; run siteready diagnose there"
		own.Safe, own.Avoid = []string{"Wait; look at the top-level site."}, avoid(PostInstallation)
		return append(lines, own)
	case installed == len(reported) && len(missing) == 0:
		return append(lines, j.untold(whole, own))
	case len(lines) == 0, r.manner == stopped && worst != Stuck, r.manner == dark:
		return append([]Line{own}, lines...)
	}
	return lines
}

// lateSites are lines for sites that do not agree that a package is done with. A site that is no
// longer in the hierarchy does not count.
func (j *judge) lateSites(row updates.Row) []Line {
	whole := row
	whole.Site, whole.State, whole.Unchanged = "", row.PackageState, -1
	var lines []Line
	for _, at := range j.reported(row.Package) {
		line := j.siteLine(whole, at)
		line.Says.Text += "; the package as a whole is done with"
		gone := j.f.hierarchy.known() && !slices.ContainsFunc(j.f.hierarchy.value, func(s siteRow) bool { return strings.EqualFold(s.Site, at.Site) })
		if gone {
			line.Standing, line.Cause, line.Held, line.Also, line.Next, line.Safe, line.Avoid = Rests, nil, nil, nil, nextNothing, nil, nil
			line.Says.Text += ", and the site is gone"
			line.Says.Evidence = append(line.Says.Evidence, Evidence{j.f.hierarchy.from, "no site " + at.Site})
		}
		lines = append(lines, line)
	}
	return lines
}

// reported are the rows of a package's sites, from both statements that have some.
func (j *judge) reported(guid string) []atSiteRow {
	var rows []atSiteRow
	for _, row := range j.f.atSites.value {
		if j.f.atSites.known() && row.Package != "" && strings.EqualFold(row.Package, guid) {
			rows = append(rows, row)
		}
	}
	for _, row := range j.f.packages {
		if row.Site != "" && strings.EqualFold(row.Package, guid) &&
			!slices.ContainsFunc(rows, func(r atSiteRow) bool { return strings.EqualFold(r.Site, row.Site) }) {
			rows = append(rows, atSiteRow{Package: row.Package, State: row.State, Site: row.Site, Unchanged: row.Unchanged, Recoveries: -1})
		}
	}
	return rows
}

// siteLine is the line of a package at a site that has reported.
func (j *judge) siteLine(whole updates.Row, row atSiteRow) Line {
	found := fmt.Sprintf("site %s: state %d, unchanged for %s", row.Site, row.State, unchanged(row.Unchanged))
	if row.Recoveries > 0 {
		found += fmt.Sprintf(", recovery count %d", row.Recoveries)
	}
	about := []Evidence{{j.f.atSites.from, found}, {j.f.from, fmt.Sprintf("the package as a whole: state %d, flag %d", whole.State, whole.Flag)}}
	line := j.line(whole, row.Site, row.State, row.Unchanged, about)
	others := whole.State != row.State && (whole.Flag == flagInstall || whole.Flag == flagGoesOn)
	lame := slices.ContainsFunc(j.serviceHolds(line), func(h hold) bool { return h.stops })
	if others && row.State == updates.PrereqSucceeded && line.Standing != Unknown && !lame {
		// The package goes on when all sites have passed; what holds the others stands in their lines.
		line.Standing, line.Held, line.Also, line.Next = Waits, nil, nil, "the installation begins by itself when the other sites have passed too"
		line.Says.Text += "; it waits for the other sites"
		line.Safe = []string{"Wait; look at the sites that are not as far."}
	}
	return line
}

// silentSites are lines for sites of the hierarchy that have not reported on a package.
func (j *judge) silentSites(whole updates.Row, reported []atSiteRow) []Line {
	var lines []Line
	for _, site := range j.f.hierarchy.value {
		if !j.f.hierarchy.known() || !j.top() || site.Type == typeSecondary || // a site below may not hear of its neighbours
			slices.ContainsFunc(reported, func(r atSiteRow) bool { return strings.EqualFold(r.Site, site.Site) }) {
			continue
		}
		about := []Evidence{{j.f.atSites.from, "no row for site " + site.Site}}
		line := j.line(whole, site.Site, contentReplicating, whole.Unchanged, about)
		line.Code, line.Says.Text = -1, "the site has not reported on it yet"
		lines = append(lines, line)
	}
	return lines
}

// typeSecondary is a secondary site in v_Site.
const typeSecondary = 1

// untold is the line of a package that every site has installed, and that is not called installed.
func (j *judge) untold(whole updates.Row, line Line) Line {
	if line.Standing == Unknown && line.Cause == nil {
		return line
	}
	line.Stage, line.Held, line.Also, line.Cause = PostInstallation, nil, nil, nil
	line.Says.Text = "every site has installed it, and the package as a whole still says: " + line.Says.Text
	line.Next = "the sites' news arrive by the replication group CMUpdates, which is replicated each minute, and Hierarchy Manager marks the package as installed"
	line.Safe, line.Avoid = []string{"Look at the group CMUpdates: Monitoring, Database Replication; where it fails, run the Replication Link Analyzer. Follow hman.log."}, avoid(PostInstallation)
	minutes := whole.Unchanged
	for _, row := range j.reported(whole.Package) { // since the last site was done
		if row.Unchanged >= 0 && (minutes < 0 || row.Unchanged < minutes) {
			minutes = row.Unchanged
		}
	}
	line.Minutes = minutes
	j.stand(&line, rule{PostInstallation, runs, newsTakes, line.Next}, append(j.linkHolds(""), j.executiveHolds(line)...))
	return line
}

// line judges one state of a package, as a whole or at a site.
func (j *judge) line(whole updates.Row, site string, code, minutes int64, about []Evidence) Line {
	line := Line{Package: nameOf(whole), GUID: whole.Package, Version: whole.Version, Site: site, Code: code, Minutes: known(minutes)}
	state, documented := updates.StateOf(code)
	r, ruled := ruleOf(code, whole.Flag)
	if !documented || !ruled {
		line.Stage, line.Standing = NotKnown, Unknown
		line.Says = Statement{fmt.Sprintf("its state is %d, which is not known here", code), about}
		line.Cause = platform.Refuse(platform.ErrUnsupported, "no document has the state %d", code)
		line.Next = "that is not known"
		line.Safe, line.Avoid = []string{"Look at the package in Administration, Updates and Servicing."}, avoid(Installation)
		return line
	}
	line.Stage, line.Next = r.stage, r.next
	line.Says = Statement{fmt.Sprintf("%s (%s, %d)", state.Meaning, state.Name, state.Code), about}
	j.flagged(&line, whole.Flag, state)
	if r.manner == rests {
		line.Standing = Rests
		line.Safe = []string{state.Safe}
		if hold, missing := j.payloadHold(whole, code); missing {
			line.Standing, line.Held = Stuck, []Statement{hold}
			line.Next = "nothing happens by itself: an installation that is started now stops for want of its files"
			line.Safe, line.Avoid = []string{"Download the package again in the console; CMUpdateReset.exe is allowed before the installation began."}, avoid(Download)
			if point, one := j.f.point(); one && point.Offline == 1 {
				line.Safe = []string{"Import the package again with the service connection tool."}
			}
		}
		return line
	}
	if state.Safe != "" {
		line.Safe = []string{state.Safe}
	}
	if r.manner == runs && (code == updates.PrereqSucceeded || code == prereqWarned) {
		line.Safe = []string{"Wait; follow CMUpdate.log."} // what may be done without an installation is another thing
	}
	if point, one := j.f.point(); one && point.Offline == 1 && line.Stage == Download {
		if r.manner == runs {
			line.Next = "the downloader verifies what is imported with the service connection tool and tells the site, and the package becomes ready to install"
		}
		line.Safe = append(line.Safe, "Bring what is missing with the service connection tool: prepare, connect, import.")
	}
	line.Avoid = avoid(r.stage)
	if r.manner == dark {
		line.Standing = Unknown
		line.Cause = platform.Refuse(platform.ErrUnsupported, "the site does not say whether only the check was started, or the installation (flag %d)", whole.Flag)
		if code == codeUnknown {
			line.Cause = platform.Refuse(platform.ErrUnsupported, "the product itself does not know the state")
		}
		return line
	}
	j.stand(&line, r, j.holds(line, whole))
	return line
}

// known is a number of minutes, or -1 where it is none: SQL Server's clock may be another than that
// of the one who wrote the time, and then nothing is known.
func known(minutes int64) int64 {
	if minutes < 0 {
		return -1
	}
	return minutes
}

func unchanged(minutes int64) string {
	if minutes < 0 {
		return "a time that is not known"
	}
	return Span(minutes)
}

// hold is something that holds an update.
type hold struct {
	Statement
	stops bool // it does not go on while this lasts
	late  bool // it is told only of what is stuck
	note  bool // it holds nothing, and may help
	// remedy is what is known to help; empty where that is not known.
	remedy string
	safe   string // what may be done about it; may be empty
	id     string // of a known failure in a log; empty for others
}

// stand works out how a line stands, and what holds it.
func (j *judge) stand(line *Line, r rule, holds []hold) {
	limit := int64(-1)
	if r.limit != "" {
		limit = j.limit(r.limit)
	}
	stops := slices.ContainsFunc(holds, func(h hold) bool { return h.stops })
	news, heard := j.lastNews(*line)
	age := line.Minutes
	if age < 0 && heard {
		age = news
	}
	if line.Code == waitsForParent {
		if parent, found := j.parentOf(*line); found && parent.State != updates.Installed {
			limit = -1 // its time begins when the parent is done
		} else if found && parent.Unchanged >= 0 {
			age = min(age, parent.Unchanged)
		}
	}
	switch {
	case r.manner == stopped || stops:
		line.Standing = Stuck
	case limit < 0:
		line.Standing = Waits
	case age < 0:
		line.Standing = Unknown
		line.Cause = platform.Refuse(platform.ErrNotRecorded, "since when it is in this state is not known, so it is not known whether that is too long")
	case age > limit:
		line.Standing = Stuck
	default:
		line.Standing = Waits
	}
	for _, first := range []bool{true, false} { // what surely stops it stands first
		for _, h := range holds {
			switch {
			case h.note && !first:
				line.Also = append(line.Also, h.Statement)
			case !h.note && h.stops == first && (h.stops || line.Standing == Stuck || !h.late):
				line.hold(h)
			}
		}
	}
	if line.Standing == Stuck && len(line.Held) == 0 {
		text := "what stands in " + logOf(line.Stage, line.Code)
		if r.manner == runs {
			text = fmt.Sprintf("nothing that was found: it takes longer than %s, so read %s", j.said(r.limit), logOf(line.Stage, line.Code))
		}
		line.Held = append(line.Held, Statement{Text: text, Evidence: line.Says.Evidence[:min(1, len(line.Says.Evidence))]})
	}
	if line.Standing == Stuck {
		for i, text := range line.Safe { // to wait is no help any more
			if rest, waits := strings.CutPrefix(text, "Wait; "); waits {
				line.Safe[i] = strings.ToUpper(rest[:1]) + rest[1:]
			}
		}
		line.Safe = append(line.Safe, again(*line)...)
	}
	if may, still := j.progress(*line); still {
		line.Also = append(slices.DeleteFunc(line.Also, func(s Statement) bool { return s.Evidence[0].Question == may.Evidence[0].Question }), may)
	}
}

// again is what lets a stage begin again, where that is allowed.
func again(line Line) []string {
	if line.Stage != Replication {
		return nil
	}
	switch line.Code {
	case updates.Enabled:
		return []string{`When the cause is removed, an empty file 2.esc in inboxes\hman.box\CFD of the top-level site lets Hierarchy Manager begin again.`}
	case contentReplicated:
		return nil
	}
	return []string{"When the cause is removed, the method RetryContentReplication of the provider's class SMS_CM_UpdatePackages, called at the top-level site, lets the content be sent again."}
}

// hold adds what holds a line, with what is known to help.
func (l *Line) hold(h hold) {
	l.Held = append(l.Held, h.Statement)
	if h.safe != "" {
		l.Safe = append(l.Safe, h.safe)
	}
	if h.remedy != "" {
		l.Safe = append(l.Safe, "Known to help: "+h.remedy)
	}
}

// lastNews is how long ago a site last reported on the package; ok is false where that is not known.
func (j *judge) lastNews(line Line) (minutes int64, ok bool) {
	if row, found := j.stageOf(line.GUID, line.Site); found && row.Newest >= 0 {
		return row.Newest, true
	}
	return 0, false
}

// stageOf is what a site has reported on a package; for the package as a whole, the newest of all sites.
func (j *judge) stageOf(guid, site string) (stageRow, bool) {
	for _, row := range j.f.stages.value { // the newest first
		if j.f.stages.known() && row.Package != "" && strings.EqualFold(row.Package, guid) && (site == "" || strings.EqualFold(row.Site, site)) {
			return row, true
		}
	}
	return stageRow{}, false
}

// newer reports whether a package is of a later build than the site.
func newer(pkg, site string) bool {
	p, err := version.Parse(pkg)
	if err != nil {
		return false
	}
	s, err := version.Parse(site)
	return err == nil && p.Part(2) > s.Part(2)
}

// sum orders the lines, and says how all of it stands.
func (j *judge) sum() {
	d := &j.out
	for i := range d.Lines {
		j.noReset(&d.Lines[i])
	}
	slices.SortStableFunc(d.Lines, func(a, b Line) int { return b.Standing.weight() - a.Standing.weight() })
	d.Standing = Rests
	counts := map[Standing]int64{}
	for _, line := range d.Lines {
		d.Standing = worse(d.Standing, line.Standing)
		counts[line.Standing]++
	}
	if len(d.Gaps) > 0 {
		d.Standing = worse(d.Standing, Unknown)
	}
	switch d.Standing {
	case Stuck:
		first := d.Lines[0]
		d.Summary = fmt.Sprintf("%s, is stuck in %s.", first.Name(), first.Stage)
		if first.Site == "" {
			d.Summary = fmt.Sprintf("%s is stuck in %s.", first.Name(), first.Stage)
		}
		d.Summary = strings.ToUpper(d.Summary[:1]) + d.Summary[1:]
		if more := counts[Stuck] - 1; more > 0 {
			d.Summary += fmt.Sprintf(" Stuck beside it: %d more.", more)
		}
	case Unknown:
		d.Summary = "Not all could be looked at, so it is not known whether something is stuck."
	case Waits:
		d.Summary = fmt.Sprintf("Nothing is stuck: %s under way, and in time.", count(counts[Waits], "update is", "updates are"))
	default:
		d.Summary = "Nothing is stuck, and no update is under way."
	}
}
