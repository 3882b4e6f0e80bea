package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"siteready/checks/diagnosis"
	"siteready/platform"
	"siteready/platform/platformtest"
)

// lineOf is the line of a package at a site, or as a whole.
func lineOf(t *testing.T, d diagnosis.Diagnosis, site string) diagnosis.Line {
	t.Helper()
	for _, line := range d.Lines {
		if line.GUID == guid && line.Site == site {
			return line
		}
	}
	t.Fatalf("nothing is said of site %q: %v", site, d.Lines)
	return diagnosis.Line{}
}

func texts(all []diagnosis.Statement) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.Text + "\n")
	}
	return b.String()
}

// Where the table of messages has no column for sub-stages, the stage is told all the same. Only what
// hangs on them is could not look: post-installation of what was installed lately.
func TestSubStagesThatAreNotTold(t *testing.T) {
	untold := map[string]any{"all_told": 0, "stage_columns": 0}
	at := func(state int) map[string]any {
		return map[string]any{"package": guid, "site": "P01", "package_state": state, "newest_minutes": 7, "listed": 1, "all_told": 0, "stage_columns": 1}
	}
	for _, test := range []struct {
		name string
		tree map[string]any
		want diagnosis.Standing
		says string // a part of what is also said of the site, or of its cause
	}{
		{"nothing was installed lately", database(tree(t, "primary"), "update-stages", untold), diagnosis.Rests, ""},
		{"in time", database(inState(t, 196620, 0, 30, true), "update-stages", at(196620)), diagnosis.Waits, "which part of the work it is in could not be checked: CM_UpdatePackage_MonitoringStatus has not both of the columns"},
		{"late", database(inState(t, 196620, 0, 300, true), "update-stages", at(196620)), diagnosis.Stuck, "site P01 last reported 7 minutes ago"},
		{"installed lately", database(tree(t, "primary"), "update-stages", at(196612)), diagnosis.Unknown, "has not both of the columns SubStageId and IsComplete"},
		{"installed long ago", database(tree(t, "primary"), "update-stages", map[string]any{
			"package": guid, "site": "P01", "package_state": 196612, "newest_minutes": 14*24*60 + 1, "listed": 1, "all_told": 0, "stage_columns": 0,
		}), diagnosis.Rests, ""},
		{"columns, and nothing in them", database(tree(t, "primary"), "update-stages", map[string]any{
			"package": guid, "site": "P01", "package_state": 196612, "newest_minutes": 60, "listed": 1, "all_told": 0, "stage_columns": 2,
		}), diagnosis.Unknown, "none of the 96 messages"},
	} {
		site := build(t, test.tree)
		d := diagnose(t, site, site)
		said := ""
		for _, line := range d.Lines {
			said += texts(line.Also)
			if line.Cause != nil {
				said += line.Cause.Cause + "\n"
			}
		}
		if d.Standing != test.want || !strings.Contains(said, test.says) || len(d.Gaps) > 0 {
			t.Errorf("%s: %s, %q, %v", test.name, d.Summary, said, d.Gaps)
		}
		proven(t, d)
	}
}

// A site waits for its parent as long as that takes. Its own time begins when the parent is done.
func TestParentThatIsNotDone(t *testing.T) {
	for _, test := range []struct {
		parent, since, child int
		want                 diagnosis.Standing
		held                 string
	}{
		{196620, 50, 9000, diagnosis.Waits, "the parent site C01: the site's files are being replaced"},
		{262143, 50, 9000, diagnosis.Waits, "the parent site C01: the installation failed"},
		{424242, 50, 9000, diagnosis.Waits, "the parent site C01: its state is not known here"},
		{196612, 120, 9000, diagnosis.Waits, ""},
		{196612, 121, 9000, diagnosis.Stuck, "the parent site C01 is done, and this site has not heard of it"},
		{196612, -1, 119, diagnosis.Waits, ""},
		{196612, -1, 121, diagnosis.Stuck, "the parent site C01 is done"},
		{196620, 50, -1, diagnosis.Waits, "the parent site C01"},
	} {
		edit := tree(t, "stuck/installation-parent")
		rows := edit["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
		var at []any
		for _, row := range rows["update-at-sites"].([]any) {
			changed := map[string]any{"unchanged_minutes": test.child}
			if row.(map[string]any)["site"] == "C01" {
				changed = map[string]any{"unchanged_minutes": test.since, "state": test.parent}
			}
			at = append(at, platformtest.Edit(row.(map[string]any), changed))
		}
		rows["update-at-sites"] = at
		site := build(t, edit)
		d := diagnose(t, site, site)
		line := lineOf(t, d, "P01")
		if held := texts(line.Held); line.Standing != test.want || !strings.Contains(held, test.held) || test.held == "" && strings.Contains(held, "the parent site") {
			t.Errorf("parent %d for %d: %s, held by %q", test.parent, test.since, line, held)
		}
		proven(t, d)
	}
}

// Once an installation began at any site, the reset tool is named only as what must not be run.
func TestNoResetAfterTheBeginning(t *testing.T) {
	site := load(t, "stuck/replication-after-begin")
	d := diagnose(t, site, site)
	for _, line := range d.Lines {
		if line.GUID == "" {
			continue
		}
		if safe := strings.Join(line.Safe, " "); strings.Contains(safe, "CMUpdateReset") || safe == "" {
			t.Errorf("%s: safe now: %q", line.Name(), safe)
		}
		if !strings.Contains(strings.Join(line.Avoid, " "), "Do not run CMUpdateReset.exe") {
			t.Errorf("%s: to be avoided: %q", line.Name(), line.Avoid)
		}
	}
	before := load(t, "stuck/replication-child-late")
	if line := lineOf(t, diagnose(t, before, before), "P02"); !strings.Contains(strings.Join(line.Safe, " "), "CMUpdateReset.exe is still allowed") {
		t.Errorf("before it began: %q", line.Safe)
	}
	ready := inState(t, 262146, 0, 5, true)
	rows := ready["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	rows["update-at-sites"] = []any{map[string]any{"may_see": 1, "package": guid, "state": 196620, "site": "P01", "unchanged_minutes": 5, "recoveries": 0, "listed": 1}}
	whole := build(t, ready)
	if line := lineOf(t, diagnose(t, whole, whole), ""); len(line.Safe) != 1 || !strings.HasPrefix(line.Safe[0], "Start nothing") {
		t.Errorf("ready as a whole, and being installed at a site: %q", line.Safe)
	}
}

// A flag that does not fit the state, or that no document has, is told, and the state counts.
func TestFlagsThatContradict(t *testing.T) {
	for flag, want := range map[int64]string{1: "its flag says prerequisite check only (1), which does not fit this state; the state counts", 9: "its flag is 9, which no document has"} {
		site := build(t, inState(t, 196620, flag, 30, true))
		d := diagnose(t, site, site)
		line := lineOf(t, d, "P01")
		if line.Standing != diagnosis.Waits || !strings.Contains(texts(line.Also), want) || strings.Contains(line.Says.Text, "prerequisite check only") {
			t.Errorf("flag %d: %s, also %q", flag, line, texts(line.Also))
		}
		proven(t, d)
	}
}

// Services that start or stop just now, or that the update stops itself, stop nothing before it is late.
func TestServicesThatTheUpdateStops(t *testing.T) {
	service := func(name, state string, base map[string]any) map[string]any {
		return platformtest.Edit(base, map[string]any{"services": map[string]any{name: map[string]any{"state": state}}})
	}
	for _, test := range []struct {
		name string
		tree map[string]any
		want diagnosis.Standing
	}{
		{"the update service replaces itself", service("CONFIGURATION_MANAGER_UPDATE", "stopped", inState(t, 196619, 0, 10, true)), diagnosis.Waits},
		{"and does not come back", service("CONFIGURATION_MANAGER_UPDATE", "stopped", inState(t, 196619, 0, 31, true)), diagnosis.Stuck},
		{"it starts", service("CONFIGURATION_MANAGER_UPDATE", "start_pending", inState(t, 65538, 0, 10, true)), diagnosis.Waits},
		{"it is stopped", service("CONFIGURATION_MANAGER_UPDATE", "stopped", inState(t, 65538, 0, 10, true)), diagnosis.Stuck},
		{"it is stopped while a window is waited for", service("CONFIGURATION_MANAGER_UPDATE", "stopped", inState(t, 196610, 0, 10, true)), diagnosis.Stuck},
		{"the executive starts", service("SMS_EXECUTIVE", "start_pending", tree(t, "primary")), diagnosis.Rests},
		{"the executive is stopped", service("SMS_EXECUTIVE", "stopped", tree(t, "primary")), diagnosis.Stuck},
		{"the executive is stopped by an installation", service("SMS_EXECUTIVE", "stopped", inState(t, 196620, 0, 10, true)), diagnosis.Waits},
		{"the executive is stopped by post-installation", service("SMS_EXECUTIVE", "stopped", database(tree(t, "stuck/post-installation-client"), "update-stages", map[string]any{
			"newest_minutes": 10, "sub_stage_minutes": 10,
		})), diagnosis.Waits},
		{"and stays so", service("SMS_EXECUTIVE", "stopped", tree(t, "stuck/post-installation-client")), diagnosis.Stuck},
	} {
		site := build(t, test.tree)
		d := diagnose(t, site, site)
		if d.Standing != test.want || len(d.Gaps) > 0 {
			t.Errorf("%s: %s %v %v", test.name, d.Summary, d.Lines, d.Gaps)
		}
		stopped := false
		for _, line := range d.Lines {
			stopped = stopped || strings.Contains(texts(line.Held), "is stopped") && strings.Contains(strings.Join(line.Safe, " "), "Start the service ")
		}
		if test.want == diagnosis.Stuck && !stopped {
			t.Errorf("%s: it is not said to start the service: %v", test.name, d.Lines)
		}
		proven(t, d)
	}
}

// Events of the update service count since the state began. What the logs of Windows do not tell is a gap.
func TestEvents(t *testing.T) {
	const crash = "1000 of Application Error for cmupdate.exe within 30 days"
	events := func(log, filter string, digest map[string]any) map[string]any {
		return platformtest.Edit(inState(t, 196620, 0, 200, true), map[string]any{"events": map[string]any{log: map[string]any{filter: digest}}})
	}
	at := func(text string) map[string]any { return map[string]any{"count": 1, "oldest": text, "newest": text} }
	for _, test := range []struct {
		name      string
		tree      map[string]any
		held, gap string
	}{
		{"a crash", events("Application", crash, at("2026-11-20T01:00:00Z")), "cmupdate.exe crashed, last 60 minutes ago", ""},
		{"a crash of before", events("Application", crash, at("2026-11-18T01:00:00Z")), "", ""},
		{"an end", events("System", "7000,7009,7023,7024,7031,7034,7038,7041 of Service Control Manager for CONFIGURATION_MANAGER_UPDATE within 30 days", at("2026-11-20T01:00:00Z")), "Windows noted that the service CONFIGURATION_MANAGER_UPDATE failed", ""},
		{"an empty log", events("Application", crash, map[string]any{"begins": nil}), "", "the log Application is empty"},
		{"too many", events("Application", crash, map[string]any{"more": true}), "", "more events than are looked at"},
		{"no log", platformtest.Edit(inState(t, 196620, 0, 200, true), map[string]any{"events": map[string]any{"Application": nil}}), "", "there is no log Application"},
	} {
		site := build(t, test.tree)
		d := diagnose(t, site, site)
		gaps := ""
		for _, gap := range d.Gaps {
			gaps += gap.Cause.Cause
		}
		line := lineOf(t, d, "P01")
		if held := texts(line.Held); !strings.Contains(held, test.held) || test.held == "" && strings.Contains(held, "crash") || !strings.Contains(gaps, test.gap) || test.gap == "" && gaps != "" {
			t.Errorf("%s: held by %q, could not look: %q", test.name, held, gaps)
		}
		proven(t, d)
	}
}

// Without its database nothing is known of a site's updates, and this machine's own signs are told.
func TestNoDatabase(t *testing.T) {
	base := platformtest.Edit(tree(t, "stuck/installation-failed"), map[string]any{"services": map[string]any{"CONFIGURATION_MANAGER_UPDATE": map[string]any{"state": "stopped"}}})
	site := build(t, base)
	d := diagnose(t, site, platformtest.Refusing(site, platform.ErrTimeout, func(q platform.Question) bool { return q.Kind == platform.KindSQL }))
	if d.Standing != diagnosis.Unknown || d.Standing.ExitCode() != 3 || len(d.Gaps) == 0 || strings.Contains(d.Summary, "Nothing is stuck") || len(d.Lines) != 1 {
		t.Fatalf("%s: %s %v %v", d.Standing, d.Summary, d.Lines, d.Gaps)
	}
	also := texts(d.Lines[0].Also)
	for _, want := range []string{"the service CONFIGURATION_MANAGER_UPDATE on this server is stopped", "CMUpdate.log was last written 10 hours ago", "inst-updatemap-trust"} {
		if !strings.Contains(also, want) {
			t.Errorf("it does not say %q: %q", want, also)
		}
	}
	if avoid := strings.Join(d.Lines[0].Avoid, " "); !strings.Contains(avoid, "CMUpdateReset") {
		t.Errorf("to be avoided: %q", avoid)
	}
	proven(t, d)
}

// A recording that was made without these questions is not recorded, never at rest.
func TestNotRecorded(t *testing.T) {
	for _, name := range []string{"primary", "cas", "stuck/installation-failed"} {
		site := load(t, name)
		d := diagnose(t, site, platformtest.Refusing(site, platform.ErrNotRecorded, func(q platform.Question) bool {
			return strings.HasPrefix(q.What, "update-") || q.Kind == platform.KindFolder || q.What == platform.LogFailures
		}))
		if d.Standing != diagnosis.Unknown || strings.Contains(d.Summary, "Nothing is stuck") || len(d.Gaps) == 0 {
			t.Errorf("%s: %s", name, d.Summary)
		}
		for _, alone := range []string{"update-stages", "update-installed", "update-at-sites", "update-set-aside"} {
			d := diagnose(t, site, platformtest.Refusing(site, platform.ErrNotRecorded, func(q platform.Question) bool { return q.What == alone }))
			if d.Standing == diagnosis.Rests || d.Standing == diagnosis.Waits || len(d.Gaps) == 0 {
				t.Errorf("%s without %s: %s", name, alone, d.Summary)
			}
		}
	}
}

// Times in logs count as what they are, whatever zone the server has.
func TestLogsInAnotherZone(t *testing.T) {
	const text = "Error in verifying the trust of file update.map.cab.  $$<CONFIGURATION_MANAGER_UPDATE><%s><thread=5432 (0x1538)>\n"
	for stamp, held := range map[string]bool{
		"11-20-2026 01:40:00.000+000": true,  // UTC
		"11-20-2026 02:40:00.000-60":  true,  // an hour east
		"11-19-2026 20:40:00.000+300": true,  // five hours west
		"11-20-2026 01:40:00.000-600": false, // ten hours east: of ten hours before
	} {
		site := build(t, logs(inState(t, 196620, 0, 30, true), "CMUpdate.log", strings.ReplaceAll(text, "%s", stamp)))
		line := lineOf(t, diagnose(t, site, site), "P01")
		if got := strings.Contains(texts(line.Held), "inst-updatemap-trust"); got != held {
			t.Errorf("%s: told %v, wanted %v", stamp, got, held)
		}
	}
}

// A clock that is set wrongly makes nothing good: an age that cannot be is not known.
func TestClocksThatDiffer(t *testing.T) {
	ahead := func(by time.Duration) map[string]any {
		stamp := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC).Add(by).Format("01-02-2006 15:04:05.000") + "+000"
		return logs(inState(t, 196620, 0, -30, true), "CMUpdate.log", "Step  $$<CONFIGURATION_MANAGER_UPDATE><"+stamp+"><thread=5432 (0x1538)>\n")
	}
	site := build(t, ahead(3*time.Hour))
	d := diagnose(t, site, site)
	line := lineOf(t, d, "P01")
	if d.Standing != diagnosis.Unknown || line.Minutes != -1 || line.Cause == nil {
		t.Errorf("%s: %s", d.Standing, line)
	}
	if also := texts(line.Also); strings.Contains(also, "last written 0 minutes ago") || strings.Contains(also, "-") && !strings.Contains(also, "in the future") {
		t.Errorf("of a log from the future it says %q", also)
	}
	proven(t, d)
}

// The versions of sites are compared with what is installed, and of other sites only where they are below.
func TestVersionBehind(t *testing.T) {
	installed := func(base map[string]any, instance, name string, minutes int) map[string]any {
		return platformtest.Edit(base, map[string]any{"sql": map[string]any{instance: map[string]any{name: map[string]any{"update-installed": []any{
			map[string]any{"may_see": 1, "package": guid, "name": "Configuration Manager 2509", "version": "5.00.9141.1000", "unchanged_minutes": minutes, "listed": 1},
		}}}}})
	}
	for _, test := range []struct {
		minutes int
		want    diagnosis.Standing
	}{{60, diagnosis.Waits}, {61, diagnosis.Stuck}, {-1, diagnosis.Unknown}} {
		site := build(t, installed(tree(t, "primary"), "sql01.contoso.com", "CM_P01", test.minutes))
		d := diagnose(t, site, site)
		if line := lineOf(t, d, "P01"); d.Standing != test.want || !strings.Contains(line.Says.Text, "Sites.Version says that the site has the version 5.00.9132.1000") {
			t.Errorf("%d minutes: %s, %v", test.minutes, d.Summary, d.Lines)
		}
		proven(t, d)
	}
	base := installed(tree(t, "cas"), `cas01.contoso.com\CMINST,50001`, "CM_C01", 300)
	for _, row := range base["sql"].(map[string]any)[`cas01.contoso.com\CMINST,50001`].(map[string]any)["CM_C01"].(map[string]any)["update-packages"].([]any) {
		row.(map[string]any)["site_version"] = "5.00.9141.1000"
	}
	site := build(t, platformtest.Edit(base, map[string]any{"registry": map[string]any{`HKLM\SOFTWARE\Microsoft\SMS\Setup`: map[string]any{"Full Version": "5.00.9141.1000"}}}))
	d := diagnose(t, site, site)
	behind := 0
	for _, line := range d.Lines {
		if strings.Contains(line.Says.Text, "v_Site.Version says that the site has the version 5.00.9132.1000") {
			behind++
		}
	}
	if behind != 2 || d.Standing != diagnosis.Stuck {
		t.Errorf("%d sites are behind: %v", behind, d.Lines)
	}
}

// Initializations of the group by which sites tell of updates are told when they failed or stand still.
func TestInitializations(t *testing.T) {
	for _, test := range []struct {
		state, minutes int
		held           string
	}{
		{3, 120, ""},
		{3, 121, "the initialization of the replication group CMUpdates from P02 to C01 has not changed for 2 hours, longer than 2 hours (our threshold) (3)"},
		{3, -1, ""},
		{8, 1, "from P02 to C01 failed (8)"},
		{99, -1, "from P02 to C01 failed (99)"},
		{42, 1, "is in a state that is not known here (42)"},
	} {
		base := tree(t, "stuck/post-installation-initialization")
		rows := base["sql"].(map[string]any)[`cas01.contoso.com\CMINST,50001`].(map[string]any)["CM_C01"].(map[string]any)
		rows["update-initialization"] = []any{platformtest.Edit(rows["update-initialization"].([]any)[0].(map[string]any), map[string]any{"init_state": test.state, "init_minutes": test.minutes})}
		site := build(t, base)
		d := diagnose(t, site, site)
		held := texts(d.Lines[0].Held)
		if d.Standing != diagnosis.Stuck || !strings.Contains(held, test.held) || test.held == "" && strings.Contains(held, "the initialization of") || len(d.Gaps) > 0 {
			t.Errorf("%d for %d minutes: held by %q, %v", test.state, test.minutes, held, d.Gaps)
		}
		proven(t, d)
	}
}

// Two packages in one state with different flags: the logs of the one that goes on are read.
func TestPackagesWithDifferentFlags(t *testing.T) {
	for _, first := range []int64{0, 1} {
		edit := inState(t, 131074, first, 5, false)
		rows := edit["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
		one := platformtest.Edit(rows["update-packages"].([]any)[0].(map[string]any), map[string]any{"listed": 2})
		rows["update-packages"] = []any{one, platformtest.Edit(one, map[string]any{"package": "6B0783D9-B8A2-4848-82F6-8EFE956F4988", "flag": 1 - first})}
		site := build(t, edit)
		d, seen := evidenced(t, site, site)
		read := false
		for _, e := range seen {
			read = read || strings.HasSuffix(e.Question.Where, "CMUpdate.log")
		}
		if !read || d.Standing != diagnosis.Waits {
			t.Errorf("flags %d and %d: CMUpdate.log is read: %v; %s", first, 1-first, read, d.Summary)
		}
	}
}

// A site that waits for others is told to be stuck where its own update service is.
func TestStoppedServiceWhileOthersCheck(t *testing.T) {
	edit := platformtest.Edit(inState(t, 131074, 0, 5, true), map[string]any{"services": map[string]any{"CONFIGURATION_MANAGER_UPDATE": map[string]any{"state": "stopped"}}})
	rows := edit["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	whole := rows["update-packages"].([]any)[0].(map[string]any)
	whole["state"], whole["package_state"] = 131073, 131073
	site := build(t, edit)
	if line := lineOf(t, diagnose(t, site, site), "P01"); line.Standing != diagnosis.Stuck || !strings.Contains(texts(line.Held), "CONFIGURATION_MANAGER_UPDATE on this server is stopped") {
		t.Error(line)
	}
}

// A child site that has not heard of its parent is told the link between them.
func TestLinkToTheParent(t *testing.T) {
	site := load(t, "stuck/installation-parent")
	d := diagnose(t, site, site)
	if held := texts(lineOf(t, d, "P01").Held); !strings.Contains(held, "the replication group CMUpdates from C01 to P01 is degraded (8)") {
		t.Errorf("held by %q", held)
	}
	proven(t, d)
}

// What lies on another server is said not to have been looked at.
func TestConnectionPointElsewhere(t *testing.T) {
	site := load(t, "cas")
	if d := diagnose(t, site, site); d.Standing != diagnosis.Rests || !strings.Contains(d.Lines[0].Says.Text, "was not looked at") {
		t.Errorf("%s: %v", d.Summary, d.Lines)
	}
	far := build(t, database(inState(t, 262145, 0, 400, false), "connection-points", map[string]any{"server": "SCP02.contoso.com"}))
	if line := lineOf(t, diagnose(t, far, far), ""); line.Standing != diagnosis.Stuck || !strings.Contains(texts(line.Also), "were not looked at; run siteready logs there") {
		t.Errorf("%s, also %q", line, texts(line.Also))
	}
}

// An offline service connection point downloads nothing: what is to come is imported.
func TestOfflineDownload(t *testing.T) {
	for state, next := range map[int64]string{262145: "what is imported with the service connection tool", 327679: "nothing happens by itself"} {
		site := build(t, database(inState(t, state, 0, 400, false), "connection-points", map[string]any{"offline": 1}))
		d := diagnose(t, site, site)
		line := lineOf(t, d, "")
		if line.Standing != diagnosis.Stuck || !strings.Contains(line.Next, next) || !strings.Contains(strings.Join(line.Safe, " "), "prepare, connect, import") || len(d.Gaps) > 0 {
			t.Errorf("%s: next %q, safe %q, %v", line, line.Next, line.Safe, d.Gaps)
		}
		proven(t, d)
	}
}

// A payload that was renewed after the Easy Setup package was made of it is told of what travels.
func TestRenewedPayload(t *testing.T) {
	for newest, told := range map[string]bool{"2026-11-20T01:50:00Z": true, "2026-11-16T09:00:00Z": false} { // made 5400 minutes before 02:00
		site := build(t, platformtest.Edit(inState(t, 65537, 0, 30, false), map[string]any{"folders": map[string]any{folder + `\EasySetupPayload\` + guid: map[string]any{
			"*": map[string]any{"newest": newest},
		}}}))
		d := diagnose(t, site, site)
		line := lineOf(t, d, "")
		if got := strings.Contains(texts(line.Also), "files of its payload are newer than the Easy Setup package P0100002"); got != told || line.Standing != diagnosis.Waits {
			t.Errorf("%s: told %v: %s", newest, got, line)
		}
		proven(t, d)
	}
}

// Secondary sites are told by their states, and what is gone is not.
func TestSecondarySites(t *testing.T) {
	for state, want := range map[int]diagnosis.Standing{
		2: diagnosis.Unknown, 3: diagnosis.Stuck, 4: diagnosis.Rests, 5: diagnosis.Unknown, 6: diagnosis.Rests, 7: diagnosis.Stuck,
		8: diagnosis.Unknown, 9: diagnosis.Stuck, 12: diagnosis.Unknown, -1: diagnosis.Unknown,
	} {
		site := build(t, database(tree(t, "primary"), "update-secondaries", map[string]any{"site": "S01", "secondary_state": state, "listed": 1}))
		d := diagnose(t, site, site)
		if d.Standing != want || len(d.Gaps) > 0 {
			t.Errorf("%d: %s, %v %v", state, d.Summary, d.Lines, d.Gaps)
		}
		for _, line := range d.Lines {
			if all := strings.ToLower(strings.Join(append(line.Safe, line.Avoid...), " ")); strings.Contains(all, "/upgrade") {
				t.Errorf("%d: a switch is advised that is no longer there: %s", state, all)
			}
		}
		proven(t, d)
	}
}

// Another file that Hierarchy Manager cannot open is told, and holds no synchronization.
func TestAnotherFileThatIsMissing(t *testing.T) {
	site := build(t, logs(tree(t, "primary"), "hman.log", "Failed to open file \"D:\\x.cab\" for reading. Code 0x80070003  $$<SMS_HIERARCHY_MANAGER><11-20-2026 01:00:00.000+000><thread=5432 (0x1538)>\n"))
	d := diagnose(t, site, site)
	if d.Standing != diagnosis.Rests || !strings.Contains(texts(d.Lines[0].Also), "appl-open-check-file") {
		t.Errorf("%s: %v", d.Summary, d.Lines)
	}
}
