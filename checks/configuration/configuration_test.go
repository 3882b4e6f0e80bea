package configuration_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"siteready/checks"
	"siteready/checks/configuration"
	"siteready/platform/logscan/signatures"
)

// rules are those of a small catalogue, so that new checks break no test.
func rules() configuration.Rules {
	return configuration.Rules{
		Catalog: checks.Catalog{
			{ID: "space", Checks: []checks.Check{
				{ID: "space.disk", Settings: []checks.Setting{
					{Name: "install_fails_below", Default: 15, Unit: "GB"},
					{Name: "install_warns_below", Default: 25, Unit: "GB"},
				}},
				{ID: "space.log", Settings: []checks.Setting{
					{Name: "warns_above", Default: 80, Unit: "%"},
					{Name: "fails_above", Default: 95, Unit: "%"},
				}},
			}},
			{
				ID: "site", Checks: []checks.Check{{ID: "site.https"}, {ID: "site.age", Settings: []checks.Setting{
					{Name: "minutes", Default: 1, Unit: "minutes"}, {Name: "hours", Default: 1, Unit: "hours"}, {Name: "days", Default: 1, Unit: "days"},
				}}},
				Confirm: []checks.Statement{{ID: "site.release-notes"}, {ID: "site.window"}},
			},
		},
		FailOn:     []string{"warning", "unknown", "failed"},
		Encryption: []string{"strict", "mandatory"},
		Instance: func(text string) error {
			if strings.Contains(text, "/") {
				return fmt.Errorf("%q is no server", text)
			}
			return nil
		},
		Password: "THE_VARIABLE",
		Notify: configuration.NotifyRules{
			On: []string{"change", "always"}, Encryption: []string{"starttls", "none"},
			Address: contains("@", "mail address"), Server: contains(".", "server"), Webhook: contains("https://", "web address"),
			MailUser: "THE_USER", MailPassword: "THE_PASSWORD", WebhookSecret: "THE_SECRET",
		},
		Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}

// contains is a rule for texts that must have a part in them.
func contains(part, what string) func(string) error {
	return func(text string) error {
		if !strings.Contains(text, part) {
			return fmt.Errorf("this is no %s", what)
		}
		return nil
	}
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

const whole = `# a comment
target: 2509
fail_on: unknown
only: ['space.*', site.https]
skip:
  - space.log
timeout: 90s
sql:
  server: SQL01\CM
  database: CM_P01
  user: "reader"
  encrypt: strict
  ca: C:\certs\root.pem
  trust_server_certificate: true
setup_account: CONTOSO\setup
key_backups:
- server: sm01
  path: \\files\keys\sm01.bin
thresholds:
  space.disk: {install_fails_below: 2.5}
  space.log:
    warns_above: 90
waivers:
  - check: space.disk
    item: 'site server D:\'
    reason: >
      It is enlarged
      in the window.
    owner: Ines Albrecht # and a comment
    ticket: 4711
    until: 2026-12-31
  - {check: site.https, reason: "a: b", owner: o, until: 2027-01-31}
confirmed:
  - statement: site.window
    by: Ines Albrecht
    on: 2026-11-20
    note: agreed
`

func TestParse(t *testing.T) {
	got, err := configuration.Parse("f.yaml", []byte(whole), rules())
	if err != nil {
		t.Fatal(err)
	}
	words := map[string][]string{}
	for key, given := range got.Given {
		words[key] = given.Words
	}
	if diff := cmp.Diff(map[string][]string{
		"target": {"2509"}, "fail_on": {"unknown"}, "setup_account": {`CONTOSO\setup`}, "only": {"space.*", "site.https"}, "skip": {"space.log"}, "timeout": {"90s"},
		"sql.server": {`SQL01\CM`}, "sql.database": {"CM_P01"}, "sql.user": {"reader"}, "sql.encrypt": {"strict"},
		"sql.ca": {`C:\certs\root.pem`}, "sql.trust_server_certificate": {"true"},
	}, words); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]checks.KeyBackup{{Server: "sm01", Path: `\\files\keys\sm01.bin`}}, got.KeyBackups); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]checks.Settings{"space.disk": {"install_fails_below": 2.5}, "space.log": {"warns_above": 90}}, got.Thresholds); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]checks.Waiver{
		{Check: "space.disk", Item: `site server D:\`, Reason: "It is enlarged in the window.", Owner: "Ines Albrecht", Ticket: "4711", Until: day(2026, 12, 31)},
		{Check: "site.https", Reason: "a: b", Owner: "o", Until: day(2027, 1, 31)},
	}, got.Waivers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]checks.Confirmation{{Statement: "site.window", By: "Ines Albrecht", On: day(2026, 11, 20), Note: "agreed"}}, got.Confirmed); diff != "" {
		t.Error(diff)
	}
	for key, want := range map[string]int{
		"target": 2, "only": 4, "skip": 6, "sql.server": 9, "sql.trust_server_certificate": 14, "setup_account": 15, "key_backups.0": 17,
		"thresholds.space.disk.install_fails_below": 20, "thresholds.space.log.warns_above": 22, "waivers.0": 24, "waivers.1": 32,
		"confirmed.0": 34, "thresholds.space.log.fails_above": 0, "waivers.2": 0,
	} {
		if line := got.Line(key); line != want {
			t.Errorf("%s is on line %d, wanted %d", key, line, want)
		}
	}
	if got.SHA256 != "" && len(got.SHA256) != 64 {
		t.Errorf("SHA-256 %q", got.SHA256)
	}
}

// What Notepad and PowerShell write is read alike.
func TestEncodings(t *testing.T) {
	want, err := configuration.Parse("", []byte(whole), rules())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(whole, "Ines Albrecht", "Inès Älbrecht", 1)
	little, big := []byte{0xFF, 0xFE}, []byte{0xFE, 0xFF}
	for _, unit := range utf16.Encode([]rune(text)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	want.Waivers[0].Owner = "Inès Älbrecht"
	for name, data := range map[string][]byte{
		"UTF-8":                 []byte(text),
		"UTF-8 with a mark":     []byte("\ufeff" + text),
		"UTF-16, little-endian": little,
		"UTF-16, big-endian":    big,
		"lines of Windows":      []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"begins with ---":       []byte("--- # one document\n" + text),
	} {
		got, err := configuration.Parse("f.yaml", data, rules())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want.Waivers, got.Waivers); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if name != "begins with ---" && got.Line("confirmed.0") != 34 {
			t.Errorf("%s: lines have moved to %d", name, got.Line("confirmed.0"))
		}
	}
}

func TestNothingIsSet(t *testing.T) {
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "\ufeff", "waivers:\nthresholds:\nconfirmed:\nsql:\nkey_backups:\nonly:\n", "waivers: []\nthresholds: {}\nonly: []\n", "thresholds: {space.disk: {}}"} {
		got, err := configuration.Parse("f.yaml", []byte(text), rules())
		if err != nil || len(got.Given)+len(got.Thresholds)+len(got.Waivers)+len(got.Confirmed)+len(got.KeyBackups) > 0 {
			t.Errorf("%q sets %+v: %v", text, got, err)
		}
	}
}

const waiver = "waivers:\n  - check: space.disk\n    reason: r\n    owner: o\n    until: 2026-12-31\n"

func TestErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		// keys
		{"target: 2509\nwaviers: []\n", `2:1: unknown key "waviers"; did you mean waivers?`},
		{"colour: red\n", `1:1: unknown key "colour"; expected one of target, at, fail_on, only, skip, timeout, valid_for, sql, setup_account, online, history, notify, key_backups, waivers, confirmed, signatures, log_rules, thresholds`},
		{"Target: 2509\n", `1:1: unknown key "Target"; did you mean target?`},
		{"target: 2509\nonly: []\ntarget: 2503\n", `3:1: the key "target" stands here a second time; the first is on line 1`},
		{"sql: {servr: a}\n", `1:7: unknown key "servr" in sql; did you mean server?`},
		{"sql:\n  user: a\n  user: b\n", `3:3: the key "user" stands here a second time; the first is on line 2`},
		{waiver + "    untill: 2026-12-31\n", `6:5: unknown key "untill" in waivers; did you mean until?`},
		{waiver + "    owner: p\n", `6:5: the key "owner" stands here a second time; the first is on line 4`},
		{"at: tomorrow\n", `1:5: at: expected a time as 2026-11-28, "2026-11-28 22:00" or 2026-11-28T22:00:00+01:00, not "tomorrow"`},
		{"at: [2026-12-01]\n", `1:5: at: expected a time as 2026-11-28, "2026-11-28 22:00" or 2026-11-28T22:00:00+01:00, not a list`},
		{"sql:\n  password: Secret77\n", `2:3: "password": a password never stands in a file; it is read from the environment variable THE_VARIABLE`},
		{"sql_password: Secret77\n", `1:1: "sql_password": a password never stands in a file; it is read from the environment variable THE_VARIABLE`},
		{"1: 2\n", `1:1: unknown key "1"; expected one of target, at, fail_on, only, skip, timeout, valid_for, sql, setup_account, online, history, notify, key_backups, waivers, confirmed, signatures, log_rules, thresholds`},
		// kinds
		{"- a\n", `1:1: expected keys with values, not a list`},
		{"target\n", `1:1: expected keys with values, not "target"`},
		{"target:\n", `1:9: target: expected a release such as 2509, cm=2509 or scsm=2025, not nothing`},
		{"target: [2509]\n", `1:9: target: expected a release such as 2509, cm=2509 or scsm=2025, not a list`},
		{"target: true\n", `1:9: target: expected a release such as 2509, cm=2509 or scsm=2025, not true`},
		{"target: ''\n", `1:9: target: expected a release such as 2509, cm=2509 or scsm=2025, not an empty text`},
		{"target: ' 2509'\n", `1:9: target: the text begins or ends with a blank`},
		{"only: space.disk\n", `1:7: only: expected a list such as [space.disk, 'drivers.*'], not "space.disk"`},
		{"only:\n  a: b\n", `2:3: only: expected a list such as [space.disk, 'drivers.*'], not a map`},
		{"only:\n  - [space.disk]\n", `2:5: only: expected the id of a check, or a glob such as 'drivers.*', not a list`},
		{"sql: sql01\n", `1:6: sql: expected a map with server, database, user, encrypt, ca, trust_server_certificate, not "sql01"`},
		{"waivers: none\n", `1:10: waivers: expected a list of maps, each with check, reason, owner, until, not "none"`},
		{"waivers:\n  check: space.disk\n", `2:3: waivers: expected a list of maps, each with check, reason, owner, until, not a map`},
		{"waivers:\n  - space.disk\n", `2:5: waivers: expected a map with check, reason, owner, until, not "space.disk"`},
		{"thresholds: [1]\n", `1:13: thresholds: expected a map of check ids, each with its thresholds, not a list`},
		{"thresholds: {space.disk: 20}\n", `1:26: thresholds.space.disk: expected a map with install_fails_below, install_warns_below, not "20"`},
		{"confirmed: {site.window: yes}\n", `1:12: confirmed: expected a list of maps, each with statement, by, on, not a map`},
		{"key_backups:\n  - server: a\n", `2:5: key_backups: this entry has no path`},
		{"online: maybe\n", `1:9: online: expected true or false, not "maybe"`},
		{"setup_account: {a: b}\n", `1:16: setup_account: expected an account as DOMAIN\name, not a map`},
		// values
		{"target: 9999\n", `1:9: target: the target "9999" is not known; known are `},
		{"fail_on: passed\n", `1:10: fail_on: expected one of warning, unknown, failed, not "passed"`},
		{"only: [space.dsk]\n", "1:8: only: no check is called \"space.dsk\"; `siteready checks` lists them (did you mean space.disk, space.log?)"},
		{"only: ['[']\n", `1:8: only: "[" is no pattern of check ids: syntax error in pattern`},
		{"timeout: 5\n", `1:10: timeout: expected a time above 0 with its unit, such as 90s or 5m, not "5"`},
		{"timeout: 0s\n", `1:10: timeout: expected a time above 0 with its unit, such as 90s or 5m, not "0s"`},
		{"sql: {server: a/b}\n", `1:15: sql.server: "a/b" is no server`},
		{"sql: {encrypt: yes}\n", `1:16: sql.encrypt: expected one of strict, mandatory, not "yes"`},
		{"sql: {trust_server_certificate: yes}\n", `1:33: sql.trust_server_certificate: expected true or false, not "yes"`},
		{"sql: {database: [a]}\n", `1:17: sql.database: expected the name of a database, not a list`},
		{"setup_account: setup\n", `1:16: setup_account: expected an account as DOMAIN\name, not "setup"`},
		{"setup_account: \"CONTOSO\\admin\"\n", `1:16: setup_account: the text has a control character; in double quotes \ begins an escape: use single quotes, or none`},
		{"setup_account: \"CONTOSO\\setup\"\n", `1:25: this is not YAML: found unknown escape character 's'; in double quotes \ begins an escape: use single quotes, or none`},
		{"history: D:\\history\n", `1:10: history: expected a map with folder, keep_runs, keep_days, not "D:\\history"`},
		{"history: {path: x}\n", `1:11: unknown key "path" in history; expected one of folder, keep_runs, keep_days`},
		{"history: {folder: ''}\n", `1:19: history.folder: expected the path of a folder, not an empty text`},
		{"history: {keep_runs: many}\n", `1:22: history.keep_runs: expected a whole number from 0 to 100000, not "many"`},
		{"history: {keep_runs: 100001}\n", `1:22: history.keep_runs: expected a whole number from 0 to 100000, not "100001"`},
		{"history: {keep_days: -1}\n", `1:22: history.keep_days: expected a whole number from 0 to 100000, not "-1"`},
		{"history: {keep_days: 1.5}\n", `1:22: history.keep_days: expected a whole number from 0 to 100000, not "1.5"`},
		{"notify: me\n", `1:9: notify: expected a map with on, mail_to, mail_from, mail_server, mail_encrypt, webhook, not "me"`},
		{"notify: {mail: a@b}\n", `1:10: unknown key "mail" in notify; expected one of on, mail_to, mail_from, mail_server, mail_encrypt, webhook`},
		{"notify: {on: never}\n", `1:14: notify.on: expected one of change, always, not "never"`},
		{"notify: {mail_to: a@b}\n", `1:19: notify.mail_to: expected a list of mail addresses, not "a@b"`},
		{"notify: {mail_to: [a@b, c]}\n", `1:25: notify.mail_to: this is no mail address`},
		{"notify: {mail_to: [[]]}\n", `1:20: notify.mail_to: expected a mail address, not a list`},
		{"notify: {mail_from: a}\n", `1:21: notify.mail_from: this is no mail address`},
		{"notify: {mail_server: a}\n", `1:23: notify.mail_server: this is no server`},
		{"notify: {mail_encrypt: ssl}\n", `1:24: notify.mail_encrypt: expected one of starttls, none, not "ssl"`},
		{"notify: {webhook: Secret77}\n", `1:19: notify.webhook: this is no web address`},
		{"notify: {mail_password: Secret77}\n", `1:10: "mail_password": a secret never stands in a file; it is read from the environment variable THE_PASSWORD`},
		{"notify: {mail_user: Secret77}\n", `1:10: "mail_user": a secret never stands in a file; it is read from the environment variable THE_USER`},
		{"notify: {webhook_token: Secret77}\n", `1:10: "webhook_token": a secret never stands in a file; it is read from the environment variable THE_SECRET`},
		{"target: " + strings.Repeat("x", 2001) + "\n", `1:9: target: the text has more than 2000 characters`},
		// thresholds
		{"thresholds: {space.dsk: {a: 1}}\n", "1:14: thresholds: no check is called \"space.dsk\"; `siteready checks` lists them; did you mean space.disk?"},
		{"thresholds: {site.https: {a: 1}}\n", `1:14: thresholds: the check site.https has none`},
		{"thresholds:\n  space.disk:\n    install_fail_below: 1\n", `3:5: thresholds.space.disk: unknown threshold "install_fail_below"; did you mean install_fails_below?`},
		{"thresholds:\n  space.disk:\n    free: 1\n", `3:5: thresholds.space.disk: unknown threshold "free"; expected one of install_fails_below, install_warns_below`},
		{"thresholds: {space.disk: {install_fails_below: 20 GB}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "20 GB"`},
		{"thresholds: {space.disk: {install_fails_below: -1}}\n", `1:48: thresholds.space.disk.install_fails_below: must not be below 0`},
		{"thresholds: {space.disk: {install_fails_below: -0.5}}\n", `1:48: thresholds.space.disk.install_fails_below: must not be below 0`},
		{"thresholds: {space.disk: {install_fails_below: 010}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "010"`},
		{"thresholds: {space.disk: {install_fails_below: 0x10}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "0x10"`},
		{"thresholds: {space.disk: {install_fails_below: 1_000}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "1_000"`},
		{"thresholds: {space.disk: {install_fails_below: 1e3}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "1e3"`},
		{"thresholds: {space.disk: {install_fails_below: .inf}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not ".inf"`},
		{"thresholds: {space.disk: {install_fails_below: .nan}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not ".nan"`},
		{"thresholds: {space.disk: {install_fails_below: '20'}}\n", `1:48: thresholds.space.disk.install_fails_below: expected a plain number of GB, such as 20 or 0.5, not "20"`},
		{"thresholds: {space.disk: {install_warns_below: 1000000001}}\n", `1:48: thresholds.space.disk.install_warns_below: must not be above 1000000000`},
		{"thresholds: {site.age: {minutes: 52560001}}\n", `1:34: thresholds.site.age.minutes: must not be above 52560000`},
		{"thresholds: {site.age: {hours: 876001}}\n", `1:32: thresholds.site.age.hours: must not be above 876000`},
		{"thresholds: {site.age: {days: 36500.1}}\n", `1:31: thresholds.site.age.days: must not be above 36500`},
		{"thresholds: {space.log: {fails_above: 101}}\n", `1:39: thresholds.space.log.fails_above: must not be above 100 %`},
		{"thresholds: {space.disk: {install_fails_below: 26}}\n", `1:48: thresholds.space.disk: install_fails_below (26) must not be above install_warns_below (25): nothing would be warned of`},
		{"thresholds: {space.disk: {install_warns_below: 14}}\n", `1:48: thresholds.space.disk: install_fails_below (15) must not be above install_warns_below (14): nothing would be warned of`},
		{"thresholds: {space.log: {fails_above: 79}}\n", `1:39: thresholds.space.log: fails_above (79) must not be below warns_above (80): nothing would be warned of`},
		// waivers
		{"waivers:\n  - check: space.disk\n", `2:5: waivers: this entry has no reason and no owner and no until`},
		{strings.Replace(waiver, "space.disk", "space.dsk", 1), "2:12: waivers.check: no check is called \"space.dsk\"; `siteready checks` lists them; did you mean space.disk?"},
		{strings.Replace(waiver, "space.disk", "nothing", 1), "2:12: waivers.check: no check is called \"nothing\"; `siteready checks` lists them"},
		{strings.Replace(waiver, "2026-12-31", "31.12.2026", 1), `5:12: waivers.until: expected a day as YYYY-MM-DD, not "31.12.2026"`},
		{strings.Replace(waiver, "2026-12-31", "2026-02-30", 1), `5:12: waivers.until: expected a day as YYYY-MM-DD, not "2026-02-30"`},
		{strings.Replace(waiver, "2026-12-31", "2026-12-31T10:00:00Z", 1), `5:12: waivers.until: expected a day as YYYY-MM-DD, not "2026-12-31T10:00:00Z"`},
		{strings.Replace(waiver, "2026-12-31", "0026-12-31", 1), `5:12: waivers.until: expected a day as YYYY-MM-DD, not "0026-12-31"`},
		{strings.Replace(waiver, "reason: r", "reason:", 1), `3:12: waivers.reason: expected why this can be accepted, not nothing`},
		{strings.Replace(waiver, "owner: o", `owner: ""`, 1), `4:12: waivers.owner: expected who accepts it, not an empty text`},
		{waiver + strings.TrimPrefix(waiver, "waivers:\n"), `6:5: waivers: the waiver on line 2 is for the same`},
		// confirmations
		{"confirmed:\n  - {statement: site.windows, by: a, on: 2026-11-20}\n", `2:17: confirmed.statement: no statement is called "site.windows"; did you mean site.window?`},
		{"confirmed:\n  - {statement: nope, by: a, on: 2026-11-20}\n", `2:17: confirmed.statement: no statement is called "nope"; expected one of site.release-notes, site.window`},
		{"confirmed:\n  - {statement: site.window, by: a, on: 2026-11-24}\n", `2:41: confirmed.on: 2026-11-24 is still to come`},
		{"confirmed:\n  - {statement: site.window, by: a, on: 2026-11-20}\n  - {statement: site.window, by: b, on: 2026-11-20}\n", `3:5: confirmed: the entry on line 2 is for the same statement`},
		{"confirmed:\n  - {statement: site.window}\n", `2:5: confirmed: this entry has no by and no on`},
		// known failures of logs
		{"signatures:\n  - {id: a}\n", `2:5: signatures: this entry has no text and no severity and no meaning`},
		{"signatures:\n  - {id: a, text: short, severity: failure, meaning: m}\n", `2:5: signatures: its text "short" is too short: at least 6 bytes are needed`},
		{"signatures:\n  - {id: a, text: Größenfehler, severity: failure, meaning: m}\n", `2:5: signatures: its texts hold a letter that is not ASCII; only ASCII can be looked for`},
		{"signatures:\n  - {id: a, text: long enough, severity: error, meaning: m}\n", `2:42: signatures.severity: expected one of failure, warning, information, not "error"`},
		{"signatures:\n  - {id: setup-fatal, text: long enough, severity: failure, meaning: m}\n", `2:10: signatures.id: the program has a signature "setup-fatal" of its own`},
		{"signatures:\n  - {id: a, text: long enough, severity: failure, meaning: m}\n  - {id: a, text: long enough, severity: failure, meaning: m}\n", `3:10: signatures.id: "a" stands on line 2, too`},
		{"signatures:\n  - {id: a, literal: long enough, text: long enough, severity: failure, meaning: m}\n", `2:13: unknown key "literal" in signatures; expected one of id, text, and, not, severity, group, meaning, remedy, source`},
		{"log_rules:\n  - {rule: ctx-db-stuk, limit: 3h}\n", `2:12: log_rules.rule: no rule whose limit can be set is called "ctx-db-stuk"; did you mean ctx-db-stuck?`},
		{"log_rules:\n  - {rule: ctx-db-stuck, limit: 3}\n", `2:33: log_rules.limit: expected a time above 0 with its unit, such as 90s or 5m, not "3"`},
		{"log_rules:\n  - {rule: ctx-cmupdate-loop, limit: 3h}\n", `2:38: log_rules.limit: expected a whole number from 2 to 128, not "3h"`},
		{"log_rules:\n  - {rule: ctx-cmupdate-loop, limit: 1}\n", `2:38: log_rules.limit: expected a whole number from 2 to 128, not "1"`},
		{"log_rules:\n  - {rule: ctx-db-stuck}\n", `2:5: log_rules: this entry has no limit`},
		{"log_rules:\n  - {rule: ctx-db-stuck, limit: 3h}\n  - {rule: ctx-db-stuck, limit: 4h}\n", `3:5: log_rules: the entry on line 2 is for the same rule`},
		// what is YAML, and not needed
		{"only: [*.log]\n", `1:8: a text that begins with * must stand in quotes`},
		{"target: &t 2509\n", `1:9: a text that begins with & must stand in quotes`},
		{"target: !!str 2509\n", `1:9: a text that begins with ! must stand in quotes`},
		{"<<: {target: 2509}\n", `1:1: << is not understood here`},
		{"? target\n: 2509\n", `1:1: a text that begins with ? must stand in quotes`},
		{"%YAML 1.2\n---\ntarget: 2509\n", `1:1: a text that begins with % must stand in quotes`},
		{"target: 2509\n---\ntarget: 2509\n", `2:1: --- begins a second document; only one is read`},
		{"target: 2509\n...\n", `2:1: ... ends the document here; remove it`},
		{strings.Repeat("\n", 5001), `1:1: the file has more than 5000 lines, and so is no configuration`},
		{strings.Repeat("[", 60000), `1:9: lists and maps stand more than 8 deep within each other`},
		{strings.Repeat("- ", 30000), `1:17: lists and maps stand more than 8 deep within each other`},
		{strings.Repeat("a: ", 20000), `1:26: lists and maps stand more than 8 deep within each other`},
		{"sql: {server: a user: b}\n", `1:15: sql.server: a text with a colon and a blank in it stands in quotes`},
		{strings.Replace(waiver, "reason: r", "reason: see #12", 1), `3:17: a text with a blank and # in it stands in quotes; a comment has a blank behind its #`},
		{strings.Replace(waiver, "reason: r", "reason: #12", 1), `3:13: a text with a blank and # in it stands in quotes; a comment has a blank behind its #`},
		{"sql:\n  server: a\n user: b\n", `3:2: this is not YAML: value is not allowed in this context`},
		{waiver + "  ticket: 1\n", `6:3: this is not YAML: value is not allowed in this context`},
		{"only:\n- space.disk\n - space.log\n", "3:13: only: no check is called \"space.disk - space.log\"; `siteready checks` lists them (did you mean space.disk, space.log?)"},
		{"target: '2509' x\n", `1:16: this is not YAML: value is not allowed in this context. map key-value is pre-defined`},
		// what is no YAML
		{"sql:\n\tserver: a\n", "2:1: this is not YAML: found character '\t' that cannot start any token; indent with blanks, not with tabs"},
		{"only: [a\n", `1:7: this is not YAML: sequence end token ']' not found`},
		{"sql: {user: a\n", `1:6: this is not YAML: could not find flow mapping end token '}'`},
		{"waivers:\n  - reason: see: this\n", `2:13: this is not YAML: mapping value is not allowed in this context; a text with a colon and a blank in it stands in quotes`},
		{"target: 'a\n", `1:9: this is not YAML: could not find end character of single-quoted text`},
		// what is no text
		{"\xef\xbb\xbftarget: 2509\rsql:\r\n  user: J\xfcrgen\n", `3:10: this character is not UTF-8; save the file as UTF-8, with or without a byte order mark`},
		{"target: 2509\nsql:\n  user: J\xfcrgen\n", `3:10: this character is not UTF-8; save the file as UTF-8, with or without a byte order mark`},
		{"t\x00a\x00", `1:1: the file holds characters with the number 0, as UTF-16 without a byte order mark does; save it as UTF-8`},
		{"\xff\xfet\x00a", `1:1: the file is damaged UTF-16; save it as UTF-8`},
		{"target: 2509\nü: \x1b[2J\n", `2:4: the character U+001B cannot be seen, and does not belong here`},
		{"target: 25\u200b09\n", `1:11: the character U+200B cannot be seen, and does not belong here`},
		{strings.Repeat("# x\n", 17000), `1:1: the file has more than 64 KiB, and so is no configuration`},
	}
	for _, test := range tests {
		got, err := configuration.Parse("f.yaml", []byte(test.text), rules())
		var problems *configuration.Error
		if !errors.As(err, &problems) {
			t.Errorf("%.60q: %v", test.text, err)
			continue
		}
		if len(problems.Problems) != 1 || !strings.HasPrefix(err.Error(), "f.yaml:"+test.want) {
			t.Errorf("%.60q:\n   got %v\nwanted f.yaml:%s", test.text, err, test.want)
		}
		if !strings.HasSuffix(test.want, "are ") && err.Error() != "f.yaml:"+test.want {
			t.Errorf("%.60q:\n   got %v\nwanted f.yaml:%s", test.text, err, test.want)
		}
		if strings.Contains(err.Error(), "Secret77") {
			t.Errorf("a password is told: %v", err)
		}
		if diff := cmp.Diff(configuration.Configuration{}, got, cmp.AllowUnexported(configuration.Configuration{})); diff != "" {
			t.Errorf("%.60q: a broken file sets something: %s", test.text, diff)
		}
	}
}

func TestLogs(t *testing.T) {
	got, err := configuration.Parse("f.yaml", []byte("signatures:\n  - {id: our-proxy, text: proxy17 refused, and: '407', severity: warning, meaning: m}\n"+
		"log_rules:\n  - {rule: ctx-db-stuck, limit: 3h}\n  - {rule: ctx-cmupdate-loop, limit: 5}\n"), rules())
	if err != nil {
		t.Fatal(err)
	}
	want := configuration.Configuration{
		Signatures: []signatures.Signature{{
			ID: "our-proxy", Stage: "any", Literal: "proxy17 refused", And: "407", Severity: signatures.Warning, Rank: 3,
			Group: "our-proxy", Meaning: "m", Source: "the configuration",
		}},
		LogRules: []signatures.Limit{{Rule: "ctx-db-stuck", After: 3 * time.Hour}, {Rule: "ctx-cmupdate-loop", Times: 5}},
	}
	if !slices.Equal(got.Signatures, want.Signatures) || !slices.Equal(got.LogRules, want.LogRules) {
		t.Errorf("%+v and %+v", got.Signatures, got.LogRules)
	}
	if got.Line("signatures.0") != 2 || got.Line("log_rules.1") != 5 {
		t.Error("the lines are not known")
	}
	if _, err := signatures.KnownWithin(got.LogRules, got.Signatures...); err != nil {
		t.Error(err)
	}
}

// All that is wrong is said at once, in the order of the file.
func TestAllProblems(t *testing.T) {
	_, err := configuration.Parse("f.yaml", []byte("thresholds: {space.disk: {install_fails_below: -1}}\ntarget: 1\nnope: 1\nwaivers:\n  - {check: a, reason: b, owner: c, until: d}\n"), rules())
	want := []string{"f.yaml:1:48: ", "f.yaml:2:9: ", "f.yaml:3:1: ", "f.yaml:5:13: ", "f.yaml:5:44: "}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%v", err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("%s, wanted %s", line, want[i])
		}
	}
	_, err = configuration.Parse("f.yaml", []byte(strings.Repeat("x: 1\n", 1)+strings.Repeat("x: 1\n", 30)), rules())
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 21 || lines[20] != "f.yaml: and 11 more" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

var comment = regexp.MustCompile(`(?m)^#(?:(\S)|( {2,}))`)
