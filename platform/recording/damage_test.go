package recording_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"siteready/cmd/siteready/demo"
	"siteready/platform"
	"siteready/platform/recording"
)

// page is a recording in its lines, and the question of each but the first, the header.
type page struct {
	lines     []string // with their ends
	questions []platform.Question
	outcomes  []string // as they are in the lines, one for each question
}

// demonstration is the recording of the demonstration's site.
func demonstration(t testing.TB) page {
	t.Helper()
	return pageOf(t, demo.Site)
}

// asking puts a question as a check does, which decodes its answer.
type asking func(ctx context.Context, s *platform.Session) error

func ask[A any](all map[platform.Question]asking, outcomes map[platform.Question]platform.Outcome, q platform.Query[A], answer string) {
	outcomes[q.Question] = platform.Outcome{Answer: json.RawMessage(answer)}
	all[q.Question] = func(ctx context.Context, s *platform.Session) error {
		_, err := platform.Ask(ctx, s, q)
		return err
	}
}

// everyKind is a recording with an answer to each question but SQL that can be asked, and how
// each is asked.
func everyKind(t testing.TB) (page, map[platform.Question]asking) {
	t.Helper()
	const sid, right = "S-1-5-21-1-2-3-1105", `{"held":false,"holders":2,"list":["S-1-5-21-1-2-3-1104","S-1-5-80-0"],"more":false}`
	const svc, value = `{"sid":"S-1-5-21-1-2-3-1105","name":"CONTOSO\\svc","use":"user"}`, `{"type":"multi_sz","number":null,"text":null,"list":["a","b"]}`
	o, all := map[platform.Question]platform.Outcome{}, map[platform.Question]asking{}
	ask(all, o, platform.ReadAccount(`CONTOSO\svc`), svc)
	ask(all, o, platform.ReadAccountOf(sid), svc)
	ask(all, o, platform.ReadAccountRight(sid, "SeServiceLogonRight"), right)
	ask(all, o, platform.ReadAccountRight(sid, "SeDenyServiceLogonRight"), `{"held":false,"holders":0,"list":[],"more":false}`)
	ask(all, o, platform.ReadGroupMembers("S-1-5-32-544"), `{"group":"Administrators","count":1,"members":[`+svc+`],"more":false}`)
	ask(all, o, platform.ReadTokenMember("S-1-5-32-544"), `{"member":true}`)
	ask(all, o, platform.ReadDomainJoin(), `{"status":"domain","name":"CONTOSO"}`)
	ask(all, o, platform.ReadComputer(), `{"name":"CM01","fqdn":"cm01.contoso.com","account":"CONTOSO\\svc","elevated":true}`)
	ask(all, o, platform.ReadOSVersion(), `{"major":10,"minor":0,"build":20348,"product":"Windows Server 2022 Standard","installation":null,"workstation":false}`)
	ask(all, o, platform.ReadBoot(), `{"at":"2026-11-15T01:30:00Z"}`)
	ask(all, o, platform.ReadMemory(), `{"total":34359738368}`)
	ask(all, o, platform.ReadEvents("System", platform.EventFilter{Provider: "Service Control Manager", IDs: []uint16{7000, 7041}, Days: 30}),
		`{"count":2,"oldest":"2026-11-01T02:03:04Z","newest":"2026-11-02T02:03:04.5Z","more":false,"begins":"2026-01-02T03:04:05Z"}`)
	ask(all, o, platform.ReadTCP("sql01.contoso.com:1433"), `{"outcome":"refused","addresses":["10.0.0.11"]}`)
	ask(all, o, platform.ReadAddresses("sql01.contoso.com"), `{"addresses":["10.0.0.11","10.0.0.12"]}`)
	ask(all, o, platform.ReadShare(`\\cm01\SMS_P01`), `{"outcome":"denied","number":5}`)
	ask(all, o, platform.ReadCertificates(`LocalMachine\MY`),
		`{"count":1,"certificates":[{"thumbprint":"AB","subject":"CN=cm01","issuer":"CN=x, O=\"a, b\"","not_after":"2027-01-02T03:04:05Z","private_key":true,"usages":["1.3.6.1.5.5.7.3.1"]}],"more":false}`)
	ask(all, o, platform.ReadService("CcmExec"), `{"state":"running","start":"automatic","account":"LocalSystem"}`)
	ask(all, o, platform.ReadFile(`C:\x.dll`), `{"size":5242880,"modified":"2025-06-01T10:00:00Z","version":null}`)
	ask(all, o, platform.ReadDigest(`C:\x.xml`), `{"size":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`)
	ask(all, o, platform.ReadRuntimeSettings(`C:\x.exe.config`), `{"size":300,"runtimes":["v2.0.50727","v4.0"],"publisher_evidence":"false"}`)
	ask(all, o, platform.ReadFolder(`C:\x`, "*.i??|*.nil"), `{"files":2,"bytes":2048,"oldest":"2026-11-20T01:40:00Z","newest":"2026-11-20T01:50:00Z","more":false}`)
	ask(all, o, platform.ReadFolder(`C:\y`, "*"), `{"files":0,"bytes":0,"oldest":null,"newest":null,"more":true}`)
	ask(all, o, platform.ReadBackupLog(`D:\Logs\smsbkup.log`), `{"size":4096,"encoding":"utf-16le","outcome":"failed","at":"2026-11-19T22:10:00Z","message":5043}`)
	ask(all, o, platform.ReadPrereqLog(`C:\ConfigMgrPrereq.log`), `{"size":4096,"encoding":"8-bit","begun":true,"begun_at":null,"run":{"began":null,"ended":"2026-11-16T20:44:12.771Z","zoned":true,`+
		`"update":true,"package":null,"lines":9,"not_understood":0,"complaints":0,"unanswered":0,"errors":1,"warnings":0,"passed":0,"not_run":0,"results":[{"rule":"a","server":"cm01","result":"error","message":"b"}],"more":false}}`)
	ask(all, o, platform.ReadAccess(`C:\x`), `{"owner":"S-1-5-18","open":false,"count":1,"entries":[{"sid":"S-1-5-32-544","type":"allow","mask":2032127,"flags":3}],"more":false}`)
	ask(all, o, platform.ReadAccountState(`.\svc`), `{"sid":"S-1-5-21-1-2-3-1001","disabled":false,"locked":true,"must_change":false,"ends":false,"end":"0001-01-01T00:00:00Z"}`)
	ask(all, o, platform.ReadDirectoryAccount(`CONTOSO\svc`), `{"sid":"`+sid+`","controller":"dc01.contoso.com","managed":false,"disabled":true,"locked":false,"must_change":false,"ends":true,"end":"2026-12-01T00:00:00Z"}`)
	ask(all, o, platform.ReadDirectoryGroups(`CONTOSO\svc`), `{"sid":"`+sid+`","controller":"dc01.contoso.com","count":1,"list":["S-1-5-21-1-2-3-513"],"more":false}`)
	ask(all, o, platform.ReadVolume(`C:\`), `{"mount":"C:\\","total":107374182400,"free":64424509440,"file_system":"NTFS"}`)
	ask(all, o, platform.ReadKey(`HKLM\X`), `{"subkeys":["a"],"values":["b"],"more":false,"written":"2026-01-02T03:04:05Z"}`)
	ask(all, o, platform.ReadList(`HKLM\X`, "b"), value)
	ask(all, o, platform.ReadNumber(`HKLM\X`, "c"), `{"type":"dword","number":7,"text":null,"list":null}`)
	ask(all, o, platform.ReadText(`HKLM\X`, "d"), `{"type":"sz","number":null,"text":"7","list":null}`)
	kinds := map[platform.Kind]bool{platform.KindSQL: true} // which the demonstration has
	for q := range o {
		kinds[q.Kind] = true
	}
	if len(kinds) != len(platform.DefaultLimits()) {
		t.Fatalf("only these kinds are there: %v", kinds)
	}
	var b bytes.Buffer
	if err := recording.Write(&b, header, o); err != nil {
		t.Fatal(err)
	}
	return pageOf(t, b.Bytes()), all
}

func pageOf(t testing.TB, data []byte) page {
	t.Helper()
	lines := slices.Collect(strings.Lines(string(data)))
	p := page{lines: lines[:1]}
	for _, line := range lines[1:] {
		question, outcome, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		var q platform.Question
		if err := json.Unmarshal([]byte(question), &q); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		p.lines = append(p.lines, line)
		p.questions = append(p.questions, q)
		p.outcomes = append(p.outcomes, outcome)
	}
	return p
}

// part is the header and n lines, from one chosen by chance on.
func (p page) part(rng *rand.Rand, n int) page {
	from := rng.IntN(len(p.questions) - n + 1)
	count := fmt.Sprintf(`"questions":%d,`, len(p.questions))
	return page{
		lines:     append([]string{strings.Replace(p.lines[0], count, fmt.Sprintf(`"questions":%d,`, n), 1)}, p.lines[1+from:1+from+n]...),
		questions: p.questions[from : from+n],
		outcomes:  p.outcomes[from : from+n],
	}
}

// damage spoils a recording in one of the ways that files are spoilt, and says which.
func damage(rng *rand.Rand, lines []string) ([]byte, string) {
	whole := []byte(strings.Join(lines, ""))
	at, line := rng.IntN(len(whole)), rng.IntN(len(lines))
	other := rng.IntN(len(lines))
	changed := slices.Clone(lines)
	switch kind := rng.IntN(12); kind {
	case 0, 1, 2: // the likeliest, and the one with most to hit
		whole[at] ^= 1 << rng.IntN(8)
		return whole, fmt.Sprintf("bit of byte %d", at)
	case 3:
		whole[at] = byte(rng.IntN(256))
		return whole, fmt.Sprintf("byte %d", at)
	case 4:
		return whole[:at], fmt.Sprintf("cut at %d", at)
	case 5:
		length := min(len(whole)-at, 1+rng.IntN(200))
		return append(whole[:at:at], whole[at+length:]...), fmt.Sprintf("%d bytes lost at %d", length, at)
	case 6:
		length := min(len(whole)-at, 1+rng.IntN(200))
		clear(whole[at : at+length])
		return whole, fmt.Sprintf("%d zeros at %d", length, at)
	case 7:
		changed[line], changed[other] = changed[other], changed[line]
		return []byte(strings.Join(changed, "")), fmt.Sprintf("lines %d and %d swapped", line+1, other+1)
	case 8:
		changed = slices.Insert(changed, other, lines[line])
		return []byte(strings.Join(changed, "")), fmt.Sprintf("line %d doubled at %d", line+1, other+1)
	case 9:
		changed = slices.Delete(changed, line, line+1)
		return []byte(strings.Join(changed, "")), fmt.Sprintf("line %d lost", line+1)
	case 10: // a number of many digits, in place of each number
		huge := strings.Repeat("9", 1+rng.IntN(400))
		changed[line] = strings.NewReplacer(":1", ":"+huge, ":0", ":-"+huge, "null", huge, "false", "1e"+huge).Replace(lines[line])
		return []byte(strings.Join(changed, "")), fmt.Sprintf("numbers of %d digits in line %d", len(huge), line+1)
	default: // the outcome of another line, or nesting without end
		question, _, _ := strings.Cut(lines[line], "\t")
		_, outcome, _ := strings.Cut(lines[other], "\t")
		if rng.IntN(2) == 0 {
			outcome = `{"answer":` + strings.Repeat("[", rng.IntN(20_000)) + "\n"
		}
		changed[line] = question + "\t" + outcome
		return []byte(strings.Join(changed, "")), fmt.Sprintf("line %d with the outcome of %d", line+1, other+1)
	}
}

// sound asks a damaged recording all that it was asked. It never panics and never answers what
// is no JSON; it answers a line that is whole as before, or says that there is no such line.
func (p page) sound(t testing.TB, data []byte, what string) {
	site, err := recording.Read(data)
	if err != nil {
		if site != nil || err.Error() == "" {
			t.Errorf("%s: %v beside the error %v", what, site, err)
		}
		return
	}
	intact := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		intact[line] = true
	}
	for i, q := range p.questions {
		raw, err := site.Read(t.Context(), q)
		var no *platform.NoAnswer
		switch {
		case err == nil && !json.Valid(raw):
			t.Errorf("%s: %s is answered with %q", what, q, raw)
		case err != nil && (!errors.As(err, &no) || no.Cause == "" || no.Reason == nil || raw != nil):
			t.Errorf("%s: %s is answered with %q and the error %#v", what, q, raw, err)
		}
		if !intact[p.lines[i+1]] {
			continue // this is the line that was hit
		}
		if want := `{"answer":` + string(raw) + `}`; err != nil && strings.HasPrefix(p.outcomes[i], `{"answer"`) || err == nil && want != p.outcomes[i] {
			t.Errorf("%s: %s, whose line is whole, is answered with %q, %v", what, q, raw, err)
		}
	}
}

// decoded asks a damaged recording as checks do. An answer decodes, or there is a reason why not.
func decoded(t testing.TB, data []byte, questions []platform.Question, all map[platform.Question]asking, what string) {
	site, err := recording.Read(data)
	if err != nil {
		return
	}
	m := platform.Open(t.Context(), site, site.Header.ReadAt, platform.DefaultLimits())
	for _, q := range questions {
		var no *platform.NoAnswer
		if err := all[q](t.Context(), m.Session()); err != nil && (!errors.As(err, &no) || no.Cause == "" || !slices.Contains(platform.Reasons(), no.Reason)) {
			t.Errorf("%s: %s: the error %#v", what, q, err)
		}
	}
}

// Ten thousand damages, the same in each run: most to a few lines of a recording, so that
// each has a good chance to hit; some to all of it. Half of them hit answers of each kind, of which
// the demonstration has few.
func TestDamages(t *testing.T) {
	all := demonstration(t)
	kinds, asks := everyKind(t)
	kinds.sound(t, []byte(strings.Join(kinds.lines, "")), "no damage")
	for _, q := range kinds.questions {
		m := platform.Open(t.Context(), read(t, []byte(strings.Join(kinds.lines, ""))), header.ReadAt, platform.DefaultLimits())
		if err := asks[q](t.Context(), m.Session()); err != nil {
			t.Errorf("%s, whole: %v", q, err)
		}
	}
	if read(t, demo.Site).Len() != len(all.questions) || len(all.questions) < 600 {
		t.Fatalf("the recording has %d lines", len(all.questions))
	}
	all.sound(t, demo.Site, "no damage")
	var group sync.WaitGroup
	for seed := range uint64(10) {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 0))
			for i := range 1000 {
				p := all
				switch {
				case i%2 > 0:
					p = kinds.part(rng, 5)
				case i > 0:
					p = all.part(rng, 5)
				}
				data, what := damage(rng, p.lines)
				what = fmt.Sprintf("damage %d of seed %d, %s", i, seed, what)
				p.sound(t, data, what)
				if i%2 > 0 {
					decoded(t, data, p.questions, asks, what)
				}
			}
		})
	}
	group.Wait()
}

// FuzzRead gives it any bytes: no panic, and no answer that is no JSON, to what the file's own
// lines ask and to what it never heard of. What it took is written again and read as the same.
func FuzzRead(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := demonstration(f)
	for range 5 {
		p := all.part(rng, 3)
		f.Add([]byte(strings.Join(p.lines, "")))
		damaged, _ := damage(rng, p.lines)
		f.Add(damaged)
	}
	f.Add([]byte("\ufeff" + strings.ReplaceAll(head(1)+`{"kind":"os","what":"boot"}`+"\t"+`{"error":{"reason":"denied","cause":"x"}}`+"\n", "\n", "\r\n")))
	f.Add([]byte(head(1) + `{}` + "\t" + `{"answer":1e999}` + "\n"))
	f.Add([]byte(head(1) + "\t\n"))
	kinds, _ := everyKind(f)
	f.Add([]byte(strings.Join(kinds.lines, "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		site, err := recording.Read(data)
		if err != nil {
			return
		}
		outcomes := map[platform.Question]platform.Outcome{}
		questions := []platform.Question{{}, platform.ReadMemory().Question, platform.ReadFile("\xff").Question}
		for line := range bytes.Lines(data) {
			var q platform.Question
			question, _, _ := bytes.Cut(line, []byte("\t"))
			if json.Unmarshal(question, &q) == nil {
				questions = append(questions, q)
			}
		}
		for _, q := range questions {
			raw, err := site.Read(t.Context(), q)
			var no *platform.NoAnswer
			switch {
			case err == nil && !json.Valid(raw):
				t.Errorf("%+v is answered with %q", q, raw)
			case err != nil && (!errors.As(err, &no) || no.Cause == "" || no.Reason == nil || raw != nil):
				t.Errorf("%+v is answered with %q and the error %#v", q, raw, err)
			}
			outcomes[q] = platform.Outcome{Answer: raw, Err: no}
		}
		delete(outcomes, platform.ReadFile("\xff").Question) // not to be told from others in writing
		var b bytes.Buffer
		if err := recording.Write(&b, site.Header, outcomes); err != nil {
			t.Fatal(err)
		}
		again, err := recording.Read(b.Bytes())
		if err != nil || again.Len() != len(outcomes) {
			t.Fatalf("written again it is not read: %v\n%s", err, b.Bytes())
		}
		for q, want := range outcomes {
			raw, err := again.Read(t.Context(), q)
			if (err == nil) != (want.Err == nil) || err != nil && err.Error() != want.Err.Error() || !equal(raw, want.Answer) {
				t.Errorf("%+v: written again it is %q, %v; want %q, %v", q, raw, err, want.Answer, want.Err)
			}
		}
	})
}

// equal compares two answers without their space.
func equal(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
