package recording_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"siteready/platform"
	"siteready/platform/recording"
)

// Names are replaced alike in the questions and answers of each kind, also in questions whose
// form is not known; numbers, times and words that checks compare stay as they are.
func TestAnonymizeEachKind(t *testing.T) {
	raw := func(text string) platform.Outcome { return platform.Outcome{Answer: json.RawMessage(text)} }
	const sid = "S-1-5-21-1004336348-1177238915-682003330-1105"
	outcomes := map[platform.Question]platform.Outcome{
		platform.ReadComputer().Question:                        raw(`{"name":"Winterfell","fqdn":"winterfell.westeros.com","account":"WESTEROS\\stark","elevated":true}`),
		platform.ReadDomainJoin().Question:                      raw(`{"status":"domain","name":"WESTEROS"}`),
		platform.ReadAccount(`WESTEROS\snow`).Question:          raw(`{"sid":"` + sid + `","name":"WESTEROS\\Snow","use":"user"}`),
		platform.ReadAccount(`OLDTOWN\marwyn`).Question:         {Err: platform.Refuse(platform.ErrUnreachable, "nobody is called marwyn")},
		platform.ReadGroupMembers("S-1-5-32-544").Question:      raw(`{"group":"Administrators","count":18446744073709551615,"members":[{"sid":"` + sid + `","name":"WESTEROS\\Snow","use":"user"},{"sid":"S-1-5-18","name":"NT AUTHORITY\\SYSTEM","use":"well_known_group"}],"more":false}`),
		platform.ReadAccountState(`.\Tyrion`).Question:          raw(`{"sid":"` + sid + `","disabled":false,"locked":false,"must_change":false,"ends":true,"end":"2026-01-02T03:04:05Z"}`),
		platform.ReadAccess(`\\braavos\bank$\in`).Question:      raw(`{"owner":"` + sid + `","open":false,"count":1,"entries":[{"sid":"S-1-5-18","type":"allow","mask":2032127,"flags":3}],"more":false}`),
		platform.ReadTokenMember(sid).Question:                  raw(`{"member":true}`),
		platform.ReadShare(`\\braavos\bank$`).Question:          raw(`{"outcome":"denied","number":5}`),
		platform.ReadTCP(`pentos:1500`).Question:                raw(`{"outcome":"refused","addresses":["10.77.0.9"]}`),
		platform.ReadAddresses(`pentos`).Question:               raw(`{"addresses":["10.77.0.9"]}`),
		platform.ReadCertificates(`LocalMachine\MY`).Question:   raw(`{"count":1,"certificates":[{"thumbprint":"AB","subject":"CN=winterfell.westeros.com, O=\"House Stark, Ltd\"","issuer":"CN=Maesters CA, DC=westeros, DC=com","not_after":"2027-01-02T03:04:05Z","private_key":true,"usages":null}],"more":false}`),
		platform.ReadFolder(`\\braavos\bank$\in`, "*").Question: raw(`{"files":1,"bytes":7,"oldest":"2026-01-02T03:04:05Z","newest":"2026-01-02T03:04:05Z","more":false}`),
		platform.ReadFile(`\\braavos\bank$\gold.log`).Question:  {Err: &platform.NoAnswer{Reason: platform.ErrDenied, Cause: `\\BRAAVOS\bank$ refuses WESTEROS\stark`, Help: "Ask snow.", EndsLine: true}},
		platform.ReadService("CcmExec").Question:                raw(`{"state":"running","start":"automatic","account":"snow"}`),
		platform.ReadText(`HKLM\X\winterfell`, "note").Question: raw(`{"type":"sz","number":null,"text":"written by arya@westeros.com","list":null}`),
	}
	h, hidden, err := recording.Anonymize(recording.Header{
		Version: "1.2.3", ReadAt: header.ReadAt, About: "read on winterfell", SQLServer: `Braavos\Iron,1500`, Database: "CM_NTH",
	}, outcomes, nil)
	if err != nil || len(hidden) != len(outcomes) {
		t.Fatalf("%d questions became %d: %v", len(outcomes), len(hidden), err)
	}
	var b bytes.Buffer
	if err := recording.Write(&b, h, hidden); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, original := range []string{"winterfell", "westeros", "stark", "snow", "braavos", "bank", "iron", "nth", "arya", "maesters", "oldtown", "marwyn", "tyrion", "pentos", "10.77", "1177238915"} {
		if strings.Contains(strings.ToLower(text), original) {
			t.Errorf("%s is left", original)
		}
	}
	for _, want := range []string{
		`"about":"read on host03","sql_server":"host01\\instance01,1500","database":"CM_S01"`,
		`{"answer":{"account":"DOMAIN01\\user04","elevated":true,"fqdn":"host03.domain01.example","name":"host03"}}`,
		`{"answer":{"name":"DOMAIN01","status":"domain"}}`,
		`{"kind":"account","where":"DOMAIN01\\user03","what":"account"}`,
		`"count":18446744073709551615`, `"name":"NT AUTHORITY\\SYSTEM"`, `"group":"Administrators"`,
		`{"kind":"account","where":"S-1-5-21-1000000000-1000000000-1-1001","what":"token"}`,
		`{"kind":"share","where":"\\\\host01\\share01$"}`,
		`{"kind":"tcp","where":"host02:1500"}	{"answer":{"addresses":["192.0.2.1"],"outcome":"refused"}}`,
		`{"kind":"name","where":"host02"}	{"answer":{"addresses":["192.0.2.1"]}}`,
		`"not_after":"2027-01-02T03:04:05Z"`,
		`{"kind":"access","where":"\\\\host01\\share01$\\in"}	{"answer":{"count":1,"entries":[{"flags":3,"mask":2032127,"sid":"S-1-5-18","type":"allow"}],"more":false,"open":false,"owner":"S-1-5-21-1000000000-1000000000-1-1001"}}`,
		`{"kind":"account","where":".\\user01","what":"state"}	{"answer":{"disabled":false,"end":"2026-01-02T03:04:05Z","ends":true`,
		`"oldest":"2026-01-02T03:04:05Z"`, `{"kind":"folder","where":"\\\\host01\\share01$\\in","what":"*"}`,
		`{"error":{"reason":"denied","cause":"\\\\HOST01\\share01$ refuses DOMAIN01\\user04","help":"Ask user03.","ends_line":true}}`,
		`{"kind":"registry","where":"HKLM\\X\\host03","what":"note"}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not there", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Two spellings of one server give one question; either answer is about the same server.
func TestAnonymizeSpellings(t *testing.T) {
	outcomes := map[platform.Question]platform.Outcome{}
	for _, server := range []string{"Braavos", "BraaVos", "braavos", "BRAAVOS"} {
		outcomes[platform.ReadShare(`\\`+server+`\x`).Question] = platform.Outcome{Answer: json.RawMessage(`{"outcome":"denied","number":5}`)}
	}
	_, hidden, err := recording.Anonymize(header, outcomes, nil)
	if err != nil || len(hidden) != 2 {
		t.Errorf("there are %d questions: %v, %v", len(hidden), hidden, err)
	}
}

// A thumbprint in the registry becomes the one that the certificate has in its store, however it
// is written, and none stays none.
func TestAnonymizeChosenCertificate(t *testing.T) {
	raw := func(text string) platform.Outcome { return platform.Outcome{Answer: json.RawMessage(text)} }
	value := func(text string) platform.Outcome {
		return raw(`{"type":"sz","number":null,"text":"` + text + `","list":null}`)
	}
	const upper = "A1B2C3D4E5F60718293A4B5C6D7E8F9012345678"
	outcomes := map[platform.Question]platform.Outcome{
		platform.ReadCertificates(`LocalMachine\MY`).Question: raw(`{"count":1,"certificates":[{"thumbprint":"` + upper +
			`","subject":"CN=x","issuer":"CN=x","not_after":"2027-01-02T03:04:05Z","private_key":true,"usages":null}],"more":false}`),
		platform.ReadText(`HKLM\A`, "Certificate").Question: value(strings.ToLower(upper)),
		platform.ReadText(`HKLM\B`, "Certificate").Question: value(""),
		platform.ReadText(`HKLM\C`, "Certificate").Question: value("B" + upper[1:]),
	}
	h, hidden, err := recording.Anonymize(recording.Header{Version: "1.2.3", ReadAt: header.ReadAt}, outcomes, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := recording.Write(&b, h, hidden); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"thumbprint":"0000000000000000000000000000000000000001"`, `"text":"0000000000000000000000000000000000000001"`,
		`"text":"0000000000000000000000000000000000000002"`, `"text":""`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in\n%s", want, &b)
		}
	}
}
