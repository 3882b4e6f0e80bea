//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// shims are the calls that Wine only pretends to have, or has for no domain, by DLL. The
// sources in platform/windows/testdata/shims say what they read.
func shims() map[string][]string {
	return map[string][]string{
		"netapi32": {"NetLocalGroupGetInfo", "NetLocalGroupGetMembers", "NetGetJoinInformation", "NetUserGetInfo", "DsGetDcNameW"},
		"advapi32": {
			"LsaOpenPolicy", "LsaClose", "LsaFreeMemory", "LsaEnumerateAccountsWithUserRight", "LookupAccountNameW", "LookupAccountSidW", "GetNamedSecurityInfoW",
		},
		"wldap32": {
			"ldap_initW", "ldap_set_optionW", "ldap_connect", "ldap_bind_sW", "ldap_search_ext_sW", "ldap_first_entry", "ldap_get_values_lenW",
			"ldap_count_values_len", "ldap_value_free_len", "ldap_msgfree", "ldap_unbind",
		},
	}
}

// addEvents gives the machine the event logs of a constructed site, in which each filter that is
// asked has its oldest and its newest event, about the service that it is for.
func (s *siteServer) addEvents(t *testing.T, site *platformtest.Site) {
	t.Helper()
	if site.Events == nil {
		return
	}
	source, err := os.ReadFile("../../platform/windows/testdata/shims/wevtapi.c")
	if err != nil {
		t.Fatal(err)
	}
	s.ReplaceDLL("wevtapi", string(source), "EvtQuery", "EvtNext", "EvtRender", "EvtClose")
	line := func(provider string, id uint16, written time.Time, about string) string {
		return fmt.Sprintf("<Event><System><Provider Name='%s'/><EventID>%d</EventID><TimeCreated SystemTime='%s'/></System>"+
			"<EventData><Data>%s</Data></EventData></Event>\n", provider, id, written.Format(time.RFC3339), about)
	}
	for log, filters := range site.Events {
		var all string
		some := map[string]bool{}
		for text, digest := range filters {
			filter, err := platform.ParseEventFilter(text)
			if err != nil || digest.Begins == nil {
				t.Fatalf("%s: %v, begins %v", text, err, digest.Begins)
			}
			all = line("Someone", 1, *digest.Begins, "")
			if digest.Count > 0 {
				id := filter.IDs[len(filter.IDs)-1]
				some[line(filter.Provider, id, *digest.Newest, filter.Service)] = true
				some[line(filter.Provider, id, *digest.Oldest, filter.Service)] = true
			}
		}
		s.WriteFile(`C:\fake\events\`+log+".all", []byte(all))
		s.WriteFile(`C:\fake\events\`+log+".some", []byte(strings.Join(slices.Sorted(maps.Keys(some)), "")))
	}
}

// addAccounts gives the machine the domain of a constructed site, its accounts, its rights
// and its groups, and those of other servers. A site that is in no domain has none of them.
func (s *siteServer) addAccounts(t *testing.T, site *platformtest.Site) {
	t.Helper()
	if site.Domain == nil {
		return
	}
	for dll, exports := range shims() {
		if dll == "wldap32" && len(site.Directories) == 0 {
			continue
		}
		source, err := os.ReadFile(filepath.Join("../../platform/windows/testdata/shims", dll+".c"))
		if err != nil {
			t.Fatal(err)
		}
		s.ReplaceDLL(dll, string(source), exports...)
	}
	write := func(path string, lines ...string) {
		s.WriteFile(`C:\fake\`+path, []byte(strings.Join(lines, "\n")+"\n"))
	}
	status := map[string]int{"unjoined": 1, "workgroup": 2, "domain": 3}[site.Domain.Status]
	write("join.txt", fmt.Sprintf("%d %s", status, site.Domain.Name))
	for name, state := range site.States {
		write(`users\`+name[strings.LastIndex(name, `\`)+1:]+".txt", userState(state, false))
	}
	for domain, directory := range site.Directories {
		const hasDirectory = 0xe00001f5
		write(`domains\`+domain+".txt", fmt.Sprintf(`0 %x \\%s`, uint32(hasDirectory), directory.Controller))
		for name, account := range directory.Accounts {
			write(`servers\`+directory.Controller+`\users\`+name+".txt", userState(account.State(), account.Managed))
			if list, told := directory.Groups[name]; told {
				write(`servers\`+directory.Controller+`\ldap\`+account.SID+".txt", append([]string{"0"}, list...)...)
			}
		}
	}
	var accounts []string
	for asked, a := range site.Accounts {
		accounts = append(accounts, fmt.Sprintf("%s %d %s|%s", a.SID, use(t, a), asked, a.Name))
	}
	write("accounts.txt", accounts...)
	rights := map[string][]string{"SeChangeNotifyPrivilege": {"S-1-1-0"}} // everyone has it on every Windows
	for right, holders := range site.Rights {
		rights[right] = holders
	}
	for right, holders := range rights {
		lines := append([]string{"0"}, holders...)
		if len(holders) == 0 {
			lines = []string{"8000001A"} // STATUS_NO_MORE_ENTRIES
		}
		write(`rights\`+right+".txt", lines...)
	}
	groups := func(folder string, all map[string]platform.GroupMembers) {
		for _, group := range all {
			lines := []string{"0 0 0 100"}
			for _, member := range group.Members {
				lines = append(lines, fmt.Sprintf("%s %d %s", member.SID, use(t, member), member.Name))
			}
			write(folder+`groups\`+group.Group+".txt", lines...)
		}
	}
	groups("", site.Groups)
	for name, server := range site.Servers {
		groups(`servers\`+name+`\`, server.Groups)
	}
}

// userState is the line that the stand-in for NetUserGetInfo reads.
func userState(state platform.AccountState, managed bool) string {
	flags, ends, expired := 0x201, int64(0xFFFFFFFF), 0
	if managed {
		flags = 0x1001
	}
	if state.Disabled {
		flags |= 0x2
	}
	if state.Locked {
		flags |= 0x10
	}
	if state.Ends {
		ends = state.End.Unix()
	}
	if state.MustChange {
		expired = 1
	}
	return fmt.Sprintf("0 %s %x %d %d", state.SID, flags, ends, expired)
}

// use is the number that Windows has for an account's use, from 1 on.
func use(t *testing.T, a platform.Account) int {
	t.Helper()
	uses := []string{"user", "group", "domain", "alias", "well_known_group", "deleted", "invalid", "unknown", "computer", "label"}
	at := slices.Index(uses, a.Use)
	if at < 0 {
		t.Fatalf("%q is no use of an account", a.Use)
	}
	return at + 1
}

// accountsAmiss is an edit of the primary site. The accounts of its services and its computer
// account lack what they need, or may have it through groups of the domain.
func accountsAmiss() map[string]any {
	const domain = "S-1-5-21-1004336348-1177238915-682003330-"
	account := func(rid, name, use string) map[string]any {
		return map[string]any{"sid": domain + rid, "name": `CONTOSO\` + name, "use": use}
	}
	service := func(name string) map[string]any { return map[string]any{"account": `CONTOSO\` + name} }
	return map[string]any{
		"accounts": map[string]any{
			`CONTOSO\svc-none`:   account("1141", "svc-none", "user"),
			`CONTOSO\svc-denied`: account("1142", "svc-denied", "user"),
			`CONTOSO\Services`:   account("1170", "Services", "group"),
		},
		"services": map[string]any{
			"SMS_EXECUTIVE": service("svc-none"), "SMS_SITE_COMPONENT_MANAGER": service("svc-denied"),
			"CONFIGURATION_MANAGER_UPDATE": service("svc-gone"),
		},
		"rights": map[string]any{
			"SeServiceLogonRight":     []any{"S-1-5-80-0", domain + "1142"},
			"SeDenyServiceLogonRight": []any{"S-1-5-32-544", domain + "1142"},
		},
		"groups": map[string]any{"S-1-5-32-544": map[string]any{"count": 2, "members": []any{
			account("1141", "svc-none", "user"), account("1170", "Services", "group"),
		}}},
	}
}
