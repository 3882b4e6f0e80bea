package report

import (
	"strings"
	"testing"
	"unicode"
)

// FuzzText cleans and wraps any text: no control character and no invisible one comes through,
// no line is too long, and no character is lost but those, and escape sequences.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"", " ", "word", "two  words\n", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07after", "\x1b\x1b[[31m31m", "a\u009b31mb", "\u009d0;x\u009c", "\x1b", "\x1bP1$r\x1b\\x",
		"\u202eright to left\u202c", "soft\u00adhyphen", "zero\u200bwidth", "\ufeffmark", "e\u0301", "\u4f60\u597d", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f",
		"\xff\xfe", "\xe2\x80", "tab\tand\u2028line", `D:\Program Files\Microsoft Configuration Manager\EasySetupPayload\0f3a2b1c-7d5e-4f6a-9b8c-1d2e3f4a5b6c\Redist`,
		"https://learn.microsoft.com/intune/configmgr/core/servers/deploy/install/list-of-prerequisite-checks", strings.Repeat("x", 300),
	} {
		f.Add(text, uint8(20))
		f.Add(text, uint8(0))
	}
	f.Fuzz(func(t *testing.T, text string, least uint8) {
		limit := int(least) + 2 // the widest character has two columns
		one := clean(text)
		lines := wrap(text, limit)
		harmless(t, text, one)
		harmless(t, text, safe(text))
		if again := clean(one); again != one {
			t.Errorf("%q became %q, then %q", text, one, again)
		}
		if joined := strings.Join(lines, ""); strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(one, " ", "") || len(lines) == 0 {
			t.Errorf("%q in lines is %q; want the characters of %q", text, lines, one)
		}
		for _, line := range lines {
			if columns(line) > limit {
				t.Errorf("%q: the line %q has %d columns, more than %d", text, line, columns(line), limit)
			}
			if line != strings.TrimSpace(line) {
				t.Errorf("%q: the line %q has blanks at its ends", text, line)
			}
		}
		// Without control characters there is no escape sequence, and all that shows stays.
		if want, plain := shown(text); plain && strings.ReplaceAll(one, " ", "") != want {
			t.Errorf("%q became %q; want the characters of %q", text, one, want)
		}
	})
}

// harmless asserts that text holds nothing but what shows, and blanks.
func harmless(t *testing.T, from, text string) {
	t.Helper()
	for _, c := range text {
		if c != ' ' && (unicode.IsSpace(c) || unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Variation_Selector)) {
			t.Errorf("%q: %U comes through in %q", from, c, text)
		}
	}
}

// shown is what shows of a text, without white space; plain says that it has no control
// characters, by which escape sequences begin.
func shown(text string) (want string, plain bool) {
	plain = true
	var b strings.Builder
	for _, c := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case unicode.IsSpace(c) && c != '\u0085': // which is a control character, too
		case unicode.IsControl(c):
			plain = false
		case !unicode.In(c, unicode.Cf, unicode.Variation_Selector):
			b.WriteRune(c)
		}
	}
	return b.String(), plain
}

// What a terminal would hide to the end of a text is kept.
func TestSafeHidesNothing(t *testing.T) {
	for text, want := range map[string]string{
		"\x1b[31mred\x1b[0m, wanted 5": "red, wanted 5",
		"a\x1bXb, wanted 5":            "aXb, wanted 5",
		"a\x1b]0;b, wanted 5":          "a]0;b, wanted 5",
		"a\x1b\x1bXXb":                 "aXXb",
		"a\u009d0;b\u0085c":            "a0;b c",
		"a\x1b":                        "a",
	} {
		if got := safe(text); got != want {
			t.Errorf("%q became %q, wanted %q", text, got, want)
		}
	}
}
