package platform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"siteready/platform"
)

func TestNativeQuestions(t *testing.T) {
	filter := platform.EventFilter{Provider: "Service Control Manager", IDs: []uint16{7038, 7000}, Days: 90}
	tests := []struct {
		question platform.Question
		kind     platform.Kind
		want     string
	}{
		{platform.ReadAccount(`CONTOSO\svc`).Question, platform.KindAccount, `account CONTOSO\svc : account`},
		{platform.ReadAccountRight("S-1-5-18", "SeServiceLogonRight").Question, platform.KindAccount, `account S-1-5-18 : SeServiceLogonRight`},
		{platform.ReadGroupMembers("S-1-5-32-544").Question, platform.KindAccount, `account S-1-5-32-544 : members`},
		{platform.ReadTokenMember("S-1-5-32-544").Question, platform.KindAccount, `account S-1-5-32-544 : token`},
		{platform.ReadAccountState(`.\svc`).Question, platform.KindAccount, `account .\svc : state`},
		{platform.ReadDirectoryAccount(`CONTOSO\svc`).Question, platform.KindAccount, `account CONTOSO\svc : directory`},
		{platform.ReadDirectoryGroups(`CONTOSO\svc`).Question, platform.KindAccount, `account CONTOSO\svc : directory_groups`},
		{platform.ReadAccess(`D:\SM`).Question, platform.KindAccess, `access D:\SM`},
		{platform.ReadDomainJoin().Question, platform.KindOS, `os : domain`},
		{platform.ReadEvents("System", filter).Question, platform.KindEvents, `events System : 7000,7038 of Service Control Manager within 90 days`},
		{platform.ReadPrereqLog(`C:\ConfigMgrPrereq.log`).Question, platform.KindLog, `log C:\ConfigMgrPrereq.log : prerequisite check`},
		{platform.ReadBackupLog(`D:\CM\Logs\smsbkup.log`).Question, platform.KindLog, `log D:\CM\Logs\smsbkup.log : site backup`},
		{platform.ReadDigest(`D:\CM\x.xml`).Question, platform.KindDigest, `digest D:\CM\x.xml`},
		{platform.ReadRuntimeSettings(`D:\SM\x.exe.config`).Question, platform.KindDigest, `digest D:\SM\x.exe.config : runtime settings`},
		{platform.ReadShare(`\\fs01\source`).Question, platform.KindShare, `share \\fs01\source`},
		{platform.ReadTCP("sql01.contoso.com:1433").Question, platform.KindTCP, `tcp sql01.contoso.com:1433`},
		{platform.ReadAddresses("sql01.contoso.com").Question, platform.KindName, `name sql01.contoso.com`},
		{platform.ReadCertificates(`LocalMachine\SMS`).Question, platform.KindCertificate, `certificate LocalMachine\SMS`},
	}
	for _, test := range tests {
		if test.question.Kind != test.kind || test.question.String() != test.want {
			t.Errorf("%+v prints as %q; want %q of kind %s", test.question, test.question, test.want, test.kind)
		}
	}
	if !slices.Equal(filter.IDs, []uint16{7038, 7000}) {
		t.Error("asking sorted the numbers of who asked")
	}
}

func TestEventFilter(t *testing.T) {
	ids := strings.TrimSuffix(strings.Repeat("1,", platform.MaxEventIDs), ",")
	for _, text := range []string{
		"7000 of Service Control Manager within 90 days",
		"0,7,65535 of A of B within 3 days within 3650 days",
		`1 of It's "quoted" within 1 days`,
		ids + " of X within 1 days",
		"7000,7009 of Service Control Manager for OMCFG within 90 days",
		"1 of A for B for C within 1 days",
	} {
		f, err := platform.ParseEventFilter(text)
		if err != nil || f.String() != text {
			t.Errorf("%q is read as %+v, %v", text, f, err)
		}
	}
	for _, text := range []string{
		"", "7000", "7000 of X", "of X within 1 days", " of X within 1 days", "1 of  within 1 days", "1 of X within 0 days",
		"1 of X within -1 days", "1 of X within 3651 days", "1 of X within 99999999999999999999 days", "1 of X within 01 days",
		"1 of X within 1 day", "1 of X within 1 days ", "65536 of X within 1 days", "1, 2 of X within 1 days", "2,1 of X within 1 days",
		"+1 of X within 1 days", "1 of X for  within 1 days", "1 of  for X within 1 days", "1, of X within 1 days", "x of X within 1 days", ids + ",1 of X within 1 days",
	} {
		f, err := platform.ParseEventFilter(text)
		if !errors.Is(err, platform.ErrMalformed) {
			t.Errorf("%q is read as %+v, %v", text, f, err)
		}
	}
}

func TestEventFilterForAService(t *testing.T) {
	f, err := platform.ParseEventFilter("7009 of Service Control Manager for OMCFG within 90 days")
	if err != nil || f.Provider != "Service Control Manager" || f.Service != "OMCFG" || f.Days != 90 {
		t.Errorf("%+v, %v", f, err)
	}
}

// FuzzEventFilter reads what it wrote, and nothing else.
func FuzzEventFilter(f *testing.F) {
	for _, seed := range []string{"7000 of Service Control Manager within 90 days", "1,2 of  within 1 days", " of x within 1 days", "1 of a for b within 1 days", "1 of a within b within 2 days"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := platform.ParseEventFilter(text)
		if err == nil && (filter.String() != text || filter.Days < 1 || len(filter.IDs) == 0 || filter.Provider == "") {
			t.Errorf("%q is read as %+v", text, filter)
		}
	})
}
