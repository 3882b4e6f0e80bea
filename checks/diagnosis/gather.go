package diagnosis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/servers"
	"siteready/checks/updates"
	"siteready/platform"
)

// got is the answer to one question, or why there is none. One that was not asked has neither.
type got[A any] struct {
	asked bool
	value A
	found bool // false where what was asked about is not there
	err   error
	from  platform.Question
}

// known reports whether an answer is there to be used.
func (g got[A]) known() bool { return g.asked && g.err == nil && g.found }

func ask[A any](ctx context.Context, s *platform.Session, q platform.Query[A]) got[A] {
	value, found, err := platform.Lookup(ctx, s, q)
	if q.Kind == platform.KindSQL && err == nil && !found {
		// A statement's object is missing: of what it would tell nothing is known.
		_, err = platform.Ask(ctx, s, q)
	}
	return got[A]{asked: true, value: value, found: found, err: err, from: q.Question}
}

// Facts are what Judge judges.
type Facts struct {
	ReadAt  time.Time
	Subject discovery.Subject
	// Other says what the machine is where no update can be followed, and where to go instead.
	Other string
	// Problem is why it is not known what the machine is, or what its packages are.
	Problem error

	site     discovery.Site // zero where only a database was named
	remote   bool           // only a database was named: this machine was not looked at
	database discovery.Database
	computer got[platform.Computer]

	packages  []updates.Row
	from      platform.Question // of packages
	atSites   got[[]atSiteRow]
	stages    got[[]stageRow]
	setAside  got[[]asideRow]
	hierarchy got[[]siteRow]
	points    got[[]servers.Point]
	easySetup got[[]copyRow]
	news      got[[]groupRow]
	inits     got[[]initRow] // of the news
	blocked   got[[]blockedRow]
	versions  got[[]updates.SiteVersion]
	installed got[[]installedRow]
	program   got[platform.File] // of SMS_EXECUTIVE

	secondaries got[[]secondaryRow]

	services map[string]got[platform.Service]
	logs     map[string]got[platform.FailureLog] // by name
	folders  map[string]got[platform.Folder]     // by what is in them
	inboxes  got[platform.Folder]                // the folder above those, where one of them is not there
	payloads map[string]got[platform.Folder]     // by GUID
	redists  map[string]got[platform.Folder]     // by GUID
	share    got[platform.Share]
	boot     got[platform.Boot]
	root     got[platform.Text] // the folder of Windows
	prereq   got[platform.PrereqLog]
	crashes  got[platform.Events] // of the update service's program
	ends     got[platform.Events] // failures of the update service that Windows noted
}

// boxes are the inboxes that an update passes, and which files of them are its own. What lies in
// one for long is not worked off.
var boxes = []struct {
	path, files, what string
	travels           bool // it counts only while content travels
}{
	{`inboxes\hman.box\ForwardingMsg`, "*.mcm", forwarded, false},
	{`inboxes\hman.box\CFD`, "*.cmu|*.cme", notices, false},
	{`inboxes\despoolr.box\receive`, "*.i??|*.s??|*.nil", received, true},
	{`inboxes\schedule.box\requests`, "*.sr?", requested, true},
}

// What lies in the inboxes.
const (
	forwarded = "messages of the downloader"
	notices   = "notices about packages"
	received  = "files from other sites"
	requested = "orders to send"
)

// everyFile is the pattern for all files of a folder.
const everyFile = "*"

func program(folder string) platform.Query[platform.File] {
	return platform.ReadFile(folder + `\bin\x64\smsexec.exe`)
}

func payload(folder, guid string) string { return folder + `\EasySetupPayload\` + guid }

// Gather asks what a diagnosis needs, and no more: what hangs on a state is asked where a package
// is in it. An answer that is missing is kept as missing.
func Gather(ctx context.Context, s *platform.Session, stated checks.Stated) Facts {
	f := Facts{
		ReadAt: s.ReadAt(), services: map[string]got[platform.Service]{}, logs: map[string]got[platform.FailureLog]{},
		folders: map[string]got[platform.Folder]{}, payloads: map[string]got[platform.Folder]{}, redists: map[string]got[platform.Folder]{},
	}
	f.Subject = discovery.Describe(ctx, s, stated)
	database, other, err := discovery.FindDatabase(ctx, s, stated)
	switch {
	case f.Subject.Role == discovery.Passive:
		f.Other = "this is the passive site server of the site: run siteready diagnose on " + f.Subject.ActiveServer
		return f
	case err != nil:
		f.Problem = err
		return f
	case other != nil:
		f.Other = other.Headline
		return f
	}
	f.database, f.remote = database, database.OfType == discovery.Remote
	if !f.remote {
		if f.site, _, f.Problem = discovery.FindSite(ctx, s); f.Problem != nil {
			return f
		}
	}
	if f.site.Type == discovery.Secondary {
		f.Other = "this is a secondary site, which its parent updates: run siteready diagnose on the site server of " + f.site.Parent
		return f
	}
	f.from = updates.Query(database).Question
	if f.packages, f.Problem = updates.Ask(ctx, s, database); f.Problem != nil {
		if !f.remote {
			f.withoutDatabase(ctx, s)
		}
		return f
	}
	f.atSites = ask(ctx, s, atSites.In(database.Instance, database.Name))
	f.stages = ask(ctx, s, stages.In(database.Instance, database.Name))
	f.setAside = ask(ctx, s, setAside.In(database.Instance, database.Name))
	f.hierarchy = ask(ctx, s, hierarchy.In(database.Instance, database.Name))
	f.points = ask(ctx, s, servers.Points(database))
	f.installed = ask(ctx, s, installed.In(database.Instance, database.Name))
	f.secondaries = ask(ctx, s, secondaries.In(database.Instance, database.Name))
	if f.travels() {
		f.easySetup = ask(ctx, s, easySetup.In(database.Instance, database.Name))
	}
	if f.hierarchy.known() && len(f.hierarchy.value) > 1 {
		f.news = ask(ctx, s, newsGroup.In(database.Instance, database.Name))
		f.inits = ask(ctx, s, initializations.In(database.Instance, database.Name))
	}
	if f.any(func(c int64) bool { return phase(c) == updates.PhaseInstallation }) {
		f.blocked = ask(ctx, s, blocked.In(database.Instance, database.Name))
	}
	if f.doubtsApplicability() {
		f.versions = ask(ctx, s, updates.SiteVersions(database))
	}
	if !f.remote {
		if f.versions.asked {
			f.program = ask(ctx, s, program(strings.TrimRight(f.site.InstallDir, `\`)))
		}
		f.here(ctx, s)
	}
	return f
}

// doubtsApplicability reports whether a package that might apply is said not to, or whether that
// could not be found out. Then the versions that the product keeps of its site count.
func (f *Facts) doubtsApplicability() bool {
	return f.any(func(c int64) bool { return c == applicabilityFailed }) ||
		f.setAside.known() && slices.ContainsFunc(f.setAside.value, func(r asideRow) bool {
			return r.State == updates.NotApplicable && newer(r.Version, f.packages[0].SiteVersion)
		})
}

// any reports whether a package, or a package at a site, is in such a state.
func (f *Facts) any(is func(code int64) bool) bool {
	return slices.ContainsFunc(f.packages, func(r updates.Row) bool { return r.Package != "" && is(r.State) }) ||
		slices.ContainsFunc(f.atSites.value, func(r atSiteRow) bool { return r.Package != "" && is(r.State) })
}

// travels reports whether a package is, or should be, on its way to the sites.
func (f *Facts) travels() bool {
	return f.any(func(c int64) bool {
		return phase(c) == updates.PhaseReplication || phase(c) == updates.PhasePrerequisites
	})
}

// phase is the phase of a code.
func phase(code int64) updates.Phase {
	state, _ := updates.StateOf(code)
	return state.Phase
}

// here asks what this machine tells: services, logs, inboxes and folders.
func (f *Facts) here(ctx context.Context, s *platform.Session) {
	folder := strings.TrimRight(f.site.InstallDir, `\`)
	for _, name := range []string{updateService, executive} {
		f.services[name] = ask(ctx, s, platform.ReadService(name))
	}
	f.readBoxes(ctx, s, folder)
	f.computer = ask(ctx, s, platform.ReadComputer())
	point, one := f.point()
	here := one && f.pointIsHere(point)
	if here && f.loads() || f.any(func(c int64) bool { return phase(c) == updates.PhasePrerequisites }) {
		f.root = ask(ctx, s, discovery.WindowsFolder)
	}
	f.readLogs(ctx, s, folder, here, point.Offline == 1)
	if here { // also an offline one has what was imported there
		for _, row := range f.packages {
			if _, asked := f.payloads[row.Package]; asked || row.Package == "" || row.Site != "" || !needsPayload(row) {
				continue
			}
			f.payloads[row.Package] = ask(ctx, s, platform.ReadFolder(payload(folder, row.Package), everyFile))
			f.redists[row.Package] = ask(ctx, s, platform.ReadFolder(payload(folder, row.Package)+`\redist`, everyFile))
		}
	}
	if one && f.any(func(c int64) bool { return c == updates.Enabled }) {
		f.share = ask(ctx, s, platform.ReadShare(`\\`+point.Server+`\EasySetupPayload`))
	}
	if f.any(func(c int64) bool { return c == pendingRestart }) {
		f.boot = ask(ctx, s, platform.ReadBoot())
	}
	if f.any(func(c int64) bool { return phase(c) == updates.PhasePrerequisites }) {
		if drive, found := f.drive(); found {
			f.prereq = ask(ctx, s, platform.ReadPrereqLog(drive+`\ConfigMgrPrereq.log`))
		}
	}
	if f.any(serviceWorks) {
		f.crashes = ask(ctx, s, crashes())
		f.ends = ask(ctx, s, serviceEnds())
	}
}

// loads reports whether a package is being downloaded, or could not be.
func (f *Facts) loads() bool {
	return f.any(func(c int64) bool {
		r, known := ruleOf(c, flagInstall)
		return known && r.stage == Download && r.manner != rests
	})
}

// drive is the drive of Windows, on whose root the logs of set-up and of Microsoft's checker lie.
func (f *Facts) drive() (string, bool) {
	drive, _, found := strings.Cut(string(f.root.value), `\`)
	return drive, found && f.root.known()
}

// readBoxes asks what lies in the inboxes: in those of other sites only where something travels. One
// that is not there is empty, where the folder above is there.
func (f *Facts) readBoxes(ctx context.Context, s *platform.Session, folder string) {
	for _, box := range boxes {
		if box.travels && !f.travels() {
			continue
		}
		f.folders[box.what] = ask(ctx, s, platform.ReadFolder(folder+`\`+box.path, box.files))
		if g := f.folders[box.what]; g.err == nil && !g.found && !f.inboxes.asked {
			f.inboxes = ask(ctx, s, platform.ReadFolder(folder+`\inboxes`, everyFile))
		}
	}
}

// needsPayload reports whether the files of a package must be on the service connection point.
func needsPayload(row updates.Row) bool {
	switch row.State {
	case updates.Enabled, downloaded, contentReplicating:
		return !updates.Superseded(row)
	}
	return false
}

// point is the service connection point; ok is false when there is none, more than one, or it is
// not known.
func (f *Facts) point() (p servers.Point, ok bool) {
	rows := f.points.value
	if !f.points.known() || len(rows) != 1 || rows[0].Server == "" || rows[0].Points != 1 {
		return servers.Point{}, false
	}
	return rows[0], true
}

func (f *Facts) pointIsHere(p servers.Point) bool {
	return f.computer.known() && servers.IsOwn(f.computer.value, p.Server)
}

// own is the code of the site whose database was read; empty where that is not known.
func (f *Facts) own() string {
	if f.site.Code != "" {
		return f.site.Code
	}
	if f.hierarchy.known() && f.hierarchy.value[0].Own == 1 {
		return f.hierarchy.value[0].Site
	}
	return ""
}

// A Need is what a group of questions needs to be answered.
type Need struct {
	Forms  []platform.Form
	Rights []string
}

// Needs are all questions that Gather may ask, each statement with the rights that it needs.
func Needs() []Need {
	const instance, database, folder, guid = "{SQL Server}", "{site database}", "{installation folder}", "{update package}"
	sql := func(form platform.Form, rights string) Need {
		return Need{[]platform.Form{form}, []string{"SQL Server: " + rights}}
	}
	files := []platform.Form{
		platform.ReadFolder(payload(folder, guid), everyFile).Form(), platform.ReadFolder(payload(folder, guid)+`\redist`, everyFile).Form(),
		platform.ReadShare(`\\{service connection point}\EasySetupPayload`).Form(),
		platform.ReadFailureLog(folder + toolFolder + toolLog).Form(), program(folder).Form(),
	}
	for _, name := range siteLogs() {
		files = append(files, platform.ReadFailureLog(folder+`\Logs\`+name).Form())
	}
	files = append(files, platform.ReadFolder(folder+`\inboxes`, everyFile).Form())
	for _, box := range boxes {
		files = append(files, platform.ReadFolder(folder+`\`+box.path, box.files).Form())
	}
	return []Need{
		{discovery.DescribeReads(), discovery.DescribeRights()},
		{discovery.DatabaseReads(), []string{discovery.RegistryRight}},
		{[]platform.Form{updates.Form()}, []string{updates.Right}},
		{[]platform.Form{updates.SiteVersionsForm()}, []string{updates.SiteVersionsRight}},
		{[]platform.Form{servers.PointsForm()}, []string{servers.PointsRight}},
		sql(atSites.In(instance, database).Form(), "SELECT on CM_UpdatePackages, CM_UpdatePackageSiteStatus and ServerData in the site database"),
		sql(stages.In(instance, database).Form(), "SELECT on CM_UpdatePackages, CM_UpdatePackage_MonitoringStatus, ServerData and v_LocalizedUpdatePackageMetaData_SiteLoc in the site database"),
		sql(setAside.In(instance, database).Form(), "SELECT on CM_UpdatePackages and v_LocalizedUpdatePackageMetaData_SiteLoc in the site database"),
		sql(hierarchy.In(instance, database).Form(), "SELECT on ServerData and v_Site, and EXECUTE on fnGetSiteCode in the site database"),
		sql(easySetup.In(instance, database).Form(), "SELECT on vEasySetupPackage and PkgStatus in the site database"),
		sql(newsGroup.In(instance, database).Form(), "SELECT on RCM_ReplicationLinkStatus and ReplicationData in the site database"),
		sql(blocked.In(instance, database).Form(), "VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE is enough)"),
		sql(installed.In(instance, database).Form(), "SELECT on CM_UpdatePackages and v_LocalizedUpdatePackageMetaData_SiteLoc in the site database"),
		sql(initializations.In(instance, database).Form(), "SELECT on RCM_DrsInitializationTracking in the site database"),
		sql(secondaries.In(instance, database).Form(), "SELECT on v_Site, and EXECUTE on fnGetSiteCode in the site database"),
		{
			[]platform.Form{
				platform.ReadComputer().Form(), platform.ReadService(updateService).Form(), platform.ReadService(executive).Form(),
				platform.ReadBoot().Form(), discovery.WindowsFolder.Form(),
			},
			[]string{discovery.RegistryRight},
		},
		{files, []string{"Windows: read the folders inboxes, Logs, EasySetupPayload and cd.latest of the installation folder, and open the share EasySetupPayload of the service connection point"}},
		{
			[]platform.Form{
				platform.ReadPrereqLog(`{drive of Windows}\ConfigMgrPrereq.log`).Form(), platform.ReadFailureLog(`{drive of Windows}\` + setupLog).Form(),
				crashes().Form(), serviceEnds().Form(),
			},
			[]string{"Windows: read ConfigMgrPrereq.log and ConfigMgrSetup.log on the drive of Windows, and the event logs System and Application"},
		},
	}
}

// Reads are the questions that Gather may ask.
func Reads() []platform.Form {
	var forms []platform.Form
	for _, need := range Needs() {
		forms = append(forms, need.Forms...)
	}
	return forms
}

// reason is why a question has no answer, as a *platform.NoAnswer.
func reason(err error) *platform.NoAnswer {
	var no *platform.NoAnswer
	if errors.As(err, &no) && no != nil {
		return no
	}
	return platform.Refuse(platform.ErrMalformed, "%v", err)
}
