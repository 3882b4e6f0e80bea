package windows_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/windows/winetest"
)

// These tests put questions to the live reader in a Windows program under Wine, each in a
// Windows of its own. Where Wine only pretends to have a call, the call is replaced by one
// that keeps the same contract; the reader is the one that ships.

// program builds the Windows program that asks.
func program(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "asker.exe")
	if err := winetest.Build(t.Context(), "siteready/platform/windows/testdata/asker", exe); err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestInAPrefixOfItsOwn(t *testing.T) {
	exe := program(t)
	for name, test := range map[string]func(*testing.T, string){
		"lying calls":        testLyingCalls,
		"events":             testEvents,
		"group members":      testGroupMembers,
		"account rights":     testAccountRights,
		"accounts elsewhere": testAccountsElsewhere,
		"shares":             testShares,
		"folders":            testFolders,
		"access lists":       testAccessLists,
		"account states":     testAccountStates,
		"directory accounts": testDirectoryAccounts,
		"directory groups":   testDirectoryGroups,
		"could not check":    testCouldNotCheck,
		"conformance":        testConformance,
		"certificate stores": testCertificateStores,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, exe)
		})
	}
}

// withShim is a Windows in which a DLL's exports are replaced by those of a C source.
func withShim(t *testing.T, dll string, exports ...string) *winetest.Prefix {
	t.Helper()
	p := winetest.New(t)
	replace(t, p, dll, exports...)
	return p
}

func replace(t *testing.T, p *winetest.Prefix, dll string, exports ...string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "shims", dll+".c"))
	if err != nil {
		t.Fatal(err)
	}
	p.ReplaceDLL(dll, string(source), exports...)
}

// trial is a question and what must come of it: an answer, or a reason and words of the cause.
type trial struct {
	question platform.Question
	answer   any
	reason   error
	words    []string
}

func answers[A any](q platform.Query[A], want A) trial {
	return trial{question: q.Question, answer: want}
}

func refuses[A any](q platform.Query[A], reason error, words ...string) trial {
	return trial{question: q.Question, reason: reason, words: words}
}

// try puts all questions in one run of the program. Answers are decoded as a check would.
func try(t *testing.T, p *winetest.Prefix, exe string, trials ...trial) {
	t.Helper()
	tryOn(t, p, exe, winetest.RunOptions{}, trials...)
}

// tryOn is try on a machine that is run otherwise, such as under another name.
func tryOn(t *testing.T, p *winetest.Prefix, exe string, options winetest.RunOptions, trials ...trial) {
	t.Helper()
	questions := make([]platform.Question, len(trials))
	for i, trial := range trials {
		questions[i] = trial.question
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	options.Stdin = bytes.NewReader(input)
	got := p.Run(t.Context(), exe, options)
	var outcomes []struct {
		Answer json.RawMessage    `json:"answer"`
		Err    *platform.NoAnswer `json:"error"`
	}
	if err := json.Unmarshal(got.Stdout, &outcomes); err != nil || len(outcomes) != len(trials) {
		t.Fatalf("%v in %q, %q", err, got.Stdout, got.Stderr)
	}
	for i, trial := range trials {
		o := outcomes[i]
		switch {
		case trial.reason == nil && o.Err != nil:
			t.Errorf("%s: %v (%v)", trial.question, o.Err, o.Err.Reason)
		case trial.reason == nil:
			checkAnswer(t, trial, o.Answer)
		case o.Err == nil:
			t.Errorf("%s: answered %s; want %v", trial.question, o.Answer, trial.reason)
		case !errors.Is(o.Err, trial.reason):
			t.Errorf("%s: the reason is %v, want %v: %v", trial.question, o.Err.Reason, trial.reason, o.Err)
		default:
			for _, word := range trial.words {
				if !strings.Contains(o.Err.Cause, word) {
					t.Errorf("%s: the cause %q does not say %q", trial.question, o.Err.Cause, word)
				}
			}
		}
	}
}

// checkAnswer compares an answer with the one that is wanted, without a word about the rest.
func checkAnswer(t *testing.T, want trial, raw json.RawMessage) {
	t.Helper()
	wanted, err := json.Marshal(want.answer)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(raw, &a) != nil || json.Unmarshal(wanted, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%s:\n got %s\nwant %s", want.question, raw, wanted)
	}
}

const (
	users  = "S-1-5-32-545"
	admins = "S-1-5-32-544"
	nobody = "S-1-5-21-1-2-3-4444"
)

var serviceEvents = platform.EventFilter{Provider: "Service Control Manager", IDs: []uint16{7009, 7000}, Days: 90}

// What Wine only pretends to have must not look like an answer.
func testLyingCalls(t *testing.T, exe string) {
	try(t, winetest.New(t), exe,
		refuses(platform.ReadGroupMembers(admins), platform.ErrMalformed, "NetLocalGroupGetMembers Administrators", "not really read"),
		refuses(platform.ReadGroupMembers(users), platform.ErrMalformed, "NetLocalGroupGetMembers Users", "not really read"),
		refuses(platform.ReadGroupMembers("S-1-5-32-999"), platform.ErrAbsent, "LookupAccountSid S-1-5-32-999", "(1332)"),
		refuses(platform.ReadAccountRight(admins, "SeServiceLogonRight"), platform.ErrMalformed,
			"LsaEnumerateAccountsWithUserRight SeServiceLogonRight", "SeChangeNotifyPrivilege", "not really read"),
		refuses(platform.ReadAccountRight(admins, "SeDenyServiceLogonRight"), platform.ErrMalformed, "not really read"),
		refuses(platform.ReadEvents("System", serviceEvents), platform.ErrUnsupported, "EvtQuery System", "(0)"),
		refuses(platform.ReadEvents("No Such Log", serviceEvents), platform.ErrUnsupported, "EvtQuery No Such Log", "(0)"),
	)
}

func testEvents(t *testing.T, exe string) {
	const xpath = "*[System[Provider[@Name='Service Control Manager'] and (EventID=7000 or EventID=7009) and TimeCreated[timediff(@SystemTime) <= 7776000000]]]"
	line := func(provider string, id int, written, rest string) string {
		return fmt.Sprintf(`<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='%s' Guid='{x}'/>`+
			`<EventID Qualifiers='49152'>%d</EventID><TimeCreated SystemTime='%s'/></System>%s</Event>`+"\n", provider, id, written, rest)
	}
	const scm, first = "Service Control Manager", "2026-01-02T03:04:05.1234567Z"
	at := func(text string) *time.Time {
		written, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return &written
	}
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(scm, 7000, at("2026-11-01T00:00:00Z").Add(-time.Duration(i)*time.Minute).Format(time.RFC3339), ""))
		}
		return b.String()
	}
	p := withShim(t, "wevtapi", "EvtQuery", "EvtNext", "EvtRender", "EvtClose")
	// The log: what is there, what fits, and the numbers with which calls fail.
	log := func(name string, files ...string) platform.Query[platform.Events] {
		for i := 0; i < len(files); i += 2 {
			p.WriteFile(`C:\fake\events\`+name+"."+files[i], []byte(files[i+1]))
		}
		return platform.ReadEvents(name, serviceEvents)
	}
	p.AddService(winetest.Service{Name: "EventSys", DisplayName: "Ereignis & System", ImagePath: `C:\services\EventSys.exe`, Account: "LocalSystem", Start: 3})
	forService := func(name, service string, files ...string) platform.Query[platform.Events] {
		log(name, files...)
		filter := serviceEvents
		filter.Service = service
		return platform.ReadEvents(name, filter)
	}
	data := func(list ...string) string {
		return "<EventData><Data Name='x'>" + strings.Join(list, "</Data><Data>") + "</Data></EventData>"
	}
	ofService := line(scm, 7009, "2026-11-01T00:00:00Z", data("30000", "Ereignis &amp; System")) +
		line(scm, 7000, "2026-10-31T00:00:00Z", data("Another", "%%1053")) +
		line(scm, 7000, "2026-10-30T00:00:00Z", data("EVENTSYS", "%%1053")) +
		line(scm, 7000, "2026-10-29T00:00:00Z", data("EventSys", "&#x1; no XML")) +
		line(scm, 7000, "2026-10-28T00:00:00Z", data("No Such Service")) +
		line(scm, 7000, "2026-10-27T00:00:00Z", "<UserData><Data>EventSys</Data></UserData>") +
		line(scm, 7000, "2026-10-26T00:00:00Z", data("1", "2", "3", "4", "5", "6", "7", "8", "EventSys")) +
		line(scm, 7000, "2026-10-25T00:00:00Z", "")
	oldest := line("Someone", 1, first, "")
	last := at("2026-11-01T00:00:00Z")
	try(t, p, exe,
		answers(log("Found", "all", oldest, "found",
			line(scm, 7009, "2026-11-02T01:00:00.5Z", "<EventData><Data>S3CRET &#x1; text</Data></EventData>")+
				line(scm, 7000, "2026-10-01T01:00:00Z", "<EventData><Data>"+strings.Repeat("long ", 5000)+"</Data></EventData>")),
			platform.Events{Count: 2, Oldest: at("2026-10-01T01:00:00Z"), Newest: at("2026-11-02T01:00:00.5Z"), Begins: at(first)}),
		answers(log("Nothing", "all", oldest, "found", ""), platform.Events{Begins: at(first)}),
		answers(log("Empty", "all", "", "found", ""), platform.Events{}),
		answers(log("Full", "all", oldest, "found", many(platform.MaxEvents)), platform.Events{
			Count: 1000, Newest: last, Oldest: at("2026-10-31T07:21:00Z"), Begins: at(first),
		}),
		answers(log("Over", "all", oldest, "found", many(platform.MaxEvents+1)), platform.Events{
			Count: 1000, Newest: last, Oldest: at("2026-10-31T07:21:00Z"), Begins: at(first), More: true,
		}),
		answers(forService("Service", "EventSys", "all", oldest, "found", ofService), platform.Events{
			Count: 3, Newest: last, Oldest: at("2026-10-29T00:00:00Z"), Begins: at(first),
		}),
		answers(forService("Nameless", "No Such Service", "all", oldest, "found", ofService), platform.Events{
			Count: 1, Newest: at("2026-10-28T00:00:00Z"), Oldest: at("2026-10-28T00:00:00Z"), Begins: at(first),
		}),
		refuses(log("Absent"), platform.ErrAbsent, "EvtQuery Absent", "(15007)"),
		refuses(log("Denied", "query", "5"), platform.ErrDenied, "EvtQuery Denied", "(5)"),
		refuses(log("Null", "query", "0"), platform.ErrUnsupported, "EvtQuery Null", "(0)"),
		refuses(log("Torn", "all", oldest, "found", many(70), "next", "1460"), platform.ErrTimeout, "EvtNext Torn", "(1460)"),
		refuses(log("Silent", "all", oldest, "found", "", "next", "0"), platform.ErrUnsupported, "EvtNext Silent", "(0)"),
		refuses(log("Other", "all", oldest, "found", line("Other", 7000, first, "")), platform.ErrMalformed, `event 7000 of "Other"`),
		refuses(log("Number", "all", oldest, "found", line(scm, 7001, first, "")), platform.ErrMalformed, "event 7001"),
		refuses(log("Untimed", "all", oldest, "found", line(scm, 7000, "", "")), platform.ErrMalformed, `time is ""`),
		refuses(log("NoXML", "all", oldest, "found", "<Event><System>\n"), platform.ErrMalformed, "EvtRender NoXML"),
		refuses(log("Hollow", "all", "", "found", many(1)), platform.ErrMalformed, "is empty"),
	)
	queries, err := os.ReadFile(p.Path(`C:\fake\events\queries.txt`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"201 Found: " + xpath + "\n", "101 Found: *\n"} {
		if !strings.Contains(string(queries), want) {
			t.Errorf("it was not asked for %q but for %s", want, queries)
		}
	}
}

func testGroupMembers(t *testing.T, exe string) {
	p := withShim(t, "netapi32", "NetLocalGroupGetInfo", "NetLocalGroupGetMembers", "NetGetJoinInformation")
	// Users is the group whose file changes between the runs; Administrators is good.
	p.WriteFile(`C:\fake\groups\Administrators.txt`, []byte("0 0 0 2\n"+
		"S-1-5-21-9-9-9-500 1 CM01\\Größe\nS-1-5-21-1-2-3-512 2 CONTOSO\\Domain Admins\nS-1-5-21-1-2-3-1105 1 CONTOSO\\svc cm\n"+
		"S-1-5-21-7-7-7-1 8\nS-1-5-80-0 5 NT SERVICE\\ALL SERVICES\n"))
	try(t, p, exe,
		answers(platform.ReadGroupMembers(admins), platform.GroupMembers{Group: "Administrators", Count: 5, Members: []platform.Account{
			{SID: "S-1-5-21-1-2-3-1105", Name: `CONTOSO\svc cm`, Use: "user"},
			{SID: "S-1-5-21-1-2-3-512", Name: `CONTOSO\Domain Admins`, Use: "group"},
			{SID: "S-1-5-21-7-7-7-1", Use: "unknown"},
			{SID: "S-1-5-21-9-9-9-500", Name: `CM01\Größe`, Use: "user"},
			{SID: "S-1-5-80-0", Name: `NT SERVICE\ALL SERVICES`, Use: "well_known_group"},
		}}),
		refuses(platform.ReadGroupMembers(users), platform.ErrAbsent, "NetLocalGroupGetInfo Users", "(2220)"),
		refuses(platform.ReadGroupMembers("S-1-1-0"), platform.ErrMalformed, "no local group"),
		refuses(platform.ReadGroupMembers(nobody), platform.ErrUnreachable, "LookupAccountSid "+nobody, "(1332)"),
		refuses(platform.ReadGroupMembers(admins).At(`sql01\x`), platform.ErrMalformed, "no name of a server"),
		refuses(platform.ReadTokenMember(admins).At("sql01"), platform.ErrUnsupported, "only the machine"),
		refuses(platform.ReadGroupMembers("Administrators"), platform.ErrMalformed, "no SID"),
		refuses(platform.ReadDomainJoin(), platform.ErrDenied, "NetGetJoinInformation", "(5)"),
	)
	var long strings.Builder
	var list []platform.Account
	for i := range platform.MaxEntries + 3 {
		sid := fmt.Sprintf("S-1-5-21-1-2-3-%d", 1000+i)
		fmt.Fprintf(&long, "%s 1\n", sid)
		list = append(list, platform.Account{SID: sid, Use: "user"})
	}
	for _, c := range []struct {
		name, group, join string
		members, joined   trial
	}{
		{
			"nobody", "0 0 0 2\n", "3 CONTOSO",
			answers(platform.ReadGroupMembers(users), platform.GroupMembers{Group: "Users", Members: []platform.Account{}}),
			answers(platform.ReadDomainJoin(), platform.DomainJoin{Status: "domain", Name: "CONTOSO"}),
		},
		{
			"nobody, though there are some", "0 0 2 2\n", "2 WORKGROUP",
			refuses(platform.ReadGroupMembers(users), platform.ErrMalformed, "NetLocalGroupGetMembers Users", "0 members were given and 2 are there"),
			answers(platform.ReadDomainJoin(), platform.DomainJoin{Status: "workgroup", Name: "WORKGROUP"}),
		},
		{
			"group denied", "5 0 0 2\n", "1",
			refuses(platform.ReadGroupMembers(users), platform.ErrDenied, "NetLocalGroupGetInfo Users", "(5)"),
			answers(platform.ReadDomainJoin(), platform.DomainJoin{Status: "unjoined"}),
		},
		{
			"list denied", "0 5 0 2\n", "0 CONTOSO",
			refuses(platform.ReadGroupMembers(users), platform.ErrDenied, "NetLocalGroupGetMembers Users", "(5)"),
			refuses(platform.ReadDomainJoin(), platform.ErrMalformed, "the status is 0"),
		},
		{
			"gone meanwhile", "0 1376 0 2\n", "3",
			refuses(platform.ReadGroupMembers(users), platform.ErrAbsent, "NetLocalGroupGetMembers Users", "(1376)"),
			refuses(platform.ReadDomainJoin(), platform.ErrMalformed, "no name"),
		},
		{
			"unknown use", "0 0 0 2\nS-1-5-18 1 a\nS-1-5-19 99 b\nS-1-5-20 1 c\n", "9 x",
			refuses(platform.ReadGroupMembers(users), platform.ErrMalformed, "the use of S-1-5-19 is 99"),
			refuses(platform.ReadDomainJoin(), platform.ErrMalformed, "the status is 9"),
		},
	} {
		p.WriteFile(`C:\fake\groups\Users.txt`, []byte(c.group))
		p.WriteFile(`C:\fake\join.txt`, []byte(c.join))
		t.Log(c.name)
		try(t, p, exe, c.members, c.joined)
	}
	p.WriteFile(`C:\fake\groups\Users.txt`, []byte("0 0 0 100\n"+long.String()))
	try(t, p, exe, answers(platform.ReadGroupMembers(users), platform.GroupMembers{
		Group: "Users", Count: platform.MaxEntries + 3, Members: list[:platform.MaxEntries], More: true,
	}))
	p.WriteFile(`C:\fake\groups\Users.txt`, []byte("0 0 0 1\n"+long.String()))
	try(t, p, exe, refuses(platform.ReadGroupMembers(users), platform.ErrTooLarge, "NetLocalGroupGetMembers Users", "did not end"))
	p.WriteFile(`C:\fake\groups\Users.txt`, []byte("0 0 0 2\n"))
	p.WriteFile(`C:\fake\groups\Administrators.txt`, []byte("0 0 0 2\n"))
	try(t, p, exe, refuses(platform.ReadGroupMembers(users), platform.ErrMalformed, "nobody is said to be in Administrators either"))
}

// Accounts of a domain, and groups of another server, whose name is asked of that server.
func testAccountsElsewhere(t *testing.T, exe string) {
	p := withShim(t, "netapi32", "NetLocalGroupGetInfo", "NetLocalGroupGetMembers")
	replace(t, p, "advapi32", "LookupAccountNameW", "LookupAccountSidW")
	long := strings.Repeat("Long", 30)
	p.WriteFile(`C:\fake\accounts.txt`, []byte("S-1-5-21-1-2-3-1201 1 CONTOSO\\CM01$|CONTOSO\\CM01$\n"+
		"S-1-5-21-1-2-3-1130 2 admins@contoso.com|CONTOSO\\"+long+" Größe\n"))
	p.WriteFile(`C:\fake\servers\sql01.contoso.com\groups\Administrators.txt`, []byte("0 0 0 2\nS-1-5-21-1-2-3-1201 1 CONTOSO\\CM01$\n"))
	p.WriteFile(`C:\fake\servers\closed\groups\Administrators.txt`, []byte("5 0 0 2\n"))
	p.WriteFile(`C:\fake\servers\odd\groups\Users.txt`, []byte("0 0 0 2\n"))
	p.WriteFile(`C:\fake\groups\Administrators.txt`, []byte("0 0 0 2\nS-1-5-18 5 x\n"))
	computer := platform.Account{SID: "S-1-5-21-1-2-3-1201", Name: `CONTOSO\CM01$`, Use: "user"}
	group := platform.Account{SID: "S-1-5-21-1-2-3-1130", Name: `CONTOSO\` + long + " Größe", Use: "group"}
	try(t, p, exe,
		answers(platform.ReadAccount(`contoso\cm01$`), computer),
		answers(platform.ReadAccountOf(computer.SID), computer),
		answers(platform.ReadAccount("admins@contoso.com"), group),
		answers(platform.ReadAccountOf(group.SID), group),
		refuses(platform.ReadAccountOf(nobody), platform.ErrUnreachable, "LookupAccountSid "+nobody, "(1332)"),
		refuses(platform.ReadAccountOf(`CONTOSO\CM01$`), platform.ErrMalformed, "no SID"),
		answers(platform.ReadGroupMembers(admins).At("sql01.contoso.com"), platform.GroupMembers{
			Group: "Administrators", Count: 1, Members: []platform.Account{computer},
		}),
		refuses(platform.ReadGroupMembers(users).At("sql01.contoso.com"), platform.ErrAbsent, `NetLocalGroupGetInfo Users on \\sql01.contoso.com`, "(2220)"),
		refuses(platform.ReadGroupMembers(admins).At("closed"), platform.ErrDenied, `NetLocalGroupGetInfo Administrators on \\closed`, "(5)"),
		refuses(platform.ReadGroupMembers(users).At("odd"), platform.ErrMalformed, `NetLocalGroupGetInfo Administrators on \\odd`, "(2220)"),
		refuses(platform.ReadGroupMembers(admins).At("dead"), platform.ErrUnreachable, `LookupAccountSid `+admins+` on \\dead`, "(1722)"),
	)
}

func testAccountRights(t *testing.T, exe string) {
	p := withShim(t, "advapi32", "LsaOpenPolicy", "LsaClose", "LsaFreeMemory", "LsaEnumerateAccountsWithUserRight", "OpenSCManagerW")
	right := func(name, content string) platform.Query[platform.AccountRight] {
		p.WriteFile(`C:\fake\rights\`+name+".txt", []byte(content))
		return platform.ReadAccountRight(nobody, name)
	}
	right("SeChangeNotifyPrivilege", "0\nS-1-1-0\n")
	try(t, p, exe,
		answers(right("SeServiceLogonRight", "0\nS-1-5-80-0\n"+nobody+"\n"), platform.AccountRight{Held: true, Holders: 2, List: []string{nobody, "S-1-5-80-0"}}),
		answers(right("SeBatchLogonRight", "0\nS-1-5-32-544\n"+nobody+"5\n"), platform.AccountRight{Held: false, Holders: 2, List: []string{nobody + "5", "S-1-5-32-544"}}),
		answers(right("SeDenyServiceLogonRight", "8000001A\n"), platform.AccountRight{List: []string{}}),
		refuses(right("SeEmptyRight", "0\n"), platform.ErrMalformed, "succeeded with 0 accounts"),
		refuses(right("SeDeniedRight", "C0000022\n"), platform.ErrDenied, "LsaEnumerateAccountsWithUserRight SeDeniedRight", "(5)"),
		refuses(platform.ReadAccountRight(nobody, "SeMisspeltRight"), platform.ErrMalformed, "knows no such right"),
		refuses(platform.ReadAccountRight(nobody, "anything"), platform.ErrUnsupported, "anything"),
		refuses(platform.ReadService("RpcSs"), platform.ErrDenied, "OpenSCManager", "(5)"),
	)
	p.WriteFile(`C:\fake\rights\SeChangeNotifyPrivilege.txt`, []byte("8000001A\n"))
	try(t, p, exe, refuses(platform.ReadAccountRight(nobody, "SeServiceLogonRight"), platform.ErrMalformed, "not really read"))
	p.WriteFile(`C:\fake\rights\open.txt`, []byte("C0000022\n"))
	try(t, p, exe, refuses(platform.ReadAccountRight(nobody, "SeServiceLogonRight"), platform.ErrDenied, "LsaOpenPolicy", "(5)"))
}

// What is denied, locked or out of reach tells the call, the target and the number.
func testCouldNotCheck(t *testing.T, exe string) {
	p := winetest.New(t)
	p.SetRegistry(`HKLM\SOFTWARE\Contoso`, "a", 1)
	p.DenyKey(`HKLM\SOFTWARE\Contoso`)
	p.WriteFile(`C:\closed\file.txt`, []byte("x"))
	p.WriteFile(`C:\closed.txt`, []byte("x"))
	p.Deny(`C:\closed\`)
	p.Deny(`C:\closed.txt`)
	try(t, p, exe,
		refuses(platform.ReadText(`HKLM\SOFTWARE\Contoso`, "a"), platform.ErrDenied, `RegOpenKeyEx HKLM\SOFTWARE\Contoso`, "(5)"),
		refuses(platform.ReadKey(`HKLM\SOFTWARE\Contoso`), platform.ErrDenied, `RegOpenKeyEx HKLM\SOFTWARE\Contoso`, "(5)"),
		refuses(platform.ReadFile(`C:\closed.txt`), platform.ErrDenied, `C:\closed.txt`, "(5)"),
		refuses(platform.ReadFile(`\\dead\share\x.txt`), platform.ErrUnreachable, `\\dead\share`, "("),
		refuses(platform.ReadVolume(`\\dead\share\x`), platform.ErrUnreachable, `CreateFile \\dead\share`, "("),
	)
}

func testCertificateStores(t *testing.T, exe string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	p := winetest.New(t)
	var want []platform.Certificate
	for i, container := range []string{"a key", ""} {
		template := x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: "cm01.contoso.com"},
			NotBefore: ends.AddDate(-1, 0, 0), NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		p.AddCertificate("SMS", der, container)
		want = append(want, platform.Certificate{
			Thumbprint: fmt.Sprintf("%X", sha1.Sum(der)), Subject: "CN=cm01.contoso.com", Issuer: "CN=cm01.contoso.com",
			NotAfter: ends, PrivateKey: container != "", Usages: &[]string{"1.3.6.1.5.5.7.3.1"},
		})
	}
	slices.SortFunc(want, func(a, b platform.Certificate) int { return strings.Compare(a.Thumbprint, b.Thumbprint) })
	try(t, p, exe,
		answers(platform.ReadCertificates(`LocalMachine\SMS`), platform.Certificates{Count: 2, Certificates: want}),
		answers(platform.ReadCertificates(`localmachine\sms`), platform.Certificates{Count: 2, Certificates: want}),
		refuses(platform.ReadCertificates(`LocalMachine\WebHosting`), platform.ErrAbsent, `CertOpenStore LocalMachine\WebHosting`, "(2)"),
	)
}

// What Wine only pretends to have, and its shims keep, is held to the suite for all readers.
func testConformance(t *testing.T, exe string) {
	p := winetest.New(t)
	replace(t, p, "wevtapi", "EvtQuery", "EvtNext", "EvtRender", "EvtClose")
	replace(t, p, "netapi32", "NetLocalGroupGetInfo", "NetLocalGroupGetMembers", "NetGetJoinInformation", "NetUserGetInfo", "DsGetDcNameW")
	replace(t, p, "wldap32", ldapCalls()...)
	replace(t, p, "advapi32", "LsaOpenPolicy", "LsaClose", "LsaFreeMemory", "LsaEnumerateAccountsWithUserRight")
	p.AddShare("fs01", "source", `C:\shares\source`)
	for path, content := range map[string]string{
		`events\System.all`:   "<Event><System><Provider Name='x'/><EventID>1</EventID><TimeCreated SystemTime='2026-01-02T03:04:05Z'/></System></Event>\n",
		`events\System.found`: "", `groups\Users.txt`: "0 0 0 2\n", `groups\Administrators.txt`: "0 0 0 2\nS-1-5-18 5 x\n",
		`rights\SeServiceLogonRight.txt`: "0\nS-1-5-18\n", `rights\SeChangeNotifyPrivilege.txt`: "0\nS-1-1-0\n", `join.txt`: "3 CONTOSO",
		`domains\CONTOSO.txt`: "0 10 \\\\dc01\n", `servers\dc01\users\svc.txt`: "0 S-1-5-21-1-2-3-1105 201 0 0\n", `servers\dc01\ldap\S-1-5-21-1-2-3-1105.txt`: "0\nS-1-5-21-1-2-3-513\n",
	} {
		p.WriteFile(`C:\fake\`+path, []byte(content))
	}
	input, err := json.Marshal([2][]platform.Question{{
		platform.ReadEvents("System", serviceEvents).Question, platform.ReadGroupMembers(users).Question,
		platform.ReadGroupMembers(admins).Question, platform.ReadAccountRight("S-1-5-18", "SeServiceLogonRight").Question,
		platform.ReadDomainJoin().Question, platform.ReadShare(`\\fs01\source`).Question,
		platform.ReadDirectoryAccount(`CONTOSO\svc`).Question, platform.ReadDirectoryGroups(`CONTOSO\svc`).Question,
	}, {
		platform.ReadEvents("Absent", serviceEvents).Question, platform.ReadGroupMembers("S-1-5-32-999").Question,
		platform.ReadGroupMembers("S-1-5-32-546").Question, platform.ReadDirectoryAccount(`CONTOSO\gone`).Question,
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := p.Run(t.Context(), exe, winetest.RunOptions{Stdin: bytes.NewReader(input)}, "conform")
	if got.ExitCode != 0 {
		t.Errorf("exit code %d: %s", got.ExitCode, got.Stderr)
	}
}
