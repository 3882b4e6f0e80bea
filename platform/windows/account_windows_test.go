package windows

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"siteready/platform"
)

func TestAccount(t *testing.T) {
	me := ask(t, platform.ReadComputer())
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	_, short, _ := strings.Cut(me.Account, `\`)
	tests := map[string]struct{ sid, use string }{
		me.Account:                     {user.User.Sid.String(), "user"},
		`BUILTIN\Administrators`:       {"S-1-5-32-544", "alias"},
		`Everyone`:                     {"S-1-1-0", "well_known_group"},
		`LocalSystem`:                  {"S-1-5-18", "well_known_group"},
		`.\LocalSystem`:                {"S-1-5-18", "well_known_group"},
		`nt authority\localservice`:    {"S-1-5-19", "well_known_group"},
		`NT AUTHORITY\NetworkService`:  {"S-1-5-20", "well_known_group"},
		`NT AUTHORITY\SYSTEM`:          {"S-1-5-18", "well_known_group"},
		`NT AUTHORITY\NETWORK SERVICE`: {"S-1-5-20", "well_known_group"},
	}
	for name, want := range tests {
		got := ask(t, platform.ReadAccount(name))
		if got.SID != want.sid || got.Use != want.use || got.Name == "" {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	if got := ask(t, platform.ReadAccount(`.\`+short)); !strings.EqualFold(got.Name, me.Account) {
		t.Errorf("the account's name is %q, want %q", got.Name, me.Account)
	}
}

// Windows has one number for an account that is not there and one whose domain is away.
func TestAccountUnknown(t *testing.T) {
	for _, name := range []string{`SITEREADY-NOWHERE\svc`, "siteready-nobody"} {
		no := refuse(t, platform.ReadAccount(name), platform.ErrUnreachable, "LookupAccountName "+name, numbered(windows.ERROR_NONE_MAPPED))
		if !strings.Contains(no.Help, "domain") {
			t.Errorf("%s: the help is %q", name, no.Help)
		}
	}
	refuse(t, platform.ReadAccount(""), platform.ErrMalformed)
}

func TestTokenMember(t *testing.T) {
	for sid, want := range map[string]bool{
		"S-1-1-0": true, "S-1-5-32-545": true, "S-1-5-21-1-2-3-4": false,
	} {
		if got := ask(t, platform.ReadTokenMember(sid)); got.Member != want {
			t.Errorf("%s: %+v", sid, got)
		}
	}
}

func TestDomainJoin(t *testing.T) {
	got := ask(t, platform.ReadDomainJoin())
	if got.Status != "unjoined" && got.Name == "" || got.Status == "" {
		t.Errorf("the machine belongs to %+v", got)
	}
}

func TestAccountRefuses(t *testing.T) {
	for _, sid := range []string{"", "BA", "Administrators", "S-1-", "S-1-5-32-544 ", "s-1-5-32-544", "S-1-5-032-544", "S-1-5-32-x", "S-2-1"} {
		for _, what := range []string{platform.MembersOfGroup, platform.InOwnToken, "SeServiceLogonRight"} {
			q := platform.Question{Kind: platform.KindAccount, Where: sid, What: what}
			if raw, err := New().Read(t.Context(), q); !errors.Is(err, platform.ErrMalformed) {
				t.Errorf("%s: %s, %v", q, raw, err)
			}
		}
	}
	for _, what := range []string{"", "moon", "Right", "SeService", "seServiceLogonRight", "SeServiceLogonRight2", `Se\Right`} {
		q := platform.Question{Kind: platform.KindAccount, Where: "S-1-5-18", What: what}
		if raw, err := New().Read(t.Context(), q); !errors.Is(err, platform.ErrUnsupported) {
			t.Errorf("%s: %s, %v", q, raw, err)
		}
	}
}

func TestFitting(t *testing.T) {
	if got := fitting[string](nil); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %#v", got)
	}
	if got := fitting(make([]int, platform.MaxEntries+1)); len(got) != platform.MaxEntries {
		t.Errorf("of many: %d", len(got))
	}
	long := strings.Repeat("x", 1000)
	list := make([]string, platform.MaxEntries)
	for i := range list {
		list[i] = long
	}
	if got := len(fitting(list)) * (len(long) + len(`"",`)); got > platform.MaxAnswer-2<<10 || got < platform.MaxAnswer/2 {
		t.Errorf("of long ones: %d bytes", got)
	}
}

func TestEventsRefuse(t *testing.T) {
	q := platform.ReadEvents("", platform.EventFilter{Provider: "x", IDs: []uint16{1}, Days: 1})
	refuse(t, q, platform.ErrMalformed, "names no log")
	q.Where, q.What = "System", "everything"
	refuse(t, q, platform.ErrMalformed, "everything")
	refuse(t, platform.ReadEvents("System", platform.EventFilter{Provider: `a'b"c`, IDs: []uint16{1}, Days: 1}), platform.ErrMalformed, "quotation marks")
	query, err := eventQuery(platform.EventFilter{Provider: "it's", IDs: []uint16{1}, Days: 1})
	if want := `*[System[Provider[@Name="it's"] and (EventID=1) and TimeCreated[timediff(@SystemTime) <= 86400000]]]`; query != want || err != nil {
		t.Errorf("%s, %v", query, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if raw, err := New().Read(ctx, q.Question); !errors.Is(err, platform.ErrTimeout) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestParseEvent(t *testing.T) {
	const good = `<Event><System><Provider Name='P'/><EventID Qualifiers='49152'>7000</EventID><TimeCreated SystemTime='2026-01-02T03:04:05.1234567Z'/></System>`
	for name, test := range map[string]struct{ text, word string }{
		"whole":                 {good + `<EventData><Data>x</Data></EventData></Event>`, ""},
		"rubbish behind System": {good + `<EventData>&#x0; <</Event>`, ""},
		"numbers behind System": {good + `<EventData><EventID>1</EventID></EventData></Event>`, ""},
		"cut":                   {good[:len(good)-12], "no XML"},
		"empty":                 {"", "no whole element"},
		"no System":             {"<Event></Event>", "no whole element"},
		"no number":             {strings.Replace(good, "7000", "", 1), `number is ""`},
		"large number":          {strings.Replace(good, "7000", "70000", 1), `number is "70000"`},
		"no provider":           {strings.Replace(good, "Name=", "Guid=", 1), "no provider"},
		"no time":               {strings.Replace(good, "SystemTime=", "RawTime=", 1), `time is ""`},
		"odd time":              {strings.Replace(good, "2026-01-02T", "yesterday ", 1), "time is"},
	} {
		e, err := parseEvent(test.text)
		switch {
		case test.word != "" && (err == nil || !strings.Contains(err.Error(), test.word)):
			t.Errorf("%s: %+v, %v; want %q", name, e, err, test.word)
		case test.word == "" && (err != nil || e.provider != "P" || e.id != 7000 || e.written.Nanosecond() != 123456700):
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}
