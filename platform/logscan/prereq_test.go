package logscan_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"siteready/platform"
	"siteready/platform/logscan"
)

const (
	stamp     = "  $$<Configuration Manager Prereq><11-16-2026 21:40:00.105-60><thread=5432 (0x1538)>"
	endStamp  = "  $$<Configuration Manager Prereq><11-16-2026 21:44:12.771-60><thread=5432 (0x1538)>"
	begin     = "******* Start Prerequisite checking. *******" + stamp
	end       = "******* Prerequisite checking is completed. *******" + endStamp
	passed    = "CM01.contoso.com;    Pending system restart;    Passed" + stamp
	failed    = "CM01.contoso.com;    Read-only domain controller;    Error;    Use another server; see the list." + stamp
	warned    = "SQL01.contoso.com;    SQL Server security mode;    Warning;    Use Windows authentication." + stamp
	staged    = `INFO: PrereqCoreRes.dll source path is set to E:\ConfigMgr\CMUStaging\8576527e-DDE9-4146-8ED9-DB91091C38EF\SMSSETUP\BIN\X64` + stamp
	stagedID  = "8576527E-DDE9-4146-8ED9-DB91091C38EF"
	oldFormat = "<01-04-2013 16:25:28> "
)

var (
	began = time.Date(2026, 11, 16, 20, 40, 0, 105e6, time.UTC)
	ended = time.Date(2026, 11, 16, 20, 44, 12, 771e6, time.UTC)
)

func lines(all ...string) string { return strings.Join(all, "\r\n") + "\r\n" }

func source(text string) logscan.Source {
	return logscan.Source{Name: `C:\ConfigMgrPrereq.log`, Data: strings.NewReader(text), Size: int64(len(text)), CodePage: 1252}
}

func scan(t testing.TB, text string) platform.PrereqLog {
	t.Helper()
	digest, err := logscan.Prerequisites(t.Context(), source(text))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// results are the results of the last run, one text each.
func results(digest platform.PrereqLog) []string {
	var all []string
	if digest.Run != nil {
		for _, r := range digest.Run.Results {
			all = append(all, strings.Join([]string{r.Server, r.Rule, r.Result, r.Message}, "|"))
		}
	}
	return all
}

func TestRun(t *testing.T) {
	got := scan(t, lines("older talk", begin, "***"+stamp, staged, "Check Type: Easy Update ~ Site Server: CM01,~ SQL Server: SQL01"+stamp,
		"Prerequisite rule 'Site code in use' is marked to not run for easysetup."+stamp, "Prerequisite rule 'Pending system restart' will run for easysetup upgrade."+stamp,
		"Prerequisite rule 'What it's about' will run for easysetup upgrade."+stamp,
		"ERROR: SQL is not connected."+stamp, "*** [08001][2][Microsoft]Login timeout expired"+stamp, passed, failed, warned,
		"Prerequisite rule 'Pending system restart' has been run on server 'CM01', skipped."+stamp, end, "later talk"))
	id := stagedID
	want := platform.PrereqLog{
		Encoding: platform.EncodingBytes, Size: got.Size,
		Run: &platform.PrereqRun{
			Began: &began, Ended: &ended, Zoned: true, Update: true, Package: &id, Lines: 12, Complaints: 2, Unanswered: 1, Errors: 1, Warnings: 1, Passed: 1, NotRun: 1,
			Results: []platform.PrereqResult{
				{Rule: "Read-only domain controller", Server: "CM01.contoso.com", Result: platform.PrereqError, Message: "Use another server; see the list."},
				{Rule: "SQL Server security mode", Server: "SQL01.contoso.com", Result: platform.PrereqWarning, Message: "Use Windows authentication."},
				{Rule: "Pending system restart", Server: "CM01.contoso.com", Result: platform.PrereqPassed},
				{Rule: "Site code in use", Result: platform.PrereqNotRun},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(- wanted, + got):\n%s", diff)
	}
}

func TestResults(t *testing.T) {
	for _, test := range []struct {
		name, line    string
		want          string
		notUnderstood int64
	}{
		{"four fields", failed, "CM01.contoso.com|Read-only domain controller|error|Use another server; see the list.", 0},
		{"three fields", passed, "CM01.contoso.com|Pending system restart|passed|", 0},
		{"without a server", "SQL client prerequisite missing for Configuration Manager setup;    Error;    Install it" + stamp, "|SQL client prerequisite missing for Configuration Manager setup|error|Install it", 0},
		{"without a server, passed", "A rule;    Passed", "|A rule|passed|", 0},
		{"one blank", "CM01; A rule; Error; Text", "CM01|A rule|error|Text", 0},
		{"tabs", "CM01;\tA rule;\tWarning;\tText", "CM01|A rule|warning|Text", 0},
		{"no server's name before the semicolon", ";    A rule;    Error;    Text", "|A rule|error|Text", 0},
		{"the words of the console", "CM01;    A rule;    Failed;    Text", "CM01|A rule|error|Text", 0},
		{"in capitals", "CM01;    A rule;    ERROR;    Text", "CM01|A rule|error|Text", 0},
		{"no message", "CM01;    A rule;    Error;", "CM01|A rule|error|", 0},
		{"an empty message behind it", "CM01;    A rule;    Passed;    ", "CM01|A rule|passed|", 0},
		{"a message with a result's word", "CM01;    A rule;    Passed;    Error; Warning; x", "CM01|A rule|passed|Error; Warning; x", 0},
		{"a message with the sign of a frame", "CM01;    A rule;    Error;    costs $$<x>" + stamp, "CM01|A rule|error|costs $$<x>", 0},
		{"of old releases", oldFormat + "CM01;    A rule;    Error;    Text", "CM01|A rule|error|Text", 0},
		{"as of clients", `<![LOG[CM01;    A rule;    Error;    Text]LOG]!><time="21:41:00.000-60" date="11-16-2026" component="x" context="" type="3" thread="1" file="">`, "CM01|A rule|error|Text", 0},
		{"padded", "~CM01;    A rule;    Error;    Text~~" + stamp, "CM01|A rule|error|Text", 0},
		{"a secret", "CM01;    A rule;    Error;    connect with Password=hunter2;Database=x", "CM01|A rule|error|connect with Password=(hidden);Database=x", 0},
		{"an unknown word", "CM01;    A rule;    Fehler;    Text", "", 1},
		{"an unknown word without a message", "CM01;    A rule;    Skipped", "", 1},
		{"no rule", "CM01;    ;    Error;    Text", "", 1},
		{"a rule with a semicolon", "CM01;    A;    rule;    Error;    Text", "", 1},
		{"talk with semicolons", "Path is C:\\x;C:\\y; and so on", "", 0},
		{"talk with two blanks", "INFO: a;    b;    c", "", 0},
		{"a heading", "<<<RuleCategory: a;    b;    c>>>", "", 0},
		{"a word alone", "Error;    this is no rule", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := scan(t, lines(begin, test.line, end))
			var want []string
			if test.want != "" {
				want = []string{test.want}
			}
			if diff := cmp.Diff(want, results(got)); diff != "" || got.Run.NotUnderstood != test.notUnderstood || got.Run.Complaints != 0 {
				t.Errorf("%d lines not understood, %d complaints (- wanted, + got):\n%s", got.Run.NotUnderstood, got.Run.Complaints, diff)
			}
		})
	}
}

// Said twice of a rule on a server, the worse counts; two servers are two results.
func TestWorstCounts(t *testing.T) {
	one := func(server, result string) string {
		return server + ";    A rule;    " + result + ";    " + result + stamp
	}
	got := scan(t, lines(begin, one("CM01", "Passed"), one("cm01", "Error"), one("CM01", "Warning"), one("SQL01", "Warning"), one("SQL01", "Passed"), end))
	want := []string{"cm01|A rule|error|Error", "SQL01|A rule|warning|Warning"}
	if diff := cmp.Diff(want, results(got)); diff != "" || got.Run.Errors != 1 || got.Run.Warnings != 1 || got.Run.Passed != 0 {
		t.Errorf("%+v\n%s", got.Run, diff)
	}
}

func TestRuns(t *testing.T) {
	older := strings.ReplaceAll(lines(begin, failed, end), "11-16-2026", "10-16-2026")
	for _, test := range []struct {
		name, text string
		passed     bool // the last complete run is the one that passed
		none       bool
		begun      bool
	}{
		{"one", lines(begin, passed, end), true, false, false},
		{"the last of two", older + lines(begin, passed, end), true, false, false},
		{"a later one has begun", lines(begin, passed, end, begin, failed), true, false, true},
		{"one that was broken off between two", older + lines(begin, failed, begin, passed, end), true, false, false},
		{"broken off, and only its end is there", lines(passed, end), false, true, false},
		{"only its begin is there", lines(begin, passed), false, true, true},
		{"two ends", lines(begin, passed, end, failed, end), true, false, false},
		{"nothing", "", false, true, false},
		{"nothing but line ends", "\r\n\n\r", false, true, false},
		{"something else", "Lorem ipsum; dolor; sit amet", false, true, false},
		{"the end is still being written", lines(begin, passed, end, begin, passed) + "******* Prerequisite checking is com", true, false, true},
		{"an end without a line end", lines(begin, passed) + end, true, false, false},
		{"line ends of Unix", strings.ReplaceAll(lines(begin, passed, end), "\r\n", "\n"), true, false, false},
		{"line ends of old Macs", strings.ReplaceAll(lines(begin, passed, end), "\r\n", "\r"), true, false, false},
		{"banners in capitals", strings.ToUpper(begin) + "\n" + lines(passed, end), true, false, false},
		{"zeros that a crash left", lines(begin, passed, end) + strings.Repeat("\x00", 5000), true, false, false},
		{"zeros between the lines", lines(begin+strings.Repeat("\x00", 5000), strings.Repeat("\x00", 5000)+passed, end), true, false, false},
		{"banners that are quoted", lines(begin, passed, `INFO: see "******* Prerequisite checking is completed. *******"`, failed), false, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := scan(t, test.text)
			if (got.Run == nil) != test.none || got.Begun != test.begun {
				t.Fatalf("the run %+v, begun %t", got.Run, got.Begun)
			}
			if got.Run != nil && (got.Run.Passed == 1) != test.passed {
				t.Errorf("%+v", got.Run)
			}
			if got.Run != nil && got.Run.NotUnderstood != 0 {
				t.Errorf("%d lines were not understood", got.Run.NotUnderstood)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	at := func(text string) string {
		parsed, err := time.Parse("2006-01-02 15:04:05.999", text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Format(time.RFC3339Nano)
	}
	for _, test := range []struct {
		frame string // of the first line, with %s for the message
		want  string // empty: not known
		zoned bool
	}{
		{"%s  $$<x><11-16-2026 21:40:00.105-60><thread=1 (0x1)>", at("2026-11-16 20:40:00.105"), true},
		{"%s  $$<x><04-21-2024 07:33:58.583+00><thread=1 (0x1)>", at("2024-04-21 07:33:58.583"), true},
		{"%s  $$<x><04-21-2024 23:33:58.583+240><thread=1 (0x1)>", at("2024-04-22 03:33:58.583"), true},
		{"%s  $$<x><04-21-2024 07:33:58.583+000><thread=1 (0x1)>", at("2024-04-21 07:33:58.583"), true},
		{"%s  $$<x><04-21-2024 07:33:58><thread=1 (0x1)>", at("2024-04-21 07:33:58"), false},
		{`<![LOG[%s]LOG]!><time="14:05:09.123-60" date="03-02-2026" component="x" context="" type="1" thread="1" file="">`, at("2026-03-02 13:05:09.123"), true},
		{"<01-04-2013 16:25:28> %s", at("2013-01-04 16:25:28"), false},
		{"%s", "", false},
		{"%s  $$<x>", "", false},
		{"%s  $$<x><", "", false},
		{"%s  $$<x><13-40-2026 21:40:00.105-60><thread=1 (0x1)>", "", false},
		{"%s  $$<x><11-16-2026 21:40:00.105-841><thread=1 (0x1)>", "", false},
		{"%s  $$<x><11-16-2026 21:40:00.105-><thread=1 (0x1)>", "", false},
		{"%s  $$<x><11-16-2026 21:40:00.105-6x><thread=1 (0x1)>", "", false},
		{"%s  $$<x><Wed May 21 17:09:02 1997~><thread=DB>", "", false},
		{"<![LOG[%s]LOG]!>", "", false},
	} {
		t.Run(test.frame, func(t *testing.T) {
			got := scan(t, lines(fmt.Sprintf(test.frame, "******* Start Prerequisite checking. *******"), passed, end))
			if got.Run == nil {
				t.Fatal("no run")
			}
			when := ""
			if got.Run.Began != nil {
				when = got.Run.Began.Format(time.RFC3339Nano)
			}
			if when != test.want || got.Run.Zoned != test.zoned {
				t.Errorf("%s, zoned %t; want %s, %t", when, got.Run.Zoned, test.want, test.zoned)
			}
		})
	}
}

func utf16Of(text string, order binary.AppendByteOrder, mark bool) string {
	units := utf16.Encode([]rune(text))
	if mark {
		units = slices.Insert(units, 0, 0xFEFF)
	}
	raw := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		raw = order.AppendUint16(raw, unit)
	}
	return string(raw)
}

func TestEncodings(t *testing.T) {
	text := lines(begin, "CM01;    A rule;    Error;    Größe des Laufwerks", passed, end)
	ansi := strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(text)
	for _, test := range []struct {
		name, data, encoding string
		message              string
		page                 uint32
		notUnderstood        int64
	}{
		{"UTF-8", text, platform.EncodingBytes, "Größe des Laufwerks", 1252, 0},
		{"UTF-8 with its mark", "\ufeff" + text, platform.EncodingUTF8, "Größe des Laufwerks", 1252, 0},
		{"UTF-16 LE with its mark", utf16Of(text, binary.LittleEndian, true), platform.EncodingUTF16LE, "Größe des Laufwerks", 1252, 0},
		{"UTF-16 LE", utf16Of(text, binary.LittleEndian, false), platform.EncodingUTF16LE, "Größe des Laufwerks", 1252, 0},
		{"UTF-16 BE with its mark", utf16Of(text, binary.BigEndian, true), platform.EncodingUTF16BE, "Größe des Laufwerks", 1252, 0},
		{"UTF-16 BE", utf16Of(text, binary.BigEndian, false), platform.EncodingUTF16BE, "Größe des Laufwerks", 1252, 0},
		{"Windows-1252", ansi, platform.EncodingBytes, "Größe des Laufwerks", 1252, 0},
		{"Windows-1251", strings.Replace(text, "Größe", "\xd0\xe0\xe7\xec\xe5\xf0", 1), platform.EncodingBytes, "Размер des Laufwerks", 1251, 0},
		{"a code page that is not known", ansi, platform.EncodingBytes, "Gr\ufffde des Laufwerks", 932, 1},
		{"broken UTF-8 behind its mark", "\ufeff" + strings.Replace(text, "ö", "\xf6", 1), platform.EncodingUTF8, "Gr\ufffdße des Laufwerks", 1252, 1},
		{"a half of a pair in UTF-16", strings.Replace(utf16Of(text, binary.LittleEndian, true), "\xf6\x00", "\x00\xd8", 1), platform.EncodingUTF16LE, "Gr\ufffdße des Laufwerks", 1252, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := source(test.data)
			s.CodePage = test.page
			got, err := logscan.Prerequisites(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if got.Encoding != test.encoding || got.Run == nil || got.Run.Errors != 1 || got.Run.Passed != 1 {
				t.Fatalf("%+v", got)
			}
			if message := got.Run.Results[0].Message; message != test.message || got.Run.NotUnderstood != test.notUnderstood {
				t.Errorf("%q, %d not understood; want %q", message, got.Run.NotUnderstood, test.message)
			}
		})
	}
}

// A log that is larger than any window is read from its end, and gives what it gives when it
// is read whole; a line that is too long is counted, and the next one is read.
func TestLargeLog(t *testing.T) {
	filler := strings.Repeat("talk of the checker, of no use to anybody"+stamp+"\n", 1000)
	for _, mebibytes := range []int{3, 5, 40} {
		before := strings.Repeat(filler, mebibytes<<20/len(filler)+1)
		for name, text := range map[string]string{
			"at its end":   before + lines(begin, failed, end),
			"at its begin": lines(begin, failed, end) + before,
			"around it":    lines(begin, failed) + before + lines(warned, end),
			"none":         before,
		} {
			t.Run(fmt.Sprintf("%d MiB, %s", mebibytes, name), func(t *testing.T) {
				got := scan(t, text)
				if name == "none" {
					if got.Run != nil {
						t.Errorf("%+v", got.Run)
					}
					return
				}
				if got.Run == nil || got.Run.Errors != 1 || got.Run.NotUnderstood != 0 || got.Run.Began == nil {
					t.Errorf("%+v", got.Run)
				}
			})
		}
	}
	long := "CM01;    A rule;    Error;    " + strings.Repeat("x", 3*logscan.MaxLine)
	got := scan(t, lines(begin, long, passed, strings.Repeat("y", logscan.MaxLine+5), warned, end))
	if got.Run == nil || got.Run.NotUnderstood != 2 || got.Run.Errors != 1 || got.Run.Passed != 1 || got.Run.Warnings != 1 {
		t.Errorf("%+v", got.Run)
	}
}

// The answer stays within its limit, whatever the log holds, and errors come before what passed.
func TestAnswerIsBounded(t *testing.T) {
	var text []string
	for i := range 6000 {
		text = append(text, fmt.Sprintf("CM01;    Rule %d %s;    Passed", i, strings.Repeat("\u2028", 100)))
	}
	for i := range 300 {
		text = append(text, fmt.Sprintf("CM01;    Rule %d;    Error;    %s", i, strings.Repeat("\u2028<", 5000)))
	}
	got := scan(t, lines(slices.Concat([]string{begin}, text, []string{end})...))
	raw, err := json.Marshal(got)
	if err != nil || len(raw) > platform.MaxAnswer {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if got.Run == nil || !got.Run.More || got.Run.Errors != 300 || got.Run.Passed != 6000-300 || len(got.Run.Results) == 0 {
		t.Errorf("errors %d, passed %d, more %t", got.Run.Errors, got.Run.Passed, got.Run.More)
	}
	for _, r := range got.Run.Results {
		if r.Result != platform.PrereqError {
			t.Fatalf("%s is listed, and not all errors are", r.Result)
		}
	}
}

// failing is a log whose reading fails from a place on.
type failing struct {
	text string
	from int
	err  error
}

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if int(at) >= f.from {
		return 0, f.err
	}
	n := copy(p, f.text[at:f.from])
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

var errDevice = errors.New("the device is not ready")

// A log that is cut while it is read, one that cannot be read and one that takes too long are
// not answered; what is appended meanwhile is not read.
func TestReadingFails(t *testing.T) {
	text := lines(begin, passed, end)
	for _, test := range []struct {
		name   string
		from   int
		err    error
		reason error
	}{
		{"cut", 60, io.EOF, platform.ErrUnsupported},
		{"cut at its begin", 0, io.EOF, platform.ErrUnsupported},
		{"without a word", 60, nil, platform.ErrUnsupported},
		{"an error of the system", 60, errDevice, errDevice},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := logscan.Prerequisites(t.Context(), logscan.Source{Name: "x.log", Data: failing{text, test.from, test.err}, Size: int64(len(text))})
			if !errors.Is(err, test.reason) || !strings.Contains(err.Error(), "x.log") {
				t.Errorf("%v", err)
			}
		})
	}
	s := source(text)
	grown := text + lines(begin, failed, end)
	s.Data = strings.NewReader(grown)
	if got, err := logscan.Prerequisites(t.Context(), s); err != nil || got.Run == nil || got.Run.Errors != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := logscan.Prerequisites(over, s); !errors.Is(err, platform.ErrTimeout) {
		t.Errorf("%v", err)
	}
	if _, err := logscan.Digest(t.Context(), s, "weather"); !errors.Is(err, platform.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

// FuzzPrerequisites gives it any bytes: no panic, an answer within its limit, numbers that agree,
// and the same when the bytes stand behind a large log.
func FuzzPrerequisites(f *testing.F) {
	text := lines(begin, staged, passed, failed, warned, "Größe;    A;    Fehler;    x", end, begin)
	f.Add([]byte(text), uint32(1252))
	f.Add([]byte("\ufeff"+text), uint32(0))
	f.Add([]byte(utf16Of(text, binary.LittleEndian, true)), uint32(932))
	f.Add([]byte(utf16Of(text, binary.BigEndian, false)), uint32(1251))
	f.Add([]byte(oldFormat+"******* Start Prerequisite checking. *******\r"+oldFormat+"a; b; Error; c\n"+strings.Repeat("\x00", 50)), uint32(1252))
	f.Add([]byte(`<![LOG[CM01;    A rule;    Error;    Text]LOG]!><time="21:41:00.000-60" date="11-16-2026"`), uint32(1252))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		raw := []byte(text)
		raw[rng.IntN(len(raw))] ^= 1 << rng.IntN(8)
		f.Add(raw[:rng.IntN(len(raw))], uint32(1252))
	}
	f.Fuzz(func(t *testing.T, raw []byte, page uint32) {
		s := logscan.Source{Name: "x.log", Data: strings.NewReader(string(raw)), Size: int64(len(raw)), CodePage: page}
		got, err := logscan.Prerequisites(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(got)
		if err != nil || len(answer) > platform.MaxAnswer {
			t.Fatalf("%d bytes, %v", len(answer), err)
		}
		if got.Run != nil {
			if all := got.Run.Errors + got.Run.Warnings + got.Run.Passed + got.Run.NotRun; all != int64(len(got.Run.Results)) && !got.Run.More {
				t.Errorf("%d results are counted, %d listed", all, len(got.Run.Results))
			}
			for _, r := range got.Run.Results {
				if r.Rule == "" || r.Result == "" {
					t.Errorf("%+v", r)
				}
			}
		}
	})
}

// BenchmarkPrerequisites reads a log of 64 MiB without a run in it, the slowest that there is.
func BenchmarkPrerequisites(b *testing.B) {
	text := strings.Repeat("talk of the checker, of no use to anybody"+stamp+"\r\n", 64<<20/(len(stamp)+43))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := logscan.Prerequisites(b.Context(), source(text)); err != nil {
			b.Fatal(err)
		}
	}
}
