package recording_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"siteready/platform"
	"siteready/platform/recording"
)

var header = recording.Header{
	Version: "1.2.3", ReadAt: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), About: "a test",
	SQLServer: `SQL01\X`, Database: "CM_P01",
}

// head is header as Write writes it before n questions.
func head(n int) string {
	return fmt.Sprintf(`{"siteready_recording":1,"version":"1.2.3","read_at":"2026-11-20T02:00:00Z","questions":%d,"about":"a test","sql_server":"SQL01\\X","database":"CM_P01"}`+"\n", n)
}

func write(t *testing.T, outcomes map[platform.Question]platform.Outcome) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := recording.Write(&b, header, outcomes); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, data []byte) *recording.Site {
	t.Helper()
	site, err := recording.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

func answer(raw string) platform.Outcome { return platform.Outcome{Answer: json.RawMessage(raw)} }

// everything has an outcome of each sort, and texts that are awkward to write.
func everything() map[platform.Question]platform.Outcome {
	all := map[platform.Question]platform.Outcome{
		platform.ReadMemory().Question:                    answer(`{"total":34359738368}`),
		platform.ReadFile(`C:\a "b" <c> & ü`).Question:    answer(`{"size":1,"version":"<1> & \"2\" \u2028"}`),
		platform.ReadFile("tab\there\nand line").Question: answer(`"tab\tand\nline"`),
		platform.ReadText(`HKLM\X`, "y").Question:         answer(`{"number":18446744073709551615,"list":["a"]}`),
		platform.ReadKey(`HKLM\X`).Question:               answer(`[]`),
		platform.ReadVolume(`D:\`).Question:               answer(`null`),
		{}:                                                answer(`1.50`),
		{Kind: platform.KindSQL, On: `SQL01\X,1433`, Where: "CM_P01", What: "log-space", Text: "SELECT 'a\tb' AS may_see"}: answer(`[{"may_see":1}]`),
	}
	for i, reason := range platform.Reasons() {
		no := platform.Refuse(reason, "planted\t%d: <%v>", i, reason)
		if i%2 == 0 {
			no.Help, no.EndsLine = "Do \"this\".\n", true
		}
		all[platform.ReadService(reason.Error()).Question] = platform.Outcome{Err: no}
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	outcomes := everything()
	data := write(t, outcomes)
	for name, form := range map[string][]byte{
		"as written":                       data,
		"with a byte order mark":           append([]byte("\ufeff"), data...),
		"with the line ends of Windows":    bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")),
		"with both, as an editor saves it": append([]byte("\ufeff"), bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))...),
	} {
		t.Run(name, func(t *testing.T) {
			site := read(t, form)
			if want := header; site.Header.Schema != recording.Schema || site.Header.About != want.About || site.Header.Version != want.Version ||
				!site.Header.ReadAt.Equal(want.ReadAt) || site.Header.SQLServer != want.SQLServer || site.Header.Database != want.Database {
				t.Errorf("the header is %+v", site.Header)
			}
			if site.Len() != len(outcomes) {
				t.Errorf("there are %d lines for %d outcomes", site.Len(), len(outcomes))
			}
			for q, want := range outcomes {
				raw, err := site.Read(t.Context(), q)
				if want.Err == nil {
					if string(raw) != string(want.Answer) || err != nil {
						t.Errorf("%+v: %s, %v; want %s", q, raw, err, want.Answer)
					}
					continue
				}
				var no *platform.NoAnswer
				if !errors.As(err, &no) || !reflect.DeepEqual(no, want.Err) || raw != nil {
					t.Errorf("%+v: %s, %+v; want %+v", q, raw, err, want.Err)
				}
			}
		})
	}
}

func TestWrittenForm(t *testing.T) {
	outcomes := map[platform.Question]platform.Outcome{
		platform.ReadMemory().Question:            answer("{ \"total\" :\n 1 }"),
		platform.ReadKey(`HKLM\X`).Question:       {Err: platform.Refuse(platform.ErrAbsent, "x is not there")},
		platform.ReadText(`HKLM\X`, "y").Question: answer(`"<x> & y"`),
	}
	want := head(3) +
		`{"kind":"os","what":"memory"}` + "\t" + `{"answer":{"total":1}}` + "\n" +
		`{"kind":"registry","where":"HKLM\\X","what":"y"}` + "\t" + `{"answer":"<x> & y"}` + "\n" +
		`{"kind":"registry","where":"HKLM\\X"}` + "\t" + `{"error":{"reason":"absent","cause":"x is not there"}}` + "\n"
	if got := string(write(t, outcomes)); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
	// The bytes depend on nothing but the outcomes; the order of a map is another each time.
	all := everything()
	first := write(t, all)
	for range 20 {
		again := map[platform.Question]platform.Outcome{}
		for q, o := range all {
			again[q] = o
		}
		if !bytes.Equal(write(t, again), first) {
			t.Fatal("equal outcomes are written differently")
		}
	}
	lines := strings.SplitAfter(strings.TrimPrefix(string(first), head(len(all))), "\n")
	for i := 1; i < len(lines)-1; i++ {
		if lines[i-1] >= lines[i] {
			t.Errorf("line %d is not in order", i+2)
		}
	}
	if n := strings.Count(string(first), "\t"); n != len(all) {
		t.Errorf("there are %d tabs in %d lines", n, len(all))
	}
}

// Whatever schema and count the caller names, the true ones are written.
func TestWriteSetsSchemaAndCount(t *testing.T) {
	var b bytes.Buffer
	h := header
	h.Schema, h.Questions = 7, 7
	if err := recording.Write(&b, h, nil); err != nil || b.String() != head(0) {
		t.Errorf("written: %s, %v", b.String(), err)
	}
}

// An answer that the door refused is written as it came: whoever judges the recording refuses
// it for the same reason, and shows the same evidence.
func TestRefusedAnswerIsRecorded(t *testing.T) {
	q := platform.Query[json.RawMessage]{Question: platform.Question{Kind: platform.KindSQL, On: "SQL01", What: "x"}}
	refused := []platform.Outcome{}
	for _, rows := range []string{`[{"may_see":0,"n":0}]`, `[]`, `[{"n":1}]`, `7`} {
		site := read(t, write(t, map[platform.Question]platform.Outcome{q.Question: answer(rows)}))
		m := platform.Open(t.Context(), site, header.ReadAt, platform.DefaultLimits())
		_, err := platform.Ask(t.Context(), m.Session(), q)
		live := m.Outcomes()[q.Question]
		if err == nil || live.Err == nil || string(live.Answer) != rows {
			t.Fatalf("%s: %v, %+v", rows, err, live)
		}
		replayed := platform.Open(t.Context(), read(t, write(t, m.Outcomes())), header.ReadAt, platform.DefaultLimits())
		_, _ = platform.Ask(t.Context(), replayed.Session(), q)
		if again := replayed.Outcomes()[q.Question]; !reflect.DeepEqual(again, live) {
			t.Errorf("%s: replayed as %+v; it was %+v", rows, again, live)
		}
		refused = append(refused, live)
	}
	for i, reason := range []error{platform.ErrDenied, platform.ErrDenied, platform.ErrNotRecorded, platform.ErrMalformed} {
		if !errors.Is(refused[i].Err, reason) {
			t.Errorf("%s is refused as %v; want %v", refused[i].Answer, refused[i].Err.Reason, reason)
		}
	}
}

// A recording of a server that fell silent gives what was recorded, in whatever order it is
// asked: nothing is given up that was answered then.
func TestReplayDoesNotDependOnTheOrder(t *testing.T) {
	name := func(i int) platform.Query[json.RawMessage] {
		return platform.Query[json.RawMessage]{Question: platform.Question{Kind: platform.KindSQL, On: "SQL01", What: fmt.Sprint(i)}}
	}
	outcomes := map[platform.Question]platform.Outcome{
		name(0).Question: answer(`[{"may_see":1}]`),
		name(1).Question: {Err: platform.Refuse(platform.ErrTimeout, "no answer from SQL01 within 15s")},
		name(2).Question: answer(`[{"may_see":1}]`),
		name(3).Question: {Err: platform.Refuse(platform.ErrTimeout, "no answer from SQL01 within 15s")},
		name(4).Question: {Err: &platform.NoAnswer{Reason: platform.ErrUnreachable, Cause: "SQL01 is away", EndsLine: true}},
		name(5).Question: answer(`[{"may_see":1}]`),
	}
	site := read(t, write(t, outcomes))
	for _, order := range [][]int{{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {1, 3, 0, 2, 4, 5}, {4, 1, 3, 5, 2, 0}} {
		m := platform.Open(t.Context(), site, header.ReadAt, platform.DefaultLimits())
		s := m.Session()
		for _, i := range order {
			_, _ = platform.Ask(t.Context(), s, name(i))
		}
		if got := m.Outcomes(); !reflect.DeepEqual(got, outcomes) {
			t.Errorf("asked in the order %v, the outcomes are %+v", order, got)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	tests := map[string]map[platform.Question]platform.Outcome{
		"an answer that is not JSON": {platform.ReadMemory().Question: answer(`{`)},
		"no outcome":                 {platform.ReadMemory().Question: {}},
		"questions that look alike":  {platform.ReadFile("\xff").Question: answer(`1`), platform.ReadFile("\xfe").Question: answer(`2`)},
	}
	for name, outcomes := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := recording.Write(&b, header, outcomes); err == nil || b.Len() > 0 {
				t.Errorf("written: %q, %v", b.String(), err)
			}
		})
	}
	for left := range 3 {
		if err := recording.Write(&full{left}, header, everything()); !errors.Is(err, errFull) {
			t.Errorf("a full disk after %d writes: %v", left, err)
		}
	}
}

var errFull = errors.New("the disk is full")

// full is a writer that takes left writes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestReadRefuses(t *testing.T) {
	const (
		boot   = `{"kind":"os","what":"boot"}` + "\t" + `{"answer":1}` + "\n"
		memory = `{"kind":"os","what":"memory"}` + "\t" + `{"answer":2}` + "\n"
	)
	if site := read(t, []byte(head(2)+boot+memory)); site.Len() != 2 {
		t.Fatalf("the recording that these are made of has %d lines", site.Len())
	}
	tests := []struct{ name, data, word string }{
		{"empty", "", "no recording of siteready"},
		{"only a byte order mark", "\ufeff", "no recording of siteready"},
		{"something else", "MZ\x90\x00\x03", "no recording of siteready"},
		{"a report", `{"schema":"siteready.report/1"}` + "\n", "schema 0"},
		{"another encoding", "\xff\xfe{\x00}\x00", "no recording of siteready"},
		{"no header", boot + memory, "no recording of siteready"},
		{"an empty line first", "\n" + head(1) + boot, "no recording of siteready"},
		{"an older schema", strings.Replace(head(1), `ing":1`, `ing":0`, 1) + boot, "schema 0"},
		{"a newer schema", strings.Replace(head(1), `ing":1`, `ing":2`, 1) + boot, "schema 2, and this siteready reads schema 1"},
		{"a schema in words", strings.Replace(head(1), `ing":1`, `ing":"1"`, 1) + boot, "no recording of siteready"},
		{"no time", `{"siteready_recording":1,"version":"1.2.3"}` + "\n" + boot, "when it was made"},
		{"a time that is none", strings.Replace(head(1), "2026-11-20", "yesterday", 1) + boot, "no recording of siteready"},
		{"no count", strings.Replace(head(1), `"questions":1,`, "", 1) + boot, "how many questions"},
		{"a count of null", strings.Replace(head(1), `"questions":1,`, `"questions":null,`, 1) + boot, "how many questions"},
		{"a count in words", strings.Replace(head(1), `"questions":1`, `"questions":"1"`, 1) + boot, "no recording of siteready"},
		{"cut between two lines", head(2) + boot, "holds 1 questions, and its header says 2"},
		{"cut after the header's line", head(2), "holds 0 questions, and its header says 2"},
		{"the first line lost", head(2) + memory, "holds 1 questions, and its header says 2"},
		{"a line added", head(1) + boot + memory, "holds 2 questions, and its header says 1"},
		{"cut in the header", head(1)[:40], "no recording of siteready"},
		{"cut after the header", strings.TrimSuffix(head(0), "\n"), "was cut"},
		{"cut in the last line", strings.TrimSuffix(head(2)+boot+memory, "\n"), "was cut"},
		{"cut in the middle", head(2) + boot + memory[:20], "was cut"},
		{"cut between carriage return and line feed", strings.TrimSuffix(strings.ReplaceAll(head(2)+boot, "\n", "\r\n"), "\n"), "was cut"},
		{"a line without a tab", head(2) + boot + strings.Replace(memory, "\t", " ", 1), "line 3 of this recording is damaged: it has no outcome"},
		{"an empty line", head(3) + boot + "\n" + memory, "line 3 of this recording is damaged: it has no outcome"},
		{"an empty line at the end", head(3) + boot + memory + "\n", "line 4 of this recording is damaged: it has no outcome"},
		{"out of order", head(2) + memory + boot, "line 3 of this recording is damaged: it is out of order"},
		{"doubled", head(3) + boot + boot + memory, "line 3 of this recording is damaged: it is out of order, or doubled"},
		{"one question with two outcomes", head(2) + boot + strings.Replace(boot, "1", "3", 1), "line 3 of this recording is damaged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			site, err := recording.Read([]byte(test.data))
			if err == nil || site != nil || !strings.Contains(err.Error(), test.word) {
				t.Errorf("read: %v, %v; want an error with %q", site, err, test.word)
			}
		})
	}
}

func TestEmptyRecording(t *testing.T) {
	site := read(t, []byte(head(0)))
	if _, err := site.Read(t.Context(), platform.ReadMemory().Question); site.Len() != 0 || !errors.Is(err, platform.ErrNotRecorded) {
		t.Errorf("%d lines, %v", site.Len(), err)
	}
}

// What is damaged inside a line shows when its question is asked, and hurts no other.
func TestDamagedOutcome(t *testing.T) {
	const question = `{"kind":"os","what":"memory"}`
	boot := `{"kind":"os","what":"boot"}` + "\t" + `{"answer":1}` + "\n"
	name := `{"kind":"os","what":"name"}` + "\t" + `{"answer":3}` + "\n"
	for _, outcome := range []string{
		``, `{`, `x`, `{}`, `null`, `[]`, `1`, `{"answer":}`, `{"answer":1`, `{"answer":1}x`, `{"answer":1} {"answer":1}`, `{"result":1}`,
		`{"answer":{"total":1}`, `{"answer":1,"error":{"reason":"absent","cause":"x"}}`,
		`{"error":null}`, `{"error":{}}`, `{"error":"absent"}`, `{"error":{"reason":"moon","cause":"x"}}`, `{"error":{"reason":"absent"}}`,
		`{"error":{"reason":"absent","cause":""}}`, `{"error":{"reason":"absent","cause":"x"`,
		"{\"answer\":1}\t{\"answer\":1}",
	} {
		site := read(t, []byte(head(3)+boot+question+"\t"+outcome+"\n"+name))
		raw, err := site.Read(t.Context(), platform.ReadMemory().Question)
		var no *platform.NoAnswer
		if !errors.As(err, &no) || !errors.Is(no, platform.ErrMalformed) || raw != nil || !strings.Contains(no.Cause, "line 3 of the recording is damaged") {
			t.Errorf("%s: %s, %v", outcome, raw, err)
		}
		for q, want := range map[platform.Question]string{platform.ReadBoot().Question: `1`, platform.ReadComputer().Question: `3`} {
			if raw, err := site.Read(t.Context(), q); string(raw) != want || err != nil {
				t.Errorf("%s: beside it, %s is %s, %v", outcome, q, raw, err)
			}
		}
	}
}

func TestNotRecorded(t *testing.T) {
	q := platform.Question{Kind: platform.KindSQL, On: "SQL01", Where: "CM_P01", What: "x", Text: "SELECT 1 AS may_see"}
	site := read(t, write(t, map[platform.Question]platform.Outcome{q: answer(`[{"may_see":1}]`)}))
	others := map[string]platform.Question{"no part is equal": {}}
	for name, change := range map[string]func(*platform.Question){
		"kind":     func(q *platform.Question) { q.Kind = platform.KindFile },
		"instance": func(q *platform.Question) { q.On = "SQL02" },
		"case":     func(q *platform.Question) { q.On = "sql01" },
		"database": func(q *platform.Question) { q.Where = "" },
		"name":     func(q *platform.Question) { q.What += "x" },
		"text":     func(q *platform.Question) { q.Text += " " },
	} {
		other := q
		change(&other)
		others[name] = other
	}
	for name, other := range others {
		raw, err := site.Read(t.Context(), other)
		var no *platform.NoAnswer
		if !errors.As(err, &no) || !errors.Is(no, platform.ErrNotRecorded) || raw != nil || no.Help == "" {
			t.Errorf("another %s: %s, %v", name, raw, err)
		}
	}
}
