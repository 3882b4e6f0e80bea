package logscan_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// at is a message some minutes after the begin of a log, in a thread.
type at struct {
	minute  float64
	thread  int
	message string
}

// server is a log of a component.
func server(component string, messages ...at) string {
	var log strings.Builder
	for _, m := range messages {
		log.WriteString(serverLine(m.message, component, when.Add(time.Duration(m.minute*float64(time.Minute))), m.thread))
	}
	return log.String()
}

// broken are the rules that a log broke, as of some time after its begin.
func brokenRules(t *testing.T, name string, after time.Duration, texts ...string) []string {
	t.Helper()
	log := logscan.Log{Name: name}
	for _, text := range texts {
		log.Files = append(log.Files, inMemory(name, []byte(text)))
	}
	found, err := logscan.Scan(t.Context(), []logscan.Log{log}, logscan.Options{Catalogue: catalogue(t), Now: when.Add(after), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, b := range found.Rules {
		if b.Log != name || b.Count < 1 || len(b.Lines) < 1 {
			t.Errorf("%+v", b)
		}
		ids = append(ids, b.ID)
	}
	return ids
}

// repeat is a message again and again, some minutes apart.
func repeat(times int, apart float64, message string) []at {
	var all []at
	for i := range times {
		all = append(all, at{float64(i) * apart, 1, message})
	}
	return all
}

func TestRules(t *testing.T) {
	const (
		cmupdate = "CONFIGURATION_MANAGER_UPDATE"
		mismatch = `WARNING: File hash mismatch for E:\X.EXE`
		missing  = "ERROR: Failed to find valid source for required file 'X.EXE'. Aborting setup."
		guid     = "3b7d84fa-eccc-4ea0-b8ab-abbda1e88e0e"
		staging  = `Staging folder (\\?\E:\X) has hash A which does not match hash from content library B`
		stage7   = "Successfully reported ConfigMgr update status (SiteCode=CS1, SubStageID=0xe0007, IsComplete="
		pending  = "WARN: The current update package's state (196611) is not set to installed yet. Will retry in next cycle."
		blocked  = "WARNING: Database upgrade session [71] is currently blocked in database by another session [88]"
		deadlock = "*** [40001][1205][Microsoft]Transaction (Process ID 84) was deadlocked"
		starting = "CONFIGURATION_MANAGER_UPDATE service is starting..."
		backup   = `STATMSG: ID=5055 SEV=I LEV=M SOURCE="SMS Server"`
	)
	hours := func(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }
	covered := map[string]int{}
	for _, tc := range []struct {
		rule        string
		log         string
		component   string
		after       time.Duration
		broken, not []at
	}{
		{
			"ctx-delete-staging", "cmupdate.log", cmupdate, 0,
			[]at{{0, 1, `Delete folder \\?\E:\X\ returned 32. Extracting`}},
			[]at{{0, 1, `Delete folder \\?\E:\X\ returned 0. Extracting`}, {0, 1, "The call returned 5."}},
		},
		{
			"ctx-extract-code", "dmpdownloader.log", "X", 0,
			[]at{{0, 1, `File E:\X.cab has been extracted with 13~~`}},
			[]at{{0, 1, `File E:\X.cab has been extracted with 0~~`}},
		},
		{"ctx-bcp-out", "rcmctrl.log", "X", 0, []at{{0, 1, "BCP out result is -1."}}, []at{{0, 1, "BCP out result is 0."}}},
		{
			"ctx-hash-mismatch", "cmupdate.log", cmupdate, 0,
			[]at{{0, 1, mismatch}, {1, 2, "INFO: Checking media: Y"}, {2, 1, missing}},
			[]at{{0, 1, mismatch}, {1, 1, "INFO: Found valid source in folder: 'Z'"}, {2, 1, missing}, {3, 1, mismatch}, {4, 2, missing}},
		},
		{"ctx-staging-hash", "cmupdate.log", cmupdate, 0, repeat(3, 60, staging), append(repeat(2, 60, staging), at{3000, 1, staging})},
		{
			"ctx-cmupdate-loop", "cmupdate.log", cmupdate, 0, repeat(3, 10, starting),
			[]at{{0, 1, starting}, {10, 1, starting}, {15, 1, "reported (SubStageID=0xd0001, IsComplete=2, x)"}, {20, 1, starting}},
		},
		{"ctx-deadlocks", "anything.log", "X", 0, repeat(21, 2, deadlock), repeat(40, 5, deadlock)},
		{"ctx-db-stuck", "cmupdate.log", cmupdate, hours(1.1), []at{{0, 1, "Executing DropForeignKeys"}}, []at{{0, 1, "Executing DropForeignKeys"}, {1, 1, "Done"}}},
		{"ctx-db-stuck", "cmupdate.log", cmupdate, hours(1.1), []at{{0, 1, "Drop DBMon triggers"}}, []at{{30, 1, "Drop DBMon triggers"}}},
		{
			"ctx-waiting-service", "cmupdate.log", cmupdate, hours(2),
			[]at{{0, 1, "INFO: Waiting for CONFIGURATION_MANAGER_SERVICE to be ready to apply update: X"}},
			[]at{{90, 1, "INFO: Waiting for CONFIGURATION_MANAGER_SERVICE to be ready to apply update: X"}},
		},
		{
			"ctx-prereq-slow", "cmupdate.log", cmupdate, hours(2),
			[]at{{0, 1, "Preparing prereq check for site server [CM01]...~"}},
			[]at{{0, 1, "Preparing prereq check for site server [CM01]...~"}, {1, 1, "more"}},
		},
		{
			"ctx-scsm-start", "scsminstall.log", "X", hours(1),
			[]at{{0, 1, "CAStartServices: Attempting to start service. OMCFG"}},
			[]at{{0, 1, "CAStartServices: Attempting to start service. OMCFG"}, {1, 1, "It runs"}},
		},
		{
			"ctx-setupdl-open", "configmgrsetup.log", "X", hours(7),
			[]at{{0, 1, "INFO: Setup downloader setupdl.exe: STARTED"}},
			[]at{{0, 1, "INFO: Setup downloader setupdl.exe: STARTED"}, {1, 1, "INFO: Setup downloader setupdl.exe: FINISHED"}},
		},
		{
			"ctx-prereq-open", "configmgrprereq.log", "X", hours(3),
			[]at{{0, 1, "******* Start Prerequisite checking. *******"}},
			[]at{{0, 1, "******* Start Prerequisite checking. *******"}, {1, 1, "******* Prerequisite checking is completed. *******"}},
		},
		{"ctx-backup-open", "smsbkup.log", "X", hours(25), []at{{0, 1, backup}}, []at{{0, 1, backup}, {60, 1, `STATMSG: ID=5035 SEV=I LEV=M`}}},
		{"ctx-backup-open", "smsbkup.log", "X", hours(25), []at{{0, 1, backup}, {9, 1, "STATMSG: ID=5056 SEV=I LEV=M"}}, []at{{0, 1, backup}, {60, 1, `STATMSG: ID=5049 SEV=E LEV=M`}}},
		{
			"ctx-download-unfinished", "dmpdownloader.log", "X", hours(7),
			[]at{{0, 1, "EasySetupDownloadSinglePackage downloading " + guid + ". ~~"}, {9, 1, "EasySetupDownloadSinglePackage finishes downloading 4b7d84fa-eccc-4ea0-b8ab-abbda1e88e0e. ~~"}},
			[]at{{0, 1, "EasySetupDownloadSinglePackage downloading " + guid + ". ~~"}, {9, 1, "EasySetupDownloadSinglePackage finishes downloading " + strings.ToUpper(guid) + ". ~~"}},
		},
		{
			"ctx-esc-unfinished", "hman.log", "X", hours(3),
			[]at{{0, 1, "INFO: 2.ESC file was found. Easy setup package needs to be updated."}},
			[]at{{0, 1, "INFO: 2.ESC file was found. Easy setup package needs to be updated."}, {3, 1, "reported (SiteCode=CAS, SubStageID=0xb0001, IsComplete=2, Progress=100)"}},
		},
		{
			"ctx-substage-open", "cmupdate.log", cmupdate, hours(3),
			[]at{{0, 1, stage7 + "1, Progress=1)"}, {100, 1, stage7 + "1, Progress=9)"}, {170, 1, strings.Replace(stage7, "7", "8", 1) + "2, x)"}},
			[]at{{0, 1, stage7 + "1, Progress=1)"}, {100, 1, stage7 + "2, Progress=100)"}},
		},
		{"ctx-substage-open", "hman.log", "X", hours(1.5), nil, []at{{0, 1, stage7 + "3, Progress=1)"}}},
		{"ctx-state-196611", "hman.log", "X", hours(9), repeat(5, 30, pending), append(repeat(4, 30, pending), at{300, 1, pending})},
		{"ctx-db-blocked-long", "cmupdate.log", cmupdate, hours(9), repeat(13, 5, blocked), repeat(12, 5, blocked)},
		{
			"ctx-content-not-arrived", "distmgr.log", "X", hours(9),
			repeat(9, 30, "Package CS100026 hasn't arrived from site CAS yet, will retry later."), repeat(8, 30, "Package CS100026 hasn't arrived from site CAS yet, will retry later."),
		},
		{
			"ctx-despool-12", "despool.log", "X", hours(9),
			repeat(9, 30, "The package CAS10001 information hasn't arrived yet for this version 2. Retry later ..."), repeat(8, 30, "The package CAS10001 information hasn't arrived yet for this version 2. Retry later ..."),
		},
		{
			"ctx-component-retry", "sitecomp.log", "X", hours(3),
			[]at{{0, 1, `STATMSG: ID=1016 SEV=E LEV=M SOURCE="SMS Server" COMP="A" SYS=x`}, {9, 1, `STATMSG: ID=1015 SEV=I LEV=M SOURCE="SMS Server" COMP="B" SYS=x`}},
			[]at{{0, 1, `STATMSG: ID=1016 SEV=E LEV=M SOURCE="SMS Server" COMP="A" SYS=x`}, {9, 1, `STATMSG: ID=1015 SEV=I LEV=M SOURCE="SMS Server" COMP="A" SYS=x`}},
		},
		{
			"ctx-sync-silent", "dmpdownloader.log", "X", hours(72),
			[]at{{0, 1, "Hasn't synced recently."}, {3000, 1, "fine"}},
			[]at{{0, 1, "Hasn't synced recently."}, {2000, 1, "Download manifest.cab~~"}, {3000, 1, "fine"}},
		},
		{"ctx-sync-silent", "dmpdownloader.log", "X", hours(72), nil, []at{{0, 1, "Hasn't synced recently."}, {100, 1, "the log ends"}}},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			if tc.broken != nil {
				covered[tc.rule]++
				text := server(tc.component, tc.broken...)
				if got := brokenRules(t, tc.log, tc.after, text); !slices.Equal(got, []string{tc.rule}) {
					t.Errorf("broken: %v", got)
				}
				// The same in two files, of which the older has the first line.
				if first, rest, found := strings.Cut(text, "\n"); found && rest != "" {
					if got := brokenRules(t, tc.log, tc.after, first+"\n", rest); !slices.Equal(got, []string{tc.rule}) {
						t.Errorf("broken, over two files: %v", got)
					}
				}
			}
			if got := brokenRules(t, tc.log, tc.after, server(tc.component, tc.not...)); len(got) > 0 {
				t.Errorf("not broken: %v", got)
			}
		})
	}
	rules, err := signatures.KnownRules()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if r.Judges() && r.Kind != signatures.RuleAnswered && covered[r.ID] == 0 { // those have a test of their own
			t.Errorf("%s has no log that breaks it", r.ID)
		}
	}
}

// A rule counts in its own log, and in a log of another name whose lines are of its component.
func TestRulesAreForTheirLogs(t *testing.T) {
	const line = "BCP out result is 7."
	for _, tc := range []struct {
		log, component string
		want           int
	}{
		{"rcmctrl.log", "X", 1},
		{"copy of it.txt", "SMS_REPLICATION_CONFIGURATION_MONITOR", 1},
		{"despool.log", "SMS_DESPOOLER", 0},
	} {
		if got := brokenRules(t, tc.log, 0, server(tc.component, at{0, 1, line})); len(got) != tc.want {
			t.Errorf("%s of %s: %v", tc.log, tc.component, got)
		}
		if got := brokenRules(t, tc.log, 0, clientLine(line, tc.component, when, 1)); len(got) != tc.want {
			t.Errorf("%s of %s, in a client's grammar: %v", tc.log, tc.component, got)
		}
	}
}

// The newest file of a log could not be read: what its last message is, nobody knows.
func TestRulesNeedTheEnd(t *testing.T) {
	locked := logscan.File{Name: "cmupdate.log", Open: func(context.Context) (logscan.Opened, error) {
		return logscan.Opened{}, errors.New("another process uses it")
	}}
	old := inMemory("cmupdate.lo_", []byte(server("X", at{0, 1, "Executing DropForeignKeys"})))
	found, err := logscan.Scan(t.Context(), []logscan.Log{{Name: "cmupdate.log", Files: []logscan.File{old, locked}}},
		logscan.Options{Catalogue: catalogue(t), Now: when.Add(9 * time.Hour)})
	if err != nil || len(found.Rules) > 0 || found.Complete() {
		t.Errorf("%+v, %v", found, err)
	}
}

// A rule whose texts come often makes no other forget.
func TestRulesRememberEachTheirOwn(t *testing.T) {
	messages := []at{{0, 1, "Delete folder E:\\CMUStaging\\x returned 32."}, {1, 1, "reported (SubStageID=0xd0009, IsComplete=1, x)"}}
	for i := range 5000 {
		messages = append(messages, at{2 + float64(i)/10, 1, "Delete folder E:\\CMUStaging\\x returned 0."})
	}
	if got := brokenRules(t, "cmupdate.log", 20*time.Hour, server("X", messages...)); !slices.Equal(got, []string{"ctx-delete-staging", "ctx-substage-open"}) {
		t.Errorf("broken: %v", got)
	}
	messages = messages[:2]
	for i := range 5000 {
		messages = append(messages, at{2 + float64(i)/10, 1, "reported (SubStageID=0xd0001, IsComplete=2, x)"})
	}
	messages = append(messages, at{600, 1, "reported (SubStageID=0xd0009, IsComplete=2, x)"})
	if got := brokenRules(t, "cmupdate.log", 20*time.Hour, server("X", messages...)); !slices.Equal(got, []string{"ctx-delete-staging"}) {
		t.Errorf("broken: %v", got)
	}
}

// What one log says must be answered in another, if that tells of the time.
func TestRulesOverTwoLogs(t *testing.T) {
	asked := func(messages ...at) logscan.Log { return logOf("dmpdownloader.log", server("X", messages...)) }
	answer := func(messages ...at) logscan.Log { return logOf("hman.log", server("X", messages...)) }
	four := at{10, 1, "Successfully Dropped the state message 4~~"}
	locked := answer(at{0, 1, "fine"}, at{200, 1, "fine"})
	locked.Files[0].Open = func(context.Context) (logscan.Opened, error) { return logscan.Opened{}, errors.New("locked") }
	for name, tc := range map[string]struct {
		logs   []logscan.Log
		broken bool
	}{
		"no answer":                {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}, at{200, 1, "fine"})}, true},
		"an older answer":          {[]logscan.Log{asked(four), answer(at{0, 1, `Extracted E:\CMUStaging\Manifest.xml`}, at{200, 1, "fine"})}, true},
		"answered":                 {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}, at{12, 1, `Extracted E:\CMUStaging\Manifest.xml`}, at{200, 1, "fine"})}, false},
		"another number":           {[]logscan.Log{asked(at{10, 1, "Successfully Dropped the state message 40~~"}), answer(at{0, 1, "fine"}, at{200, 1, "fine"})}, false},
		"the other log is missing": {[]logscan.Log{asked(four)}, false},
		"it begins later":          {[]logscan.Log{asked(four), answer(at{20, 1, "fine"}, at{200, 1, "fine"})}, false},
		"it ends too early":        {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}, at{50, 1, "fine"})}, false},
		"it cannot be read":        {[]logscan.Log{asked(four), locked}, false},
		"of two machines":          {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}, at{200, 1, "fine"}), answer(at{0, 1, "fine"})}, false},
		"of two, the other first":  {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}), answer(at{0, 1, "fine"}, at{200, 1, "fine"})}, false},
		"asked of two":             {[]logscan.Log{asked(four), asked(four), answer(at{0, 1, "fine"}, at{200, 1, "fine"})}, false},
		"answered in that moment":  {[]logscan.Log{asked(four), answer(at{0, 1, "fine"}, at{10, 1, `Extracted E:\CMUStaging\Manifest.xml`}, at{200, 1, "fine"})}, false},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := logscan.Scan(t.Context(), tc.logs, logscan.Options{Catalogue: catalogue(t)})
			if err != nil {
				t.Fatal(err)
			}
			if got := len(found.Rules) == 1 && found.Rules[0].ID == "ctx-manifest-not-extracted" && found.Rules[0].Log == "dmpdownloader.log"; got != tc.broken {
				t.Errorf("%+v", found.Rules)
			}
		})
	}
}

// Only the newest marks are remembered, and they are enough.
func TestRulesOfALongLog(t *testing.T) {
	var messages []at
	for i := range 5000 {
		messages = append(messages, at{float64(i) / 10, 1, "reported (SubStageID=0xd0001, IsComplete=2, x)"})
	}
	messages = append(messages, at{501, 1, "reported (SubStageID=0xd0002, IsComplete=1, x)"})
	if got := brokenRules(t, "cmupdate.log", 20*time.Hour, server("X", messages...)); !slices.Equal(got, []string{"ctx-substage-open"}) {
		t.Errorf("broken: %v", got)
	}
}

func TestParseRulesRefuses(t *testing.T) {
	const good = "- {id: x, kind: last, begin: ['long enough'], after: 1h, severity: warning, group: g, meaning: m, source: s}\n"
	if _, err := signatures.ParseRules([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"twice":       good + good,
		"no id":       strings.Replace(good, "id: x, ", "", 1),
		"kind":        strings.Replace(good, "last", "first", 1),
		"half a rule": strings.Replace(good, "after: 1h, ", "", 1),
		"severity":    strings.Replace(good, "warning", "bad", 1),
		"short text":  strings.Replace(good, "long enough", "a & long enough", 1),
		"no begin":    strings.Replace(good, "begin: ['long enough'], ", "", 1),
		"foreign key": strings.Replace(good, "kind", "sort", 1),
	} {
		if _, err := signatures.ParseRules([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
