package windows_test

import (
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/windows/winetest"
)

// accessFile is where the stand-in for Windows' own library looks for a folder's descriptor.
func accessFile(folder string) string {
	return `C:\fake\access\` + strings.NewReplacer(":", "_", `\`, "_").Replace(folder) + ".txt"
}

// Access lists are read from a stand-in for Windows' own library, entry by entry in their order.
func testAccessLists(t *testing.T, exe string) {
	p := withShim(t, "advapi32", "GetNamedSecurityInfoW")
	list := func(folder, content string) platform.Query[platform.AccessList] {
		p.WriteFile(folder+`\x`, nil)
		p.WriteFile(accessFile(folder), []byte(content))
		return platform.ReadAccess(folder)
	}
	var many strings.Builder
	var entries []platform.AccessEntry
	for range platform.MaxEntries + 2 {
		many.WriteString("(A;;0x1;;;SY)")
		entries = append(entries, platform.AccessEntry{SID: "S-1-5-18", Type: platform.AccessAllow, Mask: 1})
	}
	p.WriteFile(`C:\closed\x`, nil)
	p.Deny(`C:\closed`)
	try(t, p, exe,
		answers(list(`C:\Größe`, "0 O:S-1-5-18D:PAI(D;OICI;0x2;;;S-1-5-21-1-2-3-1105)(A;OICIIOID;GA;;;S-1-5-32-544)(A;CINP;0x1200a9;;;WD)"), platform.AccessList{
			Owner: "S-1-5-18", Count: 3, Entries: []platform.AccessEntry{
				{SID: "S-1-5-21-1-2-3-1105", Type: platform.AccessDeny, Mask: 2, Flags: 3},
				{SID: "S-1-5-32-544", Type: platform.AccessAllow, Mask: 0x10000000, Flags: 0x1B},
				{SID: "S-1-1-0", Type: platform.AccessAllow, Mask: 0x1200A9, Flags: 6},
			},
		}),
		answers(list(`C:\nobody`, "0 O:S-1-5-18D:P"), platform.AccessList{Owner: "S-1-5-18", Entries: []platform.AccessEntry{}}),
		answers(list(`C:\many`, "0 O:S-1-5-18D:"+many.String()), platform.AccessList{
			Owner: "S-1-5-18", Count: len(entries), Entries: entries[:platform.MaxEntries], More: true,
		}),
		refuses(list(`C:\denied`, "5"), platform.ErrDenied, `GetNamedSecurityInfo C:\denied`, "(5)"),
		refuses(list(`C:\silent`, "0"), platform.ErrMalformed, "without an answer"),
		refuses(list(`C:\unowned`, "0 D:(A;;GA;;;SY)"), platform.ErrMalformed, "there is no owner"),
		refuses(list(`C:\unlisted`, "0 O:S-1-5-18"), platform.ErrUnsupported, `GetSecurityDescriptorDacl C:\unlisted`),
		refuses(platform.ReadAccess(`C:\none`), platform.ErrAbsent, `C:\none`, "(2)"),
		refuses(platform.ReadAccess(`Y:\none`), platform.ErrAbsent, `Y:\none`),
		refuses(platform.ReadAccess(`C:\many\x`), platform.ErrMalformed, "is a file"),
		refuses(platform.ReadAccess(`many`), platform.ErrMalformed, "no full path"),
		refuses(platform.ReadAccess(`\\dead\many`), platform.ErrUnreachable, `\\dead\many`),
	)
}

// The state of a local account is read from a stand-in, too; that of others is not asked for.
func testAccountStates(t *testing.T, exe string) {
	p := withShim(t, "netapi32", "NetUserGetInfo")
	replace(t, p, "advapi32", "LookupAccountNameW", "LookupAccountSidW")
	const sid = "S-1-5-21-9-9-9-"
	names := map[string]string{}
	var accounts strings.Builder
	add := func(rid, use, name, state string) platform.Query[platform.AccountState] {
		names[name] = sid + rid
		accounts.WriteString(sid + rid + " " + use + " CM01\\" + name + "|CM01\\" + name + "\n")
		if state != "" {
			p.WriteFile(`C:\fake\users\`+name+".txt", []byte(strings.ReplaceAll(state, "SID", sid+rid)+"\n"))
		}
		return platform.ReadAccountState(`CM01\` + name)
	}
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	trials := []trial{
		answers(add("1001", "1", "good", "0 SID 10201 4294967295 0"), platform.AccountState{SID: sid + "1001"}),
		answers(add("1002", "1", "amiss", "0 SID 213 1796083200 1"), platform.AccountState{
			SID: sid + "1002", Disabled: true, Locked: true, MustChange: true, Ends: true, End: end,
		}),
		answers(add("1003", "1", "Größe", "0 SID 201 0 0"), platform.AccountState{SID: sid + "1003"}),
		refuses(add("1004", "1", "gone", ""), platform.ErrAbsent, "NetUserGetInfo gone", "(2221)"),
		refuses(add("1005", "1", "denied", "5"), platform.ErrDenied, "NetUserGetInfo denied", "(5)"),
		refuses(add("1006", "1", "silent", "0"), platform.ErrMalformed, "without an answer"),
		refuses(add("1007", "1", "other", "0 S-1-5-18 201 0 0"), platform.ErrMalformed, "it answered for S-1-5-18"),
		refuses(add("1008", "1", "hollow", "0 SID 0 0 0"), platform.ErrMalformed, "without the one that every account has"),
		refuses(add("1009", "4", "group", ""), platform.ErrUnsupported, `CM01\group, a alias`),
		refuses(platform.ReadAccountState(`CONTOSO\svc`), platform.ErrUnsupported, `no account of this machine but CONTOSO\svc`),
		refuses(platform.ReadAccountState("LocalSystem"), platform.ErrUnsupported, "no account of this machine"),
		refuses(platform.ReadAccountState(`CONTOSO\nobody`), platform.ErrUnreachable, "(1332)"),
		refuses(platform.ReadAccountState(""), platform.ErrMalformed, "names none"),
	}
	accounts.WriteString("S-1-5-21-1-2-3-1105 1 CONTOSO\\svc|CONTOSO\\svc\n")
	p.WriteFile(`C:\fake\accounts.txt`, []byte(accounts.String()))
	tryOn(t, p, exe, winetest.RunOptions{HostName: "cm01.contoso.com"}, trials...)
}
