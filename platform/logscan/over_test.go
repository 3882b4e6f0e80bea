package logscan_test

import (
	"strings"
	"testing"
	"time"

	"siteready/platform/logscan"
)

// causesOf are the causes that stand in logs, by their groups.
func causesOf(t *testing.T, o logscan.Options, logs ...logscan.Log) map[string]logscan.Cause {
	t.Helper()
	o.Catalogue = catalogue(t)
	found, err := logscan.Scan(t.Context(), logs, o)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]logscan.Cause{}
	for _, c := range logscan.Causes(found, o.Catalogue) {
		groups[c.Group] = c
	}
	return groups
}

// logOf is a log of which name is the newest path; its texts are those of its files, the oldest first.
func logOf(name string, texts ...string) logscan.Log {
	log := logscan.Log{Name: name[strings.LastIndex(name, `\`)+1:]}
	for _, text := range texts {
		log.Files = append(log.Files, inMemory(name, []byte(text)))
	}
	return log
}

// A failure is over when the same has succeeded since, and not when it succeeded before, when
// something else did, or when nobody knows the order.
func TestOver(t *testing.T) {
	const (
		failed    = "SMS site backup failed. Please see previous errors."
		succeeded = `STATMSG: ID=5035 SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_SITE_BACKUP"`
		update    = "INFO: 196612.ESC file was found."
		trust     = `Error in verifying the trust of file '\\?\E:\update.map.cab'.`
	)
	backup := func(messages ...at) logscan.Log { return logOf("smsbkup.log", server("SMS_SITE_BACKUP", messages...)) }
	for name, tc := range map[string]struct {
		group string
		logs  []logscan.Log
		by    string // the id of what says that it is over; empty when nothing does
	}{
		"succeeded since":         {"backup", []logscan.Log{backup(at{0, 1, failed}, at{9, 1, succeeded})}, "over-backup"},
		"succeeded before":        {"backup", []logscan.Log{backup(at{0, 1, succeeded}, at{9, 1, failed})}, ""},
		"and failed again":        {"backup", []logscan.Log{backup(at{0, 1, failed}, at{5, 1, succeeded}, at{9, 1, failed})}, ""},
		"in the older file":       {"backup", []logscan.Log{logOf("smsbkup.log", server("X", at{0, 1, failed}), server("X", at{9, 1, succeeded}))}, "over-backup"},
		"another log succeeds":    {"backup", []logscan.Log{backup(at{0, 1, failed}), logOf("hman.log", server("SMS_HIERARCHY_MANAGER", at{9, 1, "INFO: 196612.ESC file was found."}))}, ""},
		"an update installs":      {"signature", []logscan.Log{logOf("cmupdate.log", server("X", at{0, 1, trust})), logOf("hman.log", server("X", at{9, 1, "INFO: 196612.ESC file was found."}))}, "over-update"},
		"a component works":       {"component-install", []logscan.Log{logOf("sitecomp.log", server("X", at{0, 1, `STATMSG: ID=1016 SEV=E LEV=M COMP="A"`}, at{9, 1, `STATMSG: ID=1015 SEV=I LEV=M COMP="A"`}))}, "over-component"},
		"another works":           {"component-install", []logscan.Log{logOf("sitecomp.log", server("X", at{0, 1, `STATMSG: ID=1016 SEV=E LEV=M COMP="A"`}, at{9, 1, `STATMSG: ID=1015 SEV=I LEV=M COMP="B"`}))}, ""},
		"without a time":          {"backup", []logscan.Log{logOf("smsbkup.log", failed+"\n"+strings.Repeat("x\n", 9000)+server("X", at{9, 1, succeeded}))}, "over-backup"},
		"without a time, behind":  {"backup", []logscan.Log{logOf("smsbkup.log", server("X", at{9, 1, succeeded})+strings.Repeat("x\n", 9000)+failed)}, ""},
		"a clock set back first":  {"backup", []logscan.Log{backup(at{9, 1, failed}, at{0, 1, succeeded})}, "over-backup"},
		"a clock was set back":    {"backup", []logscan.Log{backup(at{9, 1, succeeded}, at{0, 1, failed})}, ""},
		"and again, another file": {"backup", []logscan.Log{logOf("smsbkup.log", server("X", at{9, 1, succeeded}), server("X", at{0, 1, failed}))}, ""},
		"of two folders":          {"signature", []logscan.Log{logOf(`E:\PR1\cmupdate.log`, server("X", at{0, 1, trust})), logOf(`E:\CAS\hman.log`, server("X", at{9, 1, update}))}, ""},
		"of one folder":           {"signature", []logscan.Log{logOf(`E:\PR1\cmupdate.log`, server("X", at{0, 1, trust})), logOf(`E:\PR1\hman.log`, server("X", at{9, 1, update}))}, "over-update"},
		"of two sites by name":    {"signature", []logscan.Log{logOf("pr1-cmupdate.log", server("X", at{0, 1, trust})), logOf("cas-hman.log", server("SMS_HIERARCHY_MANAGER", at{9, 1, update}))}, ""},
		"one of them by name":     {"signature", []logscan.Log{logOf("pr1-cmupdate.log", server("X", at{0, 1, trust})), logOf("hman.log", server("X", at{9, 1, update}))}, ""},
		"of no known name":        {"signature", []logscan.Log{logOf("cmupdate.log", server("X", at{0, 1, trust})), logOf("cas.txt", server("SMS_HIERARCHY_MANAGER", at{9, 1, update}))}, ""},
		"a copy for itself":       {"backup", []logscan.Log{logOf("smsbkup (2).log", server("SMS_SITE_BACKUP", at{0, 1, failed}, at{9, 1, succeeded}))}, "over-backup"},
		"one of two machines":     {"backup", []logscan.Log{logOf(`A\smsbkup.log`, server("X", at{0, 1, failed}, at{9, 1, succeeded})), logOf(`B\smsbkup.log`, server("X", at{5, 1, "fine"}))}, "over-backup"},
		"of two machines": {"backup", []logscan.Log{
			{Name: "smsbkup.log", Files: backup(at{0, 1, failed}).Files}, {Name: "smsbkup.log", Files: backup(at{9, 1, succeeded}).Files},
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, found := causesOf(t, logscan.Options{}, tc.logs...)[tc.group]
			if !found {
				t.Fatal("it was not seen")
			}
			by := ""
			if c.Lead.Ended != nil {
				by = c.Lead.Ended.ID
			}
			if by != tc.by || c.Over != (tc.by != "") {
				t.Errorf("over: %v, by %q; want %q", c.Over, by, tc.by)
			}
		})
	}
}

// Runs are appended to some logs, and only the last counts.
func TestLastRun(t *testing.T) {
	const (
		begin = "******* Start Prerequisite checking. *******"
		done  = "******* Prerequisite checking is completed. *******"
		fault = "ERROR: SQL is not connected"
		ended = "~~===================== Failed Configuration Manager Server Setup ====================="
	)
	for name, tc := range map[string]struct {
		log   string
		texts []string
		group string
		over  bool
		count int64 // of it that is over
	}{
		"of an earlier run":        {"configmgrprereq.log", []string{server("X", at{0, 1, begin}, at{1, 1, fault}, at{2, 1, done}, at{3, 1, begin}, at{4, 1, done})}, "sql-connect", true, 1},
		"of an earlier file":       {"configmgrprereq.log", []string{server("X", at{0, 1, begin}, at{1, 1, fault}), server("X", at{3, 1, begin}, at{4, 1, done})}, "sql-connect", true, 1},
		"of the last run":          {"configmgrprereq.log", []string{server("X", at{0, 1, begin}, at{1, 1, done}, at{2, 1, begin}, at{3, 1, fault})}, "sql-connect", false, 0},
		"of both":                  {"configmgrprereq.log", []string{server("X", at{0, 1, begin}, at{1, 1, fault}, at{2, 1, begin}, at{3, 1, fault})}, "sql-connect", false, 1},
		"in another log":           {"x.log", []string{server("X", at{1, 1, fault}, at{2, 1, begin})}, "sql-connect", false, 0},
		"the last setup failed":    {"configmgrsetup.log", []string{server("X", at{0, 1, fault}, at{1, 1, ended}, at{2, 1, "fine"})}, "sql-connect", false, 0},
		"two setups failed":        {"configmgrsetup.log", []string{server("X", at{0, 1, fault}, at{1, 1, ended}, at{2, 1, "fine"}, at{3, 1, ended})}, "sql-connect", true, 1},
		"the last banner is open":  {"configmgrsetup.log", []string{server("X", at{0, 1, fault}, at{1, 1, ended}, at{2, 1, "fine"}, at{3, 1, ended})}, "install-result", false, 1},
		"two ended since":          {"configmgrsetup.log", []string{server("X", at{0, 1, fault}), server("X", at{1, 1, ended}, at{2, 1, "fine"}, at{3, 1, ended})}, "sql-connect", true, 1},
		"one ended since":          {"configmgrsetup.log", []string{server("X", at{0, 1, fault}), server("X", at{1, 1, ended}, at{2, 1, "fine"})}, "sql-connect", false, 0},
		"after a setup that ended": {"configmgrsetup.log", []string{server("X", at{0, 1, ended}, at{1, 1, fault})}, "sql-connect", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c, found := causesOf(t, logscan.Options{}, logOf(tc.log, tc.texts...))[tc.group]
			if !found || c.Over != tc.over || c.Lead.Over != tc.count {
				t.Errorf("found %v, over %v, %d of %d; want over %v, %d", found, c.Over, c.Lead.Over, c.Lead.Count, tc.over, tc.count)
			}
		})
	}
}

// What is also seen without a fault is a warning while it is one burst.
func TestBurst(t *testing.T) {
	const line = "[08001][258][Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired"
	for name, tc := range map[string]struct {
		log  string
		want string
	}{
		"once":             {server("X", at{0, 1, line}), "warning"},
		"a burst":          {server("X", at{0, 1, line}, at{5, 1, line}, at{9, 1, line}), "warning"},
		"for a while":      {server("X", at{0, 1, line}, at{5, 1, line}, at{11, 1, line}), "failure"},
		"ten minutes":      {server("X", at{0, 1, line}, at{10, 1, line}), "failure"},
		"nobody knows":     {line + "\n", "failure"},
		"not of all":       {server("X", at{0, 1, line}) + line, "failure"},
		"never a no fault": {server("X", at{0, 1, "ERROR: SQL is not connected"}), "failure"},
	} {
		if c := causesOf(t, logscan.Options{}, logOf("cmupdate.log", tc.log))["sql-connect"]; c.Severity != tc.want {
			t.Errorf("%s: %s, want %s", name, c.Severity, tc.want)
		}
	}
}

// What comes after the end of the time that was asked for ends nothing.
func TestOverUntil(t *testing.T) {
	log := logOf("smsbkup.log", server("X", at{0, 1, "SMS site backup failed. Please see previous errors."}, at{60, 1, "STATMSG: ID=5035 SEV=I"}))
	if c := causesOf(t, logscan.Options{Until: when.AddDate(0, 0, 1)}, log)["backup"]; !c.Over {
		t.Error("it is over")
	}
	if c := causesOf(t, logscan.Options{Until: when}, log)["backup"]; c.Over || c.Count != 1 {
		t.Errorf("it was not over then: %+v", c)
	}
}

// Of one machine, logs in several folders end each other's failures; but not where one name is in two.
func TestOverOnOneMachine(t *testing.T) {
	logs := []logscan.Log{
		logOf(`C:\configmgrprereq.log`, server("X", at{0, 1, "ERROR: SQL is not connected"})),
		logOf(`E:\Logs\cmupdate.log`, server("X", at{9, 1, "INFO: SQL Connection succeeded"})),
	}
	for _, alone := range []bool{false, true} {
		if c := causesOf(t, logscan.Options{OneMachine: alone}, logs...)["sql-connect"]; c.Over != alone {
			t.Errorf("one machine %v: over %v", alone, c.Over)
		}
	}
	logs = append(logs, logOf(`E:\Logs\PR1\cmupdate.log`, "x\n"))
	if c := causesOf(t, logscan.Options{OneMachine: true}, logs...)["sql-connect"]; c.Over {
		t.Error("over, though a log of the same name lies in another folder")
	}
}

// A success of the future, by a clock that was wrong, ends nothing in other logs.
func TestOverInTheFuture(t *testing.T) {
	logs := []logscan.Log{
		logOf(`E:\cmupdate.log`, server("X", at{0, 1, `Error in verifying the trust of file 'x'.`})),
		logOf(`E:\hman.log`, server("X", at{9, 1, "INFO: 196612.ESC file was found."})),
	}
	for minutes, over := range map[int]bool{8: false, 10: true} {
		if c := causesOf(t, logscan.Options{Latest: when.Add(time.Duration(minutes) * time.Minute)}, logs...)["signature"]; c.Over != over {
			t.Errorf("%d minutes: over %v", minutes, c.Over)
		}
	}
}

// A success does not end what came once more at a time that nobody knows.
func TestOverNeedsAllTimes(t *testing.T) {
	const trust = `Error in verifying the trust of file 'x'.`
	hman := logOf(`E:\hman.log`, server("X", at{9, 1, "INFO: 196612.ESC file was found."}))
	for text, over := range map[string]bool{
		server("X", at{0, 1, trust}, at{1, 1, trust}): true, server("X", at{0, 1, trust}) + trust: false,
	} {
		if c := causesOf(t, logscan.Options{}, logOf(`E:\cmupdate.log`, text), hman)["signature"]; c.Over != over || c.Count != 2 {
			t.Errorf("over %v, %d messages in %s", c.Over, c.Count, text)
		}
	}
}

// While a rule is broken, no success ends what it stands for: that of one component not what another
// logs.
func TestOverUnlessBroken(t *testing.T) {
	for works, over := range map[string]bool{"A": true, "B": false} {
		log := logOf("sitecomp.log", server("X", at{0, 1, `STATMSG: ID=1016 SEV=E LEV=M COMP="A"`}, at{9, 1, `STATMSG: ID=1015 SEV=I LEV=M COMP="` + works + `"`}))
		c := causesOf(t, logscan.Options{}, log)["component-install"]
		found := false
		for _, s := range append(c.Others, c.Lead) {
			if s.ID == "status-1016" {
				found = true
				if (s.Ended != nil) != over {
					t.Errorf("%s works: over %+v", works, s.Ended)
				}
			}
		}
		if !found {
			t.Errorf("%s works: %+v", works, c)
		}
	}
}
