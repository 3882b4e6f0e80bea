package diagnosis

import (
	"siteready/checks"
	"siteready/checks/updates"
)

// Codes that are named here.
const (
	codeUnknown         = 0
	downloading         = 262145
	downloaded          = 262146
	contentReplicating  = 65537
	contentReplicated   = 65538
	contentFailed       = 131071
	prereqRunning       = 131073
	prereqWarned        = 131075
	prereqFailed        = 196607
	waitsForWindow      = 196610
	waitsForParent      = 196611
	pendingRestart      = 196613
	databaseUpgrade     = 196628
	applicabilityFailed = 393215
)

// The values of a package's flag.
const (
	flagInstall   = 0
	flagCheckOnly = 1
	flagGoesOn    = 2 // in spite of warnings
)

// manner is what a state is.
type manner int

const (
	dark    manner = iota // nobody knows
	rests                 // nothing is under way
	runs                  // it goes on by itself, within its limit
	stopped               // it does not go on by itself
)

// rule is what a state means for the one who waits.
type rule struct {
	stage  Stage
	manner manner
	limit  string // name of the setting; empty for no limit
	next   string
}

// The names of the settings.
const (
	checksTake   = "applicability_takes"
	downloadTake = "download_takes"
	prepareTakes = "prepare_takes"
	contentTakes = "content_takes"
	beginTakes   = "begin_takes"
	prereqTakes  = "prerequisite_check_takes"
	serviceTakes = "update_service_takes"
	windowTakes  = "window_takes"
	parentTakes  = "parent_takes"
	stepTakes    = "step_takes"
	databaseTake = "database_takes"
	postTakes    = "post_installation_takes"
	newsTakes    = "news_takes"
	inboxTakes   = "inbox_takes"
	initTakes    = "initialization_takes"
	blockedTakes = "blocked_takes"
	silentTakes  = "downloader_silent"
)

// Settings are the thresholds. No document has these times: they are our own policy.
func Settings() []checks.Setting {
	minutes := func(name string, value float64, about string) checks.Setting {
		return checks.Setting{Name: name, Default: value, Unit: "minutes", About: about}
	}
	return []checks.Setting{
		minutes(checksTake, 60, "the check whether a package applies"),
		minutes(downloadTake, 360, "a download with its redistributables"),
		minutes(prepareTakes, 60, "until the Easy Setup package is made"),
		minutes(contentTakes, 240, "until the content is at a site"),
		minutes(beginTakes, 60, "until the update service begins with what is there"),
		minutes(prereqTakes, 60, "the prerequisite check of a site"),
		minutes(serviceTakes, 30, "each step of the update service's own update"),
		minutes(windowTakes, 8*24*60, "until a service window comes"),
		minutes(parentTakes, 120, "until a site goes on after its parent is done"),
		minutes(stepTakes, 120, "each step of the installation"),
		minutes(databaseTake, 240, "the upgrade of the site database"),
		minutes(postTakes, 120, "each part of post-installation"),
		minutes(newsTakes, 60, "until all sites know what one has reported"),
		minutes(initTakes, 120, "how long an initialization of the group CMUpdates may stand still"),
		minutes(inboxTakes, 60, "how long a file may lie in an inbox"),
		minutes(blockedTakes, 60, "how long the update may wait for another session in the database"),
		minutes(silentTakes, 2*24*60, "how long the downloader may write nothing to its log; it looks every 24 hours"),
	}
}

const (
	nextCheck   = "the update service at each site extracts the content and runs the prerequisite check by itself, within 10 minutes"
	nextInstall = "the update service goes on with the next step by itself"
	nextService = "the update service replaces its own files, starts anew and goes on with the site"
	nextRetry   = "nothing happens by itself: remove the cause, then retry in the console"
	nextNothing = "nothing is to happen"
)

// ruleOf says what a state means, by its code and the package's flag. ok is false for a code
// that no document has.
func ruleOf(code, flag int64) (r rule, ok bool) {
	switch code {
	case codeUnknown:
		return rule{NotKnown, dark, "", "that depends on a state that the product itself does not know"}, true
	case 327681:
		return rule{Applicability, runs, checksTake, "Hierarchy Manager ends the check, and the console shows the package where it applies"}, true
	case 327682:
		return rule{Applicability, rests, "", "nothing until somebody downloads it"}, true
	case updates.Hidden, updates.NotApplicable:
		return rule{Applicability, rests, "", nextNothing}, true
	case applicabilityFailed:
		return rule{Applicability, stopped, "", "nothing happens by itself before the next synchronization"}, true
	case downloading:
		return rule{Download, runs, downloadTake, "the downloader fetches the payload and its redistributables, and the package becomes ready to install"}, true
	case downloaded:
		return rule{Download, rests, "", "nothing until somebody starts the prerequisite check or the installation"}, true
	case 327679:
		return rule{Download, stopped, "", nextRetry}, true
	case updates.Enabled:
		return rule{Replication, runs, prepareTakes, "Hierarchy Manager makes the Easy Setup package from the share EasySetupPayload, and its content leaves for the sites"}, true
	case contentReplicating:
		return rule{Replication, runs, contentTakes, "the content reaches the content library of every site but secondary ones"}, true
	case contentReplicated:
		return rule{Replication, runs, beginTakes, nextCheck}, true
	case contentFailed:
		return rule{Replication, stopped, "", nextRetry}, true
	case prereqRunning:
		return rule{Prerequisites, runs, prereqTakes, "the checker ends, and the worst result of all sites becomes that of the package"}, true
	case updates.PrereqSucceeded, prereqWarned:
		return checked(code, flag), true
	case prereqFailed:
		return rule{Prerequisites, stopped, "", "nothing happens by itself: remove what the checker names, then run it again"}, true
	case waitsForWindow:
		return rule{Installation, runs, windowTakes, "the installation begins when the site's service window does"}, true
	case waitsForParent:
		return rule{Installation, runs, parentTakes, "the site goes on when its parent has installed the update and said so"}, true
	case updates.Installed:
		return rule{Installation, rests, "", nextNothing}, true
	case pendingRestart:
		return rule{Installation, stopped, "", "the restart of the server ends the installation"}, true
	case 262142, 262143:
		return rule{Installation, stopped, "", nextRetry}, true
	case 196614, 196615, 196616, 196617, 196618, 196619:
		return rule{Installation, runs, serviceTakes, nextService}, true
	case databaseUpgrade:
		return rule{Installation, runs, databaseTake, "the upgrade of the database ends, and the site's files and services follow"}, true
	case 196609, 196620, 196621, 196622, 196623, 196624, 196625, 196626, 196627, 196629:
		return rule{Installation, runs, stepTakes, nextInstall}, true
	}
	return rule{}, false
}

// checked is the rule after a prerequisite check: what follows hangs on what was started.
func checked(code, flag int64) rule {
	warned := code == prereqWarned
	switch {
	case flag == flagCheckOnly:
		return rule{Prerequisites, rests, "", "nothing until somebody starts the installation, which checks again"}
	case warned && flag == flagInstall:
		return rule{Prerequisites, stopped, "", "nothing happens by itself: read the warnings, then retry from Updates and Servicing, which passes over them"}
	case flag == flagInstall || flag == flagGoesOn:
		return rule{Prerequisites, runs, beginTakes, "the installation begins by itself"}
	}
	return rule{Prerequisites, dark, "", "that depends on whether only the check was started, or the installation"}
}

// logOf names the log to read first.
func logOf(stage Stage, code int64) string {
	switch stage {
	case Synchronization, Download:
		return "dmpdownloader.log on the service connection point"
	case Applicability, PostInstallation:
		return "hman.log"
	case Replication:
		if code == updates.Enabled {
			return "hman.log of the top-level site"
		}
		return "distmgr.log, sender.log and, at the receiving site, despool.log"
	case Prerequisites:
		return "ConfigMgrPrereq.log and CMUpdate.log"
	default:
		return "CMUpdate.log"
	}
}

// avoid is what must not be done: what Microsoft's article warns of, as far as it belongs to the stage.
func avoid(stage Stage) []string {
	hands := []string{
		"Do not clean EasySetupPayload or CMUStaging by hand.",
		"Do not change the site's tables by hand.",
	}
	switch stage {
	case Installation, PostInstallation:
		return append(hands,
			"Do not run CMUpdateReset.exe: it is not allowed once the installation began.",
			"Do not restart the service CONFIGURATION_MANAGER_UPDATE while it runs.",
			"Do not reinstall the service connection point.",
			"Do not restore the site database or the site server: remove the cause and retry.",
			"Do not keep the folder CMUStaging open.")
	case Prerequisites:
		return append(hands,
			"Do not start another update.",
			"Do not run CMUpdateReset.exe: it is for downloads and replication that do not end.",
			"Do not restart the service CONFIGURATION_MANAGER_UPDATE while it runs.",
			"Do not restore the site database or the site server: remove the cause and retry.",
			"Do not reinstall the service connection point.",
			"Do not keep the folder CMUStaging open.")
	case Replication:
		return append(hands,
			"Do not start another update.",
			"Do not restore the site database or the site server: remove the cause and retry.",
			"Do not reinstall the service connection point.")
	default:
		return hands
	}
}
