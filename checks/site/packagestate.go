package site

import "siteready/checks"

// phase is the part of servicing that a state belongs to.
type phase string

const (
	phaseNone          phase = "not known"
	phaseApplicability phase = "applicability"
	phaseDownload      phase = "download"
	phaseReplication   phase = "replication"
	phasePrerequisites phase = "prerequisite check"
	phaseInstallation  phase = "installation"
)

// packageState is one state of an update package.
type packageState struct {
	code    int64
	name    string // the product's own
	phase   phase
	status  checks.Status // what it means for starting an update now
	meaning string
	safe    string // what may be done now
	avoid   string // what must not be done now; may be empty
}

// failure reports whether the state is the end of an attempt that did not succeed.
func (s packageState) failure() bool {
	switch s.code {
	case 131071, 196607, 262142, 262143, 327679, 393215:
		return true
	}
	return false
}

// underWay reports whether the state belongs to a check or an installation that somebody has
// started, so that the flag says something about it.
func (s packageState) underWay() bool {
	return s.phase == phaseReplication || s.phase == phasePrerequisites || s.phase == phaseInstallation
}

const (
	stateEnabled       = 2
	statePrereqSuccess = 131074
	stateInstalled     = 196612
	stateHidden        = 393213
	stateNotApplicable = 393214
)

// final reports whether a package in this state is done with, or out of sight.
func final(code int64) bool {
	return code == stateInstalled || code == stateHidden || code == stateNotApplicable
}

const (
	waitAndRead  = "Wait; follow CMUpdate.log on the site that it runs on."
	neverReset   = "Do not start another update, restart the server, restore the database or run CMUpdateReset.exe, which is not allowed once the installation began."
	noSecondOne  = "Do not start another update or delete files below EasySetupPayload and CMUStaging."
	notByHand    = "Do not change the state in the database or delete folders by hand."
	supportOrLog = "Read CMUpdate.log, remove the cause, then retry the installation in the console; where that does not help, open a support case."
)

// packageStates returns every state that Microsoft's support article lists, and the same codes
// in the reference of UpdatePrereqAndStateFlags. Code and name are from there, the flow from
// the article's text; meaning, what is safe and what is to be avoided are put together from
// both. The numbers follow no arithmetic that may be relied on.
//
// Source: Understand and troubleshoot Updates and Servicing (KB 4490424); UpdatePrereqAndStateFlags
// method in class SMS_CM_UpdatePackages.
func packageStates() []packageState {
	return []packageState{
		{0, "UNKNOWN", phaseNone, checks.Unknown, "the product itself does not know the state", "Look at the package in Administration, Updates and Servicing, and at hman.log.", notByHand},
		{stateEnabled, "ENABLED", phaseReplication, checks.Failed, "chosen for installation; its content is about to be sent to the sites", waitAndRead, noSecondOne},

		{327681, "APPLICABILITY_CHECKING", phaseApplicability, checks.Warning, "it is being found out whether the package applies", "Wait a few minutes and run siteready again; follow hman.log.", ""},
		{327682, "APPLICABILITY_SUCCESS", phaseApplicability, checks.Passed, "available to download", "Download it in the console, in good time before the update.", ""},
		{stateHidden, "APPLICABILITY_HIDE", phaseApplicability, checks.Passed, "hidden: a newer package takes its place", "Nothing is to be done.", ""},
		{stateNotApplicable, "APPLICABILITY_NA", phaseApplicability, checks.Passed, "it does not apply to this site", "Nothing is to be done; when it should apply, compare the site's versions.", ""},
		{393215, "APPLICABILITY_FAILED", phaseApplicability, checks.Warning, "it could not be found out whether the package applies", "Read hman.log, and let the console check for updates again.", notByHand},

		{262145, "DOWNLOAD_IN_PROGRESS", phaseDownload, checks.Warning, "it is being downloaded", "Wait; follow dmpdownloader.log on the service connection point.", "Do not delete files below EasySetupPayload."},
		{262146, "DOWNLOAD_SUCCESS", phaseDownload, checks.Passed, "ready to install", "The prerequisite check and the installation may be started.", ""},
		{327679, "DOWNLOAD_FAILED", phaseDownload, checks.Warning, "the download failed", "Read dmpdownloader.log, open the way to the addresses named there, and download again; CMUpdateReset.exe may help.", notByHand},

		{65537, "CONTENT_REPLICATING", phaseReplication, checks.Failed, "its content is on the way to the sites", "Wait; follow distmgr.log and despool.log. When it is stuck, CMUpdateReset.exe is still allowed.", noSecondOne},
		{65538, "CONTENT_REPLICATION_SUCCESS", phaseReplication, checks.Failed, "its content has arrived; the prerequisite check begins by itself", waitAndRead, noSecondOne},
		{131071, "CONTENT_REPLICATION_FAILED", phaseReplication, checks.Failed, "its content did not reach every site", "Read distmgr.log and despool.log, repair the way of the content, and retry; CMUpdateReset.exe is still allowed.", notByHand},

		{131073, "PREREQ_IN_PROGRESS", phasePrerequisites, checks.Failed, "the prerequisite check runs", "Wait; follow ConfigMgrPrereq.log.", noSecondOne},
		{statePrereqSuccess, "PREREQ_SUCCESS", phasePrerequisites, checks.Passed, "the prerequisite check passed", "The installation may be started; it checks again.", ""},
		{131075, "PREREQ_WARNING", phasePrerequisites, checks.Warning, "the prerequisite check has warnings", "Read the warnings in ConfigMgrPrereq.log. A retry from Administration, Updates and Servicing goes on in spite of them; one from Monitoring does not.", "Do not go on in spite of warnings that nobody has read."},
		{196607, "PREREQ_ERROR", phasePrerequisites, checks.Failed, "the prerequisite check failed", "Remove what ConfigMgrPrereq.log names, then run the check again.", notByHand},

		{196609, "INSTALL_IN_PROGRESS", phaseInstallation, checks.Failed, "it is being installed", waitAndRead, neverReset},
		{196610, "INSTALL_WAITING_SERVICE_WINDOW", phaseInstallation, checks.Failed, "the installation waits for the site's service window", "Wait for the window, or change it in the site's properties.", neverReset},
		{196611, "INSTALL_WAITING_PARENT", phaseInstallation, checks.Failed, "the installation waits for the parent site", "Look at the parent site first.", neverReset},
		{stateInstalled, "INSTALL_SUCCESS", phaseInstallation, checks.Passed, "installed", "Nothing is to be done.", ""},
		{196613, "INSTALL_PENDING_REBOOT", phaseInstallation, checks.Failed, "installed, and a restart is pending", "Restart the server, then run siteready again.", "Do not start another update before the restart."},
		{196614, "INSTALL_CMU_VALIDATING", phaseInstallation, checks.Failed, "the update service checks the new files of its own", waitAndRead, neverReset},
		{196615, "INSTALL_CMU_STOPPED", phaseInstallation, checks.Failed, "the update service is stopped to be replaced", "Wait; when it stays so, see whether the service CONFIGURATION_MANAGER_UPDATE starts, and whether security software holds it.", neverReset},
		{196616, "INSTALL_CMU_INSTALLFILES", phaseInstallation, checks.Failed, "the update service's own files are being replaced", waitAndRead, neverReset},
		{196617, "INSTALL_CMU_STARTED", phaseInstallation, checks.Failed, "the new update service has started", waitAndRead, neverReset},
		{196618, "INSTALL_CMU_SUCCESS", phaseInstallation, checks.Failed, "the update service itself is updated; the site follows", waitAndRead, neverReset},
		{196619, "INSTALL_WAITING_CMU", phaseInstallation, checks.Failed, "the installation waits for the new update service", "Wait; when it stays so, see whether the service CONFIGURATION_MANAGER_UPDATE runs.", neverReset},
		{262142, "INSTALL_CMU_FAILED", phaseInstallation, checks.Failed, "the update service itself could not be updated", supportOrLog, neverReset},
		{196620, "INSTALL_INSTALLFILES", phaseInstallation, checks.Failed, "the site's files are being replaced", waitAndRead, neverReset},
		{196621, "INSTALL_UPGRADESITECTRLIMAGE", phaseInstallation, checks.Failed, "the site's control data are being upgraded", waitAndRead, neverReset},
		{196622, "INSTALL_CONFIGURESERVICEBROKER", phaseInstallation, checks.Failed, "SQL Server's Service Broker is being set up", waitAndRead, neverReset},
		{196623, "INSTALL_INSTALLSYSTEM", phaseInstallation, checks.Failed, "the site's components are being installed", waitAndRead, neverReset},
		{196624, "INSTALL_CONSOLE", phaseInstallation, checks.Failed, "the console is being installed", waitAndRead, neverReset},
		{196625, "INSTALL_INSTALLBASESERVICES", phaseInstallation, checks.Failed, "the site's services are being installed", waitAndRead, neverReset},
		{196626, "INSTALL_UPDATE_SITES", phaseInstallation, checks.Failed, "the records of the sites are being updated", waitAndRead, neverReset},
		{196627, "INSTALL_SSB_ACTIVATION_ON", phaseInstallation, checks.Failed, "Service Broker is being switched on again", waitAndRead, neverReset},
		{196628, "INSTALL_UPGRADEDATABASE", phaseInstallation, checks.Failed, "the site database is being upgraded", "Wait; follow CMUpdate.log. When it stays so, look for other programs that hold locks in the site database.", neverReset},
		{196629, "INSTALL_UPDATEADMINCONSOLE", phaseInstallation, checks.Failed, "the console's files are being updated", waitAndRead, neverReset},
		{262143, "INSTALL_FAILED", phaseInstallation, checks.Failed, "the installation failed", supportOrLog, neverReset},
	}
}

// packageFlags are the values of a package's flag.
func packageFlags() map[int64]string {
	return map[int64]string{0: "normal installation", 1: "prerequisite check only", 2: "goes on in spite of warnings"}
}
