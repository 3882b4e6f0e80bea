package diagnosis_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"siteready/checks/diagnosis"
)

// stuckSites are the sites in testdata/sites/stuck, with what is said of each update that is not at rest.
func stuckSites() []struct {
	name string
	want []string
} {
	return []struct {
		name string
		want []string
	}{
		{"applicability-failed", []string{
			`Configuration Manager 2509: stuck, applicability check, for 12 hours: it could not be found out whether the package applies (APPLICABILITY_FAILED, 393215); held by: what stands in hman.log`,
		}},
		{"applicability-hangs", []string{
			`Configuration Manager 2509: stuck, applicability check, for 5 hours: it is being found out whether the package applies (APPLICABILITY_CHECKING, 327681); held by: nothing that was found: it takes longer than 60 minutes (our threshold), so read hman.log`,
		}},
		{"applicability-versions", []string{
			`Configuration Manager 2509: stuck, applicability check: it does not apply to this site (APPLICABILITY_NA, 393214), though it is newer than the site; held by: the places that know the site's version disagree: fnCurrentSiteVersion has 9132, fnSetupFullVersion has 9128, Sites.Version has 9132, fnCurrentSiteVersion_INT has 9132, the registry has 9132, smsexec.exe has 9132`,
		}},
		{"download-failed", []string{
			`Configuration Manager 2509: stuck, download, for 9 hours: the download failed (DOWNLOAD_FAILED, 327679); held by: dl-name-not-resolved in dmpdownloader.log, 1 time`,
		}},
		{"download-hangs", []string{
			`Configuration Manager 2509: stuck, download, for 9 hours: it is being downloaded (DOWNLOAD_IN_PROGRESS, 262145); held by: the service connection point on CM01.contoso.com is offline: what is missing must be brought with the service connection tool`,
		}},
		{"download-offline", []string{
			`Configuration Manager 2509: stuck, download: ready to install (DOWNLOAD_SUCCESS, 262146); held by: the folder with its payload is not on the service connection point`,
		}},
		{"download-other", []string{
			`Configuration Manager 2509: stuck, download, for 9 hours: the download failed (DOWNLOAD_FAILED, 327679); held by: what stands in dmpdownloader.log on the service connection point`,
		}},
		{"download-payload", []string{
			`Configuration Manager 2509: stuck, download: ready to install (DOWNLOAD_SUCCESS, 262146); held by: the folder with its payload is not on the service connection point`,
		}},
		{"download-redist", []string{
			`Configuration Manager 2509: stuck, download: ready to install (DOWNLOAD_SUCCESS, 262146); held by: the folder with its redistributables is empty`,
		}},
		{"download-setup", []string{
			`Configuration Manager 2509: stuck, download, for 9 hours: the download failed (DOWNLOAD_FAILED, 327679); held by: dl-file-hash in ConfigMgrSetup.log, 1 time`,
		}},
		{"installation-blocked", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 75 minutes: the site database is being upgraded (INSTALL_UPGRADEDATABASE, 196628); held by: session 71 in the site database: CMReports on RPT01 as CONTOSO\svc-reports; the update service has waited for it for 71 minutes`,
		}},
		{"installation-blocked-unseen", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 100 minutes: the site database is being upgraded (INSTALL_UPGRADEDATABASE, 196628); held by: ctx-db-blocked-long in CMUpdate.log, 4 times`,
		}},
		{"installation-crash", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 4 hours: the site's files are being replaced (INSTALL_INSTALLFILES, 196620); held by: cmupdate.exe crashed, last 40 minutes ago (event 1000 of Application Error)`,
		}},
		{"installation-failed", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 10 hours: the installation failed (INSTALL_FAILED, 262143); held by: inst-updatemap-trust in CMUpdate.log, 1 time`,
		}},
		{"installation-parent", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 3 hours: the installation waits for the parent site (INSTALL_WAITING_PARENT, 196611); held by: the parent site C01 is done, and this site has not heard of it`,
		}},
		{"installation-restart", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 5 hours: installed, and a restart is pending (INSTALL_PENDING_REBOOT, 196613); held by: the restart of the server`,
		}},
		{"installation-secondary", []string{
			`secondary site S02: stuck, installation: it was not upgraded: that failed (7)`,
			`secondary site S01: could not look, installation: it is being upgraded (5); the database does not say since when the secondary site S01 is so`,
		}},
		{"installation-service-stopped", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 50 minutes: the update service is stopped to be replaced (INSTALL_CMU_STOPPED, 196615); held by: the service CONFIGURATION_MANAGER_UPDATE on this server is stopped, and it does the check and the installation`,
		}},
		{"installation-several", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 7 hours: the site database is being upgraded (INSTALL_UPGRADEDATABASE, 196628); held by: nothing that was found: it takes longer than 4 hours (our threshold), so read CMUpdate.log`,
			`Configuration Manager 2503: could not look, a stage that is not known, for 10 minutes: its state is 777777, which is not known here; no document has the state 777777`,
		}},
		{"installation-step", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 5 hours: the site's files are being replaced (INSTALL_INSTALLFILES, 196620); held by: nothing that was found: it takes longer than 2 hours (our threshold), so read CMUpdate.log`,
		}},
		{"installation-update-service", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 10 hours: the update service itself could not be updated (INSTALL_CMU_FAILED, 262142); held by: what stands in CMUpdate.log`,
		}},
		{"installation-window", []string{
			`Configuration Manager 2509, site P01: stuck, installation, for 10 days: the installation waits for the site's service window (INSTALL_WAITING_SERVICE_WINDOW, 196610); held by: the service window of the site, whose times siteready cannot read`,
		}},
		{"post-installation-client", []string{
			`Configuration Manager 2509, site P01: stuck, post-installation, for 5 hours: installed; the work on the client upgrade package (sub-stage 0xe0009) has begun and not ended; held by: nothing that was found: it takes longer than 2 hours (our threshold), so read hman.log`,
		}},
		{"post-installation-failed", []string{
			`Configuration Manager 2509, site P01: stuck, post-installation, for 20 minutes: installed; the work on the client's pre-production package (sub-stage 0xe0007) failed; held by: what stands in hman.log`,
		}},
		{"post-installation-initialization", []string{
			`Configuration Manager 2509: stuck, post-installation, for 2 hours: every site has installed it, and the package as a whole still says: it is being installed (INSTALL_IN_PROGRESS, 196609); held by: the replication group CMUpdates from P02 to C01 is being initialized (4)`,
		}},
		{"post-installation-news", []string{
			`Configuration Manager 2509: stuck, post-installation, for 2 hours: every site has installed it, and the package as a whole still says: it is being installed (INSTALL_IN_PROGRESS, 196609); held by: the replication group CMUpdates from P02 to C01 has failed (9)`,
		}},
		{"post-installation-other-site", []string{
			`Configuration Manager 2509, site C01: stuck, post-installation, for 70 minutes: installed; the work on the client package (sub-stage 0xe0008) failed; held by: what stands in hman.log`,
			`Configuration Manager 2509, site P01: under way, installation, for 20 minutes: the site's files are being replaced (INSTALL_INSTALLFILES, 196620)`,
			`Configuration Manager 2509, site P02: under way, installation, for 25 minutes: the site's files are being replaced (INSTALL_INSTALLFILES, 196620)`,
		}},
		{"post-installation-untold", []string{
			`Configuration Manager 2509, site P01: stuck, post-installation: installed; whether each part of post-installation has ended could not be checked; held by: ctx-substage-open in hman.log, 1 time`,
		}},
		{"post-installation-version", []string{
			`Configuration Manager 2509, site P01: stuck, post-installation, for 3 hours: called installed (INSTALL_SUCCESS, 196612), and Sites.Version says that the site has the version 5.00.9132.1000; held by: nothing that was found: it takes longer than 60 minutes (our threshold), so read hman.log`,
		}},
		{"prerequisites-failed", []string{
			`Configuration Manager 2509, site P01: stuck, prerequisite check, for 16 minutes: the prerequisite check failed (PREREQ_ERROR, 196607); held by: the rule Pending system restart on CM01.contoso.com: Windows waits for a restart.`,
		}},
		{"prerequisites-hang", []string{
			`Configuration Manager 2509, site P02: stuck, prerequisite check, for 3 hours: the prerequisite check runs (PREREQ_IN_PROGRESS, 131073); held by: site P02 has version 3 of C0100002, and the newest is 4`,
			`Configuration Manager 2509, site C01: under way, prerequisite check, for 3 hours: the prerequisite check passed (PREREQ_SUCCESS, 131074); it waits for the other sites`,
			`Configuration Manager 2509, site P01: under way, prerequisite check, for 3 hours: the prerequisite check passed (PREREQ_SUCCESS, 131074); it waits for the other sites`,
		}},
		{"prerequisites-warned", []string{
			`Configuration Manager 2509, site P01: stuck, prerequisite check, for 16 minutes: the prerequisite check has warnings (PREREQ_WARNING, 131075); held by: the rule Pending system restart on CM01.contoso.com: Windows waits for a restart.`,
		}},
		{"replication-after-begin", []string{
			`Configuration Manager 2509, site P02: stuck, replication, for 5 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: the copy of C0100002 is on the way to site P02`,
			`Configuration Manager 2509, site C01: under way, installation, for 50 minutes: the site's files are being replaced (INSTALL_INSTALLFILES, 196620)`,
			`Configuration Manager 2509, site P01: under way, installation, for 5 hours: the installation waits for the parent site (INSTALL_WAITING_PARENT, 196611); held by: the parent site C01: the site's files are being replaced`,
		}},
		{"replication-child-failed", []string{
			`Configuration Manager 2509: stuck, replication, for 40 minutes: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: the copy of C0100002 for site P02 failed, or is tried again`,
		}},
		{"replication-child-late", []string{
			`Configuration Manager 2509, site P02: stuck, replication, for 5 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: the copy of C0100002 is on the way to site P02`,
			`Configuration Manager 2509, site C01: under way, replication, for 15 minutes: its content has arrived; the prerequisite check begins by itself (CONTENT_REPLICATION_SUCCESS, 65538)`,
			`Configuration Manager 2509, site P01: under way, replication, for 20 minutes: its content has arrived; the prerequisite check begins by itself (CONTENT_REPLICATION_SUCCESS, 65538)`,
		}},
		{"replication-inbox", []string{
			`Configuration Manager 2509, site P01: stuck, replication, for 3 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: files from other sites lie in inboxes\despoolr.box\receive, the oldest for 4 hours, longer than 60 minutes (our threshold)`,
		}},
		{"replication-prepare", []string{
			`Configuration Manager 2509: stuck, replication, for 2 hours: chosen for installation; its content is about to be sent to the sites (ENABLED, 2); held by: appl-hash in hman.log, 1 time`,
		}},
		{"replication-service", []string{
			`Configuration Manager 2509, site P01: stuck, replication, for 25 minutes: its content has arrived; the prerequisite check begins by itself (CONTENT_REPLICATION_SUCCESS, 65538); held by: the service CONFIGURATION_MANAGER_UPDATE on this server is stopped, and it does the check and the installation`,
		}},
		{"replication-share", []string{
			`Configuration Manager 2509: stuck, replication, for 25 minutes: chosen for installation; its content is about to be sent to the sites (ENABLED, 2); held by: the share \\CM01.contoso.com\EasySetupPayload cannot be opened: the server has no such share`,
		}},
		{"replication-source", []string{
			`Configuration Manager 2509: stuck, replication, for 5 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: the Easy Setup package P0100002 is made from \\OLD01.contoso.com\EasySetupPayload\420E3E18-73C5-4BE9-88B0-6F1E30A012CA, and the service connection point is on CM01.contoso.com`,
		}},
		{"replication-stored", []string{
			`Configuration Manager 2509: stuck, replication, for 5 hours: its content is on the way to the sites (CONTENT_REPLICATING, 65537); held by: the content library of site P01 has version 4 of P0100002, and the newest is 5`,
		}},
		{"synchronization-executive", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is online; held by: the service SMS_EXECUTIVE on this server is stopped, and the site's components do not work without it`,
		}},
		{"synchronization-failed", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is online; held by: dl-unable-connect in dmpdownloader.log, 1 time`,
		}},
		{"synchronization-manifest", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is online; held by: appl-open-check-file in hman.log, 1 time`,
		}},
		{"synchronization-no-point", []string{
			`all updates, site P01: stuck, synchronization: the site has no service connection point, and no update comes here`,
		}},
		{"synchronization-offline", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is offline; held by: nothing was imported yet`,
		}},
		{"synchronization-outbox", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is online; held by: messages of the downloader lie in inboxes\hman.box\ForwardingMsg, the oldest for 6 hours, longer than 60 minutes (our threshold)`,
		}},
		{"synchronization-silent", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is online; held by: the downloader has written nothing to dmpdownloader.log for 5 days, longer than 2 days (our threshold)`,
		}},
		{"synchronization-tool", []string{
			`all updates, site P01: stuck, synchronization: the service connection point on CM01.contoso.com is offline; held by: sync-tls-trust in ServiceConnectionTool.log, 1 time`,
		}},
	}
}

var meaning = regexp.MustCompile(`held by: .* \(([a-z0-9-]+ in [A-Za-z]+\.log, [0-9]+ times?)\)`)

// Sites that are stuck in each stage are called so, with what holds them.
func TestStuck(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "testdata", "sites", "stuck", "*.yaml"))
	if err != nil || len(files) != len(stuckSites()) {
		t.Fatalf("%d files, and %d in the table: %v", len(files), len(stuckSites()), err)
	}
	stages := map[diagnosis.Stage]int{}
	for _, test := range stuckSites() {
		t.Run(test.name, func(t *testing.T) {
			site := load(t, "stuck/"+test.name)
			d := diagnose(t, site, site)
			var got []string
			for _, line := range d.Lines {
				if line.Standing != diagnosis.Rests {
					// What a known failure means is worded elsewhere.
					got = append(got, meaning.ReplaceAllString(line.String(), "held by: $1"))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(- wanted, + said):\n%s", diff)
			}
			gaps := 0
			if test.name == "installation-blocked-unseen" { // which is what it is about
				gaps = 1
			}
			if d.Standing != diagnosis.Stuck || d.Standing.ExitCode() != 2 || len(d.Gaps) != gaps || !strings.Contains(d.Summary, " stuck in ") {
				t.Errorf("%s: %s, with %v", d.Standing, d.Summary, d.Gaps)
			}
			if !strings.HasPrefix(test.name, strings.Fields(string(d.Lines[0].Stage))[0][:5]) {
				t.Errorf("it is called stuck in %s", d.Lines[0].Stage)
			}
			stages[d.Lines[0].Stage]++
			proven(t, d)
		})
	}
	for _, stage := range []diagnosis.Stage{
		diagnosis.Synchronization, diagnosis.Applicability, diagnosis.Download, diagnosis.Replication,
		diagnosis.Prerequisites, diagnosis.Installation, diagnosis.PostInstallation,
	} {
		if stages[stage] < 2 {
			t.Errorf("%d sites are stuck in %s", stages[stage], stage)
		}
	}
}

// proven checks that each statement has its evidence, and each line what a person needs.
func proven(t *testing.T, d diagnosis.Diagnosis) {
	t.Helper()
	for _, line := range d.Lines {
		said := append([]diagnosis.Statement{line.Says}, line.Held...)
		for _, s := range append(said, line.Also...) {
			if s.Text == "" || len(s.Evidence) == 0 {
				t.Errorf("%s: %q has no evidence", line.Name(), s.Text)
			}
			for _, e := range s.Evidence {
				if e.Question.Kind == "" || e.Found == "" {
					t.Errorf("%s: %q stands on %q, found %q", line.Name(), s.Text, e.Question, e.Found)
				}
			}
		}
		if line.Next == "" || line.Stage == "" || line.Package == "" {
			t.Errorf("%s: it is not said what is next", line.Name())
		}
		if line.Standing != diagnosis.Rests && (len(line.Safe) == 0 || len(line.Avoid) == 0) && line.Package != "all updates" {
			t.Errorf("%s: safe %q, to be avoided %q", line.Name(), line.Safe, line.Avoid)
		}
		if line.Standing == diagnosis.Unknown != (line.Cause != nil) {
			t.Errorf("%s: %s because of %v", line.Name(), line.Standing, line.Cause)
		}
	}
}
