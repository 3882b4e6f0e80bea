package signatures_test

import (
	"slices"
	"strings"
	"testing"

	"siteready/platform/logscan/literals"
	"siteready/platform/logscan/signatures"
)

// A signature of an operator's own, whatever its texts are, is refused or can be used: it is found in
// a line that holds its texts, but for one that holds its exception too, and in no line without them.
func FuzzOwnSignature(f *testing.F) {
	f.Add("Failed to copy the content", "0x80070005", "", "a line without it")
	f.Add("ERROR: out of  space", "", "will be tried again", "error: OUT of space")
	f.Add("abcdabcdabcd", "abcd", "abcd", "abcdabcdabc")
	f.Add("x", "", "", "")
	f.Add("ümlaut in a literal", "", "", "ümlaut in a literal")
	f.Add("        ", "", "", "        ")
	f.Add("short", "a much longer text that is looked for first", " ", strings.Repeat("short ", 50))
	f.Fuzz(func(t *testing.T, literal, and, not, line string) {
		s := signatures.Signature{
			ID: "own", Literal: literal, And: and, Not: not, Stage: signatures.Stages()[0], Severity: signatures.Failure, Rank: 2, Group: "own", Meaning: "x", Source: "x",
		}
		c, err := signatures.New([]signatures.Signature{s}, nil)
		if err != nil {
			if c != nil || err.Error() == "" {
				t.Errorf("%v beside the error %q", c, err)
			}
			return
		}
		for _, text := range []string{literal + " " + and, line} {
			found := c.Append(nil, []byte(text))
			there := contains(text, s.Key())
			if there != slices.ContainsFunc(found, func(one literals.Found) bool { return one.Literal == 0 }) {
				t.Errorf("%q holds %q: %t; found are %v", text, s.Key(), there, found)
			}
			wins := there && c.Winner(found, text) == 0
			if wins && !contains(text, and) && !contains(text, literal) {
				t.Errorf("%q is taken for %q and %q", text, literal, and)
			}
			if text != line && not == "" && !wins {
				t.Errorf("%q is not taken for %q and %q", text, literal, and)
			}
			if wins && not != "" && contains(text, not) {
				t.Errorf("%q is taken for %q and %q without %q", text, literal, and, not)
			}
		}
	})
}

// contains says that a text holds another one of ASCII, without regard to the case of its letters.
func contains(text, part string) bool {
	lower := func(s string) string {
		return strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, s)
	}
	return strings.Contains(lower(text), lower(part))
}
