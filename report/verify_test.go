package report_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"siteready/report"
)

// written is a report as it lies in a file, and an hour after its facts were read.
func written(t *testing.T) ([]byte, time.Time) {
	t.Helper()
	r := report.New(site())
	var file bytes.Buffer
	if err := report.JSON(&file, r); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), r.ReadAt.Add(time.Hour)
}

func TestVerifyIntact(t *testing.T) {
	file, now := written(t)
	utf16LE := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(strings.ReplaceAll(string(file), "\n", "\r\n"))) {
		utf16LE = append(utf16LE, byte(unit), byte(unit>>8))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, file); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"as written": file, "with a byte order mark": append([]byte("\xEF\xBB\xBF"), file...),
		"as PowerShell redirects it": utf16LE, "without white space": compact.Bytes(),
	} {
		v, err := report.Verify(data, now, "")
		if err != nil || len(v.Problems) > 0 {
			t.Errorf("%s: %v, %v", name, v.Problems, err)
		}
		if v.ExitCode() != v.Report.Exit.Code || v.ExitCode() != 2 {
			t.Errorf("%s: exit code %d", name, v.ExitCode())
		}
	}
}

// Whatever is flipped, the report is not valid, or it is the
// same report with other white space.
func TestVerifyFindsDamage(t *testing.T) {
	file, now := written(t)
	readable := 0
	flips := 0
	for i := 0; i < len(file); i += 13 {
		flips++
		data := slices.Clone(file)
		data[i] ^= 1 << (i % 7)
		v, err := report.Verify(data, now, "")
		if err != nil {
			continue
		}
		readable++
		var was, is bytes.Buffer
		if json.Compact(&was, file) != nil || json.Compact(&is, data) != nil {
			t.Fatal("no JSON")
		}
		if same := bytes.Equal(was.Bytes(), is.Bytes()); same != (len(v.Problems) == 0) {
			t.Fatalf("byte %d: the same report is %v, problems %q", i, same, v.Problems)
		}
		if len(v.Problems) > 0 && v.ExitCode() != 3 {
			t.Fatalf("byte %d: exit code %d", i, v.ExitCode())
		}
	}
	if readable < flips/4 {
		t.Errorf("only %d of %d damaged reports were still JSON", readable, flips)
	}
}

func TestVerifyFindsProblems(t *testing.T) {
	file, now := written(t)
	ours, err := report.Verify(file, now, "")
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, text string) []byte {
		if bytes.Count(file, []byte(old)) != 1 {
			t.Fatalf("%q is not once in the report", old)
		}
		return bytes.Replace(file, []byte(old), []byte(text), 1)
	}
	for _, test := range []struct {
		name, hash, want string
		data             []byte
		now              time.Time
	}{
		{"another verdict", "", "changed after it was written", replace(`"verdict": "BLOCKED"`, `"verdict": "READY"`), now},
		{"another exit code", "", "changed after it was written", replace(`"code": 2`, `"code": 0`), now},
		{"a field more", "", "changed after it was written", replace(`"schema": 1,`, `"schema": 1, "more": 1,`), now},
		{"a field twice", "", "changed after it was written", replace(`"schema": 1,`, `"schema": 2, "schema": 1,`), now},
		{"no checksum", "", "no checksum", replace(`"sha256": "`+ours.Report.SHA256+`"`, `"sha256": ""`), now},
		{"the checksum is not the last", "", "does not end with its checksum", replace(`"sha256": "`+ours.Report.SHA256+`"`, `"sha256": "`+ours.Report.SHA256+`", "z": 1`), now},
		{"a second after its end", "", "was valid until", file, ours.Report.ValidUntil.Add(time.Second)},
		{"read in the future", "", "later than this computer's clock", file, ours.Report.ReadAt.Add(-5*time.Minute - time.Second)},
		{"another hash", strings.Repeat("0", 64), "not the one that was meant", file, now},
	} {
		v, err := report.Verify(test.data, test.now, test.hash)
		if err != nil || len(v.Problems) != 1 || !strings.Contains(v.Problems[0], test.want) || v.ExitCode() != 3 {
			t.Errorf("%s: %q, %v", test.name, v.Problems, err)
		}
	}
	for name, at := range map[string]time.Time{"at its end": ours.Report.ValidUntil, "clocks differ a little": ours.Report.ReadAt.Add(-5 * time.Minute)} {
		if v, err := report.Verify(file, at, strings.ToUpper(ours.FileSHA256)); err != nil || len(v.Problems) > 0 {
			t.Errorf("%s: %q, %v", name, v.Problems, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	file, now := written(t)
	for want, data := range map[string]string{
		"no JSON report":             "",
		"no JSON report: invalid":    "READY",
		"no JSON report: unexpected": string(file[:len(file)/2]),
		"no report of siteready":     "{}",
		"its schema is 99":           strings.Replace(string(file), `"schema": 1`, `"schema": 99`, 1),
	} {
		if _, err := report.Verify([]byte(data), now, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %s", err, want)
		}
	}
}

func TestVerification(t *testing.T) {
	file, now := written(t)
	for _, test := range []struct {
		hash, want string
		now        time.Time
	}{
		{"", "VALID   The report is intact and fresh.\n", now},
		{"", "This finds damage, not forgery", now},
		{strings.Repeat("0", 64), "NOT VALID   Do not rely on this report", now},
		{"", "\nExit code 3.\n", now.Add(48 * time.Hour)},
		{"", "\nExit code 2.\n", now},
	} {
		v, err := report.Verify(file, test.now, test.hash)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := report.Verification(&text, v, test.hash, report.TableOptions{Width: 80}); err != nil || !strings.Contains(text.String(), test.want) {
			t.Errorf("no %q (%v) in\n%s", test.want, err, &text)
		}
		for line := range strings.Lines(text.String()) {
			if len(line) > 80 {
				t.Errorf("a line of %d columns: %s", len(line), line)
			}
		}
	}
}

// The checksum of a report does not depend on what a program made of it before.
func TestSealIsStable(t *testing.T) {
	r := report.New(site())
	r.SHA256 = "an old one"
	var one, two bytes.Buffer
	if report.JSON(&one, r) != nil {
		t.Fatal("not written")
	}
	r.SHA256 = ""
	if report.JSON(&two, r) != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the checksum depends on the one before")
	}
}
