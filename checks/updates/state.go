// Package updates knows the states of update packages and asks for the packages of a site. The
// checks before an update and the diagnosis of one that is under way share it.
package updates

import "siteready/checks"

// Phase is the part of servicing that a state belongs to.
type Phase string

// The phases.
const (
	PhaseNone          Phase = "not known"
	PhaseApplicability Phase = "applicability"
	PhaseDownload      Phase = "download"
	PhaseReplication   Phase = "replication"
	PhasePrerequisites Phase = "prerequisite check"
	PhaseInstallation  Phase = "installation"
)

// State is one state of an update package, or of it at a site.
type State struct {
	Code    int64
	Name    string // the product's own
	Phase   Phase
	Status  checks.Status // what it means for starting an update now
	Meaning string
	Safe    string // what may be done now
	Avoid   string // what must not be done now; may be empty
}

// Failure reports whether the state is the end of an attempt that did not succeed.
func (s State) Failure() bool {
	switch s.Code {
	case 131071, 196607, 262142, 262143, 327679, 393215:
		return true
	}
	return false
}

// UnderWay reports whether the state belongs to a check or an installation that somebody has
// started, so that the flag says something about it.
func (s State) UnderWay() bool {
	return s.Phase == PhaseReplication || s.Phase == PhasePrerequisites || s.Phase == PhaseInstallation
}

// Codes of states that are named in the program.
const (
	Enabled         = 2
	PrereqSucceeded = 131074
	Installed       = 196612
	Hidden          = 393213
	NotApplicable   = 393214
)

// Final reports whether a package in this state is done with, or out of sight.
func Final(code int64) bool {
	return code == Installed || code == Hidden || code == NotApplicable
}

const (
	waitAndRead  = "Wait; follow CMUpdate.log on the site that it runs on."
	neverReset   = "Do not start another update, restart the server, restore the database or run CMUpdateReset.exe, which is not allowed once the installation began."
	noSecondOne  = "Do not start another update or delete files below EasySetupPayload and CMUStaging."
	notByHand    = "Do not change the state in the database or delete folders by hand."
	supportOrLog = "Read CMUpdate.log, remove the cause, then retry the installation in the console; where that does not help, open a support case."
)

// States returns every state that Microsoft's support article lists, and the same codes
// in the reference of UpdatePrereqAndStateFlags. Code and name are from there, the flow from
// the article's text; meaning, what is safe and what is to be avoided are put together from
// both. The numbers follow no arithmetic that may be relied on.
//
// Source: Understand and troubleshoot Updates and Servicing (KB 4490424); UpdatePrereqAndStateFlags
// method in class SMS_CM_UpdatePackages.
func States() []State {
	return []State{
		{0, "UNKNOWN", PhaseNone, checks.Unknown, "the product itself does not know the state", "Look at the package in Administration, Updates and Servicing, and at hman.log.", notByHand},
		{Enabled, "ENABLED", PhaseReplication, checks.Failed, "chosen for installation; its content is about to be sent to the sites", waitAndRead, noSecondOne},

		{327681, "APPLICABILITY_CHECKING", PhaseApplicability, checks.Warning, "it is being found out whether the package applies", "Wait a few minutes and run siteready again; follow hman.log.", ""},
		{327682, "APPLICABILITY_SUCCESS", PhaseApplicability, checks.Passed, "available to download", "Download it in the console, in good time before the update.", ""},
		{Hidden, "APPLICABILITY_HIDE", PhaseApplicability, checks.Passed, "hidden: a newer package takes its place", "Nothing is to be done.", ""},
		{NotApplicable, "APPLICABILITY_NA", PhaseApplicability, checks.Passed, "it does not apply to this site", "Nothing is to be done; when it should apply, compare the site's versions.", ""},
		{393215, "APPLICABILITY_FAILED", PhaseApplicability, checks.Warning, "it could not be found out whether the package applies", "Read hman.log, and let the console check for updates again.", notByHand},

		{262145, "DOWNLOAD_IN_PROGRESS", PhaseDownload, checks.Warning, "it is being downloaded", "Wait; follow dmpdownloader.log on the service connection point.", "Do not delete files below EasySetupPayload."},
		{262146, "DOWNLOAD_SUCCESS", PhaseDownload, checks.Passed, "ready to install", "The prerequisite check and the installation may be started.", ""},
		{327679, "DOWNLOAD_FAILED", PhaseDownload, checks.Warning, "the download failed", "Read dmpdownloader.log, open the way to the addresses named there, and download again; CMUpdateReset.exe may help.", notByHand},

		{65537, "CONTENT_REPLICATING", PhaseReplication, checks.Failed, "its content is on the way to the sites", "Wait; follow distmgr.log and despool.log. When it is stuck, CMUpdateReset.exe is still allowed.", noSecondOne},
		{65538, "CONTENT_REPLICATION_SUCCESS", PhaseReplication, checks.Failed, "its content has arrived; the prerequisite check begins by itself", waitAndRead, noSecondOne},
		{131071, "CONTENT_REPLICATION_FAILED", PhaseReplication, checks.Failed, "its content did not reach every site", "Read distmgr.log and despool.log, repair the way of the content, and retry; CMUpdateReset.exe is still allowed.", notByHand},

		{131073, "PREREQ_IN_PROGRESS", PhasePrerequisites, checks.Failed, "the prerequisite check runs", "Wait; follow ConfigMgrPrereq.log.", noSecondOne},
		{PrereqSucceeded, "PREREQ_SUCCESS", PhasePrerequisites, checks.Passed, "the prerequisite check passed", "The installation may be started; it checks again.", ""},
		{131075, "PREREQ_WARNING", PhasePrerequisites, checks.Warning, "the prerequisite check has warnings", "Read the warnings in ConfigMgrPrereq.log. A retry from Administration, Updates and Servicing goes on in spite of them; one from Monitoring does not.", "Do not go on in spite of warnings that nobody has read."},
		{196607, "PREREQ_ERROR", PhasePrerequisites, checks.Failed, "the prerequisite check failed", "Remove what ConfigMgrPrereq.log names, then run the check again.", notByHand},

		{196609, "INSTALL_IN_PROGRESS", PhaseInstallation, checks.Failed, "it is being installed", waitAndRead, neverReset},
		{196610, "INSTALL_WAITING_SERVICE_WINDOW", PhaseInstallation, checks.Failed, "the installation waits for the site's service window", "Wait for the window, or change it in the site's properties.", neverReset},
		{196611, "INSTALL_WAITING_PARENT", PhaseInstallation, checks.Failed, "the installation waits for the parent site", "Look at the parent site first.", neverReset},
		{Installed, "INSTALL_SUCCESS", PhaseInstallation, checks.Passed, "installed", "Nothing is to be done.", ""},
		{196613, "INSTALL_PENDING_REBOOT", PhaseInstallation, checks.Failed, "installed, and a restart is pending", "Restart the server, then run siteready again.", "Do not start another update before the restart."},
		{196614, "INSTALL_CMU_VALIDATING", PhaseInstallation, checks.Failed, "the update service checks the new files of its own", waitAndRead, neverReset},
		{196615, "INSTALL_CMU_STOPPED", PhaseInstallation, checks.Failed, "the update service is stopped to be replaced", "Wait; when it stays so, see whether the service CONFIGURATION_MANAGER_UPDATE starts, and whether security software holds it.", neverReset},
		{196616, "INSTALL_CMU_INSTALLFILES", PhaseInstallation, checks.Failed, "the update service's own files are being replaced", waitAndRead, neverReset},
		{196617, "INSTALL_CMU_STARTED", PhaseInstallation, checks.Failed, "the new update service has started", waitAndRead, neverReset},
		{196618, "INSTALL_CMU_SUCCESS", PhaseInstallation, checks.Failed, "the update service itself is updated; the site follows", waitAndRead, neverReset},
		{196619, "INSTALL_WAITING_CMU", PhaseInstallation, checks.Failed, "the installation waits for the new update service", "Wait; when it stays so, see whether the service CONFIGURATION_MANAGER_UPDATE runs.", neverReset},
		{262142, "INSTALL_CMU_FAILED", PhaseInstallation, checks.Failed, "the update service itself could not be updated", supportOrLog, neverReset},
		{196620, "INSTALL_INSTALLFILES", PhaseInstallation, checks.Failed, "the site's files are being replaced", waitAndRead, neverReset},
		{196621, "INSTALL_UPGRADESITECTRLIMAGE", PhaseInstallation, checks.Failed, "the site's control data are being upgraded", waitAndRead, neverReset},
		{196622, "INSTALL_CONFIGURESERVICEBROKER", PhaseInstallation, checks.Failed, "SQL Server's Service Broker is being set up", waitAndRead, neverReset},
		{196623, "INSTALL_INSTALLSYSTEM", PhaseInstallation, checks.Failed, "the site's components are being installed", waitAndRead, neverReset},
		{196624, "INSTALL_CONSOLE", PhaseInstallation, checks.Failed, "the console is being installed", waitAndRead, neverReset},
		{196625, "INSTALL_INSTALLBASESERVICES", PhaseInstallation, checks.Failed, "the site's services are being installed", waitAndRead, neverReset},
		{196626, "INSTALL_UPDATE_SITES", PhaseInstallation, checks.Failed, "the records of the sites are being updated", waitAndRead, neverReset},
		{196627, "INSTALL_SSB_ACTIVATION_ON", PhaseInstallation, checks.Failed, "Service Broker is being switched on again", waitAndRead, neverReset},
		{196628, "INSTALL_UPGRADEDATABASE", PhaseInstallation, checks.Failed, "the site database is being upgraded", "Wait; follow CMUpdate.log. When it stays so, look for other programs that hold locks in the site database.", neverReset},
		{196629, "INSTALL_UPDATEADMINCONSOLE", PhaseInstallation, checks.Failed, "the console's files are being updated", waitAndRead, neverReset},
		{262143, "INSTALL_FAILED", PhaseInstallation, checks.Failed, "the installation failed", supportOrLog, neverReset},
	}
}

// StateOf finds a state by its code; ok is false for a code that no document has.
func StateOf(code int64) (state State, ok bool) {
	for _, s := range States() {
		if s.Code == code {
			return s, true
		}
	}
	return State{}, false
}

// OnlyCheck is the flag of a package whose prerequisites alone are to be checked.
const OnlyCheck = 1

// Flags are the values of a package's flag.
func Flags() map[int64]string {
	return map[int64]string{0: "normal installation", OnlyCheck: "prerequisite check only", 2: "goes on in spite of warnings"}
}
