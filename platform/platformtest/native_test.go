package platformtest_test

import (
	"errors"
	"testing"

	"siteready/platform"
	"siteready/platform/platformtest"
)

// native is a site that knows of accounts, event logs, shares and certificates.
func native() map[string]any {
	return platformtest.Edit(small(), map[string]any{
		"domain":   map[string]any{"status": "domain", "name": "CONTOSO"},
		"accounts": map[string]any{`CONTOSO\svc`: map[string]any{"sid": "S-1-5-21-1", "name": `CONTOSO\svc`, "use": "user"}},
		"rights": map[string]any{
			"SeServiceLogonRight":     []any{"S-1-5-21-1", "S-1-5-80-0"},
			"SeDenyServiceLogonRight": []any{},
		},
		"groups": map[string]any{"S-1-5-32-544": map[string]any{"group": "Administrators", "count": 1, "more": false, "members": []any{
			map[string]any{"sid": "S-1-5-21-1", "name": `CONTOSO\svc`, "use": "user"},
		}}},
		"servers": map[string]any{
			"SQL01": map[string]any{"groups": map[string]any{"S-1-5-32-544": map[string]any{"group": "Administrators", "count": 0, "more": false, "members": []any{}}}},
			"MP01":  map[string]any{},
		},
		"states": map[string]any{`.\local`: map[string]any{"sid": "S-1-5-21-2", "disabled": false, "locked": true, "must_change": false, "ends": true, "end": "2026-12-01T00:00:00Z"}},
		"token":  []any{"S-1-5-32-544"},
		"events": map[string]any{"System": map[string]any{filter.String(): map[string]any{
			"count": 0, "oldest": nil, "newest": nil, "more": false, "begins": "2026-01-02T03:04:05Z",
		}}},
		"shares": map[string]any{`\\fs01\source`: map[string]any{"outcome": "no_share", "number": 67}},
		"names":  map[string]any{"sql01.contoso.com": []any{"10.0.0.12", "10.0.0.11"}, "gone.contoso.com": []any{}},
		"tcp":    map[string]any{"sql01.contoso.com:1433": "open", "sql01.contoso.com:4022": "refused", "gone.contoso.com:445": "no_name"},
		"certificates": map[string]any{
			`LocalMachine\MY`: []any{},
			`LocalMachine\SMS`: []any{map[string]any{
				"thumbprint": "AB", "subject": "CN=a", "issuer": "CN=b", "not_after": "2027-01-02T03:04:05Z", "private_key": true, "usages": nil,
			}},
		},
	})
}

var filter = platform.EventFilter{Provider: "Service Control Manager", IDs: []uint16{7000}, Days: 90}

func TestNativeSite(t *testing.T) {
	site := newSite(t, native())
	for _, test := range []struct {
		question platform.Question
		want     string
	}{
		{platform.ReadDomainJoin().Question, `{"status":"domain","name":"CONTOSO"}`},
		{platform.ReadAccount(`contoso\SVC`).Question, `{"sid":"S-1-5-21-1","name":"CONTOSO\\svc","use":"user"}`},
		{platform.ReadAccountOf("S-1-5-21-1").Question, `{"sid":"S-1-5-21-1","name":"CONTOSO\\svc","use":"user"}`},
		{platform.ReadGroupMembers("S-1-5-32-544").At("sql01").Question, `{"group":"Administrators","count":0,"members":[],"more":false}`},
		{platform.ReadAccountRight("S-1-5-21-1", "SeServiceLogonRight").Question, `{"held":true,"holders":2,"list":["S-1-5-21-1","S-1-5-80-0"],"more":false}`},
		{platform.ReadAccountRight("S-1-5-21-2", "SeServiceLogonRight").Question, `{"held":false,"holders":2,"list":["S-1-5-21-1","S-1-5-80-0"],"more":false}`},
		{platform.ReadAccountRight("S-1-5-21-1", "SeDenyServiceLogonRight").Question, `{"held":false,"holders":0,"list":[],"more":false}`},
		{
			platform.ReadGroupMembers("S-1-5-32-544").Question,
			`{"group":"Administrators","count":1,"members":[{"sid":"S-1-5-21-1","name":"CONTOSO\\svc","use":"user"}],"more":false}`,
		},
		{
			platform.ReadAccountState(`.\LOCAL`).Question,
			`{"sid":"S-1-5-21-2","disabled":false,"locked":true,"must_change":false,"ends":true,"end":"2026-12-01T00:00:00Z"}`,
		},
		{platform.ReadTokenMember("S-1-5-32-544").Question, `{"member":true}`},
		{platform.ReadTokenMember("S-1-5-32-545").Question, `{"member":false}`},
		{platform.ReadEvents("system", filter).Question, `{"count":0,"oldest":null,"newest":null,"more":false,"begins":"2026-01-02T03:04:05Z"}`},
		{platform.ReadShare(`\\FS01\source`).Question, `{"outcome":"no_share","number":67}`},
		{platform.ReadAddresses("SQL01.contoso.com").Question, `{"addresses":["10.0.0.11","10.0.0.12"]}`},
		{platform.ReadAddresses("127.0.0.1").Question, `{"addresses":["127.0.0.1"]}`},
		{platform.ReadTCP("sql01.contoso.com:1433").Question, `{"outcome":"open","addresses":["10.0.0.11","10.0.0.12"]}`},
		{platform.ReadTCP("SQL01.contoso.com:4022").Question, `{"outcome":"refused","addresses":["10.0.0.11","10.0.0.12"]}`},
		{platform.ReadTCP("gone.contoso.com:445").Question, `{"outcome":"no_name","addresses":[]}`},
		{platform.ReadCertificates(`localmachine\my`).Question, `{"count":0,"certificates":[],"more":false}`},
		{
			platform.ReadCertificates(`LocalMachine\SMS`).Question,
			`{"count":1,"certificates":[{"thumbprint":"AB","subject":"CN=a","issuer":"CN=b","not_after":"2027-01-02T03:04:05Z","private_key":true,"usages":null}],"more":false}`,
		},
	} {
		if raw, err := site.Read(t.Context(), test.question); string(raw) != test.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", test.question, raw, err, test.want)
		}
	}
	silent := newSite(t, small())
	other := platform.EventFilter{Provider: "x", IDs: []uint16{1}, Days: 1}
	for _, test := range []struct {
		site     *platformtest.Site
		question platform.Question
		reason   error
	}{
		{site, platform.ReadAccount("nobody").Question, platform.ErrUnreachable},
		{site, platform.ReadAccountState(`.\nobody`).Question, platform.ErrAbsent},
		{site, platform.ReadAccountState(`CONTOSO\svc`).Question, platform.ErrUnsupported},
		{site, platform.ReadAccountOf("S-1-5-21-9").Question, platform.ErrUnreachable},
		{site, platform.ReadGroupMembers("S-1-5-32-545").At("sql01").Question, platform.ErrAbsent},
		{site, platform.ReadGroupMembers("S-1-5-32-544").At("mp01").Question, platform.ErrDenied},
		{site, platform.ReadGroupMembers("S-1-5-32-544").At("dead").Question, platform.ErrUnreachable},
		{site, platform.ReadTokenMember("S-1-5-32-544").At("sql01").Question, platform.ErrUnsupported},
		{site, platform.ReadAccountRight("S-1-5-21-1", "SeBatchLogonRight").Question, platform.ErrUnsupported},
		{site, platform.ReadGroupMembers("S-1-5-32-545").Question, platform.ErrAbsent},
		{site, platform.ReadEvents("System", other).Question, platform.ErrUnsupported},
		{site, platform.ReadEvents("Application", filter).Question, platform.ErrAbsent},
		{site, platform.ReadShare(`\\fs02\source`).Question, platform.ErrUnsupported},
		{site, platform.ReadCertificates(`LocalMachine\WebHosting`).Question, platform.ErrAbsent},
		{site, platform.ReadAddresses("gone.contoso.com").Question, platform.ErrAbsent},
		{site, platform.ReadAddresses("other.contoso.com").Question, platform.ErrAbsent},
		{silent, platform.ReadAddresses("other.contoso.com").Question, platform.ErrUnsupported},
		{site, platform.ReadTCP("sql01.contoso.com:445").Question, platform.ErrUnsupported},
		{silent, platform.ReadDomainJoin().Question, platform.ErrUnsupported},
		{silent, platform.ReadTokenMember("S-1-5-32-544").Question, platform.ErrUnsupported},
	} {
		if raw, err := test.site.Read(t.Context(), test.question); !errors.Is(err, test.reason) {
			t.Errorf("%s: %s, %v; want %v", test.question, raw, err, test.reason)
		}
	}
}

func TestNativeSiteConforms(t *testing.T) {
	site := newSite(t, native())
	away := append(absent(site), platform.ReadGroupMembers("S-1-5-32-545").Question,
		platform.ReadEvents("Application", filter).Question, platform.ReadCertificates(`LocalMachine\WebHosting`).Question,
		platform.ReadAddresses("gone.contoso.com").Question)
	if err := platformtest.TestReader(t.Context(), site, site.Questions(), away); err != nil {
		t.Error(err)
	}
}
