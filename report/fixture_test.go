package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"siteready/checks"
	"siteready/checks/discovery"
	"siteready/checks/requirement"
	"siteready/platform"
	"siteready/report"
)

// The times of every report in these tests.
var (
	readAt = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	madeAt = time.Date(2026, 11, 23, 6, 30, 0, 0, time.UTC)
)

var (
	areaSite     = checks.Area{ID: "site", Title: "Site"}
	areaDrivers  = checks.Area{ID: "drivers", Title: "Drivers and clients"}
	areaSpace    = checks.Area{ID: "space", Title: "Disk space"}
	areaRecovery = checks.Area{ID: "recovery", Title: "Backup and recovery"}
	areaSystem   = checks.Area{ID: "system", Title: "Operating system"}
)

// result makes a selected result with all texts that a check must have.
func result(area checks.Area, name, title string, status checks.Status, summary string, items ...checks.Item) checks.Result {
	id := area.ID + "." + name
	return checks.Result{
		Check: checks.Check{
			ID: id, Title: title, Why: "Why " + id + " matters.",
			Consequence: "The update stops half way, and the site stays on its old version.",
			Remedy:      "Put right what " + id + " found.",
			Sources:     []string{"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks#" + name},
			Rights:      []string{"Read " + area.ID},
		},
		Area: area, Selected: true, Status: status, Summary: summary, Items: items, Took: 12 * time.Millisecond,
		Evidence: []platform.Seen{{
			Question: platform.Question{Kind: platform.KindRegistry, Where: `HKLM\SOFTWARE\` + name, What: "Version"},
			Use:      platform.Asked, Answer: json.RawMessage(`{"type":"sz","text":"1.2.3.4"}`), Took: 3 * time.Millisecond,
		}},
	}
}

// unreachable is a cause that three results of site share.
func unreachable() *platform.NoAnswer {
	return &platform.NoAnswer{
		Reason: platform.ErrUnreachable,
		Cause:  `SQL Server SQL01.contoso.local\CM is not reachable: connecting to port 1433 brought no answer within 10s`,
		Help:   "Start the SQL Server service, open TCP 1433 from this machine, then run siteready again.",
	}
}

func denied() *platform.NoAnswer {
	return &platform.NoAnswer{
		Reason: platform.ErrDenied, Cause: `the key HKLM\SOFTWARE\Policies could not be opened: access is denied`,
		Help: "Run siteready as an administrator.",
	}
}

// unknownResult is a check that could not look at all.
func unknownResult(area checks.Area, name, title string, cause *platform.NoAnswer) checks.Result {
	r := result(area, name, title, checks.Unknown, cause.Cause)
	r.Cause = cause
	r.Evidence = []platform.Seen{{
		Question: platform.Question{Kind: platform.KindSQL, On: `SQL01.contoso.local\CM`, Where: "CM_P01", What: name, Text: "SELECT 1 AS may_see"},
		Use:      platform.Asked, Err: cause, Took: 10 * time.Second,
	}}
	return r
}

// site is a run with every status, shared causes, long words and a check of each kind.
func site() report.Input {
	odbc := result(areaDrivers, "odbc18", "Is the ODBC driver new enough for the target?", checks.Failed,
		"The ODBC driver of 1 server is too old.",
		checks.Item{Key: "CM01.contoso.local", Found: "17.10.6.1", Wanted: "18.4.1.1 or later", Where: `HKLM\SOFTWARE\ODBC\ODBCINST.INI\ODBC Driver 18 for SQL Server`, Status: checks.Failed},
		checks.Item{Key: "SQL01.contoso.local", Found: "18.5.1.1", Wanted: "18.4.1.1 or later", Where: `HKLM\SOFTWARE\ODBC`, Status: checks.Passed})
	odbc.Check.Command = `msiexec.exe /i "\\FILES01.contoso.local\software\Microsoft\ODBC Driver 18 for SQL Server\18.5.1.1\msodbcsql.msi" /qn IACCEPTMSODBCSQLLICENSETERMS=YES`
	odbc.Check.Rules = []string{"Microsoft ODBC Driver for SQL Server"}
	odbc.Check.Remedy = "Install the newest ODBC Driver 18 for SQL Server on each server that is named, and restart it."

	space := result(areaSpace, "volume", "Is there room for the update on every volume that it writes to?", checks.Failed,
		"1 of 3 volumes is too full, 1 is nearly full, 1 could not be read.",
		checks.Item{Key: `E:\`, Found: "12.4 GB free", Wanted: "15 GB or more", Where: "volume E:", Status: checks.Warning},
		checks.Item{Key: `D:\`, Found: "2.1 GB free", Wanted: "5 GB or more", Where: `D:\Program Files\Microsoft Configuration Manager\EasySetupPayload\0f3a2b1c-7d5e-4f6a-9b8c-1d2e3f4a5b6c\Redist`, Status: checks.Failed},
		checks.UnknownItem(`\\CM02.contoso.local\SMS_P01`, "5 GB or more", denied()))
	space.Check.Settings = []checks.Setting{
		{Name: "space.fail", Default: 5, Unit: "GB", Source: "https://learn.microsoft.com/space", About: "less is failed"},
		{Name: "space.warn", Default: 15, Unit: "GB", About: "less is a warning"},
	}
	space.Evidence[0].Answer = json.RawMessage(fmt.Sprintf(`{"list": [%q]}`, strings.Repeat("x", 5000)))

	restart := result(areaSystem, "restart", "Does Windows wait for a restart?", checks.Warning, "A restart is pending since 2026-11-18.")
	restart.Check.Command = "Restart-Computer -Confirm"
	restart.Notes = []string{"PendingFileRenameOperations has 2 entries."}
	backup := result(areaRecovery, "backup", "Is there a backup that is young enough?", checks.Warning, "The newest backup is 4 days old.",
		checks.Item{Key: `SQL01.contoso.local\CM/CM_P01`, Found: "2026-11-16 01:00 UTC", Wanted: "at most 3 days old", Where: "msdb.dbo.backupset", Status: checks.Warning})
	backup.Check.Settings = []checks.Setting{{Name: "backup.days", Default: 3, Unit: "days", About: "older is a warning"}}
	native := result(areaDrivers, "native-client", "Is the SQL Server Native Client new enough?", checks.Passed, "11.4.7462.6 is installed, 11.4.7001.0 or later is wanted.")
	native.Notes = []string{"Version 2603 no longer needs it; keep it until the update is done."}
	policy := unknownResult(areaSystem, "policy", "Do policies leave the update's files alone?", denied())
	stale := result(areaSystem, "clock", "Is the clock right?", checks.Unknown, "")
	stale.Selected, stale.Evidence, stale.Took = false, nil, 0
	windows := result(areaSystem, "windows", "Is this version of Windows supported?", checks.Passed, "Windows Server 2022 (build 20348) is supported.")
	windows.Evidence = append(windows.Evidence,
		platform.Seen{Question: platform.Question{Kind: platform.KindOS, What: "version"}, Use: platform.Fallback, Group: 1, Answer: json.RawMessage(`{ "major": 10,  "note": "<b>" }`), Took: time.Millisecond},
		platform.Seen{Question: platform.Question{Kind: platform.KindOS, What: "name"}, Use: platform.Noted, Answer: json.RawMessage(`"` + strings.Repeat("0123456789", 40) + `"`)})

	return report.Input{
		Version: "1.0.0",
		Subject: discovery.Subject{
			Headline: "Primary site P01 of Configuration Manager 5.00.9128.1000 on CM01.contoso.local, below the central administration site CAS",
			Computer: "CM01.contoso.local", Account: `CONTOSO\svc-siteready`, Elevated: true,
			Product: "Configuration Manager", Role: discovery.Primary, SiteCode: "P01", ParentSite: "CAS", Version: "5.00.9128.1000",
			InstallDir: `D:\Program Files\Microsoft Configuration Manager`, SQLServer: `SQL01.contoso.local\CM`, Database: "CM_P01",
		},
		Target: requirement.Release{
			Product: requirement.ConfigMgr, Version: "2509", Build: 9141, MinSource: "2403", MinBuild: 9128,
			Sources: []string{"https://learn.microsoft.com/intune/configmgr/core/servers/manage/updates"}, Read: "2026-11-20",
		},
		ReadAt: readAt, JudgedFor: readAt, MadeAt: madeAt, Took: 18400 * time.Millisecond,
		Results: []checks.Result{
			result(areaSite, "version", "May this version be updated to the target?", checks.Passed, "5.00.9128.1000 may be updated to 2509."),
			unknownResult(areaSite, "replication", "Does replication between the sites work?", unreachable()),
			unknownResult(areaSite, "change-tracking", "Is change tracking cleaned up?", unreachable()),
			odbc, native, space, backup,
			unknownResult(areaRecovery, "consistency", "Was the database checked for damage lately?", unreachable()),
			result(areaRecovery, "passive", "Is the passive site server in step?", checks.NotApplicable, "This site has one site server."),
			windows, restart, policy, stale,
		},
	}
}

// accepted is the run of site under a configuration: thresholds, waivers of all kinds and in
// all states, statements with and without a confirmation.
func accepted() report.Input {
	in := site()
	day := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }
	in.Configuration = report.Configuration{File: "siteready.yaml", SHA256: strings.Repeat("0123456789abcdef", 4)}
	in.Thresholds = map[string]checks.Settings{"space.volume": {"space.fail": 4}, "recovery.backup": {"backup.days": 2}}
	in.Results, in.Waivers = checks.Waive(in.Results, []checks.Waiver{
		{Check: "space.volume", Item: `D:\`, Reason: "The volume is enlarged in the window itself, before the update begins.", Owner: "Ines Albrecht", Ticket: "CHG0041173", Until: day(11, 30)},
		{Check: "space.volume", Item: `\\CM02.contoso.local\SMS_P01`, Reason: "The passive server is built anew.", Owner: "Ines Albrecht", Until: day(12, 31)},
		{Check: "space.volume", Item: `E:\`, Reason: "Enough for this update.", Owner: "Tom Okafor", Ticket: "4711", Until: day(11, 20)},
		{Check: "system.policy", Reason: "Another team reads these policies.", Owner: "Tom Okafor", Until: day(12, 31)},
		{Check: "system.restart", Reason: "It is restarted in the window.", Owner: "Tom Okafor", Until: day(11, 19)},
		{Check: "recovery.backup", Item: "SQL09/CM_P09", Reason: "Backed up elsewhere.", Owner: "Tom Okafor", Until: day(12, 31)},
		{Check: "site.version", Reason: "Left over from last year.", Owner: "Tom Okafor", Until: day(12, 31)},
	}, in.JudgedFor)
	in.Statements = []checks.Statement{
		{ID: "site.release-notes", Text: "The release notes have been read.", Why: "What a release takes away is missed only when it is gone.", Source: "https://learn.microsoft.com/intune/configmgr/core/servers/manage/checklist-for-installing-update-2509"},
		{ID: "recovery.restore-tested", Text: "A backup of the site database has been restored in a test, on another server.", Why: "That a backup was written does not say that it can be read.", Source: "https://learn.microsoft.com/intune/configmgr/core/servers/manage/backup-and-recovery"},
		{ID: "site.window", Text: "There is a window for the update.", Why: "A restart in the middle of an update can leave the site between two versions.", Source: "https://learn.microsoft.com/intune/configmgr/core/servers/manage/service-windows"},
	}
	in.Confirmed = []checks.Confirmation{
		{Statement: "recovery.restore-tested", By: "Ines Albrecht", On: day(11, 18), Note: "restored to SQL02, and checked for damage"},
		{Statement: "site.window", By: "Tom Okafor", On: day(11, 19)},
	}
	return in
}

// nothing is a run on a machine that is no site server.
func nothing() report.Input {
	in := site()
	in.Subject = discovery.Subject{
		Headline: "No site of Configuration Manager was found on WS042.contoso.local",
		Computer: "WS042.contoso.local", Role: discovery.None,
		RunOn: "CM01.contoso.local",
	}
	in.Results = []checks.Result{
		result(areaSite, "version", "May this version be updated to the target?", checks.NotApplicable, "There is no site here."),
		result(areaDrivers, "odbc18", "Is the ODBC driver new enough for the target?", checks.NotApplicable, "There is no site here."),
	}
	return in
}

// calm is a live run in which all is well.
func calm() report.Input {
	in := site()
	in.MadeAt, in.TargetStated = in.ReadAt, true
	in.JudgedFor = in.ReadAt.AddDate(0, 0, 5)
	in.Results = []checks.Result{
		result(areaSite, "version", "May this version be updated to the target?", checks.Passed, "5.00.9128.1000 may be updated to 2509."),
		result(areaSystem, "windows", "Is this version of Windows supported?", checks.Passed, "Windows Server 2022 (build 20348) is supported."),
		result(areaRecovery, "passive", "Is the passive site server in step?", checks.NotApplicable, "This site has one site server."),
	}
	return in
}

// made is the report of a run, with a run id that does not change.
func made(in report.Input) report.Report {
	r := report.New(in)
	r.RunID = "RUN"
	return r
}
