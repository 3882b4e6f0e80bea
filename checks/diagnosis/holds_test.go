package diagnosis_test

import (
	"strings"
	"testing"

	"siteready/checks/diagnosis"
	"siteready/platform/platformtest"
)

const (
	guid   = "420E3E18-73C5-4BE9-88B0-6F1E30A012CA"
	folder = `D:\Program Files\Microsoft Configuration Manager`
)

// database lays rows over a site.
func database(tree map[string]any, statement string, changed map[string]any) map[string]any {
	rows := tree["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	var all []any
	for _, row := range rows[statement].([]any) {
		all = append(all, platformtest.Edit(row.(map[string]any), changed))
	}
	return platformtest.Edit(tree, map[string]any{"sql": map[string]any{"sql01.contoso.com": map[string]any{"CM_P01": map[string]any{statement: all}}}})
}

func logs(tree map[string]any, name, text string) map[string]any {
	return platformtest.Edit(tree, map[string]any{"logs": map[string]any{folder + `\Logs\` + name: text}})
}

// What holds a package is told, as far as it can be, and what only might hold it decides nothing.
func TestHolds(t *testing.T) {
	share := func(outcome string) map[string]any {
		return map[string]any{"shares": map[string]any{`\\CM01.contoso.com\EasySetupPayload`: map[string]any{"outcome": outcome, "number": 5}}}
	}
	const known = "Error in verifying the trust of file update.map.cab.  $$<CONFIGURATION_MANAGER_UPDATE><11-20-2026 01:00:00.000+000><thread=5432 (0x1538)>\n"
	const installed = "INFO: 196612.ESC file was found. STATMSG: ID=11002  $$<CONFIGURATION_MANAGER_UPDATE><11-20-2026 01:30:00.000+000><thread=5432 (0x1538)>\n"
	for _, test := range []struct {
		name     string
		tree     map[string]any
		standing diagnosis.Standing
		held     string // a part of what holds it; empty for nothing
	}{
		{"in time", inState(t, 65537, 0, 20, true), diagnosis.Waits, ""},
		{"a share that refuses this account", platformtest.Edit(inState(t, 2, 0, 20, true), share("denied")), diagnosis.Waits, ""},
		{"a share that refuses this account, late", platformtest.Edit(inState(t, 2, 0, 200, true), share("denied")), diagnosis.Stuck, "refuses the account that asked"},
		{"a share without a server", platformtest.Edit(inState(t, 2, 0, 20, true), share("no_server")), diagnosis.Stuck, "its server does not answer to its name"},
		{"no payload", platformtest.Edit(inState(t, 2, 0, 20, true), map[string]any{"folders": map[string]any{folder + `\EasySetupPayload\` + guid: nil}}), diagnosis.Stuck, "the folder with its payload is not"},
		{"another update", database(inState(t, 65537, 0, 300, true), "update-easy-setup", map[string]any{"package": "3B7D84FA-ECCC-4EA0-B8AB-ABBDA1E88E0E"}), diagnosis.Stuck, "P0100002 holds another update"},
		{"another update, in time", database(inState(t, 65537, 0, 30, true), "update-easy-setup", map[string]any{"package": "3B7D84FA-ECCC-4EA0-B8AB-ABBDA1E88E0E"}), diagnosis.Waits, ""},
		{"no package", database(inState(t, 65537, 0, 300, true), "update-easy-setup", map[string]any{"package": "", "package_site": "", "package_tail": "", "site": "", "copies": 0}), diagnosis.Stuck, "no Easy Setup package"},
		{"another hash", database(inState(t, 65537, 0, 300, true), "update-easy-setup", map[string]any{"same_hash": 0}), diagnosis.Stuck, "different hashes"},
		{"no copy", database(inState(t, 65537, 0, 300, true), "update-easy-setup", map[string]any{"site": "", "copies": 0}), diagnosis.Stuck, "no copy of P0100002 is on record for site P01"},
		{"a copy that is removed", database(inState(t, 65537, 0, 300, true), "update-easy-setup", map[string]any{"copy_state": 7}), diagnosis.Stuck, "is being removed"},
		{"a copy that failed", database(inState(t, 65537, 0, 5, true), "update-easy-setup", map[string]any{"copy_state": 5}), diagnosis.Stuck, "failed, or is tried again"},
		{"a transaction without a session", database(inState(t, 196628, 0, 90, true), "update-blocked", map[string]any{"session": -2, "waited_seconds": 3700, "blocked": 1}), diagnosis.Stuck, "a transaction without a session"},
		{"a session that blocks for a moment", database(inState(t, 196628, 0, 90, true), "update-blocked", map[string]any{"session": 51, "waited_seconds": 3600, "blocked": 1}), diagnosis.Waits, "session 51 in the site database: a program without a name; the update service has waited for it for 60 minutes"},
		{"the update service begins anew", database(inState(t, 196620, 0, 150, true), "update-at-sites", map[string]any{"recoveries": 4}), diagnosis.Stuck, "recovery count is 4"},
		{"a part that failed", database(inState(t, 196620, 0, 150, true), "update-stages", map[string]any{
			"package": guid, "site": "P01", "package_state": 196609, "failed": 1, "newest_minutes": 2, "failed_stage": 0xd0006, "failed_minutes": 2, "listed": 1,
		}), diagnosis.Stuck, "the work on the redistributables (sub-stage 0xd0006) failed"},
		{"a known failure, in time", logs(inState(t, 196620, 0, 30, true), "CMUpdate.log", known), diagnosis.Waits, "inst-updatemap-trust"},
		{"a known failure from before", logs(inState(t, 196620, 0, 0, true), "CMUpdate.log", strings.ReplaceAll(known, "11-20", "11-18")), diagnosis.Waits, ""},
		{"a known failure that is over", logs(inState(t, 196620, 0, 60, true), "CMUpdate.log", known+installed), diagnosis.Waits, ""},
		{"a restart that did not help", inState(t, 196613, 0, 9000, true), diagnosis.Stuck, "Windows was started 5 days ago, after the state was set"},
		{"a restart that was not made", inState(t, 196613, 0, 900, true), diagnosis.Stuck, "the restart of the server"},
		{"reported lately", database(inState(t, 196620, 0, -1, true), "update-stages", map[string]any{
			"package": guid, "site": "P01", "package_state": 196609, "unfinished": 1, "newest_minutes": 2, "sub_stage": 0xd0006, "sub_stage_minutes": 2, "listed": 1,
		}), diagnosis.Waits, ""},
	} {
		site := build(t, test.tree)
		d := diagnose(t, site, site)
		at := -1
		for i, line := range d.Lines {
			if line.GUID != "" {
				at = i
				break
			}
		}
		if at < 0 {
			t.Fatalf("%s: %v", test.name, d.Lines)
		}
		var held []string
		for _, h := range d.Lines[at].Held {
			held = append(held, h.Text)
		}
		if text := strings.Join(held, "\n"); d.Lines[at].Standing != test.standing || !strings.Contains(text, test.held) || test.held == "" && text != "" {
			t.Errorf("%s: %s, held by %q", test.name, d.Lines[at].Standing, text)
		}
		if len(d.Gaps) > 0 {
			t.Errorf("%s: %v", test.name, d.Gaps)
		}
		proven(t, d)
	}
}

// What is not whole is a gap, and nothing is called good.
func TestGaps(t *testing.T) {
	primary := tree(t, "primary")
	inboxes := folder + `\inboxes\hman.box\CFD`
	for _, test := range []struct {
		name string
		tree map[string]any
		want string
	}{
		{"more packages than listed", database(primary, "update-packages", map[string]any{"listed": 3}), ""},
		{"more sites than listed", database(primary, "update-sites", map[string]any{"sites": 2}), "says that there are 2 of them, and lists 1"},
		{"fewer packages than listed", database(primary, "update-set-aside", map[string]any{"listed": 1}), "says that there are 1 of them, and lists 2"},
		{"no versions of what is installed", database(primary, "update-installed", map[string]any{"version": ""}), "names no version of any of 3 installed packages"},
		{"fewer installed packages than listed", database(primary, "update-installed", map[string]any{"listed": 1}), "says that there are 1 of them, and lists 3"},
		{"two connection points", database(primary, "connection-points", map[string]any{"points": 2}), ""},
		{"online or not", database(primary, "connection-points", map[string]any{"offline": -1}), ""},
		{"an inbox with too many files", platformtest.Edit(primary, map[string]any{"folders": map[string]any{inboxes: map[string]any{"*.cmu|*.cme": map[string]any{"files": 3, "bytes": 3, "oldest": nil, "newest": nil, "more": true}}}}), "too many files"},
		{"an inbox that is not there", platformtest.Edit(primary, map[string]any{"folders": map[string]any{inboxes: nil}}), "is not there"},
		{"no log of the downloader", logs(primary, "dmpdownloader.log", ""), ""},
		{"an inbox with a file of the future", platformtest.Edit(primary, map[string]any{"folders": map[string]any{inboxes: map[string]any{"*.cmu|*.cme": map[string]any{"files": 1, "bytes": 3, "oldest": "2026-11-20T04:00:00Z", "newest": "2026-11-20T04:00:00Z", "more": false}}}}), "in the future"},
		{"a log of the future", logs(primary, "dmpdownloader.log", "Hasn't synced recently.  $$<SMS_DMP_DOWNLOADER><11-20-2026 04:00:00.000+000><thread=6100 (0x17D4)>\n"), ""},
		{"a log without times", logs(primary, "dmpdownloader.log", "no time\n"), "says when it was written"},
	} {
		site := build(t, test.tree)
		d := diagnose(t, site, site)
		said := ""
		for _, gap := range d.Gaps {
			said += gap.What + ": " + gap.Cause.Cause + "\n"
		}
		if d.Standing != diagnosis.Unknown || !strings.Contains(said, test.want) || strings.Contains(d.Summary, "Nothing is stuck") {
			t.Errorf("%s: %s: %s", test.name, d.Standing, said)
		}
	}
	above := platformtest.Edit(primary, map[string]any{"folders": map[string]any{inboxes: nil, folder + `\inboxes`: map[string]any{}}})
	site := build(t, above)
	if d := diagnose(t, site, site); d.Standing != diagnosis.Rests {
		t.Errorf("an inbox that is not there, where the folder above is: %s, %v", d.Summary, d.Gaps)
	}
}

// The news about updates between sites: a link that failed holds what another site does, and one
// that is only degraded does not surely.
func TestNews(t *testing.T) {
	for _, test := range []struct {
		state int
		want  diagnosis.Standing
		held  string
	}{
		{2, diagnosis.Waits, ""},
		{3, diagnosis.Waits, ""},
		{4, diagnosis.Waits, "the replication group CMUpdates from P02 to C01 is being initialized (4)"},
		{8, diagnosis.Waits, "the replication group CMUpdates from P02 to C01 is degraded (8)"},
		{6, diagnosis.Stuck, "the replication group CMUpdates from P02 to C01 has failed (6)"},
		{9, diagnosis.Stuck, "the replication group CMUpdates from P02 to C01 has failed (9)"},
		{17, diagnosis.Waits, "the replication group CMUpdates from P02 to C01 is in a state that is not known here (17)"},
	} {
		base := tree(t, "stuck/post-installation-news")
		rows := base["sql"].(map[string]any)[`cas01.contoso.com\CMINST,50001`].(map[string]any)["CM_C01"].(map[string]any)
		var sites, links []any
		for _, row := range rows["update-at-sites"].([]any) {
			changed := map[string]any{"unchanged_minutes": 20}
			if row.(map[string]any)["site"] == "P02" {
				changed["state"] = 196620
			}
			sites = append(sites, platformtest.Edit(row.(map[string]any), changed))
		}
		for i, row := range rows["update-news"].([]any) {
			changed := map[string]any{}
			if i == 0 { // from P02 to C01
				changed["link_state"] = test.state
			}
			links = append(links, platformtest.Edit(row.(map[string]any), changed))
		}
		rows["update-at-sites"], rows["update-news"] = sites, links
		site := build(t, base)
		d := diagnose(t, site, site)
		line := d.Lines[0]
		held := ""
		if len(line.Held) > 0 {
			held = line.Held[0].Text
		}
		if line.Site != "P02" || line.Standing != test.want || held != test.held || len(d.Gaps) > 0 {
			t.Errorf("%d: %s, %v", test.state, line, d.Gaps)
		}
		proven(t, d)
	}
}

// A part of an installation of long ago that was never reported as ended is nobody's concern any more.
func TestLongAgo(t *testing.T) {
	for minutes, want := range map[int]diagnosis.Standing{60: diagnosis.Waits, 300: diagnosis.Stuck, 14 * 24 * 60: diagnosis.Stuck, 14*24*60 + 1: diagnosis.Rests} {
		for _, failed := range []int{0, 1} {
			if failed == 1 && want == diagnosis.Waits {
				want = diagnosis.Stuck
			}
			changed := map[string]any{"newest_minutes": minutes, "sub_stage_minutes": minutes}
			if failed == 1 {
				changed["failed"], changed["failed_stage"], changed["failed_minutes"] = 1, 0xe0008, minutes
			}
			site := build(t, database(tree(t, "stuck/post-installation-client"), "update-stages", changed))
			if d := diagnose(t, site, site); d.Standing != want {
				t.Errorf("%d minutes, %d failed: %s", minutes, failed, d.Summary)
			}
		}
	}
	site := build(t, database(tree(t, "stuck/post-installation-client"), "update-stages", map[string]any{"sub_stage": 0xd001a}))
	if d := diagnose(t, site, site); d.Standing != diagnosis.Rests {
		t.Errorf("a part of the installation itself: %s", d.Summary)
	}
}

// A site below another speaks for itself alone.
func TestSiteBelow(t *testing.T) {
	done := tree(t, "stuck/installation-parent")
	rows := done["sql"].(map[string]any)["sql01.contoso.com"].(map[string]any)["CM_P01"].(map[string]any)
	var own []any
	for _, row := range rows["update-at-sites"].([]any) {
		if row.(map[string]any)["site"] == "P01" {
			own = append(own, platformtest.Edit(row.(map[string]any), map[string]any{"state": 196612, "listed": 1}))
		}
	}
	rows["update-at-sites"] = own
	rows["update-packages"] = []any{platformtest.Edit(rows["update-packages"].([]any)[0].(map[string]any), map[string]any{"listed": 1})}
	site := build(t, done)
	d := diagnose(t, site, site)
	if len(d.Lines) != 1 || d.Standing != diagnosis.Waits || !strings.Contains(d.Lines[0].String(), "this site has installed it") || d.Lines[0].Stage != diagnosis.PostInstallation {
		t.Errorf("%s: %v %v", d.Summary, d.Lines, d.Gaps)
	}
	proven(t, d)
}
