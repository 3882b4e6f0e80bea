package windows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/windows/winetest"
)

// A controller of the account's domain is found, and asked for the account, both from a stand-in for
// Windows' own library. What it does not have is absent; everything else is no answer.
func testDirectoryAccounts(t *testing.T, exe string) {
	p := withShim(t, "netapi32", "NetUserGetInfo", "DsGetDcNameW")
	const sid = "S-1-5-21-1-2-3-1105"
	domain := func(name, content string) { p.WriteFile(`C:\fake\domains\`+name+".txt", []byte(content+"\n")) }
	domain("CONTOSO", `0 e00001f5 \\dc01.contoso.com`)
	domain("contoso.com", `0 e00001f5 \\dc01.contoso.com`)
	domain("OLD", `0 e00001e5 \\dc02.contoso.com`)
	domain("MUTE", "0")
	domain("NAMELESS", "0 e00001f5")
	domain("BARE", "0 e00001f5 dc01.contoso.com")
	domain("DENIED", "5")
	domain("WRONG", "1212")
	add := func(name, state string) platform.Query[platform.DirectoryAccount] {
		p.WriteFile(`C:\fake\servers\dc01.contoso.com\users\`+name+".txt", []byte(state+"\n"))
		return platform.ReadDirectoryAccount(`CONTOSO\` + name)
	}
	good := platform.DirectoryAccount{SID: sid, Controller: "dc01.contoso.com"}
	managed, amiss, bits := good, good, good
	managed.Managed = true
	amiss.Disabled, amiss.Locked, amiss.MustChange, amiss.Ends = true, true, true, true
	amiss.End = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	bits.MustChange = true
	tryOn(t, p, exe, winetest.RunOptions{HostName: "sm01.contoso.com"},
		answers(add("Größe", "0 "+sid+" 10201 4294967295 0"), good),
		answers(platform.ReadDirectoryAccount(`contoso.com\größe`), good),
		answers(add("svc-managed$", "0 "+sid+" 1001 4294967295 0"), managed),
		answers(add("amiss", "0 "+sid+" 213 1796083200 1"), amiss),
		answers(add("bits", "0 "+sid+" 800201 0 0"), bits),
		refuses(platform.ReadDirectoryAccount(`CONTOSO\gone`), platform.ErrAbsent, `NetUserGetInfo CONTOSO\gone on \\dc01.contoso.com`, "(2221)"),
		refuses(add("denied", "5"), platform.ErrDenied, `NetUserGetInfo CONTOSO\denied on \\dc01.contoso.com`, "(5)"),
		refuses(add("dead", "1722"), platform.ErrUnreachable, `NetUserGetInfo CONTOSO\dead on \\dc01.contoso.com`, "(1722)"),
		refuses(add("mute", "0"), platform.ErrMalformed, "without an answer"),
		refuses(add("other", "0 "+sid+" 201 0 0 another"), platform.ErrMalformed, `it answered for "another"`),
		refuses(add("hollow", "0 "+sid+" 1 0 0"), platform.ErrMalformed, "the flags are 0x1"),
		refuses(add("two", "0 "+sid+" 1201 0 0"), platform.ErrMalformed, "the flags are 0x1201"),
		refuses(add("trust", "0 "+sid+" 801 0 0"), platform.ErrMalformed, "the flags are 0x801"),
		refuses(platform.ReadDirectoryAccount(`AWAY\svc`), platform.ErrUnreachable, "DsGetDcName AWAY", "(1355)"),
		refuses(platform.ReadDirectoryAccount(`DENIED\svc`), platform.ErrDenied, "DsGetDcName DENIED", "(5)"),
		refuses(platform.ReadDirectoryAccount(`WRONG\svc`), platform.ErrUnsupported, "DsGetDcName WRONG", "(1212)"),
		refuses(platform.ReadDirectoryAccount(`MUTE\svc`), platform.ErrMalformed, "DsGetDcName MUTE", "without an answer"),
		refuses(platform.ReadDirectoryAccount(`NAMELESS\svc`), platform.ErrMalformed, `the controller's name is ""`),
		refuses(platform.ReadDirectoryAccount(`BARE\svc`), platform.ErrMalformed, `the controller's name is "dc01.contoso.com"`),
		refuses(platform.ReadDirectoryAccount(`OLD\svc`), platform.ErrMalformed, "no directory"),
		refuses(platform.ReadDirectoryAccount(`sm01\svc`), platform.ErrUnsupported, "account of this machine"),
		refuses(platform.ReadDirectoryAccount(`.\svc`), platform.ErrUnsupported, "no account of a domain"),
		refuses(platform.ReadDirectoryAccount("svc@contoso.com"), platform.ErrUnsupported, "no account of a domain"),
		refuses(platform.ReadDirectoryAccount(`CONTOSO\a\b`), platform.ErrUnsupported, "no account of a domain"),
		refuses(platform.ReadDirectoryAccount(`CONTOSO\`), platform.ErrUnsupported, "no account of a domain"),
		refuses(platform.ReadDirectoryAccount(""), platform.ErrUnsupported, "no account of a domain"),
	)
}

// ldapCalls are the calls to a directory that a stand-in has.
func ldapCalls() []string {
	return []string{
		"ldap_initW", "ldap_set_optionW", "ldap_connect", "ldap_bind_sW", "ldap_search_ext_sW", "ldap_first_entry", "ldap_get_values_lenW",
		"ldap_count_values_len", "ldap_value_free_len", "ldap_msgfree", "ldap_unbind",
	}
}

// The groups of an account are one attribute of its object in the directory, from a stand-in for Windows'
// own library. An attribute that is not told, or is told without a group, is no answer.
func testDirectoryGroups(t *testing.T, exe string) {
	p := withShim(t, "netapi32", "NetUserGetInfo", "DsGetDcNameW")
	replace(t, p, "wldap32", ldapCalls()...)
	const domain = "S-1-5-21-1-2-3-"
	rid := 1100
	// add makes an account that a controller has, and its object in the directory unless that is empty.
	add := func(in, controller, object string) platform.Query[platform.DirectoryGroups] {
		rid++
		p.WriteFile(`C:\fake\domains\`+in+".txt", []byte(`0 e00001f5 \\`+controller+"\n"))
		name := fmt.Sprintf("svc%d", rid)
		p.WriteFile(`C:\fake\servers\`+controller+`\users\`+name+".txt", fmt.Appendf(nil, "0 %s%d 201 0 0\n", domain, rid))
		if object != "" {
			p.WriteFile(fmt.Sprintf(`C:\fake\servers\%s\ldap\%s%d.txt`, controller, domain, rid), []byte(object))
		}
		return platform.ReadDirectoryGroups(in + `\` + name)
	}
	const dc01 = "dc01.contoso.com"
	closed := func(in, codes string) platform.Query[platform.DirectoryGroups] {
		p.WriteFile(`C:\fake\servers\`+strings.ToLower(in)+`\ldap.txt`, []byte(codes))
		return add(in, strings.ToLower(in), "0\n"+domain+"513\n")
	}
	var many strings.Builder
	var list []string
	for i := range platform.MaxEntries + 1 {
		sid := fmt.Sprintf("%s%d", domain, 10000+i)
		list = append(list, sid)
		many.WriteString(sid + "\n")
	}
	tryOn(t, p, exe, winetest.RunOptions{HostName: "sm01.contoso.com"},
		answers(add("CONTOSO", dc01, "0\n"+domain+"513\n"+domain+"1170\nS-1-5-21-4-5-6-1200\n"), platform.DirectoryGroups{
			SID: domain + "1101", Controller: dc01, Count: 3, List: []string{domain + "1170", domain + "513", "S-1-5-21-4-5-6-1200"},
		}),
		answers(add("CONTOSO", dc01, "0\n"+many.String()), platform.DirectoryGroups{
			SID: domain + "1102", Controller: dc01, Count: len(list) + 1, List: list[:platform.MaxEntries], More: true,
		}),
		answers(add("CONTOSO", dc01, "0\n"+domain+"1170\n"), platform.DirectoryGroups{ // beside the primary group
			SID: domain + "1103", Controller: dc01, Count: 2, List: []string{domain + "1170", domain + "513"},
		}),
		refuses(add("CONTOSO", dc01, ""), platform.ErrUnsupported, "ldap_search_ext_s tokenGroupsGlobalAndUniversal of "+domain+"1104 on \\\\"+dc01, "LDAP error 32"),
		refuses(add("CONTOSO", dc01, "50\n"), platform.ErrDenied, "LDAP error 50"),
		refuses(add("CONTOSO", dc01, "85\n"), platform.ErrTimeout, "LDAP error 85"),
		refuses(add("CONTOSO", dc01, "0\n"), platform.ErrDenied, "does not tell this attribute"),
		refuses(add("CONTOSO", dc01, "0\nnone\n"), platform.ErrMalformed, "there is no group"),
		refuses(add("CONTOSO", dc01, "0\nempty\n"), platform.ErrMalformed, "without an object"),
		refuses(add("CONTOSO", dc01, "0\n"+domain+"513\nshort\n"), platform.ErrMalformed, "a value is no SID"),
		refuses(add("CONTOSO", dc01, "0\n"+domain+"513\nlong enough for one\n"), platform.ErrMalformed, "is no SID"),
		refuses(closed("DEAD", "81 0"), platform.ErrUnreachable, `ldap_connect on \\dead`, "LDAP error 81"),
		refuses(closed("STRANGE", "0 49"), platform.ErrDenied, `ldap_bind_s on \\strange`, "LDAP error 49"),
		refuses(platform.ReadDirectoryGroups(`CONTOSO\gone`), platform.ErrAbsent, "(2221)"),
		refuses(platform.ReadDirectoryGroups(`AWAY\svc`), platform.ErrUnreachable, "(1355)"),
		refuses(platform.ReadDirectoryGroups(`.\svc`), platform.ErrUnsupported, "no account of a domain"),
	)
}
