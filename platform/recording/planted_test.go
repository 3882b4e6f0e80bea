package recording_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"siteready/platform"
	"siteready/platform/recording"
)

// site is a constructed site of names that nobody has. None has fewer than six letters but the
// site's code, and none is a word that stands in a text for something else.
type site struct {
	rng *rand.Rand
	all map[string]string // the parts by which a name would be known, in lower case, and what each is of
}

// name makes up a name, and notes it.
func (s *site) name(what string) string {
	syllables := []string{"zqu", "xov", "jyk", "wuq", "vix", "qap", "kjo", "yxz", "fuw", "gqe"}
	text := ""
	for range 3 + s.rng.IntN(3) {
		text += syllables[s.rng.IntN(len(syllables))]
	}
	s.all[text] = what
	return text
}

// spelled writes a name as somebody may have typed it. The case of letters never tells names apart.
func (s *site) spelled(name string) string {
	switch s.rng.IntN(4) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		first, size := utf8.DecodeRuneInString(name)
		return string(unicode.ToUpper(first)) + name[size:]
	case 2:
		return strings.Map(func(c rune) rune {
			if s.rng.IntN(2) == 0 {
				return unicode.ToUpper(c)
			}
			return c
		}, name)
	default:
		return name
	}
}

// again is a text in which each name must have the pseudonym that it has where it must stand.
const again = `{host} is ({host}.{domain}.com), {domain}\{user} and \\{host}\{instance}`

// holeForm is a place in a text for a name: its sort, and a number for names of one sort.
var holeForm = regexp.MustCompile(`\{(host|domain|user|umlaut|share|spaced|folder|database|instance|code|group|ip|six|sid)(\d?)\}`)

// planted are texts with places for names, as they stand in what is asked: in the registry, in
// SQL Server's rows, in lines of logs and in errors. A name with a number from 5 on stands in this
// text alone.
var planted = []string{
	`\\{host}.{domain}.com\{share5}$\x.log`, `\\{host5}\{share}\y`, `\??\UNC\{host6}.{domain}.com\{share6}\z`, `\\?\UNC\{host7}\{share}$`,
	`\\{host5} is away, or \\{host6}.{domain5}.co.at.`, `{"to":"\\\\{host5}\\{share5}$\\x","by":"{domain}\\{user5}"}`, `Data Source=tcp:{host5};User ID={user5};Encrypt=no`,
	`STATMSG: ID=500 SEV=I SOURCE="SMS Server" COMP="SMS_X" SYS={host5} SITE={code} PID=1`, `http://{user5}:x@{host5}.{domain}.com:8080/`, `http={user6}:(hidden)@{host5}:8080`, `{user5}@{domain5}.at, {host5}.{domain6}.cz`,
	`C:\Users\{user5}\AppData\Local\Temp\x.tmp`, `\??\C:\Users\{user6}.{domain}\Desktop`, `C:\Documents and Settings\{user7}\x`, `C:\Users\{user8}`,
	`Login failed for user '{domain}\{user5}'.`, `{user6}@{domain6}.com has it`, `mailto:{user7}@mail.{domain7}.local`, `run as {domain}\{user8} at 10:20:30`,
	`MSSQLSvc/{host5}.{domain}.com:{instance}`, `HTTP/{host8}`, `TERMSRV/{host5}.{domain5}.net`, `LDAP://CN={host},OU={group5},DC={domain5},DC=com`,
	`https://{host6}.{domain}.com:8531/x`, `http://{host7}:8530`, `tcp:{host},1433`, `Server={host}\{instance};Database={database5};UID={domain}\{user5}`,
	`{host}\{instance}/{database}`, `E:\SQL\MSSQL15.{instance}\CM_{code}.mdf`, `SMS_SITE_SQL_BACKUP_{host}.{domain}.com`, `{host} says ({host}): {user}, {domain}/{host}`,
	`["Display=\\{host5}.{domain}.com\"]MSWNET:["SMS_SITE={code}"]\\{host5}.{domain}.com\`, `x{host}y and ConfigMgrDRS_Site{code}`, `\\{ip}\{share7}$ or [{six}]:443`,
	`{sid} and {sid5}-1105`, `{umlaut} is {domain}\{umlaut5}, or "{domain}\{umlaut6}"`, `{"server":"{host}.{domain}.com","user":"{domain}\\{user}"}`,
	`{host8}.cloudapp.net`, `{host9}.westeurope.cloudapp.azure.com`, `https://{host9}.blob.core.windows.net/x`, `{user9}@{domain9}.onmicrosoft.com`, `{domain9}.sharepoint.com`,
	`tcp:{host9}.database.windows.net,1433`,
}

// filled fills the places of a text with names, in odd spellings.
func (s *site) filled(text string, names map[string]string) string {
	return holeForm.ReplaceAllStringFunc(text, func(hole string) string {
		found := holeForm.FindStringSubmatch(hole)
		sort, key := found[1], hole
		name, known := names[key]
		if !known {
			name = s.name(sort)
			switch sort {
			case "umlaut":
				part := name
				delete(s.all, part)
				name = "ö" + part + "İñ"
				s.all["ö"+part] = sort
			case "spaced":
				more := s.name(sort)
				name += " " + more
			case "ip":
				delete(s.all, name)
				name = fmt.Sprintf("10.%d.%d.%d", 100+s.rng.IntN(100), 100+s.rng.IntN(100), 100+s.rng.IntN(100))
				s.all[name] = sort
			case "six":
				delete(s.all, name)
				name = fmt.Sprintf("2a02:%x::%x", 0x1000+s.rng.IntN(0xe000), 0x1000+s.rng.IntN(0xe000))
				s.all[name] = sort
			case "sid":
				delete(s.all, name)
				part := fmt.Sprintf("%d-%d", 2000000000+s.rng.IntN(1000000000), 2000000000+s.rng.IntN(1000000000))
				name = "S-1-5-21-" + part + "-4321"
				s.all[part] = sort
			case "code":
				delete(s.all, name)
				name = string([]byte{"qxz"[s.rng.IntN(3)], byte('0' + s.rng.IntN(10)), "qxz"[s.rng.IntN(3)]})
				for _, made := range []string{"cm_", "site", "site="} {
					s.all[made+name] = sort
				}
			}
			names[key] = name
		}
		if sort == "sid" || sort == "ip" || sort == "six" {
			return name
		}
		return s.spelled(name)
	})
}

// outcomes are answers of each kind in which names must stand, and the planted texts as texts of
// the registry, of SQL Server, of logs and of errors.
func (s *site) outcomes(t *testing.T) (recording.Header, map[platform.Question]platform.Outcome) {
	t.Helper()
	names := map[string]string{}
	f := func(text string) string { return s.filled(text, names) }
	out := map[platform.Question]platform.Outcome{}
	add := func(q platform.Question, answer any) {
		raw, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		out[q] = platform.Outcome{Answer: raw}
	}
	type object = map[string]any
	value := func(text string) object { return object{"type": "sz", "number": nil, "text": text, "list": nil} }
	add(platform.ReadComputer().Question, object{"name": f("{host}"), "fqdn": f("{host}.{domain}.com"), "account": f(`{domain}\{user}`), "elevated": true})
	add(platform.ReadDomainJoin().Question, object{"status": "domain", "name": f("{domain}")})
	add(platform.ReadService("CcmExec").Question, object{"state": "running", "start": "manual", "account": f(`{domain}\{umlaut}`)})
	add(platform.ReadText(`HKLM\SOFTWARE\Microsoft\SMS\Identification`, "Site Code").Question, value(f("{code}")))
	add(platform.ReadText(`HKLM\A`, "Server").Question, value(f(`{host2}.{domain}.com\{instance}`)))
	add(platform.ReadText(`HKLM\A`, "Database Name").Question, value(f(`{instance}\{database}`)))
	add(platform.ReadText(`HKLM\B`, "TraceFileName").Question, value(f(`\\{host3}\{spaced}\logs`)))
	add(platform.ReadList(`HKLM\B`, "Files").Question, object{"type": "multi_sz", "number": nil, "text": nil, "list": []string{f(`\??\UNC\{host3}\{spaced2}\x`)}})
	add(platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Server Management Groups`).Question,
		object{"subkeys": []string{f("{group}")}, "values": nil, "more": false, "written": "2026-01-02T03:04:05Z"})
	add(platform.ReadKey(`HKLM\SOFTWARE\Microsoft\Microsoft Operations Manager\3.0\Server Management Groups\`+f("{group}")).Question,
		object{"subkeys": nil, "values": nil, "more": false, "written": "2026-01-02T03:04:05Z"})
	add(platform.ReadShare(f(`\\{host3}.{domain}.com\{spaced3}`)).Question, object{"outcome": "denied", "number": 5})
	add(platform.ReadAccess(f(`\\{host4}\{spaced4}\x`)).Question, object{"owner": f("{sid}"), "open": false, "count": 0, "entries": nil, "more": false})
	row := object{"may_see": 1, "path": f(`\\{host4}\{spaced3}\CM_{code}.bak`), "machine": f("{host2}"), "login": f(`{domain2}\{user2}`), "program": f("{group2}"), "site": f("{code}")}
	add(platform.Question{Kind: platform.KindSQL, On: f(`{host2}.{domain}.com\{instance}`), Where: f("CM_{code}"), What: "x", Text: "SELECT 1"}, []object{row})
	add(platform.ReadText(`HKLM\B`, "again").Question, value(f(again)))
	var lines, texts []object
	for i, text := range planted {
		for range 2 {
			maps.DeleteFunc(names, func(hole, _ string) bool { return strings.Trim(hole, "56789}") != strings.Trim(hole, "}") })
			switch s.rng.IntN(4) {
			case 0:
				add(platform.ReadText(`HKLM\C`, fmt.Sprintf("v%d", i)).Question, value(f(text)))
			case 1:
				lines = append(lines, object{"file": "x.log", "number": i, "at": nil, "text": f(text)})
			case 2:
				texts = append(texts, object{"may_see": 1, "path": f(text)})
			default:
				out[platform.ReadFile(fmt.Sprintf(`C:\%d`, i)).Question] = platform.Outcome{Err: platform.Refuse(platform.ErrDenied, "%s", f(text))}
			}
		}
	}
	add(platform.Question{Kind: platform.KindSQL, On: f(`{host}`), Where: f("{database}"), What: "y", Text: "SELECT 2"}, texts)
	add(platform.Question{Kind: platform.KindLog, Where: f(`\\{host4}\{spaced4}\x.log`), What: platform.LogFailures}, object{"lines": lines})
	return recording.Header{Version: "1", ReadAt: header.ReadAt, About: f("read by {user} on {host}"), SQLServer: f(`{host2}\{instance},1433`), Database: f("{database}")}, out
}

// wanted is what the text again must have become, in lower case and as it stands in JSON.
func (s *site) wanted(t *testing.T, hidden map[platform.Question]platform.Outcome) string {
	t.Helper()
	var computer platform.Computer
	var server struct {
		Text string `json:"text"`
	}
	for q, into := range map[platform.Question]any{platform.ReadComputer().Question: &computer, platform.ReadText(`HKLM\A`, "Server").Question: &server} {
		if err := json.Unmarshal(hidden[q].Answer, into); err != nil {
			t.Fatal(err)
		}
	}
	_, instance, _ := strings.Cut(server.Text, `\`)
	text := strings.ToLower(fmt.Sprintf(`%s is (%s), %s and \\%s\%s`, computer.Name, computer.FQDN, computer.Account, computer.Name, instance))
	return strings.ReplaceAll(text, `\`, `\\`)
}

// A name that is known is never left, in whatever text it stands and whatever stands beside it; the
// recording can be written and read, and is the same each time.
func FuzzAnonymize(f *testing.F) {
	for i, text := range planted {
		f.Add(text, i%max(1, len(text)))
	}
	for _, text := range []string{"", "\xff", "İ", "ẞ\u0307", `\\`, `\\?\UNC\`, `@`, "://:@", "S-1-5-21-", "[::]", "CN=,DC=", `"DC="`, "\u2028\x00", strings.Repeat(`\`, 300), strings.Repeat("a.", 300) + "com"} {
		f.Add(text, len(text))
	}
	const known = "zquxovjyk"
	f.Fuzz(func(t *testing.T, text string, at int) {
		at = min(max(at, 0), len(text))
		text = strings.ToValidUTF8(text[:at], "") + known + strings.ToValidUTF8(text[at:], "")
		if len(text) > 1000 {
			return
		}
		raw := func(answer any) platform.Outcome {
			data, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			return platform.Outcome{Answer: data}
		}
		value := platform.RegistryValue{Type: "sz", Text: &text}
		outcomes := map[platform.Question]platform.Outcome{
			platform.ReadComputer().Question:             raw(platform.Computer{Name: strings.ToUpper(known), FQDN: known + ".wuqvix.com", Account: `WUQVIX\kjofuw`}),
			platform.ReadText(`HKLM\X`, "note").Question: raw(value),
			platform.ReadFile(`C:\x`).Question:           {Err: platform.Refuse(platform.ErrDenied, "%s", text)},
			platform.ReadService("x").Question:           raw(platform.Service{State: "running", Start: "manual", Account: text}),
			platform.ReadShare(text).Question:            raw(platform.Share{Outcome: platform.ShareDenied, Number: 5}),
		}
		h := recording.Header{Version: "1", ReadAt: header.ReadAt, About: text}
		var written [2]bytes.Buffer
		for i := range written {
			hidden, out, err := recording.Anonymize(h, outcomes, nil)
			if err == nil {
				err = recording.Write(&written[i], hidden, out)
			}
			if err != nil || len(out) != len(outcomes) {
				t.Fatalf("%d questions became %d: %v", len(outcomes), len(out), err)
			}
		}
		if !bytes.Equal(written[0].Bytes(), written[1].Bytes()) {
			t.Error("made anonymous again, it is another recording")
		}
		if _, err := recording.Read(written[0].Bytes()); err != nil {
			t.Errorf("it cannot be read: %v\n%s", err, &written[0])
		}
		if strings.Contains(strings.ToLower(written[0].String()), known) {
			t.Errorf("%s is left:\n%s", known, &written[0])
		}
	})
}

// shape is a text of JSON without what stands in its texts.
func shape(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if len(raw) == 0 {
		return ""
	}
	return regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).ReplaceAllStringFunc(string(raw), func(text string) string {
		if strings.Contains(text, "_see") || len(text) < 3 {
			return text
		}
		return `"x"`
	})
}

// Made-up names of every sort, spelled in every way and planted wherever a name can stand, are
// never left, whatever they are; each has one pseudonym, and nothing but names is changed.
func TestNoPlantedNameIsLeft(t *testing.T) {
	for seed := range uint64(60) {
		s := &site{rng: rand.New(rand.NewPCG(seed, 3)), all: map[string]string{}}
		h, outcomes := s.outcomes(t)
		hiddenHeader, hidden, err := recording.Anonymize(h, outcomes, nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if len(hidden) != len(outcomes) {
			t.Errorf("seed %d: %d questions became %d", seed, len(outcomes), len(hidden))
		}
		var b bytes.Buffer
		if err := recording.Write(&b, hiddenHeader, hidden); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ToLower(b.String()), s.wanted(t, hidden)) {
			t.Errorf("seed %d: a name has another pseudonym in a text: %s is missing", seed, s.wanted(t, hidden))
		}
		lower := bytes.Map(unicode.ToLower, b.Bytes())
		for name, what := range s.all {
			if at := bytes.Index(lower, []byte(name)); at >= 0 {
				t.Errorf("seed %d: the %s %s is left: %s", seed, what, name, lower[max(0, at-60):min(len(lower), at+60)])
			}
		}
		shapes := func(outcomes map[platform.Question]platform.Outcome) []string {
			var all []string
			for _, o := range outcomes {
				all = append(all, shape(t, o.Answer))
			}
			slices.Sort(all)
			return all
		}
		if !slices.Equal(shapes(hidden), shapes(outcomes)) {
			t.Errorf("seed %d: more than texts was changed", seed)
		}
		again, second, err := recording.Anonymize(h, outcomes, nil)
		if err != nil || again != hiddenHeader || !maps.EqualFunc(second, hidden, func(a, b platform.Outcome) bool { return bytes.Equal(a.Answer, b.Answer) }) {
			t.Errorf("seed %d: made anonymous again, it is another recording: %v", seed, err)
		}
		if t.Failed() {
			return
		}
	}
}
