package logscan_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"siteready/platform"
	"siteready/platform/logscan"
	"siteready/platform/logscan/signatures"
)

// shared is the catalogue of all tests; it is never changed.
var shared = sync.OnceValues(func() (*signatures.Catalogue, error) { return signatures.Known() })

func catalogue(t testing.TB) *signatures.Catalogue {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// inMemory is a file in memory.
func inMemory(name string, raw []byte) logscan.File {
	return logscan.File{Name: name, Open: func(context.Context) (logscan.Opened, error) {
		return logscan.Opened{Source: logscan.Source{Name: name, Data: bytes.NewReader(raw), Size: int64(len(raw)), CodePage: 1252}}, nil
	}}
}

// search looks through files of one log in memory.
func search(t testing.TB, o logscan.Options, files ...logscan.File) logscan.Found {
	t.Helper()
	if o.Catalogue == nil {
		o.Catalogue = catalogue(t)
	}
	found, err := logscan.Scan(t.Context(), []logscan.Log{{Name: "some.log", Files: files}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// seen is what was seen of a signature.
func seen(t testing.TB, found logscan.Found, id string) logscan.Seen {
	t.Helper()
	for _, s := range found.Signatures {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("%s was not seen, only %+v", id, found.Signatures)
	return logscan.Seen{}
}

func wide(text string, mark bool) []byte {
	var raw []byte
	if mark {
		raw = []byte{0xFF, 0xFE}
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = append(raw, byte(unit), byte(unit>>8))
	}
	return raw
}

var when = time.Date(2026, 3, 11, 3, 14, 44, 447e6, time.UTC)

func TestScanCountsEachSampleOnce(t *testing.T) {
	samples := rows(t, "samples.tsv")
	var log strings.Builder
	for _, row := range samples {
		log.WriteString(row[1] + "\r\n")
	}
	for name, raw := range map[string][]byte{
		"bytes": []byte(log.String()), "utf-8": append([]byte("\xEF\xBB\xBF"), log.String()...),
		"utf-16": wide(log.String(), true), "utf-16 without a mark": wide(log.String(), false),
	} {
		t.Run(name, func(t *testing.T) {
			found := search(t, logscan.Options{}, inMemory("x", raw))
			if !found.Complete() || len(found.Signatures) != len(samples) {
				t.Errorf("%d signatures seen, want %d; files %+v", len(found.Signatures), len(samples), found.Files)
			}
			for i, row := range samples {
				s := seen(t, found, row[0])
				if s.Count != 1 || len(s.Lines) != 1 || s.Lines[0].Number != int64(i+1) {
					t.Errorf("%s: %+v, want it once in line %d", row[0], s, i+1)
				}
			}
			if f := found.Files[0]; f.Lines != int64(len(samples)) || f.Read != int64(len(raw)) {
				t.Errorf("read %d of %d bytes, %d lines; want all, and %d", f.Read, len(raw), f.Lines, len(samples))
			}
		})
	}
}

func TestScanReadsFrames(t *testing.T) {
	const failure = "ERROR: Unable to connect to the remote server"
	for name, tc := range map[string]struct {
		log, text string
		at        *time.Time
		number    int64
	}{
		"server": {serverLine(failure, "SMS_DMP_DOWNLOADER", when, 7), failure, new(when), 1},
		"client": {clientLine(failure, "X", when, 7), failure, new(when), 1},
		"client, many lines": {
			"before\r\n<![LOG[System.Net.WebException\r\n" + failure + "\r\n   at X.Y()]LOG]!><time=\"04:14:44.447-60\" date=\"03-11-2026\" component=\"X\" type=\"3\" thread=\"7\" file=\"\">\r\n",
			"System.Net.WebException\r\n" + failure + "\r\n   at X.Y()", new(when), 2,
		},
		"SQL Server":              {"2026-03-11 03:14:44.44 spid52      " + failure + "\r\n", "2026-03-11 03:14:44.44 spid52      " + failure, new(when.Truncate(10 * time.Millisecond)), 1},
		"bundle":                  {"[0A1C:1F2C][2026-03-11T03:14:44]e000: " + failure, "[0A1C:1F2C][2026-03-11T03:14:44]e000: " + failure, new(when.Truncate(time.Second)), 1},
		"event":                   {"2026-03-11T04:14:44.447+01:00 | x | " + failure, "2026-03-11T04:14:44.447+01:00 | x | " + failure, new(when), 1},
		"copy of a viewer":        {failure + "\tSMS_DMP\t3/11/2026 3:14:44 AM\t4000 (0xFA0)", failure + "\tSMS_DMP\t3/11/2026 3:14:44 AM\t4000 (0xFA0)", new(when.Truncate(time.Second)), 1},
		"first releases":          {failure + "  $$<SMS_DESPOOLER><Wed Mar 11 03:14:44.229 2026 Central Daylight Time><thread=250 (0xFA)>", failure, new(when.Truncate(time.Second)), 1},
		"the line before":         {"2026-03-11 03:14:44 Setup begins\n" + failure + "\n", failure, new(when.Truncate(time.Second)), 2},
		"the line behind":         {failure + "\n2026-03-11 03:14:44 Setup ends\n", failure, new(when.Truncate(time.Second)), 1},
		"cut off, another behind": {"<![LOG[fine, but cut\r\n" + failure + "\r\n" + clientLine("fine", "X", when, 7), failure, new(when), 2},
		"no time":                 {"x\ny\n" + failure, failure, nil, 3},
		"a time it is about":      {failure + " with a certificate that was good until 2020-01-01 00:00:00\n", failure + " with a certificate that was good until 2020-01-01 00:00:00", nil, 1},
		"frame in a later line":   {serverLine("days ago", "X", when.AddDate(0, 0, -3), 7) + failure + "\r\n   at X.Y()\r\n" + serverLine("   at Z", "X", when, 7), failure, new(when), 2},
		"a cut line, a client":    {serverLine("before", "X", when, 7) + failure + "\r\n" + clientLine("$$<", "X", when.AddDate(0, 0, 1), 7), failure, nil, 2},
		"a cut line, soon after":  {serverLine("before", "X", when.Add(-9*time.Minute), 7) + failure + "\r\n" + clientLine("$$<", "X", when, 7), failure, new(when), 2},
		"a cut line at the end":   {serverLine("before", "X", when, 7) + failure, failure, nil, 2},
		"lines that go on":        {"2026-03-11 03:14:44 Setup begins\n" + failure + "\n" + "2026-03-12 03:14:44 Setup ends\n", failure, new(when.Truncate(time.Second)), 2},
		"a frame of another form": {serverLine("before", "X", when.AddDate(0, 0, -1), 7) + failure + "  $$<X><11-31-2026 04:14:44.447-60><thread=7>\r\n" + serverLine("behind", "X", when, 7), failure, nil, 2},
		"such a frame elsewhere":  {"2026-03-10 03:14:44 x\n" + failure + "  $$<X><11-31-2026 04:14:44.447-60><thread=7>\n2026-03-12 03:14:44 y\n", failure, nil, 2},
		"no bias but letters":     {serverLine("before", "X", when.AddDate(0, 0, -1), 7) + failure + "  $$<X><03-11-2026 04:14:44.447+6x><thread=7>\r\n", failure, nil, 2},
		"a client without a day":  {clientLine("before", "X", when.AddDate(0, 0, -1), 7) + "<![LOG[" + failure + "]LOG]!><time=\"04:14:44.447-60\" component=\"X\">\r\n", failure, nil, 2},
		"no component":            {failure + "  $$<03-11-2026 04:14:44.447-60><thread=7>\r\n", failure, new(when), 1},
		"an empty component":      {failure + "  $$<><03-11-2026 04:14:44.447-60><thread=7>\r\n", failure, new(when), 1},
		"days without zeros":      {"<![LOG[" + failure + "]LOG]!><time=\"04:14:44.447-60\" date=\"3-11-2026\" component=\"X\">\r\n", failure, new(when), 1},
		"blanks before a client":  {"  " + clientLine(failure, "X", when, 7), failure, new(when), 1},
		"two copies in one":       {serverLine("before", "X", when, 7) + "\xEF\xBB\xBF" + clientLine(failure, "X", when, 7), failure, new(when), 2},
		"a client in a client":    {clientLine("outer <![LOG[inner "+failure, "X", when, 7), "outer <![LOG[inner " + failure, new(when), 1},
		"a begin within a line":   {serverLine("it reads <![LOG[ here", "X", when, 7) + failure + "\r\n" + clientLine("fine", "X", when, 7), failure, new(when), 2},
		"a message never ends":    {"<![LOG[one\r\n" + failure + "\r\n", failure, nil, 2},
		"a lone begin before it":  {"<![LOG[one\r\n" + serverLine(failure, "X", when, 7), failure, new(when), 2},
		"time of a day, no month": {"MSI (s) (54:A0) [02:14:07:310]: " + failure, "MSI (s) (54:A0) [02:14:07:310]: " + failure, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := seen(t, search(t, logscan.Options{}, inMemory("x", []byte(tc.log))), "dl-unable-connect")
			l := s.Lines[0]
			if s.Count != 1 || l.Text != tc.text || l.Number != tc.number {
				t.Errorf("got %d times, line %d, %q; want once, line %d, %q", s.Count, l.Number, l.Text, tc.number, tc.text)
			}
			if (l.At == nil) != (tc.at == nil) || l.At != nil && !l.At.Equal(*tc.at) {
				t.Errorf("at %v, want %v", l.At, tc.at)
			}
		})
	}
}

func TestScanLeavesFramesOut(t *testing.T) {
	log := "fine  $$<SslSecurityError><03-11-2026 02:14:44.447-60><thread=4000 (0xFA0)>\r\n" +
		clientLine("fine", "SslSecurityError", when, 7)
	if found := search(t, logscan.Options{}, inMemory("x", []byte(log))); len(found.Signatures) > 0 {
		t.Errorf("a name in a frame was counted: %+v", found.Signatures)
	}
}

func TestScanLooksIntoNormalLogs(t *testing.T) {
	var log strings.Builder
	for _, row := range rows(t, "normal.tsv") {
		log.WriteString(serverLine(row[1], "X", when, 1) + clientLine(row[1], "X", when, 1) + row[1] + "\r\n")
	}
	if found := search(t, logscan.Options{}, inMemory("x", []byte(log.String()))); len(found.Signatures) > 0 {
		t.Errorf("normal lines were counted: %+v", found.Signatures)
	}
}

func TestScanKeepsFewLines(t *testing.T) {
	var log strings.Builder
	for i := range 1000 {
		log.WriteString(serverLine(fmt.Sprintf("%d Unable to connect to the remote server %s", i, strings.Repeat("ü", 5000)), "X", when.Add(time.Duration(i)*time.Minute), 1))
	}
	s := seen(t, search(t, logscan.Options{}, inMemory("x", []byte(log.String()))), "dl-unable-connect")
	var numbers []int64
	for _, l := range s.Lines {
		numbers = append(numbers, l.Number)
		if len(l.Text) > logscan.MaxLineText || !strings.Contains(l.Text, "Unable to connect") {
			t.Errorf("%d bytes: %s", len(l.Text), l.Text)
		}
	}
	if s.Count != 1000 || !slices.Equal(numbers, []int64{1, 997, 998, 999, 1000}) {
		t.Errorf("%d seen, lines %v kept", s.Count, numbers)
	}
	if got := s.Last.Sub(*s.First); got != 999*time.Minute {
		t.Errorf("they span %v", got)
	}
}

func TestScanHidesSecretsAndDecodes(t *testing.T) {
	log := "Unable to connect to the remote server caf\xe9; password=hunter2  $$<X><03-11-2026 02:14:44.447-60><thread=1 (0x1)>\r\n"
	text := seen(t, search(t, logscan.Options{}, inMemory("x", []byte(log))), "dl-unable-connect").Lines[0].Text
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "café") {
		t.Errorf("kept: %s", text)
	}
}

// A secret is hidden though the message is cut in its middle, or though what tells it is cut off.
func TestScanHidesSecretsThatAreCut(t *testing.T) {
	const failure = "Unable to connect to the remote server"
	x := strings.Repeat("x", 300)
	for name, message := range map[string]string{
		"its begin":          x + "Password=geheim7" + strings.Repeat("geheim7", 20) + "; " + failure + strings.Repeat(x, 9),
		"far before":         strings.Repeat(x, 99) + "Password=" + strings.Repeat("geheim7", 200) + "; " + failure + strings.Repeat(x, 9),
		"its end":            failure + strings.Repeat(x, 3) + " https://user:geheim7" + x + "@host/",
		"of a key":           "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("geheim7", 300) + "-----END PRIVATE KEY----- " + failure + x,
		"in a line for rule": "BCP out result is -1. " + x[:150] + " https://user:geheim7" + x[:30] + "@host/",
	} {
		t.Run(name, func(t *testing.T) {
			found, err := logscan.Scan(t.Context(), []logscan.Log{logOf("rcmctrl.log", clientLine(message, "X", when, 1))}, logscan.Options{Catalogue: catalogue(t)})
			if err != nil {
				t.Fatal(err)
			}
			lines := []logscan.Line{}
			for _, s := range found.Signatures {
				lines = append(lines, s.Lines...)
			}
			for _, b := range found.Rules {
				lines = append(lines, b.Lines...)
			}
			if len(lines) != 1 || strings.Contains(lines[0].Text, "heim7") || len(lines[0].Text) > logscan.MaxLineText ||
				!strings.Contains(lines[0].Text, failure) && !strings.Contains(lines[0].Text, "BCP out") {
				t.Errorf("%+v", lines)
			}
		})
	}
}

// Of a long line that part is kept in which that stands for which it is counted, and its place is told.
func TestScanShowsWhatWasFound(t *testing.T) {
	const failure, normal = "unable to connect to the remote server", "does not match hash from content library"
	filler := strings.Repeat("many words go before ", 60)
	for name, before := range map[string]string{
		"first": "", "near": filler[:100], "far": filler, "behind a secret": filler + "password=tr0ub4dor; " + filler[:180], "behind wide letters": strings.Repeat("é漢 ", 300),
	} {
		log := server("CONFIGURATION_MANAGER_UPDATE", at{0, 1, before + failure + filler}, at{1, 1, before + normal + filler}, at{2, 1, before + normal}, at{3, 1, normal})
		found := search(t, logscan.Options{}, inMemory("CMUpdate.log", []byte(log)))
		if len(found.Rules) != 1 {
			t.Fatalf("%s: %+v", name, found.Rules)
		}
		lines := slices.Concat(seen(t, found, "dl-unable-connect").Lines, found.Rules[0].Lines)
		if len(lines) != 4 {
			t.Fatalf("%s: %+v", name, lines)
		}
		for i, l := range lines {
			want, most := failure, logscan.MaxLineText
			if i > 0 {
				want, most = normal, 200
			}
			if len(l.Text) > most || l.Match < 0 || !strings.HasPrefix(l.Text[l.Match:], want) || strings.Contains(l.Text, "tr0ub4dor") {
				t.Errorf("%s: line %d: %d in %s", name, i, l.Match, l.Text)
			}
		}
	}
}

func TestScanBetween(t *testing.T) {
	var log strings.Builder
	for i := range 10 {
		fmt.Fprintf(&log, "2026-03-1%d 03:00:00.00 spid1 Unable to connect to the remote server\r\n", i)
	}
	found := search(t, logscan.Options{
		Since: time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC),
	}, inMemory("x", []byte(log.String())))
	if s := seen(t, found, "dl-unable-connect"); s.Count != 3 {
		t.Errorf("%d counted, want 3", s.Count)
	}
	if f := found.Files[0]; f.First == nil || f.First.Day() != 10 || f.Last == nil || f.Last.Day() != 19 {
		t.Errorf("the file spans %v to %v", f.First, f.Last)
	}
}

func TestScanLongLine(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	for name, tc := range map[string]struct {
		log    string
		number int64
		id     string
	}{
		"in its middle":        {"one\r\n" + serverLine(long[:5<<20]+"Unable to connect to the remote server"+long[5<<20:], "X", when, 1) + "three\r\n", 2, "dl-unable-connect"},
		"across two parts":     {"one\r\n" + serverLine(long[:logscan.MaxLine-5-10]+"Unable to connect to the remote server"+long, "X", when, 1), 2, "dl-unable-connect"},
		"behind it":            {"one\r\n" + serverLine(long, "X", when, 1) + serverLine("Unable to connect to the remote server", "X", when, 1), 3, "dl-unable-connect"},
		"at its end":           {clientLine(long+"Unable to connect to the remote server", "X", when, 1), 1, "dl-unable-connect"},
		"without an end":       {"2026-03-11 03:14:44 " + long + "Unable to connect to the remote server", 1, "dl-unable-connect"},
		"the cause goes first": {serverLine("Failed to download easy setup payload with exception"+long+"Unable to connect to the remote server"+long, "X", when, 1), 1, "dl-unable-connect"},
	} {
		t.Run(name, func(t *testing.T) {
			found := search(t, logscan.Options{}, inMemory("x", []byte(tc.log)))
			s := seen(t, found, tc.id)
			if s.Count != 1 || len(found.Signatures) != 1 || s.Lines[0].Number != tc.number || s.Lines[0].At == nil || !strings.Contains(s.Lines[0].Text, "Unable to connect to the remote server") {
				t.Errorf("%d times, %d signatures: %.300v", s.Count, len(found.Signatures), fmt.Sprint(s.Lines))
			}
			if f := found.Files[0]; f.Long != 1 || f.Lines != int64(strings.Count(strings.TrimSuffix(tc.log, "\n"), "\n")+1) {
				t.Errorf("%d long lines of %d", f.Long, f.Lines)
			}
		})
	}
}

func TestScanLinesThatEndWithCRAlone(t *testing.T) {
	log := strings.ReplaceAll(serverLine("fine", "X", when, 1)+serverLine("Unable to connect to the remote server", "X", when, 1)+"x\r\n", "\r\n", "\r")
	found := search(t, logscan.Options{}, inMemory("x", []byte(log)))
	s := seen(t, found, "dl-unable-connect")
	if s.Count != 1 || s.Lines[0].Number != 2 || s.Lines[0].At == nil || s.Lines[0].Text != "Unable to connect to the remote server" || found.Files[0].Lines != 3 {
		t.Errorf("%+v in %+v", s, found.Files[0])
	}
}

func TestScanNeedsText(t *testing.T) {
	line := serverLine("Unable to connect to the remote server", "X", when, 1)
	var utf32 []byte
	for _, c := range []byte(strings.Repeat(line, 20)) {
		utf32 = append(utf32, c, 0, 0, 0)
	}
	random := make([]byte, 9000)
	for i := range random {
		random[i] = byte(i * i * 7 / 3)
	}
	for name, tc := range map[string]struct {
		data []byte
		text bool
	}{
		"an archive":            {append([]byte("PK\x03\x04\x14\x00\x08\x08"), random...), false},
		"UTF-32":                {utf32, false},
		"a hole before it":      {append(make([]byte, 3000), line...), true},
		"a hole within it":      {[]byte(line + string(make([]byte, 512)) + line), true},
		"colours of a terminal": {[]byte("\x1b[31mfailed\x1b[0m\r\n" + line), true},
		"a code page":           {[]byte(strings.Repeat("\xe4\xf6\xfc ", 200) + line), true},
		"UTF-16 behind 8 bits":  {append([]byte(line), wide(line, false)...), false},
		"UTF-16 behind a hole":  {append(make([]byte, 8192), wide(line, false)...), false},
		"UTF-16 behind UTF-8":   {append([]byte("\xEF\xBB\xBF"+line), wide(line, true)...), false},
		"8 bits behind UTF-16":  {append(wide(line, true), line...), false},
		"UTF-16 out of step":    {append(append(wide(line, true), 0), wide(strings.Repeat(line, 3), false)...), false},
		"both ways of UTF-16":   {append(wide(line, true), swapped(wide(line, true))...), false},
		"Chinese in UTF-16":     {wide(strings.Repeat("軟體更新無法下載，請稍後再試。", 40)+line, true), true},
		"zeros here and there":  {[]byte(strings.Repeat(line+line+"\x00", 50)), true},
		"nothing":               {nil, true},
		"one letter":            {[]byte("x"), true},
		"one odd byte":          {[]byte{0x16}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := search(t, logscan.Options{}, inMemory("x", tc.data)).Files[0]
			if (f.Problem == "") != tc.text || !tc.text && !strings.Contains(f.Problem, "no text") && !strings.Contains(f.Problem, "more than one encoding") {
				t.Errorf("%+v", f)
			}
		})
	}
}

// swapped is UTF-16 with the larger byte of each character first.
func swapped(raw []byte) []byte {
	other := slices.Clone(raw)
	for i := 0; i+1 < len(other); i += 2 {
		other[i], other[i+1] = other[i+1], other[i]
	}
	return other
}

// Zeros, which a crash leaves, part no text, wherever they are, and are no text.
func TestScanTakesZerosOut(t *testing.T) {
	line := serverLine("Unable to connect to the remote server", "X", when, 1)
	for name, log := range map[string]string{
		"within a word": strings.Replace(line, "remote", "re\x00mote", 1),
		"a hole":        strings.Replace(line, "remote", "re"+string(make([]byte, 3*logscan.MaxLine))+"mote", 1),
	} {
		found := search(t, logscan.Options{}, inMemory("x", []byte(line+log+line)))
		if s := seen(t, found, "dl-unable-connect"); s.Count != 3 || s.Lines[2].Number != 3 || s.Undated > 0 || found.Files[0].Lines != 3 {
			t.Errorf("%s: %+v, %+v", name, s, found.Files[0])
		}
	}
	if found := search(t, logscan.Options{}, inMemory("x", make([]byte, 100_000))); found.Files[0].Lines != 0 {
		t.Errorf("zeros alone are %d lines", found.Files[0].Lines)
	}
}

func TestScanFilesThatChange(t *testing.T) {
	text := serverLine("Unable to connect to the remote server", "X", when, 1)
	opened := func(size int64, after func() (int64, bool, error)) logscan.File {
		return logscan.File{Name: "x", Open: func(context.Context) (logscan.Opened, error) {
			return logscan.Opened{Source: logscan.Source{Name: "x", Data: strings.NewReader(text), Size: size}, After: after}, nil
		}}
	}
	size := int64(len(text))
	for name, tc := range map[string]struct {
		file    logscan.File
		problem string
		grew    bool
		seen    int
	}{
		"grew":       {opened(size, func() (int64, bool, error) { return size + 1, true, nil }), "", true, 1},
		"begun anew": {opened(size, func() (int64, bool, error) { return size + 1, false, nil }), "begun anew", false, 1},
		"cut":        {opened(size+10, nil), "cut or begun anew", false, 0},
		"cut later":  {opened(size, func() (int64, bool, error) { return size - 1, true, nil }), "cut or begun anew", false, 1},
		"gone":       {opened(size, func() (int64, bool, error) { return 0, false, errors.New("no such file") }), "no such file", false, 1},
		"locked": {logscan.File{Name: "x", Open: func(context.Context) (logscan.Opened, error) {
			return logscan.Opened{}, errors.New("another process uses it")
		}}, "another process uses it", false, 0},
		"broken disk": {logscan.File{Name: "x", Open: func(context.Context) (logscan.Opened, error) {
			return logscan.Opened{Source: logscan.Source{Name: "x", Data: broken{}, Size: 100}}, nil
		}}, "bad sector", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found := search(t, logscan.Options{}, tc.file)
			f := found.Files[0]
			if !strings.Contains(f.Problem, tc.problem) || (f.Problem == "") != (tc.problem == "") || f.Grew != tc.grew || len(found.Signatures) != tc.seen {
				t.Errorf("got %+v and %d signatures, want %+v", f, len(found.Signatures), tc)
			}
			if found.Complete() != (tc.problem == "") {
				t.Errorf("complete: %v", found.Complete())
			}
		})
	}
}

// broken is a file that cannot be read.
type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("bad sector") }

var _ io.ReaderAt = broken{}

func TestScanStopsInTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	first := logscan.File{Name: "first", Open: func(context.Context) (logscan.Opened, error) {
		return logscan.Opened{
			Source: logscan.Source{Name: "first", Data: strings.NewReader("Unable to connect to the remote server\r\n"), Size: 40},
			Close:  func() error { cancel(); return nil },
		}, nil
	}}
	found, err := logscan.Scan(ctx, []logscan.Log{{Files: []logscan.File{first, inMemory("x", []byte("text"))}}}, logscan.Options{Catalogue: catalogue(t)})
	if !errors.Is(err, platform.ErrTimeout) || found.Complete() || len(found.Files) != 2 || len(found.Signatures) != 1 || found.Files[0].Problem != "" {
		t.Errorf("got %v, %+v", err, found)
	}
}

// A large log in each grammar has as many failures as were put into it.
func TestScanCountsAllFailures(t *testing.T) {
	for name, frame := range map[string]grammar{"server": serverLine, "client": clientLine} {
		log, failures := generated(t, 5<<20, 3, frame)
		var count int64
		for _, s := range search(t, logscan.Options{}, inMemory(name, log)).Signatures {
			count += s.Count
		}
		if failures < 5 || count != int64(failures) {
			t.Errorf("%s: %d counted, want %d", name, count, failures)
		}
	}
}

// A message that lies across the end of a block is one message, wherever the block ends in it.
func TestScanMessageAcrossBlocks(t *testing.T) {
	message := "<![LOG[Failed to download easy setup payload with exception\r\n   at X.Y()\r\nUnable to connect to the remote server]LOG]!>" +
		"<time=\"04:14:44.447-60\" date=\"03-11-2026\" component=\"X\" type=\"3\" thread=\"7\" file=\"\">\r\n"
	for shift := 0; shift <= len(message)+4; shift += 3 {
		line := clientLine("fine", "X", when, 7)
		log := strings.Repeat(line, logscan.MaxLine/len(line)-2)
		log += strings.Repeat("-", logscan.MaxLine-len(log)-shift-2) + "\r\n" + message + strings.Repeat(line, 10)
		found := search(t, logscan.Options{}, inMemory("x", []byte(log)))
		s := seen(t, found, "dl-unable-connect")
		if len(found.Signatures) != 1 || s.Count != 1 || s.Lines[0].At == nil || !s.Lines[0].At.Equal(when) {
			t.Fatalf("%d bytes before the end of the block: %+v", shift, found.Signatures)
		}
	}
}
