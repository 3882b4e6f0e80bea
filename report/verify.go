package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"siteready/checks"
)

// ValidFor is how long after the facts were read a report is valid when nobody says otherwise.
// It is our own policy: a nightly report is good until the next one.
const ValidFor = 24 * time.Hour

// clockSkew is how far another machine's clock may be ahead of ours.
const clockSkew = 5 * time.Minute

// unsealed and sealed are how the checksum stands at the end of a JSON report.
const (
	unsealed = `"sha256":""}`
	sealed   = `"sha256":"%s"}`
)

// seal puts the checksum into a JSON report that has an empty one at its end.
func seal(text []byte) ([]byte, error) {
	sum, err := checksum(text)
	if err != nil {
		return nil, err
	}
	at := bytes.LastIndex(text, []byte(`""`))
	return append(text[:at:at], append([]byte(`"`+sum+`"`), text[at+2:]...)...), nil
}

// checksum is the SHA-256 of an unsealed report without white space between its parts.
func checksum(text []byte) (string, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return "", err
	}
	if !bytes.HasSuffix(compact.Bytes(), []byte(unsealed)) {
		return "", errors.New("it does not end with an empty checksum")
	}
	sum := sha256.Sum256(compact.Bytes())
	return hex.EncodeToString(sum[:]), nil
}

// Verified is what is known of a report that was written some time ago.
type Verified struct {
	Report     Report
	FileSHA256 string   // of the file as it stands, in hex
	Problems   []string // why the report must not be relied on; none when it is intact and fresh
}

// ExitCode is the report's own when there is no problem, else the one of INCOMPLETE.
func (v Verified) ExitCode() int {
	if len(v.Problems) > 0 {
		return checks.Incomplete.ExitCode()
	}
	return v.Report.Exit.Code
}

// Verify reads a JSON report and finds damage and staleness at the time now. It cannot find
// forgery: who can change the report can make its checksum fit. Against that wantSHA256, if
// not empty, is compared with the hash of the whole file. An error means that the data are no
// report that can be read.
func Verify(data []byte, now time.Time, wantSHA256 string) (Verified, error) {
	sum := sha256.Sum256(data)
	v := Verified{FileSHA256: hex.EncodeToString(sum[:])}
	text, err := decoded(data)
	if err != nil {
		return v, err
	}
	if v.Report, err = parseReport(text); err != nil {
		return v, err
	}
	r := v.Report
	if wantSHA256 != "" && !strings.EqualFold(wantSHA256, v.FileSHA256) {
		v.Problems = append(v.Problems, fmt.Sprintf("the file is not the one that was meant: its SHA-256 is %s, not %s", v.FileSHA256, wantSHA256))
	}
	if damage := damaged(text, r); damage != "" {
		v.Problems = append(v.Problems, damage)
	}
	switch {
	case r.ValidUntil.IsZero():
		v.Problems = append(v.Problems, "the report does not say until when it is valid")
	case now.After(r.ValidUntil):
		v.Problems = append(v.Problems, fmt.Sprintf("the report was valid until %s; it is %s", r.ValidUntil.Format(clock), age(now.Sub(r.ReadAt))))
	case r.ReadAt.After(now.Add(clockSkew)):
		v.Problems = append(v.Problems, fmt.Sprintf("the facts were read at %s, which is later than this computer's clock, %s", r.ReadAt.Format(clock), now.UTC().Format(clock)))
	}
	return v, nil
}

// damaged says how the report differs from what was written; empty when it does not.
func damaged(text []byte, r Report) string {
	if r.SHA256 == "" {
		return "the report has no checksum, so damage cannot be found"
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return "the report is damaged: " + err.Error()
	}
	bare, found := bytes.CutSuffix(compact.Bytes(), fmt.Appendf(nil, sealed, r.SHA256))
	if !found {
		return "the report is damaged: it does not end with its checksum"
	}
	sum, err := checksum(append(bare, unsealed...))
	if err != nil || sum != r.SHA256 {
		return "the report was changed after it was written: its content does not fit its checksum"
	}
	return ""
}

// decoded is the text of a file that PowerShell may have written as UTF-16 or with a mark.
func decoded(data []byte) ([]byte, error) {
	text, err := io.ReadAll(transform.NewReader(bytes.NewReader(data), unicode.BOMOverride(unicode.UTF8.NewDecoder())))
	if err != nil {
		return nil, fmt.Errorf("its text cannot be decoded: %w", err)
	}
	return text, nil
}

// Verification writes what was found for people.
func Verification(w io.Writer, v Verified, wantSHA256 string, o TableOptions) error {
	p := &page{TableOptions: o, usable: max(o.Width, MinWidth) - 1}
	r := v.Report
	if len(v.Problems) == 0 {
		p.text(p.paint("VALID", marks(passed).color...)+"   ", "The report is intact and fresh.")
	} else {
		p.text(p.paint("NOT VALID", marks(failed).color...)+"   ", "Do not rely on this report; run siteready again.")
		for _, problem := range v.Problems {
			p.text("  - ", problem)
		}
	}
	p.line("")
	p.labelled(0, "Verdict", fmt.Sprintf("%s, exit code %d: %s", r.Verdict, r.Exit.Code, r.Exit.Meaning))
	p.labelled(0, subjectLabel(r.Subject), r.Subject.Headline)
	p.labelled(0, "Target", targets(r))
	p.labelled(0, "Read", r.ReadAt.Format(clock))
	if !r.JudgedFor.Equal(r.ReadAt) {
		p.labelled(0, "Judged for", r.JudgedFor.Format(clock))
	}
	p.labelled(0, "Valid until", r.ValidUntil.Format(clock))
	p.labelled(0, "SHA-256", v.FileSHA256)
	if wantSHA256 == "" {
		p.line("")
		p.text("", "This finds damage, not forgery: whoever can change the file can make its checksum fit. To rule that out, bring its SHA-256 by another way and give it with --sha256.")
	}
	p.line("")
	p.text("", fmt.Sprintf("Exit code %d.", v.ExitCode()))
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write what was verified: %w", err)
	}
	return nil
}

// Checksum is the checksum at the end of a JSON report that JSON wrote.
func Checksum(text []byte) (string, error) {
	const start, digits = `"sha256": "`, 2 * sha256.Size
	at := bytes.LastIndex(text, []byte(start))
	if at < 0 || len(text) < at+len(start)+digits {
		return "", errors.New("it does not end with a checksum")
	}
	return string(text[at+len(start):][:digits]), nil
}
