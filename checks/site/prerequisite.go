package site

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/updates"
	"siteready/checks/version"
	"siteready/platform"
)

func prereqLog(drive string) platform.Query[platform.PrereqLog] {
	return platform.ReadPrereqLog(drive + `\ConfigMgrPrereq.log`)
}

// freshFor is the name of the setting.
const freshFor = "fresh_for"

func prerequisiteCheck() checks.Check {
	return checks.Check{
		ID:          "site.prerequisite-check",
		Title:       "What did Microsoft's own prerequisite checker say last?",
		Why:         "The update runs Microsoft's checker again and stops at its errors. What it said last, and how long ago, shows what is still to be done.",
		Consequence: "An error that is still there stops the update when its hours have begun; a warning holds an update that was started without leave to pass over warnings.",
		Remedy:      "Do what each rule asks for, then run the prerequisite check again in the console: Administration, Updates and Servicing, Run prerequisite check. It renews the log that is read here.",
		Command:     `Select-String -Path C:\ConfigMgrPrereq.log -Pattern ';\s+(Error|Warning);' | Select-Object -Last 50`,
		Sources: []string{
			"https://learn.microsoft.com/troubleshoot/mem/configmgr/setup-migrate-backup-recovery/understand-troubleshoot-updates-servicing",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/prerequisite-checker",
			"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks",
		},
		Rights: append([]string{
			discovery.RegistryRight,
			"Windows: read ConfigMgrPrereq.log on the drive of Windows",
		}, packagesInFlight().Rights[1:]...),
		Reads: append(discovery.DatabaseReads(),
			discovery.WindowsFolder.Form(), prereqLog("{drive of Windows}").Form(), updates.Form()),
		Settings: []checks.Setting{
			{Name: freshFor, Default: 30, Unit: "days", About: "how old the last run may be when the update starts; an older one that does not say what it was for is not judged"},
		},
		Run: discovery.OnSite(runPrerequisiteCheck),
	}
}

func runPrerequisiteCheck(ctx context.Context, c *checks.Case, site discovery.Site) (checks.Finding, error) {
	if site.Type == discovery.Secondary {
		return checks.DoesNotApply("a secondary site is updated by its parent, whose server has the log of Microsoft's checker"), nil
	}
	drive, err := discovery.WindowsDrive(ctx, c)
	if err != nil {
		return checks.Finding{}, err
	}
	query := prereqLog(drive)
	log, found, err := platform.Lookup(ctx, c, query)
	if err != nil {
		return checks.Finding{}, err
	}
	if !found {
		// Nobody has asked it yet, which is nothing amiss: the other checks look for themselves.
		return checks.DoesNotApply(fmt.Sprintf("Microsoft's prerequisite checker has left no log here (%s): it has not run, or the log was removed", query.Where)), nil
	}
	v := verdict{c: c, log: log, path: query.Where}
	if err := v.wantRun(); err != nil {
		return checks.Finding{}, err
	}
	if reason, err := v.findTarget(ctx); err != nil || reason != "" {
		return checks.DoesNotApply(reason), err
	}
	return v.finding(), nil
}

// verdict is the last run of Microsoft's checker, while it is judged.
type verdict struct {
	c       *checks.Case
	log     platform.PrereqLog
	path    string
	age     time.Duration // when the facts were read
	old     bool          // older than the setting when the update starts
	pending string        // name of the update that it was for; empty when the log does not say
}

// later is how long after the facts were read the update starts.
func (v *verdict) later() time.Duration { return v.c.JudgedFor.Sub(v.c.ReadAt()) }

// unzoned is how far a clock may be from UTC whose log does not say it.
const unzoned = 14 * time.Hour

// wantRun refuses a log without a run that can be judged.
func (v *verdict) wantRun() error {
	run := v.log.Run
	again := "Run the prerequisite check again: Administration, Updates and Servicing, Run prerequisite check."
	refuse := func(format string, args ...any) error {
		no := platform.Refuse(platform.ErrMalformed, "%s: %s", v.path, fmt.Sprintf(format, args...))
		no.Help = again
		return no
	}
	switch {
	case run == nil && v.log.Begun:
		return refuse("a run of Microsoft's checker has begun%s, and none has come to its end", v.since())
	case run == nil:
		return refuse("it holds no run of Microsoft's checker from begin to end, in %d bytes", v.log.Size)
	case run.Ended == nil || v.log.Begun && v.log.BegunAt == nil:
		return refuse("it is not known when the last run ended, or a later one began")
	case run.Errors < 0 || run.Warnings < 0 || run.Passed < 0 || run.NotRun < 0 || run.NotUnderstood < 0 || run.Complaints < 0 || run.Unanswered < 0 || !v.counted():
		return refuse("the results of the last run and their numbers do not agree")
	case run.Errors+run.Warnings+run.Passed == 0:
		return refuse("the last run has no result in %d lines, of which %d could not be understood", run.Lines, run.NotUnderstood)
	}
	v.age = v.c.ReadAt().Sub(*run.Ended)
	slack := time.Hour // between two clocks
	if !run.Zoned {
		slack = unzoned
	}
	if v.age < -slack {
		return refuse("the last run ended at %s, which is later than the clock here", run.Ended.Format(time.DateTime))
	}
	if v.age = max(v.age, 0); !run.Zoned {
		v.age += unzoned
	}
	v.old = (v.age + v.later()).Hours() > v.c.Setting(freshFor)*24
	return nil
}

// counted reports whether as many results are listed as were counted, where the list is whole.
func (v *verdict) counted() bool {
	run := v.log.Run
	counts := map[string]int64{}
	for _, r := range run.Results {
		counts[r.Result]++
	}
	want := map[string]int64{
		platform.PrereqError: run.Errors, platform.PrereqWarning: run.Warnings, platform.PrereqPassed: run.Passed, platform.PrereqNotRun: run.NotRun,
	}
	for result, n := range counts {
		if most, known := want[result]; !known || n > most || n < most && !run.More {
			return false
		}
	}
	return run.More || int64(len(run.Results)) == run.Errors+run.Warnings+run.Passed+run.NotRun
}

// since says when the run that has not ended has begun.
func (v *verdict) since() string {
	if v.log.BegunAt == nil {
		return ""
	}
	return " at " + v.log.BegunAt.Format(time.DateTime) + " UTC"
}

// findTarget finds out what the run was for. The reason says why it is not judged: it was for
// another update than the target, or is old and does not say for which. An update that is
// installed is no longer among the packages, so a run from before the last update is none.
func (v *verdict) findTarget(ctx context.Context) (reason string, err error) {
	run := v.log.Run
	said := fmt.Sprintf("the last run of Microsoft's checker is %s old", span(v.age))
	if run.Package == nil {
		if v.old {
			return said + ", and does not say which update it was for", nil
		}
		return "", nil
	}
	database, other, err := discovery.FindDatabase(ctx, v.c, v.c.Stated)
	if err != nil {
		return "", err
	}
	if other != nil { // a site server has a database
		return "", platform.Refuse(platform.ErrMalformed, "%s", other.Headline)
	}
	rows, err := updates.Ask(ctx, v.c, database)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(rows, func(r updates.Row) bool { return strings.EqualFold(r.Package, *run.Package) })
	if at < 0 && rows[0].Listed > int64(len(rows)) {
		return "", platform.Refuse(platform.ErrTooLarge, "whether the update package %s is still to be installed is not known: %d packages are not in the list, which holds %d",
			*run.Package, rows[0].Listed-int64(len(rows)), len(rows))
	}
	if at < 0 {
		return fmt.Sprintf("%s, and was for the update package %s, which is installed or no longer offered: for %s it has not run here yet", said, *run.Package, v.c.Target.Version), nil
	}
	pkg, err := version.Parse(rows[at].Version)
	if err != nil {
		return "", platform.Refuse(platform.ErrUnsupported, "the version of the update package %s, which the last run was for, is %q, so it is not known whether that is %s",
			*run.Package, rows[at].Version, v.c.Target.Version)
	}
	v.pending = rows[at].Name
	if v.pending == "" {
		v.pending = *run.Package
	}
	if pkg.Part(2) != v.c.Target.Build {
		return fmt.Sprintf("%s, and was for %s: for %s it has not run here yet", said, v.pending, v.c.Target.Version), nil
	}
	return "", nil
}

// The keys of what is not a rule.
const (
	lastRun      = "last run"
	laterRun     = "later run"
	unreadLines  = "lines"
	furtherRules = "further rules"
	wantsPassed  = "passed, or not run"
)

// finding judges the run, rule by rule. An error of a rule that no check here looks at is failed:
// nobody else would say so, and the update stops at it. Where a check looks for itself, that one
// decides, and the error, which may have been removed since then, is a warning; so it is where the
// log does not say that the run was for the target. Green is only what the checker passed.
func (v *verdict) finding() checks.Finding {
	run := v.log.Run
	said := fmt.Sprintf("%s old: %s, %s, %d passed, %d not run", v.ageText(), several(run.Errors, "error"), several(run.Warnings, "warning"), run.Passed, run.NotRun)
	first := checks.Item{
		Key: lastRun, Found: said, Wanted: fmt.Sprintf("at most %g days old when the update starts", v.c.Setting(freshFor)), Where: v.path, Status: checks.Passed,
	}
	if v.old {
		first.Status = checks.Warning
	}
	items := []checks.Item{first}
	listed := int64(0)
	for _, r := range run.Results {
		if item, trouble := v.judge(r); trouble {
			listed++
			items = append(items, item)
		}
	}
	if all := run.Errors + run.Warnings; listed < all {
		items = append(items, checks.UnknownItem(furtherRules, wantsPassed, platform.Refuse(platform.ErrTooLarge,
			"%s: %d further errors and warnings do not fit into the answer; read the log itself", v.path, all-listed)))
	}
	if run.NotUnderstood > 0 {
		items = append(items, checks.UnknownItem(unreadLines, "every result can be read", platform.Refuse(platform.ErrMalformed,
			"%s: %d of the %d lines of the last run could not be understood, and may hold a result; read the log itself", v.path, run.NotUnderstood, run.Lines)))
	}
	if v.log.Begun {
		items = append(items, checks.Item{
			Key: laterRun, Found: "begun, and not ended", Wanted: "none, or ended", Where: v.path, Status: checks.Warning,
		})
	}
	finding := checks.Items(v.summary(items), items...)
	finding.Notes = v.notes()
	finding.Opinion = v.opinion()
	return finding
}

func (v *verdict) judge(r platform.PrereqResult) (item checks.Item, trouble bool) {
	item = checks.Item{Key: r.Rule, Found: r.Result, Wanted: wantsPassed, Where: v.path, Status: checks.Warning}
	if r.Server != "" {
		item.Key += " on " + r.Server
	}
	if r.Message != "" {
		item.Found += ": " + r.Message
	}
	by := v.c.Covering(r.Rule)
	switch {
	case r.Result == platform.PrereqWarning:
	case r.Result != platform.PrereqError:
		return item, false
	case len(by) == 0 && v.pending != "":
		item.Status = checks.Failed
	}
	if len(by) > 0 {
		item.Found += " (see also " + strings.Join(by, ", ") + ")"
	}
	return item, true
}

// several writes a number of things.
func several(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// ageText is the age now, and when the update starts where that is another one.
func (v *verdict) ageText() string {
	now, then := span(v.age), span(v.age+v.later())
	if now == then {
		return now
	}
	return now + ", when the update starts " + then
}

func (v *verdict) summary(items []checks.Item) string {
	of := "Microsoft's checker, run " + span(v.age) + " ago"
	if v.pending != "" {
		of += " for " + v.pending
	}
	run := v.log.Run
	switch {
	case run.Errors+run.Warnings > 0:
		return fmt.Sprintf("%s, found %s and %s.", of, several(run.Errors, "error"), several(run.Warnings, "warning"))
	case checks.Count(items, checks.Unknown) > 0:
		return of + ", found nothing in what can be read of its log."
	case v.log.Begun:
		return of + ", found nothing; a later run has not ended."
	case v.old:
		return of + ", found nothing; that is too long ago."
	}
	return of + ", found nothing."
}

func (v *verdict) notes() []string {
	run := v.log.Run
	var notes []string
	if v.log.Begun {
		notes = append(notes, fmt.Sprintf("A later run has begun%s and has not ended: wait for it, or run the check again. Until then the run before it is told.", v.since()))
	}
	if run.Complaints > 0 {
		notes = append(notes, fmt.Sprintf("Microsoft's checker complained of %s of its own, as when SQL Server does not answer: rules after that may not have been run.", several(run.Complaints, "error")))
	}
	if run.Unanswered > 0 {
		notes = append(notes, fmt.Sprintf("Rules that were to run and have no result in the log: %d. They are not passed.", run.Unanswered))
	}
	switch {
	case v.pending != "":
	case run.Update:
		notes = append(notes, "The log does not say which update the last run was for, as for a hotfix, so its errors are warnings here.")
	default:
		notes = append(notes, "The last run was made by hand, so the log does not say for which update, and its errors are warnings here.")
	}
	if !run.Zoned {
		notes = append(notes, "The log does not say how far its clock is from UTC, so its age may be less, by up to 28 hours.")
	}
	return append(notes, "A rule that the log does not name was not run, and is not passed.")
}

// opinion is the run as the report compares it with the other checks.
func (v *verdict) opinion() *checks.Opinion {
	run := v.log.Run
	o := &checks.Opinion{Log: v.path, Ended: *run.Ended, Package: v.pending, Whole: !run.More && run.NotUnderstood == 0}
	for _, r := range run.Results {
		status := map[string]checks.Status{
			platform.PrereqError: checks.Failed, platform.PrereqWarning: checks.Warning,
			platform.PrereqPassed: checks.Passed, platform.PrereqNotRun: checks.NotApplicable,
		}[r.Result]
		o.Rules = append(o.Rules, checks.OpinionRule{Rule: r.Rule, Server: r.Server, Status: status, Message: r.Message})
	}
	return o
}
