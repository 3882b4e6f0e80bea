package configuration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"siteready/checks"
)

// Key is one key of the file.
type Key struct {
	Name  string // with the section before it: sql.server
	Flag  string // the flag that says the same; empty when there is none
	About string
	// Example is a value as it is written, or the lines of a section.
	Example string
}

// Keys are all keys but those of thresholds, in the order of the report. Entries of lists have
// the list's name before them: waivers.check.
func Keys() []Key {
	return []Key{
		{"target", "target", "judge for this release, of both products with a comma between them: cm=2509,scsm=2025 (default: the newest that the site may update to, and the next one of Service Manager)", "2509"},
		{"at", "at", "judge for this time, when the update is to start; a time that has passed ends with 64 (default: when the facts were read)", `'2026-12-05 22:00'`},
		{"fail_on", "fail-on", "lowest verdict that is not exit code 0: warning, unknown or failed", "warning"},
		{"only", "only", "run only these checks: ids, or globs such as drivers.*", "['drivers.*', space.disk]"},
		{"skip", "skip", "do not run these checks: ids or globs", "[site.https]"},
		{"timeout", "timeout", "limit of the whole run", "5m"},
		{"valid_for", "valid-for", "how long after the facts were read a report is valid", "24h"},
		{"sql.server", "sql-server", `SQL Server of the site database, SERVER, SERVER\INSTANCE or SERVER,PORT (default: as the site says)`, `sql01.contoso.com\CM`},
		{"sql.database", "database", "name of the site database (default: as the site says)", "CM_P01"},
		{"sql.user", "sql-user", "SQL Server log-on; its password stands in an environment variable, never here (default: Windows authentication)", "siteready"},
		{"sql.encrypt", "sql-encrypt", "strict, mandatory, optional (log-on only) or disable", "mandatory"},
		{"sql.ca", "sql-ca", "PEM file of the authority that signed SQL Server's certificate; from the folder of this file", "contoso-root.pem"},
		{"sql.trust_server_certificate", "sql-trust-server-certificate", "do not verify SQL Server's certificate", "false"},
		{"setup_account", "setup-account", `who will install the update, DOMAIN\name (default: the account of the update service, or the site server itself)`, `CONTOSO\cm-setup`},
		{"online", "online", "connect to the servers on the internet that the update is downloaded from; without it nothing leaves the network (default: false)", "true"},
		{"history.folder", "history", "keep each run in this folder, and say what changed; from the folder of this file", `D:\siteready\history`},
		{"history.keep_runs", "history-keep-runs", "how many runs of a server are kept; 0 keeps all", "400"},
		{"history.keep_days", "history-keep-days", "for how many days a run is kept; 0 keeps all", "400"},
		{"notify.on", "notify-on", "which runs are told to somebody: change, always or failed; change needs history.folder (default: change, where there is somebody to tell)", "change"},
		{"notify.mail_to", "mail-to", "who gets a mail", "[cm-team@contoso.com]"},
		{"notify.mail_from", "mail-from", "the sender of mails", "siteready@contoso.com"},
		{"notify.mail_server", "mail-server", "mail server, HOST or HOST:PORT; user and password stand in environment variables, never here", "smtp.contoso.com:587"},
		{"notify.mail_encrypt", "mail-encrypt", "starttls, tls or none", "starttls"},
		{"notify.webhook", "webhook", "web address that gets the result as JSON; one that is a secret stands in an environment variable, never here", "https://chat.contoso.com/hooks/siteready"},
		{"key_backups.server", "", "the server whose encryption key was saved", "sm01.contoso.com"},
		{"key_backups.path", "", "the file, as the machine that is checked reaches it", `\\files01\keys\sm01.bin`},
		{"waivers.check", "", "id of the check", "space.disk"},
		{"waivers.item", "", `the item, as the report names it; without one all that the check finds is accepted, and that it could not check`, `'site server D:\'`},
		{"waivers.reason", "", "why this can be accepted", "The volume is enlarged in the window itself."},
		{"waivers.owner", "", "who accepts it", "Ines Albrecht"},
		{"waivers.ticket", "", "where it was decided; may be left out", "CHG0041173"},
		{"waivers.until", "", "the last day on which it counts, in UTC", "2026-12-31"},
		{"confirmed.statement", "", "id of the statement, as the report lists it under \"Confirm yourself\"", ""},
		{"confirmed.by", "", "who has confirmed it", "Ines Albrecht"},
		{"confirmed.on", "", "the day on which it was confirmed", "2026-11-20"},
		{"confirmed.note", "", "what was looked at; may be left out", "Restored to SQL02, consistency checked."},
		{"signatures.id", "", "a name of your own for a known failure of logs, which no other has", "our-proxy"},
		{"signatures.text", "", "what stands in the line; of at least 6 characters, ASCII alone, in letters of any size", "proxy17.contoso.com refused"},
		{"signatures.and", "", "what must stand in the same message, too; may be left out", "407"},
		{"signatures.not", "", "what must not stand in the same message; may be left out", "retry"},
		{"signatures.severity", "", "failure, warning or information", "failure"},
		{"signatures.group", "", "what has the same group has one cause; a group of the program's own may be named (default: the id)", "proxy"},
		{"signatures.meaning", "", "what it means", "Our proxy is down, or does not know the site server."},
		{"signatures.remedy", "", "what to do; may be left out", "Call the network team."},
		{"signatures.source", "", "where that is written; may be left out", "Run book 12"},
		{"log_rules.rule", "", "id of a rule over several lines of logs whose limits are the program's own choice", "ctx-db-stuck"},
		{"log_rules.limit", "", "after how long it is broken, such as 90m or 3h; of a rule that counts, how many lines break it", "3h"},
	}
}

// FlagKeys are the keys that are flags, too.
func FlagKeys() []Key {
	return slices.DeleteFunc(Keys(), func(k Key) bool { return k.Flag == "" })
}

// below are the last parts of the keys of a section, or those without a section for "".
func below(section string) []string {
	var names []string
	for _, key := range Keys() {
		before, name, nested := strings.Cut(key.Name, ".")
		switch {
		case !nested && section == "":
			names = append(names, key.Name)
		case nested && section == "" && !slices.Contains(names, before):
			names = append(names, before)
		case nested && before == section:
			names = append(names, name)
		}
	}
	if section == "" {
		names = append(names, "thresholds")
	}
	return names
}

// Example is a file with every key and every threshold, also those of verbs. All of it is comment. A line in which
// # is the first character, followed by none or by two blanks, takes force when its # is removed.
func Example(catalog checks.Catalog, verbs ...checks.Check) string {
	var b strings.Builder
	b.WriteString("# " + FileName + " lies beside siteready.exe, or is named with --config.\n" +
		"# To use a line, remove the # at its beginning, and that of the section which it stands in.\n" +
		"# Flags win over this file. `siteready config` prints what is in force, and where it comes from.\n")
	section := ""
	for _, key := range Keys() {
		before, name, nested := strings.Cut(key.Name, ".")
		if !nested {
			fmt.Fprintf(&b, "\n# %s\n#%s: %s\n", key.About, key.Name, key.Example)
			continue
		}
		list := before != "sql" && before != "history" && before != "notify"
		value := key.Example
		if key.Name == "confirmed.statement" {
			for _, s := range catalog.Statements() {
				value = s.ID
				break
			}
		}
		lead := "  "
		if before != section {
			section = before
			fmt.Fprintf(&b, "\n#%s:\n", section)
			if list {
				lead = "- "
			}
		}
		fmt.Fprintf(&b, "  # %s\n#  ", key.About)
		if list {
			b.WriteString(lead)
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	b.WriteString("\n# What checks judge by, with the defaults. The report says which values were changed.\n#thresholds:\n")
	for _, check := range append(catalog.Checks(), verbs...) {
		if len(check.Settings) == 0 {
			continue
		}
		fmt.Fprintf(&b, "  # %s\n#  %s:\n", check.Title, check.ID)
		for _, s := range check.Settings {
			fmt.Fprintf(&b, "    # %s, %s\n#    %s: %s\n", s.Unit, s.About, s.Name, Number(s.Default))
		}
	}
	return b.String()
}

// Number writes a number as the file takes it.
func Number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
